/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/sources.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/inventory.h"
#include "orchestrator/playbook/node.h"
#include "plugins/sdk/mem.h"

struct vw_sources {
	const struct inventory_file *inventory;
	struct plugin_host *plugins;
	struct catalogue *catalogue;
	struct plugin_backend **backends;
	size_t count, closing;
	int64_t interval_ms;
	void (*closed)(void *arg);
	void *arg;
};

/* What each kind of backend is in a catalogue; routers are no source. */
static const struct {
	enum cat_role role;
	const char *what;
} kinds[] = {
	[INV_REGISTRY] = {CAT_REGISTRY, "is a registry"},
	[INV_CONFIG] = {CAT_CONFIG, "holds config"},
	[INV_ROUTER] = {0, NULL},
	[INV_METRICS] = {CAT_METRICS, "has metrics"},
	[INV_TRACING] = {CAT_TRACING, "has traces"},
};

static bool plays(const struct sl_plugin *p, enum cat_role role)
{
	switch (role) {
	case CAT_REGISTRY:
		return p->registry != NULL;
	case CAT_CONFIG:
		return p->config != NULL;
	case CAT_METRICS:
		return p->metrics != NULL;
	case CAT_TRACING:
		return p->tracing != NULL;
	}
	return false;
}

/* --- the static registry --- */

struct given {
	struct sl_instance *items;
	size_t count, cap;
};

static const struct inv_host *host_find(const struct inventory_file *f, const char *name)
{
	for (size_t i = 0; i < f->host_count; i++)
		if (strcmp(f->hosts[i].name, name) == 0)
			return &f->hosts[i];
	return NULL;
}

static void give_host(struct given *g, const struct inventory_file *f, const char *group,
		      const char *host)
{
	const struct inv_host *own = host_find(f, host);
	const char *address = own && own->service_address ? own->service_address
			      : own && own->address       ? own->address
							  : host;

	SL_GROW(g->items, g->count, g->cap);
	g->items[g->count++] = (struct sl_instance){
		.service = group,
		.environment = f->environment,
		.id = host,
		.host = host,
		.address = address,
		.state = SL_INSTANCE_UNKNOWN,
		.weight = SL_KEEP,
		.note = "from the inventory; nobody watches it",
	};
}

/* Groups whose hosts cannot be told here are left out: the inventory's own checks name them. */
static void give_groups(struct vw_sources *s, const struct inv_backend *b)
{
	const struct inventory_file *f = s->inventory;
	const char ***lists = sl_alloc_n(f->group_count + 1, sizeof *lists);
	struct given g = {0};
	size_t count;

	for (size_t i = 0; i < f->group_count; i++) {
		const char *name = f->groups[i].name;
		struct pb_strings of = {.items = &name, .at = &f->groups[i].at, .count = 1};
		struct diags *d = diags_new();

		if (!f->groups[i].from_registry && !inventory_expand(f, &of, &lists[i], &count, d))
			for (size_t k = 0; k < count; k++)
				give_host(&g, f, name, lists[i][k]);
		diags_free(d);
	}
	catalogue_give(s->catalogue, b->name, b->type, g.items, g.count);
	for (size_t i = 0; i < f->group_count; i++)
		free(lists[i]);
	free(lists);
	free(g.items);
}

/* --- one backend --- */

/* "orders.p99", or "p99" for all services. A service's name may hold dots; a measure's does not. */
static int add_query(struct vw_sources *s, const struct inv_backend *b, const struct pb_node *q,
		     struct sl_error *e)
{
	const char *dot = strrchr(q->key, '.');
	char *service = dot ? sl_strndup(q->key, (size_t)(dot - q->key)) : NULL;
	int rc;

	if (q->type != PB_SCALAR || !q->text)
		rc = sl_fail(e, SL_EINPUT, "'%s': the query '%s' must be an expression", b->name,
			     q->key);
	else
		rc = catalogue_query(s->catalogue, b->name, dot ? dot + 1 : q->key, service,
				     q->text, e);
	free(service);
	return rc;
}

static int check_queries(const struct inv_backend *b, const struct pb_node *queries,
			 struct sl_error *e)
{
	if (!queries || queries->type == PB_MAP)
		return SL_OK;
	return sl_fail(e, SL_EINPUT, "'%s': queries is a map of names to expressions", b->name);
}

