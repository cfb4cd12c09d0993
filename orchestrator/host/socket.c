/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/transport_errors.h"
#include "plugins/sdk/mem.h"

struct socket_pipe {
	struct transport_pipe pipe;
	struct transport_pool *pool;
	const char *name;
	char *address;
	unsigned port;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t unix;
	} u;
	uv_timer_t timer; /* tells an error that was known at once */
	uv_getaddrinfo_t lookup;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	unsigned holds; /* handles and a lookup */
	bool connected, read_ended, closed;
	struct sl_error error;
};

struct socket_write {
	uv_write_t req;
	struct socket_pipe *s;
	char bytes[];
};

static struct socket_pipe *socket_of(struct transport_pipe *p)
{
	return (struct socket_pipe *)p;
}

bool socket_numeric(const char *address, unsigned port, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof *to);
	return uv_ip4_addr(address, (int)port, (struct sockaddr_in *)to) == 0 ||
	       uv_ip6_addr(address, (int)port, (struct sockaddr_in6 *)to) == 0;
}

static void socket_drop(struct socket_pipe *s)
{
	struct transport_pool *pool = s->pool;

	if (--s->holds)
		return;
	free(s->address);
	free(s);
	transport_pool_drop(pool);
}

static void on_handle_closed(uv_handle_t *h)
{
	socket_drop(h->data);
}

static void socket_close(struct transport_pipe *p)
{
	struct socket_pipe *s = socket_of(p);

	s->pipe.events = NULL;
	s->closed = true;
	uv_cancel((uv_req_t *)&s->lookup);
	uv_close(&s->u.handle, on_handle_closed);
	uv_close((uv_handle_t *)&s->timer, on_handle_closed);
}

/* --- reading --- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct socket_pipe *s = h->data;

	(void)suggested;
	*buf = uv_buf_init(transport_pool_scratch(s->pool), TRANSPORT_SCRATCH);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct socket_pipe *s = stream->data;
	struct sl_error e;

	if (n > 0) {
		pipe_data(&s->pipe, 1, buf->base, (size_t)n);
		return;
	}
	if (n == 0)
		return;
	uv_read_stop(stream);
	s->read_ended = true;
	if (n == UV_EOF) {
		pipe_ended(&s->pipe, 0, NULL);
		return;
	}
	host_error_lost(&e, s->name, uv_strerror((int)n));
	pipe_ended(&s->pipe, 0, &e);
}

static void socket_pause(struct transport_pipe *p, bool on)
{
	struct socket_pipe *s = socket_of(p);

	if (!s->connected || s->read_ended)
		return;
	if (on)
		uv_read_stop(&s->u.stream);
	else
		uv_read_start(&s->u.stream, on_alloc, on_read);
}

/* --- writing --- */

static void on_written(uv_write_t *req, int status)
{
	struct socket_write *w = (struct socket_write *)req;
	struct socket_pipe *s = w->s;

	/* A broken socket is told by the reading side. */
	free(w);
	if (status == 0 && !s->closed && uv_stream_get_write_queue_size(&s->u.stream) == 0)
		pipe_drained(&s->pipe);
}

static void socket_write(struct transport_pipe *p, const void *bytes, size_t len)
{
	struct socket_pipe *s = socket_of(p);
	struct socket_write *w;
	uv_buf_t buf;

	if (!s->connected)
		return;
	w = sl_alloc(sizeof *w + len);
	w->s = s;
	memcpy(w->bytes, bytes, len);
	buf = uv_buf_init(w->bytes, (unsigned)len);
	if (uv_write(&w->req, &s->u.stream, &buf, 1, on_written) != 0)
		free(w);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	(void)req;
	(void)status;
}

static void socket_finish(struct transport_pipe *p)
{
	struct socket_pipe *s = socket_of(p);

	if (s->connected && uv_is_writable(&s->u.stream))
		uv_shutdown(&s->shutdown, &s->u.stream, on_shutdown);
}

static size_t socket_pending(const struct transport_pipe *p)
{
	return uv_stream_get_write_queue_size(&((const struct socket_pipe *)p)->u.stream);
}

