/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a registry's instances a person means, the same for all commands. */
#ifndef SLUICE_COMMANDS_FIND_INSTANCE_H
#define SLUICE_COMMANDS_FIND_INSTANCE_H

#include "orchestrator/run/instances.h"

/* The one of f that name means. service NULL = f has the instances of all. RUN_DONE and *at, or
 * RUN_INPUT with the reason printed: near matches, or those that it may mean. */
int cli_find_instance(const struct backends *b, const struct found_instances *f,
		      const char *service, const char *name, size_t *at);
/* RUN_INPUT, printed with near matches. Turns the loop. */
int cli_unknown_service(struct backends *b, const char *service);
/* RUN_DONE, or RUN_UNREACHABLE when a registry did not answer (printed): what is not found may be
 * in that one. */
int cli_all_answered(const struct found_instances *f);

#endif
