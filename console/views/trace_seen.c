/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/trace_seen.h"

#include <stdlib.h>

#include "plugins/sdk/mem.h"

void trace_seen_release(struct trace_seen *t)
{
	free(t->rows);
	free(t->closed);
	*t = (struct trace_seen){0};
}

/* Rows anew; the cursor stays on its node, or on the row that took it in. */
static void lay_out(struct trace_seen *t, size_t node)
{
	struct wf_fold how = {.siblings = !t->spread, .closed = t->closed};
	size_t i;

	free(t->rows);
	t->rows = wf_rows(t->w.trace, &how, &t->w.count);
	t->w.rows = t->rows;
	t->w.cursor = t->w.count ? 0 : TRACE_NONE;
	for (i = 0; i < t->w.count && t->rows[i].node <= node; i++)
		t->w.cursor = i;
}

void trace_seen_set(struct trace_seen *t, const struct trace *trace)
{
	unsigned page = t->page;
	bool spread = t->spread;

	trace_seen_release(t);
	t->page = page;
	t->spread = spread;
	if (!trace)
		return;
	t->w.trace = trace;
	t->closed = sl_alloc_n(trace->count + 1, sizeof *t->closed);
	lay_out(t, 0);
}

void trace_seen_move(struct trace_seen *t, long by)
{
	size_t far = by < 0 ? (size_t)-by : (size_t)by;

	if (!t->w.count)
		return;
	if (by < 0)
		t->w.cursor -= far < t->w.cursor ? far : t->w.cursor;
	else
		t->w.cursor = far < t->w.count - t->w.cursor ? t->w.cursor + far : t->w.count - 1;
}

bool trace_seen_fold(struct trace_seen *t)
{
	const struct wf_row *row = t->w.count ? &t->rows[t->w.cursor] : NULL;
	size_t node;

	if (!row)
		return false;
	node = row->node;
	if (row->folded && !row->closed)
		t->spread = true;
	else if (t->w.trace->nodes[node].children)
		t->closed[node] = !t->closed[node];
	else
		return false;
	lay_out(t, node);
	return true;
}

void trace_seen_spread(struct trace_seen *t)
{
	t->spread = !t->spread;
	if (t->w.count)
		lay_out(t, t->rows[t->w.cursor].node);
}

bool trace_seen_next_error(struct trace_seen *t, bool before)
{
	size_t i;

	if (!before && t->w.count) {
		i = waterfall_next_error(&t->w);
		t->w.cursor = i == TRACE_NONE ? t->w.cursor : i;
		return i != TRACE_NONE;
	}
	for (i = 1; i <= t->w.count; i++) {
		size_t at = (t->w.cursor + t->w.count - i) % t->w.count;

		if (!t->rows[at].error)
			continue;
		t->w.cursor = at;
		return true;
	}
	return false;
}
