/* SPDX-License-Identifier: Apache-2.0 */
/* A trace drawn: a ruler, then rows of name, time and bar. Pure. */
#ifndef SLUICE_CONSOLE_WATERFALL_H
#define SLUICE_CONSOLE_WATERFALL_H

#include "console/canvas.h"
#include "orchestrator/view/waterfall.h"

struct waterfall {
	const struct trace *trace;
	const struct wf_row *rows; /* of wf_rows */
	size_t count;
	size_t top;      /* the first row that is shown */
	size_t cursor;   /* a row; TRACE_NONE = none */
	unsigned indent; /* cells that names are scrolled to the left */
};

/* The head line and rows, in r. Rows that do not fit are not drawn. */
void waterfall_draw(struct canvas *c, struct rect r, const struct waterfall *w);
/* The top that shows the cursor, moved no further than needed; height as given to draw. */
size_t waterfall_scroll(const struct waterfall *w, unsigned height);
/* The next row with an error after the cursor, from the first again at the end; TRACE_NONE. */
size_t waterfall_next_error(const struct waterfall *w);
/* What is known of the row under the cursor, in two lines; "" = nothing. Returns dst. */
const char *waterfall_detail(const struct waterfall *w, unsigned line, char *dst, size_t size);

#endif
