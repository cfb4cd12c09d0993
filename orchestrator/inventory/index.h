/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inventory with its groups opened: every host once, in inventory order (groups from the top of
 * the file down, then hosts that are in no group), and for each host the groups around it, nearest
 * first. Pure.
 */
#ifndef SLUICE_INVENTORY_INDEX_H
#define SLUICE_INVENTORY_INDEX_H

#include "orchestrator/inventory/inventory.h"

struct index_host {
	const char *name;
	struct diag_at at;          /* where it was first named */
	const struct inv_host *own; /* its entry under `hosts:`, or NULL */
};

/* A group that holds a host; distance 1 = lists it itself. */
struct index_level {
	const struct inv_group *group;
	unsigned distance;
};

struct index;

/* NULL when groups or host names are wrong (in d). The file must outlive the index. */
struct index *index_build(const struct inventory_file *f, struct diags *d);
void index_free(struct index *ix);

size_t index_host_count(const struct index *ix);
const struct index_host *index_host(const struct index *ix, size_t host);
/* The position of a host; -1 = unknown. */
long index_host_find(const struct index *ix, const char *name);
/* Sorted by distance, then by file order. Yours to free. */
struct index_level *index_levels(const struct index *ix, size_t host, size_t *count);

/*
 * Mark the hosts of one selector (a group, a host, a range, `all`) in marks[index_host_count].
 * False when it is unknown: said in d at `at`; `what` names the place ("--limit", "hosts").
 */
bool index_select(const struct index *ix, const char *selector, bool *marks, const char *what,
		  struct diag_at at, struct diags *d);

#endif
