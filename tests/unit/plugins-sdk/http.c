/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a server on the same loop that answers as told by the path. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "plugins/sdk/http.h"
#include "plugins/sdk/mem.h"

#define GUARD_MS  30000
#define LONG_BODY 8000000

/* --- the server --- */

union conn_handle {
	uv_handle_t any;
	uv_stream_t stream;
	uv_tcp_t tcp;
	uv_pipe_t pipe;
};

struct conn {
	union conn_handle h;
	char in[8192], chunk[4096];
	size_t len;
};

static const struct {
	const char *path, *answer;
} pages[] = {
	{"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Odd:  a\tb \r\n\r\nhello"},
	{"/none", "HTTP/1.1 204 No Content\r\n\r\n"},
	{"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope"},
	{"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"},
	{"/garbage", "SSH-2.0-OpenSSH\r\n\r\n"},
	{"/short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"},
	{"/big", "HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n"
		 "0123456789012345678901234567890123456789012345678901234567890123"},
	{"/chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"},
	{"/denied", "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"},
	{"/endless", "HTTP/1.1 200 OK\r\n\r\nfirst"},
	{"/continue", "HTTP/1.1 100 Continue\r\nX-First: 1\r\n\r\n"
		      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
};

static uv_loop_t loop;
static uv_timer_t guard;
static uv_prepare_t prepare;
static uv_tcp_t tcp_server;
static uv_pipe_t pipe_server;
static unsigned port;
static char folder[64], socket_path[100];
static size_t accepted, open_conns, silent;
static char last_request[8192];
static struct sl_http *http;

static void on_guard(uv_timer_t *timer)
{
	(void)timer;
	fprintf(stderr, "the test hangs: nothing it waits for happened in %d s\n", GUARD_MS / 1000);
	abort();
}

static void on_conn_closed(uv_handle_t *handle)
{
	open_conns--;
	free(handle->data);
}

static void conn_close(struct conn *c)
{
	if (!uv_is_closing(&c->h.any))
		uv_close(&c->h.any, on_conn_closed);
}

static void on_written(uv_write_t *req, int status)
{
	struct conn *c = req->handle->data;

	free(req);
	if (status != 0)
		conn_close(c);
}

static void on_last_written(uv_write_t *req, int status)
{
	(void)status;
	conn_close(req->handle->data);
	free(req);
}

static void conn_say(struct conn *c, const char *text, uv_write_cb done)
{
	uv_write_t *req = sl_alloc(sizeof *req);
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned)strlen(text));

	uv_write(req, &c->h.stream, &buf, 1, done);
}

/* /silent says nothing, /headers never stops with headers, the rest is in the table. */
static void conn_answer(struct conn *c)
{
	static char headers[200000];
	char path[64];

	snprintf(last_request, sizeof last_request, "%s", c->in);
	c->len = 0;
	if (sscanf(c->in, "%*s %63s", path) != 1 || strcmp(path, "/silent") == 0) {
		silent++;
		return;
	}
	path[strcspn(path, "?")] = '\0';
	if (strcmp(path, "/headers") == 0) {
		size_t n = (size_t)snprintf(headers, sizeof headers, "HTTP/1.1 200 OK\r\n");

		while (n < sizeof headers - 100)
			n += (size_t)snprintf(headers + n, 100, "X-%zu: y\r\n", n);
		conn_say(c, headers, on_last_written);
		return;
	}
	if (strcmp(path, "/long") == 0) {
		static char body[LONG_BODY + 100];
		int n = snprintf(body, 100, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
				 LONG_BODY);

		memset(body + n, 'x', LONG_BODY);
		conn_say(c, body, on_written);
		return;
	}
	for (size_t i = 0; i < SL_COUNT(pages); i++)
		if (strcmp(pages[i].path, path) == 0)
			conn_say(c, pages[i].answer,
				 strcmp(path, "/short") && strcmp(path, "/garbage")
					 ? on_written
					 : on_last_written);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct conn *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

/* A request is whole after its headers and the bytes of its Content-Length. */
static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct conn *c = stream->data;
	const char *end, *length;
	size_t body = 0;

	if (n < 0) {
		conn_close(c);
		return;
	}
	assert_true(c->len + (size_t)n < sizeof c->in);
	memcpy(c->in + c->len, buf->base, (size_t)n);
	c->len += (size_t)n;
	c->in[c->len] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (!end)
		return;
	length = strstr(c->in, "Content-Length: ");
	if (length)
		body = strtoul(length + 16, NULL, 10);
	if (c->len >= (size_t)(end + 4 - c->in) + body)
		conn_answer(c);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct conn *c = sl_alloc(sizeof *c);

	assert_int_equal(status, 0);
	if (server->type == UV_TCP)
		uv_tcp_init(&loop, &c->h.tcp);
	else
		uv_pipe_init(&loop, &c->h.pipe, 0);
	c->h.any.data = c;
	accepted++;
	open_conns++;
	assert_int_equal(uv_accept(server, &c->h.stream), 0);
	uv_read_start(&c->h.stream, on_alloc, on_read);
}

