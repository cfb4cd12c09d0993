/* SPDX-License-Identifier: Apache-2.0 */
/* The six rows around the data: where one is and how fresh it is above; what is under the cursor,
 * what was said and which keys help below. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "console/app.h"
#include "console/trouble.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

/* --- row 1: identity and freshness --- */

static bool role_is_alone(const struct catalogue *c, enum cat_role role)
{
	size_t i, n = 0;

	for (i = 0; i < catalogue_source_count(c); i++)
		n += catalogue_source(c, i).role == role;
	return n == 1;
}

/* Fresh data has no age that would have to be counted: "<6s" is all there is to know. An answer
 * may take a second on top of the interval. Where the clock stands still, so do ages. */
static struct look age_text(const struct app *a, const struct cat_source *source, char *dst,
			    size_t size)
{
	int64_t age = !a->fixed_now   ? sl_time_now() - source->read_at
		      : source->stale ? 3 * source->interval_ms
				      : 0;
	int64_t fresh = source->interval_ms + SITE_SLACK_MS;

	if (source->role == CAT_TRACING && !*source->error) { /* its view says how old they are */
		snprintf(dst, size, "on demand");
		return look(PAINT_DIM);
	}
	if (!source->read_at) {
		snprintf(dst, size, "%s", *source->error ? "FAILED" : "...");
		return *source->error ? look_bold(PAINT_BAD) : look(PAINT_DIM);
	}
	if (age > fresh && !source->polled && !*source->error) { /* this view needs it not */
		snprintf(dst, size, "idle");
		return look(PAINT_DIM);
	}
	if (source->stale || age > 3 * source->interval_ms) {
		snprintf(dst, size, "STALE %llds", (long long)(age / 1000));
		return look_bold(PAINT_WARN);
	}
	if (age <= fresh)
		snprintf(dst, size, "<%llds", (long long)((fresh + 999) / 1000));
	else
		snprintf(dst, size, "%llds", (long long)(age / 1000));
	return look(*source->error ? PAINT_WARN : PAINT_OK);
}

static unsigned pair_gap(const struct canvas *c)
{
	return c->width < 80 ? 2 : 3;
}

static unsigned put_pair(struct canvas *c, unsigned x, unsigned end, const char *name,
			 struct look l, const char *value)
{
	unsigned need = (unsigned)(sl_text_width(name) + sl_text_width(value)) + 1;

	if (x + need > end)
		return x;
	x += canvas_text(c, x, 0, end - x, look(PAINT_DIM), name) + 1;
	x += canvas_text(c, x, 0, end - x, l, value);
	return x + pair_gap(c);
}

static unsigned draw_mode(struct app *a, struct canvas *c, unsigned x)
{
	int64_t left = a->write_until - app_now(a);

	if (!app_writes(a))
		return x + canvas_text(c, x, 0, 12, look(PAINT_DIM), "READ-ONLY");
	if (left >= 60000)
		x += canvas_printf(c, x, 0, 20, look_bold(PAINT_CHIP), "WRITE %lldm left",
				   (long long)(left + 59999) / 60000);
	else
		x += canvas_printf(c, x, 0, 20, look_bold(PAINT_CHIP), "WRITE %llds left",
				   (long long)left / 1000);
	return x + canvas_printf(c, x, 0, 30, look(PAINT_CHIP), ", %s", a->write_reason);
}

/* Right of all ages, left of the clock. Says how many cells it took. */
static unsigned draw_alerts(struct app *a, struct canvas *c, struct rect r)
{
	char text[40];
	unsigned width;

	if (!a->alerts)
		return 0;
	snprintf(text, sizeof text, "! %zu%s", a->alerts,
		 r.width < 80     ? ""
		 : a->alerts == 1 ? " alert"
				  : " alerts");
	width = (unsigned)strlen(text);
	canvas_text(c, r.x + r.width - 9 - width, r.y, width, look_bold(PAINT_BAD), text);
	return width + 2;
}

/* Production is a colour and a word; a name that says it needs no other. */
static const char *production_word(const struct app *a, const char *env)
{
	return site_production(a->site) && !strcasestr(env, "prod") ? "PRODUCTION " : "";
}

