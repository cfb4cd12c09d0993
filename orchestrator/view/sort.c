/* SPDX-License-Identifier: Apache-2.0 */
/* Order of rows. Pure. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"

struct order {
	const struct vw_view *view;
	long column; /* -1 = by id alone */
	bool down;
};

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

static int compare_rows(const void *x, const void *y, void *arg)
{
	const struct vw_row *a = x, *b = y;
	const struct order *o = arg;
	int order = 0;

	if (o->column >= 0) {
		const struct vw_cell *ca = &a->cells[o->column], *cb = &b->cells[o->column];

		if (ca->known != cb->known)
			return ca->known ? -1 : 1; /* unknown ones last, either way */
		if (ca->known)
			order = compare_cells(o->view->columns[o->column].kind, ca, cb);
		if (o->down)
			order = -order;
	}
	/* identity is unique, so no two rows are ever equal: the order is total */
	return order ? order : strcmp(a->id, b->id);
}

int vw_sort(struct vw_table *t, const char *by, struct sl_error *e)
{
	struct order o = {.view = t->view, .column = -1, .down = *by == '-'};
	const char *key = by + o.down;

	if (*key) {
		o.column = vw_column_find(t->view, key, strlen(key));
		if (o.column < 0)
			return vw_column_unknown(t->view, key, e);
	}
	if (t->count > 1)
		qsort_r(t->rows, t->count, sizeof *t->rows, compare_rows, &o);
	return SL_OK;
}
