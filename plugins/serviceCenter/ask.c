/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question, with the login before it. The third wrong password locks an account, so a login
 * that was refused, or of which nobody knows how it went, is never tried a second time; and only
 * one runs at a time, the other questions wait for it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/serviceCenter/sc.h"

#define LOGIN_MS   10000
#define ANSWER_MAX ((size_t)32 << 20)
#define EXPIRED    401205
#define UNKNOWN    401201

struct login {
	struct sl_call call;
};

/* --- calls --- */

void sc_call_init(struct sl_call *call, struct sc *sc, int64_t timeout_ms,
		  void (*finish)(struct sl_chain *c, const struct sl_error *e))
{
	call->sc = sc;
	sl_chain_init(&call->chain, &sc->all, timeout_ms, finish);
}

void sc_call_release(struct sl_call *call)
{
	free(call->path);
	free(call->body);
}

char *sc_path(const struct sc *sc, const char *fmt, ...)
{
	char *project = sl_text_percent(sc->project), *tail, *path;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&tail, fmt, ap);
	va_end(ap);
	if (n < 0)
		sl_alloc_failed();
	path = sl_asprintf("/v4/%s%s", project, tail);
	free(project);
	free(tail);
	return path;
}

/* --- answers --- */

int sc_refusal(const struct sl_call *call)
{
	return call->chain.status >= 400 ? sl_json_code(call->chain.json, "errorCode") : 0;
}

static enum sl_err refusal_kind(int code, long status)
{
	if (code == 400012 || code == 400017 || code == 400026)
		return SL_ENOTFOUND;
	if (code == 400002 || code / 1000 >= 500)
		return SL_ELOST;
	return status == 401 || status == 403 ? SL_EAUTH : SL_EPROTO;
}

/*
 * Is the token that it carried no good any more? A server with new keys, or of an older version,
 * does not say that it has expired. But what is refused from the start stays so: else each poll
 * would log in.
 */
static bool token_ended(const struct sl_call *call)
{
	int code = sc_refusal(call);

	if (!call->sc->account || call->logging_in)
		return false;
	return code == EXPIRED || (code == UNKNOWN && call->sc->token_worked &&
				   call->token_number == call->sc->token_number);
}

/* Did the server refuse? The number is stable, the words are not. */
static int answer_check(const struct sl_call *call, struct sl_error *e)
{
	const struct sl_chain *c = &call->chain;
	const char *words = sl_json_str(c->json, "errorMessage", "no reason is given");
	const char *detail = sl_json_str(c->json, "detail", "");
	int code = sc_refusal(call);

	if (c->status < 400)
		return SL_OK;
	return sl_fail(e, refusal_kind(code, c->status),
		       "%s: Service Center refuses %s with %d: %.200s%s%.300s%s%s", c->all->name,
		       call->path, code ? code : (int)c->status, words, detail[0] ? " (" : "",
		       detail, detail[0] ? ")" : "",
		       token_ended(call) ? "; the next call logs in anew" : "");
}

/* A late answer to one that carried an older token says nothing of the new one, nor of the login
 * that may run. */
static void forget_token(struct sl_call *call)
{
	struct sc *sc = call->sc;

	if (sc->login != SC_LOGIN_DONE || call->token_number != sc->token_number)
		return;
	free(sc->token);
	sc->token = NULL;
	sc->login = SC_LOGIN_NONE;
}

static void on_answer(struct sl_chain *c, const struct sl_error *e)
{
	struct sl_call *call = (struct sl_call *)c;
	struct sl_error refused = *e;

	if (refused.code == SL_OK)
		answer_check(call, &refused);
	if (token_ended(call))
		forget_token(call);
	else if (refused.code == SL_OK && call->token_number == call->sc->token_number)
		call->sc->token_worked = true;
	call->then(call, &refused);
}

/* --- the question --- */

size_t sc_headers(const struct sc *sc, struct sl_http_header *headers, char **bearer)
{
	size_t n = 0;

	*bearer = sc->token ? sl_asprintf("Bearer %s", sc->token) : NULL;
	if (sc->domain)
		headers[n++] = (struct sl_http_header){"X-Domain-Name", sc->domain};
	if (sc->token)
		headers[n++] = (struct sl_http_header){"Authorization", *bearer};
	return n;
}

