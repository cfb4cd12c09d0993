/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "tests/unit/orchestrator-plan/world.h"

#define SERVERS 12

static size_t make_sides(struct plan_weight_server *s, size_t n_old, size_t n_new)
{
	for (size_t i = 0; i < n_old + n_new; i++)
		s[i] = (struct plan_weight_server){
			.in_service = true, .is_new = i >= n_old, .configured = 1};
	return n_old + n_new;
}

static void test_examples(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		size_t n_old, n_new, total;
		double want, min_capacity;
		int old, new;
		double real;
	} rows[] = {
		{"1 of 4 at 25% = equal weights", 3, 1, 4, 0.25, 0.75, 1, 1, 0.25},
		{"5% of 4", 3, 1, 4, 0.05, 0.75, 100, 16, 16 / 316.0},
		{"5% of 2", 1, 1, 2, 0.05, 0, 256, 13, 13 / 269.0},
		{"nothing yet", 3, 1, 4, 0, 0.75, 1, 0, 0},
		{"half and half", 2, 2, 4, 0.5, 0.75, 1, 1, 0.5},
		{"half on a third", 4, 2, 6, 0.5, 0.5, 100, 200, 0.5},
		{"one old left for 4: it carries a third", 1, 3, 4, 0.5, 0.75, 100, 67,
		 201 / 301.0},
		{"one new of 4 carries a third at most", 3, 1, 4, 0.9, 0.75, 100, 150, 150 / 450.0},
		{"too few of both: as configured", 1, 1, 10, 0.05, 0.75, 1, 1, 0.5},
		{"only new left", 0, 2, 4, 0.05, 0.75, 0, 1, 1},
		{"only old", 4, 0, 4, 0.5, 0.75, 1, 0, 0},
		{"nobody", 0, 0, 4, 0.5, 0.75, 0, 0, 0},
		{"all traffic", 2, 2, 4, 1, 0, 0, 1, 1},
	};
	for (size_t r = 0; r < SL_COUNT(rows); r++) {
		struct plan_weight_server s[SERVERS];
		int w[SERVERS];
		double real;
		size_t n = make_sides(s, rows[r].n_old, rows[r].n_new);
		plan_weights(s, n, rows[r].want, rows[r].min_capacity, rows[r].total, w, &real);
		for (size_t i = 0; i < n; i++)
			if (w[i] != (s[i].is_new ? rows[r].new : rows[r].old))
				fail_msg("%s: server %zu has weight %d", rows[r].name, i, w[i]);
		if (fabs(real - rows[r].real) > 1e-9)
			fail_msg("%s: real share %g", rows[r].name, real);
	}
}

static void test_out_of_service(void **state)
{
	(void)state;
	struct plan_weight_server s[3] = {{true, false, 10}, {false, false, 10}, {false, true, 10}};
	int w[3];
	double real;
	plan_weights(s, 3, 0.5, 0.75, 3, w, &real);
	assert_int_equal(w[0], 10);
	assert_int_equal(w[1], 0);
	assert_int_equal(w[2], 0);
	assert_true(real == 0);
	s[0].in_service = false;
	plan_weights(s, 3, 0.5, 0.75, 3, w, &real);
	assert_int_equal(w[0], 0);
}

static void test_proportional(void **state)
{
	(void)state;
	struct plan_weight_server s[4] = {
		{true, false, 100}, {true, false, 50}, {true, true, 100}, {true, true, 50}};
	int w[4];
	double real;
	plan_weights(s, 4, 0.2, 0, 4, w, &real);
	assert_int_equal(w[0], 2 * w[1]);
	assert_true(abs(w[2] - 2 * w[3]) <= 1);
	assert_true(fabs(real - 0.2) < 0.01);
}

/* What rounding may cost: each weight is off by at most a half, or by less than one where it was
 * lifted to 1. */
static void check_bound(const struct plan_weight_server *s, const int *w, size_t n, double want,
			double real)
{
	double all = 0, worst = 0;
	for (size_t i = 0; i < n; i++) {
		assert_in_range(w[i], 0, 256);
		assert_true(!s[i].in_service || w[i] > 0);
		all += w[i];
		worst += w[i] == 1 ? 1 : 0.5;
	}
	if (fabs(real - want) > worst / (all - worst > 1 ? all - worst : 1))
		fail_msg("want %g, real %g, sum %g", want, real, all);
}

static void test_property(void **state)
{
	(void)state;
	static const int patterns[][3] = {{1, 1, 1}, {100, 100, 100}, {1, 2, 3}, {256, 128, 64}};
	static const double shares[] = {0.001, 0.01, 0.05, 0.1, 0.2, 0.333, 0.5, 0.75, 0.9, 0.99};
	for (size_t p = 0; p < SL_COUNT(patterns); p++)
		for (size_t n_old = 1; n_old <= 6; n_old++)
			for (size_t n_new = 1; n_new <= 6; n_new++)
				for (size_t k = 0; k < SL_COUNT(shares); k++) {
					struct plan_weight_server s[SERVERS];
					int w[SERVERS];
					double real;
					size_t n = make_sides(s, n_old, n_new);
					for (size_t i = 0; i < n; i++)
						s[i].configured = patterns[p][i % 3];
					plan_weights(s, n, shares[k], 0, n, w, &real);
					check_bound(s, w, n, shares[k], real);
				}
}

/* No side gets more than its instances carry, whatever is asked for. */
static void test_capacity(void **state)
{
	(void)state;
	for (size_t total = 2; total <= 8; total++)
		for (size_t n_new = 1; n_new < total; n_new++)
			for (int percent = 0; percent <= 100; percent += 5) {
				struct plan_weight_server s[SERVERS];
				int w[SERVERS];
				double real;
				size_t n = make_sides(s, total - n_new, n_new);
				plan_weights(s, n, percent / 100.0, 0.75, total, w, &real);
				double need = 0.75 * (double)total;
				assert_true(real <= (double)n_new / need + 0.01);
				assert_true(1 - real <= (double)(total - n_new) / need + 0.01);
			}
}

static void test_amounts(void **state)
{
	(void)state;
	static const struct {
		struct pb_amount a;
		size_t n, up, down;
	} rows[] = {
		{{.count = 1}, 4, 1, 1},
		{{.count = 9}, 4, 4, 4},
		{{.count = 0}, 4, 0, 1},
		{{.count = -3}, 4, 0, 1},
		{{.is_share = true, .share = 0.05}, 6, 1, 1},
		{{.is_share = true, .share = 0.25}, 4, 1, 1},
		{{.is_share = true, .share = 0.30}, 10, 3, 3},
		{{.is_share = true, .share = 0.07}, 100, 7, 7},
		{{.is_share = true, .share = 0.29}, 100, 29, 29},
		{{.is_share = true, .share = 0.5}, 5, 3, 2},
		{{.is_share = true, .share = 1}, 5, 5, 5},
		{{.is_share = true, .share = 0}, 5, 0, 1},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_int_equal(plan_amount_up(&rows[i].a, rows[i].n), rows[i].up);
		assert_int_equal(plan_amount_down(&rows[i].a, rows[i].n), rows[i].down);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),     cmocka_unit_test(test_out_of_service),
		cmocka_unit_test(test_proportional), cmocka_unit_test(test_property),
		cmocka_unit_test(test_capacity),     cmocka_unit_test(test_amounts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
