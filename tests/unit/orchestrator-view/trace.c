/* SPDX-License-Identifier: Apache-2.0 */
/* Traces: tables of spans on one side, the tree that comes out as text on the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "orchestrator/view/trace.h"
#include "orchestrator/view/waterfall.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define T0 INT64_C(1700000000000000) /* starts in the tables count from here */
#define NO (-1)

/* start NO = missing; duration NO = missing. */
struct row {
	const char *id, *parent, *service, *address;
	enum sl_span_kind kind;
	int64_t start, took;
	bool error, shared;
	const char *name;
};

#define LOCAL    SL_SPAN_LOCAL
#define CLIENT   SL_SPAN_CLIENT
#define SERVER   SL_SPAN_SERVER
#define PRODUCER SL_SPAN_PRODUCER
#define CONSUMER SL_SPAN_CONSUMER

static void add(struct trace *t, const struct row *r)
{
	trace_add(t, &(struct sl_span){
			     .trace = "abc",
			     .id = r->id,
			     .parent = r->parent,
			     .service = r->service,
			     .address = r->address,
			     .kind = r->kind,
			     .start_us = r->start == NO ? 0 : T0 + r->start,
			     .duration_us = r->took,
			     .error = r->error,
			     .shared = r->shared,
			     .name = r->name,
		     });
}

static struct trace *make(const struct row *rows, size_t count, bool backwards)
{
	struct trace *t = trace_new("abc");

	for (size_t i = 0; i < count; i++)
		add(t, &rows[backwards ? count - 1 - i : i]);
	trace_finish(t);
	return t;
}

/* One node a line: indent, id, service, [start+duration], marks. */
static void describe(const struct trace *t, struct sl_buf *out)
{
	for (size_t i = 0; i < t->count; i++) {
		const struct trace_node *n = &t->nodes[i];

		sl_buf_printf(out, "%*s%s %s", (int)(2 * n->depth), "", n->id,
			      *n->service ? n->service : "-");
		if (n->start_us)
			sl_buf_printf(out, " %s%lld", n->start_derived ? "~" : "",
				      (long long)(n->start_us - T0));
		else
			sl_buf_puts(out, " ?");
		if (n->duration_us >= 0)
			sl_buf_printf(out, "+%s%lld", n->duration_derived ? "~" : "",
				      (long long)n->duration_us);
		if (n->both)
			sl_buf_printf(out, " from %s [%lld+%lld]", n->caller,
				      (long long)(n->inner_us - T0), (long long)n->inner_took);
		if (n->skew_us)
			sl_buf_printf(out, " moved %lld", (long long)n->skew_us);
		sl_buf_printf(out, "%s%s%s\n", n->missing ? " missing" : "", n->cut ? " cut" : "",
			      n->error ? " error" : "");
	}
}

struct tree_case {
	const char *what;
	struct row rows[8];
	const char *expect;
};

