/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and streams on a master: small `ssh` clients of its control socket. A command is `ssh -S
 * SOCKET -- host COMMAND`, a TCP stream is `ssh -S SOCKET -W address:port`, a unix stream is a
 * connection to a local socket that the master was told to forward (`-O forward`), which is kept
 * for the next one to the same path.
 *
 * A client's exit code 255 is either the command's own or ssh's, and a stream's end may be the
 * connection's: before either is told, the control socket is asked for a sign of life (a master
 * greets whoever connects). Why a stream was refused, only the master's standard error says; by the
 * time of the greeting we have read it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "orchestrator/host/child.h"
#include "orchestrator/host/openssh.h"
#include "orchestrator/host/socket.h"
#include "orchestrator/host/transport_errors.h"
#include "plugins/sdk/mem.h"

#define MAX_STDERR 2048

enum pipe_kind { KIND_EXEC, KIND_TCP, KIND_UNIX };

struct openssh_pipe {
	struct transport_pipe pipe;
	struct openssh_link *link;
	enum pipe_kind kind;
	struct transport_pipe *inner; /* the client, or the local socket */
	struct sl_endpoint to;        /* streams; strings are ours */
	char *local;                  /* KIND_UNIX: the socket that is being forwarded */
	struct ssh_words words;       /* KIND_TCP: what the client says */
	struct sl_buf err;            /* KIND_EXEC: its newest standard error */
	struct sl_buf held;           /* came while paused */
	unsigned failures;            /* the master's count when we began */
	int rc;
	bool opened, paused, any, ended;
	struct openssh_pipe *prev, *next;
};

static struct openssh_pipe *pipe_of(const struct transport_pipe *p)
{
	return (struct openssh_pipe *)p;
}

/* --- the end --- */

static const struct transport_pipe_events check_events;

static void inner_close(struct openssh_pipe *p)
{
	if (p->inner)
		p->inner->ops->close(p->inner);
	p->inner = NULL;
}

static void start_client(struct openssh_pipe *p, const char *const *what, const char *command,
			 const struct transport_pipe_events *events)
{
	char **args = openssh_client_args(p->link->socket, what, command);
	struct child_options options = {
		.argv = (const char *const *)args,
		.name = p->link->name,
	};

	p->inner = child_start(p->link->pool, &options, events, p);
	openssh_args_free(args);
}

/* Is the master there? checked() goes on. */
static void check(struct openssh_pipe *p, int rc)
{
	const struct sl_endpoint to = {.unix_path = p->link->socket};

	p->rc = rc;
	inner_close(p);
	p->inner = socket_connect(p->link->pool, p->link->name, &to, &check_events, p);
}

static void end(struct openssh_pipe *p, int rc, const struct sl_error *e)
{
	if (p->ended)
		return;
	p->ended = true;
	inner_close(p);
	pipe_ended(&p->pipe, rc, e);
}

static int exec_verdict(const struct openssh_pipe *p, struct sl_error *e)
{
	const char *said = sl_buf_str(&p->err), *name = p->link->name;

	if (strstr(said, "exec request failed"))
		return host_error_no_shell(e, name);
	if (strstr(said, "Session open refused"))
		return host_error_sessions(e, name);
	return SL_OK;
}

static void checked(struct openssh_pipe *p, bool alive)
{
	const struct ssh_words *master = &p->link->words;
	struct sl_error e = {0};

	if (!alive) {
		/* All its pipes end, this one too. */
		openssh_link_lost(p->link);
		return;
	}
	if (p->kind == KIND_EXEC)
		exec_verdict(p, &e);
	else if (!p->any && master->open_failures != p->failures)
		host_error_stream(&e, p->link->name, &p->to, master->open_reason);
	else if (!p->opened)
		host_error_stream(&e, p->link->name, &p->to, p->words.last);
	end(p, p->kind == KIND_EXEC ? p->rc : 0, &e);
}

static void on_greeting(void *arg, int fd, const char *bytes, size_t len)
{
	(void)fd;
	(void)bytes;
	(void)len;
	checked(arg, true);
}

static void on_silence(void *arg, int rc, const struct sl_error *e)
{
	(void)rc;
	(void)e;
	checked(arg, false);
}

static const struct transport_pipe_events check_events = {
	.data = on_greeting,
	.ended = on_silence,
};

/* --- what the user does --- */