static void send(struct sl_call *call)
{
	struct sc *sc = call->sc;
	char *url = sl_asprintf("%s%s", sc->url, call->path);
	char *bearer;
	struct sl_http_header headers[4];
	struct sl_http_request request = {
		.method = call->method,
		.url = url,
		.headers = headers,
		.header_count = sc_headers(sc, headers, &bearer),
		.body = call->body,
		.body_len = call->body ? strlen(call->body) : 0,
		.max_body = ANSWER_MAX,
		.tls = &sc->tls,
		.once = call->logging_in || strcmp(call->method, "PUT") == 0,
	};

	call->token_number = sc->token_number;
	if (call->logging_in && bearer)
		request.header_count--; /* an old token is no help there */
	if (call->body)
		headers[request.header_count++] =
			(struct sl_http_header){"Content-Type", "application/json"};
	sl_chain_ask(&call->chain, &request, on_answer);
	free(url);
	free(bearer);
}

/* --- login --- */

static void fire_waiting(struct sl_chain *c)
{
	struct sl_call *call = (struct sl_call *)c;

	call->waits = false;
	if (call->sc->login == SC_LOGIN_DONE)
		send(call);
	else if (call->sc->login == SC_LOGIN_RUNS)
		sl_chain_fail(c, SL_ETIMEOUT, "the login takes too long");
	else
		call->then(call, &call->sc->login_error);
}

static void wake_all(struct sc *sc)
{
	for (struct sl_chain *c = sc->all.first; c; c = c->next)
		if (((struct sl_call *)c)->waits)
			sl_chain_wake(c, fire_waiting);
}

/* Errors that come before the first byte could be sent: no try was counted. */
static bool never_arrived(enum sl_err code)
{
	return code == SL_EREFUSED || code == SL_ERESOLVE;
}

static void login_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct sl_call *call = (struct sl_call *)c;
	struct sc *sc = call->sc;

	if (e->code == SL_OK) {
		sc->login = SC_LOGIN_DONE;
	} else {
		sc->login = never_arrived(e->code) ? SC_LOGIN_NONE : SC_LOGIN_REFUSED;
		sc->login_error = *e;
		if (sc->login == SC_LOGIN_REFUSED)
			sl_fail(&sc->login_error,
				e->code == SL_ECANCELED || e->code == SL_ETIMEOUT ? e->code
										  : SL_EAUTH,
				"%.700s; the login of '%.64s' is not tried again by itself, as the "
				"third wrong one locks the account",
				e->msg, sc->account);
	}
	wake_all(sc);
	sc_call_release(call);
}

static void on_login(struct sl_call *call, const struct sl_error *e)
{
	const char *token = sl_json_str(call->chain.json, "token", NULL);
	struct sl_error end = *e;

	if (end.code == SL_OK && (!token || strpbrk(token, "\r\n")))
		sl_fail(&end, SL_EPROTO, "%s: the login's answer holds no token",
			call->chain.all->name);
	if (end.code == SL_OK) {
		free(call->sc->token);
		call->sc->token = sl_strdup(token);
		call->sc->token_number++;
		call->sc->token_worked = false;
	}
	sl_chain_end(&call->chain, &end);
}

static void login_start(struct sc *sc)
{
	struct login *l = sl_alloc(sizeof *l);
	cJSON *body = cJSON_CreateObject();

	sc->login = SC_LOGIN_RUNS;
	sl_json_add_str(body, "name", sc->account);
	sl_json_add_str(body, "password", sc->password);
	sc_call_init(&l->call, sc, LOGIN_MS, login_finish);
	l->call.logging_in = true;
	l->call.method = "POST";
	l->call.path = sl_strdup("/v4/token");
	l->call.body = sl_json_print(body);
	l->call.then = on_login;
	cJSON_Delete(body);
	send(&l->call);
}

static void fire_refused(struct sl_chain *c)
{
	struct sl_call *call = (struct sl_call *)c;

	call->then(call, &call->sc->login_error);
}

void sc_ask_text(struct sl_call *call, const char *method, char *path, char *body,
		 void (*then)(struct sl_call *call, const struct sl_error *e))
{
	struct sc *sc = call->sc;

	sc_call_release(call);
	call->method = method;
	call->path = path;
	call->body = body;
	call->then = then;
	if (!sc->account || sc->login == SC_LOGIN_DONE) {
		send(call);
		return;
	}
	if (sc->login == SC_LOGIN_REFUSED) {
		sl_chain_pause(&call->chain, 0, fire_refused);
		return;
	}
	call->waits = true;
	sl_chain_pause(&call->chain, LOGIN_MS * 2, fire_waiting);
	if (sc->login == SC_LOGIN_NONE)
		login_start(sc);
}

void sc_ask(struct sl_call *call, const char *method, char *path, cJSON *body,
	    void (*then)(struct sl_call *call, const struct sl_error *e))
{
	char *text = body ? sl_json_print(body) : NULL;

	cJSON_Delete(body);
	sc_ask_text(call, method, path, text, then);
}
