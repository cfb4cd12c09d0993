/* SPDX-License-Identifier: Apache-2.0 */
/* Changing a config key: read, write value and description together if nobody was faster, read
 * back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct publishing {
	struct sl_call call; /* first: one is cast to the other */
	char *key, *meta_key;
	char *expect; /* NULL = anything */
	char *value;  /* NULL = delete */
	size_t value_len;
	char *type;      /* NULL = as it is */
	int64_t written; /* our revision */
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
};

static void publishing_finish(struct sl_call *call, const struct sl_error *e)
{
	struct publishing *p = (struct publishing *)call;

	p->done(p->arg, e);
	free(p->key);
	free(p->meta_key);
	free(p->expect);
	free(p->value);
	free(p->type);
}

static void publishing_fail(struct publishing *p, enum sl_err code, const char *why)
{
	struct sl_error e = {0};

	sl_fail(&e, code, "%s: the key %s %s", p->call.etcd->name, p->key, why);
	etcd_call_end(&p->call, &e);
}

static const struct etcd_row *part(const struct sl_call *call, size_t n)
{
	for (size_t i = 0; i < call->reply.row_count; i++)
		if (call->reply.rows[i].part == n)
			return &call->reply.rows[i];
	return NULL;
}

/* --- reading back --- */

static void on_read_back(struct sl_call *call, const struct sl_error *e)
{
	struct publishing *p = (struct publishing *)call;
	const struct etcd_row *row = part(call, 0);

	if (e->code != SL_OK)
		etcd_call_end(call, e);
	else if (p->value ? !row || row->modified != p->written : row != NULL)
		publishing_fail(p, SL_ECONFLICT,
				"was written, and then changed again by someone else");
	else
		etcd_call_end(call, e);
}

static void on_written(struct sl_call *call, const struct sl_error *e)
{
	struct publishing *p = (struct publishing *)call;
	cJSON *txn;

	if (e->code != SL_OK) {
		etcd_call_end(call, e);
		return;
	}
	if (!call->reply.succeeded) {
		publishing_fail(p, SL_ECONFLICT,
				"was changed by someone else in this moment; nothing was written");
		return;
	}
	p->written = call->reply.revision;
	txn = etcd_txn();
	etcd_txn_range(txn, p->key, 0);
	etcd_ask(call, "/kv/txn", txn, true, on_read_back);
}

/* --- writing --- */

/* What others keep in the description stays; who and when are new. */
static char *meta_text(const struct publishing *p, const cJSON *old)
{
	cJSON *meta = old ? cJSON_Duplicate(old, true) : cJSON_CreateObject();
	char *text;

	if (!meta)
		sl_alloc_failed();
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "by");
	cJSON_DeleteItemFromObjectCaseSensitive(meta, "changed");
	if (p->type) {
		cJSON_DeleteItemFromObjectCaseSensitive(meta, "type");
		sl_json_add_str(meta, "type", p->type);
	}
	sl_json_add_int(meta, "changed", sl_time_now());
	text = sl_json_print(meta);
	cJSON_Delete(meta);
	return text;
}

static void publishing_write(struct publishing *p, int64_t modified, const cJSON *meta)
{
	cJSON *txn = etcd_txn();
	char *text;

	if (p->expect)
		etcd_txn_if_modified(txn, p->key, modified);
	if (p->value) {
		text = meta_text(p, meta);
		etcd_txn_put(txn, p->key, p->value, p->value_len, false);
		etcd_txn_put(txn, p->meta_key, text, strlen(text), false);
		free(text);
	} else {
		etcd_txn_delete(txn, p->key);
		etcd_txn_delete(txn, p->meta_key);
	}
	p->call.docs = false;
	etcd_ask(&p->call, "/kv/txn", txn, false, on_written);
}

static void on_prior(struct sl_call *call, const struct sl_error *e)
{
	struct publishing *p = (struct publishing *)call;
	const struct etcd_row *row = part(call, 0), *meta = part(call, 1);
	char revision[24] = "";

	if (e->code != SL_OK) {
		etcd_call_end(call, e);
		return;
	}
	if (row)
		snprintf(revision, sizeof revision, "%" PRId64, row->modified);
	if (!p->expect || strcmp(p->expect, revision) == 0)
		publishing_write(p, row ? row->modified : 0, meta ? meta->doc : NULL);
	else if (!row)
		publishing_fail(p, SL_ECONFLICT, "is not there any more: someone else deleted it");
	else if (!*p->expect)
		publishing_fail(p, SL_ECONFLICT, "exists already: someone else made it");
	else
		publishing_fail(p, SL_ECONFLICT,
				"has another revision than expected: someone else changed it");
}

struct sl_call *etcd_key_write(void *instance, const struct sl_key_change *change,
			       int64_t timeout_ms,
			       void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct publishing *p = sl_alloc(sizeof *p);
	struct etcd *etcd = instance;
	struct sl_error e = {0};
	cJSON *txn;

	p->done = done;
	p->arg = arg;
	etcd_call_init(&p->call, etcd, timeout_ms, publishing_finish);
	if (change->value && !change->enabled)
		sl_fail(&e, SL_EUNSUPPORTED,
			"%s: etcd has no disabled keys: delete '%.80s' instead", etcd->name,
			change->key);
	else
		etcd_key_paths(etcd, change->key, change->labels, change->label_count, &p->key,
			       &p->meta_key, &e);
	if (e.code != SL_OK) {
		etcd_call_end_later(&p->call, &e);
		return &p->call;
	}
	p->expect = sl_strdup(change->expect_revision);
	p->type = sl_strdup(change->type);
	if (change->value) {
		p->value = sl_alloc(change->value_len + 1);
		memcpy(p->value, change->value, change->value_len);
		p->value_len = change->value_len;
	}
	txn = etcd_txn();
	etcd_txn_range(txn, p->key, 0);
	etcd_txn_range(txn, p->meta_key, 0);
	p->call.docs = true;
	etcd_ask(&p->call, "/kv/txn", txn, true, on_prior);
	return &p->call;
}
