/* SPDX-License-Identifier: Apache-2.0 */
#include "console/input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "plugins/sdk/mem.h"

static const struct key_name {
	const char *name;
	uint32_t key;
} key_names[] = {
	{"enter", TKEY_ENTER}, {"esc", TKEY_ESC},
	{"tab", TKEY_TAB},     {"backtab", TKEY_BACKTAB},
	{"up", TKEY_UP},       {"down", TKEY_DOWN},
	{"left", TKEY_LEFT},   {"right", TKEY_RIGHT},
	{"pgup", TKEY_PGUP},   {"pgdn", TKEY_PGDN},
	{"home", TKEY_HOME},   {"end", TKEY_END},
	{"ins", TKEY_INS},     {"del", TKEY_DEL},
	{"space", ' '},        {"backspace", TKEY_BACKSPACE},
};

uint32_t input_key_parse(const char *name)
{
	utf8proc_int32_t ch;
	size_t i, len = strlen(name);
	unsigned n;
	char tail;

	for (i = 0; i < SL_COUNT(key_names); i++)
		if (!strcmp(key_names[i].name, name))
			return key_names[i].key;
	if (sscanf(name, "f%2u%c", &n, &tail) == 1 && n >= 1 && n <= 12)
		return TKEY_F1 + n - 1;
	if (!strncmp(name, "ctrl-", 5) && len == 6 && name[5] >= 'a' && name[5] <= 'z')
		return TKEY_CTRL | (unsigned char)name[5];
	if (!strncmp(name, "alt-", 4) && len == 5 && name[4] > ' ' && name[4] < 0x7f)
		return TKEY_ALT | (unsigned char)name[4];
	if (len && utf8proc_iterate((const utf8proc_uint8_t *)name, (utf8proc_ssize_t)len, &ch) ==
			   (utf8proc_ssize_t)len)
		return ch > ' ' && ch != 0x7f ? (uint32_t)ch : TKEY_NONE;
	return TKEY_NONE;
}

const char *input_key_name(char *dst, size_t size, uint32_t key)
{
	utf8proc_uint8_t utf8[5] = "";
	size_t i;

	for (i = 0; i < SL_COUNT(key_names); i++) {
		if (key_names[i].key == key) {
			snprintf(dst, size, "%s", key_names[i].name);
			return dst;
		}
	}
	if (key >= TKEY_F1 && key < TKEY_F1 + 12)
		snprintf(dst, size, "f%u", key - TKEY_F1 + 1);
	else if (key & (TKEY_CTRL | TKEY_ALT))
		snprintf(dst, size, "%s-%c", key & TKEY_CTRL ? "ctrl" : "alt", (char)(key & 0x7f));
	else if (key > ' ' && key < TKEY_NAMED && utf8proc_encode_char((int32_t)key, utf8) > 0)
		snprintf(dst, size, "%s", (const char *)utf8);
	else
		snprintf(dst, size, "?");
	return dst;
}

/* --- sequences --- */

static uint32_t tilde_key(unsigned n)
{
	static const uint32_t keys[] = {
		[1] = TKEY_HOME,    [2] = TKEY_INS,     [3] = TKEY_DEL,      [4] = TKEY_END,
		[5] = TKEY_PGUP,    [6] = TKEY_PGDN,    [7] = TKEY_HOME,     [8] = TKEY_END,
		[11] = TKEY_F1,     [12] = TKEY_F1 + 1, [13] = TKEY_F1 + 2,  [14] = TKEY_F1 + 3,
		[15] = TKEY_F1 + 4, [17] = TKEY_F1 + 5, [18] = TKEY_F1 + 6,  [19] = TKEY_F1 + 7,
		[20] = TKEY_F1 + 8, [21] = TKEY_F1 + 9, [23] = TKEY_F1 + 10, [24] = TKEY_F1 + 11,
	};

	return n < SL_COUNT(keys) ? keys[n] : TKEY_NONE;
}

static uint32_t letter_key(char final)
{
	switch (final) {
	case 'A':
		return TKEY_UP;
	case 'B':
		return TKEY_DOWN;
	case 'C':
		return TKEY_RIGHT;
	case 'D':
		return TKEY_LEFT;
	case 'H':
		return TKEY_HOME;
	case 'F':
		return TKEY_END;
	case 'Z':
		return TKEY_BACKTAB;
	case 'M':
		return TKEY_ENTER; /* keypad */
	case 'P':
	case 'Q':
	case 'R':
	case 'S':
		return TKEY_F1 + (uint32_t)(final - 'P');
	default:
		return TKEY_NONE;
	}
}

static uint32_t mouse_key(struct input *in, const char *params, char final)
{
	unsigned button, x, y;

	if (sscanf(params, "<%u;%u;%u", &button, &x, &y) != 3 || !x || !y || final != 'M')
		return TKEY_NONE;
	in->mouse_x = x - 1;
	in->mouse_y = y - 1;
	return button == 64   ? TKEY_WHEEL_UP
	       : button == 65 ? TKEY_WHEEL_DOWN
	       : button == 0  ? TKEY_MOUSE_PRESS
			      : TKEY_NONE;
}

