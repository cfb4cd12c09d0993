/* SPDX-License-Identifier: Apache-2.0 */
#include "console/theme.h"

#include <string.h>

#include "plugins/sdk/mem.h"

/* clang-format off */
#define RAMP_DARK                                                              \
	[PAINT_RAMP + 0] = {0x56d364, 77, 2, 0, 0},                            \
	[PAINT_RAMP + 1] = {0x6fd35a, 77, 2, 0, 0},                            \
	[PAINT_RAMP + 2] = {0x8ad050, 113, 2, 0, 0},                           \
	[PAINT_RAMP + 3] = {0xa5cb48, 149, 2, 0, 0},                           \
	[PAINT_RAMP + 4] = {0xbec443, 149, 2, 0, 0},                           \
	[PAINT_RAMP + 5] = {0xd2bb41, 179, 3, 0, 0},                           \
	[PAINT_RAMP + 6] = {0xe3b341, 179, 3, 0, 0},                           \
	[PAINT_RAMP + 7] = {0xeaa347, 215, 3, 0, 0},                           \
	[PAINT_RAMP + 8] = {0xf09350, 209, 3, 0, 0},                           \
	[PAINT_RAMP + 9] = {0xf5845c, 209, 1, 0, INK_BOLD},                    \
	[PAINT_RAMP + 10] = {0xfa7b68, 209, 1, 0, INK_BOLD},                   \
	[PAINT_RAMP + 11] = {0xff7b72, 210, 1, INK_BOLD, INK_BOLD}

#define RAMP_LIGHT                                                             \
	[PAINT_RAMP + 0] = {0x1a7f37, 28, 2, 0, 0},                            \
	[PAINT_RAMP + 1] = {0x2f7d2c, 28, 2, 0, 0},                            \
	[PAINT_RAMP + 2] = {0x447a22, 64, 2, 0, 0},                            \
	[PAINT_RAMP + 3] = {0x597718, 64, 2, 0, 0},                            \
	[PAINT_RAMP + 4] = {0x6c720f, 100, 2, 0, 0},                           \
	[PAINT_RAMP + 5] = {0x836b07, 94, 3, 0, 0},                            \
	[PAINT_RAMP + 6] = {0x9a6700, 136, 3, 0, 0},                           \
	[PAINT_RAMP + 7] = {0xa85a05, 130, 3, 0, 0},                           \
	[PAINT_RAMP + 8] = {0xb54c0d, 130, 3, 0, 0},                           \
	[PAINT_RAMP + 9] = {0xc03d16, 160, 1, 0, INK_BOLD},                    \
	[PAINT_RAMP + 10] = {0xc8301d, 160, 1, 0, INK_BOLD},                   \
	[PAINT_RAMP + 11] = {0xcf222e, 160, 1, INK_BOLD, INK_BOLD}

static const struct theme dark = {
	.name = "dark",
	.help = "a quiet dark ground where only what matters is bright",
	.paints = {
		[PAINT_TEXT] = {0xc9d1d9, 252, -1, 0, 0},
		[PAINT_DIM] = {0x848d97, 245, -1, INK_DIM, INK_DIM},
		[PAINT_FAINT] = {0x3d444d, 239, -1, INK_DIM, INK_DIM},
		[PAINT_BRIGHT] = {0xf0f6fc, 255, -1, INK_BOLD, INK_BOLD},
		[PAINT_OK] = {0x7ee787, 114, 2, 0, 0},
		[PAINT_WARN] = {0xe3b341, 179, 3, 0, INK_BOLD},
		[PAINT_BAD] = {0xff7b72, 210, 1, INK_BOLD, INK_BOLD},
		[PAINT_WORK] = {0x79c0ff, 117, 6, 0, INK_BOLD},
		[PAINT_UNKNOWN] = {0xd2a8ff, 183, 5, 0, INK_BOLD},
		[PAINT_OFF] = {0x8b949e, 246, -1, INK_DIM, INK_DIM},
		[PAINT_ACCENT] = {0x58a6ff, 75, 4, INK_BOLD, INK_BOLD},
		[PAINT_CHIP] = {0xffffff, 231, 7, INK_BOLD, INK_BOLD},
		RAMP_DARK,
	},
	.grounds = {
		[GROUND_PLAIN] = {0x0f1218, 233, -1, 0, 0},
		[GROUND_BAR] = {0x171c26, 235, -1, 0, 0},
		[GROUND_SELECTION] = {0x1d3557, 24, 4, 0, INK_REVERSE},
		[GROUND_TAB] = {0x1d3557, 24, 4, 0, INK_REVERSE},
		[GROUND_CHIP] = {0x1f4d3a, 23, 2, 0, INK_REVERSE},
		[GROUND_CHIP_PROD] = {0x8e1519, 88, 1, 0, INK_REVERSE},
		[GROUND_WRITE] = {0x9e6a03, 130, 3, 0, INK_REVERSE},
		[GROUND_DIALOG] = {0x1c2330, 236, -1, 0, 0},
	},
};

