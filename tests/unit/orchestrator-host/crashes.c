/* SPDX-License-Identifier: Apache-2.0 */
/* Swaps whose caller or worker dies half way, late ones, and services behind commands and ports. */
#include "tests/unit/orchestrator-host/scripts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>

static struct host h;
static const char *shell;

#define GOOD "#!/bin/sh\nexec sleep 1000\n"
/* Does not end before it is let: the swap is in its stop until then. */
#define SLOW                                                                               \
	"#!/bin/sh\ntrap ': >stopping; until [ -f go ]; do sleep 0.02; done; exit' TERM\n" \
	": >up; while :; do sleep 0.02; done\n"

static const char *liveness;

static int set_up(void **state)
{
	(void)state;
	liveness = "0.1";
	host_open(&h, shell);
	host_claim(&h);
	host_put_release(&h, "r1", SLOW);
	host_put_release(&h, "r2", GOOD);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	host_close(&h);
	reply_release(&last);
	return 0;
}

static struct args swap_args(const char *release, const char *spec, const char *prior,
			     const char *prior_spec)
{
	return ARGS({"link", "current"}, {"port", "0"}, {"host", ""}, {"release", release},
		    {"spec", spec}, {"runtime", "process"}, {"command", "exec ./svc"},
		    {"stop_timeout", "20"}, {"liveness", liveness}, {"prior_release", prior},
		    {"prior_spec", prior_spec});
}

static void wait_file(const char *path)
{
	for (int i = 0; i < 1000 && !is_there(path); i++)
		nap_ms(10);
	if (!is_there(path))
		fail_msg("%s never came", path);
}

static void install_slow(void)
{
	call(&h, REMOTE_SWAP, swap_args("r1", "s1", "", ""));
	assert_ok();
	assert_answer("rc", "0");
	wait_file(text_at("%s/releases/r1/up", h.dir));
}

