/* SPDX-License-Identifier: Apache-2.0 */
/* One child on a loop of its own, since secrets are read where nothing else may go on. */
#include <signal.h>
#include <string.h>
#include <uv.h>

#include "orchestrator/inventory/secrets.h"
#include "plugins/sdk/mem.h"

#define COMMAND_TIMEOUT_MS 30000

struct child {
	uv_loop_t loop;
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t timer;
	char *data;
	size_t size, len;
	int64_t status;
	int signal;
	bool exited, ended, timed_out, too_long;
};

static void child_close(uv_handle_t *h)
{
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

/* A grandchild may keep the pipe open for ever: the exit and the end of output are both awaited,
 * but only until the timer. */
static void child_settle(struct child *c)
{
	if (!(c->exited && c->ended))
		return;
	child_close((uv_handle_t *)&c->timer);
}

static void on_exit(uv_process_t *p, int64_t status, int signal)
{
	struct child *c = p->data;

	c->status = status;
	c->signal = signal;
	c->exited = true;
	child_close((uv_handle_t *)p);
	child_settle(c);
}

static void child_kill(struct child *c)
{
	if (!c->exited)
		kill(-c->process.pid, SIGKILL);
	c->ended = true;
	child_close((uv_handle_t *)&c->out);
	child_settle(c);
}

static void on_timeout(uv_timer_t *t)
{
	struct child *c = t->data;

	c->timed_out = true;
	child_kill(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct child *c = h->data;

	(void)suggested;
	*buf = uv_buf_init(c->data + c->len, (unsigned)(c->size - c->len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = s->data;

	(void)buf;
	if (n > 0) {
		c->len += (size_t)n;
		if (c->len < c->size)
			return;
		c->too_long = true;
		child_kill(c);
		return;
	}
	if (n == 0)
		return;
	c->ended = true;
	child_close((uv_handle_t *)s);
	child_settle(c);
}

static int child_start(struct child *c, const char *command, const char *folder)
{
	char *args[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			(char *)(uintptr_t)command, NULL};
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out},
		{.flags = UV_INHERIT_FD, .data.fd = 2},
	};
	uv_process_options_t options = {
		.file = "/bin/sh",
		.args = args,
		.cwd = folder,
		.flags = UV_PROCESS_DETACHED,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit,
	};

	return uv_spawn(&c->loop, &c->process, &options);
}

static int child_run(struct child *c, const char *command, const char *folder)
{
	int rc;

	uv_pipe_init(&c->loop, &c->out, 0);
	uv_timer_init(&c->loop, &c->timer);
	c->process.data = c->out.data = c->timer.data = c;
	rc = child_start(c, command, folder);
	if (rc) {
		c->exited = c->ended = true;
		child_close((uv_handle_t *)&c->process);
		child_close((uv_handle_t *)&c->out);
		child_settle(c);
	} else {
		uv_timer_start(&c->timer, on_timeout, COMMAND_TIMEOUT_MS, 0);
		uv_read_start((uv_stream_t *)&c->out, on_alloc, on_read);
	}
	uv_run(&c->loop, UV_RUN_DEFAULT);
	return rc;
}

int secret_command(const char *command, const char *folder, char *out, size_t size, size_t *len,
		   struct sl_error *e)
{
	struct child c = {.data = out, .size = size};
	int rc = uv_loop_init(&c.loop);

	if (rc)
		return sl_fail(e, SL_EINTERNAL, "no event loop: %s", uv_strerror(rc));
	rc = child_run(&c, command, folder);
	uv_loop_close(&c.loop);
	*len = c.len;
	if (rc)
		return sl_fail(e, SL_EIO, "/bin/sh cannot be started: %s", uv_strerror(rc));
	if (c.too_long)
		return sl_fail(e, SL_EINPUT, "printed more than %zu KiB", size / 1024);
	if (c.timed_out)
		return sl_fail(e, SL_ETIMEOUT, "did not end within %d s",
			       COMMAND_TIMEOUT_MS / 1000);
	if (c.signal)
		return sl_fail(e, SL_ECOMMAND, "ended by signal %d", c.signal);
	if (c.status)
		return sl_fail(e, SL_ECOMMAND, "failed with exit code %lld", (long long)c.status);
	return SL_OK;
}
