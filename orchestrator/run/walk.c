/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker: waves one after another; in a wave, tracks side by side; in a track, steps in order.
 * It only looks at the view (what the journal says) and at what is in hand, so it does the same
 * after a crash as without one.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

bool runner_is_undoing(const struct runner *r)
{
	return r->view.undo.step_count > 0 || r->view.plan.undo;
}

struct plan *runner_plan(struct runner *r)
{
	return r->view.undo.step_count ? &r->view.undo : &r->view.plan;
}

struct view_step *runner_steps(struct runner *r)
{
	return r->view.undo.step_count ? r->view.undo_steps : r->view.steps;
}

static bool is_bad(enum plan_progress_state s)
{
	return s == PROGRESS_FAILED || s == PROGRESS_UNKNOWN;
}

static bool in_hand(const struct runner *r, const struct plan_step *s)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step == s)
			return true;
	return false;
}

/* Could the claim not be had under which an undo's step would act? Without a host's nothing is done
 * there; without a router's, nothing at all. */
static bool lacks_claim(struct runner *r, const struct plan_step *s)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = 0; s->what != DO_CLAIM && i < p->step_count; i++) {
		const struct plan_step *claim = &p->steps[i];
		bool same = claim->host && s->host && strcmp(claim->host, s->host) == 0;
		if (claim->what == DO_CLAIM && is_bad(seen[i].state) &&
		    (claim->router_claim || same))
			return true;
	}
	return false;
}

/* The step that a track stands at: its first that is not done. -1 = the track is through. */
static long track_head(struct runner *r, const struct plan_wave *w, size_t track)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = w->first; i < w->first + w->count; i++) {
		if (p->steps[i].track != track || seen[i].state == PROGRESS_OK)
			continue;
		/* In an undo, a track with a failed step is given up; the others go on. */
		if (runner_is_undoing(r) && (is_bad(seen[i].state) || lacks_claim(r, &p->steps[i])))
			return -1;
		return (long)i;
	}
	return -1;
}

static size_t wave_tracks(const struct plan *p, const struct plan_wave *w)
{
	size_t most = 0;
	for (size_t i = w->first; i < w->first + w->count; i++)
		if (p->steps[i].track + 1 > most)
			most = p->steps[i].track + 1;
	return most;
}

static bool wave_is_done(struct runner *r, const struct plan_wave *w)
{
	size_t tracks = wave_tracks(runner_plan(r), w);
	for (size_t t = 0; t < tracks; t++)
		if (track_head(r, w, t) >= 0)
			return false;
	return true;
}

static void emit_wave(struct runner *r, const char *name, size_t index)
{
	static const char *const kinds[] = {
		[WAVE_CLAIM] = "claim",     [WAVE_STAGE] = "stage",   [WAVE_UPGRADE] = "upgrade",
		[WAVE_TRAFFIC] = "traffic", [WAVE_PAUSE] = "pause",   [WAVE_RUN] = "run",
		[WAVE_FINISH] = "finish",   [WAVE_CONFIG] = "config", [WAVE_PRUNE] = "prune",
		[WAVE_RELEASE] = "release",
	};
	const struct plan *p = runner_plan(r);
	cJSON *event = runner_event(name);
	sl_json_add_int(event, "wave", (int64_t)index + 1);
	sl_json_add_str(event, "title", p->waves[index].title);
	sl_json_add_str(event, "kind", kinds[p->waves[index].kind]);
	sl_json_add_bool(event, "undo", p->undo);
	runner_emit(r, event, NULL, NULL, NULL);
}

/* How many steps of an undo did not do what they should. */
static size_t undo_failures(struct runner *r)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	size_t n = 0;
	for (size_t i = 0; i < p->step_count; i++)
		n += is_bad(seen[i].state);
	return n;
}

/* Claims are kept when an undo could not take everything back: a retry goes on under them. */
static bool must_keep_claims(struct runner *r, const struct plan_wave *w)
{
	return runner_is_undoing(r) && w->kind == WAVE_RELEASE && undo_failures(r) > 0;
}

static void enter_wave(struct runner *r, size_t index)
{
	if (r->wave == (long)index)
		return;
	if (r->wave >= 0)
		emit_wave(r, "wave.ended", (size_t)r->wave);
	r->wave = (long)index;
	emit_wave(r, "wave.started", index);
}

static void leave_last_wave(struct runner *r)
{
	if (r->wave >= 0)
		emit_wave(r, "wave.ended", (size_t)r->wave);
	r->wave = -1;
}

/* Has this track been begun and not ended? A pause must not leave an instance out of service. */
static bool is_half_way(struct runner *r, const struct plan_wave *w, size_t track)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = w->first; i < w->first + w->count; i++)
		if (p->steps[i].track == track && seen[i].state == PROGRESS_OK)
			return w->kind == WAVE_UPGRADE && track_head(r, w, track) >= 0;
	return false;
}

