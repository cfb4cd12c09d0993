// SPDX-License-Identifier: Apache-2.0
// The checker: one function for each form a value can have.
#include "orchestrator/playbook/schema_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static void check_value(struct schema_check *c, const struct schema_row *row,
			const struct pb_node *node);

/* --- words --- */

const char *schema_hint(struct schema_check *c, const char *given, const char *const *names,
			size_t count)
{
	const char *near = pb_near(given, names, count);

	return near ? pb_arena_printf(c->arena, " (did you mean '%s'?)", near) : "";
}

static size_t path_push(struct schema_check *c, const char *key)
{
	size_t len = strlen(c->path);

	snprintf(c->path + len, sizeof c->path - len, "%s%s", len ? "." : "", key);
	return len;
}

static void path_pop(struct schema_check *c, size_t len)
{
	c->path[len] = '\0';
}

/* " in strategy.canary", "" at the top */
static const char *where(struct schema_check *c)
{
	return c->path[0] ? pb_arena_printf(c->arena, " in %s", c->path) : "";
}

static const char *label(const struct schema_row *row, const struct pb_node *node)
{
	return node->key ? node->key : row->key;
}

/* "idle or abort" */
static const char *words_list(struct schema_check *c, const char *words)
{
	char *text = pb_arena_strdup(c->arena, "");

	while (*words) {
		size_t n = strcspn(words, " ");
		const char *rest = words + n + (words[n] == ' ');
		const char *glue = !*text ? "" : *rest ? ", " : " or ";

		text = pb_arena_printf(c->arena, "%s%s%.*s", text, glue, (int)n, words);
		words = rest;
	}
	return text;
}

static const char *words_hint(struct schema_check *c, const char *words, const char *given)
{
	const char *names[32];
	size_t count = 0;
	char *copy = pb_arena_strdup(c->arena, words), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w && count < SL_COUNT(names);
	     w = strtok_r(NULL, " ", &save))
		names[count++] = w;
	return schema_hint(c, given, names, count);
}

static const char *wanted(struct schema_check *c, const struct schema_row *row,
			  enum schema_type type)
{
	if (type == SCHEMA_ENUM)
		return words_list(c, row->words);
	if (type == SCHEMA_COUNT && (row->min || row->max))
		return row->max ? pb_arena_printf(c->arena, "a count from %lld to %lld",
						  (long long)row->min, (long long)row->max)
				: pb_arena_printf(c->arena, "a count, at least %lld",
						  (long long)row->min);
	return schema_type_words(type);
}

static void wrong_form(struct schema_check *c, const struct schema_row *row, enum schema_type type,
		       const struct pb_node *node)
{
	static const char *const forms[] = {
		[PB_SCALAR] = "a text", [PB_MAP] = "a mapping", [PB_LIST] = "a list"};
	struct diag_at at = node->type == PB_SCALAR ? node->at : pb_place(node);

	if (node->type == PB_SCALAR && !node->text)
		diags_error(c->d, pb_place(node), "'%s' is empty; it takes %s", label(row, node),
			    wanted(c, row, type));
	else if (node->type == PB_SCALAR)
		diags_error(c->d, at, "'%s' takes %s, not '%s'", label(row, node),
			    wanted(c, row, type), node->text);
	else
		diags_error(c->d, at, "'%s' takes %s, not %s", label(row, node),
			    wanted(c, row, type), forms[node->type]);
}

/* --- scalars --- */

static void wrong_value(struct schema_check *c, const struct schema_row *row, enum schema_type type,
			const struct pb_node *node, const char *text)
{
	const char *hint = type == SCHEMA_ENUM ? words_hint(c, row->words, text) : "";
	const char *from = text == node->text ? "" : " (from ";

	diags_error(c->d, node->at, "'%s' takes %s, not '%.200s'%s%s%s%s", label(row, node),
		    wanted(c, row, type), text, hint, from, *from ? node->text : "",
		    *from ? ")" : "");
}

static void check_scalar(struct schema_check *c, const struct schema_row *row,
			 enum schema_type type, const struct pb_node *node)
{
	const char *text;
	bool open;

	if (node->type != PB_SCALAR || !node->text) {
		wrong_form(c, row, type, node);
		return;
	}
	if (!schema_check_names(c, row, node, false))
		return;
	text = pb_values_render(c->arena, &c->values, node->text, &open);
	if (!open && !schema_value_ok(row, type, text))
		wrong_value(c, row, type, node, text);
}

