/* SPDX-License-Identifier: Apache-2.0 */
#include "console/waterfall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

enum {
	MARK_CELLS = 2,
	TIME_CELLS = 7,
	BAR_LEAST = 16, /* a narrower one says nothing: names take its place */
	LABEL_BYTES = 1024
};

#define HEAVY      0x2501 /* a heavy line */
#define HEAVY_HALF 0x2578 /* its left half */
#define LIGHT      0x2500

struct columns {
	unsigned label, time, bar;      /* its width; where they begin */
	unsigned time_width, bar_width; /* 0 = no room */
};

/* Names take what they need, up to two fifths; bars take the rest. */
static struct columns columns_of(const struct rect *r)
{
	struct columns c = {.label = r->width * 2 / 5, .time_width = TIME_CELLS};

	if (c.label > 56)
		c.label = 56;
	c.time = MARK_CELLS + c.label + 1;
	c.bar = c.time + TIME_CELLS + 1;
	if (c.bar + BAR_LEAST <= r->width) {
		/* not to the edge: terminals of editors (libvterm) wrap a repetition there */
		c.bar_width = r->width - c.bar - 1;
		return c;
	}
	if (r->width < MARK_CELLS + BAR_LEAST + TIME_CELLS)
		c.time_width = 0;
	c.label = r->width > MARK_CELLS ? r->width - MARK_CELLS : 0;
	if (c.time_width)
		c.label -= TIME_CELLS + 1;
	c.time = MARK_CELLS + c.label + (c.time_width ? 1 : 0);
	return c;
}

static enum paint bar_paint(const struct wf_row *row)
{
	return row->error ? PAINT_BAD : row->critical ? PAINT_WARN : PAINT_WORK;
}

/* Half a cell at the end where the terminal can. */
static void draw_span(struct canvas *c, unsigned x, unsigned y, struct wf_span s, enum paint paint,
		      char mark, bool thin)
{
	bool lines = c->utf8 && c->narrow;

	for (unsigned i = s.from; i < s.to; i++)
		canvas_char(c, x + i, y, look(paint),
			    !lines ? (uint32_t)mark
			    : thin ? LIGHT
				   : HEAVY);
	if (lines && !thin && s.to == s.from + 1)
		canvas_char(c, x + s.from, y, look(paint), HEAVY_HALF);
}

static void draw_bar(struct canvas *c, unsigned x, unsigned y, unsigned width,
		     const struct waterfall *w, const struct wf_row *row)
{
	const struct trace_node *n = &w->trace->nodes[row->node];
	bool inside = n->both && !row->folded;
	struct wf_span outer, inner;
	char mark = row->error ? 'x' : row->critical ? '=' : '-';

	if (!wf_place(w->trace, row->start_us, row->duration_us, width, &outer))
		return;
	draw_span(c, x, y, outer, inside ? PAINT_DIM : bar_paint(row), inside ? '.' : mark, inside);
	if (inside && wf_place(w->trace, n->inner_us, n->inner_took, width, &inner))
		draw_span(c, x, y, inner, bar_paint(row), mark, false);
}

static void draw_row(struct canvas *c, struct rect r, unsigned y, const struct columns *at,
		     const struct waterfall *w, const struct wf_row *row)
{
	const struct trace_node *n = &w->trace->nodes[row->node];
	unsigned indent = 2 * row->depth > w->indent ? 2 * row->depth - w->indent : 0;
	char label[LABEL_BYTES], time[24];
	struct look ink = look(n->missing      ? PAINT_UNKNOWN
			       : row->error    ? PAINT_BAD
			       : row->critical ? PAINT_TEXT
					       : PAINT_DIM);

	if (indent > at->label * 2 / 3) /* however deep: its name is read */
		indent = at->label * 2 / 3;
	if (row->error)
		canvas_text(c, r.x, y, 1, look_bold(PAINT_BAD), "x");
	else if (row->critical)
		canvas_text(c, r.x, y, 1, look_bold(PAINT_WARN), "!");
	canvas_text(c, r.x + MARK_CELLS + indent, y, at->label - indent, ink,
		    wf_label(label, sizeof label, w->trace, row));
	canvas_right(c, r.x + at->time, y, at->time_width, ink,
		     wf_duration(time, sizeof time, row->duration_us));
	if (at->bar_width)
		draw_bar(c, r.x + at->bar, y, at->bar_width, w, row);
}

