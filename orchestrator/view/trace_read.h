/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces from the tracing sources of a catalogue: all are asked at once, spans of one trace come
 * together whoever kept them. Trees of many spans are built on the pool. Loop thread only.
 */
#ifndef SLUICE_VIEW_TRACE_READ_H
#define SLUICE_VIEW_TRACE_READ_H

#include <uv.h>

#include "orchestrator/view/trace.h"
#include "plugins/host/catalogue.h"

struct traces_source {
	const char *name, *type;
	const char *error; /* "" = it answered */
	enum sl_err code;
	int64_t took_ms;
};

struct traces {
	struct trace **items; /* newest first */
	size_t count;
	struct traces_source *sources;
	size_t source_count;
	size_t answered; /* sources */
	int64_t read_at; /* Unix ms */
};

void traces_free(struct traces *t);

struct trace_read;
/* found is the receiver's: traces_free. Exactly once, never inside start; after cancel too, then
 * with what had come. */
typedef void (*trace_read_done)(void *arg, struct traces *found);

struct trace_read *trace_read_search(uv_loop_t *loop, const struct catalogue *c,
				     const struct sl_trace_query *q, int64_t timeout_ms,
				     trace_read_done done, void *arg);
/* Who does not know the trace has answered, without an error. */
struct trace_read *trace_read_get(uv_loop_t *loop, const struct catalogue *c, const char *id,
				  int64_t timeout_ms, trace_read_done done, void *arg);
/* Before the catalogue is closed; done still comes, later. */
void trace_read_cancel(struct trace_read *r);

#endif
