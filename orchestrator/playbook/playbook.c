// SPDX-License-Identifier: Apache-2.0
// Loading a playbook: read, check the shape, merge, type, check the meaning.
#include "orchestrator/playbook/playbook.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/schema_check.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define INCLUDES_MAX 32

static const struct {
	const char *word;
	enum pb_kind kind;
	const struct schema_shape *shape;
} kinds[] = {
	{"rollout", PB_KIND_ROLLOUT, &schema_rollout},
	{"loadTest", PB_KIND_LOAD_TEST, &schema_load_test},
	{"faultDrill", PB_KIND_FAULT_DRILL, &schema_fault_drill},
};

void pb_doc_later(struct pb_doc *doc, struct diag_at at, const char *what)
{
	struct playbook *p = &doc->p;

	for (size_t i = 0; i < p->later_count; i++)
		if (p->later[i].at.file == at.file && p->later[i].at.line == at.line &&
		    p->later[i].at.column == at.column && !strcmp(p->later[i].what, what))
			return;
	SL_GROW(p->later, p->later_count, doc->later_cap);
	p->later[p->later_count++] = (struct pb_later){.at = at, .what = what};
}

static void open_name(void *arg, const char *name, struct diag_at at)
{
	struct pb_doc *doc = arg;

	SL_GROW(doc->open_names, doc->open_count, doc->open_cap);
	doc->open_names[doc->open_count++] = (struct pb_open_name){.name = name, .at = at};
}

/* In the order of the files, so that a refusal lists them as they are read. */
static int later_compare(const void *a, const void *b)
{
	const struct pb_later *x = a, *y = b;

	if (x->at.file != y->at.file)
		return x->at.file < y->at.file ? -1 : 1;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	return x->at.column < y->at.column ? -1 : x->at.column > y->at.column;
}

/* --- files --- */

static void add_source(struct pb_doc *doc, const char *path, const char *text)
{
	struct playbook *p = &doc->p;

	p->sources[p->source_count].path = pb_arena_strdup(&doc->arena, path);
	p->sources[p->source_count++].text = pb_arena_strdup(&doc->arena, text);
}

static struct pb_tree *read_tree(struct pb_doc *doc, const char *path, const cJSON *texts,
				 struct diag_at at)
{
	struct pb_tree *tree;
	size_t len;
	char *text = pb_source_read(path, texts, &len, doc->d, at);

	if (!text)
		return NULL;
	tree = pb_tree_parse(path, text, len, doc->d);
	if (tree)
		add_source(doc, path, text);
	free(text);
	return tree;
}

/* Defaults and analyses; a file with a header is something else. */
static void read_include(struct pb_doc *doc, const struct pb_node *name, const cJSON *texts)
{
	struct pb_include *inc = &doc->includes[doc->include_count];
	char *path = pb_source_path(&doc->arena, doc->p.path, name->text);
	const struct pb_node *root;

	for (size_t i = 0; i < doc->include_count; i++) {
		if (strcmp(doc->includes[i].path, path))
			continue;
		diags_error(doc->d, name->at, "%s is included twice", name->text);
		return;
	}
	inc->path = path;
	doc->include_count++;
	inc->tree = read_tree(doc, path, texts, name->at);
	root = inc->tree ? pb_tree_root(inc->tree) : NULL;
	if (!root)
		return;
	if (root->type == PB_MAP)
		inc->root = root;
	else
		diags_error(doc->d, root->at,
			    "an include file is a mapping with 'defaults' and 'analyses'");
}

static void read_includes(struct pb_doc *doc, const cJSON *texts)
{
	const struct pb_node *list = pb_get(doc->p.root, "include"), *n;
	size_t count = list ? (list->type == PB_SCALAR ? 1 : pb_count(list)) : 0;

	if (count > INCLUDES_MAX) {
		diags_error(doc->d, pb_place(list), "more than %d includes", INCLUDES_MAX);
		return;
	}
	if (!list || list->type == PB_MAP)
		return;
	for (n = list->type == PB_SCALAR ? list : list->first; n && count; n = n->next, count--)
		if (n->type == PB_SCALAR && n->text)
			read_include(doc, n, texts);
}

/* --- the document --- */

static void check_shape(struct pb_doc *doc, const struct schema_shape *shape)
{
	struct schema_check c = {
		.d = doc->d,
		.arena = &doc->arena,
		.values = {.vars = doc->p.vars, .var_count = doc->p.var_count},
		.versions = doc->p.kind == PB_KIND_ROLLOUT,
		.open_name = open_name,
		.arg = doc,
	};

	schema_check_map(&c, shape, doc->p.root);
	for (size_t i = 0; i < doc->include_count; i++)
		if (doc->includes[i].root)
			schema_check_map(&c, &schema_include, doc->includes[i].root);
}

