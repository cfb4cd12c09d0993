/* SPDX-License-Identifier: Apache-2.0 */
#include "console/question.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct question {
	const struct question_kind *kind;
	struct site *site; /* looked at only to ask, and while under way */
	void *about;
	bool forgotten;
	void *started; /* NULL = not under way */
	void *came;    /* not yet taken over */
	void *found, *failed;
	struct question *next; /* under way */
};

struct question *question_new(struct site *s, const struct question_kind *kind, void *about)
{
	struct question *q = sl_alloc(sizeof *q);

	q->site = s;
	q->kind = kind;
	q->about = about;
	return q;
}

static void drop(const struct question *q, void *answer)
{
	if (answer)
		q->kind->answer_free(answer);
}

static void release(struct question *q)
{
	drop(q, q->came);
	drop(q, q->found);
	drop(q, q->failed);
	q->kind->about_free(q->about);
	free(q);
}

static void unlink_from(struct questions *all, const struct question *q)
{
	struct question **at = &all->first;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
}

bool question_take(struct question *q)
{
	void *came = q->came;

	if (!came)
		return false;
	q->came = NULL;
	drop(q, q->failed);
	q->failed = NULL;
	if (!q->kind->is_good(came)) {
		q->failed = came;
		return true;
	}
	drop(q, q->found);
	q->found = came;
	return true;
}

void question_answer(struct question *q, void *answer)
{
	struct site *site = q->site;
	struct questions *all = site_questions(site);

	q->started = NULL;
	unlink_from(all, q);
	drop(q, q->came);
	q->came = answer;
	if (q->forgotten)
		release(q);
	else
		site_answered(site);
	if (all->closed && !all->first)
		all->closed(all->arg);
}

void question_ask(struct question *q)
{
	struct questions *all = site_questions(q->site);

	if (q->started || !site_catalogue(q->site) || all->closed)
		return;
	q->next = all->first;
	all->first = q;
	q->started = q->kind->start(q->site, q->about, q);
}

void question_free(struct question *q)
{
	if (!q)
		return;
	if (!q->started) {
		release(q);
		return;
	}
	q->forgotten = true;
	q->kind->cancel(q->started);
}

void questions_close(struct questions *all, void (*closed)(void *arg), void *arg)
{
	struct question *q;

	all->closed = closed;
	all->arg = arg;
	for (q = all->first; q; q = q->next)
		q->kind->cancel(q->started);
	if (!all->first)
		closed(arg);
}

struct question_state question_state(const struct question *q)
{
	return (struct question_state){
		.under_way = q->started || q->came, .found = q->found, .failed = q->failed};
}

const void *question_about(const struct question *q)
{
	return q->about;
}

/* --- words --- */

bool question_say(const struct question *q, int64_t read_at, const char *error, const char *whom,
		  const char *fresh, enum paint *paint, char *text, size_t size)
{
	struct question_state now = question_state(q);
	char at[16] = "";

	if (now.found)
		sl_time_clock(at, sizeof at, read_at);
	*paint = now.under_way ? PAINT_WORK : PAINT_DIM;
	if (now.under_way && now.found)
		snprintf(text, size, "asking again; this was read at %s", at);
	else if (now.under_way)
		snprintf(text, size, "asking %s", whom);
	else if (now.failed && now.found)
		snprintf(text, size, "STALE, read at %s: %s", at, error);
	else if (now.failed)
		snprintf(text, size, "%s", *error ? error : "nobody answered");
	else if (*error)
		snprintf(text, size, "not all of it: %s", error);
	else if (now.found)
		snprintf(text, size, "%sread at %s", fresh, at);
	else
		return false;
	if (!now.under_way && (now.failed || *error))
		*paint = now.failed && !now.found ? PAINT_BAD : PAINT_WARN;
	return true;
}
