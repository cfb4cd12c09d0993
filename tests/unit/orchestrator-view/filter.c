/* SPDX-License-Identifier: Apache-2.0 */
/* The filter grammar and the order of rows, as tables. */
#include <stdio.h>

#include "orchestrator/view/filter.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "tests/unit/orchestrator-view/table.h"

/* What passes, by its first letters: o = orders, t = orders10, w = orders2, d = 订单服务, p = 支付,
 * e = evil; in the order of the samples. */
static const struct {
	const char *filter, *passes;
} good[] = {
	{"", "otwdpe"},
	{"orders", "otw"},
	{"ORDERS", "otw"},
	{"orders 912", ""},
	{"订单", "d"},
	{"!orders", "dpe"},
	{"!orders !订单", "pe"},
	{"!!orders", "otw"},
	{"state:bad", "twp"},
	{"!state:bad", "ode"},
	{"state:failed", "w"},
	{"state:fail", "w"},
	{"state:x", "w"},
	{"state:?", "p"},
	{"STATE:ok", "od"},
	{"p99>200", "t"},
	{"p99>=200", "td"},
	{"p99<200", "oe"},
	{"p99<=1.5", "e"},
	{"p99>900ms", "t"},
	{"p99:-", "wp"},
	{"!p99:-", "otde"},
	{"p99:41", "o"},
	{"errorShare>3%", "tw"},
	{"errorShare>0.03", "tw"},
	{"errorshare<1%", "ode"},
	{"up>1000", "o"},
	{"changed<2m", "oe"},
	{"changed>1d", "w"},
	{"changed:-", "dp"},
	{"service=orders", "o"},
	{"service=订单服务", "d"},
	{"service:2", "w"},
	{"zone=z1", "ow"},
	{"zone=Z1", "ow"},
	{"zone=华东", "d"},
	{"!zone=z1 state:bad", "tp"},
	{"labels:华", "dp"},
	{"versions:4.1", "ow"},
	{"4.12", "ow"},
	{"enabled:yes", "od"},
	{"enabled:false", "twpe"},
	{"/^orders[0-9]+$/", "tw"},
	{"!/^orders/", "dpe"},
	{"/订.服/", "d"},
	{"/zone=z[12]$/", "otw"},
	{"/DOWN/", "w"}, /* the reason */
	{"\"all are\"", "w"},
	{"\"state:bad\"", ""},
	{"service:\"ders1\" p99>1", "t"},
	{"  orders   state:ok  ", "o"},
	{"evil?[31m??name", ""},
	{"evil?[31m", "e"},
	{"degraded", "t"},
	{"err>3%", "tw"}, /* titles are names too: what people see */
	{"on:yes", "od"},
	{"!err>3%", "odpe"},
	{"state:!ok", "twpe"},
	{"state:!bad", "ode"},
	{"state:ba", "twp"},
	{"!state:!ok", "od"},
	{"service:!orders", "dpe"},
	{"service:\"!x\"", ""},
	{"service:/^orders[0-9]+$/", "tw"},
	{"service:!/^orders/", "dpe"},
	{"service:/orders", ""}, /* a path, no expression */
	{"labels:/zone=z[12]$/", "otw"},
	{"state:/^f/", "w"},
	{"p99>0.5s", "t"},
	{"p99<=0.0015s", "e"},
};

static void passing(const struct vw_filter *f, const struct vw_table *t, char *dst)
{
	static const char letters[] = "otwdpe";
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++)
		if (vw_filter_match(f, t, i))
			dst[n++] = letters[i];
	dst[n] = '\0';
}

static void test_filters(void **state)
{
	struct vw_table *t = sample_table();
	char got[16];

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct sl_error e = {0};
		struct vw_filter *f = vw_filter_parse(&sample_view, good[i].filter, &e);

		if (!f)
			fail_msg("%s: %s", good[i].filter, e.msg);
		passing(f, t, got);
		if (strcmp(got, good[i].passes) != 0)
			fail_msg("%s: passes %s, not %s", good[i].filter, got, good[i].passes);
		vw_filter_free(f);
	}
	vw_table_free(t);
}

