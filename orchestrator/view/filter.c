/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one filter grammar: terms that must all hold. A term is a word (in any text of the row),
 * col:val, col=val, col>n, col<n (also >= <=), tag=v of a label, /regular expression/, and any of
 * these with ! before it. "Quotes" keep spaces and colons together. Pure.
 */
#include <ctype.h>
#include <locale.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define FILTER_MAX 2048
#define TERMS_MAX  64
#define REGEX_MAX  200
#define CELL_MAX   4096

enum op { OP_WORD, OP_REGEX, OP_HAS, OP_IS, OP_TAG, OP_LESS, OP_MORE, OP_AT_MOST, OP_AT_LEAST };

struct term {
	enum op op;
	bool not ;
	long column; /* -1 = any */
	char *text;  /* folded */
	char *tag;
	double number;
	regex_t regex;
};

struct vw_filter {
	const struct vw_view *view;
	locale_t utf8; /* expressions see characters, whatever the locale; 0 = none there */
	struct term terms[TERMS_MAX];
	size_t count;
};

/* --- text without case --- */

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s > 0x7e)
			return false;
	return true;
}

static char *fold(const char *s)
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

/* needle is folded. Plain names, nearly all of them, are searched as they stand. */
static bool contains(const char *hay, const char *needle)
{
	char *folded;
	bool found;

	if (!hay)
		return false;
	if (is_ascii(hay))
		return strcasestr(hay, needle) != NULL;
	folded = fold(hay);
	found = strstr(folded, needle) != NULL;
	free(folded);
	return found;
}

static bool equals(const char *hay, const char *needle)
{
	char *folded;
	bool same;

	if (!hay)
		return false;
	if (is_ascii(hay))
		return strcasecmp(hay, needle) == 0;
	folded = fold(hay);
	same = strcmp(folded, needle) == 0;
	free(folded);
	return same;
}

/* --- expressions --- */

static locale_t utf8_enter(struct vw_filter *f)
{
	if (!f->utf8)
		f->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return f->utf8 ? uselocale(f->utf8) : (locale_t)0;
}

static void utf8_leave(const struct vw_filter *f, locale_t before)
{
	if (f->utf8)
		uselocale(before);
}

/* --- reading --- */

struct reader {
	struct vw_filter *f;
	const char *text, *at;
	struct sl_error *e;
};

static int wrong(const struct reader *r, const char *at, const char *why)
{
	return sl_fail(r->e, SL_EINPUT, "filter, at character %zu: %s", (size_t)(at - r->text) + 1,
		       why);
}

/* Up to a space, quotes taken off. Yours to free. NULL and *e when a quote is left open. */
static char *read_value(struct reader *r)
{
	const char *start = r->at;
	char *value = sl_alloc(strlen(r->at) + 1);
	size_t n = 0;
	bool quoted = false;

	for (; *r->at && (quoted || !isspace((unsigned char)*r->at)); r->at++) {
		if (*r->at == '"')
			quoted = !quoted;
		else
			value[n++] = *r->at;
	}
	value[n] = '\0';
	if (!quoted)
		return value;
	free(value);
	wrong(r, start, "a quote is not closed");
	return NULL;
}

/* "{" more than once can make a small pattern need all memory there is, a reference back all time.
 */
static int read_regex(struct reader *r, struct term *t)
{
	const char *start = r->at++;
	char pattern[REGEX_MAX + 1], why[128];
	size_t n = 0, braces = 0;
	locale_t before;
	int rc;

	for (; *r->at && *r->at != '/' && n < REGEX_MAX; r->at++) {
		if (*r->at == '\\' && isdigit((unsigned char)r->at[1]))
			return wrong(r, r->at, "no references back in an expression");
		if (*r->at == '\\' && r->at[1] == '/')
			r->at++;
		braces += *r->at == '{';
		pattern[n++] = *r->at;
	}
	pattern[n] = '\0';
	if (*r->at != '/')
		return wrong(r, start,
			     n == REGEX_MAX ? "the expression is too long"
					    : "the expression is not closed with /");
	if (!n || braces > 1)
		return wrong(r, start,
			     n ? "at most one {} in an expression" : "the expression is empty");
	r->at++;
	before = utf8_enter(r->f);
	rc = regcomp(&t->regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);
	utf8_leave(r->f, before);
	if (rc) {
		regerror(rc, &t->regex, why, sizeof why);
		return wrong(r, start, why);
	}
	t->op = OP_REGEX;
	return SL_OK;
}

