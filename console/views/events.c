/* SPDX-License-Identifier: Apache-2.0 */
/* Events: one time line. Enter goes to what a row is about: its run, its service, its key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const enum action hints[] = {ACT_ENTER, ACT_FILTER, ACT_NEXT,   ACT_REPEATS, ACT_FOLLOW,
				    ACT_MARK,  ACT_COPY,   ACT_EXPORT, ACT_NONE};
static const enum action offers[] = {ACT_REPEATS, ACT_NONE};

struct own {
	bool folded;
};

static const char *cell(const struct table *t, const char *key)
{
	const struct vw_row *row = table_row(t);
	size_t i;

	for (i = 0; row && i < t->data->view->column_count; i++)
		if (!strcmp(t->data->view->columns[i].key, key))
			return row->cells[i].known && row->cells[i].text ? row->cells[i].text : "";
	return "";
}

static void world(struct app *a, struct screen *s, struct vw_world *w)
{
	(void)a;
	w->fold = ((const struct own *)s->own)->folded;
}

static void go_to_key(struct app *a, const char *key)
{
	char *filter = sl_asprintf("key:%s", key);
	struct sl_error e;

	app_go_tab(a, 4);
	if (table_filter(&app_screen(a)->table, filter, &e))
		app_say(a, PAINT_WARN, "%s", e.msg);
	free(filter);
}

/* The row may go with the screen that is opened: what is needed of it is copied first. */
static void go_to_subject(struct app *a, const struct table *t)
{
	char *run = sl_strdup(cell(t, "run")), *service = sl_strdup(cell(t, "service"));
	char *subject = sl_strdup(cell(t, "subject"));
	char id[32];

	if (*run) {
		snprintf(id, sizeof id, "%012lld", strtoll(run, NULL, 10));
		app_jump(a, 5, NULL);
		app_open(a, "run", id);
	} else if (sl_text_starts(cell(t, "event"), "key.") && *subject) {
		go_to_key(a, subject);
	} else if (*service) {
		app_jump(a, 1, NULL);
		app_open(a, "instances", service);
	} else {
		app_say(a, PAINT_DIM, "this is about nothing that could be shown");
	}
	free(run);
	free(service);
	free(subject);
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct own *o = s->own;

	switch (what) {
	case ACT_REPEATS:
		o->folded = !o->folded;
		app_fill(a, s);
		app_say(a, PAINT_DIM,
			o->folded ? "what repeats is one row" : "each event has a row of its own");
		return true;
	case ACT_ENTER:
		go_to_subject(a, &s->table);
		return true;
	default:
		return false;
	}
}

const struct screen_ops view_events = {
	.name = "events",
	.title = "Events",
	.tab = 8,
	.data = "events",
	.twin = "get events",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct own),
	.empty = "nothing has happened yet",
	.world = world,
	.act = act,
};
