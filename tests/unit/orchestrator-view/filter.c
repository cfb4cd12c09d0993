/* SPDX-License-Identifier: Apache-2.0 */
/* The filter grammar and the order of rows, as tables. */
#include <stdio.h>

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
		cmocka_unit_test(test_filters), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_sort),    cmocka_unit_test(test_sort_is_total),
		cmocka_unit_test(test_ties),    cmocka_unit_test(test_random_filters),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
