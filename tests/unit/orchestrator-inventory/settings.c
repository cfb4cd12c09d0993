/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/inventory/inventory.h"
#include "plugins/sdk/mem.h"

static const struct sl_setting table[] = {
	{.name = "socket", .type = SL_SETTING_TEXT, .required = true},
	{.name = "hosts", .type = SL_SETTING_HOSTS},
	{.name = "route", .type = SL_SETTING_MAP},
	{.name = "token", .type = SL_SETTING_SECRET},
	{.name = "timeout", .type = SL_SETTING_DURATION, .fallback = "5s"},
};
static const struct sl_plugin plugin = {
	.name = "haproxy", .settings = table, .setting_count = SL_COUNT(table)};

#define INV                                                                                       \
	"sluice: 1\nkind: inventory\ngroups:\n  lb: { hosts: [\"lb[1:2]\"] }\n  z: { hosts: [x] " \
	"}\n"

static const struct sl_setting_value *value(const struct sl_settings *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->values[i].name, name))
			return &s->values[i];
	return NULL;
}

/* The settings of the inventory's one router; NULL and *e. */
static struct sl_settings *settings_of(const char *text, struct sl_error *e)
{
	struct diags *d = diags_new();
	struct inventory_file *f = inventory_load_text("/etc/sluice/prod.yaml", text, d);
	struct sl_settings *s;

	if (!f)
		fail_msg("%s", diags_text(d));
	assert_int_equal(f->backend_count, 1);
	s = inventory_backend_settings(f, &f->backends[0], &plugin, e);
	inventory_free(f);
	diags_free(d);
	return s;
}

static void test_whole(void **state)
{
	struct sl_error e;
	struct sl_settings *s;

	(void)state;
	setenv("SLUICE_TEST_TOKEN", "t0ken", 1);
	s = settings_of(INV "routers:\n  edge: { type: haproxy, hosts: [x, lb], socket: /run/s, "
			    "token: \"env:SLUICE_TEST_TOKEN\",\n"
			    "          route: { map: /m, newBackend: be } }\n",
			&e);
	if (!s)
		fail_msg("%s", e.msg);
	assert_string_equal(s->backend, "edge");
	assert_null(value(s, "type"));
	assert_string_equal(value(s, "socket")->text, "/run/s");
	assert_int_equal(value(s, "hosts")->count, 3);
	assert_string_equal(value(s, "hosts")->items[0], "lb1");
	assert_string_equal(value(s, "hosts")->items[2], "x");
	assert_int_equal(value(s, "route")->count, 2);
	assert_string_equal(value(s, "route")->keys[1], "newBackend");
	assert_string_equal(value(s, "route")->items[1], "be");
	assert_string_equal(value(s, "token")->text, "t0ken");
	assert_string_equal(value(s, "timeout")->text, "5s");
	inventory_settings_free(s);
}

static void test_one_host(void **state)
{
	struct sl_error e;
	struct sl_settings *s = settings_of(
		INV "routers:\n  edge: { type: haproxy, hosts: lb, socket: /run/s, timeout: 9s }\n",
		&e);

	(void)state;
	assert_non_null(s);
	assert_int_equal(value(s, "hosts")->count, 2);
	assert_string_equal(value(s, "timeout")->text, "9s");
	assert_int_equal(s->count, 3);
	inventory_settings_free(s);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{INV "routers:\n  edge: { type: haproxy, hosts: lbb, socket: /s }\n", "'lbb'"},
		{INV "routers:\n  edge: { type: haproxy, socket: [a, b] }\n",
		 "edge.socket: expected a single value"},
		{INV "routers:\n  edge: { type: haproxy, socket: /s, token: in-clear }\n",
		 "edge.token: a secret is given as a reference"},
		{INV "routers:\n  edge: { type: haproxy, socket: /s, token: \"env:SLUICE_NO\" }\n",
		 "SLUICE_NO"},
		{INV "routers:\n  edge: { type: haproxy, socket: /s, route: x }\n",
		 "expected a mapping"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_error e = {.code = SL_OK};
		struct sl_settings *s = settings_of(rows[i].text, &e);

		if (s || !strstr(e.msg, rows[i].says))
			fail_msg("row %zu: '%s'", i, e.msg);
		assert_null(strstr(e.msg, "in-clear"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_one_host),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