static void draw_identity(struct app *a, struct canvas *c, struct rect r)
{
	struct catalogue *cat = site_catalogue(a->site);
	const char *env = site_environment(a->site);
	enum ground chip = site_production(a->site) ? GROUND_CHIP_PROD : GROUND_CHIP;
	time_t now = (time_t)(app_now(a) / 1000);
	char text[64], clock[16];
	struct tm tm;
	unsigned x = r.x, end = r.x + r.width - 8;
	size_t i;

	canvas_fill(c, r, look_on(look(PAINT_TEXT), app_writes(a) ? GROUND_WRITE : GROUND_BAR));
	x += canvas_printf(c, x, r.y, 44, look_on(look_bold(PAINT_CHIP), chip), " %s %s",
			   *env ? env : "sluice", production_word(a, env));
	end -= draw_alerts(a, c, r);
	x = draw_mode(a, c, x + 1) + pair_gap(c);
	for (i = 0; cat && i < catalogue_source_count(cat); i++) {
		struct cat_source source = catalogue_source(cat, i);
		struct look l = age_text(a, &source, text, sizeof text);

		x = put_pair(c, x, end,
			     role_is_alone(cat, source.role) ? catalogue_role_word(source.role)
							     : source.name,
			     l, text);
	}
	x = put_pair(c, x, end, "runs", look(PAINT_OK), "live");
	if (a->paused)
		put_pair(c, x, end, "screen", look_bold(PAINT_WARN), "PAUSED");
	localtime_r(&now, &tm);
	strftime(clock, sizeof clock, "%H:%M", &tm);
	canvas_right(c, r.x, r.y, r.width - 1, look(PAINT_DIM), clock);
	for (x = r.x; app_writes(a) && x < r.x + r.width; x++) /* nothing is dim on that ground */
		canvas_at(c, x, r.y)->look.paint = PAINT_CHIP;
}

/* --- row 2: tabs --- */

static unsigned draw_tab(struct app *a, struct canvas *c, unsigned x, unsigned y, unsigned tab,
			 bool brief)
{
	const struct screen_ops *ops = screen_of_tab(tab);
	bool open = a->tab == tab, plain = open && !c->colour;
	enum ground ground = open ? GROUND_TAB : GROUND_PLAIN;
	unsigned from = x;

	x += canvas_text(c, x, y, 1, look_on(look(PAINT_TEXT), ground), plain ? "[" : " ");
	x += canvas_printf(c, x, y, 2, look_on(look_bold(PAINT_ACCENT), ground), "%u", tab);
	if (!brief || open)
		x += canvas_printf(
			c, x, y, 20,
			look_on(open ? look_bold(PAINT_BRIGHT) : look(PAINT_DIM), ground), " %s",
			ops->title);
	x += canvas_text(c, x, y, 1, look_on(look(PAINT_TEXT), ground), plain ? "]" : " ");
	return x - from;
}

static void draw_tabs(struct app *a, struct canvas *c, struct rect r)
{
	unsigned tab, x = r.x, end, at;
	char command[32], help[32];

	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_BAR));
	for (tab = 1; tab <= TABS; tab++)
		if (screen_of_tab(tab))
			x += draw_tab(a, c, x, r.y, tab, r.width < 70) + 1;
	bindings_first(a->bindings, ACT_COMMAND, command, sizeof command);
	bindings_first(a->bindings, ACT_HELP, help, sizeof help);
	end = r.x + r.width - 1;
	at = (unsigned)(sl_text_width(command) + sl_text_width(help)) + 16;
	if (x + at > end)
		return;
	x = end - at;
	x += canvas_text(c, x, r.y, 8, look_bold(PAINT_ACCENT), command) + 1;
	x += canvas_text(c, x, r.y, 8, look(PAINT_DIM), "command") + 2;
	x += canvas_text(c, x, r.y, 8, look_bold(PAINT_ACCENT), help) + 1;
	canvas_text(c, x, r.y, 8, look(PAINT_DIM), "keys");
}

/* --- row 3: where, filter, counts, sort --- */