static const struct tree_case tree_cases[] = {
	{"a plain tree, children by start",
	 {{"1", NULL, "web", "10.0.0.1", SERVER, 0, 100, 0, 0, "get"},
	  {"3", "1", "web", "10.0.0.1", LOCAL, 50, 10, 0, 0, "b"},
	  {"2", "1", "web", "10.0.0.1", LOCAL, 10, 20, 1, 0, "a"}},
	 "1 web 0+100\n  2 web 10+20 error\n  3 web 50+10\n"},
	{"a parent that did not come is stood in for, once",
	 {{"1", NULL, "web", "", SERVER, 0, 100, 0, 0, "get"},
	  {"5", "9", "db", "", LOCAL, 30, 10, 0, 0, "q"},
	  {"6", "9", "db", "", LOCAL, 20, 40, 0, 0, "q"}},
	 "1 web 0+100\n9 - ~20+~40 missing\n  6 db 20+40\n  5 db 30+10\n"},
	{"nothing but orphans",
	 {{"5", "9", "db", "", LOCAL, 30, 10, 0, 0, "q"}},
	 "9 - ~30+~10 missing\n  5 db 30+10\n"},
	{"both sides under one id are one node",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 0, 100, 0, 0, "call"},
	  {"1", NULL, "pay", "10.0.0.2", SERVER, 20, 60, 1, 1, "post /pay"},
	  {"2", "1", "pay", "10.0.0.2", LOCAL, 30, 10, 0, 0, "work"}},
	 "1 pay 0+100 from web [20+60] error\n  2 pay 30+10\n"},
	{"both sides, though nobody says shared",
	 {{"1", NULL, "web", "", CLIENT, 0, 100, 0, 0, "call"},
	  {"1", NULL, "pay", "", SERVER, 20, 60, 0, 0, "post /pay"}},
	 "1 pay 0+100 from web [20+60]\n"},
	{"a called side without its caller",
	 {{"2", "1", "pay", "", SERVER, 20, 60, 0, 1, "post /pay"}},
	 "1 - ~20+~60 missing\n  2 pay 20+60\n"},
	{"a retry under the same id",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 0, 100, 0, 0, "call"},
	  {"1", NULL, "pay", "10.0.0.2", SERVER, 10, 20, 1, 1, "p"},
	  {"1", NULL, "ledger", "10.0.0.3", SERVER, 50, 20, 0, 1, "p"},
	  {"2", "1", "ledger", "10.0.0.3", LOCAL, 55, 5, 0, 0, "w"}},
	 "1 pay 0+100 from web [10+20] error\n  1 ledger 50+20\n    2 ledger 55+5\n"},
	{"what came twice is one",
	 {{"1", NULL, "web", "", SERVER, 5, NO, 0, 0, NULL},
	  {"1", NULL, "web", "", SERVER, 5, 90, 1, 0, "get"}},
	 "1 web 5+90 error\n"},
	{"ids are the same whatever their case and zeros",
	 {{"00000000000000AB", NULL, "web", "", SERVER, 0, 100, 0, 0, "get"},
	  {"2", "ab", "web", "", LOCAL, 10, 10, 0, 0, "w"}},
	 "00000000000000ab web 0+100\n  2 web 10+10\n"},
	{"its own parent",
	 {{"1", "1", "web", "", LOCAL, 0, 10, 0, 0, "w"},
	  {"2", "1", "web", "", LOCAL, 2, 3, 0, 0, "x"}},
	 "1 web 0+10 cut\n  2 web 2+3\n"},
	{"a circle is cut above its earliest span",
	 {{"1", "3", "web", "", LOCAL, 20, 10, 0, 0, "a"},
	  {"2", "1", "web", "", LOCAL, 10, 10, 0, 0, "b"},
	  {"3", "2", "web", "", LOCAL, 30, 10, 0, 0, "c"},
	  {"4", "3", "web", "", LOCAL, 31, 1, 0, 0, "d"}},
	 "2 web 10+10 cut\n  3 web 30+10\n    1 web 20+10\n    4 web 31+1\n"},
	{"times that nobody said",
	 {{"1", NULL, "web", "", SERVER, NO, NO, 0, 0, "get"},
	  {"2", "1", "web", "", LOCAL, 10, NO, 0, 0, "a"},
	  {"3", "2", "web", "", LOCAL, 20, 30, 0, 0, "b"},
	  {"4", "1", "web", "", LOCAL, NO, 7, 0, 0, "c"}},
	 "1 web ~10+~40\n  2 web 10+~40\n    3 web 20+30\n  4 web ?+7\n"},
	{"no time at all", {{"1", NULL, "web", "", SERVER, NO, NO, 0, 0, "get"}}, "1 web ?\n"},
	{"the caller's times from the called side",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, NO, NO, 0, 0, "call"},
	  {"1", NULL, "pay", "10.0.0.2", SERVER, 20, 60, 0, 1, "p"}},
	 "1 pay ~20+~60 from web [20+60]\n"},
	/* clocks */
	{"a clock that is behind: to the middle of the call",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 1000, 100, 0, 0, "call"},
	  {"1", NULL, "pay", "10.0.0.2", SERVER, 0, 60, 0, 1, "p"},
	  {"2", "1", "pay", "10.0.0.2", LOCAL, 10, 10, 0, 0, "w"}},
	 "1 pay 1000+100 from web [1020+60] moved 1020\n  2 pay 1030+10 moved 1020\n"},
	{"the same under ids of their own",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 1000, 100, 0, 0, "call"},
	  {"2", "1", "pay", "10.0.0.2", SERVER, 5000, 60, 0, 0, "p"},
	  {"3", "2", "pay", "10.0.0.2", LOCAL, 5010, 10, 0, 0, "w"},
	  {"4", "3", "pay", "10.0.0.2", CLIENT, 5012, 6, 0, 0, "c"},
	  {"5", "4", "db", "10.0.0.3", SERVER, 1034, 2, 0, 0, "q"}},
	 "1 web 1000+100\n  2 pay 1020+60 moved -3980\n    3 pay 1030+10 moved -3980\n"
	 "      4 pay 1032+6 moved -3980\n        5 db 1034+2\n"},
	{"inside is inside: not moved",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 0, 100, 0, 0, "call"},
	  {"2", "1", "pay", "10.0.0.2", SERVER, 40, 60, 0, 0, "p"}},
	 "1 web 0+100\n  2 pay 40+60\n"},
	{"longer than its caller: not moved",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 1000, 100, 0, 0, "call"},
	  {"2", "1", "pay", "10.0.0.2", SERVER, 900, 300, 0, 0, "p"}},
	 "1 web 1000+100\n  2 pay 900+300\n"},
	{"one host has one clock",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 1000, 100, 0, 0, "call"},
	  {"2", "1", "pay", "10.0.0.1", SERVER, 900, 30, 0, 0, "p"}},
	 "1 web 1000+100\n  2 pay 900+30\n"},
	{"a message before it was sent: to its parent's begin",
	 {{"1", NULL, "web", "10.0.0.1", PRODUCER, 1000, 10, 0, 0, "send"},
	  {"2", "1", "mail", "10.0.0.2", CONSUMER, 400, 500, 0, 0, "take"}},
	 "1 web 1000+10\n  2 mail 1000+500 moved 600\n"},
	{"a clock found off is off below a lost parent too",
	 {{"1", NULL, "web", "10.0.0.1", CLIENT, 1000, 100, 0, 0, "call"},
	  {"1", NULL, "pay", "10.0.0.2", SERVER, 90000, 60, 0, 1, "p"},
	  {"2", "9", "mq", "10.0.0.2", LOCAL, 90010, 5, 0, 0, "send"},
	  {"3", "2", "mq", "10.0.0.2", LOCAL, 90011, 2, 0, 0, "put"}},
	 "1 pay 1000+100 from web [1020+60] moved -88980\n9 - ~1030+~5 missing\n"
	 "  2 mq 1030+5 moved -88980\n    3 mq 1031+2 moved -88980\n"},
	{"a message long after: not moved",
	 {{"1", NULL, "web", "10.0.0.1", PRODUCER, 1000, 10, 0, 0, "send"},
	  {"2", "1", "mail", "10.0.0.2", CONSUMER, 90000, 500, 0, 0, "take"}},
	 "1 web 1000+10\n  2 mail 90000+500\n"},
};