static void serve(void)
{
	struct sockaddr_in at;
	int len = sizeof at;

	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(&loop, &tcp_server);
	assert_int_equal(uv_tcp_bind(&tcp_server, (struct sockaddr *)&at, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&tcp_server, 128, on_connection), 0);
	uv_tcp_getsockname(&tcp_server, (struct sockaddr *)&at, &len);
	port = ntohs(at.sin_port);
	snprintf(socket_path, sizeof socket_path, "%s/http.sock", folder);
	uv_pipe_init(&loop, &pipe_server, 0);
	assert_int_equal(uv_pipe_bind(&pipe_server, socket_path), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&pipe_server, 128, on_connection), 0);
}

/* --- the bench --- */

struct seen {
	bool done, starting, fired_inside;
	int calls;
	struct sl_error error;
	long status;
	char body[200], odd[64];
	size_t headers;
	void (*more)(struct seen *s);
};

static const bool *awaited;

/* UV_RUN_ONCE would run the timers that are due and then still block: look between the two. */
static void on_prepare(uv_prepare_t *handle)
{
	(void)handle;
	if (*awaited)
		uv_stop(&loop);
}

static void wait_for(const bool *flag)
{
	awaited = flag;
	uv_prepare_start(&prepare, on_prepare);
	while (!*flag)
		uv_run(&loop, UV_RUN_DEFAULT);
	uv_prepare_stop(&prepare);
}

static void on_flag(void *arg)
{
	*(bool *)arg = true;
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	/* A proxy in the environment must not matter. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	snprintf(folder, sizeof folder, "%s/sluice-test.XXXXXX",
		 tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder));
	uv_loop_init(&loop);
	uv_prepare_init(&loop, &prepare);
	uv_timer_init(&loop, &guard);
	uv_timer_start(&guard, on_guard, GUARD_MS, 0);
	serve();
	accepted = silent = 0;
	http = sl_http_new(&loop);
	return 0;
}

static int teardown(void **state)
{
	bool closed = false;

	(void)state;
	if (http) {
		sl_http_close(http, on_flag, &closed);
		assert_false(closed);
		wait_for(&closed);
	}
	uv_close((uv_handle_t *)&tcp_server, NULL);
	uv_close((uv_handle_t *)&pipe_server, NULL);
	uv_close((uv_handle_t *)&guard, NULL);
	uv_close((uv_handle_t *)&prepare, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(open_conns, 0);
	assert_int_equal(uv_loop_close(&loop), 0);
	unlink(socket_path);
	rmdir(folder);
	return 0;
}

static void on_done(void *arg, const struct sl_http_response *r)
{
	struct seen *s = arg;
	const char *odd = sl_http_response_header(r, "x-odd");

	s->fired_inside = s->starting;
	s->calls++;
	s->error = r->error;
	s->status = r->status;
	s->headers = r->header_count;
	snprintf(s->body, sizeof s->body, "%s", r->body);
	snprintf(s->odd, sizeof s->odd, "%s", odd ? odd : "(none)");
	s->done = true;
	if (s->more)
		s->more(s);
}

static struct sl_http_call *start(struct seen *s, struct sl_http_request *r, const char *host,
				  const char *path)
{
	char url[200];
	struct sl_http_call *call;

	snprintf(url, sizeof url, "http://%s:%u%s", host, port, path);
	r->url = url;
	if (!r->timeout_ms)
		r->timeout_ms = 10000;
	s->starting = true;
	call = sl_http_start(http, r, on_done, s);
	s->starting = false;
	assert_non_null(call);
	return call;
}

static void get(struct seen *s, struct sl_http_request r, const char *path)
{
	*s = (struct seen){0};
	start(s, &r, "127.0.0.1", path);
	wait_for(&s->done);
	assert_false(s->fired_inside);
	assert_int_equal(s->calls, 1);
}

/* --- tests --- */

static void test_answers(void **state)
{
	static const struct {
		const char *path;
		long status;
		const char *body;
	} rows[] = {
		{"/ok?token=1", 200, "hello"}, {"/none", 204, ""},     {"/missing", 404, "nope"},
		{"/moved", 302, ""},           {"/continue", 200, ""},
	};
	struct seen s;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		get(&s, (struct sl_http_request){0}, rows[i].path);
		assert_string_equal(s.error.msg, "");
		assert_int_equal(s.error.code, SL_OK);
		assert_int_equal(s.status, rows[i].status);
		assert_string_equal(s.body, rows[i].body);
	}
	assert_int_equal(s.headers, 1); /* those of the 100 are gone */
	assert_int_equal(accepted, 1);  /* kept alive */
	get(&s, (struct sl_http_request){0}, "/ok");
	assert_string_equal(s.odd, "a b");
}

