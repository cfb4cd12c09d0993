/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/line_diff.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"

/* As "-gone +new =same", the lines' texts behind the signs; '|' = no newline at the end. */
static char *told(const struct diff *d)
{
	struct sl_buf out;

	sl_buf_init(&out, 1u << 20);
	for (size_t i = 0; i < d->count; i++) {
		const struct diff_line *l = &d->lines[i];

		sl_buf_printf(&out, "%s%c%.*s%s", i ? " " : "", "=-+"[l->kind], (int)l -> len,
			      l -> text, l -> open ? "|" : "");
	}
	return out.len ? sl_buf_take(&out) : sl_strdup("");
}

static void test_table(void **state)
{
	static const struct {
		const char *left, *right, *want;
	} rows[] = {
		{"", "", ""},
		{"a\n", "a\n", "=a"},
		{"", "a\nb\n", "+a +b"},
		{"a\nb\n", "", "-a -b"},
		{"a\nb\nc\n", "a\nB\nc\n", "=a -b +B =c"},
		{"a\n", "a", "-a +a|"},
		{"a", "a", "=a|"},
		{"a\nb", "a\nc", "=a -b| +c|"},
		{"a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n", "-a +c =b -c =a =b -b =a +c"},
		{"x\na\ny\n", "a\n", "-x =a -y"},
		{"a\n", "x\na\ny\n", "+x =a +y"},
		{"\n\n\n", "\n\n", "= = -"},
		{"大小: 40\n等待: 8\n", "大小: 80\n等待: 8\n", "-大小: 40 +大小: 80 =等待: 8"},
		{"a\r\n", "a\n", "-a\r +a"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct diff *d = diff_new(rows[i].left, strlen(rows[i].left), rows[i].right,
					  strlen(rows[i].right));
		char *have = told(d);

		assert_string_equal(have, rows[i].want);
		assert_int_equal(d->same, !strcmp(rows[i].left, rows[i].right));
		assert_false(d->rough || d->binary);
		free(have);
		diff_free(d);
	}
}

/* The least number of changes, by the book: rows times columns. */
static size_t least_changes(const char *a, size_t n, const char *b, size_t m)
{
	static size_t best[65][65];

	for (size_t i = 0; i <= n; i++)
		for (size_t k = 0; k <= m; k++)
			if (!i || !k)
				best[i][k] = i + k;
			else if (a[2 * (i - 1)] == b[2 * (k - 1)])
				best[i][k] = best[i - 1][k - 1];
			else
				best[i][k] = 1 + (best[i - 1][k] < best[i][k - 1] ? best[i - 1][k]
										  : best[i][k - 1]);
	return best[n][m];
}

static size_t some_lines(char *dst, unsigned *seed, unsigned kinds)
{
	size_t n = (size_t)((*seed = *seed * 1103515245u + 12345u) >> 16) % 40, i;

	for (i = 0; i < n; i++) {
		*seed = *seed * 1103515245u + 12345u;
		dst[2 * i] = (char)('a' + (*seed >> 16) % kinds);
		dst[2 * i + 1] = '\n';
	}
	return n;
}

/* Left without what is new is left, right without what is gone is right, and nothing is shorter. */
static void test_is_shortest(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (unsigned round = 0; round < 4000; round++) {
		char left[80], right[80], l[80], r[80];
		size_t n = some_lines(left, &seed, 2 + round % 7), ln = 0, rn = 0;
		size_t m = some_lines(right, &seed, 2 + round % 7);
		struct diff *d = diff_new(left, 2 * n, right, 2 * m);

		for (size_t i = 0; i < d->count; i++) {
			const struct diff_line *line = &d->lines[i];

			if (line->kind != DIFF_NEW) {
				assert_int_equal(line->left, ln / 2 + 1);
				memcpy(l + ln, line->text, 2);
				ln += 2;
			}
			if (line->kind != DIFF_GONE) {
				assert_int_equal(line->right, rn / 2 + 1);
				memcpy(r + rn, line->text, 2);
				rn += 2;
			}
		}
		assert_int_equal(ln, 2 * n);
		assert_int_equal(rn, 2 * m);
		assert_true(!n || memcmp(l, left, ln) == 0);
		assert_true(!m || memcmp(r, right, rn) == 0);
		assert_int_equal(d->added + d->removed, least_changes(left, n, right, m));
		diff_free(d);
	}
}

static void test_binary(void **state)
{
	static const struct {
		const char *value;
		size_t len;
		bool text;
	} rows[] = {
		{"", 0, true},
		{"a\033[31m", 6, true},
		{"a\0b", 3, false},
		{"\xff\xfe", 2, false},
		{"订单", 6, true},
		{"订", 2, false},
		{"\xed\xa0\x80", 3, false},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct diff *d = diff_new(rows[i].value, rows[i].len, "a\n", 2);

		assert_int_equal(diff_is_text(rows[i].value, rows[i].len), rows[i].text);
		assert_int_equal(d->binary, !rows[i].text);
		if (d->binary)
			assert_int_equal(d->count, 0);
		diff_free(d);
	}
}

/* Rows as text: the lines' signs, a number for a fold. */
static void test_rows(void **state)
{
	static const struct {
		const char *left, *right;
		size_t context;
		const char *want;
	} rows[] = {
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", 1, "(3)=-+=(3)"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", SIZE_MAX,
		 "====-+===="},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", 3, "====-+===="},
		{"1\n2\n3\n4\n5\n6\n", "x\n2\n3\n4\n5\ny\n", 1, "-+=(2)=-+"},
		{"1\n2\n3\n4\n5\n", "x\n2\n3\n4\ny\n", 1, "-+===-+"},
		{"1\n2\n3\n", "1\n2\n3\n", 3, "(3)"},
		{"1\n2\n3\n", "1\n2\n3\n", 0, "(3)"},
		{"1\n2\n3\n", "1\nx\n3\n", 0, "=-+="},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct diff *d = diff_new(rows[i].left, strlen(rows[i].left), rows[i].right,
					  strlen(rows[i].right));
		size_t count, n = 0;
		struct diff_row *list = diff_rows(d, rows[i].context, &count);
		char have[64];

		have[0] = '\0';
		for (size_t k = 0; k < count; k++) {
			if (list[k].kind == DIFF_HIDDEN)
				n += (size_t)snprintf(have + n, sizeof have - n, "(%zu)",
						      list[k].count);
			else
				n += (size_t)snprintf(have + n, sizeof have - n, "%c",
						      "=-+"[list[k].kind]);
		}
		assert_string_equal(have, rows[i].want);
		free(list);
		diff_free(d);
	}
}

