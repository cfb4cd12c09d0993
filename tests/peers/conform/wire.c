/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/peers/conform/wire.h"

#include <ctype.h>
#include <curl/curl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- HTTP --- */

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
	struct reply *r = arg;

	(void)one;
	r->body = realloc(r->body, r->len + len + 1);
	if (!r->body)
		abort();
	memcpy(r->body + r->len, bytes, len);
	r->len += len;
	r->body[r->len] = '\0';
	return len;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *arg)
{
	struct reply *r = arg;
	char line[600], *colon, *value;

	(void)one;
	snprintf(line, sizeof(line), "%.*s", (int)(len < 599 ? len : 599), bytes);
	line[strcspn(line, "\r\n")] = '\0';
	colon = strchr(line, ':');
	if (!colon)
		return len;
	*colon = '\0';
	for (char *p = line; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	value = colon + 1 + strspn(colon + 1, " \t");
	cJSON_AddStringToObject(r->headers, line, value);
	return len;
}

void wire_ask(struct reply *r, const char *method, const char *url, const cJSON *headers,
	      const char *body)
{
	CURL *easy = curl_easy_init();
	struct curl_slist *list = NULL;
	char line[600], why[CURL_ERROR_SIZE] = "";
	const cJSON *header;
	long began = now_ms();

	*r = (struct reply){.headers = cJSON_CreateObject()};
	cJSON_ArrayForEach(header, headers)
	{
		snprintf(line, sizeof(line), "%s: %s", header->string, header->valuestring);
		list = curl_slist_append(list, line);
	}
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* as the plugins */
	if (getenv("SLUICE_TEST_CA"))
		curl_easy_setopt(easy, CURLOPT_CAINFO, getenv("SLUICE_TEST_CA"));
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30000L);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
	if (body)
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	if (curl_easy_perform(easy) == CURLE_OK)
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &r->status);
	else
		on_body(why, 1, strlen(why), r);
	if (!r->body)
		on_body(why, 1, 0, r);
	r->ms = now_ms() - began;
	curl_slist_free_all(list);
	curl_easy_cleanup(easy);
}

const char *wire_header(const struct reply *r, const char *lower_name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(r->headers, lower_name));
}

void wire_release(struct reply *r)
{
	free(r->body);
	cJSON_Delete(r->headers);
	*r = (struct reply){0};
}

/* --- WebSocket, as far as listening needs --- */

struct wire_socket {
	int fd;
	bool ended;
	unsigned char in[1 << 20];
	size_t len;
};

static int dial(const char *url)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	char host[200], *colon;
	int fd = -1;

	if (strncmp(url, "http://", 7) != 0)
		return -1;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(url + 7, "/"), url + 7);
	colon = strrchr(host, ':');
	if (colon)
		*colon = '\0';
	if (getaddrinfo(host, colon ? colon + 1 : "80", &hints, &found) != 0)
		return -1;
	for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

/* More bytes within ms. False = none came, or the end. */
static bool socket_more(struct wire_socket *s, long ms)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};
	ssize_t n;

	if (s->ended || poll(&p, 1, ms > 0 ? (int)ms : 0) != 1)
		return false;
	n = read(s->fd, s->in + s->len, sizeof(s->in) - s->len);
	if (n <= 0) {
		s->ended = true;
		return false;
	}
	s->len += (size_t)n;
	return true;
}

static void socket_cut(struct wire_socket *s, size_t len)
{
	memmove(s->in, s->in + len, s->len - len);
	s->len -= len;
}

struct wire_socket *wire_socket_open(const char *url, const char *path, const char *token)
{
	struct wire_socket *s = calloc(1, sizeof(*s));
	char ask[2000];
	unsigned char *end;
	int n;

	if (!s)
		abort();
	s->fd = dial(url);
	n = snprintf(ask, sizeof(ask),
		     "GET %s HTTP/1.1\r\nHost: conform\r\nUpgrade: websocket\r\nConnection: "
		     "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		     "c2x1aWNlIGNvbmZvcm0hIQ==\r\n%s%s%s\r\n",
		     path, token ? "Authorization: Bearer " : "", token ? token : "",
		     token ? "\r\n" : "");
	if (s->fd < 0 || send(s->fd, ask, (size_t)n, MSG_NOSIGNAL) != n) {
		wire_socket_close(s);
		return NULL;
	}
	while (!(end = memmem(s->in, s->len, "\r\n\r\n", 4)))
		if (!socket_more(s, 5000))
			break;
	if (!end || strncmp((char *)s->in, "HTTP/1.1 101", 12) != 0) {
		wire_socket_close(s);
		return NULL;
	}
	socket_cut(s, (size_t)(end + 4 - s->in));
	return s;
}

/* The frame at the start of what came, if it is whole: text frames are added to list. */
static bool socket_frame(struct wire_socket *s, cJSON *list)
{
	size_t head = 2, len = s->len > 1 ? s->in[1] & 127 : 0;
	cJSON *item;
	char *text;

	if (s->len < 2 || (len == 126 && s->len < 4) || (len == 127 && s->len < 10))
		return false;
	if (len == 126) {
		head = 4;
		len = (size_t)s->in[2] << 8 | s->in[3];
	} else if (len == 127) {
		head = 10;
		len = (size_t)s->in[6] << 24 | (size_t)s->in[7] << 16 | (size_t)s->in[8] << 8 |
		      s->in[9];
	}
	if (s->len < head + len)
		return false;
	if ((s->in[0] & 15) == 1) {
		text = strndup((char *)s->in + head, len);
		item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "text", text ? text : "");
		cJSON_AddItemToArray(list, item);
		free(text);
	}
	socket_cut(s, head + len);
	return true;
}

cJSON *wire_socket_take(struct wire_socket *s, int want, long ms)
{
	cJSON *list = cJSON_CreateArray(), *end;
	long until = now_ms() + ms;

	do
		while (socket_frame(s, list)) {
		}
	while (cJSON_GetArraySize(list) < want && socket_more(s, until - now_ms()));
	while (socket_frame(s, list)) {
	}
	if (s->ended) {
		end = cJSON_CreateObject();
		cJSON_AddBoolToObject(end, "closed", true);
		cJSON_AddItemToArray(list, end);
	}
	return list;
}

void wire_socket_close(struct wire_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
