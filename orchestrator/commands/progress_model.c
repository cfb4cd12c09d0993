/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/progress_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct side side_forward(const struct run_view *v)
{
	return (struct side){.plan = &v->plan,
			     .steps = v->steps,
			     .over = v->undo.step_count || v->state == VIEW_ENDED};
}

struct side side_undo(const struct run_view *v)
{
	return (struct side){
		.plan = &v->undo, .steps = v->undo_steps, .over = v->state == VIEW_ENDED};
}

struct side side_now(const struct run_view *v)
{
	return v->undo.step_count ? side_undo(v) : side_forward(v);
}

static size_t wave_last_touched(const struct side *s)
{
	size_t i, last = 0;

	for (i = 0; i < s->plan->step_count; i++)
		if (s->steps[i].state != PROGRESS_NONE && s->plan->steps[i].wave > last)
			last = s->plan->steps[i].wave;
	return last;
}

bool step_is_canceled(const struct view_step *seen)
{
	return seen->state == PROGRESS_UNKNOWN && seen->error_code &&
	       !strcmp(seen->error_code, "canceled");
}

struct wave_state wave_look(const struct side *s, size_t wave)
{
	const struct plan_wave *w = &s->plan->waves[wave];
	struct wave_state state = {.total = w->count, .mark = MARK_WAITING};
	size_t i, failed = 0, unknown = 0, canceled = 0, started = 0;

	for (i = w->first; i < w->first + w->count && i < s->plan->step_count; i++) {
		const struct view_step *step = &s->steps[i];

		state.done += step->state == PROGRESS_OK;
		failed += step->state == PROGRESS_FAILED;
		unknown += step->state == PROGRESS_UNKNOWN && !step_is_canceled(step);
		canceled += step_is_canceled(step);
		started += step->state == PROGRESS_STARTED;
		if (step->started && (!state.started || step->started < state.started))
			state.started = step->started;
		if (step->ended > state.ended)
			state.ended = step->ended;
	}
	if (failed)
		state.mark = MARK_FAILED;
	else if (unknown)
		state.mark = MARK_UNKNOWN;
	else if (canceled)
		state.mark = MARK_OFF;
	else if (state.done == state.total)
		state.mark = MARK_OK;
	else if (wave < wave_last_touched(s)) /* what was left out was not needed */
		state.mark = MARK_OK;
	else if (state.done || started)
		state.mark = s->over ? MARK_OFF : MARK_WORKING;
	else if (s->over)
		state.mark = MARK_OFF;
	return state;
}

size_t wave_current(const struct side *s)
{
	size_t i;

	for (i = 0; i < s->plan->wave_count; i++)
		if (wave_look(s, i).mark != MARK_OK)
			return i;
	return i;
}

const char *change_text(const struct plan *p, char *dst, size_t size)
{
	const char *fresh = p->version ? p->version : "-", *old = p->old_version;

	if (p->undo && p->action)
		snprintf(dst, size, "undo of %s", p->action);
	else if (p->undo)
		snprintf(dst, size, "%s -> %s", fresh, old ? old : "as before");
	else if (p->action)
		snprintf(dst, size, "%s", p->action);
	else if (old)
		snprintf(dst, size, "%s -> %s", old, fresh);
	else
		snprintf(dst, size, "%s, first install", fresh);
	return dst;
}

const char *step_target(const struct plan_step *s, char *dst, size_t size)
{
	if (s->what == DO_CHANGE && s->host && s->port)
		snprintf(dst, size, "%s (%s:%u)", s->name, s->host, s->port);
	else if (s->what == DO_CHANGE && s->name)
		snprintf(dst, size, "%s", s->name);
	else if (s->host && s->port)
		snprintf(dst, size, "%s:%u", s->host, s->port);
	else if (s->host)
		snprintf(dst, size, "%s", s->host);
	else
		snprintf(dst, size, "%s",
			 s->name           ? s->name
			 : s->key          ? s->key
			 : s->router_claim ? s->router_claim
			 : s->service      ? s->service
					   : plan_do_name(s->what));
	return dst;
}

const char *step_doing(const struct plan_step *s)
{
	static const char *const words[DO_COUNT] = {
		[DO_CLAIM] = "claiming",
		[DO_STAGE] = "staging",
		[DO_DRAIN] = "draining",
		[DO_SWAP] = "switching",
		[DO_READY] = "getting ready",
		[DO_RETURN] = "returning to traffic",
		[DO_WEIGHT] = "shifting traffic",
		[DO_PAUSE] = "pausing",
		[DO_RUN] = "running",
		[DO_RESTORE] = "restoring the router",
		[DO_CONFIG] = "publishing",
		[DO_PRUNE] = "pruning",
		[DO_UNSTAGE] = "dropping staged files",
		[DO_RELEASE] = "giving back",
		[DO_CHANGE] = "changing",
	};

	return s->what < DO_COUNT && words[s->what] ? words[s->what] : plan_do_name(s->what);
}

const char *took_text(char *dst, size_t size, int64_t ms)
{
	if (ms < 1000 || ms >= 10000)
		return sl_duration_human(dst, size, ms);
	snprintf(dst, size, "%lld.%lld s", (long long)(ms / 1000), (long long)(ms % 1000 / 100));
	return dst;
}

/* --- instances --- */

static struct instance_state *find_instance(struct instance_state *list, size_t n,
					    const struct plan_step *s)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].port == s->port && s->host && !strcmp(list[i].host, s->host))
			return &list[i];
	return NULL;
}

static bool is_instance_step(const struct plan_step *s)
{
	return s->what == DO_DRAIN || s->what == DO_SWAP || s->what == DO_READY ||
	       s->what == DO_RETURN;
}

