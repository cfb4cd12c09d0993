/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs as cells: shape, height, gaps and colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "console/graph.h"
#include "plugins/sdk/mem.h"

enum { WIDTH = 4, HEIGHT = 2 };

static const struct {
	const char *name;
	bool utf8;
	double values[WIDTH * 2];
	size_t count;
	uint32_t cells[HEIGHT][WIDTH];
} charts[] = {
	{"rises, from a faint line on",
	 true,
	 {1, 2, 4, 8},
	 4,
	 {{' ', ' ', ' ', 0x28b8}, {0x2840, 0x2840, 0x28e0, 0x28ff}}},
	{"a gap draws nothing",
	 true,
	 {8, NAN, NAN, NAN, NAN, NAN, NAN, 8},
	 8,
	 {{0x2847, ' ', ' ', 0x28b8}, {0x2847, ' ', ' ', 0x28b8}}},
	{"nought stands on the ground",
	 true,
	 {0, 0},
	 2,
	 {{' ', ' ', ' ', ' '}, {0x2840, 0x2840, 0x2840, 0x28c0}}},
	{"ASCII: filled below its top",
	 false,
	 {1, 4, 8},
	 3,
	 {{' ', ' ', ' ', '@'}, {'_', '-', '@', ':'}}},
	{"nothing at all", true, {0}, 0, {{' ', ' ', ' ', ' '}, {0x2840, 0x2840, 0x2840, 0x2840}}},
};

static void test_chart(void **state)
{
	struct canvas c;

	(void)state;
	canvas_init(&c, WIDTH, HEIGHT);
	for (size_t i = 0; i < SL_COUNT(charts); i++) {
		canvas_resize(&c, WIDTH, HEIGHT);
		c.utf8 = charts[i].utf8;
		graph_chart(&c, (struct rect){0, 0, WIDTH, HEIGHT}, charts[i].values,
			    charts[i].count, 0);
		for (unsigned y = 0; y < HEIGHT; y++)
			for (unsigned x = 0; x < WIDTH; x++)
				if (canvas_at(&c, x, y)->ch != charts[i].cells[y][x])
					fail_msg("%s: %x at %u,%u, not %x", charts[i].name,
						 canvas_at(&c, x, y)->ch, x, y,
						 charts[i].cells[y][x]);
	}
	canvas_release(&c);
}

/* The colour is the value's, against the limit. */
static void test_colour(void **state)
{
	const double values[] = {0, 0, 10, 10};
	struct canvas c;

	(void)state;
	canvas_init(&c, 2, 1);
	c.utf8 = true;
	graph_spark(&c, 0, 0, 2, values, SL_COUNT(values), 10);
	assert_int_equal(canvas_at(&c, 0, 0)->look.paint, graph_ramp(0, 10));
	assert_int_equal(canvas_at(&c, 1, 0)->look.paint, graph_ramp(10, 10));
	assert_int_not_equal(graph_ramp(0, 10), graph_ramp(10, 10));
	canvas_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chart),
		cmocka_unit_test(test_colour),
	};

	return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
