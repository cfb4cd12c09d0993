/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a service of the lab tells Zipkin: spans are put into a bounded buffer, which never waits,
 * and sent in batches from a thread of its own. The trace is passed on in B3 headers; a server
 * continues its caller's span (shared), as Zipkin's own libraries do.
 */
#ifndef SLUICE_LAB_SPANS_H
#define SLUICE_LAB_SPANS_H

#include <sys/random.h>

#include "call.h"

#define LAB_SPANS_MS  500
#define LAB_SPANS_MAX 200000 /* bytes that wait; more is dropped */

struct lab_trace {
	char trace[33], span[17], parent[17]; /* trace "" = not traced; parent "" = none */
	bool shared;                          /* the span is the caller's */
};

struct lab_spans {
	char address[64], service[64], ip[48];
	unsigned port;
	long sample; /* percent of the traces that begin here */
	struct lab_ticker ticker;
	pthread_mutex_t lock;
	struct lab_buf waiting;
};

static inline int64_t lab_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static inline void lab_span_id(char *to)
{
	uint64_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id) || id == 0)
		id = (uint64_t)lab_wall_us();
	snprintf(to, 17, "%016llx", (unsigned long long)id);
}

/* --- headers --- */

static inline bool lab_b3_id(const struct lab_buf *b, long head, const char *name, char *to,
			     size_t size)
{
	size_t len;

	if (!lab_http_header(b, head, name, to, size))
		*to = '\0';
	len = strlen(to);
	return (len == 16 || len == 32) && strspn(to, "0123456789abcdef") == len;
}

/* The trace of a request that came in: its caller's, or a new one, or none. */
static inline void lab_trace_receive(const struct lab_spans *s, const struct lab_buf *b, long head,
				     struct lab_trace *t)
{
	char sampled[8] = "";

	*t = (struct lab_trace){0};
	if (!s->ticker.started)
		return;
	lab_http_header(b, head, "x-b3-sampled", sampled, sizeof(sampled));
	if (strcmp(sampled, "0") == 0)
		return;
	if (lab_b3_id(b, head, "x-b3-traceid", t->trace, sizeof(t->trace)) &&
	    lab_b3_id(b, head, "x-b3-spanid", t->span, sizeof(t->span))) {
		if (!lab_b3_id(b, head, "x-b3-parentspanid", t->parent, sizeof(t->parent)))
			t->parent[0] = '\0';
		t->shared = true;
		return;
	}
	*t = (struct lab_trace){0};
	if (rand() % 100 >= s->sample)
		return;
	lab_span_id(t->trace);
	snprintf(t->span, sizeof(t->span), "%s", t->trace);
}

/* A call made while serving *t. */
static inline void lab_trace_child(const struct lab_trace *t, struct lab_trace *child)
{
	*child = (struct lab_trace){0};
	if (!t->trace[0])
		return;
	snprintf(child->trace, sizeof(child->trace), "%s", t->trace);
	snprintf(child->parent, sizeof(child->parent), "%s", t->span);
	lab_span_id(child->span);
}

/* As header lines of a request; what is not traced here says so. */
static inline void lab_trace_send(const struct lab_spans *s, const struct lab_trace *t,
				  struct lab_buf *out)
{
	if (t->trace[0])
		lab_buf_addf(out,
			     "x-b3-traceid: %s\r\nx-b3-spanid: %s\r\nx-b3-parentspanid: %s\r\n"
			     "x-b3-sampled: 1\r\n",
			     t->trace, t->span, t->parent);
	else if (s->ticker.started)
		lab_buf_addf(out, "x-b3-sampled: 0\r\n");
}

/* --- spans --- */

struct lab_span {
	const struct lab_trace *trace;
	const char *kind, *path;        /* SERVER or CLIENT; what is asked for */
	const char *version, *lane;     /* "" = none */
	const char *remote, *remote_ip; /* CLIENT: who is called; NULL = nobody */
	unsigned remote_port;
	int64_t began_us; /* wall clock */
	int status;       /* of the answer; 0 = none came */
};

