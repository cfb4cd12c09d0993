/* SPDX-License-Identifier: Apache-2.0 */
/* plan and run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/life.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

int run_plan(struct run_inputs *in, struct plugin_host *plugins, struct plan *plan,
	     struct sl_buf *print, bool colour, bool wide, struct sl_error *e)
{
	struct world w;
	struct observed seen = {0};
	int rc = world_open(&w, uv_default_loop(), in->resolved, plugins, e) ? RUN_INPUT : RUN_DONE;
	if (!rc && in->asker)
		transport_pool_on_unknown_key(w.pool, in->asker->ask, in->asker->arg);
	if (!rc)
		rc = observe(&w, &in->artifact, &seen, e);
	if (in->asker)
		in->asker->over(in->asker->arg);
	const struct owner *o = rc ? NULL : owner_foreign(&seen, "", NULL);
	if (!rc && o && !print) {
		owner_say(e, NULL, o);
		rc = RUN_HELD;
	}
	if (!rc) {
		struct plan_input input = runner_plan_input(in, &seen);
		rc = plan_make(&input, plan, e) ? RUN_INPUT : RUN_DONE;
		if (!rc && print)
			plan_print(plan, &input, colour, wide, print);
	}
	observed_release(&seen);
	world_close(&w);
	return rc;
}

/* The hosts are as the plan saw them? A foreign owner is refused unless it is taken over. */
static int still_true(struct runner *r, const struct plan *plan)
{
	struct plan again = {0};
	const struct owner *o = owner_foreign(r->seen, "", r->store);
	if (o && !r->options->take_over) {
		owner_say(r->error, r->store, o);
		return RUN_HELD;
	}
	struct plan_input input = runner_plan_input(r->in, r->seen);
	if (plan_make(&input, &again, r->error))
		return RUN_INPUT;
	bool same = strcmp(again.observed, plan->observed) == 0;
	plan_release(&again);
	if (!same) {
		sl_fail(r->error, SL_EINPUT,
			"the plan is stale: hosts or router have changed since it was made. Plan "
			"again");
		return RUN_INPUT;
	}
	return RUN_DONE;
}

int run_start(struct store *store, struct run_inputs *in, struct plugin_host *plugins,
	      struct plan *plan, const struct run_options *o, struct sl_error *e)
{
	struct runner r;
	struct observed seen = {0};
	if (!plan->step_count)
		return RUN_DONE;
	int rc = runner_init(&r, store, in, plugins, o, &seen, e);
	if (!rc)
		rc = observe(&r.world, &in->artifact, &seen, e);
	if (!rc)
		rc = still_true(&r, plan);
	if (!rc)
		rc = runner_start(&r, "rollout", 0, plan);
	runner_close(&r);
	observed_release(&seen);
	return rc;
}
