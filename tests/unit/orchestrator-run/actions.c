/* SPDX-License-Identifier: Apache-2.0 */
/* What an action knows without asking anybody: values compared, put back and said; who is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action.h"
#include "orchestrator/run/action_kind.h"
#include "orchestrator/run/instances.h"
#include "plugins/sdk/mem.h"

static cJSON *json(const char *text)
{
	char *copy = sl_strdup(text), *p;
	cJSON *o;

	for (p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	o = sl_json_parse(copy, strlen(copy), NULL);
	assert_non_null(o);
	free(copy);
	return o;
}

static const struct row {
	const char *kind, *prior, *target, *back; /* back: in words */
	bool is;                                  /* does prior say what target says already? */
} rows[] = {
	{"instance", "{'state':'UP','weight':100}", "{'state':'OUT'}", "UP", false},
	{"instance", "{'state':'OUT','weight':100}", "{'state':'OUT'}", "OUT", true},
	{"instance", "{'state':'UP','weight':100}", "{'weight':5}", "weight 100", false},
	{"instance", "{'state':'UP'}", "{'weight':5}", "no weight", false},
	{"instance", "{'state':'UP'}", "{'state':'OUT','weight':0}", "UP, no weight", false},
	{"instance", "{'state':'UP','weight':5}", "{'noWeight':true}", "weight 5", false},
	{"instance", "{'state':'UP'}", "{'noWeight':true}", "no weight", true},
	{"instance", "{'state':'nonsense'}", "{'state':'UP'}", "no weight", false},
	{"key", "{'there':false}", "{'there':true,'value':'8'}", "not there", false},
	{"key", "{'there':true,'value':'7','revision':'3'}", "{'there':true,'value':'8'}", "'7'",
	 false},
	{"key", "{'there':true,'value':'8','revision':'3'}", "{'there':true,'value':'8'}", "'8'",
	 true},
	{"key", "{'there':true,'value':'8','enabled':false}",
	 "{'there':true,'value':'8','enabled':true}", "'8', disabled", false},
	{"key", "{'there':true,'base64':'AAE='}", "{'there':false}", "2 bytes", false},
	{"key", "{'there':true,'value':'a\\nb'}", "{'there':true,'value':''}", "3 characters",
	 false},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct row *r = &rows[i];
		char subject[64], said[160];
		cJSON *of, *prior = json(r->prior), *target = json(r->target), *back;
		const struct action_kind *kind;

		snprintf(subject, sizeof subject, "{'kind':'%s'}", r->kind);
		of = json(subject);
		kind = action_kind_of(of);
		assert_non_null(kind);
		back = kind->back(prior, target);
		assert_string_equal(kind->say(back, said, sizeof said), r->back);
		assert_int_equal(kind->is(prior, target), r->is);
		cJSON_Delete(of);
		cJSON_Delete(prior);
		cJSON_Delete(target);
		cJSON_Delete(back);
	}
}

/* Bytes that JSON cannot hold come back as they were. */
static void test_key_values_survive(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *as;
	} values[] = {{"plain", 5, "value"},
		      {"two\nlines\t", 10, "value"},
		      {"", 0, "value"},
		      {"a\0b", 3, "base64"},
		      {"\xff\xfe", 2, "base64"},
		      {"\x1b[31m", 5, "base64"},
		      {"\xe5\xba\x93", 3, "value"}};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(values); i++) {
		const struct sl_label labels[] = {{"service", "orders"}, {"environment", "prod"}};
		const struct sl_key_change k = {.key = "timeout",
						.labels = labels,
						.label_count = 2,
						.expect_revision = i ? "7" : "",
						.value = values[i].bytes,
						.value_len = values[i].len,
						.enabled = true};
		cJSON *change = action_key_change("city", &k);
		const cJSON *target = sl_json_get(change, "target");
		char name[256];

		assert_non_null(sl_json_get(target, values[i].as));
		assert_string_equal(sl_json_str(change, "service", ""), "orders");
		assert_string_equal(action_key.name_of(change, name, sizeof name),
				    "timeout (service=orders environment=prod)");
		assert_int_equal(sl_json_bool(sl_json_get(change, "expect"), "there", false),
				 i > 0);
		assert_int_equal(action_key.check(change, target, NULL), SL_OK);
		cJSON_Delete(change);
	}
}

