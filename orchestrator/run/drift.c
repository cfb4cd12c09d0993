/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drift: while a controller lives it reads the router every few seconds and puts back what this run
 * had set and somebody changed; a reload of HAProxy drops weights and drains. It waits its turn for
 * the router like any step.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define DRIFT_EVERY_MS    5000
#define ROUTER_TIMEOUT_MS 15000

/* Is a step that moves this traffic under way? Then what is found is nobody's drift. */
static bool is_moving(const struct runner *r, long instance)
{
	for (size_t i = 0; i < r->act_count; i++) {
		const struct plan_step *s = r->acts[i]->step;
		bool router = s->what == DO_DRAIN || s->what == DO_RETURN || s->what == DO_WEIGHT ||
			      s->what == DO_RESTORE;
		if (router && (instance < 0 || s->instance == instance))
			return true;
	}
	return false;
}

static bool is_swapping(const struct runner *r, long instance)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step->what == DO_SWAP && r->acts[i]->step->instance == instance)
			return true;
	return false;
}

/* What a drain told the router; an operator's maintenance and persistence make it maint. */
static int drained_to(const struct view_step *seen)
{
	const cJSON *admins = sl_json_get(sl_json_get(seen->intent, "target"), "admins");
	int admin = admin_of(admins && admins->child ? admins->child->valuestring : NULL);
	return admin == SL_KEEP ? SL_ADMIN_DRAIN : admin;
}

static int last_of(const struct plan *p, const struct view_step *seen, long instance, int wanted)
{
	for (size_t i = 0; i < p->step_count; i++) {
		if (p->steps[i].instance != instance || seen[i].state != PROGRESS_OK ||
		    p->steps[i].registry_only)
			continue;
		if (p->steps[i].what == DO_DRAIN)
			wanted = drained_to(&seen[i]);
		else if (p->steps[i].what == DO_RETURN)
			wanted = SL_KEEP;
	}
	return wanted;
}

/* The admin state that this run holds an instance in; SL_KEEP = none of ours. */
static int wanted_admin(const struct runner *r, long instance)
{
	int wanted = last_of(&r->view.plan, r->view.steps, instance, SL_KEEP);
	wanted = last_of(&r->view.undo, r->view.undo_steps, instance, wanted);
	/* Ready while its process is being replaced: out at once, checks or not. */
	return wanted != SL_KEEP && is_swapping(r, instance) ? SL_ADMIN_MAINT : wanted;
}

static void emit_drift(struct runner *r, const char *server, const char *found, const char *wanted)
{
	cJSON *event = runner_event("router.drift");
	sl_json_add_str(event, "server", server);
	sl_json_add_str(event, "found", found);
	sl_json_add_str(event, "wanted", wanted);
	runner_emit(r, event, NULL, NULL, NULL);
}

static void drift_written(void *arg, const struct sl_error *e)
{
	(void)e; /* tried again at the next look */
	struct act *a = arg;
	a->acting = false;
	traffic_release(a);
}

static bool drifted_admin(struct runner *r, const struct traffic_server *s,
			  struct sl_router_change *c)
{
	int wanted = is_moving(r, s->instance) ? SL_KEEP : wanted_admin(r, s->instance);
	if (wanted == SL_KEEP || (s->agree && s->admin != SL_ADMIN_READY))
		return false;
	c->admin = wanted;
	emit_drift(r, s->server, admin_words[s->admin], admin_words[wanted]);
	return true;
}

static bool drifted_weight(struct runner *r, const struct traffic_server *s,
			   struct sl_router_change *c)
{
	int64_t wanted = sl_json_int(r->view.weights, s->server, SL_KEEP);
	char found_text[24], wanted_text[24];
	if (wanted == SL_KEEP || is_moving(r, -1) || (s->agree && s->weight == wanted))
		return false;
	c->weight = (int)wanted;
	snprintf(found_text, sizeof found_text, "weight %d", s->weight);
	snprintf(wanted_text, sizeof wanted_text, "weight %d", (int)wanted);
	emit_drift(r, s->server, found_text, wanted_text);
	return true;
}

static void drift_read(struct act *a)
{
	struct runner *r = a->r;
	struct traffic *t = a->traffic;
	size_t n = 0;
	struct sl_router_change *changes = sl_alloc_n(t->count + 1, sizeof *changes);
	for (size_t i = 0; !t->error.code && i < t->count; i++) {
		const struct traffic_server *s = &t->servers[i];
		struct sl_router_change c = {s->server, SL_KEEP, SL_KEEP, SL_KEEP, SL_KEEP};
		if (s->instance < 0 || s->backup)
			continue;
		bool admin = drifted_admin(r, s, &c);
		if (drifted_weight(r, s, &c) || admin)
			changes[n++] = c;
	}
	if (n) {
		r->world.router->write(r->world.router_instance, r->world.router_backend, changes,
				       n, ROUTER_TIMEOUT_MS, drift_written, a);
	} else {
		a->acting = false;
		traffic_release(a);
	}
	free(changes);
}

static void drift_refused(struct act *a, const struct sl_error *e)
{
	(void)e; /* the keeper's own beat says so */
	a->acting = false;
	traffic_release(a);
}

void drift_check(struct runner *r)
{
	struct act *a = &r->drift;
	if (!r->world.router || a->acting || r->over || r->leaving || walk_gives_back(r))
		return;
	*a = (struct act){.r = r, .acting = true, .failed = drift_refused};
	traffic_acquire(a, drift_read);
}

static void drift_due(uv_timer_t *t)
{
	drift_check(t->data);
	registry_drift_check(t->data);
}

void drift_start(struct runner *r)
{
	uv_timer_start(&r->drift_timer, drift_due, DRIFT_EVERY_MS, DRIFT_EVERY_MS);
}
