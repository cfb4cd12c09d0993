/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that move traffic: drain, return, weight, restore. Each holds the router from its read
 * to its write. prior and target are {"admins": {server: word}, "weights": {server: n}}.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define ROUTER_TIMEOUT_MS 15000
#define IDLE_APART_MS     1000
#define UP_POLL_MS        200

static const char *const admin_words[] = {
	[SL_ADMIN_READY] = "ready", [SL_ADMIN_DRAIN] = "drain", [SL_ADMIN_MAINT] = "maint"};

static int admin_of(const char *word)
{
	for (size_t i = 0; word && i < SL_COUNT(admin_words); i++)
		if (strcmp(word, admin_words[i]) == 0)
			return (int)i;
	return SL_KEEP;
}

static const struct pb_service *service_of(const struct act *a)
{
	return &a->r->in->playbook->services[0];
}

/* --- computing a target --- */

static void add_admin(cJSON *object, const char *server, int admin)
{
	cJSON *admins = cJSON_GetObjectItemCaseSensitive(object, "admins");
	if (!admins)
		admins = sl_json_add_object(object, "admins");
	sl_json_add_str(admins, server, admin_words[admin]);
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
static cJSON *weights_for(const struct act *a, double want, long leaving, long coming, double *real)
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
static double configured_share(const struct act *a, long leaving, long coming)
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

static void set_prior(struct act *a, const struct traffic_server *s)
{
	a->prior = cJSON_CreateObject();
	if (s)
		add_admin(a->prior, s->server, s->admin);
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

static void write_target(struct act *a, void (*done)(void *arg, const struct sl_error *e))
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
			 act_left(a, ROUTER_TIMEOUT_MS), done, a);
	free(changes);
}

/* Journal what the new side's share is now. */
static void emit_traffic(struct act *a, double want, double real)
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

static bool read_failed(struct act *a)
{
	if (!a->traffic->error.code)
		return false;
	act_end(a, &a->traffic->error);
	return true;
}

static const struct traffic_server *own_server(struct act *a)
{
	const struct traffic_server *s = traffic_find(a, a->step->instance);
	if (!s)
		act_fail(a, SL_ENOTFOUND, "the router no longer has a server for %s",
			 a->instance->id);
	return s;
}

/* --- drain --- */

static void drain_target(struct act *a, const struct traffic_server *s)
{
	cJSON_Delete(a->target);
	a->target = cJSON_CreateObject();
	int admin = a->r->seen->router.persistence ? SL_ADMIN_MAINT : SL_ADMIN_DRAIN;
	add_admin(a->target, s->server, s->admin == SL_ADMIN_MAINT ? SL_ADMIN_MAINT : admin);
	if (a->r->view.share_want >= 0)
		cJSON_AddItemToObject(
			a->target, "weights",
			weights_for(a, a->r->view.share_want, a->step->instance, -1, NULL));
}

static void drain_prior(struct act *a)
{
	if (read_failed(a))
		return;
	const struct traffic_server *s = own_server(a);
	if (!s)
		return;
	set_prior(a, s);
	drain_target(a, s);
	act_intend(a);
}

static void drain_prepare(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, drain_prior);
	else
		act_intend(a);
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
	if (read_failed(a))
		return;
	const struct traffic_server *s = own_server(a);
	if (!s)
		return;
	a->idle_reads = (int)(s->sessions + s->queued); /* from here on: what was in flight */
	cJSON_Delete(a->target);
	a->target = cJSON_CreateObject();
	add_admin(a->target, s->server, SL_ADMIN_MAINT);
	write_target(a, drain_maint_written);
}

static void drain_timed_out(struct act *a, int64_t in_flight)
{
	if (service_of(a)->drain.fail_on_timeout) {
		act_fail(a, SL_ETIMEOUT,
			 "%s: still %lld requests in flight when drain.timeout was over",
			 a->instance->id, (long long)in_flight);
		return;
	}
	if (a->r->world.router)
		traffic_acquire(a, drain_cut);
	else
		drain_done(a, in_flight);
}

static bool is_canceled(struct act *a)
{
	if (a->r->stop != STOP_ABORT && a->r->stop != STOP_KEEP)
		return false;
	act_fail(a, SL_ECANCELED, "canceled: the run was aborted");
	return true;
}

static void drain_again(struct act *a)
{
	if (!is_canceled(a))
		traffic_read(a, drain_wait);
}

