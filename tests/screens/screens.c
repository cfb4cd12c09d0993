/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real console in a pseudo terminal, at fixed sizes and a fixed hour, held against golden text
 * in golden/. REWRITE=1 writes the golden files anew. What moves is tested beside it: a change in
 * the store, resizing, killing, stopping, writing nothing when nothing happens.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "tests/screens/data.h"
#include "tests/screens/golden.h"
#include "tests/screens/pty.h"

static char *top; /* our folder: state/, inventory.yaml, config/ */
static char *console, *now_env, *config_env, *home_env;
static const char *const *env, *const *chinese_env, *const *down_env;

/* --- where it all is --- */

static const char inventory[] = "sluice: 1\n"
				"kind: inventory\n"
				"environment: { name: prod-cn1, production: true }\n"
				"registries:\n"
				"  town: { type: town }\n"
				"metrics:\n"
				"  prom: { type: town, queries: { rate: rate, errors: errors, p50: "
				"p50, p99: p99 } }\n"
				"tracing:\n"
				"  zip: { type: town }\n";

static const char config_inventory[] = "sluice: 1\n"
				       "kind: inventory\n"
				       "environment: { name: prod-cn1, production: true }\n"
				       "configs:\n"
				       "  vault: { type: vault }\n";

static const char chinese_inventory[] = "sluice: 1\n"
					"kind: inventory\n"
					"environment: { name: prod-hb, production: true }\n"
					"registries:\n"
					"  town: { type: town }\n"
					"configs:\n"
					"  vault: { type: vault }\n"
					"metrics:\n"
					"  prom: { type: town, queries: { rate: rate, errors: "
					"errors, p50: p50, p99: p99 } }\n"
					"tracing:\n"
					"  zip: { type: town }\n";

