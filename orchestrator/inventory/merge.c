/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/inventory/merge.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

void merge_release(struct merge *m)
{
	free(m->clashes);
	m->clashes = NULL;
	m->clash_count = m->clash_cap = 0;
}

static void say_clash(struct merge *m, const char *what, const struct inv_group *one,
		      struct diag_at one_at, const struct inv_group *other, struct diag_at other_at)
{
	for (size_t i = 0; i < m->clash_count; i++)
		if (m->clashes[i].one == one && m->clashes[i].other == other &&
		    !strcmp(m->clashes[i].what, what))
			return;
	SL_GROW(m->clashes, m->clash_count, m->clash_cap);
	m->clashes[m->clash_count++] = (struct merge_clash){one, other, what};
	diags_error(m->diags, other_at,
		    "groups '%s' and '%s' are equally near to a host and give '%s' different "
		    "values; set it on the host, or in one of them",
		    one->name, other->name, what);
	diags_note(m->diags, one_at, "the other value is here");
}

/* --- labels and vars --- */

struct merged_pair {
	const struct pb_pair *pair;
	const struct inv_group *group; /* NULL = the host itself */
	unsigned distance;
	const struct inv_group *rival; /* same distance, other value */
	const struct pb_pair *rival_pair;
};

struct merged {
	struct merged_pair *items;
	size_t count, cap;
};

static struct merged_pair *merged_find(struct merged *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->items[i].pair->name, name))
			return &all->items[i];
	return NULL;
}

static const char *pair_text(const struct pb_pair *p)
{
	return p->value.text ? p->value.text : "";
}

static void merged_add(struct merged *all, const struct pb_pairs *pairs,
		       const struct inv_group *group, unsigned distance)
{
	for (size_t i = 0; i < pairs->count; i++) {
		const struct pb_pair *pair = &pairs->items[i];
		struct merged_pair *have = merged_find(all, pair->name);

		if (!have) {
			SL_GROW(all->items, all->count, all->cap);
			all->items[all->count++] = (struct merged_pair){
				.pair = pair, .group = group, .distance = distance};
		} else if (have->distance == distance && !have->rival &&
			   strcmp(pair_text(have->pair), pair_text(pair))) {
			have->rival = group;
			have->rival_pair = pair;
		}
	}
}

static struct rs_label *merged_take(struct merge *m, struct merged *all, size_t *count)
{
	struct rs_label *out = sl_alloc_n(all->count + 1, sizeof *out);

	for (size_t i = 0; i < all->count; i++) {
		const struct merged_pair *p = &all->items[i];

		if (p->rival)
			say_clash(m, p->pair->name, p->group, p->pair->value.at, p->rival,
				  p->rival_pair->value.at);
		out[i] = (struct rs_label){p->pair->name, pair_text(p->pair)};
	}
	*count = all->count;
	free(all->items);
	return out;
}

struct rs_label *merge_labels(struct merge *m, size_t host, size_t *count)
{
	const struct inv_host *own = index_host(m->index, host)->own;
	struct merged all = {.count = 0};
	size_t n;
	struct index_level *levels = index_levels(m->index, host, &n);

	if (own)
		merged_add(&all, &own->labels, NULL, 0);
	for (size_t i = 0; i < n; i++)
		merged_add(&all, &levels[i].group->labels, levels[i].group, levels[i].distance);
	free(levels);
	return merged_take(m, &all, count);
}

struct rs_label *merge_vars(struct merge *m, size_t host, size_t *count)
{
	const struct inv_host *own = index_host(m->index, host)->own;
	struct merged all = {.count = 0};
	size_t n;
	struct index_level *levels = index_levels(m->index, host, &n);

	if (own)
		merged_add(&all, &own->vars, NULL, 0);
	for (size_t i = 0; i < n; i++)
		merged_add(&all, &levels[i].group->vars, levels[i].group, levels[i].distance);
	free(levels);
	return merged_take(m, &all, count);
}

/* --- ssh --- */

enum ssh_type { SSH_TEXT, SSH_NUMBER, SSH_LIST };

