/* SPDX-License-Identifier: Apache-2.0 */
/* The registry that is no registry: instances are the inventory's, health is what `ready` says.
 * It exists so that the static case goes the same way as every other. */
#include <stdlib.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/plugin.h"

struct fixed {
	const struct sl_host_services *services;
	void (*closed)(void *arg);
	void *closed_arg;
};

static void *static_open(const struct sl_settings *settings,
			 const struct sl_host_services *services, struct sl_error *e)
{
	struct fixed *f = sl_alloc(sizeof *f);

	(void)settings;
	(void)e;
	f->services = services;
	return f;
}

static void on_close_tick(void *arg)
{
	struct fixed *f = arg;
	void (*closed)(void *) = f->closed;
	void *closed_arg = f->closed_arg;

	free(f);
	closed(closed_arg);
}

static void static_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct fixed *f = instance;

	f->closed = closed;
	f->closed_arg = arg;
	f->services->timer(f->services->ctx, 0, on_close_tick, f);
}

static const struct sl_registry_ops registry = {
	.size = sizeof registry,
	.from_inventory = true,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "static",
	.summary = "takes the instances from the inventory",
	.licence = "Apache-2.0",
	.registry = &registry,
	.open = static_open,
	.close = static_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
