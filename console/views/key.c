/* SPDX-License-Identifier: Apache-2.0 */
/* One config key: its versions above, what differs between two of them below. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/diffview.h"
#include "console/views/key_own.h"
#include "plugins/sdk/mem.h"

static const enum action hints[] = {ACT_PANE,         ACT_MARK, ACT_KEY_OTHER, ACT_KEY_UNCHANGED,
				    ACT_COPY,         ACT_BACK, ACT_KEY_EDIT,  ACT_KEY_PUBLISH,
				    ACT_KEY_ROLLBACK, ACT_NONE};
static const enum action offers[] = {ACT_PANE,     ACT_KEY_OTHER,   ACT_KEY_UNCHANGED,
				     ACT_KEY_EDIT, ACT_KEY_PUBLISH, ACT_KEY_ROLLBACK,
				     ACT_NONE};

/* --- the same key elsewhere --- */

/* Keys of that name that are not this one: the n-th of them, or NULL and *count of all. */
static const struct cat_key *nth_other(struct app *a, const struct key_own *o, size_t n,
				       size_t *count)
{
	struct catalogue *c = site_catalogue(a->site);
	char *mine = key_ref_id(&o->ref);
	const struct cat_key *found = NULL;
	size_t i;

	*count = 0;
	for (i = 0; c && !found && i < catalogue_key_count(c); i++) {
		const struct cat_key *k = catalogue_key(c, i);
		char *its;

		if (strcmp(k->key, o->ref.key) != 0)
			continue;
		its = key_id(k);
		if (strcmp(mine, its) != 0 && (*count)++ == n)
			found = k;
		free(its);
	}
	free(mine);
	return found;
}

static size_t count_others(struct app *a, const struct key_own *o)
{
	size_t count;

	nth_other(a, o, SIZE_MAX, &count);
	return count;
}

/* By what it is another one: its labels that ours has not, else where it is kept. */
static void name_other(const struct key_own *o, const struct cat_key *k, char *dst, size_t size)
{
	size_t i, j, n = 0;

	*dst = '\0';
	for (i = 0; i < k->label_count && n < size; i++) {
		for (j = 0; j < o->ref.label_count; j++)
			if (!strcmp(k->labels[i].name, o->ref.labels[j].name) &&
			    !strcmp(k->labels[i].value, o->ref.labels[j].value))
				break;
		if (j == o->ref.label_count)
			n += (size_t)snprintf(dst + n, size - n, "%s%s=%s", n ? " " : "",
					      k->labels[i].name, k->labels[i].value);
	}
	if (!n)
		snprintf(dst, size, "%s",
			 strcmp(k->source, o->ref.source) ? k->source
			 : k->label_count                 ? "fewer labels"
							  : "without labels");
}

static void leave_other(struct key_own *o)
{
	key_seen_other(&o->seen, "", NULL);
	question_free(o->other);
	o->other = NULL;
}

/* To the next one; behind the last one, none. */
static void next_other(struct app *a, struct key_own *o)
{
	size_t count;
	const struct cat_key *k = nth_other(a, o, o->other_at, &count);
	struct key_ref ref;
	char name[128];

	leave_other(o);
	if (!k) {
		app_say(a, PAINT_DIM,
			o->other_at ? "comparing versions of this key again"
				    : "no config centre has this key with other labels");
		o->other_at = 0;
		return;
	}
	o->other_at++;
	name_other(o, k, name, sizeof name);
	ref = key_ref_make(k->source, k->key, k->labels, k->label_count);
	o->other = ask_key_new(a->site, &ref);
	key_ref_release(&ref);
	question_ask(o->other);
	key_seen_other(&o->seen, name, NULL);
}

/* --- what is read --- */

static void close_own(struct screen *s)
{
	struct key_own *o = s->own;

	key_seen_release(&o->seen);
	question_free(o->ask);
	question_free(o->other);
	key_ref_release(&o->ref);
	free(o->asked_for);
}

static void find_key(struct app *a, struct screen *s)
{
	struct catalogue *c = site_catalogue(a->site);
	const struct cat_key *k = c && s->subject ? key_find(c, s->subject) : NULL;
	struct key_own *o = s->own;

	if (!k)
		return;
	o->ref = key_ref_make(k->source, k->key, k->labels, k->label_count);
	o->ask = ask_key_new(a->site, &o->ref);
}

/* The list says when there is a newer one: asked for once each. */
static void ask_if_changed(struct app *a, struct key_own *o)
{
	const struct key_version *live = key_seen_live(&o->seen);
	char *id = key_ref_id(&o->ref);
	const struct cat_key *k = key_find(site_catalogue(a->site), id);

	free(id);
	o->gone = !k;
	if (!k || (o->asked_for && !strcmp(o->asked_for, k->revision)))
		return;
	if (!live || strcmp(live->revision, k->revision) != 0)
		question_ask(o->ask);
	free(o->asked_for);
	o->asked_for = sl_strdup(k->revision);
}

