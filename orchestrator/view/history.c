/* SPDX-License-Identifier: Apache-2.0 */
/* View: the versions of one config key, and a draft that is not published yet. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "orchestrator/view/key_read.h"
#include "plugins/sdk/text.h"

enum {
	COL_REVISION,
	COL_CHANGED,
	COL_BY,
	COL_REASON,
	COL_RUN,
	COL_ADDED,
	COL_REMOVED,
	COL_STANDING,
	COL_WHAT,
	COL_VALUE,
	COL_TYPE,
	COL_ENABLED,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_REVISION] = {"revision", "REV", "Revision of the key.", VW_TEXT, 5, 12, 0, false},
	[COL_CHANGED] = {"changed", "WHEN", "When it was written.", VW_TIME, 5, 8, 1, false},
	[COL_BY] = {"by", "WHO", "Who wrote it: as the journal of a run knows it, else the centre.",
		    VW_TEXT, 4, 16, 3, false},
	[COL_REASON] = {"reason", "REASON", "Why, as given to sluice.", VW_TEXT, 6, 30, 5, true},
	[COL_RUN] = {"run", "RUN", "The run of sluice that wrote it.", VW_NUMBER, 3, 7, 6, true},
	[COL_ADDED] = {"added", "+", "Lines that it has and the version before had not.", VW_NUMBER,
		       3, 7, 2, false},
	[COL_REMOVED] = {"removed", "-", "Lines that the version before had and it has not.",
			 VW_NUMBER, 3, 7, 2, false},
	[COL_STANDING] = {"standing", "STATE", "live, superseded or draft.", VW_TEXT, 10, 22, 1,
			  false},
	[COL_WHAT] = {"what", "FIRST CHANGE", "The first line that is new, or gone.", VW_TEXT, 10,
		      0, 4, false},
	[COL_VALUE] = {"value", "VALUE", "What it was set to.", VW_TEXT, 10, 40, 7, true},
	[COL_TYPE] = {"type", "TYPE", "text, yaml, json ...", VW_TEXT, 4, 10, 5, true},
	[COL_ENABLED] = {"enabled", "ENABLED", "Clients got it only when it was.", VW_BOOL, 3, 7, 6,
			 true},
};

static void add_version(struct vw_table *t, const struct key_version *v, const char *id,
			enum vw_state state, const char *standing, const char *reason)
{
	struct vw_cell *cells = vw_row_add(t, id, state, vw_printf(t, "revision %s", id), reason);
	char *value = sl_text_clean_dup(v->value, v->len, true);

	vw_set_text(t, &cells[COL_REVISION], id);
	vw_set_time(&cells[COL_CHANGED], v->changed);
	vw_set_text(t, &cells[COL_BY], v->by);
	vw_set_text(t, &cells[COL_REASON], v->reason);
	if (v->run)
		vw_set_number(&cells[COL_RUN], (double)v->run);
	if (v->compared) {
		vw_set_number(&cells[COL_ADDED], (double)v->added);
		vw_set_number(&cells[COL_REMOVED], (double)v->removed);
	}
	vw_set_text(t, &cells[COL_STANDING], standing);
	vw_set_text(t, &cells[COL_WHAT], v->what);
	cells[COL_VALUE].known = !v->cut; /* an empty value is a value */
	cells[COL_VALUE].text = vw_dup(t, value);
	vw_set_text(t, &cells[COL_TYPE], v->type);
	vw_set_bool(&cells[COL_ENABLED], v->enabled);
	free(value);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	const struct key_history *h = w->history;

	if (w->draft)
		add_version(t, w->draft, "draft", VW_WORKING, "draft", "not published");
	for (size_t i = 0; h && i < h->count; i++) {
		const struct key_version *v = &h->items[i];
		const char *id = *v->revision ? v->revision : vw_printf(t, "#%zu", i + 1);

		if (i)
			add_version(t, v, id, VW_OFF, "superseded", "superseded");
		else if (v->enabled)
			add_version(t, v, id, VW_OK, "live", "live");
		else
			add_version(t, v, id, VW_DEGRADED, "live, disabled",
				    "disabled: clients do not get it");
	}
}

const struct vw_view vw_history = {
	.name = "history",
	.one = "version",
	.title = "History",
	.summary = "the versions of one config key, newest first",
	.roles = CAT_CONFIG,
	.may_store = true,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-revision",
	.rows = "versions",
	.fill = fill,
};
