/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "plugins/sdk/mem.h"

#define DEADLINE_MS 10000

struct ask {
	struct site *site; /* looked at only to ask, and while under way */
	char *subject;
	bool one, forgotten;
	struct trace_read *read; /* NULL = not under way */
	struct traces *came;     /* not yet taken over */
	struct traces *found, *failed;
	struct ask *next; /* under way */
};

struct ask *ask_new(struct site *s, bool one, const char *subject)
{
	struct ask *k = sl_alloc(sizeof *k);

	k->site = s;
	k->one = one;
	k->subject = sl_strdup(subject);
	return k;
}

static void release(struct ask *k)
{
	traces_free(k->came);
	traces_free(k->found);
	traces_free(k->failed);
	free(k->subject);
	free(k);
}

static void unlink_from(struct asks *all, const struct ask *k)
{
	struct ask **at = &all->first;

	while (*at != k)
		at = &(*at)->next;
	*at = k->next;
}

bool ask_take(struct ask *k)
{
	struct traces *t = k->came;

	if (!t)
		return false;
	k->came = NULL;
	traces_free(k->failed);
	k->failed = NULL;
	if (t->source_count && !t->answered) {
		k->failed = t;
		return true;
	}
	traces_free(k->found);
	k->found = t;
	return true;
}

static void on_read(void *arg, struct traces *found)
{
	struct ask *k = arg;
	struct site *site = k->site;
	struct asks *all = site_asks(site);

	k->read = NULL;
	unlink_from(all, k);
	traces_free(k->came);
	k->came = found;
	if (k->forgotten)
		release(k);
	else
		site_answered(site);
	if (all->closed && !all->first)
		all->closed(all->arg);
}

void ask_again(struct ask *k)
{
	struct catalogue *c = site_catalogue(k->site);
	struct sl_trace_query q = {.service = k->subject, .limit = ASK_TRACES};
	struct asks *all = site_asks(k->site);

	if (k->read || !c || all->closed)
		return;
	k->next = all->first;
	all->first = k;
	if (k->one)
		k->read = trace_read_get(site_loop(k->site), c, k->subject ? k->subject : "",
					 DEADLINE_MS, on_read, k);
	else
		k->read = trace_read_search(site_loop(k->site), c, &q, DEADLINE_MS, on_read, k);
}

void ask_free(struct ask *k)
{
	if (!k)
		return;
	if (!k->read) {
		release(k);
		return;
	}
	k->forgotten = true;
	trace_read_cancel(k->read);
}

void asks_close(struct asks *all, void (*closed)(void *arg), void *arg)
{
	struct ask *k;

	all->closed = closed;
	all->arg = arg;
	for (k = all->first; k; k = k->next)
		trace_read_cancel(k->read);
	if (!all->first)
		closed(arg);
}

struct ask_state ask_state(const struct ask *k)
{
	return (struct ask_state){
		.under_way = k->read || k->came, .found = k->found, .failed = k->failed};
}

/* --- words --- */

static const struct traces_source *first_error(const struct traces *t)
{
	size_t i;

	for (i = 0; t && i < t->source_count; i++)
		if (*t->sources[i].error)
			return &t->sources[i];
	return NULL;
}

static const char *clock_text(int64_t ms, char *dst, size_t size)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(dst, size, "%H:%M:%S", &tm);
	return dst;
}

bool ask_say(const struct ask *k, int64_t now, enum paint *paint, char *text, size_t size)
{
	const struct traces_source *wrong = first_error(k->failed ? k->failed : k->found);
	const struct traces *t = k->found;
	bool asking = k->read || k->came;
	char at[16] = "";

	if (t)
		clock_text(now ? now : t->read_at, at, sizeof at);
	*paint = asking ? PAINT_WORK : PAINT_DIM;
	if (asking && t)
		snprintf(text, size, "asking again; this was read at %s", at);
	else if (asking)
		snprintf(text, size, "asking the tracing sources");
	else if (k->failed && t)
		snprintf(text, size, "STALE, read at %s: %s: %s", at, wrong ? wrong->name : "",
			 wrong ? wrong->error : "");
	else if (k->failed)
		snprintf(text, size, "%s: %s", wrong ? wrong->name : "",
			 wrong ? wrong->error : "nobody answered");
	else if (wrong)
		snprintf(text, size, "not all of it: %s: %s", wrong->name, wrong->error);
	else if (t && !k->one && t->count >= ASK_TRACES)
		snprintf(text, size, "the newest %zu, read at %s; there may be more", t->count, at);
	else if (t)
		snprintf(text, size, "read at %s", at);
	else
		return false;
	if (!asking && (k->failed || wrong))
		*paint = k->failed && !t ? PAINT_BAD : PAINT_WARN;
	return true;
}