static void write_file(const char *name, const char *text)
{
	char *path = sl_asprintf("%s/%s", top, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void make_folder(const char *name)
{
	char *path = sl_asprintf("%s/%s", top, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static char *state_folder(void)
{
	return sl_asprintf("%s/state", top);
}

static int make_site(void **state)
{
	static const char *list[6], *chinese[8], *down[6];
	char *folder;

	(void)state;
	console = getenv("SLUICE_CONSOLE");
	top = golden_top();
	if (!top)
		return -1;
	folder = state_folder();
	data_make(folder);
	free(folder);
	folder = sl_asprintf("%s/chinese", top);
	data_make_chinese(folder);
	free(folder);
	write_file("inventory.yaml", inventory);
	write_file("chinese.yaml", chinese_inventory);
	make_folder("config");
	make_folder("config/sluice");
	write_file("config.yaml", config_inventory);
	now_env = sl_asprintf("SLUICE_TEST_NOW=%lld", (long long)DATA_NOW);
	config_env = sl_asprintf("XDG_CONFIG_HOME=%s/config", top);
	home_env = sl_asprintf("HOME=%s", top);
	list[0] = now_env;
	list[1] = config_env;
	list[2] = home_env;
	list[3] = "TOWN_ONCE=1";
	list[4] = "VISUAL=sed -i s/40$/80/"; /* an editor that needs nobody */
	env = list;
	chinese[0] = "TOWN_CHANGES=1"; /* CHINESE begins after it */
	memcpy(chinese + 1, list, 3 * sizeof *list);
	chinese[4] = "TOWN_CHINESE=1";
	chinese[5] = "TOWN_TURNS=1";
	chinese_env = chinese;
	memcpy(down, list, sizeof list);
	down[3] = "TOWN_DOWN=1";
	down_env = down;
	return 0;
}

static int remove_site(void **state)
{
	char *rm = sl_asprintf("rm -rf '%s'", top);
	int rc = system(rm);

	(void)state;
	free(rm);
	free(top);
	free(now_env);
	free(config_env);
	free(home_env);
	return rc;
}

struct mode {
	const char *name, *term, *locale;
	bool no_colour;
	const char *option; /* with an inventory; NULL = none */
};
static const struct mode utf8 = {"utf8", "xterm-256color", "C.UTF-8", false, NULL};
static const struct mode ascii = {"ascii", "xterm-256color", "C", false, NULL};
static const struct mode mono = {"mono", "vt100", "C.UTF-8", true, NULL};

enum with { ALONE, TOWN, CONFIG, DOWN, EMPTY, CHINESE, CHANGED }; /* which inventory */

static struct pty *start(const struct mode *m, unsigned width, unsigned height, enum with with)
{
	static const char *const files[] = {
		[ALONE] = "", [TOWN] = "inventory",  [CONFIG] = "config",  [DOWN] = "inventory",
		[EMPTY] = "", [CHINESE] = "chinese", [CHANGED] = "chinese"};
	char *folder = sl_asprintf("%s/%s", top,
				   with >= CHINESE ? "chinese"
				   : with == EMPTY ? "empty"
						   : "state"),
	     *file = sl_asprintf("%s/%s.yaml", top, files[with]);
	const char *argv[8] = {console, "--state", folder, NULL};
	struct pty_how how = {.width = width,
			      .height = height,
			      .term = m->term,
			      .locale = m->locale,
			      .no_colour = m->no_colour,
			      .env = with >= CHINESE ? chinese_env + (with == CHINESE)
				     : with == DOWN  ? down_env
						     : env,
			      .argv = argv};
	struct pty *p;

	if (*files[with]) {
		argv[3] = "-i";
		argv[4] = file;
		argv[5] = m->option;
	}
	p = pty_start(&how);
	free(folder);
	free(file);
	return p;
}

static const struct scene {
	const char *name;
	enum with inventory;
	const char *const *keys;
} scenes[] = {
	{"services", true, KEYS("wait:912")},
	{"services-empty", EMPTY, KEYS("1", "wait:no services")},
	{"services-error", DOWN, KEYS("wait:connection ref")},
	{"traces-error", DOWN, KEYS("3", "wait:connection refused")},
	{"alerts-error", DOWN, KEYS("!", "wait:2 alerts", "wait:prom")},
	{"traces-empty", EMPTY, KEYS("3", "wait:no traces")},
	{"runs-empty", EMPTY, KEYS("wait:no runs")},
	{"events-empty", EMPTY, KEYS("8", "wait:nothing has happened")},
	{"alerts-empty", EMPTY, KEYS("!", "wait:nothing is")},
	{"services-filter", true, KEYS("wait:912", "/", "text:p99>400", "enter", "wait:of 14")},
	{"filter-unknown", true, KEYS("wait:912", "/", "text:laod>400", "enter", "wait:no column")},
	{"service", true,
	 KEYS("wait:912", "j", "enter", "wait:pay-0001", "j", "j", "wait:0.3:9000  ok")},
	{"service-versions", true,
	 KEYS("wait:912", "j", "enter", "wait:pay-0001", "tab", "wait:fx.rates", "tab",
	      "wait:labelled", "tab", "wait:NEWEST")},
	{"service-dependencies", true,
	 KEYS("wait:912", "j", "enter", "wait:pay-0001", "tab", "wait:fx.rates", "wait:read at")},
	{"service-history", false,
	 KEYS(":", "text:service cart", "enter", "wait:RPS", "tab", "tab", "tab", "tab",
	      "wait:WHAT")},
	{"service-drain", true,
	 KEYS("wait:912", "j", "enter", "wait:pay-0001", "m", "m", "w", "wait:reason", "text:OPS-7",
	      "enter", "wait:WRITE", "D", "wait:Cancel")},
	{"preview", true, KEYS("wait:912", "space", "wait:noContact")},
	{"preview-full", true, KEYS("wait:912", "j", "space", "wait:P99 ms           912")},
	{"alerts", true, KEYS("wait:912", "!", "wait:nobody says")},
	{"plugins", true, KEYS("wait:912", ":", "text:plugins", "enter", "wait:on demand")},
	{"plugins-error", DOWN, KEYS(":", "text:plugins", "enter", "wait:refused")},
	{"help", true, KEYS("wait:912", "?", "wait:of them")},
	{"config-empty", true, KEYS("4", "wait:no keys")},
	{"config", CONFIG, KEYS("4", "wait:certs.bin")},
	{"key", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1")},
	{"key-rollback", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1", "j", "j",
	      "j", "wait:rev 38")},
	{"key-elsewhere", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1", "v",
	      "wait:staging rev 40", "u", "tab", "G")},
	{"key-chinese", CONFIG, KEYS("4", "wait:certs.bin", "G", "enter", "wait:+2 -1")},
	{"key-binary", CONFIG, KEYS("4", "wait:certs.bin", "enter", "wait:no text")},
	{"key-long", CONFIG, KEYS("4", "wait:certs.bin", "j", "j", "enter", "wait:item3000")},
	{"key-draft", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1", "w",
	      "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "E", "wait:not published; +1")},
	{"key-confirm", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1", "w",
	      "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "E", "wait:not published; +1",
	      "P", "wait:Cancel")},
	{"key-refused", CONFIG,
	 KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1", "E",
	      "wait:needs write mode")},
	{"traces", true, KEYS("3", "wait:read at")},
	{"traces-of-one", true, KEYS("wait:912", "j", "t", "wait:checkout.web", "wait:read at")},
	{"trace", true,
	 KEYS("wait:912", "j", "t", "wait:read at", "enter", "wait:8 spans", "n",
	      "wait:640ms, server")},
	{"span-instance", true,
	 KEYS("3", "wait:read at", "G", "enter", "wait:critical path", "j", "i",
	      "wait:10.8.0.1:9000  503 db pool exhausted")},
	{"events", false, KEYS("wait:rolled", "8", "wait:traffic.s", "n", "wait:exit 4")},
	{"events-folded", false,
	 KEYS("wait:rolledBack", "8", "wait:traffic.set", "f", "wait:what repeats is one row")},
	{"runs", false, KEYS("wait:rolledBack")},
	{"run-running", false, KEYS("wait:rolledBack", "enter", "wait:Traffic")},
	{"run-paused", false, KEYS("wait:rolledBack", "j", "enter", "wait:until promoted")},
	{"run-failed", false, KEYS("wait:rolled", "j", "j", "enter", "wait:upgrade 6")},
	{"steps", false,
	 KEYS("wait:rolledBack", "j", "j", "enter", "wait:upgrade 12", "G", "k", "enter",
	      "wait:503")},
	{"confirm", false,
	 KEYS("wait:rolledBack", "w", "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "j", "P",
	      "wait:Cancel")},
	{"refused", false, KEYS("wait:rolledBack", "U", "wait:needs write mode")},
	{"plan-failed", false,
	 KEYS("wait:rolledBack", ":", "text:run nowhere.yaml", "enter", "wait:plans again")},
	{"command", false, KEYS("wait:rolledBack", ":", "text:rel", "tab", "wait:releases")},
};

/* The same in Chinese: names, notes, errors, people, the environment; a service that has changed.
 */
static const struct scene chinese_scenes[] = {
	{"zh-services", CHINESE, KEYS("wait:912")},
	{"zh-changed", CHANGED, KEYS("wait:912", "r", "wait:registry  ")},
	{"zh-filter", CHINESE, KEYS("wait:912", "/", "text:service:支付", "wait:2 of 14")},
	{"zh-command", CHINESE,
	 KEYS("wait:912", ":", "text:service 支付·扣款服务", "ctrl-w", "text:支付·退款多",
	      "backspace", "left", "wait:支付·退款")},
	{"zh-preview", CHINESE, KEYS("wait:912", "space", "wait:noContact")},
	{"zh-service", CHINESE,
	 KEYS("wait:912", ":", "text:service 支付·扣款", "enter", "wait:连接池", "m")},
	{"zh-dependencies", CHINESE,
	 KEYS("wait:912", ":", "text:service 支付·扣款", "enter", "wait:连接池", "tab", "wait:汇率",
	      "wait:read at")},
	{"zh-config-of-one", CHINESE,
	 KEYS("wait:912", ":", "text:service 库存·媒体编码", "enter", "wait:机房", "tab", "tab",
	      "wait:限流.yaml")},
	{"zh-versions", CHINESE,
	 KEYS("wait:912", ":", "text:service 广告排序Ｖ２", "enter", "wait:机房", "tab", "tab",
	      "tab", "wait:NEWEST")},
	{"zh-history", CHINESE,
	 KEYS("wait:912", ":", "text:service 支付·扣款", "enter", "wait:连接池", "tab", "tab",
	      "tab", "tab", "wait:WHAT", "wait:王磊")},
	{"zh-drain", CHINESE,
	 KEYS("wait:912", ":", "text:service 支付·扣款", "enter", "wait:连接池", "m", "m", "w",
	      "wait:reason", "text:大促", "enter", "wait:WRITE", "D", "wait:Cancel", "tab",
	      "text:支付·扣款")},
	{"zh-alerts", CHINESE, KEYS("wait:912", "!", "wait:旧账单")},
	{"zh-instances", CHINESE, KEYS("wait:912", ":", "text:instances", "enter", "wait:机房")},
	{"zh-traces", CHINESE, KEYS("3", "wait:read at")},
	{"zh-trace", CHINESE,
	 KEYS("3", "wait:read at", "G", "enter", "wait:扣款", "n", "wait:640ms, server")},
	{"zh-config", CHINESE, KEYS("4", "wait:限流")},
	{"zh-runs", CHINESE, KEYS("5", "wait:rolledBack")},
	{"zh-run", CHINESE, KEYS("5", "wait:rolled", "j", "enter", "wait:upgrade 6")},
	{"zh-steps", CHINESE,
	 KEYS("5", "wait:rolledBack", "j", "enter", "wait:folded", "G", "k", "enter", "wait:503")},
	{"zh-events", CHINESE,
	 KEYS("5", "wait:rolled", "8", "wait:traffic.s", "/", "text:连接池", "enter",
	      "wait:2 of 128")},
	{"zh-releases", CHINESE,
	 KEYS("5", "wait:rolledBack", ":", "text:releases", "enter", "wait:支付主机06")},
};

static void play(const struct scene *s, const struct mode *m, unsigned width, unsigned height)
{
	struct pty *p = start(m, width, height, s->inventory);
	char name[128];

	snprintf(name, sizeof name, "%s-%ux%u-%s", s->name, width, height, m->name);
	pty_keys(p, s->keys);
	golden_compare(p, name);
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static const struct scene *scene(const char *name)
{
	size_t i;

	for (i = 0; i < SL_COUNT(scenes); i++)
		if (!strcmp(scenes[i].name, name))
			return &scenes[i];
	for (i = 0; i < SL_COUNT(chinese_scenes); i++)
		if (!strcmp(chinese_scenes[i].name, name))
			return &chinese_scenes[i];
	fail_msg("no scene %s", name);
	return NULL;
}

static void play_all(const struct mode *m, unsigned width, unsigned height)
{
	size_t i;

	for (i = 0; i < SL_COUNT(scenes); i++)
		play(&scenes[i], m, width, height);
}

static void test_wide(void **state)
{
	(void)state;
	play_all(&utf8, 120, 36);
}

static void test_chinese(void **state)
{
	static const char *const small[] = {"zh-services", "zh-service", "zh-drain",
					    "zh-trace",    "zh-run",     "zh-events"};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(chinese_scenes); i++)
		play(&chinese_scenes[i], &utf8, 120, 36);
	for (i = 0; i < SL_COUNT(small); i++) {
		play(scene(small[i]), &utf8, 80, 24);
		play(scene(small[i]), &utf8, 60, 12);
	}
	play(scene("zh-services"), &ascii, 80, 24);
}

static void test_ascii(void **state)
{
	(void)state;
	play(scene("services"), &ascii, 120, 36);
	play(scene("service"), &ascii, 120, 36);
	play(scene("run-running"), &ascii, 120, 36);
	play(scene("key-chinese"), &ascii, 120, 36);
	play(scene("traces"), &ascii, 120, 36);
	play(scene("trace"), &ascii, 120, 36);
	play(scene("events"), &ascii, 120, 36);
	play(scene("config"), &ascii, 80, 24);
	play(scene("preview"), &ascii, 80, 24);
}

static void test_mono(void **state)
{
	(void)state;
	play(scene("services"), &mono, 120, 36);
	play(scene("run-failed"), &mono, 80, 24);
	play(scene("service"), &mono, 80, 24);
	play(scene("traces"), &mono, 80, 24);
	play(scene("trace"), &mono, 80, 24);
	play(scene("events"), &mono, 80, 24);
	play(scene("services-error"), &mono, 80, 24);
	play(scene("key"), &mono, 80, 24);
	play(scene("key-confirm"), &mono, 80, 24);
}

/* In each of two smaller sizes. */
static void test_smaller(void **state)
{
	static const char *const names[] = {
		"traces", "trace",          "events",       "run-failed", "config",
		"alerts", "services-error", "alerts-error", "runs-empty", "plugins"};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(names); i++) {
		play(scene(names[i]), &utf8, 80, 24);
		play(scene(names[i]), &utf8, 60, 12);
	}
}

/* Nothing answers any more: what was read stays, dimmed, and row 1 says how old it is. */
static void test_stale(void **state)
{
	static const struct {
		const struct mode mode;
		unsigned width, height;
		const char *name;
	} looks[] = {
		{{"utf8", "xterm-256color", "C.UTF-8", false, "--interval=1s"},
		 120,
		 36,
		 "services-stale-120x36-utf8"},
		{{"utf8", "xterm-256color", "C.UTF-8", false, "--interval=1s"},
		 60,
		 12,
		 "services-stale-60x12-utf8"},
		{{"mono", "vt100", "C.UTF-8", true, "--interval=1s"},
		 80,
		 24,
		 "services-stale-80x24-mono"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(looks); i++) {
		struct pty *p = start(&looks[i].mode, looks[i].width, looks[i].height, TOWN);

		pty_keys(p, KEYS("wait:912", "wait:registry STALE 3s", "wait:! 3"));
		golden_compare(p, looks[i].name);
		assert_int_equal(pty_stop(p), 0);
		pty_free(p);
	}
}

/* Colours, which text does not show: letters for looks. */
static void test_themes(void **state)
{
	static const struct {
		struct mode mode;
		bool deep; /* 24-bit colours */
	} looks[] = {
		{{"dark", "xterm-256color", "C.UTF-8", false, NULL}, true},
		{{"dark-256", "xterm-256color", "C.UTF-8", false, NULL}, false},
		{{"dark-16", "xterm", "C.UTF-8", false, NULL}, false},
		{{"light", "xterm-256color", "C.UTF-8", false, "--theme=light"}, true},
		{{"contrast", "xterm-256color", "C.UTF-8", false, "--theme=contrast"}, true},
		{{"none", "xterm-256color", "C.UTF-8", true, NULL}, false},
	};
	const char *deep[] = {now_env, config_env, home_env, "TOWN_ONCE=1", "COLORTERM=truecolor",
			      NULL};
	const char *const *before = env;
	struct sl_buf out;
	char name[64];
	size_t i;

	(void)state;
	sl_buf_init(&out, 1u << 20);
	for (i = 0; i < SL_COUNT(looks); i++) {
		struct pty *p;

		env = looks[i].deep ? deep : before;
		p = start(&looks[i].mode, 80, 24, TOWN);
		pty_keys(p, KEYS("wait:912", "m", "wait:1 marked"));
		pty_settle(p);
		sl_buf_clear(&out);
		pty_looks(p, &out);
		snprintf(name, sizeof name, "looks-services-80x24-%s", looks[i].mode.name);
		golden_compare_text(sl_buf_str(&out), name);
		assert_int_equal(pty_stop(p), 0);
		pty_free(p);
	}
	env = before;
	sl_buf_release(&out);
}

static void test_narrow(void **state)
{
	(void)state;
	play(scene("services"), &utf8, 80, 24);
	play(scene("run-running"), &utf8, 80, 24);
	play(scene("confirm"), &utf8, 80, 24);
	play(scene("services"), &utf8, 60, 12);
	play(scene("service"), &utf8, 80, 24);
	play(scene("service"), &utf8, 60, 12);
	play(scene("runs"), &utf8, 60, 12);
	play(scene("filter-unknown"), &utf8, 60, 12);
	play(scene("key"), &utf8, 80, 24);
	play(scene("key-chinese"), &utf8, 80, 24);
	play(scene("key"), &utf8, 60, 12);
	play(scene("key-draft"), &utf8, 80, 24);
	play(scene("key-confirm"), &utf8, 80, 24);
	play(scene("key-confirm"), &utf8, 60, 12);
}

/* --- pictures, for people: SVG=FOLDER --- */

static const struct picture {
	const char *name;
	bool inventory;
	unsigned height;
	const char *const *keys;
} pictures[] = {
	{"console-services", true, 24, KEYS("wait:payments", "j", "wait:764")},
	{"console-run", false, 26,
	 KEYS("wait:rolledBack", "j", "j", "enter", "wait:upgrade 12", "wait:folded")},
	{"console-trace", true, 20,
	 KEYS("3", "wait:read at", "G", "enter", "wait:critical path", "j", "j",
	      "wait:with an error")},
};

static void write_picture(struct pty *p, const char *folder, const char *name)
{
	char *path = sl_asprintf("%s/%s.svg", folder, name);
	FILE *f = fopen(path, "we");
	struct sl_buf out;

	assert_non_null(f);
	sl_buf_init(&out, 1u << 20);
	pty_svg(p, &out);
	assert_true(out.len < 60000); /* it stands in pages */
	assert_int_equal(fwrite(sl_buf_str(&out), 1, out.len, f), out.len);
	assert_int_equal(fclose(f), 0);
	sl_buf_release(&out);
	free(path);
}

static void test_pictures(void **state)
{
	const char *moving[] = {
		now_env, config_env, home_env, "TOWN_TURNS=33", "COLORTERM=truecolor", NULL};
	const struct mode quick = {"quick", "xterm-256color", "C.UTF-8", false, "--interval=1s"};
	const char *folder = getenv("SVG");
	const char *const *before = env;
	size_t i;

	(void)state;
	env = moving;
	assert_non_null(folder);
	for (i = 0; i < SL_COUNT(pictures); i++) {
		struct pty *p = start(&quick, 120, pictures[i].height, pictures[i].inventory);

		pty_keys(p, pictures[i].keys);
		pty_settle(p);
		write_picture(p, folder, pictures[i].name);
		assert_int_equal(pty_stop(p), 0);
		pty_free(p);
	}
	env = before;
}

/* --- what moves --- */

static void test_a_change_appears(void **state)
{
	char *folder = state_folder();
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "enter", "wait:Traffic", "wait:0/12"));
	data_append(folder, 4,
		    "\"event\":\"step.ended\",\"step\":\"27\",\"result\":\"ok\","
		    "\"ms\":5,\"error\":null");
	pty_keys(p, KEYS("wait:1/12"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	free(folder);
}

static void test_promote_is_a_control_row(void **state)
{
	char verb[64] = "", who[64] = "", reason[64] = "", *folder = state_folder();
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "j", "P", "wait:needs write mode"));
	assert_int_equal(data_controls(folder, 3, verb, who, reason), 0);
	pty_keys(p, KEYS("w", "wait:reason", "text:OPS-7", "enter", "wait:WRITE 15m", "P",
			 "wait:Cancel", "enter", "wait:nothing was changed"));
	assert_int_equal(data_controls(folder, 3, verb, who, reason), 0);
	pty_keys(p, KEYS("P", "wait:Cancel", "tab", "enter", "wait:asked its controller"));
	assert_int_equal(data_controls(folder, 3, verb, who, reason), 1);
	assert_string_equal(verb, "promote");
	assert_string_equal(reason, "OPS-7");
	assert_true(*who);
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	free(folder);
}

