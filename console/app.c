/* SPDX-License-Identifier: Apache-2.0 */
#include "console/app.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/input.h"
#include "console/trouble.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

int64_t app_now(const struct app *a)
{
	return a->fixed_now ? a->fixed_now : sl_time_now();
}

struct screen *app_screen(struct app *a)
{
	return a->stacks[a->tab];
}

void app_dirty(struct app *a)
{
	a->dirty = true;
}

void app_say(struct app *a, enum paint paint, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->message, sizeof a->message, fmt, ap);
	va_end(ap);
	a->message_paint = paint;
	app_dirty(a);
}

bool app_writes(const struct app *a)
{
	return a->write_until > app_now(a);
}

/* --- the clock: only what shows time is drawn again by it --- */

static bool minute_passed(void)
{
	return sl_time_now() % 60000 < 1000;
}

static void ticked(uv_timer_t *timer)
{
	struct app *a = timer->data;
	struct screen *s = app_screen(a);

	if (a->write_until && !app_writes(a)) {
		a->write_until = 0;
		app_say(a, PAINT_WARN, "write mode has ended");
	}
	if (a->paused)
		return;
	if (s && s->ops->ticks && s->ops->ticks(a, s)) {
		if (s->ops->refresh)
			s->ops->refresh(a, s);
		app_dirty(a);
	}
	if (s && s->table.held && app_now(a) - s->table.moved >= TABLE_HOLD_MS &&
	    a->overlay == OVERLAY_NONE)
		a->data_dirty = true; /* the order may be put right now */
	if (minute_passed() || a->write_until || site_is_ageing(a->site))
		app_dirty(a);
}

void app_init(struct app *a, uv_loop_t *loop)
{
	const char *now = getenv("SLUICE_TEST_NOW");

	*a = (struct app){.loop = loop, .theme = theme_find("dark"), .bindings = bindings_new()};
	if (now && *now)
		a->fixed_now = strtoll(now, NULL, 10);
	canvas_init(&a->canvas, 120, 36);
	uv_timer_init(loop, &a->tick);
	a->tick.data = a;
	uv_timer_start(&a->tick, ticked, 1000, 1000);
}

/* --- the stack --- */

static void screen_free(struct screen *s)
{
	if (s->ops->close)
		s->ops->close(s);
	table_release(&s->table);
	free(s->own);
	free(s->subject);
	free(s);
}

static struct screen *screen_new(struct app *a, const struct screen_ops *ops, const char *subject)
{
	struct screen *s = sl_alloc(sizeof *s);

	s->ops = ops;
	s->subject = sl_strdup(subject);
	if (ops->own_size)
		s->own = sl_alloc(ops->own_size);
	table_init(&s->table, ops->data ? vw_find(ops->data) : NULL);
	if (subject && ops->data && !strcmp(vw_find(ops->data)->columns[0].key, "service"))
		s->table.about_one = true;
	if (ops->open)
		ops->open(a, s);
	return s;
}

void app_close_screens(struct app *a)
{
	unsigned i;

	for (i = 0; i <= TABS; i++) {
		while (a->stacks[i]) {
			struct screen *s = a->stacks[i];

			a->stacks[i] = s->below;
			screen_free(s);
		}
	}
}

void app_release(struct app *a)
{
	app_close_screens(a);
	places_release(&a->places);
	prompt_release(&a->prompt);
	free(a->confirm.title);
	free(a->confirm.targets);
	free(a->confirm.must_type);
	free(a->confirm.arg);
	free(a->pinned);
	named_release(&a->named);
	free(a->write_reason);
	free(a->who);
	bindings_free(a->bindings);
	canvas_release(&a->canvas);
}

/* Only what somebody looks at is polled. */
static void want(struct app *a)
{
	struct screen *s = app_screen(a);
	const struct vw_view *v = s && s->ops->data ? vw_find(s->ops->data) : NULL;

	site_want(a->site, (v ? v->roles : 0) | (s ? s->ops->roles : 0));
	site_want_hosts(a->site, v && v->hosts);
}

/* A view that cannot read it goes without, and says so. */
void app_pin(struct app *a, struct screen *s)
{
	struct sl_error e = {0};

	if (a->pinned && s->table.data && !*s->table.filter &&
	    table_filter(&s->table, a->pinned, &e))
		app_say(a, PAINT_DIM, "the pinned filter is not for this view: %s", e.msg);
	table_filters_off(&s->table, a->filters_off);
}

