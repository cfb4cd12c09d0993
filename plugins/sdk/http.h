/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP on libcurl's multi-socket interface over libuv. One client per loop; loop thread only.
 * Rules kept inside: a socket is unwatched synchronously on REMOVE and its handle closed later; no
 * curl handle is removed or freed inside a curl callback; redirects are not followed unless asked;
 * TLS is verified; response bodies are bounded.
 */
#ifndef SLUICE_SDK_HTTP_H
#define SLUICE_SDK_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/tls.h"

struct sl_http;
struct uv_loop_s; /* libuv's uv_loop_t: plugins need no libuv to include this */
struct sl_http_call;

struct sl_http_header {
	const char *name, *value;
};

/* Everything is borrowed until sl_http_start returns. */
struct sl_http_request {
	const char *method; /* NULL = GET */
	const char *url;
	const struct sl_http_header *headers;
	size_t header_count;
	const void *body;
	size_t body_len;
	int64_t timeout_ms;       /* whole call; required, > 0 */
	size_t max_body;          /* bytes; 0 = 1 MiB; more = SL_EPROTO */
	const char *unix_socket;  /* connect here instead of to the URL's host; NULL = no */
	const struct sl_tls *tls; /* NULL = the system's anchors, and nothing to show */
	/* On a connection of its own, so that it is never sent a second time: curl by itself sends
	 * anything again when a kept connection turns out to be dead. For logins and writes. */
	bool once;
	/*
	 * For answers that come bit by bit: when set, the body is given here as it comes (with
	 * done's arg), is not kept, and has no maximum; response.body is empty. Never inside
	 * start or curl, never after done or cancel; it may start and cancel calls. Such a
	 * connection is kept alive by TCP; timeout_ms still ends it.
	 */
	void (*data)(void *arg, long status, const char *bytes, size_t len);
	/* With data: when all that was there is given, what follows within so long waits with the
	 * server. 0 = nothing waits. */
	int64_t pace_ms;
};

/* Borrowed until the callback returns. error.code is SL_OK when any HTTP status arrived. */
struct sl_http_response {
	struct sl_error error;
	long status;
	bool oversize;                        /* the error is that it was larger than max_body */
	const struct sl_http_header *headers; /* names in lower case, values cleaned */
	size_t header_count;
	const char *body; /* NUL-terminated, raw bytes: clean before showing */
	size_t body_len;
};

typedef void (*sl_http_done)(void *arg, const struct sl_http_response *response);

struct sl_http *sl_http_new(struct uv_loop_s *loop);
/* Cancels what runs (their callbacks fire with SL_ECANCELED first), then calls closed (may be NULL)
 * when the memory is gone. Asynchronous. */
void sl_http_close(struct sl_http *http, void (*closed)(void *arg), void *arg);

/* Start a call. done fires exactly once, never before this returns. Never NULL. */
struct sl_http_call *sl_http_start(struct sl_http *http, const struct sl_http_request *request,
				   sl_http_done done, void *arg);
/* done still fires, later, with SL_ECANCELED. The call must not have ended yet. */
void sl_http_cancel(struct sl_http_call *call);

const char *sl_http_response_header(const struct sl_http_response *r, const char *lower_name);

#endif
