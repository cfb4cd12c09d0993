// SPDX-License-Identifier: Apache-2.0
#include "orchestrator/playbook/hostset.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/inventory_doc.h"
#include "plugins/sdk/mem.h"

#define NAMES_MAX 100000

void hostset_release(struct hostset *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->names[i]);
	free(s->names);
	*s = (struct hostset){0};
}

static void add_name(struct hostset *s, char *name)
{
	if (s->count == NAMES_MAX) {
		free(name);
		return;
	}
	SL_GROW(s->names, s->count, s->cap);
	s->names[s->count++] = name;
}

/* The first range is counted through, the rest of the text by recursion. Its form was checked
 * before (inv_host_text_ok). */
void hostset_add(struct hostset *s, const char *text)
{
	const char *open = strchr(text, '['), *colon = open ? strchr(open, ':') : NULL;
	const char *close = colon ? strchr(colon, ']') : NULL;
	long from, to;

	if (!close) {
		add_name(s, sl_strdup(text));
		return;
	}
	from = strtol(open + 1, NULL, 10);
	to = strtol(colon + 1, NULL, 10);
	for (long i = from; i <= to && s->count < NAMES_MAX; i++) {
		int width = open[1] == '0' ? (int)(colon - open - 1) : 0;
		char *one =
			sl_asprintf("%.*s%0*ld%s", (int)(open - text), text, width, i, close + 1);

		hostset_add(s, one);
		free(one);
	}
}

static void add_members(struct hostset *s, const struct inventory_file *f,
			const struct inv_group *g, bool *seen)
{
	if (seen[g - f->groups])
		return;
	seen[g - f->groups] = true;
	for (size_t i = 0; i < g->hosts.count; i++)
		hostset_add(s, g->hosts.items[i]);
	for (size_t i = 0; i < g->groups.count; i++) {
		const struct inv_group *member = inv_group_find(f, g->groups.items[i]);

		if (member)
			add_members(s, f, member, seen);
	}
}

void hostset_add_group(struct hostset *s, const struct inventory_file *f, const struct inv_group *g)
{
	bool *seen = sl_alloc_n(f->group_count + 1, sizeof *seen);

	add_members(s, f, g, seen);
	free(seen);
}

void hostset_add_all(struct hostset *s, const struct inventory_file *f)
{
	for (size_t i = 0; i < f->host_count; i++)
		hostset_add(s, f->hosts[i].name);
	for (size_t g = 0; g < f->group_count; g++)
		for (size_t i = 0; i < f->groups[g].hosts.count; i++)
			hostset_add(s, f->groups[g].hosts.items[i]);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void hostset_sort(struct hostset *s)
{
	size_t kept = 0;

	if (!s->count)
		return;
	qsort(s->names, s->count, sizeof *s->names, compare);
	for (size_t i = 0; i < s->count; i++) {
		if (kept && !strcmp(s->names[kept - 1], s->names[i]))
			free(s->names[i]);
		else
			s->names[kept++] = s->names[i];
	}
	s->count = kept;
}

bool hostset_has(const struct hostset *s, const char *name)
{
	return s->count && bsearch(&name, s->names, s->count, sizeof *s->names, compare);
}
