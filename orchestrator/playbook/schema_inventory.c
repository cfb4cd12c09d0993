// SPDX-License-Identifier: Apache-2.0
// The table: the inventory.
#include "orchestrator/playbook/schema_parts.h"

/* clang-format off */
#define SSH_KEYS                                                                                  \
	{.key = "user", .type = SCHEMA_TEXT, .help = "Whom to log in as."},                       \
	{.key = "port", .type = SCHEMA_COUNT, .min = 1, .max = 65535, .help = "The SSH port."},   \
	{.key = "jump", .type = SCHEMA_TEXT, .help = "A jump host: [user@]host[:port]."},         \
	{.key = "identities", .type = SCHEMA_TEXTS, .help = "Private key files."},                \
	{.key = "knownHosts", .type = SCHEMA_TEXT, .help = "The known_hosts file."},              \
	{.key = "config", .type = SCHEMA_TEXT, .help = "The ssh_config file."},                   \
	{.key = "driver", .type = SCHEMA_ENUM, .words = "auto libssh2 openssh local",             \
	 .help = "How hosts are reached."},                                                       \
	{.key = "connectTimeout", .type = SCHEMA_DURATION, .help = "For one connection."},        \
	{.key = "commandTimeout", .type = SCHEMA_DURATION, .help = "For one command."},           \
	{.key = "become", .type = SCHEMA_MAP, .shape = &schema_become, .later = "become",         \
	 .help = "Run as another user on the hosts."}
/* clang-format on */

static const struct schema_row ssh_rows[] = {
	SSH_KEYS,
	{.key = "fanout",
	 .type = SCHEMA_COUNT,
	 .min = 1,
	 .max = 1000,
	 .help = "Hosts worked on at once (30)."},
};
const struct schema_shape schema_ssh = SCHEMA_SHAPE(ssh_rows);

static const struct schema_row state_rows[] = {
	{.key = "sqlite",
	 .type = SCHEMA_TEXT,
	 .help = "`default`, or a folder: the database of one operator's machine."},
	{.key = "etcd",
	 .type = SCHEMA_TEXTS,
	 .flags = NONEMPTY,
	 .later = "state.etcd",
	 .help = "Addresses of an etcd cluster, for a team."},
};
static const struct schema_shape state = SCHEMA_ONE_OF(state_rows);

static const struct schema_row backend_rows[] = {
	{.key = "type",
	 .type = SCHEMA_NAME,
	 .flags = REQUIRED,
	 .help = "The plugin; it knows the other keys."},
};
static const struct schema_shape backend = {
	.rows = backend_rows, .count = SL_COUNT(backend_rows), .open = true};

static const struct schema_row group_rows[] = {
	{.key = "hosts", .type = SCHEMA_TEXTS, .help = "Hosts and ranges like oa[01:06]."},
	{.key = "groups", .type = SCHEMA_TEXTS, .help = "Other groups."},
	{.key = "labels", .type = SCHEMA_PAIRS, .help = "Labels such as set and zone."},
	{.key = "vars", .type = SCHEMA_PAIRS, .help = "Names for $(name) on these hosts."},
	{.key = "fromRegistry",
	 .type = SCHEMA_TEXT,
	 .later = "fromRegistry",
	 .help = "The hosts are what this registry reports."},
	{.key = "service", .type = SCHEMA_TEXT, .help = "With fromRegistry: of this service."},
	SSH_KEYS,
};
static const struct schema_shape group = SCHEMA_SHAPE(group_rows);

static const struct schema_row host_rows[] = {
	{.key = "address", .type = SCHEMA_TEXT, .help = "Where SSH goes; the name by default."},
	{.key = "serviceAddress",
	 .type = SCHEMA_TEXT,
	 .help = "Where the service is reached; the address by default."},
	{.key = "sluiceDir",
	 .type = SCHEMA_TEXT,
	 .help = "Folder for claims on routers ($HOME/.sluice)."},
	{.key = "labels", .type = SCHEMA_PAIRS, .help = "Labels such as set and zone."},
	{.key = "vars", .type = SCHEMA_PAIRS, .help = "Names for $(name) on this host."},
	SSH_KEYS,
};
static const struct schema_shape host = SCHEMA_SHAPE(host_rows);

static const struct schema_row environment_rows[] = {
	{.key = "name", .type = SCHEMA_NAME, .flags = REQUIRED, .help = "Shown everywhere."},
	{.key = "production",
	 .type = SCHEMA_BOOL,
	 .fallback = "false",
	 .help = "Questions are asked twice as carefully."},
};
static const struct schema_shape environment = SCHEMA_SHAPE(environment_rows);

/* clang-format off */
#define BACKENDS(name, text) \
	{.key = name, .type = SCHEMA_NAMED, .shape = &backend, .help = text}
/* clang-format on */

static const struct schema_row inventory_rows[] = {
	{.key = "sluice",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "1",
	 .help = "The version of the language."},
	{.key = "kind",
	 .type = SCHEMA_ENUM,
	 .flags = REQUIRED,
	 .words = "rollout loadTest faultDrill inventory",
	 .help = "What this file is."},
	{.key = "environment",
	 .type = SCHEMA_MAP,
	 .shape = &environment,
	 .help = "What these hosts are."},
	{.key = "ssh",
	 .type = SCHEMA_MAP,
	 .shape = &schema_ssh,
	 .help = "How hosts are reached; also in groups and hosts."},
	{.key = "state", .type = SCHEMA_MAP, .shape = &state, .help = "Where runs are kept."},
	BACKENDS("registries", "Service registries."),
	BACKENDS("configs", "Config centres."),
	BACKENDS("routers", "What moves traffic."),
	BACKENDS("metrics", "Metrics backends."),
	BACKENDS("tracing", "Tracing backends."),
	{.key = "alarms", .type = SCHEMA_ANY, .later = "alarms", .help = "Alarms."},
	{.key = "groups", .type = SCHEMA_NAMED, .shape = &group, .help = "Named groups of hosts."},
	{.key = "hosts",
	 .type = SCHEMA_NAMED,
	 .flags = SCHEMA_HOSTNAMES,
	 .shape = &host,
	 .help = "Only where a host differs from its name."},
};
const struct schema_shape schema_inventory = SCHEMA_SHAPE(inventory_rows);
