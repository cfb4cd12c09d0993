/* SPDX-License-Identifier: Apache-2.0 */
/* Members of a JSON object changed in its text. The parser has accepted it, so what is skipped is
 * not looked at closely, but nothing is read beyond its end. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

/* Where a member stands in the text, in bytes from its beginning. */
struct member {
	size_t key, key_end, value, end;
	size_t before; /* the end of the one before it, or behind the brace */
	size_t after;  /* the beginning of the next one, or the closing brace */
	bool is_last;
};

struct scan {
	const char *text;
	size_t len, at, before;
};

/* What the parser takes as white space. */
static void skip_space(struct scan *s)
{
	while (s->at < s->len && (unsigned char)s->text[s->at] <= ' ')
		s->at++;
}

static bool is_at(const struct scan *s, char c)
{
	return s->at < s->len && s->text[s->at] == c;
}

static void skip_string(struct scan *s)
{
	bool escaped = false;

	for (s->at++; s->at < s->len; s->at++) {
		char c = s->text[s->at];

		if (c == '"' && !escaped)
			break;
		escaped = c == '\\' && !escaped;
	}
	if (s->at < s->len)
		s->at++;
}

/* Up to what ends it: a comma or a bracket that is not its own, or white space. */
static void skip_value(struct scan *s)
{
	size_t depth = 0;

	while (s->at < s->len) {
		char c = s->text[s->at];

		if (!depth && (c == ',' || c == '}' || c == ']' || (unsigned char)c <= ' '))
			return;
		if (c == '"') {
			skip_string(s);
			if (!depth)
				return;
			continue;
		}
		s->at++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && !--depth)
			return;
	}
}

static bool scan_begin(struct scan *s, const char *text, size_t len)
{
	*s = (struct scan){.text = text, .len = len};
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		s->at = 3;
	skip_space(s);
	if (!is_at(s, '{'))
		return false;
	s->before = ++s->at;
	return true;
}

/* False = there is no further one. */
static bool scan_next(struct scan *s, struct member *m)
{
	skip_space(s);
	if (!is_at(s, '"'))
		return false;
	*m = (struct member){.before = s->before, .key = s->at};
	skip_string(s);
	m->key_end = s->at;
	skip_space(s);
	if (!is_at(s, ':'))
		return false;
	s->at++;
	skip_space(s);
	m->value = s->at;
	skip_value(s);
	s->before = m->end = s->at;
	skip_space(s);
	m->is_last = !is_at(s, ',');
	if (!m->is_last) {
		s->at++;
		skip_space(s);
	}
	m->after = s->at;
	return true;
}

/* Names may be written with escapes. */
static bool is_named(const char *text, const struct member *m, const char *name)
{
	cJSON *key = sl_json_parse(text + m->key, m->key_end - m->key, NULL);
	bool same = key && cJSON_IsString(key) && strcmp(cJSON_GetStringValue(key), name) == 0;

	cJSON_Delete(key);
	return same;
}

static bool scan_find(struct scan *s, const char *name, struct member *m)
{
	while (scan_next(s, m))
		if (is_named(s->text, m, name))
			return true;
	return false;
}

static char *members_remove(char *text, const char *name)
{
	struct member m;
	struct scan s;

	while (scan_begin(&s, text, strlen(text)) && scan_find(&s, name, &m)) {
		size_t from = m.is_last ? m.before : m.key, to = m.is_last ? m.end : m.after;

		memmove(text + from, text + to, s.len - to + 1);
	}
	return text;
}

/* Of several of one name some readers take the first, some the last. */
static char *members_set(const char *text, size_t len, const char *name, const char *value)
{
	size_t done = 0;
	bool any = false, found = false;
	struct sl_buf out;
	struct member m;
	struct scan s;

	sl_buf_init(&out, SIZE_MAX);
	for (scan_begin(&s, text, len); scan_next(&s, &m); any = true) {
		if (!is_named(text, &m, name))
			continue;
		sl_buf_append(&out, text + done, m.value - done);
		sl_buf_puts(&out, value);
		done = m.end;
		found = true;
	}
	if (!found) {
		sl_buf_append(&out, text, s.before);
		sl_buf_printf(&out, "%s\"%s\":%s", any ? "," : "", name, value);
		done = s.before;
	}
	sl_buf_append(&out, text + done, len - done);
	return sl_buf_take(&out);
}

char *sl_json_splice(const char *text, size_t len, const char *name, const char *value)
{
	struct scan s;

	if (memchr(text, '\0', len) || !scan_begin(&s, text, len))
		return NULL;
	return value ? members_set(text, len, name, value)
		     : members_remove(sl_strndup(text, len), name);
}
