/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server under the lab's fakes: one thread, poll(), keep-alive, answers that may come
 * later, and misbehaviour on demand. A fake includes this once and provides
 *
 *     fake_serve(q)   answer one request with fake_say or fake_json, or leave it for later
 *     fake_tick(now)  do what is due; returns the time (lab_now) of the next, or INT64_MAX
 *     fake_gone(c)    a connection that was left for later has closed
 *     fake_report(o)  add to the answer of GET /_fake
 *     fake_tune(k, v) a knob of its own from PUT /_fake?k=v; false = unknown
 *
 * PUT /_fake?mood=WORD[&ms=N][&mb=N][&match=TEXT][&times=N][&skew=SECONDS] makes it misbehave for
 * requests whose "METHOD path" holds TEXT, N times: slow (answers ms late), silent (never),
 * error (500, text), empty, garbage, truncated (half of the answer, then closes), short (valid
 * JSON of the wrong shape), huge (mb megabytes), html, redirect, drop (closes at once), deaf
 * (does the work, then closes without an answer), and gateway (does it, and answers 502 as a proxy
 * that did not wait). mood=good ends it. GET /_fake counts.
 */
#ifndef SLUICE_LAB_FAKE_H
#define SLUICE_LAB_FAKE_H

#include <cjson/cJSON.h>
#include <poll.h>
#include <signal.h>

#include "lab.h"

#define FAKE_CONNS    256
#define FAKE_SEGMENTS 16
#define FAKE_BODY_MAX (1 << 20)

struct fake_conn {
	int fd; /* -1 = free */
	struct lab_buf in;
	char *out;
	size_t out_len, out_at;
	bool held, shut;    /* an answer is due later; close when all is written */
	bool raw;           /* no HTTP any more: what comes goes to fake_raw */
	int64_t held_until; /* mood slow: serve the request again then; 0 = not so */
};

struct fake_request {
	struct fake_conn *conn;
	char method[8];
	char *target; /* as sent */
	char *segment[FAKE_SEGMENTS], *query;
	size_t segments;
	const char *body;
	size_t body_len;
	long head;
	cJSON *json; /* the body, or NULL */
};

static struct fake_server {
	int listener;
	struct fake_conn conns[FAKE_CONNS];
	char mood[16], match[200];
	bool moody; /* the mood holds for the request in hand: for moods of a fake's own */
	long ms, mb, times;
	long skew; /* seconds that the fake's clock is off */
	long long requests, gets, not_modified, bytes;
	const char *head; /* headers of every answer */
} fake_server;

static void fake_serve(struct fake_request *q);
static int64_t fake_tick(int64_t now);
static void fake_gone(struct fake_conn *c);
static void fake_report(cJSON *out);
static bool fake_tune(const char *key, const char *value);
static void fake_raw(struct fake_conn *c);

static inline long long fake_time(void)
{
	return (long long)time(NULL) + fake_server.skew;
}

/* --- answers --- */

/* One more name in a list, if it is not there. */
static inline void fake_add_name(cJSON *list, const char *name)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list) if (strcmp(item->valuestring, name) == 0) return;
	cJSON_AddItemToArray(list, cJSON_CreateString(name));
}

static inline void fake_put(struct fake_conn *c, const void *bytes, size_t len)
{
	c->out = realloc(c->out, c->out_len + len + 1);
	if (!c->out)
		lab_die("out of memory");
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
}

static inline const char *fake_reason(int status)
{
	return status == 200   ? "OK"
	       : status == 204 ? "No Content"
	       : status == 304 ? "Not Modified"
	       : status < 500  ? "Refused"
			       : "Internal Server Error";
}

/* headers: complete lines with \r\n, or "". type NULL = none. */
static inline void fake_say(struct fake_conn *c, int status, const char *type, const char *headers,
			    const char *body, size_t len)
{
	char head[2048];
	int n;

	n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n%s%s%s%s%sContent-Length: %zu\r\n\r\n",
		     status, fake_reason(status), fake_server.head, type ? "Content-Type: " : "",
		     type ? type : "", type ? "\r\n" : "", headers, len);
	if (status == 304)
		fake_server.not_modified++;
	fake_server.bytes += (long long)len;
	fake_put(c, head, (size_t)n);
	fake_put(c, body, len);
	c->held = false;
}

static inline void fake_text(struct fake_conn *c, int status, const char *headers, const char *text)
{
	fake_say(c, status, "text/plain; charset=utf-8", headers, text, strlen(text));
}

/* Takes json. */
static inline void fake_json(struct fake_conn *c, int status, const char *type, const char *headers,
			     cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);

	fake_say(c, status, type, headers, text, strlen(text));
	free(text);
	cJSON_Delete(json);
}

