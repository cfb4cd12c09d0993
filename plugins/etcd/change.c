/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing an instance: read, compare with the expectation, write only if nobody was faster, read
 * back. What the registrant wrote besides state and weight stays, and so does its lease.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define TREE "services"
#define PAGE 1000

struct changing {
	struct sl_call call; /* first: one is cast to the other */
	struct etcd_scan scan;
	char *service, *id;
	struct sl_instance_change want; /* its numbers */
	char *key;                      /* where the instance was found */
	cJSON *doc;
	char *text; /* what doc was read from */
	size_t text_len;
	int64_t modified;
	size_t found;
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
};

static void changing_finish(struct sl_call *call, const struct sl_error *e)
{
	struct changing *c = (struct changing *)call;

	c->done(c->arg, e);
	cJSON_Delete(c->doc);
	free(c->text);
	free(c->scan.prefix);
	free(c->service);
	free(c->id);
	free(c->key);
}

static void changing_fail(struct changing *c, enum sl_err code, const char *why)
{
	struct sl_error e = {0};

	sl_fail(&e, code, "%s: '%s' of service '%s' %s", c->call.etcd->name, c->id, c->service,
		why);
	etcd_call_end(&c->call, &e);
}

static int doc_weight(const cJSON *doc)
{
	int64_t weight = sl_json_int(doc, "weight", SL_NONE);

	return weight >= 0 && weight <= INT32_MAX ? (int)weight : SL_NONE;
}

static bool is_as(const cJSON *doc, int state, int weight)
{
	return (state == SL_KEEP || (int)etcd_instance_state(doc) == state) &&
	       (weight == SL_KEEP || doc_weight(doc) == weight);
}

/* --- reading back --- */

static void on_read_back(struct sl_call *call, const struct sl_error *e)
{
	struct changing *c = (struct changing *)call;

	if (e->code != SL_OK)
		etcd_call_end(call, e);
	else if (!c->doc)
		changing_fail(c, SL_ECONFLICT, "was changed, and then went from the registry");
	else if (!is_as(c->doc, c->want.state, c->want.weight))
		changing_fail(c, SL_ECONFLICT,
			      "was changed, and then changed again by someone else");
	else
		etcd_call_end(call, e);
}

static bool on_back_row(struct sl_call *call, struct etcd_row *row)
{
	struct changing *c = (struct changing *)call;

	c->doc = row->doc;
	row->doc = NULL;
	return false;
}

static void on_written(struct sl_call *call, const struct sl_error *e)
{
	struct changing *c = (struct changing *)call;

	if (e->code != SL_OK) {
		etcd_call_end(call, e);
		return;
	}
	if (!call->reply.succeeded) {
		changing_fail(c, SL_ECONFLICT,
			      "was changed by someone else in this moment; nothing was written");
		return;
	}
	cJSON_Delete(c->doc);
	c->doc = NULL;
	free(c->scan.prefix);
	c->scan = (struct etcd_scan){.prefix = sl_strdup(c->key),
				     .exact = true,
				     .docs = true,
				     .page = 1,
				     .row = on_back_row,
				     .then = on_read_back};
	etcd_scan_start(call, &c->scan);
}

/* --- writing --- */

/* In the text itself: whoever registered may have numbers that a double does not hold, and an order
 * and spelling of its own. value NULL = away with it. */
static bool text_set(struct changing *c, const char *name, const char *value)
{
	char *text = sl_json_splice(c->text, c->text_len, name, value);

	if (!text)
		return false;
	free(c->text);
	c->text = text;
	c->text_len = strlen(text);
	return true;
}

static bool text_change(struct changing *c)
{
	char value[32];

	if (c->want.state != SL_KEEP) {
		snprintf(value, sizeof value, "\"%s\"",
			 etcd_state_word((enum sl_instance_state)c->want.state));
		if (!text_set(c, "state", value))
			return false;
	}
	if (c->want.weight == SL_KEEP)
		return true;
	snprintf(value, sizeof value, "%d", c->want.weight);
	return text_set(c, "weight", c->want.weight == SL_NONE ? NULL : value);
}

