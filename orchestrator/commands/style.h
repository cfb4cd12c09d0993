/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of styled text, made without a terminal: what a style means is a table, what a row holds is
 * bytes in a buffer. Text is cleaned and cut to the row's width. Pure.
 */
#ifndef SLUICE_COMMANDS_STYLE_H
#define SLUICE_COMMANDS_STYLE_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/sdk/buf.h"

enum style {
	STYLE_PLAIN,
	STYLE_DIM,   /* secondary */
	STYLE_FAINT, /* rails, what is still to come */
	STYLE_BOLD,  /* the word or figure that matters */
	STYLE_OK,
	STYLE_WARN,
	STYLE_BAD,
	STYLE_WORK,
	STYLE_UNKNOWN,
	STYLE_OFF,
	STYLE_ACCENT, /* keys */
	STYLE_COUNT
};

enum colours { COLOURS_NONE, COLOURS_16, COLOURS_256, COLOURS_TRUE };

/* What the terminal can show. */
struct caps {
	enum colours colours;
	bool utf8; /* and box drawing takes one cell here */
	unsigned width, height;
};

/* From NO_COLOR, TERM, COLORTERM and the locale; width and height stay 0. */
struct caps caps_from_environment(bool colour);

struct row {
	struct sl_buf *out;
	const struct caps *caps;
	unsigned at; /* cells written */
};

struct row row_begin(struct sl_buf *out, const struct caps *caps);
void row_put(struct row *r, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void row_to(struct row *r, unsigned column); /* spaces up to there; at least one when past it */
/* At the right edge; dropped when there is no room for it. */
void row_right(struct row *r, enum style style, const char *text);
/* A bar of `cells`, filled to share (0..1) in half cells. */
void row_bar(struct row *r, enum style style, double share, unsigned cells);
void row_end(struct row *r);

/* One state, three signals: glyph, word and colour. */
enum mark {
	MARK_OK,
	MARK_DEGRADED,
	MARK_FAILED,
	MARK_UNKNOWN,
	MARK_WORKING,
	MARK_WAITING,
	MARK_OFF
};
struct mark_look {
	char glyph;
	const char *word;
	enum style style;
};
extern const struct mark_look mark_looks[];

#endif
