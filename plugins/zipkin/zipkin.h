/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the zipkin plugin share: the instance, its calls, an answer taken apart. */
#ifndef SLUICE_ZIPKIN_H
#define SLUICE_ZIPKIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/arena.h"
#include "plugins/sdk/ask.h"
#include "plugins/sdk/plugin.h"

struct zipkin {
	const struct sl_host_services *services; /* the host keeps it longer than us */
	char *name;                              /* of the backend in the inventory */
	char *base;                              /* .../api/v2, without a slash at the end */
	char *authorization;                     /* NULL = none */
	struct sl_tls tls;
	struct sl_call *calls;
	bool closing, ticked;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* --- answers: reply.c --- */

/* Everything in it goes with zipkin_reply_release, in a few calls: the loop does not wait. */
struct zipkin_reply {
	struct sl_arena memory;
	struct sl_span *spans; /* trace by trace, the newest trace first */
	size_t span_count, span_cap;
	const char **names;
	size_t name_count;
	struct sl_edge *edges;
	size_t edge_count;
};

enum zipkin_shape {
	ZIPKIN_TRACES, /* a list of traces */
	ZIPKIN_TRACE,  /* a list of spans */
	ZIPKIN_NAMES,
	ZIPKIN_EDGES
};

/* May run on another thread: touches *reply alone. */
int zipkin_reply_parse(struct zipkin_reply *reply, enum zipkin_shape shape, long status,
		       const char *text, size_t len, struct sl_error *e);
void zipkin_reply_release(struct zipkin_reply *reply);

/* Texts in the memory of an answer: texts.c */
const char *zipkin_dup(struct zipkin_reply *reply, const char *s, size_t max); /* NULL gives NULL */
const char *zipkin_fold(struct zipkin_reply *reply, const char *s, size_t max); /* lower case */

/* --- questions: query.c. Each gives a URL, yours to free; NULL and *e when it cannot be asked ---
 */

/* Names are kept in lower case, beyond ASCII too. Yours to free. */
char *zipkin_lower(const char *s);
char *zipkin_search_url(const struct zipkin *z, const struct sl_trace_query *q, struct sl_error *e);
char *zipkin_trace_url(const struct zipkin *z, const char *id, struct sl_error *e);
char *zipkin_names_url(const struct zipkin *z, const char *service, struct sl_error *e);
char *zipkin_edges_url(const struct zipkin *z, int64_t from_ms, int64_t to_ms, struct sl_error *e);

/* --- calls: call.c --- */

extern const struct sl_tracing_ops zipkin_tracing;
void zipkin_cancel_all(struct zipkin *z);
void zipkin_maybe_free(struct zipkin *z);

#endif
