/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs in the background: this program again, as the leader of a session of its own, with nothing
 * but /dev/null. Until the run stands, the child still speaks on our standard error, and we wait:
 * so what is wrong is said here, and the number of the run too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define STARTED_FD 3

struct spawn {
	uv_process_t process;
	uv_pipe_t pipe;
	char said[64];
	size_t said_len;
	bool exited;
	int code;
	int handles;
};

static void handle_closed(uv_handle_t *handle)
{
	struct spawn *s = handle->data;

	s->handles--;
}

static void exited(uv_process_t *process, int64_t status, int signal)
{
	struct spawn *s = process->data;

	s->exited = true;
	s->code = signal ? RUN_INTERNAL : (int)status;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct spawn *s = handle->data;

	(void)suggested;
	*buf = uv_buf_init(s->said + s->said_len, (unsigned)(sizeof s->said - 1 - s->said_len));
}

static void heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct spawn *s = stream->data;

	(void)buf;
	if (n > 0)
		s->said_len += (size_t)n;
	if (n < 0)
		uv_read_stop(stream);
}

static int start(struct spawn *s, char **argv)
{
	char self[4096];
	size_t size = sizeof self;
	uv_stdio_container_t stdio[STARTED_FD + 1] = {
		{.flags = UV_IGNORE},
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&s->pipe},
	};
	uv_process_options_t options = {.exit_cb = exited,
					.file = self,
					.args = argv,
					.flags = UV_PROCESS_DETACHED,
					.stdio_count = STARTED_FD + 1,
					.stdio = stdio};
	int rc = uv_exepath(self, &size);

	if (rc < 0)
		return rc;
	uv_pipe_init(uv_default_loop(), &s->pipe, 0);
	s->pipe.data = s->process.data = s;
	s->handles = 2;
	rc = uv_spawn(uv_default_loop(), &s->process, &options);
	if (!rc)
		rc = uv_read_start((uv_stream_t *)&s->pipe, give_room, heard);
	return rc;
}

static int64_t number_said(const struct spawn *s)
{
	char text[64];
	int64_t number = 0;
	const char *end = memchr(s->said, '\n', s->said_len);

	if (!end)
		return 0;
	snprintf(text, sizeof text, "%.*s", (int)(end - s->said), s->said);
	return sl_count_parse(text, 1, INT64_MAX, &number) ? number : 0;
}

int detach_spawn(char **argv)
{
	struct spawn *s = sl_alloc(sizeof *s);
	int64_t number = 0;
	int rc = start(s, argv);

	if (rc)
		cli_error("cannot start the run in the background: %s", uv_strerror(rc));
	while (!rc && !s->exited && !(number = number_said(s)))
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	if (!number)
		number = number_said(s);
	rc = rc ? RUN_INTERNAL : number ? RUN_DONE : s->code ? s->code : RUN_INTERNAL;
	if (number)
		printf("run %lld goes on in the background; watch it with: sluice attach %lld\n",
		       (long long)number, (long long)number);
	if (s->handles) {
		uv_close((uv_handle_t *)&s->process, handle_closed);
		uv_close((uv_handle_t *)&s->pipe, handle_closed);
	}
	while (s->handles)
		uv_run(uv_default_loop(), UV_RUN_ONCE);
	free(s);
	return rc;
}

int detach_verb(struct cli *c, const char *verb, int64_t number)
{
	char text[32], fd[8], *argv[16];
	size_t n = 0;

	snprintf(text, sizeof text, "%lld", (long long)number);
	snprintf(fd, sizeof fd, "%d", STARTED_FD);
	argv[n++] = (char *)"sluice";
	argv[n++] = (char *)verb;
	argv[n++] = text;
	argv[n++] = (char *)"--yes";
	argv[n++] = (char *)"--wait";
	argv[n++] = (char *)"--started-fd";
	argv[n++] = fd;
	if (c->take_over)
		argv[n++] = (char *)"--take-over";
	if (c->keep)
		argv[n++] = (char *)"--keep";
	if (c->reason) {
		argv[n++] = (char *)"--reason";
		argv[n++] = (char *)c->reason;
	}
	argv[n] = NULL;
	return detach_spawn(argv);
}

void detach_started(struct cli *c, int64_t number)
{
	int null;

	if (c->started_fd < 0)
		return;
	if (dprintf(c->started_fd, "%lld\n", (long long)number) < 0)
		cli_error("nobody waits for this run any more; it goes on");
	close(c->started_fd);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}
