/* SPDX-License-Identifier: Apache-2.0 */
/* States, and cells as text for people. Pure. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define SPARK_CELLS 16

static const struct {
	char glyph;
	const char *word;
	int rank; /* worst first */
} states[VW_STATE_COUNT] = {
	[VW_OK] = {'+', "ok", 5},           [VW_DEGRADED] = {'!', "degraded", 2},
	[VW_FAILED] = {'x', "failed", 0},   [VW_NO_CONTACT] = {'?', "noContact", 1},
	[VW_OFF] = {'-', "off", 6},         [VW_WORKING] = {'>', "working", 3},
	[VW_WAITING] = {'.', "waiting", 4},
};

char vw_state_glyph(enum vw_state s)
{
	return (unsigned)s < VW_STATE_COUNT ? states[s].glyph : '?';
}

const char *vw_state_word(enum vw_state s)
{
	return (unsigned)s < VW_STATE_COUNT ? states[s].word : "noContact";
}

int vw_state_rank(enum vw_state s)
{
	return (unsigned)s < VW_STATE_COUNT ? states[s].rank : VW_STATE_COUNT;
}

/* --- order of names --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Of ASCII, whatever the locale: bytes of longer characters stay as they are. */
static int without_case(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int by_value(const char **a, const char **b)
{
	size_t la, lb;
	int order;

	while (**a == '0' && is_digit((*a)[1]))
		(*a)++;
	while (**b == '0' && is_digit((*b)[1]))
		(*b)++;
	la = strspn(*a, "0123456789");
	lb = strspn(*b, "0123456789");
	if (la != lb)
		return la < lb ? -1 : 1;
	order = strncmp(*a, *b, la);
	*a += la;
	*b += lb;
	return order;
}

size_t vw_natural_shared(const char *a, const char *b, size_t most)
{
	size_t i = 0;

	while (i < most && a[i] && a[i] == b[i])
		i++;
	while (i && is_digit(a[i - 1]))
		i--;
	return i;
}

/* A number is its length, then its digits; that one stands there is told by a digit, which compares
 * with what is none as any other digit does. */
uint64_t vw_natural_head(const char *s)
{
	unsigned char head[8] = {0};
	uint64_t number = 0;
	size_t n = 0, len;

	while (*s && n < sizeof head) {
		if (!is_digit(*s)) {
			head[n++] = (unsigned char)without_case(*s++);
			continue;
		}
		while (*s == '0' && is_digit(s[1]))
			s++;
		len = strspn(s, "0123456789");
		head[n++] = '0';
		if (n < sizeof head)
			head[n++] = (unsigned char)(len < UINT8_MAX ? len : UINT8_MAX);
		if (len >= UINT8_MAX)
			break; /* how much longer it is, only the whole tells */
		for (; len && n < sizeof head; len--)
			head[n++] = (unsigned char)*s++;
		s += len;
	}
	for (n = 0; n < sizeof head; n++)
		number = number << 8 | head[n];
	return number;
}

int vw_natural(const char *a, const char *b)
{
	size_t skip = vw_natural_shared(a, b, SIZE_MAX);
	const char *x = a + skip, *y = b + skip;
	int order;

	while (*x && *y) {
		if (is_digit(*x) && is_digit(*y)) {
			order = by_value(&x, &y);
			if (order)
				return order < 0 ? -1 : 1;
			continue;
		}
		order = without_case(*x) - without_case(*y);
		if (order)
			return order < 0 ? -1 : 1;
		x++;
		y++;
	}
	if (*x || *y)
		return *x ? 1 : -1;
	order = strcmp(a + skip, b + skip);
	return (order > 0) - (order < 0);
}

/* --- numbers --- */

/* 12870 -> "12,870"; small ones with one decimal unless whole. */
static void put_number(char *dst, size_t size, double n)
{
	char plain[64];
	size_t len, out = 0, first;

	if (fabs(n) >= 1e15 || (fabs(n) < 10 && n != floor(n))) {
		snprintf(dst, size,
			 fabs(n) >= 1e15   ? "%.3g"
			 : fabs(n) < 0.095 ? "%.2f"
					   : "%.1f",
			 n);
		return;
	}
	snprintf(plain, sizeof plain, "%.0f", n);
	len = strlen(plain);
	first = plain[0] == '-';
	for (size_t i = 0; i < len && out + 2 < size; i++) {
		if (i > first && (len - i) % 3 == 0)
			dst[out++] = ',';
		dst[out++] = plain[i];
	}
	dst[out] = '\0';
}

static void put_age(char *dst, size_t size, int64_t ms)
{
	int64_t s = ms > 0 ? ms / 1000 : 0;

	if (s < 100)
		snprintf(dst, size, "%" PRId64 "s", s);
	else if (s < 100 * 60)
		snprintf(dst, size, "%" PRId64 "m", s / 60);
	else if (s < 48 * 3600)
		snprintf(dst, size, "%" PRId64 "h", s / 3600);
	else
		snprintf(dst, size, "%" PRId64 "d", s / 86400);
}

const char *vw_clock(struct vw_table *t, int64_t ms)
{
	char text[16];

	return ms ? vw_dup(t, sl_time_clock(text, sizeof text, ms)) : "";
}

/* --- lists --- */

/* Appends what fits, whole characters only. */
static size_t append(char *dst, size_t size, size_t at, const char *text)
{
	return at + sl_text_clean(dst + at, size - at, text, strlen(text), false);
}

static void put_labels(char *dst, size_t size, const struct vw_cell *c)
{
	size_t at = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (i)
			at = append(dst, size, at, " ");
		at = append(dst, size, at, c->pairs[i].name);
		at = append(dst, size, at, "=");
		at = append(dst, size, at, c->pairs[i].value);
	}
}

