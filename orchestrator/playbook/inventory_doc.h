/* SPDX-License-Identifier: Apache-2.0 */
/* An inventory with what it stands on: for the files of this room only. */
#ifndef SLUICE_PLAYBOOK_INVENTORY_DOC_H
#define SLUICE_PLAYBOOK_INVENTORY_DOC_H

#include "orchestrator/playbook/arena.h"
#include "orchestrator/playbook/playbook.h"

struct inv_doc {
	struct inventory_file f; /* first: what the outside holds */
	struct pb_arena arena;
	struct diags *d; /* while loading */
	struct pb_tree *tree;
	size_t later_cap;
};

/* check_inventory.c: names, members, cycles. */
void inv_doc_check(struct inv_doc *doc);

const struct inv_group *inv_group_find(const struct inventory_file *f, const char *name);
const struct inv_host *inv_host_find(const struct inventory_file *f, const char *name);
/* A host name, or one with a range: "oa[01:06]". */
bool inv_host_text_ok(const char *text, bool range);
bool inv_is_reserved(const char *name); /* all, one, local */

#endif
