/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/screens/svg.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#define CELL_W     8.4
#define CELL_H     18
#define PAD        12
#define SIZE       14
#define INKS       64 /* colours of text in one picture */
#define TEXT       0xc9d1d9
#define GROUND     0x0f1218
#define SHEET_W(n) ((n)*CELL_W + 2 * PAD)

struct style {
	uint32_t fg, bg;
	bool bold, underline;
};

struct sheet {
	VTermScreen *screen;
	unsigned width, height;
	uint32_t inks[INKS];
	unsigned ink_count;
	struct sl_buf *out;
};

static uint32_t rgb_of(const struct sheet *s, VTermColor colour, uint32_t usual, bool usual_here)
{
	if (usual_here)
		return usual;
	vterm_screen_convert_color_to_rgb(s->screen, &colour);
	return (uint32_t)colour.rgb.red << 16 | (uint32_t)colour.rgb.green << 8 | colour.rgb.blue;
}

static struct style style_of(const struct sheet *s, const VTermScreenCell *cell)
{
	struct style is = {rgb_of(s, cell->fg, TEXT, VTERM_COLOR_IS_DEFAULT_FG(&cell->fg)),
			   rgb_of(s, cell->bg, GROUND, VTERM_COLOR_IS_DEFAULT_BG(&cell->bg)),
			   cell->attrs.bold, cell->attrs.underline != 0};
	uint32_t fg = is.fg;

	if (cell->attrs.reverse) {
		is.fg = is.bg;
		is.bg = fg;
	}
	return is;
}

/* The right half of a wide character looks as its left one. */
static VTermScreenCell cell_at(const struct sheet *s, unsigned x, unsigned y)
{
	VTermScreenCell cell;

	vterm_screen_get_cell(s->screen, (VTermPos){.row = (int)y, .col = (int)x}, &cell);
	if (cell.chars[0] == UINT32_MAX && x) {
		vterm_screen_get_cell(s->screen, (VTermPos){.row = (int)y, .col = (int)x - 1},
				      &cell);
		cell.chars[0] = 0;
	}
	return cell;
}

static bool is_blank(const VTermScreenCell *cell)
{
	return !cell->chars[0] || cell->chars[0] == ' ';
}

static void put_char(struct sl_buf *out, const VTermScreenCell *cell)
{
	utf8proc_uint8_t utf8[4];
	size_t i;

	if (is_blank(cell)) {
		sl_buf_puts(out, " ");
		return;
	}
	for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++) {
		switch (cell->chars[i]) {
		case '<':
			sl_buf_puts(out, "&lt;");
			break;
		case '&':
			sl_buf_puts(out, "&amp;");
			break;
		default:
			sl_buf_append(out, utf8,
				      (size_t)utf8proc_encode_char((utf8proc_int32_t)cell->chars[i],
								   utf8));
		}
	}
}

static void put_rect(struct sheet *s, unsigned x, double y, unsigned width, double height,
		     uint32_t fill)
{
	sl_buf_printf(s->out,
		      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		      "fill=\"#%06x\"/>\n",
		      PAD + x * CELL_W, y, width * CELL_W, height, (unsigned)fill);
}

static void put_grounds(struct sheet *s, unsigned y)
{
	unsigned x, from;

	for (x = 0; x < s->width; x = from) {
		VTermScreenCell first = cell_at(s, x, y);
		struct style is = style_of(s, &first);

		for (from = x; from < s->width; from++) {
			VTermScreenCell cell = cell_at(s, from, y);

			if (style_of(s, &cell).bg != is.bg)
				break;
		}
		if (is.bg != GROUND)
			put_rect(s, x, PAD + y * CELL_H, from - x, CELL_H, is.bg);
	}
}

/* A row of titles has one line below all of it. */
static void put_underlines(struct sheet *s, unsigned y)
{
	unsigned x, from;

	for (x = 0; x < s->width; x = from) {
		VTermScreenCell first = cell_at(s, x, y);
		bool under = first.attrs.underline != 0;

		for (from = x; from < s->width; from++) {
			VTermScreenCell cell = cell_at(s, from, y);

			if ((cell.attrs.underline != 0) != under)
				break;
		}
		if (under)
			put_rect(s, x, PAD + (y + 1) * CELL_H - 1.5, from - x, 1, 0x3d444d);
	}
}

