/* SPDX-License-Identifier: Apache-2.0 */
/* How a run looks, as golden text at a fixed clock: forward, at a pause, failing, taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/commands/progress_lines.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define T0 INT64_C(1767323045000) /* 2026-01-02T03:04:05Z */

/* Four instances, one in front; the JSON is what the plan's own code writes. */
static struct plan make_plan(bool undo)
{
	struct plan p = {.undo = undo,
			 .service = sl_strdup("orders"),
			 .version = sl_strdup("2.0"),
			 .old_version = sl_strdup("1.0"),
			 .release = sl_strdup("2.0-9c1e03d2"),
			 .digest = sl_strdup("9c1e03d2"),
			 .artifact = sl_strdup("/a.tgz"),
			 .total = 4,
			 .touched = 4,
			 .rollback_ms = -1};

	p.waves = sl_alloc_n(8, sizeof *p.waves);
	p.steps = sl_alloc_n(64, sizeof *p.steps);
	return p;
}

static void add_step(struct plan *p, enum plan_do what, size_t track, const char *host)
{
	struct plan_step *s = &p->steps[p->step_count++];

	snprintf(s->id, sizeof s->id, "%s%zu", p->undo ? "u" : "", p->step_count);
	s->wave = p->wave_count - 1;
	s->track = track;
	s->what = what;
	s->instance = -1;
	s->share = -1;
	if (host) {
		s->service = sl_strdup("orders");
		s->host = sl_strdup(host);
		s->port = 8080;
	}
	p->waves[s->wave].count++;
}

static void add_wave(struct plan *p, enum plan_wave_kind kind, const char *title, double share)
{
	p->waves[p->wave_count++] = (struct plan_wave){.kind = kind,
						       .title = sl_strdup(title),
						       .first = p->step_count,
						       .share_after = share};
}

static void add_upgrade(struct plan *p, size_t track, const char *host)
{
	add_step(p, DO_DRAIN, track, host);
	add_step(p, DO_SWAP, track, host);
	add_step(p, DO_READY, track, host);
	add_step(p, DO_RETURN, track, host);
}

static struct plan forward_plan(void)
{
	struct plan p = make_plan(false);

	add_wave(&p, WAVE_CLAIM, "claim", -1);
	add_step(&p, DO_CLAIM, 0, "oa01");
	add_step(&p, DO_CLAIM, 1, "oa02");
	add_wave(&p, WAVE_UPGRADE, "upgrade 1 of 4 (25%)", 0);
	add_upgrade(&p, 0, "oa01");
	add_wave(&p, WAVE_TRAFFIC, "traffic 25%", 0.25);
	add_step(&p, DO_WEIGHT, 0, NULL);
	add_wave(&p, WAVE_PAUSE, "pause until promote", 0.25);
	add_step(&p, DO_PAUSE, 0, NULL);
	p.steps[p.step_count - 1].pause_ms = -1;
	add_wave(&p, WAVE_UPGRADE, "upgrade 4 of 4 (100%)", 1);
	add_upgrade(&p, 0, "oa02");
	add_upgrade(&p, 1, "oa03");
	add_upgrade(&p, 2, "oa04");
	return p;
}

static struct plan undo_plan(void)
{
	struct plan p = make_plan(true);

	add_wave(&p, WAVE_TRAFFIC, "traffic back, all of it", 0);
	add_step(&p, DO_WEIGHT, 0, NULL);
	add_wave(&p, WAVE_UPGRADE, "take back 1 of 1", 0);
	add_upgrade(&p, 0, "oa01");
	return p;
}

struct scene {
	struct run_view v;
	int64_t seq;
	struct sl_buf out;
	struct caps caps;
	bool stamped;
};

static void scene_open(struct scene *s)
{
	struct plan p = forward_plan();
	cJSON *json = plan_json(&p);
	struct sl_error e = {0};

	memset(s, 0, sizeof *s);
	assert_int_equal(run_view_init(&s->v, json, &e), 0);
	s->v.number = 12;
	sl_buf_init(&s->out, 1u << 20);
	s->caps = (struct caps){.width = 80, .height = 24};
	cJSON_Delete(json);
	plan_release(&p);
}

static void scene_close(struct scene *s)
{
	run_view_release(&s->v);
	sl_buf_release(&s->out);
}

/* One event, `at` ms after T0; fields is the inside of a JSON object. Its lines are kept. */
static cJSON *happen(struct scene *s, int64_t at, const char *name, const char *fields)
{
	char time[40];
	char *text = sl_asprintf(
		"{\"v\":1,\"seq\":%lld,\"time\":\"%s\",\"run\":12,\"event\":\"%s\"%s%s}",
		(long long)++s->seq, sl_time_format(time, sizeof time, T0 + at), name,
		*fields ? "," : "", fields);
	cJSON *event = sl_json_parse(text, strlen(text), NULL);

	assert_non_null(event);
	free(text);
	run_view_feed(&s->v, event);
	lines_event(&s->v, event, s->stamped, &s->caps, &s->out);
	return event;
}

