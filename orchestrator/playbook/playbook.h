/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed playbook and inventory, as written: read, checked for shape (one schema table), for
 * references and for meaning, but not yet resolved against hosts (orchestrator/inventory does
 * that). Pure but for reading the named files. Strings and nodes are owned by the document they
 * hang off.
 *
 * Every kind, strategy and key of the language is checked. What `run` cannot carry out yet is also
 * collected in `later`, each with its place, so that plan and run refuse it by name before anything
 * is touched.
 */
#ifndef SLUICE_PLAYBOOK_PLAYBOOK_H
#define SLUICE_PLAYBOOK_PLAYBOOK_H

#include <stdint.h>

#include "orchestrator/playbook/node.h"

/* --- values --- */

/* A text that may hold $(names), with its place. text NULL = not given. */
struct pb_text {
	const char *text;
	struct diag_at at;
};

/* A command: a string for sh, or an argument vector executed without a shell. */
struct pb_command {
	const char *shell; /* NULL when argv is given */
	const char **argv; /* NULL-terminated, or NULL */
	struct diag_at at; /* line 0 = not given */
};

/* A count or a share: `upgrade: 1`, `maxUnavailable: 25%`. */
struct pb_amount {
	bool given, is_share;
	int64_t count;
	double share; /* 0..1 */
	struct diag_at at;
};

struct pb_duration {
	bool given;
	int64_t ms;
	struct diag_at at;
};

struct pb_strings {
	const char **items;
	struct diag_at *at;
	size_t count;
};

struct pb_pair {
	const char *name;
	struct pb_text value;
};

struct pb_pairs {
	struct pb_pair *items;
	size_t count;
};

/* --- services --- */

enum pb_runtime_kind {
	PB_RUNTIME_NONE,
	PB_RUNTIME_PROCESS,
	PB_RUNTIME_COMMANDS,
	PB_RUNTIME_SYSTEMD
};

struct pb_runtime {
	enum pb_runtime_kind kind;
	struct diag_at at;
	struct pb_command command;             /* process */
	struct pb_command start, stop, status; /* commands */
	struct pb_pairs env;                   /* values may be env:, file:, command: references */
	const char *stop_signal;               /* "TERM" */
	struct pb_duration stop_timeout;       /* default 30s */
	struct pb_text log;
};

struct pb_ready {
	struct diag_at at;   /* line 0 = no ready block */
	struct pb_text http; /* "/path" or ":PORT/path" */
	bool tcp;
	struct pb_command command;
	bool from_controller;
	bool registered;                           /* the registry must say UP, with the version */
	const char *version_header, *version_json; /* NULL = not asked for */
	struct pb_duration interval, timeout, min_healthy_time,
		healthy_deadline; /* defaults filled */
};

struct pb_drain {
	struct diag_at at;
	bool until_idle;
	struct pb_command until_command;
	struct pb_duration propagation, timeout; /* timeout: default filled (30s) */
	bool fail_on_timeout;                    /* onTimeout: fail */
};

struct pb_file {
	struct pb_text from, to;
	unsigned mode;
	bool substitute;
};

struct pb_release {
	struct diag_at at;
	struct pb_text artifact, dir;
	int64_t keep; /* default 5 */
	bool stage_wave;
	struct pb_strings shared;
	struct pb_file *files;
	size_t file_count;
};

struct pb_router_use {
	struct diag_at at; /* line 0 = no router */
	const char *use, *backend;
	struct diag_at use_at, backend_at;
	struct pb_text server_name; /* "$(host)"; NULL = match by address and port */
};

/* Keys published in a config centre with the first traffic of the new version. */
struct pb_config_use {
	struct diag_at at; /* line 0 = none */
	const char *use;
	struct pb_pairs set;
};

struct pb_service {
	const char *name;
	struct diag_at at;
	struct pb_strings hosts;
	struct pb_text version; /* sees vars only */
	struct pb_text sha256;
	int64_t ports[64];
	size_t port_count;       /* 0 = a service without a port */
	bool ports_form;         /* written as `ports:`: links are current-<port> */
	struct pb_text registry; /* name of a registry, or not given */
	struct pb_release release;
	struct pb_runtime runtime;
	struct pb_ready ready;
	struct pb_drain drain;
	struct pb_router_use router; /* the service's own, else the strategy's */
	struct pb_config_use config;
};

/* --- strategy --- */

struct pb_run { /* a `run` step or hook */
	const char *name;
	struct diag_at at;
	struct pb_command command, undo, check;
	struct pb_strings hosts; /* local | one | all | groups, hosts; default all */
	bool repeatable;
	bool per_instance;          /* names $(instance) */
	struct pb_duration timeout; /* default 5m */
};

enum pb_step_kind {
	PB_STEP_UPGRADE,
	PB_STEP_SET_WEIGHT,
	PB_STEP_PAUSE,
	PB_STEP_RUN,
	/* understood by the checks, not by run yet: */
	PB_STEP_SET_TRAFFIC,
	PB_STEP_ANALYSIS,
	PB_STEP_ROUTE,
	PB_STEP_CHECK_TRACES
};

struct pb_step {
	enum pb_step_kind kind;
	struct diag_at at;        /* of the step's key */
	struct pb_amount amount;  /* upgrade (count or share), setWeight (share) */
	struct pb_duration pause; /* given = with a duration; not = until promote */
	struct pb_run run;
	const struct pb_node *node; /* the step as written */
};

enum pb_strategy_kind { PB_ROLLING, PB_CANARY, PB_BLUE_GREEN, PB_FULL_LINK };

