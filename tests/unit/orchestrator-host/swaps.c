/* SPDX-License-Identifier: Apache-2.0 */
/* Swapping instances: stop, switch, start, and what happens when one of them does not work. */
#include "tests/unit/orchestrator-host/scripts.h"

static struct host h;
static const char *shell;

/* Says who it is and stays; `sleep` is its child, so only the group's end is its end. */
#define GOOD "#!/bin/sh\necho \"up $1 $PORT $HOST $MARK\"\nexec sleep 1000\n"
#define DIES "#!/bin/sh\necho \"cannot: $1\"\nexit 3\n"
#define DEAF "#!/bin/sh\ntrap '' TERM\necho deaf\nwhile :; do sleep 0.05; done\n"
#define INT_ONLY                                                                                \
	"#!/bin/sh\ntrap 'echo interrupted; exit 0' INT\necho \"up\"\nwhile :; do sleep 0.05; " \
	"done\n"

static bool expect_death; /* see swap() */

static int set_up(void **state)
{
	(void)state;
	expect_death = false;
	host_open(&h, shell);
	host_claim(&h);
	host_put_release(&h, "r1", GOOD);
	host_put_release(&h, "r2", GOOD "# two\n");
	host_put_release(&h, "bad", DIES);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&h);
	reply_release(&last);
	return 0;
}

struct swap {
	const char *link, *port, *release, *spec, *prior, *prior_spec;
	const char *runtime, *command, *liveness, *stop_timeout, *stop_signal;
};

static struct args swap_args(const struct swap *s)
{
	return ARGS({"link", s->link ? s->link : "current"}, {"port", s->port ? s->port : "8080"},
		    {"host", "127.0.0.7"}, {"release", s->release}, {"spec", s->spec},
		    {"runtime", s->runtime ? s->runtime : "process"},
		    {"command", s->command ? s->command : "exec ./svc \"a'b\""},
		    {"env", "TUFSSz15ZXMgaXQncwo="}, /* MARK=yes it's */
		    {"stop_signal", s->stop_signal},
		    {"stop_timeout", s->stop_timeout ? s->stop_timeout : "5"},
		    {"liveness", s->liveness ? s->liveness : "0.1"}, {"prior_release", s->prior},
		    {"prior_spec", s->prior_spec});
}

/* Dying things get a second to do so on a busy machine; living ones need not be waited for. */
static void swap(const char *step, struct swap s)
{
	if (expect_death)
		s.liveness = "1";
	strcpy(h.step, step);
	call(&h, REMOTE_SWAP, swap_args(&s));
}

#define assert_rc(want)                                                                  \
	do {                                                                             \
		if (strcmp(get(&last, "rc"), want) != 0)                                 \
			fail_msg("rc %s, %s: %s", get(&last, "rc"), get(&last, "error"), \
				 get(&last, "message"));                                 \
	} while (0)

static void first_install(void)
{
	swap("1", (struct swap){.release = "r1", .spec = "s1"});
	assert_rc("0");
}

static void look_at(const char *link)
{
	call(&h, REMOTE_INSTANCE, ARGS({"link", link}));
	assert_ok();
}

static void assert_runs(const char *release, const char *spec)
{
	look_at("current");
	assert_answer("target", release);
	assert_answer("running", release);
	assert_answer("spec", spec);
	assert_answer("alive", "yes");
	assert_int_equal(kill((pid_t)atoi(get(&last, "pid")), 0), 0);
}

/* Once a file holds what it must, or a deadline passes. */
static char *wait_text(const char *path, const char *part)
{
	static char *text;

	for (int i = 0; i < 500; i++) {
		free(text);
		text = get_text(path);
		if (text && strstr(text, part))
			return text;
		nap_ms(10);
	}
	fail_msg("%s never said '%s' but '%s'", path, part, text ? text : "(not there)");
	return NULL;
}

static char *log_path(void)
{
	return text_at("%s/instances/current.log", h.sluice);
}