static void check_command(struct schema_check *c, const struct schema_row *row,
			  const struct pb_node *node)
{
	const struct pb_node *n;

	if (node->type == PB_SCALAR && node->text && *node->text) {
		schema_check_names(c, row, node, true);
		return;
	}
	if (node->type != PB_LIST) {
		wrong_form(c, row, SCHEMA_COMMAND, node);
		return;
	}
	if (!node->first)
		diags_error(c->d, pb_place(node), "'%s' is empty; it takes %s", label(row, node),
			    schema_type_words(SCHEMA_COMMAND));
	for (n = node->first; n; n = n->next) {
		if (n->type != PB_SCALAR || !n->text)
			wrong_form(c, row, SCHEMA_TEXT, n);
		else
			schema_check_names(c, row, n, false);
	}
}

/* --- lists and mappings of scalars --- */

static void check_nonempty(struct schema_check *c, const struct schema_row *row,
			   const struct pb_node *node)
{
	if ((row->flags & SCHEMA_NONEMPTY) && node->type != PB_SCALAR && !node->first)
		diags_error(c->d, pb_place(node), "'%s' is empty; it takes at least one entry",
			    label(row, node));
}

static void check_items(struct schema_check *c, const struct schema_row *row, enum schema_type each,
			const struct pb_node *node)
{
	if (node->type == PB_MAP) {
		wrong_form(c, row, row->type, node);
		return;
	}
	check_nonempty(c, row, node);
	if (node->type == PB_SCALAR)
		check_scalar(c, row, each, node);
	for (const struct pb_node *n = node->first; n; n = n->next)
		check_scalar(c, row, each, n);
}

static void check_pairs(struct schema_check *c, const struct schema_row *row, enum schema_type each,
			const struct pb_node *node)
{
	if (node->type != PB_MAP) {
		wrong_form(c, row, row->type, node);
		return;
	}
	check_nonempty(c, row, node);
	for (const struct pb_node *n = node->first; n; n = n->next)
		check_scalar(c, row, each, n);
}

/* --- mappings of the table --- */

static void unknown_key(struct schema_check *c, const struct schema_shape *shape,
			const struct pb_node *n)
{
	const char **names = sl_alloc_n(shape->count + 1, sizeof *names);

	for (size_t i = 0; i < shape->count; i++)
		names[i] = shape->rows[i].key;
	diags_error(c->d, n->key_at, "unknown key '%s'%s%s", n->key, where(c),
		    schema_hint(c, n->key, names, shape->count));
	free(names);
}

static void check_one(struct schema_check *c, const struct schema_shape *shape,
		      const struct pb_node *node)
{
	const struct pb_node *found = NULL;
	const char *words = "";

	for (const struct pb_node *n = node->first; n; n = n->next) {
		if (!schema_row_find(shape, n->key))
			continue;
		if (found)
			diags_error(c->d, n->key_at, "'%s' beside '%s'%s: exactly one of them",
				    n->key, found->key, where(c));
		else
			found = n;
	}
	if (found || node->first)
		return;
	for (size_t i = 0; i < shape->count; i++)
		words = pb_arena_printf(c->arena, "%s%s%s", words, *words ? " " : "",
					shape->rows[i].key);
	diags_error(c->d, pb_place(node), "nothing%s; it takes %s", where(c), words_list(c, words));
}

/* Where any key may stand, one that nobody knows may be the missing one, misspelt. */
static const char *misspelt(struct schema_check *c, const struct schema_shape *shape,
			    const struct pb_node *node, const char *key)
{
	const struct pb_node *n;

	for (n = node->first; shape->open && n; n = n->next)
		if (!schema_row_find(shape, n->key) && pb_near(n->key, &key, 1))
			return pb_arena_printf(c->arena, " (is '%s' meant to be it?)", n->key);
	return "";
}

static void check_required(struct schema_check *c, const struct schema_shape *shape,
			   const struct pb_node *node, unsigned flag)
{
	for (size_t i = 0; i < shape->count; i++)
		if ((shape->rows[i].flags & flag) && !pb_get(node, shape->rows[i].key))
			diags_error(c->d, pb_place(node), "'%s' is missing%s%s", shape->rows[i].key,
				    where(c), misspelt(c, shape, node, shape->rows[i].key));
}

void schema_check_map(struct schema_check *c, const struct schema_shape *shape,
		      const struct pb_node *node)
{
	for (const struct pb_node *n = node->first; n; n = n->next) {
		const struct schema_row *row = schema_row_find(shape, n->key);
		size_t len;

		if (!row) {
			if (!shape->open)
				unknown_key(c, shape, n);
			continue;
		}
		len = path_push(c, n->key);
		check_value(c, row, n);
		path_pop(c, len);
	}
	if (shape->one)
		check_one(c, shape, node);
	check_required(c, shape, node, SCHEMA_REQUIRED);
}

