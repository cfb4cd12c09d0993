// SPDX-License-Identifier: Apache-2.0
// `defaults` under services, and what several files define together.
#include <string.h>

#include "orchestrator/playbook/doc.h"

/* These replace each other, so the lower one must not shine through. */
static bool is_replaced(const struct pb_node *over, const char *key)
{
	if (!strcmp(key, "port"))
		return pb_get(over, "ports") != NULL;
	if (!strcmp(key, "ports"))
		return pb_get(over, "port") != NULL;
	return false;
}

static struct pb_node *node_copy(struct pb_arena *a, const struct pb_node *n)
{
	struct pb_node *copy = pb_arena_alloc(a, sizeof *copy);

	*copy = *n;
	copy->next = NULL;
	return copy;
}

const struct pb_node *pb_merge(struct pb_arena *a, const struct pb_node *over,
			       const struct pb_node *under)
{
	struct pb_node *merged, **tail;

	if (!over || !under || over->type != PB_MAP || under->type != PB_MAP)
		return over ? over : under;
	merged = node_copy(a, over);
	merged->first = NULL;
	tail = &merged->first;
	for (const struct pb_node *n = over->first; n; n = n->next) {
		const struct pb_node *below =
			strcmp(n->key, "runtime") ? pb_get(under, n->key) : NULL;

		*tail = node_copy(a, pb_merge(a, n, below));
		tail = &(*tail)->next;
	}
	for (const struct pb_node *n = under->first; n; n = n->next) {
		if (pb_get(over, n->key) || is_replaced(over, n->key))
			continue;
		*tail = node_copy(a, n);
		tail = &(*tail)->next;
	}
	return merged;
}

/* The first key that both define, or NULL. Mappings are looked into. */
static const struct pb_node *clash(const struct pb_node *one, const struct pb_node *other,
				   const struct pb_node **there)
{
	for (const struct pb_node *n = one->first; n; n = n->next) {
		const struct pb_node *same = pb_get(other, n->key), *deeper;

		if (!same)
			continue;
		if (n->type == PB_MAP && same->type == PB_MAP && strcmp(n->key, "runtime")) {
			deeper = clash(n, same, there);
			if (deeper)
				return deeper;
			continue;
		}
		*there = same;
		return n;
	}
	return NULL;
}

static void collect_defaults(struct pb_doc *doc, const struct pb_node *defaults)
{
	const struct pb_node *again, *first = NULL;

	if (!defaults || defaults->type != PB_MAP)
		return;
	again = doc->defaults ? clash(defaults, doc->defaults, &first) : NULL;
	if (again) {
		diags_error(doc->d, again->key_at,
			    "'%s' is defined twice in defaults; includes define, never override",
			    again->key);
		diags_note(doc->d, first->key_at, "the other one is here");
	}
	doc->defaults = pb_merge(&doc->arena, doc->defaults, defaults);
}

static void collect_analyses(struct pb_doc *doc, const struct pb_node *analyses)
{
	struct pb_node **tail = &doc->analyses->first;

	while (*tail)
		tail = &(*tail)->next;
	if (!analyses || analyses->type != PB_MAP)
		return;
	for (const struct pb_node *n = analyses->first; n; n = n->next) {
		const struct pb_node *same = pb_get(doc->analyses, n->key);

		if (same) {
			diags_error(doc->d, n->key_at, "analysis '%s' is defined twice", n->key);
			diags_note(doc->d, same->key_at, "the other one is here");
			continue;
		}
		*tail = node_copy(&doc->arena, n);
		tail = &(*tail)->next;
	}
}

void pb_doc_collect(struct pb_doc *doc)
{
	doc->analyses = pb_arena_alloc(&doc->arena, sizeof *doc->analyses);
	doc->analyses->type = PB_MAP;
	for (size_t i = 0; i < doc->include_count; i++) {
		if (!doc->includes[i].root)
			continue;
		collect_defaults(doc, pb_get(doc->includes[i].root, "defaults"));
		collect_analyses(doc, pb_get(doc->includes[i].root, "analyses"));
	}
	collect_defaults(doc, pb_get(doc->p.root, "defaults"));
	collect_analyses(doc, pb_get(doc->p.root, "analyses"));
}
