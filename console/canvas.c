/* SPDX-License-Identifier: Apache-2.0 */
#include "console/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define TEXT_MAX 2048 /* bytes that one call looks at: more than the widest screen shows */

void canvas_init(struct canvas *c, unsigned width, unsigned height)
{
	*c = (struct canvas){.utf8 = true, .narrow = true, .colour = true};
	canvas_resize(c, width, height);
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	c->cells = NULL;
	c->width = c->height = 0;
}

void canvas_resize(struct canvas *c, unsigned width, unsigned height)
{
	if (width != c->width || height != c->height || !c->cells) {
		free(c->cells);
		c->width = width ? width : 1;
		c->height = height ? height : 1;
		c->cells = sl_alloc_n((size_t)c->width * c->height, sizeof *c->cells);
	}
	canvas_fill(c, (struct rect){0, 0, c->width, c->height}, look(PAINT_TEXT));
}

struct cell *canvas_at(struct canvas *c, unsigned x, unsigned y)
{
	return x < c->width && y < c->height ? &c->cells[(size_t)y * c->width + x] : NULL;
}

struct look look(enum paint paint)
{
	return (struct look){.paint = (uint8_t)paint};
}

struct look look_bold(enum paint paint)
{
	return (struct look){.paint = (uint8_t)paint, .attr = LOOK_BOLD};
}

struct look look_on(struct look l, enum ground ground)
{
	l.ground = (uint8_t)ground;
	return l;
}

void canvas_ground(struct canvas *c, struct rect r, enum ground ground)
{
	unsigned x, y;

	for (y = r.y; y < r.y + r.height && y < c->height; y++) {
		for (x = r.x; x < r.x + r.width && x < c->width; x++) {
			struct cell *at = canvas_at(c, x, y);

			if (at->look.ground == GROUND_PLAIN)
				at->look.ground = (uint8_t)ground;
		}
	}
}

void canvas_fade(struct canvas *c, struct rect r)
{
	unsigned x, y;

	for (y = r.y; y < r.y + r.height && y < c->height; y++) {
		for (x = r.x; x < r.x + r.width && x < c->width; x++) {
			struct cell *at = canvas_at(c, x, y);

			at->look.attr &= (uint8_t)~LOOK_BOLD;
			if (at->look.paint == PAINT_TEXT || at->look.paint == PAINT_BRIGHT ||
			    at->look.paint >= PAINT_RAMP)
				at->look.paint = PAINT_DIM;
		}
	}
}

/* A wide character that loses a half leaves a space in the other. */
static void unsplit(struct canvas *c, unsigned x, unsigned y)
{
	struct cell *at = canvas_at(c, x, y), *other;

	if (!at)
		return;
	if (at->ch == 0 && x > 0) {
		other = canvas_at(c, x - 1, y);
		other->ch = ' ';
		other->mark = 0;
	}
	other = canvas_at(c, x + 1, y);
	if (at->ch != 0 && other && other->ch == 0)
		other->ch = ' ';
}

void canvas_fill(struct canvas *c, struct rect r, struct look l)
{
	unsigned x, y;

	for (y = r.y; r.width && y < r.y + r.height && y < c->height; y++) {
		unsplit(c, r.x, y);
		unsplit(c, r.x + r.width - 1, y);
		for (x = r.x; x < r.x + r.width && x < c->width; x++)
			*canvas_at(c, x, y) = (struct cell){.ch = ' ', .look = l};
	}
}

static void put(struct canvas *c, unsigned x, unsigned y, struct look l, uint32_t ch, int width)
{
	struct cell *at = canvas_at(c, x, y);

	if (!at || (width == 2 && x + 1 >= c->width))
		return;
	if (l.ground == GROUND_PLAIN)
		l.ground = at->look.ground;
	unsplit(c, x, y);
	*at = (struct cell){.ch = ch, .look = l};
	if (width == 2) {
		unsplit(c, x + 1, y);
		*canvas_at(c, x + 1, y) = (struct cell){.ch = 0, .look = l};
	}
}

void canvas_char(struct canvas *c, unsigned x, unsigned y, struct look l, uint32_t ch)
{
	put(c, x, y, l, ch, 1);
}

/* A mark upon the character before. Not a variation selector: it makes some terminals, not all,
 * draw that character two cells wide. */
static bool is_mark(utf8proc_int32_t ch)
{
	return utf8proc_category(ch) == UTF8PROC_CATEGORY_MN && !(ch >= 0xfe00 && ch <= 0xfe0f) &&
	       ch < 0xe0100;
}

