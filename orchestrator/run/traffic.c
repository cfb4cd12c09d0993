/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/traffic.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define ROUTER_TIMEOUT_MS 15000

static void traffic_free(struct act *a)
{
	if (!a->traffic)
		return;
	for (size_t i = 0; i < a->traffic->count; i++)
		free(a->traffic->servers[i].server);
	free(a->traffic->servers);
	free(a->traffic);
	a->traffic = NULL;
}

static struct traffic_server *by_name(struct traffic *t, const char *server)
{
	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->servers[i].server, server) == 0)
			return &t->servers[i];
	return NULL;
}

static long instance_index(const struct runner *r, const char *server)
{
	const struct plan_router *known = &r->seen->router;
	for (size_t i = 0; i < known->server_count; i++)
		if (strcmp(known->servers[i].server, server) == 0)
			return known->servers[i].instance;
	return -1;
}

static void on_backend(void *arg, const struct sl_router_backend *b)
{
	(void)arg;
	(void)b;
}

static void on_server(void *arg, const struct sl_router_server *s)
{
	struct act *a = arg;
	struct traffic *t = a->traffic;
	struct traffic_server *known = by_name(t, s->server);
	if (known) {
		known->agree =
			known->agree && known->weight == s->weight && known->admin == (int)s->admin;
		known->up = known->up && s->up;
		known->sessions += s->sessions;
		known->queued += s->queued;
		return;
	}
	t->servers = sl_realloc_n(t->servers, t->count + 1, sizeof *t->servers);
	t->servers[t->count++] = (struct traffic_server){
		.server = sl_strdup(s->server),
		.instance = instance_index(a->r, s->server),
		.weight = s->weight,
		.configured = s->configured_weight,
		.admin = s->admin,
		.agree = true,
		.up = s->up,
		.backup = s->backup,
		.sessions = s->sessions,
		.queued = s->queued,
	};
}

/* The watch for drift has no step, and comes again by itself. */
bool traffic_is_cut(struct act *a, const struct sl_error *e, void (*again)(struct act *a))
{
	if (e->code != SL_ELOST || !a->step) {
		a->cut = 0;
		return false;
	}
	return !act_late(a) && act_try_again(a, &a->cut, e, again);
}

static void read_again(struct act *a)
{
	traffic_read(a, a->read);
}

static void on_read(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	a->traffic->reading = false;
	a->traffic->error = *e;
	if (!a->ending && !a->r->over && !traffic_is_cut(a, e, read_again))
		a->read(a);
}

static const struct sl_router_sink sink = {
	.backend = on_backend,
	.server = on_server,
	.done = on_read,
};

void traffic_read(struct act *a, void (*then)(struct act *a))
{
	struct world *w = &a->r->world;
	if (a->r->over)
		return;
	traffic_free(a);
	a->traffic = sl_alloc(sizeof *a->traffic);
	a->traffic->reading = true;
	a->read = then;
	w->router->read(w->router_instance, w->router_backend, act_left(a, ROUTER_TIMEOUT_MS),
			&sink, a);
}

/* The turn has come: claims first (a stale controller must not write), then read. */
static void assured(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (a->ending || a->r->over)
		return;
	if (e->code && a->failed)
		a->failed(a, e);
	else if (e->code)
		act_end(a, e);
	else
		traffic_read(a, a->read);
}

static void hold(struct act *a)
{
	a->r->router_holder = a;
	a->holds_router = true;
	keeper_assure(a->r, assured, a);
}

void traffic_acquire(struct act *a, void (*then)(struct act *a))
{
	struct runner *r = a->r;
	a->read = then;
	if (!r->router_holder) {
		hold(a);
		return;
	}
	a->next_waiting = NULL;
	struct act **tail = &r->router_queue;
	while (*tail)
		tail = &(*tail)->next_waiting;
	*tail = a;
}

void traffic_release(struct act *a)
{
	struct runner *r = a->r;
	traffic_free(a);
	if (!a->holds_router)
		return;
	a->holds_router = false;
	r->router_holder = NULL;
	struct act *next = r->router_queue;
	if (next && !r->over) {
		r->router_queue = next->next_waiting;
		hold(next);
	}
}

const struct traffic_server *traffic_find(const struct act *a, long instance)
{
	for (size_t i = 0; a->traffic && i < a->traffic->count; i++)
		if (a->traffic->servers[i].instance == instance)
			return &a->traffic->servers[i];
	return NULL;
}
