/* SPDX-License-Identifier: Apache-2.0 */
/* The outside as a run sees it: one transport a host, the router, HTTP for probes. Loop thread
 * only. */
#ifndef SLUICE_RUN_WORLD_H
#define SLUICE_RUN_WORLD_H

#include <uv.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/host/host.h"

struct world {
	uv_loop_t *loop;
	struct plugin_host *plugins; /* borrowed */
	const struct resolved *resolved;
	struct transport_pool *pool;
	struct transport **hosts;       /* parallel to resolved->hosts, made on first use */
	struct transport *local;        /* this machine: `hosts: local` commands */
	struct plugin_backend *backend; /* NULL = the service has no router */
	const struct sl_router_ops *router;
	void *router_instance;
	const char *router_name, *router_backend; /* borrowed from the playbook */
	const char **
		router_hosts; /* where its sockets are; NULL-terminated; NULL = reached from here */
};

/* Does no I/O beyond opening plugins. SL_EINPUT when a type has no plugin. */
int world_open(struct world *w, uv_loop_t *loop, const struct resolved *r,
	       struct plugin_host *plugins, struct sl_error *e);
/* Runs the loop until all is closed. Safe on a world that failed to open. */
void world_close(struct world *w);

/* The transport of an inventory host ("local" = this machine). NULL for unknown names. */
struct transport *world_transport(struct world *w, const char *host);

#endif
