/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a shell text along with the renderer and knows, at each $(name), whether a single-quoted
 * word put there stays one word. Where that cannot be told simply, the answer is no. Pure.
 */
#ifndef SLUICE_INVENTORY_SHELL_PLACE_H
#define SLUICE_INVENTORY_SHELL_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct shell_place {
	char quote; /* ' or ", 0 = none */
	bool comment;
	bool escaped;        /* the last byte was a backslash that takes the next one */
	bool word_start;     /* a # here would start a comment */
	const char *unclear; /* from here on nobody can tell: why, or NULL */
};

void shell_place_init(struct shell_place *p);
/* Literal text up to the next name. */
void shell_place_feed(struct shell_place *p, const char *text, size_t len);
/* Why a name must not stand here, or NULL; counts as a word that was read. */
const char *shell_place_refuses(struct shell_place *p);

#endif
