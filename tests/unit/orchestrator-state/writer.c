/* SPDX-License-Identifier: Apache-2.0 */
/* The writer thread: order, group commit, fencing, watches, and dying on request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "orchestrator/state/store.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

struct place {
	char *folder;
	struct store *store;
	uv_loop_t loop;
};

static int setup(void **state)
{
	struct place *p = sl_alloc(sizeof *p);
	const char *tmp = getenv("TMPDIR");
	struct sl_error e = {0};

	p->folder = sl_asprintf("%s/sluice-writer-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(p->folder));
	assert_int_equal(uv_loop_init(&p->loop), 0);
	assert_int_equal(store_open(p->folder, &p->store, &e), 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char *rm = sl_asprintf("rm -rf '%s'", p->folder);

	store_close(p->store);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	assert_int_equal(system(rm), 0);
	free(rm);
	free(p->folder);
	free(p);
	return 0;
}

static int64_t make_run(struct store *s)
{
	static int made;
	struct store_run r = {.name = sl_strdup("orders")};
	struct sl_error e = {0};
	int64_t number;

	snprintf(r.uuid, sizeof r.uuid, "%08x-0000-4000-8000-%08x", (unsigned)getpid(),
		 (unsigned)++made);
	assert_int_equal(store_run_create(s, &r, NULL, &e), 0);
	number = r.number;
	store_run_release(&r);
	return number;
}

static cJSON *event_of(const char *name, int n)
{
	cJSON *event = cJSON_CreateObject();

	sl_json_add_str(event, "event", name);
	sl_json_add_int(event, "n", n);
	return event;
}

struct told {
	size_t count;
	int64_t seqs[600];
	int codes[600];
	char *last;
};

static void append_told(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event)
{
	struct told *t = arg;

	assert_true(t->count < SL_COUNT(t->seqs));
	t->codes[t->count] = e ? (int)e->code : 0;
	t->seqs[t->count++] = seq;
	free(t->last);
	t->last = event ? sl_json_print(event) : NULL;
}

static void append(struct place *p, int64_t run, int64_t epoch, cJSON *event, cJSON *row,
		   struct told *t)
{
	struct store_record r = {.run = run, .epoch = epoch, .event = event, .row = row};

	store_append(p->store, &r, append_told, t);
}

static void appends_come_back_in_order(void **state)
{
	struct place *p = *state;
	int64_t run = make_run(p->store);
	struct told t = {0};
	struct sl_error e = {0};
	struct store_run row;
	cJSON *change = cJSON_CreateObject(), *stored;
	int i;

	sl_json_add_str(change, "state", "paused");
	sl_json_add_bool(change, "parked", true);
	cJSON_AddNullToObject(change, "controller");
	sl_json_add_str(sl_json_add_object(change, "waiting"), "step", "7");
	assert_int_equal(store_start(p->store, &p->loop, &e), 0);
	for (i = 0; i < 500; i++)
		append(p, run, 1, event_of("step.started", i), NULL, &t);
	assert_int_equal(t.count, 0); /* never inside start */
	append(p, run, 1, event_of("run.parked", i), change, &t);
	uv_run(&p->loop, UV_RUN_DEFAULT); /* ends when nothing is owed any more */
	assert_int_equal(t.count, 501);
	for (i = 0; i < 501; i++) {
		assert_int_equal(t.codes[i], 0);
		assert_int_equal(t.seqs[i], i + 1);
	}
	stored = sl_json_parse(t.last, strlen(t.last), &e);
	assert_int_equal(sl_json_int(stored, "v", 0), 1);
	assert_int_equal(sl_json_int(stored, "seq", 0), 501);
	assert_int_equal(sl_json_int(stored, "run", 0), run);
	assert_int_equal(strlen(sl_json_str(stored, "time", "")), 24);
	assert_int_equal(strncmp(t.last, "{\"v\":1,\"seq\":501,\"time\":", 24), 0);
	cJSON_Delete(stored);
	free(t.last);
	/* A synchronous call after the start goes through the writer. */
	assert_int_equal(store_run_get(p->store, run, &row, &e), 0);
	assert_string_equal(row.state, "paused");
	assert_string_equal(row.waiting, "{\"step\":\"7\"}");
	assert_true(row.parked);
	assert_int_equal(row.controller.pid, 0);
	store_run_release(&row);
}

