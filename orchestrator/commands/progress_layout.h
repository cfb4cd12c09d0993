/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run looks: pure functions from (view, now, terminal) to rows of styled text, each ended by
 * a newline and no wider than caps->width. The first ones are for good (they scroll up); the frame
 * is drawn over again.
 */
#ifndef SLUICE_COMMANDS_PROGRESS_LAYOUT_H
#define SLUICE_COMMANDS_PROGRESS_LAYOUT_H

#include "orchestrator/commands/progress_model.h"

/* "run 12  orders  1.0 -> 2.0 ..." */
void layout_title(const struct run_view *v, const struct caps *caps, const char *by,
		  struct sl_buf *out);
/* One wave in one row. */
void layout_wave(const struct run_view *v, const struct side *s, size_t wave, int64_t now,
		 const struct caps *caps, struct sl_buf *out);
/* Why a step failed: the error, then the end of the log, the probe's answer, the exit status. */
void layout_failure(const struct plan_step *step, const cJSON *event, const struct caps *caps,
		    struct sl_buf *out);
void layout_traffic(const struct run_view *v, const struct caps *caps, struct sl_buf *out);
/* A mark for each instance, those in work with what they wait for. rows = how many there may be. */
void layout_instances(const struct run_view *v, int64_t now, const struct caps *caps, unsigned rows,
		      struct sl_buf *out);

enum layout_hint { HINT_NONE, HINT_CONTROLLER, HINT_VIEWER, HINT_MENU, HINT_STOPPING };
/* What changes, in at most height - 1 rows; from = first wave that is not told for good. */
void layout_frame(const struct run_view *v, size_t from, int64_t now, enum layout_hint hint,
		  const struct caps *caps, struct sl_buf *out);
/* "done in 3:12, 6 of 6 instances on 2.0": the result in words. */
void layout_result(const struct run_view *v, char *dst, size_t size);

#endif