static const struct ssh_field {
	const char *name;
	enum ssh_type type;
	size_t offset;
} ssh_fields[] = {
	{"user", SSH_TEXT, offsetof(struct inv_ssh, user)},
	{"jump", SSH_TEXT, offsetof(struct inv_ssh, jump)},
	{"knownHosts", SSH_TEXT, offsetof(struct inv_ssh, known_hosts)},
	{"config", SSH_TEXT, offsetof(struct inv_ssh, config)},
	{"driver", SSH_TEXT, offsetof(struct inv_ssh, driver)},
	{"identities", SSH_LIST, offsetof(struct inv_ssh, identities)},
	{"port", SSH_NUMBER, offsetof(struct inv_ssh, port)},
	{"connectTimeout", SSH_NUMBER, offsetof(struct inv_ssh, connect_timeout_ms)},
	{"commandTimeout", SSH_NUMBER, offsetof(struct inv_ssh, command_timeout_ms)},
};

static const void *field_at(const struct inv_ssh *s, const struct ssh_field *f)
{
	return (const char *)s + f->offset;
}

static bool field_is_set(const struct inv_ssh *s, const struct ssh_field *f)
{
	const void *at = field_at(s, f);

	switch (f->type) {
	case SSH_TEXT:
		return *(const char *const *)at != NULL;
	case SSH_NUMBER:
		return *(const int64_t *)at != 0;
	case SSH_LIST:
		return ((const struct pb_strings *)at)->count > 0;
	}
	return false;
}

static bool lists_equal(const struct pb_strings *a, const struct pb_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]))
			return false;
	return true;
}

static bool field_equal(const struct inv_ssh *a, const struct inv_ssh *b, const struct ssh_field *f)
{
	const void *x = field_at(a, f), *y = field_at(b, f);

	switch (f->type) {
	case SSH_TEXT:
		return !strcmp(*(const char *const *)x, *(const char *const *)y);
	case SSH_NUMBER:
		return *(const int64_t *)x == *(const int64_t *)y;
	case SSH_LIST:
		return lists_equal(x, y);
	}
	return true;
}

static void field_copy(struct inv_ssh *to, const struct inv_ssh *from, const struct ssh_field *f)
{
	size_t size = f->type == SSH_TEXT     ? sizeof(const char *)
		      : f->type == SSH_NUMBER ? sizeof(int64_t)
					      : sizeof(struct pb_strings);

	memcpy((char *)to + f->offset, field_at(from, f), size);
	to->at = from->at;
}

/* The nearest group that sets a field; clashes are said. */
static const struct inv_ssh *field_from_groups(struct merge *m, const struct index_level *levels,
					       size_t n, const struct ssh_field *f)
{
	const struct index_level *found = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct inv_group *g = levels[i].group;

		if (!field_is_set(&g->ssh, f))
			continue;
		if (!found) {
			found = &levels[i];
			continue;
		}
		if (levels[i].distance > found->distance)
			break;
		if (!field_equal(&found->group->ssh, &g->ssh, f)) {
			say_clash(m, f->name, found->group, found->group->ssh.at, g, g->ssh.at);
			break;
		}
	}
	return found ? &found->group->ssh : NULL;
}

void merge_ssh(struct merge *m, size_t host, struct inv_ssh *out)
{
	const struct inv_host *own = index_host(m->index, host)->own;
	size_t n;
	struct index_level *levels = index_levels(m->index, host, &n);

	*out = (struct inv_ssh){.fanout = m->file->ssh.fanout};
	for (size_t i = 0; i < SL_COUNT(ssh_fields); i++) {
		const struct ssh_field *f = &ssh_fields[i];
		const struct inv_ssh *from = NULL;

		if (own && field_is_set(&own->ssh, f))
			from = &own->ssh;
		if (!from)
			from = field_from_groups(m, levels, n, f);
		if (!from && field_is_set(&m->file->ssh, f))
			from = &m->file->ssh;
		if (from)
			field_copy(out, from, f);
	}
	free(levels);
}
