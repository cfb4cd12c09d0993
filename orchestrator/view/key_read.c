/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/key_read.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/line_diff.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define NAME_MAX_BYTES 256
#define ID_MAX         (1u << 18)
#define WHAT_MAX       160
#define POOL_BYTES     (64u << 10) /* from so much on, versions are compared on the pool */

/* --- which key --- */

struct key_ref key_ref_make(const char *source, const char *key, const struct cat_label *labels,
			    size_t count)
{
	struct key_ref r = {.source = sl_strdup(source),
			    .key = sl_strdup(key),
			    .labels = sl_alloc_n(count + 1, sizeof *r.labels),
			    .label_count = count};

	for (size_t i = 0; i < count; i++)
		r.labels[i] = (struct sl_label){.name = sl_strdup(labels[i].name),
						.value = sl_strdup(labels[i].value)};
	return r;
}

struct key_ref key_ref_dup(const struct key_ref *r)
{
	struct cat_label *labels = sl_alloc_n(r->label_count + 1, sizeof *labels);
	struct key_ref copy;

	for (size_t i = 0; i < r->label_count; i++)
		labels[i] = (struct cat_label){r->labels[i].name, r->labels[i].value};
	copy = key_ref_make(r->source, r->key, labels, r->label_count);
	free(labels);
	return copy;
}

void key_ref_release(struct key_ref *r)
{
	for (size_t i = 0; i < r->label_count; i++) {
		free((char *)r->labels[i].name);
		free((char *)r->labels[i].value);
	}
	free(r->labels);
	free(r->source);
	free(r->key);
	*r = (struct key_ref){0};
}

char *key_ref_id(const struct key_ref *r)
{
	struct sl_buf id;

	sl_buf_init(&id, ID_MAX);
	sl_buf_puts(&id, r->key);
	for (size_t i = 0; i < r->label_count; i++)
		sl_buf_printf(&id, "/%s=%s", r->labels[i].name, r->labels[i].value);
	sl_buf_printf(&id, "@%s", r->source);
	return sl_buf_take(&id);
}

char *key_id(const struct cat_key *k)
{
	struct sl_buf id;

	sl_buf_init(&id, ID_MAX);
	sl_buf_puts(&id, k->key);
	for (size_t i = 0; i < k->label_count; i++)
		sl_buf_printf(&id, "/%s=%s", k->labels[i].name, k->labels[i].value);
	sl_buf_printf(&id, "@%s", k->source);
	return sl_buf_take(&id);
}

const struct cat_key *key_find(const struct catalogue *c, const char *id)
{
	const struct cat_key *named = NULL;
	size_t count = 0;

	for (size_t i = 0; i < catalogue_key_count(c); i++) {
		const struct cat_key *k = catalogue_key(c, i);
		size_t len = strlen(k->key);
		char *full;
		bool same;

		if (strncmp(id, k->key, len) != 0)
			continue;
		if (!id[len]) {
			named = k;
			count++;
		}
		full = key_id(k);
		same = strcmp(full, id) == 0;
		free(full);
		if (same)
			return k;
	}
	return count == 1 ? named : NULL;
}

/* --- answers --- */

void key_version_release(struct key_version *v)
{
	free(v->value);
	free(v->type);
	free(v->revision);
	free(v->by);
	free(v->reason);
	free(v->what);
	*v = (struct key_version){0};
}

void key_history_free(struct key_history *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->count; i++)
		key_version_release(&h->items[i]);
	free(h->items);
	free(h->error);
	free(h);
}

const struct key_version *key_history_find(const struct key_history *h, const char *revision)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->items[i].revision, revision) == 0)
			return &h->items[i];
	return NULL;
}

struct key_read {
	uv_loop_t *loop;
	struct key_ref ref;
	struct key_history *found;
	size_t cap, bytes;
	const struct sl_config_ops *ops;
	void *instance;
	struct sl_call *call; /* NULL = answered, or not asked */
	bool canceled;
	unsigned open; /* the question, and the turn in which it was asked */
	uv_timer_t tick;
	uv_work_t work;
	key_read_done done;
	void *arg;
};

/* --- the end --- */

/* Cleaned, without what stands before it. */
static char *what_changed(const struct diff *d)
{
	const struct diff_line *l = NULL;
	char text[WHAT_MAX];

	for (size_t i = 0; i < d->count && (!l || l->kind == DIFF_GONE); i++)
		if (d->lines[i].kind == DIFF_NEW || (d->lines[i].kind == DIFF_GONE && !l))
			l = &d->lines[i];
	if (!l)
		return sl_strdup("");
	sl_text_clean(text, sizeof text, l->text, l->len, false);
	return sl_asprintf("%s%s", l->kind == DIFF_GONE ? "- " : "", text + strspn(text, " "));
}

void key_version_compare(struct key_version *v, const struct key_version *before)
{
	struct diff *d;

	if (v->cut || before->cut)
		return;
	d = diff_new(before->value, before->len, v->value, v->len);
	v->compared = !d->binary;
	v->added = d->added;
	v->removed = d->removed;
	free(v->what);
	v->what = what_changed(d);
	diff_free(d);
}

