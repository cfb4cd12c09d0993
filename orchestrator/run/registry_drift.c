/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drift in the registry: an instance that this run has marked out is marked again when somebody
 * lifts the mark: while it is waited for to be idle, and until its swap begins. From there on it
 * registers itself anew, and no mark is held. One that is lifted again and again is for a human.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"

#define WRITE_TIMEOUT_MS 15000
#define AGAIN_MAX        20 /* marks that a run sets again */

/* Is a drain past its marks? They are set and read back. */
static bool has_marked(const struct runner *r, const struct plan_step *step,
		       const struct view_step *seen)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step == step)
			return r->acts[i]->holds_marks;
	return seen->state == PROGRESS_OK;
}

/* The drain whose marks stand, of those that were and this plan's; NULL = none. */
static const struct view_step *last_of(const struct runner *r, const struct plan *p,
				       const struct view_step *seen, long instance,
				       const struct view_step *before)
{
	for (size_t i = 0; i < p->step_count; i++) {
		enum plan_do what = p->steps[i].what;
		if (p->steps[i].instance != instance || seen[i].state == PROGRESS_NONE)
			continue;
		if (what == DO_DRAIN && has_marked(r, &p->steps[i], &seen[i]))
			before = &seen[i];
		else if (what == DO_SWAP || what == DO_RETURN)
			before = NULL;
	}
	return before;
}

/* {id: "OUT"} of an instance that this run holds out; NULL = it holds none. */
static const cJSON *marks_of(const struct runner *r, long instance)
{
	const struct view_step *drain = last_of(r, &r->view.plan, r->view.steps, instance, NULL);
	drain = last_of(r, &r->view.undo, r->view.undo_steps, instance, drain);
	return drain ? sl_json_get(sl_json_get(drain->intent, "target"), "registry") : NULL;
}

static bool holds_any(const struct runner *r)
{
	for (size_t i = 0; i < r->in->resolved->instance_count; i++) {
		const cJSON *marks = marks_of(r, (long)i);
		if (marks && marks->child)
			return true;
	}
	return false;
}

static bool is_lifted(const struct runner *r, const struct plan_registered *x)
{
	const char *word;
	if (x->instance < 0 || !registry_is_called(x->state))
		return false;
	word = sl_json_str(marks_of(r, x->instance), x->id, "");
	return strcmp(word, plan_registered_word(SL_INSTANCE_OUT)) == 0;
}

static const struct plan_registered *first_lifted(const struct act *a)
{
	for (size_t i = 0; i < a->registry->found.count; i++)
		if (is_lifted(a->r, &a->registry->found.at[i]))
			return &a->registry->found.at[i];
	return NULL;
}

static void over(struct act *a)
{
	a->acting = false;
	registry_forget(a);
}

static void emit_drift(struct runner *r, const struct plan_registered *x)
{
	cJSON *event = runner_event("registry.drift");
	sl_json_add_str(event, "registry", r->world.registering.name);
	sl_json_add_str(event, "instance", x->id);
	sl_json_add_str(event, "place", x->place);
	sl_json_add_str(event, "found", plan_registered_word(x->state));
	sl_json_add_str(event, "wanted", plan_registered_word(SL_INSTANCE_OUT));
	runner_emit(r, event, NULL, NULL, NULL);
}

/* Those that wait for consumers begin to wait anew. */
static void tell_anew(struct runner *r, long instance)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step->what == DO_DRAIN && r->acts[i]->step->instance == instance)
			drain_tell_anew(r->acts[i]);
}

static void looked(struct act *a);

static void written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->r->over)
		return;
	if (e->code)
		over(a); /* looked at again in a while */
	else
		registry_read(a, looked);
}

static void mark(struct act *a, const struct plan_registered *x)
{
	emit_drift(a->r, x);
	tell_anew(a->r, x->instance);
	registry_put(a, x, SL_INSTANCE_OUT, WRITE_TIMEOUT_MS, written);
}

/* The claims stand: nobody else is at work here. */
static void assured(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	const struct plan_registered *x;
	if (a->r->over)
		return;
	x = e->code ? NULL : first_lifted(a);
	if (!x) {
		over(a);
	} else if (++a->r->marked_again > AGAIN_MAX) {
		walk_stop(a->r, STOP_PROBLEM,
			  "%s is marked out in registry %s, and comes back up again and again: "
			  "whoever registers it writes over the mark",
			  x->place, a->r->world.registering.name);
		over(a);
		walk(a->r);
	} else {
		mark(a, x);
	}
}

static void looked(struct act *a)
{
	if (a->registry->error.code || !first_lifted(a))
		over(a);
	else
		keeper_assure(a->r, assured, a);
}

/* Any step of the service that is registered: all of its instances are read. */
static const struct plan_step *any_step(const struct runner *r)
{
	const struct plan *p = &r->view.plan;
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].what == DO_DRAIN)
			return &p->steps[i];
	return NULL;
}

void registry_drift_check(struct runner *r)
{
	struct act *a = &r->marks;
	const struct plan_step *step = any_step(r);
	if (!r->world.registry || !step || a->acting || r->over || r->leaving ||
	    r->marked_again > AGAIN_MAX || walk_gives_back(r) || !holds_any(r))
		return;
	*a = (struct act){.r = r, .acting = true, .step = step};
	registry_read(a, looked);
}
