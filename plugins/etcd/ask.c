/* SPDX-License-Identifier: Apache-2.0 */
/* One question: the endpoint, the login, the next endpoint when this one is out of order. */
#include "plugins/sdk/ask.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

/* A page of values is at most this; beyond it something is wrong. */
#define BODY_MAX (32 * 1024 * 1024)

static void call_send(struct sl_call *call);

struct sl_http_request etcd_request(const struct etcd *etcd, const char *path,
				    struct sl_http_header headers[2], char **url)
{
	*url = sl_asprintf("%s/v3%s%s", etcd->urls[etcd->current], etcd->beta ? "beta" : "", path);
	headers[0] = (struct sl_http_header){"Content-Type", "application/json"};
	headers[1] = (struct sl_http_header){"Authorization", etcd->token};
	return (struct sl_http_request){
		.method = "POST",
		.url = *url,
		.headers = headers,
		.header_count = etcd->token ? 2 : 1,
		.max_body = BODY_MAX,
		.tls = &etcd->tls,
	};
}

static int on_digest(void *arg, long status, const char *text, size_t len, struct sl_error *e)
{
	struct sl_call *call = arg;

	return etcd_reply_parse(&call->reply, call->docs, status, text, len, e);
}

/* A change that an endpoint took and did not answer for, or could not: it may have gone through. */
static bool is_unclear(const struct sl_call *call, const struct sl_error *e)
{
	if (call->repeatable || call->logging_in)
		return false;
	if (call->reply.code)
		return call->reply.code == ETCD_UNAVAILABLE || call->reply.code == ETCD_LATE;
	return e->code == SL_ETIMEOUT || e->code == SL_ELOST || e->code == SL_EPROTO;
}

/* Did this endpoint fail, rather than the question? Nothing was asked if it was not reached. */
static bool is_endpoint_down(const struct sl_call *call, const struct sl_error *e)
{
	if (!call->reply.code && (e->code == SL_ERESOLVE || e->code == SL_EREFUSED))
		return true;
	if (!call->repeatable && !call->logging_in)
		return false;
	if (call->reply.code)
		return call->reply.code == ETCD_UNAVAILABLE;
	return e->code == SL_ETIMEOUT || e->code == SL_ELOST || e->code == SL_EPROTO;
}

/* The token went stale (restart, five idle minutes, changed rights): log in once more. */
static bool is_token_stale(const struct sl_call *call, const struct sl_error *e)
{
	if (!call->etcd->token || call->logging_in || call->again)
		return false;
	return call->reply.code == ETCD_NO_TOKEN ||
	       (call->reply.code == ETCD_INVALID && strstr(e->msg, "auth store is old"));
}

/* Is the gateway elsewhere, as version 3.3 has it? Each question looks there once. */
static bool is_moved(struct sl_call *call, const struct sl_error *e)
{
	if (e->code != SL_ENOTFOUND || call->reply.code)
		return false;
	call->etcd->beta = !call->beta;
	call->moved = !call->moved;
	return call->moved;
}

static void token_set(struct etcd *etcd, const char *token)
{
	free(etcd->token);
	etcd->token = sl_strdup(token);
}

static void call_judge(struct sl_call *call, const struct sl_error *e)
{
	struct etcd *etcd = call->etcd;
	struct sl_error last = *e;

	if (is_token_stale(call, e)) {
		call->again = true;
		token_set(etcd, NULL);
		call_send(call);
		return;
	}
	if (is_moved(call, e)) {
		call_send(call);
		return;
	}
	if (is_endpoint_down(call, e) && ++call->tried < etcd->url_count &&
	    etcd_call_left(call) > 0) {
		etcd->current = (etcd->current + 1) % etcd->url_count;
		call_send(call);
		return;
	}
	if (call->tried > 1)
		sl_fail(&last, e->code, "%s (and %zu other endpoints failed)", e->msg,
			call->tried - 1);
	if (strstr(e->msg, "CommonName of client")) /* a text, where its errors are JSON */
		sl_fail(&last, SL_EAUTH,
			"%s: with accounts switched on, etcd's gateway takes no client certificate "
			"that has a CommonName: set cert to one without",
			etcd->name);
	if (is_unclear(call, e))
		sl_fail(&last, e->code, "%s; the change may have taken effect: read it back",
			e->msg);
	call->then(call, &last);
}

static void on_asked(void *arg, const struct sl_error *e)
{
	struct sl_call *call = arg;
	struct sl_error last;

	call->ask = NULL;
	if (call->canceled) {
		etcd_call_end(call, e);
	} else if (e->code != SL_OK) {
		call_judge(call, e);
	} else if (call->logging_in && !call->reply.token) {
		sl_fail(&last, SL_EPROTO, "%s: the login's answer holds no token",
			call->etcd->name);
		call->then(call, &last);
	} else if (call->logging_in) {
		token_set(call->etcd, call->reply.token);
		call_send(call);
	} else {
		call->then(call, e);
	}
}

static char *login_body(const struct etcd *etcd)
{
	cJSON *body = cJSON_CreateObject();
	char *text;

	sl_json_add_str(body, "name", etcd->user);
	sl_json_add_str(body, "password", etcd->password ? etcd->password : "");
	text = sl_json_print(body);
	cJSON_Delete(body);
	return text;
}

/* What is left is shared among the endpoints that are left: a silent one takes only its part. */
static int64_t call_share(const struct sl_call *call)
{
	const struct etcd *etcd = call->etcd;
	int64_t left = etcd_call_left(call);

	if (call->tried + 1 < etcd->url_count && call->repeatable)
		left /= (int64_t)(etcd->url_count - call->tried);
	if (left > etcd->request_ms)
		left = etcd->request_ms;
	return left > 1 ? left : 1;
}

static void call_send(struct sl_call *call)
{
	struct etcd *etcd = call->etcd;
	struct sl_http_header headers[2];
	struct sl_http_request request;
	char *url, *login = NULL;

	etcd_reply_discard(etcd, &call->reply);
	call->logging_in = etcd->user && !etcd->token;
	call->beta = etcd->beta;
	request = etcd_request(etcd, call->logging_in ? "/auth/authenticate" : call->path, headers,
			       &url);
	if (call->logging_in)
		login = login_body(etcd);
	request.body = login ? login : call->body;
	request.body_len = strlen(request.body);
	request.timeout_ms = call_share(call);
	call->ask = sl_ask_start(
		etcd->services, &request,
		&(struct sl_ask_spec){
			.who = etcd->name, .digest = on_digest, .done = on_asked, .arg = call});
	if (login) {
		explicit_bzero(login, strlen(login));
		free(login);
	}
	free(url);
}

void etcd_ask(struct sl_call *call, const char *path, cJSON *body, bool repeatable,
	      void (*then)(struct sl_call *call, const struct sl_error *e))
{
	struct sl_error e = {0};

	free(call->body);
	call->body = sl_json_print(body);
	cJSON_Delete(body);
	call->path = path;
	call->repeatable = repeatable;
	call->then = then;
	call->tried = 0;
	call->again = call->moved = false;
	if (call->canceled)
		etcd_call_end_later(call, &e);
	else
		call_send(call);
}
