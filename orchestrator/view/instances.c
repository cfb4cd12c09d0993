/* SPDX-License-Identifier: Apache-2.0 */
/* View: instances, of all services or of one. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/internal.h"

enum {
	COL_SERVICE,
	COL_INSTANCE,
	COL_HOST,
	COL_ADDRESS,
	COL_PORT,
	COL_VERSION,
	COL_STATE,
	COL_REGISTERED,
	COL_WEIGHT,
	COL_LABELS,
	COL_SINCE,
	COL_NOTE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "Service it belongs to.", VW_TEXT, 10, 30, 4, false},
	[COL_INSTANCE] = {"instance", "INSTANCE", "What the registry calls it.", VW_TEXT, 12, 40, 0,
			  false},
	[COL_HOST] = {"host", "HOST", "Host name.", VW_TEXT, 6, 24, 2, false},
	[COL_ADDRESS] = {"address", "ADDRESS", "Address that clients use.", VW_TEXT, 7, 39, 7,
			 true},
	[COL_PORT] = {"port", "PORT", "Port that clients use.", VW_NUMBER, 4, 5, 6, true},
	[COL_VERSION] = {"version", "VERSION", "Version that it registered.", VW_TEXT, 7, 20, 1,
			 false},
	[COL_STATE] = {"state", "STATE", "ok, failed, working, off or noContact.", VW_STATE, 8, 9,
		       3, false},
	[COL_REGISTERED] = {"registered", "REGISTERED", "The registry's own word.", VW_TEXT, 10, 14,
			    5, false},
	[COL_WEIGHT] = {"weight", "WEIGHT", "Weight in the registry.", VW_NUMBER, 6, 6, 6, false},
	[COL_LABELS] = {"labels", "LABELS", "Labels, among them zone, lane, unit and set.",
			VW_LABELS, 8, 40, 8, true},
	[COL_SINCE] = {"since", "SINCE", "When it registered or last changed.", VW_TIME, 5, 8, 5,
		       false},
	[COL_NOTE] = {"note", "NOTE", "What the registry says about it.", VW_TEXT, 6, 0, 9, false},
};

static void add_instance(struct vw_table *t, const char *service, const struct cat_instance *i)
{
	enum vw_state state = vw_instance_state(i->state);
	struct vw_cell *cells = vw_row_add_instance(t, i, state);

	vw_set_held(&cells[COL_SERVICE], service);
	vw_set_held(&cells[COL_INSTANCE], i->id);
	vw_set_held(&cells[COL_HOST], i->host);
	vw_set_held(&cells[COL_ADDRESS], i->address);
	vw_set_id(t, &cells[COL_PORT], i->port);
	vw_set_held(&cells[COL_VERSION], i->version);
	vw_set_state(&cells[COL_STATE], state);
	vw_set_held(&cells[COL_REGISTERED],
		    i->state == SL_INSTANCE_UNKNOWN ? "" : catalogue_state_word(i->state));
	cells[COL_WEIGHT].known = i->weight != SL_KEEP;
	cells[COL_WEIGHT].number = i->weight;
	vw_set_held_labels(t, &cells[COL_LABELS], i->labels, i->label_count);
	vw_set_time(&cells[COL_SINCE], i->since ? i->since : i->changed);
	vw_set_held(&cells[COL_NOTE], i->note);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t k = 0; w->catalogue && k < catalogue_service_count(w->catalogue); k++) {
		const struct cat_service *s = catalogue_service(w->catalogue, k);
		const char *service;

		if (w->subject && strcmp(w->subject, s->service) != 0)
			continue;
		service = vw_dup(t, s->service);
		for (size_t i = 0; i < s->count; i++)
			add_instance(t, service, &s->instances[i]);
	}
}

const struct vw_view vw_instances = {
	.name = "instances",
	.one = "instance",
	.title = "Instances",
	.summary = "what each registry knows of every instance; with a service, of that one",
	.roles = CAT_REGISTRY,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.fill = fill,
};
