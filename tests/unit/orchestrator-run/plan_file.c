/* SPDX-License-Identifier: Apache-2.0 */
/* A saved plan comes back whole; one whose files changed since is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run/run.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define SALT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char *const names[] = {"p.yaml", "more.yaml", "i.yaml", "app-2.0", "plan.json"};

static const char playbook[] = "sluice: 1\n"
			       "kind: rollout\n"
			       "name: shop\n"
			       "inventory: i.yaml\n"
			       "include: [more.yaml]\n"
			       "vars: { version: required }\n"
			       "services:\n"
			       "  shop:\n"
			       "    hosts: shop\n"
			       "    version: $(version)\n"
			       "    port: 8080\n"
			       "    release: { artifact: app-$(version), dir: $(root)/shop }\n"
			       "    runtime: { process: { command: exec ./app } }\n"
			       "strategy:\n"
			       "  rolling: { maxUnavailable: 1, minCapacity: 0% }\n";
static const char more[] = "defaults:\n  drain: { timeout: 5s }\n";

struct site {
	char folder[128];
	struct plugin_host *plugins;
	struct run_inputs in;
	struct plan plan;
	struct sl_error e;
};

static char *path_of(const struct site *s, const char *name)
{
	return sl_asprintf("%s/%s", s->folder, name);
}

static void put(const struct site *s, const char *name, const char *text)
{
	char *path = path_of(s, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

/* Two hosts that are folders here. */
static void put_inventory(const struct site *s)
{
	char *text = sl_asprintf("sluice: 1\n"
				 "kind: inventory\n"
				 "ssh: { driver: local }\n"
				 "groups:\n"
				 "  shop: { hosts: [h1, h2] }\n"
				 "hosts:\n"
				 "  h1: { address: 127.0.0.1, vars: { root: \"%s/h1\" } }\n"
				 "  h2: { address: 127.0.0.2, vars: { root: \"%s/h2\" } }\n",
				 s->folder, s->folder);
	put(s, "i.yaml", text);
	free(text);
}

static void say(const struct site *s)
{
	if (s->in.diags)
		diags_print(s->in.diags, stderr, false);
	print_message("%s\n", s->e.msg);
}

