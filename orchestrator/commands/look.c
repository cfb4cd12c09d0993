/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/edges.h"
#include "orchestrator/view/run_marks.h"
#include "orchestrator/view/trace_read.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static int unknown_view(const char *name)
{
	const struct vw_view *const *views;
	size_t count = vw_views(&views);
	const char *names[32];
	char clean[64], *hint;

	count = count < SL_COUNT(names) ? count : SL_COUNT(names);
	for (size_t i = 0; i < count; i++)
		names[i] = views[i]->name;
	hint = sl_text_hint(name, names, count);
	sl_text_clean(clean, sizeof clean, name, strlen(name), false);
	cli_error("there is no view '%s'%s", clean, hint);
	free(hint);
	return RUN_INPUT;
}

static int load_inventory(struct look *l)
{
	struct diags *d = diags_new();

	l->inventory = inventory_load(l->c->inventory, d);
	diags_print(d, stderr, l->c->colour_err);
	diags_free(d);
	return l->inventory ? RUN_DONE : RUN_INPUT;
}

/* The role without which the view shows nothing: the others only add columns. */
static unsigned main_role(const struct vw_view *v)
{
	return v->roles & -v->roles;
}

static const char *role_word(unsigned role)
{
	switch (role) {
	case CAT_REGISTRY:
		return "registry";
	case CAT_CONFIG:
		return "config centre";
	case CAT_METRICS:
		return "metrics backend";
	default:
		return "tracing backend";
	}
}

static size_t count_sources(const struct look *l, unsigned roles)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_source_count(l->catalogue); i++)
		n += (catalogue_source(l->catalogue, i).role & roles) != 0;
	return n;
}

static int open_sources(struct look *l)
{
	int rc = load_inventory(l);

	if (!rc)
		rc = cli_plugins(l->c);
	if (rc)
		return rc;
	l->sources = vw_sources_open(uv_default_loop(), l->inventory, l->c->plugins, 0);
	l->catalogue = vw_sources_catalogue(l->sources);
	if (l->view->store || count_sources(l, main_role(l->view)))
		return RUN_DONE;
	cli_error("%s: `%s` stands on a %s, and the inventory names none", l->c->inventory,
		  l->view->name, role_word(main_role(l->view)));
	return RUN_INPUT;
}

static int open_hosts(struct look *l)
{
	struct sl_error e = {0};
	int rc = load_inventory(l);

	if (rc)
		return rc;
	l->hosts = host_looks_open(uv_default_loop(), l->inventory, l->c->store, &e);
	if (!l->hosts)
		return cli_fail(&e);
	if (l->subject && !host_looks_only(l->hosts, l->subject)) {
		cli_error("%s: the inventory has no host '%.64s'", l->c->inventory, l->subject);
		return RUN_INPUT;
	}
	if (host_looks_count(l->hosts))
		return RUN_DONE;
	cli_error("%s: the inventory names no hosts", l->c->inventory);
	return RUN_INPUT;
}

/* What was asked is checked before anything is contacted. */
static int check_question(struct look *l)
{
	const struct vw_world nothing = {.environment = ""};
	struct vw_table *t = vw_table_fill(l->view, &nothing);
	struct sl_error e = {0};
	int rc = vw_sort(t, l->c->sort ? l->c->sort : l->view->sort, &e);

	vw_table_free(t);
	if (!rc) {
		l->filter = vw_filter_parse(l->view, l->c->filter ? l->c->filter : "", &e);
		rc = l->filter ? SL_OK : (int)e.code;
	}
	return rc ? cli_fail(&e) : RUN_DONE;
}

/* Of runs that were: one that is followed may yet come. */
static int check_run(const struct look *l)
{
	struct store_run unused;
	int rc = cli_find_run(l->c, l->subject, FIND_LATEST, &unused);

	store_run_release(&unused);
	return rc;
}

int look_open(struct look *l, struct cli *c, bool live)
{
	bool must;
	int rc;

	*l = (struct look){.c = c, .view = vw_find(c->args[0])};
	if (!l->view)
		return unknown_view(c->args[0]);
	if (live && strcmp(l->view->name, "history") == 0) {
		cli_error("a history is asked for, not followed: sluice get history KEY");
		return RUN_INPUT;
	}
	if (live && (l->view->roles & CAT_TRACING || l->view->edges)) {
		cli_error("%s are asked for, not followed: sluice get %s", l->view->name,
			  l->view->name);
		return RUN_INPUT;
	}
	l->marks = live ? run_marks_new(0) : NULL;
	l->subject = c->arg_count > 1 ? c->args[1] : NULL;
	rc = check_question(l);
	if (!rc && (l->view->store || l->view->hosts))
		rc = cli_open_store(c);
	if (!rc && !live && l->subject && strcmp(l->view->name, "runs") == 0)
		rc = check_run(l);
	if (!rc && l->view->may_store && !c->store)
		store_open(NULL, &c->store, NULL); /* without it less is told */
	must = l->view->hosts || (l->view->roles && !l->view->store);
	if (!rc && must && !c->inventory) {
		cli_error("`%s` come from the %s of an inventory: say -i INVENTORY", l->view->name,
			  l->view->hosts ? "hosts" : "backends");
		return RUN_INPUT;
	}
	if (!rc && l->view->hosts)
		return open_hosts(l);
	if (!rc && c->inventory && l->view->roles && (must || live))
		rc = open_sources(l);
	return rc;
}

