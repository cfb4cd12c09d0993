/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts, their logs and shells on them, in the real console in a pseudo terminal. The hosts are
 * those of town/: town/ssh, first on the console's PATH, answers for them by the same scripts and
 * words as real ones, so that screens are always the same. Golden text in tests/screens/golden;
 * REWRITE=1 writes it anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "tests/screens/data.h"
#include "tests/screens/golden.h"
#include "tests/screens/pty.h"

#define TOWN    "tests/screens/hosts/town"
#define PAY_LOG "root/srv/payments/.sluice/instances/current-9000.log"

static char *top; /* our folder: state/, hosts.yaml, none.yaml, town/ */
static const char *console;

static const char head[] = "sluice: 1\n"
			   "kind: inventory\n"
			   "environment: { name: prod-cn1, production: true }\n"
			   "registries:\n"
			   "  town: { type: town }\n"
			   "tracing:\n"
			   "  zip: { type: town }\n"
			   "ssh: { driver: openssh }\n";

static const char hosts[] =
	"groups:\n"
	"  z1: { hosts: [pay-0001, pay-0002, web-0001, web-0002], labels: { zone: z1, rack: r01 } "
	"}\n"
	"  z2: { hosts: [pay-0460, pay-0502, enc-0007, ads-0119, pay-0340], labels: { zone: z2, "
	"rack: r14 } }\n"
	"  z3: { hosts: [geo-0005, old-0003, old-0009], labels: { zone: z3 } }\n"
	"hosts:\n"
	"  pay-0001: { address: 10.8.0.1 }\n"
	"  pay-0002: { address: 10.8.0.2 }\n"
	"  pay-0460: { address: 10.8.14.60 }\n"
	"  pay-0502: { address: 10.8.15.2 }\n"
	"  enc-0007: { address: 10.9.1.7 }\n"
	"  ads-0119: { address: 10.7.4.19 }\n"
	"  pay-0340: { address: 10.8.13.40 }\n"
	"  geo-0005: { address: 10.6.0.5 }\n"
	"  web-0001: { address: 10.5.0.1 }\n"
	"  web-0002: { address: 10.5.0.2 }\n"
	"  web-0003: { address: 10.5.0.3, labels: { zone: 上海, rack: 甲3 } }\n"
	"  new-0004: { address: 10.5.0.4, labels: { zone: 上海 } }\n"
	"  old-0003: { address: 10.1.0.3 }\n"
	"  old-0009: { address: 10.1.0.9 }\n";

/* --- where it all is --- */

