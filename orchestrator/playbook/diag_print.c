// SPDX-License-Identifier: Apache-2.0
// How diagnostics look: place, words, the source line and a caret under the value.
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/diag.h"
#include "orchestrator/playbook/diag_set.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define PRINT_MAX 100 /* errors */
#define LINE_MAX  160 /* characters of a source line */
#define LEAD_MAX  100 /* characters shown before the place in a long line */

struct palette {
	const char *place, *error, *warning, *note, *caret, *off;
};

static const struct palette plain = {"", "", "", "", "", ""};
static const struct palette coloured = {
	.place = "\033[1m",
	.error = "\033[1;31m",
	.warning = "\033[1;33m",
	.note = "\033[1;36m",
	.caret = "\033[32m",
	.off = "\033[0m",
};

static void print_head(const struct diags *d, FILE *out, const struct palette *p, struct diag_at at,
		       enum diag_severity severity, const char *message)
{
	static const char *const words[] = {"error", "warning", "note"};
	const char *const colours[] = {p->error, p->warning, p->note};

	fputs(p->place, out);
	if (at.line)
		fprintf(out, "%s:%u:%u: ", diags_source_path(d, at.file), at.line, at.column);
	else
		fprintf(out, "%s: ", diags_source_path(d, at.file));
	fprintf(out, "%s%s%s:%s %s\n", p->off, colours[severity], words[severity], p->off, message);
}

/* Line `number` (from 1) of a source, without its newline; false when there is none. */
static bool source_line(const struct diag_source *s, unsigned number, const char **line,
			size_t *len)
{
	const char *at = s->text, *end = s->text + s->len;

	for (unsigned n = 1; n < number; n++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return false;
		at++;
	}
	*line = at;
	*len = (size_t)(end - at);
	at = memchr(at, '\n', *len);
	if (at)
		*len = (size_t)(at - *line);
	if (*len && (*line)[*len - 1] == '\r')
		--*len;
	return *len > 0;
}

/* The offset of the character after `count` characters; stops at the end. */
static size_t skip_chars(const char *s, size_t count)
{
	size_t i = 0;

	while (count-- && s[i]) {
		i++;
		while (((unsigned char)s[i] & 0xC0) == 0x80)
			i++;
	}
	return i;
}

static void put_many(FILE *out, char c, size_t n)
{
	while (n--)
		fputc(c, out);
}

static size_t width_of(const char *s, size_t len)
{
	char *part = sl_strndup(s, len);
	size_t width = sl_text_width(part);

	free(part);
	return width;
}

static void print_caret(FILE *out, const struct palette *p, const char *text, size_t lead,
			unsigned length)
{
	size_t span = skip_chars(text + lead, length ? length : 1);
	size_t width = width_of(text + lead, span);

	fputs("      | ", out);
	put_many(out, ' ', width_of(text, lead));
	fprintf(out, "%s^", p->caret);
	put_many(out, '~', width > 1 ? width - 1 : 0);
	fprintf(out, "%s\n", p->off);
}

/* A long line is shown from a little before the place. */
static void print_source(const struct diags *d, FILE *out, const struct palette *p,
			 struct diag_at at)
{
	const char *line;
	size_t len, skip = 0;
	char *clean, *text;

	if (!at.line || at.file < 0 || (size_t)at.file >= d->source_count)
		return;
	if (!source_line(&d->sources[at.file], at.line, &line, &len))
		return;
	clean = text = sl_text_clean_dup(line, len, false);
	if (at.column > LEAD_MAX) {
		skip = at.column - LEAD_MAX;
		text += skip_chars(text, skip);
	}
	text[skip_chars(text, LINE_MAX)] = '\0';
	fprintf(out, "%5u | %s\n", at.line, text);
	if (at.column)
		print_caret(out, p, text, skip_chars(text, at.column - 1 - skip), at.length);
	free(clean);
}

static void diag_print(const struct diags *d, FILE *out, const struct palette *p,
		       const struct diag *g)
{
	print_head(d, out, p, g->at, g->severity, g->message);
	print_source(d, out, p, g->at);
	for (size_t i = 0; i < g->note_count; i++)
		print_head(d, out, p, g->notes[i].at, DIAG_NOTE, g->notes[i].message);
}

void diags_print(const struct diags *d, FILE *out, bool colour)
{
	const struct diag **sorted = diags_sorted(d);
	size_t errors = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (sorted[i]->severity == DIAG_ERROR && errors++ >= PRINT_MAX)
			continue;
		diag_print(d, out, colour ? &coloured : &plain, sorted[i]);
	}
	if (diags_errors(d) > PRINT_MAX)
		fprintf(out, "and %zu more errors\n", diags_errors(d) - PRINT_MAX);
	free(sorted);
}

char *diags_text(const struct diags *d)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	diags_print(d, out, false);
	fclose(out);
	return text;
}
