/* SPDX-License-Identifier: Apache-2.0 */
/* The views on a catalogue and a store that the test fills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/view/sources.h"
#include "orchestrator/view/view.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct bench {
	uv_loop_t loop;
	struct catalogue *catalogue;
	struct store *store;
	char folder[64];
};

static void mark(void *arg)
{
	*(bool *)arg = true;
}

static int setup(void **state)
{
	struct bench *b = sl_alloc(sizeof *b);
	const char *tmp = getenv("TMPDIR");

	uv_loop_init(&b->loop);
	b->catalogue = catalogue_new(&b->loop);
	snprintf(b->folder, sizeof b->folder, "%s/sluice-view-XXXXXX",
		 tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(store_open(b->folder, &b->store, NULL), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;
	bool closed = false;
	char command[100];

	store_close(b->store);
	catalogue_close(b->catalogue, mark, &closed);
	while (!closed)
		uv_run(&b->loop, UV_RUN_ONCE);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&b->loop), 0);
	snprintf(command, sizeof command, "rm -rf '%s'", b->folder);
	assert_int_equal(system(command), 0);
	free(b);
	return 0;
}

static cJSON *view_json(struct bench *b, const char *view, const char *subject)
{
	const struct vw_world w = {.catalogue = b->catalogue,
				   .store = b->store,
				   .environment = "city",
				   .subject = subject,
				   .now = 1767322800000};
	struct vw_table *t = vw_table_fill(vw_find(view), &w);
	cJSON *doc = vw_json(t, NULL, b->catalogue),
	      *items = cJSON_DetachItemFromObject(doc, "items");

	cJSON_Delete(doc);
	vw_table_free(t);
	return items;
}

static struct sl_instance instance(const char *service, const char *id, int state,
				   const char *version)
{
	return (struct sl_instance){.service = service,
				    .id = id,
				    .host = "oa01",
				    .port = 8080,
				    .state = (enum sl_instance_state)state,
				    .version = version,
				    .weight = SL_KEEP};
}

/* Every view by itself: keys are those of the columns, each once, sorted answers, no crash when
 * nothing is there. */
static void test_every_view_can_be_empty(void **state)
{
	const struct vw_view *const *views;
	size_t count = vw_views(&views);

	for (size_t i = 0; i < count; i++) {
		const struct vw_world none = {.environment = ""};
		struct vw_table *t = vw_table_fill(views[i], &none);
		struct sl_error e = {0};

		assert_int_equal(t->count, 0);
		assert_int_equal(vw_sort(t, views[i]->sort, &e), 0);
		for (size_t k = 0; k < views[i]->column_count; k++) {
			const struct vw_column *c = &views[i]->columns[k];

			assert_non_null(c->key);
			assert_true(*c->title && *c->help);
			for (size_t l = 0; l < k; l++)
				assert_string_not_equal(c->key, views[i]->columns[l].key);
		}
		vw_table_free(t);
	}
	(void)state;
	assert_null(vw_find("nothing"));
}

static const struct {
	int states[4];
	const char *state, *reason;
} rows[] = {
	{{SL_INSTANCE_UP, SL_INSTANCE_UP, SL_INSTANCE_UP, SL_INSTANCE_UP}, "ok", NULL},
	{{SL_INSTANCE_UP, SL_INSTANCE_DOWN, SL_INSTANCE_OUT, SL_INSTANCE_UP},
	 "degraded",
	 "2 of 4 not up (1 down, 1 out of service); i2"},
	{{SL_INSTANCE_UP, SL_INSTANCE_STARTING, SL_INSTANCE_UP, SL_INSTANCE_UP},
	 "working",
	 "1 of 4 not up (1 starting); i2"},
	{{SL_INSTANCE_DOWN, SL_INSTANCE_DOWN, SL_INSTANCE_OUT, SL_INSTANCE_DOWN},
	 "failed",
	 "4 of 4 not up (3 down, 1 out of service); i1"},
	{{SL_INSTANCE_OUT, SL_INSTANCE_OUT, SL_INSTANCE_OUT, SL_INSTANCE_OUT},
	 "off",
	 "4 of 4 not up (4 out of service); i1"},
	{{SL_INSTANCE_DOWN, SL_INSTANCE_TESTING, SL_INSTANCE_DOWN, SL_INSTANCE_DOWN},
	 "working",
	 "4 of 4 not up (3 down, 1 testing); i1"},
	{{SL_INSTANCE_UNKNOWN, SL_INSTANCE_UNKNOWN, SL_INSTANCE_UNKNOWN, SL_INSTANCE_UNKNOWN},
	 "noContact",
	 "nobody says how its 4 instances are"},
};

