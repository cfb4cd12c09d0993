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
#include "plugins/sdk/websocket.h"

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
	/* One-shot timer; fire is called once unless cancelled. After cancel nothing fires. One of
	 * 0 ms fires in the next turn of the loop: long work goes in steps by it. */
	struct sl_timer *(*timer)(void *ctx, int64_t ms, void (*fire)(void *arg), void *arg);
	void (*timer_cancel)(void *ctx, struct sl_timer *timer);
	void (*log)(void *ctx, int level, const char *text);
	/* Run work(arg) on a thread of the pool, then done(arg) on the loop: exactly once, never
	 * inside this call, and not to be cancelled. work may touch arg only. For what would hold
	 * the loop for more than a few ms, such as parsing megabytes. */
	void (*offload)(void *ctx, void (*work)(void *arg), void (*done)(void *arg), void *arg);
	/* Listen to what a server pushes. Never NULL; events (static) tell how it went and went on.
	 */
	struct sl_websocket *(*websocket)(void *ctx, const struct sl_websocket_request *request,
					  const struct sl_websocket_events *events, void *arg);
	/* ended still fires, later. It must not have fired yet. */
	void (*websocket_close)(void *ctx, struct sl_websocket *socket);
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
#define SL_NONE (-2) /* of an instance's weight: none; in a change: take it away */

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

/* --- reading: every answer says when it was read and at which revision --- */

struct sl_label {
	const char *name, *value;
};

/*
 * The end of a read. revision is the product's own word for the state that was read ("" = it has
 * none); give it back in the next read and an unchanged state costs one small answer: then
 * not_modified is true and the sink got nothing else. A registry that can tell what is new since
 * that revision may report that alone, and say so with `changes`: a service named by `service` then
 * has exactly the instances that are reported with it, an instance of another is new or replaces
 * the one with its id, and whatever was not reported stands.
 */
struct sl_read_end {
	struct sl_error error; /* SL_OK: everything that the source has was reported */
	const char *revision;
	bool not_modified;
	bool changes; /* registries, and only when a revision was given */
};

/* A hint that something changed: read again. Never the data itself: polling is the truth. */
typedef void (*sl_changed)(void *arg);

/* --- role: registry --- */

enum sl_instance_state {
	SL_INSTANCE_UP,
	SL_INSTANCE_DOWN,
	SL_INSTANCE_STARTING,
	SL_INSTANCE_TESTING,
	SL_INSTANCE_OUT, /* marked out of service */
	SL_INSTANCE_UNKNOWN,
	SL_INSTANCE_STATE_COUNT
};

/* Strings may be NULL when the product does not say. Raw text: the host cleans and bounds it. */
struct sl_instance {
	const char *service, *environment, *app;
	const char *id; /* what the product calls the instance; unique within the service */
	const char *host, *address;
	unsigned port;
	const char *version; /* label core: version, lane, unit, set, zone, region also in labels */
	enum sl_instance_state state;
	int weight;    /* SL_KEEP = the product has none */
	int64_t since; /* Unix ms of registration or last change; 0 = unknown */
	const struct sl_label *labels;
	size_t label_count;
	const char *note;
};

struct sl_service {
	const char *service, *environment, *app, *version; /* version NULL = all of it */
	const struct sl_label *labels;
	size_t label_count;
};

struct sl_edge { /* who calls whom */
	const char *consumer, *provider;
	int64_t calls, errors; /* -1 = unknown */
};

struct sl_registry_sink { /* all but done may be NULL: not wanted */
	void (*service)(void *arg, const struct sl_service *s); /* services without instances too */
	void (*instance)(void *arg, const struct sl_instance *i);
	void (*edge)(void *arg, const struct sl_edge *e);
	void (*done)(void *arg, const struct sl_read_end *end);
};

/* A change of one instance. SL_KEEP leaves (or expects anything of) a field; SL_NONE takes the
 * weight away (or expects that there is none). */
