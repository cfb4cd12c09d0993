/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config keys. The value is kept raw, so that services read it with any etcd client; what else is
 * known about it (type, when, by whom) is a JSON object in a tree of its own, written in the same
 * transaction. If the revisions of the two differ, someone wrote the value alone, and when and by
 * whom are unknown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define TREE        "config"
#define META        "meta"
#define PAGE        200 /* values may be large */
#define META_PAGE   1000
#define HISTORY_MAX 100

struct meta {
	char *name; /* ENVIRONMENT/SERVICE/KEY */
	cJSON *doc;
	int64_t modified;
};

struct reading {
	struct sl_call call; /* first: one is cast to the other */
	struct etcd_scan scan;
	char *known;    /* the revision that the caller has, or NULL */
	char *key;      /* read and history: where the key is */
	char *meta_key; /* and what is known about it */
	bool history;
	size_t told; /* of the history */
	struct meta *metas;
	size_t meta_count, meta_cap; /* sorted as etcd sorts */
	const struct sl_config_sink *sink;
	void *arg;
	char revision[48];
	bool same;
};

static void reading_finish(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;
	const struct sl_read_end end = {
		.error = *e,
		.revision = r->revision,
		.not_modified = e->code == SL_OK && r->same,
	};

	r->sink->done(r->arg, &end);
	for (size_t i = 0; i < r->meta_count; i++) {
		free(r->metas[i].name);
		cJSON_Delete(r->metas[i].doc);
	}
	free(r->metas);
	free(r->scan.prefix);
	free(r->known);
	free(r->key);
	free(r->meta_key);
}

static struct reading *reading_new(struct etcd *etcd, int64_t timeout_ms,
				   const struct sl_config_sink *sink, void *arg)
{
	struct reading *r = sl_alloc(sizeof *r);

	r->sink = sink;
	r->arg = arg;
	etcd_call_init(&r->call, etcd, timeout_ms, reading_finish);
	return r;
}

/* --- reporting --- */

static void key_report(struct reading *r, const struct etcd_row *row, const cJSON *meta,
		       int64_t meta_modified)
{
	struct etcd_place place;
	struct sl_label labels[2];
	char revision[24];
	bool fits = meta_modified == row->modified;
	struct sl_key key = {
		.value = row->value,
		.value_len = row->value_len,
		.type = sl_json_str(meta, "type", NULL),
		.revision = revision,
		.changed = fits ? sl_json_int(meta, "changed", 0) : 0,
		.by = fits ? sl_json_str(meta, "by", NULL) : NULL,
		.enabled = true,
		.labels = labels,
	};

	if (!etcd_place_parse(r->call.etcd, TREE, row, &place))
		return;
	snprintf(revision, sizeof revision, "%" PRId64, row->modified);
	if (etcd_part_name(place.environment))
		labels[key.label_count++] = (struct sl_label){"environment", place.environment};
	if (etcd_part_name(place.service))
		labels[key.label_count++] = (struct sl_label){"service", place.service};
	key.key = place.name;
	if (key.key && r->sink->key)
		r->sink->key(r->arg, &key);
	free(place.memory);
}

/* --- the list: what is known about the keys first, then the keys --- */

static int meta_compare(const void *a, const void *b)
{
	return strcmp(((const struct meta *)a)->name, ((const struct meta *)b)->name);
}

static bool on_meta_row(struct sl_call *call, struct etcd_row *row)
{
	struct reading *r = (struct reading *)call;
	size_t skip = strlen(r->scan.prefix);

	if (!row->doc || row->key_len <= skip || memchr(row->key, '\0', row->key_len))
		return true;
	SL_GROW(r->metas, r->meta_count, r->meta_cap);
	r->metas[r->meta_count++] = (struct meta){
		.name = sl_strndup(row->key + skip, row->key_len - skip),
		.doc = row->doc,
		.modified = row->modified,
	};
	row->doc = NULL;
	return true;
}

static bool on_key_row(struct sl_call *call, struct etcd_row *row)
{
	struct reading *r = (struct reading *)call;
	size_t skip = strlen(r->scan.prefix);
	const struct meta *found = NULL;
	struct meta wanted = {0};

	if (row->key_len > skip && r->meta_count) {
		wanted.name = sl_strndup(row->key + skip, row->key_len - skip);
		found = bsearch(&wanted, r->metas, r->meta_count, sizeof wanted, meta_compare);
		free(wanted.name);
	}
	key_report(r, row, found ? found->doc : NULL, found ? found->modified : -1);
	return true;
}

static void on_listed(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;

	if (e->code == SL_OK)
		etcd_state_name(r->revision, sizeof r->revision, r->scan.revision, r->scan.count);
	etcd_call_end(call, e);
}

