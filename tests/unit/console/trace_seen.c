/* SPDX-License-Identifier: Apache-2.0 */
/* One trace under keys: moving, folding what is below and what is alike, errors in both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "console/views/trace_seen.h"

#define T0 INT64_C(1700000000000000)

static void add(struct trace *t, const char *id, const char *parent, const char *name, int at_ms,
		int ms, bool error)
{
	trace_add(t, &(struct sl_span){.id = id,
				       .parent = parent,
				       .service = "shop",
				       .name = name,
				       .start_us = T0 + at_ms * INT64_C(1000),
				       .duration_us = ms * INT64_C(1000),
				       .error = error});
}

/* pay > (charge > (reserve fails), get get get, mail fails) */
static struct trace *make(void)
{
	struct trace *t = trace_new("7f3a");

	add(t, "1", NULL, "pay", 0, 900, false);
	add(t, "2", "1", "get", 10, 1, false);
	add(t, "3", "1", "get", 11, 1, false);
	add(t, "4", "1", "get", 12, 1, false);
	add(t, "5", "1", "charge", 5, 700, false);
	add(t, "6", "5", "reserve", 20, 600, true);
	add(t, "7", "1", "mail", 800, 50, true);
	trace_finish(t);
	return t;
}

static const char *under_cursor(const struct trace_seen *s)
{
	return s->w.trace->nodes[s->rows[s->w.cursor].node].name;
}

static void go_to(struct trace_seen *s, const char *name)
{
	trace_seen_move(s, -1000);
	while (strcmp(under_cursor(s), name) != 0) {
		size_t before = s->w.cursor;

		trace_seen_move(s, 1);
		assert_int_not_equal(s->w.cursor, before);
	}
}

static void test_move_is_cut(void **state)
{
	struct trace *t = make();
	struct trace_seen s = {0};

	(void)state;
	trace_seen_set(&s, t);
	assert_int_equal(s.w.count, 5);
	trace_seen_move(&s, 3);
	assert_int_equal(s.w.cursor, 3);
	trace_seen_move(&s, 1000);
	assert_int_equal(s.w.cursor, 4);
	trace_seen_move(&s, -2);
	assert_int_equal(s.w.cursor, 2);
	trace_seen_move(&s, -1000);
	assert_int_equal(s.w.cursor, 0);
	trace_seen_release(&s);
	trace_free(t);
}

static void test_fold(void **state)
{
	struct trace *t = make();
	struct trace_seen s = {0};

	(void)state;
	trace_seen_set(&s, t);
	go_to(&s, "charge");
	assert_true(trace_seen_fold(&s));
	assert_int_equal(s.w.count, 4);
	assert_string_equal(under_cursor(&s), "charge");
	assert_true(s.rows[s.w.cursor].closed);
	assert_true(trace_seen_fold(&s));
	assert_int_equal(s.w.count, 5);
	go_to(&s, "reserve");
	assert_false(trace_seen_fold(&s));
	go_to(&s, "get");
	assert_true(trace_seen_fold(&s)); /* those alike */
	assert_int_equal(s.w.count, 7);
	assert_string_equal(under_cursor(&s), "get");
	trace_seen_spread(&s);
	assert_int_equal(s.w.count, 5);
	trace_seen_release(&s);
	trace_free(t);
}

/* A row that folding takes away leaves the cursor on the row that took it in. */
static void test_cursor_goes_up(void **state)
{
	struct trace *t = make();
	struct trace_seen s = {.spread = true};

	(void)state;
	trace_seen_set(&s, t);
	assert_int_equal(s.w.count, 7);
	go_to(&s, "get");
	trace_seen_move(&s, 1);
	assert_string_equal(under_cursor(&s), "get");
	trace_seen_spread(&s);
	assert_string_equal(under_cursor(&s), "get");
	assert_int_equal(s.rows[s.w.cursor].folded, 2);
	trace_seen_release(&s);
	trace_free(t);
}

static void test_errors_both_ways(void **state)
{
	struct trace *t = make();
	struct trace_seen s = {0};

	(void)state;
	trace_seen_set(&s, t);
	assert_true(trace_seen_next_error(&s, false));
	assert_string_equal(under_cursor(&s), "reserve");
	assert_true(trace_seen_next_error(&s, false));
	assert_string_equal(under_cursor(&s), "mail");
	assert_true(trace_seen_next_error(&s, false)); /* round */
	assert_string_equal(under_cursor(&s), "reserve");
	assert_true(trace_seen_next_error(&s, true));
	assert_string_equal(under_cursor(&s), "mail");
	trace_seen_release(&s);
	trace_free(t);
}

static void test_nothing(void **state)
{
	struct trace_seen s = {.page = 7};

	(void)state;
	trace_seen_set(&s, NULL);
	trace_seen_move(&s, 1);
	assert_false(trace_seen_fold(&s));
	assert_false(trace_seen_next_error(&s, true));
	assert_null(s.w.trace);
	assert_int_equal(s.page, 7);
	trace_seen_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_move_is_cut),    cmocka_unit_test(test_fold),
		cmocka_unit_test(test_cursor_goes_up), cmocka_unit_test(test_errors_both_ways),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
