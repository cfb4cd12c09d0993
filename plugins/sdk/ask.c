/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/ask.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plugins/sdk/http.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SHOWN 160 /* bytes of an unexpected answer that a message shows */

struct sl_ask {
	const struct sl_host_services *services;
	struct sl_ask_spec spec;
	struct sl_http_call *http; /* NULL when answered */
	bool canceled;
	long status;
	char *text; /* a copy, while the pool works on it */
	size_t len;
	struct sl_error error;
};

/* --- what came? --- */

static const char *skip_space(const char *s)
{
	if (sl_text_starts(s, "\xef\xbb\xbf"))
		s += 3;
	return s + strspn(s, " \t\r\n");
}

static bool is_html(const struct sl_http_response *r, const char *body)
{
	const char *type = sl_http_response_header(r, "content-type");

	return (type && strncasecmp(type, "text/html", 9) == 0) || body[0] == '<';
}

static enum sl_err status_code(long status)
{
	if (status == 401 || status == 403 || status == 407)
		return SL_EAUTH;
	if (status == 404)
		return SL_ENOTFOUND;
	return status == 408 || status == 504 ? SL_ETIMEOUT : SL_EPROTO;
}

static int fail_redirect(const struct sl_http_response *r, struct sl_error *e)
{
	const char *to = sl_http_response_header(r, "location");

	return sl_fail(e, SL_EPROTO,
		       "status %ld redirects to '%.200s', which is not followed: give the address "
		       "that answers itself",
		       r->status, to ? to : "nowhere");
}

static int fail_text(const struct sl_http_response *r, const char *body, struct sl_error *e)
{
	enum sl_err code = status_code(r->status);
	char shown[SHOWN];

	sl_text_clean(shown, sizeof shown, body, strnlen(body, SHOWN), false);
	if (is_html(r, body))
		return sl_fail(e, code,
			       "status %ld with an HTML page instead of JSON: a proxy, or the "
			       "wrong address? It begins: %s",
			       r->status, shown);
	if (code == SL_EAUTH)
		return sl_fail(e, code,
			       "status %ld: the credentials are missing or not accepted: %s",
			       r->status, shown);
	if (!shown[0])
		return sl_fail(e, code, "status %ld with an empty answer instead of JSON",
			       r->status);
	/* What it will not answer, in its own words: who asked can mend it. */
	return sl_fail(e, r->status == 400 ? SL_EINPUT : code,
		       "status %ld with a text instead of JSON: %s", r->status, shown);
}

int sl_answer_check(const struct sl_http_response *r, struct sl_error *e)
{
	const char *body = skip_space(r->body);

	if (r->error.code != SL_OK) {
		*e = r->error;
		return e->code;
	}
	if (r->status >= 300 && r->status < 400)
		return fail_redirect(r, e);
	if (body[0] != '{' && body[0] != '[')
		return fail_text(r, body, e);
	return SL_OK;
}

/* --- the question --- */

static void ask_finish(struct sl_ask *ask)
{
	if (ask->canceled)
		sl_fail(&ask->error, SL_ECANCELED, "canceled");
	if (ask->error.code != SL_OK)
		sl_error_prefix(&ask->error, "%s", ask->spec.who);
	ask->spec.done(ask->spec.arg, &ask->error);
	free(ask->text);
	free(ask);
}

static void on_work(void *arg)
{
	struct sl_ask *ask = arg;

	ask->spec.digest(ask->spec.arg, ask->status, ask->text, ask->len, &ask->error);
}

static void on_worked(void *arg)
{
	ask_finish(arg);
}

static bool is_bare(const struct sl_http_response *r, const char *body)
{
	return r->error.code == SL_OK && (r->status == 304 || (!*body && r->status < 300));
}

static void on_answer(void *arg, const struct sl_http_response *r)
{
	struct sl_ask *ask = arg;
	const char *body = skip_space(r->body);
	size_t len = r->body_len - (size_t)(body - r->body);

	ask->http = NULL;
	ask->status = r->status;
	if (ask->spec.head && !ask->canceled && (r->error.code == SL_OK || r->oversize))
		ask->spec.head(ask->spec.arg, r);
	if (ask->spec.bare && !ask->canceled && is_bare(r, body)) {
		ask->spec.digest(ask->spec.arg, r->status, "", 0, &ask->error);
		ask_finish(ask);
		return;
	}
	if (ask->canceled || sl_answer_check(r, &ask->error) != SL_OK) {
		ask_finish(ask);
		return;
	}
	if (len <= SL_ASK_INLINE) {
		ask->spec.digest(ask->spec.arg, r->status, body, len, &ask->error);
		ask_finish(ask);
		return;
	}
	ask->text = sl_alloc_n(len + 1, 1);
	memcpy(ask->text, body, len);
	ask->len = len;
	ask->services->offload(ask->services->ctx, on_work, on_worked, ask);
}

struct sl_ask *sl_ask_start(const struct sl_host_services *services,
			    const struct sl_http_request *request, const struct sl_ask_spec *spec)
{
	struct sl_ask *ask = sl_alloc(sizeof *ask);

	ask->services = services;
	ask->spec = *spec;
	ask->http = services->http(services->ctx, request, on_answer, ask);
	return ask;
}

void sl_ask_cancel(struct sl_ask *ask)
{
	if (ask->canceled)
		return;
	ask->canceled = true;
	if (ask->http)
		ask->services->http_cancel(ask->services->ctx, ask->http);
}
