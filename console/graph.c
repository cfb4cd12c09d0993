/* SPDX-License-Identifier: Apache-2.0 */
#include "console/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define POINTS_MAX 1024

#define BRAILLE    0x2800
#define HEAVY      0x2501 /* a heavy line */
#define HEAVY_HALF 0x2578 /* its left half */
#define HALF_HEAVY 0x257a /* its right half */

enum paint graph_ramp(double value, double limit)
{
	double step = limit > 0 ? value / limit * (RAMP_STEPS - 1) : 0;

	if (!(step > 0))
		step = 0;
	if (step > RAMP_STEPS - 1)
		step = RAMP_STEPS - 1;
	return (enum paint)(PAINT_RAMP + (int)step);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *values, size_t n)
{
	double sorted[POINTS_MAX];
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (!isnan(values[i]))
			sorted[k++] = values[i];
	if (!k)
		return 0;
	qsort(sorted, k, sizeof *sorted, compare);
	return sorted[k / 2];
}

/* The newest `want` points; when there are more than fit, each is the greatest of its share. */
static size_t sample(const double *values, size_t count, double *out, size_t want)
{
	size_t i, k, n = count < want ? count : want;

	for (i = 0; i < n; i++) {
		size_t from = i * count / n, to = (i + 1) * count / n;

		out[i] = NAN;
		for (k = from; k < to; k++)
			if (!isnan(values[k]) && !(out[i] >= values[k]))
				out[i] = values[k];
	}
	return n;
}

static int height_of(double value, double peak, int steps)
{
	int h;

	if (isnan(value))
		return 0;
	h = peak > 0 ? (int)ceil(value / peak * steps) : 1;
	return h < 1 ? 1 : h > steps ? steps : h;
}

static uint32_t braille(int left, int right)
{
	static const unsigned char lefts[] = {0, 0x40, 0x44, 0x46, 0x47},
				   rights[] = {0, 0x80, 0xa0, 0xb0, 0xb8};

	return BRAILLE + (uint32_t)(lefts[left] | rights[right]);
}

static double greater(double a, double b)
{
	return isnan(a) ? b : isnan(b) ? a : a > b ? a : b;
}

/* What of a column of `level` steps stands in the row that many rows above the lowest. */
static int level_in(int level, unsigned row, int steps)
{
	int rest = level - (int)row * steps;

	return rest < 0 ? 0 : rest > steps ? steps : rest;
}

/* How many rows a column needs: the lowest one in any case, none of a gap. */
static unsigned rows_of(double value, double peak, unsigned rows)
{
	return ((unsigned)height_of(value, peak, 4 * (int)rows) + 3) / 4;
}

/* One cell of one or two points. In ASCII what is below another cell of its column is filled
 * lightly, so that the shape stands out. */
static uint32_t chart_cell(const struct canvas *c, const double *p, double peak, unsigned row,
			   unsigned rows)
{
	static const char steps[] = " .:-=+*#%@";
	int high;

	if (c->utf8)
		return braille(level_in(height_of(p[0], peak, 4 * (int)rows), row, 4),
			       level_in(height_of(p[1], peak, 4 * (int)rows), row, 4));
	high = height_of(p[0], peak, 9 * (int)rows);
	return (uint32_t)(high > 9 * ((int)row + 1) ? ':' : steps[level_in(high, row, 9)]);
}

void graph_chart(struct canvas *c, struct rect r, const double *values, size_t count, double limit)
{
	unsigned per_cell = c->utf8 ? 2 : 1, i, row;
	double points[POINTS_MAX], peak = 0;
	size_t n, k, slots = (size_t)r.width * per_cell;

	if (slots > POINTS_MAX)
		slots = POINTS_MAX - POINTS_MAX % per_cell;
	n = sample(values, count, points, slots);
	for (k = 0; k < n; k++)
		if (points[k] > peak)
			peak = points[k];
	if (limit <= 0)
		limit = 3 * median(points, n);
	memmove(points + (slots - n), points, n * sizeof *points);
	for (k = 0; k < slots - n; k++)
		points[k] = NAN;
	for (i = 0; i * per_cell < slots; i++) {
		const double *p = &points[(size_t)i * per_cell];
		double top = per_cell == 2 ? greater(p[0], p[1]) : p[0];
		unsigned low = r.y + r.height - 1;

		if (isnan(top) && (i + 1) * per_cell <= slots - n) /* before there was anything */
			canvas_char(c, r.x + i, low, look(PAINT_FAINT),
				    c->utf8 ? braille(1, 0) : '_');
		for (row = 0; row < rows_of(top, peak, r.height); row++)
			canvas_char(c, r.x + i, low - row, look(graph_ramp(top, limit)),
				    chart_cell(c, p, peak, row, r.height));
	}
}

