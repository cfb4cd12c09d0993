/* SPDX-License-Identifier: Apache-2.0 */
/* The list of views. A new one is a file and a line here. */
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"

static const struct vw_view *const views[] = {
	&vw_services, &vw_instances,    &vw_keys,    &vw_runs,   &vw_releases,
	&vw_events,   &vw_traces,       &vw_history, &vw_hosts,  &vw_processes,
	&vw_versions, &vw_dependencies, &vw_changes, &vw_alerts, &vw_plugins,
};

const struct vw_view *vw_find(const char *name)
{
	for (size_t i = 0; i < SL_COUNT(views); i++)
		if (strcmp(views[i]->name, name) == 0)
			return views[i];
	return NULL;
}

size_t vw_views(const struct vw_view *const **list)
{
	*list = views;
	return SL_COUNT(views);
}
