/* SPDX-License-Identifier: Apache-2.0 */
/* sluice pause: an order to a living controller; without one a run stands still anyway. */
#include "orchestrator/commands/command.h"

int command_pause(struct cli *c)
{
	struct store_run r;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNFINISHED, &r);

	if (!rc)
		rc = control_verb(c, "pause", &r);
	store_run_release(&r);
	return rc;
}
