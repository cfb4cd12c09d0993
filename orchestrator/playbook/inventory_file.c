// SPDX-License-Identifier: Apache-2.0
// Loading an inventory file.
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/inventory_doc.h"
#include "orchestrator/playbook/read.h"
#include "orchestrator/playbook/schema_check.h"
#include "plugins/sdk/mem.h"

static void add_later(void *arg, struct diag_at at, const char *what)
{
	struct inv_doc *doc = arg;
	struct inventory_file *f = &doc->f;

	/* Refused only where a playbook uses such a group: playbook_check_references. */
	if (!strcmp(what, "fromRegistry"))
		return;
	SL_GROW(f->later, f->later_count, doc->later_cap);
	f->later[f->later_count++] = (struct pb_later){.at = at, .what = what};
}

static size_t count_maps(const struct pb_node *map)
{
	return map && map->type == PB_MAP ? pb_count(map) : 0;
}

/* Files are relative to the inventory; "~/" is left to those who know the home. */
static const char *file_name(struct inv_doc *doc, const char *name)
{
	if (!name || name[0] == '/' || name[0] == '~')
		return name;
	return pb_arena_printf(&doc->arena, "%s/%s", doc->f.folder, name);
}

static struct inv_ssh read_ssh(struct inv_doc *doc, struct pb_reader *r, const struct pb_node *n)
{
	struct inv_ssh s = {
		.user = read_word(r, n, NULL, "user", NULL),
		.jump = read_word(r, n, NULL, "jump", NULL),
		.known_hosts = file_name(doc, read_word(r, n, NULL, "knownHosts", NULL)),
		.config = file_name(doc, read_word(r, n, NULL, "config", NULL)),
		.driver = read_word(r, n, NULL, "driver", NULL),
		.identities = read_strings(r, n, "identities"),
		.port = read_count(r, n, &schema_ssh, "port"),
		.fanout = read_count(r, n, &schema_ssh, "fanout"),
		.connect_timeout_ms = read_duration(r, n, &schema_ssh, "connectTimeout").ms,
		.command_timeout_ms = read_duration(r, n, &schema_ssh, "commandTimeout").ms,
	};

	if (n)
		s.at = pb_place(n);
	for (size_t i = 0; i < s.identities.count; i++)
		s.identities.items[i] = file_name(doc, s.identities.items[i]);
	return s;
}

static void read_groups(struct inv_doc *doc, struct pb_reader *r)
{
	const struct pb_node *map = pb_get(doc->f.root, "groups");
	size_t count = count_maps(map);

	doc->f.groups = pb_arena_array(&doc->arena, count, sizeof *doc->f.groups);
	for (const struct pb_node *n = count ? map->first : NULL; n; n = n->next)
		doc->f.groups[doc->f.group_count++] = (struct inv_group){
			.name = n->key,
			.at = n->key_at,
			.hosts = read_strings(r, n, "hosts"),
			.groups = read_strings(r, n, "groups"),
			.labels = read_pairs(r, n, "labels"),
			.vars = read_pairs(r, n, "vars"),
			.ssh = read_ssh(doc, r, n),
			.from_registry = pb_get(n, "fromRegistry") != NULL,
		};
}

static void read_hosts(struct inv_doc *doc, struct pb_reader *r)
{
	const struct pb_node *map = pb_get(doc->f.root, "hosts");
	size_t count = count_maps(map);

	doc->f.hosts = pb_arena_array(&doc->arena, count, sizeof *doc->f.hosts);
	for (const struct pb_node *n = count ? map->first : NULL; n; n = n->next)
		doc->f.hosts[doc->f.host_count++] = (struct inv_host){
			.name = n->key,
			.at = n->key_at,
			.address = read_word(r, n, NULL, "address", NULL),
			.service_address = read_word(r, n, NULL, "serviceAddress", NULL),
			.sluice_dir = read_word(r, n, NULL, "sluiceDir", NULL),
			.labels = read_pairs(r, n, "labels"),
			.vars = read_pairs(r, n, "vars"),
			.ssh = read_ssh(doc, r, n),
		};
}