static void op_write(struct transport_pipe *pipe, const void *bytes, size_t len)
{
	struct openssh_pipe *p = pipe_of(pipe);

	if (p->inner && !p->ended)
		p->inner->ops->write(p->inner, bytes, len);
}

static void op_finish(struct transport_pipe *pipe)
{
	struct openssh_pipe *p = pipe_of(pipe);

	if (p->inner && !p->ended)
		p->inner->ops->finish(p->inner);
}

static size_t op_pending(const struct transport_pipe *pipe)
{
	const struct openssh_pipe *p = pipe_of(pipe);

	return p->inner ? p->inner->ops->pending(p->inner) : 0;
}

static void op_pause(struct transport_pipe *pipe, bool on)
{
	struct openssh_pipe *p = pipe_of(pipe);
	struct sl_buf held = p->held;

	p->paused = on;
	if (p->inner)
		p->inner->ops->pause(p->inner, on);
	if (on || !held.len)
		return;
	sl_buf_init(&p->held, held.max);
	pipe_data(&p->pipe, 1, held.data, held.len);
	sl_buf_release(&held);
}

static void op_close(struct transport_pipe *pipe)
{
	struct openssh_pipe *p = pipe_of(pipe);
	struct openssh_link *link = p->link;

	p->pipe.events = NULL;
	inner_close(p);
	DL_DELETE(link->pipes, p);
	ssh_words_release(&p->words);
	sl_buf_release(&p->err);
	sl_buf_release(&p->held);
	free((char *)p->to.address);
	free((char *)p->to.unix_path);
	free(p->local);
	free(p);
	openssh_link_drop(link);
}

static const struct transport_pipe_ops pipe_ops = {
	.write = op_write,
	.finish = op_finish,
	.pending = op_pending,
	.pause = op_pause,
	.close = op_close,
};

void openssh_pipes_end(struct openssh_link *l, const struct sl_error *e)
{
	struct openssh_pipe *p;

	/* Whoever hears of one may close any of them: each round looks anew. */
	do {
		DL_FOREACH(l->pipes, p)
		{
			if (!p->ended)
				break;
		}
		if (p)
			end(p, 0, e);
	} while (p);
}

static struct openssh_pipe *pipe_make(struct openssh_link *l, enum pipe_kind kind,
				      const struct transport_pipe_events *events, void *arg)
{
	struct openssh_pipe *p = sl_alloc(sizeof *p);

	p->pipe = (struct transport_pipe){.ops = &pipe_ops, .events = events, .arg = arg};
	p->link = l;
	p->kind = kind;
	p->failures = l->words.open_failures;
	ssh_words_init(&p->words);
	sl_buf_init(&p->err, MAX_STDERR);
	sl_buf_init(&p->held, 2 * TRANSPORT_SCRATCH);
	openssh_link_hold(l);
	DL_APPEND(l->pipes, p);
	return p;
}

/* --- commands --- */

static void on_exec_opened(void *arg)
{
	struct openssh_pipe *p = arg;

	pipe_opened(&p->pipe);
}

static void on_exec_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct openssh_pipe *p = arg;

	if (fd == 2)
		sl_buf_append_tail(&p->err, bytes, len);
	pipe_data(&p->pipe, fd, bytes, len);
}

static void on_drained(void *arg)
{
	struct openssh_pipe *p = arg;

	pipe_drained(&p->pipe);
}

static void on_exec_ended(void *arg, int rc, const struct sl_error *e)
{
	struct openssh_pipe *p = arg;

	if (!e->code && rc == 255)
		check(p, rc);
	else
		end(p, rc, e);
}

static const struct transport_pipe_events exec_events = {
	.opened = on_exec_opened,
	.data = on_exec_data,
	.drained = on_drained,
	.ended = on_exec_ended,
};

struct transport_pipe *openssh_exec(struct openssh_link *l, const char *command,
				    const struct transport_pipe_events *events, void *arg)
{
	static const char *const what[] = {"-T", "-o", "LogLevel=ERROR", NULL};
	struct openssh_pipe *p = pipe_make(l, KIND_EXEC, events, arg);

	start_client(p, what, command, &exec_events);
	return &p->pipe;
}

/* --- streams --- */

static void stream_opened(struct openssh_pipe *p)
{
	if (p->opened)
		return;
	p->opened = true;
	pipe_opened(&p->pipe);
}

