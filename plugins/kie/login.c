/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where accounts are switched on, Kie takes tokens that a Service Center issued, and these end
 * after half a day. So there is a login at that Service Center, whose third wrong password locks
 * the account: one that was refused, or of which nobody knows how it went, is never tried a second
 * time, and only one runs at a time, the other questions wait for it. Or the token is in a file
 * that someone else keeps fresh.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/kie/kie.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define LOGIN_MS  10000
#define TOKEN_MAX ((size_t)16 << 10) /* bytes */

/* --- the token --- */

void kie_secret_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void token_set(struct kie *kie, const char *token, size_t len)
{
	kie_secret_free(kie->token);
	kie->token = sl_strndup(token, len);
	kie->token_number++;
	kie->token_worked = false;
}

/* The file is small and on this machine: it is read where we stand. */
int kie_token_read(struct kie *kie, struct sl_error *e)
{
	char text[TOKEN_MAX + 1];
	FILE *f = fopen(kie->token_file, "re");
	size_t len;
	int trouble;

	if (!f)
		return sl_fail(e, SL_EIO, "'%.200s' cannot be read: %s", kie->token_file,
			       strerror(errno));
	len = fread(text, 1, TOKEN_MAX, f);
	trouble = ferror(f) ? errno : 0;
	fclose(f);
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	if (trouble)
		return sl_fail(e, SL_EIO, "'%.200s' cannot be read: %s", kie->token_file,
			       strerror(trouble));
	if (!len || !sl_text_is_clean(text, len))
		return sl_fail(e, SL_EINPUT, "'%.200s' holds no token, in one line",
			       kie->token_file);
	if (!kie->token || strlen(kie->token) != len || memcmp(kie->token, text, len) != 0)
		token_set(kie, text, len);
	explicit_bzero(text, sizeof text);
	return SL_OK;
}

/* --- the login --- */

static void fire_refused(struct sl_chain *c)
{
	struct sl_call *call = (struct sl_call *)c;

	call->then(call, &call->kie->login_error);
}

static void fire_waiting(struct sl_chain *c)
{
	struct sl_call *call = (struct sl_call *)c;

	call->waits = false;
	if (call->kie->login == KIE_LOGIN_DONE)
		kie_send(call);
	else if (call->kie->login == KIE_LOGIN_RUNS)
		sl_chain_fail(c, SL_ETIMEOUT, "the login takes too long");
	else
		call->then(call, &call->kie->login_error);
}

static void wake_all(struct kie *kie)
{
	for (struct sl_chain *c = kie->all.first; c; c = c->next)
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
	struct kie *kie = ((struct sl_call *)c)->kie;
	bool unclear = e->code == SL_ECANCELED || e->code == SL_ETIMEOUT;

	kie->login_error = *e;
	if (e->code == SL_OK) {
		kie->login = KIE_LOGIN_DONE;
	} else if (never_arrived(e->code)) {
		kie->login = KIE_LOGIN_NONE;
	} else {
		kie->login = KIE_LOGIN_REFUSED;
		sl_fail(&kie->login_error, unclear ? e->code : SL_EAUTH,
			"%.700s; the login of '%.64s' is not tried again by itself, as the third "
			"wrong one locks the account",
			e->msg, kie->account);
	}
	wake_all(kie);
}

static void on_login(struct sl_chain *c, const struct sl_error *e)
{
	struct kie *kie = ((struct sl_call *)c)->kie;
	const char *token = sl_json_str(c->json, "token", NULL);
	int code = sl_json_code(c->json, "errorCode");
	struct sl_error end = *e;

	if (end.code == SL_OK && c->status >= 400)
		sl_fail(&end, SL_EAUTH,
			"%s: Service Center refuses the login of '%.64s' with %d: %.200s",
			c->all->name, kie->account, code ? code : (int)c->status,
			sl_json_str(c->json, "errorMessage", "no reason is given"));
	else if (end.code == SL_OK && (!token || !sl_text_is_clean(token, strlen(token))))
		sl_fail(&end, SL_EPROTO, "%s: the login's answer holds no token", c->all->name);
	else if (end.code == SL_OK)
		token_set(kie, token, strlen(token));
	sl_chain_end(c, &end);
}

static void login_start(struct kie *kie)
{
	struct sl_call *call = sl_alloc(sizeof *call);
	cJSON *body = cJSON_CreateObject();
	char *url = sl_asprintf("%s/v4/token", kie->login_url), *text;
	const struct sl_http_header type = {"Content-Type", "application/json"};

	kie->login = KIE_LOGIN_RUNS;
	sl_json_add_str(body, "name", kie->account);
	sl_json_add_str(body, "password", kie->password);
	text = sl_json_print(body);
	cJSON_Delete(body);
	kie_call_init(call, kie, LOGIN_MS, login_finish);
	sl_chain_ask(&call->chain,
		     &(struct sl_http_request){.method = "POST",
					       .url = url,
					       .headers = &type,
					       .header_count = 1,
					       .body = text,
					       .body_len = strlen(text),
					       .tls = &kie->tls,
					       .once = true},
		     on_login);
	kie_secret_free(text);
	free(url);
}

void kie_login_send(struct sl_call *call)
{
	struct kie *kie = call->kie;

	if (!kie->account || kie->login == KIE_LOGIN_DONE) {
		kie_send(call);
		return;
	}
	if (kie->login == KIE_LOGIN_REFUSED) {
		sl_chain_pause(&call->chain, 0, fire_refused);
		return;
	}
	call->waits = true;
	sl_chain_pause(&call->chain, LOGIN_MS * 2, fire_waiting);
	if (kie->login == KIE_LOGIN_NONE)
		login_start(kie);
}

/*
 * Kie does not say that a token has ended, so one that never worked is not replaced by a login:
 * the next would be as good, and each poll would log in.
 */
bool kie_token_renew(struct sl_call *call, struct sl_error *e)
{
	struct kie *kie = call->kie;
	bool other = call->token_number != kie->token_number || kie->login == KIE_LOGIN_RUNS;

	if (call->again)
		return false;
	call->again = true;
	if (!other && kie->token_file) {
		kie_token_read(kie, e);
		other = call->token_number != kie->token_number;
	}
	if (!other && kie->token_worked && kie->login == KIE_LOGIN_DONE) {
		kie->login = KIE_LOGIN_NONE;
		other = true;
	}
	if (other)
		kie_login_send(call);
	return other;
}
