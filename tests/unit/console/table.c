/* SPDX-License-Identifier: Apache-2.0 */
/* The list engine and the canvas: what stays with the thing, what is cut, what never gets out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/graph.h"
#include "console/keys.h"
#include "console/table.h"
#include "plugins/sdk/mem.h"

static const struct vw_column columns[] = {
	{"name", "NAME", "", VW_TEXT, 6, 20, 0, false},
	{"load", "LOAD", "", VW_NUMBER, 4, 8, 1, false},
	{"note", "NOTE", "", VW_TEXT, 6, 30, 5, false},
};

/* Rows as "name load name load ..."; now is where fill finds them. */
static const char *rows;

static void fill(const struct vw_world *w, struct vw_table *t)
{
	const char *at = rows;
	char name[64];
	double load;
	int n;

	(void)w;
	for (; sscanf(at, "%63s %lf%n", name, &load, &n) == 2; at += n) {
		struct vw_cell *c = vw_row_add(t, vw_dup(t, name), load > 90 ? VW_FAILED : VW_OK,
					       vw_dup(t, name), "");

		c[0] = (struct vw_cell){.known = true, .text = vw_dup(t, name)};
		c[1] = (struct vw_cell){.known = true, .number = load};
		c[2] = (struct vw_cell){.known = true, .text = "a note of some length"};
	}
}

static const struct vw_view view = {.name = "loads",
				    .title = "Loads",
				    .columns = columns,
				    .column_count = SL_COUNT(columns),
				    .sort = "-load",
				    .fill = fill};

static void set(struct table *t, const char *text, int64_t now)
{
	struct vw_world w = {.now = now};

	rows = text;
	table_set(t, vw_table_fill(&view, &w), now, false);
}

static const char *order(const struct table *t)
{
	static char text[256];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < t->count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s%s", i ? " " : "",
			 i == t->at ? ">" : "", table_shown(t, i)->id);
	return text;
}

static void test_cursor_follows_the_thing(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, &view);
	set(&t, "a 30 b 20 c 10", 0);
	assert_string_equal(order(&t), ">a b c");
	table_move(&t, 1, 0);
	set(&t, "a 1 b 2 c 3", 10000);
	assert_string_equal(order(&t), "c >b a");
	set(&t, "a 1 c 3", 20000); /* gone: the row that took its place */
	assert_string_equal(order(&t), "c >a");
	set(&t, "", 30000);
	assert_null(table_row(&t));
	table_release(&t);
}

static void test_order_is_held_while_one_moves(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, &view);
	set(&t, "a 30 b 20 c 10", 1000);
	table_move(&t, 1, 2000);
	set(&t, "a 1 b 2 c 3 d 9", 4000);
	assert_string_equal(order(&t), "a >b c d");
	assert_true(t.held);
	set(&t, "a 1 b 2 c 3 d 9", 8000);
	assert_string_equal(order(&t), "d c >b a");
	assert_false(t.held);
	table_release(&t);
}

static void test_filter_and_marks(void **state)
{
	struct sl_error e = {0};
	struct table t;

	(void)state;
	table_init(&t, &view);
	set(&t, "a 30 b 20 c 10", 0);
	assert_int_equal(table_filter(&t, "load<25", &e), SL_OK);
	assert_string_equal(order(&t), ">b c");
	assert_int_equal(table_filter(&t, "lod<25", &e), SL_EINPUT);
	assert_string_equal(order(&t), ">b c");
	table_filters_off(&t, true);
	assert_int_equal(t.count, 3);
	table_filters_off(&t, false);
	table_mark(&t);
	table_go(&t, 1, 0);
	assert_true(table_mark_range(&t));
	assert_int_equal(t.mark_count, 2);
	assert_true(table_is_marked(&t, "b") && table_is_marked(&t, "c"));
	assert_false(table_is_marked(&t, "a"));
	table_release(&t);
}

