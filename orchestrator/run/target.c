/* SPDX-License-Identifier: Apache-2.0 */
/* What the router shall be told: computed for all servers, written in one go, settled by its admin
 * state. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define ROUTER_TIMEOUT_MS 15000

const char *const admin_words[] = {
	[SL_ADMIN_READY] = "ready", [SL_ADMIN_DRAIN] = "drain", [SL_ADMIN_MAINT] = "maint"};

int admin_of(const char *word)
{
	for (size_t i = 0; word && i < SL_COUNT(admin_words); i++)
		if (strcmp(word, admin_words[i]) == 0)
			return (int)i;
	return SL_KEEP;
}

/* --- computing a target --- */

void target_add_admin(cJSON *object, const char *server, int admin)
{
	cJSON *admins = cJSON_GetObjectItemCaseSensitive(object, "admins");
	if (!admins)
		admins = sl_json_add_object(object, "admins");
	sl_json_add_str(admins, server, admin_words[admin]);
}

void target_renew(struct act *a)
{
	cJSON *registry = cJSON_DetachItemFromObjectCaseSensitive(a->target, "registry");
	cJSON_Delete(a->target);
	a->target = cJSON_CreateObject();
	if (registry)
		cJSON_AddItemToObject(a->target, "registry", registry);
}

static cJSON *weights_now(const struct act *a)
{
	cJSON *weights = cJSON_CreateObject();
	for (size_t i = 0; i < a->traffic->count; i++)
		if (a->traffic->servers[i].instance >= 0)
			sl_json_add_int(weights, a->traffic->servers[i].server,
					a->traffic->servers[i].weight);
	return weights;
}

/*
 * The weights that give the new side `want`, with one instance taken out (leaving) or put in
 * (coming); -1 = none. Returns the object and the share that it really gives.
 */
cJSON *target_weights(const struct act *a, double want, long leaving, long coming, double *real)
{
	const struct traffic *t = a->traffic;
	const struct resolved *rs = a->r->in->resolved;
	struct plan_weight_server *servers = sl_alloc_n(t->count + 1, sizeof *servers);
	int *weights = sl_alloc_n(t->count + 1, sizeof *weights);
	size_t n = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct traffic_server *s = &t->servers[i];
		if (s->instance < 0 || s->backup)
			continue;
		servers[n++] = (struct plan_weight_server){
			.in_service = s->instance == coming ||
				      (s->instance != leaving && s->admin == SL_ADMIN_READY),
			.is_new = a->r->is_new[s->instance],
			.configured = s->configured > 0 ? s->configured : 1,
		};
	}
	plan_weights(servers, n, want, a->r->in->playbook->strategy.min_capacity,
		     rs->instance_count, weights, real);
	cJSON *out = cJSON_CreateObject();
	n = 0;
	for (size_t i = 0; i < t->count; i++)
		if (t->servers[i].instance >= 0 && !t->servers[i].backup)
			sl_json_add_int(out, t->servers[i].server, weights[n++]);
	free(servers);
	free(weights);
	return out;
}

/* The share of the new side that configured weights give (rolling, and after a restore). */
double target_configured_share(const struct act *a, long leaving, long coming)
{
	double all = 0, new = 0;
	for (size_t i = 0; i < a->traffic->count; i++) {
		const struct traffic_server *s = &a->traffic->servers[i];
		bool in = s->instance == coming ||
			  (s->instance != leaving && s->admin == SL_ADMIN_READY);
		if (s->instance < 0 || s->backup || !in)
			continue;
		all += s->configured;
		new += a->r->is_new[s->instance] ? s->configured : 0;
	}
	return all > 0 ? new / all : 0;
}

/* What an earlier try of this step has told the router is ours, on whichever nodes it arrived: what
 * stood before it stays the prior. */
static int prior_admin(const struct act *a, const struct traffic_server *s)
{
	const cJSON *intent = a->seen ? a->seen->intent : NULL;
	const cJSON *target = sl_json_get(intent, "target"), *prior = sl_json_get(intent, "prior");
	int ours = admin_of(sl_json_str(sl_json_get(target, "admins"), s->server, NULL));
	int before = admin_of(sl_json_str(sl_json_get(prior, "admins"), s->server, NULL));
	bool tried = ours != SL_KEEP && before != SL_KEEP;
	return tried && (!s->agree || s->admin == ours) ? before : s->admin;
}

