/* SPDX-License-Identifier: Apache-2.0 */
/* Plans of services with a registry and a config centre: steps, what people see, what is refused,
 * what makes a saved plan stale. */
#include "plugins/sdk/json.h"
#include "tests/unit/orchestrator-plan/world.h"

static struct world *rolling(size_t n, bool router)
{
	struct world *w = world_new(n, PB_ROLLING, router);
	world_registry(w);
	return w;
}

/* --- steps, as words --- */

static struct world *alone(void)
{
	return rolling(2, false);
}

static struct world *with_config(void)
{
	struct world *w = rolling(2, false);
	world_config(w);
	return w;
}

static struct world *first_install(void)
{
	struct world *w = rolling(2, false);
	memset(w->seen, 0, sizeof w->seen);
	w->registry.count = 0;
	return w;
}

/* By hand out at the router: the registry is told all the same. */
static struct world *kept_out(void)
{
	struct world *w = rolling(2, true);
	w->servers[0].admin = SL_ADMIN_MAINT;
	w->playbook.strategy.min_capacity = 0;
	return w;
}

/* Only a share above 0 gives traffic: the keys wait for it. */
static struct world *canary_at_router(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	world_config(w);
	world_upgrade(w, 1);
	world_weight(w, 0.25);
	world_upgrade(w, 4);
	return w;
}

static struct world *canary_without_shares(void)
{
	struct world *w = world_new(2, PB_CANARY, true);
	world_config(w);
	world_upgrade(w, 1);
	return w;
}

/* Consumers of a registry come at once. */
static struct world *canary_in_registry(void)
{
	struct world *w = world_new(2, PB_CANARY, true);
	world_registry(w);
	world_config(w);
	world_upgrade(w, 1);
	return w;
}

static struct world *nothing_but_config(void)
{
	struct world *w = rolling(2, false);
	world_config(w);
	world_converge(w, 0);
	world_converge(w, 1);
	return w;
}

static struct world *nothing_at_all(void)
{
	struct world *w = nothing_but_config();
	w->config.keys = &w->keys[2];
	w->config.count = 1;
	return w;
}

#define CLAIMS   "claim oa01, claim oa02"
#define STAGES   "stage oa01, stage oa02"
#define KEYS     "config pool.size, config db.password"
#define UP(host) "drain " host ", swap " host ", ready " host ", return " host
#define END      "prune oa01, prune oa02 | release oa02, release oa01"
#define ROUTER   ", claim lb1, claim lb2"
#define END_LB   "prune oa01, prune oa02 | release lb2, release lb1, release oa02, release oa01"

static void test_steps(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct world *(*make)(void);
		const char *words;
	} rows[] = {
		{"alone", alone, CLAIMS " | " STAGES " | " UP("oa01") " | " UP("oa02") " | " END},
		{"config", with_config,
		 CLAIMS " | " STAGES " | " KEYS " | " UP("oa01") " | " UP("oa02") " | " END},
		{"first install", first_install,
		 CLAIMS " | " STAGES
			" | swap oa01, ready oa01, return oa01 | swap oa02, ready oa02, "
			"return oa02 | " END},
		{"kept out", kept_out,
		 CLAIMS ROUTER " | " STAGES
			       " | " UP("oa02") " | drain oa01 (registry), swap oa01, ready oa01, "
						"return oa01 (registry) "
						"| " END_LB},
		{"canary, shares", canary_at_router,
		 "claim oa01, claim oa02, claim oa03, claim oa04" ROUTER
		 " | stage oa01, stage oa02, stage oa03, stage oa04 | drain oa01 0, swap oa01, "
		 "ready "
		 "oa01, return oa01 0 | config pool.size, config db.password | weight 0.25 | drain "
		 "oa02 0.25, swap oa02, ready oa02, return oa02 0.25 | drain oa03 0.25, swap oa03, "
		 "ready oa03, return oa03 0.25 | drain oa04 0.25, swap oa04, ready oa04, return "
		 "oa04 "
		 "0.25 | restore 1 | prune oa01, prune oa02, prune oa03, prune oa04 | release lb2, "
		 "release lb1, release oa04, release oa03, release oa02, release oa01"},
		{"canary, no share", canary_without_shares,
		 CLAIMS ROUTER
		 " | " STAGES
		 " | config pool.size, config db.password | drain oa01 0, swap oa01, ready oa01, "
		 "return oa01 0 | drain oa02 0.5, swap oa02, ready oa02, return oa02 1 | restore 1 "
		 "| " END_LB},
		{"canary, registry", canary_in_registry,
		 CLAIMS ROUTER
		 " | " STAGES
		 " | config pool.size, config db.password | drain oa01 0, swap oa01, ready oa01, "
		 "return oa01 0 | drain oa02 0.5, swap oa02, ready oa02, return oa02 1 | restore 1 "
		 "| " END_LB},
		{"config only", nothing_but_config,
		 CLAIMS " | " KEYS " | release oa02, release oa01"},
		{"nothing", nothing_at_all, ""},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world *w = rows[i].make();
		struct plan p;
		struct sl_error e = {0};
		if (plan_make(&w->in, &p, &e))
			fail_msg("%s: refused: %s", rows[i].name, e.msg);
		char *words = world_words(&p);
		if (strcmp(words, rows[i].words) != 0)
			fail_msg("%s:\n     got: %s\nexpected: %s", rows[i].name, words,
				 rows[i].words);
		free(words);
		plan_release(&p);
		free(w);
	}
}

