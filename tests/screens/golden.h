/* SPDX-License-Identifier: Apache-2.0 */
/* Screens held against golden text. */
#ifndef SLUICE_TESTS_SCREENS_GOLDEN_H
#define SLUICE_TESTS_SCREENS_GOLDEN_H

#include "tests/screens/pty.h"

#define GOLDEN "tests/screens/golden"

/* For pty_keys. */
#define KEYS(...)                 \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* A new folder for what the screens are of; yours. NULL, and said why, where make did not tell of
 * the console and its plugins. */
char *golden_top(void);
char *golden_read(const char *path); /* yours; NULL = no such file */
/* Fails the test unless the screen, or text, is golden/NAME.txt; with REWRITE=1 it is made so. */
void golden_compare(struct pty *p, const char *name);
void golden_compare_text(const char *have, const char *name);

#endif