/* The swap to r2 is in the middle of its stop. */
static struct call begin_swap(const char *step)
{
	strcpy(h.step, step);
	struct call c = call_start(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	const char *stopping = text_at("%s/releases/r1/stopping", h.dir);
	for (int i = 0; i < 1000 && !is_there(stopping); i++)
		nap_ms(10);
	if (!is_there(stopping)) {
		struct reply r;
		kill(-c.pid, SIGKILL);
		call_end(&c, &r);
		fail_msg("the old one was never stopped: %s", sl_buf_str(&r.out));
	}
	return c;
}

static void let_stop(void)
{
	put_text(text_at("%s/releases/r1/go", h.dir), "", 0600);
}

static void kill_caller(struct call *c)
{
	struct reply r;

	assert_int_equal(kill(-c->pid, SIGKILL), 0);
	call_end(c, &r);
	assert_int_equal(r.rc, -1);
	reply_release(&r);
}

static void assert_runs(const char *release)
{
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_ok();
	assert_answer("target", release);
	assert_answer("running", release);
}

static void test_swap_outlives_its_caller(void **state)
{
	(void)state;
	install_slow();
	struct call c = begin_swap("2");
	kill_caller(&c);
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_answer("state", "running");
	let_stop();
	wait_file(text_at("%s/steps/" RUN "-2.rc", h.sluice));
	assert_runs("r2");
	assert_answer("state", "done");
	assert_answer("rc", "0");
	/* Sent again, it is answered and not done again. */
	const char *pid = text_at("%s", get(&last, "pid"));
	call(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	assert_answer("rc", "0");
	assert_answer("pid", pid);
}

static void test_comes_back_and_waits(void **state)
{
	(void)state;
	install_slow();
	struct call c = begin_swap("2");
	struct reply r;
	kill_caller(&c);
	h.epoch = "2";
	call(&h, REMOTE_CLAIM, ARGS({"expect_epoch", "1"}, {"expect_run", RUN}));
	assert_ok();
	c = call_start(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	let_stop();
	call_end(&c, &r);
	assert_string_equal(get(&r, "rc"), "0");
	reply_release(&r);
	assert_runs("r2");
}

/* An undo that comes while the swap still acts is told what became of it, not what was. */
static void test_probe_waits_for_the_worker(void **state)
{
	(void)state;
	install_slow();
	struct call c = begin_swap("2");
	struct reply r;
	kill_caller(&c);
	strcpy(h.step, "u2");
	c = call_start(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	let_stop();
	call_end(&c, &r);
	assert_string_equal(get(&r, "state"), "none");
	if (strcmp(get(&r, "running"), "r2") != 0)
		fail_msg("%s", sl_buf_str(&r.out));
	reply_release(&r);
}

static pid_t worker_of(const char *step)
{
	char *text = get_text(text_at("%s/steps/" RUN "-%s.began", h.sluice, step));
	pid_t pid = 0;

	assert_non_null(text);
	assert_non_null(strstr(text, "pid="));
	pid = atoi(strstr(text, "pid=") + 4);
	free(text);
	return pid;
}

/* A host that went down in the middle: nothing ended the step, somebody has to. */
static void test_killed_worker_is_done_again(void **state)
{
	(void)state;
	install_slow();
	struct call c = begin_swap("2");
	struct reply r;
	assert_int_equal(kill(worker_of("2"), SIGKILL), 0);
	call_end(&c, &r);
	assert_string_equal(get(&r, "error"), "failed");
	reply_release(&r);
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_answer("state", "unknown");
	let_stop();
	call(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	if (strcmp(get(&last, "rc"), "0") != 0)
		fail_msg("%s", sl_buf_str(&last.out));
	assert_runs("r2");
}

/* Killed after the stop: a failing second try still starts the old one. */
static void test_what_ran_before_is_remembered(void **state)
{
	(void)state;
	install_slow();
	struct call c = begin_swap("2");
	assert_int_equal(kill(worker_of("2"), SIGKILL), 0);
	struct reply r;
	call_end(&c, &r);
	reply_release(&r);
	let_stop();
	pid_t pid;
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	pid = atoi(get(&last, "pid"));
	for (int i = 0; i < 500 && pid > 0 && group_lives(pid); i++)
		nap_ms(10);
	put_text(text_at("%s/releases/r2/svc", h.dir), "#!/bin/sh\nexit 9\n", 0755);
	unlink(text_at("%s/releases/r1/go", h.dir));
	liveness = "3"; /* it dies at once, but a busy machine may take its time */
	call(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	assert_answer("rc", "1");
	assert_runs("r1");
	let_stop();
}

/* A controller that was frozen, and thawed after somebody took over: its worker waits for the
 * instance, and then must not act. */
static void test_late_worker_is_fenced(void **state)
{
	(void)state;
	install_slow();
	int lock = open(text_at("%s/instances/current.lock", h.sluice), O_RDWR | O_CLOEXEC);
	struct reply r;
	assert_true(lock >= 0);
	assert_int_equal(flock(lock, LOCK_EX), 0);
	strcpy(h.step, "2");
	struct call c = call_start(&h, REMOTE_SWAP, swap_args("r2", "s2", "r1", "s1"));
	wait_file(text_at("%s/steps/" RUN "-2.sh", h.sluice));
	const char *old = h.run;
	h.run = "thief";
	h.epoch = "2";
	call(&h, REMOTE_CLAIM, ARGS({"expect_epoch", "1"}, {"expect_run", RUN}));
	assert_ok();
	h.run = old;
	close(lock);
	call_end(&c, &r);
	assert_string_equal(get(&r, "error"), "fenced");
	reply_release(&r);
	call(&h, REMOTE_INSTANCE, ARGS({"link", "current"}));
	assert_answer("state", "none");
	assert_runs("r1");
	assert_false(is_there(text_at("%s/releases/r1/stopping", h.dir)));
	let_stop();
}

/* The lock goes with the scripts, never with the service. */
static void test_lock_is_not_inherited(void **state)
{
	(void)state;
	install_slow();
	static const char *const locks[] = {"lock", "instances/current.lock"};
	for (size_t i = 0; i < SL_COUNT(locks); i++) {
		int fd = open(text_at("%s/%s", h.sluice, locks[i]), O_RDWR | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
		close(fd);
	}
	let_stop();
}

/* --- runtime `commands` --- */

#define CTL                                                                                   \
	"#!/bin/sh\n"                                                                         \
	"cd \"$(dirname \"$0\")/../..\" || exit 9\n"                                          \
	"case $1 in\n"                                                                        \
	"start) [ ! -f $2.broken ] || { echo broken $2; exit 1; }; echo $2 $PORT >state ;;\n" \
	"stop) [ ! -f stuck ] || exit 0; rm -f state ;;\n"                                    \
	"status) [ ! -f odd ] || exit 1; [ -f state ] || exit 3 ;;\n"                         \
	"esac\n"

static void swap_commands(const char *step, const char *release, const char *spec,
			  const char *prior, const char *prior_spec)
{
	strcpy(h.step, step);
	call(&h, REMOTE_SWAP,
	     ARGS({"link", "current"}, {"port", "77"}, {"host", ""}, {"release", release},
		  {"spec", spec}, {"runtime", "commands"},
		  {"start", text_at("./svc start %s", release)}, {"stop", "./svc stop"},
		  {"status", "./svc status"}, {"stop_timeout", "0.4"}, {"liveness", "0.05"},
		  {"prior_release", prior}, {"prior_spec", prior_spec}));
}

static void assert_state(const char *want)
{
	char *text = get_text(text_at("%s/state", h.dir));

	if (!text)
		fail_msg("no state, '%s' was expected: %s", want, get(&last, "message"));
	assert_string_equal(text, want);
	free(text);
}

static void test_commands(void **state)
{
	(void)state;
	static const char *const names[] = {"a", "b", "c"};
	for (size_t i = 0; i < SL_COUNT(names); i++)
		host_put_release(&h, names[i], CTL);
	swap_commands("1", "a", "s1", "", "");
	assert_answer("rc", "0");
	assert_state("a 77\n");
	call(&h, REMOTE_LOOK, ARGS({"links", "current:0"}));
	assert_answer("current.alive", "yes");
	assert_answer("current.running", "a");
	swap_commands("2", "b", "s2", "a", "s1");
	assert_answer("rc", "0");
	assert_state("b 77\n");
	put_text(text_at("%s/c.broken", h.dir), "", 0600);
	swap_commands("3", "c", "s3", "b", "s2");
	assert_answer("rc", "1");
	assert_non_null(strstr(get(&last, "tail"), "broken c"));
	assert_state("b 77\n");
	assert_runs("b");
	/* Any status but 0 and 3 is an error, never "stopped". */
	put_text(text_at("%s/odd", h.dir), "", 0600);
	call(&h, REMOTE_LOOK, ARGS({"links", "current:0"}));
	assert_answer("current.alive", "error");
	unlink(text_at("%s/odd", h.dir));
	put_text(text_at("%s/stuck", h.dir), "", 0600);
	swap_commands("4", "a", "s1", "b", "s2");
	assert_answer("rc", "1");
	assert_state("b 77\n");
	assert_runs("b");
	unlink(text_at("%s/stuck", h.dir));
	swap_commands("5", "", "", "b", "s2");
	assert_answer("rc", "0");
	assert_false(is_there(text_at("%s/state", h.dir)));
	assert_false(is_there(text_at("%s/current", h.dir)));
}

/* --- ports --- */

static int listen_on(const char *address, unsigned *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, address, &a.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static const char *held(const char *address, unsigned port)
{
	call(&h, REMOTE_LOOK,
	     ARGS({"links", text_at("current:%u", port)}, {"ports_host", address}));
	return get(&last, "current.held");
}

static void test_unknown_listener_holds_the_port(void **state)
{
	(void)state;
	unsigned port = 0;
	int fd = listen_on("127.0.0.3", &port);
	assert_string_equal(held("127.0.0.3", port), "yes");
	assert_string_equal(held("127.0.0.4", port), "no");
	assert_string_equal(held("some-name", port), "yes");
	close(fd);
	assert_string_equal(held("127.0.0.3", port), "no");
	fd = listen_on("0.0.0.0", &port);
	assert_string_equal(held("127.0.0.4", port), "yes");
	close(fd);
}

/* A listener that our own instance has is no stranger. */
static void test_own_listener(void **state)
{
	(void)state;
	unsigned port = 0;
	int fd = listen_on("127.0.0.3", &port);
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		fcntl(fd, F_SETFD, 0);
		execlp("sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	close(fd);
	/* Known by its process file from the moment it is there. */
	assert_string_equal(held("127.0.0.3", port), "yes");
	char start[32];
	assert_true(start_time(pid, start));
	char *boot = get_text("/proc/sys/kernel/random/boot_id");
	put_text(text_at("%s/instances/current.proc", h.sluice),
		 text_at("boot=%spid=%d\nstart=%s\nruntime=process\nrelease=r\nspec=s\n", boot, pid,
			 start),
		 0600);
	free(boot);
	assert_string_equal(held("127.0.0.3", port), "no");
	assert_answer("current.alive", "yes");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		TEST(test_swap_outlives_its_caller),        TEST(test_comes_back_and_waits),
		TEST(test_probe_waits_for_the_worker),      TEST(test_killed_worker_is_done_again),
		TEST(test_what_ran_before_is_remembered),   TEST(test_late_worker_is_fenced),
		TEST(test_lock_is_not_inherited),           TEST(test_commands),
		TEST(test_unknown_listener_holds_the_port), TEST(test_own_listener),
	};
	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return run_on_shells(&shell, group);
}
