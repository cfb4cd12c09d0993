/* SPDX-License-Identifier: Apache-2.0 */
/* What a host may answer to a script: whole, cut, noisy, hostile. A transport of ours gives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/host/remote.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct sent {
	char nonce[64], command[64];
	size_t input_len;
	transport_done done;
	void *arg;
};
static struct sent sent;

struct transport_call *transport_run(struct transport *t, const struct transport_exec *exec,
				     transport_done done, void *arg)
{
	(void)t;
	snprintf(sent.command, sizeof sent.command, "%s", exec->command);
	assert_int_equal(sscanf(exec->input, "{\nsl_nonce='%63[a-z0-9]'", sent.nonce), 1);
	sent.input_len = exec->input_len;
	sent.done = done;
	sent.arg = arg;
	return NULL;
}

/* What follows a log reads another way; here nothing does. */
struct transport_call *transport_follow(struct transport *t, const struct transport_exec *exec,
					transport_data data, transport_done done, void *arg)
{
	(void)data;
	return transport_run(t, exec, done, arg);
}

void transport_cancel(struct transport_call *call)
{
	(void)call;
}

const char *transport_name(const struct transport *t)
{
	(void)t;
	return "oa01";
}

struct got {
	int fired;
	enum sl_err code;
	char msg[1024], value[256];
	size_t count;
};

static void on_answer(void *arg, const struct remote_answer *a)
{
	struct got *g = arg;
	const char *v = remote_answer_get(a, "k");

	g->fired++;
	g->code = a->error.code;
	snprintf(g->msg, sizeof g->msg, "%s", a->error.msg);
	snprintf(g->value, sizeof g->value, "%s", v ? v : "(none)");
	g->count = a->count;
}

/* "@" stands for the nonce. */
static char *with_nonce(const char *text)
{
	char *out = sl_strdup("");

	for (; *text; text++) {
		char *longer = *text == '@' ? sl_asprintf("%s%s", out, sent.nonce)
					    : sl_asprintf("%s%c", out, *text);
		free(out);
		out = longer;
	}
	return out;
}

struct row {
	const char *out, *err;
	int rc;
	enum sl_err transport, code;
	const char *value, *msg;
};

static const struct row rows[] = {
	{"@ k=v\n@ end=0\n", "", 0, SL_OK, SL_OK, "v", ""},
	{"@ k=%41%20b%0Ac\n@ end=0\n", "", 0, SL_OK, SL_OK, "A b\nc", ""},
	{"Welcome!\nk=x\n  @ k=y\n@k=z\n@ k=v\nbye\n@ end=0\n", "", 0, SL_OK, SL_OK, "v", ""},
	{"@ k=v\r\n@ end=0\r\n", "", 0, SL_OK, SL_OK, "v", ""},
	{"@ k=%1b[31m%c2%9b\n@ end=0\n", "", 0, SL_OK, SL_OK, "?[31m?", ""},
	{"@ k=\n@ end=0\n", "", 0, SL_OK, SL_OK, "", ""},
	{"@ k=v\n@ end=0", "", 0, SL_OK, SL_EPROTO, "v", "in the middle"},
	{"@ k=v\n", "sh: killed", 2, SL_OK, SL_EPROTO, "v", "sh: killed"},
	{"@ k=%zz\n@ end=0\n", "", 0, SL_OK, SL_EPROTO, "(none)", "cannot be read"},
	{"@ nothing\n@ end=0\n", "", 0, SL_OK, SL_EPROTO, "(none)", "cannot be read"},
	{"other end=0\n", "", 0, SL_OK, SL_EPROTO, "(none)", ""},
	{"", "This account is not available", 1, SL_OK, SL_ENOSHELL, "(none)", "not available"},
	{"", "", 137, SL_OK, SL_EPROTO, "(none)", "signal 9"},
	{"@ k=v\n", "", 0, SL_ELOST, SL_ELOST, "v", "the line was cut"},
	{"@ error=fenced\n@ message=gone%20now\n@ end=1\n", "", 1, SL_OK, SL_EFENCED, "(none)",
	 "oa01: gone now"},
	{"@ error=held\n@ end=1\n", "", 1, SL_OK, SL_EHELD, "(none)", "oa01: held"},
	{"@ error=space\n@ end=1\n", "", 1, SL_OK, SL_ENOSPACE, "(none)", ""},
	{"@ error=conflict\n@ end=1\n", "", 1, SL_OK, SL_ECONFLICT, "(none)", ""},
	{"@ error=input\n@ end=1\n", "", 1, SL_OK, SL_EINPUT, "(none)", ""},
	{"@ error=unsupported\n@ end=1\n", "", 1, SL_OK, SL_EUNSUPPORTED, "(none)", ""},
	{"@ error=missing\n@ end=1\n", "", 1, SL_OK, SL_ENOTFOUND, "(none)", ""},
	{"@ error=failed\n@ message=%1b[2J\n@ end=1\n", "", 1, SL_OK, SL_ECOMMAND, "(none)",
	 "?[2J"},
	{"@ error=other\n@ end=1\n", "", 1, SL_OK, SL_EPROTO, "(none)", ""},
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct row *r = &rows[i];
		struct got g = {0};

		remote_run(NULL, REMOTE_LOOK, NULL, 0, 0, on_answer, &g);
		char *out = with_nonce(r->out);
		struct transport_result result = {.rc = r->rc,
						  .out = out,
						  .out_len = strlen(out),
						  .err = r->err,
						  .err_len = strlen(r->err)};
		if (r->transport)
			sl_fail(&result.error, r->transport, "the line was cut");
		assert_int_equal(g.fired, 0);
		sent.done(sent.arg, &result);
		free(out);
		assert_int_equal(g.fired, 1);
		if (g.code != r->code || strcmp(g.value, r->value) != 0 || !strstr(g.msg, r->msg))
			fail_msg("%s gave %s, '%s', '%s'", r->out, sl_err_name(g.code), g.value,
				 g.msg);
	}
}

static void test_nonces_differ(void **state)
{
	(void)state;
	char first[64];
	struct got g = {0};
	struct transport_result none = {.out = "", .err = ""};

	remote_run(NULL, REMOTE_LOOK, NULL, 0, 0, on_answer, &g);
	strcpy(first, sent.nonce);
	sent.done(sent.arg, &none);
	remote_run(NULL, REMOTE_LOOK, NULL, 0, 0, on_answer, &g);
	sent.done(sent.arg, &none);
	assert_string_not_equal(first, sent.nonce);
	assert_string_equal(sent.command, "exec /bin/sh -s");
}

/* An endless answer is cut at a bound of ours. */
static void test_many_answers(void **state)
{
	(void)state;
	struct got g = {0};
	const size_t lines = 100000;

	remote_run(NULL, REMOTE_LOOK, NULL, 0, 0, on_answer, &g);
	size_t one = strlen(sent.nonce) + 5;
	char *out = sl_alloc(lines * one + 1);
	for (size_t i = 0; i < lines; i++)
		sprintf(out + i * one, "%s a=b\n", sent.nonce);
	struct transport_result r = {.out = out, .out_len = lines * one, .err = ""};
	sent.done(sent.arg, &r);
	free(out);
	assert_true(g.count < lines);
	assert_int_equal(g.code, SL_EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nonces_differ),
		cmocka_unit_test(test_many_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
