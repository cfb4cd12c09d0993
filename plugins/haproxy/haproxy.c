/* SPDX-License-Identifier: Apache-2.0 */
/* HAProxy as a router, through its runtime API on a unix or TCP socket, here or on LB hosts. */
#include <stdlib.h>
#include <string.h>

#include "plugins/haproxy/call.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/setting.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static const struct sl_setting settings[] = {
	{
		.name = "socket",
		.type = SL_SETTING_TEXT,
		.required = true,
		.help = "The runtime API: the path of a unix socket of level admin, or "
			"tcp://host:port; $(host) in it is the name of the LB host.",
	},
	{
		.name = "hosts",
		.type = SL_SETTING_HOSTS,
		.help = "The load balancer hosts that have this socket, reached over SSH; without "
			"it the socket is on this machine.",
	},
	{
		.name = "route",
		.type = SL_SETTING_MAP,
		.help = "map: the map file that routes by header; newBackend: the backend of the "
			"new version.",
	},
};

/* The socket's text with $(host) filled in: LB nodes on one machine cannot share a path. */
static char *socket_text(const char *text, const char *host)
{
	const char *name = host ? strstr(text, "$(host)") : NULL;

	if (!name)
		return sl_strdup(text);
	return sl_asprintf("%.*s%s%s", (int)(name - text), text, host, name + strlen("$(host)"));
}

/* "/run/x.sock" or "tcp://host:port" (IPv6 in brackets) into node->at; strings live in socket. */
static int socket_parse(struct hap_node *node, const char *text, struct sl_error *e)
{
	char *host, *colon;
	int64_t port;

	node->socket = socket_text(text, node->at.host);
	if (node->socket[0] == '/') {
		node->at.unix_path = node->socket;
		return SL_OK;
	}
	if (!sl_text_starts(text, "tcp://"))
		return sl_fail(e, SL_EINPUT,
			       "'socket' must be an absolute path or tcp://host:port, not '%.128s'",
			       text);
	host = node->socket + strlen("tcp://");
	colon = strrchr(host, ':');
	if (!colon || colon == host || !sl_count_parse(colon + 1, 1, 65535, &port))
		return sl_fail(e, SL_EINPUT, "'socket': '%.128s' lacks a port from 1 to 65535",
			       text);
	*colon = '\0';
	if (host[0] == '[' && colon[-1] == ']') {
		colon[-1] = '\0';
		host++;
	}
	node->at.address = host;
	node->at.port = (unsigned)port;
	return SL_OK;
}

static int nodes_fill(struct hap *hap, const struct sl_setting_value *hosts, const char *socket,
		      struct sl_error *e)
{
	hap->node_count = hosts ? hosts->count : 1;
	hap->nodes = sl_alloc_n(hap->node_count, sizeof *hap->nodes);
	for (size_t i = 0; i < hap->node_count; i++) {
		struct hap_node *node = &hap->nodes[i];

		node->label = sl_strdup(hosts ? hosts->items[i] : socket);
		node->at.host = hosts ? node->label : NULL;
		if (socket_parse(node, socket, e) != SL_OK)
			return e->code;
	}
	return SL_OK;
}

static void hap_free(struct hap *hap)
{
	for (size_t i = 0; i < hap->node_count; i++) {
		free(hap->nodes[i].label);
		free(hap->nodes[i].socket);
	}
	free(hap->nodes);
	free(hap->name);
	free(hap);
}

static void *hap_open(const struct sl_settings *given, const struct sl_host_services *services,
		      struct sl_error *e)
{
	struct hap *hap;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	hap = sl_alloc(sizeof *hap);
	hap->services = services;
	hap->name = sl_strdup(given->backend);
	if (nodes_fill(hap, sl_setting_find(given, "hosts"), sl_setting_find(given, "socket")->text,
		       e) != SL_OK) {
		hap_free(hap);
		return NULL;
	}
	return hap;
}

void hap_maybe_free(struct hap *hap)
{
	void (*closed)(void *) = hap->closed;
	void *arg = hap->closed_arg;

	if (!hap->closing || hap->calls || hap->pending)
		return;
	hap_free(hap);
	closed(arg);
}

static void on_close_tick(void *arg)
{
	struct hap *hap = arg;

	hap->pending--;
	hap_maybe_free(hap);
}

static void hap_cancel(void *instance, struct sl_call *call)
{
	struct sl_error e = {0};
	bool touched = false;

	(void)instance;
	for (size_t i = 0; i < call->hap->node_count; i++)
		touched = touched || call->turns[i].touched;
	sl_fail(&e, SL_ECANCELED, "%s: canceled%s", call->hap->name,
		touched ? " in mid-change: read the backend to see what took effect" : "");
	hap_call_end_later(call, &e);
}

static void hap_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct hap *hap = instance;

	hap->closing = true;
	hap->closed = closed;
	hap->closed_arg = arg;
	hap->pending++;
	for (struct sl_call *call = hap->calls; call; call = call->next)
		hap_cancel(hap, call);
	hap->services->timer(hap->services->ctx, 0, on_close_tick, hap);
}

static const struct sl_router_ops router = {
	.size = sizeof router,
	.read = hap_read,
	.write = hap_write,
	.cancel = hap_cancel,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "haproxy",
	.summary = "moves traffic between servers through HAProxy's runtime API",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.router = &router,
	.open = hap_open,
	.close = hap_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
