/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/registry.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/registered.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define REGISTRY_TIMEOUT_MS 15000
#define AGAIN_MS            200
#define REFUSED_MAX         5

/* --- reading --- */

static const char *name_of(const struct act *a)
{
	return a->r->world.registering.name;
}

static void on_instance(void *arg, const struct sl_instance *i)
{
	struct act *a = arg;
	registered_add(&a->registry->found, a->r->in->resolved, i);
}

static void on_read(void *arg, const struct sl_read_end *end)
{
	struct act *a = arg;
	a->registry->error = end->error;
	if (end->error.code == SL_ENOTFOUND) /* a service without instances */
		sl_error_clear(&a->registry->error);
	void (*after)(struct act *) = a->after;
	if (!a->ending && !a->r->over)
		after(a);
}

static const struct sl_registry_sink sink = {.instance = on_instance, .done = on_read};

void registry_read(struct act *a, void (*then)(struct act *a))
{
	struct world *w = &a->r->world;
	if (a->r->over)
		return;
	if (!a->registry)
		a->registry = sl_alloc(sizeof *a->registry);
	registered_release(&a->registry->found);
	sl_error_clear(&a->registry->error);
	a->after = then;
	w->registry->find(w->registering.instance, a->step->service, w->environment, NULL,
			  act_left(a, REGISTRY_TIMEOUT_MS), &sink, a);
}

void registry_forget(struct act *a)
{
	if (!a->registry)
		return;
	registered_release(&a->registry->found);
	free(a->registry);
	a->registry = NULL;
}

bool registry_failed(struct act *a, void (*again)(struct act *a))
{
	return act_backend_failed(a, &a->registry->error, again);
}

static bool is_own(const struct act *a, const struct plan_registered *x)
{
	return x->instance == a->step->instance;
}

static const struct plan_registered *find(const struct act *a, const char *id)
{
	for (size_t i = 0; i < a->registry->found.count; i++) {
		const struct plan_registered *x = &a->registry->found.at[i];
		if (is_own(a, x) && strcmp(x->id, id) == 0)
			return x;
	}
	return NULL;
}

/* --- what shall be --- */

static cJSON *side_of(cJSON **object)
{
	if (!*object)
		*object = cJSON_CreateObject();
	cJSON *side = cJSON_GetObjectItemCaseSensitive(*object, "registry");
	return side ? side : sl_json_add_object(*object, "registry");
}

static const cJSON *wanted(const struct act *a)
{
	return sl_json_get(a->target, "registry");
}

bool registry_is_wanted(const struct act *a)
{
	return cJSON_GetArraySize(wanted(a)) > 0;
}

bool registry_is_called(int state)
{
	return state == SL_INSTANCE_UP || state == SL_INSTANCE_STARTING ||
	       state == SL_INSTANCE_TESTING;
}

/* The mark of an earlier try of this step is ours: what stood before it stays the prior. */
static const char *prior_word(const struct act *a, const struct plan_registered *x)
{
	const cJSON *intent = a->seen->intent;
	const cJSON *ours = sl_json_get(sl_json_get(intent, "target"), "registry");
	const cJSON *before = sl_json_get(sl_json_get(intent, "prior"), "registry");
	const char *word = plan_registered_word(x->state);
	return sl_json_get(ours, x->id) ? sl_json_str(before, x->id, word) : word;
}

void registry_want_out(struct act *a)
{
	cJSON *prior = side_of(&a->prior), *target = side_of(&a->target);
	const char *state = "not registered: nothing to mark";
	for (size_t i = 0; i < a->registry->found.count; i++) {
		const struct plan_registered *x = &a->registry->found.at[i];
		if (!is_own(a, x) || sl_json_get(prior, x->id))
			continue;
		const char *before = prior_word(a, x);
		sl_json_add_str(prior, x->id, before);
		if (registry_is_called(x->state) ||
		    strcmp(before, plan_registered_word(x->state)) != 0)
			sl_json_add_str(target, x->id, plan_registered_word(SL_INSTANCE_OUT));
		state = "gets no calls already: nothing to mark";
	}
	if (!target->child)
		sl_json_add_str(act_detail(a), "registry", state);
}

static bool all_out(const cJSON *side)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, side)
	{
		const char *word = cJSON_GetStringValue(item);
		if (!word || strcmp(word, plan_registered_word(SL_INSTANCE_OUT)) != 0)
			return false;
	}
	return side && side->child;
}

static int out_before(const struct plan *p, const struct view_step *seen, long instance)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].what == DO_DRAIN && p->steps[i].instance == instance &&
		    seen[i].intent)
			return all_out(
				sl_json_get(sl_json_get(seen[i].intent, "prior"), "registry"));
	return -1;
}

/* Was it out of service before this run came? In an undo "out" may be the run's own mark. */
static bool was_out(const struct act *a)
{
	const struct run_view *v = &a->r->view;
	int out = out_before(&v->plan, v->steps, a->step->instance);
	if (out < 0)
		out = out_before(&v->undo, v->undo_steps, a->step->instance);
	return out > 0;
}

