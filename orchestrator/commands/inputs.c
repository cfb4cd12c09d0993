/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/ask_key.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PLAN_MAX (64u << 20)

/* YAML playbooks never start with a brace unless they are JSON: then the kind decides. */
bool inputs_is_plan_file(const char *path)
{
	FILE *f = fopen(path, "re");
	struct sl_buf text;
	char part[65536];
	size_t n;
	cJSON *doc;
	bool yes;

	if (!f)
		return false;
	sl_buf_init(&text, PLAN_MAX);
	while ((n = fread(part, 1, sizeof part, f)) > 0 && !text.truncated) {
		sl_buf_append(&text, part, n);
		if (sl_buf_str(&text)[strspn(sl_buf_str(&text), " \t\r\n")] != '{')
			break;
	}
	fclose(f);
	doc = sl_json_parse(sl_buf_str(&text), text.len, NULL);
	yes = !strcmp(sl_json_str(doc, "kind", ""), "plan");
	cJSON_Delete(doc);
	sl_buf_release(&text);
	return yes;
}

static int prepare(struct cli *c, char key[65])
{
	struct sl_error e = {0};
	int rc = cli_plugins(c);

	if (!rc && store_key(c->store, key, &e))
		rc = cli_fail(&e);
	return rc;
}

static int report(struct cli *c, const struct run_inputs *in, int rc, const struct sl_error *e)
{
	if (in->diags)
		diags_print(in->diags, stderr, c->colour_err);
	if (rc && e->msg[0])
		cli_error("%s", e->msg);
	return rc;
}

int inputs_from_playbook(struct cli *c, const char *path, struct run_inputs *in)
{
	struct run_load load = {.playbook = path,
				.inventory = c->inventory,
				.sets = c->sets,
				.set_count = c->set_count,
				.limit = c->limit};
	struct sl_error e = {0};
	char key[65];
	int rc;

	memset(in, 0, sizeof *in);
	rc = prepare(c, key);
	if (rc)
		return rc;
	rc = run_inputs_load(&load, c->plugins, key, in, &e);
	return report(c, in, rc, &e);
}

int inputs_from_plan_file(struct cli *c, const char *path, struct run_inputs *in, struct plan *plan)
{
	const unsigned loads = OPT_BIT(OPT_INVENTORY) | OPT_BIT(OPT_SET) | OPT_BIT(OPT_VARS_FILE) |
			       OPT_BIT(OPT_LIMIT);
	struct sl_error e = {0};
	char key[65];
	int rc;

	memset(in, 0, sizeof *in);
	memset(plan, 0, sizeof *plan);
	if (c->given & loads) {
		cli_error("%s is a saved plan: --inventory, --set, --vars-file and --limit were "
			  "settled when it was made",
			  path);
		return RUN_INPUT;
	}
	rc = prepare(c, key);
	if (rc)
		return rc;
	rc = run_plan_file_load(path, c->plugins, key, in, plan, &e);
	return report(c, in, rc, &e);
}

int inputs_plan(struct cli *c, struct run_inputs *in, struct plan *plan, struct sl_buf *print,
		bool colour)
{
	struct ask_key *asker = c->terminal && !c->yes ? ask_key_open() : NULL;
	struct sl_error e = {0};
	int rc;

	in->asker = ask_key_asker(asker);
	rc = run_plan(in, c->plugins, plan, print, colour, c->output == OUTPUT_WIDE, &e);
	in->asker = NULL;
	ask_key_close(asker);
	if (rc && e.msg[0])
		cli_error("%s", e.msg);
	return rc;
}