static void take_answers(struct key_own *o)
{
	const struct key_history *h;

	if (question_take(o->ask))
		key_seen_set(&o->seen, ask_key_found(o->ask));
	key_draft_drop_if_live(o);
	if (!o->other || !question_take(o->other))
		return;
	h = ask_key_found(o->other);
	key_seen_other(&o->seen, NULL, h && h->count ? &h->items[0] : NULL);
}

static void world(struct app *a, struct screen *s, struct vw_world *w)
{
	struct key_own *o = s->own;

	if (!o->ref.key)
		find_key(a, s);
	if (!o->ref.key)
		return;
	take_answers(o);
	ask_if_changed(a, o);
	o->others = count_others(a, o);
	w->history = o->seen.history;
	w->draft = o->seen.draft;
}

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct key_own *o = s->own;
	const struct key_history *h = o->seen.history;

	*paint = PAINT_WARN;
	if (!o->ref.key) {
		if (!site_catalogue(a->site) || !site_settled(a->site))
			return false;
		snprintf(text, size, "no config centre has the key '%s'", s->subject);
	} else if (h && !question_state(o->ask).under_way && o->gone) {
		snprintf(text, size, "this key was deleted: these versions were read before");
	} else if (h && !h->count && !question_state(o->ask).under_way) {
		snprintf(text, size, "this key is not there");
	} else if (h && !h->kept && !question_state(o->ask).failed) {
		*paint = PAINT_DIM;
		snprintf(text, size, "%s keeps no versions: only the live one is known",
			 o->ref.source);
	} else {
		return ask_key_say(o->ask, a->fixed_now, paint, text, size);
	}
	return true;
}

/* --- keys --- */

static bool scroll(struct key_seen *k, enum action what)
{
	long page = k->page > 1 ? (long)k->page - 1 : 1, all = (long)k->row_count;

	switch (what) {
	case ACT_DOWN:
	case ACT_UP:
		key_seen_scroll(k, what == ACT_DOWN ? 1 : -1);
		return true;
	case ACT_TOP:
	case ACT_BOTTOM:
		key_seen_scroll(k, what == ACT_BOTTOM ? all : -all);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_PAGE_UP:
		key_seen_scroll(k, what == ACT_PAGE_DOWN ? page : -page);
		return true;
	case ACT_HALF_DOWN:
	case ACT_HALF_UP:
		key_seen_scroll(k, (page + 1) / 2 * (what == ACT_HALF_DOWN ? 1 : -1));
		return true;
	case ACT_LEFT:
		k->skip -= k->skip < 8 ? k->skip : 8;
		return true;
	case ACT_RIGHT:
		k->skip += k->skip < 4096 ? 8 : 0;
		return true;
	default:
		return false;
	}
}

/* Two at most: a third one begins anew. */
static void mark(struct table *t)
{
	const struct vw_row *row = table_row(t);

	if (row && t->mark_count >= 2 && !table_is_marked(t, row->id))
		table_marks_clear(t);
	table_mark(t);
}

static void refetch(struct key_own *o)
{
	question_ask(o->ask);
	if (o->other)
		question_ask(o->other);
}

/* What only we have is not dropped by one key too many. */
static bool keeps_draft(struct app *a, struct key_own *o)
{
	if (!o->seen.draft || o->warned)
		return false;
	o->warned = true;
	app_say(a, PAINT_WARN, "the draft is not published: leaving again drops it");
	return true;
}

static bool back(struct key_own *o)
{
	if (o->seen.below)
		o->seen.below = false;
	else if (o->other)
		leave_other(o);
	else
		return false;
	o->other_at = 0;
	return true;
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct key_own *o = s->own;

	switch (what) {
	case ACT_PANE:
	case ACT_ENTER:
		o->seen.below = !o->seen.below;
		return true;
	case ACT_MARK:
		mark(&s->table);
		return true;
	case ACT_KEY_OTHER:
		next_other(a, o);
		return true;
	case ACT_KEY_UNCHANGED:
		key_seen_unchanged(&o->seen);
		return true;
	case ACT_BACK:
		return !*s->table.filter && !s->table.mark_count && (back(o) || keeps_draft(a, o));
	case ACT_UP_OUT:
		return keeps_draft(a, o);
	case ACT_REFETCH:
		if (o->ask)
			refetch(o);
		return o->ask != NULL;
	default:
		return key_change_act(a, s, what) || (o->seen.below && scroll(&o->seen, what));
	}
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	const struct key_own *o = s->own;

	(void)a;
	if (what == ACT_PREVIEW)
		return "the version stands below";
	if (what == ACT_KEY_OTHER && !o->others)
		return "no config centre has this key with other labels";
	return key_change_why(o, &s->table, what);
}

/* --- the screen --- */

