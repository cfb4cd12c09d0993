/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts answer, read with suspicion; and the lines of a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/host_facts.h"
#include "orchestrator/view/log_lines.h"
#include "plugins/sdk/mem.h"

#define NOW INT64_C(1767322800000)

static void read_pairs(struct host_facts *f, const char *const *pairs, size_t count)
{
	const char *keys[32], *values[32];
	struct remote_answer a = {.keys = keys, .values = values};

	for (size_t i = 0; i < count; i++) {
		keys[i] = pairs[2 * i];
		values[i] = pairs[2 * i + 1];
	}
	a.count = count;
	host_facts_read(f, &a, NOW, NOW + 200, NULL);
}

#define READ(f, ...)                                                    \
	do {                                                            \
		static const char *const pairs[] = {__VA_ARGS__};       \
		read_pairs(f, pairs, sizeof pairs / sizeof *pairs / 2); \
	} while (0)

static void test_whole_answer(void **state)
{
	struct host_facts f;
	char note[512];

	(void)state;
	READ(&f, "now", "1767322805.5", "uptime", "1000.50", "load", "0.25", "cpus", "4",
	     "memory_kb", "1000", "available_kb", "400", "kernel", "6.1.0", "disk",
	     "/srv/a b\n/dev/my disk 1000 400 600 40% /srv/with space", "instance",
	     "/srv/app\ncurrent-8080\n8080\n1.0-0a1b2c3d\nyes\n77\n1.0-0a1b2c3d\n5000\nabc\n\n/"
	     "log\n");
	assert_true(f.load == 0.25 && f.cpus == 4);
	assert_true(fabs(f.memory - 0.6) < 1e-9);
	assert_true(fabs(f.skew_ms - 5300) < 1);
	assert_int_equal(f.booted, NOW + 200 - 1000500);
	assert_int_equal(f.disk_count, 1);
	assert_string_equal(f.disks[0].folder, "/srv/a b");
	assert_string_equal(f.disks[0].mount, "/srv/with space");
	assert_true(fabs(f.disks[0].used - 0.4) < 1e-9);
	assert_int_equal(f.running_count, 1);
	assert_int_equal(f.running[0].port, 8080);
	assert_int_equal(f.running[0].state, VW_OK);
	assert_int_equal(f.running[0].since, f.booted + 50000);
	assert_string_equal(f.running[0].log, "/log");
	assert_int_equal(host_facts_judge(&f, 100, note, sizeof note), VW_DEGRADED);
	assert_non_null(strstr(note, "clock"));
	host_facts_release(&f);
}

/* Nothing, half of it, and what cannot be. */
static void test_hostile_answers(void **state)
{
	struct host_facts f;
	char note[512];

	(void)state;
	READ(&f, "end", "0");
	assert_true(isnan(f.load) && isnan(f.memory) && isnan(f.skew_ms) && !f.booted);
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_OK);
	assert_string_equal(note, "");
	host_facts_release(&f);
	READ(&f, "load", "nan", "cpus", "-3", "memory_kb", "10", "available_kb", "20", "now",
	     "1e300", "uptime", "99999999999999999999", "cpu", "5", "disk", "no df line", "disk",
	     "/\nx 1 2 3 40% relative", "disk", "/\nx -1 -2 -3 40% /", "instance", "too\nfew",
	     "instance", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13", "claim", "x");
	assert_true(isnan(f.load) && isnan(f.cpus) && isnan(f.memory) && isnan(f.cpu));
	assert_true(isnan(f.skew_ms) && !f.booted);
	assert_int_equal(f.disk_count, 0);
	assert_int_equal(f.running_count, 0);
	assert_string_equal(f.claim, "");
	host_facts_release(&f);
}

/* A line of df that would be tried at each of its spaces, and sizes that no disk has. */
static void test_hostile_disks(void **state)
{
	const size_t len = 2u << 20;
	char *line = sl_alloc(len + 3);
	const char *const pairs[] = {
		"disk", line, "disk", "/\nx 1e300 1 1e299 1% /", "disk", "/\nx inf inf inf 1% /"};
	struct host_facts f;

	(void)state;
	memcpy(line, "/\n", 2);
	for (size_t i = 2; i < len; i++)
		line[i] = i % 2 ? ' ' : '1';
	read_pairs(&f, pairs, 3);
	assert_int_equal(f.disk_count, 0);
	host_facts_release(&f);
	free(line);
}

