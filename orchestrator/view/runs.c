/* SPDX-License-Identifier: Apache-2.0 */
/* View: runs, from the state store. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "orchestrator/view/run_marks.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RUNS_MAX 1000

enum {
	COL_NUMBER,
	COL_NAME,
	COL_KIND,
	COL_STATE,
	COL_PROGRESS,
	COL_OUTCOME,
	COL_EXIT,
	COL_PARENT,
	COL_WHO,
	COL_FROM,
	COL_REASON,
	COL_STARTED,
	COL_ENDED,
	COL_CONTROLLER,
	COL_WAITING,
	COL_UUID,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_NUMBER] = {"number", "RUN", "Number of the run.", VW_NUMBER, 3, 8, 0, false},
	[COL_NAME] = {"name", "NAME", "Name of its playbook.", VW_TEXT, 8, 30, 0, false},
	[COL_KIND] = {"kind", "KIND", "rollout, action, undo or lock.", VW_TEXT, 4, 8, 3, false},
	[COL_STATE] = {"state", "STATE", "running, paused, undoing or ended.", VW_TEXT, 7, 8, 1,
		       false},
	[COL_PROGRESS] = {"progress", "DONE", "Share of its steps that are done, until it ends.",
			  VW_SHARE, 4, 6, 2, false},
	[COL_OUTCOME] = {"outcome", "OUTCOME",
			 "done, owed, rolledBack, undone, needsHuman or refused.", VW_TEXT, 10, 12,
			 1, false},
	[COL_EXIT] = {"exit", "EXIT", "Exit code of the run.", VW_NUMBER, 4, 4, 7, true},
	[COL_PARENT] = {"parent", "OF", "The run that this one takes back.", VW_NUMBER, 3, 8, 8,
			true},
	[COL_WHO] = {"who", "WHO", "Who started it.", VW_TEXT, 4, 16, 4, false},
	[COL_FROM] = {"from", "FROM", "The machine it was started on.", VW_TEXT, 4, 24, 9, true},
	[COL_REASON] = {"reason", "REASON", "Why it was started, as given.", VW_TEXT, 6, 40, 6,
			false},
	[COL_STARTED] = {"started", "STARTED", "When it was started.", VW_TIME, 5, 8, 2, false},
	[COL_ENDED] = {"ended", "ENDED", "When it ended.", VW_TIME, 5, 8, 5, false},
	[COL_CONTROLLER] = {"controller", "ALIVE", "Is there a living controller?", VW_BOOL, 3, 5,
			    4, true},
	[COL_WAITING] = {"waiting", "WAITS FOR", "What it waits for.", VW_TEXT, 9, 40, 2, false},
	[COL_UUID] = {"uuid", "UUID", "Identity of the run on hosts.", VW_TEXT, 8, 36, 10, true},
};

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Its controller left it so. */
static const char *parked_reason(const char *verb)
{
	if (is(verb, "promote"))
		return "parked, nobody watches it: sluice promote, or sluice undo";
	if (is(verb, "retry"))
		return "parked, nobody watches it: sluice retry, or sluice undo";
	return "parked, nobody watches it: sluice resume, or sluice undo";
}

/* It has a controller, which waits for somebody. */
static const char *paused_reason(const char *verb)
{
	if (is(verb, "promote"))
		return "stands at a pause: sluice promote passes it, sluice abort takes it back";
	if (is(verb, "retry"))
		return "a step has failed: sluice retry, or sluice abort takes it back";
	return "";
}

enum vw_state vw_run_state(const struct store_run *r, const char **reason)
{
	*reason = "";
	if (is(r->state, "ended")) {
		if (is(r->outcome, "needsHuman")) {
			*reason = "it could not be taken back whole: sluice show says what is left";
			return VW_FAILED;
		}
		if (is(r->outcome, "owed")) {
			*reason = "hosts are owed: sluice resume";
			return VW_DEGRADED;
		}
		if (is(r->outcome, "rolledBack")) {
			*reason = "a step failed, and all is as it was before: sluice show says "
				  "which";
			return VW_DEGRADED;
		}
		if (is(r->outcome, "undone"))
			*reason = "taken back";
		else if (is(r->outcome, "refused"))
			*reason = "refused: nothing was changed";
		return is(r->outcome, "done") ? VW_OK : VW_OFF;
	}
	if (store_controller_alive(&r->controller)) {
		if (!is(r->state, "paused"))
			return VW_WORKING;
		*reason = paused_reason(store_next_verb(r->waiting));
		return VW_WAITING;
	}
	if (!r->parked) {
		*reason = "its controller is gone: sluice resume, or sluice undo";
		return VW_NO_CONTACT;
	}
	*reason = parked_reason(store_next_verb(r->waiting));
	return VW_WAITING;
}