/* Rows move between the two keys: the range is from the thing that was marked. */
static void test_range_from_the_thing(void **state)
{
	struct table t;

	(void)state;
	table_init(&t, &view);
	set(&t, "a 40 b 30 c 20 d 10", 0);
	assert_false(table_mark_range(&t)); /* nothing was marked */
	table_mark(&t);                     /* a, the first */
	set(&t, "a 5 b 30 c 20 d 10", 10000);
	assert_string_equal(order(&t), "b c d >a");
	table_move(&t, -1, 10000);
	assert_true(table_mark_range(&t));
	assert_int_equal(t.mark_count, 2);
	assert_true(table_is_marked(&t, "a") && table_is_marked(&t, "d"));
	table_marks_clear(&t);
	assert_false(table_mark_range(&t));
	table_mark(&t);
	set(&t, "a 5 b 30", 20000); /* d, the last marked, is gone */
	assert_false(table_mark_range(&t));
	table_release(&t);
}

/* The sort steps over columns that cannot be seen. */
static void test_sort_steps(void **state)
{
	static const struct vw_column hidden[] = {
		{"name", "NAME", "", VW_TEXT, 6, 20, 0, false},
		{"load", "LOAD", "", VW_NUMBER, 4, 8, 1, true},
		{"note", "NOTE", "", VW_TEXT, 6, 30, 5, false},
	};
	struct vw_view some = view;
	struct vw_world w = {.now = 0};
	struct table t;

	(void)state;
	some.columns = hidden;
	some.sort = "name";
	table_init(&t, &some);
	rows = "a 1 b 2";
	table_set(&t, vw_table_fill(&some, &w), 0, false);
	table_sort_step(&t, 1);
	assert_string_equal(t.sort, "note");
	table_sort_step(&t, -1);
	assert_string_equal(t.sort, "name");
	t.wide = true;
	table_sort_step(&t, 1);
	assert_string_equal(t.sort, "-load");
	t.wide = false; /* it may stay where it is, and leave */
	table_sort_step(&t, 1);
	assert_string_equal(t.sort, "note");
	t.about_one = true;
	table_sort_step(&t, 1);
	assert_string_equal(t.sort, "note");
	table_sort(&t, table_sort_key(&t)); /* what is asked for is its own */
	assert_string_equal(t.sort, "-note");
	table_sort(&t, table_sort_key(&t));
	assert_string_equal(t.sort, "note");
	table_release(&t);
}

/* Letter by letter, and back: what is shown is what the whole filter shows. */
static void test_filter_while_it_is_typed(void **state)
{
	static const struct {
		const char *text, *shown;
	} typed[] = {
		{"b", "aba >abc ba"}, {"ba", "aba >ba"},       {"bac", ""},
		{"ba", ">aba ba"},    {"b", ">aba abc ba"},    {"!b", ">cc"},
		{"b !c", ">aba ba"},  {"b !c load<15", ">ba"}, {"", "aba cc abc >ba"},
	};
	struct sl_error e = {0};
	struct table t;
	size_t i;

	(void)state;
	table_init(&t, &view);
	set(&t, "aba 30 cc 25 abc 20 ba 10", 0);
	assert_true(table_go_id(&t, "abc"));
	for (i = 0; i < SL_COUNT(typed); i++) {
		assert_int_equal(table_filter(&t, typed[i].text, &e), SL_OK);
		assert_string_equal(order(&t), typed[i].shown);
	}
	assert_int_equal(table_filter(&t, "ab", &e), SL_OK);
	table_filters_off(&t, true);
	assert_int_equal(table_filter(&t, "abc", &e), SL_OK);
	assert_int_equal(t.count, 4);
	table_filters_off(&t, false);
	assert_int_equal(t.count, 1);
	set(&t, "abcd 2 ab 1", 0);
	assert_int_equal(t.count, 1);
	table_release(&t);
}

static void draw(struct table *t, unsigned width, struct sl_buf *out)
{
	struct canvas c;

	canvas_init(&c, width, 6);
	table_draw(t, &c, (struct rect){0, 0, width, 6}, 0);
	sl_buf_clear(out);
	canvas_dump(&c, out);
	canvas_release(&c);
}

