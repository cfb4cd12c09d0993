/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chinese names and values in every column of every view: as wide as they are, cut at whole
 * characters, sorted, filtered, copied out as they came; and typed on the command line. Each check
 * walks over all views that there are, with cells of our own in their columns.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "console/input.h"
#include "console/line.h"
#include "console/table.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define NOW INT64_C(1767322800000)

/* In the order of a sort by any column of texts: code points, with numbers by value. */
static const char *const names[] = {
	"cafe\u0301-服务",
	"plain",
	"库存媒体编码服务·一二三四五六七八九十很长的名字，比哪一列都宽",
	"支付·网关",
	"订单-2",
	"订单-2０",
	"订单-10",
	"한국어",
	"Ａ全角",
};

static bool latin; /* x in place of every cell that is no ASCII */

static const char *in_latin(struct vw_table *t, const char *s)
{
	char *x = vw_alloc(t, 2 * strlen(s) + 1);
	size_t n = 0, next;

	if (!latin)
		return vw_dup(t, s);
	for (; *s; s += next) {
		next = sl_text_after(s, 0);
		for (size_t i = 0; i < (sl_text_fit(s, 1) ? 1 : 2); i++)
			x[n++] = (unsigned char)*s < 0x80 && next == 1 ? *s : 'x';
	}
	return x;
}

static void fill_cell(struct vw_table *t, const struct vw_column *col, struct vw_cell *c, size_t i)
{
	struct vw_pair *pairs = vw_alloc(t, 2 * sizeof *pairs);

	*c = (struct vw_cell){.known = true, .number = (double)(i * 1234)};
	switch (col->kind) {
	case VW_TEXT:
		c->text = in_latin(t, names[i]);
		break;
	case VW_STATE:
		c->number = (double)(i % VW_STATE_COUNT);
		break;
	case VW_LABELS:
	case VW_SHARES:
		pairs[0] = (struct vw_pair){in_latin(t, "区域"), in_latin(t, names[i]), .75};
		pairs[1] = (struct vw_pair){in_latin(t, "版本"), in_latin(t, "四·一"), .25};
		c->pairs = pairs;
		c->count = 2;
		break;
	case VW_TIME:
		c->number = (double)(NOW - (int64_t)i * 1000);
		break;
	case VW_SHARE:
		c->number = .1;
		break;
	default:
		break;
	}
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	(void)w;
	for (size_t n = SL_COUNT(names), k = 0; k < n; k++) {
		size_t i = (k * 5 + 3) % n; /* in no order */
		struct vw_cell *c = vw_row_add(t, names[i], VW_OK, names[i], "原因：连接池已满");

		for (size_t col = 0; col < t->view->column_count; col++)
			fill_cell(t, &t->view->columns[col], &c[col], i);
	}
}

/* --- every view in turn --- */

static struct vw_table *table_of(struct vw_view *v)
{
	const struct vw_world w = {.now = NOW};

	v->fill = fill;
	return vw_table_fill(v, &w);
}

static void each_view(void (*check)(struct vw_view *v))
{
	const struct vw_view *const *views;
	size_t n = vw_views(&views);

	assert_true(n >= 10);
	for (size_t i = 0; i < n; i++) {
		struct vw_view v = *views[i];

		check(&v);
	}
}

/* --- drawn --- */

/* Every wide character has both its halves, and no half stands alone. */
static void check_halves(const struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->width * c->height; i++) {
		bool first = i % c->width == 0, last = i % c->width == c->width - 1;
		uint32_t ch = c->cells[i].ch;

		if (!ch)
			assert_true(!first &&
				    utf8proc_charwidth((utf8proc_int32_t)c->cells[i - 1].ch) == 2);
		else if (utf8proc_charwidth((utf8proc_int32_t)ch) == 2)
			assert_true(!last && !c->cells[i + 1].ch);
	}
}

static char as_latin(const struct cell *c)
{
	return c->ch == 0 || c->ch >= 0x80 || c->mark ? 'x' : (char)c->ch;
}

/* Every cell is what it would be with letters of the same width; where half a character would not
 * fit, the mark of a cut stands one cell before. */
