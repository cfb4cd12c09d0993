/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte buffer with a stated maximum: no unbounded buffer exists. data is NULL or NUL-terminated
 * at data[len] (so text can be used as a C string). Past max, append keeps what fits, sets
 * truncated and returns SL_EPROTO; callers that want "the last N bytes" use sl_buf_append_tail.
 */
#ifndef SLUICE_SDK_BUF_H
#define SLUICE_SDK_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct sl_buf {
	char *data;
	size_t len, cap, max;
	bool truncated;
};

void sl_buf_init(struct sl_buf *b, size_t max); /* max > 0; allocates nothing */
void sl_buf_release(struct sl_buf *b);          /* frees the contents; usable again after init */
void sl_buf_clear(struct sl_buf *b);            /* len = 0, keeps memory and max */
int sl_buf_append(struct sl_buf *b, const void *data, size_t len);
int sl_buf_puts(struct sl_buf *b, const char *s);
int sl_buf_printf(struct sl_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int sl_buf_vprintf(struct sl_buf *b, const char *fmt, va_list ap);
/* Keep the newest max bytes: older ones are dropped from the front (in larger pieces). */
void sl_buf_append_tail(struct sl_buf *b, const void *data, size_t len);
void sl_buf_consume(struct sl_buf *b, size_t len); /* drop len bytes from the front */
const char *sl_buf_str(const struct sl_buf *b);    /* "" when empty; borrowed until next change */
char *sl_buf_take(struct sl_buf *b);               /* the string, now yours to free; b is empty */

#endif
