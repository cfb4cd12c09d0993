/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket, one connection:
 *
 *     start -> (name lookup) -> each address in turn until one agrees -> open -> over -> ended
 *
 * libwebsockets speaks; deadlines, silence and the end are ours, by timers of our own. What ends a
 * socket only marks it, and a timer closes the connection and tells: so ended never comes inside
 * start, close or libwebsockets, and the user may start and close freely in any callback.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/internal.h"
#include "plugins/host/ws_engine.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/curl.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SILENCE_MS    30000
#define MESSAGE_MAX   (64 * 1024)
#define ADDRESSES_MAX 8
#define SOCKETS_MAX   100

struct websockets {
	uv_loop_t *loop;
	struct ws_engine *engine;
	struct sl_tls_ear ear;
	struct sl_websocket *first;
	size_t count; /* those whose memory is not free yet, too */
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct ws_lookup {
	uv_getaddrinfo_t req;
	struct websockets *all;
	struct sl_websocket *ws; /* NULL when nobody waits any more */
};

struct sl_websocket {
	struct websockets *all;
	struct sl_websocket *prev, *next;
	const struct sl_websocket_events *events;
	void *arg;
	uv_timer_t limit; /* until it is open; then of silence */
	uv_timer_t step;  /* what must not be done where it was found */
	int timers;
	int64_t silence_ms;

	char *host, *path, *label; /* label: without the query */
	unsigned port;
	bool secure;
	struct sl_tls tls;              /* our own copy */
	struct sl_http_header *headers; /* our own */
	size_t header_count;
	struct ws_lookup *lookup;
	char addresses[ADDRESSES_MAX][NI_MAXHOST];
	size_t address_count, tried;

