/* SPDX-License-Identifier: Apache-2.0 */
/* View: which versions of a service run, how many instances each, and since when. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"

#define VERSIONS_MAX 256 /* of one service */

enum {
	COL_SERVICE,
	COL_VERSION,
	COL_STATE,
	COL_UP,
	COL_ALL,
	COL_SHARE,
	COL_FIRST,
	COL_LAST,
	COL_INSTANCES,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "Name in the registry.", VW_TEXT, 10, 30, 4, false},
	[COL_VERSION] = {"version", "VERSION", "As the instances registered it.", VW_TEXT, 9, 30, 0,
			 false},
	[COL_STATE] = {"state", "STATE", "ok, degraded, failed, working or off.", VW_STATE, 8, 9, 5,
		       false},
	[COL_UP] = {"up", "UP", "Its instances that the registry calls UP.", VW_NUMBER, 3, 7, 1,
		    false},
	[COL_ALL] = {"all", "ALL", "Its instances, whatever their state.", VW_NUMBER, 3, 7, 1,
		     false},
	[COL_SHARE] = {"share", "SHARE", "Share of the service's instances.", VW_SHARE, 5, 8, 1,
		       false},
	[COL_FIRST] = {"first", "OLDEST", "Since when its oldest instance stands.", VW_TIME, 6, 8,
		       2, false},
	[COL_LAST] = {"last", "NEWEST", "Since when its newest instance stands.", VW_TIME, 6, 8, 2,
		      false},
	[COL_INSTANCES] = {"instances", "INSTANCES", "Some of them.", VW_TEXT, 10, 0, 6, false},
};

struct version {
	const char *name;
	size_t up, all, failed, off;
	int64_t first, last;
	char some[160];
};

static struct version *version_of(struct version *list, size_t *n, const char *name)
{
	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	if (*n == VERSIONS_MAX)
		return &list[VERSIONS_MAX - 1];
	list[*n] = (struct version){.name = name};
	return &list[(*n)++];
}

static void count(struct version *v, const struct cat_instance *i)
{
	size_t len = strlen(v->some);

	v->all++;
	v->up += i->state == SL_INSTANCE_UP;
	v->off += i->state == SL_INSTANCE_OUT;
	v->failed += i->state == SL_INSTANCE_DOWN || i->state == SL_INSTANCE_UNKNOWN;
	if (i->since && (!v->first || i->since < v->first))
		v->first = i->since;
	if (i->since > v->last)
		v->last = i->since;
	if (len + strlen(i->id) + 2 < sizeof v->some)
		snprintf(v->some + len, sizeof v->some - len, "%s%s", len ? " " : "", i->id);
}

static enum vw_state state_of(const struct version *v)
{
	if (v->up == v->all)
		return VW_OK;
	if (v->off == v->all)
		return VW_OFF;
	if (!v->failed)
		return v->off ? VW_DEGRADED : VW_WORKING;
	return v->up ? VW_DEGRADED : VW_FAILED;
}

static void add_version(struct vw_table *t, const struct cat_service *s, const struct version *v)
{
	const char *id = vw_printf(t, "%s/%s", s->path, v->name);
	const char *full = vw_printf(t, "%s %s", s->service, *v->name ? v->name : "(no version)");
	const char *reason =
		v->up == v->all ? "" : vw_printf(t, "%zu of %zu not up", v->all - v->up, v->all);
	struct vw_cell *cells = vw_row_add(t, id, state_of(v), full, reason);

	vw_set_text(t, &cells[COL_SERVICE], s->service);
	vw_set_text(t, &cells[COL_VERSION], v->name);
	vw_set_state(&cells[COL_STATE], state_of(v));
	vw_set_number(&cells[COL_UP], (double)v->up);
	vw_set_number(&cells[COL_ALL], (double)v->all);
	vw_set_number(&cells[COL_SHARE], (double)v->all / (double)s->count);
	vw_set_time(&cells[COL_FIRST], v->first);
	vw_set_time(&cells[COL_LAST], v->last);
	vw_set_text(t, &cells[COL_INSTANCES], v->some);
}

static int by_name(const void *a, const void *b)
{
	return vw_natural((*(const struct cat_instance *const *)a)->id,
			  (*(const struct cat_instance *const *)b)->id);
}

/* The versions of a service; its instances in the order in which they are named. */
static size_t gather(const struct cat_service *s, struct version *list)
{
	const struct cat_instance **sorted = sl_alloc_n(s->count + 1, sizeof *sorted);
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		sorted[i] = &s->instances[i];
	qsort(sorted, s->count, sizeof *sorted, by_name);
	for (size_t i = 0; i < s->count; i++)
		count(version_of(list, &n, sorted[i]->version), sorted[i]);
	free(sorted);
	return n;
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	struct version *list = vw_alloc(t, VERSIONS_MAX * sizeof *list);

	for (size_t k = 0; w->catalogue && k < catalogue_service_count(w->catalogue); k++) {
		const struct cat_service *s = catalogue_service(w->catalogue, k);
		size_t n;

		if (w->subject && strcmp(w->subject, s->service) != 0)
			continue;
		n = gather(s, list);
		for (size_t i = 0; i < n; i++)
			add_version(t, s, &list[i]);
	}
}

const struct vw_view vw_versions = {
	.name = "versions",
	.one = "version",
	.title = "Versions",
	.summary = "which versions of each service run, on how many instances, since when",
	.roles = CAT_REGISTRY,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-share",
	.fill = fill,
};
