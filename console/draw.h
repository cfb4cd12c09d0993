/* SPDX-License-Identifier: Apache-2.0 */
/* Cells to the terminal, through ncurses. Only term.c calls this. */
#ifndef SLUICE_CONSOLE_DRAW_H
#define SLUICE_CONSOLE_DRAW_H

#include "console/theme.h"

struct draw; /* what the terminal shows now */

struct draw *draw_new(enum depth depth);
void draw_free(struct draw *d);
void draw_theme(struct draw *d, const struct theme *t);
/* Hand what differs from the last canvas to ncurses. False = nothing differs. */
bool draw_canvas(struct draw *d, const struct canvas *c);
/* Nothing of what was drawn before is known to be there. */
void draw_forget(struct draw *d);

#endif
