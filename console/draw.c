/* SPDX-License-Identifier: Apache-2.0 */
#include "console/draw.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "plugins/sdk/mem.h"

struct draw {
	const struct theme *theme;
	enum depth depth;
	struct cell *shown;
	cchar_t *line; /* one row, as ncurses takes it */
	unsigned width, height;
	bool known;
};

struct draw *draw_new(enum depth depth)
{
	struct draw *d = sl_alloc(sizeof *d);

	d->depth = depth;
	d->theme = theme_find("dark");
	return d;
}

void draw_free(struct draw *d)
{
	if (!d)
		return;
	free(d->shown);
	free(d->line);
	free(d);
}

void draw_theme(struct draw *d, const struct theme *t)
{
	if (d->theme != t)
		d->known = false;
	d->theme = t;
}

void draw_forget(struct draw *d)
{
	d->known = false;
}

static attr_t attributes(uint8_t attr)
{
	attr_t a = A_NORMAL;

	if (attr & INK_BOLD)
		a |= A_BOLD;
	if (attr & INK_DIM)
		a |= A_DIM;
	if (attr & INK_REVERSE)
		a |= A_REVERSE;
	if (attr & INK_UNDERLINE)
		a |= A_UNDERLINE;
	return a;
}

/* ncurses counts cells by wcwidth, the canvas by newer tables: where they disagree the rest of the
 * row would shift, and what wcwidth does not know may not be printable at all. */
static bool is_known(const struct cell *from, int cells)
{
	return from->ch < 0x80 || wcwidth((wchar_t)from->ch) == cells;
}

static void make_cell(const struct draw *d, const struct cell *from, cchar_t *to)
{
	struct ink_set ink = theme_ink(d->theme, from->look, d->depth);
	bool marked = from->mark && wcwidth((wchar_t)from->mark) == 0;
	wchar_t text[3] = {(wchar_t)from->ch, marked ? (wchar_t)from->mark : 0, 0};
	int pair = 0;

	if (d->depth != DEPTH_MONO && (ink.fg != -1 || ink.bg != -1))
		pair = alloc_pair(ink.fg, ink.bg);
	if (pair < 0)
		pair = 0;
	setcchar(to, text, attributes(ink.attr), (short)pair, &pair);
}

static void draw_row(const struct draw *d, const struct canvas *c, unsigned y)
{
	const struct cell *row = &c->cells[(size_t)y * c->width];
	unsigned x;
	int n = 0;

	/* the second half of a wide character is not a cell for ncurses */
	for (x = 0; x < c->width; x++) {
		int cells = x + 1 < c->width && !row[x + 1].ch ? 2 : 1;
		struct cell unknown = {.ch = '?', .look = row[x].look};

		if (!row[x].ch)
			continue;
		if (is_known(&row[x], cells)) {
			make_cell(d, &row[x], &d->line[n++]);
			continue;
		}
		while (cells--)
			make_cell(d, &unknown, &d->line[n++]);
	}
	mvadd_wchnstr((int)y, 0, d->line, n);
}

bool draw_canvas(struct draw *d, const struct canvas *c)
{
	size_t row_size = c->width * sizeof *c->cells;
	bool fits = d->known && d->width == c->width && d->height == c->height, any = false;
	unsigned y;

	if (!fits) {
		free(d->shown);
		free(d->line);
		d->shown = sl_alloc_n((size_t)c->width * c->height, sizeof *d->shown);
		d->line = sl_alloc_n(c->width, sizeof *d->line);
		d->width = c->width;
		d->height = c->height;
	}
	for (y = 0; y < c->height; y++) {
		struct cell *shown = &d->shown[(size_t)y * c->width];
		const struct cell *row = &c->cells[(size_t)y * c->width];

		if (fits && !memcmp(shown, row, row_size))
			continue;
		memcpy(shown, row, row_size);
		draw_row(d, c, y);
		any = true;
	}
	d->known = true;
	return any;
}
