/* SPDX-License-Identifier: Apache-2.0 */
/* Return: back into the rotation at the share last set, until every node sees it up; then the mark
 * in the registry is lifted, if it is still there. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/steps.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define UP_POLL_MS 200

/* --- return --- */

/* What the server was before this run drained it: an operator's maintenance is given back as such.
 */
static int admin_before(const struct act *a, const struct traffic_server *s)
{
	const struct plan *p = runner_plan(a->r);
	const struct plan_wave *w = &p->waves[a->step->wave];
	for (size_t i = w->first; i < w->first + w->count; i++) {
		if (p->steps[i].what != DO_DRAIN || p->steps[i].instance != a->step->instance)
			continue;
		const cJSON *prior = sl_json_get(runner_steps(a->r)[i].intent, "prior");
		int admin = admin_of(sl_json_str(sl_json_get(prior, "admins"), s->server, NULL));
		/* Within an undo "drain" is what the run itself had set. */
		return admin == SL_KEEP || runner_is_undoing(a->r) ? SL_ADMIN_READY : admin;
	}
	return SL_ADMIN_READY;
}

static void return_target(struct act *a, const struct traffic_server *s)
{
	int admin = admin_before(a, s);
	long coming = admin == SL_ADMIN_READY ? a->step->instance : -1;
	target_renew(a);
	target_add_admin(a->target, s->server, admin);
	if (a->step->share >= 0)
		cJSON_AddItemToObject(a->target, "weights",
				      target_weights(a, a->step->share, -1, coming, NULL));
}

static void return_prior(struct act *a)
{
	if (traffic_failed(a))
		return;
	const struct traffic_server *s = traffic_own(a);
	if (!s)
		return;
	target_prior(a, s);
	return_target(a, s);
	act_intend(a);
}

static bool at_router(const struct act *a)
{
	return a->r->world.router && !a->step->registry_only;
}

static void return_prepare_router(struct act *a)
{
	if (at_router(a))
		traffic_acquire(a, return_prior);
	else
		act_intend(a);
}

static void return_prepare(struct act *a);

static void return_registered(struct act *a)
{
	if (registry_failed(a, return_prepare))
		return;
	registry_want_up(a);
	return_prepare_router(a);
}

static void return_prepare(struct act *a)
{
	if (a->r->world.registry)
		registry_read(a, return_registered);
	else
		return_prepare_router(a);
}

/* It has its calls from the router: now from the registry. */
static void return_lift(struct act *a)
{
	if (registry_is_wanted(a))
		registry_write(a, act_ok);
	else
		act_ok(a);
}

static void return_wait(struct act *a);

static void return_again(struct act *a)
{
	traffic_read(a, return_wait);
}

/* `ready` is not the end: every node must see it up (no check counts as up). */
static void return_wait(struct act *a)
{
	const struct traffic_server *s =
		a->traffic->error.code ? NULL : traffic_find(a, a->step->instance);
	if (s && (s->admin != SL_ADMIN_READY || s->up)) {
		return_lift(a);
	} else if (act_late(a)) {
		if (a->traffic->error.code)
			act_end(a, &a->traffic->error);
		else
			act_fail(a, SL_ETIMEOUT,
				 "%s is ready by its own probe, but the router's checks do not "
				 "see it up",
				 a->instance->id);
	} else {
		act_note(a, a->deadline, "waiting for the router to see it up");
		act_wait(a, UP_POLL_MS, return_again);
	}
}

static void return_begin_wait(struct act *a)
{
	const struct traffic_server *s = traffic_find(a, a->step->instance);
	long coming = s && admin_before(a, s) == SL_ADMIN_READY ? a->step->instance : -1;
	double want = a->step->share;
	double real = target_configured_share(a, -1, coming);
	if (want >= 0)
		cJSON_Delete(target_weights(a, want, -1, coming, &real));
	target_emit(a, want >= 0 ? want : real, real);
	traffic_release(a);
	/* An undo gives back what it found: what was down need not come up. */
	if (runner_is_undoing(a->r) && a->step->prior_dead)
		return_lift(a);
	else
		traffic_read(a, return_wait);
}

static void return_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (e->code)
		act_end(a, e);
	else
		return_begin_wait(a);
}

static void return_act(struct act *a)
{
	if (at_router(a))
		target_write(a, return_written);
	else
		return_lift(a);
}

static void return_settle_read(struct act *a)
{
	target_settle_admin(a, return_target, return_begin_wait);
}

static void return_settle(struct act *a)
{
	if (at_router(a))
		traffic_acquire(a, return_settle_read);
	else
		return_lift(a);
}

const struct step_ops step_return = {
	.prepare = return_prepare,
	.act = return_act,
	.settle = return_settle,
};