static void test_request(void **state)
{
	static const struct sl_http_header headers[] = {{"X-Lane", "grey"}, {"X-Empty", ""}};
	struct seen s;

	(void)state;
	get(&s,
	    (struct sl_http_request){
		    .method = "PUT",
		    .headers = headers,
		    .header_count = 2,
		    .body = "a\0b",
		    .body_len = 3,
	    },
	    "/none");
	assert_int_equal(s.status, 204);
	assert_non_null(strstr(last_request, "PUT /none HTTP/1.1\r\n"));
	assert_non_null(strstr(last_request, "\r\nX-Lane: grey\r\n"));
	assert_non_null(strstr(last_request, "\r\nX-Empty:\r\n"));
	assert_non_null(strstr(last_request, "\r\nContent-Length: 3\r\n"));
	assert_null(strstr(last_request, "Content-Type"));
	get(&s, (struct sl_http_request){.method = "POST"}, "/none");
	assert_non_null(strstr(last_request, "\r\nContent-Length: 0\r\n"));
	get(&s, (struct sl_http_request){.method = "HEAD"}, "/ok");
	assert_int_equal(s.status, 200);
	assert_string_equal(s.body, "");
}

static void test_unix(void **state)
{
	struct seen s;

	(void)state;
	get(&s, (struct sl_http_request){.unix_socket = socket_path}, "/ok");
	assert_int_equal(s.status, 200);
	assert_string_equal(s.body, "hello");
	get(&s, (struct sl_http_request){.unix_socket = "/nonexistent/x.sock"}, "/ok");
	assert_int_equal(s.error.code, SL_EREFUSED);
}

static void test_errors(void **state)
{
	static const struct sl_http_header evil[] = {{"X-A", "b\r\nX-C: d"}},
					   space[] = {{"X A", "b"}};
	char longest[300];
	const struct {
		const char *path;
		struct sl_http_request r;
		enum sl_err code;
		const char *says;
	} rows[] = {
		{"/garbage", {0}, SL_EPROTO, "GET http://127.0.0.1:"},
		{"/short?token=secret", {0}, SL_ELOST, "/short: "},
		{"/big", {.max_body = 63}, SL_EPROTO, "larger than 63 bytes"},
		{"/big", {.max_body = 64}, SL_OK, ""},
		{"/headers", {0}, SL_EPROTO, "larger than"},
		{"/silent", {.timeout_ms = 50}, SL_ETIMEOUT, "within 50 ms"},
		{"/ok", {.headers = evil, .header_count = 1}, SL_EINPUT, "'X-A' cannot be sent"},
		{"/ok", {.headers = space, .header_count = 1}, SL_EINPUT, "'X A' cannot be sent"},
		{"/ok", {.method = "G T"}, SL_EINPUT, "not an HTTP method"},
		{"/ok", {.unix_socket = longest}, SL_EINPUT, "too long"},
	};
	struct seen s;

	(void)state;
	memset(longest, '/', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		get(&s, rows[i].r, rows[i].path);
		assert_int_equal(s.error.code, rows[i].code);
		assert_non_null(strstr(s.error.msg, rows[i].says));
		assert_null(strstr(s.error.msg, "secret"));
		assert_int_equal(s.status == 0, rows[i].code != SL_OK);
	}
}

