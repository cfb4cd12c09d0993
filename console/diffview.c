/* SPDX-License-Identifier: Apache-2.0 */
#include "console/diffview.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SHOWN_MAX 8192 /* bytes of a line that are looked at, from where it is shown */
#define LEAD      24   /* bytes shown before a change that lies far to the right */

/* A line is shown from byte `from` on; bytes begin..end of it changed. */
struct span {
	size_t from, begin, end;
};

/* The line that a changed one was, or became: the n-th gone one goes with the n-th new one. */
static const struct diff_line *partner(const struct diff *d, size_t at)
{
	size_t gone = at, first, news, last;

	if (d->lines[at].kind == DIFF_SAME)
		return NULL;
	while (gone && d->lines[gone - 1].kind != DIFF_SAME)
		gone--;
	for (first = gone; first < d->count && d->lines[first].kind == DIFF_GONE; first++)
		;
	for (news = last = first; last < d->count && d->lines[last].kind == DIFF_NEW; last++)
		;
	if (first - gone != last - news) /* not so many of the one as of the other */
		return NULL;
	return &d->lines[at < first ? news + (at - gone) : gone + (at - news)];
}

static struct span span_of(const struct diff *d, size_t at, unsigned width)
{
	const struct diff_line *l = &d->lines[at], *other = partner(d, at);
	struct span s = {0, l->len, l->len};
	size_t tail;

	if (!other)
		return s;
	diff_within(l, other, &s.begin, &tail);
	s.end = l->len - tail;
	if (s.begin > width && s.begin > LEAD) { /* what changed comes into sight */
		s.from = s.begin - LEAD;
		while (s.from && ((unsigned char)l->text[s.from] & 0xc0) == 0x80)
			s.from--;
	}
	return s;
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " ?")];
}

/* Bytes from..to of the line; skip cells are left out. Returns the cells drawn. */
static unsigned draw_piece(const struct diff_line *l, size_t from, size_t to, unsigned *skip,
			   struct canvas *c, struct rect r, struct look look)
{
	char text[SHOWN_MAX];
	const char *at = text;
	size_t len;

	if (to <= from || !r.width)
		return 0;
	len = to - from < sizeof text - 1 ? to - from : sizeof text - 1;
	sl_text_clean(text, sizeof text, l->text + from, len, false);
	if ((look.attr & LOOK_BOLD) && is_blank(text))
		look.attr |= LOOK_REVERSE; /* or nobody would see it */
	if (*skip) {
		size_t cells = sl_text_width(text);

		at = text + sl_text_fit(text, *skip);
		*skip = cells > *skip ? 0 : *skip - (unsigned)cells;
	}
	return canvas_text(c, r.x, r.y, r.width, look, at);
}

static struct rect behind(struct rect r, unsigned cells)
{
	unsigned n = cells < r.width ? cells : r.width;

	return (struct rect){r.x + n, r.y, r.width - n, r.height};
}

static void draw_line(const struct diff *d, size_t at, unsigned skip, struct canvas *c,
		      struct rect r)
{
	static const enum paint paints[] = {
		[DIFF_SAME] = PAINT_DIM, [DIFF_GONE] = PAINT_BAD, [DIFF_NEW] = PAINT_OK};
	const struct diff_line *l = &d->lines[at];
	struct span s = span_of(d, at, r.width);
	struct look plain = look(paints[l->kind]), strong = look_bold(paints[l->kind]);

	if (s.from)
		r = behind(r, canvas_text(c, r.x, r.y, r.width, look(PAINT_FAINT), "~"));
	r = behind(r, draw_piece(l, s.from, s.begin, &skip, c, r, plain));
	r = behind(r, draw_piece(l, s.begin, s.end, &skip, c, r, strong));
	r = behind(r, draw_piece(l, s.end, l->len, &skip, c, r, plain));
	if (l->open && r.width > 2)
		canvas_text(c, r.x + 1, r.y, r.width - 1, look(PAINT_FAINT),
			    "(no newline at the end)");
}

static unsigned digits(const struct diff *d)
{
	size_t most = 0, i;
	unsigned n = 1;

	for (i = d->count; i > 0 && i + 2 > d->count; i--) {
		most = d->lines[i - 1].left > most ? d->lines[i - 1].left : most;
		most = d->lines[i - 1].right > most ? d->lines[i - 1].right : most;
	}
	for (; most > 9; most /= 10)
		n++;
	return n < 3 ? 3 : n;
}

static void draw_row(const struct diff *d, const struct diff_row *row, unsigned skip,
		     struct canvas *c, struct rect r)
{
	static const enum paint signs[] = {
		[DIFF_SAME] = PAINT_FAINT, [DIFF_GONE] = PAINT_BAD, [DIFF_NEW] = PAINT_OK};
	const struct diff_line *l = &d->lines[row->line];
	unsigned width = digits(d);

	if (row->kind == DIFF_HIDDEN) {
		canvas_printf(c, r.x + width + 3, r.y, r.width - width - 3, look(PAINT_FAINT),
			      "... %zu unchanged", row->count);
		return;
	}
	canvas_printf(c, r.x, r.y, width, look(PAINT_FAINT), "%*zu", (int)width,
		      l->kind == DIFF_GONE ? l->left : l->right);
	canvas_char(c, r.x + width + 1, r.y, look_bold(signs[l->kind]), (uint32_t) " -+"[l->kind]);
	draw_line(d, row->line, skip, c, behind(r, width + 3));
}

unsigned diffview_draw(const struct diff *d, const struct diff_row *rows, size_t count, size_t from,
		       unsigned skip, struct canvas *c, struct rect r)
{
	unsigned n;

	if (r.width < 10)
		return 0;
	for (n = 0; n < r.height && from + n < count; n++)
		draw_row(d, &rows[from + n], skip, c, (struct rect){r.x, r.y + n, r.width, 1});
	return n;
}
