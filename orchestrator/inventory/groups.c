/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(msg) abort() /* never exit: see mem.h */
#include <uthash.h>

#include "orchestrator/inventory/index.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define INDEX_HOSTS_MAX 100000

struct host_slot {
	char *key;
	size_t position;
	UT_hash_handle hh;
};

struct group_slot {
	const struct inv_group *group;
	size_t *hosts; /* listed by itself */
	size_t host_count, host_cap;
	size_t *parents;
	size_t parent_count, parent_cap;
	size_t *children;
	size_t child_count, child_cap;
	enum { WALK_NOT, WALK_OPEN, WALK_DONE } walk;
};

struct index {
	const struct inventory_file *file;
	struct index_host *hosts;
	size_t host_count, host_cap;
	struct host_slot *by_name;
	struct group_slot *groups; /* parallel to file->groups */
	size_t **host_groups;      /* per host: the groups that list it, as a counted array */
	size_t *host_group_count;
};

static struct host_slot *slot_find(const struct index *ix, const char *name)
{
	struct host_slot *slot = NULL;

	HASH_FIND_STR(ix->by_name, name, slot);
	return slot;
}

static long group_find(const struct index *ix, const char *name)
{
	for (size_t i = 0; i < ix->file->group_count; i++)
		if (!strcmp(ix->file->groups[i].name, name))
			return (long)i;
	return -1;
}

static const char *group_near(const struct index *ix, const char *name)
{
	const char **names = sl_alloc_n(ix->file->group_count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < ix->file->group_count; i++)
		names[i] = ix->file->groups[i].name;
	near = sl_text_nearest(name, names, ix->file->group_count);
	free(names);
	return near;
}

/* Why a name cannot be a host's, or NULL. It becomes a word of ssh's command line. */
static const char *host_name_fault(const char *name)
{
	if (*name == '-')
		return "a host name cannot start with '-'";
	if (*name == '.')
		return "a host name cannot start with '.'";
	if (!strcmp(name, "local") || !strcmp(name, "all") || !strcmp(name, "one"))
		return "this word is reserved, it cannot name a host";
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return "a host name is made of letters, digits, '.', '_' and '-'";
	return NULL;
}

static bool host_add(struct index *ix, const char *name, struct diag_at at, size_t *position,
		     struct diags *d)
{
	struct host_slot *slot = slot_find(ix, name);
	const char *fault = host_name_fault(name);

	if (fault) {
		diags_error(d, at, "host '%s': %s", name, fault);
		return false;
	}
	if (!slot && ix->host_count == INDEX_HOSTS_MAX) {
		diags_error(d, (struct diag_at){.file = at.file}, "more than %d hosts",
			    INDEX_HOSTS_MAX);
		return false;
	}
	if (!slot) {
		slot = sl_alloc(sizeof *slot);
		slot->key = sl_strdup(name);
		slot->position = ix->host_count;
		HASH_ADD_KEYPTR(hh, ix->by_name, slot->key, strlen(slot->key), slot);
		SL_GROW(ix->hosts, ix->host_count, ix->host_cap);
		ix->hosts[ix->host_count++] = (struct index_host){.name = slot->key, .at = at};
	}
	*position = slot->position;
	return true;
}

static void group_list_host(struct group_slot *g, size_t host)
{
	for (size_t i = 0; i < g->host_count; i++)
		if (g->hosts[i] == host)
			return;
	SL_GROW(g->hosts, g->host_count, g->host_cap);
	g->hosts[g->host_count++] = host;
}

static void group_add_hosts(struct index *ix, struct group_slot *g, struct diags *d)
{
	const struct pb_strings *list = &g->group->hosts;

	for (size_t i = 0; i < list->count; i++) {
		struct sl_error e;
		char **names;
		size_t count, host;

		if (inventory_range_expand(list->items[i], &names, &count, &e))
			diags_error(d, list->at[i], "%s", e.msg);
		for (size_t k = 0; k < count; k++) {
			if (host_add(ix, names[k], list->at[i], &host, d))
				group_list_host(g, host);
			free(names[k]);
		}
		free(names);
	}
}

