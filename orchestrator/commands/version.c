/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/plugin.h"

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0"
#endif

int command_version(struct cli *c)
{
	cJSON *doc;
	int rc;

	if (c->output != OUTPUT_JSON) {
		printf("sluice %s (plugin ABI %d)\n", SLUICE_VERSION, SL_PLUGIN_ABI);
		return RUN_DONE;
	}
	doc = cJSON_CreateObject();
	sl_json_add_str(doc, "version", SLUICE_VERSION);
	sl_json_add_int(doc, "pluginAbi", SL_PLUGIN_ABI);
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}
