/* SPDX-License-Identifier: Apache-2.0 */
/* Config keys: a whole answer of a config centre joins the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"

static int staged_compare(const void *a, const void *b)
{
	return cat_key_compare(a, b);
}

static const char *service_of(const struct cat_key *k)
{
	for (size_t i = 0; i < k->label_count; i++)
		if (strcmp(k->labels[i].name, "service") == 0)
			return k->labels[i].value;
	return "";
}

static void note(struct cat_source_node *s, int64_t now, const char *what, const struct cat_key *k,
		 const char *text)
{
	if (s->read_at)
		cat_note(s, now, what, service_of(k), k->key, text);
}

static struct cat_key *take_new(struct cat_source_node *s, const struct cat_key *from)
{
	struct cat_key *k = cat_key_dup(from);

	k->source = s->name;
	return k;
}

static struct cat_key *replace(struct cat_source_node *s, int64_t now, struct cat_key *old,
			       const struct cat_key *new)
{
	char text[2 * CAT_NAME_MAX + 32];
	struct cat_key *k = take_new(s, new);

	if (strcmp(old->revision, new->revision) != 0)
		snprintf(text, sizeof text, "revision %s -> %s", old->revision, new->revision);
	else if (old->enabled != new->enabled)
		snprintf(text, sizeof text, "%s", new->enabled ? "enabled" : "disabled");
	else
		snprintf(text, sizeof text, "value");
	note(s, now, "key.changed", k, text);
	free(old);
	return k;
}

/* The last of equal ones wins. */
static size_t unique(struct cat_key *keys, size_t count)
{
	size_t n = 0;

	if (count > 1)
		qsort(keys, count, sizeof *keys, staged_compare);
	for (size_t i = 0; i < count; i++) {
		if (n && cat_key_compare(&keys[n - 1], &keys[i]) == 0)
			keys[n - 1] = keys[i];
		else
			keys[n++] = keys[i];
	}
	return n;
}

static void drop(struct cat_source_node *s, int64_t now, struct cat_key *old)
{
	note(s, now, "key.removed", old, "");
	free(old);
}

bool cat_merge_keys(struct cat_source_node *s, int64_t now)
{
	struct cat_key *new = s->stage.keys, **old = s->keys;
	size_t count = unique(new, s->stage.key_count), o = 0;
	struct cat_key **all = sl_alloc_n(count + 1, sizeof *all);
	bool changed = count != s->key_count;

	for (size_t i = 0; i < count; i++) {
		int order = 1;

		while (o < s->key_count && (order = cat_key_compare(old[o], &new[i])) < 0) {
			drop(s, now, old[o++]);
			changed = true;
		}
		if (o == s->key_count || order > 0) {
			all[i] = take_new(s, &new[i]);
			note(s, now, "key.added", all[i], "");
			changed = true;
		} else if (cat_key_same(old[o], &new[i])) {
			all[i] = old[o++];
		} else {
			all[i] = replace(s, now, old[o++], &new[i]);
			changed = true;
		}
	}
	for (; o < s->key_count; o++)
		drop(s, now, old[o]);
	free(old);
	s->keys = all;
	s->key_count = count;
	if (changed)
		cat_keys_index(s->c);
	return changed;
}

void cat_keys_release(struct cat_source_node *s)
{
	for (size_t i = 0; i < s->key_count; i++)
		free(s->keys[i]);
	free(s->keys);
}

static int index_compare(const void *a, const void *b)
{
	const struct cat_key *x = *(const struct cat_key *const *)a;
	const struct cat_key *y = *(const struct cat_key *const *)b;
	int order = cat_key_compare(x, y);

	return order ? order : strcmp(x->source, y->source);
}

void cat_keys_index(struct catalogue *c)
{
	size_t total = 0, n = 0;

	for (size_t i = 0; i < c->count; i++)
		total += c->sources[i]->key_count;
	free(c->keys);
	c->keys = sl_alloc_n(total + 1, sizeof *c->keys);
	for (size_t i = 0; i < c->count; i++)
		for (size_t k = 0; k < c->sources[i]->key_count; k++)
			c->keys[n++] = c->sources[i]->keys[k];
	if (n > 1)
		qsort(c->keys, n, sizeof *c->keys, index_compare);
	c->key_count = n;
}

size_t catalogue_key_count(const struct catalogue *c)
{
	return c->key_count;
}

const struct cat_key *catalogue_key(const struct catalogue *c, size_t i)
{
	return c->keys[i];
}
