/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the unfinished runs of a store have gone, kept between two looks: of each run only the
 * events are read that came since. What is kept is a bit a step and the place in the journal; a
 * journal whose last known event is no longer there, or is another one, is read from its beginning.
 */
#ifndef SLUICE_VIEW_RUN_MARKS_H
#define SLUICE_VIEW_RUN_MARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "orchestrator/state/store.h"

struct run_marks;

/* slice: events that one look reads, of all runs together, before it leaves the rest to the next
 * one (a plan that is read counts with its steps); 0 = all there are. */
struct run_marks *run_marks_new(size_t slice);
void run_marks_free(struct run_marks *m); /* NULL = nothing */

/* A look: begin, ask about each unfinished run, end. */
void run_marks_begin(struct run_marks *m);
/* Share of its steps that are done, on the way that it goes now. False = a run without steps, or
 * one that is not read to its end yet. */
bool run_marks_share(struct run_marks *m, struct store *s, const struct store_run *r,
		     double *share);
/* whole: every run was asked about; those that were not are forgotten. Too many are so anyway. */
void run_marks_end(struct run_marks *m, bool whole);
/* Did the last look leave something unread? */
bool run_marks_behind(const struct run_marks *m);

#endif
