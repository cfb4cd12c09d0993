/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who calls whom, as registries and tracing sources know it: all are asked at once, what several
 * say of one pair comes together. Loop thread only.
 */
#ifndef SLUICE_VIEW_EDGES_H
#define SLUICE_VIEW_EDGES_H

#include <uv.h>

#include "plugins/host/catalogue.h"

#define EDGES_HOUR_MS 3600000 /* that tracing sources are asked about */

struct edge {
	char *consumer, *provider; /* cleaned */
	int64_t calls, errors;     /* in the last hour; -1 = nobody counts them */
	char *sources;             /* "city, zip" */
};

struct edges {
	struct edge *items; /* by consumer, provider */
	size_t count, cap;
	size_t asked, answered; /* sources */
	char *error;     /* "SOURCE: what went wrong" of the last one that failed; "" = none */
	int64_t read_at; /* Unix ms */
};
void edges_free(struct edges *e);

struct edges_read;
/* found is the receiver's: edges_free. Exactly once, never inside start; after cancel too, then
 * with what had come. */
typedef void (*edges_read_done)(void *arg, struct edges *found);
/* now: Unix ms. */
struct edges_read *edges_read(uv_loop_t *loop, const struct catalogue *c, int64_t now,
			      int64_t timeout_ms, edges_read_done done, void *arg);
/* Before the catalogue is closed; done still comes, later. */
void edges_read_cancel(struct edges_read *r);

/* Is there a source that knows dependencies? */
bool edges_have_source(const struct catalogue *c);

#endif
