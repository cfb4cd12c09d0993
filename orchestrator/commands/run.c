/* SPDX-License-Identifier: Apache-2.0 */
/* sluice run: plan, ask, walk; or a saved plan. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/inputs.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PRINT_MAX (16u << 20)

/* Said before any host is touched: a job that cannot answer should fail at once. */
static int check_answerable(const struct cli *c)
{
	if (c->yes || c->terminal)
		return RUN_DONE;
	cli_error("run asks before it changes anything, and there is no terminal to ask on: say -y "
		  "(--yes) to go on");
	return RUN_INPUT;
}

static int get_plan(struct cli *c, struct run_inputs *in, struct plan *plan)
{
	const char *path = c->args[0];
	struct sl_buf text;
	int rc;

	if (inputs_is_plan_file(path)) {
		rc = inputs_from_plan_file(c, path, in, plan);
		if (!rc && !c->yes)
			fprintf(stderr,
				"Saved plan: %s %s -> %s, %zu of %zu instances, %zu waves\n",
				plan->service, plan->old_version ? plan->old_version : "(none)",
				plan->version, plan->touched, plan->total, plan->wave_count);
		return rc;
	}
	sl_buf_init(&text, PRINT_MAX);
	rc = inputs_from_playbook(c, path, in);
	if (!rc)
		rc = inputs_plan(c, in, plan, &text, c->colour_err);
	if (!rc && !c->yes && plan->step_count)
		fputs(sl_buf_str(&text), stderr);
	sl_buf_release(&text);
	return rc;
}

static int ask(const struct cli *c, const struct plan *plan)
{
	char question[240];

	snprintf(question, sizeof question, "Bring %.64s to %.64s on %zu of %zu instances?",
		 plan->service, plan->version, plan->touched, plan->total);
	return cli_confirm(c, question);
}

/* The child carries out this very plan: what was shown and agreed to. */
static int spawn_plan(struct cli *c, const char *file)
{
	char *argv[12];
	size_t n = 0;

	argv[n++] = (char *)"sluice";
	argv[n++] = (char *)"run";
	argv[n++] = (char *)file;
	argv[n++] = (char *)"--yes";
	argv[n++] = (char *)"--wait";
	argv[n++] = (char *)"--started-fd";
	argv[n++] = (char *)"3";
	if (c->take_over)
		argv[n++] = (char *)"--take-over";
	if (c->reason) {
		argv[n++] = (char *)"--reason";
		argv[n++] = (char *)c->reason;
	}
	argv[n] = NULL;
	return detach_spawn(argv);
}

static int run_detached(struct cli *c, const struct run_inputs *in, const struct plan *plan)
{
	char *file = sl_asprintf("%s/detach-XXXXXX", store_folder(c->store));
	cJSON *doc = run_plan_file(in, plan);
	char *text = sl_json_print(doc);
	int fd = mkostemp(file, O_CLOEXEC), rc = RUN_INTERNAL;
	bool bad = fd < 0 || dprintf(fd, "%s\n", text) < 0;

	if (bad)
		cli_error("%s: %s", file, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!bad)
		rc = spawn_plan(c, file);
	if (fd >= 0)
		unlink(file);
	free(text);
	cJSON_Delete(doc);
	free(file);
	return rc;
}

static int nothing_to_do(const struct cli *c, const struct plan *plan)
{
	cJSON *doc;
	int rc;

	if (c->output != OUTPUT_JSON) {
		printf("%s is %s everywhere already: nothing to do\n", plan->service,
		       plan->version);
		return RUN_DONE;
	}
	doc = cJSON_CreateObject();
	sl_json_add_int(doc, "v", 1);
	sl_json_add_str(doc, "event", "nothing");
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

int command_run(struct cli *c)
{
	struct run_inputs in = {0};
	struct plan plan = {0};
	int rc = check_answerable(c);

	if (rc)
		return rc;
	rc = get_plan(c, &in, &plan);
	if (!rc && !plan.step_count)
		rc = nothing_to_do(c, &plan);
	else if (!rc) {
		rc = ask(c, &plan);
		if (!rc)
			rc = c->detach ? run_detached(c, &in, &plan) : carry_start(c, &in, &plan);
	}
	plan_release(&plan);
	run_inputs_release(&in);
	return rc;
}