/* params: what stands between CSI and its final byte, terminated. */
static uint32_t csi_key(struct input *in, const char *params, char final)
{
	unsigned mode, value;

	if (params[0] == '<')
		return mouse_key(in, params, final);
	if (final == 'y' && sscanf(params, "?%u;%u$", &mode, &value) == 2)
		return mode == 2026 && (value == 1 || value == 2) ? TKEY_HAS_SYNC : TKEY_NONE;
	if (final == '~') {
		unsigned n = (unsigned)strtoul(params, NULL, 10);

		if (n == 200 || n == 201)
			in->pasting = n == 200;
		return n == 200 || n == 201 ? TKEY_NONE : tilde_key(n);
	}
	return letter_key(final);
}

/* Length of the sequence that starts with ESC in b; 0 = not whole yet. *key is what it means. */
static size_t escape_take(struct input *in, uint32_t *key)
{
	const unsigned char *b = in->buf;
	char params[48];
	size_t i;

	*key = TKEY_NONE;
	if (in->len < 2)
		return 0;
	if (b[1] == 'O') {
		if (in->len < 3)
			return 0;
		*key = letter_key((char)b[2]);
		return 3;
	}
	if (b[1] != '[') {
		if (b[1] == 0x1b) { /* two escapes: the first stands alone */
			*key = TKEY_ESC;
			return 1;
		}
		if (b[1] > ' ' && b[1] < 0x7f)
			*key = TKEY_ALT | b[1];
		return 2;
	}
	for (i = 2; i < in->len; i++) {
		if (b[i] >= 0x40 && b[i] <= 0x7e) {
			snprintf(params, sizeof params, "%.*s", (int)(i - 2), (const char *)b + 2);
			*key = csi_key(in, params, (char)b[i]);
			return i + 1;
		}
		if (b[i] < 0x20)
			return i;
	}
	return in->len == sizeof in->buf ? in->len : 0; /* no sequence is that long */
}

static uint32_t control_key(unsigned char b)
{
	switch (b) {
	case '\r':
	case '\n':
		return TKEY_ENTER;
	case '\t':
		return TKEY_TAB;
	case 0x7f:
	case 0x08:
		return TKEY_BACKSPACE;
	default:
		return b >= 1 && b <= 26 ? TKEY_CTRL | (uint32_t)(b + 'a' - 1) : TKEY_NONE;
	}
}

static size_t utf8_take(const struct input *in, uint32_t *key)
{
	utf8proc_int32_t ch;
	unsigned char b = in->buf[0];
	size_t need = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2, i;

	*key = TKEY_NONE;
	if (b < 0xc2 || b > 0xf4)
		return 1;
	for (i = 1; i < need && i < in->len; i++)
		if ((in->buf[i] & 0xc0) != 0x80)
			return i; /* broken: what follows is a key of its own */
	if (in->len < need)
		return 0;
	if (utf8proc_iterate(in->buf, (utf8proc_ssize_t)need, &ch) != (utf8proc_ssize_t)need)
		return 1;
	if (ch >= 0xa0)
		*key = (uint32_t)ch;
	return need;
}

static size_t take(struct input *in, uint32_t *key)
{
	unsigned char b = in->buf[0];

	if (b == 0x1b)
		return escape_take(in, key);
	if (b >= 0x80)
		return utf8_take(in, key);
	*key = b < 0x20 || b == 0x7f ? control_key(b) : b;
	return 1;
}

static void drop(struct input *in, size_t n)
{
	in->len -= n;
	memmove(in->buf, in->buf + n, in->len);
}

static void deliver(const struct input *in, uint32_t key, void (*sink)(void *, uint32_t), void *arg)
{
	if (key == TKEY_NONE)
		return;
	if (!in->pasting)
		sink(arg, key);
	else if (key >= ' ' && key < TKEY_NAMED)
		sink(arg, TKEY_PASTED | key);
}

void input_feed(struct input *in, const void *bytes, size_t len,
		void (*sink)(void *arg, uint32_t key), void *arg)
{
	const unsigned char *b = bytes;
	uint32_t key;
	size_t n;

	while (len) {
		in->buf[in->len++] = *b++;
		len--;
		while (in->len && (n = take(in, &key)) != 0) {
			drop(in, n);
			deliver(in, key, sink, arg);
		}
	}
}

bool input_waits(const struct input *in)
{
	return in->len > 0;
}

void input_timeout(struct input *in, void (*sink)(void *arg, uint32_t key), void *arg)
{
	bool lone = in->len == 1 && in->buf[0] == 0x1b;

	in->len = 0;
	if (lone)
		deliver(in, TKEY_ESC, sink, arg);
}
