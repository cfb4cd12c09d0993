/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a terminal become keys: whole, in pieces, pasted, broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "console/input.h"
#include "plugins/sdk/mem.h"

struct seen {
	char text[512];
};

static void key(void *arg, uint32_t k)
{
	struct seen *s = arg;
	char name[32];
	size_t at = strlen(s->text);

	snprintf(s->text + at, sizeof s->text - at, "%s%s%s", at ? " " : "",
		 k & TKEY_PASTED ? "pasted:" : "",
		 k == TKEY_HAS_SYNC
			 ? "sync"
			 : input_key_name(name, sizeof name, k & ~(uint32_t)TKEY_PASTED));
}

static const struct {
	const char *bytes, *keys;
} cases[] = {
	{"jk", "j k"},
	{"\r\t\177\004", "enter tab backspace ctrl-d"},
	{"\033[A\033OB\033[5~\033[H", "up down pgup home"},
	{"\033OQ\033[15~\033[24~", "f2 f5 f12"},
	{"\033x", "alt-x"},
	{"\033\033[A", "esc up"},
	{"\xe5\xba\x93", "\xe5\xba\x93"},
	{"\xff\xfej", "j"},
	{"\033[?2026;2$yj", "sync j"},
	{"\033[?2026;0$yj", "j"},
	{"\033[200~Uq\r\033[201~j", "pasted:U pasted:q j"},
	{"\033[99999999999999~j", "j"},
};

static void feed_all(const char *bytes, size_t piece, struct seen *s)
{
	struct input in = {0};
	size_t len = strlen(bytes), n;

	for (; len; bytes += n, len -= n) {
		n = piece < len ? piece : len;
		input_feed(&in, bytes, n, key, s);
	}
	assert_false(input_waits(&in));
}

static void test_keys(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < SL_COUNT(cases); i++) {
		for (piece = 1; piece < 20; piece += 3) {
			struct seen s = {""};

			feed_all(cases[i].bytes, piece, &s);
			assert_string_equal(s.text, cases[i].keys);
		}
	}
}

static void test_lone_escape(void **state)
{
	struct input in = {0};
	struct seen s = {""};

	(void)state;
	input_feed(&in, "\033", 1, key, &s);
	assert_true(input_waits(&in));
	assert_string_equal(s.text, "");
	input_timeout(&in, key, &s);
	assert_string_equal(s.text, "esc");
	input_feed(&in, "\033[1", 3, key, &s);
	input_timeout(&in, key, &s);
	assert_string_equal(s.text, "esc");
}

static void test_names_go_both_ways(void **state)
{
	static const char *const names[] = {"j",     "G",    "ctrl-d", "alt-x",
					    "f1",    "f12",  "enter",  "esc",
					    "space", "pgdn", "&",      "\xe5\xba\x93"};
	char name[32];
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(names); i++)
		assert_string_equal(input_key_name(name, sizeof name, input_key_parse(names[i])),
				    names[i]);
	assert_int_equal(input_key_parse("f13"), TKEY_NONE);
	assert_int_equal(input_key_parse("ctrl-"), TKEY_NONE);
	assert_int_equal(input_key_parse("jj"), TKEY_NONE);
	assert_int_equal(input_key_parse(""), TKEY_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_lone_escape),
		cmocka_unit_test(test_names_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