/* Where another registration is up, one that is out is left from an earlier life. */
static bool is_up(const struct act *a)
{
	for (size_t i = 0; i < a->registry->found.count; i++)
		if (is_own(a, &a->registry->found.at[i]) &&
		    a->registry->found.at[i].state == SL_INSTANCE_UP)
			return true;
	return false;
}

void registry_want_up(struct act *a)
{
	cJSON *prior = side_of(&a->prior), *target = side_of(&a->target);
	bool keep = is_up(a) || was_out(a);
	for (size_t i = 0; i < a->registry->found.count; i++) {
		const struct plan_registered *x = &a->registry->found.at[i];
		if (!is_own(a, x) || sl_json_get(prior, x->id))
			continue;
		sl_json_add_str(prior, x->id, plan_registered_word(x->state));
		if (x->state == SL_INSTANCE_OUT && !keep)
			sl_json_add_str(target, x->id, plan_registered_word(SL_INSTANCE_UP));
	}
}

bool registry_still_out(const struct act *a)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, wanted(a))
	{
		const struct plan_registered *x = find(a, item->string);
		if (x && registry_is_called(x->state))
			return false;
	}
	return true;
}

/* --- making it so --- */

static void write_next(struct act *a);

static void assured(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over)
		return;
	if (e->code)
		act_end(a, e);
	else
		registry_read(a, write_next);
}

static void write_again(struct act *a)
{
	keeper_assure(a->r, assured, a);
}

void registry_write(struct act *a, void (*done)(struct act *a))
{
	if (!a->registry)
		a->registry = sl_alloc(sizeof *a->registry);
	a->registry->done = done;
	a->registry->refused = 0;
	write_again(a);
}

static void written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over)
		return;
	bool moved = e->code == SL_ECONFLICT || e->code == SL_ENOTFOUND;
	if (moved && a->registry->refused++ < REFUSED_MAX) {
		act_wait(a, AGAIN_MS, write_again); /* it may have registered anew: look */
	} else if (moved || !e->code) {
		if (e->code)
			act_end(a, e);
		else
			write_again(a); /* read back */
	} else {
		a->registry->error = *e;
		registry_failed(a, write_again);
	}
}

void registry_put(struct act *a, const struct plan_registered *x, int state, int64_t timeout_ms,
		  void (*done)(void *arg, const struct sl_error *e))
{
	struct world *w = &a->r->world;
	const struct sl_instance_change change = {
		.service = a->step->service,
		.environment = x->environment,
		.app = x->app,
		.id = x->id,
		.expect_state = x->state,
		.state = state,
		.expect_weight = SL_KEEP,
		.weight = SL_KEEP,
	};
	w->registry->write(w->registering.instance, &change, timeout_ms, done, a);
}

static void changed(struct act *a, const struct plan_registered *x)
{
	char found[256];
	snprintf(found, sizeof found, "registry %s says %s of %.120s", name_of(a),
		 plan_registered_word(x->state), x->place);
	if (a->settling)
		act_settled(a, SETTLED_CHANGED, found);
	else
		act_fail(a, SL_ECONFLICT, "%s: someone else changed it", found);
}

/* As it shall be, as it was, or neither. What starts by itself is on its way up. */
static void write_next(struct act *a)
{
	const cJSON *item;
	if (registry_failed(a, write_again))
		return;
	cJSON_ArrayForEach(item, wanted(a))
	{
		bool out = strcmp(item->valuestring, plan_registered_word(SL_INSTANCE_OUT)) == 0;
		int state = out ? SL_INSTANCE_OUT : SL_INSTANCE_UP;
		const struct plan_registered *x = find(a, item->string);
		if (!x || x->state == state || (!out && registry_is_called(x->state)))
			continue;
		if (out ? registry_is_called(x->state) : x->state == SL_INSTANCE_OUT)
			registry_put(a, x, state, act_left(a, REGISTRY_TIMEOUT_MS), written);
		else
			changed(a, x);
		return;
	}
	a->registry->done(a);
}

/* --- ready --- */

static bool is_version(const struct plan_registered *x, const char *version)
{
	return !version || (x->version && strcmp(x->version, version) == 0);
}

bool registry_is_ready(const struct act *a, const char *version, char *why, size_t size)
{
	const struct plan_registered *near = NULL;
	for (size_t i = 0; i < a->registry->found.count; i++) {
		const struct plan_registered *x = &a->registry->found.at[i];
		if (!is_own(a, x))
			continue;
		bool good = x->state == SL_INSTANCE_UP || x->state == SL_INSTANCE_OUT;
		if (good && is_version(x, version))
			return true;
		if (!near || is_version(x, version))
			near = x;
	}
	if (!near)
		snprintf(why, size, "registry %s does not list it", name_of(a));
	else if (is_version(near, version))
		snprintf(why, size, "registry %s says %s", name_of(a),
			 plan_registered_word(near->state));
	else
		snprintf(why, size, "registry %s says version %.80s, not %.80s", name_of(a),
			 near->version ? near->version : "(none)", version);
	return false;
}
