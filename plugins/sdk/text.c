/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"

/* C0, DEL, C1, line and paragraph separators, bidi controls, and what is not seen at all (soft
 * hyphen, spaces without width, fillers, tags): whatever steers, or makes two names look alike.
 * Joiners stay: scripts and emoji need them. */
static const struct {
	utf8proc_int32_t from, to;
} steering[] = {
	{0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x115f, 0x1160},
	{0x180e, 0x180e}, {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	{0x3164, 0x3164}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
};

static bool char_steers(utf8proc_int32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	for (size_t i = 0; i < SL_COUNT(steering) && c >= steering[i].from; i++)
		if (c <= steering[i].to)
			return true;
	return false;
}

/* One character from s. An invalid byte is one character of length 1 with *c = -1. */
static size_t char_next(const char *s, size_t len, utf8proc_int32_t *c)
{
	utf8proc_ssize_t n =
		utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, c);

	if (n > 0)
		return (size_t)n;
	*c = -1;
	return 1;
}

/* How many bytes from the first one on are ASCII that can stay: nearly always all of them. */
static size_t plain_run(const char *s, size_t len, bool keep_newlines)
{
	size_t n = 0;

	while (n < len && ((s[n] >= 0x20 && s[n] < 0x7f) || (s[n] == '\n' && keep_newlines)))
		n++;
	return n;
}

size_t sl_text_clean(char *dst, size_t size, const char *src, size_t len, bool keep_newlines)
{
	size_t in = 0, out = 0;

	if (!size)
		return 0;
	while (in < len) {
		const char *from = src + in;
		size_t room = size - 1 - out;
		size_t n = plain_run(from, len - in < room ? len - in : room, keep_newlines);
		size_t put = n;
		utf8proc_int32_t c = ' ';

		if (!n)
			put = n = char_next(from, len - in, &c);
		if (c == '\t') {
			from = " ";
		} else if (c < 0 || (char_steers(c) && !(c == '\n' && keep_newlines))) {
			from = "?";
			put = 1;
		}
		if (put > size - 1 - out)
			break;
		memcpy(dst + out, from, put);
		out += put;
		in += n;
	}
	dst[out] = '\0';
	return out;
}

char *sl_text_clean_dup(const char *src, size_t len, bool keep_newlines)
{
	char *s = sl_alloc_n(len + 1, 1); /* cleaning never grows the text */

	sl_text_clean(s, len + 1, src, len, keep_newlines);
	return s;
}

bool sl_text_is_clean(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len) {
		utf8proc_int32_t c;
		size_t n = char_next(s + i, len - i, &c);

		if (c < 0 || char_steers(c))
			return false;
		i += n;
	}
	return true;
}

static size_t char_cells(utf8proc_int32_t c)
{
	int w = c < 0 ? 1 : utf8proc_charwidth(c);

	return w > 0 ? (size_t)w : 0;
}

size_t sl_text_width(const char *utf8)
{
	size_t len = strlen(utf8), i = 0, cells = 0;

	while (i < len) {
		utf8proc_int32_t c;

		i += char_next(utf8 + i, len - i, &c);
		cells += char_cells(c);
	}
	return cells;
}

size_t sl_text_fit(const char *utf8, size_t cells)
{
	size_t len = strlen(utf8), i = 0, used = 0;

	while (i < len) {
		utf8proc_int32_t c;
		size_t n = char_next(utf8 + i, len - i, &c);

		used += char_cells(c);
		if (used > cells)
			break;
		i += n;
	}
	return i;
}

