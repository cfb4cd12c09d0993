/* SPDX-License-Identifier: Apache-2.0 */
/* What a source says, copied, cleaned and bounded while it is being read; and copies that last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/text.h"

/* An answer may be long: fewer, larger pieces. */
#define CHUNK_BYTES (256u << 10)

static void *take(struct cat_stage *s, size_t size)
{
	s->arena.chunk = CHUNK_BYTES;
	return sl_arena_alloc(&s->arena, size);
}

/* --- text --- */

/* Returns the bytes written. */
static size_t clean_into(char *dst, size_t size, const char *from, size_t len, bool keep_newlines)
{
	/* what cannot fit need not be looked at: cleaning never makes text longer than it was,
	 * and shortens at most 3 bytes to 1 */
	if (len > 4 * size)
		len = 4 * size;
	return sl_text_clean(dst, size, from, len, keep_newlines);
}

char *cat_text(char *dst, size_t size, const char *from)
{
	clean_into(dst, size, from ? from : "", from ? strnlen(from, 4 * size) : 0, false);
	return dst;
}

static const char *stage_text(struct cat_stage *s, const char *from, size_t max)
{
	size_t len = from ? strnlen(from, 4 * max) : 0;
	char *dst;

	if (!len)
		return "";
	dst = take(s, (len < max ? len : max - 1) + 1);
	clean_into(dst, (len < max ? len : max - 1) + 1, from, len, false);
	return dst;
}

/* Two long names that differ only behind the cut stay two: what was cut is told by a number. */
char *cat_name(char dst[CAT_NAME_MAX], const char *from)
{
	uint64_t h = 0xcbf29ce484222325u;
	size_t len;

	if (!from || strnlen(from, CAT_NAME_MAX) < CAT_NAME_MAX)
		return cat_text(dst, CAT_NAME_MAX, from);
	for (const char *at = from; *at; at++)
		h = (h ^ (unsigned char)*at) * 0x100000001b3u;
	cat_text(dst, CAT_NAME_MAX - 9, from);
	len = strlen(dst);
	snprintf(dst + len, CAT_NAME_MAX - len, "~%08x", (unsigned)(h >> 32 ^ h));
	return dst;
}

static const char *stage_name(struct cat_stage *s, const char *from)
{
	char name[CAT_NAME_MAX];

	return from && strnlen(from, CAT_NAME_MAX) == CAT_NAME_MAX
		       ? stage_text(s, cat_name(name, from), CAT_NAME_MAX)
		       : stage_text(s, from, CAT_NAME_MAX);
}

/* Sorted by name, the first of equal names wins. */
static int label_compare(const void *a, const void *b)
{
	return strcmp(((const struct cat_label *)a)->name, ((const struct cat_label *)b)->name);
}

static const struct cat_label *stage_labels(struct cat_stage *s, const struct sl_label *from,
					    size_t count, size_t *kept)
{
	struct cat_label *labels;
	size_t n = 0;

	*kept = 0;
	if (!count || !from)
		return NULL;
	if (count > CAT_LABELS_MAX)
		count = CAT_LABELS_MAX;
	labels = take(s, count * sizeof *labels);
	for (size_t i = 0; i < count; i++)
		if (from[i].name && *from[i].name)
			labels[n++] =
				(struct cat_label){stage_name(s, from[i].name),
						   stage_text(s, from[i].value, CAT_TEXT_MAX)};
	if (n > 1)
		qsort(labels, n, sizeof *labels, label_compare);
	*kept = n;
	return labels;
}

/* --- what the sinks bring --- */

static bool stage_has_room(struct cat_stage *s, size_t count, size_t max)
{
	if (count < max && s->arena.used < CAT_STAGE_BYTES)
		return true;
	s->full = true;
	return false;
}

static struct cat_staged *stage_item(struct cat_stage *s)
{
	struct cat_staged *item;