struct pb_strategy {
	enum pb_strategy_kind kind;
	struct diag_at at;
	struct pb_amount max_unavailable; /* default 1 */
	int64_t max_failures;             /* default 0 */
	double min_capacity;              /* share, default 0.75 */
	bool min_capacity_given;
	struct pb_duration progress_deadline;      /* default 10m */
	bool pause_on_failure;                     /* onFailure: pause; default rollback */
	struct pb_amount rollback_max_unavailable; /* not given = max_unavailable */
	struct pb_step *steps;
	size_t step_count;
};

/* Something valid that run cannot do yet. */
struct pb_later {
	struct diag_at at;
	const char *what; /* "analysis", "several services", "runtime.systemd" ... */
};

enum pb_kind { PB_KIND_ROLLOUT, PB_KIND_LOAD_TEST, PB_KIND_FAULT_DRILL };

struct pb_var {
	const char *name;
	const char *value; /* NULL = required and not set */
	bool set;          /* by --set or a vars file: wins over vars of hosts and groups */
	struct diag_at at;
};

struct playbook {
	enum pb_kind kind;
	const char *name;
	const char *path;      /* as given */
	const char *folder;    /* of the playbook file, absolute: local commands run there */
	const char *inventory; /* path as resolved against the playbook's folder; NULL = none */
	struct diag_at inventory_at;
	struct pb_var *vars; /* after --set and --vars-file */
	size_t var_count;
	struct pb_service *services; /* defaults merged in */
	size_t service_count;
	struct pb_strategy strategy; /* rollouts only */
	struct pb_later *later;
	size_t later_count;
	const struct pb_node *root;
	/* every file that was read, for the plan and the journal: path -> text */
	struct pb_source {
		const char *path, *text;
	} * sources;
	size_t source_count;
};

/* What --set and --vars-file give, later ones winning. */
struct pb_set {
	const char *name, *value;
	const char *origin; /* "--set" or the vars file, for messages */
};

/*
 * Read a playbook with its includes. NULL when it has errors (in d). leave_open: `required` vars
 * may be unset (validate). An unknown name in sets is an error with near matches. If the file is no
 * playbook but an inventory or plan, the error says so.
 */
struct playbook *playbook_load(const char *path, const struct pb_set *sets, size_t set_count,
			       bool leave_open, struct diags *d);
/* The same from texts kept in the journal: `texts` maps path -> content; nothing is opened. */
struct playbook *playbook_load_texts(const char *path, const cJSON *texts,
				     const struct pb_set *sets, size_t set_count, struct diags *d);
void playbook_free(struct playbook *p);

/* --- the inventory file --- */

/* ssh settings at one level (file, group or host). 0 / NULL = not set here. Files are absolute, or
 * begin with "~" as written. */
struct inv_ssh {
	const char *user, *jump, *known_hosts, *config, *driver;
	struct pb_strings identities;
	int64_t port, fanout, connect_timeout_ms, command_timeout_ms;
	struct diag_at at;
};

struct inv_group {
	const char *name;
	struct diag_at at;
	struct pb_strings hosts;  /* ranges not expanded */
	struct pb_strings groups; /* members */
	struct pb_pairs labels, vars;
	struct inv_ssh ssh;
	bool from_registry; /* in the playbook's `later` when it uses the group */
};

struct inv_host {
	const char *name;
	struct diag_at at;
	const char *address, *service_address, *sluice_dir; /* NULL = default */
	struct pb_pairs labels, vars;
	struct inv_ssh ssh;
};

enum inv_backend_kind { INV_REGISTRY, INV_CONFIG, INV_ROUTER, INV_METRICS, INV_TRACING };

struct inv_backend {
	enum inv_backend_kind kind;
	const char *name, *type;
	struct diag_at at, type_at;
	const struct pb_node *settings; /* the mapping as written, `type` included */
};

struct inventory_file {
	const char *path;   /* as given */
	const char *folder; /* absolute */
	const char *text;   /* as read */
	struct inv_ssh ssh;
	const char *environment; /* environment.name or NULL */
	bool production;
	struct inv_group *groups;
	size_t group_count;
	struct inv_host *hosts;
	size_t host_count;
	struct inv_backend *backends;
	size_t backend_count;
	struct pb_later *later; /* what stands for the whole file: state.etcd, become, alarms */
	size_t later_count;
	const struct pb_node *root;
};

struct inventory_file *inventory_load(const char *path, struct diags *d);
struct inventory_file *inventory_load_text(const char *path, const char *text, struct diags *d);
void inventory_free(struct inventory_file *f);
bool inventory_names_hosts(const struct inventory_file *f); /* any at all */

/*
 * Checks that need both: groups, hosts, routers, registries, analyses' backends exist (near
 * matches); capacity and share walk with real host counts. known_type (may be NULL) tells whether a
 * plugin of that type is there (role as in inv_backend_kind); if not: a warning here. What run
 * cannot do yet and only the inventory shows (groups from a registry) is added to p->later. Call it
 * with the diags that both were loaded with.
 */
void playbook_check_references(const struct playbook *p, const struct inventory_file *f,
			       bool (*known_type)(void *arg, const char *type), void *arg,
			       struct diags *d);

/* JSON Schema (for editors) and the manual's key table, from the same rows. Yours to free. */
/* kind: rollout, loadTest, faultDrill, inventory, include. NULL for any other. */
char *playbook_schema_json(const char *kind);

/* The $(name) references of a text, in order; visit returns non-zero to stop. False and *bad_offset
 * when "$(" is malformed. "$$(" is an escape. */
bool pb_names_visit(const char *text,
		    int (*visit)(void *arg, const char *name, size_t len, size_t offset), void *arg,
		    size_t *bad_offset);

#endif
