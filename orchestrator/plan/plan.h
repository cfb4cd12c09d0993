/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: an ordered list of steps in waves, made by pure functions from (playbook, inventory,
 * observed state). `sluice plan` prints what `sluice run` walks: the same object.
 *
 * Waves run one after another. Inside a wave, steps with the same track run in order; tracks run at
 * the same time (bounded by the fan-out). An upgrade wave holds at most maxUnavailable tracks, one
 * an instance: drain, swap, ready, return. No I/O, no clock, no globals here.
 */
#ifndef SLUICE_PLAN_PLAN_H
#define SLUICE_PLAN_PLAN_H

#include "orchestrator/inventory/inventory.h"
#include "orchestrator/release/artifact.h"
#include "plugins/sdk/buf.h"

/* --- what was observed (filled by run/observe) --- */

enum seen_link { SEEN_NONE, SEEN_RELEASE, SEEN_OUTSIDE, SEEN_NOTLINK };

struct plan_seen { /* one per resolved instance */
	enum seen_link link;
	char *release; /* link target: release name, or the path as written when outside; NULL =
			  none */
	char *digest;  /* of the release's marker; NULL = unknown */
	char *spec;    /* of the live or last instance; NULL = unknown */
	char *version; /* the part of the release name before "-<8 hex>"; NULL = unknown */
	bool alive;    /* the process is there (process), or status says running (commands) */
	bool held;     /* the port is held by a process that sluice does not know */
	bool staged;   /* the target release is on this host already, with the right digest */
};

struct plan_server { /* one per (node, server) of the backend */
	char *node, *server;
	long instance; /* index into resolved.instances; -1 = not in the inventory */
	char *address;
	unsigned port;
	int weight, configured_weight, admin; /* enum sl_admin */
	bool up, backup;
};

struct plan_router {
	char *name, *backend, *algorithm;
	bool weights_work, exact, http_mode, persistence;
	bool has_hosts; /* else claimed in the state store only: the plan says so */
	char **nodes;
	size_t node_count;
	struct plan_server *servers;
	size_t server_count;
};

struct plan_registered {                        /* one instance that the registry reports */
	char *id, *environment, *app, *version; /* NULL = not said; id never */
	char *place;                            /* where it says it is, for people */
	long instance;                          /* index into resolved.instances; -1 = none */
	int state;                              /* enum sl_instance_state */
};

struct plan_registry {
	char *name;
	struct plan_registered *at;
	size_t count;
	size_t unreadable; /* those whose names hold control bytes, or too many of any */
};

struct plan_key { /* a config key of the service that the playbook sets */
	char *key, *value;
	char *prior;         /* NULL = it is not there */
	bool prior_disabled; /* it is there, and no client gets it */
};

struct plan_config {
	char *name; /* of the config centre */
	struct plan_key *keys;
	size_t count;
};

struct plan_input {
	const struct resolved *resolved;
	const struct plan_seen *seen;
	const struct plan_router *router;     /* NULL = none */
	const struct plan_registry *registry; /* NULL = none that has consumers */
	const struct plan_config *config;     /* NULL = none */
	const struct artifact *artifact;
};

/* --- the plan --- */

enum plan_do {
	DO_CLAIM, /* host + dir, or a router backend on an LB host */
	DO_STAGE,
	DO_DRAIN,
	DO_SWAP,
	DO_READY,
	DO_RETURN,
	DO_WEIGHT,
	DO_PAUSE,
	DO_RUN,
	DO_RESTORE, /* the router's configured weights and prior admin states come back */
	DO_CONFIG,  /* publish a key of the config centre, or put back what was there */
	DO_PRUNE,
	DO_UNSTAGE, /* undo only */
	DO_RELEASE, /* give the claim back */
	DO_CHANGE,  /* of an action: one thing at a backend (run/action.h) */
	DO_COUNT
};
const char *plan_do_name(enum plan_do d); /* "claim", "stage", "drain", "swap", ... as in events */

struct plan_step {
	char id[12]; /* "17"; undo plans: "u17" */
	size_t wave, track;
	enum plan_do what;
	long instance;        /* index into resolved.instances, -1 = none */
	char *service, *host; /* NULL = none; host "local" = here */
	unsigned port;
	int64_t deadline_ms; /* for the act and its waits; 0 = none (pause without end) */
	/* claim, release; and every other step on a host: the claim it acts under */
	char *claim;        /* the sluice folder on the host; routers without hosts: "" */
	char *router_claim; /* "edge be_orders" when it is a router's, else NULL */
	/* stage, swap, unstage, ready (what should be live). A stage whose prior_release is set
	 * found the release there: an undo leaves it. */
	char *release, *digest, *spec; /* target; release NULL in swap = stop and remove the link */
	char *prior_release, *prior_spec; /* as observed; NULL = none */
	bool first_install;               /* no current link: no drain */
	bool prior_dead;                  /* it was down already */
	/* weight (also return): */
	double share; /* wanted share of the new side, 0..1; -1 = weights are not ours (rolling) */
	/* pause: */
	int64_t pause_ms; /* -1 = until promote */
	/* run; of a change, name is what is changed: an instance's id, a key */
	char *name, *command, *undo, *check; /* sh text; rendered but for $(run), which the walker
					      * gives in the environment as SLUICE_RUN */
	bool repeatable;
	char *cwd; /* absolute folder on the host or here */
	/* drain, return: the router is left alone; only the registry is told */
	bool registry_only;
	/* ready: the registry must say UP; with this version unless it is NULL. swap: the version
	 * registered before, NULL = none was. */
	bool registered;
	char *registered_version;
	/* config: NULL values = the key is not there. In an undo prior_value is what the run left:
	 * anything else there is somebody else's. */
	char *config, *key;
	char *value, *prior_value;
	bool disabled, prior_disabled;
};

