/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of the lab in the registry: plain blocking calls to etcd's JSON gateway, in the layout
 * of sluice-inventory(5). lab_registrar_start registers with a lease and keeps it alive from a
 * thread of its own; lab_registrar_stop takes the instance out. Signals must be blocked before.
 */
#ifndef SLUICE_LAB_ETCD_H
#define SLUICE_LAB_ETCD_H

#include <poll.h>
#include <pthread.h>
#include <time.h>

#include "lab.h"

#define LAB_ETCD_MS 2000 /* one call */

/* --- base64 --- */

static inline void lab_base64(struct lab_buf *to, const char *text)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;
		char four[4];

		v |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		four[0] = set[v >> 18];
		four[1] = set[v >> 12 & 63];
		four[2] = i + 1 < len ? set[v >> 6 & 63] : '=';
		four[3] = i + 2 < len ? set[v & 63] : '=';
		lab_buf_add(to, four, 4);
	}
}

/* Up to the first character that is none of it. */
static inline void lab_unbase64(struct lab_buf *to, const char *text)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned v = 0;
	int bits = 0;

	for (const char *at; *text && (at = strchr(set, *text)); text++) {
		char byte;

		v = v << 6 | (unsigned)(at - set);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		byte = (char)(v >> bits);
		lab_buf_add(to, &byte, 1);
	}
}

/* --- one call --- */

/* HTTP/1.0: the answer ends with the connection, and is never in chunks. */
static inline bool lab_etcd_exchange(int fd, struct lab_buf *out, struct lab_buf *in, long *head)
{
	int64_t until = lab_now() + LAB_ETCD_MS;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN | (out->len ? POLLOUT : 0)};
		int64_t left = until - lab_now();

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if ((p.revents & POLLOUT) && lab_write(fd, out) < 0)
			return false;
		if (!(p.revents & (POLLIN | POLLHUP | POLLERR)) || lab_read(fd, in) >= 0)
			continue;
		*head = errno ? 0 : lab_http_head(in);
		return *head > 0 && lab_http_status(in) == 200;
	}
}

/* The body of the answer goes into *in, terminated; false when there is no good one. */
static inline bool lab_etcd_ask(const char *etcd, const char *path, const struct lab_buf *body,
				struct lab_buf *in)
{
	struct lab_buf out = {0};
	long head = 0;
	int fd = lab_connect(etcd);
	bool ok;

	if (fd < 0)
		return false;
	lab_buf_addf(&out, "POST %s HTTP/1.0\r\nhost: %s\r\ncontent-length: %zu\r\n\r\n", path,
		     etcd, body->len);
	lab_buf_add(&out, body->data, body->len);
	ok = lab_etcd_exchange(fd, &out, in, &head);
	close(fd);
	lab_buf_release(&out);
	if (ok)
		lab_buf_cut(in, (size_t)head);
	lab_buf_add(in, "", 1);
	return ok;
}

/* The text of "name":"TEXT" in a flat answer; "" when absent. */
static inline void lab_json_text(const char *json, const char *name, char *to, size_t size)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
	at = strstr(json, quoted);
	at = at ? at + strlen(quoted) : "";
	snprintf(to, size, "%.*s", (int)strcspn(at, "\""), at);
}

static inline long lab_json_number(const char *json, const char *name)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", name);
	at = strstr(json, quoted);
	return at ? strtol(at + strlen(quoted), NULL, 10) : 0;
}

/* --- finding --- */

/* Where the instances of a service are that may get traffic: "ADDRESS:PORT" each. */
static inline size_t lab_etcd_find(const char *etcd, const char *environment, const char *service,
				   char (*found)[64], size_t max)
{
	struct lab_buf body = {0}, in = {0};
	char key[300];
	size_t count = 0;

	snprintf(key, sizeof(key), "/sluice/services/%s/%s/", environment, service);
	lab_buf_addf(&body, "{\"key\":\"");
	lab_base64(&body, key);
	key[strlen(key) - 1]++;
	lab_buf_addf(&body, "\",\"range_end\":\"");
	lab_base64(&body, key);
	lab_buf_addf(&body, "\"}");
	if (lab_etcd_ask(etcd, "/v3/kv/range", &body, &in)) {
		for (const char *at = in.data; (at = strstr(at, "\"value\":\"")) && count < max;) {
			struct lab_buf value = {0};
			char state[16], address[48];

			at += strlen("\"value\":\"");
			lab_unbase64(&value, at);
			lab_buf_add(&value, "", 1);
			lab_json_text(value.data, "state", state, sizeof(state));
			lab_json_text(value.data, "address", address, sizeof(address));
			if (!*state || strcmp(state, "UP") == 0)
				snprintf(found[count++], sizeof(*found), "%s:%ld", address,
					 lab_json_number(value.data, "port"));
			lab_buf_release(&value);
		}
	}
	lab_buf_release(&body);
	lab_buf_release(&in);
	return count;
}

