/* SPDX-License-Identifier: Apache-2.0 */
/* The claim on a host, and what fencing keeps out. */
#include "tests/unit/orchestrator-host/scripts.h"

static struct host h;
static const char *shell;

static int set_up(void **state)
{
	(void)state;
	host_open(&h, shell);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&h);
	reply_release(&last);
	return 0;
}

static struct args claim_args(const char *epoch, const char *run)
{
	return ARGS({"number", "8"}, {"who", "b\"o'b \xc3\xbc\n%"}, {"from", "desk"}, {"what", ""},
		    {"since", "2026-01-02T03:04:05Z"}, {"expect_epoch", epoch},
		    {"expect_run", run});
}

static void test_look_at_nothing(void **state)
{
	(void)state;
	call(&h, REMOTE_LOOK, ARGS({"links", "current:0"}, {"ports_host", "127.0.0.1"}));
	assert_ok();
	assert_answer("missing", "(none)");
	assert_answer("writable", "yes");
	assert_answer("home", h.home);
	assert_answer("owner.epoch", "(none)");
	assert_answer("current.kind", "none");
	assert_answer("current.target", "");
	assert_answer("current.alive", "no");
	assert_answer("current.held", "no");
	assert_true(atoll(get(&last, "free_kb")) > 0);
	assert_true(llabs(atoll(get(&last, "now")) - (long long)time(NULL)) < 60);
	assert_false(is_there(h.dir));
}