static void write_file(const char *name, const char *mode, const char *one, const char *two)
{
	char *path = sl_asprintf("%s/%s", top, name);
	FILE *f = fopen(path, mode);

	assert_non_null(f);
	assert_true(fputs(one, f) >= 0 && fputs(two, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void run_sh(const char *fmt, ...)
{
	char command[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static int make_site(void **state)
{
	char *folder;

	(void)state;
	console = getenv("SLUICE_CONSOLE");
	top = golden_top();
	if (!top)
		return -1;
	folder = sl_asprintf("%s/state", top);
	data_make(folder);
	free(folder);
	write_file("hosts.yaml", "we", head, hosts);
	write_file("none.yaml", "we", head, "");
	return 0;
}

static int remove_site(void **state)
{
	(void)state;
	run_sh("rm -rf '%s'", top);
	free(top);
	return 0;
}

/* The town is as new for each console. gone = one host is lost at its second look. */
static struct pty *start_on(const struct pty_how *like, const char *inventory, bool gone)
{
	char *state = sl_asprintf("%s/state", top), *file = sl_asprintf("%s/%s", top, inventory);
	char *path = sl_asprintf("PATH=%s/town:%s", top, getenv("PATH"));
	char *home = sl_asprintf("HOME=%s", top), *town = sl_asprintf("TOWN_HOSTS=%s/town", top);
	char *now = sl_asprintf("SLUICE_TEST_NOW=%lld", (long long)DATA_NOW);
	char *config = sl_asprintf("XDG_CONFIG_HOME=%s/config", top);
	const char *env[] = {path, home, town, now, config, "TOWN_ONCE=1", NULL};
	const char *argv[] = {console, "--state", state, "-i", file, NULL};
	struct pty_how how = *like;
	struct pty *p;

	run_sh("rm -rf '%s/town' && cp -r " TOWN " '%s/town'", top, top);
	if (!gone)
		run_sh("rm '%s/town/'*.gone", top);
	how.env = env;
	how.argv = argv;
	p = pty_start(&how);
	free(state);
	free(file);
	free(path);
	free(home);
	free(town);
	free(now);
	free(config);
	return p;
}

static struct pty *start(void)
{
	const struct pty_how how = {.width = 120, .height = 36};

	return start_on(&how, "hosts.yaml", false);
}

static void stop(struct pty *p)
{
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* --- golden --- */

/* All have been asked twice, so that there are shares of CPU time; the cursor is at the top. */
#define FIRST "7", "wait:2 of 14 hosts do"
#define SHARES                                                                              \
	"wait:   3%", "wait:   4%", "wait:   2%", "wait:  71%", "wait:  99%", "wait:  41%", \
		"wait:   1%", "wait:   7%", "wait:  14%", "wait:  21%", "wait:   0%"
#define ASKED FIRST, "r", "wait:asking every", "g", "gone:asking", SHARES
#define BUSY  "r", "wait:busy ", "k", "gone:asking"
#define LOST \
	FIRST, "r", "wait:connection was lost", "r", "wait:cannot con", "g", "gone:asking", SHARES
#define FILTERED(text) "/", "text:" text, "enter", "wait: of 14"

static const struct scene {
	const char *name, *inventory;
	bool gone;
	const char *const *keys;
} scenes[] = {
	{"hosts", "hosts.yaml", false, KEYS(ASKED, "wait:   9%")},
	{"hosts-small", "hosts.yaml", false, KEYS(FIRST, "g")},
	{"hosts-lost", "hosts.yaml", true, KEYS(LOST)},
	{"hosts-empty", "none.yaml", false, KEYS("7", "wait:no hosts")},
	{"hosts-filter", "hosts.yaml", false, KEYS(ASKED, FILTERED("zone:上海"))},
	{"host", "hosts.yaml", false, KEYS(FIRST, "g", "enter", "wait:pool exhausted", BUSY)},
	{"host-lost", "hosts.yaml", true,
	 KEYS(LOST, FILTERED("pay-0460"), "enter", "wait:cannot connect")},
	{"host-key", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("old-0003"), "enter", "wait:CHANGED")},
	{"host-empty", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("new-0004"), "enter", "wait:runs nothing", BUSY)},
	{"host-chinese", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("enc-0007"), "enter", "wait:7002", BUSY)},
	{"host-small", "hosts.yaml", false, KEYS(FIRST, "g", "enter", "wait:pay-0001:9000")},
	{"host-chinese-small", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("enc-0007"), "enter", "wait:7002")},
	{"log", "hosts.yaml", false, KEYS(FIRST, "g", "l", "wait:giving up")},
	{"log-filter", "hosts.yaml", false,
	 KEYS(FIRST, "g", "l", "wait:giving up", "/", "text:level:error", "enter", "wait:4 of ")},
	{"log-chinese", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("enc-0007"), "l", "wait:10:31:02")},
	{"log-none", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("pay-0502"), "l", "wait:there is no such")},
	{"alerts-unasked", "hosts.yaml", false, KEYS("!", "wait:were not asked")},
	{"log-unknown", "hosts.yaml", false,
	 KEYS(FIRST, FILTERED("new-0004"), "l", "wait:which file")},
};

static void play(const char *name, const char *mode, unsigned width, unsigned height)
{
	struct pty_how how = {.width = width, .height = height};
	char golden[128];
	struct pty *p;
	size_t i = 0;

	while (i < SL_COUNT(scenes) && strcmp(scenes[i].name, name) != 0)
		i++;
	assert_true(i < SL_COUNT(scenes));
	if (!strcmp(mode, "ascii"))
		how.locale = "C";
	if (!strcmp(mode, "mono")) {
		how.term = "vt100";
		how.no_colour = true;
	}
	p = start_on(&how, scenes[i].inventory, scenes[i].gone);
	pty_keys(p, scenes[i].keys);
	snprintf(golden, sizeof golden, "%s-%ux%u-%s", name, width, height, mode);
	golden_compare(p, golden);
	stop(p);
}

static void play_list(const char *const *names, size_t count, const char *mode, unsigned width,
		      unsigned height)
{
	for (size_t i = 0; i < count; i++)
		play(names[i], mode, width, height);
}

static void test_wide(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(scenes); i++)
		if (!strstr(scenes[i].name, "-small"))
			play(scenes[i].name, "utf8", 120, 36);
}

static void test_narrow(void **state)
{
	static const char *const narrow[] = {"hosts-small", "host", "host-chinese", "log",
					     "log-chinese"};
	static const char *const small[] = {"hosts-small", "host-small", "host-chinese-small",
					    "log", "log-chinese"};

	(void)state;
	play_list(narrow, SL_COUNT(narrow), "utf8", 80, 24);
	play_list(small, SL_COUNT(small), "utf8", 60, 12);
}

