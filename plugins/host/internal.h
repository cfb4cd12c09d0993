/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the plugin host share. Not for anyone else. */
#ifndef SLUICE_PLUGINS_HOST_INTERNAL_H
#define SLUICE_PLUGINS_HOST_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "plugins/host/host.h"
#include "plugins/sdk/plugin.h"

struct host_entry {
	const struct sl_plugin *plugin; /* lives in its shared object, which is never unloaded */
	char *name, *path, *refused;
};

struct plugin_host {
	uv_loop_t *loop;
	struct sl_http *http;
	struct websockets *websockets;
	plugin_host_remote remote;
	void *remote_ctx;
	struct host_entry *entries;
	size_t count, cap;
	const char *const *only; /* while loading: names of the files wanted; NULL = all */
	size_t only_count;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct plugin_backend {
	struct plugin_host *host;
	const struct sl_plugin *plugin;
	void *instance;
	char *name;
	struct sl_host_services services;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* probe.c: NULL when the shared object is a plugin that fits, else the sentence; yours to free. */
char *plugin_probe(const char *path);
/* The same in this process; *plugin is set when NULL is returned. */
char *plugin_probe_here(const char *path, const struct sl_plugin **plugin);

/* services.c */
void plugin_services_init(struct plugin_backend *b);

/* stream.c: streams that start on this machine */
struct sl_stream *plugin_stream_open(uv_loop_t *loop, const struct sl_endpoint *to,
				     int64_t timeout_ms, const struct sl_stream_events *events,
				     void *arg);
/* A stream whose opened reports *e, later. */
struct sl_stream *plugin_stream_failed(uv_loop_t *loop, const struct sl_error *e,
				       const struct sl_stream_events *events, void *arg);

/* websocket.c: all WebSockets of a loop. Closing ends what is open, then calls closed. */
struct websockets *websockets_new(uv_loop_t *loop);
void websockets_close(struct websockets *all, void (*closed)(void *arg), void *arg);
struct sl_websocket *websocket_start(struct websockets *all,
				     const struct sl_websocket_request *request,
				     const struct sl_websocket_events *events, void *arg);
void websocket_close(struct sl_websocket *ws);

#endif