static const struct plan_step *find(const struct plan *p, enum plan_do what)
{
	for (size_t i = 0; i < p->step_count; i++)
		if (p->steps[i].what == what)
			return &p->steps[i];
	fail_msg("no %s", plan_do_name(what));
	return NULL;
}

static void test_fields(void **state)
{
	(void)state;
	struct world *w = with_config();
	struct plan p, again;
	struct sl_error e = {0};
	w->registered[0].version = TEXT("1.0.0-hotfix");
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	assert_int_equal(find(&p, DO_DRAIN)->deadline_ms, 35000 + 60000 + 30000);
	assert_string_equal(find(&p, DO_SWAP)->registered_version, "1.0.0-hotfix");
	assert_true(find(&p, DO_READY)->registered);
	assert_string_equal(find(&p, DO_READY)->registered_version, "2.0.0");
	assert_string_equal(find(&p, DO_CONFIG)->prior_value, "40");
	cJSON *j = plan_json(&p);
	assert_int_equal(plan_from_json(j, &again, &e), SL_OK);
	cJSON *j2 = plan_json(&again);
	assert_true(cJSON_Compare(j, j2, true));
	cJSON_Delete(j);
	cJSON_Delete(j2);
	plan_release(&again);
	plan_release(&p);
	w->service.ready.registered = false;
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	assert_false(find(&p, DO_READY)->registered);
	plan_release(&p);
	free(w);
}

/* --- an undo asks for what the plan had found --- */

static void test_undo_fields(void **state)
{
	(void)state;
	struct world *w = with_config();
	struct plan p, u;
	struct sl_error e = {0};
	assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
	struct plan_progress *progress = sl_alloc_n(p.step_count, sizeof *progress);
	cJSON *prior = cJSON_CreateObject();
	sl_json_add_str(prior, "value", "41"); /* changed since the plan was made */
	for (size_t i = 0; i < p.step_count; i++) {
		progress[i].state = PROGRESS_OK;
		if (p.steps[i].key && strcmp(p.steps[i].key, "pool.size") == 0)
			progress[i].prior = prior;
	}
	assert_int_equal(plan_make_undo(&p, progress, &w->in, true, &u, &e), SL_OK);
	assert_string_equal(find(&u, DO_READY)->registered_version, "1.0.0");
	assert_string_equal(find(&u, DO_CONFIG)->value, "41");
	assert_string_equal(find(&u, DO_CONFIG)->prior_value, "80");
	assert_true(find(&u, DO_CONFIG) > find(&u, DO_SWAP));
	plan_release(&u);
	plan_release(&p);
	cJSON_Delete(prior);
	free(progress);
	free(w);
}

/* --- what people see --- */

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static char *printed(struct world *w, struct plan *p)
{
	struct sl_buf b;
	struct sl_error e = {0};
	sl_buf_init(&b, 1 << 20);
	assert_int_equal(plan_make(&w->in, p, &e), SL_OK);
	plan_print(p, &w->in, false, false, &b);
	char *text = sl_buf_take(&b);
	for (char *at = text; (at = strstr(at, "\n    ")); at++) /* notes are wrapped */
		if (at[5] != ' ')
			memmove(at + 1, at + 5, strlen(at + 5) + 1), *at = ' ';
	return text;
}

