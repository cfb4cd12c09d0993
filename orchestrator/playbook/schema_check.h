/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a tree along the table. */
#ifndef SLUICE_PLAYBOOK_SCHEMA_CHECK_H
#define SLUICE_PLAYBOOK_SCHEMA_CHECK_H

#include "orchestrator/playbook/vars.h"

struct schema_check {
	struct diags *d;
	struct pb_arena *arena;
	struct pb_values values; /* none for an inventory */
	bool versions;           /* the kind knows $(old) and $(new) */
	/* A name that only a host could explain; NULL = there are no hosts to ask. */
	void (*open_name)(void *arg, const char *name, struct diag_at at);
	void *arg;
	char path[256]; /* "strategy.canary", for messages */
};

/* Everything about shape: keys, types, words, $(names). */
void schema_check_map(struct schema_check *c, const struct schema_shape *shape,
		      const struct pb_node *node);
/* Keys that must be there once defaults are merged in. path as for messages. */
void schema_check_merged(struct schema_check *c, const struct schema_shape *shape,
			 const struct pb_node *node);
/* What run cannot carry out yet. */
void schema_visit_later(const struct schema_shape *shape, const struct pb_node *node,
			void (*visit)(void *arg, struct diag_at at, const char *what), void *arg);

/* check_names.c: the $(names) of one scalar. False when a message was written. */
bool schema_check_names(struct schema_check *c, const struct schema_row *row,
			const struct pb_node *node, bool command);
/* ", not 'x'" and the like: a near match, or "". */
const char *schema_hint(struct schema_check *c, const char *given, const char *const *names,
			size_t count);

#endif
