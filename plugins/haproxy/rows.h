/* SPDX-License-Identifier: Apache-2.0 */
/* Lines, fields and columns of HAProxy's two table formats, cut in place. Pure. */
#ifndef SLUICE_HAPROXY_ROWS_H
#define SLUICE_HAPROXY_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *at, *end;
};

/* A column that we read, found by name in a header line. */
struct column {
	const char *name;
	size_t at;
};

/* The next line of t, terminated in place; NULL at the end. */
char *hap_line_next(struct text *t);
/* Fields between blanks; fields between commas, with CSV's quotes. Return how many, up to max. */
size_t hap_fields_split(char *line, char **fields, size_t max);
size_t hap_csv_split(char *line, char **fields, size_t max);
/* False if one is missing. */
bool hap_columns_find(struct column *columns, size_t n, char **fields, size_t count);
size_t hap_columns_last(const struct column *columns, size_t n);

#endif
