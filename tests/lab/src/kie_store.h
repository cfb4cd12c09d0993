/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fake Kie knows: keys with labels, their history, and one revision for the whole domain,
 * whatever project a change is in. A write is read, changed and stored in that order with nothing
 * between that would keep two of them apart: writers lose each other's changes.
 */
#ifndef SLUICE_LAB_KIE_STORE_H
#define SLUICE_LAB_KIE_STORE_H

#include "fake.h"

#define KIE_HISTORY 100

struct kie_key {
	char id[65];
	char *project;
	cJSON *doc;     /* as GET of one answers */
	cJSON *history; /* newest first */
	bool dead;
};

static struct kie {
	struct kie_key **keys;
	size_t count, cap;
	long long revision;
	long rate;  /* requests per second; 0 = no limit */
	long hasty; /* polls are not held: unchanged, at once */
	long race;  /* ms between the reading and the storing of an update */
	long long limited, polls, wakes;
} kie = {.revision = 12};

static inline int kie_compare_labels(const void *a, const void *b)
{
	const cJSON *const *x = a, *const *y = b;

	return strcmp((*x)->string, (*y)->string);
}

/* Labels in the order of their names. Yours. */
static inline cJSON *kie_sort_labels(const cJSON *labels)
{
	const cJSON *items[16], *item;
	cJSON *out = cJSON_CreateObject();
	size_t n = 0;

	cJSON_ArrayForEach(item, labels) if (n < 16) items[n++] = item;
	if (n)
		qsort(items, n, sizeof(*items), kie_compare_labels);
	for (size_t i = 0; i < n; i++)
		cJSON_AddItemToObject(out, items[i]->string, cJSON_Duplicate(items[i], true));
	return out;
}

static inline void kie_format(char *dst, size_t size, const cJSON *labels)
{
	const cJSON *item;
	size_t n = 0;

	snprintf(dst, size, "none");
	cJSON_ArrayForEach(item, labels)
	{
		if (n < size)
			n += (size_t)snprintf(dst + n, size - n, "%s%s=%s", n ? "::" : "",
					      item->string,
					      cJSON_IsString(item) ? item->valuestring : "");
	}
}

static inline void kie_make_id(char id[65], const char *project, const char *key,
			       const char *format)
{
	char text[4096];

	snprintf(text, sizeof(text), "default/%s/%s/%s", project, key, format);
	fake_digest(id, 64, text);
}

static inline struct kie_key *kie_find(const char *project, const char *id)
{
	for (size_t i = 0; i < kie.count; i++)
		if (!kie.keys[i]->dead && strcmp(kie.keys[i]->id, id) == 0 &&
		    strcmp(kie.keys[i]->project, project) == 0)
			return kie.keys[i];
	return NULL;
}

static inline void kie_set(cJSON *doc, const char *key, const char *value)
{
	cJSON_ReplaceItemInObjectCaseSensitive(doc, key, cJSON_CreateString(value));
}

static inline void kie_set_number(cJSON *doc, const char *key, long long value)
{
	cJSON_ReplaceItemInObjectCaseSensitive(doc, key, cJSON_CreateNumber((double)value));
}

/* Remember the present state as the newest version. */
static inline void kie_remember(struct kie_key *k)
{
	cJSON *version = cJSON_Duplicate(k->doc, true);

	cJSON_AddStringToObject(version, "project", k->project);
	cJSON_AddStringToObject(version, "domain", "default");
	cJSON_InsertItemInArray(k->history, 0, version);
	if (cJSON_GetArraySize(k->history) > KIE_HISTORY)
		cJSON_DeleteItemFromArray(k->history, KIE_HISTORY);
}

static inline struct kie_key *kie_add(const char *project, const cJSON *given)
{
	struct kie_key *k = calloc(1, sizeof(*k));
	cJSON *labels = kie_sort_labels(cJSON_GetObjectItemCaseSensitive(given, "labels"));
	const char *type = fake_str(given, "value_type"), *status = fake_str(given, "status");
	char format[2048];

	if (!k || !(k->project = strdup(project)))
		lab_die("out of memory");
	kie_format(format, sizeof(format), labels);
	kie_make_id(k->id, project, fake_str(given, "key"), format);
	kie.revision++;
	k->doc = cJSON_CreateObject();
	cJSON_AddStringToObject(k->doc, "id", k->id);
	cJSON_AddStringToObject(k->doc, "label_format", format);
	cJSON_AddStringToObject(k->doc, "key", fake_str(given, "key"));
	cJSON_AddStringToObject(k->doc, "value", fake_str(given, "value"));
	cJSON_AddStringToObject(k->doc, "value_type", type[0] ? type : "text");
	cJSON_AddNumberToObject(k->doc, "create_revision", (double)kie.revision);
	cJSON_AddNumberToObject(k->doc, "update_revision", (double)kie.revision);
	cJSON_AddStringToObject(k->doc, "status", status[0] ? status : "disabled");
	cJSON_AddNumberToObject(k->doc, "create_time", (double)fake_time());
	cJSON_AddNumberToObject(k->doc, "update_time", (double)fake_time());
	if (labels->child)
		cJSON_AddItemToObject(k->doc, "labels", labels);
	else
		cJSON_Delete(labels);
	k->history = cJSON_CreateArray();
	kie_remember(k);
	if (kie.count == kie.cap) {
		kie.cap = kie.cap ? kie.cap * 2 : 64;
		kie.keys = realloc(kie.keys, kie.cap * sizeof(*kie.keys));
		if (!kie.keys)
			lab_die("out of memory");
	}
	return kie.keys[kie.count++] = k;
}

/* Value and status as they shall be; each call is a version, even when nothing differs. */
static inline void kie_update(struct kie_key *k, const char *value, const char *status)
{
	kie.revision++;
	kie_set(k->doc, "value", value);
	kie_set(k->doc, "status", status);
	kie_set_number(k->doc, "update_revision", kie.revision);
	kie_set_number(k->doc, "update_time", fake_time());
	kie_remember(k);
}

static inline void kie_kill(struct kie_key *k)
{
	k->dead = true;
	cJSON_Delete(k->history);
	k->history = NULL;
}

/* As lists and writes answer: without the label format. */
static inline cJSON *kie_brief(const struct kie_key *k)
{
	cJSON *out = cJSON_Duplicate(k->doc, true);

	cJSON_DeleteItemFromObjectCaseSensitive(out, "label_format");
	return out;
}

#endif
