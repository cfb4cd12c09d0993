/* SPDX-License-Identifier: Apache-2.0 */
/* sluice validate: all diagnostics at once, nothing executed, nothing contacted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"

#define HEAD_MAX (1u << 20)

static bool type_known(void *arg, const char *type)
{
	return plugin_host_find(arg, type) != NULL;
}

/* An inventory says so itself: `kind: inventory`. Anything unreadable goes the playbook's way,
 * whose errors say what is wrong. */
static bool is_inventory(const char *path)
{
	FILE *f = fopen(path, "re");
	struct diags *quiet;
	struct pb_tree *tree;
	const struct pb_node *kind = NULL;
	bool yes;
	char *text;
	size_t len;

	if (!f)
		return false;
	text = sl_alloc(HEAD_MAX);
	len = fread(text, 1, HEAD_MAX, f);
	fclose(f);
	quiet = diags_new();
	tree = pb_tree_parse(path, text, len, quiet);
	if (tree && pb_tree_root(tree) && pb_tree_root(tree)->type == PB_MAP)
		kind = pb_get(pb_tree_root(tree), "kind");
	yes = kind && kind->text && !strcmp(kind->text, "inventory");
	if (tree)
		pb_tree_free(tree);
	diags_free(quiet);
	free(text);
	return yes;
}

static void check_playbook(struct cli *c, const char *path, struct diags *d)
{
	struct playbook *p = playbook_load(path, c->sets, c->set_count, true, d);
	struct inventory_file *f = NULL;
	const char *inventory = c->inventory;

	if (!p)
		return;
	if (!inventory)
		inventory = p->inventory ? p->inventory : getenv("SLUICE_INVENTORY");
	if (inventory)
		f = inventory_load(inventory, d);
	if (f)
		playbook_check_references(p, f, type_known, c->plugins, d);
	if (f)
		inventory_free(f);
	playbook_free(p);
}

static int report(struct cli *c, const char *path, struct diags *d)
{
	size_t errors = diags_errors(d), warnings = diags_warnings(d);
	cJSON *doc;
	int rc;

	if (c->output == OUTPUT_JSON) {
		doc = diags_json(d);
		rc = cli_print_json(doc);
		cJSON_Delete(doc);
		return rc ? rc : errors ? RUN_INPUT : RUN_DONE;
	}
	diags_print(d, stderr, c->colour_err);
	if (errors)
		fprintf(stderr, "%s: %zu error%s\n", path, errors, errors == 1 ? "" : "s");
	else if (warnings)
		printf("%s: valid, %zu warning%s\n", path, warnings, warnings == 1 ? "" : "s");
	else
		printf("%s: valid\n", path);
	return errors ? RUN_INPUT : RUN_DONE;
}

int command_validate(struct cli *c)
{
	const char *path = c->args[0];
	struct inventory_file *f;
	struct diags *d;
	int rc = cli_plugins(c);

	if (rc)
		return rc;
	d = diags_new();
	if (is_inventory(path)) {
		f = inventory_load(path, d);
		if (f)
			inventory_free(f);
	} else {
		check_playbook(c, path, d);
	}
	rc = report(c, path, d);
	diags_free(d);
	return rc;
}