static const struct {
	const char *key;
	enum inv_backend_kind kind;
} backend_kinds[] = {
	{"registries", INV_REGISTRY}, {"configs", INV_CONFIG},  {"routers", INV_ROUTER},
	{"metrics", INV_METRICS},     {"tracing", INV_TRACING},
};

static void read_backends(struct inv_doc *doc, struct pb_reader *r)
{
	size_t count = 0;

	for (size_t i = 0; i < SL_COUNT(backend_kinds); i++)
		count += count_maps(pb_get(doc->f.root, backend_kinds[i].key));
	doc->f.backends = pb_arena_array(&doc->arena, count, sizeof *doc->f.backends);
	for (size_t i = 0; i < SL_COUNT(backend_kinds); i++) {
		const struct pb_node *map = pb_get(doc->f.root, backend_kinds[i].key);

		for (const struct pb_node *n = count_maps(map) ? map->first : NULL; n;
		     n = n->next) {
			struct inv_backend *b = &doc->f.backends[doc->f.backend_count++];

			b->kind = backend_kinds[i].kind;
			b->name = n->key;
			b->at = n->key_at;
			b->type = read_word(r, n, NULL, "type", &b->type_at);
			b->settings = n;
		}
	}
}

static void read_document(struct inv_doc *doc)
{
	struct pb_reader r = {.arena = &doc->arena};
	struct schema_check c = {.d = doc->d, .arena = &doc->arena};
	const struct pb_node *environment = pb_get(doc->f.root, "environment");

	schema_check_map(&c, &schema_inventory, doc->f.root);
	schema_visit_later(&schema_inventory, doc->f.root, add_later, doc);
	doc->f.ssh = read_ssh(doc, &r, pb_get(doc->f.root, "ssh"));
	doc->f.environment = read_word(&r, environment, NULL, "name", NULL);
	doc->f.production = read_bool(&r, environment, NULL, "production");
	read_groups(doc, &r);
	read_hosts(doc, &r);
	read_backends(doc, &r);
	inv_doc_check(doc);
}

static struct inventory_file *load(const char *path, const char *text, size_t len, struct diags *d)
{
	struct inv_doc *doc = sl_alloc(sizeof *doc);
	size_t before = diags_errors(d);

	doc->d = d;
	doc->f.path = pb_arena_strdup(&doc->arena, path);
	doc->f.folder = pb_source_folder(&doc->arena, path);
	doc->tree = pb_tree_parse(path, text, len, d);
	if (doc->tree) {
		doc->f.text = pb_arena_strndup(&doc->arena, text, len);
		doc->f.root = pb_tree_root(doc->tree);
		if (pb_kind_is(doc->f.root, "inventory", d, doc->f.root->at.file))
			read_document(doc);
	}
	doc->d = NULL;
	if (diags_errors(d) == before)
		return &doc->f;
	inventory_free(&doc->f);
	return NULL;
}

struct inventory_file *inventory_load(const char *path, struct diags *d)
{
	struct inventory_file *f;
	size_t len;
	struct diag_at whole = {.file = diags_add_source(d, path, "", 0)};
	char *text = pb_source_read(path, NULL, &len, d, whole);

	if (!text)
		return NULL;
	f = load(path, text, len, d);
	free(text);
	return f;
}

struct inventory_file *inventory_load_text(const char *path, const char *text, struct diags *d)
{
	return load(path, text, strlen(text), d);
}

bool inventory_names_hosts(const struct inventory_file *f)
{
	return f->group_count || f->host_count;
}

void inventory_free(struct inventory_file *f)
{
	struct inv_doc *doc = (struct inv_doc *)f;

	if (!f)
		return;
	free(f->later);
	pb_tree_free(doc->tree);
	pb_arena_release(&doc->arena);
	free(doc);
}
