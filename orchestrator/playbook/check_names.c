// SPDX-License-Identifier: Apache-2.0
// $(names) where they are used: declared, allowed in this place, and not inside shell quotes.
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/schema_check.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct name_check {
	struct schema_check *c;
	const struct schema_row *row;
	const struct pb_node *node;
	bool command, ok;
};

static size_t count_chars(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xC0) != 0x80;
	return n;
}

/* The place of a part of a scalar; of all of it when it was not written as it reads. */
static struct diag_at part_at(const struct pb_node *n, size_t offset, size_t len)
{
	struct diag_at at = n->at;
	size_t quote = n->quoted ? 1 : 0;

	if (at.length != count_chars(n->text, strlen(n->text)) + 2 * quote)
		return at;
	at.column += (unsigned)(quote + count_chars(n->text, offset));
	at.length = (unsigned)len;
	return at;
}

/* Is the byte at `offset` of a command for sh inside quotes? */
static bool is_quoted(const char *s, size_t offset)
{
	char quote = 0;

	for (size_t i = 0; i < offset && s[i]; i++) {
		if (s[i] == '\\' && quote != '\'' && s[i + 1])
			i++;
		else if (quote)
			quote = s[i] == quote ? 0 : quote;
		else if (s[i] == '\'' || s[i] == '"' || s[i] == '`')
			quote = s[i];
		else if (s[i] == '#' && (!i || strchr(" \t\n;", s[i - 1])))
			i += strcspn(s + i, "\n") - 1;
	}
	return quote != 0;
}

static bool is_builtin(enum schema_scope scope, const char *name)
{
	for (const char *const *n = pb_scope_names(scope); *n; n++)
		if (!strcmp(*n, name))
			return true;
	return scope == SCOPE_SCENARIO && sl_text_starts(name, "random:");
}

static bool is_random_range(const char *name)
{
	const char *p = name + strlen("random:");
	size_t from = strspn(p, "0123456789"), to;

	if (!from || from > 15 || p[from] != '-')
		return false;
	to = strspn(p + from + 1, "0123456789");
	return to && to <= 15 && !p[from + 1 + to] &&
	       strtoll(p, NULL, 10) <= strtoll(p + from + 1, NULL, 10);
}

static const char *near_name(struct name_check *k, const char *name)
{
	const struct pb_values *v = &k->c->values;
	const char *const *builtin = pb_scope_names(k->row->scope);
	const char *names[128];
	size_t count = 0;

	while (*builtin && count < 16)
		names[count++] = *builtin++;
	for (size_t i = 0; i < v->var_count && count < SL_COUNT(names); i++)
		names[count++] = v->vars[i].name;
	return schema_hint(k->c, name, names, count);
}

static void unknown_name(struct name_check *k, const char *name, struct diag_at at)
{
	if (is_builtin(SCOPE_HOST, name) || is_builtin(SCOPE_QUERY, name))
		diags_error(k->c->d, at, "$(%s) has no value in '%s'", name, k->row->key);
	else if (k->row->scope == SCOPE_HOST && k->c->open_name)
		k->c->open_name(k->c->arg, pb_arena_strdup(k->c->arena, name), at);
	else
		diags_error(k->c->d, at, "unknown name $(%s)%s", name, near_name(k, name));
}

static void check_name(struct name_check *k, const char *name, struct diag_at at)
{
	const struct pb_values *v = &k->c->values;
	enum schema_scope scope = k->row->scope;

	if (scope == SCOPE_NONE) {
		diags_error(k->c->d, at, "'%s' must be plain: no $(names) here", k->row->key);
		return;
	}
	if (!k->c->versions && scope == SCOPE_QUERY &&
	    (!strcmp(name, "new") || !strcmp(name, "old"))) {
		diags_error(k->c->d, at, "$(%s) has no value here: this kind has no versions",
			    name);
		return;
	}
	if (scope == SCOPE_SCENARIO && sl_text_starts(name, "random:") && !is_random_range(name)) {
		diags_error(k->c->d, at, "$(%s) is not of the form $(random:1-100)", name);
		return;
	}
	if (!is_builtin(scope, name) && !pb_var_find(v->vars, v->var_count, name, strlen(name)))
		unknown_name(k, name, at);
}

static int visit_name(void *arg, const char *name, size_t len, size_t offset)
{
	struct name_check *k = arg;
	char *copy = pb_arena_strndup(k->c->arena, name, len);
	struct diag_at at = part_at(k->node, offset, len + 3);
	size_t before = diags_errors(k->c->d);

	check_name(k, copy, at);
	if (k->command && is_quoted(k->node->text, offset))
		diags_error(k->c->d, at,
			    "$(%s) stands inside quotes; it is put in as one quoted word, so "
			    "write it without",
			    copy);
	if (diags_errors(k->c->d) != before)
		k->ok = false;
	return 0;
}

bool schema_check_names(struct schema_check *c, const struct schema_row *row,
			const struct pb_node *node, bool command)
{
	struct name_check k = {.c = c, .row = row, .node = node, .command = command, .ok = true};
	size_t bad = 0;

	if (!pb_names_visit(node->text, visit_name, &k, &bad)) {
		diags_error(c->d, part_at(node, bad, 2),
			    "'$(' begins a name like $(version); write '$$(' for a plain one");
		return false;
	}
	return k.ok;
}
