/* SPDX-License-Identifier: Apache-2.0 */
/*
 * View: what changed a service, newest first: the runs that are about it, and what was seen to
 * change in registries and config centres. A run is one row; `events` has its steps.
 */
#include <inttypes.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/units.h"

#define RUNS_MAX 50

enum { COL_SERVICE, COL_TIME, COL_WHAT, COL_SUBJECT, COL_TEXT, COL_WHO, COL_REASON, COL_COUNT };

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "Service that it is about.", VW_TEXT, 8, 30, 5,
			 false},
	[COL_TIME] = {"time", "AGE", "When it happened; of a run, when it began.", VW_TIME, 4, 6, 0,
		      false},
	[COL_WHAT] = {"what", "WHAT", "The run, or the backend that said it.", VW_TEXT, 8, 16, 0,
		      false},
	[COL_SUBJECT] = {"subject", "SUBJECT", "The run's name, the instance or the key.", VW_TEXT,
			 8, 40, 1, false},
	[COL_TEXT] = {"text", "CHANGE", "What became of it.", VW_TEXT, 8, 40, 1, false},
	[COL_WHO] = {"who", "WHO", "Who did it.", VW_TEXT, 3, 16, 3, false},
	[COL_REASON] = {"reason", "REASON", "Why, as given.", VW_TEXT, 6, 0, 4, false},
};

/* --- runs --- */

static int first_event(void *arg, int64_t seq, const cJSON *event)
{
	(void)seq;
	*(cJSON **)arg = cJSON_Duplicate(event, true);
	return 1;
}

cJSON *vw_run_started(struct store *s, int64_t run)
{
	cJSON *first = NULL;

	if (store_events_read(s, run, 0, first_event, &first, NULL)) {
		cJSON_Delete(first);
		return NULL;
	}
	return first;
}

static enum vw_state run_state(const struct store_run *r)
{
	if (!strcmp(r->outcome, "done"))
		return VW_OK;
	if (!strcmp(r->outcome, "needsHuman"))
		return VW_FAILED;
	if (!strcmp(r->outcome, "owed") || !strcmp(r->outcome, "rolledBack"))
		return VW_DEGRADED;
	if (*r->outcome)
		return VW_OFF;
	return !strcmp(r->state, "paused") ? VW_WAITING : VW_WORKING;
}

static void add_run(struct vw_table *t, const struct store_run *r, const cJSON *first)
{
	const char *id = vw_printf(t, "run/%012" PRId64, r->number);
	const char *what = vw_printf(t, "run %" PRId64, r->number);
	const char *version = sl_json_str(first, "version", NULL);
	const char *text = *r->outcome ? r->outcome : r->state;
	struct vw_cell *cells = vw_row_add(t, id, run_state(r), what, "");

	if (version && *version)
		text = vw_printf(t, "%s, %s", version, text);
	vw_set_time(&cells[COL_TIME], r->started);
	vw_set_text(t, &cells[COL_WHAT], what);
	vw_set_text(t, &cells[COL_SERVICE], sl_json_str(first, "service", NULL));
	vw_set_text(t, &cells[COL_SUBJECT], r->name);
	vw_set_text(t, &cells[COL_TEXT], text);
	vw_set_text(t, &cells[COL_WHO], r->who);
	vw_set_text(t, &cells[COL_REASON], r->reason);
}

static void add_runs(struct vw_table *t, const struct vw_world *w)
{
	struct store_run *runs;
	size_t count;

	if (!w->store || store_runs_list(w->store, NULL, RUNS_MAX, &runs, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++) {
		cJSON *first = vw_run_started(w->store, runs[i].number);
		const char *service = sl_json_str(first, "service", NULL);

		if (service && (!w->subject || !strcmp(service, w->subject)))
			add_run(t, &runs[i], first);
		cJSON_Delete(first);
	}
	store_runs_free(runs, count);
}

/* --- what was seen to change --- */

static void add_change(struct vw_table *t, const struct cat_change *c)
{
	const char *id = vw_printf(t, "%s/%012" PRIu64, c->source, c->number);
	enum vw_state state = strstr(c->text, "-> DOWN")   ? VW_FAILED
			      : strstr(c->what, "removed") ? VW_OFF
							   : VW_OK;
	const char *what =
		c->role == CAT_CONFIG ? vw_printf(t, "cfg %s", c->source) : vw_dup(t, c->source);
	const char *dot = strchr(c->what, '.');
	struct vw_cell *cells = vw_row_add(t, id, state, c->subject, c->text);

	vw_set_time(&cells[COL_TIME], c->time);
	vw_set_text(t, &cells[COL_WHAT], what);
	vw_set_text(t, &cells[COL_SERVICE], c->service);
	vw_set_text(t, &cells[COL_SUBJECT], c->subject);
	vw_set_text(t, &cells[COL_TEXT], *c->text ? c->text : dot ? dot + 1 : c->what);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	size_t changes = w->catalogue ? catalogue_change_count(w->catalogue) : 0;

	for (size_t i = 0; i < changes; i++) {
		const struct cat_change *c = catalogue_change(w->catalogue, i);

		if (*c->service && (!w->subject || !strcmp(c->service, w->subject)))
			add_change(t, c);
	}
	add_runs(t, w);
}

const struct vw_view vw_changes = {
	.name = "changes",
	.one = "change",
	.title = "Changes",
	.summary = "what changed services: runs about them, and changes seen in their backends",
	.roles = CAT_REGISTRY | CAT_CONFIG,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-time",
	.store = true,
	.fill = fill,
};
