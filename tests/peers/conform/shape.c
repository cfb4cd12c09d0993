/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/peers/conform/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names --- */

static const char *names_find(const struct names *n, const char *recorded)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->pairs[i].recorded, recorded) == 0)
			return n->pairs[i].here;
	return NULL;
}

void names_learn(struct names *n, const char *recorded, const char *here)
{
	if (strlen(recorded) < 5 || names_find(n, recorded) || n->count == 512)
		return;
	n->pairs[n->count].recorded = strdup(recorded);
	n->pairs[n->count++].here = strdup(here);
}

static bool is_name_key(const char *key)
{
	static const char *const keys[] = {"serviceId", "instanceId", "id", "rev", NULL};

	for (size_t i = 0; key && keys[i]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static bool is_hex(const char *s)
{
	return strlen(s) >= 32 && strspn(s, "0123456789abcdef") == strlen(s);
}

static const cJSON *by_index(const cJSON *list, const cJSON *index)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *own = cJSON_GetObjectItemCaseSensitive(item, "index");

		if (cJSON_IsNumber(own) && cJSON_IsNumber(index) &&
		    (int)own->valuedouble == (int)index->valuedouble)
			return item;
	}
	return NULL;
}

static void learn_list(struct names *n, const cJSON *recorded, const cJSON *here)
{
	const cJSON *item;

	if (cJSON_GetArraySize(recorded) == 1 && cJSON_GetArraySize(here) == 1) {
		names_learn_json(n, recorded->child, here->child);
		return;
	}
	cJSON_ArrayForEach(item, recorded)
	{
		const cJSON *index = cJSON_GetObjectItemCaseSensitive(item, "index");
		const cJSON *other = index ? by_index(here, index) : NULL;

		if (other)
			names_learn_json(n, item, other);
	}
}

void names_learn_json(struct names *n, const cJSON *recorded, const cJSON *here)
{
	const cJSON *item;

	if (cJSON_IsArray(recorded)) {
		learn_list(n, recorded, here);
		return;
	}
	if (!cJSON_IsObject(recorded))
		return;
	cJSON_ArrayForEach(item, recorded)
	{
		const cJSON *other = cJSON_GetObjectItemCaseSensitive(here, item->string);

		if (cJSON_IsString(item) && cJSON_IsString(other) && is_name_key(item->string) &&
		    is_hex(item->valuestring))
			names_learn(n, item->valuestring, other->valuestring);
		else if (other)
			names_learn_json(n, item, other);
	}
}