static void test_service_states(void **state)
{
	struct bench *b = *state;
	static const char *const ids[] = {"i1", "i2", "i3", "i4"};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_instance list[4];
		const cJSON *row;
		cJSON *items;

		for (size_t k = 0; k < 4; k++)
			list[k] = instance("订单服务", ids[k], rows[i].states[k],
					   k ? "4.12.1" : "4.12.0");
		catalogue_give(b->catalogue, "city", "fake", list, 4);
		items = view_json(b, "services", NULL);
		assert_int_equal(cJSON_GetArraySize(items), 1);
		row = cJSON_GetArrayItem(items, 0);
		assert_string_equal(sl_json_str(row, "service", ""), "订单服务");
		assert_string_equal(sl_json_str(row, "environment", ""), "city");
		assert_string_equal(sl_json_str(row, "state", ""), rows[i].state);
		if (rows[i].reason)
			assert_string_equal(sl_json_str(row, "reason", ""), rows[i].reason);
		else
			assert_true(cJSON_IsNull(sl_json_get(row, "reason")));
		assert_int_equal(sl_json_int(row, "all", 0), 4);
		assert_true(sl_json_num(sl_json_get(row, "versions"), "4.12.1", 0) == 0.75);
		assert_true(cJSON_IsNull(sl_json_get(row, "rate")));
		cJSON_Delete(items);
	}
}

static void test_instances_of_one(void **state)
{
	struct bench *b = *state;
	const struct sl_instance list[] = {
		instance("orders", "i2", SL_INSTANCE_UP, "1"),
		instance("orders", "i1", SL_INSTANCE_OUT, NULL),
		instance("stock", "i1", SL_INSTANCE_UP, "1"),
	};
	cJSON *items;
	const cJSON *row;

	catalogue_give(b->catalogue, "city", "fake", list, 3);
	items = view_json(b, "instances", "orders");
	assert_int_equal(cJSON_GetArraySize(items), 2);
	row = cJSON_GetArrayItem(items, 0);
	assert_string_equal(sl_json_str(row, "instance", ""), "i1");
	assert_string_equal(sl_json_str(row, "registered", ""), "OUT");
	assert_string_equal(sl_json_str(row, "state", ""), "off");
	assert_int_equal(sl_json_int(row, "port", 0), 8080);
	assert_true(cJSON_IsNull(sl_json_get(row, "version")));
	assert_true(cJSON_IsNull(sl_json_get(row, "weight")));
	assert_true(cJSON_IsObject(sl_json_get(row, "labels")));
	cJSON_Delete(items);
	items = view_json(b, "instances", NULL);
	assert_int_equal(cJSON_GetArraySize(items), 3);
	cJSON_Delete(items);
}

