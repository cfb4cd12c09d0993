/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the steps of a strategy with traffic and capacity in mind. */
#ifndef SLUICE_PLAYBOOK_STEPS_H
#define SLUICE_PLAYBOOK_STEPS_H

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/vars.h"

/* How many instances there are, once an inventory says so. */
struct pb_sizes {
	size_t instances; /* of the service */
	/* Of the n-th set of a blueGreen strategy. */
	size_t (*of_set)(void *arg, size_t set);
	void *arg;
};

/* sizes NULL: what can be told without them; else only what needs them. */
void pb_steps_walk(struct pb_doc *doc, struct diags *d, const struct pb_sizes *sizes);
void pb_steps_walk_sets(struct pb_doc *doc, struct diags *d, const struct pb_sizes *sizes);

/* check_strategy.c, for its neighbours */
void pb_doc_check_analysis(struct pb_doc *doc, const struct pb_node *name);
void pb_doc_check_service_name(struct pb_doc *doc, const struct pb_node *name);
double pb_share_of(struct pb_doc *doc, const struct pb_node *n); /* NaN = not known */

#endif