void target_prior(struct act *a, const struct traffic_server *s)
{
	if (!a->prior)
		a->prior = cJSON_CreateObject();
	if (s)
		target_add_admin(a->prior, s->server, prior_admin(a, s));
	cJSON_AddItemToObject(a->prior, "weights", weights_now(a));
}

/* --- writing a target --- */

static int expected(const struct traffic_server *s, int value)
{
	return s && s->agree ? value : SL_KEEP;
}

static struct sl_router_change *change_for(const struct act *a, struct sl_router_change *all,
					   size_t *n, const char *server)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp(all[i].server, server) == 0)
			return &all[i];
	const struct traffic_server *s = NULL;
	for (size_t i = 0; i < a->traffic->count; i++)
		if (strcmp(a->traffic->servers[i].server, server) == 0)
			s = &a->traffic->servers[i];
	all[*n] = (struct sl_router_change){
		.server = server,
		.expect_weight = expected(s, s ? s->weight : 0),
		.expect_admin = expected(s, s ? s->admin : 0),
		.weight = SL_KEEP,
		.admin = SL_KEEP,
	};
	return &all[(*n)++];
}

static void write_again(struct act *a);

static void on_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over || !traffic_is_cut(a, e, write_again))
		a->written(a, e);
}

static void write_target(struct act *a)
{
	const cJSON *weights = sl_json_get(a->target, "weights");
	const cJSON *admins = sl_json_get(a->target, "admins");
	size_t most = (size_t)(cJSON_GetArraySize(weights) + cJSON_GetArraySize(admins));
	struct sl_router_change *changes = sl_alloc_n(most + 1, sizeof *changes);
	size_t n = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, weights)
	{
		change_for(a, changes, &n, item->string)->weight = item->valueint;
	}
	cJSON_ArrayForEach(item, admins)
	{
		change_for(a, changes, &n, item->string)->admin = admin_of(item->valuestring);
	}
	struct world *w = &a->r->world;
	w->router->write(w->router_instance, w->router_backend, changes, n,
			 act_left(a, ROUTER_TIMEOUT_MS), on_written, a);
	free(changes);
}

/* Time has gone by: a stale controller must not write. */
static void assured(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over)
		return;
	if (e->code)
		a->written(a, e);
	else
		write_target(a);
}

static void write_again(struct act *a)
{
	keeper_assure(a->r, assured, a);
}

void target_write(struct act *a, void (*done)(void *arg, const struct sl_error *e))
{
	if (a->r->over)
		return;
	a->written = done;
	write_target(a);
}

/* Journal what the new side's share is now. */
void target_emit(struct act *a, double want, double real)
{
	cJSON *event = runner_event("traffic.set");
	sl_json_add_num(event, "want", want);
	sl_json_add_num(event, "real", real);
	cJSON *list = sl_json_add_array(event, "weights");
	const cJSON *item;
	cJSON_ArrayForEach(item, sl_json_get(a->target, "weights"))
	{
		cJSON *w = cJSON_CreateObject();
		sl_json_add_str(w, "server", item->string);
		sl_json_add_int(w, "weight", item->valueint);
		cJSON_AddItemToArray(list, w);
	}
	runner_emit(a->r, event, NULL, NULL, NULL);
}

bool traffic_failed(struct act *a)
{
	if (!a->traffic->error.code)
		return false;
	act_end(a, &a->traffic->error);
	return true;
}

const struct traffic_server *traffic_own(struct act *a)
{
	const struct traffic_server *s = traffic_find(a, a->step->instance);
	if (!s)
		act_fail(a, SL_ENOTFOUND, "the router no longer has a server for %s",
			 a->instance->id);
	return s;
}

/* --- settling after a crash --- */

static bool admin_is(const struct act *a, const cJSON *side, const struct traffic_server *s)
{
	(void)a;
	const char *word = sl_json_str(sl_json_get(side, "admins"), s->server, NULL);
	return word && s->agree && s->admin == admin_of(word);
}

/* Drain and return are known by the server's admin state; weights are computed anew anyway. */
void target_settle_admin(struct act *a,
			 void (*retarget)(struct act *, const struct traffic_server *),
			 void (*done)(struct act *))
{
	if (traffic_failed(a))
		return;
	const struct traffic_server *s = traffic_own(a);
	if (!s)
		return;
	if (admin_is(a, a->target, s)) {
		done(a);
	} else if (!s->agree || admin_is(a, a->prior, s)) {
		retarget(a, s);
		a->ops->act(a);
	} else {
		act_settled(a, SETTLED_CHANGED, admin_words[s->admin]);
	}
}