static void test_judging(void **state)
{
	struct host_facts f;
	char note[512];

	(void)state;
	READ(&f, "load", "0.1", "cpus", "2", "disk", "/\nd 1000 995 5 100% /");
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_FAILED);
	assert_string_equal(note, "disk / full: 100%, 5.0 KiB left");
	host_facts_release(&f);
	READ(&f, "instance", "/srv/a\ncurrent\n\nr\nno\n1\nr\n\n\n\n/l\nkilled by signal 9");
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_FAILED);
	assert_string_equal(note, "/srv/a does not run: killed by signal 9");
	host_facts_release(&f);
	READ(&f, "claim", "/srv/a\n12");
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_WORKING);
	assert_int_equal(host_facts_judge(&f, 2800, note, sizeof note), VW_DEGRADED);
	host_facts_release(&f);
}

/* As df says it: a full tmpfs, one with what only root may use, busybox, nothing that has a size.
 */
static void test_disks(void **state)
{
	static const struct {
		const char *answer;
		double used; /* < 0 = unknown */
	} rows[] = {
		{"/srv/a\ntmpfs               1024  1024         0     100% /srv/a", 1},
		{"/\n/dev/sda1 41152736 37000000 2040000 95% /", 37000000. / 39040000},
		{"/\noverlay              61255492  12251096  45859652  21% /",
		 12251096. / 58110748},
		{"/proc\nproc 0 0 0 - /proc", -1},
		{"/\nproc 0 0 0 0% /", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *const pairs[] = {"disk", rows[i].answer};
		struct host_facts f;

		read_pairs(&f, pairs, 1);
		if (rows[i].used < 0)
			assert_true(isnan(host_facts_disk(&f)));
		else
			assert_true(fabs(host_facts_disk(&f) - rows[i].used) < 1e-9);
		host_facts_release(&f);
	}
}

/* Busybox's date knows no fractions and may say %N as it is. */
static void test_clocks(void **state)
{
	struct host_facts f;
	char note[512];

	(void)state;
	READ(&f, "now", "1767326400");
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_DEGRADED);
	assert_string_equal(note, "its clock is 1 h ahead");
	host_facts_release(&f);
	READ(&f, "now", "1767319200.%N");
	assert_int_equal(host_facts_judge(&f, 0, note, sizeof note), VW_DEGRADED);
	assert_string_equal(note, "its clock is 1 h behind");
	host_facts_release(&f);
	READ(&f, "now", "1767322799.%N"); /* and 999 ms, perhaps */
	assert_true(f.skew_ms == -1000);
	host_facts_release(&f);
	READ(&f, "now", "1767322800.%N");
	assert_true(f.skew_ms == 0);
	host_facts_release(&f);
}

/* --- lines --- */

static void feed(struct log_lines *l, const char *text)
{
	log_lines_feed(l, text, strlen(text));
}

static const char *text_at(const struct log_lines *l, size_t i)
{
	return log_lines_at(l, i)->text;
}

static void test_lines_are_cleaned(void **state)
{
	struct log_lines *l = log_lines_new();

	(void)state;
	feed(l, "one\r\n\033[31mred\033[0m \033]0;title\atext\n");
	feed(l, "ha");
	feed(l, "lf\n\x80\xff bad\x01\n");
	assert_int_equal(log_lines_count(l), 4);
	assert_string_equal(text_at(l, 0), "one");
	assert_string_equal(text_at(l, 1), "red text");
	assert_string_equal(text_at(l, 2), "half");
	assert_string_equal(text_at(l, 3), "?? bad?");
	log_lines_free(l);
}

static void test_levels_and_clocks(void **state)
{
	static const struct {
		const char *line;
		enum vw_state state;
		int32_t clock;
	} rows[] = {
		{"2026-11-28T10:31:02.5Z ERROR no", VW_FAILED, 37862},
		{"Nov 28 10:31:02 host app: warning: slow", VW_DEGRADED, 37862},
		{"10:31:02 INFO errors=0", VW_OK, 37862},
		{"terror and errors", VW_OK, -1},
		{"at 10:31 no seconds", VW_OK, -1},
		{"panic: 99:99:99", VW_FAILED, -1},
	};
	struct log_lines *l = log_lines_new();

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		feed(l, rows[i].line);
		feed(l, "\n");
		assert_int_equal(log_lines_at(l, i)->state, rows[i].state);
		assert_int_equal(log_lines_at(l, i)->clock, rows[i].clock);
	}
	assert_int_equal(log_clock_parse("10:31"), 37860);
	assert_int_equal(log_clock_parse("10:31:02"), 37862);
	assert_int_equal(log_clock_parse("25:00"), -1);
	assert_int_equal(log_clock_parse("10:31x"), -1);
	assert_int_equal(log_clock_parse(""), -1);
	log_lines_free(l);
}