static void mark_closed(void *arg)
{
	*(bool *)arg = true;
}

void look_close(struct look *l)
{
	bool closed = l->sources == NULL, hosts_closed = l->hosts == NULL;

	if (l->sources)
		vw_sources_close(l->sources, mark_closed, &closed);
	if (l->hosts)
		host_looks_close(l->hosts, mark_closed, &hosts_closed);
	while (!closed || !hosts_closed)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	inventory_free(l->inventory);
	vw_filter_free(l->filter);
	run_marks_free(l->marks);
	traces_free(l->traces);
	key_history_free(l->history);
	edges_free(l->edges);
	*l = (struct look){0};
}

struct vw_table *look_table(const struct look *l, bool by_id)
{
	const struct vw_world world = {
		.catalogue = l->catalogue,
		.store = l->c->store,
		.environment =
			l->inventory && l->inventory->environment ? l->inventory->environment : "",
		.subject = l->subject,
		.now = sl_time_now(),
		.hosts = l->hosts,
		.marks = l->marks,
		.traces = l->traces,
		.history = l->history,
		.edges = l->edges,
	};
	struct vw_table *t = vw_table_fill(l->view, &world);

	vw_sort(t, l->c->sort ? l->c->sort : by_id ? "" : l->view->sort, NULL);
	return t;
}

/* --- waiting --- */

static void on_deadline(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

static void want(struct look *l)
{
	if (l->hosts)
		host_looks_want(l->hosts, true);
	else
		catalogue_want(l->catalogue, l->view->roles);
}

static bool is_settled(const struct look *l)
{
	return l->hosts ? host_looks_settled(l->hosts) : catalogue_settled(l->catalogue);
}

struct asking {
	struct look *l;
	bool done;
};

static void on_edges(void *arg, struct edges *found)
{
	struct asking *a = arg;

	a->l->edges = found;
	a->done = true;
}

/* Every plugin ends its call in time by itself. */
static void ask_edges(struct look *l, int64_t ms)
{
	struct asking a = {.l = l};

	edges_read(uv_default_loop(), l->catalogue, sl_time_now(), ms, on_edges, &a);
	while (!a.done)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
}

void look_settle(struct look *l, int64_t ms)
{
	uv_loop_t *loop = uv_default_loop();
	uv_timer_t timer;
	bool over = false;

	if (!l->catalogue && !l->hosts)
		return;
	if (l->view->roles & CAT_TRACING) {
		look_search(l, ms);
		return;
	}
	uv_timer_init(loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, on_deadline, (uint64_t)ms, 0);
	want(l);
	while (!over && !is_settled(l))
		uv_run(loop, UV_RUN_ONCE);
	timer.data = &over;
	over = false;
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	if (l->view->edges)
		ask_edges(l, ms);
}

int look_verdict(const struct look *l)
{
	size_t answered = 0;

	if (l->hosts) {
		if (host_looks_any(l->hosts))
			return RUN_DONE;
		cli_error("no host answered");
		return RUN_UNREACHABLE;
	}
	if (!l->catalogue)
		return RUN_DONE;
	if (l->traces)
		return look_search_verdict(l);
	if (l->edges && !l->edges->asked) {
		cli_error("%s: no backend that it names knows who calls whom", l->c->inventory);
		return RUN_INPUT;
	}
	if (l->edges && *l->edges->error)
		cli_error("%s", l->edges->error);
	if (l->edges && !l->edges->answered)
		return RUN_UNREACHABLE;
	for (size_t i = 0; i < catalogue_source_count(l->catalogue); i++) {
		struct cat_source s = catalogue_source(l->catalogue, i);

		if (!(s.role & l->view->roles))
			continue;
		answered += s.read_at && (s.role & main_role(l->view));
		if (*s.error)
			cli_error("%s '%s' (%s): %s", role_word(s.role), s.name, s.type, s.error);
		else if (!s.read_at)
			cli_error("%s '%s' (%s): no answer yet", role_word(s.role), s.name, s.type);
	}
	return answered || l->view->store ? RUN_DONE : RUN_UNREACHABLE;
}
