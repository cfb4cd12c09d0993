/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a file: `cat` on the host reads what is pumped into its standard input. The command is
 * always the same words; mode and path are the first two lines of the input (sh's read takes a
 * pipe byte by byte, so the rest is left for cat). The file is read on the thread pool, a piece at
 * a time, the next one when the last has left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/transport_internal.h"
#include "plugins/sdk/mem.h"

#define PIECE  (256 * 1024)
#define MARKER "sluice-put\n"

static const char command[] =
	"exec /bin/sh -c 'LC_ALL=C; export LC_ALL; IFS= read -r m && IFS= read -r f && echo "
	"sluice-put && umask 077 && cat >\"$f\" && chmod \"$m\" \"$f\"'";

enum put_state { PUT_OPENING, PUT_READING, PUT_SENDING, PUT_FINISHED };

/* Lives until its file request has come back, though its call may be gone before. */
struct put {
	struct transport_call *call; /* NULL once the call has ended */
	struct transport_pool *pool;
	enum put_state state;
	char *local_file, *path;
	unsigned mode;
	uv_fs_t req;
	bool in_flight;
	uv_file fd;
	char *piece;
};

struct put *put_make(const char *local_file, const char *path, unsigned mode)
{
	struct put *p = sl_alloc(sizeof *p);

	p->local_file = sl_strdup(local_file);
	p->path = sl_strdup(path);
	p->mode = mode;
	p->fd = -1;
	return p;
}

static void put_destroy(struct put *p)
{
	uv_fs_t req;

	if (p->fd >= 0) {
		uv_fs_close(NULL, &req, p->fd, NULL);
		uv_fs_req_cleanup(&req);
	}
	free(p->local_file);
	free(p->path);
	free(p->piece);
	free(p);
}

void put_free(struct put *p)
{
	p->call = NULL;
	if (!p->in_flight)
		put_destroy(p);
}

/* The request came back. False when nobody waits for it any more. */
static bool put_landed(struct put *p)
{
	struct transport_pool *pool = p->pool;
	bool wanted = p->call != NULL;

	p->in_flight = false;
	uv_fs_req_cleanup(&p->req);
	if (!wanted)
		put_destroy(p);
	transport_pool_drop(pool);
	return wanted;
}

static void put_fly(struct put *p)
{
	p->in_flight = true;
	p->req.data = p;
	transport_pool_hold(p->pool);
}

static void local_failed(struct put *p, int err)
{
	struct sl_error e;

	sl_fail(&e, SL_EIO, "%s: cannot read %s: %s", p->call->t->target.name, p->local_file,
		uv_strerror(err));
	call_end(p->call, 0, &e);
}

static void on_read(uv_fs_t *req)
{
	struct put *p = req->data;
	ssize_t n = req->result;

	if (!put_landed(p))
		return;
	if (n < 0) {
		local_failed(p, (int)n);
		return;
	}
	if (n == 0) {
		p->state = PUT_FINISHED;
		p->call->pipe->ops->finish(p->call->pipe);
		return;
	}
	p->state = PUT_SENDING;
	p->call->pipe->ops->write(p->call->pipe, p->piece, (size_t)n);
}

static void put_read(struct put *p)
{
	uv_buf_t buf = uv_buf_init(p->piece, PIECE);

	p->state = PUT_READING;
	put_fly(p);
	uv_fs_read(transport_pool_loop(p->pool), &p->req, p->fd, &buf, 1, -1, on_read);
}

static void on_drained(void *arg)
{
	struct transport_call *c = arg;

	if (c->put->state == PUT_SENDING)
		put_read(c->put);
}

static void on_data(void *arg, int fd, const char *bytes, size_t len)
{
	struct transport_call *c = arg;

	sl_buf_append_tail(fd == 2 ? &c->err : &c->out, bytes, len);
}

static void on_ended(void *arg, int rc, const struct sl_error *e)
{
	struct transport_call *c = arg;
	struct sl_error own = {0};
	const char *name = c->t->target.name;

	if (e && e->code)
		own = *e;
	else if (!strstr(sl_buf_str(&c->out), MARKER))
		host_error_no_shell(&own, name);
	else if (strstr(sl_buf_str(&c->err), "No space left") ||
		 strstr(sl_buf_str(&c->err), "quota exceeded"))
		host_error_no_space(&own, name, c->put->path);
	else if (rc != 0)
		sl_fail(&own, SL_ECOMMAND, "%s: writing %s failed (exit code %d): %s", name,
			c->put->path, rc, sl_buf_str(&c->err));
	else if (c->put->state != PUT_FINISHED)
		sl_fail(&own, SL_EPROTO, "%s: writing %s ended before all was sent", name,
			c->put->path);
	call_end(c, rc, &own);
}

static const struct transport_pipe_events put_events = {
	.data = on_data,
	.drained = on_drained,
	.ended = on_ended,
};

static void on_open(uv_fs_t *req)
{
	struct put *p = req->data;
	struct transport_call *c = p->call;
	ssize_t fd = req->result;
	char *head;

	p->fd = fd >= 0 ? (uv_file)fd : -1;
	if (!put_landed(p))
		return;
	if (fd < 0) {
		local_failed(p, (int)fd);
		return;
	}
	p->piece = sl_alloc(PIECE);
	p->state = PUT_SENDING;
	c->pipe = c->t->ops->exec(c->t->driver, command, &put_events, c);
	head = sl_asprintf("%o\n%s\n", p->mode & 07777, p->path);
	c->pipe->ops->write(c->pipe, head, strlen(head));
	free(head);
}

void put_start(struct transport_call *c)
{
	struct put *p = c->put;

	p->call = c;
	p->pool = c->t->pool;
	put_fly(p);
	uv_fs_open(transport_pool_loop(p->pool), &p->req, p->local_file, O_RDONLY | O_CLOEXEC, 0,
		   on_open);
}