static void group_add_members(struct index *ix, size_t at, struct diags *d)
{
	struct group_slot *g = &ix->groups[at];
	const struct pb_strings *list = &g->group->groups;

	for (size_t i = 0; i < list->count; i++) {
		long child = group_find(ix, list->items[i]);
		const char *near = child < 0 ? group_near(ix, list->items[i]) : NULL;

		if (child < 0) {
			diags_error(d, list->at[i], "unknown group '%s'%s%s%s", list->items[i],
				    near ? " (did you mean '" : "", near ? near : "",
				    near ? "'?)" : "");
			continue;
		}
		SL_GROW(g->children, g->child_count, g->child_cap);
		g->children[g->child_count++] = (size_t)child;
		SL_GROW(ix->groups[child].parents, ix->groups[child].parent_count,
			ix->groups[child].parent_cap);
		ix->groups[child].parents[ix->groups[child].parent_count++] = at;
	}
}

static void check_cycle(struct index *ix, size_t at, struct diags *d)
{
	struct group_slot *g = &ix->groups[at];

	if (g->walk == WALK_DONE)
		return;
	g->walk = WALK_OPEN;
	for (size_t i = 0; i < g->child_count; i++) {
		struct group_slot *child = &ix->groups[g->children[i]];

		if (child->walk == WALK_OPEN)
			diags_error(d, g->group->at,
				    "group '%s' holds group '%s', which holds it in turn",
				    g->group->name, child->group->name);
		else
			check_cycle(ix, g->children[i], d);
	}
	g->walk = WALK_DONE;
}

static void add_own_entries(struct index *ix, struct diags *d)
{
	const struct inventory_file *f = ix->file;
	size_t host;

	for (size_t i = 0; i < f->host_count; i++)
		if (host_add(ix, f->hosts[i].name, f->hosts[i].at, &host, d))
			ix->hosts[host].own = &f->hosts[i];
}

static void link_hosts_to_groups(struct index *ix)
{
	ix->host_groups = sl_alloc_n(ix->host_count + 1, sizeof *ix->host_groups);
	ix->host_group_count = sl_alloc_n(ix->host_count + 1, sizeof *ix->host_group_count);
	for (size_t g = 0; g < ix->file->group_count; g++) {
		for (size_t i = 0; i < ix->groups[g].host_count; i++) {
			size_t h = ix->groups[g].hosts[i];
			size_t n = ++ix->host_group_count[h];

			ix->host_groups[h] = sl_realloc_n(ix->host_groups[h], n, sizeof(size_t));
			ix->host_groups[h][n - 1] = g;
		}
	}
}

struct index *index_build(const struct inventory_file *f, struct diags *d)
{
	struct index *ix = sl_alloc(sizeof *ix);
	size_t before = diags_errors(d);

	ix->file = f;
	ix->groups = sl_alloc_n(f->group_count + 1, sizeof *ix->groups);
	for (size_t i = 0; i < f->group_count; i++) {
		ix->groups[i].group = &f->groups[i];
		group_add_hosts(ix, &ix->groups[i], d);
	}
	for (size_t i = 0; i < f->group_count; i++)
		group_add_members(ix, i, d);
	for (size_t i = 0; i < f->group_count; i++)
		check_cycle(ix, i, d);
	add_own_entries(ix, d);
	link_hosts_to_groups(ix);
	if (diags_errors(d) > before) {
		index_free(ix);
		return NULL;
	}
	return ix;
}

void index_free(struct index *ix)
{
	struct host_slot *slot, *tmp;

	if (!ix)
		return;
	HASH_ITER(hh, ix->by_name, slot, tmp)
	{
		HASH_DEL(ix->by_name, slot);
		free(slot->key);
		free(slot);
	}
	for (size_t i = 0; i < ix->file->group_count; i++) {
		free(ix->groups[i].hosts);
		free(ix->groups[i].parents);
		free(ix->groups[i].children);
	}
	for (size_t i = 0; ix->host_groups && i < ix->host_count; i++)
		free(ix->host_groups[i]);
	free(ix->host_groups);
	free(ix->host_group_count);
	free(ix->groups);
	free(ix->hosts);
	free(ix);
}

