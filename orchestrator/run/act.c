/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a step in hand; see runner.h. */
#include "orchestrator/run/act.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/key.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define LINK_PATIENCE_MS    60000 /* of a step without a deadline */
#define BACKEND_PATIENCE_MS 15000

static const struct rs_instance *instance_of(struct runner *r, const struct plan_step *s)
{
	if (s->instance < 0 || (size_t)s->instance >= r->in->resolved->instance_count)
		return NULL;
	return &r->in->resolved->instances[s->instance];
}

static void name_attempt(struct act *a)
{
	if (a->seen->failures)
		snprintf(a->id, sizeof a->id, "%s.%u", a->step->id, a->seen->failures + 1);
	else
		snprintf(a->id, sizeof a->id, "%s", a->step->id);
}

/* On resume: this step's intent is durable and its result is not. */
static void settle(struct act *a)
{
	a->settling = true;
	a->acting = true;
	a->prior = cJSON_Duplicate(sl_json_get(a->seen->intent, "prior"), true);
	a->target = cJSON_Duplicate(sl_json_get(a->seen->intent, "target"), true);
	if (a->ops->settle)
		a->ops->settle(a);
	else
		a->ops->act(a);
}

void act_begin(struct runner *r, const struct plan_step *s, struct view_step *seen)
{
	struct act *a = sl_alloc(sizeof *a);
	*a = (struct act){.r = r, .step = s, .seen = seen, .ops = step_ops_of(s->what)};
	a->instance = instance_of(r, s);
	a->host = s->host ? world_transport(&r->world, s->host) : NULL;
	a->began = sl_time_boottime();
	a->deadline = s->deadline_ms ? a->began + s->deadline_ms : 0;
	name_attempt(a);
	uv_timer_init(r->loop, &a->timer);
	a->timer.data = a;
	SL_GROW(r->acts, r->act_count, r->act_cap);
	r->acts[r->act_count++] = a;
	if (seen->state == PROGRESS_STARTED)
		settle(a);
	else if (a->ops->prepare)
		a->ops->prepare(a);
	else
		act_intend(a);
}

static void intended(void *arg)
{
	struct act *a = arg;
	if (a->r->over)
		return;
	a->acting = true;
	a->ops->act(a);
}

void act_intend(struct act *a)
{
	cJSON *event = runner_event("step.started");
	runner_step_fields(event, a->step);
	cJSON_AddItemToObject(event, "prior",
			      a->prior ? cJSON_Duplicate(a->prior, true) : cJSON_CreateNull());
	cJSON_AddItemToObject(event, "target",
			      a->target ? cJSON_Duplicate(a->target, true) : cJSON_CreateNull());
	if (a->deadline)
		sl_json_add_int(event, "until", sl_time_now() + a->step->deadline_ms);
	else
		cJSON_AddNullToObject(event, "until");
	runner_emit(a->r, event, NULL, intended, a);
}

static void free_after_close(uv_handle_t *h)
{
	struct act *a = h->data;
	cJSON_Delete(a->prior);
	cJSON_Delete(a->target);
	cJSON_Delete(a->detail);
	free(a);
}

void act_free(struct act *a)
{
	struct runner *r = a->r;
	traffic_release(a);
	registry_forget(a);
	key_forget(a);
	if (a->tunnel)
		tunnel_close(a->tunnel);
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i] == a)
			r->acts[i] = r->acts[--r->act_count];
	uv_close((uv_handle_t *)&a->timer, free_after_close);
}

static void ended(void *arg)
{
	struct act *a = arg;
	struct runner *r = a->r;
	act_free(a);
	walk(r);
}

static void add_error(cJSON *event, const struct sl_error *e)
{
	if (!e->code) {
		cJSON_AddNullToObject(event, "error");
		return;
	}
	cJSON *o = sl_json_add_object(event, "error");
	sl_json_add_str(o, "code", sl_err_name(e->code));
	sl_json_add_str(o, "message", e->msg);
}

