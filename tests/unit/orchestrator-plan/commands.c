/* SPDX-License-Identifier: Apache-2.0 */
/* `run` steps: where they run, how often, in which folder, under which claim. From real texts. */
#include "orchestrator/playbook/playbook.h"
#include "plugins/sdk/json.h"
#include "tests/unit/orchestrator-plan/world.h"

static const char inventory_text[] = "sluice: 1\n"
				     "kind: inventory\n"
				     "groups:\n"
				     "  orders: { hosts: [\"oa[01:03]\"] }\n"
				     "  tools: { hosts: [t1, oa02] }\n"
				     "hosts:\n"
				     "  oa01: { address: 10.0.0.1 }\n"
				     "  oa02: { address: 10.0.0.2 }\n"
				     "  oa03: { address: 10.0.0.3 }\n"
				     "  t1: { address: 10.0.9.1 }\n";

static const char playbook_text[] = "sluice: 1\n"
				    "kind: rollout\n"
				    "name: orders-grey\n"
				    "inventory: lab.yaml\n"
				    "services:\n"
				    "  orders:\n"
				    "    hosts: orders\n"
				    "    port: 8080\n"
				    "    version: 2.0.0\n"
				    "    release: { artifact: orders.tgz, dir: /srv/orders }\n"
				    "    runtime: { process: { command: ./orders } }\n"
				    "    ready: { http: /health }\n"
				    "strategy:\n"
				    "  canary:\n"
				    "    steps:\n"
				    "      - upgrade: 2\n"
				    "      - run: %s\n";

struct loaded {
	struct diags *diags;
	struct playbook *playbook;
	struct inventory_file *inventory;
	struct resolved *resolved;
	struct artifact artifact;
	struct plan_seen seen[3];
	struct plan_input in;
};

static void load(struct loaded *l, const char *run, const char *limit)
{
	char *text = sl_asprintf(playbook_text, run);
	cJSON *texts = cJSON_CreateObject();
	*l = (struct loaded){.diags = diags_new(), .artifact = {.sha256 = NEW_DIGEST}};
	sl_json_add_str(texts, "/home/op/grey.yaml", text);
	l->playbook = playbook_load_texts("/home/op/grey.yaml", texts, NULL, 0, l->diags);
	l->inventory = inventory_load_text("/home/op/lab.yaml", inventory_text, l->diags);
	if (l->playbook && l->inventory)
		l->resolved = inventory_resolve(l->playbook, l->inventory, limit, l->diags);
	if (!l->resolved)
		fail_msg("%s", diags_text(l->diags));
	assert_int_equal(l->resolved->instance_count, 3);
	for (size_t i = 0; i < 3; i++)
		l->seen[i] = (struct plan_seen){.link = SEEN_RELEASE,
						.release = TEXT(OLD_NAME),
						.digest = TEXT(OLD_DIGEST),
						.spec = TEXT(OLD_SPEC),
						.version = TEXT("1.0.0"),
						.alive = true};
	l->in = (struct plan_input){
		.resolved = l->resolved, .seen = l->seen, .artifact = &l->artifact};
	cJSON_Delete(texts);
	free(text);
}

static void unload(struct loaded *l)
{
	resolved_free(l->resolved);
	inventory_free(l->inventory);
	playbook_free(l->playbook);
	diags_free(l->diags);
}

/* "host track command @cwd [claim]; ..." of the run wave. */
static char *run_words(const struct plan *p)
{
	struct sl_buf b;
	sl_buf_init(&b, 1 << 16);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what == DO_RUN)
			sl_buf_printf(&b, "%s%s %zu %s @%s [%s]", b.len ? "; " : "", s->host,
				      s->track, s->command, s->cwd, s->claim ? s->claim : "");
	}
	char *words = sl_strdup(sl_buf_str(&b));
	sl_buf_release(&b);
	return words;
}

#define NEW_FOLDER "@/srv/orders/releases/" NEW_NAME " [/srv/orders/.sluice]"