static const struct transport_pipe_ops socket_ops = {
	.write = socket_write,
	.finish = socket_finish,
	.pending = socket_pending,
	.pause = socket_pause,
	.close = socket_close,
};

/* --- connecting --- */

static void on_fail_turn(uv_timer_t *timer)
{
	struct socket_pipe *s = timer->data;

	pipe_ended(&s->pipe, 0, &s->error);
}

static void connect_failed(struct socket_pipe *s, int err)
{
	host_error_connect(&s->error, s->name, s->address, s->port, -err);
	uv_timer_start(&s->timer, on_fail_turn, 0, 0);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct socket_pipe *s = req->data;

	if (s->closed)
		return;
	if (status) {
		connect_failed(s, status);
		return;
	}
	s->connected = true;
	uv_read_start(&s->u.stream, on_alloc, on_read);
	pipe_opened(&s->pipe);
}

static void connect_tcp(struct socket_pipe *s, const struct sockaddr *to)
{
	int err = uv_tcp_connect(&s->connect, &s->u.tcp, to, on_connected);

	if (err)
		connect_failed(s, err);
	else
		uv_tcp_nodelay(&s->u.tcp, 1);
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct socket_pipe *s = req->data;

	if (s->closed) {
		/* Nobody waits. */
	} else if (status) {
		host_error_resolve(&s->error, s->name, s->address, uv_strerror(status));
		uv_timer_start(&s->timer, on_fail_turn, 0, 0);
	} else {
		connect_tcp(s, found->ai_addr);
	}
	uv_freeaddrinfo(found);
	socket_drop(s);
}

static void look_up(struct socket_pipe *s)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char service[16];
	int err;

	snprintf(service, sizeof service, "%u", s->port);
	s->lookup.data = s;
	s->holds++;
	err = uv_getaddrinfo(transport_pool_loop(s->pool), &s->lookup, on_lookup, s->address,
			     service, &hints);
	if (!err)
		return;
	s->holds--;
	connect_failed(s, err);
}

static struct socket_pipe *socket_make(struct transport_pool *pool, const char *name, bool unix,
				       const struct transport_pipe_events *events, void *arg)
{
	struct socket_pipe *s = sl_alloc(sizeof *s);
	uv_loop_t *loop = transport_pool_loop(pool);

	s->pipe = (struct transport_pipe){.ops = &socket_ops, .events = events, .arg = arg};
	s->pool = pool;
	s->name = name;
	s->holds = 2;
	transport_pool_hold(pool);
	if (unix)
		uv_pipe_init(loop, &s->u.unix, 0);
	else
		uv_tcp_init(loop, &s->u.tcp);
	uv_timer_init(loop, &s->timer);
	s->u.handle.data = s->timer.data = s->connect.data = s;
	return s;
}

struct transport_pipe *socket_connect(struct transport_pool *pool, const char *name,
				      const struct sl_endpoint *to,
				      const struct transport_pipe_events *events, void *arg)
{
	struct socket_pipe *s = socket_make(pool, name, to->unix_path != NULL, events, arg);
	struct sockaddr_storage address;

	s->address = sl_strdup(to->unix_path ? to->unix_path : to->address);
	s->port = to->unix_path ? 0 : to->port;
	if (to->unix_path && strlen(to->unix_path) > 107)
		connect_failed(s, UV_ENAMETOOLONG);
	else if (to->unix_path)
		uv_pipe_connect(&s->connect, &s->u.unix, to->unix_path, on_connected);
	else if (socket_numeric(s->address, s->port, &address))
		connect_tcp(s, (struct sockaddr *)&address);
	else
		look_up(s);
	return &s->pipe;
}

struct transport_pipe *socket_accept(struct transport_pool *pool, uv_pipe_t *listening,
				     const struct transport_pipe_events *events, void *arg)
{
	struct socket_pipe *s = socket_make(pool, "tunnel", true, events, arg);

	if (uv_accept((uv_stream_t *)listening, &s->u.stream) != 0) {
		socket_close(&s->pipe);
		return NULL;
	}
	s->connected = true;
	uv_read_start(&s->u.stream, on_alloc, on_read);
	return &s->pipe;
}