static cJSON *ended_event(struct act *a, const char *result, const struct sl_error *e)
{
	cJSON *event = runner_event("step.ended");
	runner_step_fields(event, a->step);
	sl_json_add_str(event, "result", result);
	sl_json_add_int(event, "ms", sl_time_boottime() - a->began);
	add_error(event, e);
	if (a->detail)
		cJSON_AddItemToObject(event, "detail", cJSON_Duplicate(a->detail, true));
	return event;
}

/* What the run as a whole does about a step that did not end well. */
static void failed(struct act *a, const struct sl_error *e)
{
	struct runner *r = a->r;
	if (runner_is_undoing(r))
		return; /* a failing undo step does not stop the others */
	bool problem = a->problem || e->code == SL_ECONFLICT;
	enum stop_reason why = problem ? STOP_PROBLEM : STOP_FAILURE;
	char place[300];
	walk_stop(r, why, "%s on %s: %s", plan_do_name(a->step->what),
		  plan_step_place(a->step, place, sizeof place), e->msg);
}

/* Errors of the way to the host, not of what was asked there: the same step may be sent again,
 * since every script answers a repeated step from its own files. */
static bool is_link_error(enum sl_err code)
{
	return code == SL_ELOST || code == SL_EREFUSED || code == SL_ETIMEOUT ||
	       code == SL_ENOSHELL;
}

/* Must this end stay out of the journal? Then resume settles the step. */
static bool ends_untold(const struct act *a, enum sl_err code)
{
	return a->r->over || code == SL_EFENCED ||
	       (code == SL_ECANCELED && a->r->stop == STOP_LOST);
}

/* A way to the host that broke for good says nothing of what was done there. */
static const char *result_word(const struct act *a, enum sl_err code)
{
	if (!code)
		return "ok";
	bool gone = (a->lost && is_link_error(code)) || a->problem;
	return gone || code == SL_ECONFLICT || code == SL_ECANCELED ? "unknown" : "failed";
}

void act_end(struct act *a, const struct sl_error *error)
{
	struct runner *r = a->r;
	const struct sl_error e = *error; /* it may lie in what is released here */
	if (a->ending)
		return;
	a->ending = true;
	uv_timer_stop(&a->timer);
	traffic_release(a);
	if (e.code == SL_EFENCED)
		walk_stop(r, STOP_LOST, "%s", e.msg);
	if (ends_untold(a, e.code)) {
		act_free(a);
		walk(r);
		return;
	}
	if (!e.code)
		r->progress = sl_time_boottime();
	else if (e.code != SL_ECANCELED || !r->stop)
		failed(a, &e);
	runner_emit(r, ended_event(a, result_word(a, e.code), &e), NULL, ended, a);
}

void act_ok(struct act *a)
{
	act_end(a, &(struct sl_error){0});
}

void act_fail(struct act *a, enum sl_err code, const char *fmt, ...)
{
	struct sl_error e;
	va_list ap;
	va_start(ap, fmt);
	sl_vfail(&e, code, fmt, ap);
	va_end(ap);
	act_end(a, &e);
}

void act_problem(struct act *a, const struct sl_error *e)
{
	a->problem = true;
	act_end(a, e);
}

void act_settled(struct act *a, enum settled s, const char *found)
{
	if (s == SETTLED_DONE) {
		sl_json_add_bool(act_detail(a), "settled", true);
		act_ok(a);
	} else if (s == SETTLED_NOT_DONE) {
		a->ops->act(a);
	} else {
		act_fail(a, SL_ECONFLICT,
			 "while no controller was there someone else changed this: %s; look, then "
			 "`sluice retry` or `sluice undo`",
			 found);
	}
}

bool act_canceled(struct act *a)
{
	if (a->r->stop != STOP_ABORT && a->r->stop != STOP_KEEP)
		return false;
	act_fail(a, SL_ECANCELED, "canceled: the run was aborted");
	return true;
}

/* May it be over in a moment? */
static bool is_passing(enum sl_err code)
{
	return is_link_error(code) || code == SL_EIO || code == SL_EPROTO || code == SL_ERESOLVE;
}

