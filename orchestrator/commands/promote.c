/* SPDX-License-Identifier: Apache-2.0 */
/* sluice promote: pass the pause that is seen now, never a later one. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/units.h"

static const char *pause_title(const struct run_view *v)
{
	const struct plan_step *step = NULL;
	size_t i;

	for (i = 0; i < v->plan.step_count; i++)
		if (!strcmp(v->plan.steps[i].id, v->pause_step))
			step = &v->plan.steps[i];
	return step ? v->plan.waves[step->wave].title : "pause";
}

static int check(const struct cli *c, const struct store_run *r)
{
	struct run_view v;
	int rc = run_view_load(c, r, &v);

	if (rc)
		return rc;
	if (v.pause_step) {
		fprintf(stderr, "run %lld (%s): passing \"%s\" (step %s)\n", (long long)r->number,
			r->name, pause_title(&v), v.pause_step);
	} else {
		rc = RUN_INPUT;
		cli_error(
			"run %lld (%s) stands at no pause of its playbook: nothing to promote%s%s",
			(long long)r->number, r->name,
			v.paused_by_operator ? "; it was stopped otherwise, see `sluice show`, and "
					       "goes on with `sluice resume`"
					     : "",
			v.state == VIEW_ENDED ? "; it has ended" : "");
	}
	run_view_release(&v);
	return rc;
}

int command_promote(struct cli *c)
{
	struct store_run r;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNFINISHED, &r);

	if (!rc)
		rc = check(c, &r);
	if (!rc)
		rc = control_verb(c, "promote", &r);
	store_run_release(&r);
	return rc;
}
