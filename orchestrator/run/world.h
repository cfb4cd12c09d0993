/* SPDX-License-Identifier: Apache-2.0 */
/* The outside as a run sees it: one transport a host, the router, the registry, the config centre,
 * HTTP for probes. Loop thread only. */
#ifndef SLUICE_RUN_WORLD_H
#define SLUICE_RUN_WORLD_H

#include <uv.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/host/host.h"

/* Of the inventory, open; instance NULL = the service has none. */
struct world_backend {
	struct plugin_backend *open;
	const struct sl_plugin *plugin;
	void *instance;
	const char *name; /* borrowed from the playbook */
};

struct world {
	uv_loop_t *loop;
	struct plugin_host *plugins; /* borrowed */
	const struct resolved *resolved;
	struct transport_pool *pool;
	struct transport **hosts; /* parallel to resolved->hosts, made on first use */
	struct transport *local;  /* this machine: `hosts: local` commands */
	struct world_backend routing, registering, configuring;
	const struct sl_router_ops *router; /* NULL = the service has no router */
	void *router_instance;
	const char *router_name, *router_backend; /* borrowed from the playbook */
	const char **
		router_hosts; /* where its sockets are; NULL-terminated; NULL = reached from here */
	const struct sl_registry_ops *registry; /* NULL = none that has consumers */
	char *environment; /* in which the registry has the service; NULL = not known yet */
	const struct sl_config_ops *config; /* NULL = the service publishes none */
	struct sl_label *labels;            /* of the service's keys there; owned */
	size_t label_count;
};

/* Does no I/O beyond opening plugins. SL_EINPUT when a type has no plugin. */
int world_open(struct world *w, uv_loop_t *loop, const struct resolved *r,
	       struct plugin_host *plugins, struct sl_error *e);
/* Runs the loop until all is closed. Safe on a world that failed to open. */
void world_close(struct world *w);

/* The transport of an inventory host ("local" = this machine). NULL for unknown names. */
struct transport *world_transport(struct world *w, const char *host);

#endif
