/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolution: a playbook and an inventory become hosts, instances and rendered values. Pure but for
 * secret references (resolved only by inventory_resolve_secrets) and artifact files (not here).
 */
#ifndef SLUICE_INVENTORY_INVENTORY_H
#define SLUICE_INVENTORY_INVENTORY_H

#include "orchestrator/host/transport.h"
#include "orchestrator/playbook/playbook.h"
#include "plugins/sdk/plugin.h"

struct rs_label {
	const char *name, *value;
};

struct rs_host {
	const char *name, *address, *service_address,
		*sluice_dir;            /* sluice_dir: "~/.sluice" default */
	struct transport_target target; /* ready for transport_new */
	struct rs_label *labels;        /* set, zone, ... : host over group */
	size_t label_count;
	size_t index; /* in resolved.hosts, which is in inventory order */
};

struct rs_command { /* rendered, for /bin/sh; text NULL = not given */
	char *text;
};

struct rs_file {
	char *to, *content_path; /* absolute local path */
	unsigned mode;
	bool substitute;
	/* what goes to the host, read (and substituted) by inventory_resolve_secrets; may hold NUL
	 * bytes, and has one more behind its end */
	char *content;
	size_t content_len;
};

/* One (service, host, port), everything rendered for it. */
struct rs_instance {
	size_t index; /* in resolved.instances: plan order (inventory order, zones round robin) */
	const struct pb_service *service;
	const struct rs_host *host;
	unsigned port;      /* 0 = service without a port */
	char *id;           /* "oa01:8080", "oa01" without port: used in events and messages */
	char *address;      /* $(instance): serviceAddress:port */
	char *dir, *sluice; /* release.dir, <dir>/.sluice */
	char *link;         /* "current" or "current-8080" */
	char *command, *start, *stop, *status; /* rendered for sh; NULL = none */
	char *log;                             /* NULL = none */
	struct rs_label
		*env; /* rendered; values may still be references (secret = true in env_secret) */
	bool *env_secret;
	/* the values in clear: NULL before inventory_resolve_secrets; wiped by resolved_free */
	char **env_clear;
	size_t env_count;
	char *ready_http;    /* path only */
	unsigned ready_port; /* port of the probe */
	char *ready_command, *drain_command;
	char *server_name; /* router's serverName rendered, or NULL */
	struct rs_file *files;
	size_t file_count;
	/* sha256 over runtime, env names, keyed hashes of secret values, files; set by
	 * inventory_resolve_secrets */
	char spec[65];
};

struct resolved {
	const struct playbook *playbook;
	const struct inventory_file *inventory;
	struct rs_host *hosts; /* every host the run touches: instances' hosts (those outside
				* --limit too), LB hosts, run targets */
	size_t host_count;
	struct rs_instance *instances; /* all of the service, in plan order */
	size_t instance_count;
	bool *limited;       /* per instance: outside --limit, counts as old and is not touched */
	const char *version; /* of the (one) service, rendered */
	const char *sha256;  /* rendered or NULL */
	char *artifact;      /* rendered; absolute local path, or a URL */
	struct rs_label *config; /* keys to publish: name and rendered value */
	size_t config_count;
	unsigned fanout;
};

/*
 * Resolve. limit NULL = all: a comma list of groups, hosts, ranges. Errors (unknown names with near
 * matches, clashes of group vars, undeclared $(names), bad values such as a relative release.dir or
 * one with control bytes, host names that start with '-', one instance twice) go to d; NULL then.
 * The same code serves a run that is resumed (texts from the journal).
 */
struct resolved *inventory_resolve(const struct playbook *p, const struct inventory_file *f,
				   const char *limit, struct diags *d);
/* Every host of the inventory, in inventory order; playbook NULL, no instances. */
struct resolved *inventory_hosts(const struct inventory_file *f, struct diags *d);
void resolved_free(struct resolved *r);

const struct rs_host *resolved_host(const struct resolved *r, const char *name); /* or NULL */
const struct rs_instance *resolved_instance(const struct resolved *r, const char *id);

/*
 * Read secret references (env:NAME, file:PATH relative to the playbook, command:...) of all
 * instances and compute spec digests. salt keys the hashes of secret values (journaled with the
 * run, so that digests can be compared later). Blocking.
 */
int inventory_resolve_secrets(struct resolved *r, const char *salt, struct sl_error *e);
/* One reference's value (trailing newline cut). Yours to free, wipe after use. */
char *inventory_secret(const char *reference, const char *folder, struct sl_error *e);

/* The env of an instance as NAME=value lines, secrets in clear: for the swap script's standard
 * input only. Yours to free. */
char *inventory_env_lines(const struct rs_instance *i);

/* Render a `run` command, for an instance (may be NULL), a host (may be NULL = local). release_dir
 * is $(release). run_number 0 = not known yet: $(run) becomes "$SLUICE_RUN". Yours to free; NULL
 * and *e when a name has no value here. */
char *inventory_render_command(const struct resolved *r, const struct pb_command *c,
			       const struct rs_instance *i, const struct rs_host *h,
			       const char *release_dir, int64_t run_number, struct sl_error *e);
/* Expand a `hosts:` list (groups, hosts, ranges) to host names, inventory order, each once. Array
 * and names are one block: free(*names). */
int inventory_expand(const struct inventory_file *f, const struct pb_strings *hosts,
		     const char ***names, size_t *count, struct diags *d);

/* Settings of a backend for its plugin: secrets resolved, HOSTS expanded. Yours: free. NULL on
 * error. */
struct sl_settings *inventory_backend_settings(const struct inventory_file *f,
					       const struct inv_backend *b,
					       const struct sl_plugin *plugin, struct sl_error *e);
void inventory_settings_free(struct sl_settings *s);

/* "oa[01:06]" -> oa01..oa06; a plain name -> itself. At most 10,000. Yours: free each and the
 * array. */
int inventory_range_expand(const char *text, char ***names, size_t *count, struct sl_error *e);

#endif
