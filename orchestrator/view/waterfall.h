/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace as rows with bars: what a screen and a printed waterfall share. Pure. Siblings in a row
 * without children, of the same service and name, without an error and off the critical path, can
 * be folded into one row; so can whatever hangs below a node.
 */
#ifndef SLUICE_VIEW_WATERFALL_H
#define SLUICE_VIEW_WATERFALL_H

#include "orchestrator/view/trace.h"
#include "plugins/sdk/buf.h"

struct wf_row {
	size_t node;   /* of trace->nodes; the first of the folded ones */
	size_t folded; /* how many nodes the row stands for besides that one */
	bool closed;   /* they hang below it; else they are siblings */
	bool critical; /* some of the critical path is spent in it */
	bool error;    /* in any of them */
	unsigned depth;
	int64_t start_us, duration_us; /* of all of them together; 0 and -1 = unknown */
};

struct wf_fold {
	bool siblings;
	const bool *closed; /* one a node: what is below is folded; NULL = none */
};

/* Rows, yours to free; their number in *count. */
struct wf_row *wf_rows(const struct trace *t, const struct wf_fold *fold, size_t *count);

/* Cells [from, to) of a bar `width` wide that stands for the whole trace; at least one cell where a
 * time is known. False = no time is known. */
struct wf_span {
	unsigned from, to;
};
bool wf_place(const struct trace *t, int64_t start_us, int64_t duration_us, unsigned width,
	      struct wf_span *span);

/* "4ms", "1.92s", "380us", "2m05s"; "-" for -1. Returns dst. */
const char *wf_duration(char *dst, size_t size, int64_t us);
/* What a row is called: "payments.charge  POST /v1/charge  (x14)". Returns dst. */
const char *wf_label(char *dst, size_t size, const struct trace *t, const struct wf_row *row);
/* Marks along a bar `width` wide, "0     400ms    800ms": exactly width cells. Returns dst, which
 * has width + 1 bytes at least. */
const char *wf_ruler(char *dst, size_t size, int64_t duration_us, unsigned width);
/* The line below a waterfall: where the time went; "" = nothing to say. Returns dst. */
const char *wf_summary(char *dst, size_t size, const struct trace *t);

/* The whole as plain text, `width` cells wide. */
void wf_print(const struct trace *t, unsigned width, bool fold, struct sl_buf *out);

#endif