/* --- requests --- */

static inline void fake_unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		unsigned byte;

		if (*s == '%' && sscanf(s + 1, "%2x", &byte) == 1 && byte) {
			*to++ = (char)byte;
			s += 2;
		} else {
			*to++ = *s == '+' ? ' ' : *s;
		}
	}
	*to = '\0';
}

/* The n-th value of a query parameter, decoded; NULL = none. Yours to free. */
static inline char *fake_param(const struct fake_request *q, const char *name, size_t n)
{
	size_t len = strlen(name);

	for (const char *at = q->query; at && *at; at += strcspn(at, "&"), at += *at == '&') {
		size_t whole = strcspn(at, "&");
		char *value;

		if (whole < len || strncmp(at, name, len) != 0 || (whole > len && at[len] != '='))
			continue;
		if (n--)
			continue;
		value = whole > len ? strndup(at + len + 1, whole - len - 1) : strdup("");
		if (!value)
			lab_die("out of memory");
		fake_unescape(value);
		return value;
	}
	return NULL;
}

static inline bool fake_param_is(const struct fake_request *q, const char *name, const char *wanted)
{
	char *value = fake_param(q, name, 0);
	bool is = value && strcmp(value, wanted) == 0;

	free(value);
	return is;
}

static inline bool fake_header(const struct fake_request *q, const char *name, char *value,
			       size_t size)
{
	return lab_http_header(&q->conn->in, q->head, name, value, size);
}

/* Does the path have these segments? "*" = any. */
static inline bool fake_path(const struct fake_request *q, const char *pattern)
{
	size_t i = 0;

	for (const char *at = pattern; *at; i++) {
		size_t len;

		at += *at == '/';
		len = strcspn(at, "/");
		if (i >= q->segments)
			return false;
		if (!(len == 1 && *at == '*') &&
		    (strlen(q->segment[i]) != len || strncmp(q->segment[i], at, len) != 0))
			return false;
		at += len;
	}
	return i == q->segments;
}

static inline void fake_split(struct fake_request *q)
{
	char *at = q->target;

	q->query = strchr(at, '?');
	if (q->query)
		*q->query++ = '\0';
	while (*at && q->segments < FAKE_SEGMENTS) {
		while (*at == '/')
			*at++ = '\0';
		if (!*at)
			break;
		q->segment[q->segments++] = at;
		at += strcspn(at, "/");
	}
	for (size_t i = 0; i < q->segments; i++)
		fake_unescape(q->segment[i]);
}

/* --- misbehaviour --- */

static inline void fake_control(struct fake_request *q)
{
	static const char *const own[] = {"mood", "match", "ms", "mb", "times", "skew"};
	long *const numbers[] = {NULL,
				 NULL,
				 &fake_server.ms,
				 &fake_server.mb,
				 &fake_server.times,
				 &fake_server.skew};
	cJSON *out;

	for (const char *at = q->query; at && *at; at += strcspn(at, "&"), at += *at == '&') {
		char key[32], *value;
		size_t i = 0;

		snprintf(key, sizeof(key), "%.*s", (int)strcspn(at, "=&"), at);
		value = fake_param(q, key, 0);
		while (i < 6 && strcmp(own[i], key) != 0)
			i++;
		if (i == 0) {
			snprintf(fake_server.mood, sizeof(fake_server.mood), "%s", value);
			fake_server.match[0] = '\0';
			fake_server.times = -1;
		} else if (i == 1)
			snprintf(fake_server.match, sizeof(fake_server.match), "%s", value);
		else if (i < 6)
			*numbers[i] = strtol(value, NULL, 10);
		else if (!fake_tune(key, value))
			fprintf(stderr, "no such knob: %s\n", key);
		free(value);
	}
	out = cJSON_CreateObject();
	cJSON_AddNumberToObject(out, "requests", (double)fake_server.requests);
	cJSON_AddNumberToObject(out, "gets", (double)fake_server.gets);
	cJSON_AddNumberToObject(out, "notModified", (double)fake_server.not_modified);
	cJSON_AddNumberToObject(out, "bytes", (double)fake_server.bytes);
	fake_report(out);
	fake_json(q->conn, 200, "application/json", "", out);
}

static inline void fake_huge(struct fake_conn *c, size_t bytes)
{
	char *text = malloc(bytes + 3);

	if (!text)
		lab_die("out of memory");
	memset(text, ' ', bytes);
	text[0] = '{';
	text[bytes] = '}';
	fake_say(c, 200, "application/json", "", text, bytes + 1);
	free(text);
}