static size_t row_count(const struct row *rows, size_t max)
{
	size_t n = 0;

	while (n < max && rows[n].id)
		n++;
	return n;
}

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(tree_cases); i++) {
		const struct tree_case *c = &tree_cases[i];

		for (int backwards = 0; backwards < 2; backwards++) {
			struct trace *t =
				make(c->rows, row_count(c->rows, SL_COUNT(c->rows)), backwards);
			struct sl_buf out;

			/* which retry was first is known by its order only */
			if (backwards && strstr(c->what, "retry")) {
				trace_free(t);
				continue;
			}
			sl_buf_init(&out, 1 << 16);
			describe(t, &out);
			if (strcmp(sl_buf_str(&out), c->expect) != 0)
				fail_msg("%s%s: expected\n%sbut got\n%s", c->what,
					 backwards ? " (backwards)" : "", c->expect,
					 sl_buf_str(&out));
			sl_buf_release(&out);
			trace_free(t);
		}
	}
}

/* --- where the time went --- */

struct path_case {
	const char *what;
	struct row rows[8];
	const char *expect; /* "id:own:critical" a node, in the tree's order */
};

static const struct path_case path_cases[] = {
	{"one after the other",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", LOCAL, 10, 30, 0, 0, "x"},
	  {"3", "1", "c", "", LOCAL, 50, 40, 0, 0, "y"}},
	 "1:30:30 2:30:30 3:40:40"},
	{"side by side: the one that ended last was waited for",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", LOCAL, 10, 80, 0, 0, "x"},
	  {"3", "1", "c", "", LOCAL, 20, 30, 0, 0, "y"}},
	 "1:20:20 2:80:80 3:30:0"},
	{"what hangs deeper takes it",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", LOCAL, 0, 100, 0, 0, "x"},
	  {"3", "2", "c", "", LOCAL, 10, 85, 0, 0, "y"}},
	 "1:0:0 2:15:15 3:85:85"},
	{"beyond the parent's end nobody waits",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", LOCAL, 60, 90, 0, 0, "x"}},
	 "1:60:60 2:90:40"},
	{"nor for messages",
	 {{"1", NULL, "a", "", PRODUCER, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", CONSUMER, 60, 90, 0, 0, "x"}},
	 "1:60:100 2:90:0"},
	{"a call's way belongs to the caller",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "a", "", CLIENT, 0, 100, 0, 0, "c"},
	  {"2", "1", "b", "", SERVER, 30, 40, 0, 1, "s"}},
	 "1:0:0 2:40:100"},
	{"overlapping children cover time once",
	 {{"1", NULL, "a", "", LOCAL, 0, 100, 0, 0, "r"},
	  {"2", "1", "b", "", LOCAL, 0, 60, 0, 0, "x"},
	  {"3", "1", "c", "", LOCAL, 50, 30, 0, 0, "y"}},
	 "1:20:70 2:60:0 3:30:30"},
};

