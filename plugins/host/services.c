/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin may use instead of system calls. The context is the backend, so that a log line
 * says for whom. */
#include <stdlib.h>

#include "plugins/host/internal.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

struct sl_timer {
	union {
		uv_handle_t any;
		uv_timer_t timer;
		uv_idle_t idle; /* of 0 ms */
	} handle;
	void (*fire)(void *arg);
	void *arg;
};

static struct sl_stream *service_stream(void *ctx, const struct sl_endpoint *to, int64_t timeout_ms,
					const struct sl_stream_events *events, void *arg)
{
	struct plugin_backend *b = ctx;
	struct plugin_host *h = b->host;
	struct sl_error e = {0};

	if (!to->host)
		return plugin_stream_open(h->loop, to, timeout_ms, events, arg);
	if (h->remote)
		return h->remote(h->remote_ctx, to, timeout_ms, events, arg);
	sl_fail(&e, SL_EUNSUPPORTED, "%s: host '%s' cannot be reached from here: no SSH is set up",
		b->name, to->host);
	return plugin_stream_failed(h->loop, &e, events, arg);
}

static struct sl_http_call *service_http(void *ctx, const struct sl_http_request *request,
					 sl_http_done done, void *arg)
{
	struct plugin_backend *b = ctx;

	if (request->tls && request->tls->insecure)
		sl_log(SL_LOG_WARN, "%s: TLS is not verified", b->name);
	return sl_http_start(b->host->http, request, done, arg);
}

static void service_http_cancel(void *ctx, struct sl_http_call *call)
{
	(void)ctx;
	sl_http_cancel(call);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void timer_end(struct sl_timer *timer)
{
	void (*fire)(void *) = timer->fire;
	void *arg = timer->arg;

	uv_close(&timer->handle.any, on_timer_closed);
	fire(arg);
}

static void on_timer(uv_timer_t *handle)
{
	timer_end(handle->data);
}

static void on_idle(uv_idle_t *handle)
{
	timer_end(handle->data);
}

/* A timer of 0 ms that a timer starts runs in the same turn: whoever does long work in steps would
 * hold up the loop after all. What runs when idle has to wait for the next one. */
static struct sl_timer *service_timer(void *ctx, int64_t ms, void (*fire)(void *arg), void *arg)
{
	struct plugin_backend *b = ctx;
	struct sl_timer *timer = sl_alloc(sizeof *timer);

	*timer = (struct sl_timer){.fire = fire, .arg = arg};
	if (ms > 0) {
		uv_update_time(b->host->loop);
		uv_timer_init(b->host->loop, &timer->handle.timer);
		uv_timer_start(&timer->handle.timer, on_timer, (uint64_t)ms, 0);
	} else {
		uv_idle_init(b->host->loop, &timer->handle.idle);
		uv_idle_start(&timer->handle.idle, on_idle);
	}
	timer->handle.any.data = timer;
	return timer;
}

static void service_timer_cancel(void *ctx, struct sl_timer *timer)
{
	(void)ctx;
	uv_close(&timer->handle.any, on_timer_closed);
}

static void service_log(void *ctx, int level, const char *text)
{
	struct plugin_backend *b = ctx;

	if (level < SL_LOG_ERROR)
		level = SL_LOG_ERROR;
	if (level > SL_LOG_DEBUG)
		level = SL_LOG_DEBUG;
	sl_log((enum sl_log_level)level, "%s: %s", b->name, text);
}

struct offload {
	uv_work_t req;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static void on_offload_work(uv_work_t *req)
{
	struct offload *o = req->data;

	o->work(o->arg);
}

static void on_offload_done(uv_work_t *req, int status)
{
	struct offload *o = req->data;
	void (*done)(void *) = o->done;
	void *arg = o->arg;

	(void)status; /* it is never cancelled */
	free(o);
	done(arg);
}

static void service_offload(void *ctx, void (*work)(void *arg), void (*done)(void *arg), void *arg)
{
	struct plugin_backend *b = ctx;
	struct offload *o = sl_alloc(sizeof *o);

	*o = (struct offload){.work = work, .done = done, .arg = arg};
	o->req.data = o;
	uv_queue_work(b->host->loop, &o->req, on_offload_work, on_offload_done);
}

static struct sl_websocket *service_websocket(void *ctx, const struct sl_websocket_request *request,
					      const struct sl_websocket_events *events, void *arg)
{
	struct plugin_backend *b = ctx;

	if (request->tls && request->tls->insecure)
		sl_log(SL_LOG_WARN, "%s: TLS is not verified", b->name);
	return websocket_start(b->host->websockets, request, events, arg);
}

static void service_websocket_close(void *ctx, struct sl_websocket *socket)
{
	(void)ctx;
	websocket_close(socket);
}

void plugin_services_init(struct plugin_backend *b)
{
	b->services = (struct sl_host_services){
		.size = sizeof b->services,
		.ctx = b,
		.stream = service_stream,
		.http = service_http,
		.http_cancel = service_http_cancel,
		.timer = service_timer,
		.timer_cancel = service_timer_cancel,
		.log = service_log,
		.offload = service_offload,
		.websocket = service_websocket,
		.websocket_close = service_websocket_close,
	};
}
