/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stat_quantile(double *values, size_t count, double share)
{
	size_t at = (size_t)ceil(share * (double)count);

	if (!count)
		return NAN;
	qsort(values, count, sizeof *values, compare);
	return values[at ? at - 1 : 0];
}

void table_add(struct table *t, struct result r)
{
	if (t->count < SL_COUNT(t->rows))
		t->rows[t->count++] = r;
}

static bool has_target(const struct result *r)
{
	return !isnan(r->limit) || !isnan(r->ratio_limit);
}

static bool is_within(const struct result *r, double value, double limit)
{
	return isnan(limit) || (r->below ? value < limit : value <= limit);
}

/* What could not be measured is not met. */
static bool is_met(const struct result *r)
{
	if (isnan(r->ours) || (!isnan(r->ratio_limit) && isnan(r->theirs)))
		return false;
	return is_within(r, r->ours, r->limit) && is_within(r, r->ours, r->theirs * r->ratio_limit);
}

static void put_figure(char *to, size_t size, double value)
{
	if (isnan(value))
		snprintf(to, size, "-");
	else
		snprintf(to, size, value >= 1000 ? "%.0f" : value >= 100 ? "%.1f" : "%.2f", value);
}

static void put_target(char *to, size_t size, const struct result *r)
{
	const char *sign = r->below ? "<" : "<=";
	int n = 0;

	to[0] = '\0';
	if (!isnan(r->limit))
		n = snprintf(to, size, "%s %g", sign, r->limit);
	if (!isnan(r->ratio_limit))
		snprintf(to + n, size - (size_t)n, "%s%s %gx %s", n ? ", " : "", sign,
			 r->ratio_limit, r->peer);
	if (!has_target(r))
		snprintf(to, size, "-");
}

void table_print(const struct table *t)
{
	char ours[32], theirs[32], ratio[32], target[64];

	printf("%-46s %-9s %10s %16s %8s  %-20s %s\n", "measure", "unit", "ours", "theirs", "ratio",
	       "target", "met");
	for (size_t i = 0; i < t->count; i++) {
		const struct result *r = &t->rows[i];
		char peer[64] = "-";

		put_figure(ours, sizeof ours, r->ours);
		put_figure(theirs, sizeof theirs, r->theirs);
		put_figure(ratio, sizeof ratio, r->ours / r->theirs);
		put_target(target, sizeof target, r);
		if (!isnan(r->theirs))
			snprintf(peer, sizeof peer, "%s %s", r->peer, theirs);
		printf("%-46s %-9s %10s %16s %8s  %-20s %s\n", r->measure, r->unit, ours, peer,
		       ratio, target,
		       !has_target(r) ? ""
		       : is_met(r)    ? "yes"
				      : "NO");
	}
}

static void put_number(FILE *out, const char *key, double value)
{
	if (isnan(value) || isinf(value))
		fprintf(out, ",\"%s\":null", key);
	else
		fprintf(out, ",\"%s\":%.6g", key, value);
}

bool table_write_json(const struct table *t, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return false;
	for (size_t i = 0; i < t->count; i++) {
		const struct result *r = &t->rows[i];

		fprintf(out, "{\"measure\":\"%s\",\"unit\":\"%s\"", r->measure, r->unit);
		put_number(out, "ours", r->ours);
		put_number(out, "theirs", r->theirs);
		fprintf(out, ",\"peer\":%s%s%s", r->peer ? "\"" : "", r->peer ? r->peer : "null",
			r->peer ? "\"" : "");
		put_number(out, "ratio", r->ours / r->theirs);
		put_number(out, "limit", r->limit);
		put_number(out, "ratioLimit", r->ratio_limit);
		fprintf(out, ",\"met\":%s}\n",
			!has_target(r) ? "null"
			: is_met(r)    ? "true"
				       : "false");
	}
	return fclose(out) == 0;
}