static void test_claim_and_look(void **state)
{
	(void)state;
	host_claim(&h);
	assert_answer("epoch", "1");
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.run", RUN);
	assert_answer("owner.epoch", "1");
	assert_answer("owner.number", "7");
	assert_answer("owner.who", "ann");
	assert_answer("owner.what", "orders 1 -> 2");
	assert_answer("owner.parked", "");
	assert_true(atoi(get(&last, "owner.silent_s")) <= 5);
	assert_answer("current.kind", "(none)");
	struct stat st;
	assert_int_equal(stat(h.sluice, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
}

static void test_claim_again_is_ok(void **state)
{
	(void)state;
	host_claim(&h);
	host_claim(&h);
	assert_answer("epoch", "1");
}

static void test_foreign_claim_is_held(void **state)
{
	(void)state;
	host_claim(&h);
	h.run = "other";
	h.epoch = "2";
	call(&h, REMOTE_CLAIM, claim_args("", ""));
	assert_refused("held");
	assert_answer("owner.run", RUN);
	assert_answer("owner.who", "ann");
}

static void test_take_over_and_awkward_words(void **state)
{
	(void)state;
	host_claim(&h);
	h.run = "other";
	h.epoch = "2";
	call(&h, REMOTE_CLAIM, claim_args("1", RUN));
	assert_ok();
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.who", "b\"o'b \xc3\xbc\n%");
	assert_answer("owner.run", "other");
}

static void test_epoch_must_rise(void **state)
{
	(void)state;
	h.epoch = "5";
	host_claim(&h);
	h.run = "other";
	call(&h, REMOTE_CLAIM, claim_args("5", RUN));
	assert_refused("held");
}

static void test_renew_and_park(void **state)
{
	(void)state;
	host_claim(&h);
	call(&h, REMOTE_RENEW, ARGS({"parked", "yes"}));
	assert_ok();
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.parked", "yes");
	assert_answer("owner.who", "ann");
	assert_answer("owner.format", "1");
	call(&h, REMOTE_RENEW, ARGS({"parked", ""}));
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.parked", "");
}

static void test_reboot_shows(void **state)
{
	(void)state;
	host_claim(&h);
	put_text(text_at("%s/owner", h.sluice), "format=1\nepoch=1\nrun=x\nrenewed=1\nboot=old\n",
		 0600);
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.silent_s", "reboot");
}

static void test_unclaim_keeps_epoch(void **state)
{
	(void)state;
	call(&h, REMOTE_UNCLAIM, ARGS({"number", ""}));
	assert_ok();
	host_claim(&h);
	call(&h, REMOTE_UNCLAIM, ARGS({"number", ""}));
	assert_ok();
	call(&h, REMOTE_UNCLAIM, ARGS({"number", ""}));
	assert_ok();
	call(&h, REMOTE_LOOK, ARGS({"agent", "1"}));
	assert_answer("owner.run", "");
	assert_answer("owner.epoch", "1");
	/* Whoever claims next has to go on from there. */
	h.run = "other";
	h.epoch = "2";
	call(&h, REMOTE_CLAIM, claim_args("1", ""));
	assert_ok();
}

enum { RACERS = 6 };

static void test_one_of_many_wins(void **state)
{
	(void)state;
	char runs[RACERS][24];
	struct call calls[RACERS];
	int won = 0;

	host_claim(&h);
	call(&h, REMOTE_UNCLAIM, ARGS({"number", ""}));
	h.epoch = "2";
	for (int i = 0; i < RACERS; i++) {
		snprintf(runs[i], sizeof runs[i], "racer-%d", i);
		h.run = runs[i];
		calls[i] = call_start(&h, REMOTE_CLAIM, claim_args("1", ""));
	}
	for (int i = 0; i < RACERS; i++) {
		struct reply r;

		call_end(&calls[i], &r);
		if (r.rc == 0)
			won++;
		else
			assert_string_equal(get(&r, "error"), "held");
		reply_release(&r);
	}
	assert_int_equal(won, 1);
}

/* Every script that changes something, by a run that lost its claim. */
static void test_stale_epoch_is_fenced(void **state)
{
	(void)state;
	static const enum remote_script mutating[] = {
		REMOTE_RENEW,   REMOTE_UNCLAIM, REMOTE_STAGE_BEGIN, REMOTE_STAGE_FINISH,
		REMOTE_UNSTAGE, REMOTE_SWAP,    REMOTE_COMMAND,     REMOTE_PRUNE,
	};
	const char *digest = sha256_of("x");

	host_claim(&h);
	host_stage(&h, "r1", "x");
	for (size_t i = 0; i < SL_COUNT(mutating); i++) {
		struct args a = {{{"release", "r2"},
				  {"digest", digest},
				  {"link", "current"},
				  {"keep", "0"},
				  {"cwd", "/"},
				  {"command", "touch done"},
				  {"spec", "s"},
				  {"runtime", "process"}},
				 8};
		/* The same run with an older epoch, and another run with the same one. */
		for (int other = 0; other < 2; other++) {
			h.run = RUN;
			h.epoch = "9";
			put_text(text_at("%s/owner", h.sluice),
				 text_at("format=1\nepoch=%s\nrun=%s\n", other ? "9" : "10",
					 other ? "thief" : RUN),
				 0600);
			call(&h, mutating[i], a);
			if (strcmp(get(&last, "error"), "fenced") != 0)
				fail_msg("%s was not fenced: %s", remote_script_name(mutating[i]),
					 sl_buf_str(&last.out));
			assert_int_equal(last.rc, 1);
		}
	}
	assert_true(is_there(text_at("%s/releases/r1/svc", h.dir)));
	assert_false(is_there(text_at("%s/current", h.dir)));
	h.epoch = "10";
	put_text(text_at("%s/owner", h.sluice), "format=1\nepoch=10\nrun=" RUN "\n", 0600);
	call(&h, REMOTE_RENEW, ARGS({"parked", ""}));
	assert_ok();
}

static void test_noise_and_home(void **state)
{
	(void)state;
	snprintf(h.sluice, sizeof h.sluice, "~/.sluice/router-x-be'e");
	host_claim(&h);
	assert_true(is_there(text_at("%s/.sluice/router-x-be'e/owner", h.home)));
	/* host_close looks for processes here. */
	snprintf(h.sluice, sizeof h.sluice, "%s/.sluice", h.dir);
}

static void test_cut_text_does_nothing(void **state)
{
	(void)state;
	struct args a = claim_args("", "");
	char *text = call_text(&h, REMOTE_CLAIM, &a);
	size_t len = strlen(text);

	for (size_t keep = len - 8; keep > len / 2; keep -= len / 7) {
		char *path = text_at("%s/cut", h.root);
		char *part = sl_strndup(text, keep);

		put_text(path, part, 0600);
		free(part);
		assert_int_not_equal(
			system(text_at("PATH='%s' sh '%s' >/dev/null 2>&1", h.path, path)), 0);
		assert_false(is_there(h.dir));
	}
	free(text);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_look_at_nothing),
		TEST(test_claim_and_look),
		TEST(test_claim_again_is_ok),
		TEST(test_foreign_claim_is_held),
		TEST(test_take_over_and_awkward_words),
		TEST(test_epoch_must_rise),
		TEST(test_renew_and_park),
		TEST(test_reboot_shows),
		TEST(test_unclaim_keeps_epoch),
		TEST(test_one_of_many_wins),
		TEST(test_stale_epoch_is_fenced),
		TEST(test_noise_and_home),
		TEST(test_cut_text_does_nothing),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_on_shells(&shell, group);
}
