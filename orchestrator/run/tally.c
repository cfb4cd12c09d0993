/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/tally.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

static void way_set(struct tally_way *w, const cJSON *plan)
{
	const cJSON *steps = sl_json_get(plan, "steps");
	int count = cJSON_GetArraySize(steps);
	free(w->is_done);
	*w = (struct tally_way){.count = (size_t)count};
	w->back = *sl_json_str(cJSON_GetArrayItem(steps, 0), "id", "") == 'u';
	if (count)
		w->is_done = sl_alloc((w->count + CHAR_BIT - 1) / CHAR_BIT);
}

void run_tally_init(struct run_tally *t, const cJSON *plan)
{
	*t = (struct run_tally){0};
	way_set(&t->plan, plan);
}

void run_tally_release(struct run_tally *t)
{
	free(t->plan.is_done);
	free(t->undo.is_done);
	*t = (struct run_tally){0};
}

/* Ids count from 1 in plan order. */
static bool way_mark(struct tally_way *w, const char *id, bool done)
{
	if ((*id == 'u') != w->back)
		return false;
	char *end;
	unsigned long n = strtoul(id + w->back, &end, 10);
	if (*end || n < 1 || n > w->count)
		return false;
	unsigned char bit = (unsigned char)(1u << ((n - 1) % CHAR_BIT));
	unsigned char *byte = &w->is_done[(n - 1) / CHAR_BIT];
	bool was = *byte & bit;
	*byte = (unsigned char)(done ? *byte | bit : *byte & ~bit);
	w->done += (size_t)done - (size_t)was;
	return true;
}

static void mark(struct run_tally *t, const cJSON *event, bool done)
{
	const char *id = sl_json_str(event, "step", "");
	if (!way_mark(&t->plan, id, done))
		way_mark(&t->undo, id, done);
}

static void feed_step_started(struct run_tally *t, const cJSON *event)
{
	mark(t, event, false);
}

static void feed_step_ended(struct run_tally *t, const cJSON *event)
{
	mark(t, event, strcmp(sl_json_str(event, "result", ""), "ok") == 0);
}

static void feed_undo_started(struct run_tally *t, const cJSON *event)
{
	const cJSON *plan = sl_json_get(event, "plan");
	if (!cJSON_IsArray(sl_json_get(plan, "steps")))
		return; /* damaged */
	way_set(&t->undo, plan);
	t->undoing = true;
}

static void feed_resumed(struct run_tally *t, const cJSON *event)
{
	(void)event;
	t->undoing = t->undo.count > 0;
}

static void feed_ended(struct run_tally *t, const cJSON *event)
{
	(void)event;
	t->undoing = false;
}

static const struct {
	const char *event;
	void (*feed)(struct run_tally *t, const cJSON *event);
} feeds[] = {
	{"step.started", feed_step_started}, {"step.ended", feed_step_ended},
	{"undo.started", feed_undo_started}, {"run.resumed", feed_resumed},
	{"run.ended", feed_ended},
};

void run_tally_feed(struct run_tally *t, const cJSON *event)
{
	const char *name = sl_json_str(event, "event", "");
	for (size_t i = 0; i < SL_COUNT(feeds); i++)
		if (strcmp(name, feeds[i].event) == 0)
			feeds[i].feed(t, event);
}

const struct tally_way *run_tally_way(const struct run_tally *t)
{
	return t->undoing ? &t->undo : &t->plan;
}
