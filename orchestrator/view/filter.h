/* SPDX-License-Identifier: Apache-2.0 */
/* A filter as read; what filter.c (matching) and filter_read.c share. */
#ifndef SLUICE_VIEW_FILTER_H
#define SLUICE_VIEW_FILTER_H

#include <locale.h>
#include <regex.h>

#include "orchestrator/view/internal.h"

#define TERMS_MAX 64

enum op {
	OP_WORD,
	OP_REGEX,
	OP_HAS,
	OP_IS,
	OP_TAG,
	OP_TAG_HAS,
	OP_LEVEL, /* number: of vw_filter_level */
	OP_LESS,
	OP_MORE,
	OP_AT_MOST,
	OP_AT_LEAST
};

struct term {
	enum op op;
	bool not ;
	long column; /* -1 = any; of OP_REGEX too */
	char *text;  /* folded */
	char *tag;
	double number;
	regex_t regex;
};

struct vw_filter {
	const struct vw_view *view;
	locale_t utf8; /* expressions see characters, whatever the locale; 0 = none there */
	struct term terms[TERMS_MAX];
	size_t count;
};

/* Without case, and composed. Yours to free. */
char *vw_filter_fold(const char *s);
/* May the text hold the folded needle? False is certain; all of it is looked at at once, NULs
 * included. */
bool vw_seek(const char *text, size_t len, const char *needle);
/* A number as a column of that kind has them: "3%", "200ms". */
bool vw_filter_number(enum vw_kind kind, const char *text, double *number);
/* How grave a level is: 1 info, 2 warn, 3 error; 0 = no such level. */
unsigned vw_filter_level(const char *text);
/* Does the state answer to the word, its beginning, or the glyph? "bad" is what deserves a look. */
bool vw_filter_state(enum vw_state s, const char *want);

#endif
