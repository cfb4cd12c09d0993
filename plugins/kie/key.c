/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and labels, as Kie writes them. Pure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define KEY_MAX   2048
#define QUERY_MAX 16384

bool kie_key_parse(struct kie_key *k, const cJSON *doc)
{
	const cJSON *labels = sl_json_get(doc, "labels"), *label;

	*k = (struct kie_key){.id = sl_json_str(doc, "id", ""),
			      .key = sl_json_str(doc, "key", ""),
			      .value = sl_json_str(doc, "value", ""),
			      .type = sl_json_str(doc, "value_type", "text"),
			      .changed = sl_json_int(doc, "update_time", 0) * 1000};
	k->enabled = strcmp(sl_json_str(doc, "status", ""), "enabled") == 0;
	snprintf(k->number, sizeof k->number, "%lld",
		 (long long)sl_json_int(doc, "update_revision", 0));
	k->revision = k->number;
	for (label = cJSON_IsObject(labels) ? labels->child : NULL; label; label = label->next)
		if (cJSON_IsString(label) && k->label_count < KIE_LABELS_MAX)
			k->labels[k->label_count++] = (struct sl_label){
				.name = label->string, .value = label->valuestring};
	return k->key[0] && k->id[0];
}

void kie_key_report(const struct kie_key *k, const struct sl_config_sink *sink, void *arg)
{
	const struct sl_key key = {
		.key = k->key,
		.value = k->value,
		.value_len = strlen(k->value),
		.type = k->type,
		.revision = k->number,
		.changed = k->changed > 0 ? k->changed : 0,
		.enabled = k->enabled,
		.labels = k->labels,
		.label_count = k->label_count,
	};

	if (sink->key)
		sink->key(arg, &key);
}

bool kie_labels_same(const struct sl_label *a, size_t a_count, const struct sl_label *b,
		     size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		size_t k = 0;

		while (k < b_count && strcmp(a[i].name, b[k].name) != 0)
			k++;
		if (k == b_count || strcmp(a[i].value, b[k].value) != 0)
			return false;
	}
	return true;
}

bool kie_is_key(const char *text)
{
	size_t len = strlen(text);

	return len && len <= KEY_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-") ==
		       len;
}

char *kie_label_query(const struct sl_label *labels, size_t count)
{
	struct sl_buf b;
	char *text;

	sl_buf_init(&b, QUERY_MAX);
	for (size_t i = 0; i < count; i++) {
		char *name = sl_text_percent(labels[i].name);
		char *value = sl_text_percent(labels[i].value);

		sl_buf_printf(&b, "&label=%s:%s", name, value);
		free(name);
		free(value);
	}
	text = sl_strdup(sl_buf_str(&b));
	sl_buf_release(&b);
	return text;
}

char *kie_exact_path(const char *key, const struct sl_label *labels, size_t count)
{
	char *query = kie_label_query(labels, count), *name = sl_text_percent(key);
	char *path = sl_asprintf("/kv?key=%s&match=exact%s", name, query);

	free(query);
	free(name);
	return path;
}

/* Kie compares keys without regard to case, so there may be several. */
const cJSON *kie_list_find(const cJSON *list, const char *key, const struct sl_label *labels,
			   size_t count)
{
	const cJSON *data = sl_json_get(list, "data"), *doc;
	struct kie_key k;

	if (!cJSON_IsArray(data))
		return NULL;
	cJSON_ArrayForEach(doc, data)
	{
		if (kie_key_parse(&k, doc) && strcmp(k.key, key) == 0 &&
		    kie_labels_same(k.labels, k.label_count, labels, count))
			return doc;
	}
	return NULL;
}

struct sl_label *kie_labels_dup(const struct sl_label *labels, size_t count)
{
	struct sl_label *copy = sl_alloc_n(count + 1, sizeof *copy);

	for (size_t i = 0; i < count; i++) {
		copy[i].name = sl_strdup(labels[i].name);
		copy[i].value = sl_strdup(labels[i].value);
	}
	return copy;
}

void kie_labels_free(struct sl_label *labels, size_t count)
{
	for (size_t i = 0; labels && i < count; i++) {
		free((char *)labels[i].name);
		free((char *)labels[i].value);
	}
	free(labels);
}
