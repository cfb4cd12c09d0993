/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to the tracing sources: asked when somebody looks or asks anew, never polled. Each
 * keeps its last answer; one that fails leaves the answer before it, which is then stale. No paint
 * waits for one. Loop thread only.
 */
#ifndef SLUICE_CONSOLE_ASK_H
#define SLUICE_CONSOLE_ASK_H

#include "console/canvas.h"
#include "console/site.h"
#include "orchestrator/view/trace_read.h"

#define ASK_TRACES 100 /* that a search looks for */

struct ask;

/* A question of a site, not yet asked. subject: the service whose traces are searched, NULL = all;
 * with `one` the id of a trace. */
struct ask *ask_new(struct site *s, bool one, const char *subject);
/* Nothing while it is under way. site_close ends what is under way. */
void ask_again(struct ask *k);
/* No answer is waited for any more; before or after the site is closed. */
void ask_free(struct ask *k);

/* Take over what has come: true = there was an answer. What was found before goes only then. */
bool ask_take(struct ask *k);

struct ask_state {
	bool under_way;
	const struct traces *found; /* the last good answer, NULL = none; until the next ask_take */
	const struct traces *failed; /* the newest one, if it brought nothing but errors; or NULL */
};
struct ask_state ask_state(const struct ask *k);

/* What is to be said of it: that it is under way, what failed, how old the answer is. False =
 * nothing. now: Unix ms that stands for the time of reading, 0 = as it was. */
bool ask_say(const struct ask *k, int64_t now, enum paint *paint, char *text, size_t size);

/* --- for the site --- */

/* Questions under way, of a site. */
struct asks {
	struct ask *first;
	void (*closed)(void *arg);
	void *arg;
};
/* Ends them all, then closed, which may be now. */
void asks_close(struct asks *all, void (*closed)(void *arg), void *arg);

#endif