static const struct theme light = {
	.name = "light",
	.help = "for terminals with a light ground",
	.paints = {
		[PAINT_TEXT] = {0x24292f, 235, -1, 0, 0},
		[PAINT_DIM] = {0x636c76, 242, -1, INK_DIM, INK_DIM},
		[PAINT_FAINT] = {0xbac1c9, 250, -1, INK_DIM, INK_DIM},
		[PAINT_BRIGHT] = {0x010409, 16, -1, INK_BOLD, INK_BOLD},
		[PAINT_OK] = {0x1a7f37, 28, 2, 0, 0},
		[PAINT_WARN] = {0x9a6700, 136, 3, 0, INK_BOLD},
		[PAINT_BAD] = {0xcf222e, 160, 1, INK_BOLD, INK_BOLD},
		[PAINT_WORK] = {0x0969da, 26, 6, 0, INK_BOLD},
		[PAINT_UNKNOWN] = {0x8250df, 98, 5, 0, INK_BOLD},
		[PAINT_OFF] = {0x6e7781, 243, -1, INK_DIM, INK_DIM},
		[PAINT_ACCENT] = {0x0550ae, 25, 4, INK_BOLD, INK_BOLD},
		[PAINT_CHIP] = {0xffffff, 231, 7, INK_BOLD, INK_BOLD},
		RAMP_LIGHT,
	},
	.grounds = {
		[GROUND_PLAIN] = {0xfcfcfd, 231, -1, 0, 0},
		[GROUND_BAR] = {0xeaeef2, 255, -1, 0, 0},
		[GROUND_SELECTION] = {0xcfe3fb, 153, 6, 0, INK_REVERSE},
		[GROUND_TAB] = {0xcfe3fb, 153, 6, 0, INK_REVERSE},
		[GROUND_CHIP] = {0x2da44e, 35, 2, 0, INK_REVERSE},
		[GROUND_CHIP_PROD] = {0xa40e26, 124, 1, 0, INK_REVERSE},
		[GROUND_WRITE] = {0xd4a72c, 178, 3, 0, INK_REVERSE},
		[GROUND_DIALOG] = {0xeaeef2, 255, -1, 0, 0},
	},
};

static const struct theme contrast = {
	.name = "contrast",
	.help = "black, white and few strong colours; nothing is dim",
	.paints = {
		[PAINT_TEXT] = {0xffffff, 231, 7, 0, 0},
		[PAINT_DIM] = {0xe0e0e0, 254, 7, 0, 0},
		[PAINT_FAINT] = {0x9a9a9a, 247, 7, 0, 0},
		[PAINT_BRIGHT] = {0xffffff, 231, 7, INK_BOLD, INK_BOLD},
		[PAINT_OK] = {0x5cff5c, 83, 2, INK_BOLD, 0},
		[PAINT_WARN] = {0xffe14d, 221, 3, INK_BOLD, INK_BOLD},
		[PAINT_BAD] = {0xff6b6b, 203, 1, INK_BOLD, INK_BOLD},
		[PAINT_WORK] = {0x66e0ff, 81, 6, INK_BOLD, INK_BOLD},
		[PAINT_UNKNOWN] = {0xff9dff, 219, 5, INK_BOLD, INK_BOLD},
		[PAINT_OFF] = {0xd0d0d0, 252, 7, 0, 0},
		[PAINT_ACCENT] = {0x8ab8ff, 111, 6, INK_BOLD, INK_BOLD},
		[PAINT_CHIP] = {0xffffff, 231, 7, INK_BOLD, INK_BOLD},
		RAMP_DARK,
	},
	.grounds = {
		[GROUND_PLAIN] = {0x000000, 16, 0, 0, 0},
		[GROUND_BAR] = {0x1a1a1a, 234, 0, 0, 0},
		[GROUND_SELECTION] = {0x0033a0, 19, 4, INK_BOLD, INK_REVERSE},
		[GROUND_TAB] = {0x0033a0, 19, 4, INK_BOLD, INK_REVERSE},
		[GROUND_CHIP] = {0x006b2d, 22, 2, INK_BOLD, INK_REVERSE},
		[GROUND_CHIP_PROD] = {0xb00000, 124, 1, INK_BOLD, INK_REVERSE},
		[GROUND_WRITE] = {0x8a5a00, 94, 3, INK_BOLD, INK_REVERSE},
		[GROUND_DIALOG] = {0x1a1a1a, 234, 0, 0, 0},
	},
};
/* clang-format on */

static const struct theme *const themes[] = {&dark, &light, &contrast};

size_t theme_all(const struct theme *const **all)
{
	*all = themes;
	return SL_COUNT(themes);
}

const struct theme *theme_find(const char *name)
{
	size_t i;

	for (i = 0; i < SL_COUNT(themes); i++)
		if (!strcmp(themes[i]->name, name))
			return themes[i];
	return NULL;
}

static uint8_t look_attr(struct look l)
{
	uint8_t attr = 0;

	if (l.attr & LOOK_BOLD)
		attr |= INK_BOLD;
	if (l.attr & LOOK_UNDERLINE)
		attr |= INK_UNDERLINE;
	if (l.attr & LOOK_REVERSE)
		attr |= INK_REVERSE;
	return attr;
}

/* Dim on a coloured ground cannot be read: it is left out there. */
static uint8_t settle(uint8_t attr, bool on_ground)
{
	if (on_ground || (attr & (INK_BOLD | INK_REVERSE)))
		attr &= (uint8_t)~INK_DIM;
	return attr;
}

struct ink_set theme_ink(const struct theme *t, struct look l, enum depth depth)
{
	const struct ink *fg = &t->paints[l.paint], *bg = &t->grounds[l.ground];
	uint8_t attr = look_attr(l);

	switch (depth) {
	case DEPTH_TRUE:
		return (struct ink_set){fg->rgb, bg->rgb, attr};
	case DEPTH_256:
		return (struct ink_set){fg->c256, bg->c256, attr};
	case DEPTH_16:
		attr |= fg->attr16 | bg->attr16;
		/* a colour on itself would vanish */
		if (bg->c16 > 0 && (fg->c16 == bg->c16 || fg->c16 == -1))
			return (struct ink_set){7, bg->c16, settle(attr, true)};
		return (struct ink_set){fg->c16, bg->c16, settle(attr, bg->c16 > 0)};
	case DEPTH_MONO:
		break;
	}
	return (struct ink_set){-1, -1, settle(attr | fg->mono | bg->mono, bg->mono != 0)};
}
