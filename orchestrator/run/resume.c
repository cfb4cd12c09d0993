/* SPDX-License-Identifier: Apache-2.0 */
/* resume, promote, retry, abort, undo of a run that has no living controller: become it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action.h"
#include "orchestrator/run/inputs.h"
#include "orchestrator/run/life.h"
#include "orchestrator/run/view_read.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* Everything that the journal knows of a run. */
int runner_load(struct store *store, int64_t number, const struct plugin_host *plugins,
		struct run_inputs *in, struct run_view *view, struct sl_error *e)
{
	char *text = NULL, key[65];
	if (store_text_get(store, number, "document", &text, e) || store_key(store, key, e))
		return RUN_INTERNAL;
	cJSON *doc = sl_json_parse(text, strlen(text), e);
	free(text);
	if (!doc)
		return RUN_INTERNAL;
	int rc = run_inputs_from_document(doc, plugins, key, in, e);
	if (!rc && run_view_init(view, sl_json_get(doc, "plan"), e))
		rc = RUN_INTERNAL;
	view->number = number;
	if (!rc && run_view_catch_up(view, store, e))
		rc = RUN_INTERNAL;
	cJSON_Delete(doc);
	return rc;
}

struct reclaiming {
	struct runner *r;
	size_t pending;
	int code;
};

struct reclaim {
	struct reclaiming *all;
	const struct plan_step *step;
};

static void reclaimed(void *arg, const struct remote_answer *answer)
{
	struct reclaim *one = arg;
	struct reclaiming *all = one->all;
	struct runner *r = all->r;
	if (answer->error.code == SL_EHELD) {
		*r->error = answer->error;
		all->code = RUN_HELD;
	}
	struct claim *c = runner_claim(r, one->step->host, one->step->claim);
	c->held = answer->error.code != SL_EHELD;
	c->renewed = answer->error.code ? 0 : sl_time_boottime();
	all->pending--;
	free(one);
}

/* Has the plan in hand given this claim back already? */
static bool is_released(struct runner *r, const struct plan_step *claim)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what == DO_RELEASE && seen[i].state == PROGRESS_OK && s->claim && s->host &&
		    strcmp(s->claim, claim->claim) == 0 && strcmp(s->host, claim->host) == 0)
			return true;
	}
	return false;
}

static void reclaim(struct reclaiming *all, const struct plan_step *s)
{
	struct runner *r = all->r;
	const struct owner *o = observed_owner(r->seen, s->host, s->claim);
	char epoch[24], expect[24] = "", number[24], since[40];
	snprintf(epoch, sizeof epoch, "%" PRId64, r->claim_epoch);
	snprintf(number, sizeof number, "%" PRId64, r->number);
	if (o && o->epoch)
		snprintf(expect, sizeof expect, "%" PRId64, o->epoch);
	const struct remote_arg args[] = {
		{"sluice", s->claim},
		{"run", r->uuid},
		{"number", number},
		{"epoch", epoch},
		{"expect_epoch", expect},
		{"expect_run", o && o->run ? o->run : ""},
		{"who", r->options->who},
		{"from", r->options->from},
		{"what", r->what},
		{"since", sl_time_format(since, sizeof since, sl_time_now())},
	};
	struct reclaim *one = sl_alloc(sizeof *one);
	*one = (struct reclaim){all, s};
	all->pending++;
	remote_run(world_transport(&r->world, s->host), REMOTE_CLAIM, args, SL_COUNT(args), 30000,
		   reclaimed, one);
}

/* Take every claim of the run again, under a new epoch: a controller that wakes up late is fenced.
 */
static int reclaim_all(struct runner *r)
{
	struct reclaiming all = {.r = r};
	const struct plan *p = &r->view.plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		bool on_host = s->claim && *s->claim && s->host;
		if (s->what == DO_CLAIM && on_host && r->view.steps[i].state != PROGRESS_NONE &&
		    !is_released(r, s))
			reclaim(&all, s);
	}
	while (all.pending)
		uv_run(r->loop, UV_RUN_ONCE);
	return all.code;
}

static void emit_resumed(struct runner *r)
{
	cJSON *event = runner_event("run.resumed");
	sl_json_add_str(event, "who", r->options->who);
	sl_json_add_str(event, "from", r->options->from);
	sl_json_add_int(event, "epoch", r->claim_epoch);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", runner_is_undoing(r) ? "undoing" : "running");
	sl_json_add_str(row, "outcome", "");
	sl_json_add_bool(row, "parked", false);
	cJSON_AddNullToObject(row, "waiting");
	runner_emit(r, event, row, NULL, NULL);
}

/* True when the run stands still until the order is in the journal: it decides how to go on. */
static bool first_control(struct runner *r, const char *verb)
{
	const struct run_options *o = r->options;
	const char *step = r->view.pause_step;
	bool promote = strcmp(verb, "promote") == 0;
	r->asked_undo = strcmp(verb, "undo") == 0 || strcmp(verb, "abort") == 0;
	if (strcmp(verb, "resume") == 0 && !r->view.paused_by_operator)
		return false;
	if (promote)
		control_promote(r, step, o->who);
	runner_control(r, &(struct control){.verb = verb,
					    .who = o->who,
					    .reason = o->reason,
					    .step = promote ? step : NULL,
					    .keep = o->keep});
	return !promote;
}

