/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts through a transport: framing, codes of errors, noise, hosts without a shell. */
#include "tests/unit/orchestrator-host/harness.h"

#include "orchestrator/host/remote.h"
#include "plugins/sdk/text.h"

struct seen {
	unsigned fired;
	struct sl_error error;
	size_t count;
	char epoch[64], who[256], what[256];
};

static struct rig rig;
static struct transport *host;
static char sluice[256];

static void keep(char *dst, size_t size, const struct remote_answer *a, const char *key)
{
	const char *value = remote_answer_get(a, key);

	snprintf(dst, size, "%s", value ? value : "(none)");
}

static void on_answer(void *arg, const struct remote_answer *a)
{
	struct seen *s = arg;

	s->fired++;
	s->error = a->error;
	s->count = a->count;
	keep(s->epoch, sizeof s->epoch, a, "epoch");
	keep(s->who, sizeof s->who, a, "owner.who");
	keep(s->what, sizeof s->what, a, "owner.what");
}

static struct seen ask(enum remote_script script, const struct remote_arg *args, size_t count)
{
	struct seen s = {0};

	remote_run(host, script, args, count, 20000, on_answer, &s);
	assert_int_equal(s.fired, 0);
	wait_for(&rig, &s.fired, 1);
	uv_run(&rig.loop, UV_RUN_NOWAIT);
	assert_int_equal(s.fired, 1);
	return s;
}

static int set_up(void **state)
{
	(void)state;
	rig_open(&rig, 4);
	host = transport_new(rig.pool, &(struct transport_target){.name = "oa01",
								  .address = "127.0.0.1",
								  .driver = TRANSPORT_LOCAL,
								  .local_root = rig.folder});
	snprintf(sluice, sizeof sluice, "%s/it's $a/.sluice", rig.folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

#define RUN_ARGS(run, epoch)              \
	{"sluice", sluice}, {"run", run}, \
	{                                 \
		"epoch", epoch            \
	}

static void test_answers_come_back(void **state)
{
	(void)state;
	const struct remote_arg claim[] = {
		RUN_ARGS("a", "1"),
		{"who", "x\033[31m\n\xc3\xbc'$(id)"},
		{"what", "two words"},
		{"since", NULL},
	};
	struct seen s = ask(REMOTE_CLAIM, claim, SL_COUNT(claim));
	assert_string_equal(s.error.msg, "");
	assert_string_equal(s.epoch, "1");
	const struct remote_arg look[] = {{"sluice", sluice}, {"agent", "1"}};
	s = ask(REMOTE_LOOK, look, SL_COUNT(look));
	assert_int_equal(s.error.code, SL_OK);
	assert_string_equal(s.what, "two words");
	assert_string_equal(s.who, "x?[31m\n\xc3\xbc'$(id)");
}

static void test_words_become_codes(void **state)
{
	(void)state;
	const struct remote_arg claim[] = {RUN_ARGS("a", "1")};
	const struct remote_arg thief[] = {RUN_ARGS("b", "2")};
	const struct remote_arg bad[] = {RUN_ARGS("a", "1"), {"release", "a/b"}};
	const struct remote_arg full[] = {RUN_ARGS("a", "1"),
					  {"release", "r"},
					  {"dir", rig.folder},
					  {"need_kb", "99999999999"}};
	const struct remote_arg gone[] = {
		RUN_ARGS("a", "1"), {"release", "r"}, {"dir", rig.folder}};
	assert_int_equal(ask(REMOTE_CLAIM, claim, SL_COUNT(claim)).error.code, SL_OK);
	struct seen s = ask(REMOTE_CLAIM, thief, SL_COUNT(thief));
	assert_int_equal(s.error.code, SL_EHELD);
	assert_true(sl_text_starts(s.error.msg, "oa01: "));
	assert_int_equal(ask(REMOTE_RENEW, thief, SL_COUNT(thief)).error.code, SL_EFENCED);
	assert_int_equal(ask(REMOTE_STAGE_BEGIN, bad, SL_COUNT(bad)).error.code, SL_EINPUT);
	assert_int_equal(ask(REMOTE_STAGE_BEGIN, full, SL_COUNT(full)).error.code, SL_ENOSPACE);
	assert_int_equal(ask(REMOTE_STAGE_FINISH, gone, SL_COUNT(gone)).error.code, SL_ENOTFOUND);
}

static void test_unknown_argument_is_a_bug(void **state)
{
	(void)state;
	const struct remote_arg args[] = {{"sluice", sluice}, {"linkz", "x"}};
	struct seen s = ask(REMOTE_LOOK, args, SL_COUNT(args));
	assert_int_equal(s.error.code, SL_EINTERNAL);
	assert_non_null(strstr(s.error.msg, "linkz"));
}

static void test_cancel(void **state)
{
	(void)state;
	struct seen s = {0};
	const struct remote_arg args[] = {
		{"sluice", sluice}, {"cwd", "/"}, {"command", "sleep 1006"}, {"timeout", "5"}};
	struct transport_call *c =
		remote_run(host, REMOTE_COMMAND, args, SL_COUNT(args), 0, on_answer, &s);
	transport_cancel(c);
	assert_int_equal(s.fired, 0);
	wait_for(&rig, &s.fired, 1);
	assert_int_equal(s.error.code, SL_ECANCELED);
}

/* What an rc file prints, lines of other calls, lines that were cut: noise. */
static void test_text_is_quoted_whole(void **state)
{
	(void)state;
	static const char *const values[] = {
		"", "'", "a'b\"c`d`$(e)\\", "-n", "two\nlines", "\xe4\xb8\xad", "it'''"};
	for (size_t i = 0; i < SL_COUNT(values); i++) {
		const struct remote_arg args[] = {{"parked", values[i]}};
		char *text = remote_script_text(REMOTE_RENEW, args, 1, "n0");
		char *quoted = sl_text_quote_sh(values[i]);
		char *want = sl_asprintf("\na_parked=%s\n", quoted);
		assert_true(sl_text_starts(text, "{\nsl_nonce='n0'\n"));
		assert_non_null(strstr(text, want));
		assert_string_equal(text + strlen(text) - 7, "exit\n}\n");
		free(want);
		free(quoted);
		free(text);
	}
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < REMOTE_SCRIPT_COUNT; i++) {
		assert_true(sl_text_is_name(remote_script_name((enum remote_script)i)));
		char *text = remote_script_text((enum remote_script)i, NULL, 0, "n");
		assert_non_null(strstr(text, "sl_fence"));
		free(text);
	}
	assert_string_equal(remote_script_name(REMOTE_SCRIPT_COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_answers_come_back),         TEST(test_words_become_codes),
		TEST(test_unknown_argument_is_a_bug), TEST(test_cancel),
		TEST(test_text_is_quoted_whole),      TEST(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