void graph_spark(struct canvas *c, unsigned x, unsigned y, unsigned width, const double *values,
		 size_t count, double limit)
{
	graph_chart(c, (struct rect){x, y, width, 1}, values, count, limit);
}

/* --- spread --- */

#define SPREAD_LEAST 0.001 /* below it there is no telling apart */

static bool ends(const struct spread_point *points, size_t count, double *least, double *most)
{
	bool any = false;
	size_t i;

	for (i = 0; i < count; i++) {
		double v = points[i].value;

		if (!(v >= 0))
			continue;
		*least = any && *least < v ? *least : v;
		*most = any && *most > v ? *most : v;
		any = true;
	}
	return any;
}

static size_t slot_of(double value, double least, double most, size_t slots)
{
	double low = log(fmax(least, SPREAD_LEAST)), high = log(fmax(most, SPREAD_LEAST));
	double share = high > low ? (log(fmax(value, SPREAD_LEAST)) - low) / (high - low) : 0;
	size_t slot = share > 0 ? (size_t)(share * (double)(slots - 1) + .5) : 0;

	return slot < slots ? slot : slots - 1;
}

bool graph_spread(struct canvas *c, unsigned x, unsigned y, unsigned width,
		  const struct spread_point *points, size_t count, double at, double *least,
		  double *most)
{
	static const char steps[] = " .:-=+*#%@";
	unsigned per_cell = c->utf8 ? 2 : 1, i;
	size_t slots = (size_t)width * per_cell, k;
	double counts[POINTS_MAX] = {0}, peak = 0;

	if (slots > POINTS_MAX)
		slots = POINTS_MAX - POINTS_MAX % per_cell;
	if (!slots || !ends(points, count, least, most))
		return false;
	for (k = 0; k < count; k++) {
		size_t slot =
			points[k].value >= 0 ? slot_of(points[k].value, *least, *most, slots) : 0;

		if (!(points[k].value >= 0))
			continue;
		counts[slot]++;
		peak = fmax(peak, log1p(counts[slot]));
		if (points[k].bad)
			canvas_char(c, x + (unsigned)(slot / per_cell), y + 1, look_bold(PAINT_BAD),
				    'x');
	}
	for (i = 0; (size_t)i * per_cell < slots; i++) {
		const double *n = &counts[(size_t)i * per_cell];
		double left = n[0] > 0 ? log1p(n[0]) : NAN;
		double right = per_cell == 2 && n[1] > 0 ? log1p(n[1]) : NAN;
		enum paint ramp = graph_ramp((double)i, (double)width);

		if (isnan(left) && isnan(right))
			canvas_char(c, x + i, y, look(PAINT_FAINT), c->utf8 ? braille(1, 0) : '_');
		else
			canvas_char(c, x + i, y, look(ramp),
				    c->utf8 ? braille(height_of(left, peak, 4),
						      height_of(right, peak, 4))
					    : (uint32_t)steps[height_of(left, peak, 9)]);
	}
	if (at >= 0)
		canvas_char(c, x + (unsigned)(slot_of(at, *least, *most, slots) / per_cell), y + 1,
			    look_bold(PAINT_ACCENT), '^');
	return true;
}

/* --- scatter --- */

struct grid {
	struct canvas *c;
	struct rect r;
	unsigned across, down; /* dots a cell */
	struct scatter_ends ends;
};

