/* SPDX-License-Identifier: Apache-2.0 */
/* sluice abort: stop, then take back (or --keep: stop there). */
#include <stdio.h>

#include "orchestrator/commands/command.h"

int command_abort(struct cli *c)
{
	struct store_run r;
	char question[200];
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNFINISHED, &r);

	if (!rc) {
		snprintf(question, sizeof question, "Abort run %lld (%.80s) and %s?",
			 (long long)r.number, r.name,
			 c->keep ? "leave everything as it is now" : "take back what it did");
		rc = cli_confirm(c, question);
	}
	if (!rc)
		rc = control_verb(c, "abort", &r);
	store_run_release(&r);
	return rc;
}
