/* SPDX-License-Identifier: Apache-2.0 */
/* A target and ssh_config taken together: whom to reach, as whom, with which files. */
#ifndef SLUICE_HOST_REACH_H
#define SLUICE_HOST_REACH_H

#include "orchestrator/host/ssh_config.h"
#include "orchestrator/host/transport.h"

struct reach {
	struct ssh_config config;
	const char *host; /* to connect to */
	unsigned port;
	char *user;
	struct ssh_list identities; /* files named by target or configuration, in that order */
	bool identities_only;       /* try no others */
	struct ssh_list known;      /* known_hosts files; the first takes new keys */
	int64_t connect_timeout_ms;
};

void reach_load(struct reach *r, const struct transport_target *target);
void reach_release(struct reach *r);
/* The key files that are tried when none is named; NULL-terminated names below ~/.ssh. */
extern const char *const reach_default_keys[];
/* SL_EINPUT when a name could be taken for an option or for shell text by the ssh program. */
int reach_check(const struct transport_target *target, struct sl_error *e);

#endif
