/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From checked nodes to typed values. The checker has said what is wrong, so that what does not
 * read as its type quietly gets the default of the table.
 */
#ifndef SLUICE_PLAYBOOK_READ_H
#define SLUICE_PLAYBOOK_READ_H

#include "orchestrator/playbook/schema.h"
#include "orchestrator/playbook/vars.h"

struct pb_reader {
	struct pb_arena *arena;
	struct pb_values values;
};

struct pb_text read_text(const struct pb_node *map, const char *key); /* names not put in */
/* Names put in; the table's default, or NULL. *at may be NULL. */
const char *read_word(struct pb_reader *r, const struct pb_node *map,
		      const struct schema_shape *shape, const char *key, struct diag_at *at);
bool read_bool(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
	       const char *key);
int64_t read_count(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
		   const char *key);
double read_share(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
		  const char *key);
struct pb_duration read_duration(struct pb_reader *r, const struct pb_node *map,
				 const struct schema_shape *shape, const char *key);
struct pb_amount read_amount(struct pb_reader *r, const struct pb_node *map,
			     const struct schema_shape *shape, const char *key);
/* One scalar or a list of them. */
struct pb_strings read_strings(struct pb_reader *r, const struct pb_node *map, const char *key);
struct pb_pairs read_pairs(struct pb_reader *r, const struct pb_node *map, const char *key);
struct pb_command read_command(struct pb_reader *r, const struct pb_node *map, const char *key);
struct pb_run read_run(struct pb_reader *r, const struct pb_node *node);
void read_router(struct pb_reader *r, const struct pb_node *n, struct pb_router_use *out);

#endif
