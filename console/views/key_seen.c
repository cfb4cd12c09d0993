/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/key_seen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

static void forget(struct key_seen *k)
{
	diff_free(k->diff);
	free(k->rows);
	k->diff = NULL;
	k->rows = NULL;
	k->row_count = k->top = k->hidden = 0;
	k->left = k->right = (struct key_side){0};
}

static void drop_draft(struct key_seen *k)
{
	if (k->draft)
		key_version_release(k->draft);
	free(k->draft);
	free(k->base);
	k->draft = NULL;
	k->base = NULL;
}

void key_seen_release(struct key_seen *k)
{
	forget(k);
	drop_draft(k);
}

void key_seen_set(struct key_seen *k, const struct key_history *history)
{
	forget(k);
	k->history = history;
}

void key_seen_other(struct key_seen *k, const char *name, const struct key_version *version)
{
	forget(k);
	k->other = version;
	if (name)
		snprintf(k->other_name, sizeof k->other_name, "%s", name);
}

void key_seen_draft(struct key_seen *k, struct key_version *draft, const char *base)
{
	forget(k);
	drop_draft(k);
	k->draft = draft;
	k->base = sl_strdup(base);
}

const struct key_version *key_seen_live(const struct key_seen *k)
{
	return k->history && k->history->count ? &k->history->items[0] : NULL;
}

/* The place of a row: 0 = the draft, then the versions; SIZE_MAX = no such row. */
static size_t place_of(const struct key_seen *k, const char *id)
{
	char number[32];
	size_t i;

	if (!strcmp(id, KEY_DRAFT))
		return k->draft ? 0 : SIZE_MAX;
	for (i = 0; k->history && i < k->history->count; i++) {
		const char *revision = k->history->items[i].revision;

		snprintf(number, sizeof number, "#%zu", i + 1);
		if (!strcmp(*revision ? revision : number, id))
			return i + 1;
	}
	return SIZE_MAX;
}

static const struct key_version *at_place(const struct key_seen *k, size_t place)
{
	if (place == SIZE_MAX)
		return NULL;
	return place ? &k->history->items[place - 1] : k->draft;
}

const struct key_version *key_seen_version(const struct key_seen *k, const char *id)
{
	return at_place(k, place_of(k, id));
}

/* --- what is compared --- */

static struct key_side side(const struct key_seen *k, size_t place)
{
	struct key_side s = {.version = at_place(k, place)};

	if (!s.version)
		snprintf(s.name, sizeof s.name, "nothing");
	else if (!place)
		snprintf(s.name, sizeof s.name, "draft");
	else
		snprintf(s.name, sizeof s.name, "rev %s%s", s.version->revision,
			 place == 1 ? " (live)" : "");
	return s;
}

static struct key_side other_side(const struct key_seen *k)
{
	struct key_side s = {.version = k->other};

	if (k->other)
		snprintf(s.name, sizeof s.name, "%s rev %s", k->other_name, k->other->revision);
	else
		snprintf(s.name, sizeof s.name, "%s: asking", k->other_name);
	return s;
}

static bool marked_two(const struct key_seen *k, const struct table *t, size_t *old, size_t *new)
{
	size_t a, b;

	if (t->mark_count != 2)
		return false;
	a = place_of(k, t->marks[0]);
	b = place_of(k, t->marks[1]);
	*old = a > b ? a : b;
	*new = a > b ? b : a;
	return *old != SIZE_MAX;
}

static void choose(const struct key_seen *k, const struct table *t, struct key_side *left,
		   struct key_side *right)
{
	const struct vw_row *row = table_row(t);
	size_t at = row ? place_of(k, row->id) : SIZE_MAX, old, new;

	if (*k->other_name) {
		*left = side(k, at == SIZE_MAX ? 1 : at);
		*right = other_side(k);
	} else if (marked_two(k, t, &old, &new)) {
		*left = side(k, old);
		*right = side(k, new);
	} else if (at == 1 && k->history->count > 1) { /* what the live one brought */
		*left = side(k, 2);
		*right = side(k, 1);
	} else {
		*left = side(k, key_seen_live(k) ? 1 : SIZE_MAX);
		*right = side(k, at);
	}
}

static void make_rows(struct key_seen *k)
{
	/* one version alone is shown as it is */
	bool all = k->unchanged || k->left.version == k->right.version;
	size_t i;

	free(k->rows);
	k->rows = diff_rows(k->diff, all ? SIZE_MAX : DIFF_CONTEXT, &k->row_count);
	k->hidden = 0;
	for (i = 0; i < k->row_count; i++)
		k->hidden += k->rows[i].kind == DIFF_HIDDEN ? k->rows[i].count : 0;
}

static bool is_whole(const struct key_version *v)
{
	return !v || !v->cut;
}

void key_seen_compare(struct key_seen *k, const struct table *t)
{
	struct key_side left, right;
	const struct key_version *l, *r;

	if (!k->history)
		return;
	choose(k, t, &left, &right);
	l = left.version;
	r = right.version;
	if (k->diff && k->left.version == l && k->right.version == r) {
		k->left = left; /* its name may have changed */
		k->right = right;
		return;
	}
	forget(k);
	k->left = left;
	k->right = right;
	if ((!l && !r) || !is_whole(l) || !is_whole(r) || (*k->other_name && !r))
		return;
	k->diff = diff_new(l ? l->value : "", l ? l->len : 0, r ? r->value : "", r ? r->len : 0);
	make_rows(k);
}

void key_seen_unchanged(struct key_seen *k)
{
	k->unchanged = !k->unchanged;
	k->top = 0;
	if (k->diff)
		make_rows(k);
}

void key_seen_scroll(struct key_seen *k, long by)
{
	size_t page = k->page ? k->page : 1;
	size_t last = k->row_count > page ? k->row_count - page : 0;

	if (by < 0)
		k->top -= (size_t)-by < k->top ? (size_t)-by : k->top;
	else
		k->top += (size_t)by;
	if (k->top > last)
		k->top = last;
}

const char *key_seen_bar(const struct key_seen *k, char *dst, size_t size)
{
	const struct diff *d = k->diff;
	size_t n;

	n = (size_t)snprintf(dst, size, k->left.version == k->right.version ? "%s%s" : "%s -> %s",
			     k->left.version == k->right.version ? "" : k->left.name,
			     k->right.name);
	if (n >= size || !d || k->left.version == k->right.version)
		return dst;
	if (d->same)
		n += (size_t)snprintf(dst + n, size - n, "   no difference");
	else if (d->binary)
		n += (size_t)snprintf(dst + n, size - n, "   they differ, and are no text");
	else
		n += (size_t)snprintf(dst + n, size - n, "   +%zu -%zu", d->added, d->removed);
	if (n < size && d->rough)
		n += (size_t)snprintf(dst + n, size - n,
				      ", too different to be compared line by line");
	if (n < size && k->hidden)
		snprintf(dst + n, size - n, "   %zu unchanged hidden (u shows)", k->hidden);
	return dst;
}