static void test_runs(void **state)
{
	struct bench *b = *state;
	struct store_run r = {.name = sl_strdup("grey\033[2J"),
			      .kind = sl_strdup("rollout"),
			      .who = sl_strdup("lin"),
			      .from = sl_strdup("ops1"),
			      .reason = sl_strdup("订单 4.12.1")};
	cJSON *items;
	const cJSON *row;

	snprintf(r.uuid, sizeof r.uuid, "0b0e7a30-0000-4000-8000-000000000001");
	assert_int_equal(store_run_create(b->store, &r, NULL, NULL), 0);
	items = view_json(b, "runs", NULL);
	assert_int_equal(cJSON_GetArraySize(items), 1);
	row = cJSON_GetArrayItem(items, 0);
	assert_int_equal(sl_json_int(row, "number", 0), r.number);
	assert_string_equal(sl_json_str(row, "name", ""), "grey?[2J");
	assert_string_equal(sl_json_str(row, "reason", ""), "订单 4.12.1");
	assert_string_equal(sl_json_str(row, "state", ""), "running");
	assert_true(sl_json_bool(row, "controller", false)); /* it is us */
	assert_true(cJSON_IsNull(sl_json_get(row, "exit")));
	cJSON_Delete(items);
	store_run_release(&r);
}

static const struct {
	const char *set;
	enum vw_state state;
	const char *reason;
	const char *waits; /* the column, where it matters */
} standings[] = {
	{"state='running'", VW_WORKING, "", NULL},
	{"state='paused', waiting='{\"for\":\"time\",\"until\":1767323040000}'", VW_WAITING, "",
	 "the time, 03:04:00"},
	{"waiting='{\"for\":\"retry\"}'", VW_WAITING,
	 "a step has failed: sluice retry, or sluice abort takes it back", NULL},
	{"waiting='{\"for\":\"promote\"}'", VW_WAITING,
	 "stands at a pause: sluice promote passes it, sluice abort takes it back", NULL},
	{"pid=0", VW_NO_CONTACT, "its controller is gone: sluice resume, or sluice undo", NULL},
	{"parked=1", VW_WAITING, "parked, nobody watches it: sluice promote, or sluice undo", NULL},
	{"waiting='{\"for\":\"retry\"}'", VW_WAITING,
	 "parked, nobody watches it: sluice retry, or sluice undo", NULL},
	{"waiting='{\"for\":\"time\",\"until\":1767323040000}'", VW_WAITING,
	 "parked, nobody watches it: sluice resume, or sluice undo", "a controller"},
	{"parked=0, state='undoing'", VW_NO_CONTACT,
	 "its controller is gone: sluice resume, or sluice undo", NULL},
	{"state='ended', outcome='rolledBack'", VW_DEGRADED,
	 "a step failed, and all is as it was before: sluice show says which", NULL},
	{"outcome='undone'", VW_OFF, "taken back", NULL},
	{"outcome='refused'", VW_OFF, "refused: nothing was changed", NULL},
	{"outcome='done'", VW_OK, "", NULL},
};

static const char *waits_for(const struct vw_table *t)
{
	for (size_t i = 0; i < t->view->column_count; i++)
		if (!strcmp(t->view->columns[i].key, "waiting"))
			return t->rows[0].cells[i].text;
	return "";
}

/* A pause that nobody watches is no common pause: one of some time does not end. */
static void test_runs_without_controller(void **state)
{
	struct bench *b = *state;
	const struct vw_world w = {.store = b->store, .now = 1};
	struct store_run r = {.uuid = "0b0e7a30-0000-4000-8000-000000000001"};
	char *path = sl_asprintf("%s/runs.db", b->folder);
	sqlite3 *db;

	setenv("TZ", "UTC", 1); /* of the clock */
	tzset();
	assert_int_equal(store_run_create(b->store, &r, NULL, NULL), 0);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	free(path);
	for (size_t i = 0; i < SL_COUNT(standings); i++) { /* each on top of those before */
		char *sql = sl_asprintf("UPDATE run SET %s", standings[i].set);
		struct vw_table *t;

		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
		t = vw_table_fill(vw_find("runs"), &w);
		assert_int_equal(t->count, 1);
		assert_int_equal(t->rows[0].state, standings[i].state);
		assert_string_equal(t->rows[0].reason, standings[i].reason);
		if (standings[i].waits)
			assert_string_equal(waits_for(t), standings[i].waits);
		vw_table_free(t);
		free(sql);
	}
	sqlite3_close(db);
	store_run_release(&r);
}

/* A lease that ends leaves a list in which all are well: who went is missed, unless another came.
 */
