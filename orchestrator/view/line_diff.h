/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two texts, line by line: the shortest way from left to right (Myers), found
 * in linear space. Pure. Lines that only one side has cost nothing. Work is bounded: where two
 * texts of thousands of lines differ nearly everywhere, what is between the nearest equal lines is
 * one block, gone and new as a whole (`rough`). Bytes are kept as they are: who shows them cleans
 * them.
 */
#ifndef SLUICE_VIEW_LINE_DIFF_H
#define SLUICE_VIEW_LINE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#define DIFF_CONTEXT 3 /* unchanged lines that stay around a change */

enum diff_kind { DIFF_SAME, DIFF_GONE, DIFF_NEW, DIFF_HIDDEN };

struct diff_line {
	enum diff_kind kind;
	size_t left, right; /* line numbers from 1; 0 = not on that side */
	const char *text;   /* borrowed from the side it is on; without its newline */
	size_t len;
	bool open; /* the last line, and no newline behind it */
};

struct diff {
	struct diff_line *lines; /* of a change what is gone comes first */
	size_t count, added, removed;
	bool binary; /* one of them is no text: no lines */
	bool same;   /* byte by byte */
	bool rough;
};

/* Both texts must outlive it. */
struct diff *diff_new(const char *left, size_t left_len, const char *right, size_t right_len);
void diff_free(struct diff *d);

/* Text as config values are: UTF-8 without NUL. */
bool diff_is_text(const char *value, size_t len);

/* A diff as it is looked at: unchanged lines far from any change are folded into one row. */
struct diff_row {
	enum diff_kind kind; /* DIFF_HIDDEN: `count` lines */
	size_t line;         /* index into lines: the row's, or the first hidden one */
	size_t count;
};

/* context: unchanged lines around a change that are not folded; SIZE_MAX = fold none. Yours to
 * free; *count of them. */
struct diff_row *diff_rows(const struct diff *d, size_t context, size_t *count);

/* Where two lines begin and end to differ: *from bytes are equal at their begin, *tail at their
 * end, never within a character. */
void diff_within(const struct diff_line *a, const struct diff_line *b, size_t *from, size_t *tail);

#endif
