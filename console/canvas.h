/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen in memory: cells of one character and a look. Everything that is shown is first drawn
 * here, by pure functions; term.c copies what differs to the terminal. Text is cleaned, measured in
 * cells and cut on its way in, so no control byte from outside can reach a terminal.
 */
#ifndef SLUICE_CONSOLE_CANVAS_H
#define SLUICE_CONSOLE_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "plugins/sdk/buf.h"

/* What a colour is for. The theme says what it looks like. */
enum paint {
	PAINT_TEXT,
	PAINT_DIM,    /* secondary */
	PAINT_FAINT,  /* rails, what is still to come */
	PAINT_BRIGHT, /* the word or figure that matters */
	PAINT_OK,
	PAINT_WARN,
	PAINT_BAD,
	PAINT_WORK,
	PAINT_UNKNOWN,
	PAINT_OFF,
	PAINT_ACCENT, /* keys, sort, links */
	PAINT_CHIP,   /* text on a coloured chip */
	PAINT_RAMP,   /* PAINT_RAMP + 0..RAMP_STEPS-1: green, amber, red */
	RAMP_STEPS = 12,
	PAINT_COUNT = PAINT_RAMP + RAMP_STEPS
};

enum ground {
	GROUND_PLAIN,
	GROUND_BAR,       /* rows of the chrome */
	GROUND_SELECTION, /* the row under the cursor */
	GROUND_TAB,       /* the tab that is open */
	GROUND_CHIP,      /* an environment */
	GROUND_CHIP_PROD, /* an environment marked production */
	GROUND_WRITE,     /* write mode is on */
	GROUND_DIALOG,
	GROUND_COUNT
};

enum { LOOK_BOLD = 1, LOOK_UNDERLINE = 2, LOOK_REVERSE = 4 };

struct look {
	uint8_t paint, ground, attr;
};

struct cell {
	uint32_t ch;   /* 0 = the second half of a wide character */
	uint32_t mark; /* one combining mark, or 0 */
	struct look look;
};

struct rect {
	unsigned x, y, width, height;
};

struct canvas {
	unsigned width, height;
	struct cell *cells;
	bool utf8;   /* else whatever is not ASCII becomes '?' */
	bool narrow; /* heavy lines take one cell here: bars at half-cell grain */
	bool colour; /* else marks must do without */
};

void canvas_init(struct canvas *c, unsigned width, unsigned height);
void canvas_release(struct canvas *c);
void canvas_resize(struct canvas *c, unsigned width, unsigned height); /* and clears it */
struct cell *canvas_at(struct canvas *c, unsigned x, unsigned y);

struct look look(enum paint paint);
struct look look_bold(enum paint paint);
struct look look_on(struct look l, enum ground ground);

void canvas_fill(struct canvas *c, struct rect r, struct look l);
/* Change the ground of what is drawn already; PLAIN cells only. */
void canvas_ground(struct canvas *c, struct rect r, enum ground ground);
/* Faint text of old data. */
void canvas_fade(struct canvas *c, struct rect r);
/* Keeps what is drawn of the ground below when l's ground is plain. Text that does not fit into
 * `width` cells ends in '~'. Returns the cells written. */
unsigned canvas_text(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		     const char *text);
/* In as many rows as it takes, broken between words; the last one ends in '~' when r is too low.
 * Returns the rows written. */
unsigned canvas_wrap(struct canvas *c, struct rect r, struct look l, const char *text);
unsigned canvas_right(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		      const char *text); /* right-aligned within width */
unsigned canvas_printf(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		       const char *fmt, ...) __attribute__((format(printf, 6, 7)));
void canvas_char(struct canvas *c, unsigned x, unsigned y, struct look l, uint32_t ch);

/* The screen as text: rows ended by newlines, trailing spaces cut. */
void canvas_dump(const struct canvas *c, struct sl_buf *out);
/* One row's text, without a newline. */
void canvas_row_text(const struct canvas *c, unsigned y, struct sl_buf *out);

#endif
