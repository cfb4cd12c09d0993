/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/child.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define KILL_AFTER_MS 1000

extern char **environ;

struct child {
	struct transport_pipe pipe;
	struct transport_pool *pool;
	uv_process_t process;
	uv_pipe_t in, out, err;
	uv_timer_t timer; /* tells how the start went; later: when KILL follows TERM */
	unsigned handles; /* not yet closed */
	bool running;     /* not yet reaped: its pid is ours to kill */
	bool out_open, err_open, finishing, closed;
	int rc;
	struct sl_error start_error;
};

struct child_write {
	uv_write_t req;
	struct child *child;
	char bytes[];
};

static struct child *child_of(struct transport_pipe *p)
{
	return (struct child *)p;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct child *c = h->data;
	struct transport_pool *pool = c->pool;

	if (--c->handles)
		return;
	free(c);
	transport_pool_drop(pool);
}

static void close_handle(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, on_handle_closed);
}

static void close_all(struct child *c)
{
	close_handle((uv_handle_t *)&c->in);
	close_handle((uv_handle_t *)&c->out);
	close_handle((uv_handle_t *)&c->err);
	if (c->running)
		return;
	close_handle((uv_handle_t *)&c->timer);
	close_handle((uv_handle_t *)&c->process);
}

static void child_settle(struct child *c)
{
	if (c->closed)
		close_all(c);
	else if (!c->running && !c->out_open && !c->err_open)
		pipe_ended(&c->pipe, c->rc, NULL);
}

/* --- from the process --- */

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = process->data;

	c->running = false;
	c->rc = signal ? 128 + signal : (int)status;
	child_settle(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct child *c = h->data;

	(void)suggested;
	*buf = uv_buf_init(transport_pool_scratch(c->pool), TRANSPORT_SCRATCH);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = s->data;
	bool is_err = s == (uv_stream_t *)&c->err;

	if (n > 0) {
		pipe_data(&c->pipe, is_err ? 2 : 1, buf->base, (size_t)n);
	} else if (n < 0) {
		uv_read_stop(s);
		*(is_err ? &c->err_open : &c->out_open) = false;
		child_settle(c);
	}
}

/* --- to the process --- */

static void finish_when_drained(struct child *c)
{
	if (c->finishing && uv_stream_get_write_queue_size((uv_stream_t *)&c->in) == 0)
		close_handle((uv_handle_t *)&c->in);
}

static void on_written(uv_write_t *req, int status)
{
	struct child_write *w = (struct child_write *)req;
	struct child *c = w->child;

	/* A command may end, or close its input, without reading all of it: its exit code tells. */
	(void)status;
	free(w);
	if (c->closed)
		return;
	finish_when_drained(c);
	if (uv_stream_get_write_queue_size((uv_stream_t *)&c->in) == 0)
		pipe_drained(&c->pipe);
}

static void child_write(struct transport_pipe *p, const void *bytes, size_t len)
{
	struct child *c = child_of(p);
	struct child_write *w;
	uv_buf_t buf;

	if (c->finishing || c->start_error.code)
		return;
	w = sl_alloc(sizeof *w + len);
	w->child = c;
	memcpy(w->bytes, bytes, len);
	buf = uv_buf_init(w->bytes, (unsigned)len);
	if (uv_write(&w->req, (uv_stream_t *)&c->in, &buf, 1, on_written) != 0)
		free(w);
}

static void child_finish(struct transport_pipe *p)
{
	struct child *c = child_of(p);

	c->finishing = true;
	if (!c->start_error.code)
		finish_when_drained(c);
}

static size_t child_pending(const struct transport_pipe *p)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&((const struct child *)p)->in);
}

static void child_pause(struct transport_pipe *p, bool on)
{
	struct child *c = child_of(p);

	if (!c->out_open || c->closed)
		return;
	if (on)
		uv_read_stop((uv_stream_t *)&c->out);
	else
		uv_read_start((uv_stream_t *)&c->out, on_alloc, on_read);
}

static void on_kill(uv_timer_t *timer)
{
	struct child *c = timer->data;

	if (c->running)
		kill(-c->process.pid, SIGKILL);
}

static void child_close(struct transport_pipe *p)
{
	struct child *c = child_of(p);

	c->pipe.events = NULL;
	c->closed = true;
	if (c->running) {
		kill(-c->process.pid, SIGTERM);
		uv_timer_start(&c->timer, on_kill, KILL_AFTER_MS, 0);
	}
	close_all(c);
}

static const struct transport_pipe_ops child_ops = {
	.write = child_write,
	.finish = child_finish,
	.pending = child_pending,
	.pause = child_pause,
	.close = child_close,
};

/* --- the start --- */

static void on_started(uv_timer_t *timer)
{
	struct child *c = timer->data;

	if (c->start_error.code)
		pipe_ended(&c->pipe, 0, &c->start_error);
	else
		pipe_opened(&c->pipe);
}

static bool is_set_anew(const char *variable, const char *const *set)
{
	size_t name = strcspn(variable, "=") + 1;

	for (; *set; set++) {
		if (strncmp(variable, *set, name) == 0)
			return true;
	}
	return false;
}

/* This process's environment with some variables set anew. Only the array is ours. */
static char **make_env(const char *const *set)
{
	size_t n = 0, more = 0, used = 0;
	char **env;

	while (environ[n])
		n++;
	while (set[more])
		more++;
	env = sl_alloc_n(n + more + 1, sizeof *env);
	for (size_t i = 0; i < n; i++) {
		if (!is_set_anew(environ[i], set))
			env[used++] = environ[i];
	}
	for (size_t i = 0; i < more; i++)
		env[used++] = (char *)set[i];
	return env;
}

static void spawn(struct child *c, const struct child_options *o)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->err},
	};
	char **env = o->set ? make_env(o->set) : NULL;
	uv_process_options_t options = {
		.exit_cb = on_process_exit,
		.file = o->argv[0],
		.args = (char **)o->argv,
		.env = env,
		.cwd = o->cwd,
		.flags = UV_PROCESS_DETACHED, /* setsid: a group of its own, and no terminal */
		.stdio_count = 3,
		.stdio = stdio,
	};
	int err = uv_spawn(transport_pool_loop(c->pool), &c->process, &options);

	free(env);
	if (err) {
		sl_fail(&c->start_error, err == UV_ENOENT ? SL_EUNSUPPORTED : SL_EIO,
			"%s: cannot start %s: %s", o->name, o->argv[0], uv_strerror(err));
		return;
	}
	c->running = c->out_open = c->err_open = true;
	uv_read_start((uv_stream_t *)&c->out, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&c->err, on_alloc, on_read);
}

struct transport_pipe *child_start(struct transport_pool *pool, const struct child_options *options,
				   const struct transport_pipe_events *events, void *arg)
{
	struct child *c = sl_alloc(sizeof *c);
	uv_loop_t *loop = transport_pool_loop(pool);

	c->pipe = (struct transport_pipe){.ops = &child_ops, .events = events, .arg = arg};
	c->pool = pool;
	c->handles = 5;
	transport_pool_hold(pool);
	uv_pipe_init(loop, &c->in, 0);
	uv_pipe_init(loop, &c->out, 0);
	uv_pipe_init(loop, &c->err, 0);
	uv_timer_init(loop, &c->timer);
	c->process.data = c->in.data = c->out.data = c->err.data = c->timer.data = c;
	spawn(c, options);
	uv_timer_start(&c->timer, on_started, 0, 0);
	return &c->pipe;
}
