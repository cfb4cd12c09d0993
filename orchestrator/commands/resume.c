/* SPDX-License-Identifier: Apache-2.0 */
/* sluice resume: lift an operator's pause, or go on where a controller died. */
#include <string.h>

#include "orchestrator/commands/command.h"

/* With a living controller there is something to resume only while it stands. */
static int check(const struct cli *c, const struct store_run *r)
{
	struct run_view v;
	int rc;

	if (!strcmp(r->outcome, "done") || !strcmp(r->outcome, "undone") ||
	    !strcmp(r->outcome, "rolledBack")) {
		cli_error("run %lld (%s) has ended: %s", (long long)r->number, r->name, r->outcome);
		return RUN_INPUT;
	}
	if (!store_controller_alive(&r->controller) || c->take_over)
		return RUN_DONE;
	rc = run_view_load(c, r, &v);
	if (rc)
		return rc;
	if (v.pause_step && !v.paused_by_operator) {
		cli_error("run %lld (%s) stands at a pause of its playbook; pass it with: sluice "
			  "promote %lld",
			  (long long)r->number, r->name, (long long)r->number);
		rc = RUN_PAUSED;
	} else if (!v.paused_by_operator) {
		cli_error("run %lld (%s) is going on under process %lld; watch it with: sluice "
			  "attach %lld (a controller that hangs is replaced with --take-over "
			  "--reason)",
			  (long long)r->number, r->name, (long long)r->controller.pid,
			  (long long)r->number);
		rc = RUN_HELD;
	}
	run_view_release(&v);
	return rc;
}

int command_resume(struct cli *c)
{
	struct store_run r;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNFINISHED, &r);

	if (!rc)
		rc = check(c, &r);
	if (!rc && c->take_over)
		rc = cli_confirm(c, "Take the run over from its controller?");
	if (!rc)
		rc = control_verb(c, "resume", &r);
	store_run_release(&r);
	return rc;
}
