/* SPDX-License-Identifier: Apache-2.0 */
/* View: config keys, of all services or of one. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "orchestrator/view/key_read.h"

enum {
	COL_KEY,
	COL_VALUE,
	COL_TYPE,
	COL_REVISION,
	COL_ENABLED,
	COL_CHANGED,
	COL_BY,
	COL_LABELS,
	COL_SOURCE,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_KEY] = {"key", "KEY", "Name of the key.", VW_TEXT, 12, 40, 0, false},
	[COL_VALUE] = {"value", "VALUE", "What it is set to.", VW_TEXT, 10, 40, 1, false},
	[COL_TYPE] = {"type", "TYPE", "text, yaml, json ...", VW_TEXT, 4, 8, 6, true},
	[COL_REVISION] = {"revision", "REV", "Revision of this key.", VW_TEXT, 3, 12, 2, false},
	[COL_ENABLED] = {"enabled", "ENABLED", "Clients get it only when it is.", VW_BOOL, 3, 7, 3,
			 false},
	[COL_CHANGED] = {"changed", "CHANGED", "When it was last written.", VW_TIME, 5, 8, 2,
			 false},
	[COL_BY] = {"by", "BY", "Who wrote it.", VW_TEXT, 4, 16, 5, true},
	[COL_LABELS] = {"labels", "LABELS", "Whom it is for.", VW_LABELS, 8, 40, 4, false},
	[COL_SOURCE] = {"source", "SOURCE", "Config centre that holds it.", VW_TEXT, 4, 16, 7,
			true},
};

static bool is_for(const struct cat_key *k, const char *service)
{
	for (size_t i = 0; i < k->label_count; i++)
		if (strcmp(k->labels[i].name, "service") == 0)
			return strcmp(k->labels[i].value, service) == 0;
	return false;
}

static const char *identity(struct vw_table *t, const struct cat_key *k)
{
	char *id = key_id(k);
	const char *kept = vw_dup(t, id);

	free(id);
	return kept;
}

static void add_key(struct vw_table *t, const struct cat_key *k)
{
	enum vw_state state = k->enabled ? VW_OK : VW_OFF;
	struct vw_cell *cells = vw_row_add(t, identity(t, k), state, k->key,
					   k->enabled ? "" : "disabled: clients do not get it");

	vw_set_text(t, &cells[COL_KEY], k->key);
	cells[COL_VALUE].known = true; /* an empty value is a value */
	cells[COL_VALUE].text = vw_dup(t, k->value);
	vw_set_text(t, &cells[COL_TYPE], k->type);
	vw_set_text(t, &cells[COL_REVISION], k->revision);
	vw_set_bool(&cells[COL_ENABLED], k->enabled);
	vw_set_time(&cells[COL_CHANGED], k->changed);
	vw_set_text(t, &cells[COL_BY], k->by);
	vw_set_labels(t, &cells[COL_LABELS], k->labels, k->label_count);
	vw_set_text(t, &cells[COL_SOURCE], k->source);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->catalogue && i < catalogue_key_count(w->catalogue); i++) {
		const struct cat_key *k = catalogue_key(w->catalogue, i);

		if (!w->subject || is_for(k, w->subject))
			add_key(t, k);
	}
}

const struct vw_view vw_keys = {
	.name = "keys",
	.one = "key",
	.title = "Config",
	.summary = "keys of the config centres; with a service, those labelled with it",
	.roles = CAT_CONFIG,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "key",
	.fill = fill,
};
