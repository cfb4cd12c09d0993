/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person at a terminal, for tests in shell:
 *     person 120x36 WORD... -- COMMAND [ARGUMENT...]
 * does the words one after another on a command's terminal and looks at the screen as a terminal
 * shows it. A word is what pty_keys takes (a key, text:..., wait:..., gone:...), or
 *     size:100x30     the window is that large from now on
 *     do:COMMAND      by sh, outside of the terminal; it must succeed
 *     other, own      which screen is shown: the one of full-screen programs, or the shell's
 *     exit:N          the command ends by itself, with N; without it, it is asked to end
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "plugins/sdk/text.h"
#include "tests/screens/pty.h"

#define WAIT_MS 60000

struct person {
	unsigned width, height;
	const char *const *words, *const *command; /* both end with NULL */
};

static bool rest_of(const char *word, const char *start, const char **rest)
{
	*rest = word + strlen(start);
	return sl_text_starts(word, start);
}

static void resize(struct pty *p, const char *size)
{
	unsigned width, height;

	assert_int_equal(sscanf(size, "%4ux%4u", &width, &height), 2);
	pty_resize(p, width, height);
}

static void wait_for_screen(struct pty *p, bool other)
{
	while (pty_on_other_screen(p) != other)
		if (!pty_pump(p, WAIT_MS))
			fail_msg("the %s screen does not come:\n%s", other ? "other" : "shell's",
				 pty_text(p));
}

static void do_word(struct pty *p, const char *word)
{
	const char *rest;

	if (rest_of(word, "size:", &rest))
		resize(p, rest);
	else if (rest_of(word, "do:", &rest))
		assert_int_equal(system(rest), 0);
	else if (rest_of(word, "exit:", &rest))
		assert_int_equal(WEXITSTATUS(pty_wait_exit(p)), atoi(rest));
	else if (!strcmp(word, "other") || !strcmp(word, "own"))
		wait_for_screen(p, !strcmp(word, "other"));
	else
		pty_keys(p, (const char *const[]){word, NULL});
}

static void play(void **state)
{
	const struct person *who = *state;
	const struct pty_how how = {
		.width = who->width, .height = who->height, .argv = who->command};
	struct pty *p = pty_start(&how);

	for (const char *const *word = who->words; *word; word++)
		do_word(p, *word);
	pty_stop(p);
	pty_free(p);
}

int main(int argc, char **argv)
{
	struct person who = {.words = (const char *const *)argv + 2};
	const struct CMUnitTest test = {"a person at a terminal", play, NULL, NULL, &who};
	int i = 2;

	while (i < argc && strcmp(argv[i], "--") != 0)
		i++;
	if (i + 1 >= argc || sscanf(argv[1], "%4ux%4u", &who.width, &who.height) != 2) {
		fprintf(stderr, "usage: person COLUMNSxROWS WORD... -- COMMAND [ARGUMENT...]\n");
		return 2;
	}
	argv[i] = NULL;
	who.command = (const char *const *)argv + i + 1;
	return _cmocka_run_group_tests("person", &test, 1, NULL, NULL);
}
