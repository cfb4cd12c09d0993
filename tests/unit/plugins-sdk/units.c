/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static void test_duration_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"0s", 0},       {"10s", 10000},     {"1m30s", 90000},          {"250ms", 250},
		{"2h", 7200000}, {"1d", 86400000},   {"1d2h3m4s5ms", 93784005}, {"90s", 90000},
		{"007s", 7000},  {"1h1ms", 3600001},
	};
	static const char *const bad[] = {
		"",
		"10",
		"s",
		"-1s",
		"+1s",
		"1.5s",
		" 1s",
		"1s ",
		"1x",
		"1S",
		"30s1m",
		"1s1s",
		"1ss",
		"1 s",
		"1m30",
		"9223372036854775808ms",
		"106751991168d",
		"9223372036854775807d",
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(good); i++) {
		int64_t ms = -1;

		assert_true(sl_duration_parse(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		int64_t ms = -1;

		assert_false(sl_duration_parse(bad[i], &ms));
	}
}

static void test_duration_print(void **state)
{
	static const struct {
		int64_t ms;
		const char *exact, *human;
	} rows[] = {
		{0, "0s", "0 ms"},
		{250, "250ms", "250 ms"},
		{41000, "41s", "41 s"},
		{41499, "41s499ms", "41 s"},
		{59700, "59s700ms", "1:00"},
		{65000, "1m5s", "1:05"},
		{90000, "1m30s", "1:30"},
		{3599600, "59m59s600ms", "1 h"},
		{7380000, "2h3m", "2 h 3 m"},
		{7200000, "2h", "2 h"},
		{93600000, "1d2h", "1 d 2 h"},
		{INT64_MAX, "106751991167d7h12m55s807ms", "106751991167 d 7 h"},
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		int64_t back;

		assert_string_equal(sl_duration_format(text, sizeof text, rows[i].ms),
				    rows[i].exact);
		assert_true(sl_duration_parse(text, &back));
		assert_int_equal(back, rows[i].ms);
		assert_string_equal(sl_duration_human(text, sizeof text, rows[i].ms),
				    rows[i].human);
	}
	assert_string_equal(sl_duration_format(text, 4, 93784005), "1d2");
}

static void test_share(void **state)
{
	static const struct {
		const char *text;
		double share;
		const char *printed;
	} good[] = {
		{"25%", 0.25, "25%"},
		{"0.5%", 0.005, "0.5%"},
		{"0%", 0, "0%"},
		{"100%", 1, "100%"},
		{"16.67%", 0.1667, "16.7%"},
		{"33.333333%", 0.33333333, "33.3%"},
		{"99.96%", 0.9996, "100%"},
	};
	static const char *const bad[] = {
		"",    "25",  "%",    "-1%",   "101%", "100.1%",       "1e1%",
		".5%", "1.%", "25 %", "0x10%", "nan%", "1.0000000000%"};
	char text[16];
	double share;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(good); i++) {
		assert_true(sl_share_parse(good[i].text, &share));
		assert_true(fabs(share - good[i].share) < 1e-9);
		assert_string_equal(sl_share_format(text, sizeof text, share), good[i].printed);
	}
	for (size_t i = 0; i < SL_COUNT(bad); i++)
		assert_false(sl_share_parse(bad[i], &share));
}

static void test_rate_and_count(void **state)
{
	double rate;
	int64_t n;

	(void)state;
	assert_true(sl_rate_parse("500/s", &rate) && rate == 500);
	assert_true(sl_rate_parse("30/m", &rate) && rate == 0.5);
	assert_true(sl_rate_parse("2.5/s", &rate) && rate == 2.5);
	assert_false(sl_rate_parse("500", &rate));
	assert_false(sl_rate_parse("500/x", &rate));
	assert_false(sl_rate_parse("/s", &rate));
	assert_true(sl_count_parse("0", 0, 9, &n) && n == 0);
	assert_true(sl_count_parse("9223372036854775807", 0, INT64_MAX, &n) && n == INT64_MAX);
	assert_false(sl_count_parse("9223372036854775808", 0, INT64_MAX, &n));
	assert_false(sl_count_parse("10", 0, 9, &n));
	assert_false(sl_count_parse("1", 2, 9, &n));
	assert_false(sl_count_parse("", 0, 9, &n));
	assert_false(sl_count_parse("-1", 0, 9, &n));
	assert_false(sl_count_parse("+1", 0, 9, &n));
	assert_false(sl_count_parse(" 1", 0, 9, &n));
	assert_false(sl_count_parse("1a", 0, 9, &n));
}

static void test_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1.0 KiB"},
		{1536, "1.5 KiB"},
		{1468006, "1.4 MiB"},
		{1048575, "1.0 MiB"},
		{1073741824, "1.0 GiB"},
		{UINT64_MAX, "16.0 EiB"},
		{2027, "2.0 KiB"},
		{1996, "1.9 KiB"},
	};
	char text[32];

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		assert_string_equal(sl_bytes_human(text, sizeof text, rows[i].bytes), rows[i].text);
}

static void test_time(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{"1970-01-01T00:00:00.000Z", 0},
		{"2026-01-02T03:04:05.678Z", 1767323045678},
		{"2000-02-29T23:59:59.999Z", 951868799999},
		{"1969-12-31T23:59:59.999Z", -1},
		{"9999-12-31T23:59:59.999Z", 253402300799999},
	};
	static const char *const bad[] = {
		"",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-13-02T03:04:05Z",
		"2026-02-29T03:04:05Z",
		"2026-00-10T03:04:05Z",
		"2026-01-02T24:04:05Z",
		"2026-01-02T03:04:60Z",
		"2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+01:00",
		"2026-01-02 03:04:05Z",
		"2026-1-2T03:04:05Z",
		"2026-01-02T03:04:05Zx",
	};
	char text[32];
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_string_equal(sl_time_format(text, sizeof text, rows[i].ms), rows[i].text);
		assert_true(sl_time_parse(rows[i].text, &ms));
		assert_int_equal(ms, rows[i].ms);
	}
	assert_true(sl_time_parse("2026-01-02T03:04:05Z", &ms) && ms == 1767323045000);
	assert_true(sl_time_parse("2026-01-02T03:04:05.6789Z", &ms) && ms == 1767323045678);
	for (size_t i = 0; i < SL_COUNT(bad); i++)
		assert_false(sl_time_parse(bad[i], &ms));
	assert_true(sl_time_now() > 1700000000000);
	assert_true(sl_time_boottime() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_duration_parse), cmocka_unit_test(test_duration_print),
		cmocka_unit_test(test_share),          cmocka_unit_test(test_rate_and_count),
		cmocka_unit_test(test_bytes),          cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