static inline bool fake_moody(const struct fake_request *q, const char *line)
{
	(void)q;
	if (!fake_server.mood[0] || strcmp(fake_server.mood, "good") == 0 ||
	    fake_server.times == 0 || !strstr(line, fake_server.match))
		return false;
	if (fake_server.times > 0)
		fake_server.times--;
	return true;
}

/* True = this was the whole answer. */
static inline bool fake_misbehave(struct fake_request *q)
{
	static const char page[] = "<html><body><h1>Please sign in</h1></body></html>";
	struct fake_conn *c = q->conn;
	const char *m = fake_server.mood;

	if (strcmp(m, "silent") == 0)
		c->held = true;
	else if (strcmp(m, "error") == 0)
		fake_text(c, 500, "", "upstream connect error\n");
	else if (strcmp(m, "empty") == 0)
		fake_say(c, 200, "application/json", "", "", 0);
	else if (strcmp(m, "garbage") == 0)
		fake_say(c, 200, "application/json", "", "{\"a\":\x01\x1b[2J]]", 12);
	else if (strcmp(m, "short") == 0)
		fake_say(c, 200, "application/json", "", "[1,{\"data\":7}]", 14);
	else if (strcmp(m, "html") == 0)
		fake_say(c, 200, "text/html", "", page, sizeof(page) - 1);
	else if (strcmp(m, "redirect") == 0)
		fake_say(c, 302, NULL, "Location: http://elsewhere.example/\r\n", "", 0);
	else if (strcmp(m, "huge") == 0)
		fake_huge(c, (size_t)(fake_server.mb ? fake_server.mb : 100) << 20);
	else if (strcmp(m, "drop") == 0)
		c->shut = true;
	else
		return false;
	return true;
}

static inline void fake_truncate(struct fake_conn *c, size_t from)
{
	const char *end = memmem(c->out + from, c->out_len - from, "\r\n\r\n", 4);

	if (end) {
		size_t head = (size_t)(end + 4 - c->out);

		c->out_len = head + (c->out_len - head) / 2;
	}
	c->shut = true;
}

static inline void fake_request_run(struct fake_request *q, const char *line, bool again)
{
	struct fake_conn *c = q->conn;
	size_t from = c->out_len;
	bool moody;

	if (q->segments == 1 && strcmp(q->segment[0], "_fake") == 0) {
		fake_control(q);
		return;
	}
	fake_server.requests += !again;
	fake_server.gets += !again && strcmp(q->method, "GET") == 0;
	moody = fake_server.moody = !again && fake_moody(q, line);
	if (moody && fake_misbehave(q))
		return;
	if (moody && strcmp(fake_server.mood, "slow") == 0) {
		c->held_until = lab_now() + fake_server.ms;
		c->held = true;
		return;
	}
	fake_serve(q);
	if (moody && strcmp(fake_server.mood, "truncated") == 0)
		fake_truncate(c, from);
	if (moody && strcmp(fake_server.mood, "deaf") == 0) {
		c->out_len = from;
		c->shut = true;
	}
	if (moody && strcmp(fake_server.mood, "gateway") == 0) {
		c->out_len = from;
		fake_text(c, 502, "", "upstream timed out\n");
	}
}

/* Take the first request of c, if all of it is there. False = not yet. */
static inline bool fake_take(struct fake_conn *c, bool again)
{
	struct fake_request q = {.conn = c};
	char line[2048], value[32] = "0";
	long whole;

	q.head = lab_http_head(&c->in);
	if (q.head < 0 ||
	    (q.head && lab_http_header(&c->in, q.head, "content-length", value, sizeof(value)) &&
	     strtol(value, NULL, 10) > FAKE_BODY_MAX)) {
		c->shut = true;
		return false;
	}
	whole = q.head + strtol(value, NULL, 10);
	if (!q.head || c->in.len < (size_t)whole)
		return false;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(c->in.data, "\r\n"), c->in.data);
	q.body = c->in.data + q.head;
	q.body_len = (size_t)(whole - q.head);
	q.json = q.body_len ? cJSON_ParseWithLength(q.body, q.body_len) : NULL;
	snprintf(q.method, sizeof(q.method), "%.*s", (int)strcspn(line, " "), line);
	q.target = strchr(line, ' ');
	q.target = strdup(q.target ? q.target + 1 : "/");
	if (!q.target)
		lab_die("out of memory");
	q.target[strcspn(q.target, " ")] = '\0';
	fake_split(&q);
	c->held_until = 0;
	fake_request_run(&q, line, again);
	cJSON_Delete(q.json);
	free(q.target);
	if (!c->held_until)
		lab_buf_cut(&c->in, (size_t)whole);
	return true;
}