static void test_print(void **state)
{
	(void)state;
	static const struct {
		const char *part;
		bool there;
	} rows[] = {
		{"rolling, registry city", true},
		{"publish config in kie", true},
		{"pool.size    40 -> 80", true},
		{"db.password  not there -> (hidden)", true},
		{"new", false},  /* the password */
		{"same", false}, /* stands already */
		{"oa02:8080 is out of service in registry city by somebody's hand", true},
		{"oa01:8080 runs 1.0.0 and is registered with version 0.9", true},
		{"oa03:8080 is not registered in city", true},
		{"still lists 10.9.9.9:80 (DOWN)", true},
		{"get 35s (drain.propagation)", true},
		{"calls in flight are not counted", true},
		{"receives registry traffic at once", false},
	};
	struct world *w = rolling(3, false);
	struct plan p;
	world_config(w);
	w->registered[0].version = TEXT("0.9");
	w->registered[1].state = SL_INSTANCE_OUT;
	w->registered[2] = (struct plan_registered){.id = TEXT("lost"),
						    .place = TEXT("10.9.9.9:80"),
						    .instance = -1,
						    .state = SL_INSTANCE_DOWN};
	char *text = printed(w, &p);
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		if (has(text, rows[i].part) != rows[i].there)
			fail_msg("'%s' in:\n%s", rows[i].part, text);
	free(text);
	plan_release(&p);
	free(w);
	w = canary_in_registry();
	text = printed(w, &p);
	assert_true(has(text, "receives registry traffic at once"));
	free(text);
	plan_release(&p);
	free(w);
	w = nothing_but_config();
	text = printed(w, &p);
	assert_true(has(text, "no instance changes"));
	assert_true(has(text, "only config is published"));
	free(text);
	plan_release(&p);
	free(w);
}

/* --- refused --- */

static void test_strangers(void **state)
{
	(void)state;
	static const bool refused[SL_INSTANCE_STATE_COUNT] = {
		[SL_INSTANCE_UP] = true,
		[SL_INSTANCE_STARTING] = true,
		[SL_INSTANCE_TESTING] = true,
		[SL_INSTANCE_UNKNOWN] = true,
	};
	for (int s = 0; s < SL_INSTANCE_STATE_COUNT; s++) {
		struct world *w = rolling(2, false);
		struct plan p;
		struct sl_error e = {0};
		w->registered[w->registry.count++] = (struct plan_registered){
			.id = TEXT("x"), .place = TEXT("10.9.9.9:80"), .instance = -1, .state = s};
		int rc = plan_make(&w->in, &p, &e);
		assert_int_equal(rc, refused[s] ? SL_EINPUT : SL_OK);
		if (rc)
			assert_true(has(e.msg, "registry city: 10.9.9.9:80 is ") &&
				    has(e.msg, "add the host to the service's group"));
		plan_release(&p);
		free(w);
	}
}

/* --- stale --- */

static void marked_out(struct world *w)
{
	w->registered[1].state = SL_INSTANCE_OUT;
}

static void is_down(struct world *w)
{
	w->registered[1].state = SL_INSTANCE_DOWN;
}

static void is_gone(struct world *w)
{
	w->registry.count--;
}

static void new_id(struct world *w)
{
	w->registered[1].id = TEXT("another");
}

static void no_registry(struct world *w)
{
	w->in.registry = NULL;
}

static void other_prior(struct world *w)
{
	w->keys[0].prior = TEXT("41");
}

static void key_appeared(struct world *w)
{
	w->keys[1].prior = TEXT("");
}

static void key_disabled(struct world *w)
{
	w->keys[2].prior_disabled = true;
}

static void test_digest(void **state)
{
	(void)state;
	static const struct {
		void (*change)(struct world *w);
		bool seen;
	} rows[] = {
		{marked_out, true},   {is_down, false},     {is_gone, false},
		{new_id, false},      {no_registry, true},  {other_prior, true},
		{key_appeared, true}, {key_disabled, true},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char observed[2][65];
		for (size_t k = 0; k < 2; k++) {
			struct world *w = with_config();
			struct plan p;
			struct sl_error e = {0};
			if (k)
				rows[i].change(w);
			assert_int_equal(plan_make(&w->in, &p, &e), SL_OK);
			memcpy(observed[k], p.observed, 65);
			plan_release(&p);
			free(w);
		}
		if ((strcmp(observed[0], observed[1]) != 0) != rows[i].seen)
			fail_msg("change %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),       cmocka_unit_test(test_fields),
		cmocka_unit_test(test_undo_fields), cmocka_unit_test(test_print),
		cmocka_unit_test(test_strangers),   cmocka_unit_test(test_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
