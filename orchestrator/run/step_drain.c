/* SPDX-License-Identifier: Apache-2.0 */
/* Drain: out of the rotation and of the registry, consumers told, then idle, or its time is up. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/steps.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define IDLE_APART_MS       1000
#define PROPAGATION_TICK_MS 1000
#define TOLD_ANEW_MAX       3

static const struct pb_service *service_of(const struct act *a)
{
	return &a->r->in->playbook->services[0];
}

/* --- drain --- */

static bool at_router(const struct act *a)
{
	return a->r->world.router && !a->step->registry_only;
}

/* In a rolling run they never are, though its events tell the share that the configured ones give.
 */
static bool weights_are_ours(const struct runner *r)
{
	return r->view.share_want >= 0 && cJSON_GetArraySize(r->view.weights) > 0;
}

static void drain_target(struct act *a, const struct traffic_server *s)
{
	target_renew(a);
	int admin = a->r->seen->router.persistence ? SL_ADMIN_MAINT : SL_ADMIN_DRAIN;
	target_add_admin(a->target, s->server, s->admin == SL_ADMIN_MAINT ? SL_ADMIN_MAINT : admin);
	if (weights_are_ours(a->r))
		cJSON_AddItemToObject(
			a->target, "weights",
			target_weights(a, a->r->view.share_want, a->step->instance, -1, NULL));
}

static void drain_prior(struct act *a)
{
	if (traffic_failed(a))
		return;
	const struct traffic_server *s = traffic_own(a);
	if (!s)
		return;
	target_prior(a, s);
	drain_target(a, s);
	act_intend(a);
}

static void drain_prepare_router(struct act *a)
{
	if (at_router(a))
		traffic_acquire(a, drain_prior);
	else
		act_intend(a);
}

static void drain_prepare(struct act *a);

static void drain_registered(struct act *a)
{
	if (registry_failed(a, drain_prepare))
		return;
	registry_want_out(a);
	drain_prepare_router(a);
}

static void drain_prepare(struct act *a)
{
	if (a->r->world.registry)
		registry_read(a, drain_registered);
	else
		drain_prepare_router(a);
}

static void drain_wait(struct act *a);

static void drain_done(struct act *a, int64_t in_flight)
{
	sl_json_add_int(act_detail(a), "inFlight", in_flight);
	act_ok(a);
}

static void drain_maint_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (e->code)
		act_end(a, e);
	else
		drain_done(a, (int64_t)a->idle_reads);
}

/* Time is up with requests in flight: cut them off here, not by the stop that follows. */
static void drain_cut(struct act *a)
{
	if (traffic_failed(a))
		return;
	const struct traffic_server *s = traffic_own(a);
	if (!s)
		return;
	a->idle_reads = (int)(s->sessions + s->queued); /* from here on: what was in flight */
	target_renew(a);
	target_add_admin(a->target, s->server, SL_ADMIN_MAINT);
	target_write(a, drain_maint_written);
}

static void drain_timed_out(struct act *a, int64_t in_flight)
{
	if (service_of(a)->drain.fail_on_timeout) {
		act_fail(a, SL_ETIMEOUT,
			 "%s: still %lld requests in flight when drain.timeout was over",
			 a->instance->id, (long long)in_flight);
		return;
	}
	if (at_router(a))
		traffic_acquire(a, drain_cut);
	else
		drain_done(a, in_flight);
}

static void drain_again(struct act *a)
{
	if (!act_canceled(a))
		traffic_read(a, drain_wait);
}

static int64_t drain_until(const struct act *a)
{
	return a->since + service_of(a)->drain.timeout.ms;
}

/* Idle = nothing in flight and nothing queued, seen twice at least a second apart, on every node.
 */
static void drain_wait(struct act *a)
{
	if (a->traffic->error.code) {
		a->idle_reads = 0;
		if (sl_time_boottime() >= drain_until(a))
			act_end(a, &a->traffic->error);
		else
			act_wait(a, IDLE_APART_MS, drain_again);
		return;
	}
	const struct traffic_server *s = traffic_own(a);
	if (!s)
		return;
	int64_t busy = s->sessions + s->queued;
	a->idle_reads = busy ? 0 : a->idle_reads + 1;
	if (a->idle_reads >= 2) {
		drain_done(a, 0);
	} else if (sl_time_boottime() >= drain_until(a)) {
		drain_timed_out(a, busy);
	} else {
		act_note(a, drain_until(a), "%lld in flight", (long long)busy);
		act_wait(a, IDLE_APART_MS, drain_again);
	}
}

