/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is only added to, and goes all at once, in a few calls. */
#ifndef SLUICE_SDK_ARENA_H
#define SLUICE_SDK_ARENA_H

#include <stddef.h>

struct sl_arena_chunk;

/* Zeroed: an empty one. */
struct sl_arena {
	struct sl_arena_chunk *chunks;
	size_t used;  /* bytes given so far */
	size_t chunk; /* bytes got at a time; 0 = 64 KiB */
};

void *sl_arena_alloc(struct sl_arena *a, size_t size); /* zeroed, aligned for anything */
void sl_arena_release(struct sl_arena *a);             /* empty again */

#endif