static void check_same_places(const char *view, const struct canvas *a, const struct canvas *b)
{
	for (size_t i = 0; i < (size_t)a->width * a->height; i++) {
		char x = as_latin(&a->cells[i]), y = as_latin(&b->cells[i]);

		if (x == y)
			continue;
		if (x == '~' && y == 'x' && a->cells[i + 1].ch == ' ' &&
		    b->cells[i + 1].ch == '~') {
			i++;
			continue;
		}
		fail_msg("%s, %u wide, row %zu, cell %zu: '%c', with letters '%c'", view, a->width,
			 i / a->width, i % a->width, x, y);
	}
}

static void draw(struct vw_view *v, struct canvas *c, unsigned width, unsigned skip)
{
	struct table t;

	canvas_init(c, width, SL_COUNT(names) + 1);
	table_init(&t, v);
	table_set(&t, table_of(v), NOW, false);
	free(t.sort); /* names of one letter have no order among themselves */
	t.sort = sl_strdup("");
	assert_int_equal(vw_sort(t.data, "", NULL), SL_OK);
	t.skip = skip;
	t.wide = skip % 2;
	table_mark(&t);
	table_draw(&t, c, (struct rect){0, 0, width, c->height}, NOW);
	table_release(&t);
}

static void check_drawn(struct vw_view *v)
{
	for (unsigned width = 60; width <= 210; width += 3) {
		for (unsigned skip = 0; skip < 4; skip++) {
			struct canvas a, b;

			latin = false;
			draw(v, &a, width, skip);
			latin = true;
			draw(v, &b, width, skip);
			latin = false;
			check_halves(&a);
			check_same_places(v->name, &a, &b);
			canvas_release(&a);
			canvas_release(&b);
		}
	}
}

static void test_drawn(void **state)
{
	(void)state;
	each_view(check_drawn);
}

/* A mark stays upon its character, wide or not, and goes with it. */
static void test_marks_stay(void **state)
{
	static const struct {
		const char *text;
		unsigned width;
		const char *want;
	} rows[] = {
		{"cafe\u0301", 4, "cafe\u0301"},
		{"cafe\u0301s", 4, "caf~"},
		{"e\u0301xyz", 2, "e\u0301~"},
		{"か\u3099き", 4, "か\u3099き"},
		{"か\u3099き", 3, "か\u3099~"},
		{"か\u3099き", 2, "~"},
		{"❤\ufe0f订", 3, "❤订"},
		{"订单服务", 5, "订单~"},
		{"订单服务", 1, "~"},
		{"订单", 4, "订单"},
	};
	struct sl_buf out;

	(void)state;
	sl_buf_init(&out, 1024);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct canvas c;

		canvas_init(&c, 12, 1);
		canvas_text(&c, 0, 0, rows[i].width, look(PAINT_TEXT), rows[i].text);
		sl_buf_clear(&out);
		canvas_row_text(&c, 0, &out);
		assert_string_equal(sl_buf_str(&out), rows[i].want);
		canvas_release(&c);
	}
	sl_buf_release(&out);
}

/* --- sorted --- */

static const char *text_of(const struct vw_table *t, size_t row, size_t column)
{
	return t->rows[row].cells[column].text;
}

static void check_sorted(struct vw_view *v)
{
	struct vw_table *t = table_of(v);
	size_t n = SL_COUNT(names);

	for (size_t k = 0; k < v->column_count; k++) {
		char down[64];

		if (v->columns[k].kind != VW_TEXT)
			continue;
		assert_int_equal(vw_sort(t, v->columns[k].key, NULL), SL_OK);
		for (size_t i = 0; i < n; i++)
			assert_string_equal(text_of(t, i, k), names[i]);
		snprintf(down, sizeof down, "-%s", v->columns[k].key);
		assert_int_equal(vw_sort(t, down, NULL), SL_OK);
		for (size_t i = 0; i < n; i++)
			assert_string_equal(text_of(t, i, k), names[n - 1 - i]);
	}
	vw_table_free(t);
}

static void test_sorted(void **state)
{
	(void)state;
	each_view(check_sorted);
}

/* --- filtered --- */

