/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening unix socket of ours whose connections are pumped to an endpoint through a host. Each
 * side is paused while the other has too much waiting, so a fast server and a slow reader cost at
 * most a few MiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "orchestrator/host/socket.h"
#include "orchestrator/host/transport.h"
#include "orchestrator/host/transport_driver.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

#define HIGH_WATER (1024 * 1024)
#define OPEN_MS    10000

struct tunnel {
	struct transport *t;
	struct sl_endpoint to; /* strings are ours */
	char path[128];
	uv_pipe_t listening;
	struct connection *connections;
};

struct connection {
	struct tunnel *tunnel;
	struct transport_pipe *near; /* the program that connected to us */
	struct sl_stream *far;
	bool far_open, near_ended, far_ended;
	struct connection *prev, *next;
};

/* Both ends go; the struct goes when the stream says closed. */
static void connection_close(struct connection *c)
{
	if (!c->near)
		return;
	c->near->ops->close(c->near);
	c->near = NULL;
	if (c->tunnel)
		DL_DELETE(c->tunnel->connections, c);
	sl_stream_close(c->far);
}

/* --- near -> far --- */

static void near_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct connection *c = arg;

	(void)fd;
	if (sl_stream_write(c->far, bytes, len, NULL) != SL_OK) {
		connection_close(c);
		return;
	}
	if (transport_stream_pending(c->far) > HIGH_WATER)
		c->near->ops->pause(c->near, true);
}

static void far_drained(void *arg)
{
	struct connection *c = arg;

	if (c->near && !c->near_ended)
		c->near->ops->pause(c->near, false);
}

static void near_drained(void *arg)
{
	struct connection *c = arg;

	if (c->far_ended)
		connection_close(c);
	else if (c->far_open)
		transport_stream_pause(c->far, false);
}

static void near_ended(void *arg, int rc, const struct sl_error *e)
{
	struct connection *c = arg;

	(void)rc;
	c->near_ended = true;
	if (e->code || c->far_ended)
		connection_close(c);
	else if (c->far_open)
		sl_stream_finish(c->far);
}

static const struct transport_pipe_events near_events = {
	.data = near_data,
	.drained = near_drained,
	.ended = near_ended,
};

/* --- far -> near --- */

static void far_opened(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct connection *c = arg;

	(void)s;
	if (e->code) {
		sl_log(SL_LOG_INFO, "%s", e->msg);
		connection_close(c);
		return;
	}
	c->far_open = true;
	transport_stream_on_drained(c->far, far_drained);
	c->near->ops->pause(c->near, false);
}

static void far_data(void *arg, struct sl_stream *s, const char *bytes, size_t len)
{
	struct connection *c = arg;

	c->near->ops->write(c->near, bytes, len);
	if (c->near->ops->pending(c->near) > HIGH_WATER)
		transport_stream_pause(s, true);
}

static void far_ended(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct connection *c = arg;

	(void)s;
	c->far_ended = true;
	if (e->code || c->near->ops->pending(c->near) == 0)
		connection_close(c);
}

static void far_closed(void *arg)
{
	free(arg);
}

static const struct sl_stream_events far_events = {
	.opened = far_opened,
	.data = far_data,
	.ended = far_ended,
	.closed = far_closed,
};

/* --- the tunnel --- */

static void on_connection(uv_stream_t *listening, int status)
{
	struct tunnel *tn = listening->data;
	struct connection *c;

	if (status)
		return;
	c = sl_alloc(sizeof *c);
	c->tunnel = tn;
	c->near = socket_accept(transport_pool_of(tn->t), &tn->listening, &near_events, c);
	if (!c->near) {
		free(c);
		return;
	}
	c->near->ops->pause(c->near, true);
	DL_APPEND(tn->connections, c);
	c->far = transport_stream(tn->t, &tn->to, OPEN_MS, &far_events, c);
}

static void on_listening_closed(uv_handle_t *h)
{
	struct tunnel *tn = h->data;
	struct transport_pool *pool = transport_pool_of(tn->t);

	free((char *)tn->to.address);
	free((char *)tn->to.unix_path);
	free(tn);
	transport_pool_drop(pool);
}

static int tunnel_listen(struct tunnel *tn, struct sl_error *e)
{
	int err = uv_pipe_bind(&tn->listening, tn->path);

	if (!err)
		err = uv_listen((uv_stream_t *)&tn->listening, 64, on_connection);
	if (err)
		return sl_fail(e, SL_EIO, "cannot listen at %s: %s", tn->path, uv_strerror(err));
	return SL_OK;
}

struct tunnel *tunnel_open(struct transport *t, const struct sl_endpoint *to, struct sl_error *e)
{
	struct transport_pool *pool = transport_pool_of(t);
	const char *folder = transport_pool_folder(pool, e);
	struct tunnel *tn;

	if (!folder)
		return NULL;
	tn = sl_alloc(sizeof *tn);
	tn->t = t;
	tn->to = (struct sl_endpoint){
		.address = sl_strdup(to->address),
		.unix_path = sl_strdup(to->unix_path),
		.port = to->port,
	};
	snprintf(tn->path, sizeof tn->path, "%s/t%u", folder, transport_pool_serial(pool));
	uv_pipe_init(transport_pool_loop(pool), &tn->listening, 0);
	tn->listening.data = tn;
	transport_pool_hold(pool);
	if (tunnel_listen(tn, e) == SL_OK)
		return tn;
	uv_close((uv_handle_t *)&tn->listening, on_listening_closed);
	return NULL;
}

const char *tunnel_path(const struct tunnel *tn)
{
	return tn->path;
}

void tunnel_close(struct tunnel *tn)
{
	struct connection *c, *next;

	DL_FOREACH_SAFE(tn->connections, c, next)
	{
		connection_close(c);
	}
	/* libuv unlinks the path it has bound. */
	uv_close((uv_handle_t *)&tn->listening, on_listening_closed);
}
