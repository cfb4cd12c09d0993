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

static const struct inv_backend *find_backend(const struct inventory_file *f,
					      enum inv_backend_kind kind, const char *name)
{
	for (size_t i = 0; i < f->backend_count; i++)
		if (f->backends[i].kind == kind && strcmp(f->backends[i].name, name) == 0)
			return &f->backends[i];
	return NULL;
}

static const struct {
	const char *word, *does;
} kinds[] = {
	[INV_REGISTRY] = {"registry", "is a registry"},
	[INV_CONFIG] = {"config centre", "is a config centre"},
	[INV_ROUTER] = {"router", "moves traffic"},
};

static bool plays(const struct sl_plugin *p, enum inv_backend_kind kind)
{
	return kind == INV_ROUTER     ? p->router != NULL
	       : kind == INV_REGISTRY ? p->registry != NULL
				      : p->config != NULL;
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

/* Take what the run itself needs to know of the settings. */
typedef void (*keep_settings)(struct world *w, const struct sl_settings *s);

static int open_backend(struct world *w, struct world_backend *out, enum inv_backend_kind kind,
			const char *name, keep_settings keep, struct sl_error *e)
{
	const struct inventory_file *f = w->resolved->inventory;
	const struct inv_backend *b = find_backend(f, kind, name);
	if (!b)
		return sl_fail(e, SL_EINPUT, "the inventory has no %s '%s'", kinds[kind].word,
			       name);
	const struct sl_plugin *p = plugin_host_find(w->plugins, b->type);
	if (!p || !plays(p, kind))
		return sl_fail(e, SL_EINPUT,
			       "%s '%s': no plugin of type '%s' that %s is installed (see `sluice "
			       "plugins`)",
			       kinds[kind].word, b->name, b->type, kinds[kind].does);
	out->name = name;
	out->plugin = p;
	struct sl_settings *s = inventory_backend_settings(f, b, p, e);
	if (!s)
		return e->code;
	if (!plugin_settings_check(p, s, e)) {
		out->open = plugin_backend_open(w->plugins, p, s, e);
		keep(w, s);
	}
	inventory_settings_free(s);
	if (!out->open)
		return e->code;
	out->instance = plugin_backend_instance(out->open);
	return 0;
}

static int open_router(struct world *w, const struct pb_router_use *use, struct sl_error *e)
{
	int rc = open_backend(w, &w->routing, INV_ROUTER, use->use, keep_router_hosts, e);
	if (rc)
		return rc;
	w->router = w->routing.plugin->router;
	w->router_instance = w->routing.instance;
	w->router_name = use->use;
	w->router_backend = use->backend;
	return 0;
}

static void keep_nothing(struct world *w, const struct sl_settings *s)
{
	(void)w;
	(void)s;
}

static int open_registry(struct world *w, const char *name, struct sl_error *e)
{
	const struct inv_backend *b = find_backend(w->resolved->inventory, INV_REGISTRY, name);
	const struct sl_plugin *p = b ? plugin_host_find(w->plugins, b->type) : NULL;
	if (p && p->registry && p->registry->from_inventory)
		return 0;
	int rc = open_backend(w, &w->registering, INV_REGISTRY, name, keep_nothing, e);
	if (rc)
		return rc;
	if (!w->registering.plugin->registry->write)
		return sl_fail(
			e, SL_EINPUT,
			"registry '%s': its plugin '%s' only reads, so nothing can be marked "
			"out of service there",
			name, w->registering.plugin->name);
	w->registry = w->registering.plugin->registry;
	return 0;
}

static void add_label(struct world *w, const char *name, const char *value)
{
	for (size_t i = 0; value && i < w->label_count; i++)
		if (strcmp(w->labels[i].name, name) == 0)
			return;
	if (!value)
		return;
	w->labels = sl_realloc_n(w->labels, w->label_count + 1, sizeof *w->labels);
	w->labels[w->label_count++] = (struct sl_label){sl_strdup(name), sl_strdup(value)};
}

/* A centre that is told to hold only keys with some labels gets keys with these. */
static void keep_labels(struct world *w, const struct sl_settings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sl_setting_value *v = &s->values[i];
		for (size_t k = 0; strcmp(v->name, "labels") == 0 && k < v->count; k++)
			add_label(w, v->keys[k], v->items[k]);
	}
	add_label(w, "service", w->resolved->playbook->services[0].name);
	add_label(w, "environment", w->resolved->inventory->environment);
}

static int open_config(struct world *w, const char *name, struct sl_error *e)
{
	int rc = open_backend(w, &w->configuring, INV_CONFIG, name, keep_labels, e);
	if (!rc)
		w->config = w->configuring.plugin->config;
	return rc;
}

int world_open(struct world *w, uv_loop_t *loop, const struct resolved *r,
	       struct plugin_host *plugins, struct sl_error *e)
{
	*w = (struct world){.loop = loop, .plugins = plugins, .resolved = r};
	w->pool = transport_pool_new(loop, r->fanout);
	w->hosts = sl_alloc_n(r->host_count + 1, sizeof *w->hosts);
	plugin_host_set_remote(plugins, open_remote, w);
	const struct pb_service *service = &r->playbook->services[0];
	int rc = 0;
	if (service->router.at.line)
		rc = open_router(w, &service->router, e);
	if (!rc && service->registry.text)
		rc = open_registry(w, service->registry.text, e);
	if (!rc && service->config.at.line)
		rc = open_config(w, service->config.use, e);
	return rc;
}

static void mark_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Both at once: what ends here must not begin something new on a connection that still stands. */
void world_close(struct world *w)
{
	struct plugin_backend *backends[] = {w->routing.open, w->registering.open,
					     w->configuring.open};
	bool closed[SL_COUNT(backends)] = {false}, pool_closed = !w->pool;
	for (size_t i = 0; i < SL_COUNT(backends); i++) {
		closed[i] = !backends[i];
		if (backends[i])
			plugin_backend_close(backends[i], mark_closed, &closed[i]);
	}
	if (w->pool)
		transport_pool_close(w->pool, mark_closed, &pool_closed);
	while (!closed[0] || !closed[1] || !closed[2] || !pool_closed)
		uv_run(w->loop, UV_RUN_ONCE);
	if (w->plugins)
		plugin_host_set_remote(w->plugins, NULL, NULL);
	for (size_t i = 0; w->router_hosts && w->router_hosts[i]; i++)
		free((void *)w->router_hosts[i]);
	for (size_t i = 0; i < w->label_count; i++) {
		free((void *)w->labels[i].name);
		free((void *)w->labels[i].value);
	}
	free(w->labels);
	free(w->environment);
	free(w->router_hosts);
	free(w->hosts);
	*w = (struct world){0};
}
