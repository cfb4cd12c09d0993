/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching is a hint only: "read again". So the lines of the stream are barely looked at, and
 * long ones not at all. A look at the present revision comes first: it logs in, finds a living
 * endpoint, and tells where the stream must begin so that nothing falls between. A stream that
 * ends, is canceled (compaction: the connection then stays open and silent) or never begins is
 * opened again after a pause that grows.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define LOOK_MS      10000
#define BEGIN_MS     10000         /* from the request to the first line */
#define STREAM_MS    (3600 * 1000) /* then it is opened anew: the silent kind of death */
#define PAUSE_MS     1000
#define PAUSE_MAX_MS 30000
#define LINE_MAX     1024 /* of what is parsed: what says more than that tells of a change */
#define PACE_MS      250  /* between two looks at what is said */

struct watch {
	struct sl_call call; /* first: one is cast to the other */
	char *prefix;
	sl_changed changed;
	void *arg;
	struct sl_http_call *http;
	struct sl_buf line;
	bool begun;       /* the stream of this connection has said its first line */
	bool broken;      /* it is to be opened again */
	bool told;        /* the trouble was logged */
	int64_t revision; /* seen so far; 0 = none */
	int64_t pause_ms;
};

static void watch_look(struct watch *w);

/* Only ever ended by cancel: there is nobody to tell. */
static void watch_finish(struct sl_call *call, const struct sl_error *e)
{
	struct watch *w = (struct watch *)call;

	(void)e;
	sl_buf_release(&w->line);
	free(w->prefix);
}

static void watch_end(struct watch *w)
{
	struct sl_error e = {0};

	etcd_call_end(&w->call, &e);
}

static void watch_say(struct watch *w)
{
	if (!w->call.canceled)
		w->changed(w->arg);
}

/* --- pauses --- */

static struct sl_timer *watch_timer(struct watch *w, int64_t ms, void (*fire)(void *arg))
{
	const struct sl_host_services *services = w->call.etcd->services;

	return services->timer(services->ctx, ms, fire, w);
}

static void watch_timer_stop(struct watch *w)
{
	const struct sl_host_services *services = w->call.etcd->services;

	if (w->call.timer)
		services->timer_cancel(services->ctx, w->call.timer);
	w->call.timer = NULL;
}

static void on_pause_over(void *arg)
{
	struct watch *w = arg;

	w->call.timer = NULL;
	if (w->call.canceled)
		watch_end(w);
	else
		watch_look(w);
}

static void watch_pause(struct watch *w, const char *why)
{
	const struct sl_host_services *services = w->call.etcd->services;
	char *text = sl_asprintf("changes are not pushed at the moment: %s", why);

	services->log(services->ctx, w->told ? SL_LOG_DEBUG : SL_LOG_WARN, text);
	free(text);
	w->told = true;
	w->call.timer = watch_timer(w, w->pause_ms, on_pause_over);
	w->pause_ms = w->pause_ms * 2 < PAUSE_MAX_MS ? w->pause_ms * 2 : PAUSE_MAX_MS;
}

/* --- the stream --- */

static void watch_break(struct watch *w)
{
	const struct sl_host_services *services = w->call.etcd->services;

	if (w->broken)
		return;
	w->broken = true;
	if (w->http)
		services->http_cancel(services->ctx, w->http);
}

static void on_begin_late(void *arg)
{
	struct watch *w = arg;

	w->call.timer = NULL;
	watch_break(w);
}

static void watch_begin(struct watch *w)
{
	if (w->begun)
		return;
	w->begun = true;
	w->told = false;
	w->pause_ms = PAUSE_MS;
	watch_timer_stop(w);
}

/* One line: true if it tells of a change. */
static bool line_read(struct watch *w, const char *line, size_t len)
{
	cJSON *root = sl_json_parse(line, len, NULL);
	const cJSON *result = sl_json_get(root, "result");
	int64_t revision = etcd_int(sl_json_get(result, "header"), "revision");
	bool events = cJSON_GetArraySize(sl_json_get(result, "events")) > 0;

	if (!result || sl_json_bool(result, "canceled", false))
		watch_break(w);
	else
		watch_begin(w);
	if (revision > w->revision)
		w->revision = revision;
	cJSON_Delete(root);
	return events;
}

