/* SPDX-License-Identifier: Apache-2.0 */
/* Services and instances: an answer of a registry, whole or of changes alone, joins the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/sort.h"

const char *catalogue_role_word(enum cat_role role)
{
	switch (role) {
	case CAT_REGISTRY:
		return "registry";
	case CAT_CONFIG:
		return "config";
	case CAT_METRICS:
		return "metrics";
	case CAT_TRACING:
		return "traces";
	}
	return "source";
}

const char *catalogue_state_word(enum sl_instance_state s)
{
	static const char *const words[SL_INSTANCE_STATE_COUNT] = {
		[SL_INSTANCE_UP] = "UP",
		[SL_INSTANCE_DOWN] = "DOWN",
		[SL_INSTANCE_STARTING] = "STARTING",
		[SL_INSTANCE_TESTING] = "TESTING",
		[SL_INSTANCE_OUT] = "OUT",
		[SL_INSTANCE_UNKNOWN] = "UNKNOWN",
	};

	return (unsigned)s < SL_INSTANCE_STATE_COUNT ? words[s] : "UNKNOWN";
}

static int name_compare(const struct cat_staged *a, const struct cat_staged *b)
{
	int order = strcmp(a->service, b->service);

	if (!order)
		order = strcmp(a->environment, b->environment);
	return order ? order : strcmp(a->app, b->app);
}

/* By service, then id; a service that is only named stands before its instances. */
static int staged_compare(const void *a, const void *b, void *arg)
{
	const struct cat_staged *x = a, *y = b;
	int order = name_compare(x, y);

	(void)arg;
	if (order)
		return order;
	if (!x->instance.id || !y->instance.id)
		return (x->instance.id != NULL) - (y->instance.id != NULL);
	return strcmp(x->instance.id, y->instance.id);
}

/* --- one service --- */

struct join {
	struct cat_source_node *s;
	struct cat_service_node *node;
	const struct cat_staged **items; /* sorted, ids unique */
	size_t count;
	int64_t now;
	bool first; /* nothing was known of this source before: its state is no change */
	bool keep;  /* instances that are not among the items stay */
};

static void note(const struct join *j, const char *what, const char *id, const char *text)
{
	if (!j->first)
		cat_note(j->s, j->now, what, j->node->pub.service, id, text);
}

/* The difference that matters most, in words. */
static void note_changed(const struct join *j, const struct cat_instance *old,
			 const struct cat_instance *new)
{
	char text[CAT_NAME_MAX * 2 + 32] = "";

	if (old->state != new->state)
		snprintf(text, sizeof text, "%s -> %s", catalogue_state_word(old->state),
			 catalogue_state_word(new->state));
	else if (strcmp(old->version, new->version) != 0)
		snprintf(text, sizeof text, "version %s -> %s", old->version, new->version);
	else if (old->weight != new->weight)
		snprintf(text, sizeof text, "weight %d -> %d", old->weight, new->weight);
	else
		return; /* a heartbeat's time or a label: seen in the row, no event */
	note(j, "instance.changed", new->id, text);
}

static bool join_same(const struct join *j)
{
	const struct cat_service *pub = &j->node->pub;
	size_t o = 0;

	if (!j->keep && j->count != pub->count)
		return false;
	for (size_t i = 0; i < j->count; i++, o++) {
		const struct cat_instance *new = &j->items[i]->instance;

		while (j->keep && o < pub->count && strcmp(pub->instances[o].id, new->id) < 0)
			o++;
		if (o == pub->count || strcmp(pub->instances[o].id, new->id) != 0 ||
		    !cat_instance_same(&pub->instances[o], new))
			return false;
	}
	return true;
}

static struct cat_instance take_new(const struct join *j, const struct cat_instance *from)
{
	struct cat_instance i = cat_instance_dup(from, &j->node->pub);

	i.source = j->s->name;
	i.changed = j->first ? 0 : j->now;
	return i;
}

/* One that is not among the items: it stays as it is, or goes. True = it stays. */
static bool leave_or_drop(const struct join *j, struct cat_instance *old)
{
	char text[40];

	if (j->keep)
		return true;
	snprintf(text, sizeof text, "gone, was %s", catalogue_state_word(old->state));
	note(j, "instance.removed", old->id, text);
	cat_instance_free(old);
	return false;
}