static void test_instances_that_went(void **state)
{
	struct bench *b = *state;
	const struct sl_instance i1 = instance("orders", "i1", SL_INSTANCE_UP, "1"),
				 i2 = instance("orders", "i2", SL_INSTANCE_UP, "1"),
				 i3 = instance("orders", "i3", SL_INSTANCE_UP, "1"),
				 out = instance("orders", "i3", SL_INSTANCE_OUT, "1");
	const struct {
		struct sl_instance list[3];
		size_t count;
		enum vw_state state;
		const char *reason; /* the beginning */
	} answers[] = {
		{{i1, i2}, 2, VW_OK, ""},
		{{i1}, 1, VW_DEGRADED, "1 left the registry, the last i2 "},
		{{i1, i3}, 2, VW_OK, ""}, /* under another id */
		{{i1, out}, 2, VW_DEGRADED, "1 of 2 not up (1 out of service)"},
		{{i1}, 1, VW_OK, ""}, /* it was taken out first */
		{{i3}, 1, VW_OK, ""},
		{{i2, i3}, 2, VW_OK, ""},
		{{i2},
		 1,
		 VW_OK,
		 ""}, /* its successor came first, as a rolling update may have it */
	};

	for (size_t i = 0; i < SL_COUNT(answers); i++) {
		const struct vw_world w = {.catalogue = b->catalogue, .now = sl_time_now()};
		struct vw_table *t;

		catalogue_give(b->catalogue, "city", "fake", answers[i].list, answers[i].count);
		t = vw_table_fill(vw_find("services"), &w);
		assert_int_equal(t->count, 1);
		if (t->rows[0].state != answers[i].state)
			fail_msg("answer %zu: %s", i, t->rows[0].reason);
		assert_memory_equal(t->rows[0].reason, answers[i].reason,
				    strlen(answers[i].reason));
		vw_table_free(t);
	}
}

/* What is failed or without contact, whatever it is; what still works is not among them. */
static void test_alerts(void **state)
{
	struct bench *b = *state;
	const struct sl_instance list[] = {
		instance("orders", "i1", SL_INSTANCE_UP, "1"),
		instance("orders", "i2", SL_INSTANCE_DOWN, "1"),
		instance("支付", "i1", SL_INSTANCE_DOWN, "1"),
		instance("stock", "i1", SL_INSTANCE_UNKNOWN, "1"),
		instance("cart", "i1", SL_INSTANCE_OUT, "1"),
	};
	static const char *const want[][3] = {
		{"vault", "source", "failed"},
		{"stock", "service", "noContact"},
		{"支付", "service", "failed"},
	};
	const struct vw_world w = {.catalogue = b->catalogue, .store = b->store, .now = 1};
	cJSON *items;

	catalogue_give(b->catalogue, "city", "fake", list, SL_COUNT(list));
	catalogue_add_broken(b->catalogue, "vault", "kie", CAT_CONFIG, "no such plugin");
	assert_int_equal(vw_alert_count(&w), SL_COUNT(want));
	items = view_json(b, "alerts", NULL);
	assert_int_equal(cJSON_GetArraySize(items), SL_COUNT(want));
	for (size_t i = 0; i < SL_COUNT(want); i++) {
		const cJSON *row, *found = NULL;

		cJSON_ArrayForEach(row, items) if (!strcmp(sl_json_str(row, "name", ""),
							   want[i][0])) found = row;
		assert_non_null(found);
		assert_string_equal(sl_json_str(found, "kind", ""), want[i][1]);
		assert_string_equal(sl_json_str(found, "state", ""), want[i][2]);
		assert_true(*sl_json_str(found, "reason", ""));
	}
	cJSON_Delete(items);
}

