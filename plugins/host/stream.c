/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams that start on this machine: TCP and unix sockets over libuv.
 *
 *     OPENING -> OPEN -> ENDED -> CLOSED      (CLOSED from anywhere)
 *
 * Everything that must be told later goes through one timer: first the deadline of the open, then
 * failures that were found inside a call of the user. The struct is freed when its timer, every
 * connection tried and the lookup are gone.
 */
#include "plugins/sdk/stream.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "plugins/host/internal.h"
#include "plugins/sdk/mem.h"

#define STREAM_WAITING_MAX ((size_t)4 * 1024 * 1024)

enum stream_state { STREAM_OPENING, STREAM_OPEN, STREAM_ENDED, STREAM_CLOSED };

union stream_handle {
	uv_handle_t any;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct local_stream {
	struct sl_stream base;
	uv_loop_t *loop;
	enum stream_state state;
	size_t pending; /* handles and requests that still point here */
	uv_timer_t timer;
	union stream_handle *handle; /* NULL between two addresses and after the end */
	uv_getaddrinfo_t lookup;
	bool looking;
	struct addrinfo *found, *next;
	uv_connect_t connect;
	uv_shutdown_t shutdown;
	bool finished;
	size_t waiting; /* bytes given to libuv and not yet written */
	char *label;
	int64_t timeout_ms;
	struct sl_error error; /* what the timer is to report */
	char input[65536];
};

struct stream_write {
	uv_write_t req;
	size_t len;
	char bytes[];
};

static void stream_try_next(struct local_stream *s);

/* --- the end --- */

static void stream_unpend(struct local_stream *s)
{
	void (*closed)(void *) = s->base.events->closed;
	void *arg = s->base.arg;

	if (--s->pending)
		return;
	uv_freeaddrinfo(s->found);
	free(s->label);
	free(s);
	if (closed)
		closed(arg);
}

static void on_handle_closed(uv_handle_t *any)
{
	struct local_stream *s = any->data;

	free(any);
	stream_unpend(s);
}

static void on_timer_closed(uv_handle_t *any)
{
	stream_unpend(any->data);
}

static void stream_drop_handle(struct local_stream *s)
{
	if (s->handle)
		uv_close(&s->handle->any, on_handle_closed);
	s->handle = NULL;
}

static void local_close(struct sl_stream *base)
{
	struct local_stream *s = (struct local_stream *)base;

	if (s->state == STREAM_CLOSED)
		return;
	s->state = STREAM_CLOSED;
	if (s->looking)
		uv_cancel((uv_req_t *)&s->lookup);
	stream_drop_handle(s);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

/* --- telling --- */

static void stream_tell_opened(struct local_stream *s, const struct sl_error *e)
{
	uv_timer_stop(&s->timer);
	s->state = e->code == SL_OK ? STREAM_OPEN : STREAM_ENDED;
	if (s->state == STREAM_ENDED) {
		if (s->looking)
			uv_cancel((uv_req_t *)&s->lookup);
		stream_drop_handle(s);
	}
	s->base.events->opened(s->base.arg, &s->base, e);
}

static void stream_tell_ended(struct local_stream *s, const struct sl_error *e)
{
	if (s->state != STREAM_OPEN)
		return;
	s->state = STREAM_ENDED;
	uv_timer_stop(&s->timer);
	uv_read_stop(&s->handle->stream);
	s->base.events->ended(s->base.arg, &s->base, e);
}

static void on_report(uv_timer_t *timer)
{
	struct local_stream *s = timer->data;

	if (s->state == STREAM_OPENING)
		stream_tell_opened(s, &s->error);
	else
		stream_tell_ended(s, &s->error);
}

/* s->error is set: tell it from the loop, never from inside a call. */
static void stream_report_later(struct local_stream *s)
{
	uv_timer_start(&s->timer, on_report, 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct local_stream *s = timer->data;

	sl_fail(&s->error, SL_ETIMEOUT, "%s: no connection within %lld ms", s->label,
		(long long)s->timeout_ms);
	stream_tell_opened(s, &s->error);
}

/* --- data --- */

static void on_alloc(uv_handle_t *any, size_t suggested, uv_buf_t *buf)
{
	struct local_stream *s = any->data;

	(void)suggested;
	*buf = uv_buf_init(s->input, sizeof s->input);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct local_stream *s = stream->data;
	struct sl_error e = {0};

	if (n == 0 || s->state != STREAM_OPEN)
		return;
	if (n > 0) {
		s->base.events->data(s->base.arg, &s->base, buf->base, (size_t)n);
		return;
	}
	if (n != UV_EOF)
		sl_fail(&e, SL_ELOST, "%s: the connection broke: %s", s->label,
			uv_strerror((int)n));
	stream_tell_ended(s, &e);
}

static void on_written(uv_write_t *req, int status)
{
	struct stream_write *w = req->data;
	struct local_stream *s = req->handle->data;
	struct sl_error e = {0};

	s->waiting -= w->len;
	free(w);
	if (status == 0 || s->state != STREAM_OPEN)
		return;
	sl_fail(&e, SL_ELOST, "%s: the connection broke: %s", s->label, uv_strerror(status));
	stream_tell_ended(s, &e);
}

static int local_write(struct sl_stream *base, const void *bytes, size_t len, struct sl_error *e)
{
	struct local_stream *s = (struct local_stream *)base;
	struct stream_write *w;
	uv_buf_t buf;
	int rc;

	if (s->state != STREAM_OPEN || s->finished)
		return sl_fail(e, SL_ELOST, "%s: the stream is not open", s->label);
	if (len > STREAM_WAITING_MAX - s->waiting) {
		sl_fail(&s->error, SL_EPROTO, "%s: it does not take what is sent", s->label);
		stream_report_later(s);
		return sl_fail(e, s->error.code, "%s", s->error.msg);
	}
	w = sl_alloc(sizeof *w + len);
	w->req.data = w;
	w->len = len;
	memcpy(w->bytes, bytes, len);
	buf = uv_buf_init(w->bytes, (unsigned)len);
	rc = uv_write(&w->req, &s->handle->stream, &buf, 1, on_written);
	if (rc == 0) {
		s->waiting += len;
		return SL_OK;
	}
	free(w);
	return sl_fail(e, SL_ELOST, "%s: %s", s->label, uv_strerror(rc));
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	(void)req;
	(void)status; /* a failure shows in reading, too */
}

static void local_finish(struct sl_stream *base)
{
	struct local_stream *s = (struct local_stream *)base;

	if (s->state != STREAM_OPEN || s->finished)
		return;
	s->finished = true;
	uv_shutdown(&s->shutdown, &s->handle->stream, on_shutdown);
}

static const struct sl_stream_ops local_ops = {
	.write = local_write,
	.finish = local_finish,
	.close = local_close,
};

/* --- opening --- */

static void on_connect(uv_connect_t *req, int status)
{
	struct local_stream *s = req->data;

	if (s->state != STREAM_OPENING)
		return;
	if (status == 0)
		status = uv_read_start(&s->handle->stream, on_alloc, on_read);
	if (status == 0) {
		stream_tell_opened(s, &(struct sl_error){0});
		return;
	}
	sl_fail(&s->error, status == UV_ENOENT ? SL_ENOTFOUND : SL_EREFUSED,
		"%s cannot be connected: %s", s->label, uv_strerror(status));
	stream_drop_handle(s);
	stream_try_next(s);
}

static union stream_handle *stream_new_handle(struct local_stream *s, bool pipe)
{
	union stream_handle *h = sl_alloc(sizeof *h);

	if (pipe)
		uv_pipe_init(s->loop, &h->pipe, 0);
	else
		uv_tcp_init(s->loop, &h->tcp);
	h->any.data = s;
	s->handle = h;
	s->pending++;
	return h;
}

/* The next address of the name, or the last error when there is none. */
static void stream_try_next(struct local_stream *s)
{
	while (s->next) {
		const struct addrinfo *a = s->next;
		union stream_handle *h = stream_new_handle(s, false);
		int rc;

		s->next = a->ai_next;
		rc = uv_tcp_connect(&s->connect, &h->tcp, a->ai_addr, on_connect);
		if (rc == 0)
			return;
		sl_fail(&s->error, SL_EREFUSED, "%s cannot be connected: %s", s->label,
			uv_strerror(rc));
		stream_drop_handle(s);
	}
	stream_report_later(s);
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct local_stream *s = req->data;

	s->looking = false;
	s->found = s->next = found;
	if (s->state == STREAM_OPENING) {
		if (status != 0)
			sl_fail(&s->error, SL_ERESOLVE, "%s: the name cannot be looked up: %s",
				s->label, uv_strerror(status));
		stream_try_next(s);
	}
	stream_unpend(s);
}

/* A written-out address needs no name server, and no place in the pool behind slow names. */
static bool stream_numeric(struct local_stream *s, const char *address, const char *service)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};

	if (getaddrinfo(address, service, &hints, &s->found) != 0)
		return false;
	s->next = s->found;
	stream_try_next(s);
	return true;
}

static void stream_start_tcp(struct local_stream *s, const struct sl_endpoint *to)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	char service[16];
	int rc;

