/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin contract, ABI 0 ("may change"). A plugin is one shared object in a folder of its own
 * that exports one symbol, sluice_plugin, a function returning a const descriptor.
 *
 * Rules: a plugin never blocks, opens no loop, keeps no global state, and does its I/O through
 * struct sl_host_services. All operations are asynchronous: started with a callback, cancellable,
 * with a deadline. A callback never fires inside start, fires exactly once (after cancel too,
 * later), never after `closed`. Strings are borrowed until return, both ways; memory is freed by
 * the side that took it. Everything runs on the loop thread.
 */
#ifndef SLUICE_SDK_PLUGIN_H
#define SLUICE_SDK_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/stream.h"

#define SL_PLUGIN_ABI    0
#define SL_PLUGIN_SYMBOL "sluice_plugin"
#define SL_PLUGIN_EXPORT __attribute__((visibility("default")))

/* --- settings: validation, `sluice plugins`, completion and the manual come from this table --- */

enum sl_setting_type {
	SL_SETTING_TEXT,
	SL_SETTING_COUNT,    /* int64 */
	SL_SETTING_DURATION, /* ms */
	SL_SETTING_BOOL,
	SL_SETTING_SECRET, /* a reference env:, file:, command:; the plugin gets the value */
	SL_SETTING_URL,
	SL_SETTING_HOSTS, /* names or groups of the inventory; the plugin gets host names */
	SL_SETTING_MAP    /* a small mapping of text to text */
};

struct sl_setting {
	const char *name; /* camelCase, as in the inventory */
	enum sl_setting_type type;
	bool required;
	const char *fallback; /* as it would be written; NULL = none */
	const char *unit;     /* for people; NULL = none */
	const char *help;     /* one sentence */
};

/* One value given to a plugin. text is the scalar as written (secrets resolved); items/keys hold
 * HOSTS (items only) and MAP (keys and items). */
struct sl_setting_value {
	const char *name;
	const char *text;
	const char *const *keys;
	const char *const *items;
	size_t count;
};

struct sl_settings {
	const char *backend; /* the name under which the inventory knows this backend: "edge" */
	const struct sl_setting_value *values;
	size_t count;
};

/* --- what the host gives --- */

struct sl_timer;
struct sl_call; /* an operation in flight, opaque to the one that started it */

struct sl_host_services {
	size_t size; /* of this struct as the host knows it */
	void *ctx;   /* pass it back */
	/* Open a stream. Never NULL; events->opened tells how it went. Borrows nothing but events.
	 */
	struct sl_stream *(*stream)(void *ctx, const struct sl_endpoint *to, int64_t timeout_ms,
				    const struct sl_stream_events *events, void *arg);
	struct sl_http_call *(*http)(void *ctx, const struct sl_http_request *request,
				     sl_http_done done, void *arg);
	void (*http_cancel)(void *ctx, struct sl_http_call *call);
	/* One-shot timer; fire is called once unless cancelled. After cancel nothing fires. */
	struct sl_timer *(*timer)(void *ctx, int64_t ms, void (*fire)(void *arg), void *arg);
	void (*timer_cancel)(void *ctx, struct sl_timer *timer);
	void (*log)(void *ctx, int level, const char *text);
};

/* --- role: router (moves traffic) --- */

enum sl_admin { SL_ADMIN_READY, SL_ADMIN_DRAIN, SL_ADMIN_MAINT };

struct sl_router_backend {
	const char *node;      /* which LB node says this: its host name, or the socket */
	const char *algorithm; /* as the product calls it: "roundrobin" */
	bool weights_work;     /* weights may be changed while running */
	bool exact;            /* shares are near exact (roundrobin), not approximate (leastconn) */
	bool http_mode;
	bool persistence; /* cookies or tables keep clients on their server */
};

struct sl_router_server {
	const char *node;
	const char *server;  /* name within the backend */
	const char *address; /* as the router knows it */
	unsigned port;
	int weight;            /* current, absolute */
	int configured_weight; /* as in its configuration file */
	enum sl_admin admin;
	bool up;      /* checks say up, or there are none */
	bool checked; /* has a health check */
	bool backup;
	int64_t sessions, queued; /* current: in flight, waiting */
};

/* done is called last, exactly once. */
struct sl_router_sink {
	void (*backend)(void *arg, const struct sl_router_backend *b);
	void (*server)(void *arg, const struct sl_router_server *s);
	void (*done)(void *arg, const struct sl_error *e);
};

#define SL_KEEP (-1) /* in a change: leave as it is; in an expectation: anything */

struct sl_router_change {
	const char *server;
	int expect_weight; /* prior as read, or SL_KEEP */
	int expect_admin;  /* enum sl_admin, or SL_KEEP */
	int weight;        /* 0..256 absolute, or SL_KEEP */
	int admin;         /* enum sl_admin, or SL_KEEP */
};

struct sl_router_ops {
	size_t size;
	/* What every node says about one backend, node by node in the settings' order. An unknown
	 * backend is SL_ENOTFOUND with near matches in the message. */
	struct sl_call *(*read)(void *instance, const char *backend, int64_t timeout_ms,
				const struct sl_router_sink *sink, void *arg);
	/*
	 * Apply all changes on all nodes: expectations are checked on every node first
	 * (SL_ECONFLICT, naming node and server, nothing changed); all weights of a node go in one
	 * command line; then everything is read back. If a node refuses, what was changed on the
	 * others is put back and the error says so. A change that is already in effect is not an
	 * error.
	 */
	struct sl_call *(*write)(void *instance, const char *backend,
				 const struct sl_router_change *changes, size_t count,
				 int64_t timeout_ms,
				 void (*done)(void *arg, const struct sl_error *e), void *arg);
	void (*cancel)(void *instance, struct sl_call *call);
};

/* --- role: registry; ABI 0 has only the static one, whose instances are the inventory's --- */

struct sl_registry_ops {
	size_t size;
	bool from_inventory; /* the static registry: instances come from the inventory */
};

/* --- the descriptor --- */

struct sl_plugin {
	size_t size;
	int abi;             /* SL_PLUGIN_ABI */
	const char *name;    /* the `type:` in an inventory */
	const char *summary; /* one line */
	const char *licence; /* SPDX */
	const struct sl_setting *settings;
	size_t setting_count;
	const struct sl_router_ops *router;     /* NULL = does not play this role */
	const struct sl_registry_ops *registry; /* NULL = does not play this role */
	/* Make an instance; no I/O here. NULL and *e when the settings cannot work together. The
	 * settings are borrowed until return; services outlive the instance. */
	void *(*open)(const struct sl_settings *settings, const struct sl_host_services *services,
		      struct sl_error *e);
	/* Cancel what runs (its callbacks fire first), free, then call closed. Asynchronous. */
	void (*close)(void *instance, void (*closed)(void *arg), void *arg);
};

typedef const struct sl_plugin *(*sl_plugin_entry)(void);

#endif
