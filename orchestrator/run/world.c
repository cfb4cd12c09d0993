/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/world.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

static const struct transport_target local_target = {
	.name = "local",
	.address = "localhost",
	.driver = TRANSPORT_LOCAL,
};

struct transport *world_transport(struct world *w, const char *host)
{
	if (strcmp(host, "local") == 0) {
		if (!w->local)
			w->local = transport_new(w->pool, &local_target);
		return w->local;
	}
	for (size_t i = 0; i < w->resolved->host_count; i++) {
		const struct rs_host *h = &w->resolved->hosts[i];
		if (strcmp(h->name, host) != 0)
			continue;
		if (!w->hosts[i])
			w->hosts[i] = transport_new(w->pool, &h->target);
		return w->hosts[i];
	}
	return NULL;
}

/* A stream that a host on the other side cannot open because nobody knows the host. */
static struct sl_stream *open_remote(void *ctx, const struct sl_endpoint *to, int64_t timeout_ms,
				     const struct sl_stream_events *events, void *arg)
{
	struct world *w = ctx;
	struct transport *t = world_transport(w, to->host);
	/* Host names reach plugins only through the inventory, which knows them all. */
	if (!t) {
		sl_log(SL_LOG_ERROR, "stream through unknown host %s", to->host);
		abort();
	}
	return transport_stream(t, to, timeout_ms, events, arg);
}

static const struct inv_backend *find_router(const struct inventory_file *f, const char *name)
{
	for (size_t i = 0; i < f->backend_count; i++)
		if (f->backends[i].kind == INV_ROUTER && strcmp(f->backends[i].name, name) == 0)
			return &f->backends[i];
	return NULL;
}

static void keep_router_hosts(struct world *w, const struct sl_settings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sl_setting_value *v = &s->values[i];
		if (strcmp(v->name, "hosts") != 0 || !v->count)
			continue;
		w->router_hosts = sl_alloc_n(v->count + 1, sizeof *w->router_hosts);
		for (size_t k = 0; k < v->count; k++)
			w->router_hosts[k] = sl_strdup(v->items[k]);
	}
}

static int open_router(struct world *w, const struct pb_router_use *use, struct sl_error *e)
{
	const struct inv_backend *b = find_router(w->resolved->inventory, use->use);
	if (!b)
		return sl_fail(e, SL_EINPUT, "the inventory has no router '%s'", use->use);
	const struct sl_plugin *p = plugin_host_find(w->plugins, b->type);
	if (!p || !p->router)
		return sl_fail(e, SL_EINPUT,
			       "router '%s': no plugin of type '%s' that moves traffic is "
			       "installed (see `sluice plugins`)",
			       b->name, b->type);
	struct sl_settings *s = inventory_backend_settings(w->resolved->inventory, b, p, e);
	if (!s)
		return e->code;
	if (!plugin_settings_check(p, s, e)) {
		w->backend = plugin_backend_open(w->plugins, p, s, e);
		keep_router_hosts(w, s);
	}
	inventory_settings_free(s);
	if (!w->backend)
		return e->code;
	w->router = p->router;
	w->router_instance = plugin_backend_instance(w->backend);
	w->router_name = use->use;
	w->router_backend = use->backend;
	return 0;
}

int world_open(struct world *w, uv_loop_t *loop, const struct resolved *r,
	       struct plugin_host *plugins, struct sl_error *e)
{
	*w = (struct world){.loop = loop, .plugins = plugins, .resolved = r};
	w->pool = transport_pool_new(loop, r->fanout);
	w->hosts = sl_alloc_n(r->host_count + 1, sizeof *w->hosts);
	plugin_host_set_remote(plugins, open_remote, w);
	const struct pb_service *service = &r->playbook->services[0];
	if (!service->router.at.line)
		return 0;
	return open_router(w, &service->router, e);
}

static void mark_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Both at once: what ends here must not begin something new on a connection that still stands. */
void world_close(struct world *w)
{
	bool backend_closed = !w->backend, pool_closed = !w->pool;
	if (w->backend)
		plugin_backend_close(w->backend, mark_closed, &backend_closed);
	if (w->pool)
		transport_pool_close(w->pool, mark_closed, &pool_closed);
	while (!backend_closed || !pool_closed)
		uv_run(w->loop, UV_RUN_ONCE);
	if (w->plugins)
		plugin_host_set_remote(w->plugins, NULL, NULL);
	for (size_t i = 0; w->router_hosts && w->router_hosts[i]; i++)
		free((void *)w->router_hosts[i]);
	free(w->router_hosts);
	free(w->hosts);
	*w = (struct world){0};
}
