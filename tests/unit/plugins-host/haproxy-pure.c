/* SPDX-License-Identifier: Apache-2.0 */
/* The haproxy plugin's parser and its reasoning about changes, as tables. The shared object keeps
 * them to itself, so they are compiled in here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/haproxy/change.c"
#include "plugins/haproxy/parse.c"
#include "plugins/haproxy/rows.c"

#define STATES                                                                                  \
	"1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight " \
	"srv_iweight srv_check_state srv_agent_state srv_port\n"
#define STATS "# pxname,svname,qcur,scur,bck,type,tracked,check_desc,cookie,mode,algo,\n"
#define BE    "be,BACKEND,0,0,0,1,,,,http,roundrobin,\n\n"
#define TAIL  "No such table\n\n# name\nbe\nbe_orders\n\nadmin\n\n"

static int parse(struct hap_view *v, const char *answer, struct sl_error *e)
{
	*v = (struct hap_view){0};
	*e = (struct sl_error){0};
	return hap_view_parse(v, "be", answer, strlen(answer), e);
}

static void test_rows(void **state)
{
	static const char answer[] = "admin\n\n" STATES "3 be 1 up 10.0.0.1 2 0 10 20 6 0 8080\n"
				     "3 be 2 slow 10.0.0.2 1 0 0 1 6 0 80\n"
				     "3 be 3 down ::1 0 0 256 256 6 0 80\n"
				     "3 be 4 maint 10.0.0.4 0 5 1 1 8 0 80\n"
				     "3 be 5 drain 10.0.0.5 2 8 1 1 0 0 80\n"
				     "3 be 6 soft 10.0.0.6 3 0 1 1 6 0 80\n"
				     "3 be 7 bare - 2 4 1 1 0 0 0\n"
				     "3 be 8 tracks 10.0.0.8 0 0 1 1 0 0 80\n"
				     "3 be 9 both 10.0.0.9 2 40 1 1 0 4 80\n\n" STATS
				     "be,up,2,7,0,2,,\"Layer7, \"\"ok\"\"\",,http,,\n"
				     "be,slow,0,0,0,2,,,,http,,\nbe,down,0,0,0,2,,,,http,,\n"
				     "be,maint,0,0,0,2,,,,http,,\nbe,drain,0,3,1,2,,,,http,,\n"
				     "be,soft,0,0,0,2,,,,http,,\nbe,bare,0,0,0,2,,,,http,,\n"
				     "be,tracks,0,0,0,2,be/up,,,http,,\n"
				     "be,both,0,0,0,2,,,,http,,\n" BE TAIL;
	static const struct {
		const char *name;
		int admin;
		bool up, checked, backup;
	} rows[] = {
		{"up", SL_ADMIN_READY, true, true, false},
		{"slow", SL_ADMIN_READY, true, true, false},
		{"down", SL_ADMIN_READY, false, true, false},
		{"maint", SL_ADMIN_MAINT, true, false, false},
		{"drain", SL_ADMIN_DRAIN, true, false, true},
		{"soft", SL_ADMIN_READY, false, true, false},
		{"bare", SL_ADMIN_READY, true, false, false},
		{"tracks", SL_ADMIN_READY, false, true, false},
		{"both", SL_ADMIN_MAINT, true, true, false},
	};
	struct hap_view v;
	struct sl_error e;

	(void)state;
	assert_int_equal(parse(&v, answer, &e), SL_OK);
	assert_int_equal(v.count, SL_COUNT(rows));
	assert_true(v.http && !v.persistence);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct hap_server *s = hap_view_find(&v, rows[i].name);

		assert_non_null(s);
		assert_int_equal(s->admin, rows[i].admin);
		assert_int_equal(s->up, rows[i].up);
		assert_int_equal(s->checked, rows[i].checked);
		assert_int_equal(s->backup, rows[i].backup);
	}
	assert_int_equal(v.servers[0].weight, 10);
	assert_int_equal(v.servers[0].initial, 20);
	assert_int_equal(v.servers[0].port, 8080);
	assert_int_equal(v.servers[0].sessions, 7);
	assert_int_equal(v.servers[0].queued, 2);
	assert_string_equal(v.servers[2].address, "::1");
	assert_null(hap_view_find(&v, "BACKEND"));
	hap_view_release(&v);
}

#define GOOD_STATE "3 be 1 a 10.0.0.1 2 0 10 20 6 0 8080\n"
#define GOOD_STAT  "be,a,0,0,0,2,,,,http,,\n"

static void test_garbage(void **state)
{
	static const struct {
		const char *answer;
		enum sl_err code;
		const char *says;
	} rows[] = {
		{"", SL_EPROTO, "(nothing)"},
		{"\n", SL_EPROTO, "(nothing)"},
		{"HTTP/1.0 400 Bad request\r\n\r\n", SL_EPROTO, "HTTP/1.0 400"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS GOOD_STAT, SL_EPROTO, "cut off"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS GOOD_STAT BE TAIL "more\n", SL_EPROTO,
		 "cut off"},
		{"operator\n\nPermission denied\n\nx\n\nx\n\nx\n\noperator\n\n", SL_EAUTH,
		 "level admin"},
		{"nonsense\n\nx\n\nx\n\nx\n\nx\n\nx\n\n", SL_EPROTO, "show cli level"},
		{"admin\n\nCan't find backend.\n\nNo such proxy.\n\n" TAIL, SL_ENOTFOUND,
		 "no backend 'be'"},
		{"admin\n\n2\n" GOOD_STATE "\n" STATS GOOD_STAT BE TAIL, SL_EPROTO,
		 "show servers state"},
		{"admin\n\n1\n# be_id\n\n" STATS GOOD_STAT BE TAIL, SL_EPROTO, "columns"},
		{"admin\n\n" STATES
		 "3 be 1 a 10.0.0.1 2 0 257 20 6 0 8080\n\n" STATS GOOD_STAT BE TAIL,
		 SL_EPROTO, "show servers state"},
		{"admin\n\n" STATES
		 "3 be 1 a;b 10.0.0.1 2 0 10 20 6 0 80\n\n" STATS GOOD_STAT BE TAIL,
		 SL_EPROTO, "a;b"},
		{"admin\n\n" STATES "3 be 1 a\n\n" STATS GOOD_STAT BE TAIL, SL_EPROTO,
		 "show servers state"},
		{"admin\n\n" STATES GOOD_STATE GOOD_STATE "\n" STATS GOOD_STAT BE TAIL, SL_EPROTO,
		 "show servers state"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS BE TAIL, SL_EPROTO,
		 "no row for server 'a'"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS GOOD_STAT GOOD_STAT BE TAIL, SL_EPROTO,
		 "show stat"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS GOOD_STAT "\n" TAIL, SL_EPROTO,
		 "no row for the backend"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS "be,a,0,-1,0,2,,,,http,,\n" BE TAIL,
		 SL_EPROTO, "show stat"},
		{"admin\n\n" STATES GOOD_STATE "\n" STATS "be,a,\"0\n" BE TAIL, SL_EPROTO,
		 "show stat"},
		{"admin\n\n" STATES GOOD_STATE "\n# other\n\n" TAIL, SL_EPROTO, "show stat"},
	};
	struct hap_view v;
	struct sl_error e;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_int_equal(parse(&v, rows[i].answer, &e), rows[i].code);
		assert_int_equal(e.code, rows[i].code);
		assert_non_null(strstr(e.msg, rows[i].says));
		hap_view_release(&v);
	}
	assert_int_equal(hap_view_parse(&v, "be", "admin\0\n", 7, &e), SL_EPROTO);
}

/* Every prefix of a good answer is refused, and none is read past its end. */
static void test_prefixes(void **state)
{
	static const char answer[] = "admin\n\n" STATES GOOD_STATE "\n" STATS GOOD_STAT BE TAIL;
	struct hap_view v;
	struct sl_error e;

	(void)state;
	assert_int_equal(parse(&v, answer, &e), SL_OK);
	hap_view_release(&v);
	for (size_t len = 0; len < sizeof answer - 1; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, answer, len);
		v = (struct hap_view){0};
		assert_int_not_equal(hap_view_parse(&v, "be", cut, len, &e), SL_OK);
		hap_view_release(&v);
		free(cut);
	}
}

