/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/arena.h"

#include <stdlib.h>

#include "plugins/sdk/mem.h"

#define CHUNK_BYTES (64u << 10)

struct sl_arena_chunk {
	struct sl_arena_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

void *sl_arena_alloc(struct sl_arena *a, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t want = (size + align - 1) / align * align;
	struct sl_arena_chunk *chunk = a->chunks;

	if (!chunk || chunk->size - chunk->used < want) {
		size_t usual = a->chunk ? a->chunk : CHUNK_BYTES;
		size_t bytes = want > usual ? want : usual;

		chunk = sl_alloc(sizeof *chunk + bytes);
		chunk->size = bytes;
		chunk->next = a->chunks;
		a->chunks = chunk;
	}
	chunk->used += want;
	a->used += want;
	return chunk->bytes + chunk->used - want;
}

void sl_arena_release(struct sl_arena *a)
{
	while (a->chunks) {
		struct sl_arena_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
	a->used = 0;
}
