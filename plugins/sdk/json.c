/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/json.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define JSON_DEPTH  64
#define JSON_VALUES 4000000 /* each takes 80 bytes and more, however short its text */
#define CODE_MAX    999999999
#define JSON_EXACT  9007199254740992.0 /* 2^53: cJSON keeps numbers as doubles */

/* --- halves of a pair: JSON may hold them, UTF-8 may not --- */

enum half { HALF_NONE, HALF_FIRST, HALF_SECOND };

/* Of an escape "\uXXXX" at s. */
static enum half half_at(const char *s, size_t len)
{
	if (len < 6 || s[0] != '\\' || s[1] != 'u' || (s[2] != 'd' && s[2] != 'D'))
		return HALF_NONE;
	if (!isxdigit((unsigned char)s[4]) || !isxdigit((unsigned char)s[5]))
		return HALF_NONE;
	if (s[3] && strchr("89abAB", s[3]))
		return HALF_FIRST;
	return s[3] && strchr("cdefCDEF", s[3]) ? HALF_SECOND : HALF_NONE;
}

/* Each that stands alone becomes U+FFFD, in place: one bad name must not hide all others. */
static void mend_halves(char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		enum half half = half_at(s + i, len - i);

		if (half == HALF_FIRST && half_at(s + i + 6, len - i - 6) == HALF_SECOND) {
			i += 11;
		} else if (half) {
			memcpy(s + i + 2, "fffd", 4);
			i += 5;
		} else if (s[i] == '\\') {
			i++;
		}
	}
}

/* cJSON's own limit is 1000 levels of recursion, and none for values; ours act before it sees the
 * text. Where one is passed *e says so. halves: are there such escapes? */
static int json_bounds(const char *s, size_t len, bool *halves, struct sl_error *e)
{
	size_t depth = 0, values = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted) {
			quoted = s[i] != '"';
			if (s[i] == '\\') {
				*halves |= half_at(s + i, len - i) != HALF_NONE;
				i++;
			}
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

static cJSON *parse(const char *text, size_t len, struct sl_error *e)
{
	const char *end = NULL;
	size_t at;
	cJSON *v;

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

cJSON *sl_json_parse(const char *text, size_t len, struct sl_error *e)
{
	bool halves = false;
	char *copy;
	cJSON *v;

	if (json_bounds(text, len, &halves, e) != SL_OK)
		return NULL;
	if (!halves)
		return parse(text, len, e);
	copy = sl_alloc(len);
	memcpy(copy, text, len);
	mend_halves(copy, len);
	v = parse(copy, len, e);
	free(copy);
	return v;
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

int sl_json_code(const cJSON *v, const char *key)
{
	int64_t code = sl_json_int(v, key, 0);

	if (!code && !sl_count_parse(sl_json_str(v, key, ""), 0, CODE_MAX, &code))
		return 0;
	return code > 0 && code <= CODE_MAX ? (int)code : 0;
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
