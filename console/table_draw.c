/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a table looks. Columns first get what they want; too wide, the roomy ones give way, then the
 * least important ones are dropped, and the header says so with '<' or '>'. The name, which is the
 * first column, never goes.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "console/graph.h"
#include "console/table.h"
#include "plugins/sdk/text.h"

#define MARGIN      5 /* mark, cursor, space, state, space */
#define GAP         2
#define SPARK_CELLS 16
#define SPARK_MOST  56 /* a graph that is longer says nothing more */
#define NAME_SPARE  16 /* that a name may take of what is left over */
#define TEXT_SPARE  72 /* that a text may, between other columns */
#define GAP_MOST    4
#define GENTLE      14
#define BAR_CELLS   5

struct plan {
	unsigned width[TABLE_COLUMNS_MAX], x[TABLE_COLUMNS_MAX];
	bool in[TABLE_COLUMNS_MAX];
	size_t count;
	bool more_left, more_right; /* columns that are not shown */
};

enum paint table_state_paint(enum vw_state s)
{
	static const enum paint paints[VW_STATE_COUNT] = {
		[VW_OK] = PAINT_OK,       [VW_DEGRADED] = PAINT_WARN,
		[VW_FAILED] = PAINT_BAD,  [VW_NO_CONTACT] = PAINT_UNKNOWN,
		[VW_OFF] = PAINT_OFF,     [VW_WORKING] = PAINT_WORK,
		[VW_WAITING] = PAINT_DIM,
	};

	return s < VW_STATE_COUNT ? paints[s] : PAINT_TEXT;
}

static bool is_right(enum vw_kind kind)
{
	return kind == VW_NUMBER || kind == VW_SHARE || kind == VW_MILLIS || kind == VW_TIME;
}

/* "468/480" reads better than two columns. */
static bool is_total(const struct vw_column *columns, size_t i)
{
	return i > 0 && !strcmp(columns[i].key, "all") && !strcmp(columns[i - 1].key, "up");
}

static size_t name_column(const struct vw_view *v)
{
	size_t i;

	for (i = 0; i < v->column_count; i++)
		if (v->columns[i].kind == VW_TEXT && !v->columns[i].priority)
			return i;
	return 0;
}

static unsigned content_width(const struct table *t, size_t row, size_t i, int64_t now)
{
	const struct vw_column *col = &t->data->view->columns[i];
	const struct vw_cell *cell = &t->data->rows[row].cells[i];
	char text[512];
	unsigned w;

	if (col->kind == VW_SERIES)
		return SPARK_CELLS;
	w = (unsigned)sl_text_width(vw_cell_text(t->data, row, i, now, text, sizeof text));
	if (col->kind == VW_SHARES && cell->known && cell->count > 1)
		w += 1 + BAR_CELLS;
	return w;
}

/* What each column wants: its title, and the widest of the rows on the screen. */
static void measure(struct table *t, unsigned rows, int64_t now)
{
	const struct vw_view *v = t->data->view;
	size_t i, k;

	for (i = 0; i < v->column_count && i < TABLE_COLUMNS_MAX; i++) {
		const struct vw_column *col = &v->columns[i];
		unsigned w = (unsigned)sl_text_width(col->title);

		if (!strcmp(col->key, table_sort_key(t)))
			w += 2;
		for (k = t->top; k < t->count && k < t->top + rows; k++) {
			unsigned have = content_width(t, t->shown[k], i, now);

			if (have > w)
				w = have;
		}
		if (w < col->least)
			w = col->least;
		if (col->most && w > col->most)
			w = col->most;
		if (w > t->widths[i])
			t->widths[i] = w;
	}
}

/* --- which columns, how wide --- */

static unsigned gap_before(const struct vw_column *columns, size_t i)
{
	return is_total(columns, i) ? 1 : GAP;
}

static unsigned plan_width(const struct plan *p, const struct vw_column *columns)
{
	unsigned sum = MARGIN;
	size_t i, shown = 0;

	for (i = 0; i < p->count; i++)
		if (p->in[i])
			sum += p->width[i] + (shown++ ? gap_before(columns, i) : 0);
	return sum;
}

/* The roomiest column above its least gives one cell; gently: only long texts do, and no names. A
 * figure is never cut: half a number is a wrong one. */
