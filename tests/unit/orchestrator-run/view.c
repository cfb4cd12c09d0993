/* SPDX-License-Identifier: Apache-2.0 */
/* The reducer as tables: events in, the run's present state out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/tally.h"
#include "orchestrator/run/view.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PLAN                                                                                    \
	"{\"undo\":%s,\"service\":\"orders\",\"version\":\"2.0\",\"total\":1,\"touched\":1,"    \
	"\"rollback\":0,\"observed\":\"x\",\"waves\":[{\"kind\":\"upgrade\",\"title\":\"all\"," \
	"\"first\":0,\"count\":3,\"newAfter\":1,\"inServiceMin\":0}],\"steps\":["               \
	"{\"id\":\"%s1\",\"do\":\"swap\",\"wave\":0,\"track\":0,\"instance\":0,"                \
	"\"host\":\"oa01\",\"port\":8080},"                                                     \
	"{\"id\":\"%s2\",\"do\":\"pause\",\"wave\":0,\"track\":0,\"instance\":-1},"             \
	"{\"id\":\"%s3\",\"do\":\"release\",\"wave\":0,\"track\":0,\"instance\":-1,"            \
	"\"host\":\"oa01\"}],\"notes\":[]}"

#define STARTED "{'event':'step.started','step':'1','prior':{'a':1},'until':99}"
#define FAILED                                                                          \
	"{'event':'step.ended','step':'1','result':'failed','error':{'code':'command'," \
	"'message':'no'},'detail':{'tail':'x'}}"
#define PAUSED   "{'event':'pause.started','by':'playbook','step':'2','until':null}"
#define OPERATOR "{'event':'pause.started','by':'operator','until':null}"
#define UNDO     "{'event':'undo.started','why':'x','plan':@}"
#define MANY     12

static char *plan_text(bool undo)
{
	const char *u = undo ? "u" : "";
	return sl_asprintf(PLAN, undo ? "true" : "false", u, u, u);
}

static void view_new(struct run_view *v)
{
	struct sl_error e = {0};
	char *text = plan_text(false);
	cJSON *plan = sl_json_parse(text, strlen(text), &e);
	assert_non_null(plan);
	if (run_view_init(v, plan, &e))
		fail_msg("%s", e.msg);
	cJSON_Delete(plan);
	free(text);
}

/* 'x' for "x" and @ for an undo plan, so that tables can be read. */
static cJSON *event_of(const char *text, int64_t seq)
{
	struct sl_error e = {0};
	char *undo = plan_text(true), *quoted = sl_strdup(text);
	for (char *p = quoted; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	char *at = strchr(quoted, '@');
	char *whole = at ? sl_asprintf("%.*s%s%s", (int)(at - quoted), quoted, undo, at + 1)
			 : sl_strdup(quoted);
	cJSON *event = sl_json_parse(whole, strlen(whole), &e);
	if (!event)
		fail_msg("%s: %s", e.msg, whole);
	char time[40];
	snprintf(time, sizeof time, "2026-01-02T03:04:%02d.000Z", (int)seq);
	sl_json_add_int(event, "seq", seq);
	sl_json_add_str(event, "time", time);
	sl_json_add_int(event, "run", 12);
	free(whole);
	free(quoted);
	free(undo);
	return event;
}

static void feed(struct run_view *v, const char *text, int64_t seq)
{
	cJSON *event = event_of(text, seq);
	run_view_feed(v, event);
	cJSON_Delete(event);
}

/* The whole of a view in a line: what a table row compares. */
static char *said(struct run_view *v)
{
	static const char *const states[] = {"running", "paused", "undoing", "ended"};
	static const char *const words[] = {"-", "started", "ok", "failed", "unknown"};
	struct sl_buf b;
	sl_buf_init(&b, 1 << 16);
	sl_buf_puts(&b, states[v->state]);
	for (size_t i = 0; i < v->plan.step_count; i++)
		sl_buf_printf(&b, " %s", words[v->steps[i].state]);
	for (size_t i = 0; i < v->undo.step_count; i++)
		sl_buf_printf(&b, "%s%s", i ? " " : " | ", words[v->undo_steps[i].state]);
	if (v->steps[0].failures)
		sl_buf_printf(&b, " x%u", v->steps[0].failures);
	if (v->pause_step)
		sl_buf_printf(&b, " at %s since %d", v->pause_step,
			      (int)(v->pause_started / 1000 % 60));
	if (v->paused_by_operator)
		sl_buf_puts(&b, " held");
	if (v->failure)
		sl_buf_printf(&b, " because %s", v->failure);
	for (size_t i = 0; i < v->lost_count; i++)
		sl_buf_printf(&b, " lost %s since %d", v->lost[i].host,
			      (int)(v->lost[i].since / 1000 % 60));
	if (v->outcome)
		sl_buf_printf(&b, " outcome %s %d", v->outcome, v->exit);
	return sl_buf_take(&b);
}

static const struct {
	const char *name, *events[MANY], *want;
} rows[] = {
	{"nothing yet", {NULL}, "running - - -"},
	{"started", {"{'event':'run.started'}"}, "running - - -"},
	{"intent", {STARTED}, "running started - -"},
	{"ok", {STARTED, "{'event':'step.ended','step':'1','result':'ok'}"}, "running ok - -"},
	{"failed", {STARTED, FAILED}, "running failed - - x1 because swap on oa01:8080: no"},
	{"skipped", {"{'event':'step.ended','step':'1','result':'skipped'}"}, "running - - -"},
	{"unknown to the host: the same attempt",
	 {"{'event':'step.ended','step':'1','result':'unknown','error':{'code':'lost',"
	  "'message':'gone'}}"},
	 "running unknown - - because swap on oa01:8080: gone"},
	{"a conflict is a verdict: a new attempt",
	 {"{'event':'step.ended','step':'1','result':'unknown','error':{'code':'conflict',"
	  "'message':'other'}}"},
	 "running unknown - - x1 because swap on oa01:8080: other"},
	{"canceled is no failure",
	 {"{'event':'step.ended','step':'1','result':'unknown','error':{'code':'canceled',"
	  "'message':'c'}}"},
	 "running unknown - -"},
	{"a result of later versions",
	 {"{'event':'step.ended','step':'1','result':'dunno'}"},
	 "running unknown - - because swap on oa01:8080: its outcome is unknown"},
	{"the first failure explains",
	 {FAILED, "{'event':'step.ended','step':'3','result':'failed'}"},
	 "running failed - failed x1 because swap on oa01:8080: no"},
	{"retry forgets", {FAILED, "{'event':'control.taken','verb':'retry'}"}, "running - - - x1"},
	{"pause does not",
	 {FAILED, "{'event':'control.taken','verb':'pause'}"},
	 "running failed - - x1 because swap on oa01:8080: no"},
	{"a pause", {PAUSED}, "paused - - - at 2 since 1"},
	{"over by time",
	 {PAUSED, "{'event':'pause.ended','step':'2','by':'time'}"},
	 "running - - -"},
	{"an operator's pause", {OPERATOR}, "paused - - - held"},
	{"lifted", {OPERATOR, "{'event':'pause.ended','by':'resume'}"}, "running - - -"},
	{"an operator's pause leaves the playbook's start",
	 {PAUSED, OPERATOR},
	 "paused - - - at 2 since 1 held"},
	{"and lifted the playbook's stands",
	 {PAUSED, OPERATOR, "{'event':'pause.ended','by':'resume'}"},
	 "paused - - - at 2 since 1"},
	{"a failure's pause", {"{'event':'pause.started','by':'failure'}"}, "paused - - - held"},
	{"undo", {PAUSED, OPERATOR, UNDO}, "undoing - - - | - - -"},
	{"undo steps",
	 {UNDO, "{'event':'step.ended','step':'u1','result':'ok'}"},
	 "undoing - - - | ok - -"},
	{"failures of an undo are not the run's",
	 {UNDO, "{'event':'step.ended','step':'u1','result':'failed'}"},
	 "undoing - - - | failed - -"},
	{"retry of an undo keeps what led to it",
	 {FAILED, UNDO, "{'event':'step.ended','step':'u1','result':'failed'}",
	  "{'event':'control.taken','verb':'retry'}"},
	 "undoing failed - - | - - - x1 because swap on oa01:8080: no"},
	{"a pause in an undo", {UNDO, OPERATOR}, "undoing - - - | - - - held"},
	{"a damaged undo plan", {"{'event':'undo.started','plan':{'steps':3}}"}, "running - - -"},
	{"done",
	 {"{'event':'run.ended','outcome':'done','exit':0,'failure':null}"},
	 "ended - - - outcome done 0"},
	{"ended with a reason",
	 {"{'event':'run.ended','outcome':'needsHuman','exit':6,'failure':'taken over'}"},
	 "ended - - - because taken over outcome needsHuman 6"},
	{"resumed after its end",
	 {"{'event':'run.ended','outcome':'needsHuman','exit':5}",
	  "{'event':'run.resumed','who':'li','epoch':2}"},
	 "running - - -"},
	{"resumed in an undo",
	 {UNDO, "{'event':'run.ended','outcome':'needsHuman','exit':5}", "{'event':'run.resumed'}"},
	 "undoing - - - | - - -"},
	{"parked",
	 {PAUSED, "{'event':'run.parked','waiting':'promote'}"},
	 "paused - - - at 2 since 1"},
	{"only told",
	 {"{'event':'wave.started','wave':1}", "{'event':'wave.ended','wave':1}",
	  "{'event':'router.drift','server':'oa01'}"},
	 "running - - -"},
	{"a lost host, told by two steps",
	 {"{'event':'host.lost','host':'oa01'}", "{'event':'host.lost','host':'oa01'}",
	  "{'event':'host.lost','host':'oa02'}"},
	 "running - - - lost oa01 since 1 lost oa02 since 3"},
	{"it is back",
	 {"{'event':'host.lost','host':'oa01'}", "{'event':'host.lost','host':'oa02'}",
	  "{'event':'host.back','host':'oa01'}"},
	 "running - - - lost oa02 since 2"},
	{"a step that ended well says so too",
	 {"{'event':'host.lost','host':'oa01'}", "{'event':'step.ended','step':'1','result':'ok'}"},
	 "running ok - -"},
	{"who goes on asks anew",
	 {"{'event':'host.lost','host':'oa01'}", "{'event':'run.resumed','who':'li'}"},
	 "running - - -"},
	{"and at the end nobody does",
	 {"{'event':'host.lost','host':'oa01'}", "{'event':'run.ended','outcome':'done','exit':0}"},
	 "ended - - - outcome done 0"},
	{"unknown events and steps",
	 {"{'event':'gate.opened','step':'1'}", "{'event':'step.started','step':'9'}",
	  "{'event':'step.ended','step':'','result':'ok'}", "{'event':'step.ended'}",
	  "{'event':'step.started','step':'+1'}", "{'event':'step.started','step':'u1'}",
	  "{'event':7}", "{}"},
	 "running - - -"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct run_view v;
		view_new(&v);
		int64_t seq = 0;
		for (size_t k = 0; k < MANY && rows[i].events[k]; k++)
			feed(&v, rows[i].events[k], ++seq);
		char *got = said(&v);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: '%s', expected '%s'", rows[i].name, got, rows[i].want);
		free(got);
		/* The same again, in any order, changes nothing. */
		for (size_t k = MANY; k-- > 0;)
			if (rows[i].events[k])
				feed(&v, rows[i].events[k], (int64_t)k + 1);
		got = said(&v);
		assert_string_equal(got, rows[i].want);
		free(got);
		run_view_release(&v);
	}
}

/* What a tally counts is what the whole reducer would. */
static void tally_agrees(struct run_view *v, const struct run_tally *t, const char *name)
{
	bool undoing = v->state == VIEW_UNDOING;
	const struct view_step *steps = undoing ? v->undo_steps : v->steps;
	size_t count = undoing ? v->undo.step_count : v->plan.step_count, done = 0;
	const struct tally_way *way = run_tally_way(t);
	for (size_t i = 0; i < count; i++)
		done += steps[i].state == PROGRESS_OK;
	if (way->count != count || way->done != done)
		fail_msg("%s: %zu of %zu, expected %zu of %zu", name, way->done, way->count, done,
			 count);
}

static void test_tally(void **state)
{
	(void)state;
	size_t told = 0;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct run_tally t;
		struct run_view v;
		view_new(&v);
		char *text = plan_text(false);
		cJSON *plan = cJSON_Parse(text);
		run_tally_init(&t, plan);
		cJSON_Delete(plan);
		free(text);
		tally_agrees(&v, &t, rows[i].name);
		for (size_t k = 0; k < MANY && rows[i].events[k]; k++, told++) {
			cJSON *event = event_of(rows[i].events[k], (int64_t)k + 1);
			run_view_feed(&v, event);
			run_tally_feed(&t, event);
			cJSON_Delete(event);
			tally_agrees(&v, &t, rows[i].name);
		}
		run_tally_release(&t);
		run_view_release(&v);
	}
	assert_true(told > 50);
}

