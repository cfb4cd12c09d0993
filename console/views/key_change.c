/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft of a config key, made in an editor and kept here alone; publishing it, and going back to
 * an older version. The console writes to no config centre: `sluice publish` does, which says who
 * and why in the journal and refuses when someone else was faster.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/edit.h"
#include "console/views/key_own.h"
#include "orchestrator/view/value_check.h"
#include "plugins/sdk/mem.h"

#define SHOWN_MAX 40 /* lines of a question */

/* --- may it be? --- */

static bool is_text(const struct key_version *v)
{
	return v && !v->cut && diff_is_text(v->value, v->len);
}

static bool is_stale(const struct key_own *o)
{
	const struct key_version *live = key_seen_live(&o->seen);

	return o->seen.draft && (!live || strcmp(live->revision, o->seen.base) != 0);
}

static const char *why_no_edit(const struct key_own *o)
{
	const struct key_version *live = key_seen_live(&o->seen);

	if (!live)
		return "there is no live version to start from";
	return is_text(live) ? NULL : "the live value is no text, or too large";
}

static const char *why_no_publish(const struct key_own *o)
{
	if (!o->seen.draft)
		return "there is no draft: edit one first";
	if (is_stale(o))
		return "the live revision is not the one that the draft was made from any more: "
		       "edit it again";
	return *o->misfit ? o->misfit : NULL;
}

static const struct key_version *chosen(const struct key_own *o, const struct table *t)
{
	const struct vw_row *row = table_row(t);

	return row ? key_seen_version(&o->seen, row->id) : NULL;
}

static const char *why_no_rollback(const struct key_own *o, const struct table *t)
{
	const struct key_version *v = chosen(o, t), *live = key_seen_live(&o->seen);

	if (!v || v == o->seen.draft || v == live || !live || !*v->revision)
		return "choose an older revision to go back to";
	if (v->cut)
		return "that revision is too large to be read";
	if (v->len == live->len && !memcmp(v->value, live->value, v->len))
		return "that revision had the same value as the live one";
	return NULL;
}

const char *key_change_why(const struct key_own *o, const struct table *t, enum action what)
{
	switch (what) {
	case ACT_KEY_EDIT:
		return o->gone ? "the key was deleted" : why_no_edit(o);
	case ACT_KEY_PUBLISH:
		return o->gone ? "the key was deleted" : why_no_publish(o);
	case ACT_KEY_ROLLBACK:
		return o->gone ? "the key was deleted" : why_no_rollback(o, t);
	default:
		return NULL;
	}
}

/* --- the draft --- */

void key_draft_say(const struct key_own *o, char *text, size_t size)
{
	const struct key_version *d = o->seen.draft;

	if (is_stale(o))
		snprintf(text, size,
			 "STALE: made from revision %s, which is not live any more; edit it again",
			 o->seen.base);
	else if (*o->misfit)
		snprintf(text, size, "cannot be published: %s", o->misfit);
	else
		snprintf(text, size, "made from revision %s, not published; +%zu -%zu%s%s%s",
			 o->seen.base, d->added, d->removed,
			 value_is_checked(d->type) ? ", is " : "",
			 value_is_checked(d->type) ? d->type : "",
			 value_is_checked(d->type) ? " as it should" : "");
}

static bool same_value(const struct key_version *a, const struct key_version *b)
{
	return a->len == b->len && !memcmp(a->value, b->value, a->len);
}

void key_draft_drop_if_live(struct key_own *o)
{
	const struct key_version *live = key_seen_live(&o->seen);

	if (!o->seen.draft || !live || !same_value(o->seen.draft, live))
		return;
	key_seen_draft(&o->seen, NULL, NULL);
	o->misfit[0] = '\0';
}

/* Editors end the last line; a value that had no such end gets none by that. */
static size_t without_new_end(const struct key_version *live, const char *text, size_t len)
{
	bool had = live->len && live->value[live->len - 1] == '\n';
	bool one = len > 1 && text[len - 1] == '\n' && text[len - 2] != '\n';

	return !had && one ? len - 1 : len;
}