/* A line may come in pieces, and several in one. What is longer than the buffer is not kept. */
static void on_data(void *arg, long status, const char *bytes, size_t len)
{
	struct watch *w = arg;
	bool changed = false;

	if (w->call.canceled || w->broken)
		return;
	if (status != 200) {
		watch_break(w);
		return;
	}
	while (len && !w->broken) {
		const char *end = memchr(bytes, '\n', len);
		size_t n = end ? (size_t)(end - bytes) : len;

		sl_buf_append(&w->line, bytes, n);
		n += end != NULL;
		bytes += n;
		len -= n;
		if (!end)
			break;
		if (w->line.truncated) {
			watch_begin(w);
			changed = true;
		} else if (w->line.len)
			changed = line_read(w, w->line.data, w->line.len) || changed;
		sl_buf_release(&w->line);
		sl_buf_init(&w->line, LINE_MAX);
	}
	if (changed)
		watch_say(w);
}

static void on_stream_end(void *arg, const struct sl_http_response *r)
{
	struct watch *w = arg;

	w->http = NULL;
	watch_timer_stop(w);
	if (w->call.canceled)
		watch_end(w);
	else if (r->error.code != SL_OK && r->error.code != SL_ECANCELED)
		watch_pause(w, r->error.msg);
	else if (r->error.code == SL_OK && r->status != 200)
		watch_pause(w, "etcd refuses to watch");
	else
		watch_pause(w, "the stream of changes ended");
}

static char *watch_body(const struct watch *w)
{
	cJSON *body = cJSON_CreateObject(), *create = etcd_range_prefix(w->prefix, NULL, 0);
	char *text;

	etcd_add_int(create, "start_revision", w->revision + 1);
	cJSON_AddTrueToObject(create, "progress_notify");
	cJSON_AddItemToObject(body, "create_request", create);
	text = sl_json_print(body);
	cJSON_Delete(body);
	return text;
}

static void watch_open(struct watch *w)
{
	const struct etcd *etcd = w->call.etcd;
	struct sl_http_header headers[2];
	struct sl_http_request request;
	char *url, *body = watch_body(w);

	request = etcd_request(etcd, "/watch", headers, &url);
	request.body = body;
	request.body_len = strlen(body);
	request.timeout_ms = STREAM_MS;
	request.data = on_data;
	request.pace_ms = PACE_MS;
	w->begun = w->broken = false;
	sl_buf_release(&w->line);
	sl_buf_init(&w->line, LINE_MAX);
	w->http = etcd->services->http(etcd->services->ctx, &request, on_stream_end, w);
	w->call.timer = watch_timer(w, BEGIN_MS, on_begin_late);
	free(url);
	free(body);
}

/* --- the look before --- */

/* What changed while nothing was watched is told once. */
static void on_looked(struct sl_call *call, const struct sl_error *e)
{
	struct watch *w = (struct watch *)call;
	bool missed;

	if (e->code != SL_OK) {
		watch_pause(w, e->msg);
		return;
	}
	missed = w->revision && call->reply.revision != w->revision;
	w->revision = call->reply.revision;
	watch_open(w);
	if (missed)
		watch_say(w);
}

static void watch_look(struct watch *w)
{
	cJSON *body = etcd_range_prefix(w->prefix, NULL, 0);

	cJSON_AddTrueToObject(body, "count_only");
	w->call.deadline = sl_time_boottime() + LOOK_MS;
	etcd_ask(&w->call, "/kv/range", body, true, on_looked);
}

/* --- life --- */

static void watch_stop(struct sl_call *call)
{
	struct watch *w = (struct watch *)call;

	if (call->ask) {
		sl_ask_cancel(call->ask);
	} else if (w->http) {
		watch_break(w);
	} else if (call->timer) {
		watch_timer_stop(w);
		call->timer = watch_timer(w, 0, on_pause_over);
	}
}

struct sl_call *etcd_watch(struct etcd *etcd, const char *tree, sl_changed changed, void *arg)
{
	struct watch *w = sl_alloc(sizeof *w);

	w->prefix = etcd_path(etcd, tree, NULL, NULL, NULL);
	w->changed = changed;
	w->arg = arg;
	w->pause_ms = PAUSE_MS;
	sl_buf_init(&w->line, LINE_MAX);
	etcd_call_init(&w->call, etcd, LOOK_MS, watch_finish);
	w->call.stop = watch_stop;
	watch_look(w);
	return &w->call;
}
