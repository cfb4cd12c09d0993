/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that are compared, each in a pseudo terminal of the same size, and what a person at
 * the terminal waits for. Times are ns of CLOCK_MONOTONIC. */
#ifndef SLUICE_BENCH_TOOLS_H
#define SLUICE_BENCH_TOOLS_H

#include "tests/screens/pty.h"

#define WIDTH  120
#define HEIGHT 36

#define PRESS_MS 1000.0 /* that a press is waited for */

struct tool {
	const char *name;
	const char *const *argv, *const *env; /* end with NULL */
	const char *data;                     /* what stands there when its data do */
	const char *down, *up;                /* bytes of its keys */
	int (*cursor)(const struct pty *p);   /* row under the cursor, -1 = none seen */
};

/* The tool on a screen. NULL and said why when its data do not come within 30 s. */
struct shown {
	struct pty *pty;
	double first_ms, data_ms; /* since it was started: something, its data stand there */
};
bool tool_start(const struct tool *t, struct shown *s);
/* Only until something stands there. */
bool tool_start_first(const struct tool *t, struct shown *s);
void tool_stop(struct shown *s);

/* Take what comes for so long. */
void tool_watch(struct pty *p, double ms);
bool tool_wait(struct pty *p, const char *text, double ms);
/* A key, and the time until the cursor stands elsewhere; NaN = it did not within a second. */
double tool_press(const struct tool *t, struct pty *p, const char *key);
/* Bytes, and the time until seen(p, arg); NaN = it did not come within two seconds. */
double tool_press_until(struct pty *p, const char *bytes,
			bool (*seen)(struct pty *p, const void *arg), const void *arg);

int cursor_of_console(const struct pty *p);
int cursor_of_htop(const struct pty *p);

#endif
