/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused before a plan is made: all reasons at once, each with what to do about it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/units.h"

#define REASONS_MAX 940 /* of the 1024 bytes that an error holds */

struct reasons {
	char text[REASONS_MAX];
	size_t len, count, dropped;
};

static void add_reason(struct reasons *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void add_reason(struct reasons *r, const char *fmt, ...)
{
	char line[512];
	va_list ap;
	va_start(ap, fmt);
	int len = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	if (len < 0)
		len = 0;
	if ((size_t)len >= sizeof line)
		len = sizeof line - 1;
	r->count++;
	if (r->dropped || r->len + (size_t)len + 2 > sizeof r->text) {
		r->dropped++;
		return;
	}
	if (r->len)
		r->text[r->len++] = '\n';
	memcpy(r->text + r->len, line, (size_t)len + 1);
	r->len += (size_t)len;
}

/* --- instances --- */

static void check_instances(const struct draft *d, struct reasons *r)
{
	for (size_t i = 0; i < d->model.count; i++) {
		const struct rs_instance *x = &d->in->resolved->instances[i];
		const struct plan_seen *s = &d->in->seen[i];
		if (!d->model.at[i].todo)
			continue;
		if (s->link == SEEN_NOTLINK)
			add_reason(r,
				   "%s: %s/%s is a folder, not a link to a release: `sluice adopt "
				   "%s` takes it over",
				   x->id, x->dir, x->link, d->service->name);
		else if (s->held && !s->alive)
			add_reason(r,
				   "%s: port %u is held by a process that sluice did not start: "
				   "stop it, or take it over with `sluice adopt %s`",
				   x->id, x->port, d->service->name);
	}
}

/* --- servers and instances --- */

static void check_strangers(const struct draft *d, struct reasons *r)
{
	const struct plan_router *router = d->in->router;
	for (size_t i = 0; i < router->server_count; i++) {
		const struct plan_server *s = &router->servers[i];
		if (s->instance >= 0 || s->backup)
			continue;
		add_reason(r,
			   "server %s/%s (%s:%u) on %s is no instance of %s: add the host to the "
			   "inventory, `%s: { address: %s }`, and to the service's group, or take "
			   "the server out of the backend",
			   router->backend, s->server, s->address ? s->address : "?", s->port,
			   s->node, d->service->name, s->server, s->address ? s->address : "?");
	}
}

static bool node_knows(const struct plan_router *router, const char *node, size_t instance)
{
	for (size_t i = 0; i < router->server_count; i++)
		if (router->servers[i].instance == (long)instance &&
		    strcmp(router->servers[i].node, node) == 0)
			return true;
	return false;
}

static void check_unknown(const struct draft *d, struct reasons *r)
{
	const struct plan_router *router = d->in->router;
	for (size_t i = 0; i < d->model.count; i++) {
		const struct rs_instance *x = &d->in->resolved->instances[i];
		for (size_t n = 0; n < router->node_count; n++)
			if (!node_knows(router, router->nodes[n], i))
				add_reason(r,
					   "%s is not in backend %s on %s: add the line `server %s "
					   "%s check` there, or take the host out of the service",
					   x->id, router->backend, router->nodes[n],
					   x->server_name ? x->server_name : x->host->name,
					   x->address);
	}
}

/* --- weights --- */

static bool is_partial(double share)
{
	return share > 1e-9 && share < 1 - 1e-9;
}

static void check_weights(const struct draft *d, struct reasons *r)
{
	const struct plan_router *router = d->in->router;
	char text[16];
	if (router->weights_work || d->strategy->kind != PB_CANARY)
		return;
	for (size_t i = 0; i < d->strategy->step_count; i++) {
		const struct pb_step *s = &d->strategy->steps[i];
		if (s->kind != PB_STEP_SET_WEIGHT || !is_partial(s->amount.share))
			continue;
		add_reason(
			r,
			"line %u: setWeight: %s: backend %s of router %s balances by `%s`, which "
			"takes only 0%% and 100%%: use `balance roundrobin` or `leastconn`",
			s->at.line, sl_share_format(text, sizeof text, s->amount.share),
			router->backend, router->name, router->algorithm ? router->algorithm : "?");
	}
}

/* --- the registry --- */

/*
 * Whoever is up there gets calls, and nobody here knows which version it runs. What is not up may
 * be left from a host that is gone: a note says so.
 */
static void check_registered(const struct draft *d, struct reasons *r)
{
	const struct plan_registry *g = d->in->registry;
	for (size_t i = 0; i < g->count; i++)
		if (g->at[i].instance < 0 && g->at[i].state != SL_INSTANCE_DOWN &&
		    g->at[i].state != SL_INSTANCE_OUT)
			add_reason(
				r,
				"registry %s: %s is %s as an instance of %s, and the inventory "
				"has none there: add the host to the service's group, or take it "
				"out of the registry",
				g->name, g->at[i].place, plan_registered_word(g->at[i].state),
				d->service->name);
}

int plan_check(const struct draft *d, struct sl_error *e)
{
	struct reasons r = {.len = 0};
	check_instances(d, &r);
	if (d->in->router) {
		check_weights(d, &r);
		check_strangers(d, &r);
		check_unknown(d, &r);
	}
	if (d->in->registry)
		check_registered(d, &r);
	if (!r.count)
		return SL_OK;
	if (r.dropped)
		return sl_fail(e, SL_EINPUT, "%s\nand %zu more reasons", r.text, r.dropped);
	return sl_fail(e, SL_EINPUT, "%s", r.text);
}