static void test_paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(path_cases); i++) {
		const struct path_case *c = &path_cases[i];
		struct trace *t = make(c->rows, row_count(c->rows, SL_COUNT(c->rows)), false);
		int64_t sum = 0, by_service = 0;
		char got[512] = "";

		for (size_t k = 0; k < t->count; k++) {
			const struct trace_node *n = &t->nodes[k];

			snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s:%lld:%lld",
				 k ? " " : "", n->id, (long long)n->self_us,
				 (long long)n->critical_us);
			sum += n->critical_us;
		}
		for (size_t k = 0; k < t->service_count; k++)
			by_service += t->services[k].critical_us;
		if (strcmp(got, c->expect) != 0)
			fail_msg("%s: expected %s but got %s", c->what, c->expect, got);
		assert_int_equal(sum, t->critical_us);
		assert_int_equal(by_service, t->critical_us);
		trace_free(t);
	}
}

static void test_services(void **state)
{
	static const struct row rows[] = {
		{"1", NULL, "web", "", SERVER, 0, 100, 0, 0, "r"},
		{"2", "1", "web", "", CLIENT, 10, 80, 0, 0, "c"},
		{"2", "1", "pay", "", SERVER, 20, 60, 1, 1, "s"},
	};
	struct trace *t = make(rows, SL_COUNT(rows), false);
	char summary[200];

	(void)state;
	assert_int_equal(t->service_count, 2);
	assert_string_equal(t->services[0].name, "pay");
	assert_int_equal(t->services[0].critical_us, 60);
	assert_int_equal(t->services[0].errors, 1);
	assert_string_equal(t->services[1].name, "web");
	assert_int_equal(t->services[1].critical_us, 40);
	assert_int_equal(t->services[1].spans, 2);
	assert_int_equal(t->services[1].self_us, 40);
	assert_int_equal(t->spans, 3);
	assert_int_equal(t->errors, 1);
	assert_string_equal(t->nodes[t->first_error].service, "pay");
	assert_string_equal(wf_summary(summary, sizeof summary, t),
			    "critical path 100us, 60% of it (60us) in pay");
	trace_free(t);
}

/* --- hostile --- */

static void test_hostile_text(void **state)
{
	char *name = sl_alloc(10001);
	struct sl_label tags[] = {{"k\x1b[2J", "v\x1b]0;x\x07\nsecond"}, {NULL, NULL}};
	struct trace *t = trace_new("\x1b[31mABC");

	(void)state;
	memset(name, 'n', 10000);
	trace_add(t, &(struct sl_span){.id = "1\x1b",
				       .service = "s\xff\xfe",
				       .name = name,
				       .tags = tags,
				       .tag_count = 2,
				       .start_us = INT64_MAX,
				       .duration_us = INT64_MAX});
	trace_add(t, &(struct sl_span){0});
	trace_finish(t);
	assert_int_equal(t->count, 2);
	assert_string_equal(t->id, "?[31mabc");
	assert_true(strlen(t->nodes[0].name) <= 256);
	assert_int_equal(t->nodes[0].start_us, 0);
	assert_int_equal(t->nodes[0].tag_count, 2);
	for (size_t i = 0; i < t->count; i++) {
		const struct trace_node *n = &t->nodes[i];

		assert_true(sl_text_is_clean(n->id, strlen(n->id)));
		assert_true(sl_text_is_clean(n->service, strlen(n->service)));
		for (size_t k = 0; k < n->tag_count; k++) {
			assert_null(strchr(n->tags[k].value, '\x1b'));
			assert_null(strchr(n->tags[k].name, '\x1b'));
		}
	}
	trace_free(t);
	free(name);
}

