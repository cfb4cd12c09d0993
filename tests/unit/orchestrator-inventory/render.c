/* SPDX-License-Identifier: Apache-2.0 */
/* Values in commands, proven by running what was rendered: each arrives as one argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "orchestrator/inventory/render.h"
#include "plugins/sdk/mem.h"

/* The arguments of `dump`, each ended by a NUL; and a trap for whatever gets executed. */
#define PRELUDE "dump() { for a; do printf '%s\\000' \"$a\"; done; }\n"

static struct pb_var vars[] = {
	{.name = "v", .value = "x"},         {.name = "other", .value = "two words"},
	{.name = "open", .value = NULL},     {.name = "set", .value = "given", .set = true},
	{.name = "low", .value = "default"},
};
static struct playbook playbook = {.vars = vars, .var_count = SL_COUNT(vars)};
static const struct rs_label host_vars[] = {
	{"low", "from the host"}, {"set", "from the host"}, {"disk", "/data1"}};

static struct scope scope_make(const char *v)
{
	vars[0].value = v;
	return (struct scope){
		.playbook = &playbook,
		.vars = host_vars,
		.var_count = SL_COUNT(host_vars),
		.service = "orders",
		.version = "1.2",
		.host = "oa01",
		.port = "8080",
		.run = "7",
	};
}

/* Standard output of a shell text; run in a folder that must stay empty. */
static size_t run_sh(const char *shell, const char *text, char *out, size_t size)
{
	char folder[] = "/tmp/sluice-render-XXXXXX";
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (chdir(folder) || dup2(fds[1], 1) < 0)
			_exit(99);
		close(fds[0]);
		execl(shell, "sh", "-c", text, (char *)NULL);
		_exit(98);
	}
	close(fds[1]);
	while (len < size && (n = read(fds[0], out + len, size - len)) > 0)
		len += (size_t)n;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(rmdir(folder), 0); /* nothing was executed that left a file */
	return len;
}

static const char *const hostile[] = {
	"plain",
	"",
	" ",
	"it's",
	"''",
	"'",
	"\"",
	"\\",
	"\\'",
	"a\\",
	"$(touch pwned)",
	"`touch pwned`",
	"'; touch pwned; '",
	"'\n touch pwned\n'",
	"\ntouch pwned\n",
	"a\n",
	"; touch pwned #",
	"&& touch pwned",
	"| touch pwned",
	"> pwned",
	"-rf",
	"--",
	"-",
	"*",
	"~",
	"~root",
	"$HOME",
	"${IFS}",
	"$((1+1))",
	"a b\tc",
	"#",
	"!!",
	"{a,b}",
	"[a-z]*",
	"$(v)",
	"$$(v)",
	"%s%n",
	"\001\033[2J\177",
	"\xe8\xae\xa2\xe5\x8d\x95",
	"\xff\xfe",
	"A=b",
	"if",
};

/* How often the value is an argument of its own, and how it is wrapped. */
static const struct {
	const char *text;
	const char *before, *after; /* text around the value in the one argument */
} contexts[] = {
	{"dump $(v)", "", ""},
	{"dump pre-$(v)-post", "pre-", "-post"},
	{"dump \"a b\"$(v)'c d'", "a b", "c d"},
	{"dump 'it'\\''s '$(v)", "it's ", ""},
	{"dump \\\"$(v)\\\"", "\"", "\""},
	{"x=$(v); dump \"$x\"", "", ""},
	{"# don't count this quote\ndump $(v)", "", ""},
	{"if test 1 -lt 2; then dump $(v); fi", "", ""},
	{"(dump $(v))", "", ""},
	{"dump \"${HOME:+}\"$(v)", NULL, NULL}, /* refused: see below */
	{"echo ${#} >/dev/null; dump $(v)", "", ""},
	{"true >/dev/null&&dump $(v);true", "", ""},
	{"case $(v) in *) dump $(v);; esac", "", ""},
	{"dump \"$$(echo a)\"", NULL, NULL}, /* no value in it */
	{"true \\\n; dump $(v)", "", ""},
	{"dump $$$(v)", NULL, NULL}, /* "$" and an escape */
	{"for x in $(v); do dump \"$x\"; done", "", ""},
	{"dump a#$(v)", "a#", ""},
	{"set -- $(v); dump \"$1\"", "", ""},
};

