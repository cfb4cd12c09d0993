/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A playbook's pause. Its start is absolute and in the journal, so a controller that comes back
 * waits only for what is left. One without end needs someone to promote it: with nobody to wait,
 * the run is parked and the process leaves with exit 3.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static void pause_over(struct act *a, const char *by, const char *who)
{
	cJSON *event = runner_event("pause.ended");
	sl_json_add_str(event, "step", a->step->id);
	sl_json_add_str(event, "by", by);
	sl_json_add_str(event, "who", who);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "running");
	cJSON_AddNullToObject(row, "waiting");
	runner_emit(a->r, event, row, NULL, NULL);
	act_ok(a);
}

static void pause_timed_out(struct act *a)
{
	pause_over(a, "time", NULL);
}

static int64_t pause_left(const struct act *a, bool again)
{
	int64_t spent = again ? sl_time_now() - a->r->view.pause_started : 0;
	int64_t left = a->step->pause_ms - spent;
	return left < 0 ? 0 : left > a->step->pause_ms ? a->step->pause_ms : left;
}

static cJSON *waiting_row(const struct act *a, int64_t left)
{
	cJSON *row = cJSON_CreateObject();
	cJSON *waiting = sl_json_add_object(row, "waiting");
	sl_json_add_str(row, "state", "paused");
	sl_json_add_str(waiting, "for", a->step->pause_ms < 0 ? "promote" : "time");
	sl_json_add_str(waiting, "step", a->step->id);
	if (a->step->pause_ms >= 0)
		sl_json_add_int(waiting, "until", sl_time_now() + left);
	return row;
}

static struct act *pause_in_hand(struct runner *r)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step->what == DO_PAUSE && !r->acts[i]->ending)
			return r->acts[i];
	return NULL;
}

/* The pause is in the journal. It may have been stopped meanwhile, so it is looked up. */
static void pause_begun(void *arg)
{
	struct runner *r = arg;
	struct act *a = r->over ? NULL : pause_in_hand(r);
	if (!a || a->step->pause_ms >= 0)
		return;
	act_note(a, 0, "until `sluice promote %lld`", (long long)r->number);
	if (!r->terminal && !r->wait)
		finish_park(r, "promote", RUN_PAUSED);
}

static bool is_promoted(struct act *a)
{
	struct runner *r = a->r;
	if (!r->promote_by || strcmp(r->promote_step, a->step->id) != 0)
		return false;
	pause_over(a, "promote", r->promote_by);
	free(r->promote_by);
	free(r->promote_step);
	r->promote_by = r->promote_step = NULL;
	return true;
}

static void emit_pause(struct act *a, int64_t left)
{
	cJSON *event = runner_event("pause.started");
	sl_json_add_str(event, "step", a->step->id);
	if (a->step->pause_ms >= 0)
		sl_json_add_int(event, "until", sl_time_now() + left);
	else
		cJSON_AddNullToObject(event, "until");
	sl_json_add_str(event, "by", "playbook");
	runner_emit(a->r, event, waiting_row(a, left), pause_begun, a->r);
}

static void pause_act(struct act *a)
{
	if (a->r->stop) {
		a->ops->stop(a);
		return;
	}
	if (is_promoted(a))
		return;
	bool again = a->r->view.pause_step && strcmp(a->r->view.pause_step, a->step->id) == 0;
	int64_t left = a->step->pause_ms < 0 ? 0 : pause_left(a, again);
	if (a->step->pause_ms >= 0) {
		act_note(a, sl_time_boottime() + left, "pause");
		act_wait(a, left, pause_timed_out);
	}
	if (again) /* in the journal already; the row of the run says so anew */
		runner_emit(a->r, NULL, waiting_row(a, left), pause_begun, a->r);
	else
		emit_pause(a, left);
}

/* An operator's pause on top of a playbook's leaves the latter where it is: its intent stands. */
static void pause_stop(struct act *a)
{
	if (a->r->stop == STOP_PAUSE || a->r->stop == STOP_PROBLEM) {
		a->ending = true;
		uv_timer_stop(&a->timer);
		act_free(a);
		walk(a->r);
		return;
	}
	act_fail(a, SL_ECANCELED, "canceled");
}

bool control_pausing(struct runner *r)
{
	return pause_in_hand(r) != NULL;
}

bool control_untimed(struct runner *r)
{
	const struct act *a = pause_in_hand(r);
	return a && a->step->pause_ms < 0;
}

static void promote_later(struct runner *r, const char *step, const char *who)
{
	free(r->promote_by);
	free(r->promote_step);
	r->promote_by = sl_strdup(who);
	r->promote_step = sl_strdup(step);
}

void control_promote(struct runner *r, const char *step, const char *who)
{
	struct act *a = pause_in_hand(r);
	if (a && (!step || strcmp(step, a->step->id) == 0)) {
		if (a->acting)
			pause_over(a, "promote", who);
		else
			promote_later(r, a->step->id, who);
	} else if (!a && r->view.pause_step && (!step || strcmp(step, r->view.pause_step) == 0)) {
		promote_later(r, r->view.pause_step, who); /* an operator's pause is on top */
	}
}

const struct step_ops step_pause = {.act = pause_act, .stop = pause_stop};