static const struct vw_column lines_columns[] = {
	{"level", "LEVEL", "How grave.", VW_TEXT, 5, 5, 0, false},
	{"line", "LINE", "The line.", VW_TEXT, 5, 0, 0, false},
};

static void lines_fill(const struct vw_world *w, struct vw_table *t)
{
	static const char *const levels[] = {"info", "warn", "error", "audit"};

	(void)w;
	for (size_t i = 0; i < SL_COUNT(levels); i++) {
		struct vw_cell *c = vw_row_add(t, levels[i], VW_OK, "", "");

		c[0] = (struct vw_cell){.known = true, .text = levels[i]};
		c[1] = (struct vw_cell){.known = true, .text = vw_printf(t, "user=%zu", i)};
	}
}

/* A level and what is graver; and without labels a word may hold = as well. */
static void test_levels(void **state)
{
	static const struct vw_view view = {.name = "lines",
					    .columns = lines_columns,
					    .column_count = SL_COUNT(lines_columns),
					    .fill = lines_fill};
	static const struct {
		const char *filter, *passes;
	} cases[] = {{"level:warn+", "we"},  {"level:info+", "iwe"}, {"level:error+", "e"},
		     {"!level:warn+", "ia"}, {"level:x+", ""},       {"level:warn", "w"},
		     {"user=2", "e"},        {"user=9", ""}};
	struct vw_table *t = vw_table_fill(&view, &(struct vw_world){.now = NOW});

	(void)state;
	for (size_t i = 0; i < SL_COUNT(cases); i++) {
		struct vw_filter *f = vw_filter_parse(&view, cases[i].filter, NULL);
		char got[8] = "", letter[2] = "";

		for (size_t k = 0; k < t->count; k++) {
			letter[0] = t->rows[k].id[0];
			if (vw_filter_match(f, t, k))
				strcat(got, letter);
		}
		if (strcmp(got, cases[i].passes) != 0)
			fail_msg("%s: passes %s", cases[i].filter, got);
		vw_filter_free(f);
	}
	vw_table_free(t);
}

static const struct {
	const char *filter, *message;
} bad[] = {
	{"p98>3", "services have no column 'p98'; did you mean 'p99'?"},
	{"nothing:3", "services have no column 'nothing'; there are: service, state"},
	{"p99>fast", "at character 1: milliseconds or a duration are wanted"},
	{"ok up>3x", "at character 4: a number is wanted"},
	{"service>3", "no numbers to compare"},
	{"changed>yesterday", "an age is wanted"},
	{"/(/", "at character 1"},
	{"/abc", "not closed with /"},
	{"//", "is empty"},
	{"/(a{9}){9}/", "at most one {}"},
	{"/(a*)*\\1/", "no references back"},
	{"\"abc", "a quote is not closed"},
	{"service:\"abc", "a quote is not closed"},
	{"orders !", "at character 9: something is wanted after !"},
	{"p99:fast", "at character 5: a number is wanted"},
	{"p99:/9/", "a number is wanted"},
	{"state:down", "states are ok, degraded"},
	{"state:", "states are ok, degraded"},
	{"changed:1h", "an age is wanted, with < or >"},
	{"enabled:maybe", "yes or no is wanted"},
	{"service:/(/", "at character 9"},
	{"a\033[31mb", "control bytes"},
	{"\xff\xfe", "no UTF-8"},
};

static void test_refusals(void **state)
{
	static char many[4096], words[400];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct sl_error e = {0};

		assert_null(vw_filter_parse(&sample_view, bad[i].filter, &e));
		assert_int_equal(e.code, SL_EINPUT);
		if (!strstr(e.msg, bad[i].message))
			fail_msg("%s: said '%s'", bad[i].filter, e.msg);
	}
	memset(many, 'a', sizeof many - 1);
	assert_null(vw_filter_parse(&sample_view, many, NULL));
	for (size_t i = 0; i < 100; i++)
		memcpy(words + 2 * i, "a ", 2);
	assert_null(vw_filter_parse(&sample_view, words, NULL));
}