static struct key_version *draft_new(const struct app *a, const struct key_version *live,
				     char *text, size_t len)
{
	struct key_version *d = sl_alloc(sizeof *d);

	text[len] = '\0';
	*d = (struct key_version){.value = text,
				  .len = len,
				  .type = sl_strdup(live->type),
				  .revision = sl_strdup(KEY_DRAFT),
				  .by = sl_strdup("you"),
				  .what = sl_strdup(""),
				  .changed = app_now(a),
				  .enabled = live->enabled};
	key_version_compare(d, live);
	return d;
}

struct editing {
	struct app *app;
	struct screen *screen; /* stays while the editor has the keys */
};

static void check_fit(struct key_own *o, const struct key_version *d)
{
	struct sl_error e = {0};

	o->misfit[0] = '\0';
	if (value_check(d->type, d->value, d->len, &e))
		snprintf(o->misfit, sizeof o->misfit, "%.250s", e.msg);
}

static void take_draft(struct app *a, struct screen *s, char *text, size_t len)
{
	struct key_own *o = s->own;
	const struct key_version *live = key_seen_live(&o->seen);
	struct key_version *d = draft_new(a, live, text, without_new_end(live, text, len));

	check_fit(o, d);
	if (same_value(d, live))
		app_say(a, PAINT_DIM, "the same as the live revision: there is no draft");
	else if (*o->misfit)
		app_say(a, PAINT_BAD, "the draft does not fit the type %s: %s", d->type, o->misfit);
	else
		app_say(a, PAINT_OK, "a draft: nobody but you sees it until it is published");
	key_seen_draft(&o->seen, d, live->revision);
	key_draft_drop_if_live(o);
	o->warned = false;
	table_marks_clear(&s->table);
	app_fill(a, s);
	table_go_id(&s->table, o->seen.draft ? KEY_DRAFT : live->revision);
}

static void edited(void *arg, char *text, size_t len, const struct sl_error *e)
{
	struct editing x = *(struct editing *)arg;
	struct key_own *o;

	free(arg);
	if (e->code == SL_ECANCELED) /* the console ends: its screens are gone */
		return;
	o = x.screen->own;
	if (!text) {
		app_say(x.app, PAINT_BAD, "%s", e->msg);
	} else if (!key_seen_live(&o->seen)) { /* it was deleted meanwhile */
		free(text);
		app_say(x.app, PAINT_BAD, "the key is not there any more: the draft is gone");
	} else {
		take_draft(x.app, x.screen, text, len);
	}
}

static void edit(struct app *a, struct screen *s)
{
	struct key_own *o = s->own;
	const struct key_version *from = o->seen.draft ? o->seen.draft : key_seen_live(&o->seen);
	struct editing *x = sl_alloc(sizeof *x);
	struct sl_error e = {0};

	*x = (struct editing){a, s};
	if (edit_start(a->term, o->ref.key, from->value, from->len, KEY_VALUE_MAX, edited, x, &e)) {
		app_say(a, PAINT_BAD, "%s", e.msg);
		free(x);
	}
}

/* --- the question --- */

struct order { /* flat: the dialog frees it */
	struct screen *screen;
	enum action what;
	char expect[256], revision[256];
};

static void add_lines(struct sl_buf *out, const struct key_version *from,
		      const struct key_version *to)
{
	struct diff *d = diff_new(from->value, from->len, to->value, to->len);
	size_t count, i;
	struct diff_row *rows = diff_rows(d, 1, &count);

	if (d->binary)
		sl_buf_printf(out, "%zu bytes -> %zu bytes, no text\n", from->len, to->len);
	for (i = 0; i < count; i++) {
		const struct diff_line *l = &d->lines[rows[i].line];

		if (rows[i].kind == DIFF_HIDDEN)
			sl_buf_printf(out, "  %5s  ... %zu unchanged\n", "", rows[i].count);
		else
			sl_buf_printf(out, "%c %5zu  %.*s\n", " -+"[l->kind],
				      l -> kind == DIFF_GONE ? l -> left : l -> right,
				      l -> len < 400 ? (int)l -> len : 400, l -> text);
	}
	free(rows);
	diff_free(d);
}

