/* SPDX-License-Identifier: Apache-2.0 */
/* Events as lines for good. Pure. */
#ifndef SLUICE_COMMANDS_PROGRESS_LINES_H
#define SLUICE_COMMANDS_PROGRESS_LINES_H

#include "orchestrator/commands/progress_layout.h"

/* The view has been fed with the event. stamped: one line an event, with the time in front, for
 * logs and pipes; else only what a live picture does not show by itself. */
void lines_event(struct run_view *v, const cJSON *event, bool stamped, const struct caps *caps,
		 struct sl_buf *out);

#endif