/* Both lists are sorted by id: what is in both and equal moves over as it is. */
static void join_instances(const struct join *j)
{
	struct cat_service *pub = &j->node->pub;
	struct cat_instance *old = (struct cat_instance *)(uintptr_t)pub->instances;
	struct cat_instance *all =
		sl_alloc_n(j->count + (j->keep ? pub->count : 0) + 1, sizeof *all);
	size_t o = 0, n = 0;

	for (size_t i = 0; i < j->count; i++) {
		const struct cat_instance *new = &j->items[i]->instance;

		for (; o < pub->count && strcmp(old[o].id, new->id) < 0; o++)
			if (leave_or_drop(j, &old[o]))
				all[n++] = old[o];
		if (o == pub->count || strcmp(old[o].id, new->id) != 0) {
			all[n++] = take_new(j, new);
			note(j, "instance.added", new->id, catalogue_state_word(new->state));
		} else if (cat_instance_same(&old[o], new)) {
			all[n++] = old[o++];
		} else {
			note_changed(j, &old[o], new);
			all[n++] = take_new(j, new);
			cat_instance_free(&old[o++]);
		}
	}
	for (; o < pub->count; o++)
		if (leave_or_drop(j, &old[o]))
			all[n++] = old[o];
	free(old);
	pub->instances = all;
	pub->count = n;
}

static struct cat_service_node *service_make(struct cat_source_node *s, const char *key,
					     const struct cat_staged *from)
{
	struct cat_service_node *node = sl_alloc(sizeof *node);

	node->key = sl_strdup(key);
	node->pub.service = sl_strdup(from->service);
	node->pub.environment = sl_strdup(from->environment);
	node->pub.app = sl_strdup(from->app);
	node->pub.source = s->name;
	node->pub.path =
		sl_asprintf("%s/%s/%s@%s", from->service, from->environment, from->app, s->name);
	HASH_ADD_KEYPTR(hh, s->services, node->key, strlen(node->key), node);
	return node;
}

static void service_free(struct cat_source_node *s, struct cat_service_node *node)
{
	HASH_DEL(s->services, node);
	for (size_t i = 0; i < node->pub.count; i++)
		cat_instance_free((struct cat_instance *)(uintptr_t)&node->pub.instances[i]);
	free((void *)(uintptr_t)node->pub.instances);
	free((void *)(uintptr_t)node->pub.service);
	free((void *)(uintptr_t)node->pub.environment);
	free((void *)(uintptr_t)node->pub.app);
	free((void *)(uintptr_t)node->pub.path);
	cat_service_count_release(&node->pub);
	free(node->key);
	free(node);
}

/* Cleaned text holds no control bytes, so the separator cannot be part of a name. */
static struct cat_service_node *service_get(struct cat_source_node *s, const struct cat_staged *of,
					    bool *made)
{
	char key[3 * CAT_NAME_MAX + 3];
	struct cat_service_node *node;

	snprintf(key, sizeof key, "%s\x1f%s\x1f%s", of->service, of->environment, of->app);
	HASH_FIND_STR(s->services, key, node);
	*made = !node;
	return node ? node : service_make(s, key, of);
}

struct merged {
	bool made, grew; /* the service is new; it has more instances by changes alone */
};

/* items[0..count) are of one service, sorted; the last of equal ids wins. */
static bool merge_service(struct cat_source_node *s, const struct cat_staged **items, size_t count,
			  bool changes, int64_t now, struct merged *m)
{
	size_t before;
	bool first = s->read_at == 0;
	struct join j = {.s = s, .items = items, .now = now, .first = first};

	j.keep = changes && items[0]->instance.id;
	j.node = service_get(s, items[0], &m->made);
	before = j.node->pub.count;
	j.node->seen = s->round;
	for (size_t i = 0; i < count; i++) {
		if (!items[i]->instance.id)
			continue;
		if (j.count && strcmp(items[j.count - 1]->instance.id, items[i]->instance.id) == 0)
			items[j.count - 1] = items[i];
		else
			items[j.count++] = items[i];
	}
	if (!m->made && join_same(&j))
		return false;
	join_instances(&j);
	cat_service_count(&j.node->pub);
	j.node->pub.changed = first ? 0 : now;
	m->grew = j.keep && j.node->pub.count > before;
	return true;
}

