/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: libcurl tells which sockets and which timeout it wants watched, libuv watches them.
 *
 *     start -> (name lookup on the pool) -> in the multi handle -> ended -> done -> freed
 *
 * A call that ended for whatever reason is first taken out of curl, then queued; the queue is
 * emptied from a timer of its own. Bytes of a body that is given as it comes wait for the same
 * timer. So user code never runs inside start, cancel or curl, and may start, cancel and close
 * freely.
 */
#include "plugins/sdk/http.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

#include "plugins/sdk/http_call.h"
#include "plugins/sdk/mem.h"

#define READ_FULL \
	(CURL_MAX_WRITE_SIZE / 2) /* bytes: when so many came, more may be there already */

struct sl_http {
	uv_loop_t *loop;
	CURLM *multi;       /* NULL until the first call */
	uv_timer_t timer;   /* curl's one timeout */
	uv_timer_t deliver; /* empties the queue of the ended */
	uv_timer_t pace;    /* lets the slow ones go on */
	struct sl_tls_ear ear;
	struct sl_http_call *calls;
	struct sl_http_call *ended, **ended_tail;
	struct sl_http_call *fed, *slow; /* order does not matter between calls */
	size_t pending; /* calls, lookups and handles whose memory is not free yet */
	bool loaded;    /* curl is */
	bool closing, torn;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct http_socket {
	uv_poll_t poll;
	struct sl_http *http;
	curl_socket_t fd;
};

struct http_lookup {
	uv_getaddrinfo_t req;
	struct sl_http *http;
	struct sl_http_call *call; /* NULL when nobody waits any more */
};

/* --- the end of everything --- */

static void http_unpend(struct sl_http *http)
{
	void (*closed)(void *) = http->closed;
	void *arg = http->closed_arg;

	if (--http->pending || !http->torn)
		return;
	if (http->loaded)
		sl_curl()->global_cleanup();
	free(http);
	if (closed)
		closed(arg);
}

static void on_own_timer_closed(uv_handle_t *handle)
{
	http_unpend(handle->data);
}

/* With the last call gone; never inside a curl callback. Cached connections say REMOVE here. */
static void http_tear(struct sl_http *http)
{
	if (!http->closing || http->torn || http->calls)
		return;
	http->torn = true;
	if (http->multi)
		sl_curl()->multi_cleanup(http->multi);
	http->multi = NULL;
	uv_close((uv_handle_t *)&http->timer, on_own_timer_closed);
	uv_close((uv_handle_t *)&http->deliver, on_own_timer_closed);
	uv_close((uv_handle_t *)&http->pace, on_own_timer_closed);
}

/* --- calls that ended --- */

static void on_call_freed(uv_handle_t *handle)
{
	struct sl_http_call *call = handle->data;
	struct sl_http *http = call->http;

	free(call);
	http_unpend(http);
}

static void call_unlink(struct sl_http_call *call)
{
	if (call->prev)
		call->prev->next = call->next;
	else
		call->http->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
}

/* Bytes for data, and how many there were. The buffer is taken first: curl fills it again as soon
 * as it goes on. */
static size_t call_give(struct sl_http_call *call)
{
	size_t len = call->body.len;
	long status = 0;
	char *bytes;

	if (!len || call->error.code == SL_ECANCELED)
		return 0;
	bytes = sl_buf_take(&call->body);
	sl_curl()->easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->data(call->arg, status, bytes, len);
	free(bytes);
	return len;
}

static void call_go_on(struct sl_http_call *call)
{
	call->paused = false;
	sl_curl()->easy_pause(call->easy, CURLPAUSE_CONT);
}

static void on_pace(uv_timer_t *timer)
{
	struct sl_http *http = timer->data;
	struct sl_http_call *call;

	while ((call = http->slow)) {
		http->slow = call->next_slow;
		call_go_on(call);
	}
}

/* One timer for all: a call may go on sooner than its pace, never later than the slowest. */
static void call_slow_down(struct sl_http_call *call)
{
	struct sl_http *http = call->http;

	call->paused = true;
	sl_curl()->easy_pause(call->easy, CURLPAUSE_RECV);
	call->next_slow = http->slow;
	http->slow = call;
	if (!uv_is_active((uv_handle_t *)&http->pace))
		uv_timer_start(&http->pace, on_pace, (uint64_t)call->pace_ms, 0);
}

static void call_forget_pace(struct sl_http_call *call)
{
	struct sl_http_call **at = &call->http->slow;

	while (*at && *at != call)
		at = &(*at)->next_slow;
	if (*at)
		*at = call->next_slow;
}

static void call_unfeed(struct sl_http_call *call)
{
	size_t given;

	call->fed = false;
	if (call->ended)
		return; /* what is left comes right before done */
	given = call_give(call);
	if (call->ended)
		return;
	if (call->pace_ms > 0 && given < READ_FULL)
		call_slow_down(call);
	else if (call->paused)
		call_go_on(call);
}

static void call_deliver(struct sl_http_call *call)
{
	struct sl_http_response response;

	if (call->data) {
		call_give(call);
		sl_buf_clear(&call->body);
	}
	response = (struct sl_http_response){
		.error = call->error,
		.status = call->status,
		.oversize = call->oversize && call->error.code == SL_EPROTO,
		.headers = call->headers,
		.header_count = call->header_count,
		.body = sl_buf_str(&call->body),
		.body_len = call->body.len,
	};
	call_unlink(call);
	call->done(call->arg, &response);
	http_call_release(call);
	uv_close((uv_handle_t *)&call->deadline, on_call_freed);
}

static void on_deliver(uv_timer_t *timer)
{
	struct sl_http *http = timer->data;

	while (http->fed || http->ended) {
		struct sl_http_call *call = http->fed;

		if (call) {
			http->fed = call->next_fed;
			call_unfeed(call);
			continue;
		}
		call = http->ended;
		http->ended = call->next_ended;
		if (!http->ended)
			http->ended_tail = &http->ended;
		call_deliver(call);
	}
	http_tear(http);
}

void http_call_feed(struct sl_http_call *call)
{
	if (call->fed)
		return;
	call->fed = true;
	call->next_fed = call->http->fed;
	call->http->fed = call;
	uv_timer_start(&call->http->deliver, on_deliver, 0, 0);
}

/* Out of curl, into the queue. Later ends of the same call only change its error. */
static void call_end(struct sl_http_call *call)
{
	struct sl_http *http = call->http;

	if (call->ended)
		return;
	call->ended = true;
	uv_timer_stop(&call->deadline);
	call_forget_pace(call);
	if (call->lookup) {
		uv_cancel((uv_req_t *)&call->lookup->req);
		call->lookup->call = NULL;
		call->lookup = NULL;
	}
	if (call->added)
		sl_curl()->multi_remove_handle(http->multi, call->easy);
	call->added = false;
	*http->ended_tail = call;
	http->ended_tail = &call->next_ended;
	uv_timer_start(&http->deliver, on_deliver, 0, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct sl_http_call *call = timer->data;

	sl_fail(&call->error, SL_ETIMEOUT, "%s: no complete answer within %lld ms", call->label,
		(long long)call->timeout_ms);
	call_end(call);
}

/* --- curl and the loop --- */

static void http_collect(struct sl_http *http)
{
	CURLMsg *message;
	int left;

	while ((message = sl_curl()->multi_info_read(http->multi, &left))) {
		struct sl_http_call *call = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		sl_curl()->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		http_call_result(call, code);
		call_end(call);
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct sl_http *http = timer->data;
	int running;

	sl_curl()->multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	http_collect(http);
}

static int on_curl_timer(CURLM *multi, long ms, void *arg)
{
	struct sl_http *http = arg;

	(void)multi;
	if (ms < 0)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
	struct http_socket *s = poll->data;
	struct sl_http *http = s->http;
	int running, mask = 0;

	if (status < 0)
		mask = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		mask |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		mask |= CURL_CSELECT_OUT;
	/* s may be gone after this. */
	sl_curl()->multi_socket_action(http->multi, s->fd, mask, &running);
	http_collect(http);
}

static void on_socket_closed(uv_handle_t *handle)
{
	struct http_socket *s = handle->data;
	struct sl_http *http = s->http;

	free(s);
	http_unpend(http);
}

static struct http_socket *socket_new(struct sl_http *http, curl_socket_t fd)
{
	struct http_socket *s = sl_alloc(sizeof *s);

	if (uv_poll_init_socket(http->loop, &s->poll, fd) != 0) {
		free(s);
		return NULL;
	}
	s->poll.data = s;
	s->http = http;
	s->fd = fd;
	http->pending++;
	sl_curl()->multi_assign(http->multi, fd, s);
	return s;
}

/* REMOVE: the number of the descriptor may be reused at once, so it is unwatched here and now. */
static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct sl_http *http = arg;
	struct http_socket *s = socket_arg;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (!s)
			return 0;
		uv_poll_stop(&s->poll);
		uv_close((uv_handle_t *)&s->poll, on_socket_closed);
		sl_curl()->multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (!s)
		s = socket_new(http, fd);
	if (!s)
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&s->poll, events, on_socket) == 0 ? 0 : -1;
}

/* --- starting --- */

static void call_add(struct sl_http_call *call)
{
	CURLMcode rc = sl_curl()->multi_add_handle(call->http->multi, call->easy);

	if (rc == CURLM_OK) {
		call->added = true;
		return;
	}
	sl_fail(&call->error, SL_EINTERNAL, "%s: %s", call->label, sl_curl()->multi_strerror(rc));
	call_end(call);
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct http_lookup *lookup = req->data;
	struct sl_http_call *call = lookup->call;
	struct sl_http *http = lookup->http;

	free(lookup);
	if (call) {
		call->lookup = NULL;
		if (status == 0) {
			http_call_addresses(call, found);
			call_add(call);
		} else {
			sl_fail(&call->error, SL_ERESOLVE,
				"%s: the name '%s' cannot be looked up: %s", call->label,
				call->host, uv_strerror(status));
			call_end(call);
		}
	}
	uv_freeaddrinfo(found);
	http_unpend(http);
}

static void call_lookup(struct sl_http_call *call)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct http_lookup *lookup = sl_alloc(sizeof *lookup);
	int rc;

