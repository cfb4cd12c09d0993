/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a run has gone, and no more: what lists of runs show of each. The reducer (view.h) says
 * the same and keeps the whole plan for it; this takes a bit a step. Pure. Feed events in order.
 */
#ifndef SLUICE_RUN_TALLY_H
#define SLUICE_RUN_TALLY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

struct tally_way {
	size_t count, done; /* steps */
	unsigned char *is_done;
	bool back; /* its ids are "u1", ... */
};

struct run_tally {
	struct tally_way plan, undo; /* undo.count 0 until undo.started */
	bool undoing;
};

/* plan: as the run's document holds it, or NULL. */
void run_tally_init(struct run_tally *t, const cJSON *plan);
void run_tally_release(struct run_tally *t);
void run_tally_feed(struct run_tally *t, const cJSON *event);
/* Of the way that it goes now, there or back. */
const struct tally_way *run_tally_way(const struct run_tally *t);

#endif
