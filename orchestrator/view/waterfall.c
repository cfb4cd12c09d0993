/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/waterfall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define FOLD_LEAST 3 /* fewer are not worth hiding */

/* --- rows --- */

static bool is_foldable(const struct trace_node *n)
{
	return !n->children && !n->error && !n->critical_us && !n->missing;
}

static bool is_alike(const struct trace_node *a, const struct trace_node *b)
{
	return a->parent == b->parent && strcmp(a->service, b->service) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* How many siblings from `at` on are of one kind: leaves, so they stand side by side. */
static size_t run_length(const struct trace *t, size_t at)
{
	size_t end = at;

	while (end < t->count && is_foldable(&t->nodes[end]) &&
	       is_alike(&t->nodes[at], &t->nodes[end]))
		end++;
	return end - at;
}

static void row_cover(const struct trace *t, struct wf_row *row, size_t count)
{
	int64_t from = 0, to = 0;

	for (size_t i = row->node; i < row->node + count; i++) {
		const struct trace_node *n = &t->nodes[i];
		int64_t end = n->start_us + (n->duration_us > 0 ? n->duration_us : 0);

		row->error = row->error || n->error;
		row->critical = row->critical || n->critical_us > 0;
		if (!n->start_us)
			continue;
		from = !from || n->start_us < from ? n->start_us : from;
		to = end > to ? end : to;
	}
	row->start_us = from;
	row->duration_us = from ? to - from : -1;
}

/* Returns the node that comes after the row. */
static size_t row_make(const struct trace *t, const struct wf_fold *fold, size_t at,
		       struct wf_row *row)
{
	const struct trace_node *n = &t->nodes[at];
	size_t run = fold && fold->siblings ? run_length(t, at) : 0;

	*row = (struct wf_row){.node = at,
			       .depth = n->depth,
			       .start_us = n->start_us,
			       .duration_us = n->duration_us,
			       .critical = n->critical_us > 0,
			       .error = n->error};
	if (fold && fold->closed && fold->closed[at] && n->children) {
		row->closed = true;
		row->folded = n->last - at;
		for (size_t i = at; i <= n->last; i++) {
			row->error = row->error || t->nodes[i].error;
			row->critical = row->critical || t->nodes[i].critical_us > 0;
		}
		return n->last + 1;
	}
	if (run < FOLD_LEAST)
		return at + 1;
	row->folded = run - 1;
	row_cover(t, row, run);
	return at + run;
}

struct wf_row *wf_rows(const struct trace *t, const struct wf_fold *fold, size_t *count)
{
	struct wf_row *rows = sl_alloc_n(t->count + 1, sizeof *rows);
	size_t n = 0;

	for (size_t at = 0; at < t->count; n++)
		at = row_make(t, fold, at, &rows[n]);
	*count = n;
	return rows;
}

/* --- bars --- */

bool wf_place(const struct trace *t, int64_t start_us, int64_t duration_us, unsigned width,
	      struct wf_span *span)
{
	double all = t->duration_us > 0 ? (double)t->duration_us : 1;
	double from = (double)(start_us - t->start_us) / all * width;
	double to = from + (double)(duration_us > 0 ? duration_us : 0) / all * width;

	if (!start_us || !width)
		return false;
	from = from < 0 ? 0 : from > width - 1 ? width - 1 : from;
	to = to < 0 ? 0 : to > width ? width : to;
	span->from = (unsigned)from;
	span->to = (unsigned)(to + 0.5);
	if (span->to <= span->from)
		span->to = span->from + 1;
	return true;
}

/* --- words --- */

const char *wf_duration(char *dst, size_t size, int64_t us)
{
	int64_t s = (us + 500000) / 1000000;

	if (us < 0)
		snprintf(dst, size, "-");
	else if (us < 1000)
		snprintf(dst, size, "%dus", (int)us);
	else if (us < 9950)
		snprintf(dst, size, "%.1fms", (double)us / 1e3);
	else if (us < 999500)
		snprintf(dst, size, "%.0fms", (double)us / 1e3);
	else if (us < 9995000)
		snprintf(dst, size, "%.2fs", (double)us / 1e6);
	else if (us < 59950000)
		snprintf(dst, size, "%.1fs", (double)us / 1e6);
	else if (s < 3600)
		snprintf(dst, size, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else
		snprintf(dst, size, "%lldh%02dm", (long long)(s / 3600), (int)(s / 60 % 60));
	return dst;
}

const char *wf_label(char *dst, size_t size, const struct trace *t, const struct wf_row *row)
{
	const struct trace_node *n = &t->nodes[row->node];
	char more[48] = "";

	if (row->folded && row->closed)
		snprintf(more, sizeof more, "  (+%zu)", row->folded);
	else if (row->folded)
		snprintf(more, sizeof more, "  (x%zu)", row->folded + 1);
	if (n->missing)
		snprintf(dst, size, "(span %s did not come)%s", n->id, more);
	else
		snprintf(dst, size, "%s  %s%s%s", *n->service ? n->service : "(no service)",
			 *n->name ? n->name : trace_kind_word(n->kind),
			 n->cut ? "  (in a circle)" : "", more);
	return dst;
}

/* A round step that leaves room for its words: 1, 2 or 5 times a power of ten. */
static int64_t ruler_step(int64_t duration_us, unsigned width)
{
	static const int factors[] = {1, 2, 5};

	for (int64_t ten = 1; ten < INT64_MAX / 100; ten *= 10)
		for (size_t i = 0; i < SL_COUNT(factors); i++)
			if ((double)(ten * factors[i]) / (double)duration_us * width >= 10)
				return ten * factors[i];
	return duration_us;
}

static void put_at(char *dst, unsigned width, unsigned at, const char *word)
{
	size_t len = strlen(word);

	if (at + len <= width)
		memcpy(dst + at, word, len);
}

const char *wf_ruler(char *dst, size_t size, int64_t duration_us, unsigned width)
{
	char word[24];
	unsigned tail;
	int64_t step;

	if (width >= size)
		width = size ? (unsigned)size - 1 : 0;
	memset(dst, ' ', width);
	dst[width] = '\0';
	if (duration_us <= 0 || width < 8)
		return dst;
	tail = (unsigned)strlen(wf_duration(word, sizeof word, duration_us));
	put_at(dst, width, width - tail, word);
	step = ruler_step(duration_us, width);
	for (int64_t us = 0; us < duration_us; us += step) {
		unsigned at = (unsigned)((double)us / (double)duration_us * width);

		wf_duration(word, sizeof word, us);
		if (at + strlen(us ? word : "0") + 2 + tail > width)
			break;
		put_at(dst, width, at, us ? word : "0");
	}
	return dst;
}

const char *wf_summary(char *dst, size_t size, const struct trace *t)
{
	const struct trace_service *top = t->services;
	char path[24], own[24];

	dst[0] = '\0';
	if (t->critical_us <= 0 || !t->service_count)
		return dst;
	snprintf(dst, size, "critical path %s, %d%% of it (%s) in %s",
		 wf_duration(path, sizeof path, t->critical_us),
		 (int)((double)top->critical_us * 100 / (double)t->critical_us + 0.5),
		 wf_duration(own, sizeof own, top->critical_us),
		 *top->name ? top->name : "(no service)");
	return dst;
}
