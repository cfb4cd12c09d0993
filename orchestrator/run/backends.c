/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/backends.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct backends {
	uv_loop_t *loop;
	const struct inventory_file *inventory;
	struct plugin_host *plugins;
	struct plugin_backend **open; /* parallel to inventory->backends */
};

static const struct {
	const char *name, *plays;
} kinds[] = {
	[INV_REGISTRY] = {"registry", "is a registry"},
	[INV_CONFIG] = {"config centre", "holds config"},
	[INV_ROUTER] = {"router", "moves traffic"},
	[INV_METRICS] = {"metrics backend", "has metrics"},
	[INV_TRACING] = {"tracing backend", "has traces"},
};

struct backends *backends_new(uv_loop_t *loop, const struct inventory_file *f,
			      struct plugin_host *plugins)
{
	struct backends *b = sl_alloc(sizeof *b);

	b->loop = loop;
	b->inventory = f;
	b->plugins = plugins;
	b->open = sl_alloc_n(f->backend_count + 1, sizeof *b->open);
	return b;
}

static void mark_closed(void *arg)
{
	(*(size_t *)arg)--;
}

void backends_free(struct backends *b)
{
	size_t closing = 0;

	if (!b)
		return;
	for (size_t i = 0; i < b->inventory->backend_count; i++) {
		if (!b->open[i])
			continue;
		closing++;
		plugin_backend_close(b->open[i], mark_closed, &closing);
	}
	while (closing)
		uv_run(b->loop, UV_RUN_ONCE);
	free(b->open);
	free(b);
}

uv_loop_t *backends_loop(const struct backends *b)
{
	return b->loop;
}

const struct inventory_file *backends_inventory(const struct backends *b)
{
	return b->inventory;
}

static bool plays(const struct sl_plugin *p, enum inv_backend_kind kind)
{
	switch (kind) {
	case INV_REGISTRY:
		return p->registry != NULL;
	case INV_CONFIG:
		return p->config != NULL;
	case INV_ROUTER:
		return p->router != NULL;
	case INV_METRICS:
		return p->metrics != NULL;
	case INV_TRACING:
		return p->tracing != NULL;
	}
	return false;
}

static int unknown(const struct backends *b, enum inv_backend_kind kind, const char *name,
		   struct sl_error *e)
{
	const struct inventory_file *f = b->inventory;
	const char **names = sl_alloc_n(f->backend_count + 1, sizeof *names), *near;
	size_t n = 0;

	for (size_t i = 0; i < f->backend_count; i++)
		if (f->backends[i].kind == kind)
			names[n++] = f->backends[i].name;
	near = sl_text_nearest(name, names, n);
	free(names);
	return sl_fail(e, SL_EINPUT, "the inventory has no %s '%.80s'%s%s%s", kinds[kind].name,
		       name, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static struct plugin_backend *open_backend(struct backends *b, const struct inv_backend *of,
					   struct sl_error *e)
{
	const struct sl_plugin *p = plugin_host_find(b->plugins, of->type);
	struct plugin_backend *backend = NULL;
	struct sl_settings *s;

	if (!p || !plays(p, of->kind)) {
		sl_fail(e, SL_EINPUT,
			"'%s': no plugin of type '%s' that %s is installed (see `sluice plugins`)",
			of->name, of->type, kinds[of->kind].plays);
		return NULL;
	}
	s = inventory_backend_settings(b->inventory, of, p, e);
	if (!s)
		return NULL;
	if (!plugin_settings_check(p, s, e))
		backend = plugin_backend_open(b->plugins, p, s, e);
	inventory_settings_free(s);
	return backend;
}

struct plugin_backend *backends_get(struct backends *b, enum inv_backend_kind kind,
				    const char *name, struct sl_error *e)
{
	const struct inventory_file *f = b->inventory;

	for (size_t i = 0; i < f->backend_count; i++) {
		if (f->backends[i].kind != kind || strcmp(f->backends[i].name, name) != 0)
			continue;
		if (!b->open[i])
			b->open[i] = open_backend(b, &f->backends[i], e);
		return b->open[i];
	}
	unknown(b, kind, name, e);
	return NULL;
}

int backends_wait(struct backends *b, struct backends_wait *w, struct sl_call *call,
		  void (*cancel)(void *instance, struct sl_call *call), void *instance,
		  const bool *leave)
{
	bool canceled = false;

	while (!w->done) {
		if (leave && *leave && !canceled) {
			canceled = true;
			cancel(instance, call);
		} else {
			uv_run(b->loop, UV_RUN_ONCE);
		}
	}
	return (int)w->error.code;
}
