/* SPDX-License-Identifier: Apache-2.0 */
/* One question to Kie, and what its refusals mean. */
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define ANSWER_MAX ((size_t)32 << 20)

static void on_finish(struct sl_chain *c, const struct sl_error *e)
{
	struct sl_call *call = (struct sl_call *)c;

	call->finish(c, e);
	free(call->path);
	free(call->body);
}

void kie_call_init(struct sl_call *call, struct kie *kie, int64_t timeout_ms,
		   void (*finish)(struct sl_chain *c, const struct sl_error *e))
{
	call->kie = kie;
	call->finish = finish;
	sl_chain_init(&call->chain, &kie->all, timeout_ms, on_finish);
}

int kie_refusal(const struct sl_call *call)
{
	return call->chain.status >= 400 ? sl_json_code(call->chain.json, "errorCode") : 0;
}

static enum sl_err refusal_kind(int code, long status)
{
	if (code == 404001)
		return SL_ENOTFOUND;
	if (code == 409001)
		return SL_ECONFLICT;
	if (status >= 500)
		return SL_ELOST;
	return status == 401 || status == 403 ? SL_EAUTH : SL_EPROTO;
}

static int answer_check(const struct sl_call *call, struct sl_error *e)
{
	const struct sl_chain *c = &call->chain;
	const char *words = sl_json_str(c->json, "errorMessage", "");
	const char *detail = sl_json_str(c->json, "detail", "");
	int code = kie_refusal(call);

	if (c->status < 400)
		return SL_OK;
	return sl_fail(e, refusal_kind(code, c->status),
		       "%s: Kie refuses with %d: %.200s%s%.300s%s", c->all->name,
		       code ? code : (int)c->status, words, detail[0] ? " (" : "", detail,
		       detail[0] ? ")" : "");
}

static int fail_token(const struct sl_call *call, const struct sl_error *why, struct sl_error *e)
{
	const struct kie *kie = call->kie;
	const char *name = kie->all.name;

	if (why->code != SL_OK)
		return sl_fail(e, SL_EAUTH, "%s: Kie does not accept the token (401), and %.300s",
			       name, why->msg);
	if (kie->token_file)
		return sl_fail(e, SL_EAUTH,
			       "%s: Kie does not accept the token (401), and '%.200s' holds no "
			       "other one",
			       name, kie->token_file);
	if (kie->account)
		return sl_fail(e, SL_EAUTH,
			       "%s: Kie does not accept the token (401) that '%.64s' got at "
			       "%.200s: does it know that Service Center's key?",
			       name, kie->account, kie->login_url);
	return sl_fail(e, SL_EAUTH, "%s: Kie does not accept %s (401)", name,
		       kie->token ? "the token: the longest life of one is a day"
				  : "requests without a token");
}

static void on_answer(struct sl_chain *c, const struct sl_error *e)
{
	struct sl_call *call = (struct sl_call *)c;
	struct sl_error refused = *e, why = {0};

	if (c->status == 401 && kie_token_renew(call, &why))
		return;
	if (c->status == 429) /* with an empty body */
		sl_fail(&refused, SL_ELOST,
			"%s: Kie limits the rate of requests of all its clients, and it is "
			"reached (429)",
			c->all->name);
	else if (c->status == 401)
		fail_token(call, &why, &refused);
	else if (refused.code == SL_OK)
		answer_check(call, &refused);
	if (refused.code == SL_OK && call->token_number == call->kie->token_number)
		call->kie->token_worked = true;
	call->then(call, &refused);
}

void kie_send(struct sl_call *call)
{
	struct kie *kie = call->kie;
	char *project = sl_text_percent(kie->project);
	char *url = sl_asprintf("%s/v1/%s/kie%s", kie->url, project, call->path);
	char *bearer = sl_asprintf("Bearer %s", kie->token ? kie->token : "");
	struct sl_http_header headers[4];
	struct sl_http_request request = {
		.method = call->method,
		.url = url,
		.headers = headers,
		.body = call->body,
		.body_len = call->body ? strlen(call->body) : 0,
		.timeout_ms = call->timeout_ms,
		.max_body = ANSWER_MAX,
		.tls = &kie->tls,
		.once = strcmp(call->method, "GET") != 0, /* each write is a version */
	};

	call->token_number = kie->token_number;
	headers[request.header_count++] = (struct sl_http_header){"Accept", "application/json"};
	headers[request.header_count++] = (struct sl_http_header){"X-Session-Id", kie->session};
	if (call->body)
		headers[request.header_count++] =
			(struct sl_http_header){"Content-Type", "application/json"};
	if (kie->token)
		headers[request.header_count++] = (struct sl_http_header){"Authorization", bearer};
	call->chain.keep = "x-kie-revision";
	sl_chain_ask(&call->chain, &request, on_answer);
	free(project);
	free(url);
	kie_secret_free(bearer);
}

void kie_ask_within(struct sl_call *call, const char *method, char *path, cJSON *body,
		    int64_t timeout_ms,
		    void (*then)(struct sl_call *call, const struct sl_error *e))
{
	free(call->path);
	free(call->body);
	call->method = method;
	call->path = path;
	call->body = body ? sl_json_print(body) : NULL;
	call->timeout_ms = timeout_ms;
	call->again = false;
	call->then = then;
	cJSON_Delete(body);
	kie_login_send(call);
}

void kie_ask(struct sl_call *call, const char *method, char *path, cJSON *body,
	     void (*then)(struct sl_call *call, const struct sl_error *e))
{
	kie_ask_within(call, method, path, body, 0, then);
}
