/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces: spans as they come -> a tree that can be read. Pure. 10,000 spans take milliseconds, and
 * no shape of them recurses. Text is cleaned and bounded on the way in.
 *
 * What sources get wrong, and what is done about it:
 * - A span whose parent did not come hangs below a stand-in for it (`missing`), one for each parent
 *   that is missing. Nothing is dropped.
 * - Both sides of a call under one id (`shared`, or CLIENT and SERVER) become one node: it lasts as
 *   long as the caller waited, and `inner` is what the called side worked. A further called side
 *   under the same id (a retry) becomes a child. What came twice is one, with all that both said.
 * - Parents that go in a circle: the link above the earliest span of the circle is cut (`cut`).
 * - No start: taken from the earliest child, or unknown. No duration: up to the end of the last
 *   child, or unknown.
 * - Clocks. A called span (SERVER) made by another process than its caller's stands inside the
 *   caller's span (CLIENT), or its clock is off: if it is not inside and is not longer, it is moved
 *   to the middle of it, as if both ways took the same time. A span of another process below
 *   anything else is only moved if it begins before its parent: to the parent's begin. What the
 *   moved process did below moves along; so does what it did below a parent that did not come.
 * Never moved: what lasts longer than its caller, and what has no times.
 */
#ifndef SLUICE_VIEW_TRACE_H
#define SLUICE_VIEW_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/plugin.h"

#define TRACE_NONE      SIZE_MAX
#define TRACE_SPANS_MAX 200000 /* what is beyond is counted, not kept */

struct trace_node {
	const char *id, *parent_id; /* parent_id "" = none was said */
	const char *service, *name; /* service: the called side's, if both are known */
	const char *caller;         /* the calling side's service of a node of both; else "" */
	const char *address, *peer; /* "" = unknown; address is that of service */
	unsigned port;
	enum sl_span_kind kind;
	int64_t start_us, duration_us; /* as shown: corrected, or derived; 0 and -1 = unknown */
	int64_t inner_us, inner_took;  /* the called side of a node of both; else as the node */
	int64_t skew_us;               /* what was added to the clock of `service` */
	int64_t self_us;               /* not spent in children; -1 = unknown */
	int64_t critical_us;           /* of the trace's critical path, spent here itself */
	bool error, both, missing, cut;
	bool start_derived, duration_derived;
	const struct sl_label *tags; /* sorted by name */
	size_t tag_count;
	const struct sl_span_note *notes; /* oldest first; times corrected */
	size_t note_count;
	/* the tree; nodes stand in its order, parents before children, siblings by start */
	size_t parent, last; /* last = of all below it, or itself; parent TRACE_NONE = a root */
	size_t children;
	unsigned depth;
};

/* How a service takes part. */
struct trace_service {
	const char *name;
	size_t spans, errors;
	int64_t self_us, critical_us;
};

struct trace {
	const char *id;
	const struct trace_node *nodes;
	size_t count;
	size_t spans;        /* as they came */
	size_t lost;         /* beyond the maximum */
	size_t root;         /* the node the critical path begins at: the longest root */
	int64_t start_us;    /* the earliest; 0 = no span says a time */
	int64_t duration_us; /* up to the latest end; -1 = unknown */
	int64_t critical_us; /* of root: what the critical path adds up to */
	size_t errors, missing, cut, skewed;  /* nodes */
	size_t first_error;                   /* by time; TRACE_NONE = none */
	const struct trace_service *services; /* most of the critical path first */
	size_t service_count;
	void *arena;
};

struct trace *trace_new(const char *id);
/* Copies. */
void trace_add(struct trace *t, const struct sl_span *span);
/* Build the tree: once, after the last span. */
void trace_finish(struct trace *t);
void trace_free(struct trace *t);

/* The same id, whatever case and leading zeros? 32 digits and their last 16 are two ids. */
bool trace_same_id(const char *a, const char *b);
/* "client", "server", "producer", "consumer", "local" */
const char *trace_kind_word(enum sl_span_kind kind);

#endif