struct sl_instance_change {
	const char *service, *environment, *app, *id;
	int expect_state, state; /* enum sl_instance_state */
	int expect_weight, weight;
};

struct sl_registry_ops {
	size_t size;
	bool from_inventory; /* the static registry: instances come from the inventory; no calls */
	/* Everything: services and instances. revision NULL = unconditional. */
	struct sl_call *(*list)(void *instance, const char *revision, int64_t timeout_ms,
				const struct sl_registry_sink *sink, void *arg);
	/* One service, fresh from the source (no caches): for decisions and reading back. */
	struct sl_call *(*find)(void *instance, const char *service, const char *environment,
				const char *app, int64_t timeout_ms,
				const struct sl_registry_sink *sink, void *arg);
	/* Dependencies, as the product knows them; NULL = it does not. */
	struct sl_call *(*edges)(void *instance, int64_t timeout_ms,
				 const struct sl_registry_sink *sink, void *arg);
	/* Read, compare with the expectation (SL_ECONFLICT), write, read back. NULL = read-only. */
	struct sl_call *(*write)(void *instance, const struct sl_instance_change *change,
				 int64_t timeout_ms,
				 void (*done)(void *arg, const struct sl_error *e), void *arg);
	/* Call `changed` whenever something may have changed, until cancelled. NULL = poll only. */
	struct sl_call *(*watch)(void *instance, sl_changed changed, void *arg);
	void (*cancel)(void *instance, struct sl_call *call);
};

/* --- role: config --- */

struct sl_key {
	const char *key; /* with its labels it names one thing */
	const char *value;
	size_t value_len;
	const char *type;     /* text, yaml, json ... NULL = text */
	const char *revision; /* of this key */
	int64_t changed;      /* Unix ms, 0 = unknown */
	const char *by;       /* who changed it, NULL = unknown */
	bool enabled;
	const struct sl_label *labels; /* service, environment, app, version ... */
	size_t label_count;
};

struct sl_config_sink {
	void (*key)(void *arg, const struct sl_key *k);
	void (*done)(void *arg, const struct sl_read_end *end);
};

struct sl_key_change {
	const char *key;
	const struct sl_label *labels;
	size_t label_count;
	const char *expect_revision; /* of the key as read; "" = it must not be there; NULL = any */
	const char *value;           /* NULL = delete */
	size_t value_len;
	const char *type; /* NULL = keep, or text */
	bool enabled;
};

struct sl_config_ops {
	size_t size;
	struct sl_call *(*list)(void *instance, const char *revision, int64_t timeout_ms,
				const struct sl_config_sink *sink, void *arg);
	struct sl_call *(*read)(void *instance, const char *key, const struct sl_label *labels,
				size_t label_count, int64_t timeout_ms,
				const struct sl_config_sink *sink, void *arg);
	/* Newest first; NULL = the product keeps none. */
	struct sl_call *(*history)(void *instance, const char *key, const struct sl_label *labels,
				   size_t label_count, int64_t timeout_ms,
				   const struct sl_config_sink *sink, void *arg);
	/* SL_ECONFLICT when the key is not as expected, before or after (detected and reported). */
	struct sl_call *(*write)(void *instance, const struct sl_key_change *change,
				 int64_t timeout_ms,
				 void (*done)(void *arg, const struct sl_error *e), void *arg);
	struct sl_call *(*watch)(void *instance, sl_changed changed, void *arg);
	void (*cancel)(void *instance, struct sl_call *call);
};

/* --- role: metrics --- */

struct sl_sample {
	const struct sl_label *labels; /* of the series */
	size_t label_count;
	int64_t time; /* Unix ms */
	double value; /* NaN and infinities as the source says them */
};

struct sl_metrics_sink {
	/* Series by series; within one, oldest first. */
	void (*sample)(void *arg, const struct sl_sample *s);
	void (*done)(void *arg, const struct sl_read_end *end);
};

