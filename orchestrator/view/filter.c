/* SPDX-License-Identifier: Apache-2.0 */
/* Does a row pass? Pure. */
#include "orchestrator/view/filter.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define CELL_MAX 4096

/* --- text without case --- */

/* Eight bytes at a time: a filter looks at all text that there is. */
static bool is_ascii(const char *s)
{
	size_t len = strlen(s);
	uint64_t all = 0, eight;

	for (; len >= sizeof eight; s += sizeof eight, len -= sizeof eight) {
		memcpy(&eight, s, sizeof eight);
		all |= eight;
	}
	for (; len; s++, len--)
		all |= (unsigned char)*s;
	return !(all & UINT64_C(0x8080808080808080));
}

char *vw_filter_fold(const char *s)
{
	utf8proc_uint8_t *out = NULL;
	char *copy;

	if (!is_ascii(s) && utf8proc_map((const utf8proc_uint8_t *)s, 0, &out,
					 UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE |
						 UTF8PROC_CASEFOLD) >= 0)
		return (char *)out;
	copy = sl_strdup(s);
	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static bool contains_folded(const char *hay, const char *needle)
{
	char *folded = vw_filter_fold(hay);
	bool found = strstr(folded, needle) != NULL;

	free(folded);
	return found;
}

/* needle is folded. Plain names, nearly all of them, are searched as they stand, and looked at
 * once: what is no ASCII may belong to a letter before it, so that all of it is folded. */
static bool contains(const char *hay, const char *needle)
{
	unsigned char low = (unsigned char)needle[0], up = (unsigned char)toupper(low), c;
	size_t rest;

	if (!hay)
		return false;
	for (const char *at = hay; (c = (unsigned char)*at); at++) {
		if (c >= 0x80)
			return contains_folded(hay, needle);
		if (c != low && c != up)
			continue;
		rest = strlen(needle + 1);
		if (strncasecmp(at + 1, needle + 1, rest) == 0)
			return is_ascii(at) || contains_folded(hay, needle);
	}
	return !low;
}

static bool equals(const char *hay, const char *needle)
{
	char *folded;
	bool same;

	if (!hay)
		return false;
	if (is_ascii(hay))
		return strcasecmp(hay, needle) == 0;
	folded = vw_filter_fold(hay);
	same = strcmp(folded, needle) == 0;
	free(folded);
	return same;
}

/* --- numbers --- */

/* Whole ones, "1m30s"; or a part of one unit, "0.5s". */
static bool read_duration(const char *text, double *number)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	char one[16];
	int64_t ms;

	if (text[whole] == '.')
		part = strspn(text + whole + 1, "0123456789");
	snprintf(one, sizeof one, "1%s", part ? text + whole + 1 + part : "");
	if (!sl_duration_parse(part ? one : text, &ms))
		return false;
	*number = part ? strtod(text, NULL) * (double)ms : (double)ms;
	return isfinite(*number);
}

bool vw_filter_number(enum vw_kind kind, const char *text, double *number)
{
	char *end;
	bool percent;

	if ((kind == VW_MILLIS || kind == VW_TIME) && read_duration(text, number))
		return true;
	*number = strtod(text, &end);
	percent = *end == '%' && kind == VW_SHARE;
	if (percent)
		*number /= 100;
	return end != text && !end[percent] && isfinite(*number);
}

/* --- matching --- */

bool vw_filter_state(enum vw_state s, const char *want)
{
	size_t len = strlen(want);

	if (len && strncmp("bad", want, len) == 0)
		return s == VW_FAILED || s == VW_DEGRADED || s == VW_NO_CONTACT;
	if (len == 1 && want[0] == vw_state_glyph(s))
		return true;
	return len && strncasecmp(vw_state_word(s), want, len) == 0;
}

unsigned vw_filter_level(const char *text)
{
	static const char *const levels[] = {"info", "warn", "error"};

	for (unsigned i = 0; i < SL_COUNT(levels); i++)
		if (strcasecmp(text, levels[i]) == 0)
			return i + 1;
	return 0;
}

