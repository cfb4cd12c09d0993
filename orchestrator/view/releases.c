/* SPDX-License-Identifier: Apache-2.0 */
/* View: what runs where, as the runs of this state store left it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/run/view_read.h"
#include "orchestrator/view/internal.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define RUNS_MAX 100

enum {
	COL_SERVICE,
	COL_INSTANCE,
	COL_HOST,
	COL_PORT,
	COL_RELEASE,
	COL_VERSION,
	COL_STATE,
	COL_RUN,
	COL_NAME,
	COL_WHO,
	COL_SINCE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "Service that was rolled out.", VW_TEXT, 8, 30, 2,
			 false},
	[COL_INSTANCE] = {"instance", "INSTANCE", "host:port.", VW_TEXT, 8, 40, 0, false},
	[COL_HOST] = {"host", "HOST", "Host of the inventory.", VW_TEXT, 6, 24, 7, true},
	[COL_PORT] = {"port", "PORT", "Port of the instance.", VW_NUMBER, 4, 5, 8, true},
	[COL_RELEASE] = {"release", "RELEASE", "Folder that is live.", VW_TEXT, 8, 40, 3, false},
	[COL_VERSION] = {"version", "VERSION", "Version of that release.", VW_TEXT, 7, 24, 1,
			 false},
	[COL_STATE] = {"state", "STATE", "ok, failed, working or noContact (outcome unknown).",
		       VW_STATE, 7, 9, 2, false},
	[COL_RUN] = {"run", "RUN", "The run that put it there.", VW_NUMBER, 3, 8, 4, false},
	[COL_NAME] = {"name", "BY RUN OF", "Playbook of that run.", VW_TEXT, 6, 30, 6, false},
	[COL_WHO] = {"who", "WHO", "Who started that run.", VW_TEXT, 4, 16, 6, false},
	[COL_SINCE] = {"since", "SINCE", "When it was switched.", VW_TIME, 5, 8, 3, false},
};

/* The last swap of one instance; the newest run comes first, so the first one found stands. */
struct place {
	char *id;
	UT_hash_handle hh;
};

struct gather {
	struct vw_table *t;
	const char *subject;
	struct place *places;
	const struct store_run *run;
};

static bool claim_place(struct gather *g, const char *id)
{
	struct place *p;

	HASH_FIND_STR(g->places, id, p);
	if (p)
		return false;
	p = sl_alloc(sizeof *p);
	p->id = sl_strdup(id);
	HASH_ADD_KEYPTR(hh, g->places, p->id, strlen(p->id), p);
	return true;
}

const char *vw_release_version(struct vw_table *t, const char *release)
{
	const char *dash = release ? strrchr(release, '-') : NULL;

	if (!dash || strlen(dash) != 9 || strchr(release, '/'))
		return "";
	return vw_printf(t, "%.*s", (int)(dash - release), release);
}

static enum vw_state state_of(enum plan_progress_state s)
{
	if (s == PROGRESS_OK)
		return VW_OK;
	if (s == PROGRESS_STARTED)
		return VW_WORKING;
	return s == PROGRESS_FAILED ? VW_FAILED : VW_NO_CONTACT;
}

static const char *reason_of(const struct view_step *seen)
{
	if (seen->state == PROGRESS_OK)
		return "";
	if (seen->state == PROGRESS_STARTED)
		return "being switched";
	return seen->error ? seen->error : "its outcome is not known";
}

static void add_swap(struct gather *g, const struct plan_step *step, const struct view_step *seen)
{
	/* a failed swap has put the old release back by itself */
	const char *release = seen->state == PROGRESS_FAILED ? step->prior_release : step->release;
	struct vw_table *t = g->t;
	const char *instance =
		step->port ? vw_printf(t, "%s:%u", step->host, step->port) : vw_dup(t, step->host);
	const char *id = vw_printf(t, "%s/%s", step->service ? step->service : "", instance);
	struct vw_cell *cells;

	if (!claim_place(g, id))
		return;
	cells = vw_row_add(t, id, state_of(seen->state), instance, reason_of(seen));
	vw_set_text(t, &cells[COL_SERVICE], step->service);
	vw_set_text(t, &cells[COL_INSTANCE], instance);
	vw_set_text(t, &cells[COL_HOST], step->host);
	vw_set_id(t, &cells[COL_PORT], step->port);
	vw_set_text(t, &cells[COL_RELEASE], release);
	vw_set_text(t, &cells[COL_VERSION], vw_release_version(t, release));
	vw_set_state(&cells[COL_STATE], state_of(seen->state));
	vw_set_id(t, &cells[COL_RUN], g->run->number);
	vw_set_text(t, &cells[COL_NAME], g->run->name);
	vw_set_text(t, &cells[COL_WHO], g->run->who);
	vw_set_time(&cells[COL_SINCE], seen->ended ? seen->ended : seen->started);
}

static void add_swaps(struct gather *g, const struct plan *p, const struct view_step *steps)
{
	for (size_t i = p->step_count; i-- > 0;) {
		const struct plan_step *step = &p->steps[i];

		if (step->what != DO_SWAP || !step->host || steps[i].state == PROGRESS_NONE)
			continue;
		if (!g->subject || (step->service && strcmp(step->service, g->subject) == 0))
			add_swap(g, step, &steps[i]);
	}
}

/* What was undone is the newer: it comes first. */
static void gather_run(struct gather *g, struct store *s)
{
	struct run_view v;

	if (run_view_read(&v, s, g->run->number, NULL))
		return; /* a lock has no plan */
	add_swaps(g, &v.undo, v.undo_steps);
	add_swaps(g, &v.plan, v.steps);
	run_view_release(&v);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	struct gather g = {.t = t, .subject = w->subject};
	struct place *p, *next;
	struct store_run *runs;
	size_t count;

	if (!w->store || store_runs_list(w->store, NULL, RUNS_MAX, &runs, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++) {
		g.run = &runs[i];
		gather_run(&g, w->store);
	}
	store_runs_free(runs, count);
	for (p = g.places; p; p = next) {
		next = p->hh.next;
		HASH_DEL(g.places, p);
		free(p->id);
		free(p);
	}
}

const struct vw_view vw_releases = {
	.name = "releases",
	.one = "release",
	.title = "Releases",
	.summary = "what runs where, as the runs of this state store left it",
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "instance",
	.store = true,
	.fill = fill,
};
