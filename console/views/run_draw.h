/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a run on the screen. Pure. */
#ifndef SLUICE_CONSOLE_RUN_DRAW_H
#define SLUICE_CONSOLE_RUN_DRAW_H

#include "console/canvas.h"
#include "orchestrator/run/view.h"
#include "orchestrator/state/store.h"

/* One row: what, from which version to which, by whom. v may be NULL. */
void run_draw_head(const struct store_run *row, const struct run_view *v, struct canvas *c,
		   struct rect r);
/* The share of each side as bars. Returns the rows taken; 0 = no router. */
unsigned run_draw_traffic(const struct run_view *v, struct canvas *c, struct rect r);
/* A mark for each instance, then what failed, folded by identical output. Returns the rows taken.
 */
unsigned run_draw_instances(const struct run_view *v, struct canvas *c, struct rect r);
/* Where it stands and what comes next, in a sentence. */
void run_outlook(const struct store_run *row, const struct run_view *v, int64_t now, char *dst,
		 size_t size);

#endif
