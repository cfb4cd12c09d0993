/* SPDX-License-Identifier: Apache-2.0 */
/* Tables as bytes: for people, for spreadsheets, for programs. Pure. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define CELL_MAX 2048

/* Row numbers that pass the filter. Yours to free. */
static size_t *shown(const struct vw_table *t, const struct vw_filter *f, size_t *count)
{
	size_t *rows = sl_alloc_n(t->count + 1, sizeof *rows);

	*count = 0;
	for (size_t i = 0; i < t->count; i++)
		if (vw_filter_match(f, t, i))
			rows[(*count)++] = i;
	return rows;
}

/* --- JSON --- */

static cJSON *pairs_json(const struct vw_cell *c, bool shares)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t i = 0; i < c->count; i++) {
		if (cJSON_HasObjectItem(o, c->pairs[i].name))
			continue;
		if (shares)
			sl_json_add_num(o, c->pairs[i].name, c->pairs[i].share);
		else
			sl_json_add_str(o, c->pairs[i].name, c->pairs[i].value);
	}
	return o;
}

static cJSON *series_json(const struct vw_cell *c)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < c->count; i++)
		cJSON_AddItemToArray(list, isfinite(c->series[i]) ? cJSON_CreateNumber(c->series[i])
								  : cJSON_CreateNull());
	return list;
}

static void add_cell(cJSON *o, const struct vw_column *col, const struct vw_cell *c)
{
	char text[40];

	if (!c->known) {
		cJSON_AddNullToObject(o, col->key);
		return;
	}
	switch (col->kind) {
	case VW_TEXT:
		sl_json_add_str(o, col->key, c->text ? c->text : "");
		break;
	case VW_NUMBER:
	case VW_SHARE:
	case VW_MILLIS:
		sl_json_add_num(o, col->key, c->number);
		break;
	case VW_TIME:
		sl_json_add_str(o, col->key, sl_time_format(text, sizeof text, (int64_t)c->number));
		break;
	case VW_STATE:
		sl_json_add_str(o, col->key, vw_state_word((enum vw_state)c->number));
		break;
	case VW_BOOL:
		sl_json_add_bool(o, col->key, c->number != 0);
		break;
	case VW_LABELS:
	case VW_SHARES:
		cJSON_AddItemToObject(o, col->key, pairs_json(c, col->kind == VW_SHARES));
		break;
	case VW_SERIES:
		cJSON_AddItemToObject(o, col->key, series_json(c));
		break;
	}
}

cJSON *vw_row_json(const struct vw_table *t, size_t row)
{
	cJSON *o = cJSON_CreateObject();

	for (size_t k = 0; k < t->view->column_count; k++)
		add_cell(o, &t->view->columns[k], &t->rows[row].cells[k]);
	return o;
}

static void add_sources(cJSON *doc, const struct vw_view *v, const struct catalogue *c)
{
	cJSON *list = sl_json_add_array(doc, "sources");

	for (size_t i = 0; c && i < catalogue_source_count(c); i++) {
		struct cat_source s = catalogue_source(c, i);
		cJSON *one;
		char at[40];

		if (!(s.role & v->roles))
			continue;
		one = cJSON_CreateObject();
		sl_json_add_str(one, "name", s.name);
		sl_json_add_str(one, "readAt",
				s.read_at ? sl_time_format(at, sizeof at, s.read_at) : NULL);
		sl_json_add_str(one, "revision", *s.revision ? s.revision : NULL);
		sl_json_add_str(one, "error", *s.error ? s.error : NULL);
		cJSON_AddItemToArray(list, one);
	}
}

static int compare_ids(const void *a, const void *b, void *arg)
{
	const struct vw_table *t = arg;

	return vw_natural(t->rows[*(const size_t *)a].id, t->rows[*(const size_t *)b].id);
}

cJSON *vw_json(const struct vw_table *t, const struct vw_filter *f, const struct catalogue *c)
{
	cJSON *doc = cJSON_CreateObject(), *items = sl_json_add_array(doc, "items");
	size_t count, *rows = shown(t, f, &count);

	if (count > 1)
		qsort_r(rows, count, sizeof *rows, compare_ids, (void *)(uintptr_t)t);
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(items, vw_row_json(t, rows[i]));
	free(rows);
	add_sources(doc, t->view, c);
	return doc;
}