struct sl_metrics_ops {
	size_t size;
	/* time 0 = now. SL_EINPUT when the source refuses the expression, with its words. */
	struct sl_call *(*instant)(void *instance, const char *expression, int64_t time,
				   int64_t timeout_ms, const struct sl_metrics_sink *sink,
				   void *arg);
	struct sl_call *(*range)(void *instance, const char *expression, int64_t from, int64_t to,
				 int64_t step_ms, int64_t timeout_ms,
				 const struct sl_metrics_sink *sink, void *arg);
	void (*cancel)(void *instance, struct sl_call *call);
};

/* --- role: tracing --- */

enum sl_span_kind {
	SL_SPAN_LOCAL,
	SL_SPAN_CLIENT,
	SL_SPAN_SERVER,
	SL_SPAN_PRODUCER,
	SL_SPAN_CONSUMER
};

struct sl_span_note {    /* something that happened while the span ran */
	int64_t time_us; /* Unix us; 0 = unknown */
	const char *text;
};

struct sl_span {
	const char *trace, *id, *parent; /* lower-case hex; parent NULL = root, or lost */
	const char *service, *name;
	const char *address; /* of the process that made it; NULL = unknown */
	unsigned port;
	const char *peer; /* remote service, or NULL */
	enum sl_span_kind kind;
	int64_t start_us, duration_us; /* Unix us; 0 start = missing, -1 duration = missing */
	bool error, shared; /* shared: the called side of a span whose id both sides use */
	const struct sl_label *tags;
	size_t tag_count;
	const struct sl_span_note *notes;
	size_t note_count;
};

struct sl_trace_query {
	const char *service;   /* NULL = any */
	const char *operation; /* NULL = any */
	const struct sl_label *tags;
	size_t tag_count;
	int64_t from_ms, to_ms; /* Unix ms; 0 = the product's default */
	int64_t min_us, max_us; /* 0 = none */
	unsigned limit;         /* traces; 0 = 20 */
};

struct sl_tracing_sink {
	void (*span)(void *arg, const struct sl_span *s); /* trace by trace */
	void (*name)(void *arg, const char *name);        /* names() */
	void (*edge)(void *arg, const struct sl_edge *e); /* edges() */
	void (*done)(void *arg, const struct sl_read_end *end);
};

struct sl_tracing_ops {
	size_t size;
	struct sl_call *(*search)(void *instance, const struct sl_trace_query *query,
				  int64_t timeout_ms, const struct sl_tracing_sink *sink,
				  void *arg);
	struct sl_call *(*trace)(void *instance, const char *id, int64_t timeout_ms,
				 const struct sl_tracing_sink *sink, void *arg);
	/* service NULL = service names; else names of its operations. */
	struct sl_call *(*names)(void *instance, const char *service, int64_t timeout_ms,
				 const struct sl_tracing_sink *sink, void *arg);
	struct sl_call *(*edges)(void *instance, int64_t from_ms, int64_t to_ms, int64_t timeout_ms,
				 const struct sl_tracing_sink *sink, void *arg);
	void (*cancel)(void *instance, struct sl_call *call);
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
	const struct sl_config_ops *config;     /* NULL = does not play this role */
	const struct sl_metrics_ops *metrics;   /* NULL = does not play this role */
	const struct sl_tracing_ops *tracing;   /* NULL = does not play this role */
	/* Make an instance; no I/O here. NULL and *e when the settings cannot work together. The
	 * settings are borrowed until return; services outlive the instance. */
	void *(*open)(const struct sl_settings *settings, const struct sl_host_services *services,
		      struct sl_error *e);
	/* Cancel what runs (its callbacks fire first), free, then call closed. Asynchronous. */
	void (*close)(void *instance, void (*closed)(void *arg), void *arg);
};

typedef const struct sl_plugin *(*sl_plugin_entry)(void);

#endif