static void arrive(struct app *a)
{
	struct screen *s = app_screen(a);

	a->message[0] = '\0';
	a->preview = false;
	want(a);
	app_count_alerts(a);
	app_fill(a, s);
	app_pin(a, s);
	app_dirty(a);
}

static void show_tab(struct app *a, unsigned tab)
{
	const struct screen_ops *ops = screen_of_tab(tab);

	a->tab = tab;
	if (!a->stacks[tab])
		a->stacks[tab] = screen_new(a, ops, NULL);
	arrive(a);
}

/* All that was opened over the view of this tab. */
static void drop_to_first(struct app *a, unsigned tab)
{
	struct screen *s;

	while ((s = a->stacks[tab]) && s->below) {
		a->stacks[tab] = s->below;
		screen_free(s);
	}
}

void app_go_tab(struct app *a, unsigned tab)
{
	if (!screen_of_tab(tab)) {
		app_say(a, PAINT_WARN, "%s: this version has no such view yet",
			key_rows[ACT_VIEW_1 + tab - 1].help);
		return;
	}
	if (tab == a->tab)
		drop_to_first(a, tab);
	show_tab(a, tab);
}

bool app_open(struct app *a, const char *name, const char *subject)
{
	const struct screen_ops *ops = screen_find(name);
	struct screen *s;

	if (!ops) {
		app_say(a, PAINT_BAD, "there is no view '%s'", name);
		return false;
	}
	if (ops->tab && !subject) {
		app_go_tab(a, ops->tab);
		return true;
	}
	s = screen_new(a, ops, subject);
	s->below = a->stacks[a->tab];
	a->stacks[a->tab] = s;
	arrive(a);
	return true;
}

void app_jump(struct app *a, unsigned tab, const char *subject)
{
	const struct screen_ops *ops = screen_of_tab(tab);
	char *about = sl_strdup(subject); /* it may be of a screen that goes */

	a->tab = tab;
	if (!a->stacks[tab])
		a->stacks[tab] = screen_new(a, ops, NULL);
	drop_to_first(a, tab);
	app_open(a, ops->name, about);
	free(about);
}

bool app_back(struct app *a)
{
	struct screen *s = app_screen(a);

	if (!s->below)
		return false;
	a->stacks[a->tab] = s->below;
	screen_free(s);
	arrive(a);
	return true;
}

/* How many of the views that stand are those of the place, from the lowest up. */
static size_t standing(const struct screen *s, const struct place *p, size_t *depth)
{
	const struct place_step *step;
	size_t same, at;

	if (!s)
		return *depth = 0;
	same = standing(s->below, p, depth);
	at = (*depth)++;
	step = at < p->depth ? &p->steps[at] : NULL;
	if (same < at || !step || step->ops != s->ops ||
	    strcmp(step->subject ? step->subject : "", s->subject ? s->subject : "") != 0)
		return same;
	return same + 1;
}

void app_go_place(struct app *a, const struct place *p)
{
	size_t depth, same = standing(a->stacks[p->tab], p, &depth);
	struct screen *s;

	a->tab = p->tab;
	for (; depth > same; depth--) {
		s = a->stacks[p->tab];
		a->stacks[p->tab] = s->below;
		screen_free(s);
	}
	for (; same < p->depth; same++) {
		s = screen_new(a, p->steps[same].ops, p->steps[same].subject);
		s->below = a->stacks[p->tab];
		a->stacks[p->tab] = s;
	}
	arrive(a);
}

/* --- data --- */

void app_fill(struct app *a, struct screen *s)
{
	const struct vw_view *v = s->ops->data ? vw_find(s->ops->data) : NULL;
	struct vw_world w = site_world(a->site, s->subject, app_now(a));
	struct sl_error e;

	if (s->ops->world)
		s->ops->world(a, s, &w);
	if (v) {
		bool first = !s->table.data;

		table_set(&s->table, vw_table_fill(v, &w), app_now(a),
			  a->overlay == OVERLAY_CONFIRM);
		if (first && *s->table.filter && table_filter(&s->table, s->table.filter, &e))
			app_say(a, PAINT_BAD, "%s", e.msg);
	}
	if (s->ops->refresh)
		s->ops->refresh(a, s);
}

void app_count_alerts(struct app *a)
{
	struct vw_world w = site_world(a->site, NULL, app_now(a));

	a->alerts = vw_alert_count(&w);
}

void app_data_changed(struct app *a, unsigned what)
{
	(void)what;
	a->data_dirty = true;
}

