/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the openssh driver: the link (a master process and its control socket), the pipes on
 * it, and the arguments of both. */
#ifndef SLUICE_HOST_OPENSSH_H
#define SLUICE_HOST_OPENSSH_H

#include "orchestrator/host/openssh_words.h"
#include "orchestrator/host/reach.h"
#include "orchestrator/host/transport_driver.h"

struct openssh_forward {
	char *remote, *local;
	struct openssh_forward *next;
};

/* One connection. It outlives the driver's interest in it until its last pipe is closed. */
struct openssh_link {
	struct openssh *owner; /* NULL once dropped */
	struct transport_pool *pool;
	const char *name;
	unsigned holds;
	bool up;
	char socket[128]; /* control socket */
	char keys[136];   /* where ssh records a key that a person accepted; "" = not asked */
	struct transport_pipe *master;
	struct ssh_words words;
	struct openssh_pipe *pipes;
	struct openssh_forward *forwards;
};

void openssh_link_hold(struct openssh_link *l);
void openssh_link_drop(struct openssh_link *l);
/* The master is gone, or going: nothing more starts on it. */
void openssh_link_lost(struct openssh_link *l);

/* openssh_args.c: NULL-terminated, to be freed by openssh_args_free */
char **openssh_master_args(const struct transport_target *target, const struct reach *r,
			   const char *socket, const char *accept_into);
/* what: the words between the common options and the host; then command, or NULL. */
char **openssh_client_args(const char *socket, const char *const *what, const char *command);
void openssh_args_free(char **args);

/* openssh_pipe.c */
struct transport_pipe *openssh_exec(struct openssh_link *l, const char *command,
				    const struct transport_pipe_events *events, void *arg);
struct transport_pipe *openssh_stream(struct openssh_link *l, const struct sl_endpoint *to,
				      const struct transport_pipe_events *events, void *arg);
void openssh_pipes_end(struct openssh_link *l, const struct sl_error *e);

#endif