	lookup->req.data = lookup;
	lookup->http = call->http;
	lookup->call = call;
	rc = uv_getaddrinfo(call->http->loop, &lookup->req, on_lookup, call->host, NULL, &hints);
	if (rc == 0) {
		call->lookup = lookup;
		call->http->pending++;
		return;
	}
	free(lookup);
	sl_fail(&call->error, SL_ERESOLVE, "%s: the name '%s' cannot be looked up: %s", call->label,
		call->host, uv_strerror(rc));
	call_end(call);
}

/* With the first call. */
static int engine_start(struct sl_http *http, struct sl_error *e)
{
	if (http->multi || sl_curl_load(e))
		return http->multi ? SL_OK : e->code;
	sl_curl()->global_init(CURL_GLOBAL_DEFAULT);
	http->loaded = true;
	http->multi = sl_curl()->multi_init();
	if (!http->multi)
		sl_alloc_failed();
	sl_curl()->multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
	sl_curl()->multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	sl_curl()->multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
	sl_curl()->multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	return SL_OK;
}

struct sl_http_call *sl_http_start(struct sl_http *http, const struct sl_http_request *request,
				   sl_http_done done, void *arg)
{
	struct sl_http_call *call = sl_alloc(sizeof *call);

	*call = (struct sl_http_call){
		.http = http,
		.done = done,
		.data = request->data,
		.arg = arg,
		.timeout_ms = request->timeout_ms,
		.pace_ms = request->pace_ms,
	};
	call->next = http->calls;
	if (call->next)
		call->next->prev = call;
	http->calls = call;
	http->pending++;
	uv_update_time(http->loop);
	uv_timer_init(http->loop, &call->deadline);
	call->deadline.data = call;
	if (http->closing) {
		sl_fail(&call->error, SL_ECANCELED, "the HTTP client is closing");
		call_end(call);
	} else if (engine_start(http, &call->error) != SL_OK ||
		   http_call_prepare(call, request, &http->ear, &call->error) != SL_OK) {
		call_end(call);
	} else {
		uv_timer_start(&call->deadline, on_deadline, (uint64_t)request->timeout_ms, 0);
		if (call->host)
			call_lookup(call);
		else
			call_add(call);
	}
	return call;
}

