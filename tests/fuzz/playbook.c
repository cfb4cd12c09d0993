// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a playbook and as an inventory: no crash, no leak, no hang, and nothing printed that
 * could steer a terminal. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/playbook.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#ifndef SLUICE_LIBFUZZER
/* Pieces that matter to the language, put in or over at random. */
static const char *const pieces[] = {
	"$(",      "$(version)", "{ ",       " }",         "[",       "]",         ": ",
	"- ",      "\n",         "\t",       "\"",         "'",       "&a ",       "*a",
	"\xFF",    "\x1b[",      "100%",     "0%",         "-1",      "999999999", "s[1:9]",
	"\n---\n", "!!str ",     "null",     "setTraffic", "upgrade", "analysis",  "#",
	"|\n",     "? ",         "steps:\n", "  ",
};
#endif

#include "tests/fuzz/replay.h"

static void check_words(struct diags *d)
{
	char *said = diags_text(d), *json;
	cJSON *j = diags_json(d);

	for (char *line = said, *end; (end = strchr(line, '\n')); line = end + 1)
		if (!sl_text_is_clean(line, (size_t)(end - line)))
			abort();
	json = sl_json_print(j);
	free(json);
	cJSON_Delete(j);
	free(said);
}

/* The text is the playbook, and every file that it can name. */
static struct playbook *load_playbook(const char *text, struct diags *d)
{
	static const char *const names[] = {"p.yaml", "common.yaml", "golden.yaml", "slo.yaml"};
	const struct pb_set set = {"version", "1.0", "--set"};
	cJSON *texts = cJSON_CreateObject();
	struct playbook *p;

	for (size_t i = 0; i < SL_COUNT(names); i++)
		sl_json_add_str(texts, names[i], text);
	p = playbook_load_texts("p.yaml", texts, &set, 1, d);
	cJSON_Delete(texts);
	return p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char small[] = "sluice: 1\nkind: inventory\n"
				    "groups: { shop: { hosts: [\"s[1:3]\"] } }\n"
				    "routers: { edge: { type: haproxy } }\n";
	char *text = sl_strndup((const char *)data, size);
	struct diags *d = diags_new();
	struct playbook *p = load_playbook(text, d);
	struct inventory_file *f = inventory_load_text("i.yaml", text, d);
	struct inventory_file *known = inventory_load_text("k.yaml", small, d);
	struct pb_tree *tree = pb_tree_parse("t.yaml", (const char *)data, size, d);

	if (p)
		playbook_check_references(p, known, NULL, NULL, d);
	check_words(d);
	pb_tree_free(tree);
	playbook_free(p);
	inventory_free(f);
	inventory_free(known);
	diags_free(d);
	free(text);
	return 0;
}
