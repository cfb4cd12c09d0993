// SPDX-License-Identifier: Apache-2.0
// What needs playbook and inventory together: do the names exist, and how many instances are there?
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/hostset.h"
#include "orchestrator/playbook/inventory_doc.h"
#include "orchestrator/playbook/read.h"
#include "orchestrator/playbook/steps.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct refs {
	struct pb_doc *doc;
	const struct inventory_file *f;
	struct hostset all;
	bool (*known_type)(void *arg, const char *type);
	void *arg;
	struct diags *d;
	struct pb_reader reader;
};

static bool is_open(const char *text)
{
	return strstr(text, "$(") != NULL;
}

/* --- groups and hosts --- */

static const char *near_host(struct refs *r, const char *name)
{
	size_t count = 0;
	const char **names = sl_alloc_n(r->f->group_count + r->all.count + 1, sizeof *names), *near;

	for (size_t i = 0; i < r->f->group_count; i++)
		names[count++] = r->f->groups[i].name;
	for (size_t i = 0; i < r->all.count; i++)
		names[count++] = r->all.names[i];
	near = pb_near(name, names, count);
	free(names);
	return near;
}

static void unknown_host(struct refs *r, const char *name, struct diag_at at)
{
	const char *near = near_host(r, name);

	if (near)
		diags_error(r->d, at,
			    "the inventory has no group or host '%s' (did you mean '%s'?)", name,
			    near);
	else
		diags_error(r->d, at, "the inventory has no group or host '%s'", name);
}

static bool add_range(struct refs *r, const char *text, struct diag_at at, struct hostset *out)
{
	struct hostset names = {0};
	bool known = true;

	if (!inv_host_text_ok(text, true)) {
		unknown_host(r, text, at);
		return false;
	}
	hostset_add(&names, text);
	for (size_t i = 0; i < names.count && known; i++) {
		known = hostset_has(&r->all, names.names[i]);
		if (known)
			hostset_add(out, names.names[i]);
		else
			unknown_host(r, names.names[i], at);
	}
	hostset_release(&names);
	return known;
}

static bool uses_registry(const struct refs *r, const struct inv_group *g, unsigned depth)
{
	if (g->from_registry)
		return true;
	for (size_t i = 0; i < g->groups.count && depth < 32; i++) {
		const struct inv_group *member = inv_group_find(r->f, g->groups.items[i]);

		if (member && uses_registry(r, member, depth + 1))
			return true;
	}
	return false;
}

/* The hosts that one word of a `hosts:` means; false when the number cannot be told. */
static bool add_selector(struct refs *r, const char *text, struct diag_at at, struct hostset *out)
{
	const struct inv_group *g = inv_group_find(r->f, text);

	if (is_open(text))
		return false;
	if (!g && !strcmp(text, "all")) {
		hostset_add_all(out, r->f);
		return true;
	}
	if (!g)
		return add_range(r, text, at, out);
	hostset_add_group(out, r->f, g);
	if (!uses_registry(r, g, 0))
		return true;
	pb_doc_later(r->doc, at, "hosts from a registry");
	return false;
}

/* How many hosts these are; SIZE_MAX when that cannot be told. */
static size_t count_hosts(struct refs *r, const struct pb_strings *hosts)
{
	struct hostset set = {0};
	bool known = true;
	size_t count;

	for (size_t i = 0; i < hosts->count; i++)
		known = add_selector(r, hosts->items[i], hosts->at[i], &set) && known;
	hostset_sort(&set);
	count = known ? set.count : SIZE_MAX;
	hostset_release(&set);
	return count;
}

static void check_hosts_key(struct refs *r, const struct pb_node *map, const char *key)
{
	struct pb_strings hosts = read_strings(&r->reader, map, key);

	count_hosts(r, &hosts);
}

/* `run` knows words of its own. */
static void check_run(struct refs *r, const struct pb_node *run)
{
	struct pb_strings hosts = read_strings(&r->reader, run, "hosts");
	struct hostset ignored = {0};

	for (size_t i = 0; i < hosts.count; i++)
		if (!inv_is_reserved(hosts.items[i]))
			add_selector(r, hosts.items[i], hosts.at[i], &ignored);
	hostset_release(&ignored);
}

static void check_run_list(struct refs *r, const struct pb_node *map, const char *key)
{
	const struct pb_node *list = pb_get(map, key);

	for (const struct pb_node *n = list && list->type == PB_LIST ? list->first : NULL; n;
	     n = n->next) {
		check_run(r, pb_get(n, "run"));
		check_hosts_key(r, pb_get(n, "inject"), "hosts");
	}
}

/* --- backends --- */

static const struct {
	enum inv_backend_kind kind;
	const char *word;
} kind_words[] = {
	{INV_REGISTRY, "registry"},       {INV_CONFIG, "config centre"},    {INV_ROUTER, "router"},
	{INV_METRICS, "metrics backend"}, {INV_TRACING, "tracing backend"},
};

static const char *kind_word(enum inv_backend_kind kind)
{
	for (size_t i = 0; i < SL_COUNT(kind_words); i++)
		if (kind_words[i].kind == kind)
			return kind_words[i].word;
	return "backend";
}

