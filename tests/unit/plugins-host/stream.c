/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and timers as a plugin gets them, against an echo server on the same loop. */
#include "plugins/host/internal.h"
#include "plugins/sdk/buf.h"
#include "tests/unit/plugins-host/harness.h"

#include <arpa/inet.h>

/* --- a server that echoes, or closes, or does nothing --- */

union peer_handle {
	uv_handle_t any;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

static struct bench bench;
static uv_tcp_t tcp_server;
static uv_pipe_t pipe_server;
static unsigned port;
static enum { PEER_ECHOES, PEER_CLOSES, PEER_IGNORES } manner;
static size_t peers;
static union peer_handle *last_peer;

static void on_peer_closed(uv_handle_t *handle)
{
	peers--;
	free(handle);
}

static void peer_close(union peer_handle *p)
{
	if (!uv_is_closing(&p->any))
		uv_close(&p->any, on_peer_closed);
}

static void on_peer_written(uv_write_t *req, int status)
{
	(void)status;
	free(req->data);
	free(req);
}

static void on_peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	(void)handle;
	*buf = uv_buf_init(sl_alloc(suggested), (unsigned)suggested);
}

static void on_peer_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	uv_write_t *req;
	uv_buf_t out;

	if (n <= 0) {
		free(buf->base);
		if (n < 0)
			peer_close((union peer_handle *)stream);
		return;
	}
	req = sl_alloc(sizeof *req);
	req->data = buf->base;
	out = uv_buf_init(buf->base, (unsigned)n);
	uv_write(req, stream, &out, 1, on_peer_written);
}

static void on_connection(uv_stream_t *server, int status)
{
	union peer_handle *p = sl_alloc(sizeof *p);

	assert_int_equal(status, 0);
	if (server->type == UV_TCP)
		uv_tcp_init(&bench.loop, &p->tcp);
	else
		uv_pipe_init(&bench.loop, &p->pipe, 0);
	peers++;
	last_peer = p;
	assert_int_equal(uv_accept(server, &p->stream), 0);
	if (manner == PEER_CLOSES)
		peer_close(p);
	else if (manner == PEER_ECHOES)
		uv_read_start(&p->stream, on_peer_alloc, on_peer_read);
}

static int setup(void **state)
{
	struct sockaddr_in at;
	int len = sizeof at;

	(void)state;
	bench_init(&bench);
	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(&bench.loop, &tcp_server);
	uv_tcp_bind(&tcp_server, (struct sockaddr *)&at, 0);
	assert_int_equal(uv_listen((uv_stream_t *)&tcp_server, 8, on_connection), 0);
	uv_tcp_getsockname(&tcp_server, (struct sockaddr *)&at, &len);
	port = ntohs(at.sin_port);
	uv_pipe_init(&bench.loop, &pipe_server, 0);
	assert_int_equal(uv_pipe_bind(&pipe_server, bench_path(&bench, "echo.sock")), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&pipe_server, 8, on_connection), 0);
	manner = PEER_ECHOES;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	uv_close((uv_handle_t *)&tcp_server, NULL);
	uv_close((uv_handle_t *)&pipe_server, NULL);
	while (peers)
		uv_run(&bench.loop, UV_RUN_ONCE);
	bench_release(&bench);
	return 0;
}

/* --- what a stream told --- */

struct told {
	bool starting, opened, ended, closed, got;
	struct sl_error open_error, end_error;
	struct sl_buf data;
	size_t want;
	enum { NEVER, AT_OPEN, AT_DATA, AT_END } close_at;
};

static void maybe_close(struct told *t, struct sl_stream *s, int now)
{
	if ((int)t->close_at == now)
		sl_stream_close(s);
}

static void on_opened(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct told *t = arg;

	assert_false(t->starting || t->opened || t->closed);
	t->opened = true;
	t->open_error = *e;
	maybe_close(t, s, AT_OPEN);
}

static void on_data(void *arg, struct sl_stream *s, const char *bytes, size_t len)
{
	struct told *t = arg;

	assert_true(t->opened && !t->ended && !t->closed && len > 0);
	sl_buf_append(&t->data, bytes, len);
	t->got = t->data.len >= t->want;
	maybe_close(t, s, AT_DATA);
}

static void on_ended(void *arg, struct sl_stream *s, const struct sl_error *e)
{
	struct told *t = arg;

	assert_true(t->opened && !t->ended && !t->closed);
	t->ended = true;
	t->end_error = *e;
	maybe_close(t, s, AT_END);
}

