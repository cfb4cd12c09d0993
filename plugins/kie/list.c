/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: all keys, one key, the versions of one key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SLICE 200 /* keys told in one turn of the loop */

struct listing {
	struct sl_call call; /* first */
	const struct sl_config_sink *sink;
	void *arg;
	char *key; /* NULL = all */
	struct sl_label *labels;
	size_t label_count;
	char *known; /* the caller's revision, or NULL */
	bool asked_revision, not_modified;
	char hash[20];
	cJSON *data; /* the list that is told; next is where */
	const cJSON *next;
};

static void listing_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct listing *l = (struct listing *)c;
	const struct sl_read_end end = {
		.error = *e,
		.revision = e->code == SL_OK ? l->hash : "",
		.not_modified = l->not_modified && e->code == SL_OK,
	};

	l->sink->done(l->arg, &end);
	kie_labels_free(l->labels, l->label_count);
	cJSON_Delete(l->data);
	free(l->key);
	free(l->known);
}

static struct listing *listing_new(struct kie *kie, const char *key, const struct sl_label *labels,
				   size_t count, int64_t timeout_ms,
				   const struct sl_config_sink *sink, void *arg)
{
	struct listing *l = sl_alloc(sizeof *l);

	l->sink = sink;
	l->arg = arg;
	l->key = sl_strdup(key);
	l->labels = kie_labels_dup(labels, count);
	l->label_count = count;
	kie_call_init(&l->call, kie, timeout_ms, listing_finish);
	return l;
}

static const struct sl_error fine = {0};

/* --- telling --- */

static void tell(struct sl_chain *c)
{
	struct listing *l = (struct listing *)c;
	struct kie_key k;

	for (int n = 0; n < SLICE && l->next && !c->canceled; n++, l->next = l->next->next)
		if (kie_key_parse(&k, l->next))
			kie_key_report(&k, l->sink, l->arg);
	if (l->next && !c->canceled)
		sl_chain_pause(c, 0, tell);
	else
		sl_chain_end(c, &fine);
}

static uint64_t key_hash(const struct kie_key *k)
{
	const char *parts[] = {k->id, k->value, k->enabled ? "on" : "off", k->number};
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < SL_COUNT(parts); i++)
		for (const char *s = parts[i]; *s; s++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3u + i;
	return h;
}

/* Of every key, in any order. On the pool: the tree is kept, the loop only tells it. */
static int on_list_work(struct sl_chain *c, struct sl_error *e)
{
	struct listing *l = (struct listing *)c;
	const cJSON *data = sl_json_get(c->json, "data"), *doc;
	struct kie_key k;
	uint64_t sum = 0;

	if (!cJSON_IsArray(data))
		return sl_fail(e, SL_EPROTO, "the answer is no list of keys");
	cJSON_ArrayForEach(doc, data)
	{
		if (kie_key_parse(&k, doc))
			sum += key_hash(&k) * 0x9e3779b97f4a7c15u;
	}
	snprintf(l->hash, sizeof l->hash, "%016llx", (unsigned long long)sum);
	l->data = cJSON_DetachItemFromObjectCaseSensitive(c->json, "data");
	return SL_OK;
}

static void on_list(struct sl_call *call, const struct sl_error *e)
{
	struct listing *l = (struct listing *)call;
	struct kie *kie = call->kie;

	call->chain.work = NULL;
	if (e->code != SL_OK) {
		sl_chain_end(&call->chain, e);
		return;
	}
	if (call->chain.status == 304 && l->asked_revision) {
		snprintf(l->hash, sizeof l->hash, "%s", l->known);
		l->not_modified = true;
		sl_chain_end(&call->chain, &fine);
		return;
	}
	if (!l->data) {
		sl_chain_fail(&call->chain, SL_EPROTO, "Kie's list is empty text (status %ld)",
			      call->chain.status);
		return;
	}
	free(kie->known_hash);
	free(kie->known_revision);
	kie->known_hash = sl_strdup(l->hash);
	kie->known_revision = sl_strdup(call->chain.header);
	l->not_modified = l->known && strcmp(l->known, l->hash) == 0;
	l->next = l->not_modified ? NULL : l->data->child;
	tell(&call->chain);
}

/* Kie's revision is sent only if the caller has what was read at it. Any change in the domain
 * brings the whole list again, which then may turn out to be the same. */