static void compare(uv_work_t *work)
{
	struct key_history *h = ((struct key_read *)work->data)->found;

	for (size_t i = 0; i + 1 < h->count; i++)
		key_version_compare(&h->items[i], &h->items[i + 1]);
}

static void on_tick_closed(uv_handle_t *handle)
{
	struct key_read *r = handle->data;

	r->found->read_at = sl_time_now();
	r->done(r->arg, r->found);
	key_ref_release(&r->ref);
	free(r);
}

static void on_compared(uv_work_t *work, int status)
{
	struct key_read *r = work->data;

	if (status != 0) /* it never ran */
		compare(work);
	uv_close((uv_handle_t *)&r->tick, on_tick_closed);
}

static void maybe_end(struct key_read *r)
{
	if (--r->open)
		return;
	r->work.data = r;
	if (r->bytes >= POOL_BYTES && uv_queue_work(r->loop, &r->work, compare, on_compared) == 0)
		return;
	on_compared(&r->work, UV_ECANCELED);
}

/* --- the answer --- */

static char *clean(const char *text)
{
	return text ? sl_text_clean_dup(text, strnlen(text, NAME_MAX_BYTES), false) : sl_strdup("");
}

static void take_value(struct key_read *r, struct key_version *v, const struct sl_key *k)
{
	size_t len = k->value ? k->value_len : 0;

	if (len > KEY_VALUE_MAX || len > KEY_BYTES_MAX - r->bytes) {
		v->cut = true;
		len = 0;
	}
	v->value = sl_alloc(len + 1);
	if (len)
		memcpy(v->value, k->value, len);
	v->len = len;
	r->bytes += len;
}

static void on_key(void *arg, const struct sl_key *k)
{
	struct key_read *r = arg;
	struct key_history *h = r->found;
	struct key_version *v;

	if (h->count == KEY_VERSIONS_MAX)
		return;
	SL_GROW(h->items, h->count, r->cap);
	v = &h->items[h->count++];
	*v = (struct key_version){.type = clean(k->type && *k->type ? k->type : "text"),
				  .revision = clean(k->revision),
				  .by = clean(k->by),
				  .what = sl_strdup(""),
				  .changed = k->changed,
				  .enabled = k->enabled};
	take_value(r, v, k);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct key_read *r = arg;
	struct key_history *h = r->found;

	r->call = NULL;
	if (end->error.code != SL_OK && end->error.code != SL_ENOTFOUND) {
		h->code = end->error.code;
		free(h->error);
		h->error = sl_strdup(end->error.msg);
	}
	maybe_end(r);
}

static const struct sl_config_sink sink = {.key = on_key, .done = on_done};

/* --- the beginning --- */

/* Held open by one more until a later turn: nothing ends inside start. */
static void on_tick(uv_timer_t *tick)
{
	maybe_end(tick->data);
}

static void refuse(struct key_read *r, const struct catalogue *c)
{
	const char *why = "the inventory names no such config centre";

	for (size_t i = 0; i < catalogue_source_count(c); i++) {
		struct cat_source s = catalogue_source(c, i);

		if (s.role == CAT_CONFIG && strcmp(s.name, r->ref.source) == 0 && *s.error)
			why = s.error;
	}
	r->found->code = SL_EINPUT;
	free(r->found->error);
	r->found->error = sl_strdup(why);
}

static void ask(struct key_read *r, int64_t timeout_ms)
{
	const struct key_ref *k = &r->ref;

	r->open++;
	r->found->kept = r->ops->history != NULL;
	r->call = (r->ops->history ? r->ops->history : r->ops->read)(
		r->instance, k->key, k->labels, k->label_count, timeout_ms, &sink, r);
}

struct key_read *key_read_start(uv_loop_t *loop, const struct catalogue *c,
				const struct key_ref *ref, int64_t timeout_ms, key_read_done done,
				void *arg)
{
	struct plugin_backend *backend = catalogue_backend_as(c, ref->source, CAT_CONFIG);
	const struct sl_plugin *plugin = backend ? plugin_backend_plugin(backend) : NULL;
	struct key_read *r = sl_alloc(sizeof *r);

	r->loop = loop;
	r->done = done;
	r->arg = arg;
	r->ref = key_ref_dup(ref);
	r->found = sl_alloc(sizeof *r->found);
	r->found->error = sl_strdup("");
	r->open = 1;
	uv_timer_init(loop, &r->tick);
	r->tick.data = r;
	uv_timer_start(&r->tick, on_tick, 0, 0);
	if (plugin && plugin->config) {
		r->ops = plugin->config;
		r->instance = plugin_backend_instance(backend);
		ask(r, timeout_ms);
	} else {
		refuse(r, c);
	}
	return r;
}

void key_read_cancel(struct key_read *r)
{
	if (r->canceled)
		return;
	r->canceled = true;
	if (r->call)
		r->ops->cancel(r->instance, r->call);
}
