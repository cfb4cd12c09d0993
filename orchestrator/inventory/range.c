/* SPDX-License-Identifier: Apache-2.0 */
/* "oa[01:06]" and "gw[1:4].az[1:2]": every range of a text is counted through, the last fastest. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RANGE_NAMES_MAX 10000
#define RANGE_PARTS_MAX 8
#define RANGE_TEXT_MAX  253 /* a host name's limit */

struct part {
	const char *before; /* literal text in front of the range */
	size_t before_len;
	long first, last;
	int width; /* 0 = not padded */
};

struct range {
	const char *text;
	struct part parts[RANGE_PARTS_MAX];
	size_t count;
	const char *rest;
	size_t names;
};

static int complain(const struct range *r, struct sl_error *e, const char *what)
{
	return sl_fail(e, SL_EINPUT,
		       "'%.60s': %s (expected NAME[FIRST:LAST], as in oa[01:06] or gw[1:4])",
		       r->text, what);
}

/* Digits at *s up to `end`; leaves *s behind it. */
static bool read_number(const char **s, char end, long *value, size_t *digits)
{
	char text[8];
	int64_t n;
	size_t len = strspn(*s, "0123456789");

	if (!len || len >= sizeof text || (*s)[len] != end)
		return false;
	memcpy(text, *s, len);
	text[len] = '\0';
	if (!sl_count_parse(text, 0, 9999999, &n))
		return false;
	*value = (long)n;
	*digits = len;
	*s += len + 1;
	return true;
}

static int read_part(struct range *r, const char **at, const char *open, struct sl_error *e)
{
	struct part *p = &r->parts[r->count];
	const char *s = open + 1;
	size_t first_digits, last_digits;

	if (r->count == RANGE_PARTS_MAX)
		return complain(r, e, "more than 8 ranges in one name");
	p->before = *at;
	p->before_len = (size_t)(open - *at);
	if (!read_number(&s, ':', &p->first, &first_digits) ||
	    !read_number(&s, ']', &p->last, &last_digits))
		return complain(r, e, "not a range");
	if (p->last < p->first)
		return complain(r, e, "the range runs backwards");
	if (first_digits > 1 && *(open + 1) == '0') {
		if (first_digits != last_digits)
			return complain(r, e, "both ends of a padded range have the same width");
		p->width = (int)first_digits;
	} else if (last_digits > 1 && *(s - 1 - last_digits) == '0') {
		return complain(r, e, "only the end of the range is padded");
	}
	r->names *= (size_t)(p->last - p->first + 1);
	if (r->names > RANGE_NAMES_MAX)
		return complain(r, e, "more than 10000 names");
	r->count++;
	*at = s;
	return SL_OK;
}

static int range_parse(struct range *r, const char *text, struct sl_error *e)
{
	const char *at = text, *open;
	int rc;

	*r = (struct range){.text = text, .names = 1};
	if (!*text)
		return complain(r, e, "an empty name");
	if (strlen(text) > RANGE_TEXT_MAX)
		return complain(r, e, "longer than a host name may be");
	while ((open = strchr(at, '['))) {
		rc = read_part(r, &at, open, e);
		if (rc)
			return rc;
	}
	r->rest = at;
	return SL_OK;
}

/* The index-th name: the ranges are the digits of a number whose last place counts fastest. */
static char *range_name(const struct range *r, size_t index)
{
	long values[RANGE_PARTS_MAX] = {0};
	char name[RANGE_TEXT_MAX + 1];
	size_t used = 0;

	for (size_t i = r->count; i-- > 0;) {
		size_t n = (size_t)(r->parts[i].last - r->parts[i].first + 1);

		values[i] = r->parts[i].first + (long)(index % n);
		index /= n;
	}
	for (size_t i = 0; i < r->count; i++) {
		const struct part *p = &r->parts[i];

		memcpy(name + used, p->before, p->before_len);
		used += p->before_len;
		used += (size_t)snprintf(name + used, sizeof name - used, "%0*ld", p->width,
					 values[i]);
	}
	memcpy(name + used, r->rest, strlen(r->rest) + 1);
	return sl_strdup(name);
}

int inventory_range_expand(const char *text, char ***names, size_t *count, struct sl_error *e)
{
	struct range r;
	int rc = range_parse(&r, text, e);

	*names = NULL;
	*count = 0;
	if (rc)
		return rc;
	if (strchr(r.rest, ']'))
		return complain(&r, e, "']' without '['");
	*names = sl_alloc_n(r.names, sizeof **names);
	for (*count = 0; *count < r.names; ++*count)
		(*names)[*count] = range_name(&r, *count);
	return SL_OK;
}