/* "67%"; with its decimals where a whole number would say all or nothing. */
static const char *whole_percent(char *dst, size_t size, double share)
{
	double percent = round(share * 100);

	if ((percent <= 0 && share > 0) || (percent >= 100 && share < 1))
		return sl_share_format(dst, size, share);
	snprintf(dst, size, "%.0f%%", percent);
	return dst;
}

/* One version needs no share. */
static void put_shares(char *dst, size_t size, const struct vw_cell *c, size_t shown)
{
	char share[32];
	size_t at = 0;

	for (size_t i = 0; i < shown; i++) {
		if (i)
			at = append(dst, size, at, " ");
		at = append(dst, size, at, c->pairs[i].name);
		if (c->count < 2)
			continue;
		at = append(dst, size, at, " ");
		at = append(dst, size, at, whole_percent(share, sizeof share, c->pairs[i].share));
	}
}

const char *vw_shares_fit(const struct vw_cell *c, size_t cells, char *dst, size_t size)
{
	size_t shown = c->count, len;

	put_shares(dst, size, c, shown);
	while (sl_text_width(dst) > cells && shown > 1) {
		put_shares(dst, size, c, --shown);
		len = strlen(dst);
		snprintf(dst + len, size - len, " +%zu", c->count - shown);
	}
	return dst;
}

/* The newest points, scaled to their own peak. */
static void put_series(char *dst, size_t size, const struct vw_cell *c)
{
	static const char levels[] = ".:-=+*#%@";
	size_t from = c->count > SPARK_CELLS ? c->count - SPARK_CELLS : 0, at = 0;
	double peak = 0;

	for (size_t i = from; i < c->count; i++)
		if (c->series[i] > peak)
			peak = c->series[i];
	for (size_t i = from; i < c->count && at + 1 < size; i++) {
		double v = c->series[i];
		size_t level = peak > 0 && v > 0 ? (size_t)(v / peak * 8 + 0.5) : 0;

		dst[at++] = isfinite(v) ? levels[level > 8 ? 8 : level] : ' ';
	}
	dst[at] = '\0';
}

const char *vw_cell_text(const struct vw_table *t, size_t row, size_t column, int64_t now,
			 char *dst, size_t size)
{
	const struct vw_cell *c = &t->rows[row].cells[column];

	if (!size)
		return dst;
	dst[0] = '\0';
	if (!c->known || (!c->count && (t->view->columns[column].kind == VW_LABELS ||
					t->view->columns[column].kind == VW_SHARES))) {
		append(dst, size, 0, "-");
		return dst;
	}
	switch (t->view->columns[column].kind) {
	case VW_TEXT:
		if (c->text)
			sl_text_clean(dst, size, c->text, strlen(c->text), true);
		for (char *p = dst; *p; p++)
			if (*p == '\n')
				*p = ' ';
		break;
	case VW_NUMBER:
		if (c->text) { /* it names something: as it is */
			append(dst, size, 0, c->text);
			break;
		}
		/* fall through */
	case VW_MILLIS:
		put_number(dst, size, c->number);
		break;
	case VW_SHARE:
		sl_share_format(dst, size, c->number);
		break;
	case VW_TIME:
		if (c->text) /* the hour, where that says more than an age */
			append(dst, size, 0, c->text);
		else
			put_age(dst, size, now - (int64_t)c->number);
		break;
	case VW_STATE:
		append(dst, size, 0, vw_state_word((enum vw_state)c->number));
		break;
	case VW_BOOL:
		append(dst, size, 0, c->number != 0 ? "yes" : "no");
		break;
	case VW_LABELS:
		put_labels(dst, size, c);
		break;
	case VW_SHARES:
		put_shares(dst, size, c, c->count);
		break;
	case VW_SERIES:
		put_series(dst, size, c);
		break;
	}
	return dst;
}
