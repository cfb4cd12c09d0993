/* SPDX-License-Identifier: Apache-2.0 */
/* What the console has carried out by `sluice`, and what came of it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/views/views.h"
#include "plugins/sdk/mem.h"

struct told {
	struct app *app;
	char *what, *file; /* file NULL = none */
};

static void told_free(struct told *t)
{
	if (t->file)
		unlink(t->file);
	free(t->file);
	free(t->what);
	free(t);
}

static void carried(void *arg, int code, const char *said)
{
	struct told *t = arg;
	struct app *a = t->app;

	if (code != SPAWNED_LEFT) {
		app_say(a, code ? PAINT_BAD : PAINT_OK, "%s: %s", t->what,
			*said  ? said
			: code ? "failed"
			       : "done");
		if (site_catalogue(a->site))
			catalogue_refetch(site_catalogue(a->site));
		a->data_dirty = true;
	}
	told_free(t);
}

bool carry(struct app *a, const char *const *args, char *what, char *file)
{
	struct told *t = sl_alloc(sizeof *t);
	const struct spawn_how how = {.args = args, .done = carried, .arg = t};
	struct sl_error e = {0};

	*t = (struct told){.app = a, .what = what, .file = file};
	app_say(a, PAINT_WORK, "%s: on its way", what);
	if (site_spawn(a->site, &how, NULL, &e) == SL_OK)
		return true;
	app_say(a, PAINT_BAD, "%s", e.msg);
	told_free(t);
	return false;
}
