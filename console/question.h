/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to sources: asked when somebody looks or asks anew, never polled. Each keeps its last
 * answer; one that fails leaves the answer before it, which is then stale. No paint waits for one,
 * and it may be forgotten while under way. What is asked, and what an answer is, belongs to its
 * kind. Loop thread only.
 */
#ifndef SLUICE_CONSOLE_QUESTION_H
#define SLUICE_CONSOLE_QUESTION_H

#include "console/canvas.h"
#include "console/site.h"

#define QUESTION_MS 10000 /* that sources have for an answer */

struct question;

struct question_kind {
	/* Ask; question_answer(q, answer) must come exactly once, never inside start, after cancel
	 * too. Only with a catalogue. Not NULL. */
	void *(*start)(struct site *s, void *about, struct question *q);
	void (*cancel)(void *started);
	/* Did a source answer? Else there is nothing but errors in it. */
	bool (*is_good)(const void *answer);
	void (*answer_free)(void *answer);
	void (*about_free)(void *about);
};

/* Not yet asked. about is taken over. */
struct question *question_new(struct site *s, const struct question_kind *kind, void *about);
/* Nothing while it is under way. site_close ends what is under way. */
void question_ask(struct question *q);
/* No answer is waited for any more; before or after the site is closed. */
void question_free(struct question *q);

/* Take over what has come: true = there was an answer. What was found before goes only then. */
bool question_take(struct question *q);

struct question_state {
	bool under_way;
	const void *found;  /* the last good answer, NULL = none; until the next question_take */
	const void *failed; /* the newest one, if it brought nothing but errors; or NULL */
};
struct question_state question_state(const struct question *q);
const void *question_about(const struct question *q);

/* Words for how it stands: under way, failed, stale, or what `fresh` says. error: "SOURCE: what
 * went wrong" of the newest answer, "" = nothing. read_at: of what was found, 0 = nothing was.
 * False = nothing to say. */
bool question_say(const struct question *q, int64_t read_at, const char *error, const char *whom,
		  const char *fresh, enum paint *paint, char *text, size_t size);

/* --- for kinds --- */
void question_answer(struct question *q, void *answer);

/* --- for the site --- */

/* Those under way, of a site. */
struct questions {
	struct question *first;
	void (*closed)(void *arg);
	void *arg;
};
/* Ends them all, then closed, which may be now. */
void questions_close(struct questions *all, void (*closed)(void *arg), void *arg);

#endif