static void test_algorithms(void **state)
{
	static const struct {
		const char *name;
		bool work, exact;
	} rows[] = {
		{"roundrobin", true, true},  {"leastconn", true, false}, {"random", true, false},
		{"static-rr", false, false}, {"first", false, false},    {"source", false, false},
		{"uri", false, false},       {"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_int_equal(hap_weights_work(rows[i].name), rows[i].work);
		assert_int_equal(hap_weights_exact(rows[i].name), rows[i].exact);
	}
	assert_true(hap_is_name("be_a.B:c-1"));
	assert_false(hap_is_name(""));
	assert_false(hap_is_name("a b"));
	assert_false(hap_is_name("a/b"));
	assert_false(hap_is_name("a\nb"));
}

static struct hap_server servers[] = {
	{.name = (char *)"a", .weight = 10, .admin = SL_ADMIN_READY},
	{.name = (char *)"b", .weight = 0, .admin = SL_ADMIN_MAINT},
};
static const struct hap_view view = {.servers = servers, .count = 2};

static void test_line(void **state)
{
	static const struct sl_router_change changes[] = {
		{"b", SL_KEEP, SL_KEEP, 256, SL_ADMIN_READY},
		{"a", SL_KEEP, SL_KEEP, 10, SL_ADMIN_DRAIN},
		{"a", SL_KEEP, SL_KEEP, SL_KEEP, SL_KEEP},
	};
	struct sl_router_change *back;
	struct sl_error e = {0};
	struct sl_buf line;
	size_t n;

	(void)state;
	sl_buf_init(&line, 1000);
	assert_int_equal(hap_changes_line(&line, "be", &view, changes, 3, &n, &e), SL_OK);
	assert_string_equal(sl_buf_str(&line), "set weight be/b 256; set server be/b state ready; "
					       "set server be/a state drain\n");
	assert_int_equal(n, 3);
	sl_buf_clear(&line);
	assert_int_equal(hap_changes_line(&line, "be", &view, changes + 2, 1, &n, &e), SL_OK);
	assert_int_equal(line.len, 0);
	sl_buf_release(&line);
	sl_buf_init(&line, 30);
	assert_int_equal(hap_changes_line(&line, "be", &view, changes, 3, &n, &e), SL_EUNSUPPORTED);
	sl_buf_release(&line);
	back = hap_changes_invert(&view, changes, 3);
	assert_int_equal(back[0].weight, 0);
	assert_int_equal(back[0].admin, SL_ADMIN_MAINT);
	assert_int_equal(back[2].weight, SL_KEEP);
	free(back);
}

static void test_expected(void **state)
{
	static const struct {
		struct sl_router_change c;
		enum sl_err code;
		const char *says;
	} rows[] = {
		{{"a", 10, SL_ADMIN_READY, 20, SL_KEEP}, SL_OK, ""},
		{{"a", SL_KEEP, SL_KEEP, 20, SL_KEEP}, SL_OK, ""},
		{{"a", 11, SL_KEEP, 20, SL_KEEP}, SL_ECONFLICT, "'a' has weight 10, not 11"},
		{{"a", 5, SL_KEEP, 10, SL_KEEP}, SL_OK, ""},
		{{"a", 5, SL_KEEP, SL_KEEP, SL_ADMIN_DRAIN}, SL_ECONFLICT, "weight 10, not 5"},
		{{"b", SL_KEEP, SL_ADMIN_READY, SL_KEEP, SL_ADMIN_DRAIN},
		 SL_ECONFLICT,
		 "'b' is in state maint, not ready"},
		{{"b", SL_KEEP, SL_ADMIN_READY, SL_KEEP, SL_ADMIN_MAINT}, SL_OK, ""},
		{{"c", SL_KEEP, SL_KEEP, 1, SL_KEEP}, SL_ENOTFOUND, "no server 'c'; did you mean"},
	};
	static const struct sl_router_change odd[] = {
		{"a", SL_KEEP, SL_KEEP, 257, SL_KEEP},
		{"a", SL_KEEP, SL_KEEP, -2, SL_KEEP},
		{"a", SL_KEEP, SL_KEEP, 1, 3},
		{"a b", SL_KEEP, SL_KEEP, 1, SL_KEEP},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_error e = {0};

		assert_int_equal(hap_changes_check(&rows[i].c, 1, &e), SL_OK);
		assert_int_equal(hap_changes_expected(&view, &rows[i].c, 1, &e), rows[i].code);
		assert_non_null(strstr(e.msg, rows[i].says));
	}
	for (size_t i = 0; i < SL_COUNT(odd); i++)
		assert_int_not_equal(hap_changes_check(&odd[i], 1, NULL), SL_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),     cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_prefixes), cmocka_unit_test(test_algorithms),
		cmocka_unit_test(test_line),     cmocka_unit_test(test_expected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