static void unknown_backend(struct refs *r, enum inv_backend_kind kind, const char *name,
			    struct diag_at at)
{
	const char **names = sl_alloc_n(r->f->backend_count + 1, sizeof *names), *near;
	size_t count = 0;

	for (size_t i = 0; i < r->f->backend_count; i++)
		if (r->f->backends[i].kind == kind)
			names[count++] = r->f->backends[i].name;
	near = pb_near(name, names, count);
	if (near)
		diags_error(r->d, at, "the inventory has no %s '%s' (did you mean '%s'?)",
			    kind_word(kind), name, near);
	else
		diags_error(r->d, at, "the inventory has no %s '%s'", kind_word(kind), name);
	free(names);
}

static const struct inv_backend *check_backend(struct refs *r, enum inv_backend_kind kind,
					       const char *name, struct diag_at at)
{
	if (!name || is_open(name))
		return NULL;
	for (size_t i = 0; i < r->f->backend_count; i++) {
		const struct inv_backend *b = &r->f->backends[i];

		if (b->kind != kind || strcmp(b->name, name))
			continue;
		if (r->known_type && b->type && !r->known_type(r->arg, b->type))
			diags_warning(r->d, b->type_at, "there is no plugin for type '%s' yet",
				      b->type);
		return b;
	}
	unknown_backend(r, kind, name, at);
	return NULL;
}

static void check_use(struct refs *r, enum inv_backend_kind kind, const struct pb_node *map)
{
	struct diag_at at;
	const char *name = read_word(&r->reader, map, NULL, "use", &at);

	check_backend(r, kind, name, at);
}

static void check_registry(struct refs *r, const struct pb_service *s)
{
	const struct inv_backend *b =
		check_backend(r, INV_REGISTRY, s->registry.text, s->registry.at);

	if (b && b->type && s->ready.registered && !strcmp(b->type, "static"))
		diags_error(r->d, s->ready.at,
			    "'registered' asks a registry, and '%s' is of type static: instances "
			    "do not register there",
			    b->name);
}

/* Only what this playbook uses: shared include files may know more than this inventory. */
static bool is_analysis_used(const struct pb_node *node, const char *name)
{
	if (node->type == PB_SCALAR)
		return node->key && node->text && !strcmp(node->key, "analysis") &&
		       !strcmp(node->text, name);
	for (const struct pb_node *n = node->first; n; n = n->next)
		if (is_analysis_used(n, name))
			return true;
	return false;
}

static void check_analyses(struct refs *r)
{
	for (const struct pb_node *a = r->doc->analyses->first; a; a = a->next) {
		const struct pb_node *metrics = pb_get(a, "metrics");

		if (!is_analysis_used(r->doc->p.root, a->key) || !metrics)
			continue;
		for (const struct pb_node *m = metrics->first; m; m = m->next) {
			check_use(r, INV_METRICS, pb_get(m, "query"));
			check_use(r, INV_TRACING, pb_get(m, "traces"));
		}
	}
}

/* --- sizes --- */

static size_t instances_of(struct refs *r, const struct pb_service *s)
{
	size_t hosts = count_hosts(r, &s->hosts);
	size_t ports = s->port_count ? s->port_count : 1;

	return hosts > SIZE_MAX / 64 ? SIZE_MAX : hosts * ports;
}

struct set_sizes {
	struct refs *r;
	size_t ports;
};

static size_t set_size(void *arg, size_t index)
{
	const struct set_sizes *s = arg;
	struct pb_pairs sets = read_pairs(&s->r->reader, s->r->doc->strategy, "sets");
	struct hostset hosts = {0};
	size_t count;

	if (index >= sets.count)
		return 0;
	add_selector(s->r, sets.items[index].value.text, sets.items[index].value.at, &hosts);
	hostset_sort(&hosts);
	count = hosts.count * s->ports;
	hostset_release(&hosts);
	return count;
}

static void check_outage(struct refs *r, const struct pb_service *s, size_t n)
{
	const struct pb_strategy *st = &r->doc->p.strategy;
	double batch = st->max_unavailable.is_share
			       ? floor(st->max_unavailable.share * (double)n + 1e-9)
			       : (double)st->max_unavailable.count;

	if (st->min_capacity <= 0)
		return;
	if (n == 1)
		diags_error(r->d, s->hosts.at[0],
			    "%s has a single instance, so changing it is an outage; "
			    "'minCapacity: 0%%' accepts that",
			    s->name);
	else if (batch >= (double)n)
		diags_error(r->d, st->max_unavailable.at,
			    "'maxUnavailable' would take all %zu instances of %s out of service at "
			    "once; 'minCapacity: 0%%' accepts that",
			    n, s->name);
}