static bool bool_is(double number, const char *want)
{
	return number != 0 ? strcmp(want, "yes") == 0 || strcmp(want, "true") == 0
			   : strcmp(want, "no") == 0 || strcmp(want, "false") == 0;
}

static bool pairs_have(const struct vw_cell *c, const char *want)
{
	for (size_t i = 0; i < c->count; i++)
		if (contains(c->pairs[i].name, want) || contains(c->pairs[i].value, want))
			return true;
	return false;
}

static bool number_is(enum vw_kind kind, const struct vw_cell *c, const char *want)
{
	double n;

	return kind != VW_TIME && vw_filter_number(kind, want, &n) && fabs(c->number - n) < 1e-9;
}

static bool cell_has(enum vw_kind kind, const struct vw_cell *c, const struct term *t)
{
	if (!c->known)
		return strcmp(t->text, "-") == 0 || strcmp(t->text, "unknown") == 0;
	switch (kind) {
	case VW_TEXT:
		return t->op == OP_IS ? equals(c->text, t->text) : contains(c->text, t->text);
	case VW_STATE:
		return vw_filter_state((enum vw_state)c->number, t->text);
	case VW_BOOL:
		return bool_is(c->number, t->text);
	case VW_LABELS:
	case VW_SHARES:
		return pairs_have(c, t->text);
	case VW_NUMBER:
	case VW_SHARE:
	case VW_MILLIS:
	case VW_TIME:
		return number_is(kind, c, t->text);
	case VW_SERIES:
		return false;
	}
	return false;
}

static bool row_has_tag(const struct vw_view *v, const struct vw_row *row, const struct term *t)
{
	for (size_t k = 0; k < v->column_count; k++) {
		const struct vw_cell *c = &row->cells[k];

		if (v->columns[k].kind != VW_LABELS)
			continue;
		for (size_t i = 0; i < c->count; i++)
			if (strcmp(c->pairs[i].name, t->tag) == 0 &&
			    (t->op == OP_TAG_HAS ? contains(c->pairs[i].value, t->text)
						 : equals(c->pairs[i].value, t->text)))
				return true;
	}
	return false;
}

static bool text_matches(const struct term *t, const char *text)
{
	if (!text || !*text)
		return false;
	if (t->op == OP_REGEX)
		return regexec(&t->regex, text, 0, NULL, 0) == 0;
	return contains(text, t->text);
}

/* "name=value" holds a word without = only where one of them does. */
static bool pairs_match(const struct term *t, const struct vw_cell *c)
{
	bool apart = t->op == OP_WORD && !strchr(t->text, '=');
	char both[CELL_MAX];

	for (size_t i = 0; i < c->count; i++) {
		const char *value = c->pairs[i].value;

		if (apart && !text_matches(t, c->pairs[i].name) && !text_matches(t, value))
			continue;
		if (apart)
			return true;
		snprintf(both, sizeof both, "%s%s%s", c->pairs[i].name, value ? "=" : "",
			 value ? value : "");
		if (text_matches(t, both))
			return true;
	}
	return false;
}

/* Is the text one of the row's that lie side by side? */
static bool is_beside(const struct vw_row *row, const char *text)
{
	return text >= row->texts && text < row->texts + row->texts_len;
}

/* A word or expression: anywhere in what can be read of the row. A word that is not in what lies
 * side by side is sought in the rest alone; one with = may stand over a NUL there. */
static bool row_mentions(const struct vw_view *v, const struct vw_row *row, const struct term *t)
{
	bool absent = row->texts && t->op == OP_WORD && !strchr(t->text, '=') &&
		      !vw_seek(row->texts, row->texts_len, t->text);

	if (text_matches(t, vw_state_word(row->state)) ||
	    (!absent && (text_matches(t, row->full) || text_matches(t, row->reason))))
		return true;
	for (size_t k = 0; k < v->column_count; k++) {
		const struct vw_cell *c = &row->cells[k];
		enum vw_kind kind = v->columns[k].kind;
		bool pairs = kind == VW_LABELS || kind == VW_SHARES;

		if (!pairs && kind != VW_TEXT)
			continue;
		if (absent && is_beside(row, pairs && c->count ? c->pairs[0].name : c->text))
			continue;
		if (pairs ? pairs_match(t, c) : text_matches(t, c->text))
			return true;
	}
	return false;
}

