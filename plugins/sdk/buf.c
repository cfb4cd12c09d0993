/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/mem.h"

void sl_buf_init(struct sl_buf *b, size_t max)
{
	*b = (struct sl_buf){.max = max};
}

void sl_buf_release(struct sl_buf *b)
{
	free(b->data);
	sl_buf_init(b, b->max);
}

void sl_buf_clear(struct sl_buf *b)
{
	b->len = 0;
	b->truncated = false;
	if (b->data)
		b->data[0] = '\0';
}

/* Room for `len` more bytes and the terminator; the caller has checked the maximum. */
static void buf_reserve(struct sl_buf *b, size_t len)
{
	size_t need = b->len + len + 1;
	size_t cap = b->cap ? b->cap : 64;

	if (need <= b->cap)
		return;
	while (cap < need)
		cap *= 2;
	b->data = sl_realloc_n(b->data, cap, 1);
	b->cap = cap;
}

int sl_buf_append(struct sl_buf *b, const void *data, size_t len)
{
	size_t room = b->max - b->len;
	size_t take = len < room ? len : room;

	if (take) {
		buf_reserve(b, take);
		memcpy(b->data + b->len, data, take);
		b->len += take;
		b->data[b->len] = '\0';
	}
	if (take == len)
		return SL_OK;
	b->truncated = true;
	return SL_EPROTO;
}

int sl_buf_puts(struct sl_buf *b, const char *s)
{
	return sl_buf_append(b, s, strlen(s));
}

int sl_buf_vprintf(struct sl_buf *b, const char *fmt, va_list ap)
{
	char *s = NULL;
	int n = vasprintf(&s, fmt, ap);
	int rc;

	if (n < 0)
		return SL_EINTERNAL;
	rc = sl_buf_append(b, s, (size_t)n);
	free(s);
	return rc;
}

int sl_buf_printf(struct sl_buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = sl_buf_vprintf(b, fmt, ap);
	va_end(ap);
	return rc;
}

void sl_buf_append_tail(struct sl_buf *b, const void *data, size_t len)
{
	const char *p = data;
	size_t keep;

	if (len > b->max) {
		p += len - b->max;
		len = b->max;
		b->truncated = true;
	}
	if (len > b->max - b->len) {
		/* Half a buffer at a time, so that a chatty writer does not move memory per byte.
		 */
		keep = b->max - len;
		if (keep > b->max / 2)
			keep = b->max / 2;
		if (keep > b->len)
			keep = b->len;
		sl_buf_consume(b, b->len - keep);
		b->truncated = true;
	}
	sl_buf_append(b, p, len);
}

void sl_buf_consume(struct sl_buf *b, size_t len)
{
	if (!len)
		return;
	if (len >= b->len) {
		b->len = 0;
		if (b->data)
			b->data[0] = '\0';
		return;
	}
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

const char *sl_buf_str(const struct sl_buf *b)
{
	return b->data ? b->data : "";
}

char *sl_buf_take(struct sl_buf *b)
{
	char *s = b->data ? b->data : sl_strdup("");
	size_t max = b->max;

	sl_buf_init(b, max);
	return s;
}
