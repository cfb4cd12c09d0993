/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, read by the two tables. Options may stand anywhere. */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define VARS_FILE_MAX (1u << 20)
#define WEIGHT_MAX    1000000
#define LONG_BASE     1000 /* getopt's values of long options: LONG_BASE + id */

struct parser {
	struct cli *c;
	const struct command *likely; /* the first word, when it names one */
	struct option longs[OPT_COUNT + 1];
	char shorts[2 * OPT_COUNT + 2];
	const char *vars_files[64];
	size_t vars_file_count;
	const char *sets[1024];
	size_t set_count;
};

static void build_getopt(struct parser *p)
{
	size_t n = 0;
	int id;
	char letter;

	p->shorts[n++] = ':';
	for (id = 0; id < OPT_COUNT; id++) {
		const struct option_row *row = &option_rows[id];

		p->longs[id] =
			(struct option){.name = row->name,
					.has_arg = row->arg ? required_argument : no_argument,
					.val = LONG_BASE + id};
		letter = option_letter(p->likely, (enum option_id)id);
		if (!letter)
			continue;
		p->shorts[n++] = letter;
		if (row->arg)
			p->shorts[n++] = ':';
	}
	p->shorts[n] = '\0';
}

static int option_of(const struct parser *p, int value)
{
	int id;

	if (value >= LONG_BASE)
		return value - LONG_BASE;
	for (id = 0; id < OPT_COUNT; id++)
		if (value && option_letter(p->likely, (enum option_id)id) == value)
			return id;
	return -1;
}

static int parse_output(struct cli *c, const char *text)
{
	static const char *const names[] = {[OUTPUT_TABLE] = "table",
					    [OUTPUT_WIDE] = "wide",
					    [OUTPUT_JSON] = "json",
					    [OUTPUT_CSV] = "csv",
					    [OUTPUT_NDJSON] = "ndjson"};
	const char *near;
	char clean[80];
	size_t i;

	for (i = 0; i < SL_COUNT(names); i++) {
		if (!strcmp(names[i], text)) {
			c->output = (enum cli_output)i;
			return RUN_DONE;
		}
	}
	near = sl_text_nearest(text, names, SL_COUNT(names));
	sl_text_clean(clean, sizeof clean, text, strlen(text), false);
	cli_error("-o takes table, wide or json (get also csv, ndjson), not '%s'%s%s%s", clean,
		  near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return RUN_INPUT;
}

static int take_list(const char **items, size_t *count, size_t max, const char *value,
		     const char *name)
{
	if (*count == max) {
		cli_error("--%s was given more than %zu times", name, max);
		return RUN_INPUT;
	}
	items[(*count)++] = value;
	return RUN_DONE;
}

static int take_weight(struct cli *c, const char *value)
{
	if (sl_count_parse(value, 0, WEIGHT_MAX, &c->weight))
		return RUN_DONE;
	cli_error("--weight takes a whole number from 0 to %d", WEIGHT_MAX);
	return RUN_INPUT;
}

static int take_label(struct cli *c, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals || equals == value) {
		cli_error("--label takes NAME=VALUE, not '%.80s'", value);
		return RUN_INPUT;
	}
	return take_list(c->labels, &c->label_count, SL_COUNT(c->labels), value, "label");
}

static int take_fd(struct cli *c, const char *value)
{
	int64_t fd;

	if (!sl_count_parse(value, 3, 1023, &fd)) {
		cli_error("--started-fd takes the number of an open file");
		return RUN_INPUT;
	}
	c->started_fd = (int)fd;
	return RUN_DONE;
}

static int take_lines(struct cli *c, const char *value)
{
	int64_t n;

	if (!sl_count_parse(value, 1, 10000, &n)) {
		cli_error("--lines takes a number from 1 to 10000, not '%s'", value);
		return RUN_INPUT;
	}
	c->lines = (unsigned)n;
	return RUN_DONE;
}

/* Options that are kept as they are: a text, or that it was given. */
static const size_t texts[OPT_COUNT] = {
	[OPT_INVENTORY] = offsetof(struct cli, inventory),
	[OPT_LIMIT] = offsetof(struct cli, limit),
	[OPT_REASON] = offsetof(struct cli, reason),
	[OPT_OUT] = offsetof(struct cli, out),
	[OPT_FILTER] = offsetof(struct cli, filter),
	[OPT_SORT] = offsetof(struct cli, sort),
	[OPT_SOURCE] = offsetof(struct cli, source),
	[OPT_FROM] = offsetof(struct cli, older),
	[OPT_TO] = offsetof(struct cli, newer),
	[OPT_VALUE_FILE] = offsetof(struct cli, value_file),
	[OPT_REVISION] = offsetof(struct cli, revision),
	[OPT_EXPECT] = offsetof(struct cli, expect),
	[OPT_TYPE] = offsetof(struct cli, type),
};

