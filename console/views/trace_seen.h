/* SPDX-License-Identifier: Apache-2.0 */
/* One trace as somebody looks at it: what is folded, where the cursor stands. Pure. */
#ifndef SLUICE_CONSOLE_TRACE_SEEN_H
#define SLUICE_CONSOLE_TRACE_SEEN_H

#include "console/waterfall.h"

struct trace_seen {
	struct waterfall w; /* trace NULL = there is none */
	struct wf_row *rows;
	bool *closed; /* a node: what is below is folded */
	bool spread;  /* siblings that look the same have rows of their own */
	unsigned page;
};

void trace_seen_release(struct trace_seen *t);
/* Borrowed; what was folded is forgotten. */
void trace_seen_set(struct trace_seen *t, const struct trace *trace);
void trace_seen_move(struct trace_seen *t, long by); /* cut to what there is */
/* Fold what hangs below the cursor, or show it again; of a row of siblings, show each. False =
 * there is nothing to fold. */
bool trace_seen_fold(struct trace_seen *t);
void trace_seen_spread(struct trace_seen *t); /* siblings, and back */
bool trace_seen_next_error(struct trace_seen *t, bool before);

#endif
