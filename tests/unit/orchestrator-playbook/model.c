// SPDX-License-Identifier: Apache-2.0
// What a good playbook becomes: defaults, merging, vars, includes, what is refused for later.
#include "tests/unit/orchestrator-playbook/harness.h"

static const char full[] =
	"sluice: 1\n"
	"kind: rollout\n"
	"name: shop\n"
	"inventory: sites/prod.yaml\n"
	"include: [common.yaml]\n"
	"vars: { version: required, pool: 80, slow: 2m }\n"
	"services:\n"
	"  shop:\n"
	"    hosts: [shop, s9]\n"
	"    version: $(version)\n"
	"    sha256: 0000000011111111222222223333333344444444555555556666666677777777\n"
	"    ports: [8080, 8081]\n"
	"    release:\n"
	"      dir: $(root)/shop\n"
	"      shared: log\n"
	"      files: [{ from: a.conf, to: etc/a.conf, mode: 0600, substitute: true }]\n"
	"    runtime:\n"
	"      process:\n"
	"        command: exec ./shop $(port)\n"
	"        env: { POOL: $(pool), KEY: env:KEY }\n"
	"        stopSignal: QUIT\n"
	"        log: shop.log\n"
	"    ready: { http: /health, version: { json: version }, minHealthyTime: 3s }\n"
	"    drain: { until: { command: [./idle, now] }, onTimeout: fail }\n"
	"strategy:\n"
	"  canary:\n"
	"    router: { use: edge, backend: be_$(service), serverName: $(host) }\n"
	"    maxUnavailable: 25%\n"
	"    onFailure: pause\n"
	"    progressDeadline: $(slow)0s\n"
	"    rollback: { maxUnavailable: 50% }\n"
	"    steps:\n"
	"      - upgrade: 1\n"
	"      - run: { name: smoke, command: ./smoke.sh $(instance), hosts: local, timeout: 1m }\n"
	"      - setWeight: 12.5%\n"
	"      - pause: { duration: 15m }\n"
	"      - upgrade: 50%\n"
	"      - pause: {}\n";

static const char common[] = "defaults:\n"
			     "  port: 9999\n"
			     "  release: { artifact: $(service)-$(version).tgz, keep: 7 }\n"
			     "  runtime: { commands: { start: a, stop: b, status: c } }\n"
			     "  ready: { http: /old, interval: 250ms, healthyDeadline: 30s }\n";

struct loaded {
	struct diags *d;
	struct playbook *p;
};

static struct loaded load(const char *playbook, const char *include, const char *version)
{
	const struct pb_set set = {"version", version, "--set"};
	struct loaded l = {.d = diags_new()};
	cJSON *texts = cJSON_CreateObject();

	sl_json_add_str(texts, "dir/p.yaml", playbook);
	if (include)
		sl_json_add_str(texts, "dir/common.yaml", include);
	l.p = playbook_load_texts("dir/p.yaml", texts, &set, version ? 1 : 0, l.d);
	cJSON_Delete(texts);
	return l;
}

static struct playbook *load_good(struct loaded *l, const char *playbook, const char *include)
{
	char *said;

	*l = load(playbook, include, "2.10");
	said = diags_text(l->d);
	assert_string_equal(said, "");
	free(said);
	assert_non_null(l->p);
	return l->p;
}

static void unload(struct loaded *l)
{
	playbook_free(l->p);
	diags_free(l->d);
}

static void assert_said(struct loaded *l, const char *expect)
{
	char *said = diags_text(l->d);

	assert_string_equal(said, expect);
	free(said);
	assert_null(l->p);
}

