/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of the playbook's author: run at most once, with an end that is known. */
#include "tests/unit/orchestrator-host/scripts.h"

static struct host h;
static const char *shell;

static int set_up(void **state)
{
	(void)state;
	host_open(&h, shell);
	host_claim(&h);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&h);
	reply_release(&last);
	return 0;
}

static struct args command_args(const char *command, const char *timeout, const char *again)
{
	return ARGS({"cwd", h.dir}, {"command", command}, {"timeout", timeout}, {"again", again},
		    {"env", "V1NPTUU9YSdiICRjCg=="}); /* WSOME=a'b $c */
}

static void run(const char *step, const char *command)
{
	strcpy(h.step, step);
	call(&h, REMOTE_COMMAND, command_args(command, "20", ""));
}

static void probe(const char *step)
{
	strcpy(h.step, step);
	call(&h, REMOTE_COMMAND_PROBE, ARGS({"link", ""}));
	assert_ok();
}

static void test_runs_once(void **state)
{
	(void)state;
	probe("c1");
	assert_answer("state", "none");
	for (int i = 0; i < 2; i++) {
		run("c1", "echo x >>count; echo \"$WSOME in $(pwd)\"; echo \xc3\xbc >&2; exit 7");
		assert_ok();
		assert_answer("state", "done");
		assert_answer("rc", "7");
		assert_string_equal(get(&last, "tail"), text_at("a'b $c in %s\n\xc3\xbc\n", h.dir));
	}
	char *count = get_text(text_at("%s/count", h.dir));
	assert_string_equal(count, "x\n");
	free(count);
	probe("c1");
	assert_answer("state", "done");
	assert_answer("rc", "7");
	/* Its text held the environment: gone. */
	assert_false(is_there(text_at("%s/steps/" RUN "-c1.sh", h.sluice)));
}

static void test_long_output_is_cut(void **state)
{
	(void)state;
	run("c1", "i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo line $i; done");
	assert_answer("rc", "0");
	assert_true(sl_text_starts(get(&last, "tail"), "line 251\n"));
	assert_non_null(strstr(get(&last, "tail"), "line 300\n"));
	run("c2", "head -c 60000 /dev/zero | tr '\\0' y");
	assert_int_equal(strlen(get(&last, "tail")), 16384);
}

static void test_timeout_kills_the_group(void **state)
{
	(void)state;
	strcpy(h.step, "c1");
	call(&h, REMOTE_COMMAND, command_args("echo $$ >pid; sleep 1003 & sleep 1004", "0.3", ""));
	assert_answer("state", "timeout");
	char *pid = get_text(text_at("%s/pid", h.dir));
	assert_non_null(pid);
	assert_false(group_lives(atoi(pid)));
	free(pid);
	probe("c1");
	assert_answer("state", "timeout");
}

static void test_question_leaves_no_files(void **state)
{
	(void)state;
	run("", "echo hi; echo \"to $WSOME\" >&2; exit 3");
	assert_answer("state", "done");
	assert_answer("rc", "3");
	assert_answer("tail", "hi\nto a'b $c\n");
	strcpy(h.step, "");
	call(&h, REMOTE_COMMAND, command_args("sleep 1005", "0.2", ""));
	assert_answer("state", "timeout");
	h.run = "";
	call(&h, REMOTE_COMMAND, command_args("true", "20", ""));
	assert_answer("rc", "0");
	char *files = get_text(text_at("%s/steps", h.sluice));
	assert_true(files == NULL || !*files);
	free(files);
	h.run = RUN;
}

static void test_without_a_claim(void **state)
{
	(void)state;
	h.run = "";
	snprintf(h.sluice, sizeof h.sluice, "%s/state/local/x", h.root);
	run("some-run-1", "echo here");
	assert_ok();
	assert_answer("rc", "0");
	assert_true(is_there(text_at("%s/steps/some-run-1.rc", h.sluice)));
	probe("some-run-1");
	assert_answer("state", "done");
}

static void test_no_folder(void **state)
{
	(void)state;
	strcpy(h.step, "c1");
	call(&h, REMOTE_COMMAND,
	     ARGS({"cwd", "/nowhere at all"}, {"command", "true"}, {"timeout", "5"}));
	assert_refused("missing");
	probe("c1");
	assert_answer("state", "none");
}

/* Waits until the step's command says so in a file. */
static void wait_file(const char *path)
{
	for (int i = 0; i < 1000 && !is_there(path); i++)
		nap_ms(10);
	assert_true(is_there(path));
}

static void test_survives_its_caller(void **state)
{
	(void)state;
	struct reply r;
	const char *go = text_at("%s/go", h.dir);

	strcpy(h.step, "c1");
	struct call c = call_start(
		&h, REMOTE_COMMAND,
		command_args(
			"echo x >>count; : >began; until [ -f go ]; do sleep 0.02; done; exit 5",
			"20", ""));
	wait_file(text_at("%s/began", h.dir));
	probe("c1");
	assert_answer("state", "running");
	assert_int_equal(kill(-c.pid, SIGKILL), 0);
	call_end(&c, &r);
	assert_int_equal(r.rc, -1);
	reply_release(&r);
	probe("c1");
	assert_answer("state", "running");
	/* Who comes back waits for it and does not start it again. */
	c = call_start(&h, REMOTE_COMMAND, command_args("echo never >>count", "20", "yes"));
	put_text(go, "", 0600);
	call_end(&c, &r);
	assert_int_equal(r.rc, 0);
	assert_string_equal(get(&r, "rc"), "5");
	reply_release(&r);
	char *count = get_text(text_at("%s/count", h.dir));
	assert_string_equal(count, "x\n");
	free(count);
}

/* What began and is gone without a result is not run again, unless that is asked for. */
static void test_unknown_end(void **state)
{
	(void)state;
	put_text(text_at("%s/steps/" RUN "-c1.began", h.sluice), "boot=old\npid=1\nstart=1\n",
		 0600);
	put_text(text_at("%s/steps/" RUN "-c1.out", h.sluice), "half", 0600);
	run("c1", "echo x >>count");
	assert_ok();
	assert_answer("state", "unknown");
	assert_answer("tail", "half");
	assert_false(is_there(text_at("%s/count", h.dir)));
	probe("c1");
	assert_answer("state", "unknown");
	call(&h, REMOTE_COMMAND, command_args("echo x >>count", "20", "yes"));
	assert_answer("state", "done");
	assert_answer("rc", "0");
	assert_true(is_there(text_at("%s/count", h.dir)));
}

/* Two callers at once: it runs once, both get its result. */
static void test_two_callers(void **state)
{
	(void)state;
	struct call c[2];
	struct reply r;

	strcpy(h.step, "c1");
	for (int i = 0; i < 2; i++)
		c[i] = call_start(&h, REMOTE_COMMAND,
				  command_args("echo x >>count; exit 4", "20", ""));
	for (int i = 0; i < 2; i++) {
		call_end(&c[i], &r);
		if (r.rc != 0)
			fail_msg("%s", sl_buf_str(&r.out));
		assert_string_equal(get(&r, "rc"), "4");
		reply_release(&r);
	}
	char *count = get_text(text_at("%s/count", h.dir));
	assert_string_equal(count, "x\n");
	free(count);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_runs_once),
		TEST(test_long_output_is_cut),
		TEST(test_timeout_kills_the_group),
		TEST(test_question_leaves_no_files),
		TEST(test_without_a_claim),
		TEST(test_no_folder),
		TEST(test_survives_its_caller),
		TEST(test_unknown_end),
		TEST(test_two_callers),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_on_shells(&shell, group);
}
