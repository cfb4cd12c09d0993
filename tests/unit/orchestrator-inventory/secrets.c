/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/orchestrator-inventory/fixture.h"

#define SECRET "hunter2-do-not-show"

struct temp {
	char folder[256];
	char *names[8];
	size_t count;
};

static void temp_make(struct temp *t)
{
	const char *base = getenv("TMPDIR");

	*t = (struct temp){.count = 0};
	snprintf(t->folder, sizeof t->folder, "%s/sluice-secrets-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(t->folder));
}

static void temp_file(struct temp *t, const char *name, const void *data, size_t len)
{
	char *path = sl_asprintf("%s/%s", t->folder, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < t->count; i++) {
		if (!strcmp(t->names[i], path)) {
			free(path);
			return;
		}
	}
	t->names[t->count++] = path;
}

static void temp_text(struct temp *t, const char *name, const char *text)
{
	temp_file(t, name, text, strlen(text));
}

static void temp_drop(struct temp *t)
{
	for (size_t i = 0; i < t->count; i++) {
		assert_int_equal(unlink(t->names[i]), 0);
		free(t->names[i]);
	}
	assert_int_equal(rmdir(t->folder), 0);
}

static void test_references(void **state)
{
	static const struct {
		const char *reference, *value, *says;
	} rows[] = {
		{"env:SLUICE_TEST_SECRET", SECRET, NULL},
		{"file:plain", SECRET, NULL},
		{"file:newlines", "two\nlines", NULL},
		{"command:cat plain", SECRET, NULL},
		{"command:printf '%s' \"$SLUICE_TEST_SECRET\"", SECRET, NULL},
		{"command:printf 'a\\r\\n\\n'", "a", NULL},
		/* what stays behind in the background does not hold us up once the shell is done
		 * and the pipe is closed */
		{"command:echo x; sleep 0 >/dev/null 2>&1 &", "x", NULL},
		{"env:SLUICE_TEST_UNSET", NULL, "SLUICE_TEST_UNSET: the environment variable"},
		{"file:nowhere", NULL, "No such file"},
		{"file:", NULL, "env:NAME, file:PATH or command:TEXT"},
		{"file:.", NULL, "Is a directory"},
		{"file:empty", NULL, "is empty"},
		{"file:nul", NULL, "NUL byte"},
		{"file:large", NULL, "larger than 64 KiB"},
		{"command:cat plain; exit 3", NULL, "exit code 3"},
		{"command:cat plain; kill -9 $$", NULL, "signal 9"},
		{"command:true", NULL, "is empty"},
		{"command:cat large large", NULL, "more than 64 KiB"},
		{SECRET, NULL, "env:NAME"},
		{"", NULL, "env:NAME"},
		{"https:x", NULL, "env:NAME"},
	};
	struct temp t;
	char *large = sl_alloc(70000);

	(void)state;
	temp_make(&t);
	setenv("SLUICE_TEST_SECRET", SECRET, 1);
	unsetenv("SLUICE_TEST_UNSET");
	temp_text(&t, "plain", SECRET "\n");
	temp_text(&t, "newlines", "two\nlines\n\n");
	temp_text(&t, "empty", "\n");
	temp_file(&t, "nul", "a\0b", 3);
	memset(large, 'x', 69999);
	temp_text(&t, "large", large);
	free(large);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_error e = {.code = SL_OK};
		char *got = inventory_secret(rows[i].reference, t.folder, &e);

		if (rows[i].value && (!got || strcmp(got, rows[i].value)))
			fail_msg("%s: '%s' %s", rows[i].reference, got ? got : "-", e.msg);
		if (rows[i].says && (got || !strstr(e.msg, rows[i].says)))
			fail_msg("%s: '%s'", rows[i].reference, e.msg);
		assert_null(strstr(e.msg, SECRET));
		free(got);
	}
	temp_drop(&t);
}

/* --- spec digests --- */