static void tell(struct scene *s, int64_t at, const char *name, const char *fields)
{
	cJSON_Delete(happen(s, at, name, fields));
}

static void step(struct scene *s, int from, int to, int64_t at, int64_t ms)
{
	char fields[200];
	int i;

	for (i = from; i <= to; i++) {
		snprintf(fields, sizeof fields, "\"step\":\"%d\",\"until\":%lld", i,
			 (long long)(T0 + at + 30000));
		tell(s, at, "step.started", fields);
		snprintf(fields, sizeof fields, "\"step\":\"%d\",\"result\":\"ok\",\"ms\":%lld", i,
			 (long long)ms);
		tell(s, at + ms, "step.ended", fields);
		at += ms;
	}
}

static void expect_frame(struct scene *s, int64_t at, size_t from, enum layout_hint hint,
			 const char *golden)
{
	sl_buf_clear(&s->out);
	layout_frame(&s->v, from, T0 + at, hint, &s->caps, &s->out);
	assert_string_equal(sl_buf_str(&s->out), golden);
}

static void upgrading(void **state)
{
	static const char note[] = "{\"step\":\"4\",\"note\":\"stopping\"}";
	struct scene s;
	cJSON *tick;

	(void)state;
	scene_open(&s);
	tell(&s, 0, "run.started", "\"name\":\"orders\"");
	step(&s, 1, 2, 0, 800);
	step(&s, 3, 3, 2000, 1200);
	tell(&s, 3200, "step.started", "\"step\":\"4\",\"until\":1767323108200");
	tick = sl_json_parse(note, strlen(note), NULL);
	assert_non_null(tick);
	run_view_tick(&s.v, tick);
	cJSON_Delete(tick);
	expect_frame(
		&s, 5000, 1, HINT_CONTROLLER,
		">   2  upgrade 1 of 4 (25%)       oa01:8080                                3.0 s\n"
		".   3  traffic 25%\n"
		".   4  pause until promote\n"
		".   5  upgrade 4 of 4 (100%)\n"
		"\n"
		"   >...   0 of 4 new\n"
		"   > oa01:8080          switching     stopping                         59 s left\n"
		"\n"
		"running  5 s                                        Ctrl-C: pause, detach, "
		"abort\n");
	sl_buf_clear(&s.out); /* its time has passed: nothing is left of it */
	layout_frame(&s.v, 1, T0 + 64000, HINT_CONTROLLER, &s.caps, &s.out);
	assert_non_null(strstr(sl_buf_str(&s.out), "switching     stopping\n"));
	scene_close(&s);
}

static void at_a_pause(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	tell(&s, 0, "run.started", "\"name\":\"orders\"");
	step(&s, 1, 2, 0, 800);
	step(&s, 3, 6, 2000, 1200);
	step(&s, 7, 7, 7000, 10);
	tell(&s, 7010, "traffic.set", "\"want\":0.25,\"real\":0.25");
	tell(&s, 7020, "step.started", "\"step\":\"8\"");
	tell(&s, 7020, "pause.started", "\"step\":\"8\",\"by\":\"playbook\",\"until\":null");
	expect_frame(
		&s, 65000, 3, HINT_VIEWER,
		">   4  pause until promote        until `sluice promote 12`                 58 s\n"
		".   5  upgrade 4 of 4 (100%)\n"
		"\n"
		"   new 2.0            ============----------------------------------  25.0 %\n"
		"   old 1.0            ===================================-----------  75.0 %\n"
		"\n"
		"   +...   1 of 4 new\n"
		"\n"
		"paused  1:05                                      Ctrl-C leaves, the run goes "
		"on\n");
	/* Half cells where the locale has them. */
	s.caps.utf8 = true;
	s.caps.width = 50;
	sl_buf_clear(&s.out);
	layout_traffic(&s.v, &s.caps, &s.out);
	assert_string_equal(sl_buf_str(&s.out), "   new 2.0            ━━━━────────────  25.0 %\n"
						"   old 1.0            ━━━━━━━━━━━━────  75.0 %\n");
	scene_close(&s);
}

