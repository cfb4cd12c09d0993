/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/plugins-host/harness.h"

static const struct sl_setting table[] = {
	{.name = "socket", .type = SL_SETTING_TEXT, .required = true, .help = "Where."},
	{.name = "retries", .type = SL_SETTING_COUNT, .fallback = "3", .help = "How often."},
	{.name = "timeout", .type = SL_SETTING_DURATION, .fallback = "5s", .help = "How long."},
	{.name = "insecure", .type = SL_SETTING_BOOL, .help = "Whether."},
	{.name = "token", .type = SL_SETTING_SECRET, .help = "What."},
	{.name = "url", .type = SL_SETTING_URL, .help = "Which."},
	{.name = "hosts", .type = SL_SETTING_HOSTS, .help = "Who."},
	{.name = "route", .type = SL_SETTING_MAP, .help = "How."},
};

/* What the instance was opened with; the test plugin keeps it for the test. */
static size_t opened_count;
static char opened_retries[16], opened_timeout[16];

static void *test_open(const struct sl_settings *s, const struct sl_host_services *services,
		       struct sl_error *e)
{
	(void)e;
	assert_true(services->size >= sizeof *services);
	opened_count = s->count;
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->values[i].name, "retries") == 0)
			snprintf(opened_retries, sizeof opened_retries, "%s", s->values[i].text);
		if (strcmp(s->values[i].name, "timeout") == 0)
			snprintf(opened_timeout, sizeof opened_timeout, "%s", s->values[i].text);
	}
	return (void *)services;
}

static void test_close(void *instance, void (*closed)(void *arg), void *arg)
{
	const struct sl_host_services *services = instance;

	services->timer(services->ctx, 0, closed, arg);
}

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "fake",
	.settings = table,
	.setting_count = SL_COUNT(table),
	.open = test_open,
	.close = test_close,
};

static const char *const two[] = {"a", "b"};

#define SOCKET                                 \
	{                                      \
		.name = "socket", .text = "/s" \
	}

static void test_check(void **state)
{
	static const struct {
		struct sl_setting_value v;
		const char *says; /* NULL = accepted */
	} rows[] = {
		{{.name = "retries", .text = "7"}, NULL},
		{{.name = "retries", .text = "-7"}, "'retries' must be a whole number, not '-7'"},
		{{.name = "retries", .text = "many"}, "a whole number"},
		{{.name = "timeout", .text = "10s"}, NULL},
		{{.name = "timeout", .text = "10"}, "a duration with a unit"},
		{{.name = "insecure", .text = "true"}, NULL},
		{{.name = "insecure", .text = "yes"}, "true or false"},
		{{.name = "token", .text = "s3cret"}, NULL},
		{{.name = "url", .text = "https://kie.example:30110"}, NULL},
		{{.name = "url", .text = "kie.example"}, "a URL that starts with"},
		{{.name = "url", .text = "http://"}, "a URL"},
		{{.name = "url", .text = "http://a b"}, "a URL"},
		{{.name = "hosts", .items = two, .count = 2}, NULL},
		{{.name = "hosts", .text = "lb"}, "hosts or groups"},
		{{.name = "hosts", .items = two, .keys = two, .count = 2}, "hosts or groups"},
		{{.name = "route", .items = two, .keys = two, .count = 2}, NULL},
		{{.name = "route", .items = two, .count = 2}, "a mapping"},
		{{.name = "timeuot", .text = "1s"},
		 "no setting 'timeuot'; did you mean 'timeout'?"},
		{{.name = "zzzzzz", .text = "1"}, "it takes: socket, retries, timeout"},
		{{.name = "socket", .text = "/t"}, "'socket' is given twice"},
		{{.name = "retries", .items = two, .count = 2}, "a whole number"},
	};

	(void)state;
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct sl_setting_value values[] = {SOCKET, rows[i].v};
		const struct sl_settings s = {.backend = "edge", .values = values, .count = 2};
		struct sl_error e = {0};
		int rc = plugin_settings_check(&plugin, &s, &e);

		assert_int_equal(rc, rows[i].says ? SL_EINPUT : SL_OK);
		assert_int_equal(rc, e.code);
		if (rows[i].says) {
			assert_non_null(strstr(e.msg, rows[i].says));
			assert_non_null(strstr(e.msg, "'edge' (type fake)"));
		}
	}
}

static void test_required(void **state)
{
	const struct sl_settings none = {.backend = "edge"};
	struct sl_error e = {0};

	(void)state;
	assert_int_equal(plugin_settings_check(&plugin, &none, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "needs the setting 'socket': Where."));
}

/* A secret's value never reaches a message. */
static void test_secret(void **state)
{
	static const struct sl_setting secret = {
		.name = "token", .type = SL_SETTING_SECRET, .help = "What."};
	const struct sl_plugin p = {.name = "fake", .settings = &secret, .setting_count = 1};
	const struct sl_setting_value v = {
		.name = "token", .text = "hunter2", .items = two, .count = 2};
	const struct sl_settings s = {.backend = "edge", .values = &v, .count = 1};
	struct sl_error e = {0};

	(void)state;
	assert_int_equal(plugin_settings_check(&p, &s, &e), SL_EINPUT);
	assert_null(strstr(e.msg, "hunter2"));
}

static void test_fallbacks(void **state)
{
	const struct sl_setting_value values[] = {SOCKET, {.name = "timeout", .text = "9s"}};
	const struct sl_settings s = {.backend = "edge", .values = values, .count = 2};
	struct bench bench;
	struct plugin_backend *b;
	struct sl_error e = {0};
	bool closed = false;

	(void)state;
	bench_init(&bench);
	b = plugin_backend_open(bench.host, &plugin, &s, &e);
	assert_non_null(b);
	assert_ptr_equal(plugin_backend_plugin(b), &plugin);
	assert_int_equal(opened_count, 3);
	assert_string_equal(opened_retries, "3");
	assert_string_equal(opened_timeout, "9s");
	plugin_backend_close(b, bench_flag, &closed);
	bench_wait(&bench, &closed);
	bench_release(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_required),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_fallbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