static size_t passing(struct vw_view *v, const struct vw_table *t, const char *filter)
{
	struct sl_error e = {0};
	struct vw_filter *f = vw_filter_parse(v, filter, &e);
	size_t n = 0;

	if (!f)
		fail_msg("%s: %s: %s", v->name, filter, e.msg);
	for (size_t i = 0; i < t->count; i++)
		n += vw_filter_match(f, t, i);
	vw_filter_free(f);
	return n;
}

static const struct {
	const char *text; /* %s = a column of texts */
	size_t want;
} filters[] = {
	{"%s:订单", 3},
	{"!%s:订单", SL_COUNT(names) - 3},
	{"%s=支付·网关", 1},
	{"%s=支付", 0},
	{"%s:订单 %s:10", 1},
	{"%s:ａ全", 1},           /* wide letters have cases too */
	{"%s:CAF\u00c9-服务", 1}, /* composed or not */
	{"\"%s:한국\"", 0},       /* quoted, it is a word */
	{"한국", 1},
	{"/订单-[0-9]+$/", 2},
	{"/^库.媒体/", 1},
	{"/^.{3}$/", 2}, /* characters, not bytes */
};

static void check_filtered(struct vw_view *v)
{
	struct vw_table *t = table_of(v);
	bool labels = false;

	for (size_t k = 0; k < v->column_count; k++) {
		labels |= v->columns[k].kind == VW_LABELS;
		for (size_t i = 0; v->columns[k].kind == VW_TEXT && i < SL_COUNT(filters); i++) {
			const char *key = v->columns[k].key;
			char text[256];

			snprintf(text, sizeof text, filters[i].text, key, key);
			if (passing(v, t, text) != filters[i].want)
				fail_msg("%s: %s: %zu rows", v->name, text, passing(v, t, text));
		}
	}
	if (labels) {
		assert_int_equal(passing(v, t, "区域=订单-2"), 1);
		assert_int_equal(passing(v, t, "区域:订单"), 3);
		assert_int_equal(passing(v, t, "!区域:订单"), SL_COUNT(names) - 3);
		assert_int_equal(passing(v, t, "区:订单"), 0);
	}
	vw_table_free(t);
}

static void test_filtered(void **state)
{
	(void)state;
	each_view(check_filtered);
}

/* What is refused is quoted in whole characters. */
static void test_refused(void **state)
{
	const struct vw_view *const *views;
	struct sl_error e = {0};
	char filter[256] = "";

	(void)state;
	vw_views(&views);
	for (size_t i = 0; i < 40; i++)
		strcat(filter, "订");
	strcat(filter, ">1");
	assert_null(vw_filter_parse(views[0], filter, &e));
	assert_non_null(strstr(e.msg, "订"));
	assert_null(strchr(e.msg, '?'));
	assert_int_equal(sl_fail(&e, SL_EINPUT, "'%.4s' '%.5s' '%.2s' '%.6s'", "订单", "订单",
				 "订单", "订单"),
			 SL_EINPUT);
	assert_string_equal(e.msg, "'订~' '订~' '~' '订单'");
}

/* --- out --- */

static void check_written(struct vw_view *v)
{
	struct vw_table *t = table_of(v);
	cJSON *doc = vw_json(t, NULL, NULL);
	const cJSON *items = sl_json_get(doc, "items");
	struct sl_buf csv;

	sl_buf_init(&csv, 1u << 20);
	vw_print(t, NULL, NULL, VW_AS_CSV, NOW, false, &csv);
	for (size_t i = 0; i < SL_COUNT(names); i++) {
		const cJSON *item = cJSON_GetArrayItem(items, (int)i); /* sorted by id */

		assert_non_null(strstr(sl_buf_str(&csv), names[i]));
		for (size_t k = 0; k < v->column_count; k++)
			if (v->columns[k].kind == VW_TEXT)
				assert_string_equal(sl_json_str(item, v->columns[k].key, ""),
						    names[i]);
	}
	cJSON_Delete(doc);
	sl_buf_release(&csv);
	vw_table_free(t);
}

static void test_written(void **state)
{
	(void)state;
	each_view(check_written);
}

