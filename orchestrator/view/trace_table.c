/* SPDX-License-Identifier: Apache-2.0 */
/* Text to number, with open addressing. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/mem.h"

static size_t hash(const char *s)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
	return (size_t)(h ^ (h >> 29));
}

static struct trace_slot *slot_of(const struct trace_table *table, const char *key)
{
	size_t at = hash(key) & (table->size - 1);

	while (table->slots[at].key && strcmp(table->slots[at].key, key) != 0)
		at = (at + 1) & (table->size - 1);
	return &table->slots[at];
}

static void table_grow(struct trace_table *table)
{
	struct trace_table larger = {.size = table->size ? table->size * 2 : 64};

	larger.slots = sl_alloc_n(larger.size, sizeof *larger.slots);
	larger.count = table->count;
	for (size_t i = 0; i < table->size; i++)
		if (table->slots[i].key)
			*slot_of(&larger, table->slots[i].key) = table->slots[i];
	free(table->slots);
	*table = larger;
}

void trace_table_release(struct trace_table *table)
{
	free(table->slots);
	*table = (struct trace_table){0};
}

size_t trace_table_find(const struct trace_table *table, const char *key)
{
	const struct trace_slot *slot;

	if (!table->size)
		return TRACE_NONE;
	slot = slot_of(table, key);
	return slot->key ? slot->value : TRACE_NONE;
}

void trace_table_set(struct trace_table *table, const char *key, size_t value)
{
	struct trace_slot *slot;

	if (2 * (table->count + 1) > table->size)
		table_grow(table);
	slot = slot_of(table, key);
	if (!slot->key)
		table->count++;
	*slot = (struct trace_slot){.key = key, .value = value};
}
