/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/acting.h"

#include "plugins/sdk/json.h"

int acting_check(const struct cli *c, const char *changes)
{
	if (!c->inventory) {
		cli_error("`sluice %s` changes a %s of an inventory: say -i INVENTORY",
			  c->command->name, changes);
		return RUN_INPUT;
	}
	if (!c->reason || !*c->reason) {
		cli_error("`sluice %s` needs --reason TEXT: it is kept in the journal",
			  c->command->name);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

int acting_open(struct backends *backends, const struct action_ask *ask, struct action **a,
		struct sl_error *e)
{
	int rc = action_open(backends, ask, a, e);

	if (rc)
		cli_error("%s", e->msg);
	return rc;
}

int acting_start(const struct cli *c, struct action *a, struct sl_error *e)
{
	const struct run_options o = {
		.who = c->who, .from = c->from, .reason = c->reason, .terminal = c->terminal};
	int code = action_start(a, c->store, &o, e);

	if (code)
		cli_error("%s", e->msg);
	return code;
}

void acting_add_run(cJSON *doc, const struct action *a, const char *verb)
{
	int64_t number = action_number(a);

	if (number)
		sl_json_add_int(doc, "run", number);
	else
		cJSON_AddNullToObject(doc, "run");
	sl_json_add_str(doc, "verb", verb);
}

void acting_add_outcome(cJSON *doc, const struct action *a, int code)
{
	sl_json_add_str(doc, "outcome", action_number(a) ? action_outcome(a) : "done");
	sl_json_add_int(doc, "exit", code);
}
