/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key of a config centre: its value, whether it is there and enabled. Values are journaled, for
 * the undo: text as text, other bytes as base64.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/plan.h"
#include "orchestrator/run/action.h"
#include "orchestrator/run/action_kind.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define LABELS_MAX 64
#define SAID_BYTES 60 /* of a value, for people */

/* --- values: {"v":1,"there":true,"value"|"base64":...,"type":...,"enabled":...,"revision":...};
 * "hidden": its name says that it is a secret --- */

/* Text that JSON keeps as it is: valid UTF-8, line ends and tabs among it. */
static bool is_text(const char *value, size_t len)
{
	size_t from = 0;

	for (size_t i = 0; i <= len; i++) {
		if (i < len && value[i] != '\n' && value[i] != '\t' && value[i] != '\r')
			continue;
		if (!sl_text_is_clean(value + from, i - from))
			return false;
		from = i + 1;
	}
	return true;
}

static void add_value(cJSON *v, const char *value, size_t len)
{
	char *text;

	if (is_text(value, len)) {
		text = sl_strndup(value, len);
		sl_json_add_str(v, "value", text);
	} else {
		text = sl_text_base64(value, len);
		sl_json_add_str(v, "base64", text);
	}
	free(text);
}

/* Yours to free. NULL when it holds none. */
static char *take_value(const cJSON *v, size_t *len)
{
	const char *text = sl_json_str(v, "value", NULL);
	const char *coded = sl_json_str(v, "base64", NULL);

	*len = text ? strlen(text) : 0;
	if (text)
		return sl_strdup(text);
	return coded ? sl_text_unbase64(coded, len) : NULL;
}

static cJSON *value_new(bool there)
{
	cJSON *v = cJSON_CreateObject();

	sl_json_add_int(v, "v", 1);
	sl_json_add_bool(v, "there", there);
	return v;
}

static bool is_there(const cJSON *v)
{
	return sl_json_bool(v, "there", false);
}

static bool same_text(const cJSON *a, const cJSON *b, const char *key)
{
	return !strcmp(sl_json_str(a, key, ""), sl_json_str(b, key, ""));
}

static bool has_value(const cJSON *v)
{
	return sl_json_get(v, "value") || sl_json_get(v, "base64");
}

static bool open_or_same(const cJSON *found, const cJSON *value, const char *key)
{
	return !sl_json_get(value, key) || same_text(found, value, key);
}

static bool key_is(const cJSON *found, const cJSON *value)
{
	if (!is_there(found) || !is_there(value))
		return is_there(found) == is_there(value);
	if (has_value(value) &&
	    (!same_text(found, value, "value") || !same_text(found, value, "base64")))
		return false;
	return open_or_same(found, value, "type") && open_or_same(found, value, "revision") &&
	       (!sl_json_get(value, "enabled") ||
		sl_json_bool(found, "enabled", true) == sl_json_bool(value, "enabled", true));
}

static cJSON *key_back(const cJSON *prior, const cJSON *target)
{
	cJSON *back = cJSON_Duplicate(prior, true);

	(void)target;
	cJSON_DeleteItemFromObjectCaseSensitive(back, "revision");
	return back;
}

static const char *key_say(const cJSON *v, char *dst, size_t size)
{
	const char *off = sl_json_bool(v, "enabled", true) ? "" : ", disabled";
	size_t len;
	char *value = take_value(v, &len);
	size_t shown = value ? strcspn(value, "\n") : 0;

	if (!is_there(v))
		snprintf(dst, size, "not there");
	else if (!has_value(v))
		snprintf(dst, size, "revision %s", sl_json_str(v, "revision", "?"));
	else if (sl_json_bool(v, "hidden", false))
		snprintf(dst, size, "(hidden)%s", off);
	else if (sl_json_get(v, "base64"))
		snprintf(dst, size, "%zu bytes%s", len, off);
	else if (shown == len && len <= SAID_BYTES)
		snprintf(dst, size, "'%s'%s", value ? value : "", off);
	else
		snprintf(dst, size, "%zu characters%s", len, off);
	free(value);
	return dst;
}

