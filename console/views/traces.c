/* SPDX-License-Identifier: Apache-2.0 */
/* Traces that a search found; with a subject, those that a service takes part in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/ask.h"
#include "console/graph.h"
#include "console/views/views.h"
#include "console/waterfall.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static const enum action hints[] = {ACT_ENTER, ACT_FILTER, ACT_NEXT, ACT_SORT, ACT_REFETCH,
				    ACT_COPY,  ACT_EXPORT, ACT_BACK, ACT_NONE};
static const enum action offers[] = {ACT_LOG, ACT_DEPENDENCIES, ACT_CONFIG, ACT_NONE};

struct list {
	struct ask *ask; /* NULL until somebody looks */
};

bool traces_have_source(struct app *a)
{
	struct catalogue *c = site_catalogue(a->site);
	size_t i;

	for (i = 0; c && i < catalogue_source_count(c); i++)
		if (catalogue_source(c, i).role == CAT_TRACING)
			return true;
	return false;
}

static void close_own(struct screen *s)
{
	struct list *l = s->own;

	ask_free(l->ask);
}

static void refresh(struct app *a, struct screen *s)
{
	struct list *l = s->own;

	if (l->ask || !traces_have_source(a))
		return;
	l->ask = ask_new(a->site, false, s->subject);
	ask_again(l->ask);
}

static void world(struct app *a, struct screen *s, struct vw_world *w)
{
	const struct list *l = s->own;

	(void)a;
	if (!l->ask)
		return;
	ask_take(l->ask);
	w->traces = ask_state(l->ask).found;
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct list *l = s->own;

	if (what != ACT_REFETCH || !l->ask)
		return service_act(a, s, what);
	ask_again(l->ask);
	return true;
}

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct list *l = s->own;
	struct ask_state now;

	if (!l->ask)
		return false;
	now = ask_state(l->ask);
	if (now.under_way || now.failed || !now.found || now.found->count ||
	    now.found->answered < now.found->source_count)
		return ask_say(l->ask, a->fixed_now, paint, text, size);
	*paint = PAINT_DIM;
	snprintf(text, size, "no traces%s%s: not called lately, or not sampled; r asks again",
		 s->subject ? " of " : "", s->subject ? s->subject : "");
	return true;
}

/* --- how long they took, of all that pass the filter --- */

#define SPREAD       3  /* rows: the spread, its marks, an empty one */
#define SPREAD_FROM  12 /* rows of a body that has room for it */
#define SCATTER_FROM 24 /* and for one over time */
#define ENDS         10 /* cells for the least and the most */

static size_t column(const struct table *t, const char *key)
{
	size_t i = 0;

	while (strcmp(t->data->view->columns[i].key, key) != 0)
		i++;
	return i;
}

static double figure(const struct vw_row *row, size_t column)
{
	const struct vw_cell *cell = row ? &row->cells[column] : NULL;

	return cell && cell->known ? cell->number : -1;
}

static void draw_spread(const struct table *t, struct canvas *c, struct rect r)
{
	unsigned x = r.x + 3, width = r.width - 50;
	struct spread_point *points = sl_alloc_n(t->count, sizeof *points);
	size_t took = column(t, "duration"), i;
	double least, most;
	char text[32];

	for (i = 0; i < t->count; i++)
		points[i] = (struct spread_point){figure(table_shown(t, i), took),
						  table_shown(t, i)->state == VW_FAILED};
	canvas_printf(c, x, r.y, 25, look(PAINT_DIM), "spread of %zu by duration", t->count);
	x += 25;
	if (graph_spread(c, x + ENDS + 1, r.y, width, points, t->count, figure(table_row(t), took),
			 &least, &most)) {
		canvas_right(c, x, r.y, ENDS, look(PAINT_TEXT),
			     wf_duration(text, sizeof text, (int64_t)(least * 1000)));
		canvas_text(c, x + ENDS + width + 2, r.y, ENDS, look(PAINT_TEXT),
			    wf_duration(text, sizeof text, (int64_t)(most * 1000)));
	}
	free(points);
}

/* The outlier, and when it began: rows of dots, then the hours below them. */
static void draw_scatter(const struct table *t, struct canvas *c, struct rect r)
{
	struct rect plot = {r.x + 3 + ENDS + 1, r.y, r.width - ENDS - 8, r.height - 1};
	struct scatter_point *points = sl_alloc_n(t->count, sizeof *points);
	size_t took = column(t, "duration"), when = column(t, "start"), i;
	struct scatter_ends e;
	char text[32];

	for (i = 0; i < t->count; i++)
		points[i] = (struct scatter_point){figure(table_shown(t, i), when),
						   figure(table_shown(t, i), took),
						   table_shown(t, i)->state == VW_FAILED};
	if (graph_scatter(c, plot, points, t->count, t->at, &e)) {
		canvas_right(c, r.x + 3, r.y, ENDS, look(PAINT_TEXT),
			     wf_duration(text, sizeof text, (int64_t)(e.most * 1000)));
		canvas_right(c, r.x + 3, r.y + plot.height - 1, ENDS, look(PAINT_TEXT),
			     wf_duration(text, sizeof text, (int64_t)(e.least * 1000)));
		canvas_text(c, plot.x, plot.y + plot.height, 10, look(PAINT_DIM),
			    sl_time_clock(text, sizeof text, (int64_t)e.from));
		canvas_right(c, plot.x + plot.width - 10, plot.y + plot.height, 10, look(PAINT_DIM),
			     sl_time_clock(text, sizeof text, (int64_t)e.to));
	}
	free(points);
}

static unsigned head(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	unsigned rows = r.height / 4;

	(void)a;
	if (s->table.count < 2 || r.height < SPREAD_FROM || r.width < 60)
		return 0;
	draw_spread(&s->table, c, r);
	if (r.height < SCATTER_FROM)
		return SPREAD;
	draw_scatter(&s->table, c, (struct rect){r.x, r.y + SPREAD, r.width, rows});
	return SPREAD + rows + 1;
}

const struct screen_ops view_traces = {
	.name = "traces",
	.title = "Traces",
	.tab = 3,
	.data = "traces",
	.enter = "trace",
	.twin = "get traces",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct list),
	.empty = "no traces: the inventory (-i INVENTORY) names no tracing source",
	.close = close_own,
	.refresh = refresh,
	.world = world,
	.act = act,
	.head = head,
	.state = state,
};

/* --- from a service to its traces --- */

bool traces_act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	const char *service = s->subject;

	if (what != ACT_TRACES || !row)
		return false;
	if (row->cells[0].known && row->cells[0].text)
		service = row->cells[0].text;
	if (service)
		app_jump(a, view_traces.tab, service);
	return true;
}

const char *traces_why(struct app *a, struct screen *s, enum action what)
{
	(void)s;
	if (what == ACT_TRACES && !traces_have_source(a))
		return "the inventory names no tracing source";
	return NULL;
}
