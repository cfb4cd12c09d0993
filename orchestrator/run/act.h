/* SPDX-License-Identifier: Apache-2.0 */
/* Inside run: what the walker needs of acts beyond what steps see in runner.h. */
#ifndef SLUICE_RUN_ACT_H
#define SLUICE_RUN_ACT_H

#include "orchestrator/run/runner.h"

void act_begin(struct runner *r, const struct plan_step *s, struct view_step *seen);
void act_free(struct act *a);
/* True when the way to the host broke and `again` will be called soon; false: the error stands. */
bool act_again_if_lost(struct act *a, const struct sl_error *e, void (*again)(struct act *a));

#endif
