/* SPDX-License-Identifier: Apache-2.0 */
/* SSH's wire format: numbers of 4 bytes, strings with a length before them. */
#ifndef SLUICE_HOST_WIRE_H
#define SLUICE_HOST_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "plugins/sdk/buf.h"

struct wire {
	const unsigned char *p;
	size_t left;
	bool bad; /* something was missing; everything read since is empty */
};

static inline uint32_t wire_u32(struct wire *w)
{
	uint32_t n;

	if (w->left < 4) {
		w->bad = true;
		return 0;
	}
	n = (uint32_t)w->p[0] << 24 | (uint32_t)w->p[1] << 16 | (uint32_t)w->p[2] << 8 | w->p[3];
	w->p += 4;
	w->left -= 4;
	return n;
}

/* A string as a reader of its own. */
static inline struct wire wire_string(struct wire *w)
{
	uint32_t n = wire_u32(w);
	struct wire s = {.p = w->p, .left = n};

	if (w->bad || n > w->left) {
		w->bad = true;
		return (struct wire){.bad = true};
	}
	w->p += n;
	w->left -= n;
	return s;
}

static inline bool wire_is(const struct wire *w, const char *text)
{
	return w->left == strlen(text) && memcmp(w->p, text, w->left) == 0;
}

static inline void wire_put_u32(struct sl_buf *b, uint32_t n)
{
	const unsigned char bytes[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
					(unsigned char)(n >> 8), (unsigned char)n};

	sl_buf_append(b, bytes, 4);
}

static inline void wire_put_string(struct sl_buf *b, const void *p, size_t len)
{
	wire_put_u32(b, (uint32_t)len);
	sl_buf_append(b, p, len);
}

static inline void wire_put_text(struct sl_buf *b, const char *s)
{
	wire_put_string(b, s, strlen(s));
}

#endif