static const size_t flags[OPT_COUNT] = {
	[OPT_CREATE] = offsetof(struct cli, create),
	[OPT_ENABLE] = offsetof(struct cli, enable),
	[OPT_DISABLE] = offsetof(struct cli, disable),
	[OPT_NO_CHECK] = offsetof(struct cli, no_check),
	[OPT_FOLLOW] = offsetof(struct cli, follow),
	[OPT_FORCE] = offsetof(struct cli, force),
	[OPT_YES] = offsetof(struct cli, yes),
	[OPT_WAIT] = offsetof(struct cli, wait),
	[OPT_TAKE_OVER] = offsetof(struct cli, take_over),
	[OPT_KEEP] = offsetof(struct cli, keep),
	[OPT_NO_COLOR] = offsetof(struct cli, no_color),
};

static bool take_plain(struct cli *c, enum option_id id, const char *value)
{
	if (texts[id])
		*(const char **)((char *)c + texts[id]) = value;
	if (flags[id])
		*(bool *)((char *)c + flags[id]) = true;
	return texts[id] || flags[id];
}

static int take_option(struct parser *p, enum option_id id, const char *value)
{
	struct cli *c = p->c;

	c->given |= OPT_BIT(id);
	if (take_plain(c, id, value))
		return RUN_DONE;
	switch (id) {
	case OPT_LABEL:
		return take_label(c, value);
	case OPT_LINES:
		return take_lines(c, value);
	case OPT_SET:
		return take_list(p->sets, &p->set_count, SL_COUNT(p->sets), value, "set");
	case OPT_VARS_FILE:
		return take_list(p->vars_files, &p->vars_file_count, SL_COUNT(p->vars_files), value,
				 "vars-file");
	case OPT_OUTPUT:
		return parse_output(c, value);
	case OPT_STARTED_FD:
		return take_fd(c, value);
	case OPT_WEIGHT:
		return take_weight(c, value);
	case OPT_DETACH:
		c->detach = c->wait = true;
		break;
	case OPT_VERBOSE:
		c->verbose++;
		break;
	default: /* help and version were taken before */
		break;
	}
	return RUN_DONE;
}

static int unknown_option(const char *arg)
{
	const char *names[OPT_COUNT], *near;
	char clean[80], plain[80];
	size_t n = 0, len;
	int id;

	sl_text_clean(clean, sizeof clean, arg, strlen(arg), false);
	if (strncmp(arg, "--", 2) != 0) {
		cli_error("unknown option '%s'; see `sluice help`", clean);
		return RUN_INPUT;
	}
	len = strcspn(clean + 2, "=");
	snprintf(plain, sizeof plain, "%.*s", (int)len, clean + 2);
	for (id = 0; id < OPT_COUNT; id++)
		if (option_rows[id].help)
			names[n++] = option_rows[id].name;
	near = sl_text_nearest(plain, names, n);
	if (near)
		cli_error("unknown option '--%s' (did you mean '--%s'?)", plain, near);
	else
		cli_error("unknown option '--%s'; see `sluice help`", plain);
	return RUN_INPUT;
}

/* getopt leaves the letter of a bad short option in optopt, and a long one just before optind. */
static int bad_option(const struct parser *p, int how, char **argv)
{
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *arg = optopt && optopt < LONG_BASE ? letter : argv[optind - 1];
	int id = optopt ? option_of(p, optopt) : -1;

	if (how == ':' && id >= 0) {
		cli_error("--%s needs %s", option_rows[id].name, option_rows[id].arg);
		return RUN_INPUT;
	}
	if (id >= 0 && !option_rows[id].arg && optopt >= LONG_BASE) {
		cli_error("--%s takes no value", option_rows[id].name);
		return RUN_INPUT;
	}
	return unknown_option(arg);
}

