/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: all that is failed or without contact. Enter goes to what a row is about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "orchestrator/view/host_look.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static const enum action hints[] = {ACT_ENTER,  ACT_FILTER, ACT_SORT, ACT_COPY,
				    ACT_EXPORT, ACT_BACK,   ACT_NONE};

/* The row may go with the screen that is opened: what is needed of it is copied first. */
static bool act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	char *id, *name, run[32];

	if (what != ACT_ENTER || !row || sl_text_starts(row->id, "source/"))
		return false; /* of a source there is no more than what the row says */
	id = sl_strdup(row->id);
	name = sl_strdup(row->full);
	if (sl_text_starts(id, "run/")) {
		snprintf(run, sizeof run, "%012lld", strtoll(id + 4, NULL, 10));
		app_jump(a, 5, NULL);
		app_open(a, "run", run);
	} else if (sl_text_starts(id, "host/")) {
		app_jump(a, 7, NULL);
		app_open(a, "host", name);
	} else {
		app_jump(a, 1, NULL);
		app_open(a, "service", name);
	}
	free(id);
	free(name);
	return true;
}

/* Hosts are asked over SSH where somebody opens them, and nowhere else: what that means here. */
static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct host_looks *h = site_world(a->site, NULL, 0).hosts;
	size_t asked = 0, all = h ? host_looks_count(h) : 0;
	const char *first = s->table.count ? "" : "nothing is failed or without contact; ";
	int64_t newest = 0;
	char age[40];

	if (!site_names_hosts(a->site) || !site_settled(a->site))
		return false;
	for (size_t i = 0; i < all; i++) {
		const struct host_seen *seen = host_looks_at(h, i);

		asked += seen->tried_at != 0;
		newest = seen->tried_at > newest ? seen->tried_at : newest;
	}
	*paint = PAINT_DIM;
	newest = app_now(a) - newest > 1000 ? app_now(a) - newest : 1000;
	if (asked)
		snprintf(text, size, "%shosts as they were %s ago: 7 asks them again", first,
			 sl_duration_human(age, sizeof age, newest));
	else
		snprintf(text, size, "%sthe hosts were not asked: 7 asks them", first);
	return true;
}

const struct screen_ops view_alerts = {
	.name = "alerts",
	.title = "Alerts",
	.data = "alerts",
	.twin = "get alerts",
	.hints = hints,
	.act = act,
	.state = state,
	.empty = "nothing is failed or without contact",
	.empty_is_well = true,
};
