// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/read.h"

#include <string.h>

#include "plugins/sdk/units.h"

static const struct pb_node *scalar(const struct pb_node *map, const char *key)
{
	const struct pb_node *n = pb_get(map, key);

	return n && n->type == PB_SCALAR && n->text ? n : NULL;
}

struct pb_text read_text(const struct pb_node *map, const char *key)
{
	const struct pb_node *n = scalar(map, key);

	return n ? (struct pb_text){.text = n->text, .at = n->at} : (struct pb_text){0};
}

static const char *render(struct pb_reader *r, const struct pb_node *n, bool *open)
{
	return pb_values_render(r->arena, &r->values, n->text, open);
}

/* The value as text, the default when it is not given or not known yet. */
static const char *value(struct pb_reader *r, const struct pb_node *map,
			 const struct schema_shape *shape, const char *key,
			 const struct pb_node **given)
{
	const struct pb_node *n = scalar(map, key);
	const char *fallback = shape ? schema_fallback(shape, key) : NULL, *text;
	bool open;

	*given = NULL;
	if (!n)
		return fallback;
	text = render(r, n, &open);
	if (open)
		return fallback;
	*given = n;
	return text;
}

const char *read_word(struct pb_reader *r, const struct pb_node *map,
		      const struct schema_shape *shape, const char *key, struct diag_at *at)
{
	const struct pb_node *n = scalar(map, key);
	bool open;

	if (at)
		*at = n ? n->at : (struct diag_at){0};
	if (n)
		return render(r, n, &open);
	return shape ? schema_fallback(shape, key) : NULL;
}

bool read_bool(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
	       const char *key)
{
	const struct pb_node *given;
	const char *text = value(r, map, shape, key, &given);

	return text && !strcmp(text, "true");
}

int64_t read_count(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
		   const char *key)
{
	const struct pb_node *given;
	const char *text = value(r, map, shape, key, &given);
	const char *fallback = schema_fallback(shape, key);
	int64_t n = 0;

	if (text && sl_count_parse(text, 0, INT32_MAX, &n))
		return n;
	if (fallback)
		sl_count_parse(fallback, 0, INT32_MAX, &n);
	return n;
}

double read_share(struct pb_reader *r, const struct pb_node *map, const struct schema_shape *shape,
		  const char *key)
{
	const struct pb_node *given;
	const char *text = value(r, map, shape, key, &given);
	const char *fallback = schema_fallback(shape, key);
	double share = 0;

	if (text && sl_share_parse(text, &share))
		return share;
	if (fallback)
		sl_share_parse(fallback, &share);
	return share;
}

struct pb_duration read_duration(struct pb_reader *r, const struct pb_node *map,
				 const struct schema_shape *shape, const char *key)
{
	const struct pb_node *given;
	const char *text = value(r, map, shape, key, &given);
	const char *fallback = schema_fallback(shape, key);
	struct pb_duration d = {0};

	if (text && given && sl_duration_parse(text, &d.ms))
		return (struct pb_duration){.given = true, .ms = d.ms, .at = given->at};
	if (fallback)
		sl_duration_parse(fallback, &d.ms);
	return d;
}

static bool parse_amount(const char *text, struct pb_amount *a)
{
	if (sl_count_parse(text, 1, INT32_MAX, &a->count)) {
		a->is_share = false;
		return true;
	}
	a->is_share = sl_share_parse(text, &a->share);
	return a->is_share;
}

struct pb_amount read_amount(struct pb_reader *r, const struct pb_node *map,
			     const struct schema_shape *shape, const char *key)
{
	const struct pb_node *given;
	const char *text = value(r, map, shape, key, &given);
	const char *fallback = schema_fallback(shape, key);
	struct pb_amount a = {0};

	if (text && given && parse_amount(text, &a)) {
		a.given = true;
		a.at = given->at;
		return a;
	}
	a = (struct pb_amount){0};
	if (fallback)
		parse_amount(fallback, &a);
	return a;
}

