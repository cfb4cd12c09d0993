/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One service: how it does over time, then a pane at a time: instances, dependencies, config,
 * versions, history. Each pane is a view of its own with its cursor, sort and filter; only the one
 * that is looked at is filled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/service_seen.h"
#include "console/views/views.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const enum action hints[] = {ACT_PANE,   ACT_ENTER,  ACT_LOG,  ACT_TRACES,
				    ACT_FILTER, ACT_MARK,   ACT_BACK, ACT_DRAIN,
				    ACT_ENABLE, ACT_WEIGHT, ACT_NONE};
static const enum action offers[] = {ACT_PANE,  ACT_TRACES, ACT_DEPENDENCIES, ACT_CONFIG, ACT_LOG,
				     ACT_SHELL, ACT_DRAIN,  ACT_ENABLE,       ACT_WEIGHT, ACT_NONE};

static const struct {
	const char *view, *empty;
} panes[PANE_COUNT] = {
	[PANE_INSTANCES] = {"instances", "no registry lists an instance of it"},
	[PANE_DEPENDENCIES] = {"dependencies", "nobody is known to call it, or to be called by it"},
	[PANE_CONFIG] = {"keys", "no key of a config centre is labelled with it"},
	[PANE_VERSIONS] = {"versions", "no instance says which version it runs"},
	[PANE_HISTORY] = {"changes", "nothing is known to have changed it"},
};

struct own {
	enum pane pane;
	struct table others[PANE_COUNT]; /* while they are not looked at */
	bool begun[PANE_COUNT];
	long counts[PANE_COUNT];
	struct question *edges; /* NULL = not asked, or nobody to ask */
};

static void pane_begin(struct screen *s, enum pane p)
{
	struct own *o = s->own;

	table_init(&s->table, vw_find(panes[p].view));
	s->table.about_one = !strcmp(vw_find(panes[p].view)->columns[0].key, "service");
	o->begun[p] = true;
}

static void open_own(struct app *a, struct screen *s)
{
	struct own *o = s->own;
	size_t i;

	(void)a;
	for (i = 0; i < PANE_COUNT; i++)
		o->counts[i] = -1;
	table_release(&s->table);
	pane_begin(s, PANE_INSTANCES);
}

static void close_own(struct screen *s)
{
	struct own *o = s->own;
	size_t i;

	question_free(o->edges);
	for (i = 0; i < PANE_COUNT; i++)
		if (o->begun[i] && i != o->pane)
			table_release(&o->others[i]);
}

static long count_rows(enum pane p, const struct vw_world *w)
{
	struct vw_table *t = vw_table_fill(vw_find(panes[p].view), w);
	long count = (long)t->count;

	vw_table_free(t);
	return count;
}

/* What has to be asked for, or read from the store, is counted when it was looked at. */
static void count(struct screen *s, const struct vw_world *w)
{
	const struct catalogue *c = w->catalogue;
	struct own *o = s->own;
	size_t i;

	if (o->pane != PANE_CONFIG)
		o->counts[PANE_CONFIG] = count_rows(PANE_CONFIG, w);
	if (o->pane != PANE_VERSIONS)
		o->counts[PANE_VERSIONS] = count_rows(PANE_VERSIONS, w);
	o->counts[o->pane] = s->table.data ? (long)s->table.data->count : -1;
	o->counts[PANE_INSTANCES] = 0;
	for (i = 0; c && i < catalogue_service_count(c); i++)
		if (!strcmp(catalogue_service(c, i)->service, s->subject))
			o->counts[PANE_INSTANCES] += (long)catalogue_service(c, i)->count;
}

static void refresh(struct app *a, struct screen *s)
{
	struct own *o = s->own;
	struct vw_world w = site_world(a->site, s->subject, app_now(a));

	if (o->pane == PANE_DEPENDENCIES && !o->edges)
		o->edges = edges_ask(a->site);
	if (o->edges) {
		question_take(o->edges);
		w.edges = question_state(o->edges).found;
	}
	table_set(&s->table, vw_table_fill(vw_find(panes[o->pane].view), &w), app_now(a),
		  a->overlay == OVERLAY_CONFIRM);
	count(s, &w);
}

static void go_pane(struct app *a, struct screen *s, enum pane pane)
{
	struct own *o = s->own;

	if (o->pane == pane)
		return;
	o->others[o->pane] = s->table;
	memset(&s->table, 0, sizeof s->table);
	o->pane = pane;
	if (o->begun[o->pane])
		s->table = o->others[o->pane];
	else
		pane_begin(s, o->pane);
	a->preview = false;
	refresh(a, s);
	app_pin(a, s);
}

/* Of the history: a run, or the key or instance that changed. */
static void enter_change(struct app *a, struct screen *s, const struct vw_row *row)
{
	const struct vw_cell *what = table_cell(&s->table, row, "what");

	if (sl_text_starts(row->id, "run/"))
		app_open(a, "run", row->id + strlen("run/"));
	else if (what && sl_text_starts(what->text, "cfg "))
		go_pane(a, s, PANE_CONFIG);
	else
		go_pane(a, s, PANE_INSTANCES);
}

