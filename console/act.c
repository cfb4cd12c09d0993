/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do in every view. */
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/input.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/mem.h"

static bool move(struct app *a, struct table *t, enum action what)
{
	int64_t now = app_now(a);
	long page = t->page ? (long)t->page : 1, half = page > 1 ? page / 2 : 1;

	switch (what) {
	case ACT_DOWN:
		table_move(t, 1, now);
		return true;
	case ACT_UP:
		table_move(t, -1, now);
		return true;
	case ACT_TOP:
		table_go(t, 0, now);
		return true;
	case ACT_BOTTOM:
		table_go(t, t->count, now);
		return true;
	case ACT_PAGE_DOWN:
		table_move(t, page, now);
		return true;
	case ACT_PAGE_UP:
		table_move(t, -page, now);
		return true;
	case ACT_HALF_DOWN:
		table_move(t, half, now);
		return true;
	case ACT_HALF_UP:
		table_move(t, -half, now);
		return true;
	case ACT_LEFT:
		t->skip -= t->skip > 0;
		return true;
	case ACT_RIGHT:
		t->skip += t->data && t->skip + 1 < t->data->view->column_count;
		return true;
	default:
		return false;
	}
}

/* The next row, in that direction, that is neither well nor off. */
static void seek(struct app *a, struct table *t, int by)
{
	size_t i, at;

	for (i = 1; i <= t->count; i++) {
		at = (t->at + (by > 0 ? i : t->count - i % t->count)) % t->count;
		switch (table_shown(t, at)->state) {
		case VW_DEGRADED:
		case VW_FAILED:
		case VW_NO_CONTACT:
			table_go(t, at, app_now(a));
			return;
		default:
			break;
		}
	}
	app_say(a, PAINT_OK, "nothing here is failed, degraded or without contact");
}

static void mark(struct app *a, struct table *t)
{
	table_mark(t);
	table_move(t, 1, app_now(a));
}

static bool list(struct app *a, struct screen *s, enum action what)
{
	struct table *t = &s->table;

	switch (what) {
	case ACT_FILTER:
		prompt_open(a, PROMPT_FILTER, t->filter);
		return true;
	case ACT_NAMED:
		prompt_open(a, PROMPT_NAMED, "");
		return true;
	case ACT_NEXT:
	case ACT_PREVIOUS:
		seek(a, t, what == ACT_NEXT ? 1 : -1);
		return true;
	case ACT_SORT:
		table_sort(t, table_sort_key(t));
		return true;
	case ACT_SORT_LEFT:
	case ACT_SORT_RIGHT:
		table_sort_step(t, what == ACT_SORT_LEFT ? -1 : 1);
		return true;
	case ACT_MARK:
		mark(a, t);
		return true;
	case ACT_MARK_RANGE:
		if (!table_mark_range(t))
			app_say(a, PAINT_WARN, "mark the first of them before");
		return true;
	case ACT_FOLD:
		t->wide = !t->wide;
		memset(t->widths, 0, sizeof t->widths);
		return true;
	case ACT_FOLLOW:
		table_follow(t, !t->follow, app_now(a));
		app_say(a, PAINT_DIM,
			t->follow ? "the cursor stays on the newest row"
				  : "the cursor stays where it is");
		return true;
	default:
		return move(a, t, what);
	}
}

/* The views that it came to lose it again; the one in front may go on with it. */
static void unpin(struct app *a, const struct table *here)
{
	struct screen *s;
	struct sl_error e;
	unsigned i;

	for (i = 1; i <= TABS; i++)
		for (s = a->stacks[i]; s; s = s->below)
			if (&s->table != here && s->table.filter &&
			    !strcmp(s->table.filter, a->pinned))
				table_filter(&s->table, "", &e);
	app_say(a, PAINT_DIM, "the filter '%s' is not pinned any more", a->pinned);
	free(a->pinned);
	a->pinned = NULL;
}

static void pin_filter(struct app *a, const struct table *t)
{
	if (a->pinned) {
		unpin(a, t);
	} else if (*t->filter) {
		a->pinned = sl_strdup(t->filter);
		app_say(a, PAINT_ACCENT,
			"'%s' is pinned: it filters every view that has such "
			"columns",
			t->filter);
	} else {
		app_say(a, PAINT_WARN, "there is no filter to pin");
	}
}

static void filters_toggle(struct app *a)
{
	struct screen *s;
	unsigned i;

	a->filters_off = !a->filters_off;
	for (i = 1; i <= TABS; i++)
		for (s = a->stacks[i]; s; s = s->below)
			table_filters_off(&s->table, a->filters_off);
	app_say(a, PAINT_DIM, "all filters are %s", a->filters_off ? "off" : "on");
}

/* esc: first what lies over the view, then its filter and marks, then the view itself; never the
 * program. */
