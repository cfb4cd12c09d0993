/* SPDX-License-Identifier: Apache-2.0 */
/* A connected TCP or unix socket of this machine as a pipe. */
#ifndef SLUICE_HOST_SOCKET_H
#define SLUICE_HOST_SOCKET_H

#include "orchestrator/host/transport_driver.h"

/* Never NULL: how it went is told by opened or ended. `name` is for messages, borrowed. */
struct transport_pipe *socket_connect(struct transport_pool *pool, const char *name,
				      const struct sl_endpoint *to,
				      const struct transport_pipe_events *events, void *arg);
/* The connection that waits at a listening unix socket; it is open, `opened` is not told. NULL when
 * there is none. */
struct transport_pipe *socket_accept(struct transport_pool *pool, uv_pipe_t *listening,
				     const struct transport_pipe_events *events, void *arg);

/* A numeric IPv4 or IPv6 address. */
bool socket_numeric(const char *address, unsigned port, struct sockaddr_storage *to);

#endif
