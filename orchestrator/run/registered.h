/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says of the service, matched to the instances of the inventory. */
#ifndef SLUICE_RUN_REGISTERED_H
#define SLUICE_RUN_REGISTERED_H

#include "orchestrator/plan/plan.h"
#include "plugins/sdk/plugin.h"

/* Give it to the sink's `instance`. Cleaned and bounded here. */
void registered_add(struct plan_registry *r, const struct resolved *rs,
		    const struct sl_instance *i);
/* The environment that all of ours are in; NULL when they are in none, or in several. */
const char *registered_environment(const struct plan_registry *r);
/* Drop what stands in another environment or app than ours: the same name elsewhere is another
 * service. With none of ours there, `environment` (may be NULL) says which is meant. */
void registered_keep_ours(struct plan_registry *r, const char *environment);
void registered_release(struct plan_registry *r);

#endif