/* A step that failed before this controller came: only a retry may try it again. */
static bool stands_at_failure(struct runner *r, const struct plan_wave *w)
{
	const struct view_step *seen = runner_steps(r);
	for (size_t i = w->first; !runner_is_undoing(r) && i < w->first + w->count; i++)
		if (is_bad(seen[i].state))
			return true;
	return false;
}

static void start_tracks(struct runner *r, const struct plan_wave *w)
{
	const struct plan *p = runner_plan(r);
	size_t tracks = wave_tracks(p, w);
	for (size_t t = 0; t < tracks && r->stop <= STOP_PAUSE && !r->over; t++) {
		long i = track_head(r, w, t);
		if (i < 0 || in_hand(r, &p->steps[i]) || (r->stop && !is_half_way(r, w, t)))
			continue;
		act_begin(r, &p->steps[i], &runner_steps(r)[i]);
	}
}

static void hold_over(uv_timer_t *t)
{
	walk(t->data);
}

/* After a take-over nothing is touched before the old owner's time is up: it may still be acting.
 */
static bool is_held_back(struct runner *r, const struct plan_wave *w)
{
	int64_t left = r->hold_until - sl_time_boottime();
	if (w->kind == WAVE_CLAIM || left <= 0)
		return false;
	uv_timer_start(&r->hold, hold_over, (uint64_t)left, 0);
	return true;
}

static void walk_on(struct runner *r)
{
	const struct plan *p = runner_plan(r);
	size_t i = 0;
	while (i < p->wave_count && wave_is_done(r, &p->waves[i]))
		i++;
	if (i == p->wave_count || must_keep_claims(r, &p->waves[i])) {
		if (r->act_count)
			return;
		leave_last_wave(r);
		finish_walked(r);
		return;
	}
	if (is_held_back(r, &p->waves[i]))
		return;
	enter_wave(r, i);
	if (stands_at_failure(r, &p->waves[i])) {
		walk_stop(r, STOP_PROBLEM, "%s",
			  r->view.failure ? r->view.failure : "a step failed");
		return;
	}
	start_tracks(r, &p->waves[i]);
}

void walk(struct runner *r)
{
	if (r->over || r->walking || r->waiting)
		return;
	r->walking = true;
	if (!r->stop)
		walk_on(r);
	else if (r->stop == STOP_PAUSE && r->wave >= 0)
		start_tracks(r, &runner_plan(r)->waves[r->wave]);
	if (r->stop && !r->act_count && !r->over && !r->waiting)
		finish_stopped(r);
	r->walking = false;
}

/* Waits that a stop ends at once: a pause has nothing in hand that could be left half done. */
static void stop_waits(struct runner *r)
{
	for (size_t i = r->act_count; i-- > 0;) {
		struct act *a = i < r->act_count ? r->acts[i] : NULL;
		if (a && a->ops->stop && a->acting && !a->ending)
			a->ops->stop(a);
	}
}

static void keep_why(struct runner *r, const char *fmt, va_list ap)
{
	struct sl_error text;
	sl_vfail(&text, SL_EINTERNAL, fmt, ap);
	free(r->stop_why);
	r->stop_why = sl_strdup(text.msg);
}

void walk_stop(struct runner *r, enum stop_reason why, const char *fmt, ...)
{
	if (r->over || r->leaving || why <= r->stop)
		return;
	va_list ap;
	va_start(ap, fmt);
	keep_why(r, fmt, ap);
	va_end(ap);
	r->stop = why;
	if (r->turning)
		return; /* looked at when the way back is known */
	r->waiting = false;
	stop_waits(r);
}

static void lifted(void *arg)
{
	struct runner *r = arg;
	if (r->leaving || r->turning)
		return;
	r->waiting = false;
	walk(r);
}

void walk_lift(struct runner *r, const char *by, const char *who)
{
	if (r->leaving || r->turning)
		return;
	r->stop = STOP_NONE;
	free(r->stop_why);
	r->stop_why = NULL;
	r->progress = sl_time_boottime();
	cJSON *event = runner_event("pause.ended");
	sl_json_add_str(event, "by", by);
	sl_json_add_str(event, "who", who);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", runner_is_undoing(r) ? "undoing" : "running");
	cJSON_AddNullToObject(row, "waiting");
	runner_emit(r, event, row, lifted, r);
}

bool walk_gives_back(struct runner *r)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].what == DO_RELEASE && seen[i].state != PROGRESS_NONE)
			return true;
	return r->wave >= 0 && p->waves[r->wave].kind == WAVE_RELEASE;
}
