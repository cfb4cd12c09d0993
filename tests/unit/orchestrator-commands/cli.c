/* SPDX-License-Identifier: Apache-2.0 */
/* The command line by its tables, and which run is meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"

/* Standard error while a function runs. */
struct hush {
	int saved;
	FILE *file;
	char text[8192];
};

static void hush_begin(struct hush *h)
{
	fflush(stderr);
	h->saved = dup(STDERR_FILENO);
	h->file = tmpfile();
	assert_non_null(h->file);
	dup2(fileno(h->file), STDERR_FILENO);
}

static void hush_end(struct hush *h)
{
	size_t n;

	fflush(stderr);
	dup2(h->saved, STDERR_FILENO);
	close(h->saved);
	rewind(h->file);
	n = fread(h->text, 1, sizeof h->text - 1, h->file);
	h->text[n] = '\0';
	fclose(h->file);
}

static int parse(struct cli *c, char *line, struct hush *h)
{
	static char *argv[32]; /* c->args lies in it */
	int argc = 1, rc;

	argv[0] = (char *)"sluice";
	while ((argv[argc] = strsep(&line, "|")) != NULL)
		argc++;
	memset(c, 0, sizeof *c);
	c->started_fd = -1;
	hush_begin(h);
	rc = cli_parse(c, argc, argv);
	hush_end(h);
	return rc;
}

static void bad_lines(void **state)
{
	static const struct {
		const char *line, *expect;
	} rows[] = {
		{"promte", "unknown command 'promte' (did you mean 'promote'?)"},
		{"run|a.yaml|--inventry|x",
		 "unknown option '--inventry' (did you mean '--inventory'?)"},
		{"run|a.yaml|-z", "unknown option '-z'"},
		{"run", "`sluice run` needs PLAYBOOK|PLAN"},
		{"run|a|b", "'b' is one argument too many"},
		{"run|a|--set", "--set needs NAME=TEXT"},
		{"run|a|--set|x", "--set takes NAME=TEXT, not 'x'"},
		{"run|a|--set|=x", "--set takes NAME=TEXT"},
		{"run|a|-i", "--inventory needs FILE"},
		{"run|a|--yes=1", "--yes takes no value"},
		{"runs|--limit|h1", "`sluice runs` takes no --limit"},
		{"run|a|--take-over", "--take-over needs --reason"},
		{"show|-o|jsn", "-o takes table, wide or json (get also csv, ndjson), not 'jsn' "
				"(did you mean 'json'?)"},
		{"run|a|--started-fd|0", "--started-fd takes"},
		{"run|a|--vars-file|/nowhere/x", "--vars-file /nowhere/x: cannot be read"},
		{"x\033[31m", "unknown command 'x?[31m'"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < SL_COUNT(rows); i++) {
		char *line = sl_strdup(rows[i].line);
		struct hush h;
		struct cli c;

		assert_int_equal(parse(&c, line, &h), RUN_INPUT);
		if (!strstr(h.text, rows[i].expect))
			fail_msg("%s said: %s", rows[i].line, h.text);
		cli_release(&c);
		free(line);
	}
}

static void good_lines(void **state)
{
	char first[] = "-v|run|-y|a.yaml|--set|version=2.0=x|-o|json|--set|b=|--limit=h1,h2",
	     second[] = "promote|--detach|--reason|why not|12", third[] = "--help",
	     fourth[] = "--version", fifth[] = "abort|--keep|--|-odd-";
	struct hush h;
	struct cli c;

	(void)state;
	assert_int_equal(parse(&c, first, &h), RUN_DONE);
	assert_string_equal(c.command->name, "run");
	assert_int_equal(c.arg_count, 1);
	assert_string_equal(c.args[0], "a.yaml");
	assert_true(c.yes);
	assert_int_equal(c.verbose, 1);
	assert_int_equal(c.output, OUTPUT_JSON);
	assert_string_equal(c.limit, "h1,h2");
	assert_int_equal(c.set_count, 2);
	assert_string_equal(c.sets[0].name, "version");
	assert_string_equal(c.sets[0].value, "2.0=x");
	assert_string_equal(c.sets[1].value, "");
	cli_release(&c);
	assert_int_equal(parse(&c, second, &h), RUN_DONE);
	assert_true(c.detach && c.wait);
	assert_string_equal(c.reason, "why not");
	assert_string_equal(c.args[0], "12");
	cli_release(&c);
	assert_int_equal(parse(&c, third, &h), RUN_DONE);
	assert_string_equal(c.command->name, "help");
	assert_int_equal(parse(&c, fourth, &h), RUN_DONE);
	assert_string_equal(c.command->name, "version");
	assert_int_equal(parse(&c, fifth, &h), RUN_DONE);
	assert_true(c.keep);
	assert_string_equal(c.args[0], "-odd-");
}

static void vars_files_come_before_set(void **state)
{
	char path[] = "/tmp/sluice-vars-XXXXXX", line[200];
	int fd = mkstemp(path);
	struct hush h;
	struct cli c;

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "version: 2.10\nflag: no\n") > 0);
	close(fd);
	snprintf(line, sizeof line, "plan|a|--set|version=3|--vars-file|%s", path);
	assert_int_equal(parse(&c, line, &h), RUN_DONE);
	assert_int_equal(c.set_count, 3);
	assert_string_equal(c.sets[0].name, "version");
	assert_string_equal(c.sets[0].value, "2.10"); /* text stays text */
	assert_string_equal(c.sets[1].value, "no");
	assert_string_equal(c.sets[2].value, "3");
	cli_release(&c);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(dprintf(fd, "a: [1, 2]\n") > 0);
	close(fd);
	snprintf(line, sizeof line, "plan|a|--vars-file|%s", path);
	assert_int_equal(parse(&c, line, &h), RUN_INPUT);
	assert_non_null(strstr(h.text, "'a' must be one text"));
	cli_release(&c);
	unlink(path);
}

