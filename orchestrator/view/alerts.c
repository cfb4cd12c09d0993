/* SPDX-License-Identifier: Apache-2.0 */
/*
 * View: alerts, what is failed or without contact in all that is looked at: sources, services,
 * the newest run of each name, hosts. Degraded things are not among them: they still work.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/view/host_look.h"
#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RUNS_MAX 50 /* older ones are history */

enum { COL_NAME, COL_STATE, COL_KIND, COL_SINCE, COL_REASON, COL_ID, COL_COUNT };

static const struct vw_column columns[COL_COUNT] = {
	[COL_NAME] = {"name", "NAME", "What is in trouble.", VW_TEXT, 12, 40, 0, false},
	[COL_STATE] = {"state", "STATE", "failed or noContact.", VW_STATE, 8, 9, 1, false},
	[COL_KIND] = {"kind", "KIND", "source, service, run or host.", VW_TEXT, 6, 8, 1, false},
	[COL_SINCE] = {"since", "SINCE", "When it was well last, or was seen to change.", VW_TIME,
		       5, 8, 2, false},
	[COL_REASON] = {"reason", "WHY", "Why it is in this state.", VW_TEXT, 16, 0, 1, false},
	[COL_ID] = {"id", "ID", "Number of a run; else its name.", VW_TEXT, 4, 20, 9, true},
};

struct alert {
	const char *kind, *name, *id;
	enum vw_state state;
	const char *reason;
	int64_t since; /* 0 = unknown */
};

struct walk {
	struct vw_table *t; /* NULL = they are only counted */
	size_t count;
};

static void found(struct walk *w, const struct alert *a)
{
	struct vw_cell *cells;

	w->count++;
	if (!w->t)
		return;
	cells = vw_row_add(w->t, vw_printf(w->t, "%s/%s", a->kind, a->id), a->state, a->name,
			   a->reason);
	vw_set_text(w->t, &cells[COL_NAME], a->name);
	vw_set_state(&cells[COL_STATE], a->state);
	vw_set_text(w->t, &cells[COL_KIND], a->kind);
	vw_set_time(&cells[COL_SINCE], a->since);
	vw_set_text(w->t, &cells[COL_REASON], a->reason);
	vw_set_text(w->t, &cells[COL_ID], a->id);
}

static bool is_bad(enum vw_state s)
{
	return s == VW_FAILED || s == VW_NO_CONTACT;
}

/* One that nobody looks at may be old. */
static void walk_sources(struct walk *w, const struct vw_world *world)
{
	for (size_t i = 0; i < catalogue_source_count(world->catalogue); i++) {
		struct cat_source s = catalogue_source(world->catalogue, i);
		bool old = s.polled && s.stale && s.read_at;

		if (*s.error || old)
			found(w, &(struct alert){.kind = "source",
						 .name = s.name,
						 .id = s.name,
						 .state = s.read_at ? VW_NO_CONTACT : VW_FAILED,
						 .reason = *s.error ? s.error : "does not answer",
						 .since = s.read_at});
	}
}

/* One with an instance that is up is neither failed nor without contact. */
static void walk_services(struct walk *w, const struct vw_world *world)
{
	char reason[512];

	for (size_t i = 0; i < catalogue_service_count(world->catalogue); i++) {
		const struct cat_service *s = catalogue_service(world->catalogue, i);
		struct alert a = {.kind = "service", .name = s->service, .reason = reason};
		int64_t since = s->changed;

		if (s->up)
			continue;
		a.state = vw_service_look(world, s, reason, sizeof reason);
		for (size_t k = 0; k < s->count && !s->changed; k++)
			if (s->instances[k].since > since)
				since = s->instances[k].since;
		a.since = since;
		if (!is_bad(a.state))
			continue;
		a.id = s->path;
		found(w, &a);
	}
}

struct named {
	const char *name;
	UT_hash_handle hh;
};

/* What came after a run is what counts: the list has the newest first. */
static void walk_runs(struct walk *w, const struct vw_world *world)
{
	struct named names[RUNS_MAX], *all = NULL, *before;
	struct store_run *runs;
	size_t count;
	char id[24], name[256];

	if (store_runs_list(world->store, NULL, RUNS_MAX, &runs, &count, NULL))
		return;
	for (size_t i = 0; i < count && i < RUNS_MAX; i++) {
		struct alert a = {.kind = "run", .name = name, .id = id};

		HASH_FIND_STR(all, runs[i].name, before);
		if (before)
			continue;
		names[i].name = runs[i].name;
		HASH_ADD_KEYPTR(hh, all, names[i].name, strlen(names[i].name), &names[i]);
		a.state = vw_run_state(&runs[i], &a.reason);
		a.since = runs[i].ended ? runs[i].ended : runs[i].started;
		snprintf(id, sizeof id, "%" PRId64, runs[i].number);
		snprintf(name, sizeof name, "run %s %.200s", id, runs[i].name);
		if (is_bad(a.state))
			found(w, &a);
	}
	HASH_CLEAR(hh, all);
	store_runs_free(runs, count);
}

/* When one that is lost answered last; since when an answering one is not well, nobody saw. */
static int64_t last_well(const struct vw_world *world, const struct vw_row *row)
{
	const struct host_seen *seen = host_looks_find(world->hosts, row->id);

	return seen && row->state == VW_NO_CONTACT ? seen->read_at : 0;
}

static void walk_hosts(struct walk *w, const struct vw_world *world)
{
	struct vw_table *t = vw_table_fill(&vw_hosts, world);

	for (size_t i = 0; i < t->count; i++)
		if (is_bad(t->rows[i].state))
			found(w, &(struct alert){.kind = "host",
						 .name = t->rows[i].full,
						 .id = t->rows[i].id,
						 .state = t->rows[i].state,
						 .reason = t->rows[i].reason,
						 .since = last_well(world, &t->rows[i])});
	vw_table_free(t);
}

static void walk(struct walk *w, const struct vw_world *world)
{
	if (world->catalogue) {
		walk_sources(w, world);
		walk_services(w, world);
	}
	if (world->store)
		walk_runs(w, world);
	if (world->hosts)
		walk_hosts(w, world);
}

size_t vw_alert_count(const struct vw_world *world)
{
	struct walk w = {0};

	walk(&w, world);
	return w.count;
}

static void fill(const struct vw_world *world, struct vw_table *t)
{
	walk(&(struct walk){.t = t}, world);
}

const struct vw_view vw_alerts = {
	.name = "alerts",
	.one = "alert",
	.title = "Alerts",
	.summary = "what is failed or without contact: sources, services, runs, and hosts that "
		   "Hosts asked",
	.roles = CAT_REGISTRY | CAT_METRICS | CAT_CONFIG,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.may_store = true,
	.may_hosts = true, /* no key but that of Hosts connects to all of them */
	.fill = fill,
};