enum plan_wave_kind {
	WAVE_CLAIM,
	WAVE_STAGE,
	WAVE_UPGRADE,
	WAVE_TRAFFIC,
	WAVE_PAUSE,
	WAVE_RUN,
	WAVE_FINISH,
	WAVE_CONFIG,
	WAVE_PRUNE,
	WAVE_RELEASE,
	WAVE_CHANGE
};

struct plan_wave {
	enum plan_wave_kind kind;
	char *title;           /* "upgrade 2 of 4 (50%)", "traffic 25%", "pause 15m" */
	size_t first, count;   /* its steps */
	size_t new_after;      /* instances on the new release when it ends */
	double share_after;    /* real traffic share of the new side when it ends; -1 = no router */
	size_t in_service_min; /* instances in service at its worst */
};

struct plan {
	bool undo;
	char *action; /* "drain", "publish": no rollout but an action; NULL = a rollout */
	char *service, *version, *old_version; /* old: most common one, NULL = first install */
	char *release, *digest;                /* target release name and sha256 */
	char *artifact;                        /* local path */
	size_t total, touched;                 /* instances of the service; instances it changes */
	struct plan_wave *waves;
	size_t wave_count;
	struct plan_step *steps;
	size_t step_count;
	char **notes; /* capacity figures, which no-failure promise holds, warnings: sentences */
	size_t note_count;
	int64_t rollback_ms; /* estimate: how long a rollback would take; -1 = nothing to roll back
			      */
	char observed[65];   /* digest over what planning used (RUN, section 6) */
};

/*
 * Make the plan. SL_EINPUT with all reasons (one a line) when it cannot be: router cannot do
 * weights, servers and inventory do not match (with the line to add), a port held by a stranger,
 * "current" not a link, a lone instance without minCapacity 0%, capacity. step_count 0 after
 * success = nothing to change.
 */
int plan_make(const struct plan_input *in, struct plan *out, struct sl_error *e);
/* Does this instance run the target already (release, spec, alive)? Not outside --limit: those
 * count as old. Untouched by the plan, it is on the new side from the start. */
bool plan_converged(const struct plan_input *in, size_t instance);
void plan_release(struct plan *p);

/* How far a plan got, from the journal: one per step. */
enum plan_progress_state {
	PROGRESS_NONE,
	PROGRESS_STARTED,
	PROGRESS_OK,
	PROGRESS_FAILED,
	PROGRESS_UNKNOWN
};
struct plan_progress {
	enum plan_progress_state state;
	const cJSON *prior; /* what the intent held; borrowed; NULL = none */
};

/*
 * The undo plan: in the safe order (RUN, section 3): traffic to the old side as far as its capacity
 * allows, instances newest first in batches of rollback.maxUnavailable, traffic again after every
 * batch, config keys, undo commands of runs (reverse), restore the router, drop what was staged and
 * is not live, give claims back. claim: the undo of a finished run needs DO_CLAIM first (own run);
 * an unfinished one holds its claims. A swap that started counts as changed.
 */
int plan_make_undo(const struct plan *forward, const struct plan_progress *progress,
		   const struct plan_input *in, bool claim, struct plan *out, struct sl_error *e);

/* "UP", "OUT" ...: an enum sl_instance_state as people know it. */
const char *plan_registered_word(int state);
/* Does the name of a config key say that its value is nobody's to see? The journal and a saved plan
 * hold it, for the run and for the way back; where it stands in JSON, "hidden": true is beside it.
 */
bool plan_key_is_secret(const char *key);
void plan_mark_secret(cJSON *holder, const char *key); /* so, when it does */
/* Take away the values that are marked so, however deep: for what leaves the journal. */
void plan_hide(cJSON *o);
/* Where a step acts, for people: "oa01:8080", "oa01", "kie", "the router". */
const char *plan_step_place(const struct plan_step *s, char *dst, size_t size);

/* --- weights (RUN, section 5) --- */

struct plan_weight_server {
	bool in_service; /* eligible: ready, or about to be */
	bool is_new;
	int configured; /* > 0 */
};

/*
 * Absolute weights 0..256 for all servers so that the new side gets `want` of the traffic: weights
 * are proportional to the configured ones, scaled to <= 256; a share above 0 never rounds to weight
 * 0; with one side left all are as configured; nobody in service: all 0. Effective share =
 * max(want, 1 - n_old / (min_capacity x total)) where n_old counts old servers in service; and the
 * mirror for the new side. real (may be NULL) gets the share that the weights give.
 */
void plan_weights(const struct plan_weight_server *servers, size_t n, double want,
		  double min_capacity, size_t total, int *weights, double *real);

/* "upgrade 30%" of n: rounds up; counts are cut to n. maxUnavailable: rounds down, at least 1. */
size_t plan_amount_up(const struct pb_amount *a, size_t n);
size_t plan_amount_down(const struct pb_amount *a, size_t n);

/* --- shapes --- */

cJSON *plan_json(const struct plan *p); /* yours */
int plan_from_json(const cJSON *j, struct plan *out, struct sl_error *e);
/* For people: waves with real percentages, host by host from which version to which, weights,
 * capacity, promises. */
void plan_print(const struct plan *p, const struct plan_input *in, bool colour, bool wide,
		struct sl_buf *out);

#endif