static bool shrink(struct plan *p, const struct vw_view *v, bool gently)
{
	const struct vw_column *columns = v->columns;
	size_t i, best = p->count;
	unsigned room = 0;

	for (i = 0; i < p->count; i++) {
		unsigned least = columns[i].least ? columns[i].least : p->width[i];

		if (is_right(columns[i].kind) || (gently && i == name_column(v)))
			continue;
		if (gently && least < GENTLE)
			least = GENTLE;
		if (p->in[i] && p->width[i] > least && p->width[i] - least > room) {
			room = p->width[i] - least;
			best = i;
		}
	}
	if (best == p->count)
		return false;
	p->width[best]--;
	return true;
}

/* The least important one goes, when it is no more important than `from`. */
static bool drop(struct plan *p, const struct vw_column *columns, unsigned from)
{
	size_t i, worst = p->count;

	for (i = 1; i < p->count; i++)
		if (p->in[i] && columns[i].priority >= from &&
		    (worst == p->count || columns[i].priority >= columns[worst].priority))
			worst = i;
	if (worst == p->count)
		return false;
	p->in[worst] = false;
	p->more_right = true;
	return true;
}

static void fit(const struct table *t, struct plan *p, unsigned width)
{
	const struct vw_column *columns = t->data->view->columns;
	size_t i, first;
	unsigned skipped = 0;

	p->count = t->data->view->column_count;
	if (p->count > TABLE_COLUMNS_MAX)
		p->count = TABLE_COLUMNS_MAX;
	for (i = 0, first = 0; i < p->count; i++) {
		p->width[i] = t->widths[i];
		p->in[i] = (!columns[i].wide || t->wide) && columns[i].kind != VW_STATE &&
			   (i || !t->about_one);
		if (p->in[i] && first++ && skipped < t->skip) {
			p->in[i] = false;
			p->more_left = true;
			skipped++;
		}
	}
	while (plan_width(p, columns) > width)
		if (!shrink(p, t->data->view, true) && !drop(p, columns, 4) &&
		    !shrink(p, t->data->view, false) && !drop(p, columns, 1))
			break;
}

static unsigned give(struct plan *p, size_t i, unsigned spare, unsigned most)
{
	unsigned more = spare < most ? spare : most;

	p->width[i] += more;
	return spare - more;
}

/* What is left over: half of it makes graphs longer, a little goes to the name or all of it to the
 * text that may be of any length, and the rest stands between columns; figures stay together. */
static unsigned spread(struct plan *p, const struct vw_column *columns, unsigned spare)
{
	size_t i, roomy = p->count, last = 0, shown = 0;

	for (i = 0; i < p->count; i++) {
		if (!p->in[i])
			continue;
		shown++;
		last = i;
		if (columns[i].kind == VW_SERIES && p->width[i] < SPARK_MOST)
			spare = spare / 2 + give(p, i, spare - spare / 2, SPARK_MOST - p->width[i]);
		if (!columns[i].most && roomy == p->count)
			roomy = i;
	}
	if (roomy < p->count)
		spare = give(p, roomy, spare,
			     !roomy          ? NAME_SPARE
			     : roomy == last ? spare
					     : TEXT_SPARE);
	else if (p->count && p->in[0] && columns[0].kind == VW_TEXT)
		spare = give(p, 0, spare, NAME_SPARE);
	spare = shown > 1 ? spare / (unsigned)(shown - 1) : 0;
	return spare < GAP_MOST ? spare : GAP_MOST;
}

static void place(struct plan *p, const struct vw_column *columns, struct rect r)
{
	unsigned x = r.x + MARGIN, used = plan_width(p, columns) + 2, gap;
	size_t i;

	gap = spread(p, columns, used < r.width ? r.width - used : 0);
	for (i = 0; i < p->count; i++) {
		if (!p->in[i])
			continue;
		if (x > r.x + MARGIN)
			x += gap_before(columns, i) + (is_total(columns, i) ? 0 : gap);
		p->x[i] = x;
		x += p->width[i];
	}
}

/* --- cells --- */

static void draw_titles(const struct table *t, const struct plan *p, struct canvas *c,
			struct rect r)
{
	const struct vw_column *columns = t->data->view->columns;
	bool by_state = false;
	unsigned x;
	size_t i;

	canvas_fill(c, (struct rect){r.x, r.y, r.width, 1}, look(PAINT_FAINT));

