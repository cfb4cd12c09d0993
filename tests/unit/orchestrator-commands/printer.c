/* SPDX-License-Identifier: Apache-2.0 */
/* The printer: what reaches the screen, and that a stuck or gone reader holds nobody up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/commands/printer.h"

#define ON  "\033[?2026h"
#define OFF "\033[?2026l"

static size_t read_all(int fd, char *dst, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, dst + len, size - 1 - len)) > 0)
		len += (size_t)n;
	dst[len] = '\0';
	return len;
}

/* Reads until the text has come: the printer writes when it likes. */
static void expect(int fd, const char *text)
{
	char got[4096];
	size_t want = strlen(text), len = 0;

	while (len < want) {
		ssize_t n = read(fd, got + len, want - len);

		assert_true(n > 0);
		len += (size_t)n;
	}
	got[len] = '\0';
	assert_string_equal(got, text);
}

static void draws_only_what_changed(void **state)
{
	int fds[2];
	struct printer *p;
	char rest[100];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	p = printer_new(fds[1], NULL);
	printer_frame(p, "one\ntwo\n", 80, 0);
	expect(fds[0], ON "one\ntwo" OFF);
	printer_frame(p, "one\nTWO\n", 80, 0);
	expect(fds[0], ON "\033[1A\r\n\033[2KTWO" OFF);
	printer_lines(p, "for good\n");
	expect(fds[0], ON "\033[1A\r\033[Jfor good\none\nTWO" OFF);
	/* Narrower: the terminal has folded both rows of three cells into two. */
	printer_frame(p, "on\nTW\n", 2, 0);
	expect(fds[0], ON "\033[3A\r\033[Jon\nTW" OFF);
	printer_frame(p, "", 2, 0);
	expect(fds[0], ON "\033[1A\r\033[J" OFF);
	printer_lines(p, "end\n");
	expect(fds[0], "end\n");
	printer_close(p);
	close(fds[1]);
	assert_int_equal(read_all(fds[0], rest, sizeof rest), 0);
	close(fds[0]);
}

static void a_stuck_reader_loses_no_line(void **state)
{
	enum { LINES = 20000 };
	int fds[2], i;
	struct printer *p;
	char line[32];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	p = printer_new(fds[1], NULL);
	for (i = 0; i < LINES; i++) { /* far more than a pipe holds; nobody reads yet */
		snprintf(line, sizeof line, "line %d\n", i);
		printer_lines(p, line);
	}
	for (i = 0; i < LINES; i++) {
		snprintf(line, sizeof line, "line %d\n", i);
		expect(fds[0], line);
	}
	printer_close(p);
	close(fds[0]);
	close(fds[1]);
}

static void a_gone_reader_is_let_go(void **state)
{
	int fds[2];
	struct printer *p;
	struct stat st, null;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	p = printer_new(fds[1], NULL);
	printer_lines(p, "nobody reads this\n");
	printer_lines(p, "nor this\n");
	printer_close(p);
	assert_int_equal(fstat(fds[1], &st), 0);
	assert_int_equal(stat("/dev/null", &null), 0);
	assert_int_equal(st.st_rdev, null.st_rdev);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(draws_only_what_changed),
		cmocka_unit_test(a_stuck_reader_loses_no_line),
		cmocka_unit_test(a_gone_reader_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