static void test_plain_terminals(void **state)
{
	static const char *const names[] = {"hosts", "host-chinese", "log"};

	(void)state;
	play_list(names, SL_COUNT(names), "ascii", 120, 36);
	play_list(names, SL_COUNT(names), "mono", 120, 36);
}

/* --- logs that live --- */

static void append(const char *file, const char *text)
{
	char *name = sl_asprintf("town/%s", file);

	write_file(name, "ae", text, "");
	free(name);
}

static struct pty *start_log(void)
{
	struct pty *p = start();

	pty_keys(p, KEYS(FIRST, "g", "l", "wait:giving up"));
	return p;
}

static void test_log_is_followed(void **state)
{
	struct pty *p = start_log();

	(void)state;
	append(PAY_LOG, "10:40:00 INFO one more\n");
	pty_keys(p, KEYS("wait:one more", "wait:71 lines   following", "k", "gone:following"));
	append(PAY_LOG, "10:40:01 INFO second\n10:40:02 INFO half a li");
	pty_keys(p, KEYS("wait:72 lines"));
	append(PAY_LOG, "ne\n");
	pty_keys(p, KEYS("wait:73 lines", "g", "wait:order=70000", "gone:one more", "F",
			 "wait:half a line", "wait:following"));
	stop(p);
}

/* A new file under the old name is followed; a file that is cut short, too. */
static void test_log_is_rotated(void **state)
{
	struct pty *p = start_log();

	(void)state;
	run_sh("cd '%s/town' && mv " PAY_LOG " " PAY_LOG ".1 && "
	       "echo '11:00:00 INFO after the rotation' >" PAY_LOG,
	       top);
	pty_keys(p, KEYS("wait:after the rotation"));
	run_sh("cd '%s/town' && : >" PAY_LOG, top);
	pty_keys(p, KEYS("wait:truncated"));
	append(PAY_LOG, "11:00:01 INFO after the cut\n");
	pty_keys(p, KEYS("wait:after the cut", "wait:giving up"));
	stop(p);
}

static void test_log_is_searched(void **state)
{
	struct pty *p = start_log();

	(void)state;
	pty_keys(p, KEYS("N", "gone:following",
			 "wait:\xe6\x94\xaf\xe4\xbb\x98\xe5\xa4\xb1\xe8\xb4\xa5", "/",
			 "text:exhausted", "enter", "wait:1 of ", "gone:giving up", "f2",
			 "wait:marks only", "wait:giving up", "f2", "gone:giving up", "esc",
			 "wait:giving up", "gone:1 of "));
	pty_keys(p, KEYS("g", "wait:order=70000", "n", "wait:db pool exhausted", ":",
			 "text:time 10:22:10", "enter", "wait:10:22", "/", "text:no such thing",
			 "enter", "wait:no line passes"));
	stop(p);
	run_sh("mkdir -p '%s/config/sluice'", top);
	write_file("config/sluice/config.yaml", "we",
		   "console:\n  filters:\n    bad: level:error\n", "");
	p = start_log();
	pty_keys(p, KEYS("@", "text:bad", "enter", "wait:/ level:error", "wait:4 of 70"));
	stop(p);
	write_file("config/sluice/config.yaml", "we", "", "");
}

/* A line of c's, so long, that ends in words. */
static void append_long(char c, size_t len, const char *end)
{
	char *text = sl_alloc(len + 1);

	memset(text, c, len);
	append(PAY_LOG, text);
	append(PAY_LOG, end);
	free(text);
}

static void test_log_of_long_lines(void **state)
{
	struct pty *p = start_log();

	(void)state;
	append_long('x', 3000, " the end\n");
	pty_keys(p, KEYS("wait:71 lines", "wait:xxx", "z", "wait:the end", "z", "gone:the end"));
	append_long('y', 100000, "\n");
	pty_keys(p, KEYS("wait:72 lines", "wait:yyy", "z", "gone:xxx"));
	for (int i = 0; i < 60 && !strstr(pty_text(p), "bytes more"); i++) {
		pty_keys(p, KEYS("right"));
		pty_settle(p);
	}
	pty_keys(p, KEYS("wait: ~ and 34464 bytes more", "z", "wait:giving up"));
	stop(p);
}

/* Nothing of it reaches the terminal but what can be read. */
static void test_log_of_garbage(void **state)
{
	static const char evil[] = "\033]0;evil\a\033[2J\033[31mred\033[0m\001\002\x80\xff\r\b"
				   "\xe2\x80\xae"
				   "right-to-left\033P1;2q\n";
	struct pty *p = start_log();

	(void)state;
	append(PAY_LOG, evil);
	run_sh("head -c 300000 /dev/urandom >>'%s/town/" PAY_LOG "'", top);
	append(PAY_LOG, "\nstill here\n");
	pty_keys(p, KEYS("wait:still here", "g", "wait:lines", "G", "wait:still here"));
	assert_null(strstr(sl_buf_str(pty_bytes(p)), "evil"));
	assert_null(strstr(sl_buf_str(pty_bytes(p)), "\033P1;2q"));
	stop(p);
}

