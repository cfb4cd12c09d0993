/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marking an instance: read, compare, write, read back.
 *
 * The server starts a write from its cache, not from what is stored: a status that is written
 * within 0.3 s after properties takes the old properties back, and the other way round, with 200
 * for both (measured). So nothing is written before the cache shows what is stored, which also
 * keeps us from undoing somebody else's change of a moment ago; and as the end is read the same
 * way, whoever reads the registry plainly has seen the change when the write is done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "plugins/serviceCenter/sc.h"

#define FOLLOW_MS 150 /* between two looks at the cache */

struct change {
	struct sc_read read; /* first */
	char *id, *service_id;
	int expect_state, state, expect_weight, weight;
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
	bool compared, sent_weight, sent_state;
	cJSON *stored; /* the newest read past the cache */
	cJSON *wanted; /* the properties as they shall be */
};

static void change_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct change *x = (struct change *)c;
	struct sl_error last = *e;

	if (last.code != SL_OK)
		sl_fail(&last, last.code, "%.900s%s", e->msg,
			!x->sent_weight && !x->sent_state
				? "; nothing was changed"
				: "; the change may have taken effect: read the instance");
	x->done(x->arg, &last);
	cJSON_Delete(x->stored);
	cJSON_Delete(x->wanted);
	free(x->id);
	free(x->service_id);
	sc_read_release(&x->read);
}

static struct sl_chain *chain_of(struct change *x)
{
	return &x->read.call.chain;
}

static char *instance_path(const struct change *x, const char *tail)
{
	char *service = sl_text_percent(x->service_id), *id = sl_text_percent(x->id);
	char *path = sc_path(x->read.call.sc, "/registry/microservices/%s/instances/%s%s", service,
			     id, tail);

	free(service);
	free(id);
	return path;
}

/* --- what is stored --- */

static int state_of(const cJSON *doc)
{
	return (int)sc_state_parse(sl_json_str(doc, "status", ""));
}

static int weight_of(const struct change *x, const cJSON *doc)
{
	int weight = sc_weight_parse(
		sl_json_str(sl_json_get(doc, "properties"), x->read.call.sc->weight, NULL));

	return weight == SL_KEEP ? SL_NONE : weight;
}

static bool properties_same(const cJSON *a, const cJSON *b)
{
	bool empty_a = !a || !a->child, empty_b = !b || !b->child;

	return empty_a || empty_b ? empty_a == empty_b : cJSON_Compare(a, b, true);
}

static bool docs_same(const cJSON *a, const cJSON *b)
{
	return strcmp(sl_json_str(a, "status", ""), sl_json_str(b, "status", "")) == 0 &&
	       properties_same(sl_json_get(a, "properties"), sl_json_get(b, "properties"));
}

static void step(struct change *x);

/* --- reading until the cache has followed --- */

static void look(struct sl_chain *c);

static void on_cached(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;

	if (e->code != SL_OK && sc_refusal(call) != 400017)
		sl_chain_end(&call->chain, e);
	else if (e->code != SL_OK ||
		 !docs_same(x->stored, sl_json_get(call->chain.json, "instance")))
		sl_chain_pause(&call->chain, FOLLOW_MS, look);
	else
		step(x);
}

static void on_stored(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;

	if (e->code != SL_OK) {
		sl_chain_end(&call->chain, e);
		return;
	}
	cJSON_Delete(x->stored);
	x->stored = cJSON_DetachItemFromObjectCaseSensitive(call->chain.json, "instance");
	if (!cJSON_IsObject(x->stored))
		sl_chain_fail(&call->chain, SL_EPROTO, "the answer holds no instance");
	else
		sc_ask(call, "GET", instance_path(x, ""), NULL, on_cached);
}

static void look(struct sl_chain *c)
{
	struct change *x = (struct change *)c;

	sc_ask(&x->read.call, "GET", instance_path(x, "?noCache=1"), NULL, on_stored);
}

/* --- writing --- */

static void on_written(struct sl_call *call, const struct sl_error *e)
{
	if (e->code != SL_OK)
		sl_chain_end(&call->chain, e);
	else
		look(&call->chain);
}

/* A full replace: everything that was there, and the weight. */
static void send_weight(struct change *x)
{
	cJSON *body = cJSON_CreateObject();

	x->sent_weight = true;
	cJSON_AddItemToObject(body, "properties", cJSON_Duplicate(x->wanted, true));
	sc_ask(&x->read.call, "PUT", instance_path(x, "/properties"), body, on_written);
}

static void send_state(struct change *x)
{
	char *tail =
		sl_asprintf("/status?value=%s", sc_state_word((enum sl_instance_state)x->state));

	x->sent_state = true;
	sc_ask(&x->read.call, "PUT", instance_path(x, tail), NULL, on_written);
	free(tail);
}