static void test_first_install(void **state)
{
	(void)state;
	first_install();
	int pid = atoi(get(&last, "pid"));
	assert_runs("r1", "s1");
	assert_int_equal(atoi(get(&last, "pid")), pid);
	wait_text(log_path(), "up a'b 8080 127.0.0.7 yes it's\n");
	/* Its own session, in its release, without our files. */
	assert_int_equal(getsid(pid), pid);
	char cwd[4096] = "", want[4096];
	assert_true(readlink(text_at("/proc/%d/cwd", pid), cwd, sizeof cwd - 1) > 0);
	assert_non_null(realpath(text_at("%s/releases/r1", h.dir), want));
	assert_string_equal(cwd, want);
	for (int fd = 3; fd < 10; fd++)
		assert_false(is_there(text_at("/proc/%d/fd/%d", pid, fd)));
	struct stat st;
	assert_int_equal(stat(text_at("%s/specs/current-s1", h.sluice), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_swap_and_back(void **state)
{
	(void)state;
	first_install();
	int old = atoi(get(&last, "pid"));
	swap("2", (struct swap){.release = "r2", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("0");
	assert_runs("r2", "s2");
	assert_int_not_equal(atoi(get(&last, "pid")), old);
	/* Undo: how to start it is known there. */
	swap("u2", (struct swap){.release = "r1",
				 .spec = "s1",
				 .prior = "r2",
				 .prior_spec = "s2",
				 .runtime = ""});
	assert_rc("0");
	assert_runs("r1", "s1");
	wait_text(log_path(), "yes it's");
}

static void test_repeat_answers_again(void **state)
{
	(void)state;
	first_install();
	int pid = atoi(get(&last, "pid"));
	first_install();
	assert_int_equal(atoi(get(&last, "pid")), pid);
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_answer("state", "done");
	assert_answer("rc", "0");
}

static void test_bad_release_goes_back(void **state)
{
	(void)state;
	expect_death = true;
	first_install();
	swap("2", (struct swap){.release = "bad", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("1");
	assert_non_null(strstr(get(&last, "message"), "exit 3"));
	assert_non_null(strstr(get(&last, "tail"), "cannot: a'b"));
	assert_runs("r1", "s1");
}

static void test_bad_first_install_leaves_nothing(void **state)
{
	(void)state;
	expect_death = true;
	swap("1", (struct swap){.release = "bad", .spec = "s2"});
	assert_rc("1");
	look_at("current");
	assert_answer("kind", "none");
	assert_answer("alive", "no");
}

static void test_old_does_not_start_either(void **state)
{
	(void)state;
	expect_death = true;
	first_install();
	put_text(text_at("%s/releases/r1/svc", h.dir), DIES, 0755);
	swap("2", (struct swap){.release = "bad", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("2");
	assert_non_null(strstr(get(&last, "message"), "did not start either"));
	look_at("current");
	assert_answer("target", "r1");
	assert_answer("alive", "no");
	assert_answer("exit", "exit 3");
	/* Mended, the way back works although the host does not show what the plan left. */
	put_text(text_at("%s/releases/r1/svc", h.dir), GOOD, 0755);
	swap("u2", (struct swap){.release = "r1",
				 .spec = "s1",
				 .prior = "bad",
				 .prior_spec = "s2",
				 .runtime = ""});
	assert_rc("0");
	assert_runs("r1", "s1");
}

static void test_dead_old_is_not_started(void **state)
{
	(void)state;
	expect_death = true;
	first_install();
	kill(-atoi(get(&last, "pid")), SIGKILL);
	wait_text(text_at("%s/instances/current.proc", h.sluice), "exit=");
	swap("2", (struct swap){.release = "bad", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("1");
	look_at("current");
	assert_answer("target", "r1");
	assert_answer("spec", "s1");
	assert_answer("alive", "no");
}

static void test_exit_is_known_later(void **state)
{
	(void)state;
	first_install();
	kill(-atoi(get(&last, "pid")), SIGKILL);
	for (int i = 0; i < 200; i++) {
		call(&h, REMOTE_TAIL, ARGS({"link", "current"}, {"lines", "50"}));
		if (strcmp(get(&last, "exit"), "(none)") != 0)
			break;
		nap_ms(10);
	}
	assert_answer("exit", "killed by signal 9");
	assert_non_null(strstr(get(&last, "tail"), "up a'b"));
}

static void test_remove(void **state)
{
	(void)state;
	first_install();
	int pid = atoi(get(&last, "pid"));
	swap("2", (struct swap){.prior = "r1", .prior_spec = "s1"});
	assert_rc("0");
	assert_false(group_lives(pid));
	look_at("current");
	assert_answer("kind", "none");
	assert_answer("spec", "");
	swap("3", (struct swap){.prior = "r1", .prior_spec = "s1"});
	assert_rc("0");
}

static void test_two_ports_two_versions(void **state)
{
	(void)state;
	swap("1", (struct swap){.link = "current-1", .port = "1", .release = "r1", .spec = "s1"});
	assert_rc("0");
	swap("2", (struct swap){.link = "current-2", .port = "2", .release = "r2", .spec = "s1"});
	assert_rc("0");
	call(&h, REMOTE_LOOK, ARGS({"links", "current-1:1\ncurrent-2:2"}));
	assert_answer("current-1.running", "r1");
	assert_answer("current-2.running", "r2");
	assert_answer("current-1.alive", "yes");
	wait_text(text_at("%s/instances/current-1.log", h.sluice), "up a'b 1 ");
	wait_text(text_at("%s/instances/current-2.log", h.sluice), "up a'b 2 ");
}

static void test_deaf_process_is_killed(void **state)
{
	(void)state;
	host_put_release(&h, "deaf", DEAF);
	swap("1", (struct swap){.release = "deaf", .spec = "s1", .stop_timeout = "0.3"});
	assert_rc("0");
	int pid = atoi(get(&last, "pid"));
	wait_text(log_path(), "deaf");
	swap("2",
	     (struct swap){.release = "r1", .spec = "s2", .prior = "deaf", .prior_spec = "s1"});
	assert_rc("0");
	assert_false(group_lives(pid));
	assert_runs("r1", "s2");
}

/* A service that stays behind its shell: the group is what has to end. */
static void test_children_end_with_it(void **state)
{
	(void)state;
	swap("1",
	     (struct swap){.release = "r1", .spec = "s1", .command = "sleep 1001 & sleep 1002; :"});
	assert_rc("0");
	int pid = atoi(get(&last, "pid"));
	assert_int_equal(kill(pid, SIGKILL), 0); /* the shell alone */
	swap("2", (struct swap){.release = "r2", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("0");
	assert_false(group_lives(pid));
}

/* What shells start in the background ignores INT: not so a service. */
static void test_int_reaches_it(void **state)
{
	(void)state;
	host_put_release(&h, "int", INT_ONLY);
	swap("1", (struct swap){.release = "int", .spec = "s1", .stop_signal = "SIGINT"});
	assert_rc("0");
	wait_text(log_path(), "up");
	swap("2", (struct swap){.release = "r1", .spec = "s2", .prior = "int", .prior_spec = "s1"});
	assert_rc("0");
	wait_text(text_at("%s/instances/current.log.1", h.sluice), "interrupted");
}

static void test_conflicts(void **state)
{
	(void)state;
	first_install();
	swap("2",
	     (struct swap){.release = "r2", .spec = "s2", .prior = "other", .prior_spec = "s1"});
	assert_refused("conflict");
	swap("3",
	     (struct swap){.release = "r2", .spec = "s2", .prior = "r1", .prior_spec = "other"});
	assert_refused("conflict");
	swap("4",
	     (struct swap){.release = "gone", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_refused("missing");
	swap("5", (struct swap){.release = "r2",
				.spec = "unknown",
				.prior = "r1",
				.prior_spec = "s1",
				.runtime = ""});
	assert_refused("missing");
	swap("6",
	     (struct swap){.release = "../x", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_int_equal(last.rc, 1);
	assert_runs("r1", "s1");
	make_folder(text_at("%s/current-9", h.dir));
	swap("7", (struct swap){.link = "current-9", .release = "r2", .spec = "s2"});
	assert_refused("conflict");
}

static void test_outside_release_is_a_way_back(void **state)
{
	(void)state;
	expect_death = true;
	make_folder(text_at("%s/capistrano", h.root));
	char *outside = text_at("%s/capistrano", h.root);
	assert_int_equal(symlink(outside, text_at("%s/current", h.dir)), 0);
	call(&h, REMOTE_LOOK, ARGS({"links", "current:8080"}));
	assert_answer("current.kind", "outside");
	assert_answer("current.target", outside);
	swap("1", (struct swap){.release = "r1", .spec = "s1", .prior = outside});
	assert_rc("0");
	swap("2", (struct swap){.release = "bad", .spec = "s2", .prior = "r1", .prior_spec = "s1"});
	assert_rc("1");
	assert_runs("r1", "s1");
}

static void test_bad_start_texts(void **state)
{
	(void)state;
	expect_death = true;
	swap("1", (struct swap){.release = "r1", .spec = "s1", .command = "./not-there"});
	assert_rc("1");
	assert_non_null(strstr(get(&last, "message"), "exit 127"));
	swap("2", (struct swap){.release = "r1", .spec = "s2", .command = "syntax ( error"});
	assert_rc("1");
	swap("3", (struct swap){.release = "r1", .spec = "s3", .command = "true"});
	assert_rc("1");
	assert_non_null(strstr(get(&last, "message"), "exit 0"));
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_first_install),
		TEST(test_swap_and_back),
		TEST(test_repeat_answers_again),
		TEST(test_bad_release_goes_back),
		TEST(test_bad_first_install_leaves_nothing),
		TEST(test_old_does_not_start_either),
		TEST(test_dead_old_is_not_started),
		TEST(test_exit_is_known_later),
		TEST(test_remove),
		TEST(test_two_ports_two_versions),
		TEST(test_deaf_process_is_killed),
		TEST(test_children_end_with_it),
		TEST(test_int_reaches_it),
		TEST(test_conflicts),
		TEST(test_outside_release_is_a_way_back),
		TEST(test_bad_start_texts),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_on_shells(&shell, group);
}