static inline void lab_endpoint_add(cJSON *span, const char *what, const char *service,
				    const char *ip, unsigned port)
{
	cJSON *o = cJSON_AddObjectToObject(span, what);

	if (*service)
		cJSON_AddStringToObject(o, "serviceName", service);
	cJSON_AddStringToObject(o, "ipv4", ip);
	cJSON_AddNumberToObject(o, "port", port);
}

static inline void lab_tags_add(cJSON *o, const struct lab_span *span)
{
	cJSON *tags = cJSON_AddObjectToObject(o, "tags");
	char status[16];

	snprintf(status, sizeof(status), "%d", span->status);
	cJSON_AddStringToObject(tags, "http.method", "GET");
	cJSON_AddStringToObject(tags, "http.path", span->path);
	cJSON_AddStringToObject(tags, "version", span->version);
	if (*span->lane)
		cJSON_AddStringToObject(tags, "lane", span->lane);
	if (span->status)
		cJSON_AddStringToObject(tags, "http.status_code", status);
	if (span->status / 100 != 2)
		cJSON_AddStringToObject(tags, "error", span->status ? status : "no answer");
}

static inline char *lab_span_json(const struct lab_spans *s, const struct lab_span *span)
{
	const struct lab_trace *t = span->trace;
	cJSON *o = cJSON_CreateObject();
	int64_t took = lab_wall_us() - span->began_us;
	char name[300], *text;

	snprintf(name, sizeof(name), "get %s", span->path);
	cJSON_AddStringToObject(o, "traceId", t->trace);
	cJSON_AddStringToObject(o, "id", t->span);
	if (t->parent[0])
		cJSON_AddStringToObject(o, "parentId", t->parent);
	cJSON_AddStringToObject(o, "kind", span->kind);
	cJSON_AddStringToObject(o, "name", name);
	cJSON_AddNumberToObject(o, "timestamp", (double)span->began_us);
	cJSON_AddNumberToObject(o, "duration", took > 0 ? (double)took : 1);
	if (t->shared)
		cJSON_AddTrueToObject(o, "shared");
	lab_endpoint_add(o, "localEndpoint", s->service, s->ip, s->port);
	if (span->remote)
		lab_endpoint_add(o, "remoteEndpoint", span->remote, span->remote_ip,
				 span->remote_port);
	lab_tags_add(o, span);
	text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

/* It has ended now. */
static inline void lab_span_end(struct lab_spans *s, const struct lab_span *span)
{
	char *text = span->trace->trace[0] ? lab_span_json(s, span) : NULL;

	if (!text)
		return;
	pthread_mutex_lock(&s->lock);
	if (s->waiting.len < LAB_SPANS_MAX) {
		lab_buf_add(&s->waiting, s->waiting.len ? "," : "[", 1);
		lab_buf_add(&s->waiting, text, strlen(text));
	}
	pthread_mutex_unlock(&s->lock);
	cJSON_free(text);
}

/* --- sending --- */

static inline void lab_spans_flush(void *arg)
{
	struct lab_spans *s = arg;
	struct lab_buf batch;
	struct lab_answer a;

	pthread_mutex_lock(&s->lock);
	batch = s->waiting;
	s->waiting = (struct lab_buf){0};
	pthread_mutex_unlock(&s->lock);
	if (!batch.len)
		return;
	lab_buf_add(&batch, "]", 1);
	lab_call(&a, s->address, "POST", "/api/v2/spans", "", batch.data);
	lab_answer_release(&a);
	lab_buf_release(&batch);
}

static inline int lab_spans_turn(void *arg)
{
	lab_spans_flush(arg);
	return LAB_SPANS_MS;
}

/* All but the last three is set. Signals must be blocked before. */
static inline void lab_spans_start(struct lab_spans *s)
{
	pthread_mutex_init(&s->lock, NULL);
	lab_ticker_start(&s->ticker, lab_spans_turn, lab_spans_flush, s);
}

#endif