/* An expression on one column. */
static bool cell_matches(enum vw_kind kind, const struct vw_cell *c, const struct term *t)
{
	if (!c->known)
		return false;
	if (kind == VW_STATE)
		return text_matches(t, vw_state_word((enum vw_state)c->number));
	if (kind == VW_LABELS || kind == VW_SHARES)
		return pairs_match(t, c);
	return text_matches(t, c->text);
}

/* Ages: changed<1h is what changed within the last hour. */
static bool compares(const struct vw_table *t, const struct term *term, const struct vw_cell *c)
{
	double n = c->number;

	if (!c->known)
		return false;
	if (t->view->columns[term->column].kind == VW_TIME)
		n = (double)vw_table_now(t) - n;
	switch (term->op) {
	case OP_LESS:
		return n < term->number;
	case OP_MORE:
		return n > term->number;
	case OP_AT_MOST:
		return n <= term->number;
	default:
		return n >= term->number;
	}
}

static bool term_matches(const struct vw_table *t, const struct vw_row *row,
			 const struct term *term)
{
	const struct vw_view *v = t->view;
	const struct vw_cell *c = term->column < 0 ? NULL : &row->cells[term->column];

	switch (term->op) {
	case OP_WORD:
		return row_mentions(v, row, term);
	case OP_REGEX:
		return c ? cell_matches(v->columns[term->column].kind, c, term)
			 : row_mentions(v, row, term);
	case OP_LEVEL:
		return c->known && vw_filter_level(c->text) >= term->number;
	case OP_TAG:
	case OP_TAG_HAS:
		return row_has_tag(v, row, term);
	case OP_HAS:
		return cell_has(v->columns[term->column].kind, c, term);
	case OP_IS:
		return cell_has(v->columns[term->column].kind, c, term) ||
		       row_has_tag(v, row, term);
	case OP_LESS:
	case OP_MORE:
	case OP_AT_MOST:
	case OP_AT_LEAST:
		return compares(t, term, c);
	}
	return false;
}

/* --- does one filter hold only where another one does? --- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* An expression is no text that could be compared. */
static bool same_term(const struct term *a, const struct term *b)
{
	return a->op == b->op && a->op != OP_REGEX && a->not == b->not &&a->column == b->column &&
	       a->number == b->number && same_text(a->text, b->text) && same_text(a->tag, b->tag);
}

/* What mentions the longer word mentions the shorter one; = is looked for elsewhere. */
static bool is_longer_word(const struct term *a, const struct term *b)
{
	return a->op == OP_WORD && b->op == OP_WORD &&
	       !a->not &&!b->not &&strstr(a->text, b->text) && !strchr(a->text, '=');
}

bool vw_filter_narrows(const struct vw_filter *f, const struct vw_filter *than)
{
	if (f->view != than->view || f->count < than->count)
		return false;
	for (size_t i = 0; i < than->count; i++)
		if (!same_term(&f->terms[i], &than->terms[i]) &&
		    !is_longer_word(&f->terms[i], &than->terms[i]))
			return false;
	return true;
}

bool vw_filter_match(const struct vw_filter *f, const struct vw_table *t, size_t row)
{
	locale_t before = f && f->utf8 ? uselocale(f->utf8) : (locale_t)0;
	bool match = true;

	for (size_t i = 0; match && f && i < f->count; i++)
		match = term_matches(t, &t->rows[row], &f->terms[i]) != f->terms[i].not ;
	if (before)
		uselocale(before);
	return match;
}
