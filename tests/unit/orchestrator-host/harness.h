/* SPDX-License-Identifier: Apache-2.0 */
/* A pool, a loop and synchronous words for the transport tests. */
#ifndef SLUICE_TEST_TRANSPORT_HARNESS_H
#define SLUICE_TEST_TRANSPORT_HARNESS_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "orchestrator/host/transport.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"

struct rig {
	uv_loop_t loop;
	struct transport_pool *pool;
	char folder[64];
	bool pool_closed;
};

/* How a call ended; text is cut to fit. */
struct outcome {
	unsigned fired;
	struct sl_error error;
	int rc;
	struct sl_buf out, err;
	struct rig *rig;
};

static void rig_open(struct rig *r, unsigned fanout)
{
	const char *base = getenv("TMPDIR");

	memset(r, 0, sizeof *r);
	snprintf(r->folder, sizeof r->folder, "%s/sl-tr-XXXXXX",
		 base && strlen(base) < 40 ? base : "/tmp");
	assert_non_null(mkdtemp(r->folder));
	assert_int_equal(uv_loop_init(&r->loop), 0);
	r->pool = transport_pool_new(&r->loop, fanout);
}

static void on_pool_closed(void *arg)
{
	*(bool *)arg = true;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void rig_close(struct rig *r)
{
	transport_pool_close(r->pool, on_pool_closed, &r->pool_closed);
	while (!r->pool_closed)
		uv_run(&r->loop, UV_RUN_ONCE);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void outcome_init(struct outcome *o, struct rig *r)
{
	memset(o, 0, sizeof *o);
	o->rig = r;
	sl_buf_init(&o->out, 4 * 1024 * 1024);
	sl_buf_init(&o->err, 64 * 1024);
}

static inline void outcome_release(struct outcome *o)
{
	sl_buf_release(&o->out);
	sl_buf_release(&o->err);
}

static void on_done(void *arg, const struct transport_result *result)
{
	struct outcome *o = arg;

	o->fired++;
	o->error = result->error;
	o->rc = result->rc;
	sl_buf_append(&o->out, result->out, result->out_len);
	sl_buf_append(&o->err, result->err, result->err_len);
}

static void wait_for(struct rig *r, const unsigned *count, unsigned n)
{
	while (*count < n)
		uv_run(&r->loop, UV_RUN_ONCE);
}

/* Run one command to its end; the outcome must be released. */
static inline void run_command(struct rig *r, struct transport *t, const char *command,
			       const char *input, int64_t timeout_ms, struct outcome *o)
{
	struct transport_exec exec = {
		.command = command,
		.input = input,
		.input_len = input ? strlen(input) : 0,
		.timeout_ms = timeout_ms,
	};

	outcome_init(o, r);
	transport_run(t, &exec, on_done, o);
	assert_int_equal(o->fired, 0);
	wait_for(r, &o->fired, 1);
}

/* What a stream said so far. */
struct talk {
	unsigned opened, ended, closed;
	struct sl_error error;
	struct sl_buf in;
};

static inline void talk_opened(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct talk *t = arg;

	(void)s;
	t->opened++;
	t->error = *e;
}

static inline void talk_data(void *arg, struct sl_stream *s, const char *bytes, size_t len)
{
	struct talk *t = arg;

	(void)s;
	sl_buf_append(&t->in, bytes, len);
}

static inline void talk_ended(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct talk *t = arg;

	(void)s;
	t->ended++;
	t->error = *e;
}

static inline void talk_closed(void *arg)
{
	((struct talk *)arg)->closed++;
}

static const struct sl_stream_events talk_events = {
	.opened = talk_opened,
	.data = talk_data,
	.ended = talk_ended,
	.closed = talk_closed,
};

static inline void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	chmod(path, mode);
}

/* The whole file, NUL-terminated; free it. */
static inline char *read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	struct sl_buf b;
	char piece[4096];
	size_t n;

	assert_non_null(f);
	sl_buf_init(&b, 64 * 1024 * 1024);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		sl_buf_append(&b, piece, n);
	fclose(f);
	*len = b.len;
	return sl_buf_take(&b);
}