static unsigned ink_of(struct sheet *s, uint32_t fg)
{
	unsigned i;

	for (i = 0; i < s->ink_count; i++)
		if (s->inks[i] == fg)
			return i;
	if (s->ink_count < INKS)
		s->inks[s->ink_count++] = fg;
	return s->ink_count - 1;
}

/* --- graphs are drawn: fonts differ in braille and lines --- */

/* Which part of the cell's width a line fills, and how thick it is; false = it is none. */
static bool is_line(uint32_t ch, double *from, double *to, double *thick)
{
	*from = ch == 0x257a ? .5 : 0;
	*to = ch == 0x2578 ? .5 : 1;
	*thick = ch == 0x2500 ? 1 : 2.4;
	return ch == 0x2501 || ch == 0x2578 || ch == 0x257a || ch == 0x2500;
}

static bool is_braille(uint32_t ch)
{
	return ch > 0x2800 && ch <= 0x28ff;
}

static bool is_drawn(const VTermScreenCell *cell)
{
	double from, to, thick;

	return is_braille(cell->chars[0]) || is_line(cell->chars[0], &from, &to, &thick);
}

static void put_dots(struct sheet *s, unsigned x, unsigned y, uint32_t ch)
{
	static const struct {
		unsigned bit, column, row;
	} dots[] = {{0x01, 0, 0}, {0x02, 0, 1}, {0x04, 0, 2}, {0x40, 0, 3},
		    {0x08, 1, 0}, {0x10, 1, 1}, {0x20, 1, 2}, {0x80, 1, 3}};
	size_t i;

	for (i = 0; i < sizeof dots / sizeof *dots; i++)
		if (ch & dots[i].bit)
			sl_buf_printf(s->out, "M%.0f %.0fh0",
				      (PAD + (x + .28 + .46 * dots[i].column) * CELL_W) * 10,
				      (PAD + y * CELL_H + 3 + 4.2 * dots[i].row) * 10);
}

/* Cells of one colour are one path; ten units are a pixel. */
static void put_braille(struct sheet *s, unsigned y)
{
	unsigned x, at;

	for (x = 0; x < s->width; x = at) {
		VTermScreenCell cell = cell_at(s, x, y);
		uint32_t fg = style_of(s, &cell).fg;

		at = x + 1;
		if (!is_braille(cell.chars[0]))
			continue;
		sl_buf_printf(s->out, "<path class=\"d\" stroke=\"#%06x\" d=\"", (unsigned)fg);
		put_dots(s, x, y, cell.chars[0]);
		for (; at < s->width; at++) {
			cell = cell_at(s, at, y);
			if (!is_braille(cell.chars[0]) || style_of(s, &cell).fg != fg)
				break;
			put_dots(s, at, y, cell.chars[0]);
		}
		sl_buf_puts(s->out, "\"/>\n");
	}
}

static void put_lines(struct sheet *s, unsigned y)
{
	double from, to, thick, next_from, next_to, next_thick;
	unsigned x, at;

	for (x = 0; x < s->width; x = at) {
		VTermScreenCell cell = cell_at(s, x, y);
		uint32_t fg = style_of(s, &cell).fg;
		double end;

		at = x + 1;
		if (!is_line(cell.chars[0], &from, &to, &thick))
			continue;
		for (end = x + to; at < s->width && end >= at; at++) {
			cell = cell_at(s, at, y);
			if (!is_line(cell.chars[0], &next_from, &next_to, &next_thick) ||
			    style_of(s, &cell).fg != fg || next_from > 0 || next_thick != thick)
				break;
			end = at + next_to;
		}
		sl_buf_printf(s->out,
			      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
			      "fill=\"#%06x\"/>\n",
			      PAD + (x + from) * CELL_W, PAD + y * CELL_H + 9 - thick / 2,
			      (end - x - from) * CELL_W, thick, (unsigned)fg);
	}
}

