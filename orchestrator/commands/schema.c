/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

int command_schema(struct cli *c)
{
	static const char *const kinds[] = {"rollout", "loadTest", "faultDrill", "inventory"};
	const char *kind = c->args[0], *near;
	char *text;
	size_t i;

	for (i = 0; i < SL_COUNT(kinds); i++)
		if (!strcmp(kinds[i], kind))
			break;
	text = i < SL_COUNT(kinds) ? playbook_schema_json(kind) : NULL;
	if (text) {
		puts(text);
		free(text);
		return RUN_DONE;
	}
	near = sl_text_nearest(kind, kinds, SL_COUNT(kinds));
	cli_error("there is no kind '%s'%s%s%s; kinds are rollout, loadTest, faultDrill and "
		  "inventory",
		  kind, near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return RUN_INPUT;
}
