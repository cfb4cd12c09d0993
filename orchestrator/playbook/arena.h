/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that lives and dies with one document: nothing in it is freed alone. */
#ifndef SLUICE_PLAYBOOK_ARENA_H
#define SLUICE_PLAYBOOK_ARENA_H

#include <stddef.h>

struct pb_chunk;

struct pb_arena {
	struct pb_chunk *chunks;
};

void *pb_arena_alloc(struct pb_arena *a, size_t size); /* zeroed */
void *pb_arena_array(struct pb_arena *a, size_t count, size_t size);
char *pb_arena_strndup(struct pb_arena *a, const char *s, size_t len);
char *pb_arena_strdup(struct pb_arena *a, const char *s); /* NULL gives NULL */
char *pb_arena_printf(struct pb_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void pb_arena_release(struct pb_arena *a);

#endif
