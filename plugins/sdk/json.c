/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/json.h"

#include <math.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define JSON_DEPTH  64
#define JSON_VALUES 4000000            /* each takes 80 bytes and more, however short its text */
#define JSON_EXACT  9007199254740992.0 /* 2^53: cJSON keeps numbers as doubles */

/* cJSON's own limit is 1000 levels of recursion, and none for values; ours act before it sees the
 * text. Where one is passed *e says so. */
static int json_bounds(const char *s, size_t len, struct sl_error *e)
{
	size_t depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				quoted = false;
		} else if (s[i] == '"') {
			quoted = true;
		} else if (s[i] == '[' || s[i] == '{') {
			if (++depth > JSON_DEPTH)
				return sl_fail(e, SL_EPROTO,
					       "JSON is nested more than %d deep at byte %zu",
					       JSON_DEPTH, i);
			values++;
		} else if ((s[i] == ']' || s[i] == '}') && depth) {
			depth--;
		} else if (s[i] == ',' && ++values > JSON_VALUES) {
			return sl_fail(e, SL_EPROTO, "JSON holds more than %d values", JSON_VALUES);
		}
	}
	return SL_OK;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

cJSON *sl_json_parse(const char *text, size_t len, struct sl_error *e)
{
	const char *end = NULL;
	size_t at;
	cJSON *v;

	if (json_bounds(text, len, e) != SL_OK)
		return NULL;
	v = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	at = end && end >= text ? (size_t)(end - text) : 0;
	if (!v) {
		sl_fail(e, SL_EPROTO, "not JSON: an error at byte %zu of %zu", at, len);
		return NULL;
	}
	while (at < len && is_space(text[at]))
		at++;
	if (at == len)
		return v;
	cJSON_Delete(v);
	sl_fail(e, SL_EPROTO, "not JSON: more text after the document, at byte %zu of %zu", at,
		len);
	return NULL;
}

static void *json_check(void *p)
{
	if (!p)
		sl_alloc_failed();
	return p;
}

char *sl_json_print(const cJSON *v)
{
	return json_check(cJSON_PrintUnformatted(v));
}

const cJSON *sl_json_get(const cJSON *v, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(v, key);
}

const char *sl_json_str(const cJSON *v, const char *key, const char *fallback)
{
	const char *s = cJSON_GetStringValue(sl_json_get(v, key));

	return s ? s : fallback;
}

int64_t sl_json_int(const cJSON *v, const char *key, int64_t fallback)
{
	double d = sl_json_num(v, key, NAN);

	if (!(d >= -JSON_EXACT && d <= JSON_EXACT) || d != trunc(d))
		return fallback;
	return (int64_t)d;
}

double sl_json_num(const cJSON *v, const char *key, double fallback)
{
	const cJSON *n = sl_json_get(v, key);

	return cJSON_IsNumber(n) && isfinite(n->valuedouble) ? n->valuedouble : fallback;
}

bool sl_json_bool(const cJSON *v, const char *key, bool fallback)
{
	const cJSON *b = sl_json_get(v, key);

	return cJSON_IsBool(b) ? cJSON_IsTrue(b) : fallback;
}

static cJSON *json_add(cJSON *object, const char *key, cJSON *item)
{
	json_check(item);
	if (!cJSON_AddItemToObject(object, key, item))
		json_check(NULL);
	return item;
}

void sl_json_add_str(cJSON *object, const char *key, const char *value)
{
	json_add(object, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

void sl_json_add_int(cJSON *object, const char *key, int64_t value)
{
	json_add(object, key, cJSON_CreateNumber((double)value));
}

void sl_json_add_num(cJSON *object, const char *key, double value)
{
	json_add(object, key, cJSON_CreateNumber(value));
}

void sl_json_add_bool(cJSON *object, const char *key, bool value)
{
	json_add(object, key, cJSON_CreateBool(value));
}

cJSON *sl_json_add_object(cJSON *object, const char *key)
{
	return json_add(object, key, cJSON_CreateObject());
}

cJSON *sl_json_add_array(cJSON *object, const char *key)
{
	return json_add(object, key, cJSON_CreateArray());
}
