/* SPDX-License-Identifier: Apache-2.0 */
/* The words for what goes wrong with a host, the same from every driver. `name` is the host's name
 * in the inventory. Each sets *e and returns its code. */
#ifndef SLUICE_HOST_TRANSPORT_ERRORS_H
#define SLUICE_HOST_TRANSPORT_ERRORS_H

#include <stdint.h>

#include "plugins/sdk/error.h"

int host_error_resolve(struct sl_error *e, const char *name, const char *address,
		       const char *detail);
/* What errno says of a failed connect to address:port; port 0 = address is a unix socket. */
int host_error_connect(struct sl_error *e, const char *name, const char *address, unsigned port,
		       int err);
int host_error_timeout(struct sl_error *e, const char *name, const char *doing, int64_t ms);
int host_error_key_unknown(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *fingerprint);
int host_error_key_changed(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *shown, const char *known, const char *file, unsigned line);
int host_error_key_revoked(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *fingerprint, const char *file, unsigned line);
/* tried: "ED25519 /home/u/.ssh/id_ed25519, ..." or "" */
int host_error_auth(struct sl_error *e, const char *name, const char *user, const char *tried);
int host_error_no_shell(struct sl_error *e, const char *name);
int host_error_no_space(struct sl_error *e, const char *name, const char *path);
int host_error_lost(struct sl_error *e, const char *name, const char *detail);
int host_error_prohibited(struct sl_error *e, const char *name, const char *where,
			  const char *setting);
/* More commands at once than its MaxSessions. */
int host_error_sessions(struct sl_error *e, const char *name);
/* What sshd says of a forwarded stream that did not open: "connect failed", "administratively
 * prohibited" ... */
struct sl_endpoint;
int host_error_stream(struct sl_error *e, const char *name, const struct sl_endpoint *to,
		      const char *reason);
int host_error_canceled(struct sl_error *e, const char *name);

#endif