static void test_columns_are_dropped_and_figures_kept(void **state)
{
	struct sl_buf out;
	struct table t;

	(void)state;
	sl_buf_init(&out, 1u << 16);
	table_init(&t, &view);
	set(&t, "a-name-that-is-long 12345678 b 2", 0);
	draw(&t, 80, &out);
	assert_non_null(strstr(sl_buf_str(&out), "a note of some length"));
	draw(&t, 40, &out);
	assert_null(strstr(sl_buf_str(&out), "a note"));
	assert_non_null(strstr(sl_buf_str(&out), "a-name-that-is-long"));
	assert_non_null(strstr(sl_buf_str(&out), "12,345,"));
	assert_non_null(strstr(sl_buf_str(&out), ">\n")); /* the header tells that more is there */
	table_release(&t);
	sl_buf_release(&out);
}

static void test_nothing_steers_the_terminal(void **state)
{
	struct sl_buf out;
	struct canvas c;
	size_t i;

	(void)state;
	sl_buf_init(&out, 1u << 16);
	canvas_init(&c, 20, 1);
	canvas_text(&c, 0, 0, 20, look(PAINT_TEXT),
		    "\033[2J\a\xc2\x9b"
		    "31m\xe2\x80\xae\xff\n");
	canvas_dump(&c, &out);
	for (i = 0; i + 1 < out.len; i++)
		assert_true((unsigned char)out.data[i] >= ' ' &&
			    (unsigned char)out.data[i] != 0x7f);
	assert_null(memchr(out.data, 0x9b, out.len));
	assert_null(strstr(out.data, "\xe2\x80\xae"));
	canvas_release(&c);
	sl_buf_release(&out);
}

static void test_wide_characters_are_not_split(void **state)
{
	struct sl_buf out;
	struct canvas c;

	(void)state;
	sl_buf_init(&out, 1u << 16);
	canvas_init(&c, 6, 1);
	canvas_text(&c, 0, 0, 6, look(PAINT_TEXT), "库存媒体"); /* 8 cells */
	canvas_dump(&c, &out);
	assert_string_equal(sl_buf_str(&out), "库存~\n");
	canvas_text(&c, 1, 0, 1, look(PAINT_TEXT), "x"); /* on a right half */
	sl_buf_clear(&out);
	canvas_dump(&c, &out);
	assert_string_equal(sl_buf_str(&out), " x存~\n");
	canvas_text(&c, 0, 0, 6, look(PAINT_TEXT), "库存媒");
	canvas_fill(&c, (struct rect){1, 0, 4, 1}, look(PAINT_TEXT)); /* a dialog over it */
	canvas_char(&c, 1, 0, look(PAINT_TEXT), '|');
	sl_buf_clear(&out);
	canvas_dump(&c, &out);
	assert_string_equal(sl_buf_str(&out), " |\n");
	canvas_release(&c);
	sl_buf_release(&out);
}

static void test_bars(void **state)
{
	static const struct {
		double share;
		const char *text;
	} bars[] = {{0, ".........."},
		    {.001, "#........."},
		    {.5, "#####....."},
		    {.999, "##########"},
		    {1, "##########"}};
	struct sl_buf out;
	struct canvas c;
	size_t i;

	(void)state;
	sl_buf_init(&out, 1u << 16);
	canvas_init(&c, 10, 1);
	c.narrow = c.utf8 = false;
	for (i = 0; i < SL_COUNT(bars); i++) {
		graph_bar(&c, 0, 0, 10, look(PAINT_WORK), bars[i].share);
		sl_buf_clear(&out);
		canvas_dump(&c, &out);
		assert_memory_equal(sl_buf_str(&out), bars[i].text, 10);
	}
	canvas_release(&c);
	sl_buf_release(&out);
}

