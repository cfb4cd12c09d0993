/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Kie's writes, its history and its uploads. */
#ifndef SLUICE_LAB_KIE_WRITE_H
#define SLUICE_LAB_KIE_WRITE_H

#include "kie_list.h"

/* An update that was read and waits for being stored. */
struct late {
	struct fake_conn *conn;
	struct kie_key *key;
	char *value, *status;
	int64_t at;
};

static struct late lates[FAKE_CONNS];
/* --- writing --- */

static bool one_of(const char *word, const char *const *words)
{
	if (!*word)
		return true;
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* What is wrong with a key to be stored, or NULL. */
static const char *key_fault(const cJSON *given)
{
	static const char *const types[] = {"ini",        "json", "text", "yaml",
					    "properties", "xml",  NULL};
	static const char *const states[] = {"enabled", "disabled", NULL};
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._:-";
	const char *key = fake_str(given, "key");

	if (!*key || strlen(key) > 2048)
		return "validate failed, field: KVDoc.Key, rule: min = 1";
	if (strspn(key, good) != strlen(key))
		return "validate failed, field: KVDoc.Key, rule: ^[a-zA-Z0-9._:-]+$";
	if (!one_of(fake_str(given, "value_type"), types))
		return "validate failed, field: KVDoc.ValueType";
	if (!one_of(fake_str(given, "status"), states))
		return "validate failed, field: KVDoc.Status";
	if (strlen(fake_str(given, "value")) > 131072)
		return "validate failed, field: KVDoc.Value, rule: max = 131072";
	if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(given, "labels")) > 6)
		return "validate failed, field: KVDoc.Labels, rule: max = 6";
	return NULL;
}

static struct kie_key *existing(const char *project, const cJSON *given)
{
	cJSON *labels = kie_sort_labels(cJSON_GetObjectItemCaseSensitive(given, "labels"));
	char format[2048], id[65];

	kie_format(format, sizeof(format), labels);
	cJSON_Delete(labels);
	kie_make_id(id, project, fake_str(given, "key"), format);
	return kie_find(project, id);
}

static void create(struct fake_request *q)
{
	const char *fault = q->json ? key_fault(q->json) : "decode request body failed";
	struct kie_key *k;

	if (fault) {
		refuse(q, fault);
		return;
	}
	if (existing(q->segment[1], q->json)) {
		fail(q, 409001, "record already exist", "record already exist(kv already exists)");
		return;
	}
	k = kie_add(q->segment[1], q->json);
	say_json(q->conn, "", kie_brief(k));
	wake_for(k);
}

static void late_store(struct late *l)
{
	if (!l->key->dead) {
		kie_update(l->key, l->value, l->status);
		if (l->conn)
			say_json(l->conn, "", kie_brief(l->key));
		wake_for(l->key);
	}
	free(l->value);
	free(l->status);
	*l = (struct late){0};
}

/* What the body leaves out is taken from what is stored now, and written later. */
static void update(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);
	const char *value = fake_str(q->json, "value"), *status = fake_str(q->json, "status");
	struct late *l = lates;

	if (!k) {
		missing(q);
		return;
	}
	while (l->key)
		l++;
	*l = (struct late){.conn = q->conn, .key = k, .at = lab_now() + kie.race};
	l->value = strdup(*value ? value : fake_str(k->doc, "value"));
	l->status = strdup(*status ? status : fake_str(k->doc, "status"));
	q->conn->held = true;
	if (!kie.race)
		late_store(l);
}

static void say_one(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);

	if (k)
		say_json(q->conn, "", cJSON_Duplicate(k->doc, true));
	else
		missing(q);
}

static void delete_one(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);

	if (!k) {
		missing(q);
		return;
	}
	kie.revision++;
	kie_kill(k);
	fake_say(q->conn, 204, NULL, "", "", 0);
	wake_for(k);
}

/* Unknown ids are not mentioned, and even none at all is a revision. */
static void delete_many(struct fake_request *q)
{
	const cJSON *id;

	kie.revision++;
	cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(q->json, "ids"))
	{
		struct kie_key *k =
			kie_find(q->segment[1], cJSON_IsString(id) ? id->valuestring : "");

		if (!k)
			continue;
		kie_kill(k);
		wake_for(k);
	}
	fake_say(q->conn, 204, NULL, "", "", 0);
}

static void history(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);
	long offset = 0, limit = 0, at = 0;
	cJSON *out, *data;
	const cJSON *version;

	if (!number(q, "limit", 1, 100, &limit) || !number(q, "offset", 0, 1 << 30, &offset))
		return;
	if (!k) {
		fail(q, 500001, "internal server error", "internal server error");
		return;
	}
	out = cJSON_CreateObject();
	cJSON_AddNumberToObject(out, "total", cJSON_GetArraySize(k->history));
	data = cJSON_AddArrayToObject(out, "data");
	cJSON_ArrayForEach(version, k->history)
	{
		if (at >= offset && (!limit || at < offset + limit))
			cJSON_AddItemToArray(data, cJSON_Duplicate(version, true));
		at++;
	}
	say_json(q->conn, "", out);
}

static void track(struct fake_request *q)
{
	fail(q, 404001, "record does not exist", "can not find any polling data");
}

/* --- upload --- */

static void upload_fail(cJSON *failure, const cJSON *item, int code, const char *words)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddStringToObject(out, "key", fake_str(item, "key"));
	cJSON_AddItemToObject(out, "labels",
			      kie_sort_labels(cJSON_GetObjectItemCaseSensitive(item, "labels")));
	cJSON_AddNumberToObject(out, "error_code", code);
	cJSON_AddStringToObject(out, "error_message", words);
	cJSON_AddItemToArray(failure, out);
}

static void upload_one(struct fake_request *q, const char *how, const cJSON *item, cJSON *success,
		       cJSON *failure, bool *stopped)
{
	struct kie_key *k = existing(q->segment[1], item);
	const char *status = fake_str(item, "status"), *fault = key_fault(item);

	*stopped = *stopped || (k && strcmp(how, "abort") == 0);
	if (*stopped) {
		upload_fail(failure, item, 400005,
			    "stop overriding kvs after reaching the duplicate kv");
	} else if (fault) {
		upload_fail(failure, item, 400001, fault);
	} else if (k && strcmp(how, "skip") == 0) {
		upload_fail(failure, item, 400004, "skip overriding duplicate kvs");
	} else {
		if (k) /* no status switches it off */
			kie_update(k, fake_str(item, "value"), *status ? status : "disabled");
		else
			k = kie_add(q->segment[1], item);
		cJSON_AddItemToArray(success, kie_brief(k));
		wake_for(k);
	}
}

static void upload(struct fake_request *q)
{
	static const char *const hows[] = {"force", "abort", "skip", NULL};
	char *how = fake_param(q, "override", 0);
	cJSON *out, *success, *failure;
	const cJSON *item;
	bool stopped = false;

	if (!how) {
		refuse(q, "Query parameter 'override' is required");
	} else if (!one_of(how, hows)) {
		fake_text(q->conn, 500, "", "server got a panic, plz check log.");
	} else {
		out = cJSON_CreateObject();
		success = cJSON_AddArrayToObject(out, "success");
		failure = cJSON_AddArrayToObject(out, "failure");
		cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(q->json, "data"))
			upload_one(q, how, item, success, failure, &stopped);
		say_json(q->conn, "", out);
	}
	free(how);
}

#endif