struct sl_call *kie_list(void *instance, const char *revision, int64_t timeout_ms,
			 const struct sl_config_sink *sink, void *arg)
{
	struct kie *kie = instance;
	struct listing *l = listing_new(kie, NULL, NULL, 0, timeout_ms, sink, arg);
	char *labels = kie_label_query(kie->labels, kie->label_count), *escaped = NULL, *path;

	l->known = sl_strdup(revision);
	l->asked_revision = revision && kie->known_hash && kie->known_revision[0] &&
			    strcmp(kie->known_hash, revision) == 0;
	if (l->asked_revision)
		escaped = sl_text_percent(kie->known_revision);
	path = sl_asprintf("/kv%s%s%s", labels, escaped ? "&revision=" : "",
			   escaped ? escaped : "");
	if (path[3]) /* the first parameter, if there is one */
		path[3] = '?';
	l->call.chain.work = on_list_work;
	kie_ask(&l->call, "GET", path, NULL, on_list);
	free(labels);
	free(escaped);
	return &l->call;
}

/* --- one key --- */

static void on_read(struct sl_call *call, const struct sl_error *e)
{
	struct listing *l = (struct listing *)call;
	const cJSON *doc;
	struct kie_key k;

	if (e->code == SL_OK && !cJSON_IsArray(sl_json_get(call->chain.json, "data"))) {
		sl_chain_fail(&call->chain, SL_EPROTO, "the answer is no list of keys");
		return;
	}
	doc = e->code == SL_OK ? kie_list_find(call->chain.json, l->key, l->labels, l->label_count)
			       : NULL;
	if (doc && kie_key_parse(&k, doc)) {
		snprintf(l->hash, sizeof l->hash, "%.19s", k.number);
		kie_key_report(&k, l->sink, l->arg);
	}
	sl_chain_end(&call->chain, e);
}

static struct sl_call *refuse_key(struct listing *l)
{
	struct sl_error e;

	sl_fail(&e, SL_EINPUT, "%s: '%.80s' cannot be a key in Kie: letters, digits and ._:- only",
		l->call.kie->all.name, l->key);
	sl_chain_end_later(&l->call.chain, &e);
	return &l->call;
}

struct sl_call *kie_read(void *instance, const char *key, const struct sl_label *labels,
			 size_t label_count, int64_t timeout_ms, const struct sl_config_sink *sink,
			 void *arg)
{
	struct listing *l = listing_new(instance, key, labels, label_count, timeout_ms, sink, arg);

	if (!kie_is_key(key))
		return refuse_key(l);
	kie_ask(&l->call, "GET", kie_exact_path(key, labels, label_count), NULL, on_read);
	return &l->call;
}

/* --- versions --- */

static void on_history(struct sl_call *call, const struct sl_error *e)
{
	struct listing *l = (struct listing *)call;

	if (e->code != SL_OK) {
		sl_chain_end(&call->chain, e);
		return;
	}
	l->data = cJSON_DetachItemFromObjectCaseSensitive(call->chain.json, "data");
	if (!cJSON_IsArray(l->data)) {
		sl_chain_fail(&call->chain, SL_EPROTO, "the answer is no list of versions");
		return;
	}
	l->next = l->data->child;
	tell(&call->chain);
}

/* The history goes by the id, and goes when the key does. */
static void on_history_key(struct sl_call *call, const struct sl_error *e)
{
	struct listing *l = (struct listing *)call;
	const cJSON *doc = e->code == SL_OK ? kie_list_find(call->chain.json, l->key, l->labels,
							    l->label_count)
					    : NULL;
	char *id;

	if (!doc) {
		sl_chain_end(&call->chain, e);
		return;
	}
	id = sl_text_percent(sl_json_str(doc, "id", ""));
	kie_ask(call, "GET", sl_asprintf("/revision/%s?offset=0&limit=100", id), NULL, on_history);
	free(id);
}

struct sl_call *kie_history(void *instance, const char *key, const struct sl_label *labels,
			    size_t label_count, int64_t timeout_ms,
			    const struct sl_config_sink *sink, void *arg)
{
	struct listing *l = listing_new(instance, key, labels, label_count, timeout_ms, sink, arg);

	if (!kie_is_key(key))
		return refuse_key(l);
	kie_ask(&l->call, "GET", kie_exact_path(key, labels, label_count), NULL, on_history_key);
	return &l->call;
}
