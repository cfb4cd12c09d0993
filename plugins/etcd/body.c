/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of questions. Keys and values are base64, int64 are text. etcd ignores misspelled fields
 * without a word, so each name stands in one place. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static cJSON *object_new(void)
{
	cJSON *o = cJSON_CreateObject();

	if (!o)
		sl_alloc_failed();
	return o;
}

void etcd_add_int(cJSON *body, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, value);
	sl_json_add_str(body, name, text);
}

void etcd_add_bytes(cJSON *body, const char *name, const void *bytes, size_t len)
{
	char *text = sl_text_base64(bytes, len);

	sl_json_add_str(body, name, text);
	free(text);
}

cJSON *etcd_range(const void *key, size_t len)
{
	cJSON *body = object_new();

	etcd_add_bytes(body, "key", key, len);
	return body;
}

/* The end is the prefix with its last byte one higher: our prefixes end with a slash. */
cJSON *etcd_range_prefix(const char *prefix, const void *from, size_t len)
{
	size_t n = strlen(prefix);
	char *end = sl_strdup(prefix);
	cJSON *body = from ? etcd_range(from, len) : etcd_range(prefix, n);

	end[n - 1]++;
	etcd_add_bytes(body, "range_end", end, n);
	free(end);
	return body;
}

cJSON *etcd_txn(void)
{
	cJSON *txn = object_new();

	sl_json_add_array(txn, "compare");
	sl_json_add_array(txn, "success");
	return txn;
}

static cJSON *item_new(cJSON *txn, const char *list)
{
	cJSON *item = object_new();

	cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(txn, list), item);
	return item;
}

static cJSON *step_new(cJSON *txn, const char *kind, const char *key)
{
	cJSON *step = sl_json_add_object(item_new(txn, "success"), kind);

	etcd_add_bytes(step, "key", key, strlen(key));
	return step;
}

void etcd_txn_if_modified(cJSON *txn, const char *key, int64_t revision)
{
	cJSON *compare = item_new(txn, "compare");

	etcd_add_bytes(compare, "key", key, strlen(key));
	sl_json_add_str(compare, "target", revision ? "MOD" : "CREATE");
	sl_json_add_str(compare, "result", "EQUAL");
	etcd_add_int(compare, revision ? "mod_revision" : "create_revision", revision);
}

void etcd_txn_put(cJSON *txn, const char *key, const void *value, size_t len, bool keep_lease)
{
	cJSON *step = step_new(txn, "request_put", key);

	etcd_add_bytes(step, "value", value, len);
	if (keep_lease)
		sl_json_add_bool(step, "ignore_lease", true);
}

void etcd_txn_delete(cJSON *txn, const char *key)
{
	step_new(txn, "request_delete_range", key);
}

void etcd_txn_range(cJSON *txn, const char *key, int64_t revision)
{
	cJSON *step = step_new(txn, "request_range", key);

	if (revision)
		etcd_add_int(step, "revision", revision);
}