static void check_sizes(struct refs *r, const struct pb_service *s)
{
	size_t n = instances_of(r, s);
	struct set_sizes sets = {.r = r, .ports = s->port_count ? s->port_count : 1};
	struct pb_sizes sizes = {.instances = n, .of_set = set_size, .arg = &sets};

	if (n == SIZE_MAX)
		return;
	if (!n) {
		diags_error(r->d, s->hosts.count ? s->hosts.at[0] : s->at, "%s has no hosts",
			    s->name);
		return;
	}
	check_outage(r, s, n);
	if (r->doc->p.service_count == 1)
		pb_steps_walk(r->doc, r->d, &sizes);
}

/* --- $(names) of hosts and groups --- */

static bool has_pair(const struct pb_pairs *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->items[i].name, name))
			return true;
	return false;
}

static bool explains(const struct refs *r, const char *name)
{
	for (size_t i = 0; i < r->f->group_count; i++)
		if (has_pair(&r->f->groups[i].vars, name))
			return true;
	for (size_t i = 0; i < r->f->host_count; i++)
		if (has_pair(&r->f->hosts[i].vars, name))
			return true;
	return false;
}

static size_t take_names(const struct pb_pairs *p, const char **names, size_t count, size_t max)
{
	for (size_t i = 0; i < p->count && count < max; i++)
		names[count++] = p->items[i].name;
	return count;
}

static const char *near_name(const struct refs *r, const char *name)
{
	const char *names[512];
	const char *const *builtin = pb_scope_names(SCOPE_HOST);
	size_t count = 0;

	while (*builtin)
		names[count++] = *builtin++;
	for (size_t i = 0; i < r->doc->p.var_count && count < SL_COUNT(names); i++)
		names[count++] = r->doc->p.vars[i].name;
	for (size_t i = 0; i < r->f->group_count; i++)
		count = take_names(&r->f->groups[i].vars, names, count, SL_COUNT(names));
	for (size_t i = 0; i < r->f->host_count; i++)
		count = take_names(&r->f->hosts[i].vars, names, count, SL_COUNT(names));
	return pb_near(name, names, count);
}

static void check_open_names(struct refs *r)
{
	for (size_t i = 0; i < r->doc->open_count; i++) {
		const struct pb_open_name *o = &r->doc->open_names[i];
		const char *near;

		if (explains(r, o->name))
			continue;
		near = near_name(r, o->name);
		if (near)
			diags_error(r->d, o->at, "unknown name $(%s) (did you mean '%s'?)", o->name,
				    near);
		else
			diags_error(r->d, o->at, "unknown name $(%s)", o->name);
	}
}

/* --- kinds --- */

static void check_service(struct refs *r, size_t i)
{
	const struct pb_service *s = &r->doc->p.services[i];
	const struct pb_node *n = r->doc->service_nodes[i];

	check_registry(r, s);
	if (s->router.use)
		check_backend(r, INV_ROUTER, s->router.use, s->router.use_at);
	check_use(r, INV_CONFIG, pb_get(n, "config"));
	if (r->doc->p.kind == PB_KIND_ROLLOUT)
		check_sizes(r, s);
	else
		count_hosts(r, &s->hosts);
}

static void check_rollout(struct refs *r)
{
	const struct pb_node *st = r->doc->strategy, *sets = pb_get(st, "sets");
	struct hostset ignored = {0};

	check_use(r, INV_ROUTER, pb_get(st, "router"));
	check_run_list(r, st, "steps");
	check_run_list(r, st, "before");
	check_run_list(r, st, "after");
	check_run_list(r, st, "onUndo");
	for (const struct pb_node *n = sets && sets->type == PB_MAP ? sets->first : NULL; n;
	     n = n->next)
		if (n->text)
			add_selector(r, n->text, n->at, &ignored);
	hostset_release(&ignored);
	for (size_t i = 0; i < r->doc->p.strategy.step_count; i++)
		check_use(r, INV_TRACING, pb_get(r->doc->p.strategy.steps[i].node, "checkTraces"));
}

static void check_others(struct refs *r)
{
	const struct pb_node *root = r->doc->p.root;

	check_hosts_key(r, pb_get(root, "generator"), "hosts");
	check_use(r, INV_TRACING, pb_get(root, "diagnose"));
	check_use(r, INV_TRACING, pb_get(root, "leakCheck"));
	check_hosts_key(r, pb_get(root, "blastRadius"), "groups");
	check_run_list(r, root, "cleanup");
	check_run_list(r, root, "method");
	check_run_list(r, root, "rollbacks");
}

void playbook_check_references(const struct playbook *p, const struct inventory_file *f,
			       bool (*known_type)(void *arg, const char *type), void *arg,
			       struct diags *d)
{
	struct pb_doc *doc = (struct pb_doc *)p;
	struct refs r = {.doc = doc, .f = f, .known_type = known_type, .arg = arg, .d = d};

	r.reader = (struct pb_reader){.arena = &doc->arena,
				      .values = {.vars = p->vars, .var_count = p->var_count}};
	hostset_add_all(&r.all, f);
	hostset_sort(&r.all);
	for (size_t i = 0; i < p->service_count; i++)
		check_service(&r, i);
	if (p->kind == PB_KIND_ROLLOUT)
		check_rollout(&r);
	else
		check_others(&r);
	check_analyses(&r);
	check_open_names(&r);
	hostset_release(&r.all);
}
