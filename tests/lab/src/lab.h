/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lab's little programs share: a bounded buffer, addresses, non-blocking sockets, and just
 * enough of HTTP/1.1 (a head, a Content-Length body). Only libc: these programs stand on their own,
 * so that a fault in sluice's own code cannot hide in them.
 */
#ifndef SLUICE_LAB_H
#define SLUICE_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LAB_HEAD_MAX 8192
#define LAB_BUF_MAX  (1 << 20)

static inline int64_t lab_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void lab_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

/* --- buffer --- */

struct lab_buf {
	char *data; /* NUL-terminated when len > 0 */
	size_t len, room;
};

static inline void lab_buf_add(struct lab_buf *b, const void *data, size_t len)
{
	if (b->len + len + 1 > b->room) {
		b->room = (b->len + len + 1) * 2;
		b->data = realloc(b->data, b->room);
		if (!b->data || b->room > 4 * LAB_BUF_MAX)
			lab_die("out of memory");
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

__attribute__((format(printf, 2, 3))) static inline void lab_buf_addf(struct lab_buf *b,
								      const char *format, ...)
{
	char text[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lab_buf_add(b, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static inline void lab_buf_cut(struct lab_buf *b, size_t len)
{
	memmove(b->data, b->data + len, b->len - len);
	b->len -= len;
	b->data[b->len] = '\0';
}

static inline void lab_buf_release(struct lab_buf *b)
{
	free(b->data);
	*b = (struct lab_buf){0};
}

/* --- sockets --- */

union lab_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_un un;
};

/* "127.0.0.1:8080" or a path that starts with "/". Returns the length, or 0. */
static inline socklen_t lab_address_parse(const char *text, union lab_address *a)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	long port;

	memset(a, 0, sizeof(*a));
	if (text[0] == '/') {
		if (strlen(text) >= sizeof(a->un.sun_path))
			return 0;
		a->un.sun_family = AF_UNIX;
		strcpy(a->un.sun_path, text);
		return sizeof(a->un);
	}
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return 0;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	port = strtol(colon + 1, NULL, 10);
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((uint16_t)port);
	if (port < 1 || port > 65535 || inet_pton(AF_INET, host, &a->in.sin_addr) != 1)
		return 0;
	return sizeof(a->in);
}

static inline void lab_nodelay(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* A non-blocking listening socket, or -1 and errno. */
static inline int lab_listen(const char *text)
{
	union lab_address a;
	socklen_t len = lab_address_parse(text, &a);
	int on = 1, fd;

	if (!len) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (a.any.sa_family == AF_UNIX)
		unlink(a.un.sun_path);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &a.any, len) == 0 && listen(fd, 512) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A non-blocking socket on its way to `text`, or -1 and errno. */
static inline int lab_connect(const char *text)
{
	union lab_address a;
	socklen_t len = lab_address_parse(text, &a);
	int fd;

	if (!len) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (a.any.sa_family == AF_INET)
		lab_nodelay(fd);
	if (connect(fd, &a.any, len) == 0 || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -1;
}

/* Read what is there: 1 = got some, 0 = nothing now, -1 = end or error (errno 0 = orderly end). */
static inline int lab_read(int fd, struct lab_buf *b)
{
	char chunk[16384];
	ssize_t n;

	do
		n = read(fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0 || b->len + (size_t)n > LAB_BUF_MAX) {
		errno = n ? EMSGSIZE : 0;
		return -1;
	}
	lab_buf_add(b, chunk, (size_t)n);
	return 1;
}

/* Write what goes: 1 = all gone, 0 = the rest later, -1 = error. */
static inline int lab_write(int fd, struct lab_buf *b)
{
	while (b->len) {
		ssize_t n = send(fd, b->data, b->len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		lab_buf_cut(b, (size_t)n);
	}
	return 1;
}

/* --- HTTP --- */

/* The length of the head with its empty line; 0 = not all there yet; -1 = too long. */
static inline long lab_http_head(const struct lab_buf *b)
{
	const char *end = b->len ? memmem(b->data, b->len, "\r\n\r\n", 4) : NULL;

	if (!end)
		return b->len > LAB_HEAD_MAX ? -1 : 0;
	return (long)(end + 4 - b->data);
}

/* A header's value, copied and cut to size. False = not there. */
static inline bool lab_http_header(const struct lab_buf *b, long head, const char *name,
				   char *value, size_t size)
{
	size_t name_len = strlen(name);
	const char *line = b->data, *end = b->data + head;

	while ((line = memmem(line, (size_t)(end - line), "\r\n", 2)) != NULL) {
		const char *stop, *from;

		line += 2;
		if ((size_t)(end - line) <= name_len || line[name_len] != ':' ||
		    strncasecmp(line, name, name_len) != 0)
			continue;
		from = line + name_len + 1;
		from += strspn(from, " \t");
		stop = memmem(from, (size_t)(end - from), "\r\n", 2);
		snprintf(value, size, "%.*s", (int)(stop - from), from);
		return true;
	}
	return false;
}

/* The length of a whole message at the start of b; 0 = more to come; -1 = not ours to read. */
static inline long lab_http_whole(const struct lab_buf *b, long *head)
{
	char value[32];
	long body = 0;

	*head = lab_http_head(b);
	if (*head <= 0)
		return *head;
	if (lab_http_header(b, *head, "transfer-encoding", value, sizeof(value)))
		return -1;
	if (lab_http_header(b, *head, "content-length", value, sizeof(value)))
		body = strtol(value, NULL, 10);
	if (body < 0 || body > LAB_BUF_MAX / 2)
		return -1;
	return b->len >= (size_t)(*head + body) ? *head + body : 0;
}

static inline bool lab_http_close(const struct lab_buf *b, long head)
{
	char value[32];

	return lab_http_header(b, head, "connection", value, sizeof(value)) &&
	       strcasecmp(value, "close") == 0;
}

/* "HTTP/1.1 200 OK" -> 200; 0 = none. */
static inline int lab_http_status(const struct lab_buf *b)
{
	return b->len > 12 && strncmp(b->data, "HTTP/1.", 7) == 0 ? atoi(b->data + 9) : 0;
}

#endif