static int read_options(struct parser *p, int argc, char **argv)
{
	int value, rc = RUN_DONE;

	optind = 0; /* glibc: start over, whatever was parsed before */
	opterr = 0;
	while (!rc && (value = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			rc = bad_option(p, value, argv);
		else
			rc = take_option(p, (enum option_id)option_of(p, value), optarg);
	}
	return rc;
}

static int unknown_command(const char *name)
{
	const char *names[64], *near;
	char clean[64];
	size_t i;

	for (i = 0; i < command_count && i < SL_COUNT(names); i++)
		names[i] = commands[i].name;
	near = sl_text_nearest(name, names, i);
	sl_text_clean(clean, sizeof clean, name, strlen(name), false);
	if (near)
		cli_error("unknown command '%s' (did you mean '%s'?)", clean, near);
	else
		cli_error("unknown command '%s'; see `sluice help`", clean);
	return RUN_INPUT;
}

static int check_options(const struct cli *c)
{
	int id;

	for (id = 0; id < OPT_COUNT; id++) {
		if (!(c->given & OPT_BIT(id)) || command_takes(c->command, (enum option_id)id))
			continue;
		cli_error("`sluice %s` takes no --%s; see `sluice help %s`", c->command->name,
			  option_rows[id].name, c->command->name);
		return RUN_INPUT;
	}
	if (c->output > OUTPUT_JSON && !command_takes(c->command, OPT_FILTER)) {
		cli_error(
			"csv and ndjson are for `sluice get`; `sluice %s -o` takes table, wide or "
			"json",
			c->command->name);
		return RUN_INPUT;
	}
	if (c->take_over && (!c->reason || !*c->reason)) {
		cli_error("--take-over needs --reason TEXT");
		return RUN_INPUT;
	}
	return RUN_DONE;
}

static int check_args(const struct cli *c)
{
	if (c->arg_count < c->command->min_args) {
		cli_error("`sluice %s` needs %s", c->command->name, c->command->usage);
		return RUN_INPUT;
	}
	if (c->arg_count > c->command->max_args) {
		char clean[80];
		const char *extra = c->args[c->command->max_args];

		sl_text_clean(clean, sizeof clean, extra, strlen(extra), false);
		cli_error("`sluice %s`: '%s' is one argument too many", c->command->name, clean);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

static void add_set(struct cli *c, const char *name, size_t len, const char *value,
		    const char *origin)
{
	SL_GROW(c->sets, c->set_count, c->set_cap);
	c->sets[c->set_count++] = (struct pb_set){
		.name = sl_strndup(name, len), .value = sl_strdup(value), .origin = origin};
}

static int add_nodes(struct cli *c, const struct pb_node *root, const char *path, struct diags *d)
{
	const struct pb_node *n;

	if (root->type != PB_MAP) {
		diags_error(d, root->at, "a vars file is one map of names to values");
		return RUN_INPUT;
	}
	for (n = root->first; n; n = n->next) {
		if (n->type != PB_SCALAR || !n->text)
			diags_error(d, n->at, "the value of '%s' must be one text or number",
				    n->key);
		else
			add_set(c, n->key, strlen(n->key), n->text, path);
	}
	return diags_errors(d) ? RUN_INPUT : RUN_DONE;
}

static char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text;

	if (!f)
		return NULL;
	text = sl_alloc(VARS_FILE_MAX + 2);
	*len = fread(text, 1, VARS_FILE_MAX + 1, f);
	if (ferror(f) || *len > VARS_FILE_MAX) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static int read_vars_file(struct cli *c, const char *path)
{
	struct diags *d;
	struct pb_tree *tree;
	size_t len = 0;
	char *text = read_file(path, &len);
	int rc = RUN_INPUT;

	if (!text) {
		cli_error("--vars-file %s: cannot be read (or is larger than 1 MiB)", path);
		return RUN_INPUT;
	}
	d = diags_new();
	tree = pb_tree_parse(path, text, len, d);
	if (tree && pb_tree_root(tree))
		rc = add_nodes(c, pb_tree_root(tree), path, d);
	diags_print(d, stderr, c->colour_err);
	if (tree)
		pb_tree_free(tree);
	diags_free(d);
	free(text);
	return rc;
}

/* Files first, so that --set, the later one, wins. */
static int collect_sets(struct parser *p)
{
	const char *equals;
	size_t i;

	for (i = 0; i < p->vars_file_count; i++)
		if (read_vars_file(p->c, p->vars_files[i]))
			return RUN_INPUT;
	for (i = 0; i < p->set_count; i++) {
		equals = strchr(p->sets[i], '=');
		if (!equals || equals == p->sets[i]) {
			cli_error("--set takes NAME=TEXT, not '%s'", p->sets[i]);
			return RUN_INPUT;
		}
		add_set(p->c, p->sets[i], (size_t)(equals - p->sets[i]), equals + 1, "--set");
	}
	return RUN_DONE;
}

static int choose_command(struct cli *c, int argc, char **argv)
{
	bool named = optind < argc;

	if (c->given & OPT_BIT(OPT_VERSION))
		c->command = command_find("version");
	else if (!named)
		c->command = command_find("help");
	else
		c->command = command_find(argv[optind]);
	if (!c->command)
		return unknown_command(argv[optind]);
	if (!named || (c->given & OPT_BIT(OPT_VERSION)))
		return RUN_DONE;
	c->args = (const char **)&argv[optind + 1];
	c->arg_count = (size_t)(argc - optind - 1);
	return RUN_DONE;
}

int cli_parse(struct cli *c, int argc, char **argv)
{
	struct parser *p = sl_alloc(sizeof *p);
	int rc;

	p->c = c;
	p->likely = argc > 1 ? command_find(argv[1]) : NULL;
	build_getopt(p);
	rc = read_options(p, argc, argv);
	if (!rc)
		rc = choose_command(c, argc, argv);
	if (!rc && !(c->given & OPT_BIT(OPT_HELP))) {
		rc = check_options(c);
		if (!rc)
			rc = check_args(c);
		if (!rc)
			rc = collect_sets(p);
	}
	free(p);
	return rc;
}

void cli_release(struct cli *c)
{
	size_t i;

	for (i = 0; i < c->set_count; i++) {
		free((char *)c->sets[i].name);
		free((char *)c->sets[i].value);
	}
	free(c->sets);
	free(c->who);
	free(c->from);
}