static void put_json(struct sl_buf *out, cJSON *doc)
{
	char *text = sl_json_print(doc);

	sl_buf_puts(out, text);
	sl_buf_puts(out, "\n");
	free(text);
	cJSON_Delete(doc);
}

/* --- CSV --- */

static void put_quoted(struct sl_buf *out, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		sl_buf_puts(out, text);
		return;
	}
	sl_buf_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '"')
			sl_buf_puts(out, "\"");
		sl_buf_append(out, text, 1);
	}
	sl_buf_puts(out, "\"");
}

/* Raw units, as in JSON; lists as name=value, separated by blanks. */
static void put_csv_cell(struct sl_buf *out, const struct vw_column *col, const struct vw_cell *c)
{
	struct sl_buf list;
	char text[64];

	if (!c->known)
		return;
	switch (col->kind) {
	case VW_TEXT:
		put_quoted(out, c->text ? c->text : "");
		return;
	case VW_NUMBER:
	case VW_SHARE:
	case VW_MILLIS:
		sl_buf_printf(out, "%.15g", c->number);
		return;
	case VW_TIME:
		sl_buf_puts(out, sl_time_format(text, sizeof text, (int64_t)c->number));
		return;
	case VW_STATE:
		sl_buf_puts(out, vw_state_word((enum vw_state)c->number));
		return;
	case VW_BOOL:
		sl_buf_puts(out, c->number != 0 ? "true" : "false");
		return;
	case VW_LABELS:
	case VW_SHARES:
	case VW_SERIES:
		break;
	}
	sl_buf_init(&list, 64u << 10);
	for (size_t i = 0; i < c->count; i++) {
		sl_buf_puts(&list, i ? " " : "");
		if (col->kind == VW_LABELS)
			sl_buf_printf(&list, "%s=%s", c->pairs[i].name, c->pairs[i].value);
		else if (col->kind == VW_SHARES)
			sl_buf_printf(&list, "%s=%.6g", c->pairs[i].name, c->pairs[i].share);
		else if (isfinite(c->series[i]))
			sl_buf_printf(&list, "%.6g", c->series[i]);
		else
			sl_buf_puts(&list, "-");
	}
	put_quoted(out, sl_buf_str(&list));
	sl_buf_release(&list);
}

static void put_csv(struct sl_buf *out, const struct vw_table *t, const size_t *rows, size_t count)
{
	const struct vw_view *v = t->view;

	for (size_t k = 0; k < v->column_count; k++)
		sl_buf_printf(out, "%s%s", k ? "," : "", v->columns[k].key);
	sl_buf_puts(out, "\n");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < v->column_count; k++) {
			sl_buf_puts(out, k ? "," : "");
			put_csv_cell(out, &v->columns[k], &t->rows[rows[i]].cells[k]);
		}
		sl_buf_puts(out, "\n");
	}
}

/* --- for people --- */

static const char *const state_sgr[VW_STATE_COUNT] = {
	[VW_OK] = "32",  [VW_DEGRADED] = "33", [VW_FAILED] = "1;31", [VW_NO_CONTACT] = "35",
	[VW_OFF] = "90", [VW_WORKING] = "36",  [VW_WAITING] = "2",
};

struct text_table {
	const struct vw_table *t;
	const size_t *rows;
	size_t count;
	int64_t now;
	bool wide, colour;
	size_t *widths; /* one a column; 0 = not shown */
	struct sl_buf *out;
};

static bool is_right(enum vw_kind kind)
{
	return kind == VW_NUMBER || kind == VW_SHARE || kind == VW_MILLIS || kind == VW_TIME;
}