static bool is_digits(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

static void read_header(struct pb_doc *doc)
{
	const struct pb_node *name = pb_get(doc->p.root, "name");
	const struct pb_node *inventory = pb_get(doc->p.root, "inventory");

	if (name && name->type == PB_SCALAR && name->text) {
		doc->p.name = name->text;
		if (is_digits(name->text))
			diags_error(doc->d, name->at,
				    "'name' must not be only digits: numbers are runs");
	}
	if (inventory && inventory->type == PB_SCALAR && inventory->text) {
		doc->p.inventory = pb_source_path(&doc->arena, doc->p.path, inventory->text);
		doc->p.inventory_at = inventory->at;
	}
}

static const struct schema_shape *find_kind(struct pb_doc *doc)
{
	const struct pb_node *kind = pb_get(doc->p.root, "kind");

	for (size_t i = 0; i < SL_COUNT(kinds); i++) {
		if (strcmp(kinds[i].word, kind->text))
			continue;
		doc->p.kind = kinds[i].kind;
		if (i)
			pb_doc_later(doc, kind->at, kinds[i].word);
		return kinds[i].shape;
	}
	return NULL;
}

static void read_document(struct pb_doc *doc, const cJSON *texts, const struct pb_set *sets,
			  size_t set_count)
{
	const struct schema_shape *shape = find_kind(doc);

	if (!shape)
		return;
	read_includes(doc, texts);
	pb_vars_read(doc, sets, set_count);
	check_shape(doc, shape);
	read_header(doc);
	pb_doc_collect(doc);
	pb_doc_read_services(doc);
	if (doc->p.kind == PB_KIND_ROLLOUT) {
		pb_doc_read_strategy(doc);
		pb_doc_check_services(doc);
		pb_doc_check_strategy(doc);
	}
	pb_doc_check_analyses(doc);
	pb_doc_check_kind(doc);
}

static struct playbook *load(const char *path, const cJSON *texts, const struct pb_set *sets,
			     size_t set_count, bool leave_open, struct diags *d)
{
	struct pb_doc *doc = sl_alloc(sizeof *doc);
	size_t before = diags_errors(d);

	doc->d = d;
	doc->leave_open = leave_open;
	doc->p.path = pb_arena_strdup(&doc->arena, path);
	doc->p.folder = pb_source_folder(&doc->arena, path);
	doc->p.sources = pb_arena_array(&doc->arena, INCLUDES_MAX + 1, sizeof *doc->p.sources);
	doc->includes = pb_arena_array(&doc->arena, INCLUDES_MAX + 1, sizeof *doc->includes);
	doc->file = diags_add_source(d, path, "", 0);
	doc->tree = read_tree(doc, path, texts, (struct diag_at){.file = doc->file});
	if (doc->tree) {
		doc->p.root = pb_tree_root(doc->tree);
		doc->file = doc->p.root->at.file;
		if (pb_kind_is(doc->p.root, "playbook", d, doc->file))
			read_document(doc, texts, sets, set_count);
	}
	if (doc->p.later_count)
		qsort(doc->p.later, doc->p.later_count, sizeof *doc->p.later, later_compare);
	doc->d = NULL;
	if (doc->tree && diags_errors(d) == before)
		return &doc->p;
	playbook_free(&doc->p);
	return NULL;
}

struct playbook *playbook_load(const char *path, const struct pb_set *sets, size_t set_count,
			       bool leave_open, struct diags *d)
{
	return load(path, NULL, sets, set_count, leave_open, d);
}

struct playbook *playbook_load_texts(const char *path, const cJSON *texts,
				     const struct pb_set *sets, size_t set_count, struct diags *d)
{
	cJSON *none = texts ? NULL : cJSON_CreateObject();
	struct playbook *p = load(path, texts ? texts : none, sets, set_count, false, d);

	cJSON_Delete(none);
	return p;
}

void playbook_free(struct playbook *p)
{
	struct pb_doc *doc = (struct pb_doc *)p;

	if (!p)
		return;
	free(p->later);
	free(doc->open_names);
	for (size_t i = 0; i < doc->include_count; i++)
		pb_tree_free(doc->includes[i].tree);
	pb_tree_free(doc->tree);
	pb_arena_release(&doc->arena);
	free(doc);
}