static void changing_write(struct changing *c)
{
	cJSON *txn;

	if (!text_change(c)) {
		changing_fail(c, SL_EPROTO, "did not register as a JSON object: it is left alone");
		return;
	}
	txn = etcd_txn();
	etcd_txn_if_modified(txn, c->key, c->modified);
	etcd_txn_put(txn, c->key, c->text, c->text_len, true);
	c->call.docs = false;
	etcd_ask(&c->call, "/kv/txn", txn, false, on_written);
}

static void fail_expected(struct changing *c)
{
	const struct sl_instance_change *want = &c->want;
	char is[32], expected[32];
	struct sl_error e = {0};

	if (is_as(c->doc, want->expect_state, SL_KEEP))
		sl_fail(&e, SL_ECONFLICT,
			"%s: '%s' of service '%s' has %s where %s was expected: someone else "
			"changed it",
			c->call.etcd->name, c->id, c->service,
			sl_weight_format(is, sizeof is, doc_weight(c->doc)),
			sl_weight_format(expected, sizeof expected, want->expect_weight));
	else
		sl_fail(&e, SL_ECONFLICT,
			"%s: '%s' of service '%s' is %s where %s was expected: someone else "
			"changed it",
			c->call.etcd->name, c->id, c->service,
			etcd_state_word(etcd_instance_state(c->doc)),
			etcd_state_word((enum sl_instance_state)want->expect_state));
	etcd_call_end(&c->call, &e);
}

static void on_found(struct sl_call *call, const struct sl_error *e)
{
	struct changing *c = (struct changing *)call;

	if (e->code != SL_OK)
		etcd_call_end(call, e);
	else if (!c->found)
		changing_fail(c, SL_ENOTFOUND, "is not registered");
	else if (c->found > 1)
		changing_fail(c, SL_EINPUT,
			      "is registered in several environments: say in which one");
	else if (!c->doc)
		changing_fail(c, SL_EPROTO, "did not register as a JSON object: it is left alone");
	else if (is_as(c->doc, c->want.state, c->want.weight))
		etcd_call_end(call, e);
	else if (!is_as(c->doc, c->want.expect_state, c->want.expect_weight))
		fail_expected(c);
	else
		changing_write(c);
}

static bool on_row(struct sl_call *call, struct etcd_row *row)
{
	struct changing *c = (struct changing *)call;
	struct etcd_place place;

	if (!etcd_place_parse(call->etcd, TREE, row, &place))
		return true;
	if (place.name && strcmp(place.service, c->service) == 0 &&
	    strcmp(place.name, c->id) == 0) {
		if (!c->found++) {
			c->key = sl_strndup(row->key, row->key_len);
			c->doc = row->doc;
			c->text = row->value;
			c->text_len = row->value_len;
			row->value = NULL;
			c->modified = row->modified;
			row->doc = NULL;
		}
	}
	free(place.memory);
	return true;
}

struct sl_call *etcd_instance_write(void *instance, const struct sl_instance_change *change,
				    int64_t timeout_ms,
				    void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct changing *c = sl_alloc(sizeof *c);
	const char *environment = change->environment;
	struct sl_error e = {0};

	c->want = *change;
	c->service = sl_strdup(change->service);
	c->id = sl_strdup(change->id);
	c->done = done;
	c->arg = arg;
	etcd_call_init(&c->call, instance, timeout_ms, changing_finish);
	if (!etcd_is_part(change->service) || !*change->id ||
	    (environment && !etcd_is_part(environment))) {
		sl_fail(&e, SL_EINPUT, "%s: '%.80s' of service '%.80s' cannot be registered here",
			c->call.etcd->name, change->id, change->service);
		etcd_call_end_later(&c->call, &e);
		return &c->call;
	}
	c->scan = (struct etcd_scan){
		.prefix =
			etcd_path(instance, TREE, environment, environment ? change->service : NULL,
				  environment ? change->id : NULL),
		.exact = environment != NULL,
		.docs = true,
		.page = PAGE,
		.row = on_row,
		.then = on_found,
	};
	etcd_scan_start(&c->call, &c->scan);
	return &c->call;
}