#define HEAD      "sluice: 1\nkind: rollout\nname: x\nvars: { p: q }\nservices:\n  orders:\n"
#define SERVICE   "    hosts: [h1, h2]\n    version: \"%s\"\n    port: %s\n"
#define RELEASE   "    release: { artifact: %s, dir: /srv/x, files: [%s] }\n"
#define RUNTIME   "    runtime: { process: { command: %s, env: { %s }, log: %s } }\n"
#define TAIL      "    ready: { http: /h }\nstrategy: { rolling: { maxUnavailable: 1 } }\n"
#define F_APP     "{ from: app.cfg, to: etc/app.cfg, mode: \"0640\" }"
#define F_HOST    "{ from: host.cfg, to: etc/host.cfg, substitute: true }"
#define INVENTORY "sluice: 1\nkind: inventory\ngroups:\n  g: { hosts: [h1, h2] }\n"

struct book {
	const char *version, *port, *artifact, *files, *command, *env, *log, *salt;
};

static const struct book plain_book = {
	.version = "1",
	.port = "80",
	.artifact = "a.tgz",
	.files = F_APP ", " F_HOST,
	.command = "./run",
	.env = "A: b, S: \"env:SLUICE_TEST_SECRET\"",
	.log = "log/x",
	.salt = "salt",
};

static struct fixture book_make(const struct temp *t, const struct book *b)
{
	char *text = sl_asprintf(HEAD SERVICE RELEASE RUNTIME TAIL, b->version, b->port,
				 b->artifact, b->files, b->command, b->env, b->log);
	struct fixture f = fixture_make(
		&(struct given){.playbook = text, .inventory = INVENTORY, .folder = t->folder});

	if (!f.r)
		fail_msg("%s", f.said);
	free(text);
	return f;
}

static void spec_of(const struct temp *t, const struct book *b, char spec[65])
{
	struct fixture f = book_make(t, b);
	struct sl_error e;

	if (inventory_resolve_secrets(f.r, b->salt, &e))
		fail_msg("%s", e.msg);
	memcpy(spec, f.r->instances[0].spec, 65);
	assert_int_equal(strlen(spec), 64);
	fixture_drop(&f);
}

static void test_spec(void **state)
{
	struct temp t;
	char first[65], now[65];
	struct book b;

	(void)state;
	temp_make(&t);
	setenv("SLUICE_TEST_SECRET", SECRET, 1);
	temp_text(&t, "app.cfg", "one");
	temp_text(&t, "host.cfg", "host=$(host) $$(x)");
	spec_of(&t, &plain_book, first);
#define SAME(member, text)                                       \
	b = plain_book, b.member = (text), spec_of(&t, &b, now); \
	assert_string_equal(now, first)
#define OTHER(member, text)                                      \
	b = plain_book, b.member = (text), spec_of(&t, &b, now); \
	assert_string_not_equal(now, first)
	SAME(salt, "salt");
	/* the artifact and the order in the playbook do not count */
	SAME(version, "2");
	SAME(artifact, "b.tgz");
	SAME(env, "S: \"env:SLUICE_TEST_SECRET\", A: b");
	SAME(files, F_HOST ", " F_APP);
	/* everything else does */
	OTHER(salt, "pepper");
	OTHER(port, "81");
	OTHER(command, "./run -v");
	OTHER(log, "log/y");
	OTHER(env, "A: c, S: \"env:SLUICE_TEST_SECRET\"");
	OTHER(env, "B: b, S: \"env:SLUICE_TEST_SECRET\"");
	OTHER(env, "A: b");
	OTHER(env, "A: b, S: " SECRET);
	OTHER(files, F_APP);
	OTHER(files, "{ from: app.cfg, to: etc/app.cfg, mode: \"0644\" }, " F_HOST);
	OTHER(files, "{ from: app.cfg, to: etc/b.cfg, mode: \"0640\" }, " F_HOST);
	setenv("SLUICE_TEST_SECRET", "another", 1);
	OTHER(salt, "salt");
	setenv("SLUICE_TEST_SECRET", SECRET, 1);
	SAME(salt, "salt");
	temp_text(&t, "app.cfg", "two");
	OTHER(salt, "salt");
	temp_text(&t, "app.cfg", "one");
	SAME(salt, "salt");
	temp_drop(&t);
}

