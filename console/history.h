/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where one was, as in a browser: tabs and the views that stood over each other there, with what
 * they were about. Only what was painted counts. Going back and then elsewhere forgets what lay
 * ahead.
 */
#ifndef SLUICE_CONSOLE_HISTORY_H
#define SLUICE_CONSOLE_HISTORY_H

#include <stddef.h>

#define PLACES_MAX 64 /* the oldest go */

struct screen;
struct screen_ops;

struct place_step {
	const struct screen_ops *ops;
	char *subject; /* NULL = all */
};

struct place {
	unsigned tab;
	struct place_step *steps; /* the lowest view first */
	size_t depth;
};

struct places {
	struct place items[PLACES_MAX]; /* oldest first */
	size_t count, at;               /* at: the one that is shown */
};

/* This is shown now: a stack of views, its top. */
void places_visit(struct places *p, unsigned tab, const struct screen *top);
/* The place that many steps from here, which becomes the one that is shown; NULL = there is none.
 * Borrowed until the next visit. */
const struct place *places_step(struct places *p, int by);
void places_release(struct places *p);

#endif