static struct plugin_backend *open_backend(struct vw_sources *s, const struct inv_backend *b,
					   const struct sl_plugin *p, struct sl_error *e)
{
	struct sl_settings *settings = inventory_backend_settings(s->inventory, b, p, e);
	struct plugin_backend *backend;

	if (!settings)
		return NULL;
	backend = plugin_backend_open(s->plugins, p, settings, e);
	inventory_settings_free(settings);
	return backend;
}

static int add_source(struct vw_sources *s, const struct inv_backend *b, struct sl_error *e)
{
	const struct sl_plugin *p = plugin_host_find(s->plugins, b->type);
	enum cat_role role = kinds[b->kind].role;
	const struct pb_node *queries =
		b->kind == INV_METRICS && b->settings ? pb_get(b->settings, "queries") : NULL;
	struct plugin_backend *backend;

	if (!p || !plays(p, role))
		return sl_fail(e, SL_EINPUT,
			       "no plugin of type '%s' that %s is installed (see `sluice plugins`)",
			       b->type, kinds[b->kind].what);
	if (check_queries(b, queries, e))
		return SL_EINPUT;
	if (role == CAT_REGISTRY && p->registry->from_inventory) {
		give_groups(s, b);
		return SL_OK;
	}
	backend = open_backend(s, b, p, e);
	if (!backend)
		return SL_EINPUT;
	s->backends[s->count++] = backend;
	catalogue_add(s->catalogue, b->name, b->type, backend, role, s->interval_ms);
	for (const struct pb_node *q = queries ? queries->first : NULL; q; q = q->next) {
		struct sl_error wrong = {0};

		if (add_query(s, b, q, &wrong))
			catalogue_add_broken(s->catalogue, b->name, b->type, role, wrong.msg);
	}
	return SL_OK;
}

struct vw_sources *vw_sources_new(uv_loop_t *loop, const struct inventory_file *f,
				  int64_t interval_ms)
{
	struct vw_sources *s = sl_alloc(sizeof *s);

	s->inventory = f;
	s->interval_ms = interval_ms;
	s->catalogue = catalogue_new(loop);
	s->backends = sl_alloc_n(f->backend_count + 1, sizeof *s->backends);
	for (size_t i = 0; i < f->backend_count; i++) {
		const struct inv_backend *b = &f->backends[i];

		if (kinds[b->kind].role)
			catalogue_announce(s->catalogue, b->name, b->type, kinds[b->kind].role);
	}
	return s;
}

void vw_sources_connect(struct vw_sources *s, struct plugin_host *plugins)
{
	const struct inventory_file *f = s->inventory;

	s->plugins = plugins;
	for (size_t i = 0; i < f->backend_count; i++) {
		const struct inv_backend *b = &f->backends[i];
		struct sl_error e = {0};

		if (kinds[b->kind].role && add_source(s, b, &e))
			catalogue_add_broken(s->catalogue, b->name, b->type, kinds[b->kind].role,
					     e.msg);
	}
}

struct vw_sources *vw_sources_open(uv_loop_t *loop, const struct inventory_file *f,
				   struct plugin_host *plugins, int64_t interval_ms)
{
	struct vw_sources *s = vw_sources_new(loop, f, interval_ms);

	vw_sources_connect(s, plugins);
	return s;
}

struct catalogue *vw_sources_catalogue(const struct vw_sources *s)
{
	return s->catalogue;
}

/* --- closing --- */

static void finish(struct vw_sources *s)
{
	void (*closed)(void *) = s->closed;
	void *arg = s->arg;

	free(s->backends);
	free(s);
	if (closed)
		closed(arg);
}

static void on_backend_closed(void *arg)
{
	struct vw_sources *s = arg;

	if (--s->closing == 0)
		finish(s);
}

static void on_catalogue_closed(void *arg)
{
	struct vw_sources *s = arg;
	size_t count = s->count;

	if (!count) {
		finish(s);
		return;
	}
	s->closing = count;
	for (size_t i = 0; i < count; i++)
		plugin_backend_close(s->backends[i], on_backend_closed, s);
}

void vw_sources_close(struct vw_sources *s, void (*closed)(void *arg), void *arg)
{
	s->closed = closed;
	s->arg = arg;
	catalogue_close(s->catalogue, on_catalogue_closed, s);
}