/* Each second process begins at the beginning of time, and what it does itself at the end. */
static void test_hostile_times(void **state)
{
	const int64_t end = INT64_MAX / 4;
	const struct sl_span_note note = {.time_us = INT64_MAX, .text = "said"};
	struct trace *t = trace_new("abc");

	(void)state;
	for (int i = 0; i < 40; i++) {
		char id[20], up[20], address[20];

		snprintf(id, sizeof id, "%x", i + 1);
		snprintf(up, sizeof up, "%x", i);
		snprintf(address, sizeof address, "10.0.0.%d", i / 2);
		trace_add(t, &(struct sl_span){.id = id,
					       .parent = i ? up : NULL,
					       .service = "web",
					       .address = address,
					       .start_us = i % 2 ? end : 1,
					       .duration_us = end,
					       .notes = &note,
					       .note_count = 1});
	}
	trace_finish(t);
	assert_int_equal(t->count, 40);
	for (size_t i = 0; i < t->count; i++) {
		assert_true(t->nodes[i].start_us > 0 && t->nodes[i].duration_us == end);
		assert_int_equal(t->nodes[i].notes[0].time_us, 0);
	}
	assert_true(t->duration_us > end);
	assert_true(t->services[0].self_us >= end / 2 && t->services[0].self_us <= end);
	trace_free(t);
}

static void test_empty(void **state)
{
	struct trace *t = trace_new("abc");
	struct sl_buf out;
	size_t count;
	struct wf_row *rows;

	(void)state;
	trace_finish(t);
	assert_int_equal(t->count, 0);
	rows = wf_rows(t, NULL, &count);
	assert_int_equal(count, 0);
	sl_buf_init(&out, 4096);
	wf_print(t, 80, true, &out);
	assert_non_null(strstr(sl_buf_str(&out), "0 spans"));
	sl_buf_release(&out);
	free(rows);
	trace_free(t);
}

static void test_same_id(void **state)
{
	(void)state;
	assert_true(trace_same_id("00ab", "AB"));
	assert_false(trace_same_id("1ab", "ab"));
	assert_true(trace_same_id("0000000000000000000000000000abcd", "abcd"));
}

/* --- size: shapes of 10,000 spans --- */

enum shape { CHAIN, FAN, BUSHY, ORPHANS, SAME_ID, CIRCLES };

static void big_row(enum shape shape, int i, int count, struct row *r, char id[20], char up[20])
{
	int parent = shape == FAN ? 0 : shape == BUSHY ? (i - 1) / 7 : i - 1;

	snprintf(id, 20, "%x", shape == SAME_ID ? 1 : i + 1);
	snprintf(up, 20, "%x", parent + 1);
	if (shape == ORPHANS)
		snprintf(up, 20, "%x", 1000000 + i);
	if (shape == CIRCLES)
		snprintf(up, 20, "%x", i % 100 == 0 ? i + 100 : i);
	*r = (struct row){.id = id,
			  .parent = i || shape >= ORPHANS ? up : NULL,
			  .service = i % 3 ? "pay" : "web",
			  .address = shape == SAME_ID ? up : "",
			  .kind = shape == SAME_ID ? SL_SPAN_SERVER : SL_SPAN_LOCAL,
			  .start = i,
			  .took = 2 * (int64_t)count - i,
			  .name = "work"};
	if (shape == SAME_ID)
		snprintf(up, 20, "%x", i + 5);
}

static void test_large(void **state)
{
	static const size_t extra[] = {[CHAIN] = 0,       [FAN] = 0,     [BUSHY] = 0,
				       [ORPHANS] = 10000, [SAME_ID] = 0, [CIRCLES] = 0};
	const int count = 10000;

	(void)state;
	for (enum shape shape = CHAIN; shape <= CIRCLES; shape++) {
		struct trace *t = trace_new("abc");
		struct timespec a, b;
		struct row row;
		char id[20], up[20];
		int64_t us;
		size_t rows;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
		for (int i = 0; i < count; i++) {
			big_row(shape, i, count, &row, id, up);
			add(t, &row);
		}
		trace_finish(t);
		free(wf_rows(t, &(struct wf_fold){.siblings = true}, &rows));
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
		us = (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
		print_message("shape %d: %zu nodes, %zu rows, %lld us\n", (int)shape, t->count,
			      rows, (long long)us);
		if (shape == SAME_ID)
			assert_in_range(t->count, 1, (size_t)count + 1);
		else
			assert_int_equal(t->count, (size_t)count + extra[shape]);
		if (shape == CIRCLES)
			assert_int_equal(t->cut, count / 100);
		if (shape == CHAIN)
			assert_int_equal(t->nodes[count - 1].depth, count - 1);
		assert_true(us < 2000000); /* milliseconds, and room for sanitizers */
		trace_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),    cmocka_unit_test(test_paths),
		cmocka_unit_test(test_services), cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_empty),    cmocka_unit_test(test_same_id),
		cmocka_unit_test(test_large),    cmocka_unit_test(test_hostile_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