static void small_terminals(void **state)
{
	static const struct {
		unsigned width, height;
	} sizes[] = {{80, 24}, {60, 12}, {40, 6}, {20, 3}, {200, 60}, {8, 2}, {30, 9}};
	struct scene s;
	size_t i;

	(void)state;
	scene_open(&s);
	tell(&s, 0, "run.started", "\"name\":\"orders\"");
	step(&s, 1, 2, 0, 800);
	step(&s, 3, 9, 2000, 10);
	tell(&s, 7010, "traffic.set", "\"want\":0.25,\"real\":0.25");
	tell(&s, 7020, "step.started", "\"step\":\"9\"");
	tell(&s, 7020, "step.started", "\"step\":\"13\"");
	tell(&s, 7020, "step.started", "\"step\":\"17\"");
	for (i = 0; i < SL_COUNT(sizes); i++) {
		unsigned rows = 0;
		char *text, *line, *rest;

		s.caps.width = sizes[i].width;
		s.caps.height = sizes[i].height;
		sl_buf_clear(&s.out);
		layout_frame(&s.v, 0, T0 + 8000, HINT_MENU, &s.caps, &s.out);
		text = rest = sl_strdup(sl_buf_str(&s.out));
		while ((line = strsep(&rest, "\n")) != NULL && rest) {
			assert_true(sl_text_width(line) <= sizes[i].width);
			rows++;
		}
		free(text);
		assert_true(rows >= 1);
		assert_true(rows <= (sizes[i].height > 3 ? sizes[i].height - 1 : 2));
	}
	scene_close(&s);
}

static void failing_and_taken_back(void **state)
{
	struct scene s;
	struct plan undo = undo_plan();
	cJSON *json = plan_json(&undo);
	char *text = sl_json_print(json), *fields;
	char words[200];

	(void)state;
	scene_open(&s);
	tell(&s, 0, "run.started", "\"name\":\"orders\"");
	step(&s, 1, 4, 0, 1000);
	tell(&s, 5000, "step.started", "\"step\":\"5\"");
	sl_buf_clear(&s.out);
	tell(&s, 9000, "step.ended",
	     "\"step\":\"5\",\"result\":\"failed\",\"ms\":4000,\"error\":{\"code\":\"timeout\","
	     "\"message\":\"oa01:8080: not ready in 5m\"},\"detail\":{\"status\":503,\"body\":\"no "
	     "\\u001b[31mdb\",\"tail\":\"starting\\nFATAL: no db\\n\"}");
	assert_string_equal(sl_buf_str(&s.out), "x     oa01:8080 ready failed: not ready in 5m\n"
						"      probe's status: 503\n"
						"      probe's answer: no ?[31mdb\n"
						"      | starting\n"
						"      | FATAL: no db\n");
	fields = sl_asprintf("\"why\":\"a step failed\",\"plan\":%s", text);
	sl_buf_clear(&s.out);
	tell(&s, 9010, "undo.started", fields);
	assert_string_equal(sl_buf_str(&s.out), "!     taking it back: a step failed\n");
	tell(&s, 9020, "step.started", "\"step\":\"u1\"");
	tell(&s, 9030, "step.ended", "\"step\":\"u1\",\"result\":\"ok\",\"ms\":10");
	tell(&s, 9040, "step.started", "\"step\":\"u2\",\"until\":1767323069040");
	expect_frame(
		&s, 10000, 0, HINT_NONE,
		"+ u 1  traffic back, all of it    real 0%                                  10 ms\n"
		"> u 2  take back 1 of 1           oa01:8080                               960 ms\n"
		"\n"
		"   >...   1 of 4 new\n"
		"   > oa01:8080          draining                                       15 s left\n"
		"\n"
		"taking it back  10 s\n");
	tell(&s, 12000, "run.ended", "\"outcome\":\"rolledBack\",\"exit\":4");
	layout_result(&s.v, words, sizeof words);
	assert_string_equal(words, "failed, rolled back in 12 s, 3 of 4 as before");
	free(fields);
	free(text);
	cJSON_Delete(json);
	plan_release(&undo);
	scene_close(&s);
}