static int64_t drain_until(const struct act *a)
{
	return a->began + service_of(a)->drain.timeout.ms;
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
	const struct traffic_server *s = own_server(a);
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
	if (is_canceled(a))
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

static void drain_begin_wait(struct act *a)
{
	double real = 0, want = a->r->view.share_want;
	if (a->traffic && sl_json_get(a->target, "weights")) {
		cJSON_Delete(weights_for(a, want, a->step->instance, -1, &real));
		emit_traffic(a, want, real);
	}
	traffic_release(a);
	a->idle_reads = 0;
	if (a->step->prior_dead)
		drain_done(a, 0);
	else if (a->instance->drain_command)
		drain_command_again(a);
	else if (a->r->world.router)
		traffic_read(a, drain_wait);
	else
		drain_done(a, 0);
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
	if (a->r->world.router)
		write_target(a, drain_written);
	else
		drain_begin_wait(a);
}

/* --- settling after a crash --- */

static bool admin_is(const struct act *a, const cJSON *side, const struct traffic_server *s)
{
	(void)a;
	const char *word = sl_json_str(sl_json_get(side, "admins"), s->server, NULL);
	return word && s->agree && s->admin == admin_of(word);
}

/* Drain and return are known by the server's admin state; weights are computed anew anyway. */
static void settle_admin(struct act *a,
			 void (*retarget)(struct act *, const struct traffic_server *),
			 void (*done)(struct act *))
{
	if (read_failed(a))
		return;
	const struct traffic_server *s = own_server(a);
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

static void drain_settle_read(struct act *a)
{
	settle_admin(a, drain_target, drain_begin_wait);
}

static void drain_settle(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, drain_settle_read);
	else
		drain_act(a);
}

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
	cJSON_Delete(a->target);
	a->target = cJSON_CreateObject();
	add_admin(a->target, s->server, admin);
	if (a->step->share >= 0)
		cJSON_AddItemToObject(a->target, "weights",
				      weights_for(a, a->step->share, -1, coming, NULL));
}

static void return_prior(struct act *a)
{
	if (read_failed(a))
		return;
	const struct traffic_server *s = own_server(a);
	if (!s)
		return;
	set_prior(a, s);
	return_target(a, s);
	act_intend(a);
}

static void return_prepare(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, return_prior);
	else
		act_intend(a);
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
		act_ok(a);
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
	double real = configured_share(a, -1, coming);
	if (want >= 0)
		cJSON_Delete(weights_for(a, want, -1, coming, &real));
	emit_traffic(a, want >= 0 ? want : real, real);
	traffic_release(a);
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
	if (a->r->world.router)
		write_target(a, return_written);
	else
		act_ok(a);
}

static void return_settle_read(struct act *a)
{
	settle_admin(a, return_target, return_begin_wait);
}

static void return_settle(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, return_settle_read);
	else
		act_ok(a);
}

/* --- weight, restore --- */

static bool is_restore(const struct act *a)
{
	return a->step->what == DO_RESTORE;
}

static cJSON *wanted_weights(const struct act *a, double *real)
{
	if (!is_restore(a))
		return weights_for(a, a->step->share, -1, -1, real);
	cJSON *weights = cJSON_CreateObject();
	for (size_t i = 0; i < a->traffic->count; i++)
		if (a->traffic->servers[i].instance >= 0 && !a->traffic->servers[i].backup)
			sl_json_add_int(weights, a->traffic->servers[i].server,
					a->traffic->servers[i].configured);
	*real = configured_share(a, -1, -1);
	return weights;
}

static void weight_prior(struct act *a)
{
	if (read_failed(a))
		return;
	double real;
	set_prior(a, NULL);
	a->target = cJSON_CreateObject();
	cJSON_AddItemToObject(a->target, "weights", wanted_weights(a, &real));
	act_intend(a);
}

static void weight_prepare(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, weight_prior);
	else
		act_intend(a);
}

static void weight_finish(struct act *a)
{
	double real = 0;
	cJSON_Delete(wanted_weights(a, &real));
	emit_traffic(a, is_restore(a) ? real : a->step->share, real);
	act_ok(a);
}

static void weight_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (e->code)
		act_end(a, e);
	else
		weight_finish(a);
}

static void weight_act(struct act *a)
{
	if (a->r->world.router)
		write_target(a, weight_written);
	else
		act_ok(a);
}

/* Equals target = done; equals prior, or a mixture that a dying controller leaves = not done. */
static void weight_settle_read(struct act *a)
{
	if (read_failed(a))
		return;
	const cJSON *target = sl_json_get(a->target, "weights");
	const cJSON *prior = sl_json_get(a->prior, "weights");
	bool done = true;
	for (size_t i = 0; i < a->traffic->count; i++) {
		const struct traffic_server *s = &a->traffic->servers[i];
		int64_t to = sl_json_int(target, s->server, -1);
		if (to < 0 || (s->agree && s->weight == to))
			continue;
		done = false;
		if (s->agree && s->weight != sl_json_int(prior, s->server, -1)) {
			char found[160];
			snprintf(found, sizeof found, "server %s has weight %d", s->server,
				 s->weight);
			act_settled(a, SETTLED_CHANGED, found);
			return;
		}
	}
	if (done)
		weight_finish(a);
	else
		weight_act(a);
}

static void weight_settle(struct act *a)
{
	if (a->r->world.router)
		traffic_acquire(a, weight_settle_read);
	else
		act_ok(a);
}

const struct step_ops step_drain = {
	.prepare = drain_prepare,
	.act = drain_act,
	.settle = drain_settle,
};

const struct step_ops step_return = {
	.prepare = return_prepare,
	.act = return_act,
	.settle = return_settle,
};

const struct step_ops step_weight = {
	.prepare = weight_prepare,
	.act = weight_act,
	.settle = weight_settle,
};