static const struct {
	const char *by, *order;
} orders[] = {
	{"service", "eowtpd"},                     /* numbers by value, then code points */
	{"-service", "dptwoe"}, {"p99", "eodtwp"}, /* unknown ones last ... */
	{"-p99", "tdoewp"},                        /* ... either way */
	{"up", "wetdop"},       {"changed", "wtoedp"}, {"versions", "dtwoep"}, {"", "otwdpe"},
};

static void test_sort(void **state)
{
	static const char letters[] = "otwdpe";
	struct sl_error e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct vw_table *t = sample_table();
		char got[16] = "";

		assert_int_equal(vw_sort(t, orders[i].by, &e), 0);
		for (size_t k = 0; k < t->count; k++)
			got[k] = letters[t->rows[k].id[0] - '0'];
		if (strcmp(got, orders[i].order) != 0)
			fail_msg("%s: %s, not %s", orders[i].by, got, orders[i].order);
		vw_table_free(t);
	}
}

/* Equal states stand in the order of their identities, whatever the order before. */
static void test_sort_is_total(void **state)
{
	struct vw_table *t = sample_table();
	struct sl_error e = {0};

	(void)state;
	assert_int_equal(vw_sort(t, "-up", &e), 0);
	assert_int_equal(vw_sort(t, "state", &e), 0);
	assert_int_equal(t->rows[0].state, VW_FAILED);
	assert_int_equal(t->rows[1].state, VW_NO_CONTACT);
	assert_int_equal(t->rows[2].state, VW_DEGRADED);
	assert_int_equal(t->rows[3].id[0], '0');
	assert_int_equal(t->rows[4].id[0], '3');
	assert_int_equal(t->rows[5].state, VW_OFF);
	assert_int_equal(vw_sort(t, "p98", &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "did you mean 'p99'?"));
	vw_table_free(t);
}

/* Equal ones, and the items of JSON: numbers in identities by value. */
static void test_ties(void **state)
{
	static const char *const ids[] = {"z/10.0.0.10:80", "a/订单-10", "a/订单-2",
					  "z/10.0.0.3:80",  "a/007",     "a/7"};
	static const char *const want[] = {"a/007",     "a/7",           "a/订单-2",
					   "a/订单-10", "z/10.0.0.3:80", "z/10.0.0.10:80"};
	struct vw_table *t = sample_table();
	cJSON *doc;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(ids); i++)
		t->rows[i].id = ids[i];
	assert_int_equal(vw_sort(t, "", NULL), 0);
	for (size_t i = 0; i < SL_COUNT(ids); i++)
		assert_string_equal(t->rows[i].id, want[i]);
	for (size_t i = 0; i < SL_COUNT(ids); i++) {
		struct vw_cell *c = vw_alloc(t, COLUMNS * sizeof *c);

		c[NAME] = (struct vw_cell){.known = true, .text = t->rows[i].id};
		t->rows[i].cells = c;
	}
	assert_int_equal(vw_sort(t, "-up", NULL), 0); /* unknown everywhere */
	doc = vw_json(t, NULL, NULL);
	for (size_t i = 0; i < SL_COUNT(ids); i++) {
		const cJSON *item = cJSON_GetArrayItem(sl_json_get(doc, "items"), (int)i);

		assert_string_equal(t->rows[i].id, want[i]);
		assert_string_equal(sl_json_str(item, "service", ""), want[i]);
	}
	cJSON_Delete(doc);
	vw_table_free(t);
}

static uint64_t random_next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static void random_text(uint64_t *random, const char *const *pieces, size_t count, size_t most,
			char text[200])
{
	text[0] = '\0';
	for (size_t n = random_next(random) % (most + 1); n; n--)
		strcat(text, pieces[random_next(random) % count]);
}

