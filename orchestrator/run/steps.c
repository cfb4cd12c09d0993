/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/steps.h"

const struct step_ops *step_ops_of(enum plan_do what)
{
	static const struct step_ops *const table[DO_COUNT] = {
		[DO_CLAIM] = &step_claim,     [DO_STAGE] = &step_stage,
		[DO_DRAIN] = &step_drain,     [DO_SWAP] = &step_swap,
		[DO_READY] = &step_ready,     [DO_RETURN] = &step_return,
		[DO_WEIGHT] = &step_weight,   [DO_PAUSE] = &step_pause,
		[DO_RUN] = &step_run,         [DO_RESTORE] = &step_weight,
		[DO_PRUNE] = &step_prune,     [DO_UNSTAGE] = &step_unstage,
		[DO_RELEASE] = &step_release, [DO_CONFIG] = &step_config,
	};
	return table[what];
}
