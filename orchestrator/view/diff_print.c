/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/diff_print.h"

#include <stdlib.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const struct {
	char sign;
	const char *word, *colour;
} kinds[] = {
	[DIFF_SAME] = {' ', "same", ""},
	[DIFF_GONE] = {'-', "gone", "\033[31m"},
	[DIFF_NEW] = {'+', "new", "\033[32m"},
	[DIFF_HIDDEN] = {' ', "hidden", "\033[2m"},
};

static void print_line(const struct diff_line *l, const char *on, const char *off,
		       struct sl_buf *out)
{
	char *text = sl_text_clean_dup(l->text, l->len, false);

	sl_buf_printf(out, "%s%5zu %c ", on, l->kind == DIFF_GONE ? l->left : l->right,
		      kinds[l->kind].sign);
	sl_buf_puts(out, text);
	sl_buf_printf(out, "%s%s\n", l->open ? " (no newline at the end)" : "", off);
	free(text);
}

void diff_print(const struct diff *d, size_t context, bool colour, struct sl_buf *out)
{
	size_t count;
	struct diff_row *rows = diff_rows(d, context, &count);

	for (size_t i = 0; i < count; i++) {
		const char *on = colour ? kinds[rows[i].kind].colour : "";
		const char *off = *on ? "\033[0m" : "";

		if (rows[i].kind == DIFF_HIDDEN)
			sl_buf_printf(out, "%s        ... %zu unchanged%s\n", on, rows[i].count,
				      off);
		else
			print_line(&d->lines[rows[i].line], on, off, out);
	}
	free(rows);
}

static cJSON *row_json(const struct diff *d, const struct diff_row *row)
{
	const struct diff_line *l = &d->lines[row->line];
	cJSON *o = cJSON_CreateObject();
	char *text;

	sl_json_add_str(o, "kind", kinds[row->kind].word);
	if (row->kind == DIFF_HIDDEN) {
		sl_json_add_int(o, "count", (int64_t)row->count);
		return o;
	}
	if (l->left)
		sl_json_add_int(o, "left", (int64_t)l->left);
	if (l->right)
		sl_json_add_int(o, "right", (int64_t)l->right);
	text = sl_text_clean_dup(l->text, l->len, false);
	sl_json_add_str(o, "text", text);
	if (l->open)
		sl_json_add_bool(o, "noNewline", true);
	free(text);
	return o;
}

cJSON *diff_json(const struct diff *d, size_t context)
{
	cJSON *list = cJSON_CreateArray();
	size_t count;
	struct diff_row *rows = diff_rows(d, context, &count);

	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(list, row_json(d, &rows[i]));
	free(rows);
	return list;
}
