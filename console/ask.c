/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"

struct about {
	bool one;
	char *subject;
};

static void on_read(void *arg, struct traces *found)
{
	question_answer(arg, found);
}

static void *start(struct site *s, void *about, struct question *q)
{
	const struct about *a = about;
	struct sl_trace_query query = {.service = a->subject, .limit = ASK_TRACES};

	if (a->one)
		return trace_read_get(site_loop(s), site_catalogue(s), a->subject ? a->subject : "",
				      QUESTION_MS, on_read, q);
	return trace_read_search(site_loop(s), site_catalogue(s), &query, QUESTION_MS, on_read, q);
}

static void cancel(void *started)
{
	trace_read_cancel(started);
}

static bool is_good(const void *answer)
{
	const struct traces *t = answer;

	return !t->source_count || t->answered;
}

static void answer_free(void *answer)
{
	traces_free(answer);
}

static void about_free(void *about)
{
	struct about *a = about;

	free(a->subject);
	free(a);
}

static const struct question_kind kind = {.start = start,
					  .cancel = cancel,
					  .is_good = is_good,
					  .answer_free = answer_free,
					  .about_free = about_free};

/* A struct ask is the question itself; the name keeps kinds apart. */
static struct question *of(const struct ask *k)
{
	return (struct question *)k;
}

struct ask *ask_new(struct site *s, bool one, const char *subject)
{
	struct about *a = sl_alloc(sizeof *a);

	a->one = one;
	a->subject = sl_strdup(subject);
	return (struct ask *)question_new(s, &kind, a);
}

void ask_again(struct ask *k)
{
	question_ask(of(k));
}

void ask_free(struct ask *k)
{
	question_free(of(k));
}

bool ask_take(struct ask *k)
{
	return question_take(of(k));
}

struct ask_state ask_state(const struct ask *k)
{
	struct question_state now = question_state(of(k));

	return (struct ask_state){
		.under_way = now.under_way, .found = now.found, .failed = now.failed};
}

/* --- words --- */

static void first_error(const struct traces *t, char *dst, size_t size)
{
	size_t i;

	*dst = '\0';
	for (i = 0; t && i < t->source_count && !*dst; i++)
		if (*t->sources[i].error)
			snprintf(dst, size, "%s: %s", t->sources[i].name, t->sources[i].error);
}

bool ask_say(const struct ask *k, int64_t now, enum paint *paint, char *text, size_t size)
{
	const struct about *a = question_about(of(k));
	struct ask_state at = ask_state(k);
	char error[512], fresh[64] = "";

	first_error(at.failed ? at.failed : at.found, error, sizeof error);
	if (at.found && !a->one && at.found->count >= ASK_TRACES)
		snprintf(fresh, sizeof fresh, "the newest %zu, there may be more; ",
			 at.found->count);
	return question_say(of(k),
			    !at.found ? 0
			    : now     ? now
				      : at.found->read_at,
			    error, "the tracing sources", fresh, paint, text, size);
}