static void check_entry_name(struct schema_check *c, const struct schema_row *row,
			     const struct pb_node *n)
{
	if (!(row->flags & SCHEMA_HOSTNAMES) && !sl_text_is_name(n->key))
		diags_error(c->d, n->key_at,
			    "'%s' cannot be a name: letters, digits, '.', '_', '+' and '-', at "
			    "most 64",
			    n->key);
}

static void check_named(struct schema_check *c, const struct schema_row *row,
			const struct pb_node *node)
{
	if (node->type != PB_MAP) {
		wrong_form(c, row, row->type, node);
		return;
	}
	check_nonempty(c, row, node);
	for (const struct pb_node *n = node->first; n; n = n->next) {
		size_t len = path_push(c, n->key);

		check_entry_name(c, row, n);
		if (n->type != PB_MAP)
			wrong_form(c, row, SCHEMA_MAP, n);
		else
			schema_check_map(c, row->shape, n);
		path_pop(c, len);
	}
}

static void check_list(struct schema_check *c, const struct schema_row *row,
		       const struct pb_node *node)
{
	if (node->type == PB_MAP && row->map) {
		schema_check_map(c, row->map, node);
		return;
	}
	if (node->type != PB_LIST) {
		wrong_form(c, row, row->type, node);
		return;
	}
	check_nonempty(c, row, node);
	for (const struct pb_node *n = node->first; n; n = n->next) {
		if (n->type == PB_MAP)
			schema_check_map(c, row->shape, n);
		else
			wrong_form(c, row, SCHEMA_MAP, n);
	}
}

static void check_mapping(struct schema_check *c, const struct schema_row *row,
			  const struct pb_node *node)
{
	if (node->type == PB_SCALAR && row->scalar)
		check_scalar(c, row, row->scalar, node);
	else if (node->type == PB_MAP)
		schema_check_map(c, row->shape, node);
	else
		wrong_form(c, row, row->type, node);
}

static void check_value(struct schema_check *c, const struct schema_row *row,
			const struct pb_node *node)
{
	switch (row->type) {
	case SCHEMA_COMMAND:
		check_command(c, row, node);
		break;
	case SCHEMA_TEXTS:
		check_items(c, row, row->words ? SCHEMA_ENUM : SCHEMA_TEXT, node);
		break;
	case SCHEMA_COUNTS:
		check_items(c, row, SCHEMA_COUNT, node);
		break;
	case SCHEMA_PAIRS:
		check_pairs(c, row, SCHEMA_TEXT, node);
		break;
	case SCHEMA_SECRETS:
		check_pairs(c, row, SCHEMA_SECRET, node);
		break;
	case SCHEMA_SHARES:
		check_pairs(c, row, SCHEMA_SHARE, node);
		break;
	case SCHEMA_MAP:
		check_mapping(c, row, node);
		break;
	case SCHEMA_NAMED:
		check_named(c, row, node);
		break;
	case SCHEMA_LIST:
		check_list(c, row, node);
		break;
	case SCHEMA_ANY:
		break;
	default:
		check_scalar(c, row, row->type, node);
	}
}

/* --- other walks along the table --- */

void schema_check_merged(struct schema_check *c, const struct schema_shape *shape,
			 const struct pb_node *node)
{
	check_required(c, shape, node, SCHEMA_MERGED);
	for (const struct pb_node *n = node->first; n; n = n->next) {
		const struct schema_row *row = schema_row_find(shape, n->key);
		size_t len;

		if (!row || row->type != SCHEMA_MAP || n->type != PB_MAP)
			continue;
		len = path_push(c, n->key);
		schema_check_merged(c, row->shape, n);
		path_pop(c, len);
	}
}

static void visit_children(const struct schema_row *row, const struct pb_node *node,
			   void (*visit)(void *arg, struct diag_at at, const char *what), void *arg)
{
	if (row->type == SCHEMA_MAP) {
		schema_visit_later(row->shape, node, visit, arg);
		return;
	}
	if (row->type != SCHEMA_NAMED && row->type != SCHEMA_LIST)
		return;
	for (const struct pb_node *n = node->first; n; n = n->next)
		schema_visit_later(row->shape, n, visit, arg);
}

void schema_visit_later(const struct schema_shape *shape, const struct pb_node *node,
			void (*visit)(void *arg, struct diag_at at, const char *what), void *arg)
{
	if (node->type != PB_MAP)
		return;
	for (const struct pb_node *n = node->first; n; n = n->next) {
		const struct schema_row *row = schema_row_find(shape, n->key);

		if (!row)
			continue;
		if (row->later && (!row->later_word || (n->type == PB_SCALAR && n->text &&
							!strcmp(n->text, row->later_word))))
			visit(arg, n->key_at, row->later);
		visit_children(row, n, visit, arg);
	}
}