static void on_metas(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;

	if (e->code != SL_OK) {
		etcd_call_end(call, e);
		return;
	}
	free(r->scan.prefix);
	r->scan = (struct etcd_scan){
		.prefix = etcd_path(call->etcd, TREE, NULL, NULL, NULL),
		.page = PAGE,
		.revision = r->scan.revision,
		.row = on_key_row,
		.then = on_listed,
	};
	etcd_scan_start(call, &r->scan);
}

static void list_start(struct reading *r)
{
	free(r->scan.prefix);
	r->scan = (struct etcd_scan){
		.prefix = etcd_path(r->call.etcd, META, NULL, NULL, NULL),
		.docs = true,
		.page = META_PAGE,
		.row = on_meta_row,
		.then = on_metas,
	};
	etcd_scan_start(&r->call, &r->scan);
}

static void on_checked(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;

	if (e->code == SL_OK && !etcd_check_same(call, r->known)) {
		list_start(r);
		return;
	}
	r->same = e->code == SL_OK;
	if (r->same)
		etcd_state_name(r->revision, sizeof r->revision, call->reply.revision,
				call->reply.count);
	etcd_call_end(call, e);
}

/* What is known about a key changes with the key: one look is enough. */
static struct sl_call *etcd_keys_list(void *instance, const char *revision, int64_t timeout_ms,
				      const struct sl_config_sink *sink, void *arg)
{
	struct reading *r = reading_new(instance, timeout_ms, sink, arg);
	char *prefix = etcd_path(instance, TREE, NULL, NULL, NULL);

	r->known = sl_strdup(revision);
	if (!etcd_check_start(&r->call, prefix, revision, 0, on_checked))
		list_start(r);
	free(prefix);
	return &r->call;
}

/* --- one key, and what it was before --- */

static void on_version(struct sl_call *call, const struct sl_error *e);

static void version_ask(struct reading *r, int64_t revision)
{
	cJSON *txn = etcd_txn();

	etcd_txn_range(txn, r->key, revision);
	etcd_txn_range(txn, r->meta_key, revision);
	r->call.docs = true;
	etcd_ask(&r->call, "/kv/txn", txn, true, on_version);
}

/* Backwards to where the key was created. Compaction, or the bound, ends it before. */
static void on_version(struct sl_call *call, const struct sl_error *e)
{
	struct reading *r = (struct reading *)call;
	const struct etcd_row *key = NULL, *meta = NULL;
	struct sl_error none = {0};
	int64_t before;

	if (e->code != SL_OK) {
		etcd_call_end(call, r->told && call->reply.code == ETCD_COMPACTED ? &none : e);
		return;
	}
	for (size_t i = 0; i < call->reply.row_count; i++)
		*(call->reply.rows[i].part ? &meta : &key) = &call->reply.rows[i];
	if (!key) {
		etcd_call_end(call, e);
		return;
	}
	key_report(r, key, meta ? meta->doc : NULL, meta ? meta->modified : -1);
	if (!r->told++)
		snprintf(r->revision, sizeof r->revision, "%" PRId64, key->modified);
	before = key->modified - 1;
	if (r->history && r->told < HISTORY_MAX && key->version > 1 && before > 0)
		version_ask(r, before);
	else
		etcd_call_end(call, e);
}

static struct sl_call *key_start(void *instance, const char *key, const struct sl_label *labels,
				 size_t label_count, int64_t timeout_ms, bool history,
				 const struct sl_config_sink *sink, void *arg)
{
	struct reading *r = reading_new(instance, timeout_ms, sink, arg);
	struct sl_error e = {0};

	r->history = history;
	if (etcd_key_paths(instance, key, labels, label_count, &r->key, &r->meta_key, &e) == SL_OK)
		version_ask(r, 0);
	else
		etcd_call_end_later(&r->call, &e);
	return &r->call;
}

static struct sl_call *etcd_key_read(void *instance, const char *key, const struct sl_label *labels,
				     size_t label_count, int64_t timeout_ms,
				     const struct sl_config_sink *sink, void *arg)
{
	return key_start(instance, key, labels, label_count, timeout_ms, false, sink, arg);
}

static struct sl_call *etcd_key_history(void *instance, const char *key,
					const struct sl_label *labels, size_t label_count,
					int64_t timeout_ms, const struct sl_config_sink *sink,
					void *arg)
{
	return key_start(instance, key, labels, label_count, timeout_ms, true, sink, arg);
}

static struct sl_call *config_watch(void *instance, sl_changed changed, void *arg)
{
	return etcd_watch(instance, TREE, changed, arg);
}

const struct sl_config_ops etcd_config = {
	.size = sizeof etcd_config,
	.list = etcd_keys_list,
	.read = etcd_key_read,
	.history = etcd_key_history,
	.write = etcd_key_write,
	.watch = config_watch,
	.cancel = etcd_cancel,
};