	for (i = 0; i < p->count; i++)
		by_state |=
			columns[i].kind == VW_STATE && !strcmp(columns[i].key, table_sort_key(t));
	canvas_text(c, r.x + 3, r.y, 1, by_state ? look_bold(PAINT_ACCENT) : look(PAINT_DIM), "S");
	for (i = 0; i < p->count; i++) {
		bool sorted = !strcmp(columns[i].key, table_sort_key(t));
		char title[128];

		if (!p->in[i])
			continue;
		snprintf(title, sizeof title, "%s%s", columns[i].title,
			 !sorted             ? ""
			 : t->sort[0] == '-' ? " v"
					     : " ^");
		if (is_total(columns, i)) {
			canvas_char(c, p->x[i] - 1, r.y, look(PAINT_DIM), '/');
			canvas_text(c, p->x[i], r.y, p->width[i], look(PAINT_DIM), title);
		} else if (is_right(columns[i].kind)) {
			canvas_right(c, p->x[i], r.y, p->width[i],
				     sorted ? look_bold(PAINT_ACCENT) : look(PAINT_DIM), title);
		} else {
			canvas_text(c, p->x[i], r.y, p->width[i],
				    sorted ? look_bold(PAINT_ACCENT) : look(PAINT_DIM), title);
		}
	}
	if (p->more_left)
		canvas_char(c, r.x, r.y, look_bold(PAINT_ACCENT), '<');
	if (p->more_right)
		canvas_char(c, r.x + r.width - 1, r.y, look_bold(PAINT_ACCENT), '>');
	for (x = r.x; x < r.x + r.width; x++)
		canvas_at(c, x, r.y)->look.attr |= LOOK_UNDERLINE;
}

static double share_of(const struct vw_cell *cell)
{
	size_t i;
	double best = 0;

	for (i = 0; i < cell->count; i++)
		if (cell->pairs[i].share > best)
			best = cell->pairs[i].share;
	return best;
}

/* Secondary figures are dim; the ones that explain the state are in its colour. */
static struct look cell_look(const struct vw_column *col, const struct vw_row *row,
			     const struct vw_cell *cell)
{
	bool bad = row->state == VW_FAILED || row->state == VW_DEGRADED;

	if (!cell->known)
		return look(PAINT_FAINT);
	if (!strcmp(col->key, "errorShare"))
		return cell->number >= 0.01    ? look_bold(PAINT_BAD)
		       : cell->number >= 0.003 ? look(PAINT_WARN)
					       : look(PAINT_DIM);
	if (!strcmp(col->key, "p99"))
		return bad ? look_bold(table_state_paint(row->state)) : look(PAINT_TEXT);
	if (!strcmp(col->key, "level") && (row->state == VW_OK || row->state == VW_WORKING))
		return look(PAINT_DIM);
	if (!strcmp(col->key, "outcome") || !strcmp(col->key, "state") ||
	    !strcmp(col->key, "level"))
		return look(table_state_paint(row->state));
	if (col->kind == VW_TIME || col->kind == VW_LABELS || col->priority > 3)
		return look(PAINT_DIM);
	return look(PAINT_TEXT);
}

static struct look up_look(const struct vw_row *row, const struct vw_column *columns, size_t i,
			   size_t count)
{
	const struct vw_cell *up = &row->cells[i];

	if (i + 1 < count && is_total(columns, i + 1) && up->known && row->cells[i + 1].known &&
	    up->number < row->cells[i + 1].number)
		return look(row->state == VW_FAILED || up->number <= 0 ? PAINT_BAD : PAINT_WARN);
	return look(PAINT_TEXT);
}

static void draw_shares(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
			const struct vw_cell *cell)
{
	char text[512];

	vw_shares_fit(cell, width, text, sizeof text);
	if (cell->count > 1)
		l = look_on(look(PAINT_WORK), l.ground);
	if (cell->count < 2 || width < sl_text_width(text) + BAR_CELLS + 1) {
		canvas_text(c, x, y, width, l, text); /* figures before their picture */
		return;
	}
	canvas_text(c, x, y, width - BAR_CELLS - 1, l, text);
	graph_bar(c, x + width - BAR_CELLS, y, BAR_CELLS, l, share_of(cell));
}

/* In a time line what was begun is no news. */
static bool is_striking(const struct vw_view *v, enum vw_state state)
{
	return state == VW_FAILED || (state == VW_WORKING && v->columns[0].kind != VW_TIME);
}