	SL_GROW(s->items, s->count, s->cap);
	item = &s->items[s->count++];
	memset(item, 0, sizeof *item);
	return item;
}

void cat_stage_service(struct cat_stage *s, const struct sl_service *from)
{
	struct cat_staged *item;

	if (!from->service || !*from->service || !stage_has_room(s, s->count, CAT_INSTANCES_MAX))
		return;
	item = stage_item(s);
	item->service = stage_name(s, from->service);
	item->environment = stage_name(s, from->environment);
	item->app = stage_name(s, from->app);
}

void cat_stage_instance(struct cat_stage *s, const struct sl_instance *from)
{
	struct cat_staged *item;
	struct cat_instance *i;

	if (!from->service || !*from->service || !from->id ||
	    !stage_has_room(s, s->count, CAT_INSTANCES_MAX))
		return;
	item = stage_item(s);
	item->service = stage_name(s, from->service);
	item->environment = stage_name(s, from->environment);
	item->app = stage_name(s, from->app);
	i = &item->instance;
	i->id = stage_name(s, from->id);
	i->host = stage_name(s, from->host);
	i->address = stage_name(s, from->address);
	i->version = stage_name(s, from->version);
	i->note = stage_text(s, from->note, CAT_TEXT_MAX);
	i->port = from->port;
	i->state =
		(unsigned)from->state < SL_INSTANCE_STATE_COUNT ? from->state : SL_INSTANCE_UNKNOWN;
	i->weight = from->weight;
	i->since = from->since;
	i->labels = stage_labels(s, from->labels, from->label_count, &i->label_count);
}

static const char *stage_value(struct cat_stage *s, const struct sl_key *from, size_t *len)
{
	size_t max = from->value_len < CAT_VALUE_MAX ? from->value_len : CAT_VALUE_MAX;
	char *dst;

	*len = 0;
	if (!from->value || !max)
		return "";
	dst = take(s, max + 1);
	*len = clean_into(dst, max + 1, from->value, from->value_len, true);
	return dst;
}

void cat_stage_key(struct cat_stage *s, const struct sl_key *from)
{
	struct cat_key *k;

	if (!from->key || !stage_has_room(s, s->key_count, CAT_KEYS_MAX))
		return;
	SL_GROW(s->keys, s->key_count, s->key_cap);
	k = &s->keys[s->key_count++];
	*k = (struct cat_key){
		.key = stage_text(s, from->key, CAT_TEXT_MAX),
		.type = stage_name(s, from->type ? from->type : "text"),
		.revision = stage_name(s, from->revision),
		.by = stage_name(s, from->by),
		.changed = from->changed,
		.enabled = from->enabled,
	};
	k->value = stage_value(s, from, &k->value_len);
	k->labels = stage_labels(s, from->labels, from->label_count, &k->label_count);
}

void cat_stage_release(struct cat_stage *s)
{
	sl_arena_release(&s->arena);
	free(s->items);
	free(s->keys);
	*s = (struct cat_stage){0};
}

/* --- copies that last --- */

static size_t labels_bytes(const struct cat_label *labels, size_t count)
{
	size_t bytes = count * sizeof *labels;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(labels[i].name) + strlen(labels[i].value) + 2;
	return bytes;
}

static const char *put(char **at, const char *text)
{
	const char *start = *at;
	size_t size = strlen(text) + 1;

	memcpy(*at, text, size);
	*at += size;
	return start;
}

static void put_labels(struct cat_label *to, const struct cat_label *from, size_t count, char **at)
{
	for (size_t i = 0; i < count; i++) {
		to[i].name = put(at, from[i].name);
		to[i].value = put(at, from[i].value);
	}
}

/* What stands before the labels of an instance: the catalogue holds it, and whoever asked to. */
struct held {
	_Alignas(max_align_t) size_t holders;
};

const void *catalogue_hold(const struct cat_instance *i)
{
	struct held *h = (struct held *)(uintptr_t)i->labels - 1;

	h->holders++;
	return h;
}

