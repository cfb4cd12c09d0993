/* SPDX-License-Identifier: Apache-2.0 */
/* One line that a person types. Pure. */
#ifndef SLUICE_CONSOLE_LINE_H
#define SLUICE_CONSOLE_LINE_H

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
/* True = the key was an editing one. It moves and takes away whole characters, with the marks upon
 * them; what would steer a terminal does not get in. */
bool line_key(struct line *l, uint32_t key);
void line_draw(const struct line *l, struct canvas *c, unsigned x, unsigned y, unsigned width,
	       struct look look);

#endif
