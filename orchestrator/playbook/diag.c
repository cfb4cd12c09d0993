// SPDX-License-Identifier: Apache-2.0
// Collecting diagnostics. How they look is in diag_print.c.
#include "orchestrator/playbook/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/diag_set.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct diags *diags_new(void)
{
	return sl_alloc(sizeof(struct diags));
}

static void diag_release(struct diag *g)
{
	for (size_t i = 0; i < g->note_count; i++)
		free(g->notes[i].message);
	free(g->notes);
	free(g->message);
}

void diags_free(struct diags *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->count; i++)
		diag_release(&d->items[i]);
	free(d->items);
	for (size_t i = 0; i < d->source_count; i++) {
		free(d->sources[i].path);
		free(d->sources[i].text);
	}
	free(d->sources);
	free(d);
}

int diags_add_source(struct diags *d, const char *path, const char *text, size_t len)
{
	struct diag_source *s;

	SL_GROW(d->sources, d->source_count, d->source_cap);
	s = &d->sources[d->source_count];
	s->path = sl_text_clean_dup(path, strlen(path), false);
	s->text = sl_alloc(len + 1);
	if (len)
		memcpy(s->text, text, len);
	s->len = len;
	return (int)d->source_count++;
}

const char *diags_source_path(const struct diags *d, int file)
{
	if (file < 0 || (size_t)file >= d->source_count)
		return "(input)";
	return d->sources[file].path;
}

static char *message_format(const char *fmt, va_list ap)
{
	char text[1024];
	int n = vsnprintf(text, sizeof text, fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n;

	if (len >= sizeof text)
		len = sizeof text - 1;
	return sl_text_clean_dup(text, len, false);
}

static bool same_place(struct diag_at a, struct diag_at b)
{
	return a.file == b.file && a.line == b.line && a.column == b.column;
}

static bool is_known(const struct diags *d, struct diag_at at, const char *message)
{
	for (size_t i = 0; i < d->count; i++)
		if (same_place(d->items[i].at, at) && !strcmp(d->items[i].message, message))
			return true;
	return false;
}

static void diags_add(struct diags *d, enum diag_severity severity, struct diag_at at,
		      const char *fmt, va_list ap)
{
	char *message = message_format(fmt, ap);
	bool drop = is_known(d, at, message);

	d->drop_notes = true;
	if (!drop)
		d->totals[severity]++;
	if (drop || d->count >= DIAGS_MAX) {
		free(message);
		return;
	}
	SL_GROW(d->items, d->count, d->cap);
	d->items[d->count] = (struct diag){
		.severity = severity,
		.at = at,
		.message = message,
		.order = d->count,
	};
	d->count++;
	d->drop_notes = false;
}

void diags_error(struct diags *d, struct diag_at at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diags_add(d, DIAG_ERROR, at, fmt, ap);
	va_end(ap);
}

void diags_warning(struct diags *d, struct diag_at at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diags_add(d, DIAG_WARNING, at, fmt, ap);
	va_end(ap);
}

void diags_note(struct diags *d, struct diag_at at, const char *fmt, ...)
{
	struct diag *g;
	va_list ap;

	if (!d->count || d->drop_notes)
		return;
	g = &d->items[d->count - 1];
	if (g->note_count == DIAG_NOTES_MAX)
		return;
	va_start(ap, fmt);
	SL_GROW(g->notes, g->note_count, g->note_cap);
	g->notes[g->note_count++] =
		(struct diag_note){.at = at, .message = message_format(fmt, ap)};
	va_end(ap);
}

size_t diags_errors(const struct diags *d)
{
	return d->totals[DIAG_ERROR];
}

size_t diags_warnings(const struct diags *d)
{
	return d->totals[DIAG_WARNING];
}

static int diag_compare(const void *a, const void *b)
{
	const struct diag *x = *(const struct diag *const *)a, *y = *(const struct diag *const *)b;

	if (x->at.file != y->at.file)
		return x->at.file < y->at.file ? -1 : 1;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.column != y->at.column)
		return x->at.column < y->at.column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

const struct diag **diags_sorted(const struct diags *d)
{
	const struct diag **sorted = sl_alloc_n(d->count + 1, sizeof *sorted);

	for (size_t i = 0; i < d->count; i++)
		sorted[i] = &d->items[i];
	qsort(sorted, d->count, sizeof *sorted, diag_compare);
	return sorted;
}

static cJSON *place_json(const struct diags *d, cJSON *list, struct diag_at at)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(list, o);
	sl_json_add_str(o, "file", diags_source_path(d, at.file));
	sl_json_add_int(o, "line", at.line);
	sl_json_add_int(o, "column", at.column);
	return o;
}

cJSON *diags_json(const struct diags *d)
{
	static const char *const words[] = {
		[DIAG_ERROR] = "error", [DIAG_WARNING] = "warning", [DIAG_NOTE] = "note"};
	const struct diag **sorted = diags_sorted(d);
	cJSON *root = cJSON_CreateObject();
	cJSON *list = sl_json_add_array(root, "diagnostics");

	for (size_t i = 0; i < d->count; i++) {
		const struct diag *g = sorted[i];
		cJSON *o = place_json(d, list, g->at), *notes;

		sl_json_add_str(o, "severity", words[g->severity]);
		sl_json_add_str(o, "message", g->message);
		notes = sl_json_add_array(o, "notes");
		for (size_t n = 0; n < g->note_count; n++)
			sl_json_add_str(place_json(d, notes, g->notes[n].at), "message",
					g->notes[n].message);
	}
	free(sorted);
	return root;
}
