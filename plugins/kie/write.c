/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing one key:
 *
 *     read -> as expected? -> create, update or delete -> read back -> who wrote between?
 *
 * An update sends value and status together, since Kie writes the one it was not given from an
 * older reading. Its history has one version a write, so a version between the one that was read
 * and ours is somebody else's, overwritten by us; one after ours overwrote us.
 */
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define VALUE_MAX  131072
#define CREATE_MAX 6 /* labels */

struct change {
	struct sl_call call; /* first */
	char *key, *value, *type, *expect, *id;
	struct sl_label *labels;
	size_t label_count;
	bool enabled, sent;
	char before[24], ours[24]; /* revisions; before "" = it was not there */
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
};

static void change_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct change *x = (struct change *)c;
	struct sl_error last = *e;

	if (last.code != SL_OK)
		sl_fail(&last, last.code, "%.900s%s", e->msg,
			x->sent ? "" : "; nothing was changed");
	x->done(x->arg, &last);
	kie_labels_free(x->labels, x->label_count);
	free(x->key);
	free(x->value);
	free(x->type);
	free(x->expect);
	free(x->id);
}

static const struct sl_error fine = {0};

/* Refused is not written; but who answers with 500 and more may have done it all the same. */
static void write_failed(struct change *x, const struct sl_error *e)
{
	struct sl_error last;
	long status = x->call.chain.status;

	x->sent = !(status >= 400 && status < 500) && e->code != SL_EREFUSED &&
		  e->code != SL_ERESOLVE;
	sl_fail(&last, e->code, "%.800s%s", e->msg,
		x->sent ? "; the change may have taken effect: read the key" : "");
	sl_chain_end(&x->call.chain, &last);
}

static char *id_path(const struct change *x, const char *head)
{
	char *id = sl_text_percent(x->id), *path = sl_asprintf("%s%s", head, id);

	free(id);
	return path;
}

/* --- reading back --- */

static bool is_ours(const struct change *x, const struct kie_key *k)
{
	return k->enabled == x->enabled && strcmp(k->value, x->value) == 0;
}

/* Newest first: ours, then the one that was read before. */
static void on_versions(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;
	const cJSON *data = sl_json_get(call->chain.json, "data");
	struct kie_key newest, prior;

	if (e->code != SL_OK)
		sl_chain_fail(&call->chain, e->code,
			      "'%.128s' was written, but could not be read back: %.500s", x->key,
			      e->msg);
	else if (!cJSON_IsArray(data) || !data->child || !kie_key_parse(&newest, data->child))
		sl_chain_fail(&call->chain, SL_EPROTO, "'%.128s' has no history after the write",
			      x->key);
	else if (strcmp(newest.number, x->ours) != 0)
		sl_chain_fail(&call->chain, SL_ECONFLICT,
			      "'%.128s' was written at revision %s, and someone else wrote it "
			      "after that, at %s",
			      x->key, x->ours, newest.number);
	else if (!is_ours(x, &newest))
		sl_chain_fail(&call->chain, SL_ECONFLICT,
			      "'%.128s' is not as it was written: someone else writes it at the "
			      "same time",
			      x->key);
	else if (x->before[0] && data->child->next && kie_key_parse(&prior, data->child->next) &&
		 strcmp(prior.number, x->before) != 0)
		sl_chain_fail(&call->chain, SL_ECONFLICT,
			      "someone else wrote '%.128s' at revision %s, between our reading at "
			      "%s and our writing at %s, which is what stands now",
			      x->key, prior.number, x->before, x->ours);
	else
		sl_chain_end(&call->chain, &fine);
}

static void on_written(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;
	struct kie_key k;
	char *path;

	if (e->code != SL_OK) {
		write_failed(x, e);
		return;
	}
	if (!kie_key_parse(&k, call->chain.json)) {
		sl_chain_fail(&call->chain, SL_EPROTO, "the answer to the write is no key");
		return;
	}
	strcpy(x->ours, k.number);
	free(x->id);
	x->id = sl_strdup(k.id);
	path = id_path(x, "/revision/");
	kie_ask(call, "GET", sl_asprintf("%s?offset=0&limit=2", path), NULL, on_versions);
	free(path);
}

static void on_still_there(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;

	if (e->code == SL_OK && kie_list_find(call->chain.json, x->key, x->labels, x->label_count))
		sl_chain_fail(&call->chain, SL_ECONFLICT,
			      "'%.128s' was deleted, and someone else made it again", x->key);
	else
		sl_chain_end(&call->chain, e);
}

static void on_deleted(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;

	if (e->code != SL_OK && kie_refusal(call) != 404001) {
		write_failed(x, e);
		return;
	}
	kie_ask(call, "GET", kie_exact_path(x->key, x->labels, x->label_count), NULL,
		on_still_there);
}

/* --- writing --- */

static const char *status_word(const struct change *x)
{
	return x->enabled ? "enabled" : "disabled";
}

