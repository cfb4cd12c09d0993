/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ready: probe every `interval` until the instance has been healthy for minHealthyTime without a
 * break, before healthyDeadline. Probes go through the host's SSH connection, so the service's port
 * needs no route from here. A process that died is not waited for. Where `registered` is asked for,
 * the registry must say so too, read past all caches.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/registry.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define LOOK_EVERY_MS     2000
#define PROBE_BODY        65536
#define REGISTRY_EVERY_MS 1000

static void probe(struct act *a);
static void look(struct act *a);

static const struct pb_ready *ready_of(const struct act *a)
{
	return &a->r->in->playbook->services[0].ready;
}

static int64_t ready_until(const struct act *a)
{
	return a->began + ready_of(a)->healthy_deadline.ms;
}

/* A registry is not asked more often than it hears of anything. */
static int64_t pause_ms(const struct act *a)
{
	int64_t interval = ready_of(a)->interval.ms;
	return a->step->registered && interval < REGISTRY_EVERY_MS ? REGISTRY_EVERY_MS : interval;
}

/* --- the end --- */

static void tailed(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	const char *tail = remote_answer_get(answer, "tail");
	const char *exit = remote_answer_get(answer, "exit");
	if (tail && *tail)
		sl_json_add_str(act_detail(a), "tail", tail);
	if (exit && *exit)
		sl_json_add_str(act_detail(a), "exit", exit);
	struct sl_error e = a->last;
	act_end(a, &e);
}

/* Say why: the probe's answer, the end of the log, how the process ended. */
static void give_up(struct act *a)
{
	if (a->status)
		sl_json_add_int(act_detail(a), "status", a->status);
	if (*a->body)
		sl_json_add_str(act_detail(a), "body", a->body);
	const struct remote_arg args[] = {{"lines", "50"}};
	act_remote(a, REMOTE_TAIL, args, SL_COUNT(args), 15000, tailed);
}

static void healthy(struct act *a)
{
	const struct pb_ready *rd = ready_of(a);
	int64_t now = sl_time_boottime();
	if (!a->since)
		a->since = now;
	if (now - a->since >= rd->min_healthy_time.ms) {
		act_ok(a);
		return;
	}
	int64_t left = rd->min_healthy_time.ms - (now - a->since);
	act_note(a, now + left, "healthy, must stay so");
	act_wait(a, left < pause_ms(a) ? left : pause_ms(a), probe);
}

