/* SPDX-License-Identifier: Apache-2.0 */
/* One wave as hosts by steps: how far each is, and what it said last. Pure. */
#ifndef SLUICE_CONSOLE_RUN_MATRIX_H
#define SLUICE_CONSOLE_RUN_MATRIX_H

#include "console/canvas.h"
#include "orchestrator/run/view.h"

/* wave: the id of a row of run_waves. Nothing is drawn of one that touches no hosts, or where r has
 * no room for it. */
void run_matrix_draw(const struct run_view *v, const char *wave, int64_t now, struct canvas *c,
		     struct rect r);

#endif
