/* SPDX-License-Identifier: Apache-2.0 */
/* Who calls whom. The server tells it by versions; names are enough here. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/serviceCenter/sc.h"

struct pair {
	const char *consumer, *provider;
};

struct edges {
	struct sl_call call; /* first */
	const struct sl_registry_sink *sink;
	void *arg;
	struct sl_arena arena;
	struct pair *pairs;
	size_t count;
};

static void edges_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct edges *x = (struct edges *)c;
	const struct sl_read_end end = {.error = *e, .revision = ""};

	x->sink->done(x->arg, &end);
	sl_arena_release(&x->arena);
	sc_call_release(&x->call);
}

static int pair_compare(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = strcmp(x->consumer, y->consumer);

	return order ? order : strcmp(x->provider, y->provider);
}

/* Lists without anything are null here. */
static int on_edges_work(struct sl_chain *c, struct sl_error *e)
{
	struct edges *x = (struct edges *)c;
	const cJSON *lines = sl_json_get(c->json, "lines"), *line;
	size_t n = cJSON_IsArray(lines) ? (size_t)cJSON_GetArraySize(lines) : 0;

	if (!cJSON_IsObject(c->json))
		return sl_fail(e, SL_EPROTO, "the answer is no list of relations");
	x->pairs = sl_arena_alloc(&x->arena, (n + 1) * sizeof *x->pairs);
	if (!n)
		return SL_OK;
	cJSON_ArrayForEach(line, lines)
	{
		const char *from = sl_json_str(sl_json_get(line, "from"), "name", "");
		const char *to = sl_json_str(sl_json_get(line, "to"), "name", "");

		if (from[0] && to[0])
			x->pairs[x->count++] = (struct pair){sc_arena_dup(&x->arena, from),
							     sc_arena_dup(&x->arena, to)};
	}
	qsort(x->pairs, x->count, sizeof *x->pairs, pair_compare);
	return SL_OK;
}

static void on_edges(struct sl_call *call, const struct sl_error *e)
{
	struct edges *x = (struct edges *)call;

	for (size_t i = 0; i < x->count && e->code == SL_OK; i++) {
		const struct sl_edge edge = {.consumer = x->pairs[i].consumer,
					     .provider = x->pairs[i].provider,
					     .calls = -1,
					     .errors = -1};

		if (x->sink->edge && (!i || pair_compare(&x->pairs[i - 1], &x->pairs[i]) != 0))
			x->sink->edge(x->arg, &edge);
	}
	sl_chain_end(&call->chain, e);
}

struct sl_call *sc_edges(void *instance, int64_t timeout_ms, const struct sl_registry_sink *sink,
			 void *arg)
{
	struct edges *x = sl_alloc(sizeof *x);

	x->sink = sink;
	x->arg = arg;
	sc_call_init(&x->call, instance, timeout_ms, edges_finish);
	x->call.chain.work = on_edges_work;
	sc_ask(&x->call, "GET", sc_path(x->call.sc, "/govern/relations"), NULL, on_edges);
	return &x->call;
}
