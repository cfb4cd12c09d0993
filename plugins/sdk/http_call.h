/* SPDX-License-Identifier: Apache-2.0 */
/* One HTTP call: the part shared between http.c (the engine) and http_call.c (what is asked and
 * what came back). Not for anyone else. */
#ifndef SLUICE_SDK_HTTP_CALL_H
#define SLUICE_SDK_HTTP_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/curl.h"
#include "plugins/sdk/error.h"
#include "plugins/sdk/http.h"
#include "plugins/sdk/tls_check.h"

struct http_lookup;

struct sl_http_call {
	struct sl_http *http;
	struct sl_http_call *prev, *next; /* all calls of the client */
	struct sl_http_call *next_ended;  /* those whose done is due */
	struct sl_http_call *next_fed;    /* those with bytes for data */
	struct sl_http_call *next_slow;   /* those that wait for their pace */
	sl_http_done done;
	void (*data)(void *arg, long status, const char *bytes, size_t len);
	void *arg;

	CURL *easy;
	bool added;  /* easy is in the multi handle */
	bool fed;    /* in the list of those with bytes for data */
	bool paused; /* too many of them, or too soon: curl waits until they are taken */
	bool ended;  /* in the list of the ended; error is final unless cancelled */
	uv_timer_t deadline;
	int64_t timeout_ms, pace_ms;
	struct http_lookup *lookup; /* NULL when none runs */

	char *label; /* "GET http://host/path": no credentials, no query */
	char *host;  /* to be looked up; NULL = nothing to look up */
	unsigned port;
	struct sl_tls tls; /* our own copy */
	struct sl_tls_heard heard;
	struct curl_slist *send_headers, *addresses;

	struct sl_error error;
	long status;
	struct sl_http_header *headers;
	size_t header_count, header_cap, header_bytes;
	struct sl_buf body;
	bool oversize;
	char why[CURL_ERROR_SIZE];
};

/* Fill easy, label, host and port from the request. ear: of the client, as long as it lives. Not 0
 * = *e says what is wrong with it. */
int http_call_prepare(struct sl_http_call *call, const struct sl_http_request *request,
		      const struct sl_tls_ear *ear, struct sl_error *e);
/* Tell curl the looked-up addresses of call->host. */
void http_call_addresses(struct sl_http_call *call, const struct addrinfo *found);
/* Turn curl's result into call->error and call->status. */
void http_call_result(struct sl_http_call *call, CURLcode code);
/* http.c: bytes for call->data wait in call->body. */
void http_call_feed(struct sl_http_call *call);
void http_call_release(struct sl_http_call *call); /* everything but the struct and its handle */

#endif
