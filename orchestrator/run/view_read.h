/* SPDX-License-Identifier: Apache-2.0 */
/* A run's present state, read from the store: its plan from the document, then its events. */
#ifndef SLUICE_RUN_VIEW_READ_H
#define SLUICE_RUN_VIEW_READ_H

#include "orchestrator/run/view.h"
#include "orchestrator/state/store.h"

/* The plan alone, as it was when the run began. A lock has none: that is SL_ENOTFOUND, as of
 * a run that is not there. On failure v holds nothing. */
int run_view_open(struct run_view *v, struct store *s, int64_t number, struct sl_error *e);
/* Feed the events that came after those that v knows. */
int run_view_catch_up(struct run_view *v, struct store *s, struct sl_error *e);
/* Both. On failure v holds nothing. */
int run_view_read(struct run_view *v, struct store *s, int64_t number, struct sl_error *e);

#endif