static char *replace(char *text, const char *from, const char *to)
{
	char *at, *out;

	while ((at = strstr(text, from))) {
		size_t room = strlen(text) + strlen(to) + 1;

		if (strncmp(from, to, strlen(to)) == 0 && strlen(from) == strlen(to))
			return text;
		out = malloc(room);
		if (!out)
			abort();
		snprintf(out, room, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
		free(text);
		text = out;
	}
	return text;
}

char *names_apply(const struct names *n, const char *text)
{
	char *out = strdup(text);

	for (size_t i = 0; i < n->count; i++)
		out = replace(out, n->pairs[i].recorded, n->pairs[i].here);
	return out;
}

void names_release(struct names *n)
{
	for (size_t i = 0; i < n->count; i++) {
		free(n->pairs[i].recorded);
		free(n->pairs[i].here);
	}
	n->count = 0;
}

/* --- shapes --- */

struct compare {
	const struct names *names;
	bool loose;
	char *why;
	size_t size;
};

/* Values that must be the same, not only of the same kind. Whatever stands in labels, tags and
 * properties is ours, and must be the same too. */
static bool is_exact(const char *key, bool ours)
{
	static const char *const keys[] = {
		"errorCode", "error_code", "status",   "serviceName", "appId",    "environment",
		"key",       "value",      "schemaId", "summary",     "index",    "total",
		"alias",     "mode",       "action",   "schema",      "hostName", NULL};

	for (size_t i = 0; !ours && keys[i]; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return ours;
}

static bool differ(const struct compare *c, const char *path, const char *what)
{
	snprintf(c->why, c->size, "%s: %s", path[0] ? path : "answer", what);
	return false;
}

static bool value_same(const struct compare *c, const cJSON *r, const cJSON *h, const char *path,
		       bool ours);

static bool object_same(const struct compare *c, const cJSON *r, const cJSON *h, const char *path,
			bool ours)
{
	const cJSON *item;
	char at[300];

	cJSON_ArrayForEach(item, r)
	{
		const cJSON *other = cJSON_GetObjectItemCaseSensitive(h, item->string);
		bool inner = ours || strcmp(item->string, "properties") == 0 ||
			     strcmp(item->string, "labels") == 0 ||
			     strcmp(item->string, "tags") == 0;

		snprintf(at, sizeof(at), "%s.%s", path, item->string);
		if (!other && (c->loose || strcmp(item->string, "detail") == 0))
			continue;
		if (!other)
			return differ(c, at, "is missing");
		if (!value_same(c, item, other, at, inner))
			return false;
	}
	cJSON_ArrayForEach(item, h)
	{
		snprintf(at, sizeof(at), "%s.%s", path, item->string);
		if (!c->loose && !cJSON_GetObjectItemCaseSensitive(r, item->string) &&
		    strcmp(item->string, "detail") != 0)
			return differ(c, at, "was not recorded");
	}
	return true;
}

/* Lists have no order: each recorded element needs one that is like it. */
static bool list_same(const struct compare *c, const cJSON *r, const cJSON *h, const char *path,
		      bool ours)
{
	int count = cJSON_GetArraySize(h);
	bool *used = calloc((size_t)count + 1, sizeof(*used)), good = true;
	const cJSON *item;
	char at[300], text[80];

	snprintf(text, sizeof(text), "%d elements instead of %d", count, cJSON_GetArraySize(r));
	if (!used)
		abort();
	if (!c->loose && count != cJSON_GetArraySize(r))
		good = differ(c, path, text);
	cJSON_ArrayForEach(item, r)
	{
		const cJSON *other;
		int i = 0, found = -1;

		snprintf(at, sizeof(at), "%s[]", path);
		cJSON_ArrayForEach(other, h)
		{
			if (good && found < 0 && (c->loose || !used[i]) &&
			    value_same(c, item, other, at, ours))
				found = i;
			i++;
		}
		good = good && (found >= 0 || (c->loose && count > 0));
		if (found >= 0)
			used[found] = true;
	}
	free(used);
	return good;
}

static bool string_same(const struct compare *c, const cJSON *r, const cJSON *h, const char *path,
			bool ours)
{
	char *wanted = names_apply(c->names, r->valuestring), text[200];
	bool same = strcmp(wanted, h->valuestring) == 0;
	bool named = r->string && is_name_key(r->string) && names_find(c->names, r->valuestring) &&
		     strcmp(r->string, "rev") != 0;

	snprintf(text, sizeof(text), "'%.60s' instead of '%.60s'", h->valuestring, wanted);
	free(wanted);
	if (same || !(named || (r->string && is_exact(r->string, ours))))
		return true;
	return differ(c, path, text);
}

static bool value_same(const struct compare *c, const cJSON *r, const cJSON *h, const char *path,
		       bool ours)
{
	if ((r->type & 0xff) != (h->type & 0xff))
		return differ(c, path, "is of another kind");
	if (cJSON_IsObject(r))
		return object_same(c, r, h, path, ours);
	if (cJSON_IsArray(r))
		return list_same(c, r, h, path, ours);
	if (cJSON_IsString(r))
		return string_same(c, r, h, path, ours);
	if (cJSON_IsNumber(r) && r->string && is_exact(r->string, ours) &&
	    (long long)r->valuedouble != (long long)h->valuedouble)
		return differ(c, path, "is another number");
	return true;
}

bool shape_same(const struct names *n, const cJSON *recorded, const cJSON *here, bool loose,
		char *why, size_t size)
{
	const struct compare c = {.names = n, .loose = loose, .why = why, .size = size};

	why[0] = '\0';
	if (value_same(&c, recorded, here, "", false))
		return true;
	if (!why[0])
		differ(&c, "", "differs");
	return false;
}