static bool sweep(struct cat_source_node *s, int64_t now)
{
	struct cat_service_node *node, *next;
	bool swept = false;

	for (node = s->services; node; node = next) {
		next = node->hh.next;
		if (node->seen == s->round)
			continue;
		cat_note(s, now, "service.removed", node->pub.service, "", "");
		service_free(s, node);
		swept = true;
	}
	return swept;
}

/* An instance that is new in one application may have left another one of the same service. */
static bool leave_other_apps(struct cat_source_node *s, const struct cat_staged *item, int64_t now)
{
	struct cat_service_node *node, *next;
	bool left = false;

	for (node = s->services; node; node = next) {
		struct cat_service *pub = &node->pub;
		struct cat_instance *all = (struct cat_instance *)(uintptr_t)pub->instances;
		size_t at = 0;

		next = node->hh.next;
		if (!item->instance.id || strcmp(pub->service, item->service) != 0 ||
		    strcmp(pub->environment, item->environment) != 0 ||
		    strcmp(pub->app, item->app) == 0)
			continue;
		while (at < pub->count && strcmp(all[at].id, item->instance.id) != 0)
			at++;
		if (at == pub->count)
			continue;
		left = true;
		cat_instance_free(&all[at]);
		memmove(&all[at], &all[at + 1], (--pub->count - at) * sizeof *all);
		cat_service_count(pub);
		pub->changed = now;
		if (!pub->count)
			service_free(s, node);
	}
	return left;
}

void cat_merge_begin(struct cat_source_node *s, int64_t now, bool changes)
{
	struct cat_merge *m = &s->merge;

	*m = (struct cat_merge){
		.items = sl_alloc_n(s->stage.count + 1, sizeof *m->items),
		.count = s->stage.count,
		.now = now,
		.changes = changes,
	};
	s->round++;
	for (size_t i = 0; i < m->count; i++)
		m->items[i] = &s->stage.items[i];
	sl_sort((const void **)m->items, m->count, staged_compare, NULL);
}

/* The service that is next, with all of its instances. */
static void merge_next(struct cat_source_node *s)
{
	struct cat_merge *m = &s->merge;
	size_t from = m->at, to = from + 1;
	struct merged one = {0};

	while (to < m->count && name_compare(m->items[from], m->items[to]) == 0)
		to++;
	m->changed |= merge_service(s, m->items + from, to - from, m->changes, m->now, &one);
	if (one.made && s->read_at)
		cat_note(s, m->now, "service.added", m->items[from]->service, "", "");
	for (size_t i = from; one.grew && i < to; i++)
		m->members |= leave_other_apps(s, m->items[i], m->now);
	m->members |= one.made;
	m->at = to;
}

bool cat_merge_some(struct cat_source_node *s, size_t instances)
{
	struct cat_merge *m = &s->merge;
	size_t from = m->at;

	while (m->at < m->count && m->at - from < instances)
		merge_next(s);
	return m->at < m->count;
}

void cat_merge_drop(struct cat_source_node *s)
{
	free(s->merge.items);
	s->merge = (struct cat_merge){0};
}

bool cat_merge_end(struct cat_source_node *s)
{
	struct cat_merge *m = &s->merge;
	bool members = m->members, changed = m->changed;

	members |= !m->changes && sweep(s, m->now);
	cat_merge_drop(s);
	if (members)
		cat_services_index(s->c);
	return changed || members;
}

bool cat_merge_registry(struct cat_source_node *s, int64_t now, bool changes)
{
	cat_merge_begin(s, now, changes);
	cat_merge_some(s, SIZE_MAX);
	return cat_merge_end(s);
}

void cat_registry_release(struct cat_source_node *s)
{
	struct cat_service_node *node, *next;

	for (node = s->services; node; node = next) {
		next = node->hh.next;
		service_free(s, node);
	}
}