static void instance_feed(struct instance_state *at, const struct plan_step *s,
			  const struct view_step *seen, bool undo, bool last)
{
	switch (seen->state) {
	case PROGRESS_STARTED:
		at->mark = MARK_WORKING;
		break;
	case PROGRESS_FAILED:
		at->mark = MARK_FAILED;
		break;
	case PROGRESS_UNKNOWN:
		at->mark = step_is_canceled(seen) ? MARK_OFF : MARK_UNKNOWN;
		break;
	case PROGRESS_OK:
		if (s->what == DO_SWAP)
			at->is_new = !undo;
		at->mark = last ? MARK_OK : MARK_WORKING;
		at->step = NULL;
		return;
	case PROGRESS_NONE:
		return;
	}
	at->step = s;
	at->seen = seen;
}

static void feed_side(struct instance_state *list, size_t n, const struct side *side, bool undo)
{
	size_t i, j;

	for (i = 0; i < side->plan->step_count; i++) {
		const struct plan_step *s = &side->plan->steps[i];
		struct instance_state *at;
		bool last = true;

		if (!is_instance_step(s))
			continue;
		at = find_instance(list, n, s);
		if (!at)
			continue;
		for (j = i + 1; j < side->plan->step_count && last; j++)
			last = side->plan->steps[j].wave != s->wave ||
			       side->plan->steps[j].track != s->track ||
			       !is_instance_step(&side->plan->steps[j]);
		instance_feed(at, s, &side->steps[i], undo, last);
	}
}

size_t instances_look(const struct run_view *v, struct instance_state **out)
{
	struct side forward = side_forward(v), undo = side_undo(v);
	struct instance_state *list = NULL;
	size_t i, n = 0, cap = 0;

	for (i = 0; i < v->plan.step_count; i++) {
		const struct plan_step *s = &v->plan.steps[i];

		if (s->what != DO_SWAP || !s->host || find_instance(list, n, s))
			continue;
		SL_GROW(list, n, cap);
		list[n++] = (struct instance_state){.service = s->service,
						    .host = s->host,
						    .port = s->port,
						    .is_new = v->plan.undo,
						    .mark = s->prior_dead ? MARK_DEGRADED
									  : MARK_WAITING};
	}
	feed_side(list, n, &forward, v->plan.undo);
	feed_side(list, n, &undo, true);
	for (i = 0; i < n && v->state == VIEW_ENDED; i++)
		if (list[i].mark == MARK_WAITING) /* for nothing any more */
			list[i].mark = MARK_OFF;
	for (i = 0; i < n; i++)
		list[i].busy = list[i].mark == MARK_WORKING || list[i].mark == MARK_FAILED ||
			       list[i].mark == MARK_UNKNOWN;
	*out = list;
	return n;
}

/* --- time left --- */

struct averages {
	int64_t sum[DO_COUNT], count[DO_COUNT];
};

static void averages_fill(struct averages *a, const struct side *s)
{
	size_t i;

	for (i = 0; i < s->plan->step_count; i++) {
		const struct view_step *seen = &s->steps[i];
		enum plan_do what = s->plan->steps[i].what;

		if (seen->state != PROGRESS_OK || !seen->started || seen->ended < seen->started)
			continue;
		a->sum[what] += seen->ended - seen->started;
		a->count[what]++;
	}
}

#define OVERDUE 3 /* times what such a step takes */

/* What a step may still take; -1 = such a one was never seen and may take long, or it is overdue.
 */
static int64_t step_left(const struct averages *a, const struct plan_step *s,
			 const struct view_step *seen, int64_t now)
{
	int64_t whole, gone = seen->state == PROGRESS_STARTED ? now - seen->started : 0;

	if (seen->state == PROGRESS_OK)
		return 0;
	if (s->what == DO_PAUSE)
		whole = s->pause_ms;
	else if (a->count[s->what])
		whole = a->sum[s->what] / a->count[s->what];
	else if (s->what == DO_SWAP || s->what == DO_READY || s->what == DO_DRAIN ||
		 s->what == DO_STAGE || s->what == DO_RUN)
		return -1;
	else
		whole = 1000;
	if (s->what != DO_PAUSE && gone > OVERDUE * whole + 2000)
		return -1; /* something holds it up, and nobody knows for how long */
	return whole > gone ? whole - gone : 0;
}

/* Tracks run side by side: a wave takes as long as its longest one. Steps of a track are
 * neighbours.
 */
static int64_t wave_left(const struct averages *a, const struct side *s, const struct plan_wave *w,
			 int64_t now)
{
	int64_t longest = 0, track = 0, left;
	size_t i;

	for (i = w->first; i < w->first + w->count; i++) {
		if (i > w->first && s->plan->steps[i].track != s->plan->steps[i - 1].track)
			track = 0;
		left = step_left(a, &s->plan->steps[i], &s->steps[i], now);
		if (left < 0)
			return -1;
		track += left;
		if (track > longest)
			longest = track;
	}
	return longest;
}

enum left time_left(const struct side *s, int64_t now, int64_t *ms)
{
	struct averages a = {0};
	size_t i;

	*ms = 0;
	averages_fill(&a, s);
	for (i = wave_current(s); i < s->plan->wave_count; i++) {
		const struct plan_wave *w = &s->plan->waves[i];
		int64_t left;

		if (w->kind == WAVE_PAUSE && w->count && s->plan->steps[w->first].pause_ms < 0)
			return LEFT_TO_PAUSE;
		left = wave_left(&a, s, w, now);
		if (left < 0)
			return LEFT_UNKNOWN;
		*ms += left;
	}
	return LEFT_TO_END;
}
