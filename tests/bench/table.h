/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured: one row a measure, printed as a table and as JSON lines. */
#ifndef SLUICE_BENCH_TABLE_H
#define SLUICE_BENCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct result {
	const char *measure, *unit;
	double ours, theirs; /* theirs NaN = nothing to compare with */
	const char *peer;    /* whose figure that is; NULL with NaN */
	double limit;        /* ours must not be above; NaN = no limit of its own */
	double ratio_limit;  /* ours / theirs must not be above; NaN = none */
	bool below;          /* below, not only not above */
};

struct table {
	struct result rows[64];
	size_t count;
};

void table_add(struct table *t, struct result r);
void table_print(const struct table *t);
/* False = the file cannot be written. */
bool table_write_json(const struct table *t, const char *path);

/* Sorts. NaN when there are none. share 0.5 = the median, 0.99 = p99. */
double stat_quantile(double *values, size_t count, double share);

#endif