/* A run that needs somebody, until a later one of its name. */
static void test_alerts_of_runs(void **state)
{
	struct bench *b = *state;
	const struct vw_world w = {.store = b->store, .now = 1};
	struct store_run r = {.name = sl_strdup("灰度"),
			      .kind = sl_strdup("rollout"),
			      .who = sl_strdup("lin"),
			      .from = sl_strdup("ops1"),
			      .reason = sl_strdup("")};
	cJSON *items;
	sqlite3 *db;
	char *path;

	snprintf(r.uuid, sizeof r.uuid, "0b0e7a30-0000-4000-8000-000000000001");
	assert_int_equal(store_run_create(b->store, &r, NULL, NULL), 0);
	assert_int_equal(vw_alert_count(&w), 0);
	path = sl_asprintf("%s/runs.db", b->folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	free(path);
	assert_int_equal(sqlite3_exec(db, "UPDATE run SET state='ended', outcome='needsHuman'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(vw_alert_count(&w), 1);
	items = view_json(b, "alerts", NULL);
	assert_string_equal(sl_json_str(cJSON_GetArrayItem(items, 0), "name", ""), "run 1 灰度");
	assert_string_equal(sl_json_str(cJSON_GetArrayItem(items, 0), "id", ""), "1");
	cJSON_Delete(items);
	snprintf(r.uuid, sizeof r.uuid, "0b0e7a30-0000-4000-8000-000000000002");
	assert_int_equal(store_run_create(b->store, &r, NULL, NULL), 0);
	assert_int_equal(vw_alert_count(&w), 0);
	store_run_release(&r);
}

static void test_changes_are_events(void **state)
{
	struct bench *b = *state;
	struct sl_instance one = instance("orders", "i1", SL_INSTANCE_UP, "1");
	cJSON *items;
	const cJSON *row;

	catalogue_give(b->catalogue, "city", "fake", &one, 1);
	items = view_json(b, "events", NULL);
	assert_int_equal(cJSON_GetArraySize(items), 0);
	cJSON_Delete(items);
	one.state = SL_INSTANCE_DOWN;
	catalogue_give(b->catalogue, "city", "fake", &one, 1);
	items = view_json(b, "events", "orders");
	assert_int_equal(cJSON_GetArraySize(items), 1);
	row = cJSON_GetArrayItem(items, 0);
	assert_string_equal(sl_json_str(row, "event", ""), "instance.changed");
	assert_string_equal(sl_json_str(row, "text", ""), "UP -> DOWN");
	assert_string_equal(sl_json_str(row, "source", ""), "city");
	assert_string_equal(sl_json_str(row, "level", ""), "error");
	cJSON_Delete(items);
}

/* What repeats is one row: the newest, with how many and since when. */
static void test_repeats_are_folded(void **state)
{
	struct bench *b = *state;
	struct sl_instance one = instance("orders", "i1", SL_INSTANCE_UP, "1");
	struct vw_world w = {.catalogue = b->catalogue, .environment = "", .now = 1};
	struct vw_table *t;
	char text[200];
	size_t i, col;

	for (i = 0; i < 7; i++) { /* down three times, up three times */
		one.state = i % 2 ? SL_INSTANCE_DOWN : SL_INSTANCE_UP;
		catalogue_give(b->catalogue, "city", "fake", &one, 1);
	}
	t = vw_table_fill(vw_find("events"), &w);
	assert_int_equal(t->count, 6);
	vw_table_free(t);
	w.fold = true;
	t = vw_table_fill(vw_find("events"), &w);
	assert_int_equal(t->count, 2);
	for (col = 0; strcmp(t->view->columns[col].key, "text") != 0; col++)
		;
	for (i = 0; i < t->count; i++) {
		vw_cell_text(t, i, col, 1, text, sizeof text);
		assert_non_null(strstr(text, "(x3 since "));
	}
	vw_table_free(t);
}

static double ms_since(uint64_t from)
{
	return (double)(uv_hrtime() - from) / 1e6;
}

/* How long a refresh takes at 10,000 instances is printed, for people; that it is right is tested.
 */
static void test_ten_thousand(void **state)
{
	static const char *const filters[] = {"orders", "订单", "p", "/i-0[0-4]9+$/",
					      "state:bad version:4"};
	static char services[10000][40], ids[10000][40];
	struct bench *b = *state;
	struct sl_instance *list = sl_alloc_n(10000, sizeof *list);
	const struct vw_world w = {.catalogue = b->catalogue, .environment = "", .now = 1};
	struct vw_table *t;
	struct sl_buf out;
	uint64_t from;

	for (size_t i = 0; i < 10000; i++) {
		snprintf(services[i], sizeof services[i], "%s-%04zu", i % 2 ? "orders" : "订单",
			 i / 10);
		snprintf(ids[i], sizeof ids[i], "i-%05zu", i);
		list[i] = instance(services[i], ids[i], (int)(i % 3), "4.12.1");
	}
	catalogue_give(b->catalogue, "city", "fake", list, 10000);
	from = uv_hrtime();
	t = vw_table_fill(vw_find("services"), &w);
	print_message("fill %zu services: %.1f ms\n", t->count, ms_since(from));
	vw_table_free(t);
	from = uv_hrtime();
	t = vw_table_fill(vw_find("instances"), &w);
	print_message("fill %zu instances: %.1f ms\n", t->count, ms_since(from));
	assert_int_equal(t->count, 10000);
	from = uv_hrtime();
	assert_int_equal(vw_sort(t, "state", NULL), 0);
	print_message("sort: %.1f ms\n", ms_since(from));
	for (size_t i = 0; i < SL_COUNT(filters); i++) {
		struct vw_filter *f = vw_filter_parse(t->view, filters[i], NULL);
		size_t pass = 0;

		from = uv_hrtime();
		for (size_t k = 0; k < t->count; k++)
			pass += vw_filter_match(f, t, k);
		print_message("filter %s: %.1f ms, %zu pass\n", filters[i], ms_since(from), pass);
		assert_true(pass < 10000);
		vw_filter_free(f);
	}
	sl_buf_init(&out, 64u << 20);
	from = uv_hrtime();
	vw_print(t, NULL, b->catalogue, VW_AS_JSON, 1, false, &out);
	print_message("json of %zu bytes: %.1f ms\n", out.len, ms_since(from));
	sl_buf_release(&out);
	vw_table_free(t);
	free(list);
}

/* An inventory whose backends have no plugins: each is a source that says so. */
static void test_sources_without_plugins(void **state)
{
	struct bench *b = *state;
	static const char text[] =
		"sluice: 1\nkind: inventory\n"
		"registries: { city: { type: nacos } }\n"
		"metrics: { prom: { type: prometheus, queries: { p99: up } } }\n";
	struct diags *d = diags_new();
	struct inventory_file *f = inventory_load_text("i.yaml", text, d);
	struct plugin_host *plugins = plugin_host_new(&b->loop);
	struct vw_sources *s;
	struct catalogue *c;
	bool closed = false;

	assert_non_null(f);
	s = vw_sources_open(&b->loop, f, plugins, 0);
	c = vw_sources_catalogue(s);
	catalogue_want(c, CAT_REGISTRY | CAT_METRICS);
	assert_true(catalogue_settled(c));
	assert_int_equal(catalogue_source_count(c), 2);
	assert_string_equal(catalogue_source(c, 0).name, "city");
	assert_non_null(strstr(catalogue_source(c, 0).error, "no plugin of type 'nacos'"));
	assert_non_null(strstr(catalogue_source(c, 1).error, "that has metrics"));
	vw_sources_close(s, mark, &closed);
	while (!closed)
		uv_run(&b->loop, UV_RUN_ONCE);
	closed = false;
	plugin_host_close(plugins, mark, &closed);
	while (!closed)
		uv_run(&b->loop, UV_RUN_ONCE);
	inventory_free(f);
	diags_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_view_can_be_empty),
		cmocka_unit_test_setup_teardown(test_service_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_instances_of_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_runs_without_controller, setup, teardown),
		cmocka_unit_test_setup_teardown(test_instances_that_went, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alerts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alerts_of_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changes_are_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeats_are_folded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ten_thousand, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sources_without_plugins, setup, teardown),
	};

	return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
