/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static void test_clean(void **state)
{
	static const struct {
		const char *in;
		bool newlines;
		const char *out;
	} rows[] = {
		{"plain", false, "plain"},
		{"", false, ""},
		{"\033[31mred\033[0m", false, "?[31mred?[0m"},
		{"a\tb", false, "a b"},
		{"a\nb", false, "a?b"},
		{"a\nb", true, "a\nb"},
		{"a\rb\x7f", true, "a?b?"},
		{"\xc2\x9b"
		 "31m",
		 false, "?31m"},
		{"\xe8\xae\xa2\xe5\x8d\x95", false, "\xe8\xae\xa2\xe5\x8d\x95"},
		{"\xe8\xae", false, "??"},
		{"\xff\xfe", false, "??"},
		{"\xc0\xaf", false, "??"},
		{"\xed\xa0\x80", false, "???"},
		{"abc\xe2\x80\xae"
		 "def",
		 false, "abc?def"},
		{"\xe2\x81\xa6x\xe2\x81\xa9", false, "?x?"},
		{"\xe2\x80\xa8", false, "?"},
		/* what is not seen: no space, soft hyphen, filler, tag; but joiners stay */
		{"a\xe2\x80\x8b\xc2\xad\xe3\x85\xa4\xf3\xa0\x81\x81z", false, "a????z"},
		{"\xe0\xa4\x95\xe2\x80\x8d", false, "\xe0\xa4\x95\xe2\x80\x8d"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *out = sl_text_clean_dup(rows[i].in, strlen(rows[i].in), rows[i].newlines);

		assert_string_equal(out, rows[i].out);
		assert_true(sl_text_is_clean(out, strlen(out)) || rows[i].newlines);
		free(out);
	}
	assert_false(sl_text_is_clean("a\nb", 3));
	assert_false(sl_text_is_clean("a\0b", 3));
}

/* A character that does not fit is left out whole; NUL bytes are control bytes. */
static void test_clean_bounds(void **state)
{
	static const char order[] = "\xe8\xae\xa2\xe5\x8d\x95";
	char dst[8];

	(void)state;
	for (size_t size = 1; size <= 7; size++) {
		memset(dst, 'x', sizeof dst);
		assert_int_equal(sl_text_clean(dst, size, order, 6, false), (size - 1) / 3 * 3);
		assert_int_equal(strlen(dst), (size - 1) / 3 * 3);
		assert_int_equal(dst[7], 'x');
	}
	assert_int_equal(sl_text_clean(dst, 0, order, 6, false), 0);
	assert_int_equal(sl_text_clean(dst, sizeof dst, "a\0b", 3, false), 3);
	assert_string_equal(dst, "a?b");
}

static void test_width(void **state)
{
	static const struct {
		const char *text;
		size_t width, cells, fit;
	} rows[] = {
		{"abc", 3, 2, 2},        {"\xe8\xae\xa2\xe5\x8d\x95", 4, 3, 3},
		{"e\xcc\x81x", 2, 1, 3}, {"", 0, 5, 0},
		{"\xc2\xb1", 1, 1, 2},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_int_equal(sl_text_width(rows[i].text), rows[i].width);
		assert_int_equal(sl_text_fit(rows[i].text, rows[i].cells), rows[i].fit);
	}
}

static void test_whole(void **state)
{
	static const struct {
		const char *text;
		size_t len, want;
	} rows[] = {
		{"abc", 2, 2},      {"订单", 6, 6},
		{"订单", 5, 3},     {"订单", 4, 3},
		{"订单", 2, 0},     {"订单", 0, 0},
		{"\xff\x80", 2, 2}, {"a\xc3\xa9", 2, 1},
		{"😀", 3, 0},        {"\x80\x80\x80\x80", 4, 4},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		assert_int_equal(sl_text_whole(rows[i].text, rows[i].len), rows[i].want);
}

/* A cursor stands before characters, never before their marks. */
static void test_steps(void **state)
{
	static const char text[] = "a订e\u0301\u0323\xff";
	static const size_t stops[] = {0, 1, 4, 9, 10};

	(void)state;
	for (size_t i = 0; i + 1 < SL_COUNT(stops); i++) {
		assert_int_equal(sl_text_after(text, stops[i]), stops[i + 1]);
		assert_int_equal(sl_text_before(text, stops[i + 1]), stops[i]);
	}
	assert_int_equal(sl_text_before("\u0301", 2), 0);
}

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		size_t cap, d;
	} rows[] = {
		{"", "", 3, 0},
		{"abc", "abc", 0, 0},
		{"abc", "abd", 3, 1},
		{"kitten", "sitting", 5, 3},
		{"kitten", "sitting", 2, 3},
		{"a", "abcdef", 2, 3},
		{"egde", "edge", 1, 1},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		assert_int_equal(sl_text_distance(rows[i].a, rows[i].b, rows[i].cap), rows[i].d);
}

static void test_nearest(void **state)
{
	static const char *const names[] = {"socket", "hosts", "route", "maxUnavailable"};

	(void)state;
	assert_string_equal(sl_text_nearest("sokcet", names, 4), "socket");
	assert_string_equal(sl_text_nearest("host", names, 4), "hosts");
	assert_string_equal(sl_text_nearest("maxunavailable", names, 4), "maxUnavailable");
	assert_string_equal(sl_text_nearest("maxUnavailble", names, 4), "maxUnavailable");
	assert_null(sl_text_nearest("zebra", names, 4));
	assert_null(sl_text_nearest("x", names, 0));
}

static void expect_hint(const char *name, size_t count, const char *want)
{
	static const char *const names[] = {"socket", "hosts"};
	char *hint = sl_text_hint(name, names, count);

	assert_string_equal(hint, want);
	free(hint);
}

static void test_hint(void **state)
{
	(void)state;
	expect_hint("sokcet", 2, " (did you mean 'socket'?)");
	expect_hint("zebra", 2, "; there are: socket, hosts");
	expect_hint("zebra", 0, "");
}

static void test_quote(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{"", "''"},
		{"abc", "'abc'"},
		{"it's", "'it'\\''s'"},
		{"''", "''\\'''\\'''"},
		{"$(rm -rf /)`;\n", "'$(rm -rf /)`;\n'"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *out = sl_text_quote_sh(rows[i].in);

		assert_string_equal(out, rows[i].out);
		free(out);
	}
}

static void test_percent(void **state)
{
	static const struct {
		const char *plain, *coded;
	} rows[] = {
		{"abc", "abc"},
		{"a b", "a%20b"},
		{"user@host:/x,y+z-1._", "user@host:/x,y+z-1._"},
		{"100%\n", "100%25%0A"},
		{"\xe8\xae\xa2", "%E8%AE%A2"},
	};
	static const char *const bad[] = {"%", "%4", "%zz", "a%0", "%00", "%4g"};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char *coded = sl_text_percent(rows[i].plain);
		char *plain = sl_text_unpercent(coded);

		assert_string_equal(coded, rows[i].coded);
		assert_string_equal(plain, rows[i].plain);
		free(coded);
		free(plain);
	}
	for (size_t i = 0; i < SL_COUNT(bad); i++)
		assert_null(sl_text_unpercent(bad[i]));
}