static void test_urls(void **state)
{
	static const struct {
		const char *url;
		enum sl_err code;
	} rows[] = {
		{"", SL_EINPUT},
		{"http://", SL_EINPUT},
		{"file:///etc/passwd", SL_EINPUT},
		{"http://user:hunter2@a b/", SL_EINPUT},
		{"http://127.0.0.1:1/", SL_EREFUSED},
		{"http://user:hunter2@127.0.0.1:1/", SL_EREFUSED},
		/* No label is so long: this fails without asking a name server. */
		{"http://"
		 "0123456789012345678901234567890123456789012345678901234567890123x.invalid/",
		 SL_ERESOLVE},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct sl_http_request r = {.url = rows[i].url, .timeout_ms = 20000};
		struct seen s = {0};

		sl_http_start(http, &r, on_done, &s);
		wait_for(&s.done);
		assert_int_equal(s.error.code, rows[i].code);
		assert_null(strstr(s.error.msg, "hunter2"));
	}
}

static void test_lookup(void **state)
{
	struct sl_http_request r = {0};
	struct seen s = {0};

	(void)state;
	start(&s, &r, "localhost", "/ok");
	wait_for(&s.done);
	assert_string_equal(s.error.msg, "");
	assert_int_equal(s.status, 200);
}

static void test_cancel(void **state)
{
	struct sl_http_request r = {0};
	struct seen early = {0}, late = {0}, lookup = {0}, other = {0};
	struct sl_http_call *call;

	(void)state;
	sl_http_cancel(start(&early, &r, "127.0.0.1", "/silent"));
	sl_http_cancel(start(&lookup, &r, "localhost", "/ok"));
	assert_false(early.done);
	call = start(&late, &r, "127.0.0.1", "/silent");
	start(&other, &r, "127.0.0.1", "/ok");
	wait_for(&other.done);
	while (!silent)
		uv_run(&loop, UV_RUN_ONCE);
	sl_http_cancel(call);
	wait_for(&late.done);
	assert_true(early.done && lookup.done);
	assert_int_equal(early.error.code, SL_ECANCELED);
	assert_int_equal(lookup.error.code, SL_ECANCELED);
	assert_int_equal(late.error.code, SL_ECANCELED);
	assert_int_equal(other.status, 200);
	assert_int_equal(early.calls + late.calls + lookup.calls + other.calls, 4);
}

static struct seen second;

static void start_second(struct seen *s)
{
	struct sl_http_request r = {0};

	s->more = NULL;
	start(&second, &r, "127.0.0.1", "/missing");
}

/* done may start the next call, and closing cancels what runs before it says closed. */
static void test_reentrant(void **state)
{
	struct sl_http_request r = {0};
	struct seen first = {.more = start_second}, running = {0};
	bool closed = false;

	(void)state;
	second = (struct seen){0};
	start(&first, &r, "127.0.0.1", "/ok");
	wait_for(&second.done);
	assert_int_equal(first.status, 200);
	assert_int_equal(second.status, 404);
	start(&running, &r, "127.0.0.1", "/silent");
	sl_http_close(http, on_flag, &closed);
	http = NULL;
	assert_false(running.done);
	wait_for(&closed);
	assert_true(running.done);
	assert_int_equal(running.error.code, SL_ECANCELED);
}

/* --- bodies that are given as they come --- */

struct stream {
	struct seen seen; /* first: one is cast to the other */
	struct sl_http_call *call;
	char got[64];
	size_t total;
	long status;
	bool fed, late, cancel, restart;
	struct seen other;
};

