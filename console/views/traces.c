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

static const enum action hints[] = {ACT_ENTER, ACT_FILTER, ACT_NEXT, ACT_SORT, ACT_REFETCH,
				    ACT_COPY,  ACT_EXPORT, ACT_BACK, ACT_NONE};

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

	(void)a;
	if (what != ACT_REFETCH || !l->ask)
		return false;
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

#define HEAD      3  /* the spread, its marks, an empty line */
#define HEAD_FROM 12 /* rows of a body that has room for it */
#define ENDS      10 /* cells for the least and the most */

static size_t column(const struct table *t, const char *key)
{
	size_t i = 0;

	while (strcmp(t->data->view->columns[i].key, key) != 0)
		i++;
	return i;
}

static double took(const struct table *t, const struct vw_row *row)
{
	const struct vw_cell *cell = row ? &row->cells[column(t, "duration")] : NULL;

	return cell && cell->known ? cell->number : -1;
}

static unsigned head(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct table *t = &s->table;
	unsigned x = r.x + 3, width = r.width > 50 ? r.width - 50 : 0;
	struct spread_point *points;
	double least, most;
	char text[32];
	size_t i;

	(void)a;
	if (t->count < 2 || r.height < HEAD_FROM || width < 10)
		return 0;
	points = sl_alloc_n(t->count, sizeof *points);
	for (i = 0; i < t->count; i++)
		points[i] = (struct spread_point){took(t, table_shown(t, i)),
						  table_shown(t, i)->state == VW_FAILED};
	canvas_printf(c, x, r.y, 25, look(PAINT_DIM), "spread of %zu by duration", t->count);
	x += 25;
	if (graph_spread(c, x + ENDS + 1, r.y, width, points, t->count, took(t, table_row(t)),
			 &least, &most)) {
		canvas_right(c, x, r.y, ENDS, look(PAINT_TEXT),
			     wf_duration(text, sizeof text, (int64_t)(least * 1000)));
		canvas_text(c, x + ENDS + width + 2, r.y, ENDS, look(PAINT_TEXT),
			    wf_duration(text, sizeof text, (int64_t)(most * 1000)));
	}
	free(points);
	return HEAD;
}

const struct screen_ops view_traces = {
	.name = "traces",
	.title = "Traces",
	.tab = 3,
	.data = "traces",
	.enter = "trace",
	.twin = "get traces",
	.hints = hints,
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
