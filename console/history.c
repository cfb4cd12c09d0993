/* SPDX-License-Identifier: Apache-2.0 */
#include "console/history.h"

#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "plugins/sdk/mem.h"

static size_t depth_of(const struct screen *top)
{
	size_t n = 0;

	for (; top; top = top->below)
		n++;
	return n;
}

static bool same_subject(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_here(const struct place *p, unsigned tab, const struct screen *top)
{
	size_t i = p->depth;

	if (p->tab != tab || depth_of(top) != i)
		return false;
	for (; top; top = top->below)
		if (p->steps[--i].ops != top->ops ||
		    !same_subject(p->steps[i].subject, top->subject))
			return false;
	return true;
}

static void place_init(struct place *p, unsigned tab, const struct screen *top)
{
	size_t i = depth_of(top);

	*p = (struct place){.tab = tab, .depth = i, .steps = sl_alloc_n(i, sizeof *p->steps)};
	for (; top; top = top->below)
		p->steps[--i] = (struct place_step){top->ops, sl_strdup(top->subject)};
}

static void place_release(struct place *p)
{
	size_t i;

	for (i = 0; i < p->depth; i++)
		free(p->steps[i].subject);
	free(p->steps);
}

void places_visit(struct places *p, unsigned tab, const struct screen *top)
{
	if (p->count && is_here(&p->items[p->at], tab, top))
		return;
	while (p->count > p->at + 1)
		place_release(&p->items[--p->count]);
	if (p->count == PLACES_MAX) {
		place_release(&p->items[0]);
		memmove(p->items, p->items + 1, --p->count * sizeof *p->items);
	}
	place_init(&p->items[p->count], tab, top);
	p->at = p->count++;
}

const struct place *places_step(struct places *p, int by)
{
	if (by < 0 ? p->at < (size_t)-by : p->at + (size_t)by >= p->count)
		return NULL;
	p->at = by < 0 ? p->at - (size_t)-by : p->at + (size_t)by;
	return &p->items[p->at];
}

void places_release(struct places *p)
{
	while (p->count)
		place_release(&p->items[--p->count]);
	p->at = 0;
}