/* The beginnings of names as numbers say what the names say, or nothing. */
static void test_heads(void **state)
{
	static const char *const pieces[] = {"0",  "00",        "1",  "2", "9",    "10",
					     "99", "123456789", "a",  "A", "b",    "-",
					     "/",  ":",         "订", "é", "\x01", "svc-"};
	uint64_t random = 88172645463325252ULL;
	size_t told = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char a[200], b[200], text[600] = "";
		uint64_t x, y;
		size_t shared;

		random_text(&random, pieces, SL_COUNT(pieces), 6, a);
		random_text(&random, pieces, SL_COUNT(pieces), 6, b);
		shared = vw_natural_shared(a, b, SIZE_MAX);
		x = vw_natural_head(a + (i % 2 ? shared : 0));
		y = vw_natural_head(b + (i % 2 ? shared : 0));
		if (x != y && (x < y) != (vw_natural(a, b) < 0))
			fail_msg("'%s' and '%s'", a, b);
		told += x != y;
		memset(text, '1' + i % 2, 250 + (size_t)i % 10); /* numbers of any length */
		text[255] = i % 3 ? '\0' : 'a';
		x = vw_natural_head(text);
		y = vw_natural_head(a);
		assert_true(x == y || (x < y) == (vw_natural(text, a) < 0));
	}
	assert_true(told > 100000);
}

static const struct {
	const char *filter, *than;
	bool narrows;
} narrowed[] = {
	{"ord", "or", true},
	{"ORD", "r", true},
	{"or", "ord", false},
	{"ord state:ok", "ord", true},
	{"ord state:ok x", "or state:ok", true},
	{"ord state:failed", "or state:ok", false},
	{"!ord", "!or", false},
	{"!ord", "or", false},
	{"a !ord", "a !ord", true},
	{"state:bad", "state:ba", false}, /* a word of its own */
	{"p99>20", "p99>2", false},
	{"zone=z1 b", "zone=z1", true},
	{"zone=z1", "zone=z", false},
	{"/abc/ d", "/abc/", false},
	{"\"a=b\"", "\"a=\"", false},
	{"订单服务", "订", true},
	{"e\xcc\x81", "e", false}, /* é is another letter */
	{"x", "", true},
	{"", "x", false},
};

static void test_narrows(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(narrowed); i++) {
		struct vw_filter *f = vw_filter_parse(&sample_view, narrowed[i].filter, NULL);
		struct vw_filter *than = vw_filter_parse(&sample_view, narrowed[i].than, NULL);

		if (vw_filter_narrows(f, than) != narrowed[i].narrows)
			fail_msg("'%s' after '%s'", narrowed[i].filter, narrowed[i].than);
		vw_filter_free(f);
		vw_filter_free(than);
	}
}

static const char *move(char **to, const char *text)
{
	char *start = *to;

	strcpy(start, text);
	*to += strlen(text) + 1;
	return start;
}

/* The same rows with their texts side by side, but for the version and the state's word. */
static struct vw_table *sample_together(void)
{
	struct vw_table *t = sample_table();

	for (size_t i = 0; i < t->count; i++) {
		struct vw_row *row = &t->rows[i];
		struct vw_cell *c = vw_alloc(t, COLUMNS * sizeof *c);
		struct vw_pair *zone = vw_alloc(t, sizeof *zone);
		char *texts = vw_alloc(t, 512), *at = texts;

		memcpy(c, row->cells, COLUMNS * sizeof *c);
		zone->name = move(&at, c[LABELS].pairs[0].name);
		zone->value = move(&at, c[LABELS].pairs[0].value);
		c[LABELS].pairs = zone;
		row->full = c[NAME].text = move(&at, c[NAME].text);
		row->reason = move(&at, row->reason);
		row->cells = c;
		row->texts = texts;
		row->texts_len = (size_t)(at - texts) - 1;
	}
	return t;
}