/* --- registering --- */

struct lab_registrar {
	char etcd[64], key[300], value[1024], lease[32];
	int ttl;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

static inline bool lab_registrar_grant(struct lab_registrar *r)
{
	struct lab_buf body = {0}, in = {0};
	bool ok;

	lab_buf_addf(&body, "{\"TTL\":%d}", r->ttl);
	ok = lab_etcd_ask(r->etcd, "/v3/lease/grant", &body, &in);
	if (ok)
		lab_json_text(in.data, "ID", r->lease, sizeof(r->lease));
	lab_buf_release(&body);
	lab_buf_release(&in);
	return ok && r->lease[0];
}

static inline bool lab_registrar_put(struct lab_registrar *r)
{
	struct lab_buf body = {0}, in = {0};
	bool ok;

	lab_buf_addf(&body, "{\"key\":\"");
	lab_base64(&body, r->key);
	lab_buf_addf(&body, "\",\"value\":\"");
	lab_base64(&body, r->value);
	lab_buf_addf(&body, "\",\"lease\":\"%s\"}", r->lease);
	ok = lab_etcd_ask(r->etcd, "/v3/kv/put", &body, &in);
	lab_buf_release(&body);
	lab_buf_release(&in);
	return ok;
}

/* False = the lease is lost: etcd then answers without a TTL. Silence is no answer: try again. */
static inline bool lab_registrar_renew(struct lab_registrar *r)
{
	struct lab_buf body = {0}, in = {0};
	bool answered, alive;

	lab_buf_addf(&body, "{\"ID\":\"%s\"}", r->lease);
	answered = lab_etcd_ask(r->etcd, "/v3/lease/keepalive", &body, &in);
	alive = !answered || strstr(in.data, "\"TTL\"");
	lab_buf_release(&body);
	lab_buf_release(&in);
	return alive;
}

static inline void lab_registrar_revoke(struct lab_registrar *r)
{
	struct lab_buf body = {0}, in = {0};

	lab_buf_addf(&body, "{\"ID\":\"%s\"}", r->lease);
	lab_etcd_ask(r->etcd, "/v3/lease/revoke", &body, &in);
	lab_buf_release(&body);
	lab_buf_release(&in);
}

/* Put once; then only the lease is renewed, so that what operators set stays. */
static inline void *lab_registrar_run(void *arg)
{
	struct lab_registrar *r = arg;
	bool registered = false;

	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		struct timespec at;

		pthread_mutex_unlock(&r->lock);
		if (registered)
			registered = lab_registrar_renew(r);
		if (!registered)
			registered = lab_registrar_grant(r) && lab_registrar_put(r);
		clock_gettime(CLOCK_REALTIME, &at);
		at.tv_sec += registered ? (r->ttl + 2) / 3 : 1;
		pthread_mutex_lock(&r->lock);
		if (!r->stopping)
			pthread_cond_timedwait(&r->wake, &r->lock, &at);
	}
	pthread_mutex_unlock(&r->lock);
	if (registered)
		lab_registrar_revoke(r);
	return NULL;
}

/* etcd is ADDRESS:PORT; the instance is "HOST:PORT" of service in environment. */
static inline void lab_registrar_start(struct lab_registrar *r, const char *etcd,
				       const char *environment, const char *service,
				       const char *host, const char *address, unsigned port,
				       const char *version, int ttl)
{
	struct timespec now;

	*r = (struct lab_registrar){.ttl = ttl};
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(r->etcd, sizeof(r->etcd), "%s", etcd);
	snprintf(r->key, sizeof(r->key), "/sluice/services/%s/%s/%s:%u", environment, service, host,
		 port);
	snprintf(r->value, sizeof(r->value),
		 "{\"host\":\"%s\",\"address\":\"%s\",\"port\":%u,\"version\":\"%s\","
		 "\"state\":\"UP\",\"weight\":100,\"since\":%lld}",
		 host, address, port, version, (long long)now.tv_sec * 1000);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, NULL);
	if (pthread_create(&r->thread, NULL, lab_registrar_run, r) != 0)
		lab_die("registrar: no thread");
}

/* Takes the instance out before it returns; at most a few calls' time. */
static inline void lab_registrar_stop(struct lab_registrar *r)
{
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
}

#endif