/* Bytes of the character that c begins; 1 = it begins none. */
static size_t char_bytes(unsigned char c)
{
	return c < 0xc2 || c > 0xf4 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

size_t sl_text_whole(const char *s, size_t len)
{
	size_t lead = len;

	while (lead && len - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (!lead || len - lead + 1 >= char_bytes((unsigned char)s[lead - 1]))
		return len;
	return lead - 1;
}

size_t sl_text_after(const char *utf8, size_t at)
{
	size_t len = strlen(utf8), n;
	utf8proc_int32_t c;

	at += char_next(utf8 + at, len - at, &c);
	while (at < len) {
		n = char_next(utf8 + at, len - at, &c);
		if (char_cells(c))
			break;
		at += n;
	}
	return at;
}

size_t sl_text_before(const char *utf8, size_t at)
{
	utf8proc_int32_t c;
	size_t end;

	do {
		end = at--;
		while (at && ((unsigned char)utf8[at] & 0xc0) == 0x80)
			at--;
		char_next(utf8 + at, end - at, &c);
	} while (at && !char_cells(c));
	return at;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Names are short; what is longer than the row is never near. */
#define DISTANCE_MAX 128

size_t sl_text_distance(const char *a, const char *b, size_t cap)
{
	size_t la = strlen(a), lb = strlen(b);
	/* The row in hand and the two before it: two letters that changed places count as one. */
	size_t rows[3][DISTANCE_MAX + 1];

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return strcmp(a, b) ? cap + 1 : 0;
	if ((la > lb ? la - lb : lb - la) > cap)
		return cap + 1;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *up = rows[(i - 1) % 3], *above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] =
				min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    above[j - 2] + 1 < row[j])
				row[j] = above[j - 2] + 1;
		}
	}
	return rows[la % 3][lb] > cap ? cap + 1 : rows[la % 3][lb];
}

/* About a third of the letters may differ, at least one, at most four. */
const char *sl_text_nearest(const char *name, const char *const *names, size_t n)
{
	size_t cap = strlen(name) / 3, best;
	const char *found = NULL;

	cap = cap < 1 ? 1 : cap > 4 ? 4 : cap;
	best = cap + 1;
	for (size_t i = 0; i < n; i++) {
		size_t d = strcasecmp(name, names[i]) ? sl_text_distance(name, names[i], cap) : 0;

		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

char *sl_text_hint(const char *name, const char *const *names, size_t n)
{
	const char *near = sl_text_nearest(name, names, n);
	struct sl_buf all;

	if (near)
		return sl_asprintf(" (did you mean '%s'?)", near);
	sl_buf_init(&all, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		sl_buf_printf(&all, "%s%s", i ? ", " : "; there are: ", names[i]);
	return n ? sl_buf_take(&all) : sl_strdup("");
}

bool sl_text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool sl_text_is_name(const char *s)
{
	size_t len = strlen(s);

	if (!len || len > 64 || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_alnum((unsigned char)s[i]) && !strchr("._+-", s[i]))
			return false;
	return true;
}

char *sl_text_quote_sh(const char *s)
{
	size_t quotes = 0, len = strlen(s);
	char *dst, *p;

	for (const char *q = strchr(s, '\''); q; q = strchr(q + 1, '\''))
		quotes++;
	p = dst = sl_alloc_n(len + 3 * quotes + 3, 1);
	*p++ = '\'';
	for (; *s; s++) {
		if (*s == '\'') {
			memcpy(p, "'\\''", 4);
			p += 4;
		} else {
			*p++ = *s;
		}
	}
	*p = '\'';
	return dst;
}

char *sl_text_percent(const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *dst = sl_alloc_n(3 * strlen(s) + 1, 1), *p = dst;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_alnum(c) || strchr("._+:/@,-", c)) {
			*p++ = *s;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return dst;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* %00 is refused: the result is a C string. */
static char *unpercent(char *dst, const char *s)
{
	char *p = dst;

	for (; *s; s++) {
		int high, low;

		if (*s != '%') {
			*p++ = *s;
			continue;
		}
		high = hex_value(s[1]);
		low = high < 0 ? -1 : hex_value(s[2]);
		if (low < 0 || high * 16 + low == 0)
			return NULL;
		*p++ = (char)(high * 16 + low);
		s += 2;
	}
	return dst;
}

char *sl_text_unpercent(const char *s)
{
	char *dst = sl_alloc_n(strlen(s) + 1, 1);

	if (unpercent(dst, s))
		return dst;
	free(dst);
	return NULL;
}
