/* SPDX-License-Identifier: Apache-2.0 */
/* What `plan` and `run` share: from the command line to checked inputs. */
#ifndef SLUICE_COMMANDS_INPUTS_H
#define SLUICE_COMMANDS_INPUTS_H

#include "orchestrator/commands/command.h"

/* Told by content: a JSON object with "kind":"plan". */
bool inputs_is_plan_file(const char *path);
/* Plugins, the key, the playbook; diagnostics are printed. Release in any case. */
int inputs_from_playbook(struct cli *c, const char *path, struct run_inputs *in);
int inputs_from_plan_file(struct cli *c, const char *path, struct run_inputs *in,
			  struct plan *plan);
/* Look at the world and plan; text for people goes to print (may be NULL). Failure is printed. */
int inputs_plan(struct cli *c, struct run_inputs *in, struct plan *plan, struct sl_buf *print,
		bool colour);

#endif