static void draw_head(struct canvas *c, struct rect r, const struct columns *at,
		      const struct waterfall *w)
{
	const struct trace *t = w->trace;
	unsigned head = at->time + at->time_width;
	char *ruler;

	canvas_printf(c, r.x, r.y, head < r.width ? head : r.width, look_bold(PAINT_TEXT),
		      "%.16s  %zu spans%s  ! critical", t->id, t->spans,
		      t->missing ? ", incomplete" : "");
	if (!at->bar_width)
		return;
	ruler = sl_alloc_n(at->bar_width + 1, 1);
	canvas_text(c, r.x + at->bar, r.y, at->bar_width, look(PAINT_DIM),
		    wf_ruler(ruler, at->bar_width + 1, t->duration_us, at->bar_width));
	free(ruler);
}

void waterfall_draw(struct canvas *c, struct rect r, const struct waterfall *w)
{
	struct columns at = columns_of(&r);

	if (!r.height || !r.width || !w->trace->count)
		return;
	draw_head(c, r, &at, w);
	for (unsigned i = 0; i + 1 < r.height && w->top + i < w->count; i++) {
		unsigned y = r.y + 1 + i;

		draw_row(c, r, y, &at, w, &w->rows[w->top + i]);
		if (w->top + i == w->cursor)
			canvas_ground(c, (struct rect){r.x, y, r.width, 1}, GROUND_SELECTION);
	}
}

size_t waterfall_scroll(const struct waterfall *w, unsigned height)
{
	size_t shown = height > 1 ? height - 1 : 1, top = w->top;
	size_t most = w->count > shown ? w->count - shown : 0;

	if (w->cursor != TRACE_NONE && w->cursor < top)
		top = w->cursor;
	if (w->cursor != TRACE_NONE && w->cursor >= top + shown)
		top = w->cursor - shown + 1;
	return top < most ? top : most;
}

size_t waterfall_next_error(const struct waterfall *w)
{
	size_t from = w->cursor == TRACE_NONE ? w->count : w->cursor;

	for (size_t i = 1; i <= w->count; i++) {
		size_t at = (from + i) % w->count;

		if (w->rows[at].error)
			return at;
	}
	return TRACE_NONE;
}

/* --- words --- */

static void put_facts(const struct trace *t, const struct trace_node *n, struct sl_buf *out)
{
	char at[24], own[24];

	sl_buf_printf(out, "%s %s", *n->service ? n->service : "(no service)", n->name);
	if (n->start_us)
		sl_buf_printf(out, "   start +%s",
			      wf_duration(at, sizeof at, n->start_us - t->start_us));
	sl_buf_printf(out, "   self %s", wf_duration(own, sizeof own, n->self_us));
	if (*n->address)
		sl_buf_printf(out, "   at %s", n->address);
	if (*n->caller)
		sl_buf_printf(out, "   called by %s", n->caller);
	if (*n->peer)
		sl_buf_printf(out, "   to %s", n->peer);
	if (n->skew_us)
		sl_buf_printf(
			out, "   clock off by %s",
			wf_duration(at, sizeof at, n->skew_us < 0 ? -n->skew_us : n->skew_us));
}

static void put_words(const struct trace *t, const struct trace_node *n, struct sl_buf *out)
{
	char at[24];

	for (size_t i = 0; i < n->tag_count; i++)
		sl_buf_printf(out, "%s%s=%s", i ? " " : "", n->tags[i].name, n->tags[i].value);
	for (size_t i = 0; i < n->note_count; i++)
		sl_buf_printf(
			out, "   +%s %s",
			wf_duration(at, sizeof at,
				    n->notes[i].time_us ? n->notes[i].time_us - t->start_us : -1),
			n->notes[i].text);
}

const char *waterfall_detail(const struct waterfall *w, unsigned line, char *dst, size_t size)
{
	const struct trace_node *n;
	struct sl_buf text;

	dst[0] = '\0';
	if (w->cursor == TRACE_NONE || w->cursor >= w->count || line > 1 || size < 2)
		return dst;
	n = &w->trace->nodes[w->rows[w->cursor].node];
	sl_buf_init(&text, size - 1);
	if (line == 0 && n->missing)
		sl_buf_printf(&text,
			      "span %s is named as a parent, but did not come: lost, not "
			      "sampled, or still under way",
			      n->id);
	else if (line == 0)
		put_facts(w->trace, n, &text);
	else
		put_words(w->trace, n, &text);
	sl_text_clean(dst, size, sl_buf_str(&text), text.len, false);
	sl_buf_release(&text);
	return dst;
}
