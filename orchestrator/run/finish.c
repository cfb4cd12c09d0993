/* SPDX-License-Identifier: Apache-2.0 */
/* What a run does when nothing is in hand any more: end, park, stand and wait, or take itself back.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/life.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* --- the end --- */

static void is_over(void *arg)
{
	struct runner *r = arg;
	r->over = true;
}

/* What an undo could not take back: "swap on oa01:8080: ..." */
static cJSON *left_over(struct runner *r)
{
	cJSON *left = cJSON_CreateArray();
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	char place[300];
	for (size_t i = 0; runner_is_undoing(r) && i < p->step_count; i++) {
		if (seen[i].state != PROGRESS_FAILED && seen[i].state != PROGRESS_UNKNOWN)
			continue;
		char *line = sl_asprintf("%s on %s: %s", plan_do_name(p->steps[i].what),
					 plan_step_place(&p->steps[i], place, sizeof place),
					 seen[i].error ? seen[i].error : "failed");
		cJSON_AddItemToArray(left, cJSON_CreateString(line));
		free(line);
	}
	return left;
}

void finish_end(struct runner *r, const char *outcome, int code)
{
	r->exit = code;
	r->waiting = r->leaving = true; /* nothing more starts */
	cJSON *event = runner_event("run.ended");
	sl_json_add_str(event, "outcome", outcome);
	sl_json_add_int(event, "exit", code);
	sl_json_add_array(event, "owed");
	cJSON_AddItemToObject(event, "left", left_over(r));
	/* An undo that was asked for is no failure: why it was stopped is in control.taken. */
	const char *failure =
		r->view.failure || runner_is_undoing(r) ? r->view.failure : r->stop_why;
	sl_json_add_str(event, "failure", code ? failure : NULL);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "ended");
	sl_json_add_str(row, "outcome", outcome);
	sl_json_add_int(row, "exit", code);
	sl_json_add_int(row, "ended", sl_time_now());
	cJSON_AddNullToObject(row, "waiting");
	cJSON_AddNullToObject(row, "controller");
	runner_emit(r, event, row, is_over, r);
}

/* --- parked: the process leaves, the claims stay --- */

struct parking {
	struct runner *r;
	char *waiting_for;
	const char *outcome; /* non-NULL: it ends this way, claims kept for a retry */
	int code;
};

static void emit_parked(struct runner *r, const char *waiting_for)
{
	cJSON *event = runner_event("run.parked");
	sl_json_add_str(event, "waiting", waiting_for);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "paused");
	sl_json_add_bool(row, "parked", true);
	cJSON_AddNullToObject(row, "controller");
	cJSON *waiting = sl_json_add_object(row, "waiting");
	sl_json_add_str(waiting, "for", waiting_for);
	runner_emit(r, event, row, is_over, r);
}

static void parked_claims(void *arg, const struct sl_error *e)
{
	(void)e; /* a host that is away keeps an unparked claim, which is still ours */
	struct parking *p = arg;
	if (p->r->over)
		; /* left at once meanwhile */
	else if (p->outcome)
		finish_end(p->r, p->outcome, p->code);
	else
		emit_parked(p->r, p->waiting_for);
	free(p->waiting_for);
	free(p);
}

static void park(struct runner *r, const char *waiting_for, const char *outcome, int code)
{
	struct parking *p = sl_alloc(sizeof *p);
	*p = (struct parking){r, sl_strdup(waiting_for), outcome, code};
	r->waiting = r->leaving = true;
	r->exit = code;
	keeper_park(r, parked_claims, p);
}

void finish_park(struct runner *r, const char *waiting_for, int code)
{
	long long n = r->number;
	if (r->over || r->leaving)
		return;
	sl_fail(r->error, SL_ECANCELED,
		"run %lld is paused%s%.700s: `sluice %s %lld` goes on, `sluice undo %lld` takes it "
		"back. "
		"Nobody watches its router meanwhile",
		n, r->stop_why ? ": " : "", r->stop_why ? r->stop_why : "", waiting_for, n, n);
	park(r, waiting_for, NULL, code);
}

/* --- standing: a pause by an operator, a failure or a problem --- */

static void stand(struct runner *r, const char *by, const char *waiting_for)
{
	cJSON *event = runner_event("pause.started");
	sl_json_add_str(event, "by", by);
	sl_json_add_str(event, "reason", r->stop_why);
	cJSON_AddNullToObject(event, "until");
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "paused");
	cJSON *waiting = sl_json_add_object(row, "waiting");
	sl_json_add_str(waiting, "for", waiting_for);
	sl_json_add_str(waiting, "reason", r->stop_why);
	r->waiting = true;
	runner_emit(r, event, row, NULL, NULL);
	if (!r->terminal && !r->wait)
		finish_park(r, waiting_for, RUN_PAUSED);
}

/* --- undo --- */

static struct plan_progress *progress_of(const struct runner *r)
{
	struct plan_progress *p = sl_alloc_n(r->view.plan.step_count + 1, sizeof *p);
	for (size_t i = 0; i < r->view.plan.step_count; i++)
		p[i] = run_view_progress(&r->view.steps[i]);
	return p;
}

static void undo_known(void *arg)
{
	struct runner *r = arg;
	r->waiting = r->turning = false;
	r->wave = -1;
	if (r->stop <= STOP_ABORT)
		r->stop = STOP_NONE;
	if (r->pause_asked)
		walk_stop(r, STOP_PAUSE, "paused before it was taken back");
	walk(r);
}