/* Words of one colour: up to two blanks in a row belong to them, so that there are fewer. */
static unsigned run_end(const struct sheet *s, unsigned x, unsigned y, const struct style *is)
{
	unsigned at, end = x, blanks = 0;

	for (at = x; at < s->width && blanks < 3;) {
		VTermScreenCell cell = cell_at(s, at, y);
		struct style here = style_of(s, &cell);

		if (is_blank(&cell)) {
			blanks++;
			at++;
			continue;
		}
		if (is_drawn(&cell) || here.fg != is->fg || here.bold != is->bold)
			break;
		blanks = 0;
		at += cell.width > 1 ? 2 : 1;
		end = at;
	}
	return end;
}

static void put_texts(struct sheet *s, unsigned y)
{
	unsigned x = 0, end, at;

	while (x < s->width) {
		VTermScreenCell cell = cell_at(s, x, y);
		struct style is = style_of(s, &cell);

		if (is_blank(&cell) || is_drawn(&cell)) {
			x++;
			continue;
		}
		end = run_end(s, x, y, &is);
		sl_buf_printf(s->out,
			      "<text x=\"%.1f\" y=\"%d\" class=\"%sc%u\" textLength=\"%.1f\">",
			      PAD + x * CELL_W, PAD + (int)y * CELL_H + 13, is.bold ? "b " : "",
			      ink_of(s, is.fg), (end - x) * CELL_W);
		for (at = x; at < end;) {
			cell = cell_at(s, at, y);
			put_char(s->out, &cell);
			at += cell.width > 1 ? 2 : 1;
		}
		sl_buf_puts(s->out, "</text>\n");
		x = end;
	}
}

void svg_of_screen(VTermScreen *screen, unsigned width, unsigned height, struct sl_buf *out)
{
	struct sheet s = {.screen = screen, .width = width, .height = height, .out = out};
	unsigned y, i;

	vterm_screen_flush_damage(screen);
	sl_buf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%u\" "
		      "font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" "
		      "font-size=\"%d\" xml:space=\"preserve\">\n"
		      "<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"#%06x\"/>\n",
		      SHEET_W(width), height * CELL_H + 2 * PAD, SIZE, GROUND);
	for (y = 0; y < height; y++) {
		put_grounds(&s, y);
		put_underlines(&s, y);
		put_lines(&s, y);
		put_braille(&s, y);
		put_texts(&s, y);
	}
	sl_buf_puts(out, "<style>.b{font-weight:bold}"
			 ".d{transform:scale(.1);stroke-width:24;stroke-linecap:round}");
	for (i = 0; i < s.ink_count; i++)
		sl_buf_printf(out, ".c%u{fill:#%06x}", i, (unsigned)s.inks[i]);
	sl_buf_puts(out, "</style>\n</svg>\n");
}

/* --- looks --- */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Of a blank the ink is not seen. */
static struct style look_of(const struct sheet *s, unsigned x, unsigned y)
{
	VTermScreenCell cell = cell_at(s, x, y);
	struct style is = style_of(s, &cell);

	if (is_blank(&cell)) {
		is.fg = is.underline ? is.fg : is.bg;
		is.bold = false;
	}
	return is;
}

static size_t letter_of(struct style *known, size_t *count, struct style is)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (known[i].fg == is.fg && known[i].bg == is.bg && known[i].bold == is.bold &&
		    known[i].underline == is.underline)
			return i;
	if (*count + 1 == sizeof letters) /* more looks than letters */
		return *count - 1;
	known[*count] = is;
	return (*count)++;
}

void svg_looks(VTermScreen *screen, unsigned width, unsigned height, struct sl_buf *out)
{
	struct sheet s = {.screen = screen, .width = width, .height = height, .out = out};
	struct style known[sizeof letters];
	size_t count = 0, i;
	unsigned x, y;

	for (y = 0; y < height; y++) {
		for (x = 0; x < width; x++)
			sl_buf_append(out, &letters[letter_of(known, &count, look_of(&s, x, y))],
				      1);
		sl_buf_puts(out, "\n");
	}
	for (i = 0; i < count; i++)
		sl_buf_printf(out, "%c  %06x on %06x%s%s\n", letters[i], (unsigned)known[i].fg,
			      (unsigned)known[i].bg, known[i].bold ? " bold" : "",
			      known[i].underline ? " underlined" : "");
}