static void test_bounds(void **state)
{
	struct log_lines *l = log_lines_new();
	char *big = sl_alloc(LOG_LINE_MAX * 2 + 1), line[32];

	(void)state;
	memset(big, 'x', LOG_LINE_MAX * 2);
	feed(l, big);
	feed(l, "\n");
	assert_non_null(strstr(text_at(l, 0), "~ and 65536 bytes more"));
	for (int i = 0; i < LOG_LINES_MAX + 5; i++) {
		snprintf(line, sizeof line, "line %d\n", i);
		feed(l, line);
	}
	assert_int_equal(log_lines_held(l), LOG_LINES_MAX);
	assert_int_equal(log_lines_dropped(l), 6);
	assert_string_equal(text_at(l, 0), "line 5");
	for (int i = 0; i < 200; i++) {
		feed(l, big);
		feed(l, "\n");
	}
	assert_true(log_lines_held(l) < 130); /* 8 MiB of them */
	free(big);
	log_lines_free(l);
}

static void test_filter(void **state)
{
	struct log_lines *l = log_lines_new();
	struct sl_error e;

	(void)state;
	feed(l, "a INFO one\nb ERROR two\nc ERROR one\n");
	log_lines_filter(l, vw_filter_parse(&log_lines_view, "one level:error", &e));
	assert_int_equal(log_lines_count(l), 1);
	assert_string_equal(text_at(l, 0), "c ERROR one");
	feed(l, "d ERROR one more\ne ERROR three\n");
	assert_int_equal(log_lines_count(l), 2);
	assert_int_equal(log_lines_find(l, 2), 0);
	assert_int_equal(log_lines_find(l, 3), 1);
	log_lines_filter(l, vw_filter_parse(&log_lines_view, "!one /tw.|thr/", &e));
	assert_int_equal(log_lines_count(l), 2);
	log_lines_filter(l, NULL);
	assert_int_equal(log_lines_count(l), 5);
	log_lines_free(l);
}

/* A connection came back: what is known already is not shown again. */
static void test_again(void **state)
{
	struct log_lines *l = log_lines_new();

	(void)state;
	feed(l, "1\n2\n3\n4\n");
	log_lines_note(l, "-- lost --");
	log_lines_again(l);
	feed(l, "2\n3\n4\n5\n6\n");
	assert_int_equal(log_lines_count(l), 5);
	log_lines_settle(l);
	assert_int_equal(log_lines_count(l), 7);
	assert_string_equal(text_at(l, 4), "-- lost --");
	assert_string_equal(text_at(l, 5), "5");
	log_lines_again(l);
	feed(l, "other\nlines\n");
	log_lines_settle(l);
	assert_string_equal(text_at(l, 7), "other");
	log_lines_free(l);
}

/* The connection was lost in the middle of a line: it comes once more, whole, and alone. */
static void test_torn(void **state)
{
	struct log_lines *l = log_lines_new();

	(void)state;
	feed(l, "1\n2\n3\nfour and fi");
	log_lines_note(l, "-- lost --");
	assert_string_equal(text_at(l, 3), "four and fi");
	log_lines_again(l);
	feed(l, "1\n2\n3\nfour and five\n6\n");
	log_lines_settle(l);
	assert_int_equal(log_lines_count(l), 7);
	assert_string_equal(text_at(l, 5), "four and five");
	assert_string_equal(text_at(l, 6), "6");
	/* What was said in the middle tears nothing for good. */
	feed(l, "sev");
	log_lines_note(l, "-- said --");
	feed(l, "en\n8\n");
	log_lines_again(l);
	feed(l, "en\n8\n9\n");
	log_lines_settle(l);
	assert_int_equal(log_lines_count(l), 12);
	assert_string_equal(text_at(l, 11), "9");
	log_lines_free(l);
}

/* A log whose last line has no end. */
static void test_end(void **state)
{
	struct log_lines *l = log_lines_new();

	(void)state;
	feed(l, "1\n2");
	assert_int_equal(log_lines_count(l), 1);
	log_lines_end(l);
	log_lines_end(l);
	assert_int_equal(log_lines_count(l), 2);
	assert_string_equal(text_at(l, 1), "2");
	log_lines_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_answer),
		cmocka_unit_test(test_hostile_answers),
		cmocka_unit_test(test_hostile_disks),
		cmocka_unit_test(test_judging),
		cmocka_unit_test(test_disks),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_lines_are_cleaned),
		cmocka_unit_test(test_levels_and_clocks),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
