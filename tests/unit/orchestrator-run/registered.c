/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry says, matched to instances: hosts by any of their names, hostile text left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/run/registered.h"
#include "plugins/sdk/mem.h"

static struct rs_host hosts[] = {
	{.name = "oa01", .address = "10.0.0.1", .service_address = "10.1.0.1"},
	{.name = "oa02", .address = "10.0.0.2", .service_address = "10.0.0.2"},
};

static struct rs_instance instances[] = {
	{.host = &hosts[0], .port = 80},
	{.host = &hosts[0], .port = 81},
	{.host = &hosts[1], .port = 80},
};

static const struct resolved resolved = {.instances = instances, .instance_count = 3};

static void test_match(void **state)
{
	(void)state;
	static const struct {
		const char *host, *address;
		unsigned port;
		long instance;
		const char *place;
	} rows[] = {
		{NULL, "10.1.0.1", 80, 0, "10.1.0.1:80"},
		{NULL, "10.0.0.1", 81, 1, "10.0.0.1:81"}, /* management's address */
		{"oa02", NULL, 80, 2, "oa02:80"},
		{"oa02", "172.17.0.3", 80, 2, "172.17.0.3:80"}, /* a container's */
		{"oa02", "10.0.0.2", 81, -1, "10.0.0.2:81"},
		{"elsewhere", "10.9.9.9", 80, -1, "10.9.9.9:80"},
		{"", "", 0, -1, "id"},
	};
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct plan_registry r = {0};
		const struct sl_instance x = {.id = "id",
					      .host = rows[i].host,
					      .address = rows[i].address,
					      .port = rows[i].port,
					      .state = SL_INSTANCE_UP};
		registered_add(&r, &resolved, &x);
		assert_int_equal(r.count, 1);
		assert_int_equal(r.at[0].instance, rows[i].instance);
		assert_string_equal(r.at[0].place, rows[i].place);
		registered_release(&r);
	}
}

static void test_hostile(void **state)
{
	(void)state;
	char *huge = sl_alloc(2000);
	memset(huge, 'x', 1999);
	const struct sl_instance rows[] = {
		{.id = NULL, .port = 80},
		{.id = "", .port = 80},
		{.id = "a\033[31m", .port = 80},
		{.id = "a", .version = "1\n2"},
		{.id = "a", .environment = "\xff\xfe"},
		{.id = "a", .app = "\xe2\x80\xae"},
		{.id = huge},
		{.id = "a", .address = huge},
		{.id = "a", .host = "h\007"},
	};
	struct plan_registry r = {0};
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		registered_add(&r, &resolved, &rows[i]);
	assert_int_equal(r.count, 0);
	assert_int_equal(r.unreadable, SL_COUNT(rows));
	registered_release(&r);
	free(huge);
}

static void add(struct plan_registry *r, const char *id, const char *environment, const char *app,
		const char *host)
{
	const struct sl_instance x = {
		.id = id, .environment = environment, .app = app, .host = host, .port = 80};
	registered_add(r, &resolved, &x);
}

static void test_environments(void **state)
{
	(void)state;
	struct plan_registry r = {0};
	add(&r, "1", "prod", "shop", "oa01");
	add(&r, "2", "prod", "shop", "lost");
	add(&r, "3", "prod", "other", "lost");
	add(&r, "4", "test", "shop", "lost");
	assert_string_equal(registered_environment(&r), "prod");
	registered_keep_ours(&r, "test"); /* ours are there: they say where we are */
	assert_int_equal(r.count, 2);
	add(&r, "5", "stage", "shop", "oa02");
	assert_null(registered_environment(&r)); /* in two */
	registered_release(&r);
	assert_null(registered_environment(&r));
	add(&r, "1", "prod", NULL, "lost");
	add(&r, "2", "test", NULL, "lost");
	add(&r, "3", NULL, NULL, "lost");
	registered_keep_ours(&r, "prod");
	assert_int_equal(r.count, 2);
	registered_keep_ours(&r, NULL);
	assert_int_equal(r.count, 2);
	registered_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_environments),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
