/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 as in RFC 4648, section 4. */
#include <stdint.h>

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
