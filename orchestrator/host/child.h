/* SPDX-License-Identifier: Apache-2.0 */
/* A child process as a pipe: the local driver's commands, and the ssh program. */
#ifndef SLUICE_HOST_CHILD_H
#define SLUICE_HOST_CHILD_H

#include "orchestrator/host/transport_driver.h"

struct child_options {
	const char *const *argv; /* copied by the start; NULL-terminated */
	const char *const *set;  /* NAME=value that differ from this process's; may be NULL */
	const char *cwd;         /* NULL = this process's */
	const char *name;        /* the host, for messages; borrowed */
};

/*
 * Starts it in a process group of its own. Never NULL: a failed start is told by ended, with
 * SL_EUNSUPPORTED when the program is not there. ended comes when the process has ended *and* both
 * its outputs are closed, as over SSH. close kills the group: TERM, a second later KILL.
 */
struct transport_pipe *child_start(struct transport_pool *pool, const struct child_options *options,
				   const struct transport_pipe_events *events, void *arg);

#endif
