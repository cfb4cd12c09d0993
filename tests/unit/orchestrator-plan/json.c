/* SPDX-License-Identifier: Apache-2.0 */
/* A plan survives its JSON whole; damaged JSON is refused; the digest sees what planning used. */
#include "plugins/sdk/json.h"
#include "tests/unit/orchestrator-plan/world.h"

static struct world *canary(void)
{
	struct world *w = world_new(4, PB_CANARY, true);
	world_upgrade(w, 1);
	world_weight(w, 1 / 3.0);
	world_pause(w, 900000);
	world_pause(w, 0);
	memset(&w->seen[3], 0, sizeof w->seen[3]);
	w->seen[2].alive = false;
	return w;
}

static void make(struct world *w, struct plan *p)
{
	struct sl_error e = {0};
	if (plan_make(&w->in, p, &e))
		fail_msg("refused: %s", e.msg);
}

static void same_text(const char *a, const char *b)
{
	assert_int_equal(a == NULL, b == NULL);
	if (a)
		assert_string_equal(a, b);
}

static void same_step(const struct plan_step *a, const struct plan_step *b)
{
	same_text(a->id, b->id);
	assert_int_equal(a->wave, b->wave);
	assert_int_equal(a->track, b->track);
	assert_int_equal(a->what, b->what);
	assert_int_equal(a->instance, b->instance);
	assert_int_equal(a->port, b->port);
	assert_true(a->deadline_ms == b->deadline_ms && a->pause_ms == b->pause_ms);
	assert_true(a->share == b->share); /* exactly: it is compared and computed with */
	assert_int_equal(a->first_install, b->first_install);
	assert_int_equal(a->prior_dead, b->prior_dead);
	assert_int_equal(a->repeatable, b->repeatable);
	const char *const x[] = {a->service, a->host,    a->claim,      a->router_claim,
				 a->release, a->digest,  a->spec,       a->prior_release,
				 a->name,    a->command, a->prior_spec, a->undo,
				 a->check,   a->cwd};
	const char *const y[] = {b->service, b->host,    b->claim,      b->router_claim,
				 b->release, b->digest,  b->spec,       b->prior_release,
				 b->name,    b->command, b->prior_spec, b->undo,
				 b->check,   b->cwd};
	for (size_t i = 0; i < SL_COUNT(x); i++)
		same_text(x[i], y[i]);
}

static void same_wave(const struct plan_wave *a, const struct plan_wave *b)
{
	assert_int_equal(a->kind, b->kind);
	same_text(a->title, b->title);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->new_after, b->new_after);
	assert_int_equal(a->in_service_min, b->in_service_min);
	assert_true(a->share_after == b->share_after);
}

static void same_plan(const struct plan *a, const struct plan *b)
{
	assert_int_equal(a->undo, b->undo);
	same_text(a->service, b->service);
	same_text(a->version, b->version);
	same_text(a->old_version, b->old_version);
	same_text(a->release, b->release);
	same_text(a->digest, b->digest);
	same_text(a->artifact, b->artifact);
	same_text(a->observed, b->observed);
	assert_int_equal(a->total, b->total);
	assert_int_equal(a->touched, b->touched);
	assert_true(a->rollback_ms == b->rollback_ms);
	assert_int_equal(a->wave_count, b->wave_count);
	assert_int_equal(a->step_count, b->step_count);
	assert_int_equal(a->note_count, b->note_count);
	for (size_t i = 0; i < a->wave_count; i++)
		same_wave(&a->waves[i], &b->waves[i]);
	for (size_t i = 0; i < a->step_count; i++)
		same_step(&a->steps[i], &b->steps[i]);
	for (size_t i = 0; i < a->note_count; i++)
		same_text(a->notes[i], b->notes[i]);
}

/* Through text, as the journal keeps it. */
static void round_trip(const struct plan *p)
{
	struct plan again;
	struct sl_error e = {0};
	cJSON *j = plan_json(p);
	char *text = sl_json_print(j);
	cJSON *back = sl_json_parse(text, strlen(text), &e);
	assert_non_null(back);
	if (plan_from_json(back, &again, &e))
		fail_msg("%s", e.msg);
	same_plan(p, &again);
	plan_release(&again);
	cJSON_Delete(back);
	cJSON_Delete(j);
	free(text);
}

static void test_round_trip(void **state)
{
	(void)state;
	struct world *w = canary();
	struct plan p, u;
	struct sl_error e = {0};
	make(w, &p);
	for (size_t i = 0; i < p.step_count; i++)
		if (p.steps[i].what == DO_PAUSE) { /* a run's fields ride along */
			p.steps[i].command = sl_strdup("printf '%s\\n' \"a\tb\"\n# \xe4\xb8\x80");
			p.steps[i].cwd = sl_strdup("/srv/x y");
			p.steps[i].undo = sl_strdup("");
			p.steps[i].check = sl_strdup("c");
			p.steps[i].name = sl_strdup("n");
			p.steps[i].repeatable = true;
		}
	round_trip(&p);
	struct plan_progress *progress = sl_alloc_n(p.step_count + 1, sizeof *progress);
	for (size_t i = 0; i < p.step_count / 2; i++)
		progress[i].state = PROGRESS_OK;
	assert_int_equal(plan_make_undo(&p, progress, &w->in, false, &u, &e), SL_OK);
	round_trip(&u);
	plan_release(&u);
	plan_release(&p);
	free(progress);
	free(w);
}

