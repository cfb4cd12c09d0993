/* SPDX-License-Identifier: Apache-2.0 */
/* View: who calls a service and whom it calls, with how they are; without one, every pair. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/edges.h"
#include "orchestrator/view/internal.h"

enum {
	COL_SERVICE,
	COL_DIRECTION,
	COL_OTHER,
	COL_STATE,
	COL_UP,
	COL_ALL,
	COL_CALLS,
	COL_ERROR_SHARE,
	COL_RATE,
	COL_P99,
	COL_SOURCES,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "The one that is asked about.", VW_TEXT, 10, 30, 0,
			 false},
	[COL_DIRECTION] = {"direction", "IT", "calls, or is calledBy.", VW_TEXT, 8, 8, 0, false},
	[COL_OTHER] = {"other", "OTHER", "The service at the other end.", VW_TEXT, 12, 40, 0,
		       false},
	[COL_STATE] = {"state", "STATE", "How the other one is.", VW_STATE, 8, 9, 3, false},
	[COL_UP] = {"up", "UP", "Instances of the other that are UP.", VW_NUMBER, 3, 7, 2, false},
	[COL_ALL] = {"all", "ALL", "All instances of the other.", VW_NUMBER, 3, 7, 2, false},
	[COL_CALLS] = {"calls", "CALLS 1h", "Calls that tracing saw in the last hour.", VW_NUMBER,
		       6, 12, 1, false},
	[COL_ERROR_SHARE] = {"errorShare", "ERR", "Share of those calls that failed.", VW_SHARE, 4,
			     6, 1, false},
	[COL_RATE] = {"rate", "RPS", "Requests per second of the other, from all.", VW_NUMBER, 5, 9,
		      4, false},
	[COL_P99] = {"p99", "P99 ms", "p99 of the other.", VW_MILLIS, 6, 8, 3, false},
	[COL_SOURCES] = {"sources", "SAID BY", "Backends that know of it.", VW_TEXT, 6, 0, 5,
			 false},
};

static const struct cat_service *find(const struct vw_world *w, const char *name)
{
	for (size_t i = 0; w->catalogue && i < catalogue_service_count(w->catalogue); i++)
		if (!strcmp(catalogue_service(w->catalogue, i)->service, name))
			return catalogue_service(w->catalogue, i);
	return NULL;
}

static void add_edge(struct vw_table *t, const struct vw_world *w, const char *service,
		     const char *other, const char *direction, const struct edge *e)
{
	const struct cat_service *s = find(w, other);
	char reason[256] = "no registry lists it";
	enum vw_state state = s ? vw_service_state(s, reason, sizeof reason) : VW_NO_CONTACT;
	const char *id = vw_printf(t, "%s/%s/%s", service, direction, other);
	struct vw_cell *cells = vw_row_add(t, id, state, other, reason);
	struct cat_measures m;

	vw_set_text(t, &cells[COL_SERVICE], service);
	vw_set_text(t, &cells[COL_DIRECTION], direction);
	vw_set_text(t, &cells[COL_OTHER], other);
	vw_set_state(&cells[COL_STATE], state);
	if (s) {
		vw_set_number(&cells[COL_UP], (double)s->up);
		vw_set_number(&cells[COL_ALL], (double)s->count);
	}
	vw_set_number(&cells[COL_CALLS], e->calls < 0 ? NAN : (double)e->calls);
	vw_set_number(&cells[COL_ERROR_SHARE],
		      e->calls > 0 && e->errors >= 0 ? (double)e->errors / (double)e->calls : NAN);
	if (w->catalogue) {
		m = catalogue_measures(w->catalogue, other);
		vw_set_number(&cells[COL_RATE], m.rate);
		vw_set_number(&cells[COL_P99], m.p99_ms);
	}
	vw_set_text(t, &cells[COL_SOURCES], e->sources);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->edges && i < w->edges->count; i++) {
		const struct edge *e = &w->edges->items[i];

		if (!w->subject || !strcmp(e->consumer, w->subject))
			add_edge(t, w, e->consumer, e->provider, "calls", e);
		if (w->subject && !strcmp(e->provider, w->subject))
			add_edge(t, w, e->provider, e->consumer, "calledBy", e);
	}
}

const struct vw_view vw_dependencies = {
	.name = "dependencies",
	.one = "dependency",
	.title = "Dependencies",
	.summary = "who calls a service and whom it calls; without one, who calls whom",
	.roles = CAT_REGISTRY | CAT_METRICS,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "direction",
	.edges = true,
	.fill = fill,
};
