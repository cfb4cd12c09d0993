/* SPDX-License-Identifier: Apache-2.0 */
/* list and find: what was read, told to the sink a slice at a time, so that ten thousand instances
 * do not hold up the loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/serviceCenter/sc.h"

#define SLICE 500 /* services or instances */

struct listing {
	struct sc_read read; /* first */
	const struct sl_registry_sink *sink;
	void *arg;
	char *known;       /* the caller's revision, or NULL */
	char revision[20]; /* of what was read */
	bool not_modified, changes;
	bool *changed;              /* of the groups; only with changes */
	size_t version, group, row; /* where the telling is */
};

static void listing_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct listing *l = (struct listing *)c;
	const struct sl_read_end end = {
		.error = *e,
		.revision = e->code == SL_OK ? l->revision : "",
		.not_modified = l->not_modified && e->code == SL_OK,
		.changes = l->changes && e->code == SL_OK,
	};

	l->sink->done(l->arg, &end);
	free(l->known);
	free(l->changed);
	sc_read_release(&l->read);
}

static void tell_version(const struct listing *l, const struct sc_version *v)
{
	const struct sl_service s = {
		.service = v->name,
		.environment = v->environment,
		.app = v->app,
		.version = v->version,
		.labels = v->labels,
		.label_count = v->label_count,
	};

	if (l->sink->service)
		l->sink->service(l->arg, &s);
}

/* That it is named makes the rows that follow all that it has. */
static void tell_group(const struct listing *l, const struct sc_group *g)
{
	const struct sl_service s = {
		.service = g->name, .environment = g->environment, .app = g->app};

	if (l->sink->service)
		l->sink->service(l->arg, &s);
}

static void tell_row(const struct listing *l, const struct sc_group *g, const struct sc_row *r)
{
	const struct sl_instance i = {
		.service = g->name,
		.environment = g->environment,
		.app = g->app,
		.id = r->id,
		.host = r->host,
		.address = r->address,
		.port = r->port,
		.version = r->version,
		.state = r->state,
		.weight = r->weight,
		.since = r->since,
		.labels = r->labels,
		.label_count = r->label_count,
		.note = r->note,
	};

	if (l->sink->instance)
		l->sink->instance(l->arg, &i);
}

/* One step; false = all that was read so far is told. */
static bool tell_next(struct listing *l)
{
	const struct sc_view *v = &l->read.view;
	const struct sc_group *g;

	if (!l->changes && l->version < v->version_count) {
		tell_version(l, &v->versions[l->version++]);
		return true;
	}
	while (l->changes && l->group < l->read.group_count && !l->changed[l->group])
		l->group++;
	if (l->group == l->read.asked)
		return false;
	g = l->read.groups[l->group];
	if (l->changes && !l->row)
		tell_group(l, g);
	if (l->row < g->count) {
		tell_row(l, g, &g->rows[l->row++]);
	} else {
		l->group++;
		l->row = 0;
	}
	return true;
}

static void tell(struct sl_chain *c)
{
	struct listing *l = (struct listing *)c;
	const struct sl_error ok = {0};

	for (int n = 0; n < SLICE && !c->canceled; n++) {
		if (tell_next(l))
			continue;
		if (l->read.asked < l->read.group_count)
			sc_read_go_on(&l->read);
		else
			sl_chain_end(c, &ok);
		return;
	}
	if (c->canceled)
		sl_chain_end(c, &ok);
	else
		sl_chain_pause(c, 0, tell);
}

/* One word for the whole state: of every service and of every name's revision. */
static void revision_make(struct listing *l)
{
	uint64_t hash = l->read.view.hash;

	for (size_t i = 0; i < l->read.group_count; i++) {
		const struct sc_group *g = l->read.groups[i];

		hash += sc_hash(sc_hash(sc_hash(sc_hash(6, g->environment), g->app), g->name),
				g->unread ? g->unread : g->rev);
	}
	snprintf(l->revision, sizeof l->revision, "%016llx", (unsigned long long)hash);
}

/* The next read starts from here. */
static void groups_keep(struct sc_read *r)
{
	struct sc *sc = r->call.sc;

	for (size_t i = 0; i < sc->group_count; i++)
		sc_group_unref(sc->groups[i]);
	free(sc->groups);
	sc->groups = sl_alloc_n(r->group_count + 1, sizeof(struct sc_group *));
	sc->group_count = r->group_count;
	for (size_t i = 0; i < r->group_count; i++)
		sc->groups[i] = sc_group_ref(r->groups[i]);
	sc->view_hash = r->view.hash;
}

/* Only when the caller stands where the last read ended, and the same services are there: then
 * groups are the same ones in the same order, and those that changed are others. */
static void changes_find(struct listing *l)
{
	const struct sc_read *r = &l->read;
	const struct sc *sc = r->call.sc;

	l->changes = !r->fresh_only && l->known && strcmp(l->known, sc->revision) == 0 &&
		     r->view.hash == sc->view_hash && r->group_count == sc->group_count;
	if (!l->changes)
		return;
	l->changed = sl_alloc_n(r->group_count + 1, sizeof *l->changed);
	for (size_t i = 0; i < r->group_count; i++)
		l->changed[i] = r->groups[i] != sc->groups[i];
}

static void on_ready(struct sc_read *r)
{
	struct listing *l = (struct listing *)r;
	const struct sl_error ok = {0};

	revision_make(l);
	changes_find(l);
	if (!r->fresh_only) {
		groups_keep(r);
		memcpy(r->call.sc->revision, l->revision, sizeof l->revision);
	}
	l->not_modified = l->known && strcmp(l->known, l->revision) == 0;
	if (l->not_modified)
		sl_chain_end(&r->call.chain, &ok);
	else
		tell(&r->call.chain);
}

/* Who knows nothing yet gets each answer as it comes. */
static void tell_part(struct sc_read *r)
{
	tell(&r->call.chain);
}

struct sl_call *sc_list(void *instance, const char *revision, int64_t timeout_ms,
			const struct sl_registry_sink *sink, void *arg)
{
	struct listing *l = sl_alloc(sizeof *l);

	l->sink = sink;
	l->arg = arg;
	l->known = sl_strdup(revision);
	if (!revision)
		l->read.part = tell_part;
	sc_read_init(&l->read, instance, NULL, NULL, NULL, false, timeout_ms, listing_finish,
		     on_ready);
	sc_read_start(&l->read);
	return &l->read.call;
}

struct sl_call *sc_find(void *instance, const char *service, const char *environment,
			const char *app, int64_t timeout_ms, const struct sl_registry_sink *sink,
			void *arg)
{
	struct listing *l = sl_alloc(sizeof *l);

	l->sink = sink;
	l->arg = arg;
	sc_read_init(&l->read, instance, service, environment, app, true, timeout_ms,
		     listing_finish, on_ready);
	sc_read_start(&l->read);
	return &l->read.call;
}
