/* SPDX-License-Identifier: Apache-2.0 */
/* A waterfall for pipes and paper. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/waterfall.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

enum {
	WIDTH_LEAST = 60,
	WIDTH_MOST = 400,
	TIME_CELLS = 8,
	FRAME_CELLS = 6,  /* mark, spaces, the bar's ends */
	DEPTH_SHOWN = 12, /* deeper rows are told by number */
	LABEL_BYTES = 1024
};

struct sheet {
	const struct trace *trace;
	unsigned label, bar;
	struct sl_buf *out;
};

/* Text in exactly so many cells, cut with '~'. */
static void put_cells(struct sl_buf *out, const char *text, unsigned cells)
{
	size_t width = sl_text_width(text);
	char kept[LABEL_BYTES + 64];

	if (width > cells) {
		snprintf(kept, sizeof kept, "%.*s", (int)sl_text_fit(text, cells - 1), text);
		sl_buf_printf(out, "%s~", kept);
		width = sl_text_width(kept) + 1;
	} else {
		sl_buf_puts(out, text);
	}
	for (; width < cells; width++)
		sl_buf_puts(out, " ");
}

static void put_bar(const struct sheet *s, const struct wf_row *row)
{
	const struct trace_node *n = &s->trace->nodes[row->node];
	char *bar = sl_alloc_n(s->bar + 1, 1);
	struct wf_span outer, inner;
	char fill = row->error ? 'x' : row->critical ? '=' : '-';

	memset(bar, ' ', s->bar);
	if (wf_place(s->trace, row->start_us, row->duration_us, s->bar, &outer)) {
		memset(bar + outer.from, n->both && !row->folded ? '.' : fill,
		       outer.to - outer.from);
		if (n->both && !row->folded &&
		    wf_place(s->trace, n->inner_us, n->inner_took, s->bar, &inner))
			memset(bar + inner.from, fill, inner.to - inner.from);
	}
	sl_buf_printf(s->out, "|%s|", bar);
	free(bar);
}

static void put_row(const struct sheet *s, const struct wf_row *row)
{
	char label[LABEL_BYTES], text[LABEL_BYTES + 64], time[24];
	unsigned indent = row->depth < DEPTH_SHOWN ? row->depth : DEPTH_SHOWN;

	wf_label(label, sizeof label, s->trace, row);
	if (row->depth > DEPTH_SHOWN)
		snprintf(text, sizeof text, "%*s%u> %s", (int)(2 * indent), "", row->depth, label);
	else
		snprintf(text, sizeof text, "%*s%s", (int)(2 * indent), "", label);
	sl_buf_puts(s->out, row->error ? "x " : row->critical ? "! " : "  ");
	put_cells(s->out, text, s->label);
	sl_buf_printf(s->out, " %*s ", TIME_CELLS,
		      wf_duration(time, sizeof time, row->duration_us));
	put_bar(s, row);
	sl_buf_puts(s->out, "\n");
}

static void put_count(struct sl_buf *out, size_t n, const char *what)
{
	if (n)
		sl_buf_printf(out, "; %zu %s", n, what);
}

static void put_head(const struct sheet *s)
{
	const struct trace *t = s->trace;
	char took[24], when[40], *ruler = sl_alloc_n(s->bar + 1, 1);

	sl_buf_printf(s->out, "trace %s  %s  %s  %zu spans, %zu services", t->id,
		      t->start_us ? sl_time_format(when, sizeof when, t->start_us / 1000) : "-",
		      wf_duration(took, sizeof took, t->duration_us), t->spans, t->service_count);
	put_count(s->out, t->errors, "with an error");
	put_count(s->out, t->missing, "did not come");
	put_count(s->out, t->cut, "in a circle");
	put_count(s->out, t->skewed, "moved: their clocks are off");
	put_count(s->out, t->lost, "too many to show");
	sl_buf_puts(s->out, "\n");
	put_cells(s->out, "! critical path  x error  . called side not at work",
		  s->label + TIME_CELLS + 4);
	sl_buf_printf(s->out, " %s\n", wf_ruler(ruler, s->bar + 1, t->duration_us, s->bar));
	free(ruler);
}

/* The names' share: as wide as they are, up to half of the line. */
static unsigned label_cells(const struct trace *t, const struct wf_row *rows, size_t count,
			    unsigned width)
{
	unsigned most = width / 2, cells = 20;
	char label[LABEL_BYTES];

	for (size_t i = 0; i < count && cells < most; i++) {
		unsigned depth = rows[i].depth < DEPTH_SHOWN ? rows[i].depth : DEPTH_SHOWN;
		size_t w = sl_text_width(wf_label(label, sizeof label, t, &rows[i])) + 2 * depth;

		cells = w > cells ? (unsigned)(w < most ? w : most) : cells;
	}
	return cells;
}

void wf_print(const struct trace *t, unsigned width, bool fold, struct sl_buf *out)
{
	struct wf_fold how = {.siblings = fold};
	struct sheet s = {.trace = t, .out = out};
	struct wf_row *rows;
	char summary[512];
	size_t count;

	width = width < WIDTH_LEAST ? WIDTH_LEAST : width > WIDTH_MOST ? WIDTH_MOST : width;
	rows = wf_rows(t, &how, &count);
	s.label = label_cells(t, rows, count, width);
	s.bar = width - s.label - TIME_CELLS - FRAME_CELLS;
	put_head(&s);
	for (size_t i = 0; i < count; i++)
		put_row(&s, &rows[i]);
	if (*wf_summary(summary, sizeof summary, t))
		sl_buf_printf(out, "%s\n", summary);
	free(rows);
}