bool act_try_again(struct act *a, int64_t *since, const struct sl_error *e,
		   void (*again)(struct act *a))
{
	int64_t now = sl_time_boottime();
	if (!*since)
		*since = now;
	if (now - *since >= BACKEND_PATIENCE_MS)
		return false;
	act_note(a, *since + BACKEND_PATIENCE_MS, "trying again: %.200s", e->msg);
	act_wait(a, 1000, again);
	return true;
}

bool act_backend_failed(struct act *a, const struct sl_error *e, void (*again)(struct act *a))
{
	if (!e->code) {
		a->silent = 0;
		return false;
	}
	if (act_canceled(a) || (is_passing(e->code) && act_try_again(a, &a->silent, e, again)))
		return true;
	act_problem(a, e);
	return true;
}

static void timer_fired(uv_timer_t *t)
{
	struct act *a = t->data;
	void (*after)(struct act *) = a->after;
	if (!a->ending && !a->r->over)
		after(a);
}

void act_wait(struct act *a, int64_t ms, void (*again)(struct act *a))
{
	a->after = again;
	uv_timer_start(&a->timer, timer_fired, (uint64_t)(ms > 0 ? ms : 0), 0);
}

void act_note(struct act *a, int64_t until_ms, const char *fmt, ...)
{
	char note[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(note, sizeof note, fmt, ap);
	va_end(ap);
	int64_t until = until_ms ? sl_time_now() + (until_ms - sl_time_boottime()) : 0;
	runner_tick(a->r, a->step, note, until);
}

cJSON *act_detail(struct act *a)
{
	if (!a->detail)
		a->detail = cJSON_CreateObject();
	return a->detail;
}

bool act_late(const struct act *a)
{
	return a->deadline && sl_time_boottime() >= a->deadline;
}

int64_t act_left(const struct act *a, int64_t most)
{
	int64_t left = a->deadline ? a->deadline - sl_time_boottime() : most;
	if (left > most)
		left = most;
	return left > 1 ? left : 1;
}

static void emit_host(struct act *a, const char *name, const struct sl_error *e)
{
	cJSON *event = runner_event(name);
	sl_json_add_str(event, "host", a->step->host);
	sl_json_add_str(event, "error", e->code ? e->msg : NULL);
	runner_emit(a->r, event, NULL, NULL, NULL);
}

bool act_again_if_lost(struct act *a, const struct sl_error *e, void (*again)(struct act *a))
{
	if (a->r->over)
		return false;
	if (!is_link_error(e->code)) {
		if (a->lost)
			emit_host(a, "host.back", e);
		a->lost = false;
		return false;
	}
	if (!a->lost)
		emit_host(a, "host.lost", e);
	a->lost = true;
	if (a->deadline ? act_late(a) : sl_time_boottime() - a->began > LINK_PATIENCE_MS)
		return false;
	act_note(a, a->deadline, "lost the host, trying again: %.180s", e->msg);
	act_wait(a, 1000, again);
	return true;
}

static const char *sluice_folder(const struct act *a)
{
	if (a->step->claim)
		return a->step->claim;
	return a->instance ? a->instance->sluice : "";
}

void act_remote(struct act *a, enum remote_script script, const struct remote_arg *args,
		size_t count, int64_t timeout_ms, remote_done done)
{
	struct remote_arg all[48];
	char epoch[24], port[12];
	size_t n = 0;
	snprintf(epoch, sizeof epoch, "%" PRId64, a->r->claim_epoch);
	snprintf(port, sizeof port, "%u", a->step->port);
	for (; n < count; n++)
		all[n] = args[n];
	all[n++] = (struct remote_arg){"sluice", sluice_folder(a)};
	all[n++] = (struct remote_arg){"run", a->r->uuid};
	all[n++] = (struct remote_arg){"epoch", epoch};
	all[n++] = (struct remote_arg){"step", a->id};
	if (a->instance) {
		all[n++] = (struct remote_arg){"dir", a->instance->dir};
		all[n++] = (struct remote_arg){"link", a->instance->link};
		all[n++] = (struct remote_arg){"port", port};
		all[n++] = (struct remote_arg){"host", a->instance->host->service_address};
	}
	remote_run(a->host, script, all, n, timeout_ms, done, a);
}
