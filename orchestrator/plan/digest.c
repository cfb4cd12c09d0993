/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of what planning used (RUN, section 6): instances with their live release and spec,
 * the router's servers with admin states and weights, its algorithm, what somebody marked out in
 * the registry, the config keys. Never health, sessions, times: a saved plan must not go stale
 * because a check flapped.
 */
#include <string.h>

#include "orchestrator/plan/draft.h"

#define DIGEST_MAX (64u << 20)

/* Lengths keep "ab","c" and "a","bc" apart; absent is not empty. */
static void put(struct sl_buf *b, const char *s)
{
	if (s)
		sl_buf_printf(b, "%zu:%s,", strlen(s), s);
	else
		sl_buf_puts(b, "-,");
}

static void put_instance(struct sl_buf *b, const struct plan_input *in, size_t i)
{
	const struct rs_instance *x = &in->resolved->instances[i];
	const struct plan_seen *s = &in->seen[i];
	put(b, x->id);
	put(b, x->spec);
	sl_buf_printf(b, "limited=%d link=%d alive=%d,",
		      in->resolved->limited && in->resolved->limited[i], s->link, s->alive);
	put(b, s->release);
	put(b, s->digest);
	put(b, s->spec);
	sl_buf_puts(b, "\n");
}

static void put_router(struct sl_buf *b, const struct plan_router *r)
{
	put(b, r->name);
	put(b, r->backend);
	put(b, r->algorithm);
	sl_buf_printf(b, "%d%d%d%d\n", r->weights_work, r->exact, r->http_mode, r->persistence);
	for (size_t i = 0; i < r->server_count; i++) {
		const struct plan_server *s = &r->servers[i];
		put(b, s->node);
		put(b, s->server);
		put(b, s->address);
		sl_buf_printf(b, "%u %ld weight=%d/%d admin=%d backup=%d\n", s->port, s->instance,
			      s->weight, s->configured_weight, s->admin, s->backup);
	}
}

/* Marks by hand are used; that something is registered, or up, is health. */
static void put_registry(struct sl_buf *b, const struct plan_registry *r)
{
	put(b, r->name);
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].instance >= 0 && r->at[i].state == SL_INSTANCE_OUT)
			sl_buf_printf(b, "out=%ld,", r->at[i].instance);
	sl_buf_puts(b, "\n");
}

static void put_config(struct sl_buf *b, const struct plan_config *c)
{
	put(b, c->name);
	for (size_t i = 0; i < c->count; i++) {
		put(b, c->keys[i].key);
		put(b, c->keys[i].value);
		put(b, c->keys[i].prior);
		sl_buf_printf(b, "disabled=%d\n", c->keys[i].prior_disabled);
	}
}

void plan_digest(const struct plan_input *in, char out[65])
{
	struct sl_buf b;
	sl_buf_init(&b, DIGEST_MAX);
	put(&b, in->artifact->sha256);
	put(&b, in->resolved->version);
	for (size_t i = 0; i < in->resolved->instance_count; i++)
		put_instance(&b, in, i);
	if (in->router)
		put_router(&b, in->router);
	if (in->registry)
		put_registry(&b, in->registry);
	if (in->config)
		put_config(&b, in->config);
	artifact_sha256(sl_buf_str(&b), b.len, out);
	sl_buf_release(&b);
}