static void test_service(void **state)
{
	struct loaded l;
	const struct pb_service *s = load_good(&l, full, common)->services;

	(void)state;
	assert_int_equal(l.p->service_count, 1);
	assert_string_equal(s->name, "shop");
	assert_int_equal(s->hosts.count, 2);
	assert_string_equal(s->hosts.items[1], "s9");
	assert_string_equal(s->version.text, "$(version)");
	assert_int_equal(s->version.at.line, 10);
	assert_true(s->ports_form);
	assert_int_equal(s->port_count, 2); /* ports replace the port of the defaults */
	assert_int_equal(s->ports[1], 8081);
	assert_null(s->registry.text);
	assert_string_equal(s->release.artifact.text, "$(service)-$(version).tgz");
	assert_string_equal(s->release.dir.text, "$(root)/shop");
	assert_int_equal(s->release.keep, 7);
	assert_false(s->release.stage_wave);
	assert_string_equal(s->release.shared.items[0], "log");
	assert_int_equal(s->release.file_count, 1);
	assert_int_equal(s->release.files[0].mode, 0600);
	assert_true(s->release.files[0].substitute);
	unload(&l);
}

static void test_runtime_ready_drain(void **state)
{
	struct loaded l;
	const struct pb_service *s = load_good(&l, full, common)->services;

	(void)state;
	assert_int_equal(s->runtime.kind, PB_RUNTIME_PROCESS); /* runtime is replaced whole */
	assert_null(s->runtime.start.shell);
	assert_string_equal(s->runtime.command.shell, "exec ./shop $(port)");
	assert_int_equal(s->runtime.env.count, 2);
	assert_string_equal(s->runtime.env.items[1].value.text, "env:KEY");
	assert_string_equal(s->runtime.stop_signal, "QUIT");
	assert_int_equal(s->runtime.stop_timeout.ms, 30000);
	assert_false(s->runtime.stop_timeout.given);
	assert_string_equal(s->ready.http.text, "/health");
	assert_string_equal(s->ready.version_json, "version");
	assert_int_equal(s->ready.interval.ms, 250); /* mappings merge key by key */
	assert_int_equal(s->ready.timeout.ms, 5000);
	assert_int_equal(s->ready.min_healthy_time.ms, 3000);
	assert_int_equal(s->ready.healthy_deadline.ms, 30000);
	assert_false(s->drain.until_idle);
	assert_string_equal(s->drain.until_command.argv[1], "now");
	assert_null(s->drain.until_command.argv[2]);
	assert_int_equal(s->drain.timeout.ms, 30000);
	assert_true(s->drain.fail_on_timeout);
	assert_string_equal(s->router.use, "edge");
	assert_string_equal(s->router.backend, "be_shop");
	assert_string_equal(s->router.server_name.text, "$(host)");
	unload(&l);
}

static void test_strategy(void **state)
{
	struct loaded l;
	const struct pb_strategy *s = &load_good(&l, full, common)->strategy;

	(void)state;
	assert_int_equal(s->kind, PB_CANARY);
	assert_true(s->max_unavailable.is_share);
	assert_true(s->max_unavailable.share == 0.25);
	assert_int_equal(s->max_failures, 0);
	assert_true(s->min_capacity == 0.75 && !s->min_capacity_given);
	assert_int_equal(s->progress_deadline.ms, (2 * 60 + 0) * 1000);
	assert_true(s->pause_on_failure);
	assert_true(s->rollback_max_unavailable.given);
	assert_int_equal(s->step_count, 6);
	assert_int_equal(s->steps[0].amount.count, 1);
	assert_int_equal(s->steps[1].kind, PB_STEP_RUN);
	assert_true(s->steps[1].run.per_instance);
	assert_int_equal(s->steps[1].run.timeout.ms, 60000);
	assert_string_equal(s->steps[1].run.hosts.items[0], "local");
	assert_true(s->steps[2].amount.share == 0.125);
	assert_true(s->steps[3].pause.given);
	assert_int_equal(s->steps[3].pause.ms, 15 * 60 * 1000);
	assert_true(s->steps[4].amount.is_share);
	assert_false(s->steps[5].pause.given);
	unload(&l);
}

