/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/haproxy/rows.h"

#include <string.h>

char *hap_line_next(struct text *t)
{
	char *line = t->at, *newline;

	if (t->at >= t->end)
		return NULL;
	newline = memchr(t->at, '\n', (size_t)(t->end - t->at));
	if (!newline)
		newline = t->end;
	*newline = '\0';
	t->at = newline + 1;
	return line;
}

size_t hap_fields_split(char *line, char **fields, size_t max)
{
	size_t n = 0;
	char *save = NULL;

	for (char *f = strtok_r(line, " ", &save); f && n < max; f = strtok_r(NULL, " ", &save))
		fields[n++] = f;
	return n;
}

/* One CSV field from *s, unquoted in place; *s moves behind its comma, or to NULL. */
static char *csv_field(char **s)
{
	char *from = *s, *to = from, *start = from;

	if (*from != '"') {
		char *comma = strchr(from, ',');

		if (comma)
			*comma = '\0';
		*s = comma ? comma + 1 : NULL;
		return start;
	}
	for (from++; *from && !(from[0] == '"' && from[1] != '"'); from++) {
		if (*from == '"')
			from++;
		*to++ = *from;
	}
	if (*from == '"')
		from++;
	*s = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return start;
}

size_t hap_csv_split(char *line, char **fields, size_t max)
{
	size_t n = 0;

	while (line && n < max)
		fields[n++] = csv_field(&line);
	return n;
}

bool hap_columns_find(struct column *columns, size_t n, char **fields, size_t count)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < count && strcmp(fields[k], columns[i].name) != 0)
			k++;
		if (k == count)
			return false;
		columns[i].at = k;
	}
	return true;
}

size_t hap_columns_last(const struct column *columns, size_t n)
{
	size_t last = 0;

	for (size_t i = 0; i < n; i++)
		if (columns[i].at > last)
			last = columns[i].at;
	return last;
}
