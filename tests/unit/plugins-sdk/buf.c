/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers, errors and the log: the three that everything else prints with. */
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/error.h"
#include "plugins/sdk/log.h"

static void test_append(void **state)
{
	struct sl_buf b;
	char *s;

	(void)state;
	sl_buf_init(&b, 10);
	assert_string_equal(sl_buf_str(&b), "");
	assert_int_equal(sl_buf_puts(&b, "hello"), SL_OK);
	assert_int_equal(sl_buf_printf(&b, " %d", 123), SL_OK);
	assert_int_equal(b.len, 9);
	assert_int_equal(sl_buf_append(&b, "xyz", 3), SL_EPROTO);
	assert_true(b.truncated);
	assert_string_equal(sl_buf_str(&b), "hello 123x");
	sl_buf_consume(&b, 6);
	assert_string_equal(sl_buf_str(&b), "123x");
	sl_buf_consume(&b, 100);
	assert_string_equal(sl_buf_str(&b), "");
	sl_buf_clear(&b);
	assert_false(b.truncated);
	assert_int_equal(sl_buf_append(&b, "", 0), SL_OK);
	sl_buf_puts(&b, "mine");
	s = sl_buf_take(&b);
	assert_string_equal(s, "mine");
	free(s);
	assert_int_equal(b.len, 0);
	assert_int_equal(b.max, 10);
	s = sl_buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	sl_buf_release(&b);
}

/* Whatever the pieces, what is kept is a suffix of what was written, and at least half of max. */
static void test_tail(void **state)
{
	char all[4000];
	size_t len = 0;
	struct sl_buf b;

	(void)state;
	sl_buf_init(&b, 100);
	for (size_t piece = 1; len + piece <= sizeof all; piece = piece * 3 % 251 + 1) {
		for (size_t i = 0; i < piece; i++)
			all[len + i] = (char)('a' + (len + i) % 26);
		sl_buf_append_tail(&b, all + len, piece);
		len += piece;
		assert_true(b.len <= 100);
		assert_true(b.len >= (len < 50 ? len : 50));
		assert_memory_equal(b.data, all + len - b.len, b.len);
		assert_int_equal(b.data[b.len], 0);
	}
	assert_true(len > 3000);
	sl_buf_release(&b);
}

static void test_error(void **state)
{
	struct sl_error e = {0};
	char big[3000];

	(void)state;
	assert_int_equal(sl_fail(NULL, SL_EIO, "x"), SL_EIO);
	assert_int_equal(sl_fail(&e, SL_ETIMEOUT, "host %s\033[2J", "oa01"), SL_ETIMEOUT);
	assert_int_equal(e.code, SL_ETIMEOUT);
	assert_string_equal(e.msg, "host oa01?[2J");
	sl_error_prefix(&e, "edge");
	assert_string_equal(e.msg, "edge: host oa01?[2J");
	sl_fail(&e, e.code, "again: %s", e.msg);
	assert_string_equal(e.msg, "again: edge: host oa01?[2J");
	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	sl_fail(&e, SL_EIO, "%s", big);
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
	sl_error_clear(&e);
	assert_int_equal(e.code, SL_OK);
	for (int code = 0; code < SL_ERR_COUNT; code++)
		assert_true(strlen(sl_err_name((enum sl_err)code)) > 1);
	assert_string_equal(sl_err_name(SL_EHOSTKEY), "hostKey");
	assert_string_equal(sl_err_name((enum sl_err)999), "internal");
}

static void test_log(void **state)
{
	char got[4096];
	int fds[2];
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	sl_log_set_fd(fds[1]);
	sl_log(SL_LOG_ERROR, "off by default");
	assert_int_equal(read(fds[0], got, sizeof got), -1);
	sl_log_set_level(SL_LOG_INFO);
	sl_log(SL_LOG_DEBUG, "too detailed");
	sl_log(SL_LOG_WARN, "two\nlines\033 %d", 7);
	n = read(fds[0], got, sizeof got - 1);
	assert_true(n > 0);
	got[n] = '\0';
	assert_string_equal(got, "sluice: warning: two?lines? 7\n");
	/* A pipe that nobody empties loses lines instead of blocking the loop. */
	fcntl(fds[1], F_SETFL, 0);
	for (int i = 0; i < 20000; i++)
		sl_log(SL_LOG_INFO, "line %d", i);
	assert_true(read(fds[0], got, sizeof got) > 0);
	sl_log_set_fd(-1);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