/* A server of ours on the same loop that answers every byte it gets, upper case, and ends when the
 * other side ends. */
struct echo {
	union {
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t unix;
	} u;
	bool is_unix;
	unsigned port;
};

struct echo_write {
	uv_write_t req;
	char bytes[];
};

static void echo_free(uv_handle_t *h)
{
	free(h);
}

static void echo_written(uv_write_t *req, int status)
{
	(void)status;
	free(req);
}

static void echo_alloc(uv_handle_t *h, size_t n, uv_buf_t *buf)
{
	(void)h;
	*buf = uv_buf_init(sl_alloc(n), (unsigned)n);
}

static void echo_finished(uv_shutdown_t *req, int status)
{
	(void)status;
	uv_close((uv_handle_t *)req->handle, echo_free);
	free(req);
}

static void echo_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct echo_write *w;
	uv_buf_t out;

	if (n == UV_EOF) {
		uv_read_stop(s);
		uv_shutdown(sl_alloc(sizeof(uv_shutdown_t)), s, echo_finished);
	} else if (n < 0) {
		uv_close((uv_handle_t *)s, echo_free);
	} else if (n > 0) {
		w = sl_alloc(sizeof *w + (size_t)n);
		for (ssize_t i = 0; i < n; i++) {
			char c = buf->base[i];
			w->bytes[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		}
		out = uv_buf_init(w->bytes, (unsigned)n);
		uv_write(&w->req, s, &out, 1, echo_written);
	}
	free(buf->base);
}

static void echo_connection(uv_stream_t *listening, int status)
{
	struct echo *e = listening->data;
	uv_stream_t *s = sl_alloc(e->is_unix ? sizeof(uv_pipe_t) : sizeof(uv_tcp_t));

	assert_int_equal(status, 0);
	if (e->is_unix)
		uv_pipe_init(listening->loop, (uv_pipe_t *)s, 0);
	else
		uv_tcp_init(listening->loop, (uv_tcp_t *)s);
	assert_int_equal(uv_accept(listening, s), 0);
	uv_read_start(s, echo_alloc, echo_read);
}

/* path NULL = TCP on 127.0.0.1, any port. */
static inline void echo_open(struct echo *e, struct rig *r, const char *path)
{
	struct sockaddr_in a;
	int len = sizeof a;

	e->is_unix = path != NULL;
	if (path) {
		uv_pipe_init(&r->loop, &e->u.unix, 0);
		assert_int_equal(uv_pipe_bind(&e->u.unix, path), 0);
	} else {
		uv_tcp_init(&r->loop, &e->u.tcp);
		uv_ip4_addr("127.0.0.1", 0, &a);
		assert_int_equal(uv_tcp_bind(&e->u.tcp, (struct sockaddr *)&a, 0), 0);
		uv_tcp_getsockname(&e->u.tcp, (struct sockaddr *)&a, &len);
		e->port = ntohs(a.sin_port);
	}
	e->u.stream.data = e;
	assert_int_equal(uv_listen(&e->u.stream, 16, echo_connection), 0);
}

static inline void echo_close(struct echo *e)
{
	uv_close((uv_handle_t *)&e->u.stream, NULL);
}

/* Say "hello" through a stream, expect "HELLO", then the end after ours. */
static inline void talk_through(struct rig *r, struct transport *t, const struct sl_endpoint *to)
{
	struct talk talk = {0};
	struct sl_stream *s;

	sl_buf_init(&talk.in, 65536);
	s = transport_stream(t, to, 5000, &talk_events, &talk);
	assert_int_equal(talk.opened, 0);
	wait_for(r, &talk.opened, 1);
	assert_string_equal(talk.error.msg, "");
	assert_int_equal(sl_stream_write(s, "hello", 5, NULL), SL_OK);
	while (talk.in.len < 5)
		uv_run(&r->loop, UV_RUN_ONCE);
	assert_string_equal(sl_buf_str(&talk.in), "HELLO");
	sl_stream_finish(s);
	wait_for(r, &talk.ended, 1);
	assert_int_equal(talk.error.code, SL_OK);
	sl_stream_close(s);
	wait_for(r, &talk.closed, 1);
	sl_buf_release(&talk.in);
}

#endif
