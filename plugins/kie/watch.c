/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A poll that Kie holds until something changes. It wakes for nothing too, and a poll that is not
 * held answers at once when anybody in the domain changed anything: every wake is only a hint, and
 * between two questions there is a pause.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define HELD      "20s" /* the server's own transport gives up after 60 */
#define HELD_MS   30000
#define PAUSE_MS  500
#define RETRY_MS  1000
#define RETRY_MAX 30000

struct watch {
	struct sl_call call; /* first */
	sl_changed changed;
	void *arg;
	char revision[32]; /* "" = not known: the first question is not held */
	char before[32];   /* the one before the trouble, "" = none is known */
	int64_t retry_ms, asked;
};

static void watch_finish(struct sl_chain *c, const struct sl_error *e)
{
	(void)c; /* nobody waits for the end of a watch */
	(void)e;
}

static void poll_again(struct sl_chain *c);

/* The answer holds the keys: they are read anew by whom the hint reaches. */
static int on_poll_work(struct sl_chain *c, struct sl_error *e)
{
	(void)c;
	(void)e;
	return SL_OK;
}

static int64_t pause_after(const struct watch *w, long status)
{
	int64_t held = sl_time_boottime() - w->asked;

	if (!w->revision[0]) /* Kie would hold every question: ask again, but seldom */
		return RETRY_MAX;
	/* Whoever answers "unchanged" at once does not hold. */
	return status == 304 && held >= PAUSE_MS ? 0 : PAUSE_MS;
}

static void on_poll(struct sl_call *call, const struct sl_error *e)
{
	struct watch *w = (struct watch *)call;
	bool first = !w->revision[0];

	if (e->code != SL_OK) {
		if (!first)
			strcpy(w->before, w->revision);
		w->revision[0] = '\0';
		sl_chain_pause(&call->chain, w->retry_ms, poll_again);
		w->retry_ms = w->retry_ms * 2 < RETRY_MAX ? w->retry_ms * 2 : RETRY_MAX;
		return;
	}
	w->retry_ms = RETRY_MS;
	if (call->chain.status != 304 && strlen(call->chain.header) < sizeof w->revision)
		strcpy(w->revision, call->chain.header);
	/* What changed while nothing was watched is told once. */
	if (call->chain.status != 304 &&
	    (!first || (w->before[0] && strcmp(w->before, w->revision) != 0)))
		w->changed(w->arg);
	w->before[0] = '\0';
	sl_chain_pause(&call->chain, pause_after(w, call->chain.status), poll_again);
}

static void poll_start(struct watch *w)
{
	const struct kie *kie = w->call.kie;
	char *labels = kie_label_query(kie->labels, kie->label_count);
	char *revision = sl_text_percent(w->revision);
	char *path = w->revision[0] ? sl_asprintf("/kv?limit=1%s&wait=" HELD "&revision=%s", labels,
						  revision)
				    : sl_asprintf("/kv?limit=1%s", labels);

	w->asked = sl_time_boottime();
	w->call.chain.work = on_poll_work;
	kie_ask_within(&w->call, "GET", path, NULL, HELD_MS, on_poll);
	free(labels);
	free(revision);
}

static void poll_again(struct sl_chain *c)
{
	poll_start((struct watch *)c);
}

struct sl_call *kie_watch(void *instance, sl_changed changed, void *arg)
{
	struct watch *w = sl_alloc(sizeof *w);

	w->changed = changed;
	w->arg = arg;
	w->retry_ms = RETRY_MS;
	kie_call_init(&w->call, instance, INT64_MAX, watch_finish);
	poll_start(w);
	return &w->call;
}