/* The instances that run a version. */
static void enter_version(struct app *a, struct screen *s, const struct vw_row *row)
{
	const struct vw_cell *version = table_cell(&s->table, row, "version");
	char *filter = sl_asprintf("version=\"%s\"", version ? version->text : "-");
	struct sl_error e = {0};

	go_pane(a, s, PANE_INSTANCES);
	if (table_filter(&s->table, filter, &e))
		app_say(a, PAINT_WARN, "%s", e.msg);
	free(filter);
}

static void enter(struct app *a, struct screen *s, const struct vw_row *row)
{
	switch (((const struct own *)s->own)->pane) {
	case PANE_DEPENDENCIES:
		app_open(a, "service", row->full);
		break;
	case PANE_CONFIG:
		app_open(a, view_key.name, row->id);
		break;
	case PANE_VERSIONS:
		enter_version(a, s, row);
		break;
	case PANE_HISTORY:
		enter_change(a, s, row);
		break;
	default:
		app_act(a, ACT_LOG);
	}
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	struct own *o = s->own;

	if (what == ACT_PANE) {
		go_pane(a, s, (o->pane + 1) % PANE_COUNT);
		return true;
	}
	if (what == ACT_DEPENDENCIES || what == ACT_CONFIG) {
		go_pane(a, s, what == ACT_CONFIG ? PANE_CONFIG : PANE_DEPENDENCIES);
		return true;
	}
	if (what == ACT_ENTER && row) {
		enter(a, s, row);
		return true;
	}
	if (what == ACT_REFETCH && o->pane == PANE_DEPENDENCIES && o->edges)
		question_ask(o->edges); /* and the others, below */
	if (what == ACT_TRACES) {
		app_jump(a, view_traces.tab, s->subject);
		return true;
	}
	if (host_act(a, s, what))
		return true;
	if (!instance_is_action(what))
		return false;
	instance_ask(a, s, what);
	return true;
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	const struct own *o = s->own;

	if ((instance_is_action(what) || what == ACT_LOG || what == ACT_SHELL) &&
	    o->pane != PANE_INSTANCES)
		return "only in the pane of instances";
	if (instance_is_action(what))
		return instance_why(a, s, what);
	return traces_why(a, s, what);
}

static unsigned head(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct own *o = s->own;
	struct service_head h = {
		.service = s->subject, .catalogue = site_catalogue(a->site), .pane = o->pane};

	memcpy(h.counts, o->counts, sizeof h.counts);
	return service_draw_head(&h, c, r);
}

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct own *o = s->own;

	if (o->pane == PANE_DEPENDENCIES && o->edges) {
		struct question_state now = question_state(o->edges);

		if (now.under_way || now.failed || s->table.data->count)
			return edges_say(o->edges, a->fixed_now, paint, text, size);
	}
	if (s->table.data && s->table.data->count)
		return false;
	*paint = PAINT_DIM;
	snprintf(text, size, "%s", panes[o->pane].empty);
	return true;
}

const struct screen_ops view_service = {
	.name = "service",
	.title = "Service",
	.roles = CAT_REGISTRY | CAT_METRICS | CAT_CONFIG,
	.about_itself = true,
	.twin = "get instances SERVICE",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct own),
	.open = open_own,
	.close = close_own,
	.refresh = refresh,
	.act = act,
	.why = why,
	.head = head,
	.state = state,
};

/* --- from a row about a service --- */

/* Of many instances that of the one in the worst state is wanted; when all that are left are well,
 * that of the one that went. */
static void worst_log(struct app *a, const char *service)
{
	const struct vw_view *v = vw_find("instances");
	struct vw_world w = site_world(a->site, service, app_now(a));
	const char *gone = vw_service_missed(&w, service);
	const struct vw_row *row;
	char subject[300];
	struct table t;

	table_init(&t, v);
	table_set(&t, vw_table_fill(v, &w), app_now(a), false);
	row = table_row(&t);
	if (gone && strchr(gone, ':') && (!row || row->state == VW_OK))
		app_open(a, "log", gone);
	else if (host_of_row(a, &t, true, subject, sizeof subject))
		app_open(a, "log", subject);
	else
		app_say(a, PAINT_WARN, "no registry lists an instance of %s", service);
	table_release(&t);
}

bool service_act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	const struct vw_cell *cell = row ? table_cell(&s->table, row, "service") : NULL;
	char *service;

	if ((what != ACT_LOG && what != ACT_DEPENDENCIES && what != ACT_CONFIG) || !cell)
		return false;
	service = sl_strdup(cell->text);
	if (what == ACT_LOG)
		worst_log(a, service);
	else if (app_open(a, view_service.name, service))
		go_pane(a, app_screen(a), what == ACT_CONFIG ? PANE_CONFIG : PANE_DEPENDENCIES);
	free(service);
	return true;
}
