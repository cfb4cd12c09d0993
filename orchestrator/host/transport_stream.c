/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver's pipe as a struct sl_stream. The opening is a call in its transport's queue like any
 * other (slot, deadline); once open the pipe belongs to the stream, which needs no slot.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/transport.h"
#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/transport_internal.h"
#include "plugins/sdk/mem.h"

#define MAX_WAITING (4 * 1024 * 1024)

struct host_stream {
	struct sl_stream base;
	struct transport_pool *pool;
	const char *name;
	struct transport_call *call; /* while opening */
	struct transport_pipe *pipe; /* from call_start until the end */
	bool ended, closing, told_closed;
	void (*drained)(void *arg);
	uv_timer_t timer; /* the turn in which closed fires */
};

static struct host_stream *stream_of(const struct sl_stream *s)
{
	return (struct host_stream *)s;
}

/* --- the user's side --- */

static int stream_write(struct sl_stream *base, const void *bytes, size_t len, struct sl_error *e)
{
	struct host_stream *s = stream_of(base);

	if (!s->pipe || s->ended || s->call)
		return sl_fail(e, SL_ELOST, "%s: the stream is not open", s->name);
	if (s->pipe->ops->pending(s->pipe) + len > MAX_WAITING) {
		s->ended = true;
		return sl_fail(e, SL_EPROTO,
			       "%s: the other side of the stream does not read: more than 4 MiB "
			       "wait",
			       s->name);
	}
	s->pipe->ops->write(s->pipe, bytes, len);
	return SL_OK;
}

static void stream_finish(struct sl_stream *base)
{
	struct host_stream *s = stream_of(base);

	if (s->pipe && !s->ended && !s->call)
		s->pipe->ops->finish(s->pipe);
}

static void on_stream_closed(uv_handle_t *h)
{
	struct host_stream *s = h->data;
	struct transport_pool *pool = s->pool;

	if (s->base.events->closed)
		s->base.events->closed(s->base.arg);
	free(s);
	transport_pool_drop(pool);
}

static void stream_close(struct sl_stream *base)
{
	struct host_stream *s = stream_of(base);

	s->closing = true;
	if (s->pipe)
		s->pipe->ops->close(s->pipe);
	s->pipe = NULL;
	/* While a call opens it, stream_call_ended goes on from here. */
	if (s->call)
		transport_cancel(s->call);
	else
		uv_close((uv_handle_t *)&s->timer, on_stream_closed);
}

static const struct sl_stream_ops stream_ops = {
	.write = stream_write,
	.finish = stream_finish,
	.close = stream_close,
};

/* --- the pipe's side --- */

static void on_opened(void *arg)
{
	struct host_stream *s = arg;
	struct transport_call *c = s->call;

	/* The call gives the pipe away before it ends. */
	s->pipe = c->pipe;
	c->pipe = NULL;
	s->pipe->ops->pause(s->pipe, true);
	call_end(c, 0, NULL);
}

static void on_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct host_stream *s = arg;

	if (fd == 1 && !s->ended && s->base.events->data)
		s->base.events->data(s->base.arg, &s->base, bytes, len);
}

static void on_drained(void *arg)
{
	struct host_stream *s = arg;

	if (s->drained && !s->closing)
		s->drained(s->base.arg);
}

static void on_ended(void *arg, int rc, const struct sl_error *e)
{
	struct host_stream *s = arg;
	struct sl_error gone;

	(void)rc;
	if (s->pipe && !s->call) {
		if (!s->ended && s->base.events->ended) {
			s->ended = true;
			s->base.events->ended(s->base.arg, &s->base, e);
		}
		return;
	}
	if (s->pipe) { /* opened, but nobody was told yet */
		s->call->error = *e;
		if (!e->code)
			host_error_lost(&s->call->error, s->name, "the stream ended at once");
		return;
	}
	gone = *e;
	if (!gone.code)
		host_error_lost(&gone, s->name, "the stream ended at once");
	call_end(s->call, 0, &gone);
}

static const struct transport_pipe_events stream_events = {
	.opened = on_opened,
	.data = on_data,
	.drained = on_drained,
	.ended = on_ended,
};

void stream_start(struct transport_call *c)
{
	struct transport *t = c->t;

	c->pipe = t->ops->stream(t->driver, &c->to, &stream_events, c->stream);
}

/* The opening is over: tell it, unless the stream was closed meanwhile. */
void stream_call_ended(struct host_stream *s, const struct sl_error *e)
{
	s->call = NULL;
	if (s->closing) {
		uv_close((uv_handle_t *)&s->timer, on_stream_closed);
		return;
	}
	if (e->code) {
		s->ended = true;
		if (s->pipe)
			s->pipe->ops->close(s->pipe);
		s->pipe = NULL;
	}
	s->base.events->opened(s->base.arg, &s->base, e);
	if (s->pipe)
		s->pipe->ops->pause(s->pipe, false);
}

struct sl_stream *transport_stream(struct transport *t, const struct sl_endpoint *to,
				   int64_t timeout_ms, const struct sl_stream_events *events,
				   void *arg)
{
	struct host_stream *s = sl_alloc(sizeof *s);
	struct transport_call *c = call_make(t, CALL_STREAM, timeout_ms, NULL, NULL);

	s->base = (struct sl_stream){.ops = &stream_ops, .events = events, .arg = arg};
	s->pool = t->pool;
	s->name = t->target.name;
	s->call = c;
	uv_timer_init(transport_pool_loop(t->pool), &s->timer);
	s->timer.data = s;
	transport_pool_hold(t->pool);
	c->stream = s;
	c->to.address = sl_strdup(to->address);
	c->to.unix_path = sl_strdup(to->unix_path);
	c->to.port = to->port;
	transport_enqueue(c);
	return &s->base;
}

/* --- flow control for the tunnel --- */

size_t transport_stream_pending(const struct sl_stream *base)
{
	const struct host_stream *s = stream_of(base);

	return s->pipe && !s->call ? s->pipe->ops->pending(s->pipe) : 0;
}

void transport_stream_pause(struct sl_stream *base, bool on)
{
	struct host_stream *s = stream_of(base);

	if (s->pipe && !s->call && !s->ended)
		s->pipe->ops->pause(s->pipe, on);
}

void transport_stream_on_drained(struct sl_stream *base, void (*drained)(void *arg))
{
	stream_of(base)->drained = drained;
}
