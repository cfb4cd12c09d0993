/* SPDX-License-Identifier: Apache-2.0 */
/* Names of hosts, with ranges counted through: to know which exist and how many a group has. */
#ifndef SLUICE_PLAYBOOK_HOSTSET_H
#define SLUICE_PLAYBOOK_HOSTSET_H

#include "orchestrator/playbook/playbook.h"

struct hostset {
	char **names;
	size_t count, cap;
};

void hostset_release(struct hostset *s);
/* A name or a range. At most 100,000 names altogether; more are left out. */
void hostset_add(struct hostset *s, const char *text);
/* With the hosts of its members. */
void hostset_add_group(struct hostset *s, const struct inventory_file *f,
		       const struct inv_group *g);
/* Everything the inventory names. */
void hostset_add_all(struct hostset *s, const struct inventory_file *f);
void hostset_sort(struct hostset *s);                        /* and drop those named twice */
bool hostset_has(const struct hostset *s, const char *name); /* when sorted */

#endif
