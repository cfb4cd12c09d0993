/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket that is only listened to: what a server pushes. Loop thread only.
 *
 * Order of callbacks: opened at most once, then message any number of times, then ended exactly
 * once, always, and the socket is gone when it returns. None fires inside start. After close only
 * ended fires, later, with SL_ECANCELED. TLS is verified, redirects are not followed, no proxy is
 * asked. What is lost is lost: there is no reconnecting here.
 */
#ifndef SLUICE_SDK_WEBSOCKET_H
#define SLUICE_SDK_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/tls.h"

struct sl_websocket;

/* Everything is borrowed until start returns. */
struct sl_websocket_request {
	const char *url; /* http:// or https://, as of the API beside it; ws:// and wss:// too */
	const struct sl_http_header *headers;
	size_t header_count;
	int64_t timeout_ms; /* until the server has agreed; required, > 0 */
	/* After so long without a word a ping is sent, and after as long again without one the
	 * other side counts as lost. 0 = 30 s. */
	int64_t silence_ms;
	size_t max_message;       /* bytes; 0 = 64 KiB; more = SL_EPROTO and the end */
	const struct sl_tls *tls; /* NULL = the system's anchors, and nothing to show */
};

struct sl_websocket_events {
	void (*opened)(void *arg); /* may be NULL */
	/* One whole message, text or binary: raw bytes, with a NUL behind them. */
	void (*message)(void *arg, const char *bytes, size_t len);
	void (*ended)(void *arg, const struct sl_error *e);
};

#endif
