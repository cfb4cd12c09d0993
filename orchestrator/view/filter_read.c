/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one filter grammar: terms that must all hold. A term is a word (in any text of the row),
 * col:val, col:!val, col:/re/, col=val, col>n, col<n (also >= <=), level:warn+, tag=v of a label,
 * /regular expression/, and any of these with ! before it. A column is called by its key or by its
 * title. "Quotes" keep spaces and colons together. Case does not matter, in any
 * script. A name before : that is no ASCII is a label's: 区域:华东. Pure.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/filter.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define FILTER_MAX 2048
#define REGEX_MAX  200

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
	good = vw_filter_number(kind, value, &t->number);
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

	snprintf(key, sizeof key, "%.*s", (int)sl_text_whole(start, len < 64 ? len : 64), start);
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
	t->text = vw_filter_fold(value);
	free(value);
	return SL_OK;
}

/* Columns have ASCII names: what has others can only be a label. */
static bool names_label(const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)key[i] > 0x7e)
			return true;
	return false;
}

static bool has_labels(const struct vw_view *v)
{
	for (size_t i = 0; i < v->column_count; i++)
		if (v->columns[i].kind == VW_LABELS)
			return true;
	return false;
}

static bool is_state(const char *text)
{
	for (int s = 0; s < VW_STATE_COUNT; s++)
		if (vw_filter_state((enum vw_state)s, text))
			return true;
	return false;
}

/* Why no row can ever hold that, or NULL: better said than an empty list. */
static const char *never_holds(enum vw_kind kind, const char *text)
{
	double number;

	if (strcmp(text, "-") == 0 || strcmp(text, "unknown") == 0)
		return NULL;
	if (kind == VW_TIME)
		return "an age is wanted, with < or >, such as changed<1h";
	if (is_measured(kind) && !vw_filter_number(kind, text, &number))
		return "a number is wanted";
	if (kind == VW_STATE && !is_state(text))
		return "states are ok, degraded, failed, noContact, off, working, waiting; bad is "
		       "those that deserve a look";
	if (kind == VW_BOOL && strcmp(text, "yes") && strcmp(text, "true") && strcmp(text, "no") &&
	    strcmp(text, "false"))
		return "yes or no is wanted";
	return kind == VW_SERIES ? "a graph holds no text" : NULL;
}

/* "warn+": this level, and what is graver. */
static void read_level(struct term *t, const char *key)
{
	size_t len = strlen(t->text);
	unsigned level;

	if (strcmp(key, "level") != 0 || !len || t->text[len - 1] != '+')
		return;
	t->text[len - 1] = '\0';
	level = vw_filter_level(t->text);
	t->text[len - 1] = '+';
	if (!level)
		return;
	t->op = OP_LEVEL;
	t->number = level;
}

/* Behind "col:". An expression ends in / where the word does: others are paths. */
static int read_column_text(struct reader *r, struct term *t)
{
	const struct vw_column *column = &r->f->view->columns[t->column];
	const char *start, *never;
	size_t word;

	for (; *r->at == '!'; r->at++)
		t->not = !t->not ;
	start = r->at;
	word = strcspn(start, " \t");
	if (word > 2 && start[0] == '/' && start[word - 1] == '/')
		return is_measured(column->kind) ? wrong(r, start, "a number is wanted")
						 : read_regex(r, t);
	if (take_text(r, t))
		return SL_EINPUT;
	read_level(t, column->key);
	never = never_holds(column->kind, t->text);
	return never ? wrong(r, start, never) : SL_OK;
}

static int read_pair(struct reader *r, struct term *t, size_t len)
{
	const char *start = r->at;
	bool is = start[len] == '=';
	char key[65];

	snprintf(key, sizeof key, "%.*s", (int)sl_text_whole(start, len < 64 ? len : 64), start);
	if (!is && t->column < 0 && !names_label(start, len))
		return vw_column_unknown(r->f->view, key, r->e);
	if (is && t->column < 0 && !has_labels(r->f->view)) {
		t->op = OP_WORD; /* of a log, say: user=17 */
		return take_text(r, t);
	}
	t->op = !is ? t->column >= 0 ? OP_HAS : OP_TAG_HAS : t->column >= 0 ? OP_IS : OP_TAG;
	t->tag = sl_strndup(start, len);
	r->at += len + 1;
	return t->op == OP_HAS ? read_column_text(r, t) : take_text(r, t);
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
