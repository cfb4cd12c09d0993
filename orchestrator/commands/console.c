/* SPDX-License-Identifier: Apache-2.0 */
/* sluice console: becomes sluice-console, which lies beside this program and reads its own options.
 */
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/command.h"

int console_become(char **argv)
{
	char self[4096], path[4200];
	size_t len = sizeof self;

	if (uv_exepath(self, &len) < 0)
		snprintf(path, sizeof path, "sluice-console");
	else
		snprintf(path, sizeof path, "%s/sluice-console", dirname(self));
	argv[0] = (char *)"sluice-console";
	execv(path, argv);
	cli_error("cannot start %s: %s", path, strerror(errno));
	return RUN_INTERNAL;
}

/* Options before the command's name: they are not for the console. */
int command_console(struct cli *c)
{
	char *argv[] = {(char *)"sluice-console", NULL};

	(void)c;
	return console_become(argv);
}