static int setup(void **state)
{
	struct site *s = sl_alloc(sizeof *s);
	const char *tmp = getenv("TMPDIR");
	snprintf(s->folder, sizeof s->folder, "%s/sl-plan-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(s->folder));
	put(s, "p.yaml", playbook);
	put(s, "more.yaml", more);
	put(s, "app-2.0", "#!/bin/sh\n");
	put_inventory(s);
	s->plugins = plugin_host_new(NULL);
	char *path = path_of(s, "p.yaml");
	const struct pb_set set = {"version", "2.0", "--set"};
	const struct run_load load = {
		.playbook = path, .sets = &set, .set_count = 1, .limit = "h2"};
	int rc = run_inputs_load(&load, s->plugins, SALT, &s->in, &s->e);
	free(path);
	if (rc)
		say(s);
	assert_int_equal(rc, RUN_DONE);
	struct plan_seen seen[2] = {{.alive = false}, {.alive = false}};
	const struct plan_input input = {
		.resolved = s->in.resolved, .seen = seen, .artifact = &s->in.artifact};
	rc = plan_make(&input, &s->plan, &s->e);
	if (rc)
		say(s);
	assert_int_equal(rc, SL_OK);
	assert_true(s->plan.step_count > 0);
	cJSON *doc = run_plan_file(&s->in, &s->plan);
	char *text = sl_json_print(doc);
	put(s, "plan.json", text);
	free(text);
	cJSON_Delete(doc);
	*state = s;
	return 0;
}

static void closed(void *arg)
{
	*(bool *)arg = true;
}

static int teardown(void **state)
{
	struct site *s = *state;
	bool gone = false;
	plan_release(&s->plan);
	run_inputs_release(&s->in);
	plugin_host_close(s->plugins, closed, &gone);
	for (size_t i = 0; i < SL_COUNT(names); i++) {
		char *path = path_of(s, names[i]);
		unlink(path);
		free(path);
	}
	assert_int_equal(rmdir(s->folder), 0);
	free(s);
	return 0;
}

static int load(struct site *s, struct run_inputs *in, struct plan *plan)
{
	char *path = path_of(s, "plan.json");
	sl_error_clear(&s->e);
	int rc = run_plan_file_load(path, s->plugins, SALT, in, plan, &s->e);
	free(path);
	return rc;
}

static void expect_refused(struct site *s, const char *word)
{
	struct run_inputs in;
	struct plan plan;
	assert_int_equal(load(s, &in, &plan), RUN_INPUT);
	if (!strstr(s->e.msg, word))
		fail_msg("'%s' does not say '%s'", s->e.msg, word);
	plan_release(&plan);
	run_inputs_release(&in);
}

static void expect_loaded(struct site *s)
{
	struct run_inputs in;
	struct plan plan;
	int rc = load(s, &in, &plan);
	if (rc)
		say(s);
	assert_int_equal(rc, RUN_DONE);
	assert_string_equal(in.playbook->name, "shop");
	assert_string_equal(in.limit, "h2");
	assert_string_equal(in.artifact.sha256, s->in.artifact.sha256);
	assert_int_equal(in.artifact.size, s->in.artifact.size);
	assert_string_equal(in.resolved->artifact, s->in.resolved->artifact);
	assert_int_equal(in.resolved->instance_count, 2);
	for (size_t i = 0; i < 2; i++)
		assert_string_equal(in.resolved->instances[i].spec,
				    s->in.resolved->instances[i].spec);
	cJSON *a = run_plan_file(&s->in, &s->plan), *b = run_plan_file(&in, &plan);
	assert_true(cJSON_Compare(sl_json_get(a, "plan"), sl_json_get(b, "plan"), true));
	assert_true(cJSON_Compare(sl_json_get(a, "texts"), sl_json_get(b, "texts"), true));
	assert_true(cJSON_Compare(sl_json_get(a, "sets"), sl_json_get(b, "sets"), true));
	cJSON_Delete(a);
	cJSON_Delete(b);
	plan_release(&plan);
	run_inputs_release(&in);
}

static void test_round_trip(void **state)
{
	expect_loaded(*state);
}

static void test_changed_files(void **state)
{
	static const struct {
		const char *name, *text;
	} rows[] = {{"p.yaml", "# another\n"}, {"more.yaml", "# another\n"}, {"i.yaml", ""}};
	struct site *s = *state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		put(s, rows[i].name, rows[i].text);
		expect_refused(s, "changed since the plan was made");
		put(s, "p.yaml", playbook);
		put(s, "more.yaml", more);
		put_inventory(s);
	}
	expect_loaded(s);
}

/* A file that is gone is no other text: the plan carries its own. */
static void test_files_gone(void **state)
{
	struct site *s = *state;
	for (size_t i = 0; i < 3; i++) {
		char *path = path_of(s, names[i]);
		assert_int_equal(unlink(path), 0);
		free(path);
	}
	expect_loaded(s);
}

static void test_artifact(void **state)
{
	struct site *s = *state;
	put(s, "app-2.0", "#!/bin/sh\nanother\n");
	expect_refused(s, s->in.artifact.sha256);
}

static void test_no_plan(void **state)
{
	struct site *s = *state;
	static const char *const texts[] = {
		"", "{", "[]", "{}", "{\"kind\":\"plan\"}", "{\"kind\":\"run\"}", "\"plan\""};
	for (size_t i = 0; i < SL_COUNT(texts); i++) {
		put(s, "plan.json", texts[i]);
		expect_refused(s, "");
		assert_true(s->e.msg[0] != '\0');
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(test_round_trip), CASE(test_changed_files),
					   CASE(test_files_gone), CASE(test_artifact),
					   CASE(test_no_plan)};
	return cmocka_run_group_tests_name("plan file", tests, NULL, NULL);
}
