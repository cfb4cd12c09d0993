/* SPDX-License-Identifier: Apache-2.0 */
/* A trace while it is put together. See trace.h for what is done and why. */
#ifndef SLUICE_VIEW_TRACE_INTERNAL_H
#define SLUICE_VIEW_TRACE_INTERNAL_H

#include "orchestrator/view/trace.h"

/* Starts, durations and sums of them are at most this: what is beyond says nothing. */
#define TRACE_US_MAX (INT64_MAX / 4)

/* --- trace.c: memory that goes with the trace --- */
void *trace_alloc(struct trace *t, size_t size); /* zeroed */

/* --- a table from text to a number: trace_table.c --- */

struct trace_table {
	struct trace_slot {
		const char *key;
		size_t value;
	} * slots;
	size_t size, count;
};

void trace_table_release(struct trace_table *table);
/* TRACE_NONE = not there. */
size_t trace_table_find(const struct trace_table *table, const char *key);
/* key is borrowed as long as the table lives. */
void trace_table_set(struct trace_table *table, const char *key, size_t value);

/* --- drafts --- */

/* One side of a call, or a span that has only one. */
struct trace_side {
	const char *service, *address, *peer;
	unsigned port;
	enum sl_span_kind kind;
	int64_t start, took; /* as said: 0 and -1 = unknown */
	int64_t shift;       /* added to the times of this side */
};

struct trace_draft {
	const char *id, *key, *parent_id, *name;
	struct trace_side out, in; /* in: the called side of a draft of both */
	bool error, both, missing, cut;
	size_t parent;    /* TRACE_NONE = root */
	size_t next_same; /* another draft of the same id */
	/* corrected; 0 and -1 = unknown */
	int64_t start, took;
	bool start_derived, took_derived;
	const struct sl_span **said; /* all that was said of it */
	size_t said_count, said_cap;
};

struct trace_work {
	struct trace *trace;
	const struct sl_span *spans;
	size_t span_count;
	struct trace_draft *drafts;
	size_t count, cap;
	struct trace_table ids;
	/* trace_order: children of d are kids[first[d]] .. kids[first[d + 1] - 1] */
	size_t *first, *kids;
	size_t *order; /* parents before children */
};

/* trace_tree.c */
void trace_tree_build(struct trace_work *w);
/* trace_clock.c: shifts, then corrected and derived times. */
void trace_clock_correct(struct trace_work *w);
/* trace_nodes.c: drafts to nodes, in the order of the tree. */
void trace_nodes_make(struct trace_work *w);
/* trace_path.c: self times, the critical path, services. */
void trace_path_find(struct trace *t, struct trace_node *nodes);

/* The side that works: the called one, if both are known. */
static inline const struct trace_side *trace_lower_side(const struct trace_draft *d)
{
	return d->both ? &d->in : &d->out;
}

#endif
