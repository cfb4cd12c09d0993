/* SPDX-License-Identifier: Apache-2.0 */
/* What runs here: the program, whose it is, and what it reads. */
#include <stdlib.h>

#include "console/views/views.h"
#include "orchestrator/view/internal.h"

enum { COL_WHAT, COL_VALUE, COL_COUNT };

static const struct vw_column columns[COL_COUNT] = {
	[COL_WHAT] = {"what", "WHAT", "What is told.", VW_TEXT, 14, 20, 0, false},
	[COL_VALUE] = {"value", "VALUE", "As it is here.", VW_TEXT, 20, 0, 0, false},
};

static void fill(const struct vw_world *w, struct vw_table *t);

static const struct vw_view about = {
	.name = "about",
	.one = "line",
	.rows = "lines",
	.title = "About",
	.summary = "the program, whose it is, and what it reads",
	.columns = columns,
	.column_count = COL_COUNT,
	.fill = fill,
};

/* What fill reads: the world of a view, with the console behind it. */
struct about_world {
	struct vw_world world; /* first: fill gets this */
	struct app *app;
};

static void line(struct vw_table *t, const char *what, const char *value)
{
	struct vw_cell *cells = vw_row_add(t, what, VW_OK, what, value);

	vw_set_text(t, &cells[COL_WHAT], what);
	vw_set_text(t, &cells[COL_VALUE], value);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	struct app *a = ((const struct about_world *)w)->app;
	const char *inventory = site_inventory(a->site), *env = site_environment(a->site);
	const char *plugins = getenv("SLUICE_PLUGINS"), *term = getenv("TERM");

	line(t, "version", "sluice " SLUICE_VERSION);
	line(t, "licence", "Apache-2.0");
	line(t, "who", a->who);
	line(t, "environment",
	     vw_printf(t, "%s%s", *env ? env : "none",
		       site_production(a->site) ? ", production" : ""));
	line(t, "inventory", inventory ? inventory : "none: start with -i INVENTORY");
	line(t, "state folder", store_folder(site_store(a->site)));
	line(t, "plugins", plugins && *plugins ? plugins : "those beside the program");
	line(t, "theme", a->theme->name);
	line(t, "terminal",
	     vw_printf(t, "%s, %ux%u, %s", term && *term ? term : "none", a->canvas.width,
		       a->canvas.height, a->canvas.utf8 ? "UTF-8" : "ASCII"));
	line(t, "manual", "sluice-console(1), sluice(1), sluice-playbook(5), sluice-inventory(5)");
}

static void refresh(struct app *a, struct screen *s)
{
	struct about_world w = {.world = {.now = app_now(a)}, .app = a};

	table_set(&s->table, vw_table_fill(&about, &w.world), app_now(a), false);
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	(void)a;
	(void)s;
	return what == ACT_EXPORT ? "sluice --version prints it" : NULL;
}

static const enum action hints[] = {ACT_COPY, ACT_BACK, ACT_NONE};

const struct screen_ops view_about = {
	.name = "about",
	.title = "About",
	.twin = "--version",
	.hints = hints,
	.refresh = refresh,
	.why = why,
};