static void check_arrives(const char *shell, const char *text, const char *before,
			  const char *value, const char *after)
{
	struct scope s = scope_make(value);
	struct sl_error e;
	char *rendered = render_shell(&s, text, &e), *script, *expect;
	char out[4096];
	size_t len;

	if (!rendered)
		fail_msg("%s: %s", text, e.msg);
	script = sl_asprintf("%s%s", PRELUDE, rendered);
	expect = sl_asprintf("%s%s%s", before, value, after);
	len = run_sh(shell, script, out, sizeof out);
	if (len != strlen(expect) + 1 || memcmp(out, expect, len))
		fail_msg("%s with '%s': got '%.*s'", text, value, (int)len, out);
	free(expect);
	free(script);
	free(rendered);
}

static void check_all(const char *shell)
{
	for (size_t c = 0; c < SL_COUNT(contexts); c++)
		for (size_t i = 0; contexts[c].before && i < SL_COUNT(hostile); i++)
			check_arrives(shell, contexts[c].text, contexts[c].before, hostile[i],
				      contexts[c].after);
}

static void test_values_arrive(void **state)
{
	(void)state;
	check_all("/bin/sh");
}

static void test_values_arrive_in_bash(void **state)
{
	(void)state;
	if (access("/bin/bash", X_OK)) {
		print_message("skipped: /bin/bash is missing\n");
		skip();
	}
	for (size_t i = 0; i < SL_COUNT(hostile); i++)
		check_arrives("/bin/bash", "dump pre-$(v)-post", "pre-", hostile[i], "-post");
}

static const struct {
	const char *text, *says;
} refused[] = {
	{"dump '$(v)'", "single quotes"},
	{"dump \"$(v)\"", "double quotes"},
	{"dump \"it's $(v)\"", "double quotes"},
	{"dump 'a' \"b\" 'c $(v)'", "single quotes"},
	{"dump `echo $(v)`", "backquotes"},
	{"dump `date`; dump $(v)", "backquotes"},
	{"dump \\$(v)", "a backslash"},
	{"# see $(v)", "a comment"},
	{"true;# see $(v)", "a comment"},
	{"true # it's $(v)", "a comment"},
	{"cat <<EOF\n$(v)\nEOF", "here-document"},
	{"cat <<'EOF'\n$(v)\nEOF", "here-document"},
	{"cat <<<$(v)", "here-document"},
	{"dump \"$$(echo $(v))\"", "command substitution inside double quotes"},
	{"dump \"$$(echo \"$(v)\")\"", "command substitution inside double quotes"},
	{"dump $$(( $(v) + 1 ))", "arithmetic"},
	{"(( $(v) ))", "arithmetic"},
	{"dump \"${X:-$(v)}\"", "${...}"},
	{"dump ${X:-$(v)}", "${...}"},
	{"dump ${X:-'a'} $(v)", "${...}"},
	{"dump \"${HOME:+}\"$(v)", "${...}"},
	{"dump $'a' $(v)", "$'...'"},
	{"dump \"$\\\n(echo \" $(v) \")\"", "split"},
	{"dump $(nope)", "undeclared name $(nope)"},
	{"dump $(othr)", "did you mean 'other'?"},
	{"dump $(open)", "variable 'open' is required and not set (--set open=...)"},
	{"dump $(release)", "$(release) has no value here"},
	{"dump $(old)", "$(old) has no value here"},
	{"dump $(random:1-5)", "has no value here"},
	{"dump $(date +%s)", "write $$( for a literal $("},
	{"dump $(", "write $$("},
};

static void test_refused(void **state)
{
	struct scope s = scope_make("x");

	(void)state;
	for (size_t i = 0; i < SL_COUNT(refused); i++) {
		struct sl_error e = {.code = SL_OK};
		char *got = render_shell(&s, refused[i].text, &e);

		if (got || e.code != SL_EINPUT || !strstr(e.msg, refused[i].says))
			fail_msg("%s: rendered '%s', said '%s'", refused[i].text, got ? got : "-",
				 e.msg);
	}
}

