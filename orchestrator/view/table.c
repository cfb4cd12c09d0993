/* SPDX-License-Identifier: Apache-2.0 */
/* A filled table and its memory: one arena, dropped in one call. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/arena.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define TEXT_MAX   (256u << 10)
#define CACHE_LINE 64
#define FETCH_MAX  1024

struct arena {
	struct sl_arena memory;
	size_t row_cap;
	int64_t now;
	const void **held; /* of the catalogue */
	size_t held_count, held_cap;
};

struct vw_table *vw_table_fill(const struct vw_view *v, const struct vw_world *w)
{
	struct vw_table *t = sl_alloc(sizeof *t);
	struct arena *a = sl_alloc(sizeof *a);

	t->view = v;
	t->arena = a;
	a->now = w->now;
	v->fill(w, t);
	return t;
}

void vw_table_free(struct vw_table *t)
{
	struct arena *a;

	if (!t)
		return;
	a = t->arena;
	sl_arena_release(&a->memory);
	while (a->held_count)
		catalogue_give_back(a->held[--a->held_count]);
	free(a->held);
	free(a);
	free(t->rows);
	free(t);
}

int64_t vw_table_now(const struct vw_table *t)
{
	return ((const struct arena *)t->arena)->now;
}

void *vw_alloc(struct vw_table *t, size_t size)
{
	return sl_arena_alloc(&((struct arena *)t->arena)->memory, size);
}

/* Cleaned on the way: nothing in a table can steer a terminal. Newlines become spaces on the
 * screen, but stay in the value. */
const char *vw_dup(struct vw_table *t, const char *s)
{
	size_t len = s ? strnlen(s, TEXT_MAX) : 0;
	char *to;

	if (len == TEXT_MAX)
		len = sl_text_whole(s, len);
	if (!len)
		return "";
	to = vw_alloc(t, len + 1);
	sl_text_clean(to, len + 1, s, len, true);
	return to;
}

const char *vw_printf(struct vw_table *t, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) >= (int)sizeof text)
		text[sl_text_whole(text, sizeof text - 1)] = '\0';
	va_end(ap);
	return vw_dup(t, text);
}

static struct vw_cell *row_add(struct vw_table *t, struct vw_row row)
{
	struct arena *a = t->arena;
	struct vw_cell *cells = vw_alloc(t, t->view->column_count * sizeof *cells);

	row.cells = cells;
	SL_GROW(t->rows, t->count, a->row_cap);
	t->rows[t->count++] = row;
	return cells;
}

struct vw_cell *vw_row_add(struct vw_table *t, const char *id, enum vw_state state,
			   const char *full, const char *reason)
{
	const struct vw_row row = {.id = vw_dup(t, id),
				   .state = state,
				   .full = vw_dup(t, full),
				   .reason = vw_dup(t, reason)};

	return row_add(t, row);
}

struct vw_cell *vw_row_add_instance(struct vw_table *t, const struct cat_instance *i,
				    enum vw_state state)
{
	struct arena *a = t->arena;
	struct vw_row row = {.id = i->path, .state = state, .full = i->id, .reason = i->note};

	row.texts = catalogue_texts(i, &row.texts_len);
	SL_GROW(a->held, a->held_count, a->held_cap);
	a->held[a->held_count++] = catalogue_hold(i);
	return row_add(t, row);
}

static void fetch(const void *at, size_t len)
{
	for (size_t i = 0; i < len; i += CACHE_LINE)
		__builtin_prefetch((const char *)at + i);
}

void vw_row_fetch(const struct vw_table *t, size_t row)
{
	const struct vw_row *r = &t->rows[row];

	fetch(r->texts, r->texts_len < FETCH_MAX ? r->texts_len : FETCH_MAX);
	fetch(r->cells, t->view->column_count * sizeof *r->cells);
}

