/* SPDX-License-Identifier: Apache-2.0 */
/* Real servers on free ports, plain HTTP to them, and a fake one that says what it is told. */
#ifndef SLUICE_TEST_PLUGINS_HOST_PEER_H
#define SLUICE_TEST_PLUGINS_HOST_PEER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/http.h"
#include "tests/unit/plugins-host/harness.h"

/* --- real servers --- */

static inline unsigned peer_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static inline bool peer_installed(const char *program)
{
	char command[200];

	snprintf(command, sizeof command, "command -v %s >/dev/null", program);
	if (system(command) == 0)
		return true;
	print_message("SKIP: %s is not installed (make deps)\n", program);
	return false;
}

static inline pid_t peer_spawn(const char *const argv[], const char *log)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[0], (char *const *)(const void *)argv);
		_exit(127);
	}
	return pid;
}

static inline void peer_kill(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- plain HTTP --- */

struct peer_answer {
	bool done;
	enum sl_err code;
	long status;
	char body[65536];
};

static inline void peer_on_done(void *arg, const struct sl_http_response *r)
{
	struct peer_answer *a = arg;

	a->code = r->error.code;
	a->status = r->status;
	snprintf(a->body, sizeof a->body, "%s", r->body);
	a->done = true;
}

/* body NULL = GET. */
static inline struct peer_answer *peer_ask(struct bench *b, unsigned port, const char *path,
					   const char *body)
{
	static struct peer_answer answer;
	char url[400];
	const struct sl_http_request request = {
		.method = body ? "POST" : "GET",
		.url = url,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = 10000,
	};

	snprintf(url, sizeof url, "http://127.0.0.1:%u%s", port, path);
	answer.done = false;
	sl_http_start(plugin_host_http(b->host), &request, peer_on_done, &answer);
	bench_wait(b, &answer.done);
	return &answer;
}

static inline void peer_on_closed(uv_handle_t *handle)
{
	*(bool *)handle->data = true;
}

static inline void peer_on_timer(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, peer_on_closed);
}

/* These servers say that they are ready by answering: ask until they do, or until they are gone. */
static inline bool peer_ready(struct bench *b, pid_t pid, unsigned port, const char *path)
{
	for (int tries = 0; tries < 1000; tries++) {
		uv_timer_t again;
		bool over = false;

		if (peer_ask(b, port, path, NULL)->status == 200)
			return true;
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return false;
		uv_timer_init(&b->loop, &again);
		again.data = &over;
		uv_timer_start(&again, peer_on_timer, 20, 0);
		bench_wait(b, &over);
	}
	return false;
}

/* --- the fake --- */

struct fake_conn;

struct fake {
	struct bench *bench;
	uv_tcp_t listener;
	unsigned port;
	size_t open, requests, closing;
	/* What to say to a request: whole HTTP text of *len bytes; NULL = nothing, ever. The
	 * connection is closed after it when the answer has no Content-Length and no chunks. */
	const char *(*answer)(struct fake *fake, const char *request, size_t *len);
	void *arg;
	char last[8192];
	struct fake_conn *conns;
};

struct fake_conn {
	uv_tcp_t tcp;
	struct fake *fake;
	struct fake_conn *next;
	char in[4096];
	char text[8192];
	size_t len;
	bool hang_up;
};

static inline void fake_on_closed(uv_handle_t *handle)
{
	struct fake_conn *c = handle->data, **at = &c->fake->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->fake->open--;
	free(c);
}

static inline void fake_close(struct fake_conn *c)
{
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		uv_close((uv_handle_t *)&c->tcp, fake_on_closed);
}

static inline void fake_on_written(uv_write_t *req, int status)
{
	struct fake_conn *c = req->handle->data;

	if (status != 0 || c->hang_up)
		fake_close(c);
	free(req);
}

static inline void fake_say(struct fake_conn *c, const char *text, size_t len)
{
	uv_write_t *req = sl_alloc(sizeof *req);
	uv_buf_t buf = uv_buf_init((char *)text, (unsigned)len);

	uv_write(req, (uv_stream_t *)&c->tcp, &buf, 1, fake_on_written);
}

static inline void fake_hear(struct fake_conn *c)
{
	size_t len = 0;
	const char *text;

	snprintf(c->fake->last, sizeof c->fake->last, "%s", c->text);
	c->fake->requests++;
	c->len = 0;
	text = c->fake->answer(c->fake, c->fake->last, &len);
	if (!text)
		return;
	c->hang_up = !strstr(text, "Content-Length") && !strstr(text, "chunked");
	fake_say(c, text, len ? len : strlen(text));
}

static inline void fake_on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct fake_conn *c = stream->data;
	const char *end, *length;
	size_t body = 0;

	if (n < 0) {
		fake_close(c);
		return;
	}
	assert_true(c->len + (size_t)n < sizeof c->text);
	memcpy(c->text + c->len, buf->base, (size_t)n);
	c->len += (size_t)n;
	c->text[c->len] = '\0';
	end = strstr(c->text, "\r\n\r\n");
	if (!end)
		return;
	length = strstr(c->text, "Content-Length: ");
	if (length && length < end)
		body = strtoul(length + 16, NULL, 10);
	if (c->len >= (size_t)(end + 4 - c->text) + body)
		fake_hear(c);
}

static inline void fake_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct fake_conn *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init(c->in, sizeof c->in);
}

static inline void fake_on_connection(uv_stream_t *server, int status)
{
	struct fake *f = server->data;
	struct fake_conn *c = sl_alloc(sizeof *c);

	assert_int_equal(status, 0);
	c->fake = f;
	c->next = f->conns;
	f->conns = c;
	f->open++;
	uv_tcp_init(&f->bench->loop, &c->tcp);
	c->tcp.data = c;
	uv_accept(server, (uv_stream_t *)&c->tcp);
	uv_read_start((uv_stream_t *)&c->tcp, fake_on_alloc, fake_on_read);
}

static inline void fake_start(struct fake *f, struct bench *b,
			      const char *(*answer)(struct fake *fake, const char *request,
						    size_t *len))
{
	struct sockaddr_in at;
	int len = sizeof at;

	*f = (struct fake){.bench = b, .answer = answer};
	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(&b->loop, &f->listener);
	f->listener.data = f;
	assert_int_equal(uv_tcp_bind(&f->listener, (struct sockaddr *)&at, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&f->listener, 64, fake_on_connection), 0);
	uv_tcp_getsockname(&f->listener, (struct sockaddr *)&at, &len);
	f->port = ntohs(at.sin_port);
}

static inline void fake_on_gone(uv_handle_t *handle)
{
	struct fake *f = handle->data;

	f->closing = 2;
}

static inline void fake_stop(struct fake *f)
{
	f->closing = 1;
	uv_close((uv_handle_t *)&f->listener, fake_on_gone);
	for (struct fake_conn *c = f->conns; c; c = c->next)
		fake_close(c);
	while (f->closing != 2 || f->open)
		uv_run(&f->bench->loop, UV_RUN_ONCE);
}

/* Headers with the right length in front of a body. Yours to free. */
static inline char *fake_page(long status, const char *type, const char *body)
{
	return sl_asprintf("HTTP/1.1 %ld X\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
			   status, type, strlen(body), body);
}

#endif
