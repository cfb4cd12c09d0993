/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of runs read piece by piece, on a journal that grows, and on one that did other things.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/view/run_marks.h"
#include "plugins/sdk/mem.h"

#define UUID "0b0e7a30-0000-4000-8000-0000000000%02d"
#define PLAN "{\"plan\":{\"steps\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"},{\"id\":\"4\"}]}}"

struct bench {
	struct store *store;
	struct run_marks *marks;
	sqlite3 *db; /* what another process would do */
	char folder[64];
};

static int setup(void **state)
{
	struct bench *b = sl_alloc(sizeof *b);
	char *path;

	snprintf(b->folder, sizeof b->folder, "/tmp/sluice-marks-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(store_open(b->folder, &b->store, NULL), 0);
	path = sl_asprintf("%s/runs.db", b->folder);
	assert_int_equal(sqlite3_open(path, &b->db), SQLITE_OK);
	free(path);
	b->marks = run_marks_new(0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	char *command = sl_asprintf("rm -rf '%s'", b->folder);

	run_marks_free(b->marks);
	sqlite3_close(b->db);
	store_close(b->store);
	assert_int_equal(system(command), 0);
	free(command);
	free(b);
	return 0;
}

static void sql(struct bench *b, const char *fmt, ...)
{
	char text[600], *error = NULL;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	sqlite3_exec(b->db, text, NULL, NULL, &error);
	if (error)
		fail_msg("%s: %s", text, error);
}

static int64_t run_new(struct bench *b, int uuid, const char *document)
{
	struct store_run r = {0};
	cJSON *texts = cJSON_CreateObject();
	int64_t number;

	snprintf(r.uuid, sizeof r.uuid, UUID, uuid);
	if (document)
		cJSON_AddStringToObject(texts, "document", document);
	assert_int_equal(store_run_create(b->store, &r, texts, NULL), 0);
	cJSON_Delete(texts);
	number = r.number;
	store_run_release(&r);
	return number;
}

static void put(struct bench *b, int64_t run, int seq, const char *event, const char *more)
{
	sql(b,
	    "INSERT INTO event VALUES(%lld, %d, 0, '%s', '{\"event\":\"%s\",\"time\":\"t%d\"%s}')",
	    (long long)run, seq, event, event, seq, more);
}

static void put_ok(struct bench *b, int64_t run, int seq, int step)
{
	char more[64];

	snprintf(more, sizeof more, ",\"step\":\"%d\",\"result\":\"ok\"", step);
	put(b, run, seq, "step.ended", more);
}

/* -1 = not known */
static int percent_of(struct bench *b, struct run_marks *m, int64_t run)
{
	struct store_run r;
	double share;
	bool known;

	assert_int_equal(store_run_get(b->store, run, &r, NULL), 0);
	run_marks_begin(m);
	known = run_marks_share(m, b->store, &r, &share);
	run_marks_end(m, true);
	store_run_release(&r);
	return known ? (int)lround(share * 100) : -1;
}

/* What is kept says what all of the journal says. */
static void expect(struct bench *b, int64_t run, int percent)
{
	struct run_marks *anew = run_marks_new(0);

	assert_int_equal(percent_of(b, b->marks, run), percent);
	assert_int_equal(percent_of(b, anew, run), percent);
	assert_false(run_marks_behind(b->marks));
	run_marks_free(anew);
}

static void test_grows(void **state)
{
	struct bench *b = *state;
	int64_t run = run_new(b, 1, PLAN), lock = run_new(b, 2, NULL);

	expect(b, lock, -1);
	expect(b, run, 0);
	put(b, run, 1, "run.started", "");
	expect(b, run, 0);
	put_ok(b, run, 2, 1);
	put_ok(b, run, 3, 2);
	expect(b, run, 50);
	expect(b, run, 50);
	put(b, run, 4, "step.started", ",\"step\":\"2\"");
	expect(b, run, 25);
	put(b, run, 5, "undo.started", ",\"plan\":{\"steps\":[{\"id\":\"u1\"},{\"id\":\"u2\"}]}");
	expect(b, run, 0);
	put(b, run, 6, "step.ended", ",\"step\":\"u2\",\"result\":\"ok\"");
	expect(b, run, 50);
	put(b, run, 7, "run.ended", ",\"outcome\":\"needsHuman\"");
	put(b, run, 8, "run.resumed", "");
	expect(b, run, 50);
}

/* Only the new events are asked for: what lies before them could be anything. */
static void test_reads_only_what_came_since(void **state)
{
	struct bench *b = *state;
	int64_t run = run_new(b, 1, PLAN);

	for (int i = 1; i <= 3; i++)
		put_ok(b, run, i, i);
	assert_int_equal(percent_of(b, b->marks, run), 75);
	sql(b, "DROP TRIGGER event_no_update; UPDATE event SET json='damaged' WHERE seq<3;"
	       "UPDATE text SET content='damaged'");
	put_ok(b, run, 4, 4);
	assert_int_equal(percent_of(b, b->marks, run), 100);
}

static void test_other_journals(void **state)
{
	struct bench *b = *state;
	int64_t run = run_new(b, 1, PLAN);

	sql(b, "DROP TRIGGER event_no_update; DROP TRIGGER event_no_delete");
	for (int i = 1; i <= 4; i++)
		put_ok(b, run, i, i);
	expect(b, run, 100);
	sql(b, "DELETE FROM event WHERE seq>1"); /* truncated */
	expect(b, run, 25);
	for (int i = 2; i <= 4; i++)
		put(b, run, i, "wave.started", ""); /* rewritten behind the cut */
	expect(b, run, 25);
	sql(b, "DELETE FROM event"); /* removed */
	expect(b, run, 0);
	put_ok(b, run, 1, 3);
	expect(b, run, 25);
	sql(b, "UPDATE event SET json=replace(json, 't1', 't9')"); /* another one, as long */
	sql(b, "UPDATE event SET json=replace(json, '\"ok\"', '\"failed\"')");
	expect(b, run, 0);
}

/* The same number in a new state store. */
static void test_another_run(void **state)
{
	struct bench *b = *state;
	int64_t run = run_new(b, 1, PLAN);

	put_ok(b, run, 1, 1);
	expect(b, run, 25);
	sql(b,
	    "UPDATE run SET uuid='" UUID "';"
	    "UPDATE text SET content='{\"steps\":[{\"id\":\"1\"}]}'",
	    2);
	expect(b, run, 100);
}

/* A damaged event is not read again and again at once, and hides nothing for ever. */
static void test_damage(void **state)
{
	struct bench *b = *state;
	int64_t run = run_new(b, 1, PLAN);

	sql(b, "DROP TRIGGER event_no_update");
	put_ok(b, run, 1, 1);
	put(b, run, 2, "step.started", ",");
	expect(b, run, -1);
	sql(b, "UPDATE event SET json='{}' WHERE seq=2");
	expect(b, run, 25);
}

/* Of a long journal one look reads a slice, and says that there is more. */
static void test_slices(void **state)
{
	struct bench *b = *state;
	struct run_marks *m = run_marks_new(10);
	int64_t run = run_new(b, 1, PLAN);
	int looks = 1;

	for (int i = 1; i <= 96; i++)
		put_ok(b, run, i, 1 + i % 2);
	while (percent_of(b, m, run) < 0) {
		assert_true(run_marks_behind(m));
		looks++;
	}
	assert_false(run_marks_behind(m));
	assert_int_equal(looks, 10); /* the first one read 4 steps of a plan and 6 events */
	assert_int_equal(percent_of(b, m, run), 50);
	put_ok(b, run, 97, 3);
	assert_int_equal(percent_of(b, m, run), 75);
	run_marks_free(m);
}

/* More runs than one look can open: the next one goes on. */
static void test_many_runs(void **state)
{
	struct bench *b = *state;
	struct run_marks *m = run_marks_new(8);
	struct store_run *runs;
	size_t count, known = 0;
	int looks = 0;
	double share;

	for (int i = 1; i <= 9; i++)
		put_ok(b, run_new(b, i, PLAN), 1, 1);
	assert_int_equal(store_runs_list(b->store, NULL, 0, &runs, &count, NULL), 0);
	assert_int_equal(count, 9);
	for (; looks == 0 || run_marks_behind(m); looks++) {
		known = 0;
		run_marks_begin(m);
		for (size_t i = 0; i < count; i++)
			known += run_marks_share(m, b->store, &runs[i], &share);
		run_marks_end(m, true);
		assert_true(looks < 20);
	}
	assert_int_equal(known, 9);
	assert_true(looks > 4);
	store_runs_free(runs, count);
	run_marks_free(m);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_grows),          T(test_reads_only_what_came_since),
		T(test_other_journals), T(test_another_run),
		T(test_damage),         T(test_slices),
		T(test_many_runs),
	};
	return cmocka_run_group_tests_name("run_marks", tests, NULL, NULL);
}