/* --- the loop --- */

static inline void fake_drop(struct fake_conn *c)
{
	fake_gone(c);
	close(c->fd);
	lab_buf_release(&c->in);
	free(c->out);
	*c = (struct fake_conn){.fd = -1};
}

static inline void fake_accept(void)
{
	int fd = accept4(fake_server.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	lab_nodelay(fd);
	for (size_t i = 0; i < FAKE_CONNS; i++)
		if (fake_server.conns[i].fd < 0) {
			fake_server.conns[i] = (struct fake_conn){.fd = fd};
			return;
		}
	close(fd);
}

static inline bool fake_read(struct fake_conn *c)
{
	char chunk[65536];
	ssize_t n = read(c->fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (c->in.len < 3 * LAB_BUF_MAX / 2)
		lab_buf_add(&c->in, chunk, (size_t)n);
	return true;
}

static inline bool fake_write(struct fake_conn *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_at, c->out_len - c->out_at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->out_at += (size_t)n;
	}
	free(c->out);
	c->out = NULL;
	c->out_len = c->out_at = 0;
	return !c->shut;
}

static inline void fake_conn_turn(struct fake_conn *c, short seen)
{
	if ((seen & (POLLIN | POLLHUP | POLLERR)) && !fake_read(c)) {
		fake_drop(c);
		return;
	}
	if (c->raw)
		fake_raw(c);
	else
		while (!c->held && !c->shut && !c->raw && fake_take(c, false)) {
		}
	if (!fake_write(c))
		fake_drop(c);
}

static inline void fake_turn(void)
{
	struct pollfd p[FAKE_CONNS + 1];
	struct fake_conn *of[FAKE_CONNS + 1];
	int64_t now = lab_now(), due = fake_tick(now);
	nfds_t n = 1;

	p[0] = (struct pollfd){.fd = fake_server.listener, .events = POLLIN};
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		struct fake_conn *c = &fake_server.conns[i];

		if (c->fd < 0)
			continue;
		if (c->held_until && c->held_until <= now) {
			c->held = false;
			fake_take(c, true);
		} else if (c->held_until && c->held_until < due)
			due = c->held_until;
		of[n] = c;
		p[n++] = (struct pollfd){
			.fd = c->fd,
			.events = (short)(POLLIN | (c->out_len || c->shut ? POLLOUT : 0))};
	}
	if (poll(p, n, due == INT64_MAX ? -1 : due > now ? (int)(due - now) : 0) < 0)
		return;
	if (p[0].revents)
		fake_accept();
	for (nfds_t i = 1; i < n; i++)
		if (p[i].revents)
			fake_conn_turn(of[i], p[i].revents);
}

/* address may end in :0; says on standard output where it listens. Never returns. */
__attribute__((noreturn)) static inline void fake_run(const char *address)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	const char *colon = strrchr(address, ':');
	char host[64];
	int on = 1;

	signal(SIGPIPE, SIG_IGN);
	snprintf(host, sizeof(host), "%.*s", colon ? (int)(colon - address) : 0, address);
	if (!colon || inet_pton(AF_INET, host, &a.sin_addr) != 1)
		lab_die("'%s' is no ADDRESS:PORT", address);
	a.sin_port = htons((uint16_t)strtol(colon + 1, NULL, 10));
	fake_server.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(fake_server.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fake_server.listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(fake_server.listener, 512) != 0)
		lab_die("cannot listen on %s: %s", address, strerror(errno));
	getsockname(fake_server.listener, (struct sockaddr *)&a, &len);
	for (size_t i = 0; i < FAKE_CONNS; i++)
		fake_server.conns[i].fd = -1;
	printf("http://%s:%d\n", host, ntohs(a.sin_port));
	fflush(stdout);
	for (;;)
		fake_turn();
}

/* --- words for ids: no cryptography is needed where only sameness counts --- */

static inline uint64_t fake_hash(uint64_t seed, const char *text)
{
	uint64_t h = 0xcbf29ce484222325u ^ (seed * 0x9e3779b97f4a7c15u);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9u;
	return h ^ (h >> 32);
}

/* digits hexadecimal digits that stand for text. */
static inline void fake_digest(char *dst, size_t digits, const char *text)
{
	for (size_t i = 0; i < digits; i += 8)
		snprintf(dst + i, 9, "%08x", (unsigned)(fake_hash(i + 1, text) >> 32));
	dst[digits] = '\0';
}

static inline const char *fake_str(const cJSON *json, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

#endif
