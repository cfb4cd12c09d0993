/* SPDX-License-Identifier: Apache-2.0 */
/* Alerts: all that is failed or without contact. Enter goes to what a row is about. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/views.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

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

const struct screen_ops view_alerts = {
	.name = "alerts",
	.title = "Alerts",
	.data = "alerts",
	.twin = "get alerts",
	.hints = hints,
	.act = act,
	.empty = "nothing is failed or without contact",
	.empty_is_well = true,
};