static void drain_command_again(struct act *a);

static void drain_command_done(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	const char *rc = remote_answer_get(answer, "rc");
	if (!answer->error.code && rc && strcmp(rc, "0") == 0)
		drain_done(a, 0);
	else if (sl_time_boottime() >= drain_until(a))
		drain_timed_out(a, 1);
	else
		act_wait(a, IDLE_APART_MS, drain_command_again);
}

static void drain_command_again(struct act *a)
{
	if (act_canceled(a))
		return;
	char *cwd = sl_asprintf("%s/%s", a->instance->dir, a->instance->link);
	const struct remote_arg args[] = {
		{"run", ""},       {"step", ""},
		{"cwd", cwd},      {"command", a->instance->drain_command},
		{"timeout", "30"}, {"sluice", a->instance->sluice},
	};
	act_note(a, drain_until(a), "waiting for the drain command");
	remote_run(a->host, REMOTE_COMMAND, args, SL_COUNT(args), 40000, drain_command_done, a);
	free(cwd);
}

/* Nobody is left who sends: wait for what is in flight. */
static void drain_idle(struct act *a)
{
	a->idle_reads = 0;
	a->since = sl_time_boottime();
	if (a->step->prior_dead)
		drain_done(a, 0);
	else if (a->instance->drain_command)
		drain_command_again(a);
	else if (at_router(a))
		traffic_read(a, drain_wait);
	else
		act_ok(a); /* nobody counts calls in flight */
}

static void drain_read_again(struct act *a);
static void drain_propagate(struct act *a);

static void drain_tell(struct act *a)
{
	a->since = sl_time_boottime() + service_of(a)->drain.propagation.ms;
	drain_propagate(a);
}

/* A mark was lifted, and consumers may have seen that: they are told once more, in full. */
void drain_tell_anew(struct act *a)
{
	a->told_anew++;
	a->since = a->telling ? sl_time_boottime() + service_of(a)->drain.propagation.ms : a->since;
}

static void drain_propagated(struct act *a)
{
	if (registry_failed(a, drain_read_again))
		return;
	if (registry_still_out(a)) {
		a->telling = false;
		drain_idle(a);
	} else if (a->told_anew < TOLD_ANEW_MAX && !act_late(a)) {
		registry_drift_check(a->r);
		drain_tell(a);
	} else {
		act_fail(a, SL_ECONFLICT,
			 "%s was marked out in registry %s and is up again: whoever registers it "
			 "writes over the mark",
			 a->instance->id, a->r->world.registering.name);
	}
}

static void drain_read_again(struct act *a)
{
	registry_read(a, drain_propagated);
}

/* In full, also after a crash: what consumers heard meanwhile is not known. */
static void drain_propagate(struct act *a)
{
	int64_t left = a->since - sl_time_boottime();
	if (act_canceled(a))
		return;
	if (left <= 0) {
		drain_read_again(a);
		return;
	}
	act_note(a, a->since, "out in registry %s, its consumers are told",
		 a->r->world.registering.name);
	act_wait(a, left < PROPAGATION_TICK_MS ? left : PROPAGATION_TICK_MS, drain_propagate);
}

static void drain_marked(struct act *a)
{
	int64_t wait = service_of(a)->drain.propagation.ms;
	a->holds_marks = true;
	if (a->step->prior_dead || wait <= 0) {
		drain_idle(a);
		return;
	}
	sl_json_add_int(act_detail(a), "propagation", wait);
	a->telling = true;
	drain_tell(a);
}

static void drain_begin_wait(struct act *a)
{
	double real = 0, want = a->r->view.share_want;
	if (a->traffic && sl_json_get(a->target, "weights")) {
		cJSON_Delete(target_weights(a, want, a->step->instance, -1, &real));
		target_emit(a, want, real);
	}
	traffic_release(a);
	if (registry_is_wanted(a))
		registry_write(a, drain_marked);
	else
		drain_idle(a);
}

static void drain_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (e->code)
		act_end(a, e);
	else
		drain_begin_wait(a);
}

static void drain_act(struct act *a)
{
	if (at_router(a))
		target_write(a, drain_written);
	else
		drain_begin_wait(a);
}

static void drain_settle_read(struct act *a)
{
	target_settle_admin(a, drain_target, drain_begin_wait);
}

static void drain_settle(struct act *a)
{
	if (at_router(a))
		traffic_acquire(a, drain_settle_read);
	else
		drain_act(a);
}

const struct step_ops step_drain = {
	.prepare = drain_prepare,
	.act = drain_act,
	.settle = drain_settle,
};
