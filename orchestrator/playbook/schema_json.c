// SPDX-License-Identifier: Apache-2.0
// The table as JSON Schema (draft 2020-12), for editors. A value may also hold a $(name), so every
// pattern lets one through.
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/playbook.h"
#include "orchestrator/playbook/schema.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define NAMED "|.*\\$\\(.*"

/* Editors read 2.10 as a number; here it is a text like any other. */
static const struct {
	enum schema_type type;
	const char *pattern; /* NULL = any text */
	bool number;         /* may be written bare */
} patterns[] = {
	{SCHEMA_TEXT, NULL, true},
	{SCHEMA_NAME, "^([A-Za-z0-9._+-]{1,64}" NAMED ")$", true},
	{SCHEMA_COUNT, "^([0-9]+" NAMED ")$", true},
	{SCHEMA_SHARE, "^([0-9]+(\\.[0-9]+)?%" NAMED ")$", false},
	{SCHEMA_DURATION, "^(([0-9]+(ms|s|m|h|d))+" NAMED ")$", false},
	{SCHEMA_RATE, "^([0-9]+(\\.[0-9]+)?/(s|m|h)" NAMED ")$", false},
	{SCHEMA_AMOUNT, "^([0-9]+(\\.[0-9]+)?%?" NAMED ")$", true},
	{SCHEMA_LIMIT, "^([0-9]+(\\.[0-9]+)?(%|ms|s|m|h)?" NAMED ")$", true},
	{SCHEMA_MODE, "^[0-7]{3,4}$", true},
	{SCHEMA_DIGEST, "^([0-9a-fA-F]{64}" NAMED ")$", true},
	{SCHEMA_SECRET, NULL, true},
};

static void fill_shape(cJSON *o, const struct schema_shape *shape);
static void fill_row(cJSON *o, const struct schema_row *row);

static void add_types(cJSON *o, bool number)
{
	cJSON *types;

	if (!number) {
		sl_json_add_str(o, "type", "string");
		return;
	}
	types = sl_json_add_array(o, "type");
	cJSON_AddItemToArray(types, cJSON_CreateString("string"));
	cJSON_AddItemToArray(types, cJSON_CreateString("number"));
	cJSON_AddItemToArray(types, cJSON_CreateString("boolean"));
}

static void add_words(cJSON *o, const char *words)
{
	cJSON *list = sl_json_add_array(o, "enum");
	char *copy = sl_strdup(words), *save = NULL;

	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		cJSON_AddItemToArray(list, cJSON_CreateString(w));
		if (strspn(w, "0123456789") == strlen(w))
			cJSON_AddItemToArray(list, cJSON_CreateNumber(atoi(w)));
	}
	free(copy);
}

static void fill_scalar(cJSON *o, const struct schema_row *row, enum schema_type type)
{
	if (type == SCHEMA_ENUM) {
		add_words(o, row->words);
		return;
	}
	if (type == SCHEMA_BOOL) {
		add_types(o, true);
		sl_json_add_str(o, "pattern", "^(true|false|.*\\$\\(.*)$");
		return;
	}
	for (size_t i = 0; i < SL_COUNT(patterns); i++) {
		if (patterns[i].type != type)
			continue;
		add_types(o, patterns[i].number);
		if (patterns[i].pattern)
			sl_json_add_str(o, "pattern", patterns[i].pattern);
	}
	if (type == SCHEMA_COUNT) {
		sl_json_add_int(o, "minimum", row->min);
		if (row->max)
			sl_json_add_int(o, "maximum", row->max);
	}
}

static cJSON *add_choice(cJSON *choices)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(choices, o);
	return o;
}

/* One value, or a list of them. */
static void fill_list_or_one(cJSON *o, const struct schema_row *row, enum schema_type each)
{
	cJSON *choices = sl_json_add_array(o, "anyOf"), *list;

	fill_scalar(add_choice(choices), row, each);
	list = add_choice(choices);
	sl_json_add_str(list, "type", "array");
	fill_scalar(sl_json_add_object(list, "items"), row, each);
}

static void fill_pairs(cJSON *o, const struct schema_row *row, enum schema_type each)
{
	sl_json_add_str(o, "type", "object");
	fill_scalar(sl_json_add_object(o, "additionalProperties"), row, each);
}

