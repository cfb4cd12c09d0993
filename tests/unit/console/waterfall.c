/* SPDX-License-Identifier: Apache-2.0 */
/* A trace as cells: golden text, scrolling, narrow and tiny rectangles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/waterfall.h"
#include "plugins/sdk/mem.h"

static const char golden_wide[] =
	"7f3a91c0  9 spans, incomplete  ! critical          0           500ms        1.00s         "
	"     1.92s\n"
	"! checkout.web  post /pay                    1.92s "
	"=================================================\n"
	"!   payments  post /charge                   1.90s "
	"..============================================...\n"
	"x     ????  reserve                          900ms      xxxxxxxxxxxxxxxxxxxxxxx\n"
	"      cache  get  (x4)                        35ms        --\n"
	"  (span 99 did not come)                     100ms                                       "
	"---\n"
	"    mail  send                               100ms                                       "
	"---\n";

static const char golden_utf8[] =
	"7f3a91c0  9 spans, incomplete  ! critical          0           500ms        1.00s         "
	"     1.92s\n"
	"! checkout.web  post /pay                    1.92s "
	"━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━\n"
	"!   payments  post /charge                   1.90s "
	"──━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━───\n"
	"x     库存  reserve                          900ms      ━━━━━━━━━━━━━━━━━━━━━━━\n";

static const char golden_narrow[] = "7f3a91c0  9 spans, incomplete~\n"
				    "! checkout.web  post ~   1.92s\n"
				    "!   payments  post /c~   1.90s\n"
				    "x     ????  reserve      900ms\n";

static const char golden_scrolled[] = "7f3a91c0  9 spans, incomplete~\n"
				      "    mail  send           100ms\n"
				      "\n"
				      "\n";

#define T0 INT64_C(1700000000000000)

static void add(struct trace *t, const char *id, const char *parent, const char *service,
		const char *name, enum sl_span_kind kind, int64_t ms, int64_t took, bool error)
{
	static const struct sl_label tags[] = {{"error", "time out"}};
	const struct sl_span_note note = {T0 + (ms + 1) * 1000, "pool is\nempty"};

	trace_add(t, &(struct sl_span){.id = id,
				       .parent = parent,
				       .service = service,
				       .name = name,
				       .kind = kind,
				       .start_us = T0 + ms * 1000,
				       .duration_us = took * 1000,
				       .error = error,
				       .tags = tags,
				       .tag_count = error,
				       .notes = &note,
				       .note_count = error});
}

static struct trace *checkout(void)
{
	struct trace *t = trace_new("7f3a91c0");

	add(t, "1", NULL, "checkout.web", "post /pay", SL_SPAN_SERVER, 0, 1920, false);
	add(t, "2", "1", "checkout.web", "post /charge", SL_SPAN_CLIENT, 5, 1900, false);
	add(t, "2", "1", "payments", "post /charge", SL_SPAN_SERVER, 100, 1700, false);
	add(t, "3", "2", "\xe5\xba\x93\xe5\xad\x98", "reserve", SL_SPAN_LOCAL, 200, 900, true);
	for (int i = 0; i < 4; i++) {
		char id[4] = {'a', (char)('0' + i), '\0'};

		add(t, id, "2", "cache", "get", SL_SPAN_LOCAL, 300 + i * 10, 5, false);
	}
	add(t, "b", "99", "mail", "send", SL_SPAN_LOCAL, 1500, 100, false);
	trace_finish(t);
	return t;
}

static struct waterfall make(const struct trace *t)
{
	struct waterfall w = {.trace = t, .cursor = TRACE_NONE};

	w.rows = wf_rows(t, &(struct wf_fold){.siblings = true}, &w.count);
	return w;
}

static void assert_drawn(const struct waterfall *w, unsigned width, unsigned height, bool utf8,
			 const char *expect)
{
	struct canvas c;
	struct sl_buf out;

	canvas_init(&c, width, height);
	c.utf8 = utf8;
	sl_buf_init(&out, 1 << 16);
	waterfall_draw(&c, (struct rect){0, 0, width, height}, w);
	canvas_dump(&c, &out);
	if (strcmp(sl_buf_str(&out), expect) != 0)
		fail_msg("expected\n%sbut got\n%s", expect, sl_buf_str(&out));
	sl_buf_release(&out);
	canvas_release(&c);
}

static void test_golden(void **state)
{
	struct trace *t = checkout();
	struct waterfall w = make(t);

	(void)state;
	assert_drawn(&w, 101, 7, false, golden_wide);
	assert_drawn(&w, 101, 4, true, golden_utf8);
	assert_drawn(&w, 30, 4, false, golden_narrow);
	w.top = 5;
	assert_drawn(&w, 30, 4, false, golden_scrolled);
	free((void *)w.rows);
	trace_free(t);
}

static void test_scroll(void **state)
{
	struct trace *t = checkout();
	struct waterfall w = make(t);

	(void)state;
	assert_int_equal(w.count, 6);
	assert_int_equal(waterfall_scroll(&w, 4), 0);
	w.cursor = 4;
	assert_int_equal(waterfall_scroll(&w, 4), 2);
	w.top = 5;
	assert_int_equal(waterfall_scroll(&w, 4), 3);
	w.cursor = 1;
	assert_int_equal(waterfall_scroll(&w, 4), 1);
	assert_int_equal(waterfall_scroll(&w, 100), 0);
	assert_int_equal(waterfall_next_error(&w), 2);
	w.cursor = 2;
	assert_int_equal(waterfall_next_error(&w), 2);
	w.cursor = TRACE_NONE;
	assert_int_equal(waterfall_next_error(&w), 2);
	free((void *)w.rows);
	trace_free(t);
}

static void test_detail(void **state)
{
	struct trace *t = checkout();
	struct waterfall w = make(t);
	char text[300];

	(void)state;
	assert_string_equal(waterfall_detail(&w, 0, text, sizeof text), "");
	w.cursor = 1;
	assert_string_equal(waterfall_detail(&w, 0, text, sizeof text),
			    "payments post /charge   start +5.0ms   self 800ms   called by "
			    "checkout.web");
	w.cursor = 2;
	assert_string_equal(waterfall_detail(&w, 1, text, sizeof text),
			    "error=time out   +201ms pool is?empty");
	w.cursor = 4;
	assert_non_null(strstr(waterfall_detail(&w, 0, text, sizeof text), "did not come"));
	assert_int_equal(strlen(waterfall_detail(&w, 0, text, 8)), 7);
	free((void *)w.rows);
	trace_free(t);
}

/* Every size, deep trees: nothing is drawn outside, nothing breaks. */
static void test_sizes(void **state)
{
	struct trace *t = trace_new("abc"), *none = trace_new("none");
	struct waterfall w, empty;
	char id[16], up[16];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof id, "%x", i + 1);
		snprintf(up, sizeof up, "%x", i);
		add(t, id, i ? up : NULL, "s", "work", SL_SPAN_LOCAL, i, 1000 - 2 * i, false);
	}
	trace_finish(t);
	trace_finish(none);
	w = make(t);
	empty = make(none);
	for (unsigned width = 1; width < 90; width++) {
		struct canvas c;

		canvas_init(&c, width + 2, 12);
		canvas_fill(&c, (struct rect){0, 0, width + 2, 12}, look(PAINT_OFF));
		w.top = width * 2;
		w.cursor = w.top + 3;
		waterfall_draw(&c, (struct rect){1, 1, width, 10}, &w);
		waterfall_draw(&c, (struct rect){1, 1, width, 10}, &empty);
		for (unsigned y = 0; y < 12; y++) {
			assert_int_equal(canvas_at(&c, 0, y)->look.paint, PAINT_OFF);
			assert_int_equal(canvas_at(&c, width + 1, y)->look.paint, PAINT_OFF);
		}
		canvas_release(&c);
	}
	free((void *)w.rows);
	free((void *)empty.rows);
	trace_free(t);
	trace_free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_scroll),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