static void the_fenced_writes_nothing(void **state)
{
	struct place *p = *state;
	int64_t run = make_run(p->store);
	struct told t = {0};
	struct sl_error e = {0};
	struct store_run row;
	cJSON *change = cJSON_CreateObject();

	assert_int_equal(store_run_adopt(p->store, run, true, &row, &e), 0);
	assert_int_equal(row.epoch, 2);
	store_run_release(&row);
	assert_int_equal(store_start(p->store, &p->loop, &e), 0);
	sl_json_add_str(change, "state", "ended");
	append(p, run, 2, event_of("a", 1), NULL, &t);
	append(p, run, 1, event_of("b", 2), change, &t);
	append(p, run, 2, event_of("c", 3), NULL, &t);
	append(p, run + 5, 1, event_of("d", 4), NULL, &t);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(t.count, 4);
	assert_int_equal(t.codes[0], 0);
	assert_int_equal(t.codes[1], SL_EFENCED);
	assert_int_equal(t.codes[2], 0);
	assert_int_equal(t.codes[3], SL_ENOTFOUND);
	assert_int_equal(t.seqs[0], 1);
	assert_int_equal(t.seqs[2], 2);
	assert_int_equal(store_run_get(p->store, run, &row, &e), 0);
	assert_string_equal(row.state, "running");
	store_run_release(&row);
	free(t.last);
}

static void close_in(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event)
{
	struct place *p = arg;

	(void)event;
	assert_null(e);
	assert_int_equal(seq, 1);
	store_close(p->store);
	p->store = NULL;
}

static void never(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event)
{
	(void)arg;
	(void)e;
	(void)seq;
	(void)event;
	fail_msg("a callback after close");
}

static int count_event(void *arg, int64_t seq, const cJSON *event)
{
	int *n = arg;

	assert_int_equal(seq, *n + 1);
	assert_string_equal(sl_json_str(event, "event", ""), "x");
	++*n;
	return 0;
}