static bool read_duration(const char *text, double *number)
{
	int64_t ms;

	if (!sl_duration_parse(text, &ms))
		return false;
	*number = (double)ms;
	return true;
}

static bool read_number(enum vw_kind kind, const char *text, double *number)
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

/* The kinds that have an order by number. */
static bool is_measured(enum vw_kind kind)
{
	return kind == VW_NUMBER || kind == VW_SHARE || kind == VW_MILLIS || kind == VW_TIME;
}

static int read_bound(struct reader *r, struct term *t, const char *start)
{
	enum vw_kind kind = r->f->view->columns[t->column].kind;
	char *value;
	bool good;

	if (!is_measured(kind))
		return wrong(r, start, "this column has no numbers to compare; use : instead");
	value = read_value(r);
	if (!value)
		return SL_EINPUT;
	good = read_number(kind, value, &t->number);
	free(value);
	if (good)
		return SL_OK;
	return wrong(r, start,
		     kind == VW_TIME     ? "an age is wanted, such as changed<1h"
		     : kind == VW_MILLIS ? "milliseconds or a duration are wanted"
					 : "a number is wanted");
}

static size_t key_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || (unsigned char)s[n] > 0x7e ||
	       (s[n] && strchr("._-/", s[n])))
		n++;
	return n;
}

/* < and > : the column must be there, and its kind must have an order. */
static int read_compare(struct reader *r, struct term *t, size_t len)
{
	const char *start = r->at;
	char key[65];
	bool more = r->at[len] == '>', also = r->at[len + 1] == '=';

	snprintf(key, sizeof key, "%.*s", (int)(len < 64 ? len : 64), start);
	if (t->column < 0)
		return vw_column_unknown(r->f->view, key, r->e);
	t->op = more ? also ? OP_AT_LEAST : OP_MORE : also ? OP_AT_MOST : OP_LESS;
	r->at += len + 1 + also;
	return read_bound(r, t, start);
}

static int take_text(struct reader *r, struct term *t)
{
	char *value = read_value(r);

	if (!value)
		return SL_EINPUT;
	t->text = fold(value);
	free(value);
	return SL_OK;
}

static int read_pair(struct reader *r, struct term *t, size_t len)
{
	const char *start = r->at;
	char key[65];

	snprintf(key, sizeof key, "%.*s", (int)(len < 64 ? len : 64), start);
	if (start[len] == ':' && t->column < 0)
		return vw_column_unknown(r->f->view, key, r->e);
	t->op = start[len] == ':' ? OP_HAS : t->column >= 0 ? OP_IS : OP_TAG;
	t->tag = sl_strndup(start, len);
	r->at += len + 1;
	return take_text(r, t);
}

static int read_term(struct reader *r, struct term *t)
{
	size_t len;

	t->column = -1;
	for (; *r->at == '!'; r->at++)
		t->not = !t->not ;
	if (*r->at == '/')
		return read_regex(r, t);
	len = key_length(r->at);
	if (len) {
		t->column = vw_column_find(r->f->view, r->at, len);
		if (r->at[len] == '<' || r->at[len] == '>')
			return read_compare(r, t, len);
		if (r->at[len] == ':' || r->at[len] == '=')
			return read_pair(r, t, len);
	}
	if (!*r->at || isspace((unsigned char)*r->at))
		return wrong(r, r->at, "something is wanted after !");
	t->op = OP_WORD;
	return take_text(r, t);
}