/* --- subjects --- */

static size_t labels_of(const cJSON *subject, struct sl_label labels[LABELS_MAX])
{
	const cJSON *label;
	size_t n = 0;

	cJSON_ArrayForEach(label, sl_json_get(subject, "labels"))
	{
		if (cJSON_IsString(label) && n < LABELS_MAX)
			labels[n++] = (struct sl_label){label->string, label->valuestring};
	}
	return n;
}

static const char *key_name(const cJSON *subject, char *dst, size_t size)
{
	struct sl_label labels[LABELS_MAX];
	size_t n = labels_of(subject, labels), at;

	at = (size_t)snprintf(dst, size, "%s", sl_json_str(subject, "key", ""));
	for (size_t i = 0; i < n && at < size; i++)
		at += (size_t)snprintf(dst + at, size - at, "%s%s=%s", i ? " " : " (",
				       labels[i].name, labels[i].value);
	if (n && at < size)
		snprintf(dst + at, size - at, ")");
	return dst;
}

static char *key_claim(const cJSON *subject)
{
	struct sl_label labels[LABELS_MAX];
	size_t n = labels_of(subject, labels);

	return hold_key(sl_json_str(subject, "source", ""), sl_json_str(subject, "key", ""), labels,
			n);
}

static int key_check(const cJSON *subject, const cJSON *value, struct sl_error *e)
{
	const char *key = sl_json_str(subject, "key", "");

	if (!*key || !sl_text_is_clean(key, strlen(key)))
		return sl_fail(e, SL_EINPUT,
			       "a key whose name is empty or holds control characters is left "
			       "alone");
	if (is_there(value) && !has_value(value))
		return sl_fail(e, SL_EINPUT, "no value is given for key '%.80s'", key);
	return SL_OK;
}

static const struct sl_config_ops *ops_of(struct backends *b, const cJSON *subject, void **instance,
					  struct sl_error *e)
{
	const char *source = sl_json_str(subject, "source", "");
	struct plugin_backend *backend = backends_get(b, INV_CONFIG, source, e);
	const struct sl_config_ops *ops;

	if (!backend)
		return NULL;
	ops = plugin_backend_plugin(backend)->config;
	if (!ops->read || !ops->write) {
		sl_fail(e, SL_EUNSUPPORTED, "config centre '%s' cannot be written to", source);
		return NULL;
	}
	*instance = plugin_backend_instance(backend);
	return ops;
}

/* --- reading --- */

struct reading {
	struct backends_wait wait;
	const cJSON *subject;
	cJSON *found;
};

static bool labels_same(const cJSON *subject, const struct sl_key *k)
{
	struct sl_label labels[LABELS_MAX];
	size_t n = labels_of(subject, labels), same = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < k->label_count; j++)
			same += !strcmp(labels[i].name, k->labels[j].name) &&
				!strcmp(labels[i].value, k->labels[j].value);
	return n == k->label_count && same == n;
}

static void on_key(void *arg, const struct sl_key *k)
{
	struct reading *r = arg;

	if (r->found || strcmp(k->key, sl_json_str(r->subject, "key", "")) != 0 ||
	    !labels_same(r->subject, k))
		return;
	r->found = value_new(true);
	plan_mark_secret(r->found, k->key);
	add_value(r->found, k->value ? k->value : "", k->value ? k->value_len : 0);
	sl_json_add_str(r->found, "type", k->type ? k->type : "text");
	sl_json_add_bool(r->found, "enabled", k->enabled);
	sl_json_add_str(r->found, "revision", k->revision ? k->revision : "");
}

static void on_read(void *arg, const struct sl_read_end *end)
{
	struct reading *r = arg;

	r->wait.error = end->error;
	r->wait.done = true;
}