static void on_closed(void *arg)
{
	struct told *t = arg;

	assert_false(t->starting || t->closed);
	t->closed = true;
}

static const struct sl_stream_events events = {on_opened, on_data, on_ended, on_closed};

static struct sl_stream *dial(struct told *t, const char *unix_name, const char *address,
			      int64_t timeout_ms)
{
	const struct sl_endpoint to = {.unix_path = unix_name, .address = address, .port = port};
	struct sl_stream *s;
	int close_at = t->close_at;

	*t = (struct told){.starting = true, .want = 1};
	t->close_at = close_at;
	sl_buf_init(&t->data, (size_t)16 * 1024 * 1024);
	s = plugin_stream_open(&bench.loop, &to, timeout_ms, &events, t);
	t->starting = false;
	assert_non_null(s);
	return s;
}

static void hang_up(struct told *t, struct sl_stream *s)
{
	if (s)
		sl_stream_close(s);
	assert_true(!s || !t->closed);
	bench_wait(&bench, &t->closed);
	sl_buf_release(&t->data);
}

/* --- tests --- */

static void test_echo(void **state)
{
	const struct {
		const char *unix_name, *address;
	} rows[] = {
		{bench_path(&bench, "echo.sock"), NULL},
		{NULL, "127.0.0.1"},
		{NULL, "localhost"},
	};
	struct told t = {0};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_stream *s = dial(&t, rows[i].unix_name, rows[i].address, 5000);
		struct sl_error e = {0};

		assert_int_equal(sl_stream_write(s, "x", 1, &e), SL_ELOST); /* not open yet */
		bench_wait(&bench, &t.opened);
		assert_string_equal(t.open_error.msg, "");
		t.want = 6;
		assert_int_equal(sl_stream_write(s, "foo", 3, &e), SL_OK);
		assert_int_equal(sl_stream_write(s, "bar", 3, &e), SL_OK);
		bench_wait(&bench, &t.got);
		assert_string_equal(sl_buf_str(&t.data), "foobar");
		sl_stream_finish(s);
		assert_int_equal(sl_stream_write(s, "x", 1, &e), SL_ELOST);
		bench_wait(&bench, &t.ended);
		assert_int_equal(t.end_error.code, SL_OK);
		hang_up(&t, s);
	}
}

/* More than a socket's buffer, in one piece: partial writes are the stream's business. */
static void test_large(void **state)
{
	const size_t size = (size_t)3 * 1024 * 1024;
	char *big = sl_alloc(size);
	struct told t = {0};
	struct sl_stream *s = dial(&t, NULL, "127.0.0.1", 5000);

	(void)state;
	for (size_t i = 0; i < size; i++)
		big[i] = (char)(i * 7 % 251);
	bench_wait(&bench, &t.opened);
	t.want = size;
	assert_int_equal(sl_stream_write(s, big, size, NULL), SL_OK);
	bench_wait(&bench, &t.got);
	assert_int_equal(t.data.len, size);
	assert_memory_equal(t.data.data, big, size);
	free(big);
	hang_up(&t, s);
}

/* A peer that does not read: past 4 MiB the stream says so and breaks, later. */
static void test_overflow(void **state)
{
	const size_t size = (size_t)1024 * 1024;
	char *piece = sl_alloc(size);
	struct told t = {0};
	struct sl_stream *s;
	struct sl_error e = {0};
	int rc = SL_OK;

	(void)state;
	manner = PEER_IGNORES;
	s = dial(&t, bench_path(&bench, "echo.sock"), NULL, 5000);
	bench_wait(&bench, &t.opened);
	for (int i = 0; i < 10 && rc == SL_OK; i++)
		rc = sl_stream_write(s, piece, size, &e);
	assert_int_equal(rc, SL_EPROTO);
	assert_false(t.ended);
	bench_wait(&bench, &t.ended);
	assert_int_equal(t.end_error.code, SL_EPROTO);
	free(piece);
	hang_up(&t, s);
	peer_close(last_peer);
}