static void test_log_of_a_unit(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS(FIRST, FILTERED("ads-0119"), "l", "wait:ads-ranker.service",
			 "wait:model store"));
	golden_compare(p, "log-unit-120x36-utf8");
	append("journal/ads-ranker.service",
	       "2026-02-19T10:21:00+0000 ads-0119 systemd[1]: Started ads-ranker.service.\n");
	pty_keys(p, KEYS("wait:Started ads-ranker"));
	stop(p);
}

/* --- ways to a log --- */

/* From the start: to the red service, into it, to the log of its instance that fails. */
static void test_three_keys_to_the_log(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS("wait:payments.charge", "j", "enter", "l", "wait:giving up"));
	golden_compare(p, "log-of-service-120x36-utf8");
	stop(p);
}

static void test_log_of_a_span(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS("3", "wait:read at", "G", "enter", "wait:critical path", "j", "l",
			 "wait:giving up"));
	stop(p);
}

static void test_log_of_a_step(void **state)
{
	const struct pty_how how = {.width = 120, .height = 36};
	struct pty *p;

	(void)state;
	write_file("steps.yaml", "we", head, "hosts:\n  ca04: { address: 10.8.13.40 }\n");
	p = start_on(&how, "steps.yaml", false);
	pty_keys(p, KEYS("5", "wait:rolledBack", "j", "j", "enter", "wait:upgrade 12", "G", "k",
			 "enter", "wait:503", "/", "text:ca04", "enter", "wait: of ", "l",
			 "wait:listens on 8080"));
	stop(p);
}

/* Hosts count among what is wrong once they were asked; how long ago that was is said. */
static void test_alerts_of_hosts(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS("wait:! 1 alert ", FIRST, "gone:! 1 alert ", "wait: alerts ", "!",
			 "wait:hosts as they were", "wait:host key of 10.1.0.3", "enter",
			 "wait:db pool exhausted"));
	stop(p);
}

/* --- shells --- */

static void test_shell_needs_write_mode(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS(FIRST, "g", "S", "wait:needs write mode"));
	assert_true(pty_on_other_screen(p));
	stop(p);
	run_sh("! grep entered '%s/state/shells.log' 2>/dev/null", top);
}

static void test_shell(void **state)
{
	struct pty *p = start();

	(void)state;
	pty_keys(p, KEYS(FIRST, "g", "w", "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "S",
			 "wait:town$"));
	assert_false(pty_on_other_screen(p));
	pty_keys(p, KEYS("text:stty size", "enter", "wait:36 120"));
	pty_resize(p, 100, 30);
	pty_keys(p, KEYS("text:stty size", "enter", "wait:30 100"));
	pty_keys(p, KEYS("text:sed -u s/h/H/", "enter", "text:heard", "enter", "wait:Heard",
			 "ctrl-z", "wait:Stopped", "text:fg", "enter", "text:hay", "enter",
			 "wait:Hay", "ctrl-d", "text:exit 3", "enter", "wait:pay-0001 has ended"));
	assert_true(pty_on_other_screen(p));
	pty_keys(p, KEYS("?", "wait:of them", "esc", "gone:of them", "wait:zones"));
	pty_resize(p, 120, 36);
	pty_keys(p, KEYS("wait:14 hosts", "j", "l", "wait:there is no such"));
	stop(p);
	run_sh("grep -q 'pay-0001 entered: OPS-7' '%s/state/shells.log'", top);
	run_sh("grep -q 'pay-0001 left, exit 3: OPS-7' '%s/state/shells.log'", top);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_plain_terminals),
		cmocka_unit_test(test_log_is_followed),
		cmocka_unit_test(test_log_is_rotated),
		cmocka_unit_test(test_log_is_searched),
		cmocka_unit_test(test_log_of_long_lines),
		cmocka_unit_test(test_log_of_garbage),
		cmocka_unit_test(test_log_of_a_unit),
		cmocka_unit_test(test_three_keys_to_the_log),
		cmocka_unit_test(test_log_of_a_span),
		cmocka_unit_test(test_log_of_a_step),
		cmocka_unit_test(test_alerts_of_hosts),
		cmocka_unit_test(test_shell_needs_write_mode),
		cmocka_unit_test(test_shell),
	};

	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_site, remove_site);
}
