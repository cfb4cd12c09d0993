/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look at hosts, routers, registry and config before planning: reads only. Also the preflight:
 * tools, disk, folders, and who owns what.
 */
#ifndef SLUICE_RUN_OBSERVE_H
#define SLUICE_RUN_OBSERVE_H

#include "orchestrator/plan/plan.h"
#include "orchestrator/run/world.h"

/* The owner file of one claim target, as read. */
struct owner {
	char *host, *folder; /* the target: a host and the folder that holds the file */
	char *router;        /* "edge be_orders" when it is a router's, else NULL */
	int64_t epoch;       /* 0 = no file */
	char *run;           /* uuid, "" = free */
	char *number, *who, *from, *what, *since, *silent; /* "" when not there */
	bool parked;
	char **releases; /* that lie there, each with its marker */
	size_t release_count;
};

struct observed {
	struct plan_seen *seen; /* one per resolved instance */
	size_t seen_count;
	struct plan_router router;
	bool has_router;
	struct plan_registry registry;
	bool has_registry;
	struct plan_config config;
	bool has_config;
	struct owner *owners;
	size_t owner_count;
	char *problems; /* sentences, one a line, that forbid a run (not ownership); NULL = none */
};

/*
 * Runs the loop. Returns enum run_exit: 0, RUN_UNREACHABLE (with every host that could not be
 * reached, one a line, in *e), RUN_INPUT (missing tools, disk, folders, router answers).
 * Ownership is reported, not judged.
 */
int observe(struct world *w, const struct artifact *artifact, struct observed *out,
	    struct sl_error *e);
void observed_release(struct observed *o);

/* The owner of a claim target; NULL when it was not looked at. */
const struct owner *observed_owner(const struct observed *o, const char *host, const char *folder);

bool owner_has_release(const struct owner *o, const char *release);

/* "<version>-<first 8 of sha256>". Yours to free. */
char *release_name(const char *version, const char *sha256);

#endif