void sl_http_cancel(struct sl_http_call *call)
{
	sl_fail(&call->error, SL_ECANCELED, "%s: canceled", call->label ? call->label : "HTTP");
	call_end(call);
}

/* --- the client --- */

/* A connection outlives the call that opened it; then nobody is found, or who uses it now. */
static struct sl_tls_heard *find_heard(void *arg, const SSL *ssl)
{
	struct sl_http *http = arg;

	for (struct sl_http_call *call = http->calls; call; call = call->next) {
		const struct curl_tlssessioninfo *info = NULL;

		if (call->added &&
		    sl_curl()->easy_getinfo(call->easy, CURLINFO_TLS_SSL_PTR, &info) == CURLE_OK &&
		    info && info->backend == CURLSSLBACKEND_OPENSSL && info->internals == ssl)
			return &call->heard;
	}
	return NULL;
}

struct sl_http *sl_http_new(uv_loop_t *loop)
{
	struct sl_http *http = sl_alloc(sizeof *http);

	http->loop = loop;
	http->ear = (struct sl_tls_ear){.found = find_heard, .arg = http};
	http->ended_tail = &http->ended;
	http->pending = 3; /* the three timers */
	uv_timer_init(loop, &http->timer);
	uv_timer_init(loop, &http->deliver);
	uv_timer_init(loop, &http->pace);
	http->timer.data = http->deliver.data = http->pace.data = http;
	return http;
}

void sl_http_close(struct sl_http *http, void (*closed)(void *arg), void *arg)
{
	http->closing = true;
	http->closed = closed;
	http->closed_arg = arg;
	for (struct sl_http_call *call = http->calls; call; call = call->next)
		sl_http_cancel(call);
	uv_timer_start(&http->deliver, on_deliver, 0, 0);
}

const char *sl_http_response_header(const struct sl_http_response *r, const char *lower_name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcmp(r->headers[i].name, lower_name) == 0)
			return r->headers[i].value;
	return NULL;
}
