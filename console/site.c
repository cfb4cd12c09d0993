/* SPDX-License-Identifier: Apache-2.0 */
#include "console/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/question.h"
#include "orchestrator/playbook/playbook.h"
#include "orchestrator/view/host_look.h"
#include "orchestrator/view/run_marks.h"
#include "orchestrator/view/sources.h"
#include "plugins/host/host.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define LOOK_MS    250 /* between two looks at whether runs have changed */
#define RUNS_SLICE 500 /* events of journals that one fill of a table may read: 3 ms */
#define BEHIND_MS  20  /* and when the next one reads on */

struct site {
	uv_loop_t *loop;
	struct store *store;
	struct run_marks *marks;
	struct inventory_file *inventory;
	struct plugin_host *plugins;
	struct vw_sources *sources; /* NULL without an inventory */
	struct host_looks *hosts;   /* NULL until wanted */
	bool hosts_wanted, hosts_wrong;
	struct questions questions;
	struct spawned *spawned;
	void (*changed)(void *arg, unsigned what);
	void *arg;
	uv_timer_t look;
	int64_t runs_read;
	bool looking;
	void (*closed)(void *arg);
	void *closed_arg;
};

static void look_at_runs(uv_timer_t *timer)
{
	struct site *s = timer->data;
	bool behind = run_marks_behind(s->marks);

	s->runs_read = sl_time_now();
	if (store_changed(s->store) || behind)
		s->changed(s->arg, SITE_RUNS);
	if (behind) /* it reads on if the view of runs still stands */
		run_marks_begin(s->marks);
	uv_timer_start(timer, look_at_runs, behind ? BEHIND_MS : LOOK_MS, 0);
}

static int inventory_open(struct site *s, const char *path, struct sl_error *e)
{
	struct diags *d = diags_new();
	int rc = SL_OK;

	s->inventory = inventory_load(path, d);
	if (!s->inventory || diags_errors(d)) {
		diags_print(d, stderr, false);
		rc = sl_fail(e, SL_EINPUT, "%s: the inventory cannot be used", path);
	}
	diags_free(d);
	return rc;
}

static void catalogue_changed(void *arg, unsigned roles)
{
	struct site *s = arg;

	(void)roles;
	s->changed(s->arg, SITE_CATALOGUE);
}

static int plugins_load(struct site *s, struct sl_error *e)
{
	size_t count = s->inventory->backend_count, i;
	const char **types = sl_alloc_n(count + 1, sizeof *types);
	int rc;

	for (i = 0; i < count; i++)
		types[i] = s->inventory->backends[i].type;
	rc = plugin_host_load_types(s->plugins, types, count, e);
	free(types);
	return rc;
}

int site_connect(struct site *s, struct sl_error *e)
{
	int rc;

	if (!s->sources)
		return SL_OK;
	s->plugins = plugin_host_new(s->loop);
	rc = plugins_load(s, e);
	if (!rc)
		vw_sources_connect(s->sources, s->plugins);
	return rc;
}

/* --- closing: what was opened last goes first --- */

static void site_free(struct site *s)
{
	void (*closed)(void *) = s->closed;
	void *arg = s->closed_arg;

	if (s->inventory)
		inventory_free(s->inventory);
	run_marks_free(s->marks);
	if (s->store)
		store_close(s->store);
	free(s);
	if (closed)
		closed(arg);
}

static void close_next(void *arg);

static void timer_closed(uv_handle_t *handle)
{
	close_next(handle->data);
}

static void close_next(void *arg)
{
	struct site *s = arg;

	if (s->hosts) {
		struct host_looks *hosts = s->hosts;

		s->hosts = NULL;
		host_looks_close(hosts, close_next, s);
	} else if (s->sources) {
		struct vw_sources *sources = s->sources;

		s->sources = NULL;
		vw_sources_close(sources, close_next, s);
	} else if (s->plugins) {
		struct plugin_host *plugins = s->plugins;

		s->plugins = NULL;
		plugin_host_close(plugins, close_next, s);
	} else if (s->looking) {
		s->looking = false;
		uv_close((uv_handle_t *)&s->look, timer_closed);
	} else {
		site_free(s);
	}
}

void site_close(struct site *s, void (*closed)(void *arg), void *arg)
{
	s->closed = closed;
	s->closed_arg = arg;
	spawned_close(s->spawned);
	questions_close(&s->questions, close_next, s);
}

