/* SPDX-License-Identifier: Apache-2.0 */
/* Inside run: the table of steps; one file a family. */
#ifndef SLUICE_RUN_STEPS_H
#define SLUICE_RUN_STEPS_H

#include "orchestrator/run/runner.h"

extern const struct step_ops step_claim, step_release;             /* step_claim.c */
extern const struct step_ops step_stage, step_unstage, step_prune; /* step_stage.c */
extern const struct step_ops step_drain;                           /* step_drain.c */
extern const struct step_ops step_return;                          /* step_return.c */
extern const struct step_ops step_weight;                          /* step_weight.c */
extern const struct step_ops step_config;                          /* step_config.c */
extern const struct step_ops step_swap;                            /* step_swap.c */
extern const struct step_ops step_ready;                           /* step_ready.c */
extern const struct step_ops step_pause;                           /* step_pause.c */
extern const struct step_ops step_run;                             /* step_command.c */

/* step_drain.c: the act is a drain whose mark in the registry had to be set again. */
void drain_tell_anew(struct act *a);

#endif