/* --- keys --- */

static bool offers(const struct screen_ops *ops, enum action what)
{
	const enum action *o;

	for (o = ops->offers; o && *o != ACT_NONE; o++)
		if (*o == what)
			return true;
	return false;
}

const char app_needs_write[] = "needs write mode";

const char *app_why(struct app *a, enum action what)
{
	struct screen *s = app_screen(a);
	unsigned needs = key_rows[what].needs;
	const char *why = NULL;

	if (what >= ACT_VIEW_1 && what <= ACT_VIEW_8)
		return screen_of_tab((unsigned)(what - ACT_VIEW_1) + 1) ? NULL
									: "not in this version";
	if ((needs & KEY_NEEDS_OFFER) && !offers(s->ops, what))
		return "not in this view";
	if ((needs & KEY_NEEDS_TABLE) && !s->table.data && !offers(s->ops, what))
		return "this view has no list";
	if ((needs & KEY_NEEDS_SELECTION) && s->table.data && !table_row(&s->table) &&
	    !(s->ops->about_itself && offers(s->ops, what)))
		return "nothing is under the cursor";
	if ((needs & KEY_NEEDS_TERMINAL) && !a->term)
		return "needs a terminal";
	if (s->ops->why)
		why = s->ops->why(a, s, what);
	if (!why && (needs & KEY_MUTATES) && !app_writes(a))
		why = app_needs_write;
	return why;
}

/* The one door: whatever asks for an action, it goes through here. */
void app_act(struct app *a, enum action what)
{
	struct screen *s = app_screen(a);
	const char *why;
	char key[32];

	if (what == ACT_NONE)
		return;
	app_dirty(a);
	a->message[0] = '\0';
	why = app_why(a, what);
	if (why) {
		bool write = why == app_needs_write;

		app_say(a, PAINT_WARN, "%s is off: %s%s%s%s", key_rows[what].name, why,
			write ? " (press " : "",
			write ? bindings_first(a->bindings, ACT_WRITE, key, sizeof key) : "",
			write ? ")" : "");
		return;
	}
	if (s->ops->act && s->ops->act(a, s, what))
		return;
	act_general(a, s, what);
}

/* Keys of other views mean nothing in this one. */
static bool is_here(void *arg, enum action what)
{
	const struct app *a = arg;

	return !(key_rows[what].needs & KEY_NEEDS_OFFER) || offers(a->stacks[a->tab]->ops, what);
}

void app_key(struct app *a, uint32_t key)
{
	enum action what;
	char name[32];

	switch (a->overlay) {
	case OVERLAY_PROMPT:
		prompt_key(a, key);
		return;
	case OVERLAY_CONFIRM:
		dialog_key(a, key);
		return;
	case OVERLAY_HELP:
		help_key(a, key);
		return;
	case OVERLAY_NONE:
		break;
	}
	if (key & TKEY_PASTED) /* a paste presses no keys */
		return;
	if (key == TKEY_MOUSE_PRESS || key == TKEY_WHEEL_UP || key == TKEY_WHEEL_DOWN) {
		act_mouse(a, key);
		return;
	}
	what = bindings_find(a->bindings, key, is_here, a);
	if (what != ACT_NONE)
		app_act(a, what);
	else
		app_say(a, PAINT_DIM, "%s does nothing here; ? shows all keys",
			input_key_name(name, sizeof name, key));
}

/* --- the end of a turn --- */

static void draw_small(struct app *a)
{
	struct canvas *c = &a->canvas;

	canvas_printf(c, 0, c->height / 2, c->width, look(PAINT_WARN), "%ux%u; needs %ux%u",
		      c->width, c->height, LAYOUT_MIN_WIDTH, LAYOUT_MIN_HEIGHT);
	canvas_text(c, 0, c->height / 2 + 1, c->width, look(PAINT_DIM), "q leaves");
}

static unsigned preview_fields(const struct table *t)
{
	const struct vw_row *row = table_row(t);
	unsigned known = 0;

	for (size_t i = 0; i < t->data->view->column_count; i++)
		known += row->cells[i].known;
	return known;
}

/* What the list leaves, up to all fields; a third in any case. */
static unsigned preview_height(const struct table *t, unsigned height)
{
	unsigned least = height / 3, want = preview_fields(t) + 1;
	unsigned spare = t->count + 2 < height ? height - (unsigned)t->count - 2 : 0;

	return want <= least || spare <= least ? least : want < spare ? want : spare;
}