/* Draw cleaned text; stops before `width` is passed. */
static unsigned put_text(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
			 const char *text)
{
	const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text), n;
	utf8proc_int32_t ch;
	unsigned at = 0;
	int w;

	while (left > 0 && (n = utf8proc_iterate(s, left, &ch)) > 0) {
		s += n;
		left -= n;
		w = utf8proc_charwidth(ch);
		if (w == 0) {
			struct cell *before = at ? canvas_at(c, x + at - 1, y) : NULL;

			if (at > 1 && before && !before->ch) /* of a wide character */
				before = canvas_at(c, x + at - 2, y);
			if (before && before->ch && c->utf8 && !before->mark && is_mark(ch))
				before->mark = (uint32_t)ch;
			continue;
		}
		if (at + (unsigned)w > width)
			break;
		if (ch >= 0x80 && !c->utf8) {
			put(c, x + at, y, l, '?', 1);
			if (w == 2)
				put(c, x + at + 1, y, l, '?', 1);
		} else {
			put(c, x + at, y, l, (uint32_t)ch, w);
		}
		at += (unsigned)w;
	}
	return at;
}

static void clean(char dst[TEXT_MAX], const char *text)
{
	sl_text_clean(dst, TEXT_MAX, text, strnlen(text, TEXT_MAX), false);
}

unsigned canvas_text(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		     const char *text)
{
	char buf[TEXT_MAX];
	unsigned at;

	if (!width || x >= c->width || y >= c->height)
		return 0;
	if (width > c->width - x)
		width = c->width - x;
	clean(buf, text);
	if (sl_text_width(buf) <= width)
		return put_text(c, x, y, width, l, buf);
	at = put_text(c, x, y, width - 1, l, buf);
	put(c, x + at, y, l, '~', 1);
	return at + 1;
}

/* Where a line of so many cells ends: between words if there is a place. */
static size_t line_break(const char *text, unsigned width)
{
	size_t end = sl_text_fit(text, width), at = end;

	if (!text[end])
		return end;
	while (at > end / 2 && text[at] != ' ')
		at--;
	return at > end / 2 ? at : end;
}

unsigned canvas_wrap(struct canvas *c, struct rect r, struct look l, const char *text)
{
	char buf[TEXT_MAX], line[TEXT_MAX];
	const char *at = buf;
	unsigned rows = 0;

	if (!r.width)
		return 0;
	clean(buf, text);
	while (*at && rows < r.height) {
		size_t end = rows + 1 < r.height ? line_break(at, r.width) : strlen(at);

		snprintf(line, sizeof line, "%.*s", (int)end, at);
		canvas_text(c, r.x, r.y + rows++, r.width, l, line);
		at += end + (at[end] == ' ');
	}
	return rows;
}

unsigned canvas_right(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		      const char *text)
{
	char buf[TEXT_MAX];
	size_t w;

	clean(buf, text);
	w = sl_text_width(buf);
	if (w >= width)
		return canvas_text(c, x, y, width, l, buf);
	canvas_text(c, x + width - (unsigned)w, y, (unsigned)w, l, buf);
	return width;
}

unsigned canvas_printf(struct canvas *c, unsigned x, unsigned y, unsigned width, struct look l,
		       const char *fmt, ...)
{
	char buf[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof buf, fmt, ap);
	va_end(ap);
	return canvas_text(c, x, y, width, l, buf);
}

static void put_utf8(struct sl_buf *out, uint32_t ch)
{
	utf8proc_uint8_t bytes[4];
	utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)ch, bytes);

	if (n > 0)
		sl_buf_append(out, bytes, (size_t)n);
}

void canvas_row_text(const struct canvas *c, unsigned y, struct sl_buf *out)
{
	const struct cell *row = &c->cells[(size_t)y * c->width];
	unsigned x, end = c->width;

	while (end && row[end - 1].ch == ' ')
		end--;
	for (x = 0; x < end; x++) {
		if (row[x].ch)
			put_utf8(out, row[x].ch);
		if (row[x].mark)
			put_utf8(out, row[x].mark);
	}
}

void canvas_dump(const struct canvas *c, struct sl_buf *out)
{
	unsigned y;

	for (y = 0; y < c->height; y++) {
		canvas_row_text(c, y, out);
		sl_buf_puts(out, "\n");
	}
}