static void test_places(void **state)
{
	(void)state;
	static const struct {
		const char *run, *words;
		size_t claims;
	} rows[] = {
		{"{ name: smoke, command: ./smoke $(instance), hosts: local }",
		 "local 0 ./smoke '10.0.0.1:8080' @/home/op []; "
		 "local 0 ./smoke '10.0.0.2:8080' @/home/op []",
		 3},
		{"{ name: once, command: ./once, hosts: local }", "local 0 ./once @/home/op []", 3},
		{"{ name: warm, command: ./warm $(instance) }",
		 "oa01 0 ./warm '10.0.0.1:8080' " NEW_FOLDER
		 "; oa02 1 ./warm '10.0.0.2:8080' " NEW_FOLDER,
		 3},
		{"{ name: all, command: ls $(release) }",
		 "oa01 0 ls '/srv/orders/releases/" NEW_NAME "' " NEW_FOLDER
		 "; oa02 1 ls '/srv/orders/releases/" NEW_NAME "' " NEW_FOLDER
		 "; oa03 2 ls '/srv/orders/releases/" NEW_NAME "' " NEW_FOLDER,
		 3},
		{"{ name: first, command: ./one, hosts: one }", "oa01 0 ./one " NEW_FOLDER, 3},
		{"{ name: group, command: ./tool, hosts: tools }",
		 "oa02 0 ./tool " NEW_FOLDER "; t1 1 ./tool @/ [~/.sluice/run-orders]", 4},
		{"{ name: group, command: ./tool $(instance), hosts: tools }",
		 "oa02 0 ./tool '10.0.0.2:8080' " NEW_FOLDER, 3},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct loaded l;
		struct plan p;
		struct sl_error e = {0};
		load(&l, rows[i].run, NULL);
		if (plan_make(&l.in, &p, &e))
			fail_msg("%s: %s", rows[i].run, e.msg);
		char *words = run_words(&p);
		if (strcmp(words, rows[i].words) != 0)
			fail_msg("%s:\n     got: %s\nexpected: %s", rows[i].run, words,
				 rows[i].words);
		assert_int_equal(p.waves[0].kind, WAVE_CLAIM);
		assert_int_equal(p.waves[0].count, rows[i].claims);
		free(words);
		plan_release(&p);
		unload(&l);
	}
}

static void test_limited(void **state)
{
	(void)state;
	struct loaded l;
	struct plan p;
	struct sl_error e = {0};
	load(&l, "{ name: tool, command: ./tool, hosts: tools }", "oa01");
	assert_int_equal(plan_make(&l.in, &p, &e), SL_OK);
	char *words = run_words(&p);
	assert_string_equal(words, "t1 0 ./tool @/ [~/.sluice/run-orders]");
	free(words);
	plan_release(&p);
	unload(&l);
}

/* Undo commands run in reverse, only of runs that began; those without are named. */
static void test_undo(void **state)
{
	(void)state;
	struct loaded l;
	struct plan p, u;
	struct sl_error e = {0};
	load(&l,
	     "{ name: cut, command: ./on, undo: ./off, check: ./is-on, repeatable: true, timeout: "
	     "20s }\n      - run: { name: never, command: ./x, undo: ./y }",
	     NULL);
	assert_int_equal(plan_make(&l.in, &p, &e), SL_OK);
	struct plan_progress *progress = sl_alloc_n(p.step_count + 1, sizeof *progress);
	size_t begun = 0;
	for (size_t i = 0; i < p.step_count && begun < 2; i++) {
		progress[i].state = PROGRESS_OK;
		if (p.steps[i].what != DO_RUN)
			continue;
		assert_string_equal(p.steps[i].check, "./is-on");
		assert_true(p.steps[i].repeatable);
		assert_int_equal(p.steps[i].deadline_ms, 35000);
		progress[i].state = begun++ ? PROGRESS_UNKNOWN : PROGRESS_OK;
	}
	assert_int_equal(plan_make_undo(&p, progress, &l.in, false, &u, &e), SL_OK);
	char *words = run_words(&u);
	assert_string_equal(words, "oa02 0 ./off " NEW_FOLDER "; oa01 0 ./off " NEW_FOLDER);
	char *order = world_words(&u);
	assert_string_equal(order,
			    "swap oa02, ready oa02 | swap oa01, ready oa01 | run oa02 | run oa01 "
			    "| unstage oa01, unstage oa02, unstage oa03 | "
			    "release oa03, release oa02, release oa01");
	free(words);
	free(order);
	free(progress);
	plan_release(&u);
	plan_release(&p);
	unload(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_limited),
		cmocka_unit_test(test_undo),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
