/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks that are off, by the rule of trace.h; then times that nobody said. */
#include <string.h>

#include "orchestrator/view/trace_internal.h"

/* A host has one clock, whatever services it runs. */
static bool is_same_clock(const struct trace_side *a, const struct trace_side *b)
{
	if (*a->address && *b->address)
		return strcmp(a->address, b->address) == 0;
	return strcmp(a->service, b->service) == 0;
}

/* Down the tree each clock that is off adds to the one above it: what a number holds is soon used
 * up by times that mean nothing. */
static int64_t bounded(int64_t shift)
{
	const int64_t most = TRACE_US_MAX / 2;

	return shift > most ? most : shift < -most ? -most : shift;
}

/* How far `inner` must be moved. outer's own shift counts already. */
static int64_t judge(const struct trace_side *outer, const struct trace_side *inner)
{
	int64_t begin = outer->start + outer->shift, slack = outer->took - inner->took;
	bool call = outer->kind == SL_SPAN_CLIENT && inner->kind == SL_SPAN_SERVER;

	if (!outer->start || !inner->start)
		return 0;
	if (call && outer->took >= 0 && inner->took >= 0) {
		if (slack < 0 || (inner->start >= begin && inner->start - begin <= slack))
			return 0;
		return begin + slack / 2 - inner->start;
	}
	return inner->start < begin ? begin - inner->start : 0;
}

static int64_t shift_below(const struct trace_side *outer, const struct trace_side *inner)
{
	return bounded(is_same_clock(outer, inner) ? outer->shift : judge(outer, inner));
}

static const char *clock_of(const struct trace_side *side)
{
	return *side->address ? side->address : side->service;
}

/* Where a clock was found off, that is known of it wherever else it is read. */
static void clock_learn(struct trace_table *clocks, const struct trace_side *side)
{
	if (side->shift && trace_table_find(clocks, clock_of(side)) == TRACE_NONE)
		trace_table_set(clocks, clock_of(side), (size_t)side->shift);
}

static int64_t clock_known(const struct trace_table *clocks, const struct trace_side *side)
{
	size_t shift = trace_table_find(clocks, clock_of(side));

	return shift == TRACE_NONE || !side->start ? 0 : (int64_t)shift;
}

static void shift_draft(struct trace_work *w, const struct trace_table *clocks,
			struct trace_draft *d)
{
	struct trace_side caller;

	if (d->parent != TRACE_NONE && !w->drafts[d->parent].missing)
		d->out.shift = shift_below(trace_lower_side(&w->drafts[d->parent]), &d->out);
	else if (d->parent != TRACE_NONE)
		d->out.shift = clock_known(clocks, &d->out);
	if (!d->both)
		return;
	caller = d->out;
	caller.kind = SL_SPAN_CLIENT; /* whatever it called itself */
	d->in.shift = shift_below(&caller, &d->in);
}

/* What the caller did not say, the called side may. */
static void time_draft(struct trace_draft *d)
{
	int64_t in_start = d->both && d->in.start ? d->in.start + d->in.shift : 0;

	d->start = d->out.start ? d->out.start + d->out.shift : in_start;
	d->start_derived = !d->out.start && in_start;
	d->took = d->out.took;
	if (d->took >= 0 || !in_start || d->in.took < 0)
		return;
	d->took = in_start + d->in.took - d->start;
	d->took = d->took > 0 ? d->took : 0;
	d->took_derived = true;
}

static int64_t end_of(const struct trace_draft *d)
{
	return d->start + (d->took > 0 ? d->took : 0);
}

/* After its children. */
static void derive(struct trace_work *w, size_t at)
{
	struct trace_draft *d = &w->drafts[at];
	int64_t from = 0, to = 0;

	if (d->start && d->took >= 0)
		return;
	for (size_t k = w->first[at]; k < w->first[at + 1]; k++) {
		const struct trace_draft *kid = &w->drafts[w->kids[k]];

		if (!kid->start)
			continue;
		from = !from || kid->start < from ? kid->start : from;
		to = end_of(kid) > to ? end_of(kid) : to;
	}
	if (!from)
		return;
	if (!d->start) {
		d->start = from;
		d->start_derived = true;
	}
	if (d->took < 0 && to > d->start) {
		d->took = to - d->start;
		d->took_derived = true;
	}
}

void trace_clock_correct(struct trace_work *w)
{
	struct trace_table clocks = {0}, none = {0};

	for (size_t i = 0; i < w->count; i++) {
		struct trace_draft *d = &w->drafts[w->order[i]];

		shift_draft(w, &none, d);
		clock_learn(&clocks, trace_lower_side(d));
	}
	if (clocks.count) /* again, for those below a parent that did not come */
		for (size_t i = 0; i < w->count; i++)
			shift_draft(w, &clocks, &w->drafts[w->order[i]]);
	trace_table_release(&clocks);
	for (size_t i = w->count; i-- > 0;) {
		time_draft(&w->drafts[w->order[i]]);
		derive(w, w->order[i]);
	}
}
