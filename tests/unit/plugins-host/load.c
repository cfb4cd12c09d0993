/* SPDX-License-Identifier: Apache-2.0 */
/* The loader against plugins that the test compiles: good ones, wrong ones, ones that crash. */
#include "tests/unit/plugins-host/harness.h"

#include "plugins/sdk/plugin.h"

static const char head[] =
	"#include \"plugins/sdk/plugin.h\"\n"
	"#include <stdlib.h>\n"
	"static struct sl_call *rd(void *i, const char *b, int64_t t, const struct sl_router_sink "
	"*s,"
	" void *a) { (void)i; (void)b; (void)t; (void)s; (void)a; return NULL; }\n"
	"static struct sl_call *wr(void *i, const char *b, const struct sl_router_change *c, "
	"size_t n,"
	" int64_t t, void (*d)(void *, const struct sl_error *), void *a)"
	" { (void)i; (void)b; (void)c; (void)n; (void)t; (void)d; (void)a; return NULL; }\n"
	"static void cn(void *i, struct sl_call *c) { (void)i; (void)c; }\n"
	"static void *op(const struct sl_settings *s, const struct sl_host_services *v,"
	" struct sl_error *e) { (void)s; (void)v; (void)e; return NULL; }\n"
	"static void cl(void *i, void (*c)(void *), void *a) { (void)i; c(a); }\n"
	"static const struct sl_router_ops ro = {.size = sizeof ro, .read = rd, .write = wr,"
	" .cancel = cn};\n"
	"static const struct sl_router_ops half = {.size = sizeof half, .read = rd, .cancel = "
	"cn};\n"
	"static const struct sl_router_ops old = {.size = 8, .read = rd, .write = wr, .cancel = "
	"cn};\n"
	"const struct sl_plugin *sluice_plugin(void);\n";

#define DESCRIPTOR(fields)                                                                    \
	"static const struct sl_plugin p = {.size = sizeof p, .abi = SL_PLUGIN_ABI,"          \
	" .summary = \"a test\", .licence = \"MIT\", .open = op, .close = cl, " fields "};\n" \
	"SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void)"                        \
	" { (void)half; (void)old; (void)ro; return &p; }\n"

static struct bench bench;

/* NAME.so in the folder, from head and body. */
static void compile(const char *name, const char *body)
{
	char source[64], command[1000];
	FILE *f;

	snprintf(source, sizeof source, "%s.c", name);
	f = fopen(bench_path(&bench, source), "we");
	assert_non_null(f);
	fprintf(f, "%s%s", head, body);
	fclose(f);
	snprintf(command, sizeof command,
		 "${CC:-cc} -std=c17 -D_GNU_SOURCE -I. -w -shared -fPIC -fvisibility=hidden "
		 "-o '%s.so' '%s' >&2",
		 bench_path(&bench, name), bench_path(&bench, source));
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	(void)state;
	bench_init(&bench);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_release(&bench);
	return 0;
}

static struct plugin_info info(const char *name)
{
	for (size_t i = 0; i < plugin_host_count(bench.host); i++)
		if (strcmp(plugin_host_info(bench.host, i).name, name) == 0)
			return plugin_host_info(bench.host, i);
	fail_msg("no entry named %s", name);
	return (struct plugin_info){0};
}