static int key_read(struct backends *b, const cJSON *subject, const bool *leave, cJSON **found,
		    struct sl_error *e)
{
	static const struct sl_config_sink sink = {.key = on_key, .done = on_read};
	struct reading r = {.subject = subject};
	struct sl_label labels[LABELS_MAX];
	size_t n = labels_of(subject, labels);
	const struct sl_config_ops *ops;
	struct sl_call *call;
	void *instance;

	*found = NULL;
	ops = ops_of(b, subject, &instance, e);
	if (!ops)
		return (int)e->code;
	call = ops->read(instance, sl_json_str(subject, "key", ""), labels, n, ACTION_TIMEOUT_MS,
			 &sink, &r);
	backends_wait(b, &r.wait, call, ops->cancel, instance, leave);
	if (r.wait.error.code && r.wait.error.code != SL_ENOTFOUND) {
		cJSON_Delete(r.found);
		*e = r.wait.error;
		return (int)e->code;
	}
	*found = r.found ? r.found : value_new(false);
	return SL_OK;
}

/* --- writing --- */

static void on_written(void *arg, const struct sl_error *e)
{
	struct backends_wait *w = arg;

	w->error = *e;
	w->done = true;
}

static int key_write(struct backends *b, const cJSON *subject, const cJSON *prior,
		     const cJSON *target, const bool *leave, struct sl_error *e)
{
	struct sl_label labels[LABELS_MAX];
	struct backends_wait w = {0};
	size_t len;
	char *value = take_value(target, &len);
	struct sl_key_change change = {
		.key = sl_json_str(subject, "key", ""),
		.labels = labels,
		.label_count = labels_of(subject, labels),
		.expect_revision = is_there(prior) ? sl_json_str(prior, "revision", NULL) : "",
		.value = is_there(target) ? value : NULL,
		.value_len = len,
		.type = sl_json_str(target, "type", NULL),
		.enabled = sl_json_bool(target, "enabled", true),
	};
	void *instance;
	const struct sl_config_ops *ops = ops_of(b, subject, &instance, e);

	if (ops) {
		backends_wait(b, &w,
			      ops->write(instance, &change, ACTION_TIMEOUT_MS, on_written, &w),
			      ops->cancel, instance, leave);
		*e = w.error;
	}
	free(value);
	return (int)e->code;
}

const struct action_kind action_key = {
	.name = "key",
	.read = key_read,
	.write = key_write,
	.is = key_is,
	.back = key_back,
	.say = key_say,
	.name_of = key_name,
	.claim = key_claim,
	.check = key_check,
};

cJSON *action_key_change(const char *source, const struct sl_key_change *k)
{
	cJSON *o = cJSON_CreateObject(), *labels, *target, *expect;

	sl_json_add_str(o, "kind", "key");
	sl_json_add_str(o, "source", source);
	sl_json_add_str(o, "key", k->key);
	labels = sl_json_add_object(o, "labels");
	for (size_t i = 0; i < k->label_count; i++) {
		sl_json_add_str(labels, k->labels[i].name, k->labels[i].value);
		if (!strcmp(k->labels[i].name, "service"))
			sl_json_add_str(o, "service", k->labels[i].value);
	}
	target = value_new(k->value != NULL);
	plan_mark_secret(target, k->key);
	if (k->value) {
		add_value(target, k->value, k->value_len);
		sl_json_add_bool(target, "enabled", k->enabled);
		if (k->type)
			sl_json_add_str(target, "type", k->type);
	}
	cJSON_AddItemToObject(o, "target", target);
	if (k->expect_revision) {
		expect = value_new(*k->expect_revision != '\0');
		if (*k->expect_revision)
			sl_json_add_str(expect, "revision", k->expect_revision);
		cJSON_AddItemToObject(o, "expect", expect);
	}
	return o;
}
