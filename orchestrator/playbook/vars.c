// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/vars.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/precheck.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define RENDERED_MAX (64 * 1024)

static const char *const no_names[] = {NULL};
static const char *const service_names[] = {"service", "version", NULL};
static const char *const host_names[] = {"service",  "version", "host",    "address", "port",
					 "instance", "run",     "release", NULL};
static const char *const query_names[] = {"service", "version", "old", "new", NULL};
static const char *const scenario_names[] = {"random:", NULL};

const char *const *pb_scope_names(enum schema_scope scope)
{
	switch (scope) {
	case SCOPE_SERVICE:
		return service_names;
	case SCOPE_HOST:
		return host_names;
	case SCOPE_QUERY:
		return query_names;
	case SCOPE_SCENARIO:
		return scenario_names;
	default:
		return no_names;
	}
}

const struct pb_var *pb_var_find(const struct pb_var *vars, size_t count, const char *name,
				 size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(vars[i].name) == len && !memcmp(vars[i].name, name, len))
			return &vars[i];
	return NULL;
}

/* --- reading --- */

/* `version` may be a var: services read it to say what their version is. */
static bool is_builtin(const char *name)
{
	for (const char *const *n = host_names; *n; n++)
		if (!strcmp(*n, name) && strcmp(name, "version"))
			return true;
	return !strcmp(name, "old") || !strcmp(name, "new");
}

static bool is_var_name(const char *s)
{
	if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", s[0]))
		return false;
	return strlen(s) <= 64 &&
	       !s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789-.")];
}

static void check_name(struct pb_doc *doc, const struct pb_node *n)
{
	if (!is_var_name(n->key))
		diags_error(doc->d, n->key_at,
			    "'%s' cannot be the name of a var: letters, digits, '_', '-' and '.', "
			    "a letter first",
			    n->key);
	else if (is_builtin(n->key))
		diags_error(doc->d, n->key_at, "'%s' is a built-in name; choose another", n->key);
}

static void read_declared(struct pb_doc *doc, const struct pb_node *vars)
{
	size_t i = 0;

	if (!vars || vars->type != PB_MAP)
		return;
	doc->p.vars = pb_arena_array(&doc->arena, pb_count(vars), sizeof *doc->p.vars);
	for (const struct pb_node *n = vars->first; n; n = n->next) {
		struct pb_var *v = &doc->p.vars[i++];

		check_name(doc, n);
		v->name = n->key;
		v->at = n->key_at;
		if (n->type == PB_SCALAR && n->text && (n->quoted || strcmp(n->text, "required")))
			v->value = n->text;
	}
	doc->p.var_count = i;
}

static void unknown_set(struct pb_doc *doc, const struct pb_set *set)
{
	const char **names = sl_alloc_n(doc->p.var_count + 1, sizeof *names);
	struct diag_at whole = {.file = doc->file};
	const char *near;

	for (size_t i = 0; i < doc->p.var_count; i++)
		names[i] = doc->p.vars[i].name;
	near = pb_near(set->name, names, doc->p.var_count);
	if (near)
		diags_error(doc->d, whole, "%s: no var is named '%s' (did you mean '%s'?)",
			    set->origin, set->name, near);
	else
		diags_error(doc->d, whole, "%s: no var is named '%s'", set->origin, set->name);
	free(names);
}

void pb_vars_read(struct pb_doc *doc, const struct pb_set *sets, size_t set_count)
{
	read_declared(doc, pb_get(doc->p.root, "vars"));
	for (size_t i = 0; i < set_count; i++) {
		const struct pb_var *found = pb_var_find(doc->p.vars, doc->p.var_count,
							 sets[i].name, strlen(sets[i].name));
		struct pb_var *v = found ? &doc->p.vars[found - doc->p.vars] : NULL;

		if (!v) {
			unknown_set(doc, &sets[i]);
			continue;
		}
		if (pb_has_controls(sets[i].value, strlen(sets[i].value)))
			diags_error(doc->d, v->at, "%s: a control character in the value of '%s'",
				    sets[i].origin, v->name);
		v->value = pb_arena_strdup(&doc->arena, sets[i].value);
		v->set = true;
	}
	for (size_t i = 0; i < doc->p.var_count && !doc->leave_open; i++)
		if (!doc->p.vars[i].value)
			diags_error(doc->d, doc->p.vars[i].at,
				    "var '%s' has no value; give it with --set %s=...",
				    doc->p.vars[i].name, doc->p.vars[i].name);
}

/* --- rendering --- */

struct render {
	const struct pb_values *v;
	const char *text;
	size_t done; /* bytes of text already written */
	struct sl_buf out;
	bool open;
};

static const char *value_of(const struct pb_values *v, const char *name, size_t len)
{
	const struct pb_var *var;

	if (len == 7 && !memcmp(name, "service", 7) && v->service)
		return v->service;
	if (len == 7 && !memcmp(name, "version", 7) && v->version)
		return v->version;
	var = pb_var_find(v->vars, v->var_count, name, len);
	return var ? var->value : NULL;
}

/* Plain text up to `end`, with "$$(" written as "$(". */
static void put_plain(struct render *r, size_t end)
{
	while (r->done < end) {
		const char *p = r->text + r->done;

		if (end - r->done >= 3 && !memcmp(p, "$$(", 3))
			r->done++;
		sl_buf_append(&r->out, r->text + r->done, 1);
		r->done++;
	}
}

static int put_name(void *arg, const char *name, size_t len, size_t offset)
{
	struct render *r = arg;
	const char *value = value_of(r->v, name, len);

	if (!value) {
		r->open = true;
		return 1;
	}
	put_plain(r, offset);
	sl_buf_puts(&r->out, value);
	r->done = offset + len + 3;
	return 0;
}

const char *pb_values_render(struct pb_arena *a, const struct pb_values *v, const char *text,
			     bool *open)
{
	struct render r = {.v = v, .text = text};
	const char *result = text;

	*open = false;
	if (!strstr(text, "$("))
		return text;
	sl_buf_init(&r.out, RENDERED_MAX);
	if (!pb_names_visit(text, put_name, &r, NULL))
		r.open = true;
	*open = r.open;
	if (!r.open) {
		put_plain(&r, strlen(text));
		result = pb_arena_strdup(a, sl_buf_str(&r.out));
	}
	sl_buf_release(&r.out);
	return result;
}