int site_open(uv_loop_t *loop, const char *folder, const char *inventory, int64_t interval_ms,
	      void (*changed)(void *arg, unsigned what), void *arg, struct site **out,
	      struct sl_error *e)
{
	struct site *s = sl_alloc(sizeof *s);
	int rc;

	s->loop = loop;
	s->changed = changed;
	s->arg = arg;
	rc = inventory ? inventory_open(s, inventory, e) : SL_OK;
	if (!rc)
		rc = store_open(folder, &s->store, e);
	if (rc) {
		close_next(s);
		return rc;
	}
	if (inventory) {
		s->sources = vw_sources_new(loop, s->inventory, interval_ms);
		catalogue_on_change(vw_sources_catalogue(s->sources), catalogue_changed, s);
	}
	s->marks = run_marks_new(RUNS_SLICE);
	s->runs_read = sl_time_now();
	uv_timer_init(loop, &s->look);
	s->look.data = s;
	s->looking = true;
	uv_timer_start(&s->look, look_at_runs, LOOK_MS, 0);
	*out = s;
	return SL_OK;
}

uv_loop_t *site_loop(struct site *s)
{
	return s->loop;
}

struct store *site_store(struct site *s)
{
	return s->store;
}

struct catalogue *site_catalogue(struct site *s)
{
	return s->sources ? vw_sources_catalogue(s->sources) : NULL;
}

const char *site_environment(const struct site *s)
{
	return s->inventory && s->inventory->environment ? s->inventory->environment : "";
}

bool site_production(const struct site *s)
{
	return s->inventory && s->inventory->production;
}

const char *site_inventory(const struct site *s)
{
	return s->inventory ? s->inventory->path : NULL;
}

int64_t site_runs_read(const struct site *s)
{
	return s->runs_read;
}

void site_want(struct site *s, unsigned roles)
{
	struct catalogue *c = site_catalogue(s);

	if (c)
		catalogue_want(c, roles);
}

static void hosts_changed(void *arg)
{
	struct site *s = arg;

	s->changed(s->arg, SITE_HOSTS);
}

struct host_looks *site_hosts(struct site *s)
{
	struct sl_error e = {0};

	if (s->hosts || !s->inventory || s->hosts_wrong)
		return s->hosts;
	s->hosts = host_looks_open(s->loop, s->inventory, s->store, &e);
	s->hosts_wrong = !s->hosts;
	if (s->hosts)
		host_looks_on_change(s->hosts, hosts_changed, s);
	else
		sl_log(SL_LOG_WARN, "%s", e.msg);
	return s->hosts;
}

bool site_names_hosts(const struct site *s)
{
	return s->inventory && inventory_names_hosts(s->inventory);
}

void site_want_hosts(struct site *s, bool on)
{
	struct host_looks *hosts = on ? site_hosts(s) : s->hosts;

	s->hosts_wanted = on;
	if (hosts)
		host_looks_want(hosts, on);
}

bool site_settled(struct site *s)
{
	struct catalogue *c = site_catalogue(s);
	bool hosts = !s->hosts_wanted || !s->hosts || host_looks_settled(s->hosts);

	return hosts && !s->questions.first && !run_marks_behind(s->marks) &&
	       (!c || catalogue_settled(c));
}

struct spawned **site_spawned(struct site *s)
{
	return &s->spawned;
}

struct questions *site_questions(struct site *s)
{
	return &s->questions;
}

void site_answered(struct site *s)
{
	s->changed(s->arg, SITE_ANSWER);
}

struct vw_world site_world(struct site *s, const char *subject, int64_t now)
{
	return (struct vw_world){.catalogue = site_catalogue(s),
				 .store = s->store,
				 .marks = s->marks,
				 .hosts = s->hosts,
				 .environment = site_environment(s),
				 .subject = subject,
				 .now = now};
}

/* A source whose age stands on the screen in seconds: younger than its interval it is just fresh.
 */
bool site_is_ageing(struct site *s)
{
	struct catalogue *c = site_catalogue(s);
	size_t i;

	for (i = 0; c && i < catalogue_source_count(c); i++) {
		struct cat_source source = catalogue_source(c, i);
		int64_t old = sl_time_now() - source.read_at - source.interval_ms - SITE_SLACK_MS;
		bool idle = !source.polled && !*source.error && old > 2 * SITE_SLACK_MS;

		if (source.read_at && old > 0 && !idle)
			return true;
	}
	return false;
}
