/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command line, and paths that are completed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/words.h"
#include "plugins/sdk/mem.h"

static void test_split(void **state)
{
	static const struct {
		const char *text, *words; /* words: joined by '|'; NULL = it cannot be read */
	} cases[] = {
		{"", ""},
		{"  a  b ", "a|b"},
		{"a 'b c' \"d e\"", "a|b c|d e"},
		{"--set x='1 2'", "--set|x=1 2"},
		{"a\\ b 'c\\d'", "a b|c\\d"},
		{"'' a", "|a"},
		{"a 'b", NULL},
		{"1 2 3 4 5", NULL}, /* four is the most here */
		{"ends\\", "ends\\"},
	};
	char *words[4], joined[64];
	struct sl_error e;
	size_t i, k, n;

	(void)state;
	for (i = 0; i < SL_COUNT(cases); i++) {
		int rc = words_split(cases[i].text, words, SL_COUNT(words), &n, &e);

		assert_int_equal(rc, cases[i].words ? SL_OK : SL_EINPUT);
		joined[0] = '\0';
		for (k = 0; k < n; k++)
			snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s%s",
				 k ? "|" : "", words[k]);
		assert_string_equal(joined, cases[i].words ? cases[i].words : "");
		words_free(words, n);
	}
}

static void touch(const char *folder, const char *name)
{
	char *path = sl_asprintf("%s/%s", folder, name);
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	free(path);
}

static void test_paths(void **state)
{
	static const struct {
		const char *start, *done, *all; /* behind "run FOLDER/"; done NULL = none */
	} cases[] = {
		{"or", "orders-", "orders-a.yaml orders-b.yml"},
		{"orders-a", "orders-a.yaml ", ""},
		{"pl", "plays/", ""},
		{"two", "two\\ words.yaml ", ""},
		{"two\\ w", "two\\ words.yaml ", ""},
		{"notes", NULL, ""},
		{"no", NULL, ""},
		{".h", ".hidden.yaml ", ""},
	};
	static const char *const endings[] = {".yaml", ".yml", NULL};
	const char *tmp = getenv("TMPDIR");
	char *folder = sl_asprintf("%s/sluice-words-XXXXXX", tmp && *tmp ? tmp : "/tmp"), *rm;
	char *plays;
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(folder));
	plays = sl_asprintf("%s/plays", folder);
	assert_int_equal(mkdir(plays, 0700), 0);
	touch(folder, "orders-a.yaml");
	touch(folder, "orders-b.yml");
	touch(folder, "notes.txt");
	touch(folder, "two words.yaml");
	touch(folder, "evil\033[2J.yaml");
	touch(folder, ".hidden.yaml");
	for (i = 0; i < SL_COUNT(cases); i++) {
		char *text = sl_asprintf("run %s/%s", folder, cases[i].start), *done, *want;
		struct sl_buf all;

		sl_buf_init(&all, 1000);
		done = words_complete_path(text, endings, &all);
		want = cases[i].done ? sl_asprintf("run %s/%s", folder, cases[i].done) : NULL;
		if (want)
			assert_string_equal(done ? done : "(none)", want);
		else
			assert_null(done);
		assert_string_equal(sl_buf_str(&all), cases[i].all);
		sl_buf_release(&all);
		free(done);
		free(want);
		free(text);
	}
	rm = sl_asprintf("rm -rf '%s'", folder);
	assert_int_equal(system(rm), 0);
	free(rm);
	free(plays);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
