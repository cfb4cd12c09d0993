/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The marked tree: what a YAML file says, each node with its place. Scalars stay text; types come
 * from the schema, never from YAML guessing. Built from libfyaml's events with the limits applied
 * before memory is taken: 1 MiB, depth 32, 64 aliases, no tabs for indentation, no duplicate keys,
 * one document, valid UTF-8 without control bytes.
 */
#ifndef SLUICE_PLAYBOOK_NODE_H
#define SLUICE_PLAYBOOK_NODE_H

#include "orchestrator/playbook/diag.h"

enum pb_node_type { PB_SCALAR, PB_MAP, PB_LIST };

struct pb_node {
	enum pb_node_type type;
	struct diag_at at;            /* of the value */
	struct diag_at key_at;        /* of the key, when it is a value in a mapping */
	const char *key;              /* NULL unless in a mapping */
	const char *text;             /* scalars; NULL text = an empty (null) value */
	bool quoted;                  /* scalar was quoted or a block */
	struct pb_node *first, *next; /* children, in order */
};

struct pb_tree; /* owns nodes and strings */

/* NULL when the text is not one readable document; the reasons are in d. path is for messages. */
struct pb_tree *pb_tree_parse(const char *path, const char *text, size_t len, struct diags *d);
void pb_tree_free(struct pb_tree *t);
const struct pb_node *pb_tree_root(const struct pb_tree *t);

const struct pb_node *pb_get(const struct pb_node *map, const char *key); /* NULL = absent */
size_t pb_count(const struct pb_node *list_or_map);

#endif
