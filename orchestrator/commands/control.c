/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steering a run. With a living controller a verb is a row in the store, and this command is done;
 * without one this process becomes the controller and takes the verb as its first order.
 */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/json.h"

static cJSON *control_args(const struct cli *c, const char *verb, const struct store_run *r)
{
	cJSON *args = cJSON_CreateObject();
	struct run_view v;

	if (c->keep)
		sl_json_add_bool(args, "keep", true);
	/* A promote names the pause it saw, so that it cannot pass a later one. */
	if (!strcmp(verb, "promote") && run_view_load(c, r, &v) == RUN_DONE) {
		sl_json_add_str(args, "step", v.pause_step);
		run_view_release(&v);
	}
	return args;
}

static int print_asked(const struct cli *c, const char *verb, const struct store_run *r, int64_t id)
{
	cJSON *doc;
	int rc;

	if (c->output != OUTPUT_JSON) {
		printf("run %lld (%s): asked its controller (process %lld) to %s\n",
		       (long long)r->number, r->name, (long long)r->controller.pid, verb);
		return RUN_DONE;
	}
	doc = cJSON_CreateObject();
	sl_json_add_int(doc, "run", r->number);
	sl_json_add_str(doc, "verb", verb);
	sl_json_add_int(doc, "id", id);
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

static int send_row(struct cli *c, const char *verb, const struct store_run *r)
{
	cJSON *args = control_args(c, verb, r);
	struct sl_error e = {0};
	int64_t id = 0;
	int rc = store_control_put(c->store, r->number, verb, c->who, c->reason, args, &id, &e);

	cJSON_Delete(args);
	return rc ? cli_fail(&e) : print_asked(c, verb, r, id);
}

int control_verb(struct cli *c, const char *verb, struct store_run *r)
{
	if (store_controller_alive(&r->controller) && !c->take_over)
		return send_row(c, verb, r);
	if (!strcmp(verb, "pause")) {
		cli_error("run %lld (%s) has no living controller: it stands still already",
			  (long long)r->number, r->name);
		return RUN_INPUT;
	}
	if (c->detach)
		return detach_verb(c, verb, r->number);
	return carry_resume(c, r->number, verb);
}
