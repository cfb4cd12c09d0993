/* SPDX-License-Identifier: Apache-2.0 */
/* Undo of a finished run: a run of its own, the other way round. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action.h"
#include "orchestrator/run/life.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* Every instance that the run changed must still be what the run left. */
static int is_as_left(struct runner *r, const struct run_view *parent)
{
	const struct plan *p = &parent->plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what != DO_SWAP || parent->steps[i].state != PROGRESS_OK)
			continue;
		const struct plan_seen *now = &r->seen->seen[s->instance];
		if (now->release && s->release && strcmp(now->release, s->release) == 0)
			continue;
		sl_fail(r->error, SL_EINPUT,
			"%s:%u now runs %s, not the %s that run %lld left: a later change stands "
			"in "
			"the way; undo that first, or roll out the version you want",
			s->host, s->port, now->release ? now->release : "nothing", s->release,
			(long long)parent->number);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

/* And what it had before must still be on the host's disk. */
static int has_way_back(struct runner *r, const struct run_view *parent)
{
	const struct plan *p = &parent->plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what != DO_SWAP || !s->prior_release || strchr(s->prior_release, '/'))
			continue;
		const struct rs_instance *x = &r->in->resolved->instances[s->instance];
		const struct owner *o = observed_owner(r->seen, s->host, x->sluice);
		if (o && owner_has_release(o, s->prior_release))
			continue;
		sl_fail(r->error, SL_EINPUT,
			"%s no longer has release %s (pruned): roll that version out instead",
			s->host, s->prior_release);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

static int plan_back(struct runner *r, const struct run_view *parent, struct plan *plan)
{
	struct plan_progress *progress = sl_alloc_n(parent->plan.step_count + 1, sizeof *progress);
	for (size_t i = 0; i < parent->plan.step_count; i++)
		progress[i] = run_view_progress(&parent->steps[i]);
	struct plan_input input = runner_plan_input(r->in, r->seen);
	int rc = plan_make_undo(&parent->plan, progress, &input, true, plan, r->error);
	free(progress);
	return rc ? RUN_INPUT : RUN_DONE;
}

static int undo_fits(const struct run_view *v, int64_t number, struct sl_error *e)
{
	long long n = number;
	if (v->plan.undo)
		return sl_fail(e, SL_EINPUT,
			       "run %lld is itself an undo: run the playbook again instead", n);
	if (!v->outcome || strcmp(v->outcome, "done") != 0)
		return sl_fail(e, SL_EINPUT, "run %lld ended as %s: nothing of it is left to undo",
			       n, v->outcome ? v->outcome : "nothing");
	return 0;
}

int run_undo_finished(struct store *store, int64_t number, struct plugin_host *plugins,
		      const struct run_options *o, struct sl_error *e)
{
	struct run_inputs in = {0};
	struct run_view parent = {0};
	struct runner r;
	struct observed seen = {0};
	struct plan plan = {0};
	if (action_is(store, number))
		return action_undo_finished(store, number, plugins, o, e);
	int rc = runner_load(store, number, plugins, &in, &parent, e);
	if (!rc && parent.outcome && strcmp(parent.outcome, "needsHuman") == 0) {
		run_view_release(&parent);
		run_inputs_release(&in);
		return run_resume(store, number, "undo", plugins, o, e);
	}
	if (!rc && undo_fits(&parent, number, e))
		rc = RUN_INPUT;
	if (rc) {
		run_view_release(&parent);
		run_inputs_release(&in);
		return rc;
	}
	parent.number = number;
	rc = runner_init(&r, store, &in, plugins, o, &seen, e);
	if (!rc)
		rc = observe(&r.world, &in.artifact, &seen, e);
	const struct owner *held = rc ? NULL : owner_foreign(&seen, "", store);
	if (held && !o->take_over) {
		owner_say(e, store, held);
		rc = RUN_HELD;
	}
	if (!rc)
		rc = is_as_left(&r, &parent);
	if (!rc)
		rc = has_way_back(&r, &parent);
	if (!rc)
		rc = plan_back(&r, &parent, &plan);
	if (!rc)
		rc = runner_start(&r, "undo", number, &plan);
	plan_release(&plan);
	runner_close(&r);
	observed_release(&seen);
	run_view_release(&parent);
	run_inputs_release(&in);
	return rc;
}