static void count_text(char *dst, size_t size, size_t n)
{
	char digits[32], *out = dst;
	size_t i, len;

	len = (size_t)snprintf(digits, sizeof digits, "%zu", n);
	for (i = 0; i < len && (size_t)(out - dst) + 2 < size; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
}

static void sort_text(const struct table *t, char *dst, size_t size)
{
	const struct vw_view *v = t->data->view;
	size_t i;

	*dst = '\0';
	if (t->held) {
		snprintf(dst, size, "sort held");
		return;
	}
	for (i = 0; i < v->column_count; i++)
		if (!strcmp(v->columns[i].key, table_sort_key(t)))
			snprintf(dst, size, "sort %s %s", v->columns[i].title,
				 t->sort[0] == '-' ? "v" : "^");
}

static unsigned draw_path(struct app *a, struct canvas *c, struct rect r)
{
	struct screen *chain[16], *s = app_screen(a);
	size_t n = 0, i;
	unsigned x = r.x + 1;

	for (; s && n < SL_COUNT(chain); s = s->below)
		chain[n++] = s;
	for (i = n; i > 0; i--) {
		bool last = i == 1;
		const char *text =
			chain[i - 1]->subject ? chain[i - 1]->subject : chain[i - 1]->ops->title;

		while (chain[i - 1]->subject && text[0] == '0' && text[1])
			text++; /* numbers of runs are ids of one width */
		x += canvas_text(c, x, r.y, r.x + r.width - x,
				 last ? look_bold(PAINT_BRIGHT) : look(PAINT_DIM), text);
		if (!last)
			x += canvas_text(c, x, r.y, 3, look(PAINT_FAINT), " > ");
	}
	return x;
}

static void draw_filter(struct app *a, struct screen *s, struct canvas *c, struct rect r,
			unsigned x)
{
	const struct table *t = &s->table;
	char shown[32], all[32], sort[64];
	unsigned end = r.x + r.width - 1;
	const struct vw_view *v = t->data->view;
	size_t rows = t->data->count;
	const char *called = rows == 1 && v->one ? v->one : v->rows ? v->rows : v->name;

	if (*t->filter) {
		x += canvas_text(c, x, r.y, 2, look_bold(PAINT_ACCENT), "/") + 1;
		x += canvas_text(c, x, r.y, r.width / 3,
				 look(t->filter_off ? PAINT_FAINT : PAINT_WORK), t->filter);
		if (t->filter_off)
			x += canvas_text(c, x, r.y, 6, look(PAINT_WARN), " (off)");
		else if (a->pinned && !strcmp(a->pinned, t->filter))
			x += canvas_text(c, x, r.y, 9, look(PAINT_DIM), " (pinned)");
		x += 3;
	}
	count_text(shown, sizeof shown, t->count);
	count_text(all, sizeof all, rows);
	if (t->count != rows)
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_DIM), "%s of %s %s", shown, all,
				   called);
	else
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_DIM), "%s %s", all, called);
	if (t->mark_count)
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_ACCENT), "   %zu marked",
				   t->mark_count);
	if (t->follow)
		x += canvas_text(c, x, r.y, end - x, look(PAINT_WORK), "   following");
	sort_text(t, sort, sizeof sort);
	if (x + sl_text_width(sort) + 3 < end)
		canvas_right(c, x, r.y, end - x, look(t->held ? PAINT_WARN : PAINT_DIM), sort);
}

static void draw_crumb(struct app *a, struct canvas *c, struct rect r)
{
	struct screen *s = app_screen(a);
	unsigned x = draw_path(a, c, r) + 3;

	if (s->ops->crumb)
		s->ops->crumb(a, s, c, (struct rect){x, r.y, r.x + r.width - x, 1});
	else if (s->table.data)
		draw_filter(a, s, c, r, x);
}

/* --- the foot --- */

static void draw_selection(struct app *a, struct canvas *c, struct rect r)
{
	struct screen *s = app_screen(a);
	const struct vw_row *row = table_row(&s->table);
	char name[256] = "", text[512] = "";
	unsigned x = r.x + 1;

	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_BAR));
	if (!s->ops->selection || !s->ops->selection(a, s, name, text, sizeof text)) {
		snprintf(name, sizeof name, "%s", row ? row->full : "");
		snprintf(text, sizeof text, "%s",
			 row && *row->reason ? row->reason
			 : row               ? vw_state_word(row->state)
					     : "");
	}
	if (!*name && !*text)
		return;
	x += canvas_text(c, x, r.y, r.width / 2, look_bold(PAINT_BRIGHT), name) + 2;
	canvas_text(c, x, r.y, r.x + r.width - x - 1, look(PAINT_TEXT), text);
}

/* A message that one row does not hold takes that of the selection too. */
static bool draw_long_message(struct app *a, struct canvas *c, struct rect above, struct rect r)
{
	if (a->overlay == OVERLAY_PROMPT || sl_text_width(a->message) + 2 <= r.width)
		return false;
	canvas_wrap(c, (struct rect){above.x + 1, above.y, above.width - 2, 2},
		    look(a->message_paint), a->message);
	return true;
}

static void draw_message(struct app *a, struct canvas *c, struct rect above, struct rect r)
{
	struct screen *s = app_screen(a);
	char text[512];
	enum paint paint;

	if (a->overlay == OVERLAY_PROMPT)
		prompt_draw(a, c, above, r);
	else if (*a->message)
		canvas_text(c, r.x + 1, r.y, r.width - 2, look(a->message_paint), a->message);
	else if (s->ops->state && s->ops->state(a, s, &paint, text, sizeof text))
		canvas_text(c, r.x + 1, r.y, r.width - 2, look(paint), text);
	else if (trouble_line(a, text, sizeof text)) /* when there is nothing else to say */
		canvas_text(c, r.x + 1, r.y, r.width - 2, look(PAINT_BAD), text);
}

