/* SPDX-License-Identifier: Apache-2.0 */
/* A run's waves, and the steps of one wave, as tables for the list engine. Pure. */
#ifndef SLUICE_CONSOLE_RUN_TABLES_H
#define SLUICE_CONSOLE_RUN_TABLES_H

#include "orchestrator/commands/progress_model.h"
#include "orchestrator/view/view.h"

extern const struct vw_view run_waves, run_steps;

/* Rows of the run's waves, those of its undo behind them; carried: a living controller has it.
 * Yours: vw_table_free. */
struct vw_table *run_waves_table(const struct run_view *v, bool carried, int64_t now);
/* wave: the id of a row of run_waves. */
struct vw_table *run_steps_table(const struct run_view *v, const char *wave, int64_t now);
/* The id of the wave in hand. Returns dst. */
const char *run_wave_now(const struct run_view *v, char *dst, size_t size);

enum vw_state run_mark_state(enum mark m);
enum vw_state run_step_state(const struct view_step *seen);

#endif
