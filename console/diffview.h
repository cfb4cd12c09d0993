/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A diff on the canvas: line numbers, a sign, the line, and of a changed line what in it changed.
 * Pure.
 */
#ifndef SLUICE_CONSOLE_DIFFVIEW_H
#define SLUICE_CONSOLE_DIFFVIEW_H

#include "console/canvas.h"
#include "orchestrator/view/line_diff.h"

/* Rows from..; skip: cells that are scrolled out at the left. Returns how many rows were drawn. */
unsigned diffview_draw(const struct diff *d, const struct diff_row *rows, size_t count, size_t from,
		       unsigned skip, struct canvas *c, struct rect r);

#endif
