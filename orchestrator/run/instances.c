/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/instances.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define FIND_TIMEOUT_MS 15000
#define FOUND_MAX       100000

struct finding {
	struct backends_wait wait;
	struct found_instances *to;
	const char *source;
};

static void on_instance(void *arg, const struct sl_instance *i)
{
	struct finding *f = arg;
	struct found_instances *to = f->to;

	if (to->count >= FOUND_MAX || !i->id)
		return;
	SL_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = (struct found_instance){
		.source = f->source,
		.is = {.service = sl_strdup(i->service),
		       .environment = sl_strdup(i->environment),
		       .app = sl_strdup(i->app),
		       .id = sl_strdup(i->id),
		       .host = sl_strdup(i->host),
		       .address = sl_strdup(i->address),
		       .port = i->port,
		       .version = sl_strdup(i->version),
		       .state = i->state,
		       .weight = i->weight,
		       .since = i->since},
	};
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct finding *f = arg;

	f->wait.error = end->error;
	f->wait.done = true;
}

static void instance_release(struct sl_instance *i)
{
	const char *const texts[] = {i->service, i->environment, i->app,    i->id,
				     i->host,    i->address,     i->version};

	for (size_t k = 0; k < SL_COUNT(texts); k++)
		free((void *)(uintptr_t)texts[k]);
}

static struct sl_call *ask(const struct sl_registry_ops *ops, void *instance, const char *service,
			   struct finding *f)
{
	static const struct sl_registry_sink sink = {.instance = on_instance, .done = on_done};

	if (!service)
		return ops->list(instance, NULL, FIND_TIMEOUT_MS, &sink, f);
	return ops->find(instance, service, NULL, NULL, FIND_TIMEOUT_MS, &sink, f);
}

static void find_in(struct backends *b, const char *source, const char *service,
		    struct found_instances *out)
{
	struct finding f = {.to = out, .source = source};
	struct plugin_backend *backend = backends_get(b, INV_REGISTRY, source, &out->error);
	const struct sl_registry_ops *ops;
	size_t before = out->count;
	void *instance;

	if (!backend) {
		out->asked++;
		return;
	}
	ops = plugin_backend_plugin(backend)->registry;
	if (ops->from_inventory || (service ? !ops->find : !ops->list))
		return;
	out->asked++;
	instance = plugin_backend_instance(backend);
	backends_wait(b, &f.wait, ask(ops, instance, service, &f), ops->cancel, instance, NULL);
	if (!f.wait.error.code || f.wait.error.code == SL_ENOTFOUND) {
		out->answered++;
		return;
	}
	out->error = f.wait.error;
	while (out->count > before) /* half an answer is none */
		instance_release(&out->items[--out->count].is);
}

static int by_name(const void *a, const void *b)
{
	const struct found_instance *x = a, *y = b;
	const char *const left[] = {x->source, x->is.environment, x->is.id};
	const char *const right[] = {y->source, y->is.environment, y->is.id};

	for (size_t i = 0; i < SL_COUNT(left); i++) {
		int order = strcmp(left[i] ? left[i] : "", right[i] ? right[i] : "");

		if (order)
			return order;
	}
	return 0;
}

int instances_find(struct backends *b, const char *service, struct found_instances *out,
		   struct sl_error *e)
{
	const struct inventory_file *f = backends_inventory(b);

	*out = (struct found_instances){0};
	for (size_t i = 0; i < f->backend_count; i++)
		if (f->backends[i].kind == INV_REGISTRY)
			find_in(b, f->backends[i].name, service, out);
	if (!out->asked)
		return sl_fail(e, SL_EINPUT, "%s names no registry that has instances of its own",
			       f->path);
	if (out->count)
		qsort(out->items, out->count, sizeof *out->items, by_name);
	return SL_OK;
}

void instances_release(struct found_instances *f)
{
	for (size_t i = 0; i < f->count; i++)
		instance_release(&f->items[i].is);
	free(f->items);
	*f = (struct found_instances){0};
}

/* --- names --- */

static bool is(const char *text, const char *name)
{
	return text && *text && !strcmp(text, name);
}

static bool is_at(const char *host, unsigned port, const char *name)
{
	size_t len = host ? strlen(host) : 0;
	char tail[16];

	snprintf(tail, sizeof tail, ":%u", port);
	return len && port && !strncmp(name, host, len) && !strcmp(name + len, tail);
}

static bool answers(const struct sl_instance *i, const char *name)
{
	return is(i->id, name) || is(i->host, name) || is(i->address, name) ||
	       is_at(i->host, i->port, name) || is_at(i->address, i->port, name);
}

/* What stands behind "first/" in name; NULL = it does not begin so. */
static const char *behind(const char *name, const char *first)
{
	size_t len = first ? strlen(first) : 0;

	return len && !strncmp(name, first, len) && name[len] == '/' ? name + len + 1 : NULL;
}

bool instance_answers_to(const struct found_instance *i, const char *name)
{
	const char *rest = behind(name, i->is.environment);

	if (answers(&i->is, name) || (rest && answers(&i->is, rest)))
		return true;
	rest = behind(name, i->source);
	return rest && answers(&i->is, rest);
}

bool instance_serves(const struct sl_instance *i)
{
	return i->state == SL_INSTANCE_UP && i->weight != 0;
}

/* --- services, for near matches --- */

struct naming {
	struct backends_wait wait;
	char **names;
	size_t count, cap;
};

static void add_name(struct naming *n, const char *service)
{
	if (!service || n->count >= FOUND_MAX ||
	    (n->count && !strcmp(n->names[n->count - 1], service)))
		return;
	SL_GROW(n->names, n->count, n->cap);
	n->names[n->count++] = sl_strdup(service);
}

static void name_service(void *arg, const struct sl_service *s)
{
	add_name(arg, s->service);
}

static void name_instance(void *arg, const struct sl_instance *i)
{
	add_name(arg, i->service);
}

static void name_done(void *arg, const struct sl_read_end *end)
{
	struct naming *n = arg;

	n->wait.error = end->error;
	n->wait.done = true;
}

static void names_of(struct backends *b, const char *source, struct naming *n)
{
	static const struct sl_registry_sink sink = {
		.service = name_service, .instance = name_instance, .done = name_done};
	struct plugin_backend *backend = backends_get(b, INV_REGISTRY, source, NULL);
	const struct sl_registry_ops *ops =
		backend ? plugin_backend_plugin(backend)->registry : NULL;
	void *instance;

	if (!ops || ops->from_inventory || !ops->list)
		return;
	instance = plugin_backend_instance(backend);
	n->wait = (struct backends_wait){0};
	backends_wait(b, &n->wait, ops->list(instance, NULL, FIND_TIMEOUT_MS, &sink, n),
		      ops->cancel, instance, NULL);
}

size_t instances_services(struct backends *b, char ***names)
{
	const struct inventory_file *f = backends_inventory(b);
	struct naming n = {0};

	for (size_t i = 0; i < f->backend_count; i++)
		if (f->backends[i].kind == INV_REGISTRY)
			names_of(b, f->backends[i].name, &n);
	*names = n.names;
	return n.count;
}
