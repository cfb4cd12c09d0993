/* SPDX-License-Identifier: Apache-2.0 */
#include "console/layout.h"

struct layout layout_screen(unsigned width, unsigned height)
{
	struct layout l = {.fits = width >= LAYOUT_MIN_WIDTH && height >= LAYOUT_MIN_HEIGHT};

	if (!l.fits)
		return l;
	l.identity = (struct rect){0, 0, width, 1};
	l.tabs = (struct rect){0, 1, width, 1};
	l.crumb = (struct rect){0, 2, width, 1};
	l.body = (struct rect){0, 3, width, height - 6};
	l.selection = (struct rect){0, height - 3, width, 1};
	l.message = (struct rect){0, height - 2, width, 1};
	l.keys = (struct rect){0, height - 1, width, 1};
	return l;
}

struct rect layout_dialog(unsigned width, unsigned height, unsigned want_width,
			  unsigned want_height)
{
	struct rect r = {.width = want_width < width ? want_width : width,
			 .height = want_height < height ? want_height : height};

	r.x = (width - r.width) / 2;
	r.y = (height - r.height) / 2;
	return r;
}