	snprintf(service, sizeof service, "%u", to->port);
	if (stream_numeric(s, to->address, service))
		return;
	s->lookup.data = s;
	rc = uv_getaddrinfo(s->loop, &s->lookup, on_lookup, to->address, service, &hints);
	if (rc == 0) {
		s->looking = true;
		s->pending++;
		return;
	}
	sl_fail(&s->error, SL_ERESOLVE, "%s: the name cannot be looked up: %s", s->label,
		uv_strerror(rc));
	stream_report_later(s);
}

static void stream_start_unix(struct local_stream *s, const char *path)
{
	struct sockaddr_un sun;

	if (strlen(path) >= sizeof sun.sun_path) {
		sl_fail(&s->error, SL_EINPUT, "%s: the path is longer than %zu bytes", s->label,
			sizeof sun.sun_path - 1);
		stream_report_later(s);
		return;
	}
	uv_pipe_connect(&s->connect, &stream_new_handle(s, true)->pipe, path, on_connect);
}

static struct local_stream *stream_new(uv_loop_t *loop, const struct sl_stream_events *events,
				       void *arg)
{
	struct local_stream *s = sl_alloc(sizeof *s);

	s->base = (struct sl_stream){.ops = &local_ops, .events = events, .arg = arg};
	s->loop = loop;
	s->pending = 1; /* the timer */
	s->connect.data = s;
	uv_update_time(loop);
	uv_timer_init(loop, &s->timer);
	s->timer.data = s;
	return s;
}

struct sl_stream *plugin_stream_open(uv_loop_t *loop, const struct sl_endpoint *to,
				     int64_t timeout_ms, const struct sl_stream_events *events,
				     void *arg)
{
	struct local_stream *s = stream_new(loop, events, arg);

	s->timeout_ms = timeout_ms;
	uv_timer_start(&s->timer, on_deadline, (uint64_t)timeout_ms, 0);
	if (to->unix_path) {
		s->label = sl_strdup(to->unix_path);
		stream_start_unix(s, to->unix_path);
	} else {
		s->label = sl_asprintf("%s:%u", to->address, to->port);
		stream_start_tcp(s, to);
	}
	return &s->base;
}

struct sl_stream *plugin_stream_failed(uv_loop_t *loop, const struct sl_error *e,
				       const struct sl_stream_events *events, void *arg)
{
	struct local_stream *s = stream_new(loop, events, arg);

	s->label = sl_strdup("stream");
	s->error = *e;
	stream_report_later(s);
	return &s->base;
}
