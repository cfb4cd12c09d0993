/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/trace_read.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define POOL_SPANS 1000 /* from so many on, trees are built on the pool */

struct question {
	struct trace_read *read;
	size_t source;
	const struct sl_tracing_ops *ops;
	void *instance;
	struct sl_call *call; /* NULL = answered, or not asked */
	int64_t began;
};

struct trace_read {
	uv_loop_t *loop;
	struct traces *found;
	struct trace_table ids;
	size_t cap, spans, open; /* questions */
	struct question *questions;
	struct trace *last; /* spans come trace by trace */
	bool canceled;
	uv_timer_t tick;
	uv_work_t work;
	trace_read_done done;
	void *arg;
};

void traces_free(struct traces *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		trace_free(t->items[i]);
	for (size_t i = 0; i < t->source_count; i++) {
		free((char *)t->sources[i].name);
		free((char *)t->sources[i].type);
		free((char *)t->sources[i].error);
	}
	free(t->items);
	free(t->sources);
	free(t);
}

/* --- the end --- */

static int compare_newest(const void *a, const void *b)
{
	const struct trace *x = *(struct trace *const *)a, *y = *(struct trace *const *)b;

	if (x->start_us != y->start_us)
		return x->start_us > y->start_us ? -1 : 1;
	return strcmp(x->id, y->id);
}

static void build(uv_work_t *work)
{
	struct traces *t = ((struct trace_read *)work->data)->found;

	for (size_t i = 0; i < t->count; i++)
		trace_finish(t->items[i]);
	if (t->count)
		qsort(t->items, t->count, sizeof *t->items, compare_newest);
}

static void on_tick_closed(uv_handle_t *handle)
{
	struct trace_read *r = handle->data;

	r->found->read_at = sl_time_now();
	r->done(r->arg, r->found);
	trace_table_release(&r->ids);
	free(r->questions);
	free(r);
}

static void on_built(uv_work_t *work, int status)
{
	struct trace_read *r = work->data;

	if (status != 0) /* it never ran */
		build(work);
	uv_close((uv_handle_t *)&r->tick, on_tick_closed);
}

static void read_maybe_end(struct trace_read *r)
{
	if (r->open)
		return;
	r->work.data = r;
	if (r->spans >= POOL_SPANS && uv_queue_work(r->loop, &r->work, build, on_built) == 0)
		return;
	on_built(&r->work, UV_ECANCELED);
}

static void question_close(struct trace_read *r)
{
	r->open--;
	read_maybe_end(r);
}

/* --- answers --- */

static struct trace *trace_of(struct trace_read *r, const char *id)
{
	size_t at;
	struct trace *t;

	if (r->last && trace_same_id(r->last->id, id))
		return r->last;
	t = trace_new(id);
	at = trace_table_find(&r->ids, t->id + strspn(t->id, "0"));
	if (at != TRACE_NONE) {
		trace_free(t);
		return r->last = r->found->items[at];
	}
	SL_GROW(r->found->items, r->found->count, r->cap);
	at = r->found->count++;
	r->found->items[at] = t;
	trace_table_set(&r->ids, t->id + strspn(t->id, "0"), at);
	return r->last = t;
}

static void on_span(void *arg, const struct sl_span *s)
{
	struct trace_read *r = ((struct question *)arg)->read;

	r->spans++;
	trace_add(trace_of(r, s->trace ? s->trace : ""), s);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct question *q = arg;
	struct traces_source *s = &q->read->found->sources[q->source];

	q->call = NULL;
	s->took_ms = sl_time_boottime() - q->began;
	s->code = end->error.code;
	if (s->code == SL_OK || s->code == SL_ENOTFOUND) {
		q->read->found->answered++;
	} else {
		free((char *)s->error);
		s->error = sl_strdup(catalogue_words(s->name, &end->error));
	}
	question_close(q->read);
}

static const struct sl_tracing_sink sink = {.span = on_span, .done = on_done};

/* --- the beginning --- */

static void source_add(struct trace_read *r, const struct catalogue *c,
		       const struct cat_source *source)
{
	struct plugin_backend *backend = catalogue_backend(c, source->name);
	size_t at = r->found->source_count++;
	struct question *q = &r->questions[at];

	r->found->sources[at] = (struct traces_source){
		.name = sl_strdup(source->name),
		.type = sl_strdup(source->type),
		.error = sl_strdup(backend ? "" : source->error),
		.code = backend ? SL_OK : SL_EINPUT,
	};
	*q = (struct question){.read = r, .source = at, .began = sl_time_boottime()};
	if (!backend)
		return;
	q->ops = plugin_backend_plugin(backend)->tracing;
	q->instance = plugin_backend_instance(backend);
}

/* Held open by one more until a later turn: nothing ends inside start. */
static void on_tick(uv_timer_t *tick)
{
	question_close(tick->data);
}

static struct trace_read *read_new(uv_loop_t *loop, const struct catalogue *c, trace_read_done done,
				   void *arg)
{
	struct trace_read *r = sl_alloc(sizeof *r);
	size_t count = catalogue_source_count(c);

	r->loop = loop;
	r->done = done;
	r->arg = arg;
	r->found = sl_alloc(sizeof *r->found);
	r->found->sources = sl_alloc_n(count + 1, sizeof *r->found->sources);
	r->questions = sl_alloc_n(count + 1, sizeof *r->questions);
	for (size_t i = 0; i < count; i++) {
		struct cat_source s = catalogue_source(c, i);

		if (s.role == CAT_TRACING)
			source_add(r, c, &s);
	}
	r->open = 1;
	uv_timer_init(loop, &r->tick);
	r->tick.data = r;
	uv_timer_start(&r->tick, on_tick, 0, 0);
	return r;
}

struct trace_read *trace_read_search(uv_loop_t *loop, const struct catalogue *c,
				     const struct sl_trace_query *q, int64_t timeout_ms,
				     trace_read_done done, void *arg)
{
	struct trace_read *r = read_new(loop, c, done, arg);

	for (size_t i = 0; i < r->found->source_count; i++) {
		struct question *ask = &r->questions[i];

		if (!ask->ops)
			continue;
		r->open++;
		ask->call = ask->ops->search(ask->instance, q, timeout_ms, &sink, ask);
	}
	return r;
}

struct trace_read *trace_read_get(uv_loop_t *loop, const struct catalogue *c, const char *id,
				  int64_t timeout_ms, trace_read_done done, void *arg)
{
	struct trace_read *r = read_new(loop, c, done, arg);

	for (size_t i = 0; i < r->found->source_count; i++) {
		struct question *ask = &r->questions[i];

		if (!ask->ops)
			continue;
		r->open++;
		ask->call = ask->ops->trace(ask->instance, id, timeout_ms, &sink, ask);
	}
	return r;
}

void trace_read_cancel(struct trace_read *r)
{
	if (r->canceled)
		return;
	r->canceled = true;
	for (size_t i = 0; i < r->found->source_count; i++)
		if (r->questions[i].call)
			r->questions[i].ops->cancel(r->questions[i].instance, r->questions[i].call);
}