size_t index_host_count(const struct index *ix)
{
	return ix->host_count;
}

const struct index_host *index_host(const struct index *ix, size_t host)
{
	return &ix->hosts[host];
}

long index_host_find(const struct index *ix, const char *name)
{
	const struct host_slot *slot = slot_find(ix, name);

	return slot ? (long)slot->position : -1;
}

/* Breadth first from the groups that list the host, so that each group is met at its shortest
 * distance. */
struct index_level *index_levels(const struct index *ix, size_t host, size_t *count)
{
	size_t groups = ix->file->group_count, tail = 0;
	struct index_level *levels = sl_alloc_n(groups + 1, sizeof *levels);
	bool *seen = sl_alloc_n(groups + 1, sizeof *seen);

	for (size_t i = 0; i < ix->host_group_count[host]; i++) {
		size_t g = ix->host_groups[host][i];

		seen[g] = true;
		levels[tail++] = (struct index_level){&ix->file->groups[g], 1};
	}
	for (size_t head = 0; head < tail; head++) {
		const struct group_slot *at = &ix->groups[levels[head].group - ix->file->groups];

		for (size_t i = 0; i < at->parent_count; i++) {
			size_t g = at->parents[i];

			if (seen[g])
				continue;
			seen[g] = true;
			levels[tail++] = (struct index_level){&ix->file->groups[g],
							      levels[head].distance + 1};
		}
	}
	free(seen);
	*count = tail;
	return levels;
}

static void select_group(const struct index *ix, size_t group, bool *marks, bool *seen)
{
	const struct group_slot *g = &ix->groups[group];

	if (seen[group])
		return;
	seen[group] = true;
	for (size_t i = 0; i < g->host_count; i++)
		marks[g->hosts[i]] = true;
	for (size_t i = 0; i < g->child_count; i++)
		select_group(ix, g->children[i], marks, seen);
}

static const char *near_selector(const struct index *ix, const char *name)
{
	size_t n = 0;
	const char **names = sl_alloc_n(ix->file->group_count + ix->host_count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < ix->file->group_count; i++)
		names[n++] = ix->file->groups[i].name;
	for (size_t i = 0; i < ix->host_count; i++)
		names[n++] = ix->hosts[i].name;
	near = sl_text_nearest(name, names, n);
	free(names);
	return near;
}

static bool select_name(const struct index *ix, const char *name, bool *marks, const char *what,
			struct diag_at at, struct diags *d)
{
	long host = index_host_find(ix, name);
	const char *near;

	if (host >= 0) {
		marks[host] = true;
		return true;
	}
	near = near_selector(ix, name);
	diags_error(d, at, "%s: the inventory has no group or host '%s'%s%s%s", what, name,
		    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
	return false;
}

static bool select_range(const struct index *ix, const char *text, bool *marks, const char *what,
			 struct diag_at at, struct diags *d)
{
	struct sl_error e;
	char **names;
	size_t count;
	bool ok = true;

	if (inventory_range_expand(text, &names, &count, &e)) {
		diags_error(d, at, "%s: %s", what, e.msg);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		ok = ok && select_name(ix, names[i], marks, what, at, d);
		free(names[i]);
	}
	free(names);
	return ok;
}

bool index_select(const struct index *ix, const char *selector, bool *marks, const char *what,
		  struct diag_at at, struct diags *d)
{
	long group = group_find(ix, selector);
	bool *seen;

	if (!strcmp(selector, "all")) {
		memset(marks, 1, ix->host_count * sizeof *marks);
		return true;
	}
	if (group >= 0) {
		if (ix->file->groups[group].from_registry) {
			diags_error(d, at,
				    "%s: group '%s' is filled from a registry, which sluice "
				    "cannot do yet",
				    what, selector);
			return false;
		}
		seen = sl_alloc_n(ix->file->group_count, sizeof *seen);
		select_group(ix, (size_t)group, marks, seen);
		free(seen);
		return true;
	}
	return select_range(ix, selector, marks, what, at, d);
}