static void test_scatter(void **state)
{
	static const struct scatter_point points[] = {
		{1000, 1, false}, {1500, 10, false}, {2000, 100, true},
		{1000, 1, false}, {-1, 5, false},    {1200, -1, false},
	};
	static const struct {
		bool utf8;
		size_t at;
		const char *text;
	} looks[] = {
		{false, 9, "        x\n    .\n:\n"},
		{false, 1, "        x\n    o\n:\n"},
		{true, 9, "        x\n    ⠐\n⡀\n"},
	};
	struct scatter_ends ends;
	struct sl_buf out;
	struct canvas c;

	(void)state;
	sl_buf_init(&out, 1u << 16);
	canvas_init(&c, 9, 3);
	for (size_t i = 0; i < SL_COUNT(looks); i++) {
		c.utf8 = looks[i].utf8;
		canvas_fill(&c, (struct rect){0, 0, 9, 3}, look(PAINT_TEXT));
		assert_true(graph_scatter(&c, (struct rect){0, 0, 9, 3}, points, SL_COUNT(points),
					  looks[i].at, &ends));
		sl_buf_clear(&out);
		canvas_dump(&c, &out);
		assert_string_equal(sl_buf_str(&out), looks[i].text);
	}
	assert_true(ends.from == 1000 && ends.to == 2000 && ends.least == 1 && ends.most == 100);
	assert_false(graph_scatter(&c, (struct rect){0, 0, 9, 3}, points + 4, 2, 0, &ends));
	canvas_release(&c);
	sl_buf_release(&out);
}

static void test_only_capitals_mutate(void **state)
{
	struct bindings *b = bindings_new();
	struct sl_error e = {0};
	int a;

	(void)state;
	for (a = ACT_NONE + 1; a < ACT_COUNT; a++) {
		char keys[64];

		bindings_text(b, (enum action)a, keys, sizeof keys);
		if (key_rows[a].needs & KEY_MUTATES)
			assert_true(strlen(keys) == 1 && keys[0] >= 'A' && keys[0] <= 'Z');
	}
	assert_int_equal(bindings_set(b, "promote", "p", &e), SL_EINPUT);
	assert_int_equal(bindings_set(b, "promote", "ctrl-p", &e), SL_EINPUT);
	assert_int_equal(bindings_set(b, "promote", "G", &e), SL_EINPUT);
	assert_int_equal(bindings_set(b, "promote", "X", &e), SL_OK);
	assert_int_equal(bindings_find(b, 'X', NULL, NULL), ACT_RUN_PROMOTE);
	/* P means two things, each where it is offered: the other one stays. */
	assert_int_equal(bindings_find(b, 'P', NULL, NULL), ACT_KEY_PUBLISH);
	assert_int_equal(bindings_set(b, "promote", "P", &e), SL_OK);
	assert_int_equal(bindings_set(b, "publish-key", "P", &e), SL_OK);
	assert_int_equal(bindings_find(b, 'P', NULL, NULL), ACT_RUN_PROMOTE);
	/* What does not share it by default loses it. */
	assert_int_equal(bindings_set(b, "enable", "D", &e), SL_OK);
	assert_int_equal(bindings_find(b, 'D', NULL, NULL), ACT_ENABLE);
	assert_int_equal(bindings_set(b, "mark", "none", &e), SL_OK);
	assert_int_equal(bindings_find(b, 'm', NULL, NULL), ACT_NONE);
	assert_int_equal(bindings_set(b, "marc", "x", &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "did you mean 'mark'"));
	bindings_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_follows_the_thing),
		cmocka_unit_test(test_order_is_held_while_one_moves),
		cmocka_unit_test(test_filter_and_marks),
		cmocka_unit_test(test_range_from_the_thing),
		cmocka_unit_test(test_sort_steps),
		cmocka_unit_test(test_filter_while_it_is_typed),
		cmocka_unit_test(test_columns_are_dropped_and_figures_kept),
		cmocka_unit_test(test_nothing_steers_the_terminal),
		cmocka_unit_test(test_wide_characters_are_not_split),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_scatter),
		cmocka_unit_test(test_only_capitals_mutate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
