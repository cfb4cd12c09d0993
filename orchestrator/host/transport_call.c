/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call on a transport. Ending and telling are two turns of the loop: call_end closes the pipe
 * and gives the place in the transport back at once; done fires from the call's timer, so never
 * inside the function that started or cancelled it.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/transport.h"
#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/transport_internal.h"
#include "plugins/sdk/mem.h"

#define MAX_OUT    (1024 * 1024)
#define MAX_STDERR (16 * 1024)
#define COMMAND_MS (5 * 60 * 1000)

struct transport_call *call_make(struct transport *t, enum call_kind kind, int64_t timeout_ms,
				 transport_done done, void *arg)
{
	struct transport_call *c = sl_alloc(sizeof *c);
	int64_t usual = t->target.command_timeout_ms;

	c->kind = kind;
	c->t = t;
	c->done = done;
	c->arg = arg;
	c->timeout_ms = timeout_ms > 0 ? timeout_ms : usual > 0 ? usual : COMMAND_MS;
	sl_buf_init(&c->out, MAX_OUT);
	sl_buf_init(&c->err, MAX_STDERR);
	uv_timer_init(transport_pool_loop(t->pool), &c->timer);
	c->timer.data = c;
	transport_pool_hold(t->pool);
	return c;
}

bool call_is_command(const struct transport_call *c)
{
	return c->kind == CALL_RUN || c->kind == CALL_PUT;
}

/* --- the end --- */

static void on_call_closed(uv_handle_t *h)
{
	struct transport_call *c = h->data;
	struct transport_pool *p = c->t->pool;

	sl_buf_release(&c->out);
	sl_buf_release(&c->err);
	free(c->command);
	free(c->input);
	free((char *)c->to.address);
	free((char *)c->to.unix_path);
	free(c);
	transport_pool_drop(p);
}

static void on_tell(uv_timer_t *timer)
{
	struct transport_call *c = timer->data;
	struct transport_result r = {
		.error = c->error,
		.rc = c->rc,
		.out = sl_buf_str(&c->out),
		.out_len = c->out.len,
		.err = sl_buf_str(&c->err),
		.err_len = c->err.len,
	};

	uv_close((uv_handle_t *)&c->timer, on_call_closed);
	if (c->stream)
		stream_call_ended(c->stream, &c->error);
	else if (c->done)
		c->done(c->arg, &r);
}

static void call_leave(struct transport_call *c)
{
	struct transport *t = c->t;

	if (c->started) {
		DL_DELETE(t->running, c);
		t->commands -= call_is_command(c);
	} else if (c->prev) {
		DL_DELETE(t->queue, c);
	}
	c->prev = c->next = NULL;
}

void call_end(struct transport_call *c, int rc, const struct sl_error *e)
{
	if (c->ending)
		return;
	c->ending = true;
	c->rc = rc;
	if (e)
		c->error = *e;
	if (c->put)
		put_free(c->put);
	c->put = NULL;
	if (c->pipe)
		c->pipe->ops->close(c->pipe);
	c->pipe = NULL;
	uv_timer_start(&c->timer, on_tell, 0, 0);
	call_leave(c);
	if (!transport_pool_closing(c->t->pool))
		transport_settle(c->t);
}

void transport_cancel(struct transport_call *call)
{
	struct sl_error e;

	host_error_canceled(&e, call->t->target.name);
	if (call->ending)
		call->error = e;
	else
		call_end(call, 0, &e);
}

static void on_deadline(uv_timer_t *timer)
{
	struct transport_call *c = timer->data;
	struct sl_error e;

	host_error_timeout(&e, c->t->target.name,
			   c->kind == CALL_PUT      ? "sending a file"
			   : c->kind == CALL_STREAM ? "opening a stream"
						    : "the command",
			   c->timeout_ms);
	call_end(c, 0, &e);
}

/* --- commands --- */

static void on_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct transport_call *c = arg;

	if (c->data) {
		c->data(c->arg, fd, bytes, len);
		return;
	}
	sl_buf_append_tail(fd == 2 ? &c->err : &c->out, bytes, len);
}

static void on_ended(void *arg, int rc, const struct sl_error *e)
{
	call_end(arg, rc, e);
}

static const struct transport_pipe_events run_events = {
	.data = on_data,
	.ended = on_ended,
};

static void start_run(struct transport_call *c)
{
	struct transport *t = c->t;

	c->pipe = t->ops->exec(t->driver, c->command, &run_events, c);
	if (c->input_len)
		c->pipe->ops->write(c->pipe, c->input, c->input_len);
	if (!c->data)
		c->pipe->ops->finish(c->pipe);
	free(c->input);
	c->input = NULL;
}

void call_start(struct transport_call *c)
{
	uv_update_time(transport_pool_loop(c->t->pool));
	if (!c->data)
		uv_timer_start(&c->timer, on_deadline, (uint64_t)c->timeout_ms, 0);
	switch (c->kind) {
	case CALL_CONNECT:
		call_end(c, 0, NULL);
		break;
	case CALL_RUN:
		start_run(c);
		break;
	case CALL_PUT:
		put_start(c);
		break;
	case CALL_STREAM:
		stream_start(c);
		break;
	}
}

struct transport_call *transport_connect(struct transport *t, transport_done done, void *arg)
{
	struct transport_call *c = call_make(t, CALL_CONNECT, 0, done, arg);

	transport_enqueue(c);
	return c;
}

static struct transport_call *run_make(struct transport *t, const struct transport_exec *exec,
				       transport_done done, void *arg)
{
	struct transport_call *c = call_make(t, CALL_RUN, exec->timeout_ms, done, arg);

	c->command = sl_strdup(exec->command);
	if (exec->input_len) {
		c->input = sl_alloc(exec->input_len);
		memcpy(c->input, exec->input, exec->input_len);
		c->input_len = exec->input_len;
	}
	if (exec->max_out)
		c->out.max = exec->max_out;
	return c;
}

struct transport_call *transport_run(struct transport *t, const struct transport_exec *exec,
				     transport_done done, void *arg)
{
	struct transport_call *c = run_make(t, exec, done, arg);

	transport_enqueue(c);
	return c;
}

struct transport_call *transport_follow(struct transport *t, const struct transport_exec *exec,
					transport_data data, transport_done done, void *arg)
{
	struct transport_call *c = run_make(t, exec, done, arg);

	c->data = data;
	transport_enqueue(c);
	return c;
}

struct transport_call *transport_put(struct transport *t, const char *local_file, const char *path,
				     unsigned mode, int64_t timeout_ms, transport_done done,
				     void *arg)
{
	struct transport_call *c = call_make(t, CALL_PUT, timeout_ms, done, arg);
	struct sl_error e;

	if (!*path || strchr(path, '\n')) {
		sl_fail(&e, SL_EINPUT, "%s: a file cannot be sent to the path \"%s\"",
			t->target.name, path);
		call_end(c, 0, &e);
		return c;
	}
	c->put = put_make(local_file, path, mode);
	transport_enqueue(c);
	return c;
}
