/* SPDX-License-Identifier: Apache-2.0 */
/* `sluice` in the background, for what the console does not do itself: carrying runs. What it says
 * is kept up to its last lines, and told when it ends. */
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/site.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"

#define SAID_MAX 4096
#define ARGS_MAX 72

struct spawned {
	struct spawned *next, **all; /* those under way; all NULL = not among them any more */
	uv_process_t process;
	uv_pipe_t pipes[2]; /* standard output and error */
	struct sl_buf said;
	char chunk[1024];
	int code;
	bool whole; /* all that was said is told, not only the last line */
	bool ends_with_us, running;
	unsigned open; /* handles */
	void (*done)(void *arg, int code, const char *said);
	void *arg;
};

static const char *last_line(struct sl_buf *said)
{
	char *line;

	while (said->len && said->data[said->len - 1] == '\n')
		said->data[--said->len] = '\0';
	line = said->len ? strrchr(said->data, '\n') : NULL;
	return line ? line + 1 : sl_buf_str(said);
}

static void leave_list(struct spawned *c)
{
	struct spawned **at = c->all;

	while (at && *at && *at != c)
		at = &(*at)->next;
	if (at && *at)
		*at = c->next;
}

static void part_closed(uv_handle_t *handle)
{
	struct spawned *c = handle->data;

	if (--c->open)
		return;
	leave_list(c);
	if (c->done)
		c->done(c->arg, c->all ? c->code : SPAWNED_LEFT,
			c->whole ? sl_buf_str(&c->said) : last_line(&c->said));
	sl_buf_release(&c->said);
	free(c);
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
	struct spawned *c = process->data;

	c->running = false;
	c->code = signal ? 128 + signal : (int)status;
	uv_close((uv_handle_t *)process, part_closed);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct spawned *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct spawned *c = stream->data;

	if (n > 0 && c->whole)
		sl_buf_append(&c->said, buf->base, (size_t)n);
	else if (n > 0)
		sl_buf_append_tail(&c->said, buf->base, (size_t)n);
	if (n < 0)
		uv_close((uv_handle_t *)stream, part_closed);
}

/* `sluice` lies beside this program. */
static void find_sluice(char *path, size_t size)
{
	char self[4096];
	size_t len = sizeof self;

	if (uv_exepath(self, &len) < 0)
		snprintf(path, size, "sluice");
	else
		snprintf(path, size, "%s/sluice", dirname(self));
}

void spawned_end(struct spawned *c)
{
	if (c->running)
		uv_kill(-c->process.pid, SIGTERM);
}

/* Their ends come later, when the site is gone: they must not look for themselves in it. */
void spawned_close(struct spawned *first)
{
	struct spawned *c, *next;

	for (c = first; c; c = next) {
		next = c->next;
		c->all = NULL;
		if (c->ends_with_us)
			spawned_end(c);
	}
}

int site_spawn(struct site *s, const struct spawn_how *how, struct spawned **out,
	       struct sl_error *e)
{
	struct spawned *c = sl_alloc(sizeof *c);
	char path[4200], *argv[ARGS_MAX + 2] = {(char *)"sluice"};
	size_t n;
	int rc;
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&c->pipes[0]},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&c->pipes[1]},
	};
	uv_process_options_t options = {.exit_cb = exited,
					.file = path,
					.args = argv,
					.flags = UV_PROCESS_DETACHED,
					.stdio_count = 3,
					.stdio = stdio};

	find_sluice(path, sizeof path);
	for (n = 0; n < ARGS_MAX && how->args[n]; n++)
		argv[n + 1] = (char *)how->args[n];
	if (how->args[n]) { /* a part of an order is another order */
		free(c);
		return sl_fail(e, SL_EINPUT, "more than %d words for one command", ARGS_MAX);
	}
	c->whole = how->keep > 0;
	c->ends_with_us = how->ends_with_us;
	sl_buf_init(&c->said, how->keep ? how->keep : SAID_MAX);
	for (n = 0; n < 2; n++) {
		uv_pipe_init(site_loop(s), &c->pipes[n], 0);
		c->pipes[n].data = c;
	}
	c->process.data = c;
	c->done = how->done;
	c->arg = how->arg;
	c->open = 3;
	rc = uv_spawn(site_loop(s), &c->process, &options);
	if (rc)
		c->done = NULL; /* the caller hears it now, not later */
	for (n = 0; n < 2; n++) {
		if (rc)
			uv_close((uv_handle_t *)&c->pipes[n], part_closed);
		else
			uv_read_start((uv_stream_t *)&c->pipes[n], give_room, heard);
	}
	if (!rc) {
		c->running = true;
		c->all = site_spawned(s);
		c->next = *c->all;
		*c->all = c;
		if (out)
			*out = c;
		return SL_OK;
	}
	uv_close((uv_handle_t *)&c->process, part_closed);
	return sl_fail(e, SL_EIO, "cannot start %s: %s", path, uv_strerror(rc));
}
