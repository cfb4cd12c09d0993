/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a service: four measures over time, and the line of its panes. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "console/graph.h"
#include "console/views/service_seen.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

enum {
	ROWS_FOR_GRAPHS = 11, /* of the body: below it only panes and rows */
	ROWS_FOR_AIR = 18,
	ROWS_FOR_CHARTS = 26, /* of two rows; four from ROWS_FOR_TALL on */
	ROWS_FOR_TALL = 44,
	ERRORS_LIMIT = 1 /* percent: all red */
};

const char *const pane_words[PANE_COUNT] = {
	[PANE_INSTANCES] = "instances", [PANE_DEPENDENCIES] = "dependencies",
	[PANE_CONFIG] = "config",       [PANE_VERSIONS] = "versions",
	[PANE_HISTORY] = "history",
};

/* --- one measure --- */

struct gauge {
	const char *label;
	void (*put)(char *dst, size_t size, double n);
	double value;
	char text[32], peak[40];
	const double *series;
	double limit; /* all red; 0 = by the series itself */
	bool bad;
};

static void put_number(char *dst, size_t size, double n)
{
	if (isnan(n))
		snprintf(dst, size, "-");
	else if (n >= 1e6)
		snprintf(dst, size, "%.1fM", n / 1e6);
	else if (n >= 1e4)
		snprintf(dst, size, "%.1fk", n / 1e3);
	else if (n >= 10 || n == floor(n))
		snprintf(dst, size, "%.0f", n);
	else
		snprintf(dst, size, "%.2f", n);
}

static void put_millis(char *dst, size_t size, double ms)
{
	if (isnan(ms))
		snprintf(dst, size, "-");
	else if (ms < 10)
		snprintf(dst, size, "%.1f ms", ms);
	else if (ms < 10000)
		snprintf(dst, size, "%.0f ms", ms);
	else
		snprintf(dst, size, "%.1f s", ms / 1000);
}

static void put_share(char *dst, size_t size, double share)
{
	if (isnan(share))
		snprintf(dst, size, "-");
	else
		sl_share_format(dst, size, share);
}

static double peak_of(const double *series, size_t count)
{
	double most = NAN;

	for (size_t i = 0; i < count; i++)
		if (!(most >= series[i]) && !isnan(series[i]))
			most = series[i];
	return most;
}

static void draw_gauge(const struct gauge *g, size_t points, struct canvas *c, struct rect r)
{
	unsigned at = r.x + canvas_text(c, r.x, r.y, 4, look(PAINT_DIM), g->label) + 1;
	struct look l = isnan(g->value) ? look(PAINT_FAINT)
			: g->bad        ? look_bold(PAINT_BAD)
					: look_bold(PAINT_BRIGHT);

	if (r.width < 14)
		return;
	canvas_text(c, at, r.y, 8, l, g->text);
	at += 9;
	if (!points)
		return;
	if (r.height > 1)
		canvas_text(c, r.x, r.y + 1, at - r.x - 1, look(PAINT_FAINT), g->peak);
	if (at + 4 < r.x + r.width)
		graph_chart(c, (struct rect){at, r.y, r.x + r.width - at, r.height}, g->series,
			    points, g->limit);
}

/* r.height is that of one graph. */
static void draw_graphs(const struct service_head *h, struct canvas *c, struct rect r)
{
	const struct cat_measures none = {
		.rate = NAN, .error_share = NAN, .p50_ms = NAN, .p99_ms = NAN};
	struct cat_measures m = h->catalogue ? catalogue_measures(h->catalogue, h->service) : none;
	struct gauge gauges[4] = {
		{.label = "RPS", .put = put_number, .value = m.rate, .series = m.rate_series},
		{.label = "ERR",
		 .put = put_share,
		 .value = m.error_share,
		 .series = m.error_series,
		 .limit = ERRORS_LIMIT / 100.0,
		 .bad = m.error_share >= ERRORS_LIMIT / 100.0},
		{.label = "P50", .put = put_millis, .value = m.p50_ms, .series = m.p50_series},
		{.label = "P99", .put = put_millis, .value = m.p99_ms, .series = m.p99_series},
	};
	unsigned half = (r.width - 5) / 2, rows = r.height, i;

	for (i = 0; i < 4; i++) {
		struct gauge *g = &gauges[i];
		double most = peak_of(g->series, m.series_count);
		char text[32];

		g->put(g->text, sizeof g->text, g->value);
		g->put(text, sizeof text, most);
		snprintf(g->peak, sizeof g->peak, "max %s", text);
		draw_gauge(g, m.series_count, c,
			   (struct rect){r.x + 1 + (i % 2) * (half + 3),
					 r.y + i / 2 * (rows + (rows > 1)), half, rows});
	}
}

/* --- the panes --- */

static void pane_text(const struct service_head *h, enum pane p, bool open, const struct canvas *c,
		      char *dst, size_t size)
{
	bool bracket = open && !c->colour;

	if (h->counts[p] >= 0)
		snprintf(dst, size, "%s%s %ld%s", bracket ? "[" : " ", pane_words[p], h->counts[p],
			 bracket ? "]" : " ");
	else
		snprintf(dst, size, "%s%s%s", bracket ? "[" : " ", pane_words[p],
			 bracket ? "]" : " ");
}

/* How long the graphs go back: a point for each poll. "" = there are none. */
static const char *span_text(const struct service_head *h, char *dst, size_t size)
{
	size_t points =
		h->catalogue ? catalogue_measures(h->catalogue, h->service).series_count : 0;
	char span[32];

	*dst = '\0';
	for (size_t i = 0; points > 1 && i < catalogue_source_count(h->catalogue); i++) {
		struct cat_source source = catalogue_source(h->catalogue, i);

		if (source.role == CAT_METRICS)
			snprintf(dst, size, "graphs: last %s   ",
				 sl_duration_format(span, sizeof span,
						    (int64_t)points * source.interval_ms));
	}
	return dst;
}

static void draw_panes(const struct service_head *h, struct canvas *c, struct rect r, bool graphs)
{
	unsigned x = r.x, end = r.x + r.width - 1;
	char text[64];
	int p;

	for (p = 0; p < PANE_COUNT && x < end; p++) {
		bool open = p == (int)h->pane;
		struct look l =
			open ? look_on(look_bold(PAINT_BRIGHT), GROUND_TAB) : look(PAINT_DIM);

		pane_text(h, (enum pane)p, open, c, text, sizeof text);
		x += canvas_text(c, x, r.y, end - x, l, text) + 1;
	}
	if (x + 6 < end)
		canvas_right(c, x, r.y, end - x, look(PAINT_FAINT), "tab");
	if (x + 36 < end && graphs)
		canvas_right(c, x, r.y, end - x - 3, look(PAINT_FAINT),
			     span_text(h, text, sizeof text));
}

unsigned service_draw_head(const struct service_head *h, struct canvas *c, struct rect r)
{
	unsigned y = r.y, air = r.height >= ROWS_FOR_AIR;
	unsigned rows = r.height >= ROWS_FOR_TALL ? 4 : r.height >= ROWS_FOR_CHARTS ? 2 : 1;
	bool graphs = r.height >= ROWS_FOR_GRAPHS;

	if (graphs) {
		draw_graphs(h, c, (struct rect){r.x, y + air, r.width, rows});
		y += 2 * rows + (rows > 1) + 2 * air;
	}
	draw_panes(h, c, (struct rect){r.x, y, r.width, 1}, graphs);
	return y + 1 - r.y;
}