static void back(struct app *a, struct screen *s)
{
	struct sl_error e;

	if (a->preview)
		a->preview = false;
	else if (*s->table.filter)
		table_filter(&s->table, "", &e);
	else if (s->table.mark_count)
		table_marks_clear(&s->table);
	else if (!app_back(a))
		app_say(a, PAINT_DIM, "this is the first view; q leaves the console");
}

static void enter(struct app *a, struct screen *s)
{
	const struct vw_row *row = table_row(&s->table);
	char *subject;
	bool named;

	if (!s->ops->enter) {
		a->preview = !a->preview;
		return;
	}
	if (!row)
		return;
	/* what a view is about is a name, where things have one */
	named = s->table.data->view->columns[0].kind == VW_TEXT && row->cells[0].known;
	subject = sl_strdup(named ? row->cells[0].text : row->id);
	app_open(a, s->ops->enter, subject);
	free(subject);
}

static void history(struct app *a, int by)
{
	const struct place *p = places_step(&a->places, by);

	if (p)
		app_go_place(a, p);
	else
		app_say(a, PAINT_DIM, by < 0 ? "no view was open before" : "no view lies ahead");
}

static void write_mode(struct app *a)
{
	if (!app_writes(a)) {
		prompt_open(a, PROMPT_REASON, a->write_reason ? a->write_reason : "");
		return;
	}
	a->write_until = 0;
	app_say(a, PAINT_OK, "read-only");
}

static void hold_still(struct app *a)
{
	a->paused = !a->paused;
	if (!a->paused)
		a->data_dirty = true;
	app_say(a, PAINT_DIM, a->paused ? "the screen is held still; data is read on" : "going on");
}

static void refetch(struct app *a)
{
	const char *data = app_screen(a)->ops->data;
	const struct vw_view *v = data ? vw_find(data) : NULL;

	if (site_catalogue(a->site))
		catalogue_refetch(site_catalogue(a->site));
	if (v && v->hosts && site_hosts(a->site))
		host_looks_again(site_hosts(a->site));
	a->data_dirty = true;
	app_say(a, PAINT_DIM, "asking every %s again", v && v->hosts ? "host" : "source");
}

void act_general(struct app *a, struct screen *s, enum action what)
{
	if (what >= ACT_VIEW_1 && what <= ACT_VIEW_8) {
		app_go_tab(a, (unsigned)(what - ACT_VIEW_1) + 1);
		return;
	}
	switch (what) {
	case ACT_ENTER:
		enter(a, s);
		break;
	case ACT_BACK:
		back(a, s);
		break;
	case ACT_UP_OUT:
		if (!app_back(a))
			a->quit = true;
		break;
	case ACT_HISTORY_BACK:
	case ACT_HISTORY_FORWARD:
		history(a, what == ACT_HISTORY_BACK ? -1 : 1);
		break;
	case ACT_ALERTS:
		if (strcmp(s->ops->name, "alerts") != 0)
			app_open(a, "alerts", NULL);
		break;
	case ACT_FILTERS_OFF:
		filters_toggle(a);
		break;
	case ACT_PIN:
		pin_filter(a, &s->table);
		break;
	case ACT_PREVIEW:
		a->preview = !a->preview;
		break;
	case ACT_PAUSE:
		hold_still(a);
		break;
	case ACT_REFETCH:
		refetch(a);
		break;
	case ACT_COPY:
	case ACT_COPY_JSON:
		out_copy(a, s, what == ACT_COPY_JSON);
		break;
	case ACT_EXPORT:
		out_export(a, s, NULL);
		break;
	case ACT_COMMAND:
		prompt_open(a, PROMPT_COMMAND, "");
		break;
	case ACT_HELP:
		help_open(a);
		break;
	case ACT_WRITE:
		write_mode(a);
		break;
	case ACT_REPAINT:
		if (a->term)
			term_repaint(a->term);
		break;
	case ACT_SUSPEND:
		term_suspend(a->term);
		break;
	case ACT_QUIT:
		a->quit = true;
		break;
	default:
		list(a, s, what);
	}
}

/* Where a table was not drawn there is nothing to press. */
void act_mouse(struct app *a, uint32_t key)
{
	struct screen *s = app_screen(a);
	unsigned x, y;
	size_t row;

	if (key != TKEY_MOUSE_PRESS) {
		app_act(a, key == TKEY_WHEEL_UP ? ACT_UP : ACT_DOWN);
		return;
	}
	term_mouse_at(a->term, &x, &y);
	if (!s->table.y || y < s->table.y || y - s->table.y >= s->table.page)
		return;
	row = s->table.top + y - s->table.y;
	if (row >= s->table.count)
		return;
	if (row == s->table.at)
		app_act(a, ACT_ENTER);
	else
		table_go(&s->table, row, app_now(a));
	app_dirty(a);
}
