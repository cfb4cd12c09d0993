/* SPDX-License-Identifier: Apache-2.0 */
/* Spans to drafts: sides of a call joined, parents found or stood in for, circles cut. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/mem.h"

/* So many sides of one id are looked at: more is no call, but a broken id. */
#define SIDES_MAX 64

static const char *key_of(const char *id)
{
	return id + strspn(id, "0");
}

/* --- what was said of one span --- */

static struct trace_side side_of(const struct sl_span *s)
{
	return (struct trace_side){
		.service = s->service,
		.address = s->address,
		.peer = s->peer,
		.port = s->port,
		.kind = s->kind,
		.start = s->start_us,
		.took = s->duration_us,
	};
}

/* The same side, told again: keep what either says; the earliest start, the longest time. */
static void side_absorb(struct trace_side *to, const struct trace_side *more)
{
	if (!*to->service)
		to->service = more->service;
	if (!*to->address) {
		to->address = more->address;
		to->port = more->port;
	}
	if (!*to->peer)
		to->peer = more->peer;
	if (to->kind == SL_SPAN_LOCAL)
		to->kind = more->kind;
	if (more->start && (!to->start || more->start < to->start))
		to->start = more->start;
	if (more->took > to->took)
		to->took = more->took;
}

static bool is_same_or_unsaid(const char *a, const char *b)
{
	return !*a || !*b || strcmp(a, b) == 0;
}

static bool is_same_side(const struct trace_side *a, const struct trace_side *b)
{
	return (a->kind == b->kind || a->kind == SL_SPAN_LOCAL || b->kind == SL_SPAN_LOCAL) &&
	       is_same_or_unsaid(a->service, b->service) &&
	       is_same_or_unsaid(a->address, b->address);
}

static void draft_hear(struct trace_draft *d, const struct sl_span *s)
{
	SL_GROW(d->said, d->said_count, d->said_cap);
	d->said[d->said_count++] = s;
	d->error = d->error || s->error;
	if (!*d->parent_id)
		d->parent_id = s->parent;
	if (!*d->name)
		d->name = s->name;
}

static size_t draft_add(struct trace_work *w, const char *id)
{
	const char *key = key_of(id);
	size_t at = w->count, before = trace_table_find(&w->ids, key);

	SL_GROW(w->drafts, w->count, w->cap);
	w->drafts[w->count++] = (struct trace_draft){
		.id = id,
		.key = key,
		.parent_id = "",
		.name = "",
		.out = {.service = "", .address = "", .peer = "", .took = -1},
		.parent = TRACE_NONE,
		.next_same = TRACE_NONE,
		.took = -1,
	};
	if (before == TRACE_NONE) {
		trace_table_set(&w->ids, key, at);
		return at;
	}
	w->drafts[at].next_same = w->drafts[before].next_same;
	w->drafts[before].next_same = at;
	return at;
}

/* --- joining --- */

static bool is_called(const struct sl_span *s)
{
	return s->shared || s->kind == SL_SPAN_SERVER;
}

/* Has the draft a caller that waits for its other side? */
static bool takes_called(const struct trace_draft *d, const struct sl_span *s)
{
	if (d->both || d->out.kind == SL_SPAN_SERVER)
		return false;
	return d->out.kind == SL_SPAN_CLIENT || (s->shared && d->out.kind == SL_SPAN_LOCAL);
}

static bool join(struct trace_draft *d, const struct sl_span *s)
{
	struct trace_side side = side_of(s);

	if (d->both && is_called(s) && is_same_side(&d->in, &side)) {
		side_absorb(&d->in, &side);
	} else if (is_called(s) && takes_called(d, s)) {
		d->both = true;
		d->in = side;
		d->in.kind = SL_SPAN_SERVER;
	} else if (is_same_side(&d->out, &side)) {
		side_absorb(&d->out, &side);
	} else {
		return false;
	}
	draft_hear(d, s);
	return true;
}

