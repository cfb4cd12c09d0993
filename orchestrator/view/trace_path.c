/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the time went. A node's own time is what no child covers. The critical path is walked
 * backwards from the end of the longest root: what ended last before the cursor is what was waited
 * for; what overlaps with it was not. Messages (CONSUMER) are waited for by nobody above, unless
 * they end before.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/mem.h"

static bool has_times(const struct trace_node *n)
{
	return n->start_us && n->duration_us >= 0;
}

static int64_t end_of(const struct trace_node *n)
{
	return n->start_us + (n->duration_us > 0 ? n->duration_us : 0);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void add_up(int64_t *sum, int64_t us)
{
	*sum = us < TRACE_US_MAX - *sum ? *sum + us : TRACE_US_MAX;
}

/* --- own time --- */

/* Children stand by start: one sweep. */
static int64_t own_time(const struct trace_node *nodes, size_t at)
{
	const struct trace_node *n = &nodes[at];
	int64_t from = n->inner_us, to = n->inner_us + n->inner_took, own = 0;

	for (size_t i = at + 1; i <= n->last; i = nodes[i].last + 1) {
		if (!has_times(&nodes[i]) || end_of(&nodes[i]) <= from)
			continue;
		if (nodes[i].start_us > from)
			own += sooner(nodes[i].start_us, to) - from;
		from = end_of(&nodes[i]);
		if (from >= to)
			return own;
	}
	return own + to - from;
}

/* --- services --- */

struct services {
	struct trace_table table;
	struct trace_service *list;
	size_t count, cap;
};

static struct trace_service *service_of(struct services *all, const char *name)
{
	size_t at = trace_table_find(&all->table, name);

	if (at == TRACE_NONE) {
		SL_GROW(all->list, all->count, all->cap);
		at = all->count++;
		all->list[at] = (struct trace_service){.name = name};
		trace_table_set(&all->table, name, at);
	}
	return &all->list[at];
}

static void count_node(struct services *all, const struct trace_node *n)
{
	struct trace_service *s;

	if (n->missing)
		return;
	s = service_of(all, n->service);
	s->spans++;
	s->errors += n->error;
	add_up(&s->self_us, later(n->self_us, 0));
	if (!*n->caller)
		return;
	s = service_of(all, n->caller);
	s->spans++;
	if (has_times(n))
		add_up(&s->self_us, later(n->duration_us - n->inner_took, 0));
}

static int compare_services(const void *a, const void *b)
{
	const struct trace_service *x = a, *y = b;

	if (x->critical_us != y->critical_us)
		return x->critical_us > y->critical_us ? -1 : 1;
	if (x->self_us != y->self_us)
		return x->self_us > y->self_us ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* --- the critical path --- */

struct window {
	size_t node;
	int64_t from, to;
};

struct walk {
	struct trace_node *nodes;
	struct services *services;
	struct window *stack;
	size_t depth, cap;
	size_t *kids; /* of the node in hand */
	size_t kid_cap;
};

/* Time that the node itself takes: inside for its service, around that for its caller. */
static void spend(struct walk *w, size_t at, int64_t from, int64_t to)
{
	struct trace_node *n = &w->nodes[at];
	int64_t inside = sooner(to, n->inner_us + n->inner_took) - later(from, n->inner_us);

	if (to <= from)
		return;
	n->critical_us += to - from;
	if (n->missing)
		return;
	inside = *n->caller ? later(inside, 0) : to - from;
	service_of(w->services, n->service)->critical_us += inside;
	if (*n->caller)
		service_of(w->services, n->caller)->critical_us += to - from - inside;
}

static int compare_ends(const void *a, const void *b, void *nodes)
{
	const struct trace_node *x = (const struct trace_node *)nodes + *(const size_t *)a;
	const struct trace_node *y = (const struct trace_node *)nodes + *(const size_t *)b;

	if (end_of(x) != end_of(y))
		return end_of(x) > end_of(y) ? -1 : 1;
	return x < y ? -1 : x > y;
}

static size_t kids_by_end(struct walk *w, const struct window *win)
{
	const struct trace_node *n = &w->nodes[win->node];
	size_t count = 0;

	if (n->children > w->kid_cap) {
		w->kid_cap = n->children;
		w->kids = sl_realloc_n(w->kids, w->kid_cap, sizeof *w->kids);
	}
	for (size_t i = win->node + 1; i <= n->last; i = w->nodes[i].last + 1) {
		const struct trace_node *kid = &w->nodes[i];

		if (!has_times(kid) || kid->start_us >= win->to || end_of(kid) <= win->from)
			continue;
		if (kid->kind == SL_SPAN_CONSUMER && end_of(kid) > win->to)
			continue;
		w->kids[count++] = i;
	}
	if (count)
		qsort_r(w->kids, count, sizeof *w->kids, compare_ends, w->nodes);
	return count;
}

static void walk_node(struct walk *w, struct window win)
{
	size_t count = kids_by_end(w, &win);
	int64_t cursor = win.to;

	for (size_t i = 0; i < count; i++) {
		const struct trace_node *kid = &w->nodes[w->kids[i]];
		int64_t end = sooner(end_of(kid), win.to), from = later(kid->start_us, win.from);

		if (end > cursor || end <= from)
			continue;
		spend(w, win.node, end, cursor);
		SL_GROW(w->stack, w->depth, w->cap);
		w->stack[w->depth++] = (struct window){w->kids[i], from, end};
		cursor = from;
	}
	spend(w, win.node, win.from, cursor);
}

static void walk_path(struct trace *t, struct trace_node *nodes, struct services *services)
{
	struct walk w = {.nodes = nodes, .services = services};
	const struct trace_node *root = &nodes[t->root];

	if (!has_times(root))
		return;
	t->critical_us = root->duration_us;
	SL_GROW(w.stack, w.depth, w.cap);
	w.stack[w.depth++] = (struct window){t->root, root->start_us, end_of(root)};
	while (w.depth)
		walk_node(&w, w.stack[--w.depth]);
	free(w.stack);
	free(w.kids);
}

/* --- the whole --- */

static bool is_better_root(const struct trace_node *n, const struct trace_node *best)
{
	if (n->missing != best->missing)
		return best->missing;
	return n->duration_us > best->duration_us;
}

static void summarise(struct trace *t, const struct trace_node *nodes)
{
	int64_t end = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct trace_node *n = &nodes[i];

		t->missing += n->missing;
		t->cut += n->cut;
		t->skewed += n->skew_us != 0;
		t->errors += n->error;
		if (n->start_us && (!t->start_us || n->start_us < t->start_us))
			t->start_us = n->start_us;
		if (n->start_us)
			end = later(end, end_of(n));
		if (n->error && (t->first_error == TRACE_NONE ||
				 (n->start_us && n->start_us < nodes[t->first_error].start_us)))
			t->first_error = i;
		if (n->parent == TRACE_NONE &&
		    (t->root == TRACE_NONE || is_better_root(n, &nodes[t->root])))
			t->root = i;
	}
	if (t->start_us)
		t->duration_us = end - t->start_us;
}

void trace_path_find(struct trace *t, struct trace_node *nodes)
{
	struct services all = {0};
	struct trace_service *list;

	summarise(t, nodes);
	for (size_t i = 0; i < t->count; i++) {
		nodes[i].self_us =
			nodes[i].inner_us && nodes[i].inner_took >= 0 && !nodes[i].missing
				? own_time(nodes, i)
				: -1;
		count_node(&all, &nodes[i]);
	}
	walk_path(t, nodes, &all);
	if (all.count) {
		qsort(all.list, all.count, sizeof *all.list, compare_services);
		list = trace_alloc(t, all.count * sizeof *list);
		memcpy(list, all.list, all.count * sizeof *list);
		t->services = list;
		t->service_count = all.count;
	}
	free(all.list);
	trace_table_release(&all.table);
}
