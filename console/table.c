/* SPDX-License-Identifier: Apache-2.0 */
#include "console/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/sort.h"
#include "plugins/sdk/text.h"

#define AHEAD 6 /* rows */

void table_init(struct table *t, const struct vw_view *view)
{
	*t = (struct table){.filter = sl_strdup(""), .sort = sl_strdup(view ? view->sort : NULL)};
}

void table_release(struct table *t)
{
	table_marks_clear(t);
	free(t->marks);
	if (t->data)
		vw_table_free(t->data);
	if (t->match)
		vw_filter_free(t->match);
	free(t->shown);
	free(t->cursor);
	free(t->sort);
	free(t->filter);
	*t = (struct table){0};
}

const struct vw_row *table_shown(const struct table *t, size_t i)
{
	return i < t->count ? &t->data->rows[t->shown[i]] : NULL;
}

size_t table_index(const struct table *t, size_t i)
{
	return t->shown[i];
}

const struct vw_row *table_row(const struct table *t)
{
	return table_shown(t, t->at);
}

const struct vw_cell *table_cell(const struct table *t, const struct vw_row *row, const char *key)
{
	const struct vw_view *v = t->data->view;

	for (size_t i = 0; i < v->column_count; i++)
		if (strcmp(v->columns[i].key, key) == 0)
			return row->cells[i].known ? &row->cells[i] : NULL;
	return NULL;
}

static void remember(struct table *t)
{
	const struct vw_row *row = table_row(t);

	free(t->cursor);
	t->cursor = row ? sl_strdup(row->id) : NULL;
}

bool table_go_id(struct table *t, const char *id)
{
	size_t i;

	for (i = 0; id && i < t->count; i++) {
		if (strcmp(table_shown(t, i)->id, id) != 0)
			continue;
		t->at = i;
		remember(t);
		return true;
	}
	return false;
}

/* Rows come at the end, or at the start when the greatest stand there. */
static size_t newest(const struct table *t)
{
	return t->sort && t->sort[0] == '-' ? 0 : t->count - 1;
}

/* Where the thing under the cursor went. One that is gone leaves the cursor on the row that took
 * its place. */
static void find_cursor(struct table *t)
{
	if (t->follow && t->count) {
		t->at = newest(t);
		remember(t);
	} else if (!table_go_id(t, t->cursor)) {
		if (t->at >= t->count)
			t->at = t->count ? t->count - 1 : 0;
		remember(t);
	}
}

/* Of those shown, the ones that pass stay. */
static void sift(struct table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->count; i++) {
		if (i + AHEAD < t->count)
			vw_row_fetch(t->data, t->shown[i + AHEAD]);
		if (vw_filter_match(t->match, t->data, t->shown[i]))
			t->shown[n++] = t->shown[i];
	}
	t->count = n;
}

static void look_again(struct table *t)
{
	size_t i, rows = t->data ? t->data->count : 0;

	free(t->shown);
	t->shown = sl_alloc_n(rows + 1, sizeof *t->shown);
	for (i = 0; i < rows; i++)
		t->shown[i] = i;
	t->count = rows;
	if (t->match && !t->filter_off)
		sift(t);
	find_cursor(t);
}

/* --- order --- */

struct placed {
	struct vw_row row;
	size_t rank, was;
};

static int placed_by_id(const void *a, const void *b, void *arg)
{
	(void)arg;
	return strcmp(((const struct placed *)a)->row.id, ((const struct placed *)b)->row.id);
}