static void on_data(void *arg, long status, const char *bytes, size_t len)
{
	struct stream *s = arg;

	assert_true(len > 0);
	s->late = s->late || s->seen.calls || s->seen.starting;
	s->fed = true;
	s->status = status;
	if (s->total + len < sizeof s->got)
		memcpy(s->got + s->total, bytes, len);
	s->total += len;
	if (s->restart)
		start(&s->other, &(struct sl_http_request){0}, "127.0.0.1", "/ok");
	s->restart = false;
	if (s->cancel)
		sl_http_cancel(s->call);
}

static void stream_start(struct stream *s, const char *path, int64_t timeout_ms)
{
	struct sl_http_request r = {.data = on_data, .timeout_ms = timeout_ms, .max_body = 8};

	s->call = start(&s->seen, &r, "127.0.0.1", path);
}

static void test_stream(void **state)
{
	struct stream s = {.restart = true};

	(void)state;
	stream_start(&s, "/chunks", 0);
	wait_for(&s.seen.done);
	assert_int_equal(s.seen.error.code, SL_OK);
	assert_string_equal(s.got, "hello, world"); /* max_body does not count */
	assert_string_equal(s.seen.body, "");
	assert_int_equal(s.status, 200);
	assert_false(s.late);
	wait_for(&s.other.done);
	assert_int_equal(s.other.status, 200);

	s = (struct stream){0};
	stream_start(&s, "/denied", 0);
	wait_for(&s.seen.done);
	assert_string_equal(s.got, "no");
	assert_int_equal(s.status, 403);
	assert_int_equal(s.seen.status, 403);
}

/* Bytes arrive while the answer goes on; a cancel from inside ends it, without more of them. */
static void test_stream_ends(void **state)
{
	struct stream s = {.cancel = true};

	(void)state;
	stream_start(&s, "/endless", 0);
	wait_for(&s.seen.done);
	assert_string_equal(s.got, "first");
	assert_int_equal(s.seen.error.code, SL_ECANCELED);
	assert_int_equal(s.seen.calls, 1);

	s = (struct stream){0};
	stream_start(&s, "/endless", 300);
	wait_for(&s.fed);
	assert_int_equal(s.seen.calls, 0);
	wait_for(&s.seen.done);
	assert_string_equal(s.got, "first");
	assert_int_equal(s.seen.error.code, SL_ETIMEOUT);
	assert_false(s.late);

	s = (struct stream){0};
	stream_start(&s, "/short", 0);
	wait_for(&s.seen.done);
	assert_string_equal(s.got, "hello");
	assert_int_equal(s.seen.error.code, SL_ELOST);
}

/* Far more than is allowed to wait passes through, and all of it. */
static void test_stream_long(void **state)
{
	struct stream s = {0};

	(void)state;
	stream_start(&s, "/long", 0);
	wait_for(&s.seen.done);
	assert_int_equal(s.seen.error.code, SL_OK);
	assert_int_equal(s.total, LONG_BODY);
	assert_false(s.late);
}

/* What is there already is not held up, and nothing is lost; one that waits can end. */
static void test_stream_paced(void **state)
{
	struct sl_http_request r = {.data = on_data, .pace_ms = 40};
	struct stream s = {0};

	(void)state;
	s.call = start(&s.seen, &r, "127.0.0.1", "/long");
	wait_for(&s.seen.done);
	assert_int_equal(s.seen.error.code, SL_OK);
	assert_int_equal(s.total, LONG_BODY);
	assert_false(s.late);

	s = (struct stream){0};
	r.pace_ms = 3600 * 1000;
	s.call = start(&s.seen, &r, "127.0.0.1", "/endless");
	wait_for(&s.fed);
	sl_http_cancel(s.call);
	wait_for(&s.seen.done);
	assert_int_equal(s.seen.error.code, SL_ECANCELED);
	assert_string_equal(s.got, "first");
}

static void test_many(void **state)
{
	struct seen s[60] = {{0}};
	struct sl_http_request r = {0};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(s); i++)
		start(&s[i], &r, "127.0.0.1", i % 2 ? "/ok" : "/missing");
	for (size_t i = 0; i < SL_COUNT(s); i++) {
		wait_for(&s[i].done);
		assert_int_equal(s[i].status, i % 2 ? 200 : 404);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unix, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_urls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lookup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reentrant, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_paced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