/* One folder full of mistakes: each is named with its reason, and the good one still loads. */
static void test_refusals(void **state)
{
	static const struct {
		const char *name, *body, *says;
	} rows[] = {
		{"abi", DESCRIPTOR(".name = \"abi\", .router = &ro, .abi = 7"),
		 "built for plugin ABI 7 and this sluice speaks 0"},
		{"small", DESCRIPTOR(".name = \"small\", .router = &ro, .size = 16"),
		 "its descriptor has 16 bytes"},
		{"noname", DESCRIPTOR(".name = \"a b\", .router = &ro"), "its name is not one"},
		{"norole", DESCRIPTOR(".name = \"norole\""), "it plays no role"},
		{"nowrite", DESCRIPTOR(".name = \"nowrite\", .router = &half"),
		 "its router lacks the operation 'write'"},
		{"oldrouter", DESCRIPTOR(".name = \"oldrouter\", .router = &old"),
		 "its router operations are incomplete"},
		{"noopen", DESCRIPTOR(".name = \"noopen\", .router = &ro, .open = NULL"),
		 "it lacks the operation 'open'"},
		{"settings", DESCRIPTOR(".name = \"settings\", .router = &ro, .setting_count = 3"),
		 "its table of settings"},
		{"crash",
		 "__attribute__((constructor)) static void boom(void) { abort(); }\n" DESCRIPTOR(
			 ".name = \"crash\", .router = &ro"),
		 "loading it crashes: Aborted"},
		{"leave",
		 "__attribute__((constructor)) static void boom(void) { _Exit(0); }\n" DESCRIPTOR(
			 ".name = \"leave\", .router = &ro"),
		 "ended the program"},
		{"null",
		 "SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void) { return NULL; }\n",
		 "returned nothing"},
		{"nosymbol", "", "exports no sluice_plugin"},
		{"undefined",
		 "void nowhere(void);\nSL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void)"
		 " { nowhere(); return NULL; }\n",
		 "cannot be loaded"},
		{"same", DESCRIPTOR(".name = \"good\", .router = &ro"),
		 "a plugin named 'good' is already loaded"},
	};

	(void)state;
	compile("good", DESCRIPTOR(".name = \"good\", .router = &ro"));
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		compile(rows[i].name, rows[i].body);
	bench_write(&bench, "text.so", "not a shared object");
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, NULL), SL_OK);
	assert_int_equal(plugin_host_count(bench.host), SL_COUNT(rows) + 2);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		assert_null(info(rows[i].name).plugin);
		assert_non_null(strstr(info(rows[i].name).refused, rows[i].says));
	}
	assert_non_null(strstr(info("text").refused, "cannot be loaded"));
	assert_non_null(info("good").plugin);
	assert_null(info("good").refused);
	assert_ptr_equal(plugin_host_find(bench.host, "good"), info("good").plugin);
	assert_null(plugin_host_find(bench.host, "abi"));
}

/* NAME/NAME.so, in name order; what is already there wins and is not listed twice. */
static void test_folders(void **state)
{
	struct sl_error e = {0};

	(void)state;
	assert_int_equal(mkdir(bench_path(&bench, "zeta"), 0755), 0);
	assert_int_equal(mkdir(bench_path(&bench, "empty"), 0755), 0);
	compile("zeta/zeta", DESCRIPTOR(".name = \"zeta\", .router = &ro"));
	compile("alpha", DESCRIPTOR(".name = \"alpha\", .router = &ro"));
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, &e), SL_OK);
	assert_int_equal(plugin_host_count(bench.host), 2);
	assert_string_equal(plugin_host_info(bench.host, 0).name, "alpha");
	assert_string_equal(plugin_host_info(bench.host, 1).name, "zeta");
	assert_string_equal(plugin_host_info(bench.host, 1).path,
			    bench_path(&bench, "zeta/zeta.so"));
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, &e), SL_OK);
	assert_int_equal(plugin_host_count(bench.host), 2);
}

static void test_trust(void **state)
{
	struct sl_error e = {0};

	(void)state;
	compile("alpha", DESCRIPTOR(".name = \"alpha\", .router = &ro"));
	assert_int_equal(chmod(bench.folder, 0777), 0);
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "can be written by everybody"));
	assert_null(plugin_host_find(bench.host, "alpha"));
	assert_int_equal(chmod(bench.folder, 0755), 0);
	assert_int_equal(chmod(bench_path(&bench, "alpha.so"), 0757), 0);
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, &e), SL_OK);
	assert_non_null(strstr(info("alpha").refused, "can be written by everybody"));
	assert_null(plugin_host_find(bench.host, "alpha"));
	if (geteuid() != 0) {
		print_message("SKIP: another user's folder (needs root)\n");
		return;
	}
	assert_int_equal(chmod(bench_path(&bench, "alpha.so"), 0755), 0);
	assert_int_equal(chown(bench.folder, 12345, 0), 0);
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, &e), SL_EINPUT);
	assert_non_null(strstr(e.msg, "belongs to another user (12345)"));
}

