/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand on a screen: six rows of chrome, the rest is data. Pure. */
#ifndef SLUICE_CONSOLE_LAYOUT_H
#define SLUICE_CONSOLE_LAYOUT_H

#include "console/canvas.h"

#define LAYOUT_MIN_WIDTH  60
#define LAYOUT_MIN_HEIGHT 12

struct layout {
	bool fits; /* else a notice says the size that is needed */
	struct rect identity, tabs, crumb, body, selection, message, keys;
};
struct layout layout_screen(unsigned width, unsigned height);

/* A dialog of that size in the middle, cut to the screen. */
struct rect layout_dialog(unsigned width, unsigned height, unsigned want_width,
			  unsigned want_height);

#endif