/* While the question stands somebody else promotes: the pause that comes next was not seen. */
static void test_promote_of_a_pause_that_was_not_seen(void **state)
{
	char verb[64] = "", who[64] = "", reason[64] = "", *folder = state_folder();
	int before = data_controls(folder, 3, verb, who, reason);
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "j", "w", "wait:reason", "text:OPS-8", "enter",
			 "wait:WRITE 15m", "P", "wait:Cancel"));
	data_row(folder, 3, "state='running', waiting=''");
	pty_keys(p, KEYS("wait:not any more: the run stands at no pause"));
	data_append(folder, 3, "\"event\":\"pause.ended\",\"step\":\"26\"");
	data_append(folder, 3, "\"event\":\"pause.started\",\"step\":\"37\",\"by\":\"playbook\"");
	data_row(folder, 3, "state='paused', waiting='{\"for\":\"promote\",\"step\":\"37\"}'");
	pty_keys(p, KEYS("wait:reason: OPS-8", "tab", "enter", "wait:another pause"));
	assert_int_equal(data_controls(folder, 3, verb, who, reason), before);
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	free(folder);
}

static void test_drain_needs_write_mode(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "j", "enter", "wait:pay-0001", "D", "wait:needs write mode",
			 "tab", "wait:fx.rates", "tab", "wait:labelled", "tab", "wait:NEWEST", "W",
			 "wait:only in the pane of instances"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_paste_presses_no_key(void **state)
{
	static const char paste[] = "\033[200~UPAq\033[201~";
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack"));
	pty_send(p, paste, sizeof paste - 1);
	pty_keys(p, KEYS("x", "wait:x does nothing"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_resize(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912"));
	pty_resize(p, 50, 10);
	pty_keys(p, KEYS("wait:needs 60x12"));
	pty_resize(p, 80, 24);
	pty_keys(p, KEYS("wait:912"));
	golden_compare(p, "services-80x24-utf8");
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* What stands at the right edge is there, however far that is. */
static void test_very_wide(void **state)
{
	struct pty *p = start(&utf8, 1010, 24, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", "wait:? keys"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_idle_writes_nothing(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "5", "wait:wang"));
	while (pty_pump(p, 500))
		;
	assert_false(pty_pump(p, 2500)); /* longer than any timer of it */
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* Each frame after the first stands between the marks of synchronised output. */
static void test_frames_are_whole(void **state)
{
	struct pty *p = start(&utf8, 120, 36, false);
	size_t from;

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack"));
	pty_settle(p);
	from = pty_bytes(p)->len;
	pty_keys(p, KEYS("?", "wait:of them"));
	assert_memory_equal(pty_bytes(p)->data + from, "\033[?2026h", 8);
	while (!strstr(pty_bytes(p)->data + from, "\033[?2026l"))
		assert_true(pty_pump(p, 5000));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_leaves_nothing_behind(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGSEGV, SIGABRT};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(signals); i++) {
		struct pty *p = start(&utf8, 80, 24, false);

		pty_keys(p, KEYS("wait:rolled"));
		assert_true(pty_on_other_screen(p));
		kill(pty_pid(p), signals[i]);
		pty_wait_exit(p);
		assert_false(pty_on_other_screen(p));
		assert_non_null(strstr(sl_buf_str(pty_bytes(p)), "\033[?2004l"));
		pty_free(p);
	}
}

static void test_quit_and_escape(void **state)
{
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "esc", "wait:q leaves", "enter", "wait:Traffic", "q",
			 "wait:rolledBack", "q"));
	assert_int_equal(pty_wait_exit(p), 0);
	assert_false(pty_on_other_screen(p));
	pty_free(p);
}

static void test_rebinding(void **state)
{
	struct pty *p;

	(void)state;
	write_file("config/sluice/config.yaml", "console:\n  keys:\n    help: f1 x\n");
	p = start(&utf8, 120, 36, false);
	pty_keys(p, KEYS("wait:rolledBack", "?", "wait:? does nothing", "x", "wait:of them", "esc",
			 "gone:of them"));
	write_file("config/sluice/config.yaml", "console:\n  keys:\n    promote: p\n    help: h\n");
	pty_keys(p, KEYS("wait:must be a capital letter"));
	write_file("config/sluice/config.yaml", "console:\n  theme: light\n");
	pty_keys(p, KEYS("wait:were read again"));
	write_file("config/sluice/config.yaml", "theme: light\n");
	pty_keys(p, KEYS("wait:theme: is not known here; all settings stand below console:", "?",
			 "wait:of them"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	write_file("config/sluice/config.yaml", "");
}

/* Enter on an event goes to its run; the marks of the list are those of the run then. */
static void test_event_leads_to_its_run(void **state)
{
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "8", "wait:traffic.set", "/", "text:run:2 level:error",
			 "enter", "wait:of 309", "enter", "wait:Runs > 2", "esc", "gone:Runs > 2",
			 "[", "wait:Runs > 2", "[", "wait:level:error"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* A tab comes back as it was left; its number once more is its list. */
static void test_tab_again_is_its_list(void **state)
{
	struct pty *p = start(&utf8, 120, 36, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", "j", "enter", "wait:Services > payments.charge", "5",
			 "wait:rolledBack", "1", "wait:Services > payments.charge", "1",
			 "wait:14 services", "esc", "wait:this is the first view"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* Production is a word too, where its name does not say so. */
static void test_production_is_said(void **state)
{
	struct pty *p;

	(void)state;
	write_file("inventory.yaml", "sluice: 1\nkind: inventory\n"
				     "environment: { name: cn-live, production: true }\n");
	p = start(&mono, 60, 12, TOWN);
	pty_keys(p, KEYS("wait: cn-live PRODUCTION "));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	write_file("inventory.yaml", inventory);
}

/* It says what is read; there is nothing to export of it. */
static void test_about(void **state)
{
	struct pty *p = start(&utf8, 60, 12, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", ":", "text:about", "enter", "wait:Services > About",
			 "wait:prod-cn1, production", "wait:inventory  ", "e",
			 "wait:export is off: sluice --version prints it", "G",
			 "wait:sluice-console(1)"));
	pty_keys(p, KEYS("esc", "wait:14 services"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* What the jump is about stood in a list over the very tab that is jumped to. */
static void test_jump_over_its_own_tab(void **state)
{
	struct pty *p = start(&utf8, 120, 36, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", "3", "wait:read at", ":", "text:instances checkout.web",
			 "enter", "wait:Traces > checkout.web", "t", "gone:REGISTERED",
			 "wait:read at", "wait:Traces > checkout.web"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* Someone who presses all keys, the same at each run of the test: under the sanitizers nothing is
 * read that is gone, and the console still does what it is told. Nothing is written but the screen:
 * what leaves, stops or exports is not among them, and write mode is never on. */
static void test_all_keys(void **state)
{
	const char *const *const presses[] = {
		KEYS("1"),
		KEYS("3"),
		KEYS("5"),
		KEYS("8"),
		KEYS("enter"),
		KEYS("enter"),
		KEYS("esc"),
		KEYS("tab"),
		KEYS("j"),
		KEYS("k"),
		KEYS("g"),
		KEYS("G"),
		KEYS("ctrl-d"),
		KEYS("ctrl-u"),
		KEYS("n"),
		KEYS("N"),
		KEYS("s"),
		KEYS("s"),
		KEYS("<"),
		KEYS(">"),
		KEYS("m"),
		KEYS("M"),
		KEYS("space"),
		KEYS("z"),
		KEYS("f"),
		KEYS("F"),
		KEYS("t"),
		KEYS("o"),
		KEYS("c"),
		KEYS("l"),
		KEYS("i"),
		KEYS("v"),
		KEYS("u"),
		KEYS("p", "p"),
		KEYS("r"),
		KEYS("y"),
		KEYS("Y"),
		KEYS("["),
		KEYS("]"),
		KEYS("!"),
		KEYS("&"),
		KEYS("?", "esc"),
		KEYS("left"),
		KEYS("right"),
		KEYS("ctrl-l"),
		KEYS("D"),
		KEYS("P"),
		KEYS("A"),
		KEYS("U"),
		KEYS("B"),
		KEYS("f2"),
		KEYS("/", "text:a", "enter"),
		KEYS("/", "text:[", "esc"),
		KEYS(":", "text:instances checkout.web", "enter"),
		KEYS(":", "text:service payments.charge", "enter"),
		KEYS(":", "text:plugins", "enter"),
		KEYS(":", "text:about", "enter"),
		KEYS(":", "text:run 3", "enter"),
		KEYS(":", "text:sort -nothing", "enter"),
		KEYS(":", "text:theme light", "enter"),
	};
	const char *const *const last[] = {
		KEYS("esc"), KEYS("esc"), KEYS("esc"),
		KEYS("1"),   KEYS("1"),   KEYS(":", "text:about", "enter", "wait:Services > About"),
	};
	struct pty *p = start(&utf8, 120, 36, TOWN);
	unsigned number = 7;

	(void)state;
	pty_keys(p, KEYS("wait:912"));
	for (int i = 0; i < 400; i++) {
		number = number * 1103515245 + 12345;
		pty_keys(p, presses[(number >> 16) % SL_COUNT(presses)]);
		pty_pump(p, 5);
	}
	for (size_t i = 0; i < SL_COUNT(last); i++) { /* together esc and a key are another */
		pty_settle(p);
		pty_keys(p, last[i]);
	}
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* The steps of a wave are still of that run. */
static void test_verbs_below_the_wave(void **state)
{
	struct pty *p = start(&utf8, 120, 36, false);

	(void)state;
	pty_keys(p, KEYS("wait:rolledBack", "j", "enter", "wait:until promoted", "enter",
			 "wait:Runs > 3 > 3/", "P", "wait:promote is off: needs write mode", "w",
			 "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "P",
			 "wait:Promote: ", "enter", "wait:nothing was changed"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* As in a browser: views with what they were about, until one goes elsewhere. */
static void test_back_and_forward(void **state)
{
	struct pty *p = start(&utf8, 120, 36, TOWN);

	(void)state;
	pty_keys(p,
		 KEYS("wait:912", "[", "wait:no view was open before", "j", "enter",
		      "wait:Services > payments.charge", "t", "wait:Traces > payments.charge", "5",
		      "wait:rolledBack", "j", "enter", "wait:Runs > 3", "esc", "gone:Runs > 3"));
	pty_keys(p, KEYS("[", "wait:Runs > 3", "[", "wait:oncall", "[",
			 "wait:Traces > payments.charge", "[", "wait:Services > payments.charge",
			 "[", "wait:14 services", "[", "wait:no view was open before"));
	pty_keys(p, KEYS("]", "wait:Services > payments.charge", "]",
			 "wait:Traces > payments.charge", "8", "wait:traffic.set", "]",
			 "wait:no view lies ahead", "[", "wait:Traces > payments.charge"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* The chip counts what the view of alerts lists, in every view; enter goes there. */
static void test_alerts_lead_on(void **state)
{
	struct pty *p = start(&utf8, 60, 12, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:! 1", "5", "wait:rolled", "wait:! 1"));
	pty_resize(p, 120, 36);
	pty_keys(p, KEYS("wait:! 1 alert ", "!", "wait:Runs > Alerts", "wait:legacy.billing", "!",
			 "enter", "wait:Services > legacy.billing", "[", "wait:Runs > Alerts"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* From a service to what belongs to it, and from there on. */
static void test_service_leads_on(void **state)
{
	struct pty *p = start(&utf8, 120, 36, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", "j", "o", "wait:fx.rates", "esc", "wait:14 services", "c",
			 "wait:no key of a config", "tab", "wait:NEWEST", "enter",
			 "wait:version=\"4.12.1\"", "wait:32 of 48", "esc", "gone:32 of 48",
			 "enter", "wait:> pay-00", "esc", "esc", "wait:14 services"));
	pty_keys(p, KEYS("l", "wait:> pay-00", "esc", "wait:14 services"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* Tab goes on with names, columns and things; what was typed before the history stays. */
static void test_completion(void **state)
{
	struct pty *p = start(&utf8, 120, 36, TOWN);

	(void)state;
	pty_keys(p, KEYS("wait:912", ":", "text:sort -ch", "tab", "wait:sort -changed", "enter",
			 "wait:AGE v", ":", "text:service pay", "tab",
			 "wait:payments.charge payments.refund", "text:r", "tab",
			 "wait:service payments.refund", "up", "wait:: sort -changed", "down",
			 "wait:service payments.refund", "esc", "gone:: service"));
	pty_keys(p, KEYS("/", "text:p99>400 ver", "tab", "wait:/ p99>400 versions:", "text:4.12",
			 "enter", "wait:1 of 14"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_named_filters(void **state)
{
	struct pty *p;

	(void)state;
	write_file("config/sluice/config.yaml",
		   "console:\n  filters:\n    slow: p99>400\n    sick: '!state:ok'\n");
	p = start(&utf8, 120, 36, true);
	pty_keys(p, KEYS("wait:912", "@", "wait:slow sick", "text:sl", "tab", "enter",
			 "wait:/ p99>400", "wait:of 14", "@", "text:slw", "enter",
			 "wait:did you mean 'slow'"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	write_file("config/sluice/config.yaml", "");
}

/* --- the list engine under keys --- */

static void test_filters_off_and_pinned(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "/", "text:p99>400", "enter", "wait:of 14", "f2", "wait:(off)",
			 "f2", "gone:(off)", "&", "wait:(pinned)", "enter", "wait:instances", "esc",
			 "wait:(pinned)", "&", "wait:not pinned any more", "esc", "gone:of 14"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_marks(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "m", "wait:1 marked", "j", "j", "M", "wait:4 marked", "y",
			 "wait:copied", "esc", "gone:marked"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* Columns scroll out behind the name, which stays, and marks say that there are more. */
static void test_columns_scroll(void **state)
{
	struct pty *p = start(&utf8, 80, 24, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "wait:AGE >", "right", "right", "right", "gone:VERSIONS",
			 "wait:payments.charge", "wait:P99 TREND", "left", "left", "left",
			 "wait:VERSIONS"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_copy_by_the_terminal(void **state)
{
	struct pty *p = start(&utf8, 120, 36, true);

	(void)state;
	pty_keys(p, KEYS("wait:912", "y", "wait:copied 14 bytes"));
	assert_non_null(strstr(sl_buf_str(pty_bytes(p)), "\033]52;c;bGVnYWN5LmJpbGxpbmc="));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_mouse_by_option(void **state)
{
	static const char press[] = "\033[<0;20;6M";
	struct pty *p;

	(void)state;
	p = start(&utf8, 120, 36, true);
	pty_keys(p, KEYS("wait:912"));
	assert_null(strstr(sl_buf_str(pty_bytes(p)), "\033[?1000h"));
	write_file("config/sluice/config.yaml", "console:\n  mouse: true\n");
	pty_keys(p, KEYS("wait:were read again"));
	assert_non_null(strstr(sl_buf_str(pty_bytes(p)), "\033[?1000h"));
	pty_send(p, press, sizeof press - 1);
	pty_keys(p, KEYS("wait:2 of 48 not up"));
	pty_send(p, press, sizeof press - 1);
	pty_keys(p, KEYS("wait:10.8.0.1"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	write_file("config/sluice/config.yaml", "");
}

/* Stopped, the shell's screen is there; back, the console is, all of it drawn anew. */
static void test_stop_and_back(void **state)
{
	struct pty *p = start(&utf8, 80, 24, false);
	int status = 0;

	(void)state;
	pty_keys(p, KEYS("wait:rolled", "ctrl-z"));
	assert_int_equal(waitpid(pty_pid(p), &status, WUNTRACED), pty_pid(p));
	assert_true(WIFSTOPPED(status));
	while (pty_pump(p, 50))
		;
	assert_false(pty_on_other_screen(p));
	kill(pty_pid(p), SIGCONT);
	while (!pty_on_other_screen(p))
		assert_true(pty_pump(p, 20000));
	pty_keys(p, KEYS("wait:rolled", "?", "wait:of them"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

/* An editor that stops itself, as ssh does at ~^Z: the shell gets the terminal, not nobody. */
static void test_guest_stops(void **state)
{
	const char *const *usual = env;
	char *editor = sl_asprintf("VISUAL=sh %s/editor", top);
	const char *stopping[] = {env[0], env[1], env[2], env[3], editor, NULL};
	struct pty *p;
	int status = 0;

	(void)state;
	write_file("editor", "kill -STOP $$\nsed -i s/40$/80/ \"$1\"\n");
	env = stopping;
	p = start(&utf8, 120, 36, CONFIG);
	env = usual;
	pty_keys(p, KEYS("4", "wait:certs.bin", "/", "text:pool", "enter", "enter", "wait:+1 -1",
			 "w", "wait:reason", "text:OPS-7", "enter", "wait:WRITE", "E"));
	assert_int_equal(waitpid(pty_pid(p), &status, WUNTRACED), pty_pid(p));
	assert_true(WIFSTOPPED(status));
	kill(pty_pid(p), SIGCONT);
	pty_keys(p, KEYS("wait:not published; +1"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	free(editor);
}

/* --- without a screen, and beside it --- */

/* What a command prints; yours. */
static char *output_of(const char *command)
{
	FILE *f = popen(command, "re");
	struct sl_buf out;
	char part[4096], *text;
	size_t n;

	assert_non_null(f);
	sl_buf_init(&out, 1u << 20);
	while ((n = fread(part, 1, sizeof part, f)) > 0)
		sl_buf_append(&out, part, n);
	assert_int_equal(pclose(f), 0);
	text = sl_strdup(sl_buf_str(&out));
	sl_buf_release(&out);
	return text;
}

static void test_export_is_the_twins_bytes(void **state)
{
	struct pty *p = start(&utf8, 120, 36, false);
	char *file = sl_asprintf("%s/runs.json", top), *command, *twin, *have;

	(void)state;
	command = sl_asprintf("text:export %s", file);
	pty_keys(p, KEYS("wait:rolledBack", "/", "text:state:ended", "enter", "wait:2 of 4", ":",
			 command, "enter", "wait:written"));
	free(command);
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	command = sl_asprintf("SLUICE_STATE='%s/state' \"$(dirname '%s')/sluice\" get runs -f "
			      "state:ended -o json",
			      top, console);
	twin = output_of(command);
	have = golden_read(file);
	assert_true(strlen(twin) > 100);
	assert_string_equal(have, twin);
	free(have);
	free(twin);
	free(command);
	free(file);
}

/* What is folded is written as it is seen. */
static void test_export_of_what_is_folded(void **state)
{
	struct pty *p = start(&utf8, 120, 36, ALONE);
	char *file = sl_asprintf("%s/events.json", top), *command, *have, *at;
	size_t rows = 0;

	(void)state;
	command = sl_asprintf("text:export %s", file);
	pty_keys(p, KEYS("wait:rolledBack", "8", "wait:traffic.set", "f", "wait:one row", "/",
			 "text:event:step.ended run:4", "enter", "wait:1 of 22", ":", command,
			 "enter", "wait:1 rows, repeats folded"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
	have = golden_read(file);
	assert_non_null(have);
	for (at = have; (at = strstr(at, "\"step.ended\"")); at++)
		rows++;
	assert_int_equal(rows, 1);
	free(have);
	free(command);
	free(file);
}

/* On the smallest screen the difference can be seen whole before it is published. */
static void test_question_scrolls(void **state)
{
	struct pty *p = start(&utf8, 60, 12, CONFIG);

	(void)state;
	pty_keys(p, scene("key-confirm")->keys);
	pty_keys(p, KEYS("wait:size: 80", "up", "wait:and 3 more", "wait:11 unchanged", "pgdn",
			 "wait:33 unchanged", "pgup", "wait:and 3 more", "text:pool.yaml", "esc",
			 "wait:nothing was changed"));
	assert_int_equal(pty_stop(p), 0);
	pty_free(p);
}

static void test_script_and_dump(void **state)
{
	char *command, *golden, *out;

	(void)state;
	write_file("keys", "# until the figures are there\nwait 912\nsize 80x24\nwait AGE >\n");
	command = sl_asprintf(
		"%s %s TOWN_ONCE=1 LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color COLORTERM= setsid -w "
		"'%s' --state '%s/state' -i '%s/inventory.yaml' --keys '%s/keys' "
		"--screen-dump - </dev/null",
		now_env, home_env, console, top, top, top);
	out = output_of(command);
	golden = golden_read(GOLDEN "/services-80x24-utf8.txt");
	assert_string_equal(out, golden);
	free(out);
	free(golden);
	free(command);
}

/* Rows as lines, what is under the cursor said, no control bytes. */
static void test_plain(void **state)
{
	char *command, *out, *at;

	(void)state;
	command = sl_asprintf("printf 'help\\nbogus\\nj\\nenter\\nq\\nq\\n' | %s %s TZ=UTC "
			      "LC_ALL=C.UTF-8 '%s' --plain "
			      "--state '%s/state' runs",
			      now_env, home_env, console, top);
	out = output_of(command);
	assert_non_null(strstr(out, "rolledBack"));
	assert_non_null(strstr(out, "cart"));
	assert_non_null(strstr(out, " j down, down: one row down\n"));
	assert_non_null(strstr(out, " no command 'bogus'"));
	for (at = out; *at; at++)
		assert_true((unsigned char)*at >= ' ' || *at == '\n');
	free(out);
	free(command);
}

/* Who shares the pipe with it, or its terminal's file, does not get "try again" for it. */
static void test_plain_leaves_its_input_blocking(void **state)
{
	char *folder = sl_asprintf("%s/state", top);
	int in[2], out[2], status;
	struct sl_buf said;
	char bytes[4096];
	ssize_t n = 1;
	pid_t pid;

	(void)state;
	assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (const char *const *e = env; e && *e; e++)
			putenv((char *)*e);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		execl(console, console, "--plain", "--state", folder, "runs", (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	sl_buf_init(&said, 1u << 20);
	assert_int_equal(write(in[1], "bogus\n", 6), 6);
	while (n > 0 && !strstr(sl_buf_str(&said), "no command 'bogus'")) {
		n = read(out[0], bytes, sizeof bytes);
		sl_buf_append(&said, bytes, n > 0 ? (size_t)n : 0);
	}
	assert_true(n > 0);
	assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
	close(in[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
	close(in[0]);
	close(out[0]);
	sl_buf_release(&said);
	free(folder);
}

/* The manual's list of keys is the program's. */
static void test_manual_agrees(void **state)
{
	char *command = sl_asprintf("'%s' --print-keys", console), *page, *keys, *at;
	FILE *f = popen(command, "re");
	size_t n;

	(void)state;
	assert_non_null(f);
	keys = sl_alloc(1u << 16);
	n = fread(keys, 1, (1u << 16) - 1, f);
	assert_true(n > 1000);
	assert_int_equal(pclose(f), 0);
	page = golden_read("man/sluice-console.1");
	assert_non_null(page);
	at = strstr(page, keys);
	if (!at)
		fail_msg("man/sluice-console.1 does not hold what --print-keys prints");
	free(page);
	free(keys);
	free(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_chinese),
		cmocka_unit_test(test_ascii),
		cmocka_unit_test(test_mono),
		cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_smaller),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_themes),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_very_wide),
		cmocka_unit_test(test_idle_writes_nothing),
		cmocka_unit_test(test_frames_are_whole),
		cmocka_unit_test(test_leaves_nothing_behind),
		cmocka_unit_test(test_quit_and_escape),
		cmocka_unit_test(test_paste_presses_no_key),
		cmocka_unit_test(test_drain_needs_write_mode),
		cmocka_unit_test(test_promote_is_a_control_row),
		cmocka_unit_test(test_rebinding),
		cmocka_unit_test(test_named_filters),
		cmocka_unit_test(test_service_leads_on),
		cmocka_unit_test(test_completion),
		cmocka_unit_test(test_event_leads_to_its_run),
		cmocka_unit_test(test_tab_again_is_its_list),
		cmocka_unit_test(test_production_is_said),
		cmocka_unit_test(test_all_keys),
		cmocka_unit_test(test_about),
		cmocka_unit_test(test_jump_over_its_own_tab),
		cmocka_unit_test(test_verbs_below_the_wave),
		cmocka_unit_test(test_back_and_forward),
		cmocka_unit_test(test_alerts_lead_on),
		cmocka_unit_test(test_filters_off_and_pinned),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_columns_scroll),
		cmocka_unit_test(test_copy_by_the_terminal),
		cmocka_unit_test(test_mouse_by_option),
		cmocka_unit_test(test_stop_and_back),
		cmocka_unit_test(test_guest_stops),
		cmocka_unit_test(test_export_is_the_twins_bytes),
		cmocka_unit_test(test_export_of_what_is_folded),
		cmocka_unit_test(test_question_scrolls),
		cmocka_unit_test(test_script_and_dump),
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_plain_leaves_its_input_blocking),
		cmocka_unit_test(test_a_change_appears),
		cmocka_unit_test(test_promote_of_a_pause_that_was_not_seen),
		cmocka_unit_test(test_manual_agrees),
	};

	const struct CMUnitTest drawing[] = {cmocka_unit_test(test_pictures)};

	if (getenv("SVG"))
		return cmocka_run_group_tests(drawing, make_site, remove_site);
	cmocka_set_test_filter(getenv("ONLY"));
	return cmocka_run_group_tests(tests, make_site, remove_site);
}