static void test_hostile_names_are_left_alone(void **state)
{
	const struct sl_instance bad[] = {{.service = "orders", .id = "i\033[31m"},
					  {.service = "orders", .id = ""},
					  {.service = "a\nb", .id = "i1"}};
	struct sl_error e = {0};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(bad); i++) {
		cJSON *change = action_instance_change("city", &bad[i], SL_INSTANCE_OUT, SL_KEEP);

		assert_int_equal(action_instance.check(change, sl_json_get(change, "target"), &e),
				 SL_EINPUT);
		cJSON_Delete(change);
	}
}

static void test_who_is_meant(void **state)
{
	static const struct {
		const char *name;
		bool meant;
	} names[] = {{"i-7", true},
		     {"oa07", true},
		     {"10.0.0.7", true},
		     {"oa07:8080", true},
		     {"10.0.0.7:8080", true},
		     {"prod/i-7", true},
		     {"city/oa07:8080", true},
		     {"oa07:80", false},
		     {"oa07:", false},
		     {"oa0", false},
		     {"test/i-7", false},
		     {"prod/", false},
		     {"", false},
		     {"/i-7", false}};
	const struct found_instance i = {.source = "city",
					 .is = {.service = "orders",
						.environment = "prod",
						.id = "i-7",
						.host = "oa07",
						.address = "10.0.0.7",
						.port = 8080}};

	(void)state;
	for (size_t k = 0; k < SL_COUNT(names); k++)
		if (instance_answers_to(&i, names[k].name) != names[k].meant)
			fail_msg("'%s' is %smeant", names[k].name, names[k].meant ? "not " : "");
}

static void test_who_serves(void **state)
{
	(void)state;
	assert_true(instance_serves(&(struct sl_instance){.state = SL_INSTANCE_UP, .weight = 1}));
	assert_true(
		instance_serves(&(struct sl_instance){.state = SL_INSTANCE_UP, .weight = SL_KEEP}));
	assert_false(instance_serves(&(struct sl_instance){.state = SL_INSTANCE_UP, .weight = 0}));
	assert_false(instance_serves(&(struct sl_instance){.state = SL_INSTANCE_OUT, .weight = 9}));
}

/* A rollout and an action give a key the same name, in whatever order they know its labels. */
static void test_claims(void **state)
{
	const struct sl_label one[] = {{"service", "orders"}, {"environment", "prod"}};
	const struct sl_label other[] = {{"environment", "prod"}, {"service", "orders"}};
	const struct sl_key_change k = {.key = "limit", .labels = one, .label_count = 2};
	cJSON *change = action_key_change("kie", &k);
	char *action = action_key.claim(change), *rollout = hold_key("kie", "limit", other, 2);
	char *plain = hold_key("kie", "limit", NULL, 0);

	(void)state;
	assert_string_equal(action, "key limit (environment=prod service=orders) in kie");
	assert_string_equal(action, rollout);
	assert_string_equal(plain, "key limit in kie");
	free(action);
	free(rollout);
	free(plain);
	cJSON_Delete(change);
}

/* What is said to go on with. */
static void test_next_verb(void **state)
{
	(void)state;
	assert_string_equal(store_next_verb("{\"for\":\"promote\"}"), "promote");
	assert_string_equal(store_next_verb("{\"for\":\"retry\",\"reason\":\"x\"}"), "retry");
	assert_string_equal(store_next_verb("{\"for\":\"time\"}"), "resume");
	assert_string_equal(store_next_verb("{\"for\":\"rm -rf\"}"), "resume");
	assert_string_equal(store_next_verb("["), "resume");
	assert_string_equal(store_next_verb(""), "resume");
	assert_string_equal(store_next_verb(NULL), "resume");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_next_verb),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_key_values_survive),
		cmocka_unit_test(test_hostile_names_are_left_alone),
		cmocka_unit_test(test_who_is_meant),
		cmocka_unit_test(test_who_serves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