/* In two columns when one has not the room and the screen is wide. */
static void draw_preview(struct app *a, struct screen *s, struct rect r)
{
	const struct vw_row *row = table_row(&s->table);
	const struct vw_view *v = s->table.data->view;
	size_t index = table_index(&s->table, s->table.at), i;
	unsigned fields = preview_fields(&s->table), lines = r.height - 1, n = 0;
	unsigned columns = fields > lines && r.width >= 100 ? 2 : 1, width = r.width / columns;
	char text[1024];

	canvas_fill(&a->canvas, r, look_on(look(PAINT_TEXT), GROUND_DIALOG));
	canvas_printf(&a->canvas, r.x + 1, r.y, r.width - 2, look_bold(PAINT_BRIGHT), "%s",
		      row->full);
	if (columns == 2 && (fields + 1) / 2 < lines)
		lines = (fields + 1) / 2;
	for (i = 0; i < v->column_count && n < lines * columns; i++) {
		unsigned x = r.x + n / lines * width, y = r.y + 1 + n % lines;

		if (!row->cells[i].known)
			continue;
		vw_cell_text(s->table.data, index, i, app_now(a), text, sizeof text);
		canvas_text(&a->canvas, x + 2, y, 16, look(PAINT_DIM), v->columns[i].title);
		canvas_text(&a->canvas, x + 19, y, width - 20, look(PAINT_TEXT), text);
		n++;
	}
}

static void draw_empty(struct app *a, struct screen *s, struct rect r)
{
	const char *text = s->ops->empty ? s->ops->empty : "nothing to show";
	bool filtered = s->table.data && s->table.data->count && !s->table.count;
	char state[512];
	enum paint paint;

	if (!filtered && s->ops->state && s->ops->state(a, s, &paint, state, sizeof state))
		canvas_text(&a->canvas, r.x + 5, r.y + 2, r.width - 6, look(paint), state);
	else if (filtered)
		canvas_printf(&a->canvas, r.x + 5, r.y + 2, r.width - 6, look(PAINT_DIM),
			      "none of %zu passes the filter '%s'; esc clears it",
			      s->table.data->count, s->table.filter);
	else if (!trouble_draw(a, s, &a->canvas,
			       (struct rect){r.x + 5, r.y + 2, r.width - 6, r.height - 2}))
		canvas_text(&a->canvas, r.x + 5, r.y + 2, r.width - 6, look(PAINT_DIM), text);
}

static void draw_body(struct app *a, struct rect r)
{
	struct screen *s = app_screen(a);
	struct rect below = r;
	bool preview = a->preview && table_row(&s->table) && r.height > 12;

	if (s->ops->draw) {
		s->ops->draw(a, s, &a->canvas, r);
		return;
	}
	if (preview) {
		below.height = preview_height(&s->table, r.height);
		below.y = r.y + r.height - below.height;
		r.height -= below.height;
	}
	if (s->ops->head) {
		unsigned used = s->ops->head(a, s, &a->canvas, r);

		r.y += used;
		r.height -= used;
	}
	table_draw(&s->table, &a->canvas, r, app_now(a));
	if (!s->table.count)
		draw_empty(a, s, r);
	if (preview)
		draw_preview(a, s, below);
}

static void draw(struct app *a)
{
	struct layout l = layout_screen(a->canvas.width, a->canvas.height);

	canvas_fill(&a->canvas, (struct rect){0, 0, a->canvas.width, a->canvas.height},
		    look(PAINT_TEXT));
	if (!l.fits) {
		draw_small(a);
		return;
	}
	draw_body(a, l.body);
	chrome_draw(a, &l);
	if (a->overlay == OVERLAY_CONFIRM)
		dialog_draw(a, &a->canvas);
	if (a->overlay == OVERLAY_HELP)
		help_draw(a, &a->canvas);
}

void app_turn(struct app *a)
{
	if (a->data_dirty && !a->paused) {
		a->data_dirty = false;
		app_count_alerts(a);
		app_fill(a, app_screen(a));
		a->dirty = true;
	}
	if (!a->dirty)
		return;
	a->dirty = false;
	places_visit(&a->places, a->tab, app_screen(a));
	draw(a);
	if (a->term)
		term_paint(a->term, &a->canvas);
	a->painted++;
}

void app_resized(struct app *a, unsigned width, unsigned height)
{
	canvas_resize(&a->canvas, width, height);
	app_dirty(a);
}
