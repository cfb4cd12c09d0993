/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/sort.h"

/* The digit counts, the letter behind it tells equal ones apart. */
static int by_digit(const void *a, const void *b, void *arg)
{
	(*(size_t *)arg)++;
	return ((const char *)a)[0] - ((const char *)b)[0];
}

static void test_sort(void **state)
{
	static const struct {
		const char *items[8], *sorted;
		size_t compares; /* at most */
	} rows[] = {
		{{NULL}, "", 0},
		{{"1a"}, "1a", 0},
		{{"1a", "1b", "2c"}, "1a1b2c", 2},
		{{"2a", "1b"}, "1b2a", 3},
		{{"3a", "2b", "1c", "2d", "1e"}, "1c1e2b2d3a", 16},
		{{"1a", "3b", "5c", "2d", "4e", "6f"}, "1a2d3b4e5c6f", 12},
		{{"1a", "1b", "0c", "1d", "0e", "1f", "0g"}, "0c0e0g1a1b1d1f", 21},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const void *items[8];
		char text[32] = "";
		size_t n = 0, compares = 0;

		while (n < 8 && rows[i].items[n]) {
			items[n] = rows[i].items[n];
			n++;
		}
		sl_sort(items, n, by_digit, &compares);
		for (size_t k = 0; k < n; k++)
			strcat(text, items[k]);
		assert_string_equal(text, rows[i].sorted);
		assert_true(compares <= rows[i].compares);
	}
}

static int by_number(const void *a, const void *b, void *arg)
{
	(void)arg;
	return *(const int *)a - *(const int *)b;
}

static void test_many(void **state)
{
	enum { N = 3000 };
	static int numbers[N];
	static const void *items[N];

	(void)state;
	for (size_t count = 0; count < N; count += 1 + count / 3) {
		for (size_t i = 0; i < count; i++) {
			numbers[i] = (int)((i * 7919 + count) % 257);
			items[i] = &numbers[i];
		}
		sl_sort(items, count, by_number, NULL);
		for (size_t i = 1; i < count; i++) {
			const int *a = items[i - 1], *b = items[i];

			assert_true(*a < *b || (*a == *b && a < b));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sort),
					   cmocka_unit_test(test_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