/* An undo of a finished run is a run of its own: its plan's ids have the letter. */
static void test_tally_of_an_undo(void **state)
{
	(void)state;
	struct run_tally t;
	char *text = plan_text(true);
	cJSON *plan = cJSON_Parse(text);
	run_tally_init(&t, plan);
	static const char *const events[] = {
		"{'event':'step.ended','step':'u1','result':'ok'}",
		"{'event':'step.ended','step':'u1','result':'ok'}",
		"{'event':'step.ended','step':'2','result':'ok'}",
		"{'event':'step.ended','step':'u3','result':'ok'}",
	};
	for (size_t i = 0; i < SL_COUNT(events); i++) {
		cJSON *event = event_of(events[i], (int64_t)i + 1);
		run_tally_feed(&t, event);
		cJSON_Delete(event);
	}
	assert_int_equal(run_tally_way(&t)->done, 2);
	assert_int_equal(run_tally_way(&t)->count, 3);
	cJSON_Delete(plan);
	free(text);
	run_tally_release(&t);
	run_tally_init(&t, NULL); /* none: a lock */
	assert_int_equal(run_tally_way(&t)->count, 0);
	run_tally_release(&t);
}

static void test_without_seq(void **state)
{
	(void)state;
	struct run_view v;
	view_new(&v);
	cJSON *event = cJSON_Parse("{\"event\":\"run.ended\",\"outcome\":\"done\"}");
	run_view_feed(&v, event);
	assert_int_equal(v.state, VIEW_RUNNING);
	cJSON_Delete(event);
	run_view_release(&v);
}

