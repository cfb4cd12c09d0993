/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside run: writing to the router. One step at a time holds the router from its read to its
 * write, so that weights computed for all servers are right when they are written.
 */
#ifndef SLUICE_RUN_TRAFFIC_H
#define SLUICE_RUN_TRAFFIC_H

#include "orchestrator/run/runner.h"

struct traffic_server {
	char *server;
	long instance; /* -1 = not ours */
	int weight, configured, admin;
	bool agree; /* all nodes say the same of weight and admin */
	bool up;    /* on all nodes */
	bool backup;
	int64_t sessions, queued; /* over all nodes */
};

struct traffic {
	struct traffic_server *servers;
	size_t count;
	struct sl_error error;
	bool reading;
};

/* Wait for the router, then read it into a->traffic, then call. Held until traffic_release. */
void traffic_acquire(struct act *a, void (*then)(struct act *a));
/* Read without holding: for waits. */
void traffic_read(struct act *a, void (*then)(struct act *a));
void traffic_release(struct act *a); /* harmless when not held */
const struct traffic_server *traffic_find(const struct act *a, long instance);

#endif