static void stream_data(struct openssh_pipe *p, const char *bytes, size_t len)
{
	p->any = true;
	/* Bytes may be quicker than the word that the stream is open; they wait until it is told.
	 */
	if (!p->opened) {
		sl_buf_append(&p->held, bytes, len);
		stream_opened(p);
	} else if (p->paused || p->held.len) {
		sl_buf_append(&p->held, bytes, len);
	} else {
		pipe_data(&p->pipe, 1, bytes, len);
	}
}

static void on_tcp_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct openssh_pipe *p = arg;

	if (fd == 1) {
		stream_data(p, bytes, len);
		return;
	}
	ssh_words_feed(&p->words, bytes, len);
	if (p->words.forwarded)
		stream_opened(p);
}

static void on_tcp_ended(void *arg, int rc, const struct sl_error *e)
{
	struct openssh_pipe *p = arg;

	if (!e->code)
		check(p, rc);
	else
		end(p, 0, e);
}

static const struct transport_pipe_events tcp_events = {
	.data = on_tcp_data,
	.drained = on_drained,
	.ended = on_tcp_ended,
};

static void start_tcp(struct openssh_pipe *p)
{
	const char *what[] = {"-v", "-W", NULL, NULL};
	char *to = sl_asprintf(strchr(p->to.address, ':') ? "[%s]:%u" : "%s:%u", p->to.address,
			       p->to.port);

	what[2] = to;
	start_client(p, what, NULL, &tcp_events);
	free(to);
}

static void on_socket_opened(void *arg)
{
	stream_opened(arg);
}

static void on_socket_data(void *arg, int fd, const char *bytes, size_t len)
{
	(void)fd;
	stream_data(arg, bytes, len);
}

/* The local socket connects in any case; only the master knows why it ended. */
static void on_socket_ended(void *arg, int rc, const struct sl_error *e)
{
	(void)e;
	check(arg, rc);
}

static const struct transport_pipe_events socket_events = {
	.opened = on_socket_opened,
	.data = on_socket_data,
	.drained = on_drained,
	.ended = on_socket_ended,
};

static void connect_local(struct openssh_pipe *p, const char *local)
{
	const struct sl_endpoint to = {.unix_path = local};

	p->inner = socket_connect(p->link->pool, p->link->name, &to, &socket_events, p);
}

static void on_forwarded(void *arg, int rc, const struct sl_error *e)
{
	struct openssh_pipe *p = arg;
	struct openssh_forward *f;

	if (e->code || rc != 0) {
		check(p, rc);
		return;
	}
	f = sl_alloc(sizeof *f);
	f->remote = sl_strdup(p->to.unix_path);
	f->local = p->local;
	p->local = NULL;
	LL_PREPEND(p->link->forwards, f);
	inner_close(p);
	connect_local(p, f->local);
}

static const struct transport_pipe_events forward_events = {.ended = on_forwarded};

static void start_unix(struct openssh_pipe *p)
{
	const char *what[] = {"-O", "forward", "-L", NULL, NULL};
	struct openssh_forward *f;
	char *spec;

	if (*p->to.unix_path != '/' || strpbrk(p->to.unix_path, ":%$")) {
		check(p, 0); /* ssh cannot be told such a path */
		return;
	}
	LL_FOREACH(p->link->forwards, f)
	{
		if (strcmp(f->remote, p->to.unix_path) == 0) {
			connect_local(p, f->local);
			return;
		}
	}
	p->local = sl_asprintf("%s.%u", p->link->socket, transport_pool_serial(p->link->pool));
	what[3] = spec = sl_asprintf("%s:%s", p->local, p->to.unix_path);
	start_client(p, what, NULL, &forward_events);
	p->inner->ops->finish(p->inner);
	free(spec);
}

struct transport_pipe *openssh_stream(struct openssh_link *l, const struct sl_endpoint *to,
				      const struct transport_pipe_events *events, void *arg)
{
	struct openssh_pipe *p = pipe_make(l, to->unix_path ? KIND_UNIX : KIND_TCP, events, arg);

	p->to = (struct sl_endpoint){
		.address = sl_strdup(to->address),
		.unix_path = sl_strdup(to->unix_path),
		.port = to->port,
	};
	if (to->unix_path)
		start_unix(p);
	else
		start_tcp(p);
	return &p->pipe;
}
