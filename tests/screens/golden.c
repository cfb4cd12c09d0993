/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/screens/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"

#define LATE_MS 5000

char *golden_top(void)
{
	const char *tmp = getenv("TMPDIR");
	char *top;

	if (!getenv("SLUICE_CONSOLE") || !getenv("SLUICE_PLUGINS")) {
		fprintf(stderr, "SLUICE_CONSOLE and SLUICE_PLUGINS must say where they are: make "
				"screens\n");
		return NULL;
	}
	top = sl_asprintf("%s/sluice-screens-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (mkdtemp(top))
		return top;
	perror(top);
	free(top);
	return NULL;
}

char *golden_read(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (!f)
		return NULL;
	text = sl_alloc(1u << 18);
	n = fread(text, 1, (1u << 18) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

void golden_compare_text(const char *have, const char *name)
{
	char *path = sl_asprintf(GOLDEN "/%s.txt", name), *want = golden_read(path);
	FILE *f;

	if (getenv("REWRITE")) {
		f = fopen(path, "we");
		assert_non_null(f);
		assert_true(fputs(have, f) >= 0);
		assert_int_equal(fclose(f), 0);
	} else if (!want || strcmp(want, have) != 0) {
		fprintf(stderr, "--- golden\n%s--- screen\n%s", want ? want : "(none)\n", have);
		fail_msg("%s differs; REWRITE=1 takes what is there", path);
	}
	free(want);
	free(path);
}

static bool is_golden(const char *have, const char *name)
{
	char *path = sl_asprintf(GOLDEN "/%s.txt", name), *want = golden_read(path);
	bool same = want && !strcmp(want, have);

	free(want);
	free(path);
	return same;
}

/* What follows from the newest key may be a frame away still. */
void golden_compare(struct pty *p, const char *name)
{
	pty_settle(p);
	while (!getenv("REWRITE") && !is_golden(pty_text(p), name) && pty_pump(p, LATE_MS))
		pty_settle(p);
	golden_compare_text(pty_text(p), name);
}
