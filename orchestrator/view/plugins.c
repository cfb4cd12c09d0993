/* SPDX-License-Identifier: Apache-2.0 */
/* View: the backends of the inventory, which plugin speaks to each, and how that goes. */
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/host/host.h"

enum {
	COL_PLUGIN,
	COL_KIND,
	COL_SOURCE,
	COL_STATE,
	COL_READ,
	COL_EVERY,
	COL_FAILURES,
	COL_ABI,
	COL_LICENCE,
	COL_REASON,
	COL_SUMMARY,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_PLUGIN] = {"plugin", "PLUGIN", "The type that the inventory gives.", VW_TEXT, 8, 20, 0,
			false},
	[COL_KIND] = {"kind", "KIND", "registry, config, metrics or traces.", VW_TEXT, 8, 8, 2,
		      false},
	[COL_SOURCE] = {"source", "SOURCE", "Name of the backend in the inventory.", VW_TEXT, 8, 30,
			0, false},
	[COL_STATE] = {"state", "STATE", "ok, failed, noContact, waiting, or off: not asked.",
		       VW_STATE, 7, 9, 1, false},
	[COL_READ] = {"read", "READ", "When it answered last.", VW_TIME, 4, 6, 3, false},
	[COL_EVERY] = {"every", "EVERY ms", "How long after an answer it is asked again.",
		       VW_NUMBER, 8, 9, 5, false},
	[COL_FAILURES] = {"failures", "FAILED", "How often it did not answer.", VW_NUMBER, 6, 8, 4,
			  true},
	[COL_ABI] = {"abi", "ABI", "Version of the contract that the plugin was built for.",
		     VW_NUMBER, 3, 4, 6, true},
	[COL_LICENCE] = {"licence", "LICENCE", "Of the plugin.", VW_TEXT, 7, 20, 8, true},
	[COL_REASON] = {"reason", "WHY", "Why it is in this state.", VW_TEXT, 10, 0, 1, false},
	[COL_SUMMARY] = {"summary", "SUMMARY", "What the plugin says of itself.", VW_TEXT, 10, 60,
			 9, true},
};

static enum vw_state state_of(const struct cat_source *s, const char **why)
{
	*why = s->error;
	if (*s->error)
		return s->read_at ? VW_NO_CONTACT : VW_FAILED;
	if (s->role == CAT_TRACING) {
		*why = "asked on demand";
		return VW_OK;
	}
	if (s->polled && s->stale && s->read_at) {
		*why = "does not answer";
		return VW_NO_CONTACT;
	}
	if (s->read_at)
		return VW_OK;
	*why = s->polled ? "has not answered yet" : "not asked";
	return s->polled ? VW_WAITING : VW_OFF;
}

static void add_source(struct vw_table *t, const struct catalogue *c, const struct cat_source *s)
{
	struct plugin_backend *b = catalogue_backend_as(c, s->name, s->role);
	const struct sl_plugin *p = b ? plugin_backend_plugin(b) : NULL;
	const char *why, *kind = catalogue_role_word(s->role);
	enum vw_state state = state_of(s, &why);
	struct vw_cell *cells =
		vw_row_add(t, vw_printf(t, "%s/%s", kind, s->name), state, s->name, why);

	vw_set_text(t, &cells[COL_PLUGIN], s->type);
	vw_set_text(t, &cells[COL_KIND], kind);
	vw_set_text(t, &cells[COL_SOURCE], s->name);
	vw_set_state(&cells[COL_STATE], state);
	vw_set_time(&cells[COL_READ], s->read_at);
	if (s->role != CAT_TRACING)
		vw_set_number(&cells[COL_EVERY], (double)s->interval_ms);
	vw_set_number(&cells[COL_FAILURES], (double)s->failures);
	vw_set_text(t, &cells[COL_REASON], why);
	if (!p)
		return;
	vw_set_number(&cells[COL_ABI], (double)p->abi);
	vw_set_text(t, &cells[COL_LICENCE], p->licence);
	vw_set_text(t, &cells[COL_SUMMARY], p->summary);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; w->catalogue && i < catalogue_source_count(w->catalogue); i++) {
		struct cat_source s = catalogue_source(w->catalogue, i);

		if (!w->subject || !strcmp(w->subject, s.type))
			add_source(t, w->catalogue, &s);
	}
}

const struct vw_view vw_plugins = {
	.name = "plugins",
	.one = "backend",
	.rows = "backends",
	.title = "Plugins",
	.summary = "the backends of the inventory: plugin, kind, and how it answers",
	.roles = CAT_REGISTRY | CAT_CONFIG | CAT_METRICS,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.fill = fill,
};