/* Whatever is typed: a filter that says so narrows, and where texts lie makes no difference. */
static void test_random_words(void **state)
{
	static const char *const pieces[] = {
		"o", "r", "d", "ders", "1", "2", "z",  "zone", "=", "!", " ", "订",  "\"",
		"a", "4", ".", "eV",   "n", "s", "ok", "华",   "g", ":", "v", "all", "service"};
	struct vw_table *t = sample_table(), *together = sample_together();
	uint64_t random = 88172645463325252ULL;
	size_t narrower = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char text[200], more[200], longer[400];
		struct vw_filter *f, *g;

		random_text(&random, pieces, SL_COUNT(pieces), 4, text);
		random_text(&random, pieces, SL_COUNT(pieces), 2, more);
		snprintf(longer, sizeof longer, i % 4 ? "%s%s" : "%2$s%1$s", text, more);
		f = vw_filter_parse(&sample_view, text, NULL);
		g = vw_filter_parse(&sample_view, longer, NULL);
		for (size_t k = 0; f && k < t->count; k++)
			if (vw_filter_match(f, t, k) != vw_filter_match(f, together, k))
				fail_msg("'%s' on '%s'", text, t->rows[k].full);
		narrower += f && g && vw_filter_narrows(g, f);
		for (size_t k = 0; f && g && vw_filter_narrows(g, f) && k < t->count; k++)
			if (vw_filter_match(g, t, k) && !vw_filter_match(f, t, k))
				fail_msg("'%s' after '%s'", longer, text);
		vw_filter_free(f);
		vw_filter_free(g);
	}
	assert_true(narrower > 10000);
	vw_table_free(t);
	vw_table_free(together);
}

/* Wherever in a long text a word stands: at its ends, over the edges of blocks. */
static void test_seek(void **state)
{
	static const char *const words[] = {"x", "xy", "x1z", "~", "99", "x-y-z-0123456789"};
	char text[301];

	(void)state;
	for (size_t w = 0; w < SL_COUNT(words); w++)
		for (size_t len = 1; len < 300; len += 7)
			for (size_t at = 0; at < len; at++) {
				size_t n = strlen(words[w]);

				memset(text, 'w', len);
				text[len] = '\0';
				assert_false(vw_seek(text, len, words[w]));
				if (at + n > len)
					continue;
				memcpy(text + at, words[w], n);
				if (at % 2 && text[at] == 'x')
					text[at] = 'X';
				assert_true(vw_seek(text, len, words[w]));
				text[at + n - 1] = '\0';
				assert_false(vw_seek(text, len, words[w]));
			}
	assert_true(vw_seek("a", 1, ""));
	assert_true(vw_seek("订单", 6, "zz")); /* who knows */
}

/* Anything that can be typed is either a filter or a refusal with a sentence. */
static void test_random_filters(void **state)
{
	static const char *const pieces[] = {
		"!",   "/",       ":",   ">",     "<",    "=",       "\"",
		" ",   "service", "p99", "state", "bad",  "changed", "订",
		"3%",  "1h",      "-",   "\\",    "(",    "[",       "*",
		"{2}", "zone",    "a",   "|",     "\xff", "\033",    "9999999999999",
	};
	struct vw_table *t = sample_table();
	uint64_t random = 88172645463325252ULL;
	size_t read = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[200] = "";
		struct sl_error e = {0};
		struct vw_filter *f;

		for (int k = 0; k < 1 + i % 8; k++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			strcat(text, pieces[random % (sizeof pieces / sizeof *pieces)]);
		}
		f = vw_filter_parse(&sample_view, text, &e);
		assert_true(f || (e.code == SL_EINPUT && e.msg[0]));
		for (size_t k = 0; f && k < t->count; k++)
			vw_filter_match(f, t, k);
		read += f != NULL;
		vw_filter_free(f);
	}
	assert_true(read > 1000 && read < 19000);
	vw_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),        cmocka_unit_test(test_levels),
		cmocka_unit_test(test_refusals),       cmocka_unit_test(test_sort),
		cmocka_unit_test(test_sort_is_total),  cmocka_unit_test(test_ties),
		cmocka_unit_test(test_random_filters), cmocka_unit_test(test_heads),
		cmocka_unit_test(test_narrows),        cmocka_unit_test(test_seek),
		cmocka_unit_test(test_random_words),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
