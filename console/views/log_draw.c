/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/log_draw.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "plugins/sdk/text.h"

enum { MARGIN = 2 };

/* Plain words of a filter: what it says of columns, or leaves out, is not to be seen in a line. */
void log_seen_words(struct log_seen *v, const char *filter)
{
	v->word_count = 0;
	while (*filter && v->word_count < LOG_WORDS_MAX) {
		size_t len = strcspn(filter, " ");

		if (len && len < sizeof v->words[0] && *filter != '!' && *filter != '/' &&
		    *filter != '"' && !memchr(filter, ':', len) && !memchr(filter, '=', len))
			snprintf(v->words[v->word_count++], sizeof v->words[0], "%.*s", (int)len,
				 filter);
		filter += len + strspn(filter + len, " ");
	}
}

/* --- where --- */

static size_t at_cursor(const struct log_seen *v)
{
	size_t count = log_lines_count(v->lines), at;

	if (v->follow || !count)
		return count ? count - 1 : 0;
	at = log_lines_find(v->lines, v->cursor);
	return at < count ? at : count - 1;
}

const struct log_line *log_seen_line(const struct log_seen *v)
{
	return log_lines_count(v->lines) ? log_lines_at(v->lines, at_cursor(v)) : NULL;
}

static void go(struct log_seen *v, size_t at)
{
	size_t count = log_lines_count(v->lines);

	if (!count)
		return;
	at = at < count ? at : count - 1;
	v->cursor = log_lines_number(v->lines, at);
	v->follow = false;
}

void log_seen_move(struct log_seen *v, long by)
{
	size_t at = at_cursor(v);

	go(v, by < 0 && (size_t)-by > at ? 0 : at + (size_t)by);
}

/* Of columns, or of the rows of wrapped lines. */
void log_seen_scroll(struct log_seen *v, int by)
{
	unsigned step = (v->wrap ? v->page * v->width : v->width) / 2 + 1;

	if (by < 0)
		v->skip -= v->skip < step ? v->skip : step;
	else if (v->skip < LOG_LINE_MAX)
		v->skip += step;
}

void log_seen_wrap(struct log_seen *v)
{
	v->wrap = !v->wrap;
	v->skip = 0;
}

bool log_seen_seek(struct log_seen *v, int by)
{
	size_t count = log_lines_count(v->lines), from = at_cursor(v);

	for (size_t i = 1; i < count; i++) {
		size_t at = (from + (by > 0 ? i : count - i)) % count;

		if (log_lines_at(v->lines, at)->state == VW_FAILED) {
			go(v, at);
			return true;
		}
	}
	return false;
}

bool log_seen_time(struct log_seen *v, int32_t clock)
{
	for (size_t i = 0; i < log_lines_count(v->lines); i++) {
		if (log_lines_at(v->lines, i)->clock < clock)
			continue;
		go(v, i);
		return true;
	}
	return false;
}

/* --- rows --- */

/* What is not scrolled out at the left. */
static const char *text_of(const struct log_seen *v, const struct log_line *line)
{
	return v->skip ? line->text + sl_text_fit(line->text, v->skip) : line->text;
}

static size_t rows_of(const struct log_seen *v, const struct log_line *line, unsigned width)
{
	size_t cells = v->wrap ? sl_text_width(text_of(v, line)) : 0;

	return cells > width ? (cells + width - 1) / width : 1;
}

/* The first line on the screen, so that the cursor's line is on it. */
static size_t first_line(struct log_seen *v, unsigned width, unsigned height)
{
	size_t cursor = at_cursor(v), top = log_lines_find(v->lines, v->top);
	size_t least = cursor, used = rows_of(v, log_lines_at(v->lines, cursor), width);

	while (least > 0 && used < height) {
		used += rows_of(v, log_lines_at(v->lines, least - 1), width);
		if (used > height)
			break;
		least--;
	}
	if (top < least || v->follow)
		top = least;
	return top > cursor ? cursor : top;
}

static struct look look_of(const struct log_line *line)
{
	switch (line->state) {
	case VW_FAILED:
		return look(PAINT_BAD);
	case VW_DEGRADED:
		return look(PAINT_WARN);
	case VW_WAITING:
		return look(PAINT_ACCENT);
	default:
		return look(PAINT_TEXT);
	}
}

static void mark_word(struct canvas *c, unsigned x, unsigned y, unsigned width, const char *text,
		      const char *word)
{
	char before[1024];
	size_t len = strlen(word);

	for (const char *at = text; (at = strcasestr(at, word)); at += len) {
		size_t head = (size_t)(at - text);
		unsigned from;

		if (head >= sizeof before)
			return;
		snprintf(before, sizeof before, "%.*s", (int)head, text);
		from = (unsigned)sl_text_width(before);
		for (size_t i = 0; i < sl_text_width(word) && from + i < width; i++) {
			struct cell *cell = canvas_at(c, x + from + (unsigned)i, y);

			if (cell)
				cell->look.attr |= LOOK_BOLD | LOOK_UNDERLINE;
		}
	}
}

static void draw_part(const struct log_seen *v, struct canvas *c, struct rect at, struct look l,
		      const char *text)
{
	canvas_text(c, at.x, at.y, at.width, l, text);
	for (size_t i = 0; i < v->word_count; i++)
		mark_word(c, at.x, at.y, at.width, text, v->words[i]);
}

/* One line at row y; the rows it took. */
static unsigned draw_line(const struct log_seen *v, struct canvas *c, struct rect r, unsigned y,
			  const struct log_line *line)
{
	struct rect at = {r.x + MARGIN, y, r.width - MARGIN, 1};
	const char *text = text_of(v, line);
	struct look l = look_of(line);
	unsigned used = 0;
	char part[4096];
	size_t len;

	if (!v->wrap) {
		draw_part(v, c, at, l, text);
		return 1;
	}
	do {
		len = sl_text_fit(text, at.width);
		len = len < sizeof part ? len : sizeof part - 1;
		snprintf(part, sizeof part, "%.*s", (int)len, text);
		draw_part(v, c, at, l, part);
		text += len;
		at.y++;
		used++;
	} while (len && *text && at.y < r.y + r.height);
	return used;
}

void log_seen_draw(struct log_seen *v, struct canvas *c, struct rect r)
{
	size_t count = log_lines_count(v->lines), cursor = at_cursor(v), i;
	unsigned y = r.y;

	v->page = r.height;
	v->width = r.width > MARGIN ? r.width - MARGIN : 1;
	if (!count || r.width <= MARGIN)
		return;
	i = first_line(v, r.width - MARGIN, r.height);
	v->top = log_lines_number(v->lines, i);
	for (; i < count && y < r.y + r.height; i++) {
		unsigned used = draw_line(v, c, r, y, log_lines_at(v->lines, i));

		if (i == cursor && !v->follow) {
			canvas_ground(c, (struct rect){r.x, y, r.width, used}, GROUND_SELECTION);
			canvas_text(c, r.x, y, 1,
				    look_on(look_bold(PAINT_ACCENT), GROUND_SELECTION), ">");
		}
		y += used;
	}
}
