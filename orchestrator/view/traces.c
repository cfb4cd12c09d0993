/* SPDX-License-Identifier: Apache-2.0 */
/* View: traces that a search found. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "orchestrator/view/trace_read.h"

enum {
	COL_START,
	COL_DURATION,
	COL_SPANS,
	COL_SERVICES,
	COL_ERRORS,
	COL_SERVICE,
	COL_ROOT,
	COL_FIRST_ERROR,
	COL_SLOWEST,
	COL_TAGS,
	COL_TRACE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_START] = {"start", "START", "When its first span began.", VW_TIME, 5, 8, 1, false},
	[COL_DURATION] = {"duration", "DUR ms",
			  "From its first span's begin to its last one's end.", VW_MILLIS, 6, 10, 0,
			  false},
	[COL_SPANS] = {"spans", "SPANS", "Spans that came.", VW_NUMBER, 5, 7, 5, false},
	[COL_SERVICES] = {"services", "SVC", "Services that take part.", VW_NUMBER, 3, 4, 6, false},
	[COL_ERRORS] = {"errors", "ERR", "Spans with an error.", VW_NUMBER, 3, 5, 2, false},
	[COL_SERVICE] = {"service", "SERVICE", "Service of its first span.", VW_TEXT, 10, 30, 3,
			 false},
	[COL_ROOT] = {"root", "ROOT", "What its first span does.", VW_TEXT, 10, 40, 2, false},
	[COL_FIRST_ERROR] = {"firstError", "FIRST ERROR",
			     "Service, span and words of the first error.", VW_TEXT, 12, 0, 4,
			     false},
	[COL_SLOWEST] = {"slowest", "MOST TIME IN", "Service with most of the critical path.",
			 VW_TEXT, 10, 24, 7, true},
	[COL_TAGS] = {"tags", "TAGS", "Tags of its first span.", VW_LABELS, 8, 40, 8, true},
	[COL_TRACE] = {"trace", "TRACE", "Its id.", VW_TEXT, 16, 32, 0, false},
};

static const char *tag_find(const struct trace_node *n, const char *name)
{
	for (size_t i = 0; i < n->tag_count; i++)
		if (strcmp(n->tags[i].name, name) == 0)
			return n->tags[i].value;
	return "";
}

static const char *first_error(struct vw_table *t, const struct trace *trace)
{
	const struct trace_node *n;
	const char *words;

	if (trace->first_error == TRACE_NONE)
		return "";
	n = &trace->nodes[trace->first_error];
	words = tag_find(n, "error");
	if (!*words || strcmp(words, "true") == 0)
		words = tag_find(n, "http.status_code");
	return vw_printf(t, "%s %s%s%.300s", n->service, n->name, *words ? ": " : "", words);
}

/* What is not whole, else where the time went. */
static const char *reason_of(struct vw_table *t, const struct trace *trace, const char *error)
{
	const struct trace_service *top = trace->services;

	if (*error)
		return error;
	if (trace->missing)
		return vw_printf(t, "incomplete: %zu spans that others name did not come",
				 trace->missing);
	if (trace->critical_us > 0 && trace->service_count)
		return vw_printf(
			t, "%d%% of the critical path in %s",
			(int)((double)top->critical_us * 100 / (double)trace->critical_us + 0.5),
			*top->name ? top->name : "(no service)");
	return "";
}

static void set_tags(struct vw_table *t, struct vw_cell *cell, const struct trace_node *n)
{
	struct vw_pair *pairs = vw_alloc(t, (n->tag_count + 1) * sizeof *pairs);

	for (size_t i = 0; i < n->tag_count; i++)
		pairs[i] = (struct vw_pair){.name = vw_dup(t, n->tags[i].name),
					    .value = vw_dup(t, n->tags[i].value)};
	cell->known = true;
	cell->pairs = pairs;
	cell->count = n->tag_count;
}

static void add_trace(struct vw_table *t, const struct trace *trace)
{
	const struct trace_node *root = &trace->nodes[trace->root];
	const char *error = first_error(t, trace);
	enum vw_state state = trace->errors ? VW_FAILED : trace->missing ? VW_DEGRADED : VW_OK;
	struct vw_cell *cells =
		vw_row_add(t, trace->id, state, trace->id, reason_of(t, trace, error));

	vw_set_time(&cells[COL_START], trace->start_us / 1000);
	cells[COL_DURATION].known = trace->duration_us >= 0;
	cells[COL_DURATION].number = (double)trace->duration_us / 1000;
	vw_set_number(&cells[COL_SPANS], (double)trace->spans);
	vw_set_number(&cells[COL_SERVICES], (double)trace->service_count);
	vw_set_number(&cells[COL_ERRORS], (double)trace->errors);
	vw_set_text(t, &cells[COL_SERVICE], *root->caller ? root->caller : root->service);
	vw_set_text(t, &cells[COL_ROOT], root->missing ? "(did not come)" : root->name);
	vw_set_text(t, &cells[COL_FIRST_ERROR], error);
	if (trace->service_count && trace->critical_us > 0)
		vw_set_text(t, &cells[COL_SLOWEST], trace->services[0].name);
	set_tags(t, &cells[COL_TAGS], root);
	vw_set_text(t, &cells[COL_TRACE], trace->id);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->traces && i < w->traces->count; i++)
		if (w->traces->items[i]->count)
			add_trace(t, w->traces->items[i]);
}

const struct vw_view vw_traces = {
	.name = "traces",
	.one = "trace",
	.title = "Traces",
	.summary = "traces that the tracing backends found; with a service, those it takes part in",
	.roles = CAT_TRACING,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-start",
	.fill = fill,
};
