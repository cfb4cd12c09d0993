/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/value_check.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/node.h"
#include "orchestrator/view/line_diff.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

static int check_json(const char *value, size_t len, struct sl_error *e)
{
	cJSON *doc = sl_json_parse(value, len, e);

	if (!doc) {
		sl_error_prefix(e, "not JSON");
		return (int)(e->code = SL_EINPUT);
	}
	cJSON_Delete(doc);
	return SL_OK;
}

/* The first thing that is wrong, as a sentence. */
static int yaml_fail(const struct diags *d, struct sl_error *e)
{
	cJSON *doc = diags_json(d);
	const cJSON *first = cJSON_GetArrayItem(sl_json_get(doc, "diagnostics"), 0);

	sl_fail(e, SL_EINPUT, "line %lld, column %lld: %s",
		(long long)sl_json_int(first, "line", 0),
		(long long)sl_json_int(first, "column", 0), sl_json_str(first, "message", "?"));
	sl_error_prefix(e, "not YAML");
	cJSON_Delete(doc);
	return SL_EINPUT;
}

static int check_yaml(const char *value, size_t len, struct sl_error *e)
{
	struct diags *d = diags_new();
	struct pb_tree *tree = pb_tree_parse("value", value, len, d);
	int rc = tree ? SL_OK : yaml_fail(d, e);

	if (tree)
		pb_tree_free(tree);
	diags_free(d);
	return rc;
}

/* --- lines --- */

typedef const char *(*line_check)(const char *line, size_t len);

static int check_lines(const char *value, size_t len, line_check check, struct sl_error *e)
{
	size_t number = 0;

	while (len) {
		const char *end = memchr(value, '\n', len), *why;
		size_t n = end ? (size_t)(end - value) : len;

		number++;
		why = check(value, n && value[n - 1] == '\r' ? n - 1 : n);
		if (why)
			return sl_fail(e, SL_EINPUT, "line %zu: %s", number, why);
		n += end != NULL;
		value += n;
		len -= n;
	}
	return SL_OK;
}

static size_t blanks(const char *line, size_t len)
{
	size_t n = 0;

	while (n < len && (line[n] == ' ' || line[n] == '\t' || line[n] == '\f'))
		n++;
	return n;
}

/* Nearly everything is a property, but for an escape that is none. */
static const char *property(const char *line, size_t len)
{
	size_t from = blanks(line, len), i;

	if (from == len || line[from] == '#' || line[from] == '!')
		return NULL;
	for (i = from; i < len; i++) {
		if (line[i] != '\\')
			continue;
		i++;
		if (i >= len || line[i] != 'u')
			continue;
		for (size_t k = 1; k <= 4; k++)
			if (i + k >= len || !isxdigit((unsigned char)line[i + k]))
				return "\\u is not followed by four hexadecimal digits";
	}
	return NULL;
}

static const char *ini_line(const char *line, size_t len)
{
	size_t from = blanks(line, len);

	if (from == len || line[from] == '#' || line[from] == ';')
		return NULL;
	if (line[from] == '[')
		return memchr(line + from, ']', len - from) ? NULL : "a section lacks its ']'";
	if (line[from] == '=' || !memchr(line + from, '=', len - from))
		return "neither key=value, a [section] nor a comment";
	return NULL;
}

static int check_properties(const char *value, size_t len, struct sl_error *e)
{
	return check_lines(value, len, property, e);
}

static int check_ini(const char *value, size_t len, struct sl_error *e)
{
	return check_lines(value, len, ini_line, e);
}

/* --- words --- */

/* Without the white space around it; "" when it is longer than any number. */
static const char *word(const char *value, size_t len, char *dst, size_t size)
{
	while (len && isspace((unsigned char)value[len - 1]))
		len--;
	while (len && isspace((unsigned char)*value)) {
		value++;
		len--;
	}
	if (len >= size || memchr(value, '\0', len))
		len = 0;
	memcpy(dst, value, len);
	dst[len] = '\0';
	return dst;
}

static int check_int(const char *value, size_t len, struct sl_error *e)
{
	char text[64], *end;

	word(value, len, text, sizeof text);
	errno = 0;
	(void)strtoll(text, &end, 10);
	if (!*text || *end || errno)
		return sl_fail(e, SL_EINPUT, "not a whole number");
	return SL_OK;
}

static int check_number(const char *value, size_t len, struct sl_error *e)
{
	char text[64], *end;
	double n;

	word(value, len, text, sizeof text);
	n = strtod(text, &end);
	if (!*text || *end || !isfinite(n) || strpbrk(text, "xXpPnN"))
		return sl_fail(e, SL_EINPUT, "not a number");
	return SL_OK;
}

static int check_bool(const char *value, size_t len, struct sl_error *e)
{
	char text[64];

	word(value, len, text, sizeof text);
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return sl_fail(e, SL_EINPUT, "neither true nor false");
	return SL_OK;
}

/* --- types --- */

static const struct {
	const char *type;
	int (*check)(const char *value, size_t len, struct sl_error *e);
} types[] = {
	{"json", check_json},   {"yaml", check_yaml},
	{"yml", check_yaml},    {"properties", check_properties},
	{"ini", check_ini},     {"int", check_int},
	{"integer", check_int}, {"number", check_number},
	{"bool", check_bool},   {"boolean", check_bool},
};

static size_t find_type(const char *type)
{
	size_t i = 0;

	while (i < SL_COUNT(types) && strcmp(types[i].type, type) != 0)
		i++;
	return i;
}

bool value_is_checked(const char *type)
{
	return find_type(type) < SL_COUNT(types);
}

int value_check(const char *type, const char *value, size_t len, struct sl_error *e)
{
	size_t i = find_type(type);

	if (i == SL_COUNT(types) || !len)
		return SL_OK;
	if (!diff_is_text(value, len))
		return sl_fail(e, SL_EINPUT, "not UTF-8 text, which a value of type %s is", type);
	return types[i].check(value, len, e);
}