/* "promote", "retry: swap on a:8080: no answer", "the time, 14:02:31"; "a controller" when nobody
 * is there to whom the time matters. */
static void set_waiting(struct vw_table *t, struct vw_cell *cell, const char *waiting, bool alive)
{
	cJSON *o = *waiting ? sl_json_parse(waiting, strlen(waiting), NULL) : NULL;
	const char *what = sl_json_str(o, "for", ""), *reason = sl_json_str(o, "reason", "");
	const char *clock = vw_clock(t, sl_json_int(o, "until", 0));

	if (*clock && !alive) /* the time comes, and nothing goes on */
		vw_set_text(t, cell, "a controller");
	else if (*clock)
		vw_set_text(t, cell,
			    vw_printf(t, "%s, %s", is(what, "time") ? "the time" : what, clock));
	else
		vw_set_text(t, cell, vw_printf(t, "%s%s%s", what, *reason ? ": " : "", reason));
	cJSON_Delete(o);
}

/* How much of the way it goes now, there or back. */
static void set_progress(struct vw_cell *cell, struct run_marks *marks, struct store *s,
			 const struct store_run *r)
{
	double share;

	cell->known = run_marks_share(marks, s, r, &share);
	cell->number = cell->known ? round(100.0 * share) / 100 : 0;
}

static void add_run(struct vw_table *t, struct run_marks *marks, struct store *s,
		    const struct store_run *r)
{
	const char *reason;
	enum vw_state state = vw_run_state(r, &reason);
	/* ids sort as text: numbers of one width keep their order */
	const char *id = vw_printf(t, "%012" PRId64, r->number);
	const char *full = vw_printf(t, "%s (run %" PRId64 ")", r->name, r->number);
	struct vw_cell *cells = vw_row_add(t, id, state, full, reason);

	vw_set_id(t, &cells[COL_NUMBER], r->number);
	vw_set_text(t, &cells[COL_NAME], r->name);
	vw_set_text(t, &cells[COL_KIND], r->kind);
	vw_set_text(t, &cells[COL_STATE], r->state);
	vw_set_text(t, &cells[COL_OUTCOME], r->outcome);
	cells[COL_EXIT].known = is(r->state, "ended");
	cells[COL_EXIT].number = r->exit;
	vw_set_id(t, &cells[COL_PARENT], r->parent);
	vw_set_text(t, &cells[COL_WHO], r->who);
	vw_set_text(t, &cells[COL_FROM], r->from);
	vw_set_text(t, &cells[COL_REASON], r->reason);
	vw_set_time(&cells[COL_STARTED], r->started);
	vw_set_time(&cells[COL_ENDED], r->ended);
	if (!is(r->state, "ended")) {
		vw_set_bool(&cells[COL_CONTROLLER], store_controller_alive(&r->controller));
		set_progress(&cells[COL_PROGRESS], marks, s, r);
	}
	set_waiting(t, &cells[COL_WAITING], r->waiting, store_controller_alive(&r->controller));
	vw_set_text(t, &cells[COL_UUID], r->uuid);
}

/* The subject is a name, or a number, which no name is. */
static void list(const struct vw_world *w, struct store_run **runs, size_t *count)
{
	int64_t number;

	*runs = NULL;
	*count = 0;
	if (!w->subject || !sl_count_parse(w->subject, 1, INT64_MAX, &number)) {
		store_runs_list(w->store, w->subject, RUNS_MAX, runs, count, NULL);
		return;
	}
	*runs = sl_alloc(sizeof **runs);
	*count = !store_run_get(w->store, number, *runs, NULL);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	struct run_marks *marks = w->marks ? w->marks : run_marks_new(0);
	struct store_run *runs = NULL;
	size_t count = 0;

	if (w->store)
		list(w, &runs, &count);
	run_marks_begin(marks);
	for (size_t i = 0; i < count; i++)
		add_run(t, marks, w->store, &runs[i]);
	run_marks_end(marks, !w->subject);
	store_runs_free(runs, count);
	if (!w->marks)
		run_marks_free(marks);
}

const struct vw_view vw_runs = {
	.name = "runs",
	.one = "run",
	.title = "Runs",
	.summary = "runs of this state store; with a name, those of that playbook",
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-number",
	.store = true,
	.fill = fill,
};
