/* SPDX-License-Identifier: Apache-2.0 */
#include "console/line.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "console/input.h"
#include "plugins/sdk/text.h"

void line_set(struct line *l, const char *text)
{
	l->len = sl_text_clean(l->text, sizeof l->text, text, strlen(text), false);
	l->at = l->len;
}

static void erase(struct line *l, size_t from, size_t to)
{
	memmove(l->text + from, l->text + to, l->len - to + 1);
	l->len -= to - from;
	l->at = from;
}

static void insert(struct line *l, uint32_t ch)
{
	utf8proc_uint8_t bytes[4];
	size_t n = (size_t)utf8proc_encode_char((utf8proc_int32_t)ch, bytes);
	char clean[8];

	/* what would steer a terminal does not get in */
	if (!n || l->len + n > LINE_MAX_BYTES)
		return;
	sl_text_clean(clean, sizeof clean, (const char *)bytes, n, false);
	if (strlen(clean) != n || memcmp(clean, bytes, n) != 0)
		return;
	memmove(l->text + l->at + n, l->text + l->at, l->len - l->at + 1);
	memcpy(l->text + l->at, bytes, n);
	l->len += n;
	l->at += n;
}

static size_t word_start(const struct line *l)
{
	size_t at = l->at;

	while (at && l->text[at - 1] == ' ')
		at--;
	while (at && l->text[at - 1] != ' ')
		at--;
	return at;
}

bool line_key(struct line *l, uint32_t key)
{
	if (key & TKEY_PASTED)
		key &= ~(uint32_t)TKEY_PASTED;
	if (key >= ' ' && key < TKEY_NAMED) {
		insert(l, key);
		return true;
	}
	if (key == TKEY_BACKSPACE && l->at)
		erase(l, sl_text_before(l->text, l->at), l->at);
	else if (key == TKEY_DEL && l->at < l->len)
		erase(l, l->at, sl_text_after(l->text, l->at));
	else if (key == (TKEY_CTRL | 'w'))
		erase(l, word_start(l), l->at);
	else if (key == (TKEY_CTRL | 'u'))
		erase(l, 0, l->at);
	else if (key == (TKEY_CTRL | 'k'))
		erase(l, l->at, l->len);
	else if (key == TKEY_LEFT && l->at)
		l->at = sl_text_before(l->text, l->at);
	else if (key == TKEY_RIGHT && l->at < l->len)
		l->at = sl_text_after(l->text, l->at);
	else if (key == TKEY_HOME || key == (TKEY_CTRL | 'a'))
		l->at = 0;
	else if (key == TKEY_END || key == (TKEY_CTRL | 'e'))
		l->at = l->len;
	else
		return false;
	return true;
}

void line_draw(const struct line *l, struct canvas *c, unsigned x, unsigned y, unsigned width,
	       struct look look)
{
	size_t from = 0;
	char head[LINE_MAX_BYTES + 1];
	unsigned at;
	struct cell *cell;

	if (!width)
		return;
	for (;;) { /* the cursor stays in sight */
		snprintf(head, sizeof head, "%.*s", (int)(l->at - from), l->text + from);
		if (sl_text_width(head) < width || from >= l->at)
			break;
		from = sl_text_after(l->text, from);
	}
	at = (unsigned)sl_text_width(head);
	canvas_text(c, x, y, width, look, l->text + from);
	cell = canvas_at(c, x + at, y);
	if (cell)
		cell->look.attr |= LOOK_REVERSE;
}