static void test_empty(void **state)
{
	(void)state;
	struct world *w = world_new(1, PB_ROLLING, false);
	struct plan p;
	world_converge(w, 0);
	make(w, &p);
	assert_int_equal(p.step_count, 0);
	round_trip(&p);
	plan_release(&p);
	free(w);
}

/* --- damage --- */

static cJSON *item(cJSON *j, const char *list, int index)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItem(j, list), index);
}

static void no_steps(cJSON *j)
{
	cJSON_DeleteItemFromObject(j, "steps");
}

static void no_waves(cJSON *j)
{
	cJSON_ReplaceItemInObject(j, "waves", cJSON_CreateArray());
}

static void lost_step(cJSON *j)
{
	cJSON_DeleteItemFromArray(cJSON_GetObjectItem(j, "steps"), 3);
}

static void odd_wave(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "wave", cJSON_CreateNumber(99999));
}

static void other_wave(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "wave", cJSON_CreateNumber(1));
}

static void odd_instance(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "instance", cJSON_CreateNumber(4));
}

static void odd_do(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "do", cJSON_CreateString("explode"));
}

static void long_id(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "id", cJSON_CreateString("1234567890123"));
}

static void odd_first(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "waves", 1), "first", cJSON_CreateNumber(1e15));
}

static void odd_total(cJSON *j)
{
	cJSON_ReplaceItemInObject(j, "total", cJSON_CreateString("4"));
}

static void past_deadline(cJSON *j)
{
	cJSON_ReplaceItemInObject(item(j, "steps", 1), "deadline", cJSON_CreateNumber(-5));
}

static void test_damaged(void **state)
{
	(void)state;
	static void (*const spoil[])(cJSON *) = {
		no_steps, no_waves, lost_step, odd_wave,  other_wave,    odd_instance,
		odd_do,   long_id,  odd_first, odd_total, past_deadline,
	};
	struct world *w = canary();
	struct plan p, again;
	make(w, &p);
	for (size_t i = 0; i < SL_COUNT(spoil); i++) {
		struct sl_error e = {0};
		cJSON *j = plan_json(&p);
		spoil[i](j);
		if (plan_from_json(j, &again, &e) != SL_EPROTO)
			fail_msg("damage %zu was taken", i);
		assert_non_null(strstr(e.msg, "the plan is damaged"));
		assert_null(again.steps);
		cJSON_Delete(j);
	}
	struct sl_error e = {0};
	assert_int_equal(plan_from_json(NULL, &again, &e), SL_EPROTO);
	plan_release(&p);
	free(w);
}

/* --- the digest of what was observed --- */

static void digest(struct world *w, char out[65])
{
	struct plan p;
	make(w, &p);
	memcpy(out, p.observed, 65);
	plan_release(&p);
}

static void other_release(struct world *w)
{
	w->seen[1].release = TEXT("1.5.0-00000000");
}

static void other_digest(struct world *w)
{
	w->seen[1].digest = TEXT(NEW_DIGEST);
}

static void other_live_spec(struct world *w)
{
	w->seen[1].spec = TEXT("x");
}

static void died(struct world *w)
{
	w->seen[1].alive = false;
}

static void other_admin(struct world *w)
{
	w->servers[2].admin = SL_ADMIN_DRAIN;
}

static void other_weight(struct world *w)
{
	w->servers[2].weight = 7;
}

static void other_configured(struct world *w)
{
	w->servers[2].configured_weight = 7;
}

static void other_algorithm(struct world *w)
{
	w->router.algorithm = TEXT("leastconn");
}

static void no_more_router(struct world *w)
{
	w->in.router = NULL;
}

static void other_backup(struct world *w)
{
	w->servers[w->router.server_count++] = (struct plan_server){
		.node = TEXT("lb1"), .server = TEXT("b"), .instance = -1, .backup = true};
}

static void other_limit(struct world *w)
{
	w->limited[0] = true;
}

static void checks_failed(struct world *w)
{
	w->servers[2].up = false;
}

static void test_digest(void **state)
{
	(void)state;
	static const struct {
		void (*change)(struct world *w);
		bool seen;
	} rows[] = {
		{other_release, true}, {other_digest, true},     {other_live_spec, true},
		{died, true},          {other_admin, true},      {other_weight, true},
		{other_limit, true},   {other_configured, true}, {other_algorithm, true},
		{other_backup, true},  {no_more_router, true},   {checks_failed, false},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct world *a = world_new(3, PB_ROLLING, true);
		struct world *b = world_new(3, PB_ROLLING, true);
		char x[65], y[65];
		digest(a, x);
		digest(b, y);
		assert_int_equal(strlen(x), 64);
		assert_string_equal(x, y);
		rows[i].change(b);
		digest(b, y);
		if ((strcmp(x, y) != 0) != rows[i].seen)
			fail_msg("change %zu", i);
		free(a);
		free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_digest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