static void test_document(void **state)
{
	struct loaded l;
	const struct playbook *p = load_good(&l, full, common);

	(void)state;
	assert_int_equal(p->kind, PB_KIND_ROLLOUT);
	assert_string_equal(p->name, "shop");
	assert_string_equal(p->path, "dir/p.yaml");
	assert_int_equal(p->folder[0], '/');
	assert_string_equal(strrchr(p->folder, '/'), "/dir");
	assert_string_equal(p->inventory, "dir/sites/prod.yaml");
	assert_int_equal(p->later_count, 0);
	assert_int_equal(p->source_count, 2);
	assert_string_equal(p->sources[1].path, "dir/common.yaml");
	assert_string_equal(p->sources[1].text, common);
	assert_int_equal(p->var_count, 3);
	assert_string_equal(p->vars[0].value, "2.10");
	assert_true(p->vars[0].set);
	assert_string_equal(p->vars[1].value, "80");
	assert_false(p->vars[1].set);
	unload(&l);
}

/* Everything of the page's first example that run refuses for now, in the order of the file. */
static void test_later(void **state)
{
	static const char *const expect[] = {
		"release.signature", "runtime.systemd", "contract", "owed hosts",
		"background",        "before",          "route",    "analysis",
		"pause.approvers",   "pause.timeout"};
	static const char text[] =
		"sluice: 1\nkind: rollout\nname: shop\nvars: { version: 1 }\n"
		"services:\n  shop:\n    hosts: shop\n    version: 2.10\n    port: 1\n"
		"    release: { artifact: a.tgz, dir: /s, signature: a.asc, stage: all }\n"
		"    runtime: { systemd: a.service }\n"
		"    registry: city\n"
		"    ready: { registered: UP }\n"
		"    contract: { file: a, against: b }\n"
		"    config: { use: kie, set: { a: b } }\n"
		"strategy:\n  canary:\n    router: { use: e, backend: b }\n    maxFailures: 1\n"
		"    background: { analysis: g, fromStep: 2 }\n"
		"    before: [{ run: { name: a, command: b } }]\n"
		"    steps:\n"
		"      - route: { match: [{ header: a, exact: b }], to: new }\n"
		"      - analysis: g\n"
		"      - pause: { approvers: [a], timeout: 1h }\n"
		"analyses:\n  g:\n    interval: 1m\n    count: 1\n    metrics:\n"
		"      - { name: m, query: { use: p, expr: x }, max: 1, noData: pass }\n";
	struct loaded l;
	const struct playbook *p = load_good(&l, text, NULL);

	(void)state;
	assert_int_equal(p->later_count, SL_COUNT(expect));
	for (size_t i = 0; i < SL_COUNT(expect); i++)
		assert_string_equal(p->later[i].what, expect[i]);
	unload(&l);
}

static void test_include_never_overrides(void **state)
{
	static const char own[] = "sluice: 1\nkind: rollout\nname: s\ninclude: common.yaml\n"
				  "vars: { version: required }\n"
				  "defaults: { release: { keep: 3 } }\n"
				  "services:\n"
				  "  a: { hosts: x, version: $(version), port: 1,"
				  " release: { dir: /srv } }\n"
				  "strategy: { rolling: {} }\n";
	struct loaded l = load(own, common, "1");

	(void)state;
	assert_said(&l, "dir/p.yaml:6:24: error: 'keep' is defined twice in defaults; includes "
			"define, never override\n"
			"    6 | defaults: { release: { keep: 3 } }\n"
			"      |                        ^~~~\n"
			"dir/common.yaml:3:51: note: the other one is here\n");
	unload(&l);
}

static void test_include_missing(void **state)
{
	struct loaded l = load(full, NULL, "1");
	char *said = diags_text(l.d);

	(void)state;
	assert_null(l.p);
	assert_non_null(strstr(said, "dir/p.yaml:5:11: error: cannot read dir/common.yaml: it was "
				     "not kept with the run\n"));
	free(said);
	unload(&l);
}