static const struct {
	const char *text, *plain, *shell;
} texts[] = {
	{"", "", ""},
	{"nothing to do", "nothing to do", "nothing to do"},
	{"/srv/$(service)", "/srv/orders", "/srv/'orders'"},
	{"$(service)-$(version).tgz", "orders-1.2.tgz", "'orders'-'1.2'.tgz"},
	{"$(other)", "two words", "'two words'"},
	{"$$(date)", "$(date)", "$(date)"},
	{"a $$(x) $(port) $$(y) b", "a $(x) 8080 $(y) b", "a $(x) '8080' $(y) b"},
	{"100$ $x ${y}", "100$ $x ${y}", "100$ $x ${y}"},
	{"$(low)", "from the host", "'from the host'"}, /* a host's var over the default */
	{"$(set)", "given", "'given'"},                 /* --set over both */
	{"$(disk)", "/data1", "'/data1'"},
	{"$(host):$(port)", "oa01:8080", "'oa01':'8080'"},
	{"$(run)", "7", "'7'"},
};

static void test_texts(void **state)
{
	struct scope s = scope_make("x");
	struct sl_error e;

	(void)state;
	for (size_t i = 0; i < SL_COUNT(texts); i++) {
		char *plain = render_text(&s, texts[i].text, &e);
		char *shell = render_shell(&s, texts[i].text, &e);

		assert_string_equal(plain, texts[i].plain);
		assert_string_equal(shell, texts[i].shell);
		free(plain);
		free(shell);
	}
}

/* A variable that shares a built-in's name counts only where the built-in has no value. */
static void test_builtin_and_var(void **state)
{
	struct pb_var version = {.name = "version", .value = "9", .set = true};
	struct playbook p = {.vars = &version, .var_count = 1};
	struct scope s = {.playbook = &p};
	char *text = render_text(&s, "$(version)", NULL);

	(void)state;
	assert_string_equal(text, "9");
	free(text);
	s.version = "1.2";
	text = render_text(&s, "$(version)", NULL);
	assert_string_equal(text, "1.2");
	free(text);
}

static void test_argv(void **state)
{
	(void)state;
	for (size_t i = 0; i < SL_COUNT(hostile); i++) {
		const char *argv[] = {"dump",     "$(v)", "a$(v)b", "", "'$(v)' \"$HOME\" $$(x)",
				      hostile[i], NULL};
		struct pb_command c = {.argv = argv};
		struct scope s = scope_make(hostile[i]);
		struct sl_error e;
		char *line, *script, out[4096], expect[4096];
		size_t len;
		int want;

		/* A literal word that is itself no well-formed $(name) text is another test. */
		if (strstr(hostile[i], "$("))
			argv[5] = NULL;
		line = render_command(&s, &c, &e);
		if (!line)
			fail_msg("'%s': %s", hostile[i], e.msg);
		script = sl_asprintf("%s%s", PRELUDE, line);
		len = run_sh("/bin/sh", script, out, sizeof out);
		want = snprintf(expect, sizeof expect, "%s%ca%sb%c%c'%s' \"$HOME\" $(x)%c%s",
				hostile[i], 0, hostile[i], 0, 0, hostile[i], 0,
				argv[5] ? argv[5] : "");
		assert_int_equal(len, (size_t)want + (argv[5] ? 1 : 0));
		assert_memory_equal(out, expect, len);
		free(script);
		free(line);
	}
}

/* The plan is made before the run has its number: it comes from the environment, still one word. */
static void test_run_later(void **state)
{
	const char *argv[] = {"dump", "$(run)", "a $(run) b", NULL};
	struct pb_command list = {.argv = argv}, text = {.shell = "dump $(run) x-$(run)"};
	struct scope s = scope_make("x");
	char *line, *script, out[200];
	size_t len;

	(void)state;
	s.run = NULL;
	s.run_later = true;
	line = render_command(&s, &list, NULL);
	script = sl_asprintf("SLUICE_RUN='4 2'\n%s%s", PRELUDE, line);
	len = run_sh("/bin/sh", script, out, sizeof out);
	assert_int_equal(len, 12);
	assert_memory_equal(out, "4 2\0a 4 2 b\0", 12);
	free(line);
	free(script);
	line = render_command(&s, &text, NULL);
	assert_string_equal(line, "dump \"$SLUICE_RUN\" x-\"$SLUICE_RUN\"");
	free(line);
	assert_null(render_text(&s, "$(run)", NULL));
}

static void test_empty_command(void **state)
{
	const char *argv[] = {NULL};
	struct pb_command c = {.argv = argv};
	struct scope s = scope_make("x");
	struct sl_error e;

	(void)state;
	assert_null(render_command(&s, &c, &e));
	assert_int_equal(e.code, SL_EINPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_values_arrive_in_bash),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_builtin_and_var),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_run_later),
		cmocka_unit_test(test_empty_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