static void draw_bar(const struct key_own *o, struct canvas *c, struct rect r)
{
	char text[512];
	unsigned x = r.x + 2;

	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_BAR));
	x += canvas_text(c, x, r.y, r.width - 3,
			 o->seen.below ? look_bold(PAINT_BRIGHT) : look(PAINT_TEXT),
			 key_seen_bar(&o->seen, text, sizeof text));
	if (!o->others || *o->seen.other_name)
		return;
	snprintf(text, sizeof text, "%zu elsewhere (v)", o->others);
	if (x + 20 < r.x + r.width)
		canvas_right(c, x, r.y, r.x + r.width - x - 1, look(PAINT_DIM), text);
}

static void draw_value(const struct key_side *side, struct canvas *c, unsigned x, unsigned y,
		       unsigned width)
{
	const struct key_version *v = side->version;

	if (!v)
		return;
	canvas_printf(c, x, y, width, look(PAINT_DIM),
		      v->cut ? "%s: larger than 1 MiB, not read" : "%s: %zu bytes", side->name,
		      v->len);
}

static void draw_below(struct key_own *o, struct canvas *c, struct rect r)
{
	struct key_seen *k = &o->seen;

	k->page = r.height;
	if (k->diff && !k->diff->binary) {
		key_seen_scroll(k, 0);
		diffview_draw(k->diff, k->rows, k->row_count, k->top, k->skip, c,
			      (struct rect){r.x + 1, r.y, r.width - 1, r.height});
		return;
	}
	draw_value(&k->left, c, r.x + 3, r.y, r.width - 4);
	if (r.height > 1 && k->left.version != k->right.version)
		draw_value(&k->right, c, r.x + 3, r.y + 1, r.width - 4);
}

/* The versions take what they need up to two fifths; the one with the keys comes first where there
 * is little room. */
static unsigned rows_above(const struct key_own *o, const struct screen *s, unsigned height)
{
	unsigned need = (unsigned)(s->table.count < 100 ? s->table.count : 100) + 1;
	unsigned most = height * 2 / 5;

	if (height < 12)
		most = o->seen.below ? 2 : height / 2;
	if (most < 2)
		most = 2;
	return need < most ? need : most;
}

static void draw(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct key_own *o = s->own;
	unsigned above;
	enum paint paint = PAINT_DIM;
	char text[512];

	if (!s->table.data || !s->table.data->count) {
		if (!state(a, s, &paint, text, sizeof text))
			snprintf(text, sizeof text, "%s",
				 site_catalogue(a->site) ? "asking the config centres"
							 : s->ops->empty);
		canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(paint), text);
		return;
	}
	key_seen_compare(&o->seen, &s->table);
	above = rows_above(o, s, r.height);
	table_draw(&s->table, c, (struct rect){r.x, r.y, r.width, above}, app_now(a));
	r.y += above;
	r.height -= above;
	if (r.height > 3) {
		r.y++;
		r.height--;
	}
	draw_bar(o, c, (struct rect){r.x, r.y, r.width, 1});
	draw_below(o, c, (struct rect){r.x, r.y + 1, r.width, r.height - 1});
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct key_own *o = s->own;
	const struct vw_row *row = table_row(&s->table);
	const struct key_version *v = row ? key_seen_version(&o->seen, row->id) : NULL;

	(void)a;
	if (!v)
		return false;
	snprintf(name, 256, "%s", v == o->seen.draft ? "draft" : row->full);
	if (v == o->seen.draft) {
		key_draft_say(o, text, size);
		return true;
	}
	snprintf(text, size, "%s; %s, %zu bytes%s%s", row->reason, v->type, v->len,
		 *v->by ? ", by " : "", v->by);
	return true;
}

const struct screen_ops view_key = {
	.name = "key",
	.title = "Key",
	.data = "history",
	.twin = "get history",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct key_own),
	.empty = "which key? The inventory (-i INVENTORY) names no config centre",
	.close = close_own,
	.world = world,
	.draw = draw,
	.act = act,
	.why = why,
	.state = state,
	.selection = selection,
};

/* --- all of them --- */

static const enum action list_hints[] = {ACT_ENTER, ACT_FILTER, ACT_SORT,    ACT_MARK,
					 ACT_COPY,  ACT_EXPORT, ACT_REFETCH, ACT_NONE};

/* A name alone is not one thing: labels are part of it. */
static bool list_act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	char *id;

	if (what != ACT_ENTER || !row)
		return false;
	id = sl_strdup(row->id);
	app_open(a, view_key.name, id);
	free(id);
	return true;
}

const struct screen_ops view_keys = {
	.name = "keys",
	.title = "Config",
	.tab = 4,
	.data = "keys",
	.enter = "key",
	.twin = "get keys",
	.hints = list_hints,
	.act = list_act,
	.empty = "no keys: start with -i INVENTORY, whose config centres hold them",
};