	struct lws *wsi;
	bool refused;              /* the attempt in hand has failed */
	struct sl_tls_heard heard; /* in it */
	bool open, over;
	bool asked, ping; /* since the last word; is to be sent */
	struct sl_buf message;
	struct sl_error error;
};

/* --- the end --- */

static void on_engine_closed(void *arg)
{
	struct websockets *all = arg;
	void (*closed)(void *) = all->closed;
	void *closed_arg = all->closed_arg;

	free(all);
	closed(closed_arg);
}

static void websockets_maybe_close(struct websockets *all)
{
	if (all->closing && !all->count)
		ws_engine_close(all->engine, on_engine_closed, all);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct sl_websocket *ws = handle->data;
	struct websockets *all = ws->all;

	if (--ws->timers)
		return;
	free(ws);
	all->count--;
	websockets_maybe_close(all);
}

static void socket_unlink(struct sl_websocket *ws)
{
	if (ws->prev)
		ws->prev->next = ws->next;
	else
		ws->all->first = ws->next;
	if (ws->next)
		ws->next->prev = ws->prev;
}

static void socket_release(struct sl_websocket *ws)
{
	for (size_t i = 0; i < ws->header_count; i++) {
		free((char *)ws->headers[i].name);
		free((char *)ws->headers[i].value);
	}
	free(ws->headers);
	free(ws->host);
	free(ws->path);
	free(ws->label);
	sl_tls_release(&ws->tls);
	sl_buf_release(&ws->message);
}

/* libwebsockets must not come back to us for this connection. */
static void socket_drop(struct sl_websocket *ws)
{
	struct lws *wsi = ws->wsi;

	if (!wsi)
		return;
	ws->wsi = NULL;
	lws_set_opaque_user_data(wsi, NULL);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static void on_end(uv_timer_t *timer)
{
	struct sl_websocket *ws = timer->data;

	socket_drop(ws);
	socket_unlink(ws);
	ws->events->ended(ws->arg, &ws->error);
	socket_release(ws);
	uv_close((uv_handle_t *)&ws->limit, on_timer_closed);
	uv_close((uv_handle_t *)&ws->step, on_timer_closed);
}

/* Of several reasons the first counts, but for a close by the user. */
static void socket_over(struct sl_websocket *ws, const struct sl_error *e)
{
	if (!ws->over || e->code == SL_ECANCELED) {
		ws->error = *e;
		if (ws->label)
			sl_error_prefix(&ws->error, "%s", ws->label);
	}
	if (ws->over)
		return;
	ws->over = true;
	if (ws->lookup) {
		uv_cancel((uv_req_t *)&ws->lookup->req);
		ws->lookup->ws = NULL;
		ws->lookup = NULL;
	}
	uv_timer_stop(&ws->limit);
	uv_timer_start(&ws->step, on_end, 0, 0);
}

static void socket_fail(struct sl_websocket *ws, enum sl_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void socket_fail(struct sl_websocket *ws, enum sl_err code, const char *fmt, ...)
{
	struct sl_error e;
	va_list ap;

	va_start(ap, fmt);
	sl_vfail(&e, code, fmt, ap);
	va_end(ap);
	socket_over(ws, &e);
}

/* --- open --- */

/* Half of the time without a word: ask. The other half: it is lost. */
static void on_silence(uv_timer_t *timer)
{
	struct sl_websocket *ws = timer->data;

	if (ws->asked) {
		socket_fail(ws, SL_ELOST, "silent for %lld s, a ping is not answered",
			    (long long)(2 * ws->silence_ms / 1000));
		return;
	}
	ws->asked = ws->ping = true;
	uv_timer_start(timer, on_silence, (uint64_t)ws->silence_ms, 0);
	if (ws->wsi)
		lws_callback_on_writable(ws->wsi);
}

static void socket_heard(struct sl_websocket *ws)
{
	ws->asked = false;
	uv_timer_start(&ws->limit, on_silence, (uint64_t)ws->silence_ms, 0);
}

static void socket_opened(struct sl_websocket *ws)
{
	ws->open = true;
	socket_heard(ws);
	if (ws->events->opened)
		ws->events->opened(ws->arg);
}

static void socket_received(struct sl_websocket *ws, const char *bytes, size_t len)
{
	socket_heard(ws);
	if (sl_buf_append(&ws->message, bytes, len) != SL_OK) {
		socket_fail(ws, SL_EPROTO, "a message is larger than %zu bytes", ws->message.max);
		return;
	}
	if (!lws_is_final_fragment(ws->wsi) || lws_remaining_packet_payload(ws->wsi))
		return;
	ws->events->message(ws->arg, sl_buf_str(&ws->message), ws->message.len);
	sl_buf_clear(&ws->message);
}

static void socket_ping(struct sl_websocket *ws)
{
	unsigned char nothing[LWS_PRE + 1];

	if (!ws->ping)
		return;
	ws->ping = false;
	lws_write(ws->wsi, nothing + LWS_PRE, 0, LWS_WRITE_PING);
}

/* --- not open --- */

static void socket_connect(struct sl_websocket *ws);

static void on_connect(uv_timer_t *timer)
{
	socket_connect(timer->data);
}

static void socket_trouble(struct sl_websocket *ws, int status, long verified, const char *why)
{
	struct sl_error refused = {0};

	if (verified != X509_V_OK)
		socket_fail(ws, SL_EAUTH, "the certificate is not trusted: %s",
			    X509_verify_cert_error_string(verified));
	else if (status >= 300 && status < 400)
		socket_fail(ws, SL_EPROTO, "the server redirects (%d): not followed", status);
	else if (status)
		socket_fail(ws, status == 401 || status == 403 ? SL_EAUTH : SL_EPROTO,
			    "the server answers %d instead of opening it", status);
	else if (sl_tls_refusal(&ws->tls, &ws->heard, &refused) != SL_OK)
		socket_over(ws, &refused);
	else if (ws->tried < ws->address_count)
		uv_timer_start(&ws->step, on_connect, 0, 0);
	else
		socket_fail(ws, SL_ELOST, "cannot be opened: %s", why[0] ? why : "no connection");
}

static void on_failed(struct sl_websocket *ws, struct lws *wsi, const char *text, size_t len)
{
	int status = (int)lws_http_client_http_response(wsi);
	SSL *ssl = ws->secure && !ws->tls.insecure ? lws_get_ssl(wsi) : NULL;
	char why[200] = "";

	lws_set_opaque_user_data(wsi, NULL);
	ws->wsi = NULL;
	ws->refused = true;
	if (text)
		sl_text_clean(why, sizeof why, text, strnlen(text, len), false);
	if (!ws->over)
		socket_trouble(ws, status == 101 ? 0 : status,
			       ssl ? SSL_get_verify_result(ssl) : X509_V_OK, why);
}

static const struct {
	unsigned code;
	const char *words;
} closes[] = {
	{1000, "done"},
	{1001, "going away"},
	{1002, "protocol error"},
	{1003, "kind of data not taken"},
	{1007, "text that is none"},
	{1008, "against its policy"},
	{1009, "message too large"},
	{1011, "internal error"},
	{1012, "restarts"},
	{1013, "overloaded, try later"},
};

/* The server takes its leave: with a number, and a reason if it gives one. */
static void on_leave(struct sl_websocket *ws, const unsigned char *bytes, size_t len)
{
	unsigned code = len >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : 0;
	const char *words = NULL;
	char reason[130] = "";

	if (ws->over)
		return;
	if (!code) {
		socket_fail(ws, SL_ELOST, "closed by the server");
		return;
	}
	for (size_t i = 0; i < SL_COUNT(closes); i++)
		if (closes[i].code == code)
			words = closes[i].words;
	sl_text_clean(reason, sizeof reason, (const char *)bytes + 2, len - 2, false);
	socket_fail(ws, SL_ELOST, "closed by the server with %u%s%s%s%s%s", code, words ? " (" : "",
		    words ? words : "", words ? ")" : "", reason[0] ? ": " : "", reason);
}

/* Gone without a word: libwebsockets does that when the other side hangs up before its answer. */
static void on_gone(struct sl_websocket *ws)
{
	ws->wsi = NULL;
	ws->refused = true;
	if (ws->over)
		return;
	if (ws->open)
		socket_fail(ws, SL_ELOST, "the connection broke");
	else
		socket_trouble(ws, 0, X509_V_OK, "the server hung up");
}

/* --- what TLS says --- */

static struct sl_tls_heard *find_heard(void *arg, const SSL *ssl)
{
	struct websockets *all = arg;

	for (struct sl_websocket *ws = all->first; ws; ws = ws->next)
		if (ws->wsi && lws_get_ssl(ws->wsi) == ssl)
			return &ws->heard;
	return NULL;
}

/* --- what libwebsockets says --- */

static int add_headers(const struct sl_websocket *ws, unsigned char **at, size_t left)
{
	for (size_t i = 0; i < ws->header_count; i++) {
		int n = snprintf((char *)*at, left, "%s: %s\r\n", ws->headers[i].name,
				 ws->headers[i].value);

		if (n < 0 || (size_t)n >= left)
			return -1;
		*at += n;
		left -= (size_t)n;
	}
	return 0;
}

static int on_lws(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		  size_t len)
{
	struct sl_websocket *ws = wsi ? lws_get_opaque_user_data(wsi) : NULL;

	(void)user;
	if (!ws)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
		return add_headers(ws, in, len);
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		on_failed(ws, wsi, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_CLOSED:
		lws_set_opaque_user_data(wsi, NULL);
		ws->wsi = NULL;
		socket_fail(ws, SL_ELOST, "closed by the server");
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		on_gone(ws);
		return 0;
	default:
		break;
	}
	if (reason == LWS_CALLBACK_WS_PEER_INITIATED_CLOSE)
		on_leave(ws, in, len);
	if (ws->over)
		return reason == LWS_CALLBACK_CLIENT_RECEIVE ? -1 : 0;
	if (reason == LWS_CALLBACK_CLIENT_ESTABLISHED)
		socket_opened(ws);
	else if (reason == LWS_CALLBACK_CLIENT_RECEIVE)
		socket_received(ws, in, len);
	else if (reason == LWS_CALLBACK_CLIENT_RECEIVE_PONG)
		socket_heard(ws);
	else if (reason == LWS_CALLBACK_CLIENT_WRITEABLE)
		socket_ping(ws);
	return 0;
}

/* --- starting --- */

/* libwebsockets takes what stands before the first colon as the name that a certificate must have:
 * of an IPv6 address that is nothing. So its own look is left out, and ours asks for the address.
 */
static const char *address_to_verify(const struct sl_websocket *ws)
{
	struct in6_addr any;
	const char *address = ws->addresses[0];

	return ws->secure && !ws->tls.insecure && ws->host[0] == '[' &&
			       inet_pton(AF_INET6, address, &any) == 1
		       ? address
		       : NULL;
}

static void socket_connect(struct sl_websocket *ws)
{
	const char *verify = address_to_verify(ws);
	struct lws_client_connect_info info = {
		.address = ws->addresses[ws->tried++],
		.port = (int)ws->port,
		.path = ws->path,
		.host = ws->host,
		.alpn = "http/1.1",
		.pwsi = &ws->wsi,
		.opaque_user_data = ws,
		.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
	};
	struct sl_error e = {0};

	info.vhost = ws_engine_vhost(ws->all->engine, &ws->tls, verify, &e);
	if (!info.vhost) {
		socket_over(ws, &e);
		return;
	}
	info.context = ws_engine_context(ws->all->engine);
	if (ws->secure)
		info.ssl_connection |= LCCSCF_USE_SSL;
	if (verify)
		info.ssl_connection |= LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK;
	if (ws->secure && ws->tls.insecure)
		info.ssl_connection |= LCCSCF_ALLOW_SELFSIGNED | LCCSCF_ALLOW_EXPIRED |
				       LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK |
				       LCCSCF_ALLOW_INSECURE;
	ws->refused = false;
	ws->heard = (struct sl_tls_heard){0};
	if (!lws_client_connect_via_info(&info) && !ws->refused) {
		ws->wsi = NULL;
		socket_trouble(ws, 0, X509_V_OK, "");
	}
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct ws_lookup *lookup = req->data;
	struct sl_websocket *ws = lookup->ws;
	struct websockets *all = lookup->all;

	free(lookup);
	if (ws) {
		ws->lookup = NULL;
		for (struct addrinfo *a = found; a && ws->address_count < ADDRESSES_MAX;
		     a = a->ai_next)
			if (getnameinfo(a->ai_addr, a->ai_addrlen, ws->addresses[ws->address_count],
					NI_MAXHOST, NULL, 0, NI_NUMERICHOST) == 0)
				ws->address_count++;
		if (ws->address_count)
			socket_connect(ws);
		else
			socket_fail(ws, SL_ERESOLVE, "the name '%s' cannot be looked up: %s",
				    ws->host, uv_strerror(status));
	}
	uv_freeaddrinfo(found);
	all->count--;
	websockets_maybe_close(all);
}

/* A numeric address is "looked up" too: that is one path less. */
static void on_begin(uv_timer_t *timer)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct sl_websocket *ws = timer->data;
	struct ws_lookup *lookup = sl_alloc(sizeof *lookup);
	size_t len = strlen(ws->host);
	bool brackets = ws->host[0] == '[' && len > 2;
	char *name = brackets ? sl_strndup(ws->host + 1, len - 2) : sl_strdup(ws->host);
	int rc;

	*lookup = (struct ws_lookup){.all = ws->all, .ws = ws};
	lookup->req.data = lookup;
	rc = uv_getaddrinfo(ws->all->loop, &lookup->req, on_lookup, name, NULL, &hints);
	free(name);
	if (rc == 0) {
		ws->lookup = lookup;
		ws->all->count++;
		return;
	}
	free(lookup);
	socket_fail(ws, SL_ERESOLVE, "the name '%s' cannot be looked up: %s", ws->host,
		    uv_strerror(rc));
}

static void on_late(uv_timer_t *timer)
{
	socket_fail(timer->data, SL_ETIMEOUT, "not open in time");
}

static char *url_part(CURLU *u, CURLUPart part)
{
	char *value = NULL, *copy;

	if (sl_curl()->url_get(u, part, &value, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) !=
	    CURLUE_OK)
		return NULL;
	copy = sl_strdup(value);
	sl_curl()->free(value);
	return copy;
}

static int take_url(struct sl_websocket *ws, const char *url, struct sl_error *e)
{
	static const struct {
		const char *scheme, *as;
		bool tls;
	} schemes[] = {{"ws://", "http://", false},
		       {"http://", "http://", false},
		       {"wss://", "https://", true},
		       {"https://", "https://", true}};
	CURLU *u;
	char *plain = NULL, *path, *query, *port;

	if (sl_curl_load(e))
		return e->code;
	u = sl_curl()->url();

	for (size_t i = 0; i < SL_COUNT(schemes) && !plain; i++) {
		if (!sl_text_starts(url, schemes[i].scheme))
			continue;
		plain = sl_asprintf("%s%s", schemes[i].as, url + strlen(schemes[i].scheme));
		ws->secure = schemes[i].tls;
	}
	if (!u)
		sl_alloc_failed();
	if (!plain || sl_curl()->url_set(u, CURLUPART_URL, plain, 0) != CURLUE_OK) {
		free(plain);
		sl_curl()->url_cleanup(u);
		return sl_fail(e, SL_EINPUT, "'%.200s' is no address of a WebSocket",
			       strchr(url, '@') ? "(with user)" : url);
	}
	free(plain);
	ws->host = url_part(u, CURLUPART_HOST);
	path = url_part(u, CURLUPART_PATH);
	query = url_part(u, CURLUPART_QUERY);
	port = url_part(u, CURLUPART_PORT);
	sl_curl()->url_cleanup(u);
	ws->port = port ? (unsigned)strtoul(port, NULL, 10) : 0;
	ws->path = sl_asprintf("%s%s%s", path, query ? "?" : "", query ? query : "");
	ws->label = sl_asprintf("WebSocket %s://%s:%u%s", ws->secure ? "wss" : "ws", ws->host,
				ws->port, path);
	free(path);
	free(query);
	free(port);
	return SL_OK;
}

static int take_headers(struct sl_websocket *ws, const struct sl_websocket_request *r,
			struct sl_error *e)
{
	ws->headers = sl_alloc_n(r->header_count + 1, sizeof *ws->headers);
	for (size_t i = 0; i < r->header_count; i++) {
		const struct sl_http_header *h = &r->headers[i];

		if (!sl_text_is_clean(h->name, strlen(h->name)) ||
		    !sl_text_is_clean(h->value, strlen(h->value)))
			return sl_fail(e, SL_EINPUT, "the header '%.64s' cannot be sent", h->name);
		ws->headers[ws->header_count++] = (struct sl_http_header){
			.name = sl_strdup(h->name), .value = sl_strdup(h->value)};
	}
	return SL_OK;
}

static int socket_take(struct sl_websocket *ws, const struct sl_websocket_request *r,
		       struct sl_error *e)
{
	ws->silence_ms = r->silence_ms ? r->silence_ms : SILENCE_MS;
	ws->tls = sl_tls_copy(r->tls);
	if (ws->all->closing)
		return sl_fail(e, SL_ECANCELED, "the plugin host is closing");
	if (ws->all->count > SOCKETS_MAX)
		return sl_fail(e, SL_EUNSUPPORTED, "more than %d WebSockets are open", SOCKETS_MAX);
	if (take_url(ws, r->url, e) != SL_OK)
		return e->code;
	return take_headers(ws, r, e);
}

struct sl_websocket *websocket_start(struct websockets *all,
				     const struct sl_websocket_request *request,
				     const struct sl_websocket_events *events, void *arg)
{
	struct sl_websocket *ws = sl_alloc(sizeof *ws);
	struct sl_error e = {0};

	*ws = (struct sl_websocket){
		.all = all, .next = all->first, .events = events, .arg = arg, .timers = 2};
	if (ws->next)
		ws->next->prev = ws;
	all->first = ws;
	all->count++;
	sl_buf_init(&ws->message, request->max_message ? request->max_message : MESSAGE_MAX);
	uv_update_time(all->loop);
	uv_timer_init(all->loop, &ws->limit);
	uv_timer_init(all->loop, &ws->step);
	ws->limit.data = ws->step.data = ws;
	if (socket_take(ws, request, &e) != SL_OK) {
		socket_over(ws, &e);
		return ws;
	}
	uv_timer_start(&ws->limit, on_late, (uint64_t)request->timeout_ms, 0);
	uv_timer_start(&ws->step, on_begin, 0, 0);
	return ws;
}

void websocket_close(struct sl_websocket *ws)
{
	socket_fail(ws, SL_ECANCELED, "canceled");
}

/* --- all of them --- */

struct websockets *websockets_new(uv_loop_t *loop)
{
	struct websockets *all = sl_alloc(sizeof *all);

	all->loop = loop;
	all->ear = (struct sl_tls_ear){.found = find_heard, .arg = all};
	all->engine = ws_engine_new(loop, on_lws, &all->ear);
	return all;
}

void websockets_close(struct websockets *all, void (*closed)(void *arg), void *arg)
{
	all->closing = true;
	all->closed = closed;
	all->closed_arg = arg;
	for (struct sl_websocket *ws = all->first; ws; ws = ws->next)
		websocket_close(ws);
	websockets_maybe_close(all);
}
