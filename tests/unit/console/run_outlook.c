/* SPDX-License-Identifier: Apache-2.0 */
/* What the console says of a run in a sentence: where it stands, and the key that goes on; and
 * which keys are on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/run_draw.h"
#include "console/views/run_seen.h"
#include "console/views/run_tables.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define PLAN                                                                                     \
	"{\"undo\":%s,\"service\":\"orders\",\"version\":\"2.0\",\"total\":1,\"touched\":1,"     \
	"\"rollback\":0,\"observed\":\"x\",\"waves\":[{\"kind\":\"upgrade\",\"title\":\"all\","  \
	"\"first\":0,\"count\":3,\"newAfter\":1,\"inServiceMin\":0}],\"steps\":["                \
	"{\"id\":\"%s1\",\"do\":\"swap\",\"wave\":0,\"track\":0,\"instance\":0,"                 \
	"\"host\":\"oa01\",\"port\":8080},"                                                      \
	"{\"id\":\"%s2\",\"do\":\"pause\",\"wave\":0,\"track\":0,\"instance\":-1,\"pause\":-1}," \
	"{\"id\":\"%s3\",\"do\":\"pause\",\"wave\":0,\"track\":0,\"instance\":-1,"               \
	"\"pause\":60000}],\"notes\":[]}"
#define FAILED \
	"{'event':'step.ended','step':'1','result':'failed','error':{'code':'x','message':'no'}}"
#define FOREVER "{'event':'pause.started','by':'playbook','step':'2'}"
#define TIMED   "{'event':'pause.started','by':'playbook','step':'3'}"
#define HELD    "{'event':'pause.started','by':'operator'}"
#define UNDO    "{'event':'undo.started','plan':@}"
#define LOST    "{'event':'host.lost','host':'oa01'}"
#define LOST_2  "{'event':'host.lost','host':'oa02'}"

enum who { ALIVE, GONE, PARKED };

static const struct {
	const char *events[4];
	enum who who;
	const char *want; /* the beginning of it */
} rows[] = {
	{{LOST}, ALIVE, "oa01: no answer for 30 s, it is tried again"},
	{{LOST, LOST_2}, ALIVE, "oa01 and 1 more: no answer for 30 s"},
	{{LOST, "{'event':'host.back','host':'oa01'}"}, ALIVE, "on its way"},
	{{FOREVER}, ALIVE, "waits for promote (P) since 30 s"},
	{{TIMED}, ALIVE, "goes on by itself in 30 s; promote (P) passes it now"},
	{{HELD}, ALIVE, "held; R goes on"},
	{{FAILED, HELD}, ALIVE, "T tries it again, U takes all back; swap on oa01:8080: no"},
	{{NULL}, GONE, "its controller is gone: R goes on, U takes it back"},
	{{LOST}, GONE, "its controller is gone: R goes on, U takes it back"},
	{{FOREVER}, GONE, "its controller is gone: P promotes it, U takes it back"},
	{{FOREVER}, PARKED, "parked, nobody watches it: P promotes it, U takes it back"},
	{{TIMED}, GONE, "its controller is gone, the pause does not end: R goes on, P passes it"},
	{{FOREVER, HELD}, PARKED, "parked, nobody watches it: R goes on, U takes it back"},
	{{FAILED, HELD},
	 PARKED,
	 "parked, nobody watches it: T tries again, U takes all back; swap on oa01:8080: no"},
	{{UNDO}, GONE, "its controller is gone: R goes on taking it back"},
	{{FAILED, UNDO}, GONE, "its controller is gone: T goes on taking it back"},
	{{FAILED, "{'event':'run.ended','outcome':'needsHuman','exit':5}"},
	 GONE,
	 "needsHuman, exit 5, U goes on taking it back: swap on oa01:8080: no"},
	{{"{'event':'run.ended','outcome':'done','exit':0}"}, GONE, "done, exit 0"},
};

static cJSON *plan_of(bool undo)
{
	const char *u = undo ? "u" : "";
	char *text = sl_asprintf(PLAN, undo ? "true" : "false", u, u, u);
	cJSON *plan = cJSON_Parse(text);

	assert_non_null(plan);
	free(text);
	return plan;
}

/* 'x' for "x", and @ for an undo plan. */
static void feed(struct run_view *v, const char *text, int64_t seq)
{
	char *quoted = sl_strdup(text), *p;
	cJSON *event;

	for (p = quoted; *p; p++)
		*p = *p == '\'' ? '"' : *p == '@' ? '0' : *p;
	event = cJSON_Parse(quoted);
	assert_non_null(event);
	if (strchr(text, '@'))
		cJSON_ReplaceItemInObject(event, "plan", plan_of(true));
	sl_json_add_int(event, "seq", seq);
	sl_json_add_str(event, "time", "2026-01-02T03:04:00.000Z");
	run_view_feed(v, event);
	cJSON_Delete(event);
	free(quoted);
}

static void seen_new(struct run_seen *r, size_t row)
{
	cJSON *plan = plan_of(false);
	struct sl_error e;
	size_t k;

	*r = (struct run_seen){.number = 7, .has_row = true, .loaded = true};
	r->row = (struct store_run){.kind = sl_strdup("rollout"),
				    .state = sl_strdup("running"),
				    .outcome = sl_strdup(""),
				    .waiting = sl_strdup(""),
				    .parked = rows[row].who == PARKED};
	if (rows[row].who == ALIVE)
		store_controller_self(&r->row.controller);
	if (run_view_init(&r->view, plan, &e))
		fail_msg("%s", e.msg);
	cJSON_Delete(plan);
	for (k = 0; k < SL_COUNT(rows[row].events) && rows[row].events[k]; k++)
		feed(&r->view, rows[row].events[k], (int64_t)k + 1);
}

