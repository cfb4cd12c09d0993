/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that act share (drain, enable, weight, publish): they name an inventory and a
 * reason, open an action, carry it out, and say what became of it. What is wrong is printed. */
#ifndef SLUICE_COMMANDS_ACTING_H
#define SLUICE_COMMANDS_ACTING_H

#include "orchestrator/commands/command.h"
#include "orchestrator/run/action.h"

/* changes: what kind of backend the command changes ("registry"). RUN_DONE or RUN_INPUT. */
int acting_check(const struct cli *c, const char *changes);
/* *a is yours: action_free. RUN_DONE or an exit code. */
int acting_open(struct backends *backends, const struct action_ask *ask, struct action **a,
		struct sl_error *e);
/* The exit code of its run. */
int acting_start(const struct cli *c, struct action *a, struct sl_error *e);
/* The beginning and the end of what -o json prints: which run, and how it ended. */
void acting_add_run(cJSON *doc, const struct action *a, const char *verb);
void acting_add_outcome(cJSON *doc, const struct action *a, int code);

#endif