static void test_include_with_header(void **state)
{
	struct loaded l = load("sluice: 1\nkind: rollout\nname: s\ninclude: common.yaml\n"
			       "services:\n  a: { hosts: x, version: 1, port: 1,"
			       " release: { artifact: a, dir: /srv },"
			       " runtime: { process: { command: a } } }\n"
			       "strategy: { rolling: {} }\n",
			       "kind: rollout\n", NULL);

	(void)state;
	assert_said(&l, "dir/common.yaml:1:1: error: unknown key 'kind'\n"
			"    1 | kind: rollout\n"
			"      | ^~~~\n");
	unload(&l);
}

static void test_unknown_set(void **state)
{
	static const char text[] = "sluice: 1\nkind: rollout\nname: s\nvars: { versoin: 1 }\n"
				   "services:\n  a: { hosts: x, version: $(versoin), port: 1,"
				   " release: { artifact: a, dir: /srv },"
				   " runtime: { process: { command: a } } }\n"
				   "strategy: { rolling: {} }\n";
	struct loaded l = load(text, NULL, "1");

	(void)state;
	assert_said(&l, "dir/p.yaml: error: --set: no var is named 'version' (did you mean "
			"'versoin'?)\n");
	unload(&l);
}

static void test_required_var(void **state)
{
	struct loaded l = load(full, common, NULL);

	(void)state;
	assert_said(&l, "dir/p.yaml:6:9: error: var 'version' has no value; give it with --set "
			"version=...\n"
			"    6 | vars: { version: required, pool: 80, slow: 2m }\n"
			"      |         ^~~~~~~\n");
	unload(&l);
}

static void test_json(void **state)
{
	struct loaded l = load("{}", NULL, NULL);
	cJSON *j = diags_json(l.d);
	char *text = sl_json_print(j);

	(void)state;
	assert_string_equal(text, "{\"diagnostics\":[{\"file\":\"dir/p.yaml\",\"line\":0,"
				  "\"column\":0,\"severity\":\"error\",\"message\":\"'kind' is "
				  "missing: rollout, loadTest or faultDrill\",\"notes\":[]}]}");
	free(text);
	cJSON_Delete(j);
	unload(&l);
}

struct names {
	char text[128];
};

static int add_name(void *arg, const char *name, size_t len, size_t offset)
{
	struct names *n = arg;
	size_t used = strlen(n->text);

	snprintf(n->text + used, sizeof n->text - used, "%.*s@%zu ", (int)len, name, offset);
	return 0;
}

static void test_names(void **state)
{
	static const struct {
		const char *text, *names;
		bool ok;
		size_t bad;
	} rows[] = {
		{"plain", "", true, 0},
		{"$(a)-$(b.c)$(random:1-9)", "a@0 b.c@5 random:1-9@11 ", true, 0},
		{"$$(a) $$$(b) $c", "", true, 0},
		{"$", "", true, 0},
		{"x $(", "", false, 2},
		{"$()", "", false, 0},
		{"$(a) $(b c)", "a@0 ", false, 5},
		{"$(1a)", "", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct names n = {""};
		size_t bad = 0;

		assert_int_equal(pb_names_visit(rows[i].text, add_name, &n, &bad), rows[i].ok);
		assert_string_equal(n.text, rows[i].names);
		assert_int_equal(bad, rows[i].bad);
	}
}

static void test_harness_is_good(void **state)
{
	char *said = harness_say(harness_playbook, harness_inventory);

	(void)state;
	assert_string_equal(said, "");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_runtime_ready_drain),
		cmocka_unit_test(test_strategy),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_include_never_overrides),
		cmocka_unit_test(test_include_missing),
		cmocka_unit_test(test_include_with_header),
		cmocka_unit_test(test_unknown_set),
		cmocka_unit_test(test_required_var),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_harness_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
