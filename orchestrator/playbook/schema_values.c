// SPDX-License-Identifier: Apache-2.0
// Types of the table: their words, and whether a text reads as one of them.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/schema.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static const char *const type_words[] = {
	[SCHEMA_NOTHING] = "nothing",
	[SCHEMA_TEXT] = "a text",
	[SCHEMA_NAME] = "a name (letters, digits, '.', '_', '+', '-'; at most 64)",
	[SCHEMA_ENUM] = "a word",
	[SCHEMA_BOOL] = "true or false",
	[SCHEMA_COUNT] = "a count, a bare number like 3",
	[SCHEMA_SHARE] = "a share with its sign, like 25%",
	[SCHEMA_DURATION] = "a duration with its unit, like 30s or 5m",
	[SCHEMA_RATE] = "a rate with its unit, like 500/s",
	[SCHEMA_AMOUNT] = "a count or a share, like 2 or 25%",
	[SCHEMA_LIMIT] = "a number, a share or a duration, like 5, 1% or 800ms",
	[SCHEMA_MODE] = "an octal file mode, like 0644",
	[SCHEMA_DIGEST] = "a SHA-256 digest of 64 hex digits",
	[SCHEMA_SECRET] = "a text, or a reference env:, file: or command:",
	[SCHEMA_COMMAND] = "a command: a string, or a list of arguments",
	[SCHEMA_TEXTS] = "a list of texts, or one",
	[SCHEMA_COUNTS] = "a list of counts, or one",
	[SCHEMA_PAIRS] = "a mapping of names to texts",
	[SCHEMA_SHARES] = "a mapping of names to shares",
	[SCHEMA_SECRETS] = "a mapping of names to texts",
	[SCHEMA_MAP] = "a mapping",
	[SCHEMA_NAMED] = "a mapping of names",
	[SCHEMA_LIST] = "a list",
	[SCHEMA_ANY] = "anything",
};

const char *schema_type_words(enum schema_type type)
{
	return type_words[type];
}

bool schema_type_is_scalar(enum schema_type type)
{
	return type >= SCHEMA_TEXT && type <= SCHEMA_SECRET;
}

const struct schema_row *schema_row_find(const struct schema_shape *s, const char *key)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->rows[i].key, key))
			return &s->rows[i];
	return NULL;
}

const char *schema_fallback(const struct schema_shape *s, const char *key)
{
	const struct schema_row *row = schema_row_find(s, key);

	if (!row)
		abort();
	return row->fallback;
}

bool schema_word_in(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *w = words; len && *w;) {
		size_t n = strcspn(w, " ");

		if (n == len && !memcmp(w, text, n))
			return true;
		w += n + (w[n] == ' ');
	}
	return false;
}

static bool is_number(const char *s)
{
	size_t digits = strspn(s, "0123456789");

	if (!digits || digits > 15)
		return false;
	if (s[digits] != '.')
		return !s[digits];
	s += digits + 1;
	digits = strspn(s, "0123456789");
	return digits && digits < 15 && !s[digits];
}

static bool is_mode(const char *s)
{
	size_t n = strspn(s, "01234567");

	return n >= 3 && n <= 4 && !s[n];
}

static bool is_digest(const char *s)
{
	return strspn(s, "0123456789abcdefABCDEF") == 64 && !s[64];
}

static bool is_count(const struct schema_row *row, const char *text)
{
	int64_t n;

	return sl_count_parse(text, row->min, row->max ? row->max : INT32_MAX, &n);
}

/* Shares and counts of instances: 0 of them is no amount. */
static bool is_amount(const char *text)
{
	double share;
	int64_t n;

	if (sl_count_parse(text, 1, INT32_MAX, &n))
		return true;
	return sl_share_parse(text, &share) && share > 0;
}

bool schema_value_ok(const struct schema_row *row, enum schema_type type, const char *text)
{
	double number;
	int64_t ms;

	switch (type) {
	case SCHEMA_NAME:
		return sl_text_is_name(text);
	case SCHEMA_ENUM:
		return schema_word_in(row->words, text);
	case SCHEMA_BOOL:
		return !strcmp(text, "true") || !strcmp(text, "false");
	case SCHEMA_COUNT:
		return is_count(row, text);
	case SCHEMA_SHARE:
		return sl_share_parse(text, &number);
	case SCHEMA_DURATION:
		return sl_duration_parse(text, &ms);
	case SCHEMA_RATE:
		return sl_rate_parse(text, &number);
	case SCHEMA_AMOUNT:
		return is_amount(text);
	case SCHEMA_LIMIT:
		return is_number(text) || sl_share_parse(text, &number) ||
		       sl_duration_parse(text, &ms);
	case SCHEMA_MODE:
		return is_mode(text);
	case SCHEMA_DIGEST:
		return is_digest(text);
	default:
		return true;
	}
}