/* Without a status Kie would make it disabled, and no client would see it. */
static void create(struct change *x)
{
	cJSON *body = cJSON_CreateObject(), *labels = sl_json_add_object(body, "labels");

	sl_json_add_str(body, "key", x->key);
	sl_json_add_str(body, "value", x->value);
	sl_json_add_str(body, "value_type", x->type ? x->type : "text");
	sl_json_add_str(body, "status", status_word(x));
	for (size_t i = 0; i < x->label_count; i++)
		sl_json_add_str(labels, x->labels[i].name, x->labels[i].value);
	x->sent = true;
	kie_ask(&x->call, "POST", sl_strdup("/kv"), body, on_written);
}

static void update(struct change *x)
{
	cJSON *body = cJSON_CreateObject();

	sl_json_add_str(body, "value", x->value);
	sl_json_add_str(body, "status", status_word(x));
	x->sent = true;
	kie_ask(&x->call, "PUT", id_path(x, "/kv/"), body, on_written);
}

static void update_if_possible(struct change *x, const struct kie_key *k)
{
	if (is_ours(x, k) && (!x->type || strcmp(x->type, k->type) == 0))
		sl_chain_end(&x->call.chain, &fine); /* a write would wake every client */
	else if (x->type && strcmp(x->type, k->type) != 0)
		sl_chain_fail(&x->call.chain, SL_EUNSUPPORTED,
			      "'%.128s' is of type %.20s, and Kie cannot make it %.20s: delete it "
			      "first",
			      x->key, k->type, x->type);
	else if (!x->value[0] && k->value[0])
		sl_chain_fail(&x->call.chain, SL_EUNSUPPORTED,
			      "Kie cannot empty '%.128s': disable or delete it", x->key);
	else
		update(x);
}

static bool is_expected(struct change *x)
{
	if (!x->expect || strcmp(x->expect, x->before) == 0)
		return true;
	if (!x->before[0])
		sl_chain_fail(&x->call.chain, SL_ECONFLICT,
			      "'%.128s' is not there, and revision %.32s was expected: someone "
			      "else deleted it",
			      x->key, x->expect);
	else if (!x->expect[0])
		sl_chain_fail(&x->call.chain, SL_ECONFLICT,
			      "'%.128s' is there already (revision %s): someone else made it",
			      x->key, x->before);
	else
		sl_chain_fail(&x->call.chain, SL_ECONFLICT,
			      "'%.128s' is at revision %s, not %.32s as expected: someone else "
			      "changed it",
			      x->key, x->before, x->expect);
	return false;
}

static void on_before(struct sl_call *call, const struct sl_error *e)
{
	struct change *x = (struct change *)call;
	const cJSON *doc;
	struct kie_key k;

	if (e->code != SL_OK) {
		sl_chain_end(&call->chain, e);
		return;
	}
	if (!cJSON_IsArray(sl_json_get(call->chain.json, "data"))) {
		sl_chain_fail(&call->chain, SL_EPROTO, "the answer is no list of keys");
		return;
	}
	doc = kie_list_find(call->chain.json, x->key, x->labels, x->label_count);
	if (doc && kie_key_parse(&k, doc)) {
		strcpy(x->before, k.number);
		x->id = sl_strdup(k.id);
	}
	if (!is_expected(x))
		return;
	if (!x->value && !doc) {
		sl_chain_end(&call->chain, &fine);
	} else if (!x->value) {
		x->sent = true;
		kie_ask(call, "DELETE", id_path(x, "/kv/"), NULL, on_deleted);
	} else if (doc) {
		update_if_possible(x, &k);
	} else {
		create(x);
	}
}

static int change_check(const struct sl_key_change *c, const char *who, struct sl_error *e)
{
	if (!kie_is_key(c->key))
		return sl_fail(e, SL_EINPUT,
			       "%s: '%.80s' cannot be a key in Kie: letters, digits and ._:- only",
			       who, c->key);
	if (c->label_count > CREATE_MAX)
		return sl_fail(e, SL_EINPUT, "%s: Kie takes at most %d labels", who, CREATE_MAX);
	if (c->value && c->value_len > VALUE_MAX)
		return sl_fail(e, SL_EINPUT, "%s: the value of '%.80s' has %zu bytes, Kie takes %d",
			       who, c->key, c->value_len, VALUE_MAX);
	if (c->value && memchr(c->value, '\0', c->value_len))
		return sl_fail(e, SL_EINPUT, "%s: the value of '%.80s' is no text", who, c->key);
	return SL_OK;
}

struct sl_call *kie_write(void *instance, const struct sl_key_change *change, int64_t timeout_ms,
			  void (*done)(void *arg, const struct sl_error *e), void *arg)
{
	struct change *x = sl_alloc(sizeof *x);
	struct kie *kie = instance;
	struct sl_error e = {0};

	x->key = sl_strdup(change->key);
	x->value = change->value ? sl_strndup(change->value, change->value_len) : NULL;
	x->type = sl_strdup(change->type);
	x->expect = sl_strdup(change->expect_revision);
	x->labels = kie_labels_dup(change->labels, change->label_count);
	x->label_count = change->label_count;
	x->enabled = change->enabled;
	x->done = done;
	x->arg = arg;
	kie_call_init(&x->call, kie, timeout_ms, change_finish);
	if (change_check(change, kie->all.name, &e) != SL_OK)
		sl_chain_end_later(&x->call.chain, &e);
	else
		kie_ask(&x->call, "GET", kie_exact_path(x->key, x->labels, x->label_count), NULL,
			on_before);
	return &x->call;
}