static void tables_are_sound(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < command_count; i++) {
		assert_non_null(commands[i].handler);
		assert_non_null(commands[i].summary);
		assert_non_null(commands[i].usage);
		assert_non_null(commands[i].about);
		assert_true(commands[i].min_args <= commands[i].max_args);
		for (j = 0; j < i; j++)
			assert_string_not_equal(commands[i].name, commands[j].name);
	}
	for (i = 0; i < OPT_COUNT; i++)
		assert_non_null(option_rows[i].name);
}

/* --- which run is meant --- */

static char *folder;
static struct store *store;
static int64_t made;

static void add_run(const char *name, const char *kind, const char *outcome)
{
	struct store_run r = {.name = sl_strdup(name), .kind = sl_strdup(kind)};
	struct sl_error e = {0};
	uv_loop_t loop;
	struct store_record end = {.epoch = 1};

	snprintf(r.uuid, sizeof r.uuid, "00000000-0000-4000-8000-%012llx", (long long)++made);
	assert_int_equal(store_run_create(store, &r, NULL, &e), 0);
	end.run = r.number;
	store_run_release(&r);
	if (!outcome)
		return;
	end.row = cJSON_CreateObject();
	cJSON_AddStringToObject(end.row, "state", "ended");
	cJSON_AddStringToObject(end.row, "outcome", outcome);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(store_start(store, &loop, &e), 0);
	store_append(store, &end, NULL, NULL);
	store_close(store);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(store_open(folder, &store, &e), 0);
}

static void runs_are_found(void **state)
{
	static const struct {
		const char *arg;
		enum find_run kind;
		int64_t number; /* 0 = refused */
		const char *said;
	} rows[] = {
		{"1", FIND_LATEST, 1, ""},
		{"99", FIND_LATEST, 0, "there is no run 99; the latest is 5 (stock)"},
		{"99999999999999999999", FIND_LATEST, 0, "there is no run 99999999999999999999"},
		{"orders", FIND_LATEST, 4, ""},
		{"orders", FIND_UNFINISHED, 3, ""},
		{"ordrs", FIND_LATEST, 0, "no run is named 'ordrs' (did you mean 'orders'?)"},
		{"gate", FIND_UNFINISHED, 0,
		 "'gate' has no unfinished run; its latest, 1, ended: done"},
		{NULL, FIND_LATEST, 5, ""},
		{NULL, FIND_UNFINISHED, 0, "2 runs are unfinished"},
		{"orders", FIND_UNDOABLE, 3, ""},
		{NULL, FIND_UNDOABLE, 5, ""},
	};
	const char *tmp = getenv("TMPDIR");
	struct sl_error e = {0};
	char *rm;
	size_t i;

	(void)state;
	folder = sl_asprintf("%s/sluice-find-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(store_open(folder, &store, &e), 0);
	add_run("gate", "rollout", "done");
	add_run("orders", "rollout", "rolledBack");
	add_run("orders", "rollout", NULL);
	add_run("orders", "undo", "done");
	add_run("stock", "rollout", NULL);
	for (i = 0; i < SL_COUNT(rows); i++) {
		struct cli c = {.store = store};
		struct store_run r;
		struct hush h;
		int rc;

		hush_begin(&h);
		rc = cli_find_run(&c, rows[i].arg, rows[i].kind, &r);
		hush_end(&h);
		if (r.number != rows[i].number || !strstr(h.text, rows[i].said))
			fail_msg("row %zu: run %lld, said: %s", i, (long long)r.number, h.text);
		assert_int_equal(rc, rows[i].number ? RUN_DONE : RUN_INPUT);
		store_run_release(&r);
	}
	store_close(store);
	rm = sl_asprintf("rm -rf '%s'", folder);
	assert_int_equal(system(rm), 0);
	free(rm);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(good_lines),
		cmocka_unit_test(vars_files_come_before_set),
		cmocka_unit_test(tables_are_sound),
		cmocka_unit_test(runs_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
