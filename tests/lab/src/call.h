/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lab's services ask of others beside their work: one blocking HTTP call with a deadline,
 * for threads that may wait, and such a thread, which takes a turn now and then until stopped.
 */
#ifndef SLUICE_LAB_CALL_H
#define SLUICE_LAB_CALL_H

#include <cjson/cJSON.h>
#include <poll.h>
#include <pthread.h>

#include "lab.h"

#define LAB_CALL_MS 2000 /* one call */

/* --- a call --- */

struct lab_answer {
	int status; /* 0 = no whole answer came */
	long head;
	const char *body; /* NUL-terminated; "" when there is none */
	struct lab_buf buf;
};

static inline void lab_answer_release(struct lab_answer *a)
{
	lab_buf_release(&a->buf);
}

/* Until the answer is whole by its length, or the other side closes. */
static inline bool lab_exchange(int fd, struct lab_buf *out, struct lab_answer *a)
{
	int64_t until = lab_now() + LAB_CALL_MS;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN | (out->len ? POLLOUT : 0)};
		int64_t left = until - lab_now();
		char length[32];
		int rc;

		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			return false;
		if ((p.revents & POLLOUT) && lab_write(fd, out) < 0)
			return false;
		if (!(p.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		rc = lab_read(fd, &a->buf);
		a->head = lab_http_head(&a->buf);
		if (rc < 0)
			return errno == 0 && a->head > 0;
		if (a->head > 0 &&
		    lab_http_header(&a->buf, a->head, "content-length", length, sizeof(length)) &&
		    lab_http_whole(&a->buf, &a->head) > 0)
			return true;
	}
}

/*
 * METHOD path at address (ADDRESS:PORT). headers: whole lines, or ""; body may be NULL. True = 2xx.
 * HTTP/1.0: an answer is never in chunks.
 */
static inline bool lab_call(struct lab_answer *a, const char *address, const char *method,
			    const char *path, const char *headers, const char *body)
{
	struct lab_buf out = {0};
	size_t len = body ? strlen(body) : 0;
	int fd = lab_connect(address);

	*a = (struct lab_answer){.body = ""};
	if (fd < 0)
		return false;
	lab_buf_addf(&out, "%s %s HTTP/1.0\r\nhost: %s\r\nconnection: close\r\n", method, path,
		     address);
	lab_buf_addf(&out, "content-type: application/json\r\ncontent-length: %zu\r\n%s\r\n", len,
		     headers);
	if (len)
		lab_buf_add(&out, body, len);
	if (lab_exchange(fd, &out, a)) {
		a->status = lab_http_status(&a->buf);
		a->body = a->buf.data + a->head;
	}
	close(fd);
	lab_buf_release(&out);
	return a->status >= 200 && a->status < 300;
}

/* --- JSON --- */

static inline const char *lab_json_str(const cJSON *o, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(item) ? item->valuestring : "";
}

static inline long lab_json_num(const cJSON *o, const char *name, long fallback)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(item) ? (long)item->valuedouble : fallback;
}

/* --- a thread that takes turns --- */

struct lab_ticker {
	int (*turn)(void *arg);  /* returns the ms until the next */
	void (*last)(void *arg); /* when it is to end; may be NULL */
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, stopping;
};

static inline void *lab_ticker_run(void *arg)
{
	struct lab_ticker *t = arg;

	pthread_mutex_lock(&t->lock);
	while (!t->stopping) {
		struct timespec at;
		int ms;

		pthread_mutex_unlock(&t->lock);
		ms = t->turn(t->arg);
		clock_gettime(CLOCK_REALTIME, &at);
		at.tv_nsec += ms % 1000 * 1000000L;
		at.tv_sec += ms / 1000 + at.tv_nsec / 1000000000L;
		at.tv_nsec %= 1000000000L;
		pthread_mutex_lock(&t->lock);
		if (!t->stopping)
			pthread_cond_timedwait(&t->wake, &t->lock, &at);
	}
	pthread_mutex_unlock(&t->lock);
	if (t->last)
		t->last(t->arg);
	return NULL;
}

/* Signals must be blocked before. */
static inline void lab_ticker_start(struct lab_ticker *t, int (*turn)(void *arg),
				    void (*last)(void *arg), void *arg)
{
	*t = (struct lab_ticker){.turn = turn, .last = last, .arg = arg, .started = true};
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	if (pthread_create(&t->thread, NULL, lab_ticker_run, t) != 0)
		lab_die("no thread");
}

/* Asks it to end, soon; nothing when it was never started. */
static inline void lab_ticker_end(struct lab_ticker *t)
{
	if (!t->started)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

/* Returns when it has ended: at most a few calls' time. */
static inline void lab_ticker_stop(struct lab_ticker *t)
{
	lab_ticker_end(t);
	if (t->started)
		pthread_join(t->thread, NULL);
	t->started = false;
}

#endif
