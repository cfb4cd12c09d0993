/* SPDX-License-Identifier: Apache-2.0 */
/* Order of rows. Pure. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/sort.h"

struct order {
	enum vw_kind kind;
	bool numbers, down;
};

static bool is_number(enum vw_kind kind)
{
	return kind != VW_TEXT && kind != VW_LABELS && kind != VW_SHARES && kind != VW_SERIES;
}

static int compare_number(double a, double b)
{
	return (a > b) - (a < b);
}

static double last_point(const struct vw_cell *c)
{
	return c->count ? c->series[c->count - 1] : 0;
}

static const char *first_name(const struct vw_cell *c)
{
	return c->count ? c->pairs[0].name : "";
}

static int compare_pairs(const struct vw_cell *a, const struct vw_cell *b)
{
	int order = vw_natural(first_name(a), first_name(b));

	if (order || !a->count || !b->count || !a->pairs[0].value || !b->pairs[0].value)
		return order;
	return vw_natural(a->pairs[0].value, b->pairs[0].value);
}

static int compare_cells(enum vw_kind kind, const struct vw_cell *a, const struct vw_cell *b)
{
	switch (kind) {
	case VW_TEXT:
		return vw_natural(a->text ? a->text : "", b->text ? b->text : "");
	case VW_STATE:
		return vw_state_rank((enum vw_state)a->number) -
		       vw_state_rank((enum vw_state)b->number);
	case VW_LABELS:
	case VW_SHARES:
		return compare_pairs(a, b);
	case VW_SERIES:
		return compare_number(last_point(a), last_point(b));
	case VW_NUMBER:
	case VW_SHARE:
	case VW_MILLIS:
	case VW_TIME:
	case VW_BOOL:
		return compare_number(a->number, b->number);
	}
	return 0;
}

/* What a comparison looks at, close together. Names mostly differ soon behind what all of them
 * share: then a number each tells their order. */
struct item {
	const struct vw_cell *cell; /* NULL = by id alone */
	double number;
	uint64_t text, id; /* vw_natural_head; equal ones are looked at whole */
	struct vw_row row;
};

static int by_cell(const struct item *a, const struct item *b, const struct order *o)
{
	int order;

	if (a->cell->known != b->cell->known)
		return a->cell->known ? -1 : 1; /* unknown ones last, either way */
	if (!a->cell->known)
		return 0;
	if (o->numbers)
		order = compare_number(a->number, b->number);
	else if (a->text != b->text)
		order = a->text < b->text ? -1 : 1;
	else
		order = compare_cells(o->kind, a->cell, b->cell);
	return o->down ? -order : order;
}

/* Identity is unique, so this order is total. */
static int by_cell_and_id(const void *x, const void *y, void *arg)
{
	const struct item *a = x, *b = y;
	int order = a->cell ? by_cell(a, b, arg) : 0;

	if (order)
		return order;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return vw_natural(a->row.id, b->row.id);
}

static double number_of(enum vw_kind kind, const struct vw_cell *c)
{
	return kind == VW_STATE ? vw_state_rank((enum vw_state)c->number) : c->number;
}

/* What a cell is sorted by first, where that is a text. */
static const char *text_of(enum vw_kind kind, const struct vw_cell *c)
{
	if (kind == VW_TEXT)
		return c->text ? c->text : "";
	return kind == VW_LABELS || kind == VW_SHARES ? first_name(c) : "";
}

static void set_heads(struct item *items, size_t count, const struct order *o)
{
	const char *first_id = items[0].row.id, *first_text = NULL;
	size_t ids = strlen(first_id), texts = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		const struct vw_cell *c = items[i].cell;

		ids = vw_natural_shared(first_id, items[i].row.id, ids);
		if (!c || !c->known || o->numbers)
			continue;
		if (!first_text)
			first_text = text_of(o->kind, c);
		texts = vw_natural_shared(first_text, text_of(o->kind, c), texts);
	}
	for (size_t i = 0; i < count; i++) {
		items[i].id = vw_natural_head(items[i].row.id + ids);
		if (first_text && items[i].cell->known)
			items[i].text = vw_natural_head(text_of(o->kind, items[i].cell) + texts);
	}
}

static void sort_rows(struct vw_table *t, long column, struct order *o)
{
	struct item *items = sl_alloc_n(t->count, sizeof *items);
	const void **sorted = sl_alloc_n(t->count, sizeof *sorted);

	for (size_t i = 0; i < t->count; i++) {
		items[i].row = t->rows[i];
		sorted[i] = &items[i];
		if (column < 0)
			continue;
		items[i].cell = &t->rows[i].cells[column];
		items[i].number = number_of(o->kind, items[i].cell);
	}
	set_heads(items, t->count, o);
	sl_sort(sorted, t->count, by_cell_and_id, o);
	for (size_t i = 0; i < t->count; i++)
		t->rows[i] = ((const struct item *)sorted[i])->row;
	free(sorted);
	free(items);
}

int vw_sort(struct vw_table *t, const char *by, struct sl_error *e)
{
	struct order o = {.down = *by == '-'};
	const char *key = by + o.down;
	long column = -1;

	if (*key) {
		column = vw_column_find(t->view, key, strlen(key));
		if (column < 0)
			return vw_column_unknown(t->view, key, e);
		o.kind = t->view->columns[column].kind;
		o.numbers = is_number(o.kind);
	}
	if (t->count > 1)
		sort_rows(t, column, &o);
	return SL_OK;
}