static void lines_for_logs(void **state)
{
	struct scene s;

	(void)state;
	scene_open(&s);
	s.stamped = true;
	s.caps.width = 2000;
	tell(&s, 0, "run.started", "\"name\":\"orders\",\"who\":\"ann\",\"from\":\"ops1\"");
	tell(&s, 0, "wave.started", "\"wave\":2,\"title\":\"upgrade 1 of 4 (25%)\"");
	tell(&s, 0, "step.started", "\"step\":\"4\"");
	tell(&s, 5230, "step.ended",
	     "\"step\":\"4\",\"wave\":2,\"do\":\"swap\",\"result\":\"ok\",\"ms\":5230");
	tell(&s, 6000, "traffic.set", "\"want\":0.25,\"real\":0.1667");
	tell(&s, 6000, "pause.started", "\"step\":\"8\",\"by\":\"playbook\",\"until\":null");
	tell(&s, 7000, "control.taken", "\"verb\":\"promote\",\"who\":\"bob\",\"reason\":\"fine\"");
	tell(&s, 8000, "router.drift",
	     "\"node\":\"lb1\",\"server\":\"oa01\",\"found\":{\"weight\":1},\"wanted\":{\"weight\":"
	     "9}");
	tell(&s, 9000, "host.lost", "\"host\":\"oa03\",\"error\":\"no answer for 60 s\"");
	assert_string_equal(
		sl_buf_str(&s.out),
		"03:04:05 run 12 orders: orders 1.0 -> 2.0, 4 of 4 instances, by ann from ops1\n"
		"03:04:05 wave 2/5 upgrade 1 of 4 (25%)\n"
		"03:04:10 wave 2/5 oa01:8080 swap ok 5.2 s\n"
		"03:04:11 traffic: new 16.7% (wanted 25%)\n"
		"03:04:11 paused; go on with: sluice promote 12\n"
		"03:04:12 promote by bob: fine\n"
		"03:04:13 router drift: oa01 on lb1 found {\"weight\":1} wanted {\"weight\":9}; "
		"set "
		"again\n"
		"03:04:14 oa03 lost: no answer for 60 s\n");
	scene_close(&s);
}

static void colours_by_depth(void **state)
{
	static const struct {
		enum colours colours;
		const char *expect;
	} rows[] = {
		{COLOURS_NONE, "+ ok\n"},
		{COLOURS_16, "\033[32m+\033[0m ok\n"},
		{COLOURS_256, "\033[38;5;114m+\033[0m ok\n"},
		{COLOURS_TRUE, "\033[38;2;126;231;135m+\033[0m ok\n"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(rows); i++) {
		struct caps caps = {.colours = rows[i].colours, .width = 80};
		struct sl_buf out;
		struct row r;

		sl_buf_init(&out, 1000);
		r = row_begin(&out, &caps);
		row_put(&r, STYLE_OK, "+");
		row_put(&r, STYLE_PLAIN, " ok");
		row_end(&r);
		assert_string_equal(sl_buf_str(&out), rows[i].expect);
		sl_buf_release(&out);
	}
}

static void capabilities(void **state)
{
	static const struct {
		const char *lang, *term, *colorterm;
		bool colour;
		enum colours colours;
		bool utf8;
	} rows[] = {
		{"en_US.UTF-8", "xterm-256color", "truecolor", true, COLOURS_TRUE, true},
		{"C.utf8", "xterm-256color", "", true, COLOURS_256, true},
		{"C", "xterm", "", true, COLOURS_16, false},
		{"zh_CN.UTF-8", "xterm", "24bit", true, COLOURS_TRUE, false},
		{"C.UTF-8", "xterm", "truecolor", false, COLOURS_NONE, true},
	};
	size_t i;

	(void)state;
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	for (i = 0; i < SL_COUNT(rows); i++) {
		struct caps caps;

		setenv("LANG", rows[i].lang, 1);
		setenv("TERM", rows[i].term, 1);
		setenv("COLORTERM", rows[i].colorterm, 1);
		caps = caps_from_environment(rows[i].colour);
		assert_int_equal(caps.colours, rows[i].colours);
		assert_int_equal(caps.utf8, rows[i].utf8);
	}
}

/* Time left is what such steps took so far; nothing is promised before any was seen. */
static void how_long_it_takes(void **state)
{
	struct scene s;
	struct side side;
	int64_t ms;

	(void)state;
	scene_open(&s);
	side = side_forward(&s.v);
	assert_int_equal(time_left(&side, T0, &ms), LEFT_UNKNOWN);
	step(&s, 1, 2, 0, 800);
	step(&s, 3, 6, 2000, 1500);
	assert_int_equal(time_left(&side, T0 + 9000, &ms), LEFT_TO_PAUSE);
	assert_int_equal(ms, 1000);
	step(&s, 7, 8, 9000, 100);
	/* Three tracks side by side, each drain, swap, ready, return. */
	assert_int_equal(time_left(&side, T0 + 10000, &ms), LEFT_TO_END);
	assert_int_equal(ms, 6000);
	/* A drain that takes many times as long is held up: no promise is made. */
	tell(&s, 10000, "step.started", "\"step\":\"9\",\"until\":null");
	assert_int_equal(time_left(&side, T0 + 10000 + 3 * 1500 + 2000, &ms), LEFT_TO_END);
	assert_int_equal(time_left(&side, T0 + 10000 + 3 * 1500 + 2001, &ms), LEFT_UNKNOWN);
	scene_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upgrading),       cmocka_unit_test(at_a_pause),
		cmocka_unit_test(small_terminals), cmocka_unit_test(failing_and_taken_back),
		cmocka_unit_test(lines_for_logs),  cmocka_unit_test(colours_by_depth),
		cmocka_unit_test(capabilities),    cmocka_unit_test(how_long_it_takes),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
