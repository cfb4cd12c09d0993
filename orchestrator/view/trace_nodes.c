/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts to nodes: in the order of the tree, with all that was said of each. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/mem.h"

/* --- order --- */

struct sibling {
	int64_t start;
	size_t draft;
};

static int compare_siblings(const void *a, const void *b)
{
	const struct sibling *x = a, *y = b;

	if (x->start != y->start) {
		if (!x->start || !y->start) /* unknown: last */
			return x->start ? -1 : 1;
		return x->start < y->start ? -1 : 1;
	}
	return x->draft < y->draft ? -1 : x->draft > y->draft;
}

/* Push drafts so that the earliest is popped first. */
static size_t push_sorted(const struct trace_work *w, const size_t *drafts, size_t count,
			  size_t *stack, size_t depth)
{
	struct sibling *list = sl_alloc_n(count + 1, sizeof *list);

	for (size_t i = 0; i < count; i++)
		list[i] = (struct sibling){w->drafts[drafts[i]].start, drafts[i]};
	qsort(list, count, sizeof *list, compare_siblings);
	for (size_t i = count; i-- > 0;)
		stack[depth++] = list[i].draft;
	free(list);
	return depth;
}

static size_t root_count(const struct trace_work *w)
{
	size_t n = 0;

	while (n < w->count && w->drafts[w->order[n]].parent == TRACE_NONE)
		n++;
	return n;
}

/* --- tags and notes --- */

static int compare_tags(const void *a, const void *b)
{
	const struct sl_label *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : strcmp(x->value, y->value);
}

static int compare_notes(const void *a, const void *b)
{
	const struct sl_span_note *x = a, *y = b;

	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return strcmp(x->text, y->text);
}

/* Both sides tell much of the same: each thing once. */
static void node_tags(struct trace *t, const struct trace_draft *d, struct trace_node *n)
{
	size_t count = 0, kept = 0;
	struct sl_label *tags;

	for (size_t i = 0; i < d->said_count; i++)
		count += d->said[i]->tag_count;
	if (!count)
		return;
	tags = trace_alloc(t, count * sizeof *tags);
	count = 0;
	for (size_t i = 0; i < d->said_count; i++)
		for (size_t k = 0; k < d->said[i]->tag_count; k++)
			tags[count++] = d->said[i]->tags[k];
	qsort(tags, count, sizeof *tags, compare_tags);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_tags(&tags[kept - 1], &tags[i]) != 0)
			tags[kept++] = tags[i];
	n->tags = tags;
	n->tag_count = kept;
}

static void node_notes(struct trace *t, const struct trace_draft *d, struct trace_node *n)
{
	size_t count = 0, kept = 0;
	struct sl_span_note *notes;

	for (size_t i = 0; i < d->said_count; i++)
		count += d->said[i]->note_count;
	if (!count)
		return;
	notes = trace_alloc(t, count * sizeof *notes);
	count = 0;
	for (size_t i = 0; i < d->said_count; i++) {
		const struct sl_span *s = d->said[i];
		bool called = d->both && s->kind != SL_SPAN_CLIENT;
		int64_t shift = called ? d->in.shift : d->out.shift;

		for (size_t k = 0; k < s->note_count; k++) {
			notes[count] = s->notes[k];
			if (notes[count].time_us)
				notes[count].time_us += shift;
			count++;
		}
	}
	qsort(notes, count, sizeof *notes, compare_notes);
	for (size_t i = 0; i < count; i++)
		if (!kept || compare_notes(&notes[kept - 1], &notes[i]) != 0)
			notes[kept++] = notes[i];
	n->notes = notes;
	n->note_count = kept;
}

/* --- nodes --- */

/* The called side knows best what it is called and what it did. */
static const char *name_of(const struct trace_draft *d)
{
	for (size_t i = 0; i < d->said_count && d->both; i++)
		if (d->said[i]->kind != SL_SPAN_CLIENT && *d->said[i]->name)
			return d->said[i]->name;
	return d->name;
}

static void node_fill(struct trace *t, const struct trace_draft *d, struct trace_node *n)
{
	const struct trace_side *side = trace_lower_side(d);

	*n = (struct trace_node){
		.id = d->id,
		.parent_id = d->parent_id,
		.service = side->service,
		.name = name_of(d),
		.caller = d->both ? d->out.service : "",
		.address = side->address,
		.peer = side->peer,
		.port = side->port,
		.kind = side->kind,
		.start_us = d->start,
		.duration_us = d->took,
		.inner_us = d->start,
		.inner_took = d->took,
		.skew_us = side->shift,
		.error = d->error,
		.both = d->both,
		.missing = d->missing,
		.cut = d->cut,
		.start_derived = d->start_derived,
		.duration_derived = d->took_derived,
	};
	if (d->both && d->in.start && d->in.took >= 0) {
		n->inner_us = d->in.start + d->in.shift;
		n->inner_took = d->in.took;
	}
	node_tags(t, d, n);
	node_notes(t, d, n);
}

static void nodes_link(struct trace_node *nodes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct trace_node *n = &nodes[i];

		n->last = i;
		if (n->parent == TRACE_NONE)
			continue;
		n->depth = nodes[n->parent].depth + 1;
		nodes[n->parent].children++;
	}
	for (size_t i = count; i-- > 0;)
		if (nodes[i].parent != TRACE_NONE && nodes[nodes[i].parent].last < nodes[i].last)
			nodes[nodes[i].parent].last = nodes[i].last;
}

void trace_nodes_make(struct trace_work *w)
{
	struct trace *t = w->trace;
	struct trace_node *nodes = trace_alloc(t, w->count * sizeof *nodes);
	size_t *stack = sl_alloc_n(w->count, sizeof *stack);
	size_t *place = sl_alloc_n(w->count, sizeof *place); /* of a draft among the nodes */
	size_t depth = push_sorted(w, w->order, root_count(w), stack, 0), n = 0;

	while (depth) {
		size_t at = stack[--depth], parent = w->drafts[at].parent;

		node_fill(t, &w->drafts[at], &nodes[n]);
		nodes[n].parent = parent == TRACE_NONE ? TRACE_NONE : place[parent];
		place[at] = n++;
		depth = push_sorted(w, w->kids + w->first[at], w->first[at + 1] - w->first[at],
				    stack, depth);
	}
	nodes_link(nodes, n);
	t->nodes = nodes;
	t->count = n;
	free(stack);
	free(place);
	trace_path_find(t, nodes);
}