/* Is this verb something that the run can take now? */
static int verb_fits(const struct run_view *v, int64_t number, const char *verb, struct sl_error *e)
{
	bool over = v->outcome && strcmp(v->outcome, "needsHuman") != 0;
	long long n = number;
	if (over)
		return sl_fail(e, SL_EINPUT, "run %lld has ended (%s): there is nothing to %s", n,
			       v->outcome, verb);
	if (strcmp(verb, "promote") == 0 && v->paused_by_operator)
		return sl_fail(e, SL_EINPUT,
			       "run %lld was stopped otherwise than by its playbook: `sluice "
			       "resume %lld` goes on, up to its own pauses",
			       n, n);
	if (strcmp(verb, "promote") == 0 && !v->pause_step)
		return sl_fail(e, SL_EINPUT,
			       "run %lld does not stand at a pause: there is nothing to promote",
			       n);
	if (strcmp(verb, "retry") == 0 && !v->failure && !v->undo.step_count)
		return sl_fail(e, SL_EINPUT, "no step of run %lld failed: use `sluice resume %lld`",
			       n, n);
	return 0;
}

/* The way back must be tried also when a host is gone or in a bad way; forward needs them all. */
static int look_around(struct runner *r, const char *verb)
{
	bool back = strcmp(verb, "undo") == 0 || strcmp(verb, "abort") == 0 || runner_is_undoing(r);
	int rc = observe(&r->world, &r->in->artifact, r->seen, r->error);
	if (rc && !back)
		return rc;
	sl_error_clear(r->error);
	return RUN_DONE;
}

static int take_up(struct runner *r, const char *verb)
{
	int rc = look_around(r, verb);
	if (rc)
		return rc;
	const struct owner *o = owner_foreign(r->seen, r->uuid, r->store);
	if (o && !r->options->take_over) {
		owner_say(r->error, NULL, o);
		return RUN_HELD;
	}
	o = owner_newer(r->seen, r->uuid, r->view.claim_epoch);
	if (o) {
		sl_fail(r->error, SL_EHELD,
			"another run has taken over on %.80s since (epoch %" PRId64
			", ours was %" PRId64
			"): what stands there is its work, and nothing was changed. Roll out the "
			"version that you want instead",
			o->host, o->epoch, r->view.claim_epoch);
		return RUN_HELD;
	}
	runner_know_versions(r);
	r->claim_epoch = owner_highest_epoch(r->seen) + 1;
	if (!r->options->take_over) /* else once those that are taken over have ended */
		rc = runner_claim_store(r);
	if (rc)
		return rc;
	owners_adopt(r, r->uuid);
	return reclaim_all(r);
}

/* Somebody is at work on what no host keeps a claim of: the run stays as it is. */
static int leave_again(struct runner *r)
{
	store_run_leave(r->store, r->number, NULL);
	r->over = true;
	runner_drain(r);
	return RUN_HELD;
}

static int go_on(struct runner *r, const char *verb)
{
	owners_emit_taken(r);
	if (r->options->take_over && runner_claim_store(r))
		return leave_again(r);
	runner_begin(r);
	emit_resumed(r);
	r->waiting = first_control(r, verb);
	drift_check(r);
	registry_drift_check(r);
	return runner_go(r);
}

/* Ours from here on. What the old controller wrote after we had read is read too. */
static int adopt(struct store *store, int64_t number, const struct run_options *o,
		 struct run_view *view, struct store_run *row, struct sl_error *e)
{
	if (store_run_adopt(store, number, o->take_over, row, e))
		return e->code == SL_EHELD ? RUN_HELD : RUN_INTERNAL;
	return run_view_catch_up(view, store, e) ? RUN_INTERNAL : RUN_DONE;
}

int run_resume(struct store *store, int64_t number, const char *verb, struct plugin_host *plugins,
	       const struct run_options *o, struct sl_error *e)
{
	struct run_inputs in = {0};
	struct runner r;
	struct run_view view = {0};
	struct observed seen = {0};
	struct store_run row = {0};
	if (action_is(store, number))
		return action_resume(store, number, verb, plugins, o, e);
	int rc = runner_load(store, number, plugins, &in, &view, e);
	if (!rc && verb_fits(&view, number, verb, e))
		rc = RUN_INPUT;
	if (!rc)
		rc = adopt(store, number, o, &view, &row, e);
	if (rc) {
		run_view_release(&view);
		run_inputs_release(&in);
		store_run_release(&row);
		return rc;
	}
	rc = runner_init(&r, store, &in, plugins, o, &seen, e);
	r.view = view;
	r.number = number;
	r.epoch = row.epoch;
	memcpy(r.uuid, row.uuid, sizeof r.uuid);
	if (!rc)
		rc = take_up(&r, verb);
	if (!rc && store_start(store, r.loop, e))
		rc = RUN_INTERNAL;
	if (rc)
		store_run_leave(store, number, NULL); /* for whoever tries next */
	else
		rc = go_on(&r, verb);
	runner_close(&r);
	observed_release(&seen);
	store_run_release(&row);
	run_inputs_release(&in);
	return rc;
}
