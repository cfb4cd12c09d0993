/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for one host: its own entry, then the groups around it (nearest wins), then the file.
 * Two groups at the same distance that say different things are an error that names both.
 */
#ifndef SLUICE_INVENTORY_MERGE_H
#define SLUICE_INVENTORY_MERGE_H

#include "orchestrator/inventory/index.h"

/* Clashes found so far: the same two groups clash on every host they share, and say so once. */
struct merge_clash {
	const struct inv_group *one, *other;
	const char *what;
};

struct merge {
	const struct inventory_file *file;
	const struct index *index;
	struct diags *diags;
	struct merge_clash *clashes;
	size_t clash_count, clash_cap;
};

void merge_release(struct merge *m);

/* Borrowed names and values in an array that is yours to free. */
struct rs_label *merge_labels(struct merge *m, size_t host, size_t *count);
struct rs_label *merge_vars(struct merge *m, size_t host, size_t *count);
/* All ssh settings; strings are borrowed. */
void merge_ssh(struct merge *m, size_t host, struct inv_ssh *out);

#endif