static void test_values(void **state)
{
	struct temp t;
	struct fixture f;
	struct sl_error e;
	char *lines;

	(void)state;
	temp_make(&t);
	setenv("SLUICE_TEST_SECRET", SECRET, 1);
	temp_file(&t, "app.cfg", "a\0b", 3);
	temp_text(&t, "host.cfg", "host=$(host) $$(x)\n");
	f = book_make(&t, &plain_book);
	assert_int_equal(inventory_resolve_secrets(f.r, "salt", &e), SL_OK);
	lines = inventory_env_lines(&f.r->instances[1]);
	assert_string_equal(lines, "A=b\nS=" SECRET "\n");
	free(lines);
	/* references stay what they are, so that a resumed run reads them anew */
	assert_string_equal(f.r->instances[1].env[1].value, "env:SLUICE_TEST_SECRET");
	assert_int_equal(f.r->instances[1].files[0].content_len, 3);
	assert_memory_equal(f.r->instances[1].files[0].content, "a\0b", 4);
	assert_string_equal(f.r->instances[1].files[1].content, "host=h2 $(x)\n");
	assert_string_not_equal(f.r->instances[0].spec, f.r->instances[1].spec);
	setenv("SLUICE_TEST_SECRET", "another", 1);
	assert_int_equal(inventory_resolve_secrets(f.r, "salt", &e), SL_OK);
	lines = inventory_env_lines(&f.r->instances[1]);
	assert_string_equal(lines, "A=b\nS=another\n");
	free(lines);
	fixture_drop(&f);
	temp_drop(&t);
}

static void test_refused(void **state)
{
	static const struct {
		const char *env, *files, *says;
	} rows[] = {
		{"S: \"env:SLUICE_TEST_UNSET\"", "", "env S of orders: env:SLUICE_TEST_UNSET"},
		{"S: \"file:lines\"", "", "several lines"},
		{"A: b", "{ from: nowhere, to: x }", "nowhere: No such file"},
		{"A: b", "{ from: nul, to: x, substitute: true }", "NUL bytes"},
		{"A: b", "{ from: odd, to: x, substitute: true }", "undeclared name $(nope)"},
	};
	struct temp t;

	(void)state;
	temp_make(&t);
	temp_text(&t, "lines", SECRET "\n" SECRET "\n");
	temp_file(&t, "nul", "a\0b", 3);
	temp_text(&t, "odd", "x=$(nope)");
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct book b = plain_book;
		struct fixture f;
		struct sl_error e;

		b.env = rows[i].env;
		b.files = rows[i].files;
		f = book_make(&t, &b);
		if (!inventory_resolve_secrets(f.r, "salt", &e) || !strstr(e.msg, rows[i].says))
			fail_msg("row %zu: '%s'", i, e.msg);
		assert_null(strstr(e.msg, SECRET));
		fixture_drop(&f);
	}
	temp_drop(&t);
}

/* A value that comes in through a variable is a value, even if it looks like a reference. */
static void test_no_reference_from_a_variable(void **state)
{
	static const char book[] =
		"sluice: 1\nkind: rollout\nname: x\nvars: { p: q }\nservices:\n  orders:\n"
		"    hosts: [h1, h2]\n    version: \"1\"\n    port: 80\n"
		"    release: { artifact: a, dir: /srv/x }\n"
		"    runtime: { process: { command: ./run, env: { A: $(p) } } }\n" TAIL;
	struct given g = {.playbook = book,
			  .inventory = INVENTORY,
			  .folder = "/",
			  .sets = {{"p", "command:touch /tmp/sluice-pwned", "--set"}},
			  .set_count = 1};
	struct fixture f = fixture_make(&g);
	struct sl_error e;
	char *lines;

	(void)state;
	if (!f.r)
		fail_msg("%s", f.said);
	assert_int_equal(inventory_resolve_secrets(f.r, "salt", &e), SL_OK);
	lines = inventory_env_lines(&f.r->instances[0]);
	assert_string_equal(lines, "A=command:touch /tmp/sluice-pwned\n");
	assert_int_not_equal(access("/tmp/sluice-pwned", F_OK), 0);
	free(lines);
	fixture_drop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_reference_from_a_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