static void unhealthy(struct act *a, enum sl_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void unhealthy(struct act *a, enum sl_err code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	sl_vfail(&a->last, code, fmt, ap);
	va_end(ap);
	a->since = 0;
	int64_t now = sl_time_boottime();
	if (now >= ready_until(a)) {
		char d[32];
		sl_duration_format(d, sizeof d, ready_of(a)->healthy_deadline.ms);
		sl_error_prefix(&a->last, "not ready within %s", d);
		a->last.code = SL_ETIMEOUT;
		give_up(a);
		return;
	}
	act_note(a, ready_until(a), "not ready yet: %.180s", a->last.msg);
	if (now - a->checked >= LOOK_EVERY_MS)
		look(a);
	else
		act_wait(a, pause_ms(a), probe);
}

/* --- is the process still there? --- */

static void looked(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	const char *alive = remote_answer_get(answer, "alive");
	a->checked = sl_time_boottime();
	bool process = a->instance->command != NULL;
	if (process && !answer->error.code && alive && strcmp(alive, "no") == 0) {
		char why[sizeof a->last.msg];
		snprintf(why, sizeof why, "%s", a->last.msg);
		sl_fail(&a->last, SL_ECOMMAND, "%s: the process ended before it was ready%s%.600s",
			a->instance->id, *why ? "; last probe: " : "", why);
		give_up(a);
		return;
	}
	act_wait(a, pause_ms(a), probe);
}

static void look(struct act *a)
{
	act_remote(a, REMOTE_INSTANCE, NULL, 0, 15000, looked);
}

/* --- the registry --- */

/* It is the registry that fails here, not the release: no reason to take anything back. */
static void registry_silent(struct act *a)
{
	struct sl_error e = a->registry->error;
	a->since = 0;
	if (sl_time_boottime() >= ready_until(a)) {
		sl_error_prefix(&e, "whether it is registered is not known");
		act_problem(a, &e);
		return;
	}
	act_note(a, ready_until(a), "the registry gives no answer: %.180s", e.msg);
	act_wait(a, pause_ms(a), probe);
}

static void ready_registered(struct act *a)
{
	char why[256];
	if (a->registry->error.code)
		registry_silent(a);
	else if (registry_is_ready(a, a->step->registered_version, why, sizeof why))
		healthy(a);
	else
		unhealthy(a, SL_ECONFLICT, "%s", why);
}

/* Its own probe is content. */
static void probed(struct act *a)
{
	if (a->step->registered)
		registry_read(a, ready_registered);
	else
		healthy(a);
}

/* --- probes --- */

static bool version_matches(struct act *a, const struct sl_http_response *res)
{
	const struct pb_ready *rd = ready_of(a);
	const char *want = a->r->in->resolved->version;
	char found[128] = "";
	if ((!rd->version_header && !rd->version_json) || runner_is_undoing(a->r))
		return true;
	if (rd->version_header) {
		char lower[128];
		size_t i = 0;
		for (; rd->version_header[i] && i + 1 < sizeof lower; i++)
			lower[i] = (char)tolower((unsigned char)rd->version_header[i]);
		lower[i] = '\0';
		const char *v = sl_http_response_header(res, lower);
		snprintf(found, sizeof found, "%s", v ? v : "");
	} else {
		cJSON *j = sl_json_parse(res->body, res->body_len, NULL);
		snprintf(found, sizeof found, "%s", sl_json_str(j, rd->version_json, ""));
		cJSON_Delete(j);
	}
	if (strcmp(found, want) == 0)
		return true;
	unhealthy(a, SL_ECONFLICT, "it answers with version '%s', not '%s'", found, want);
	return false;
}

static void answered(void *arg, const struct sl_http_response *res)
{
	struct act *a = arg;
	a->http = NULL;
	if (a->r->over)
		return;
	if (res->error.code) {
		unhealthy(a, res->error.code, "GET %s: %s", a->instance->ready_http,
			  res->error.msg);
		return;
	}
	a->status = res->status;
	sl_text_clean(a->body, sizeof a->body, res->body ? res->body : "", res->body_len, true);
	if (res->status < 200 || res->status > 399)
		unhealthy(a, SL_ECOMMAND, "GET %s answered %ld", a->instance->ready_http,
			  res->status);
	else if (version_matches(a, res))
		probed(a);
}

static struct sl_endpoint own_endpoint(const struct act *a)
{
	return (struct sl_endpoint){
		.host = a->instance->host->name,
		.address = a->instance->host->service_address,
		.port = a->instance->ready_port,
	};
}

static void probe_http(struct act *a)
{
	struct sl_endpoint to = own_endpoint(a);
	bool direct = ready_of(a)->from_controller;
	if (!direct && !a->tunnel) {
		struct sl_error e;
		a->tunnel = tunnel_open(a->host, &to, &e);
		if (!a->tunnel) {
			act_end(a, &e);
			return;
		}
	}
	bool six = strchr(to.address, ':') != NULL;
	char *url = sl_asprintf("http://%s%s%s:%u%s", six ? "[" : "", to.address, six ? "]" : "",
				to.port, a->instance->ready_http);
	const struct sl_http_request req = {
		.url = url,
		.timeout_ms = ready_of(a)->timeout.ms,
		.max_body = PROBE_BODY,
		.unix_socket = direct ? NULL : tunnel_path(a->tunnel),
	};
	a->http = sl_http_start(plugin_host_http(a->r->world.plugins), &req, answered, a);
	free(url);
}

static void tcp_opened(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct act *a = arg;
	a->last = *e;
	sl_stream_close(s);
}

static void tcp_data(void *arg, struct sl_stream *s, const char *bytes, size_t len)
{
	(void)arg;
	(void)s;
	(void)bytes;
	(void)len;
}

static void tcp_ended(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	(void)arg;
	(void)s;
	(void)e;
}

static void tcp_closed(void *arg)
{
	struct act *a = arg;
	struct sl_error e = a->last;
	if (e.code)
		unhealthy(a, e.code, "port %u: %s", a->instance->ready_port, e.msg);
	else
		probed(a);
}

static const struct sl_stream_events tcp_events = {
	.opened = tcp_opened,
	.data = tcp_data,
	.ended = tcp_ended,
	.closed = tcp_closed,
};

static void probe_tcp(struct act *a)
{
	struct sl_endpoint to = own_endpoint(a);
	struct transport *from =
		ready_of(a)->from_controller ? world_transport(&a->r->world, "local") : a->host;
	transport_stream(from, &to, ready_of(a)->timeout.ms, &tcp_events, a);
}

static void commanded(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	const char *rc = remote_answer_get(answer, "rc");
	if (answer->error.code)
		unhealthy(a, answer->error.code, "%s", answer->error.msg);
	else if (rc && strcmp(rc, "0") == 0)
		probed(a);
	else
		unhealthy(a, SL_ECOMMAND, "the ready command ended with %s", rc ? rc : "nothing");
}

static void probe_command(struct act *a)
{
	char timeout[24];
	snprintf(timeout, sizeof timeout, "%lld",
		 (long long)(ready_of(a)->timeout.ms + 999) / 1000);
	char *cwd = sl_asprintf("%s/%s", a->instance->dir, a->instance->link);
	const struct remote_arg args[] = {
		{"run", ""},
		{"step", ""},
		{"sluice", a->instance->sluice},
		{"cwd", cwd},
		{"command", a->instance->ready_command},
		{"timeout", timeout},
	};
	remote_run(a->host, REMOTE_COMMAND, args, SL_COUNT(args), ready_of(a)->timeout.ms + 10000,
		   commanded, a);
	free(cwd);
}

/* No `ready` block: the swap saw the process live, that is all there is to know. */
static void probe(struct act *a)
{
	if (a->r->stop == STOP_ABORT || a->r->stop == STOP_KEEP)
		act_fail(a, SL_ECANCELED, "canceled: the run was aborted");
	else if (a->instance->ready_http)
		probe_http(a);
	else if (ready_of(a)->tcp)
		probe_tcp(a);
	else if (a->instance->ready_command)
		probe_command(a);
	else if (a->step->registered)
		probed(a);
	else
		act_ok(a);
}

static void ready_act(struct act *a)
{
	/* What was down before the run, or is taken away by an undo, need not come up. */
	bool gone = runner_is_undoing(a->r) && a->step->prior_dead;
	if (gone) {
		sl_json_add_bool(act_detail(a), "wasDown", true);
		act_ok(a);
		return;
	}
	a->began = sl_time_boottime();
	a->checked = a->began;
	probe(a);
}

const struct step_ops step_ready = {.act = ready_act};
