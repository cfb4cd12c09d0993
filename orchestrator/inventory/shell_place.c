/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/inventory/shell_place.h"

#include <ctype.h>
#include <string.h>

void shell_place_init(struct shell_place *p)
{
	*p = (struct shell_place){.word_start = true};
}

/* "${NAME}" and the like say nothing about quotes; "${NAME:-...}" may hold any. */
static bool brace_is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '}')
			return true;
		if (!isalnum((unsigned char)s[i]) && !strchr("_#?@*!$-", s[i]))
			return false;
	}
	return false;
}

/* The text behind a '$' that is not quoted away. */
static void look_at_dollar(struct shell_place *p, const char *s, size_t len)
{
	if (len >= 2 && s[0] == '(' && s[1] == '(')
		p->unclear = "arithmetic";
	else if (len >= 1 && s[0] == '(' && p->quote == '"')
		p->unclear = "a command substitution inside double quotes";
	else if (len >= 1 && s[0] == '{' && !brace_is_plain(s + 1, len - 1))
		p->unclear = "an expansion with ${...}";
	else if (len >= 1 && s[0] == '\\')
		p->unclear = "a split '$'";
	else if (len >= 1 && s[0] == '\'' && !p->quote)
		p->unclear = "$'...', which not every sh knows";
}

static void feed_unquoted(struct shell_place *p, const char *s, size_t len)
{
	bool start = p->word_start;

	p->word_start = strchr(" \t\n;&|()<>", *s) != NULL;
	switch (*s) {
	case '\\':
		p->escaped = true;
		break;
	case '\'':
	case '"':
		p->quote = *s;
		break;
	case '#':
		p->comment = start;
		break;
	case '(':
		if (len >= 2 && s[1] == '(')
			p->unclear = "arithmetic";
		break;
	case '<':
		if (len >= 2 && s[1] == '<')
			p->unclear = "a here-document";
		break;
	}
}

static void feed_byte(struct shell_place *p, const char *s, size_t len)
{
	if (p->escaped) {
		p->escaped = false;
		p->word_start = false;
	} else if (p->comment) {
		p->comment = *s != '\n';
		p->word_start = *s == '\n';
	} else if (p->quote == '\'') {
		p->quote = *s == '\'' ? 0 : p->quote;
	} else {
		if (*s == '`')
			p->unclear = "backquotes";
		if (*s == '$')
			look_at_dollar(p, s + 1, len - 1);
		if (!p->quote)
			feed_unquoted(p, s, len);
		else if (*s == '\\')
			p->escaped = true;
		else if (*s == '"')
			p->quote = 0;
	}
}

void shell_place_feed(struct shell_place *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len && !p->unclear; i++)
		feed_byte(p, text + i, len - i);
}

const char *shell_place_refuses(struct shell_place *p)
{
	if (p->unclear)
		return p->unclear;
	if (p->escaped)
		return "a backslash";
	if (p->comment)
		return "a comment";
	if (p->quote)
		return p->quote == '"' ? "double quotes" : "single quotes";
	p->word_start = false;
	return NULL;
}