static void test_details(void **state)
{
	(void)state;
	struct run_view v;
	view_new(&v);
	feed(&v, "{'event':'run.started'}", 1);
	feed(&v, STARTED, 2);
	const struct view_step *s = run_view_step(&v, "1", NULL);
	assert_int_equal(s->until, 99);
	assert_int_equal(sl_json_int(sl_json_get(s->intent, "prior"), "a", 0), 1);
	assert_int_equal(s->started - v.started, 1000);
	feed(&v, FAILED, 3);
	assert_string_equal(s->error, "no");
	assert_string_equal(s->error_code, "command");
	assert_string_equal(sl_json_str(s->detail, "tail", ""), "x");
	assert_int_equal(s->ended - s->started, 1000);
	feed(&v, "{'event':'run.ended','outcome':'rolledBack','exit':4}", 4);
	assert_int_equal(v.ended - v.started, 3000);
	assert_int_equal(v.number, 12);
	run_view_release(&v);
}

static void test_traffic(void **state)
{
	(void)state;
	struct run_view v;
	view_new(&v);
	assert_true(v.share_want < 0 && v.share_real < 0);
	feed(&v,
	     "{'event':'traffic.set','want':0.25,'real':0.3,'weights':[{'server':'a',"
	     "'weight':256},{'server':'b','weight':0}]}",
	     1);
	assert_true(v.share_want == 0.25 && v.share_real == 0.3);
	assert_int_equal(sl_json_int(v.weights, "a", -1), 256);
	assert_int_equal(sl_json_int(v.weights, "b", -1), 0);
	feed(&v, "{'event':'traffic.set','want':1,'real':1,'weights':[]}", 2);
	assert_int_equal(cJSON_GetArraySize(v.weights), 0);
	run_view_release(&v);
}

static void test_ticks(void **state)
{
	(void)state;
	struct run_view v;
	view_new(&v);
	cJSON *tick = event_of("{'tick':true,'step':'1','note':'3 in flight','until':7}", 1);
	cJSON *lost = event_of("{'tick':true,'step':'8','note':'nobody'}", 1);
	run_view_tick(&v, tick);
	run_view_tick(&v, lost);
	assert_string_equal(v.steps[0].note, "3 in flight");
	assert_int_equal(v.steps[0].until, 7);
	assert_int_equal(v.last_seq, 0);
	feed(&v, FAILED, 1);
	assert_null(v.steps[0].note);
	cJSON_Delete(tick);
	cJSON_Delete(lost);
	run_view_release(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_tally_of_an_undo),
		cmocka_unit_test(test_without_seq),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_ticks),
	};
	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
