/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers counted: etcd's own metrics, the fake Service Center's own report. */
#ifndef SLUICE_BENCH_COUNTS_H
#define SLUICE_BENCH_COUNTS_H

#include <stdbool.h>

struct counts {
	double requests, not_modified, bytes; /* not_modified NaN = it does not count them */
};

/* False and said why when the server does not tell. */
bool counts_etcd(const char *url, struct counts *c); /* reads of keys alone */
bool counts_sc(const char *url, struct counts *c);   /* GETs and batch finds; names alike */

#endif