/* What would change something is named where it can be asked for: now, or in write mode. */
static bool is_hinted(struct app *a, enum action what)
{
	const char *why = app_why(a, what);

	return !(key_rows[what].needs & KEY_MUTATES) || !why || why == app_needs_write;
}

/* What the key does now; NULL = it is not named. */
static const char *hint_word(const struct app *a, enum action what)
{
	return what == ACT_WRITE && app_writes(a) ? "end write mode" : key_rows[what].hint;
}

/* Cells that a hint takes; 0 = it has no key, or no word. */
static unsigned hint_width(struct app *a, enum action what)
{
	char key[32];

	bindings_first(a->bindings, what, key, sizeof key);
	if (!*key || !hint_word(a, what))
		return 0;
	return (unsigned)(sl_text_width(key) + sl_text_width(hint_word(a, what))) + 1;
}

static unsigned draw_hint(struct app *a, struct canvas *c, struct rect r, unsigned x,
			  enum action what)
{
	bool mutates = (key_rows[what].needs & KEY_MUTATES) != 0, on = !app_why(a, what);
	unsigned need = hint_width(a, what);
	char key[32];

	if (!need || x + need >= r.x + r.width)
		return x;
	x += canvas_text(c, x, r.y, 16,
			 look_bold(!on       ? PAINT_FAINT
				   : mutates ? PAINT_WARN
					     : PAINT_ACCENT),
			 bindings_first(a->bindings, what, key, sizeof key));
	x += 1 +
	     canvas_text(c, x + 1, r.y, 20, look(on ? PAINT_DIM : PAINT_FAINT), hint_word(a, what));
	return x + 2;
}

/* Before the first key that changes something, where that one has room as well. */
static unsigned draw_bar(struct app *a, struct canvas *c, struct rect r, unsigned x,
			 enum action first)
{
	const char *bar = app_writes(a) ? "| " : "| write mode: ";

	if (x + strlen(bar) + hint_width(a, first) >= r.x + r.width)
		return r.x + r.width;
	return x + canvas_text(c, x, r.y, 20, look(PAINT_FAINT), bar);
}

#define HELP_ELSEWHERE 100 /* columns: from there on the tabs leave room to name it */

/* Where no other row names the key of help, and nothing can be changed, it has room here. */
static void draw_keys(struct app *a, struct canvas *c, struct rect r)
{
	static const enum action always[] = {ACT_WRITE, ACT_HELP, ACT_NONE};
	const struct screen_ops *ops = app_screen(a)->ops;
	unsigned kept = 0, x = r.x + 1, at;
	const enum action *h;
	bool barred = false;

	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_BAR));
	if (r.width < HELP_ELSEWHERE && !app_writes(a))
		kept = hint_width(a, ACT_HELP) + 2;
	r.width -= kept;
	for (h = ops->hints; h && *h != ACT_NONE; h++) {
		if (!is_hinted(a, *h))
			continue;
		at = x;
		if ((key_rows[*h].needs & KEY_MUTATES) && !barred)
			at = draw_bar(a, c, r, x, *h);
		if (at >= r.x + r.width)
			break;
		barred |= at > x;
		x = draw_hint(a, c, r, at, *h);
	}
	for (h = always; *h != ACT_NONE; h++) {
		r.width += *h == ACT_HELP ? kept : 0;
		x = draw_hint(a, c, r, x, *h);
	}
}

/* What the rows of the view in front come from is stale: its registry, else its config centre. */
static bool all_stale(struct app *a)
{
	struct screen *s = app_screen(a);
	const struct vw_view *v = s->table.data ? s->table.data->view : NULL;
	struct catalogue *cat = site_catalogue(a->site);
	unsigned from = !v ? 0 : v->roles & CAT_REGISTRY ? CAT_REGISTRY : v->roles & CAT_CONFIG;
	size_t i;

	for (i = 0; v && cat && i < catalogue_source_count(cat); i++) {
		struct cat_source source = catalogue_source(cat, i);

		if ((from & (unsigned)source.role) && source.read_at && source.stale)
			return true;
	}
	return false;
}

void chrome_draw(struct app *a, const struct layout *l)
{
	struct canvas *c = &a->canvas;

	if (all_stale(a))
		canvas_fade(c, l->body);
	draw_identity(a, c, l->identity);
	draw_tabs(a, c, l->tabs);
	draw_crumb(a, c, l->crumb);
	if (!draw_long_message(a, c, l->selection, l->message)) {
		draw_selection(a, c, l->selection);
		draw_message(a, c, l->selection, l->message);
	}
	draw_keys(a, c, l->keys);
}