/* By its key, else by the first word of its title, which is what people see: "rps" of rate. */
long vw_column_find(const struct vw_view *v, const char *key, size_t len)
{
	for (size_t i = 0; i < v->column_count; i++)
		if (strlen(v->columns[i].key) == len &&
		    strncasecmp(v->columns[i].key, key, len) == 0)
			return (long)i;
	for (size_t i = 0; len && i < v->column_count; i++)
		if (strcspn(v->columns[i].title, " ") == len &&
		    strncasecmp(v->columns[i].title, key, len) == 0)
			return (long)i;
	return -1;
}

const char *vw_column_key(const struct vw_view *v, const char *name)
{
	long i = vw_column_find(v, name, strlen(name));

	return i < 0 ? NULL : v->columns[i].key;
}

int vw_column_unknown(const struct vw_view *v, const char *key, struct sl_error *e)
{
	const char **keys = sl_alloc_n(v->column_count + 1, sizeof *keys), *near;
	struct sl_buf all;

	sl_buf_init(&all, 512);
	for (size_t i = 0; i < v->column_count; i++) {
		keys[i] = v->columns[i].key;
		sl_buf_printf(&all, "%s%s", i ? ", " : "", keys[i]);
	}
	near = sl_text_nearest(key, keys, v->column_count);
	if (near)
		sl_fail(e, SL_EINPUT, "%s have no column '%.64s'; did you mean '%s'?", v->name, key,
			near);
	else
		sl_fail(e, SL_EINPUT, "%s have no column '%.64s'; there are: %s", v->name, key,
			sl_buf_str(&all));
	sl_buf_release(&all);
	free(keys);
	return SL_EINPUT;
}

/* --- setting cells --- */

void vw_set_text(struct vw_table *t, struct vw_cell *cell, const char *text)
{
	if (!text || !*text)
		return;
	cell->known = true;
	cell->text = vw_dup(t, text);
}

void vw_set_held(struct vw_cell *cell, const char *text)
{
	cell->known = *text != '\0';
	cell->text = text;
}

void vw_set_number(struct vw_cell *cell, double number)
{
	cell->known = isfinite(number);
	cell->number = number;
}

void vw_set_id(struct vw_table *t, struct vw_cell *cell, int64_t number)
{
	cell->known = number != 0;
	cell->number = (double)number;
	cell->text = vw_printf(t, "%" PRId64, number);
}

void vw_set_time(struct vw_cell *cell, int64_t ms)
{
	cell->known = ms > 0;
	cell->number = (double)ms;
}

void vw_set_state(struct vw_cell *cell, enum vw_state s)
{
	cell->known = true;
	cell->number = s;
}

void vw_set_bool(struct vw_cell *cell, bool yes)
{
	cell->known = true;
	cell->number = yes;
}

void vw_set_labels(struct vw_table *t, struct vw_cell *cell, const struct cat_label *labels,
		   size_t count)
{
	struct vw_pair *pairs = vw_alloc(t, count * sizeof *pairs);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct vw_pair){.name = vw_dup(t, labels[i].name),
					    .value = vw_dup(t, labels[i].value)};
	cell->known = true;
	cell->pairs = pairs;
	cell->count = count;
}

void vw_set_held_labels(struct vw_table *t, struct vw_cell *cell, const struct cat_label *labels,
			size_t count)
{
	struct vw_pair *pairs = vw_alloc(t, count * sizeof *pairs);

	for (size_t i = 0; i < count; i++)
		pairs[i] = (struct vw_pair){.name = labels[i].name, .value = labels[i].value};
	cell->known = true;
	cell->pairs = pairs;
	cell->count = count;
}

void vw_set_series(struct vw_table *t, struct vw_cell *cell, const double *series, size_t count)
{
	double *copy;

	if (!count)
		return;
	copy = vw_alloc(t, count * sizeof *copy);
	memcpy(copy, series, count * sizeof *copy);
	cell->known = true;
	cell->series = copy;
	cell->count = count;
}

bool vw_wanted(const char *want, const char *is)
{
	return !want || !*want || !*is || strcmp(want, is) == 0;
}
