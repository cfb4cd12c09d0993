/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a trace: spans are copied, cleaned and bounded, then put together once. */
#include "orchestrator/view/trace.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "orchestrator/view/trace_internal.h"
#include "plugins/sdk/arena.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

enum {
	ID_BYTES = 64,
	NAME_BYTES = 256,
	VALUE_BYTES = 4096,
	TAGS_MAX = 256 /* of a span; notes too */
};

struct arena {
	struct sl_arena memory;
	struct sl_span *spans; /* until finished */
	size_t count, cap;
};

void *trace_alloc(struct trace *t, size_t size)
{
	return sl_arena_alloc(&((struct arena *)t->arena)->memory, size);
}

static const char *copy_text(struct trace *t, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	char *to;

	if (!len)
		return "";
	to = trace_alloc(t, len + 1);
	sl_text_clean(to, len + 1, s, len, true);
	return to;
}

static const char *copy_name(struct trace *t, const char *s)
{
	size_t len = s ? strnlen(s, NAME_BYTES) : 0;
	char *to;

	if (!len)
		return "";
	to = trace_alloc(t, len + 1);
	sl_text_clean(to, len + 1, s, len, false);
	return to;
}

static const char *copy_id(struct trace *t, const char *s)
{
	size_t len = s ? strnlen(s, ID_BYTES) : 0;
	char *to = trace_alloc(t, len + 1);

	for (size_t i = 0; i < len; i++)
		to[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	to[sl_text_clean(to, len + 1, to, len, false)] = '\0';
	return to;
}

struct trace *trace_new(const char *id)
{
	struct trace *t = sl_alloc(sizeof *t);

	t->arena = sl_alloc(sizeof(struct arena));
	t->id = copy_id(t, id);
	t->duration_us = -1;
	t->first_error = t->root = TRACE_NONE;
	return t;
}

static void copy_tags(struct trace *t, const struct sl_span *from, struct sl_span *to)
{
	size_t count = from->tag_count < TAGS_MAX ? from->tag_count : TAGS_MAX;
	struct sl_label *tags = trace_alloc(t, (count + 1) * sizeof *tags);

	for (size_t i = 0; i < count; i++)
		tags[i] = (struct sl_label){
			.name = copy_name(t, from->tags[i].name),
			.value = copy_text(t, from->tags[i].value, VALUE_BYTES),
		};
	to->tags = tags;
	to->tag_count = count;
}

/* No sum of a start and a duration overflows. */
static int64_t bounded(int64_t us, int64_t unknown)
{
	return us < 0 || us > TRACE_US_MAX ? unknown : us;
}

static void copy_notes(struct trace *t, const struct sl_span *from, struct sl_span *to)
{
	size_t count = from->note_count < TAGS_MAX ? from->note_count : TAGS_MAX;
	struct sl_span_note *notes = trace_alloc(t, (count + 1) * sizeof *notes);

	for (size_t i = 0; i < count; i++)
		notes[i] = (struct sl_span_note){
			.time_us = bounded(from->notes[i].time_us, 0),
			.text = copy_text(t, from->notes[i].text, VALUE_BYTES),
		};
	to->notes = notes;
	to->note_count = count;
}

void trace_add(struct trace *t, const struct sl_span *span)
{
	struct arena *a = t->arena;
	struct sl_span *to;

	t->spans++;
	if (a->count == TRACE_SPANS_MAX) {
		t->lost++;
		return;
	}
	SL_GROW(a->spans, a->count, a->cap);
	to = &a->spans[a->count++];
	*to = *span;
	to->trace = t->id;
	to->id = copy_id(t, span->id);
	to->parent = copy_id(t, span->parent);
	to->service = copy_name(t, span->service);
	to->name = copy_name(t, span->name);
	to->address = copy_name(t, span->address);
	to->peer = copy_name(t, span->peer);
	to->start_us = bounded(span->start_us, 0);
	to->duration_us = bounded(span->duration_us, -1);
	copy_tags(t, span, to);
	copy_notes(t, span, to);
}

static void work_release(struct trace_work *w)
{
	for (size_t i = 0; i < w->count; i++)
		free(w->drafts[i].said);
	free(w->drafts);
	free(w->first);
	free(w->kids);
	free(w->order);
	trace_table_release(&w->ids);
}

void trace_finish(struct trace *t)
{
	struct arena *a = t->arena;
	struct trace_work w = {.trace = t, .spans = a->spans, .span_count = a->count};

	if (a->count) {
		trace_tree_build(&w);
		trace_clock_correct(&w);
		trace_nodes_make(&w);
	}
	work_release(&w);
	free(a->spans);
	a->spans = NULL;
	a->count = a->cap = 0;
}

void trace_free(struct trace *t)
{
	struct arena *a;

	if (!t)
		return;
	a = t->arena;
	sl_arena_release(&a->memory);
	free(a->spans);
	free(a);
	free(t);
}

bool trace_same_id(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	return strcasecmp(a, b) == 0;
}

const char *trace_kind_word(enum sl_span_kind kind)
{
	static const char *const words[] = {
		[SL_SPAN_LOCAL] = "local",       [SL_SPAN_CLIENT] = "client",
		[SL_SPAN_SERVER] = "server",     [SL_SPAN_PRODUCER] = "producer",
		[SL_SPAN_CONSUMER] = "consumer",
	};

	return (size_t)kind < SL_COUNT(words) ? words[kind] : "local";
}
