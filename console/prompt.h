/* SPDX-License-Identifier: Apache-2.0 */
/* One line that a person types, and the prompt at the foot of the screen that holds one. */
#ifndef SLUICE_CONSOLE_PROMPT_H
#define SLUICE_CONSOLE_PROMPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/canvas.h"

#define LINE_MAX_BYTES 1000

struct line {
	char text[LINE_MAX_BYTES + 1]; /* UTF-8 */
	size_t len, at;                /* bytes; the cursor */
};

void line_set(struct line *l, const char *text);
/* True = the key was an editing one. */
bool line_key(struct line *l, uint32_t key);
void line_draw(const struct line *l, struct canvas *c, unsigned x, unsigned y, unsigned width,
	       struct look look);

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
	char note[200]; /* what is wrong with it, or completions */
	struct history history[PROMPT_KINDS];
	size_t back; /* steps back in the history */
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
void prompt_draw(struct app *a, struct canvas *c, struct rect r);
void prompt_release(struct prompt *p);

#endif
