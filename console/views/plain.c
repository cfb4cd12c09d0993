/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of views. A plain one, a table of things with a way deeper, is a row here: columns,
 * filter, sort, formats and twins come from its vw_view, everything else from the list engine.
 */
#include <string.h>
#include <strings.h>

#include "console/views/views.h"

static const enum action service_hints[] = {ACT_ENTER,  ACT_LOG,    ACT_TRACES, ACT_DEPENDENCIES,
					    ACT_CONFIG, ACT_FILTER, ACT_SORT,   ACT_MARK,
					    ACT_COPY,   ACT_EXPORT, ACT_NONE};
static const enum action service_offers[] = {ACT_LOG, ACT_TRACES, ACT_DEPENDENCIES, ACT_CONFIG,
					     ACT_NONE};

static bool services_act(struct app *a, struct screen *s, enum action what)
{
	return traces_act(a, s, what) || service_act(a, s, what);
}

static const struct screen_ops services = {
	.name = "services",
	.title = "Services",
	.tab = 1,
	.data = "services",
	.enter = "service",
	.twin = "get services",
	.hints = service_hints,
	.offers = service_offers,
	.act = services_act,
	.why = traces_why,
	.empty = "no services: start with -i INVENTORY, whose registries list them",
};

static const enum action instance_hints[] = {ACT_LOG,    ACT_FILTER, ACT_SORT,  ACT_MARK, ACT_COPY,
					     ACT_EXPORT, ACT_BACK,   ACT_SHELL, ACT_NONE};

static const enum action instance_offers[] = {ACT_LOG,          ACT_SHELL,  ACT_TRACES,
					      ACT_DEPENDENCIES, ACT_CONFIG, ACT_NONE};

const enum action host_offers[] = {ACT_LOG, ACT_SHELL, ACT_NONE};

bool host_act(struct app *a, struct screen *s, enum action what)
{
	return log_act(a, s, what) || shell_act(a, s, what);
}

/* The host first: the log is that of the instance in the row. */
static bool instances_act(struct app *a, struct screen *s, enum action what)
{
	return host_act(a, s, what) || services_act(a, s, what);
}

static const struct screen_ops instances = {
	.name = "instances",
	.title = "Instances",
	.data = "instances",
	.twin = "get instances",
	.hints = instance_hints,
	.offers = instance_offers,
	.act = instances_act,
	.why = traces_why,
	.empty = "no instances",
};

static const struct screen_ops releases = {
	.name = "releases",
	.title = "Releases",
	.data = "releases",
	.twin = "get releases",
	.hints = instance_hints,
	.offers = host_offers,
	.act = host_act,
	.empty = "no releases: no run has installed any yet",
};

static const enum action plugin_hints[] = {ACT_FILTER, ACT_NEXT, ACT_SORT, ACT_COPY,
					   ACT_EXPORT, ACT_BACK, ACT_NONE};

static const struct screen_ops plugins = {
	.name = "plugins",
	.title = "Plugins",
	.data = "plugins",
	.twin = "get plugins",
	.hints = plugin_hints,
	.empty = "no backends: start with -i INVENTORY, which names them",
};

/* A line each: two who add one do not meet. */
/* clang-format off */
const struct screen_ops *const screens[] = {
	&services,
	&view_service,
	&instances,
	&view_traces,
	&view_trace,
	&view_keys,
	&view_key,
	&view_runs,
	&view_run,
	&view_steps,
	&view_launch,
	&view_hosts,
	&view_host,
	&view_log,
	&releases,
	&view_events,
	&view_alerts,
	&plugins,
	&view_about,
	NULL,
};
/* clang-format on */

const struct screen_ops *screen_find(const char *name)
{
	size_t i;

	for (i = 0; screens[i]; i++)
		if (!strcmp(screens[i]->name, name))
			return screens[i];
	for (i = 0; screens[i]; i++)
		if (screens[i]->tab && !strcasecmp(screens[i]->title, name))
			return screens[i];
	return NULL;
}

const struct screen_ops *screen_of_tab(unsigned tab)
{
	size_t i;

	for (i = 0; screens[i]; i++)
		if (tab && screens[i]->tab == tab)
			return screens[i];
	return NULL;
}