/* As shown: cut at the column's most unless wide, with ~ where something is missing. */
static size_t cell_shown(const struct text_table *p, size_t row, size_t column, char *dst,
			 size_t size)
{
	const struct vw_column *col = &p->t->view->columns[column];
	size_t width;

	vw_cell_text(p->t, row, column, p->now, dst, size);
	width = sl_text_width(dst);
	if (p->wide || !col->most || width <= col->most)
		return width;
	dst[sl_text_fit(dst, col->most - 1)] = '\0';
	strcat(dst, "~"); /* cutting made room for it */
	return sl_text_width(dst);
}

static void measure(struct text_table *p)
{
	const struct vw_view *v = p->t->view;
	char text[CELL_MAX];

	for (size_t k = 0; k < v->column_count; k++) {
		if (v->columns[k].wide && !p->wide)
			continue;
		p->widths[k] = sl_text_width(v->columns[k].title);
		for (size_t i = 0; i < p->count; i++) {
			size_t width = cell_shown(p, p->rows[i], k, text, sizeof text);

			if (width > p->widths[k])
				p->widths[k] = width;
		}
		if (!p->widths[k])
			p->widths[k] = 1;
	}
}

static void put_spaces(struct sl_buf *out, size_t n)
{
	while (n--)
		sl_buf_puts(out, " ");
}

/* Blanks that would end a line are kept back until something follows them. */
static void put_padded(struct text_table *p, size_t column, size_t *owed, const char *text,
		       size_t width)
{
	size_t room = p->widths[column] > width ? p->widths[column] - width : 0;
	bool right = is_right(p->t->view->columns[column].kind);

	put_spaces(p->out, *owed + (right ? room : 0));
	sl_buf_puts(p->out, text);
	*owed = 2 + (right ? 0 : room);
}

static void put_header(struct text_table *p)
{
	const struct vw_view *v = p->t->view;
	size_t owed = 2;

	if (p->colour)
		sl_buf_puts(p->out, "\033[2m");
	sl_buf_puts(p->out, "S");
	for (size_t k = 0; k < v->column_count; k++)
		if (p->widths[k])
			put_padded(p, k, &owed, v->columns[k].title,
				   sl_text_width(v->columns[k].title));
	sl_buf_puts(p->out, p->colour ? "\033[0m\n" : "\n");
}

static void put_row(struct text_table *p, size_t row)
{
	const struct vw_row *r = &p->t->rows[row];
	char text[CELL_MAX];
	size_t owed = 2;

	if (p->colour)
		sl_buf_printf(p->out, "\033[%sm%c\033[0m", state_sgr[r->state],
			      vw_state_glyph(r->state));
	else
		sl_buf_printf(p->out, "%c", vw_state_glyph(r->state));
	for (size_t k = 0; k < p->t->view->column_count; k++) {
		if (!p->widths[k])
			continue;
		size_t width = cell_shown(p, row, k, text, sizeof text);

		put_padded(p, k, &owed, text, width);
	}
	sl_buf_puts(p->out, "\n");
}

static void put_table(struct text_table *p)
{
	p->widths = sl_alloc_n(p->t->view->column_count + 1, sizeof *p->widths);
	measure(p);
	if (p->count)
		put_header(p);
	for (size_t i = 0; i < p->count; i++)
		put_row(p, p->rows[i]);
	free(p->widths);
}

void vw_print(const struct vw_table *t, const struct vw_filter *f, const struct catalogue *c,
	      enum vw_format as, int64_t now, bool colour, struct sl_buf *out)
{
	size_t count, *rows = shown(t, f, &count);
	struct text_table p = {.t = t,
			       .rows = rows,
			       .count = count,
			       .now = now,
			       .wide = as == VW_AS_WIDE,
			       .colour = colour,
			       .out = out};

	switch (as) {
	case VW_AS_TABLE:
	case VW_AS_WIDE:
		put_table(&p);
		break;
	case VW_AS_CSV:
		put_csv(out, t, rows, count);
		break;
	case VW_AS_JSON:
		put_json(out, vw_json(t, f, c));
		break;
	case VW_AS_NDJSON:
		for (size_t i = 0; i < count; i++)
			put_json(out, vw_row_json(t, rows[i]));
		break;
	}
	free(rows);
}