static void test_within(void **state)
{
	static const struct {
		const char *a, *b;
		size_t from, tail;
	} rows[] = {
		{"size: 40", "size: 80", 6, 1},
		{"a", "a", 1, 0},
		{"", "abc", 0, 0},
		{"aba", "aa", 1, 1},
		{"大小", "大少", 3, 0},
		{"x大", "x少", 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct diff_line a = {.text = rows[i].a, .len = strlen(rows[i].a)};
		struct diff_line b = {.text = rows[i].b, .len = strlen(rows[i].b)};
		size_t from, tail;

		diff_within(&a, &b, &from, &tail);
		assert_int_equal(from, rows[i].from);
		assert_int_equal(tail, rows[i].tail);
	}
}

/* A mebibyte of lines; all the same lines, in another order, is the worst there is. */
static void test_bounds(void **state)
{
	size_t lines = 60000, len = 0;
	char *left = sl_alloc_n(lines, 20), *right = sl_alloc_n(lines, 20);
	size_t right_len = 0;
	struct diff *d;

	(void)state;
	for (size_t i = 0; i < lines; i++) {
		len += (size_t)sprintf(left + len, "key%zu: %zu\n", i, i % 7);
		right_len += (size_t)sprintf(right + right_len, "key%zu: %zu\n", lines - 1 - i,
					     (lines - 1 - i) % 7);
	}
	d = diff_new(left, len, right, right_len);
	assert_true(d->rough);
	assert_int_equal(d->count, d->added + lines);
	diff_free(d);

	memcpy(right, left, len);
	right[0] = 'K';
	d = diff_new(left, len, right, len);
	assert_false(d->rough);
	assert_int_equal(d->added, 1);
	assert_int_equal(d->removed, 1);
	diff_free(d);

	memset(left, 'a', 1u << 20); /* one line */
	d = diff_new(left, 1u << 20, left, (1u << 20) - 1);
	assert_int_equal(d->count, 2);
	diff_free(d);
	free(left);
	free(right);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),  cmocka_unit_test(test_is_shortest),
		cmocka_unit_test(test_binary), cmocka_unit_test(test_rows),
		cmocka_unit_test(test_within), cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