static void fill_map(cJSON *o, const struct schema_row *row)
{
	cJSON *choices;

	if (!row->scalar) {
		fill_shape(o, row->shape);
		return;
	}
	choices = sl_json_add_array(o, "anyOf");
	fill_scalar(add_choice(choices), row, row->scalar);
	fill_shape(add_choice(choices), row->shape);
}

static void fill_list(cJSON *o, const struct schema_row *row)
{
	cJSON *choices, *list = o;

	if (row->map) {
		choices = sl_json_add_array(o, "anyOf");
		fill_shape(add_choice(choices), row->map);
		list = add_choice(choices);
	}
	sl_json_add_str(list, "type", "array");
	fill_shape(sl_json_add_object(list, "items"), row->shape);
}

static void fill_type(cJSON *o, const struct schema_row *row)
{
	switch (row->type) {
	case SCHEMA_COMMAND:
		fill_list_or_one(o, row, SCHEMA_TEXT);
		break;
	case SCHEMA_TEXTS:
		fill_list_or_one(o, row, row->words ? SCHEMA_ENUM : SCHEMA_TEXT);
		break;
	case SCHEMA_COUNTS:
		fill_list_or_one(o, row, SCHEMA_COUNT);
		break;
	case SCHEMA_PAIRS:
	case SCHEMA_SECRETS:
		fill_pairs(o, row, SCHEMA_TEXT);
		break;
	case SCHEMA_SHARES:
		fill_pairs(o, row, SCHEMA_SHARE);
		break;
	case SCHEMA_MAP:
		fill_map(o, row);
		break;
	case SCHEMA_NAMED:
		sl_json_add_str(o, "type", "object");
		fill_shape(sl_json_add_object(o, "additionalProperties"), row->shape);
		break;
	case SCHEMA_LIST:
		fill_list(o, row);
		break;
	case SCHEMA_ANY:
		break;
	default:
		fill_scalar(o, row, row->type);
	}
}

static void fill_row(cJSON *o, const struct schema_row *row)
{
	char *text = row->later && !row->later_word
			     ? sl_asprintf("%s (Checked, but not carried out yet.)", row->help)
			     : sl_strdup(row->help);

	sl_json_add_str(o, "description", text);
	free(text);
	if (row->fallback)
		sl_json_add_str(o, "default", row->fallback);
	fill_type(o, row);
}

static void add_required(cJSON *o, const struct schema_shape *shape)
{
	cJSON *list = NULL;

	for (size_t i = 0; i < shape->count; i++) {
		if (!(shape->rows[i].flags & SCHEMA_REQUIRED))
			continue;
		if (!list)
			list = sl_json_add_array(o, "required");
		cJSON_AddItemToArray(list, cJSON_CreateString(shape->rows[i].key));
	}
}

static void fill_shape(cJSON *o, const struct schema_shape *shape)
{
	cJSON *properties;

	sl_json_add_str(o, "type", "object");
	properties = sl_json_add_object(o, "properties");
	for (size_t i = 0; i < shape->count; i++)
		fill_row(sl_json_add_object(properties, shape->rows[i].key), &shape->rows[i]);
	if (!shape->open)
		sl_json_add_bool(o, "additionalProperties", false);
	if (shape->one) {
		sl_json_add_int(o, "minProperties", 1);
		sl_json_add_int(o, "maxProperties", 1);
	}
	add_required(o, shape);
}

static const struct schema_shape *shape_of(const char *kind)
{
	static const struct {
		const char *kind;
		const struct schema_shape *shape;
	} kinds[] = {
		{"rollout", &schema_rollout},        {"loadTest", &schema_load_test},
		{"faultDrill", &schema_fault_drill}, {"inventory", &schema_inventory},
		{"include", &schema_include},
	};

	for (size_t i = 0; i < SL_COUNT(kinds); i++)
		if (!strcmp(kinds[i].kind, kind))
			return kinds[i].shape;
	return NULL;
}

char *playbook_schema_json(const char *kind)
{
	const struct schema_shape *shape = shape_of(kind);
	cJSON *o;
	char *title, *text;

	if (!shape)
		return NULL;
	o = cJSON_CreateObject();
	title = sl_asprintf("sluice %s", kind);
	sl_json_add_str(o, "$schema", "https://json-schema.org/draft/2020-12/schema");
	sl_json_add_str(o, "title", title);
	free(title);
	fill_shape(o, shape);
	text = cJSON_Print(o);
	cJSON_Delete(o);
	if (!text)
		abort();
	return text;
}