static void test_refused(void **state)
{
	char longest[200];
	const struct {
		const char *unix_name, *address;
		unsigned port;
		enum sl_err code;
	} rows[] = {
		{bench_path(&bench, "none.sock"), NULL, 0, SL_ENOTFOUND},
		{longest, NULL, 0, SL_EINPUT},
		{NULL, "127.0.0.1", 1, SL_EREFUSED},
		{NULL, "0123456789012345678901234567890123456789012345678901234567890123x.x", 1,
		 SL_ERESOLVE},
	};
	struct told t = {0};

	(void)state;
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_stream *s;

		port = rows[i].port;
		s = dial(&t, rows[i].unix_name, rows[i].address, 5000);
		bench_wait(&bench, &t.opened);
		assert_int_equal(t.open_error.code, rows[i].code);
		assert_non_null(strstr(t.open_error.msg,
				       rows[i].unix_name ? rows[i].unix_name : rows[i].address));
		assert_false(t.ended);
		hang_up(&t, s);
	}
}

/* A listener whose queue is full leaves the connection waiting: the deadline ends it. */
static void test_deadline(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[8];
	struct told t = {0};
	struct sl_stream *s;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(listener, 0), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	for (size_t i = 0; i < SL_COUNT(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&at, sizeof at);
	}
	port = ntohs(at.sin_port);
	s = dial(&t, NULL, "127.0.0.1", 50);
	bench_wait(&bench, &t.opened);
	assert_int_equal(t.open_error.code, SL_ETIMEOUT);
	assert_non_null(strstr(t.open_error.msg, "within 50 ms"));
	hang_up(&t, s);
	for (size_t i = 0; i < SL_COUNT(fill); i++)
		close(fill[i]);
	close(listener);
}

/* Closed at any time: only closed fires afterwards, once. */
static void test_close_anywhere(void **state)
{
	struct told t = {0};
	struct sl_stream *s;

	(void)state;
	s = dial(&t, NULL, "localhost", 5000); /* in the lookup */
	hang_up(&t, s);
	assert_false(t.opened);
	s = dial(&t, NULL, "127.0.0.1", 5000); /* in the connect */
	hang_up(&t, s);
	assert_false(t.opened);
	t.close_at = AT_OPEN;
	dial(&t, NULL, "127.0.0.1", 5000);
	hang_up(&t, NULL);
	assert_true(t.opened && !t.ended);
	manner = PEER_CLOSES;
	t.close_at = AT_END;
	dial(&t, NULL, "127.0.0.1", 5000);
	hang_up(&t, NULL);
	assert_true(t.opened && t.ended);
	manner = PEER_ECHOES;
	t.close_at = AT_DATA;
	s = dial(&t, NULL, "127.0.0.1", 5000);
	bench_wait(&bench, &t.opened);
	assert_int_equal(sl_stream_write(s, "x", 1, NULL), SL_OK);
	hang_up(&t, NULL);
	assert_true(t.got && !t.ended);
}

/* --- the services of a backend --- */

static const struct sl_host_services *services;

static void *keep_services(const struct sl_settings *settings, const struct sl_host_services *given,
			   struct sl_error *e)
{
	(void)settings;
	(void)e;
	services = given;
	return (void *)given;
}

static void close_later(void *instance, void (*closed)(void *arg), void *arg)
{
	(void)instance;
	services->timer(services->ctx, 0, closed, arg);
}

static void on_never(void *arg)
{
	(void)arg;
	fail_msg("a cancelled timer fired");
}

static void test_services(void **state)
{
	const struct sl_plugin plugin = {
		.name = "probe", .open = keep_services, .close = close_later};
	const struct sl_settings settings = {.backend = "edge"};
	const struct sl_endpoint far = {.host = "lb1", .unix_path = "/x"};
	struct plugin_backend *b = plugin_backend_open(bench.host, &plugin, &settings, NULL);
	struct told t = {.starting = true};
	struct sl_stream *s;
	bool fired = false, closed = false;

	(void)state;
	assert_non_null(b);
	services->timer_cancel(services->ctx, services->timer(services->ctx, 0, on_never, NULL));
	services->timer(services->ctx, 1, bench_flag, &fired);
	assert_false(fired);
	bench_wait(&bench, &fired);
	s = services->stream(services->ctx, &far, 1000, &events, &t);
	t.starting = false;
	bench_wait(&bench, &t.opened);
	assert_int_equal(t.open_error.code, SL_EUNSUPPORTED);
	assert_non_null(strstr(t.open_error.msg, "'lb1'"));
	sl_stream_close(s);
	bench_wait(&bench, &t.closed);
	plugin_backend_close(b, bench_flag, &closed);
	bench_wait(&bench, &closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
		cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_services, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
