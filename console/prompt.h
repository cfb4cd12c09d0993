/* SPDX-License-Identifier: Apache-2.0 */
/* The prompt at the foot of the screen. */
#ifndef SLUICE_CONSOLE_PROMPT_H
#define SLUICE_CONSOLE_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/line.h"

enum prompt_kind {
	PROMPT_FILTER,
	PROMPT_COMMAND,
	PROMPT_REASON,
	PROMPT_NAMED,
	PROMPT_ASK,
	PROMPT_KINDS
};

struct history {
	char *items[100]; /* oldest first */
	size_t count;
};

struct app;
struct prompt {
	enum prompt_kind kind;
	struct line line;
	char *before;   /* the filter as it was, for esc */
	char note[600]; /* what is wrong with it, or completions */
	struct history history[PROMPT_KINDS];
	size_t back;                    /* steps back in the history */
	char typed[LINE_MAX_BYTES + 1]; /* before the first of them */
	/* PROMPT_ASK */
	const char *label, *hint;
	void (*told)(struct app *a, void *arg, const char *text);
	void *arg;
};

void prompt_open(struct app *a, enum prompt_kind kind, const char *text);
/* Ask for one word. told comes unless the person leaves; arg is free()d either way. label and hint
 * are literals. */
void prompt_ask(struct app *a, const char *label, const char *hint,
		void (*told)(struct app *a, void *arg, const char *text), void *arg);
void prompt_key(struct app *a, uint32_t key);
/* above: the row over it; it and those above take what does not fit beside what was typed. */
void prompt_draw(struct app *a, struct canvas *c, struct rect above, struct rect r);
void prompt_release(struct prompt *p);

#endif