static void draw_cell(const struct table *t, struct canvas *c, const struct plan *p, unsigned y,
		      size_t row_at, size_t i, int64_t now)
{
	const struct vw_view *v = t->data->view;
	const struct vw_row *row = &t->data->rows[row_at];
	const struct vw_cell *cell = &row->cells[i];
	const struct vw_column *col = &v->columns[i];
	struct look l = cell_look(col, row, cell);
	char text[512];

	vw_cell_text(t->data, row_at, i, now, text, sizeof text);
	if (!strcmp(col->key, "up"))
		l = up_look(row, v->columns, i, p->count);
	if (i == name_column(v) && cell->known)
		l = is_striking(v, row->state) ? look_bold(PAINT_BRIGHT) : look(PAINT_TEXT);
	if (!cell->known && !col->most)
		return; /* a wide column of dashes says nothing */
	if (is_total(v->columns, i)) {
		canvas_char(c, p->x[i] - 1, y, look(PAINT_DIM), '/');
		canvas_text(c, p->x[i], y, p->width[i], look(PAINT_DIM), text);
	} else if (col->kind == VW_SERIES && cell->known) {
		graph_spark(c, p->x[i], y, p->width[i], cell->series, cell->count, 0);
	} else if (col->kind == VW_SHARES && cell->known) {
		draw_shares(c, p->x[i], y, p->width[i], l, cell);
	} else if (is_right(col->kind)) {
		canvas_right(c, p->x[i], y, p->width[i], l, text);
	} else {
		canvas_text(c, p->x[i], y, p->width[i], l, text);
	}
}

static void draw_row(const struct table *t, struct canvas *c, const struct plan *p, struct rect r,
		     unsigned y, size_t shown, int64_t now)
{
	const struct vw_row *row = table_shown(t, shown);
	char glyph[2] = {vw_state_glyph(row->state), '\0'};
	bool cursor = shown == t->at;
	unsigned x;
	size_t i;

	if (cursor)
		canvas_fill(c, (struct rect){r.x, y, r.width, 1},
			    look_on(look(PAINT_TEXT), GROUND_SELECTION));
	if (table_is_marked(t, row->id))
		canvas_char(c, r.x, y, look_bold(PAINT_ACCENT), '*');
	if (cursor)
		canvas_char(c, r.x + 1, y, look_bold(PAINT_ACCENT), '>');
	canvas_text(c, r.x + 3, y, 1, look_bold(table_state_paint(row->state)), glyph);
	for (i = 0; i < p->count; i++)
		if (p->in[i])
			draw_cell(t, c, p, y, t->shown[shown], i, now);
	for (x = r.x; cursor && x < r.x + r.width; x++) { /* faint cannot be read there */
		struct cell *at = canvas_at(c, x, y);

		if (at->look.paint == PAINT_FAINT || at->look.paint == PAINT_DIM)
			at->look.paint = PAINT_TEXT;
	}
}

static void scroll(struct table *t, unsigned rows)
{
	t->page = rows;
	if (t->at < t->top)
		t->top = t->at;
	if (rows && t->at >= t->top + rows)
		t->top = t->at - rows + 1;
	if (t->count <= rows)
		t->top = 0;
	else if (t->top + rows > t->count)
		t->top = t->count - rows;
}

void table_draw(struct table *t, struct canvas *c, struct rect r, int64_t now)
{
	struct plan p = {0};
	unsigned y, rows = r.height ? r.height - 1 : 0;

	if (!t->data || !r.height)
		return;
	t->y = r.y + 1;
	scroll(t, rows);
	measure(t, rows, now);
	fit(t, &p, r.width - 1);
	place(&p, t->data->view->columns, r);
	draw_titles(t, &p, c, r);
	for (y = 0; y < rows && t->top + y < t->count; y++)
		draw_row(t, c, &p, r, r.y + 1 + y, t->top + y, now);
}

void table_row_text(const struct table *t, size_t shown, int64_t now, struct sl_buf *out)
{
	const struct vw_row *row = table_shown(t, shown);
	const struct vw_view *v = t->data->view;
	bool told = !*row->reason;
	char text[512];
	size_t i;

	sl_buf_printf(out, "%s %s", vw_state_word(row->state), row->full);
	for (i = 1; i < v->column_count; i++) {
		if (v->columns[i].wide || v->columns[i].kind == VW_STATE ||
		    v->columns[i].kind == VW_SERIES || !row->cells[i].known)
			continue;
		vw_cell_text(t->data, t->shown[shown], i, now, text, sizeof text);
		if (strcmp(text, row->full) == 0)
			continue;
		told = told || strcmp(text, row->reason) == 0;
		sl_buf_printf(out, "; %s %s", v->columns[i].title, text);
	}
	if (!told)
		sl_buf_printf(out, "; %s", row->reason);
}