static int placed_by_rank(const void *a, const void *b, void *arg)
{
	const struct placed *x = a, *y = b;

	(void)arg;
	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* The rows and where they stand; *by_id gets pointers to them in the order of ids. Both to free. */
static struct placed *place(const struct vw_table *data, const void ***by_id)
{
	struct placed *rows = sl_alloc_n(data->count + 1, sizeof *rows);
	const void **ids = sl_alloc_n(data->count + 1, sizeof *ids);
	size_t i;

	for (i = 0; i < data->count; i++) {
		rows[i] = (struct placed){data->rows[i], i, i};
		ids[i] = &rows[i];
	}
	sl_sort(ids, data->count, placed_by_id, NULL);
	*by_id = ids;
	return rows;
}

static bool in_same_order(const struct vw_table *a, const struct vw_table *b)
{
	size_t i;

	for (i = 0; i < a->count && i < b->count; i++)
		if (strcmp(a->rows[i].id, b->rows[i].id) != 0)
			return false;
	return a->count == b->count;
}

/* Arrange data's rows as they stood in `before`; new ones come last. Says whether that differs from
 * the order they are in. */
static bool keep_order(struct vw_table *data, const struct vw_table *before)
{
	const void **ids, **old_ids;
	struct placed *rows, *old;
	bool differs = false;
	size_t i, o = 0;

	if (in_same_order(data, before))
		return false;
	rows = place(data, &ids);
	old = place(before, &old_ids);
	for (i = 0; i < data->count; i++) {
		struct placed *row = (struct placed *)(uintptr_t)ids[i];

		while (o < before->count && placed_by_id(old_ids[o], row, NULL) < 0)
			o++;
		row->rank = o < before->count && placed_by_id(old_ids[o], row, NULL) == 0
				    ? ((const struct placed *)old_ids[o])->was
				    : before->count;
	}
	for (i = 0; i < data->count; i++)
		ids[i] = &rows[i];
	sl_sort(ids, data->count, placed_by_rank, NULL);
	for (i = 0; i < data->count; i++) {
		const struct placed *row = ids[i];

		differs = differs || row->was != i;
		data->rows[i] = row->row;
	}
	free(ids);
	free(old_ids);
	free(rows);
	free(old);
	return differs;
}

void table_set(struct table *t, struct vw_table *data, int64_t now, bool hold)
{
	struct sl_error e;

	if (t->sort)
		vw_sort(data, t->sort, &e);
	hold = hold || (t->moved && now - t->moved < TABLE_HOLD_MS);
	t->held = hold && t->data && keep_order(data, t->data);
	if (t->data)
		vw_table_free(t->data);
	t->data = data;
	look_again(t);
}

static void resort(struct table *t)
{
	struct sl_error e;

	t->held = false;
	if (!t->data)
		return;
	vw_sort(t->data, t->sort, &e);
	look_again(t);
}

static const struct vw_column *columns_of(const struct table *t, size_t *count)
{
	*count = t->data ? t->data->view->column_count : 0;
	if (*count > TABLE_COLUMNS_MAX)
		*count = TABLE_COLUMNS_MAX;
	return t->data ? t->data->view->columns : NULL;
}

const char *table_sort_key(const struct table *t)
{
	return !t->sort ? "" : t->sort[0] == '-' ? t->sort + 1 : t->sort;
}

/* Figures are looked at from the greatest down, words from the first up. */
static bool descends_first(enum vw_kind kind)
{
	return kind == VW_NUMBER || kind == VW_SHARE || kind == VW_MILLIS || kind == VW_TIME ||
	       kind == VW_STATE;
}

void table_sort(struct table *t, const char *key)
{
	size_t i, n;
	const struct vw_column *columns = columns_of(t, &n);
	bool down = false;
	char *sort;

	for (i = 0; i < n; i++)
		if (!strcmp(columns[i].key, key))
			down = descends_first(columns[i].kind);
	if (t->sort && !strcmp(table_sort_key(t), key))
		down = t->sort[0] != '-';
	sort = sl_asprintf("%s%s", down ? "-" : "", key); /* key may be of the one that stands */
	free(t->sort);
	t->sort = sort;
	resort(t);
}

void table_sort_step(struct table *t, int by)
{
	size_t i, n, at = 0;
	const struct vw_column *columns = columns_of(t, &n);

	if (!n)
		return;
	for (i = 0; i < n; i++)
		if (!strcmp(columns[i].key, table_sort_key(t)))
			at = i;
	do
		at = (at + (size_t)(by < 0 ? n - 1 : 1)) % n;
	while (((columns[at].wide && !t->wide) || (!at && t->about_one)) &&
	       strcmp(columns[at].key, table_sort_key(t)) != 0);
	if (strcmp(columns[at].key, table_sort_key(t)) != 0)
		table_sort(t, columns[at].key);
}

/* --- cursor --- */

void table_go(struct table *t, size_t to, int64_t now)
{
	if (!t->count)
		return;
	t->at = to < t->count ? to : t->count - 1;
	t->moved = now;
	t->follow = t->follow && t->at == newest(t);
	remember(t);
}

void table_follow(struct table *t, bool follow, int64_t now)
{
	t->follow = follow;
	if (follow && t->count)
		table_go(t, newest(t), now);
}

void table_move(struct table *t, long delta, int64_t now)
{
	long to = (long)t->at + delta;

	table_go(t, to < 0 ? 0 : (size_t)to, now);
}

/* --- filter --- */

/* A word that grows while it is typed is looked for only where it was so far. */
int table_filter(struct table *t, const char *text, struct sl_error *e)
{
	struct vw_filter *match = NULL;
	bool narrows;

	if (*text && t->data) {
		match = vw_filter_parse(t->data->view, text, e);
		if (!match)
			return SL_EINPUT;
	}
	narrows = match && t->match && !t->filter_off && vw_filter_narrows(match, t->match);
	if (t->match)
		vw_filter_free(t->match);
	t->match = match;
	if (text != t->filter) {
		free(t->filter);
		t->filter = sl_strdup(text);
	}
	memset(t->widths, 0, sizeof t->widths);
	if (narrows) {
		sift(t);
		find_cursor(t);
	} else {
		look_again(t);
	}
	return SL_OK;
}

void table_filters_off(struct table *t, bool off)
{
	if (t->filter_off == off)
		return;
	t->filter_off = off;
	look_again(t);
}

/* --- marks --- */

static size_t mark_find(const struct table *t, const char *id)
{
	size_t i;

	for (i = 0; i < t->mark_count; i++)
		if (!strcmp(t->marks[i], id))
			break;
	return i;
}

bool table_is_marked(const struct table *t, const char *id)
{
	return mark_find(t, id) < t->mark_count;
}

static void mark_set(struct table *t, const char *id)
{
	if (table_is_marked(t, id))
		return;
	SL_GROW(t->marks, t->mark_count, t->mark_cap);
	t->marks[t->mark_count++] = sl_strdup(id);
}

static void mark_remember(struct table *t, const char *id)
{
	free(t->mark_from);
	t->mark_from = sl_strdup(id);
}

void table_mark(struct table *t)
{
	const struct vw_row *row = table_row(t);
	size_t i;

	if (!row)
		return;
	i = mark_find(t, row->id);
	mark_remember(t, row->id);
	if (i == t->mark_count) {
		mark_set(t, row->id);
		return;
	}
	free(t->marks[i]);
	t->marks[i] = t->marks[--t->mark_count];
}

/* Rows move while one looks: a range begins at the thing, wherever it stands now. */
bool table_mark_range(struct table *t)
{
	size_t from, i;

	for (from = 0; from < t->count; from++)
		if (t->mark_from && !strcmp(table_shown(t, from)->id, t->mark_from))
			break;
	if (from == t->count)
		return false;
	for (i = from < t->at ? from : t->at; i <= (from < t->at ? t->at : from); i++)
		mark_set(t, table_shown(t, i)->id);
	mark_remember(t, table_row(t)->id);
	return true;
}

void table_marks_clear(struct table *t)
{
	while (t->mark_count)
		free(t->marks[--t->mark_count]);
	free(t->mark_from);
	t->mark_from = NULL;
}