static void test_missing(void **state)
{
	struct sl_error e = {0};

	(void)state;
	assert_int_equal(plugin_host_load_folder(bench.host, bench_path(&bench, "none"), &e),
			 SL_ENOTFOUND);
	assert_non_null(strstr(e.msg, "none"));
	bench_write(&bench, "file", "");
	assert_int_equal(plugin_host_load_folder(bench.host, bench_path(&bench, "file"), &e),
			 SL_EINPUT);
}

/* SLUICE_PLUGINS comes first, and a missing folder in it stops nothing. */
static void test_default(void **state)
{
	char list[500];
	struct sl_error e = {0};

	(void)state;
	compile("alpha", DESCRIPTOR(".name = \"alpha\", .router = &ro"));
	snprintf(list, sizeof list, "/nonexistent:%s:", bench.folder);
	setenv("SLUICE_PLUGINS", list, 1);
	assert_int_equal(plugin_host_load_default(bench.host, &e), SL_OK);
	unsetenv("SLUICE_PLUGINS");
	assert_non_null(plugin_host_find(bench.host, "alpha"));
}

/* The shipped plugins pass their own door, also without a loop (`sluice plugins`). */
static void test_shipped(void **state)
{
	struct plugin_host *h = plugin_host_new(NULL);
	const struct sl_plugin *p;
	struct sl_error e = {0};
	char plugins[400];
	bool closed = false;

	(void)state;
	snprintf(plugins, sizeof plugins, "%s/plugins", bench_build());
	assert_int_equal(plugin_host_load_folder(h, plugins, &e), SL_OK);
	p = plugin_host_find(h, "static");
	assert_non_null(p);
	assert_true(p->registry->from_inventory);
	assert_int_equal(p->setting_count, 0);
	assert_non_null(plugin_host_find(h, "haproxy"));
	assert_null(plugin_backend_open(h, p, &(struct sl_settings){.backend = "x"}, &e));
	plugin_host_close(h, bench_flag, &closed);
	assert_true(closed);
}

/* The example in the manual builds against the headers alone and is taken. */
static void test_manual(void **state)
{
	char command[1000];

	(void)state;
	snprintf(command, sizeof command,
		 "awk '/^[.]Ed/ { exit } on { print } /^[.]Bd/ { on = 1 }' man/sluice-plugin.3 "
		 "> '%s/null.c'; ${CC:-cc} -std=gnu17 -Wall -Wextra -Werror -I . -shared -fPIC "
		 "-o '%s/null.so' '%s/null.c' >&2",
		 bench.folder, bench.folder, bench.folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(plugin_host_load_folder(bench.host, bench.folder, NULL), SL_OK);
	assert_non_null(info("null").plugin);
	assert_string_equal(info("null").plugin->summary, "refuses everything");
}

static void test_static(void **state)
{
	const struct sl_settings settings = {.backend = "fleet"};
	struct plugin_backend *b;
	struct sl_error e = {0};
	char plugins[400];
	bool closed = false;

	(void)state;
	snprintf(plugins, sizeof plugins, "%s/plugins", bench_build());
	assert_int_equal(plugin_host_load_folder(bench.host, plugins, &e), SL_OK);
	b = plugin_backend_open(bench.host, plugin_host_find(bench.host, "static"), &settings, &e);
	assert_non_null(b);
	plugin_backend_close(b, bench_flag, &closed);
	assert_false(closed);
	bench_wait(&bench, &closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_default, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_manual, setup, teardown),
		cmocka_unit_test_setup_teardown(test_static, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