static void wanted_make(struct change *x)
{
	const cJSON *properties = sl_json_get(x->stored, "properties");
	const char *name = x->read.call.sc->weight;
	char text[16];

	x->wanted = cJSON_IsObject(properties) ? cJSON_Duplicate(properties, true)
					       : cJSON_CreateObject();
	if (x->weight == SL_KEEP || weight_of(x, x->stored) == x->weight)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(x->wanted, name);
	if (x->weight == SL_NONE)
		return;
	snprintf(text, sizeof text, "%d", x->weight);
	sl_json_add_str(x->wanted, name, text);
}

/* --- comparing --- */

static bool unexpected(int is, int expected, int wanted)
{
	return expected != SL_KEEP && is != expected && is != wanted;
}

static const char *state_text(int state)
{
	const char *word = sc_state_word((enum sl_instance_state)state);

	return word ? word : "another status";
}

/* As expected, or already as wanted? */
static bool compare(struct change *x)
{
	int state = state_of(x->stored), weight = weight_of(x, x->stored);
	char is[32], expected[32];

	if (unexpected(state, x->expect_state, x->state))
		sl_chain_fail(chain_of(x), SL_ECONFLICT,
			      "instance '%.64s' is %s, not %s as expected: someone else changed it",
			      x->id, state_text(state), state_text(x->expect_state));
	else if (unexpected(weight, x->expect_weight, x->weight))
		sl_chain_fail(chain_of(x), SL_ECONFLICT,
			      "instance '%.64s' has %s, not %s as expected: someone else changed "
			      "it",
			      x->id, sl_weight_format(is, sizeof is, weight),
			      sl_weight_format(expected, sizeof expected, x->expect_weight));
	else
		return true;
	return false;
}

static void verify(struct change *x)
{
	const struct sl_error ok = {0};
	int state = state_of(x->stored);

	if (x->state != SL_KEEP && state != x->state)
		sl_chain_fail(chain_of(x), SL_ECONFLICT,
			      "instance '%.64s' was set to %s and now is %s: someone else changes "
			      "it at the same time",
			      x->id, state_text(x->state), state_text(state));
	else if (x->sent_weight &&
		 !properties_same(sl_json_get(x->stored, "properties"), x->wanted))
		sl_chain_fail(chain_of(x), SL_ECONFLICT,
			      "the properties of instance '%.64s' are not as they were written: "
			      "someone else changes them at the same time",
			      x->id);
	else
		sl_chain_end(chain_of(x), &ok);
}

/* The cache shows what is stored: what comes next? */
static void step(struct change *x)
{
	if (!x->compared && !compare(x))
		return;
	if (!x->compared)
		wanted_make(x);
	x->compared = true;
	if (x->weight != SL_KEEP && !x->sent_weight && weight_of(x, x->stored) != x->weight)
		send_weight(x);
	else if (x->state != SL_KEEP && !x->sent_state && state_of(x->stored) != x->state)
		send_state(x);
	else
		verify(x);
}

/* --- finding --- */

static void on_located(struct sc_read *r)
{
	struct change *x = (struct change *)r;

	for (size_t i = 0; i < r->group_count; i++)
		for (size_t k = 0; k < r->groups[i]->count; k++)
			if (strcmp(r->groups[i]->rows[k].id, x->id) == 0 && !x->service_id)
				x->service_id = sl_strdup(r->groups[i]->rows[k].service_id);
	if (x->service_id)
		look(chain_of(x));
	else
		sl_chain_fail(chain_of(x), SL_ENOTFOUND,
			      "service '%.128s' has no instance '%.64s' (environment '%s', app "
			      "'%s')",
			      r->service, x->id, r->environment ? r->environment : "any",
			      r->app ? r->app : "any");
}

struct sl_call *sc_write(void *instance, const struct sl_instance_change *change,
			 int64_t timeout_ms, void (*done)(void *arg, const struct sl_error *e),
			 void *arg)
{
	struct change *x = sl_alloc(sizeof *x);
	struct sl_error e;

	x->id = sl_strdup(change->id);
	x->expect_state = change->expect_state;
	x->state = change->state;
	x->expect_weight = change->expect_weight;
	x->weight = change->weight;
	x->done = done;
	x->arg = arg;
	sc_read_init(&x->read, instance, change->service, change->environment, change->app, true,
		     timeout_ms, change_finish, on_located);
	if (x->state != SL_KEEP && !sc_state_word((enum sl_instance_state)x->state)) {
		sl_fail(&e, SL_EINPUT, "%s: Service Center has no such status to set",
			x->read.call.sc->all.name);
		sl_chain_end_later(chain_of(x), &e);
	} else if (x->weight < 0 && x->weight != SL_KEEP && x->weight != SL_NONE) {
		sl_fail(&e, SL_EINPUT, "%s: a weight is 0 or more", x->read.call.sc->all.name);
		sl_chain_end_later(chain_of(x), &e);
	} else {
		sc_read_start(&x->read);
	}
	return &x->read.call;
}