/* `get` for people: as many cells before each column as with letters. */
static void check_printed(struct vw_view *v)
{
	struct sl_buf out[2];

	for (int i = 0; i < 2; i++) {
		struct vw_table *t;

		latin = i == 1;
		t = table_of(v);
		sl_buf_init(&out[i], 1u << 20);
		vw_print(t, NULL, NULL, VW_AS_WIDE, NOW, false, &out[i]);
		vw_table_free(t);
	}
	latin = false;
	for (char *a = out[0].data, *b = out[1].data; *a;) {
		size_t la = strcspn(a, "\n"), lb = strcspn(b, "\n");

		a[la] = b[lb] = '\0';
		assert_int_equal(sl_text_width(a), sl_text_width(b));
		a += la + 1;
		b += lb + 1;
	}
	sl_buf_release(&out[0]);
	sl_buf_release(&out[1]);
}

static void test_printed(void **state)
{
	(void)state;
	each_view(check_printed);
}

/* --- typed --- */

#define CONTROL(c) (TKEY_CTRL | (c))
#define KEYS(...)              \
	(const uint32_t[])     \
	{                      \
		__VA_ARGS__, 0 \
	}

static const struct {
	const char *before;
	const uint32_t *keys;
	const char *after;
	unsigned cursor; /* the cell it stands on */
} edits[] = {
	{"", KEYS(0x8ba2, 0x5355), "订单", 4},
	{"订单", KEYS(TKEY_BACKSPACE), "订", 2},
	{"订单", KEYS(TKEY_LEFT, TKEY_BACKSPACE), "单", 0},
	{"订单", KEYS(TKEY_LEFT, 'x'), "订x单", 3},
	{"订单", KEYS(TKEY_HOME, TKEY_DEL), "单", 0},
	{"订单", KEYS(TKEY_HOME, TKEY_RIGHT, CONTROL('k')), "订", 2},
	{"订单", KEYS(TKEY_LEFT, CONTROL('u')), "单", 0},
	{"state:bad 订单服务", KEYS(CONTROL('w')), "state:bad ", 10},
	{"订单 支付 ", KEYS(CONTROL('w')), "订单 ", 5},
	{"e\u0301", KEYS(TKEY_BACKSPACE), "", 0}, /* a mark goes with what it stands upon */
	{"ae\u0301b", KEYS(TKEY_LEFT, TKEY_LEFT), "ae\u0301b", 1},
	{"ae\u0301b", KEYS(TKEY_HOME, TKEY_RIGHT, TKEY_DEL), "ab", 1},
	{"订", KEYS(0x202e, 0x9b, 0xfeff), "订", 2}, /* what steers gets not in */
};

static void test_typed(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(edits); i++) {
		struct line l = {0};
		struct canvas c;
		unsigned x;

		line_set(&l, edits[i].before);
		for (const uint32_t *key = edits[i].keys; *key; key++)
			line_key(&l, *key);
		assert_string_equal(l.text, edits[i].after);
		canvas_init(&c, 40, 1);
		line_draw(&l, &c, 0, 0, 40, look(PAINT_TEXT));
		for (x = 0; x < 40; x++)
			if (canvas_at(&c, x, 0)->look.attr & LOOK_REVERSE)
				break;
		assert_int_equal(x, edits[i].cursor);
		canvas_release(&c);
	}
}

/* A long line keeps its cursor in sight, at a whole character. */
static void test_typed_beyond_the_edge(void **state)
{
	struct line l = {0};

	(void)state;
	for (unsigned n = 0; n < 60; n++) {
		for (unsigned width = 2; width < 12; width++) {
			struct canvas c;
			unsigned x, on = 0;

			canvas_init(&c, 12, 1);
			line_draw(&l, &c, 0, 0, width, look(PAINT_TEXT));
			for (x = 0; x < 12; x++)
				on += (canvas_at(&c, x, 0)->look.attr & LOOK_REVERSE) && x < width;
			assert_int_equal(on, 1);
			check_halves(&c);
			canvas_release(&c);
		}
		line_key(&l, n % 3 ? 0x8ba2 : 'a');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drawn),
		cmocka_unit_test(test_marks_stay),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_printed),
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_typed_beyond_the_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
