/* SPDX-License-Identifier: Apache-2.0 */
/* The operations: one question each, its answer told to the sink. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/zipkin/zipkin.h"

/* A trace of 10,000 spans is about 8 MB; beyond this a search asks for too much. */
#define BODY_MAX (32u << 20)
#define SLICE    500 /* spans told a turn of the loop: about a millisecond */

struct sl_call {
	struct zipkin *zipkin;
	struct sl_call *prev, *next;
	enum zipkin_shape shape;
	struct sl_tracing_sink sink;
	void *arg;
	struct sl_ask *ask;     /* one of these two */
	struct sl_timer *timer; /* of one that could not be asked, or is being told */
	size_t told;
	bool canceled;
	char *trace; /* the id that was asked for */
	struct zipkin_reply reply;
	struct sl_error error;
};

static void call_end(struct sl_call *call, const struct sl_error *e)
{
	struct zipkin *z = call->zipkin;
	struct sl_read_end end = {.error = *e, .revision = ""};

	if (call->canceled)
		sl_fail(&end.error, SL_ECANCELED, "%s: canceled", z->name);
	else if (e->code == SL_ENOTFOUND && call->trace)
		sl_fail(&end.error, SL_ENOTFOUND,
			"%s has no trace %s (a wrong id, not sampled, or too old?)", z->name,
			call->trace);
	if (call->prev)
		call->prev->next = call->next;
	else
		z->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	call->sink.done(call->arg, &end);
	zipkin_reply_release(&call->reply);
	free(call->trace);
	free(call);
	zipkin_maybe_free(z);
}

/* Item `at` of the answer, which is of one kind; false = all are told. */
static bool tell_one(const struct sl_call *call, size_t at)
{
	const struct zipkin_reply *r = &call->reply;

	if (at < r->span_count && call->sink.span)
		call->sink.span(call->arg, &r->spans[at]);
	if (at < r->name_count && call->sink.name)
		call->sink.name(call->arg, r->names[at]);
	if (at < r->edge_count && call->sink.edge)
		call->sink.edge(call->arg, &r->edges[at]);
	return at < r->span_count || at < r->name_count || at < r->edge_count;
}

/* A slice a turn, as spans are copied by who gets them. The sink may cancel in the middle, and
 * anyone between two. */
static void tell(void *arg)
{
	const struct sl_error none = {0};
	struct sl_call *call = arg;
	const struct sl_host_services *services = call->zipkin->services;
	bool more = true;

	call->timer = NULL;
	for (int n = 0; n < SLICE && more && !call->canceled; n++)
		more = tell_one(call, call->told++);
	if (more && !call->canceled)
		call->timer = services->timer(services->ctx, 0, tell, call);
	else
		call_end(call, &none);
}

static int on_digest(void *arg, long status, const char *text, size_t len, struct sl_error *e)
{
	struct sl_call *call = arg;

	return zipkin_reply_parse(&call->reply, call->shape, status, text, len, e);
}

static void on_asked(void *arg, const struct sl_error *e)
{
	struct sl_call *call = arg;

	call->ask = NULL;
	if (e->code == SL_OK && !call->canceled)
		tell(call);
	else
		call_end(call, e);
}

static void on_refused(void *arg)
{
	struct sl_call *call = arg;

	call->timer = NULL;
	sl_error_prefix(&call->error, "%s", call->zipkin->name);
	call_end(call, &call->error);
}

static void call_ask(struct sl_call *call, const char *url, int64_t timeout_ms)
{
	struct zipkin *z = call->zipkin;
	const struct sl_http_header headers[] = {
		{"Accept", "application/json"},
		{"Authorization", z->authorization},
	};

	call->ask = sl_ask_start(
		z->services,
		&(struct sl_http_request){
			.url = url,
			.headers = headers,
			.header_count = z->authorization ? 2 : 1,
			.timeout_ms = timeout_ms > 0 ? timeout_ms : 1,
			.max_body = BODY_MAX,
			.tls = &z->tls,
		},
		&(struct sl_ask_spec){
			.who = z->name, .digest = on_digest, .done = on_asked, .arg = call});
}

/* Takes url; NULL = *e says why it cannot be asked, which is told later. */
static struct sl_call *call_start(struct zipkin *z, enum zipkin_shape shape, char *url,
				  int64_t timeout_ms, const struct sl_tracing_sink *sink, void *arg,
				  const struct sl_error *e)
{
	struct sl_call *call = sl_alloc(sizeof *call);

	call->zipkin = z;
	call->shape = shape;
	call->sink = *sink;
	call->arg = arg;
	call->next = z->calls;
	if (call->next)
		call->next->prev = call;
	z->calls = call;
	if (url) {
		call_ask(call, url, timeout_ms);
	} else {
		call->error = *e;
		call->timer = z->services->timer(z->services->ctx, 0, on_refused, call);
	}
	free(url);
	return call;
}

static struct sl_call *tracing_search(void *instance, const struct sl_trace_query *query,
				      int64_t timeout_ms, const struct sl_tracing_sink *sink,
				      void *arg)
{
	struct sl_error e = {0};
	char *url = zipkin_search_url(instance, query, &e);

	return call_start(instance, ZIPKIN_TRACES, url, timeout_ms, sink, arg, &e);
}

static struct sl_call *tracing_trace(void *instance, const char *id, int64_t timeout_ms,
				     const struct sl_tracing_sink *sink, void *arg)
{
	struct sl_error e = {0};
	char *url = zipkin_trace_url(instance, id, &e);
	struct sl_call *call = call_start(instance, ZIPKIN_TRACE, url, timeout_ms, sink, arg, &e);

	call->trace = zipkin_lower(id);
	return call;
}

static struct sl_call *tracing_names(void *instance, const char *service, int64_t timeout_ms,
				     const struct sl_tracing_sink *sink, void *arg)
{
	struct sl_error e = {0};
	char *url = zipkin_names_url(instance, service, &e);

	return call_start(instance, ZIPKIN_NAMES, url, timeout_ms, sink, arg, &e);
}

static struct sl_call *tracing_edges(void *instance, int64_t from_ms, int64_t to_ms,
				     int64_t timeout_ms, const struct sl_tracing_sink *sink,
				     void *arg)
{
	struct sl_error e = {0};
	char *url = zipkin_edges_url(instance, from_ms, to_ms, &e);

	return call_start(instance, ZIPKIN_EDGES, url, timeout_ms, sink, arg, &e);
}

/* A call that waits for its timer ends with it, in the next turn. */
static void tracing_cancel(void *instance, struct sl_call *call)
{
	(void)instance;
	if (call->canceled)
		return;
	call->canceled = true;
	if (call->ask)
		sl_ask_cancel(call->ask);
}

void zipkin_cancel_all(struct zipkin *z)
{
	for (struct sl_call *call = z->calls; call; call = call->next)
		tracing_cancel(z, call);
}

const struct sl_tracing_ops zipkin_tracing = {
	.size = sizeof zipkin_tracing,
	.search = tracing_search,
	.trace = tracing_trace,
	.names = tracing_names,
	.edges = tracing_edges,
	.cancel = tracing_cancel,
};