void catalogue_give_back(const void *held)
{
	struct held *h = (struct held *)(uintptr_t)held;

	if (--h->holders == 0)
		free(h);
}

const char *catalogue_texts(const struct cat_instance *i, size_t *len)
{
	const char *texts = i->label_count ? i->labels[0].name : i->id;

	*len = (size_t)(i->path - texts) + strlen(i->path);
	return texts;
}

struct cat_instance cat_instance_dup(const struct cat_instance *from, const struct cat_service *of)
{
	size_t path = strlen(of->path) + strlen(from->id) + 2,
	       bytes = labels_bytes(from->labels, from->label_count) + strlen(from->id) +
		       strlen(from->host) + strlen(from->address) + strlen(from->version) +
		       strlen(from->note) + 5 + path;
	struct cat_instance to = *from;
	struct held *held = sl_alloc(sizeof *held + bytes);
	struct cat_label *labels = (struct cat_label *)(held + 1);
	char *at = (char *)(labels + from->label_count);

	put_labels(labels, from->labels, from->label_count, &at);
	to.labels = labels;
	to.id = put(&at, from->id);
	to.host = put(&at, from->host);
	to.address = put(&at, from->address);
	to.version = put(&at, from->version);
	to.note = put(&at, from->note);
	to.path = at;
	snprintf(at, path, "%s/%s", of->path, from->id);
	held->holders = 1;
	return to;
}

void cat_instance_free(struct cat_instance *i)
{
	catalogue_give_back((const struct held *)(const void *)i->labels - 1);
	i->labels = NULL;
}

struct cat_key *cat_key_dup(const struct cat_key *from)
{
	size_t bytes = labels_bytes(from->labels, from->label_count) + strlen(from->key) +
		       from->value_len + strlen(from->type) + strlen(from->revision) +
		       strlen(from->by) + 5;
	struct cat_key *to = sl_alloc(sizeof *to + bytes);
	struct cat_label *labels = (struct cat_label *)(to + 1);
	char *at = (char *)(labels + from->label_count);

	*to = *from;
	put_labels(labels, from->labels, from->label_count, &at);
	to->labels = labels;
	to->key = put(&at, from->key);
	to->value = put(&at, from->value);
	to->type = put(&at, from->type);
	to->revision = put(&at, from->revision);
	to->by = put(&at, from->by);
	return to;
}

static bool labels_same(const struct cat_label *a, const struct cat_label *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(a[i].name, b[i].name) != 0 || strcmp(a[i].value, b[i].value) != 0)
			return false;
	return true;
}

bool cat_instance_same(const struct cat_instance *a, const struct cat_instance *b)
{
	return a->state == b->state && a->weight == b->weight && a->port == b->port &&
	       a->since == b->since && a->label_count == b->label_count &&
	       strcmp(a->version, b->version) == 0 && strcmp(a->address, b->address) == 0 &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->note, b->note) == 0 &&
	       labels_same(a->labels, b->labels, a->label_count);
}

bool cat_key_same(const struct cat_key *a, const struct cat_key *b)
{
	return a->value_len == b->value_len && a->enabled == b->enabled &&
	       a->changed == b->changed && strcmp(a->revision, b->revision) == 0 &&
	       strcmp(a->value, b->value) == 0 && strcmp(a->type, b->type) == 0 &&
	       strcmp(a->by, b->by) == 0;
}

int cat_key_compare(const struct cat_key *a, const struct cat_key *b)
{
	int order = strcmp(a->key, b->key);

	for (size_t i = 0; !order && i < a->label_count && i < b->label_count; i++) {
		order = strcmp(a->labels[i].name, b->labels[i].name);
		if (!order)
			order = strcmp(a->labels[i].value, b->labels[i].value);
	}
	if (order)
		return order;
	return a->label_count < b->label_count ? -1 : a->label_count > b->label_count;
}