struct pb_strings read_strings(struct pb_reader *r, const struct pb_node *map, const char *key)
{
	const struct pb_node *n = pb_get(map, key);
	struct pb_strings s = {0};
	size_t count = n ? (n->type == PB_SCALAR ? 1 : pb_count(n)) : 0;
	bool open;

	if (!count || n->type == PB_MAP)
		return s;
	s.items = pb_arena_array(r->arena, count + 1, sizeof *s.items);
	s.at = pb_arena_array(r->arena, count, sizeof *s.at);
	for (n = n->type == PB_SCALAR ? n : n->first; n && s.count < count; n = n->next) {
		if (n->type != PB_SCALAR || !n->text)
			continue;
		s.items[s.count] = render(r, n, &open);
		s.at[s.count++] = n->at;
	}
	return s;
}

struct pb_pairs read_pairs(struct pb_reader *r, const struct pb_node *map, const char *key)
{
	const struct pb_node *n = pb_get(map, key);
	struct pb_pairs p = {0};

	if (!n || n->type != PB_MAP)
		return p;
	p.items = pb_arena_array(r->arena, pb_count(n), sizeof *p.items);
	for (n = n->first; n; n = n->next)
		if (n->type == PB_SCALAR && n->text)
			p.items[p.count++] = (struct pb_pair){
				.name = n->key, .value = {.text = n->text, .at = n->at}};
	return p;
}

struct pb_command read_command(struct pb_reader *r, const struct pb_node *map, const char *key)
{
	const struct pb_node *n = pb_get(map, key);
	struct pb_command c = {0};
	size_t count = 0;

	if (!n || n->type == PB_MAP || (n->type == PB_SCALAR && !n->text))
		return c;
	c.at = pb_place(n);
	if (n->type == PB_SCALAR) {
		c.at = n->at;
		c.shell = n->text;
		return c;
	}
	c.argv = pb_arena_array(r->arena, pb_count(n) + 1, sizeof *c.argv);
	for (n = n->first; n; n = n->next)
		if (n->type == PB_SCALAR && n->text)
			c.argv[count++] = n->text;
	return c;
}

static int is_instance(void *arg, const char *name, size_t len, size_t offset)
{
	bool *found = arg;

	(void)offset;
	if (len == 8 && !memcmp(name, "instance", 8))
		*found = true;
	return *found;
}

static bool names_instance(const struct pb_command *c)
{
	bool found = false;

	if (c->shell)
		pb_names_visit(c->shell, is_instance, &found, NULL);
	for (const char **a = c->argv; a && *a && !found; a++)
		pb_names_visit(*a, is_instance, &found, NULL);
	return found;
}

/* Without `hosts`, a command runs on all. */
static struct pb_strings run_hosts(struct pb_reader *r, const struct pb_node *node)
{
	struct pb_strings hosts = read_strings(r, node, "hosts");

	if (hosts.count)
		return hosts;
	hosts.items = pb_arena_array(r->arena, 2, sizeof *hosts.items);
	hosts.at = pb_arena_array(r->arena, 1, sizeof *hosts.at);
	hosts.items[0] = schema_fallback(&schema_run, "hosts");
	hosts.at[0] = node->at;
	hosts.count = 1;
	return hosts;
}

struct pb_run read_run(struct pb_reader *r, const struct pb_node *node)
{
	struct pb_run run = {
		.name = read_word(r, node, NULL, "name", NULL),
		.at = pb_place(node),
		.command = read_command(r, node, "command"),
		.undo = read_command(r, node, "undo"),
		.check = read_command(r, node, "check"),
		.hosts = run_hosts(r, node),
		.repeatable = read_bool(r, node, &schema_run, "repeatable"),
		.timeout = read_duration(r, node, &schema_run, "timeout"),
	};

	run.per_instance = names_instance(&run.command);
	return run;
}
