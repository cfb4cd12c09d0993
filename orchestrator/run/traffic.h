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

/*
 * Reads and writes that break off in the middle (SL_ELOST) are made once more on a new connection,
 * for some seconds: a link that blinks is no reason to take a release back. A node that cannot be
 * reached is one.
 *
 * Wait for the router, then read it into a->traffic, then call. Held until traffic_release.
 */
void traffic_acquire(struct act *a, void (*then)(struct act *a));
/* Read without holding: for waits. */
void traffic_read(struct act *a, void (*then)(struct act *a));
void traffic_release(struct act *a); /* harmless when not held */
const struct traffic_server *traffic_find(const struct act *a, long instance);

/*
 * Targets: what the router shall be told, in the shape that the journal keeps:
 * {"admins": {server: word}, "weights": {server: n}}. All need a->traffic, read while holding.
 */
extern const char *const admin_words[]; /* by enum sl_admin */
int admin_of(const char *word);         /* SL_KEEP when it is none */
void target_renew(struct act *a);       /* forget what the router was to be told */
void target_add_admin(cJSON *object, const char *server, int admin);
/*
 * The weights that give the new side `want`, with one instance taken out (leaving) or put in
 * (coming); -1 = none. real (may be NULL) gets the share that they really give. Yours to delete.
 */
cJSON *target_weights(const struct act *a, double want, long leaving, long coming, double *real);
/* The share of the new side that configured weights give (rolling, and after a restore). */
double target_configured_share(const struct act *a, long leaving, long coming);
/* a->prior from what was read; s (may be NULL) is the server whose admin state changes. What an
 * earlier try of the step did to it is no prior. */
void target_prior(struct act *a, const struct traffic_server *s);
/* Writes a->target. done gets the act. */
void target_write(struct act *a, void (*done)(void *arg, const struct sl_error *e));
/* Journal what the new side's share is now. */
void target_emit(struct act *a, double want, double real);
/* For target_write: true when a call broke off and `again` is called soon. */
bool traffic_is_cut(struct act *a, const struct sl_error *e, void (*again)(struct act *a));
/* True, and the act ended, when the read had failed. */
bool traffic_failed(struct act *a);
/* The act's own server; NULL, and the act ended, when the router lost it. */
const struct traffic_server *traffic_own(struct act *a);
/* After a crash: drain and return are known by the server's admin state; weights are computed anew.
 */
void target_settle_admin(struct act *a,
			 void (*retarget)(struct act *, const struct traffic_server *),
			 void (*done)(struct act *));

#endif