static char *targets(const struct key_own *o, const struct key_version *from,
		     const struct key_version *to, const char *name)
{
	struct sl_buf out;
	size_t i;

	sl_buf_init(&out, 4u << 20);
	sl_buf_printf(&out, "%s in %s", o->ref.key, o->ref.source);
	for (i = 0; i < o->ref.label_count; i++)
		sl_buf_printf(&out, "  %s=%s", o->ref.labels[i].name, o->ref.labels[i].value);
	sl_buf_printf(&out, "\nrevision %s (live) -> %s%s\n\n", from->revision, name,
		      to->enabled == from->enabled ? "" : ", and switched as it was then");
	add_lines(&out, from, to);
	return sl_buf_take(&out);
}

/* --- doing it --- */

/* Takes file. */
static bool publish(struct app *a, const struct key_own *o, const struct order *order, char *file)
{
	bool back = order->what == ACT_KEY_ROLLBACK, begun;
	char *id = key_ref_id(&o->ref);
	const char *args[] = {"publish",
			      back ? "--revision" : "--value-file",
			      back ? order->revision : file,
			      "--expect",
			      order->expect,
			      "--reason",
			      a->write_reason,
			      "-i",
			      site_inventory(a->site),
			      "--yes",
			      "--",
			      id,
			      NULL};

	begun = carry(a, args, sl_asprintf(back ? "rollback of %s" : "publish %s", o->ref.key),
		      file);
	free(id);
	return begun;
}

/* The key may change while the question stands: it is judged again and again. */
static const char *meanwhile(struct app *a, const void *arg)
{
	const struct order *order = arg;
	const struct key_own *o = order->screen->own;
	const struct key_version *live = key_seen_live(&o->seen);
	const char *why = key_change_why(o, &order->screen->table, order->what);

	(void)a;
	if (live && strcmp(live->revision, order->expect) != 0)
		return "the live revision has changed meanwhile";
	return why;
}

static bool go(struct app *a, void *arg)
{
	const struct order *order = arg;
	struct key_own *o = order->screen->own;
	const struct key_version *d = o->seen.draft;
	const char *why = meanwhile(a, order);
	struct sl_error e = {0};
	char *file = NULL;

	if (why) {
		app_say(a, PAINT_WARN, "nothing was changed: %s", why);
		return false;
	}
	if (order->what == ACT_KEY_PUBLISH) {
		file = edit_private_file(d->value, d->len, &e);
		if (!file) {
			app_say(a, PAINT_BAD, "%s", e.msg);
			return false;
		}
	}
	return publish(a, o, order, file);
}

static void ask(struct app *a, struct screen *s, enum action what)
{
	const struct key_own *o = s->own;
	const struct key_version *live = key_seen_live(&o->seen);
	bool back = what == ACT_KEY_ROLLBACK;
	const struct key_version *to = back ? chosen(o, &s->table) : o->seen.draft;
	struct order *order = sl_alloc(sizeof *order);
	char name[300], *text;

	order->screen = s;
	order->what = what;
	snprintf(order->expect, sizeof order->expect, "%s", live->revision);
	snprintf(order->revision, sizeof order->revision, "%s", to->revision);
	snprintf(name, sizeof name, back ? "the value of revision %s" : "the draft", to->revision);
	text = targets(o, live, to, name);
	dialog_confirm(a,
		       back ? "Roll back: an older value is published again"
			    : "Publish: every client of this key gets the draft",
		       text, 1, site_production(a->site) ? o->ref.key : NULL, go, order);
	a->confirm.shown = SHOWN_MAX;
	a->confirm.meanwhile = meanwhile;
	free(text);
}

bool key_change_act(struct app *a, struct screen *s, enum action what)
{
	switch (what) {
	case ACT_KEY_EDIT:
		edit(a, s);
		return true;
	case ACT_KEY_PUBLISH:
	case ACT_KEY_ROLLBACK:
		ask(a, s, what);
		return true;
	default:
		return false;
	}
}