static void span_place(struct trace_work *w, const struct sl_span *s)
{
	size_t first = trace_table_find(&w->ids, key_of(s->id)), at, looked = 0;

	for (at = first; at != TRACE_NONE && looked < SIDES_MAX; at = w->drafts[at].next_same) {
		if (join(&w->drafts[at], s))
			return;
		looked++;
	}
	at = draft_add(w, s->id);
	w->drafts[at].out = side_of(s);
	if (s->shared && s->kind == SL_SPAN_LOCAL)
		w->drafts[at].out.kind = SL_SPAN_SERVER;
	draft_hear(&w->drafts[at], s);
	w->drafts[at].parent = first; /* a further side of the same call, or TRACE_NONE */
}

/* Callers first: the called side finds whom to join, in whatever order they came. */
static void drafts_make(struct trace_work *w)
{
	for (int called = 0; called < 2; called++)
		for (size_t i = 0; i < w->span_count; i++)
			if (is_called(&w->spans[i]) == (called == 1))
				span_place(w, &w->spans[i]);
}

/* --- parents --- */

/* Of several drafts under one id, the one in whose service the child was made. */
static size_t parent_choose(const struct trace_work *w, size_t first, const struct trace_draft *d)
{
	size_t looked = 0;

	for (size_t at = first; at != TRACE_NONE && looked < SIDES_MAX;
	     at = w->drafts[at].next_same, looked++)
		if (strcmp(trace_lower_side(&w->drafts[at])->service, d->out.service) == 0)
			return at;
	return first;
}

static void parents_find(struct trace_work *w)
{
	size_t count = w->count;

	for (size_t i = 0; i < count; i++) {
		const char *id = w->drafts[i].parent_id;
		size_t at;

		if (w->drafts[i].parent != TRACE_NONE || !*key_of(id))
			continue;
		at = trace_table_find(&w->ids, key_of(id));
		if (at == TRACE_NONE) {
			at = draft_add(w, id);
			w->drafts[at].missing = true;
		}
		w->drafts[i].parent = parent_choose(w, at, &w->drafts[i]);
	}
}

/* --- circles --- */

static void circle_cut(struct trace_work *w, size_t at)
{
	size_t earliest = at;

	for (size_t i = w->drafts[at].parent; i != at; i = w->drafts[i].parent) {
		int64_t start = w->drafts[i].out.start, best = w->drafts[earliest].out.start;

		if (start && (!best || start < best))
			earliest = i;
	}
	w->drafts[earliest].parent = TRACE_NONE;
	w->drafts[earliest].cut = true;
}

static void circles_cut(struct trace_work *w)
{
	size_t *seen = sl_alloc_n(w->count, sizeof *seen); /* by which walk; 0 = not yet */

	for (size_t i = 0; i < w->count; i++) {
		size_t at = i;

		while (at != TRACE_NONE && !seen[at]) {
			seen[at] = i + 1;
			at = w->drafts[at].parent;
		}
		if (at != TRACE_NONE && seen[at] == i + 1)
			circle_cut(w, at);
	}
	free(seen);
}

/* --- children, and an order in which parents stand before them --- */

static void children_list(struct trace_work *w)
{
	size_t *fill = sl_alloc_n(w->count + 1, sizeof *fill), n = 0;

	w->first = sl_alloc_n(w->count + 1, sizeof *w->first);
	w->kids = sl_alloc_n(w->count, sizeof *w->kids);
	w->order = sl_alloc_n(w->count, sizeof *w->order);
	for (size_t i = 0; i < w->count; i++)
		if (w->drafts[i].parent != TRACE_NONE)
			w->first[w->drafts[i].parent + 1]++;
	for (size_t i = 0; i < w->count; i++) {
		w->first[i + 1] += w->first[i];
		fill[i] = w->first[i];
	}
	for (size_t i = 0; i < w->count; i++) {
		if (w->drafts[i].parent == TRACE_NONE)
			w->order[n++] = i;
		else
			w->kids[fill[w->drafts[i].parent]++] = i;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = w->first[w->order[i]]; k < w->first[w->order[i] + 1]; k++)
			w->order[n++] = w->kids[k];
	free(fill);
}

void trace_tree_build(struct trace_work *w)
{
	drafts_make(w);
	parents_find(w);
	circles_cut(w);
	children_list(w);
}
