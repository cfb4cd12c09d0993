/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/edges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define EDGES_MAX  20000
#define NAME_BYTES 256 /* bytes of a service's name, with its end */

struct asked {
	struct edges_read *read;
	char name[64];
	const struct sl_registry_ops *registry; /* one of the two */
	const struct sl_tracing_ops *tracing;
	void *instance;
	struct sl_call *call; /* NULL = answered */
};

struct edges_read {
	uv_timer_t tick;
	struct edges *found;
	struct asked *asked;
	size_t count, open;
	bool canceled;
	edges_read_done done;
	void *arg;
};

static void edge_release(struct edge *e)
{
	free(e->consumer);
	free(e->provider);
	free(e->sources);
}

void edges_free(struct edges *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->count; i++)
		edge_release(&e->items[i]);
	free(e->items);
	free(e->error);
	free(e);
}

/* --- what comes in --- */

static void add(struct asked *a, const struct sl_edge *e)
{
	struct edges *to = a->read->found;
	char consumer[NAME_BYTES], provider[NAME_BYTES];

	if (!e->consumer || !e->provider || to->count >= EDGES_MAX)
		return;
	sl_text_clean(consumer, sizeof consumer, e->consumer, strlen(e->consumer), false);
	sl_text_clean(provider, sizeof provider, e->provider, strlen(e->provider), false);
	SL_GROW(to->items, to->count, to->cap);
	to->items[to->count++] = (struct edge){.consumer = sl_strdup(consumer),
					       .provider = sl_strdup(provider),
					       .calls = e->calls < 0 ? -1 : e->calls,
					       .errors = e->errors < 0 ? -1 : e->errors,
					       .sources = sl_strdup(a->name)};
}

static void on_edge(void *arg, const struct sl_edge *e)
{
	add(arg, e);
}

/* Plugins call what they are given without a look. */
static void on_service(void *arg, const struct sl_service *s)
{
	(void)arg;
	(void)s;
}

static void on_instance(void *arg, const struct sl_instance *i)
{
	(void)arg;
	(void)i;
}

static void on_span(void *arg, const struct sl_span *s)
{
	(void)arg;
	(void)s;
}

static void on_name(void *arg, const char *name)
{
	(void)arg;
	(void)name;
}

/* --- the end --- */

static int compare(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;
	int order = strcmp(x->consumer, y->consumer);

	if (!order)
		order = strcmp(x->provider, y->provider);
	return order ? order : strcmp(x->sources, y->sources);
}

/* Sources count the same calls, each for itself: the one that saw most is believed. */
static void take_in(struct edge *to, struct edge *from)
{
	char *sources = sl_asprintf("%s, %s", to->sources, from->sources);

	if (from->calls > to->calls) {
		to->calls = from->calls;
		to->errors = from->errors;
	}
	free(to->sources);
	to->sources = sources;
	edge_release(from);
}

static void join(struct edges *e)
{
	size_t n = 0;

	if (e->count)
		qsort(e->items, e->count, sizeof *e->items, compare);
	for (size_t i = 0; i < e->count; i++) {
		struct edge *last = n ? &e->items[n - 1] : NULL;

		if (last && !strcmp(last->consumer, e->items[i].consumer) &&
		    !strcmp(last->provider, e->items[i].provider))
			take_in(last, &e->items[i]);
		else
			e->items[n++] = e->items[i];
	}
	e->count = n;
}

static void on_tick_closed(uv_handle_t *handle)
{
	struct edges_read *r = handle->data;

	join(r->found);
	r->found->read_at = sl_time_now();
	r->done(r->arg, r->found);
	free(r->asked);
	free(r);
}

static void one_less(struct edges_read *r)
{
	if (!--r->open)
		uv_close((uv_handle_t *)&r->tick, on_tick_closed);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct asked *a = arg;
	struct edges *found = a->read->found;

	a->call = NULL;
	if (end->error.code == SL_OK) {
		found->answered++;
	} else {
		free(found->error);
		found->error = sl_asprintf("%s: %s", a->name, end->error.msg);
	}
	one_less(a->read);
}

/* --- the beginning --- */

static bool knows_edges(const struct catalogue *c, const struct cat_source *s)
{
	struct plugin_backend *b = catalogue_backend(c, s->name);
	const struct sl_plugin *p = b ? plugin_backend_plugin(b) : NULL;

	if (!p)
		return false;
	return (s->role == CAT_REGISTRY && p->registry && p->registry->edges) ||
	       (s->role == CAT_TRACING && p->tracing && p->tracing->edges);
}

bool edges_have_source(const struct catalogue *c)
{
	for (size_t i = 0; c && i < catalogue_source_count(c); i++) {
		struct cat_source s = catalogue_source(c, i);

		if (knows_edges(c, &s))
			return true;
	}
	return false;
}

/* Held open by one more until a later turn: nothing ends inside start. */
static void on_tick(uv_timer_t *tick)
{
	one_less(tick->data);
}

static void ask(struct edges_read *r, const struct catalogue *c, const struct cat_source *s,
		int64_t now, int64_t timeout_ms)
{
	static const struct sl_registry_sink registry = {
		.service = on_service, .instance = on_instance, .edge = on_edge, .done = on_done};
	static const struct sl_tracing_sink tracing = {
		.span = on_span, .name = on_name, .edge = on_edge, .done = on_done};
	struct plugin_backend *b = catalogue_backend(c, s->name);
	struct asked *a = &r->asked[r->count++];

	*a = (struct asked){.read = r, .instance = plugin_backend_instance(b)};
	snprintf(a->name, sizeof a->name, "%s", s->name);
	r->open++;
	r->found->asked++;
	if (s->role == CAT_REGISTRY) {
		a->registry = plugin_backend_plugin(b)->registry;
		a->call = a->registry->edges(a->instance, timeout_ms, &registry, a);
	} else {
		a->tracing = plugin_backend_plugin(b)->tracing;
		a->call = a->tracing->edges(a->instance, now - EDGES_HOUR_MS, now, timeout_ms,
					    &tracing, a);
	}
}

struct edges_read *edges_read(uv_loop_t *loop, const struct catalogue *c, int64_t now,
			      int64_t timeout_ms, edges_read_done done, void *arg)
{
	struct edges_read *r = sl_alloc(sizeof *r);
	size_t count = catalogue_source_count(c);

	r->found = sl_alloc(sizeof *r->found);
	r->found->error = sl_strdup("");
	r->asked = sl_alloc_n(count + 1, sizeof *r->asked);
	r->done = done;
	r->arg = arg;
	r->open = 1;
	uv_timer_init(loop, &r->tick);
	r->tick.data = r;
	uv_timer_start(&r->tick, on_tick, 0, 0);
	for (size_t i = 0; i < count; i++) {
		struct cat_source s = catalogue_source(c, i);

		if (knows_edges(c, &s))
			ask(r, c, &s, now, timeout_ms);
	}
	return r;
}

void edges_read_cancel(struct edges_read *r)
{
	if (r->canceled)
		return;
	r->canceled = true;
	for (size_t i = 0; i < r->count; i++) {
		struct asked *a = &r->asked[i];

		if (a->call && a->registry)
			a->registry->cancel(a->instance, a->call);
		else if (a->call)
			a->tracing->cancel(a->instance, a->call);
	}
}
