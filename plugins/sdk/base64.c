/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as in RFC 4648, section 4. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *sl_text_base64(const void *bytes, size_t len)
{
	const unsigned char *in = bytes;
	char *out = sl_alloc(4 * ((len + 2) / 3) + 1);
	char *p = out;
	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)in[i] << 16;
		if (i + 1 < len)
			v |= (uint32_t)in[i + 1] << 8;
		if (i + 2 < len)
			v |= in[i + 2];
		*p++ = alphabet[v >> 18];
		*p++ = alphabet[v >> 12 & 63];
		*p++ = i + 1 < len ? alphabet[v >> 6 & 63] : '=';
		*p++ = i + 2 < len ? alphabet[v & 63] : '=';
	}
	return out;
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters into three bytes; `pad` of them are '='. */
static int quartet(const char *in, size_t pad, unsigned char *out)
{
	uint32_t v = 0;

	for (size_t i = 0; i < 4; i++) {
		int six = i < 4 - pad ? sextet(in[i]) : 0;

		if (six < 0)
			return -1;
		v = v << 6 | (uint32_t)six;
	}
	for (size_t i = 0; i < 3 - pad; i++)
		out[i] = (unsigned char)(v >> (16 - 8 * i));
	return 0;
}

char *sl_text_unbase64(const char *text, size_t *len)
{
	size_t n = strlen(text), at = 0;
	char *out;

	if (n % 4)
		return NULL;
	out = sl_alloc(n / 4 * 3 + 1);
	for (size_t i = 0; i < n; i += 4) {
		size_t pad = i + 4 < n || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;

		if (quartet(text + i, pad, (unsigned char *)out + at) != 0) {
			free(out);
			return NULL;
		}
		at += 3 - pad;
	}
	*len = at;
	return out;
}