#define THEN INT64_C(1767323040000) /* 2026-01-02T03:04:00Z */

static void test_words(void **state)
{
	char got[400];
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(rows); i++) {
		struct run_seen r;

		seen_new(&r, i);
		run_outlook(&r.row, &r.view, THEN + 30000, got, sizeof got);
		if (strncmp(got, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("row %zu: '%s', expected '%s'", i, got, rows[i].want);
		run_seen_release(&r);
	}
}

/* Nothing goes on at a time when nobody is there to go on. */
static void test_timed_pause_in_its_wave(void **state)
{
	struct vw_table *t;
	struct run_seen r;

	(void)state;
	seen_new(&r, 0);
	feed(&r.view, "{'event':'step.started','step':'3'}", 9);
	t = run_waves_table(&r.view, true, THEN);
	assert_non_null(strstr(t->rows[0].reason, "goes on at "));
	vw_table_free(t);
	t = run_waves_table(&r.view, false, THEN);
	assert_string_equal(t->rows[0].reason, "does not end: no controller");
	vw_table_free(t);
	run_seen_release(&r);
}

static const struct {
	char letter;
	enum action what;
} keys[] = {
	{'P', ACT_RUN_PROMOTE},
	{'R', ACT_RUN_RESUME},
	{'T', ACT_RUN_RETRY},
	{'U', ACT_RUN_UNDO},
};

/* A key that the sentence names is on. */
static void test_named_keys_are_on(void **state)
{
	static const char *const states[] = {"running", "paused", "undoing", "ended"};
	char got[400];
	size_t i, k, named = 0;

	(void)state;
	for (i = 0; i < SL_COUNT(rows); i++) {
		struct run_seen r;

		seen_new(&r, i);
		free(r.row.state);
		r.row.state = sl_strdup(states[r.view.state]);
		run_outlook(&r.row, &r.view, THEN + 30000, got, sizeof got);
		for (k = 0; k < SL_COUNT(keys); k++) {
			char plain[8], bracket[8];

			snprintf(plain, sizeof plain, " %c ", keys[k].letter);
			snprintf(bracket, sizeof bracket, "(%c)", keys[k].letter);
			if (!strstr(got, plain) && !strstr(got, bracket))
				continue;
			named++;
			if (verb_why(&r, keys[k].what))
				fail_msg("'%s', but %c is off: %s", got, keys[k].letter,
					 verb_why(&r, keys[k].what));
		}
		run_seen_release(&r);
	}
	assert_true(named > 15);
}

/* The list judges by the row alone. */
static void test_keys_by_row(void **state)
{
	static const struct {
		const char *state, *waiting;
		enum who who;
		const char *on; /* of PHRTU, the letters */
	} lines[] = {
		{"running", "", ALIVE, "HU"},
		{"running", "", GONE, "RTU"},
		{"paused", "{\"for\":\"promote\"}", ALIVE, "PHU"},
		{"paused", "{\"for\":\"promote\"}", GONE, "PRTU"},
		{"paused", "{\"for\":\"promote\"}", PARKED, "PRU"},
		{"paused", "{\"for\":\"time\"}", ALIVE, "PHU"},
		{"paused", "{\"for\":\"resume\"}", PARKED, "RU"},
		{"paused", "{\"for\":\"resume\"}", ALIVE, "RU"},
		{"paused", "{\"for\":\"retry\",\"reason\":\"no\"}", PARKED, "TU"},
		{"paused", "{\"for\":\"retry\",\"reason\":\"no\"}", ALIVE, "HTU"},
		{"paused", "not json", PARKED, "RU"},
		{"undoing", "", GONE, "RTU"},
		{"ended", "", GONE, "U"},
	};
	static const struct {
		char letter;
		enum action what;
	} all[] = {
		{'P', ACT_RUN_PROMOTE}, {'H', ACT_RUN_HOLD}, {'R', ACT_RUN_RESUME},
		{'T', ACT_RUN_RETRY},   {'U', ACT_RUN_UNDO},
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < SL_COUNT(lines); i++) {
		struct run_seen r = {.number = 7, .has_row = true};
		char on[8] = "";
		size_t n = 0;

		r.row = (struct store_run){.kind = (char *)"rollout",
					   .state = (char *)lines[i].state,
					   .outcome = (char *)"",
					   .waiting = (char *)lines[i].waiting,
					   .parked = lines[i].who == PARKED};
		if (lines[i].who == ALIVE)
			store_controller_self(&r.row.controller);
		for (k = 0; k < SL_COUNT(all); k++)
			if (!verb_why(&r, all[k].what))
				on[n++] = all[k].letter;
		on[n] = '\0';
		if (strcmp(on, lines[i].on) != 0)
			fail_msg("line %zu: on are %s, expected %s", i, on, lines[i].on);
	}
}

/* What is taken back is not taken back again. */
static void test_taken_back(void **state)
{
	static const char *const outcomes[] = {"undone", "rolledBack"};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(outcomes); i++) {
		const struct run_seen r = {.number = 7,
					   .has_row = true,
					   .row = {.kind = (char *)"rollout",
						   .state = (char *)"ended",
						   .outcome = (char *)outcomes[i],
						   .waiting = (char *)""}};

		assert_string_equal(verb_why(&r, ACT_RUN_UNDO), "the run is taken back already");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_timed_pause_in_its_wave),
		cmocka_unit_test(test_named_keys_are_on),
		cmocka_unit_test(test_keys_by_row),
		cmocka_unit_test(test_taken_back),
	};

	return cmocka_run_group_tests_name("run_outlook", tests, NULL, NULL);
}
