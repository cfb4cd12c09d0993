// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define CHUNK_SIZE 16384

struct pb_chunk {
	struct pb_chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static struct pb_chunk *chunk_new(size_t size)
{
	struct pb_chunk *c = sl_alloc(sizeof *c + size);

	c->size = size;
	return c;
}

void *pb_arena_alloc(struct pb_arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct pb_chunk *c = a->chunks;
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + align - 1) / align * align;
	if (!c || c->size - c->used < size) {
		struct pb_chunk *fresh = chunk_new(size > CHUNK_SIZE ? size : CHUNK_SIZE);

		fresh->next = c;
		a->chunks = c = fresh;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

void *pb_arena_array(struct pb_arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / 4 / size)
		abort();
	return pb_arena_alloc(a, count * size + 1);
}

char *pb_arena_strndup(struct pb_arena *a, const char *s, size_t len)
{
	char *copy = pb_arena_alloc(a, len + 1);

	if (len)
		memcpy(copy, s, len);
	return copy;
}

char *pb_arena_strdup(struct pb_arena *a, const char *s)
{
	return s ? pb_arena_strndup(a, s, strlen(s)) : NULL;
}

char *pb_arena_printf(struct pb_arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *text;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = pb_arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
	if (n > 0)
		vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}

void pb_arena_release(struct pb_arena *a)
{
	while (a->chunks) {
		struct pb_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
}