struct vw_filter *vw_filter_parse(const struct vw_view *v, const char *text, struct sl_error *e)
{
	struct vw_filter *f = sl_alloc(sizeof *f);
	struct reader r = {.f = f, .text = text, .at = text, .e = e};
	int rc = SL_OK;

	f->view = v;
	if (strnlen(text, FILTER_MAX + 1) > FILTER_MAX)
		rc = wrong(&r, text, "the filter is too long");
	else if (!sl_text_is_clean(text, strlen(text)))
		rc = wrong(&r, text, "it is not text (control bytes, or no UTF-8)");
	while (!rc) {
		while (isspace((unsigned char)*r.at))
			r.at++;
		if (!*r.at)
			return f;
		if (f->count == TERMS_MAX) {
			rc = wrong(&r, r.at, "too many terms");
		} else {
			rc = read_term(&r, &f->terms[f->count]);
			f->count++;
		}
	}
	vw_filter_free(f);
	return NULL;
}

void vw_filter_free(struct vw_filter *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (f->terms[i].op == OP_REGEX)
			regfree(&f->terms[i].regex);
		free(f->terms[i].text);
		free(f->terms[i].tag);
	}
	if (f->utf8)
		freelocale(f->utf8);
	free(f);
}

/* --- matching --- */

/* "bad" is what deserves a look. */
static bool state_is(enum vw_state s, const char *want)
{
	if (strcmp(want, "bad") == 0)
		return s == VW_FAILED || s == VW_DEGRADED || s == VW_NO_CONTACT;
	if (want[0] && !want[1] && want[0] == vw_state_glyph(s))
		return true;
	return *want && strncasecmp(vw_state_word(s), want, strlen(want)) == 0;
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

	return kind != VW_TIME && read_number(kind, want, &n) && fabs(c->number - n) < 1e-9;
}

static bool cell_has(enum vw_kind kind, const struct vw_cell *c, const struct term *t)
{
	if (!c->known)
		return strcmp(t->text, "-") == 0 || strcmp(t->text, "unknown") == 0;
	switch (kind) {
	case VW_TEXT:
		return t->op == OP_IS ? equals(c->text, t->text) : contains(c->text, t->text);
	case VW_STATE:
		return state_is((enum vw_state)c->number, t->text);
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
			    equals(c->pairs[i].value, t->text))
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

static bool pairs_match(const struct term *t, const struct vw_cell *c)
{
	char both[CELL_MAX];

	for (size_t i = 0; i < c->count; i++) {
		const char *value = c->pairs[i].value;

		snprintf(both, sizeof both, "%s%s%s", c->pairs[i].name, value ? "=" : "",
			 value ? value : "");
		if (text_matches(t, both))
			return true;
	}
	return false;
}

/* A word or expression: anywhere in what can be read of the row. */
static bool row_mentions(const struct vw_view *v, const struct vw_row *row, const struct term *t)
{
	if (text_matches(t, row->full) || text_matches(t, row->reason) ||
	    text_matches(t, vw_state_word(row->state)))
		return true;
	for (size_t k = 0; k < v->column_count; k++) {
		const struct vw_cell *c = &row->cells[k];

		if (v->columns[k].kind == VW_TEXT && text_matches(t, c->text))
			return true;
		if (v->columns[k].kind == VW_LABELS || v->columns[k].kind == VW_SHARES)
			if (pairs_match(t, c))
				return true;
	}
	return false;
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

	switch (term->op) {
	case OP_WORD:
	case OP_REGEX:
		return row_mentions(v, row, term);
	case OP_TAG:
		return row_has_tag(v, row, term);
	case OP_HAS:
		return cell_has(v->columns[term->column].kind, &row->cells[term->column], term);
	case OP_IS:
		return cell_has(v->columns[term->column].kind, &row->cells[term->column], term) ||
		       row_has_tag(v, row, term);
	case OP_LESS:
	case OP_MORE:
	case OP_AT_MOST:
	case OP_AT_LEAST:
		return compares(t, term, &row->cells[term->column]);
	}
	return false;
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
