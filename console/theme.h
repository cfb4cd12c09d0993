/* SPDX-License-Identifier: Apache-2.0 */
/* Themes: what each paint and ground looks like, in as many colours as the terminal has. */
#ifndef SLUICE_CONSOLE_THEME_H
#define SLUICE_CONSOLE_THEME_H

#include <stddef.h>
#include <stdint.h>

#include "console/canvas.h"

enum depth { DEPTH_MONO, DEPTH_16, DEPTH_256, DEPTH_TRUE };

enum { INK_BOLD = 1, INK_DIM = 2, INK_REVERSE = 4, INK_UNDERLINE = 8 };

/* One colour for every depth: 0xRRGGBB, one of 256, one of 16; -1 = the terminal's own. attr is
 * what takes its place where colours do not tell it (16 and mono). */
struct ink {
	int32_t rgb;
	int16_t c256, c16;
	uint8_t attr16, mono;
};

struct theme {
	const char *name, *help;
	struct ink paints[PAINT_COUNT], grounds[GROUND_COUNT];
};

const struct theme *theme_find(const char *name); /* NULL = unknown */
size_t theme_all(const struct theme *const **themes);

/* What to set for a look: colours for that depth (-1 = default) and attributes. */
struct ink_set {
	int32_t fg, bg;
	uint8_t attr;
};
struct ink_set theme_ink(const struct theme *t, struct look l, enum depth depth);

#endif