static void finish_undone(struct runner *r);

void finish_undo(struct runner *r, const char *why)
{
	struct plan undo = {0};
	struct sl_error e = {0};
	struct plan_progress *progress = progress_of(r);
	const struct plan_input in = runner_plan_input(r->in, r->seen);
	int rc = plan_make_undo(&r->view.plan, progress, &in, false, &undo, &e);
	free(progress);
	r->waiting = true;
	if (rc) {
		sl_fail(r->error, SL_EINTERNAL, "no way back could be planned: %s", e.msg);
		park(r, "retry", "needsHuman", RUN_NEEDS_HUMAN);
		return;
	}
	if (!undo.step_count) { /* it died before it had touched anything */
		plan_release(&undo);
		finish_undone(r);
		return;
	}
	cJSON *event = runner_event("undo.started");
	sl_json_add_str(event, "why", why);
	cJSON_AddItemToObject(event, "plan", plan_json(&undo));
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "undoing");
	cJSON_AddNullToObject(row, "waiting");
	plan_release(&undo);
	r->turning = true;
	runner_emit(r, event, row, undo_known, r);
}

/* --- the claims could not be had, or were lost --- */

static bool touched_anything(const struct runner *r)
{
	for (size_t i = 0; i < r->view.plan.step_count; i++) {
		enum plan_do what = r->view.plan.steps[i].what;
		if (what != DO_CLAIM && what != DO_STAGE && r->view.steps[i].state != PROGRESS_NONE)
			return true;
	}
	return false;
}

struct giving_back {
	struct runner *r;
	size_t pending;
};

static void gave_back(void *arg, const struct remote_answer *answer)
{
	(void)answer; /* one that is not ours any more refuses: right so */
	struct giving_back *g = arg;
	if (--g->pending)
		return;
	if (!g->r->over)
		finish_end(g->r, "refused", RUN_HELD);
	free(g);
}

static void give_back(struct runner *r)
{
	struct giving_back *g = sl_alloc(sizeof *g);
	*g = (struct giving_back){r, 1};
	r->leaving = true;
	char *epoch = sl_asprintf("%lld", (long long)r->claim_epoch);
	for (size_t i = 0; i < r->claim_count; i++) {
		struct claim *c = &r->claims[i];
		if (!c->held || !*c->host || !*c->folder)
			continue;
		const struct remote_arg args[] = {
			{"sluice", c->folder}, {"run", r->uuid}, {"epoch", epoch}};
		g->pending++;
		remote_run(world_transport(&r->world, c->host), REMOTE_UNCLAIM, args,
			   SL_COUNT(args), 20000, gave_back, g);
	}
	free(epoch);
	gave_back(g, NULL);
}

static void finish_lost(struct runner *r)
{
	r->waiting = true;
	sl_fail(r->error, SL_EHELD, "%s", r->stop_why);
	if (touched_anything(r))
		finish_end(r, "needsHuman", RUN_HELD);
	else
		give_back(r);
}

/* --- deciding --- */

void finish_stopped(struct runner *r)
{
	switch (r->stop) {
	case STOP_NONE:
		break;
	case STOP_PAUSE:
		stand(r, "operator", "resume");
		break;
	case STOP_PROBLEM:
		stand(r, "failure", "retry");
		break;
	case STOP_FAILURE:
		if (r->in->playbook->strategy.pause_on_failure)
			stand(r, "failure", "retry");
		else
			finish_undo(r, r->stop_why);
		break;
	case STOP_ABORT:
		finish_undo(r, r->stop_why);
		break;
	case STOP_KEEP:
		sl_fail(r->error, SL_ECANCELED, "stopped where it stood, as asked");
		park(r, "retry", "needsHuman", RUN_NEEDS_HUMAN);
		break;
	case STOP_LOST:
		finish_lost(r);
		break;
	}
}

static void finish_undone(struct runner *r)
{
	cJSON *left = left_over(r);
	int n = cJSON_GetArraySize(left);
	cJSON_Delete(left);
	long long number = r->number;
	if (n) {
		sl_fail(r->error, SL_ECOMMAND,
			"%d step%s of the way back failed (`sluice show %lld` lists what is left); "
			"mend it, then `sluice retry %lld` goes on",
			n, n == 1 ? "" : "s", number, number);
		park(r, "retry", "needsHuman", RUN_NEEDS_HUMAN);
	} else if (r->view.plan.undo) {
		finish_end(r, "undone", RUN_DONE);
	} else if (r->asked_undo) {
		/* The one who asked got what was asked for; the run itself did not bring its
		 * release. */
		finish_end(r, "undone", RUN_ROLLED_BACK);
		r->exit = RUN_DONE;
	} else if (r->view.failure) {
		sl_fail(r->error, SL_ECOMMAND, "rolled back: %.1000s", r->view.failure);
		finish_end(r, "rolledBack", RUN_ROLLED_BACK);
	} else {
		sl_fail(r->error, SL_ECANCELED, "taken back: %s",
			r->stop_why ? r->stop_why : "aborted");
		finish_end(r, "undone", RUN_ROLLED_BACK);
	}
}

void finish_walked(struct runner *r)
{
	if (runner_is_undoing(r))
		finish_undone(r);
	else
		finish_end(r, "done", RUN_DONE);
}
