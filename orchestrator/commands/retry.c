/* SPDX-License-Identifier: Apache-2.0 */
/* sluice retry: failed steps are tried again. */
#include "orchestrator/commands/command.h"

int command_retry(struct cli *c)
{
	struct store_run r;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNFINISHED, &r);

	if (!rc)
		rc = control_verb(c, "retry", &r);
	store_run_release(&r);
	return rc;
}