static void closing_inside_a_callback(void **state)
{
	struct place *p = *state;
	int64_t run = make_run(p->store);
	struct store_record one = {.run = run, .epoch = 1, .event = event_of("x", 1)},
			    two = {.run = run, .epoch = 1, .event = event_of("x", 2)};
	struct sl_error e = {0};
	int64_t last;
	int n = 0;

	assert_int_equal(store_start(p->store, &p->loop, &e), 0);
	store_append(p->store, &one, close_in, p);
	store_append(p->store, &two, never, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_null(p->store);
	/* The second was appended all the same. */
	assert_int_equal(store_open(p->folder, &p->store, &e), 0);
	assert_int_equal(store_events_read(p->store, run, 0, count_event, &n, &e), 0);
	assert_int_equal(store_events_last(p->store, run, &last, &e), 0);
	assert_int_equal(last, n);
	assert_int_equal(store_events_last(p->store, run + 1, &last, &e), 0);
	assert_int_equal(last, 0);
	assert_int_equal(n, 2);
}

/* --- watches: a second store plays the other process --- */

struct seen {
	uv_async_t hold; /* keeps the loop; closed when everything has been seen */
	size_t events, events_wanted, controls, controls_wanted, rows;
	char verbs[200], state[20];
};

static void check_all(struct seen *s)
{
	if (s->events >= s->events_wanted && s->controls >= s->controls_wanted &&
	    !strcmp(s->state, "ended") && !uv_is_closing((uv_handle_t *)&s->hold))
		uv_close((uv_handle_t *)&s->hold, NULL);
}

static void saw_event(void *arg, int64_t seq, const cJSON *event)
{
	struct seen *s = arg;

	s->events++;
	assert_int_equal(seq, s->events + 1); /* asked for those after 1 */
	assert_int_equal(sl_json_int(event, "seq", 0), seq);
	check_all(s);
}

static void saw_control(void *arg, const struct store_control *c)
{
	struct seen *s = arg;

	s->controls++;
	snprintf(s->verbs + strlen(s->verbs), sizeof s->verbs - strlen(s->verbs), "%s(%s,%s,%s) ",
		 c->verb, c->who, c->reason, sl_json_str(c->args, "step", "-"));
	check_all(s);
}

static void saw_row(void *arg, const struct store_run *r)
{
	struct seen *s = arg;

	s->rows++;
	snprintf(s->state, sizeof s->state, "%s", r->state);
	check_all(s);
}

static void write_from_elsewhere(struct store *other, int64_t run, int count)
{
	uv_loop_t loop;
	struct sl_error e = {0};
	int i;

	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(store_start(other, &loop, &e), 0);
	for (i = 0; i < count; i++) {
		struct store_record r = {.run = run, .epoch = 1, .event = event_of("x", i)};

		if (i == count - 1) {
			r.row = cJSON_CreateObject();
			sl_json_add_str(r.row, "state", "ended");
		}
		store_append(other, &r, NULL, NULL);
	}
	store_close(other);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void watches_see_other_processes(void **state)
{
	struct place *p = *state;
	int64_t run = make_run(p->store);
	struct seen s = {.events_wanted = 599, .controls_wanted = 2};
	struct store *other;
	struct sl_error e = {0};
	cJSON *args = cJSON_CreateObject();

	sl_json_add_str(args, "step", "7");
	assert_int_equal(uv_async_init(&p->loop, &s.hold, NULL), 0);
	assert_int_equal(store_open(p->folder, &other, &e), 0);
	/* One waits already, one comes later. */
	assert_int_equal(store_control_put(other, run, "promote", "ann", "fine", args, NULL, &e),
			 0);
	cJSON_Delete(args);
	assert_int_equal(store_start(p->store, &p->loop, &e), 0);
	store_watch_control(p->store, run, saw_control, &s);
	store_watch_events(p->store, run, 1, saw_event, &s);
	store_watch_run(p->store, run, saw_row, &s);
	assert_int_equal(store_control_put(other, run, "abort", "bob", "", NULL, NULL, &e), 0);
	write_from_elsewhere(other, run, 600);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(s.events, 599);
	assert_string_equal(s.verbs, "promote(ann,fine,7) abort(bob,,-) ");
	assert_true(s.rows >= 1 && s.rows <= 3); /* told on change alone */
}

/* --- SLUICE_TEST_CRASH --- */

static void crash_child(const char *folder, int appends)
{
	struct store *s;
	struct sl_error e = {0};
	uv_loop_t loop;
	int64_t run;
	int i;

	if (uv_loop_init(&loop) || store_open(folder, &s, &e))
		_exit(1);
	run = make_run(s); /* the first append */
	if (store_start(s, &loop, &e))
		_exit(1);
	for (i = 0; i < appends; i++) {
		struct store_record r = {.run = run, .epoch = 1, .event = event_of("x", i)};

		store_append(s, &r, NULL, NULL);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	_exit(7);
}

/* Whatever shares a commit with the Nth, exactly N appends are there afterwards. */
static void dies_right_after_the_nth(void **state)
{
	static const int points[] = {1, 2, 3, 17, 60, 61};
	struct place *p = *state;
	struct sl_error e = {0};
	size_t i;

	for (i = 0; i < SL_COUNT(points); i++) {
		char text[16];
		int status, n = 0;
		pid_t child;

		snprintf(text, sizeof text, "%d", points[i]);
		setenv("SLUICE_TEST_CRASH", text, 1);
		child = fork();
		if (child == 0)
			crash_child(p->folder, 60);
		unsetenv("SLUICE_TEST_CRASH");
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGKILL);
		assert_int_equal(
			store_events_read(p->store, (int64_t)i + 1, 0, count_event, &n, &e), 0);
		assert_int_equal(n, points[i] - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(appends_come_back_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(the_fenced_writes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(closing_inside_a_callback, setup, teardown),
		cmocka_unit_test_setup_teardown(watches_see_other_processes, setup, teardown),
		cmocka_unit_test_setup_teardown(dies_right_after_the_nth, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