static bool is_known(const struct scatter_point *p)
{
	return p->value >= 0 && p->when >= 0;
}

static bool scatter_ends(const struct scatter_point *points, size_t count, struct scatter_ends *e)
{
	bool any = false;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct scatter_point *p = &points[i];

		if (!is_known(p))
			continue;
		if (!any)
			*e = (struct scatter_ends){p->when, p->when, p->value, p->value};
		e->from = fmin(e->from, p->when);
		e->to = fmax(e->to, p->when);
		e->least = fmin(e->least, p->value);
		e->most = fmax(e->most, p->value);
		any = true;
	}
	return any;
}

/* The dot of a point, counted from the upper left. */
static void dot_of(const struct grid *g, const struct scatter_point *p, size_t *x, size_t *y)
{
	size_t columns = (size_t)g->r.width * g->across, rows = (size_t)g->r.height * g->down;
	double span = g->ends.to - g->ends.from;

	*x = span > 0 ? (size_t)((p->when - g->ends.from) / span * (double)(columns - 1) + .5)
		      : columns - 1;
	*y = rows - 1 - slot_of(p->value, g->ends.least, g->ends.most, rows);
}

static struct cell *put_dot(const struct grid *g, const struct scatter_point *p)
{
	static const unsigned char bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
	struct cell *cell;
	size_t x, y;

	dot_of(g, p, &x, &y);
	cell = canvas_at(g->c, g->r.x + (unsigned)(x / g->across),
			 g->r.y + (unsigned)(y / g->down));
	if (!cell || cell->ch == 'x')
		return cell;
	if (!g->c->utf8)
		cell->ch = cell->ch == ' ' ? '.' : ':';
	else if (cell->ch == ' ')
		cell->ch = BRAILLE | bits[y % g->down][x % g->across];
	else
		cell->ch |= bits[y % g->down][x % g->across];
	cell->look.paint =
		(uint8_t)graph_ramp((double)(g->r.height - y / g->down), (double)g->r.height);
	return cell;
}

bool graph_scatter(struct canvas *c, struct rect r, const struct scatter_point *points,
		   size_t count, size_t at, struct scatter_ends *ends)
{
	struct grid g = {.c = c, .r = r, .across = c->utf8 ? 2 : 1, .down = c->utf8 ? 4 : 1};
	struct cell *cell;
	size_t i;

	if (!r.width || !r.height || !scatter_ends(points, count, &g.ends))
		return false;
	*ends = g.ends;
	for (i = 0; i < count; i++) {
		cell = is_known(&points[i]) ? put_dot(&g, &points[i]) : NULL;
		if (!cell || !points[i].bad)
			continue;
		cell->ch = 'x';
		cell->look.paint = PAINT_BAD;
		cell->look.attr = LOOK_BOLD;
	}
	cell = at < count && is_known(&points[at]) ? put_dot(&g, &points[at]) : NULL;
	if (cell) {
		cell->ch = 'o';
		cell->look.paint = PAINT_ACCENT;
		cell->look.attr = LOOK_BOLD;
	}
	return true;
}

void graph_bar(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
	       double share)
{
	struct look rest = look_on(look(PAINT_FAINT), l.ground);
	unsigned i, halves;

	if (!(share > 0))
		share = 0;
	if (share > 1)
		share = 1;
	halves = (unsigned)(share * width * 2 + 0.5);
	if (share > 0 && !halves)
		halves = 1; /* a little is not nothing */
	if (share < 1 && halves == width * 2)
		halves--;
	for (i = 0; i < width; i++) {
		unsigned have = halves > 2 * i ? halves - 2 * i : 0;

		if (!c->narrow)
			canvas_char(c, x + i, y, have ? l : rest, have ? '#' : '.');
		else if (have)
			canvas_char(c, x + i, y, l, have > 1 ? HEAVY : HEAVY_HALF);
		else if (!c->colour)
			canvas_char(c, x + i, y, rest, ' ');
		else
			canvas_char(c, x + i, y, rest, halves == 2 * i && i ? HALF_HEAVY : HEAVY);
	}
}