static void test_name(void **state)
{
	char longest[66];

	(void)state;
	assert_true(sl_text_is_name("orders-1.2_x+y"));
	assert_true(sl_text_is_name("..."));
	assert_false(sl_text_is_name(""));
	assert_false(sl_text_is_name("."));
	assert_false(sl_text_is_name(".."));
	assert_false(sl_text_is_name("a/b"));
	assert_false(sl_text_is_name("a b"));
	assert_false(sl_text_is_name("\xe8\xae\xa2"));
	memset(longest, 'a', 65);
	longest[65] = '\0';
	assert_false(sl_text_is_name(longest));
	assert_true(sl_text_is_name(longest + 1));
	assert_true(sl_text_starts("tcp://x", "tcp://"));
	assert_false(sl_text_starts("tcp", "tcp://"));
}

static void test_base64(void **state)
{
	static const struct {
		const char *plain, *coded;
	} good[] = {
		{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xbf", "+/+/"},
	};
	static const char *const bad[] = {
		"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g=", "Zg=v", "Zm9v\n"};
	size_t len;
	char *s;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		s = sl_text_base64(good[i].plain, strlen(good[i].plain));
		assert_string_equal(s, good[i].coded);
		free(s);
		s = sl_text_unbase64(good[i].coded, &len);
		assert_non_null(s);
		assert_int_equal(len, strlen(good[i].plain));
		assert_string_equal(s, good[i].plain);
		free(s);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_null(sl_text_unbase64(bad[i], &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),   cmocka_unit_test(test_clean_bounds),
		cmocka_unit_test(test_width),   cmocka_unit_test(test_whole),
		cmocka_unit_test(test_steps),   cmocka_unit_test(test_distance),
		cmocka_unit_test(test_nearest), cmocka_unit_test(test_hint),
		cmocka_unit_test(test_quote),   cmocka_unit_test(test_percent),
		cmocka_unit_test(test_name),    cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
