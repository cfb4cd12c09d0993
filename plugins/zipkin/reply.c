/* SPDX-License-Identifier: Apache-2.0 */
/* An answer taken apart, checked and bounded. Runs on the pool when it is large. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/zipkin/zipkin.h"

enum {
	SPANS_MAX = 200000, /* of an answer */
	ITEMS_MAX = 50000,  /* names, edges */
	TAGS_MAX = 256,     /* of a span; notes too */
	NAME_MAX_BYTES = 4096,
	VALUE_MAX_BYTES = 64 * 1024
};

/* --- one span --- */

static enum sl_span_kind kind_of(const char *word)
{
	static const char *const words[] = {
		[SL_SPAN_CLIENT] = "CLIENT",
		[SL_SPAN_SERVER] = "SERVER",
		[SL_SPAN_PRODUCER] = "PRODUCER",
		[SL_SPAN_CONSUMER] = "CONSUMER",
	};

	for (size_t i = SL_SPAN_CLIENT; i < SL_COUNT(words); i++)
		if (strcmp(words[i], word) == 0)
			return (enum sl_span_kind)i;
	return SL_SPAN_LOCAL;
}

/* A hex id in lower case, or NULL. */
static const char *id_of(struct zipkin_reply *reply, const cJSON *v, const char *key, size_t max)
{
	const char *text = sl_json_str(v, key, NULL);
	size_t len = text ? strlen(text) : 0;

	if (!len || len > max || strspn(text, "0123456789abcdefABCDEF") != len)
		return NULL;
	return zipkin_fold(reply, text, max);
}

static void span_tags(struct zipkin_reply *reply, const cJSON *tags, struct sl_span *span)
{
	size_t count = 0;
	struct sl_label *labels;
	const cJSON *tag;

	if (!cJSON_IsObject(tags))
		return;
	cJSON_ArrayForEach(tag, tags) count++;
	count = count < TAGS_MAX ? count : TAGS_MAX;
	labels = sl_arena_alloc(&reply->memory, (count + 1) * sizeof *labels);
	cJSON_ArrayForEach(tag, tags)
	{
		if (span->tag_count == count)
			break;
		/* Any value says so, the empty one too. */
		span->error = span->error || strcmp(tag->string, "error") == 0;
		labels[span->tag_count++] = (struct sl_label){
			.name = zipkin_dup(reply, tag->string, NAME_MAX_BYTES),
			.value = zipkin_dup(reply, cJSON_IsString(tag) ? tag->valuestring : "",
					    VALUE_MAX_BYTES),
		};
	}
	span->tags = labels;
}

static void span_notes(struct zipkin_reply *reply, const cJSON *list, struct sl_span *span)
{
	int all = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
	size_t count = all < TAGS_MAX ? (size_t)all : TAGS_MAX;
	struct sl_span_note *notes;
	const cJSON *item;

	if (!count)
		return;
	notes = sl_arena_alloc(&reply->memory, count * sizeof *notes);
	cJSON_ArrayForEach(item, list)
	{
		const char *text = sl_json_str(item, "value", NULL);
		int64_t time = sl_json_int(item, "timestamp", 0);

		if (span->note_count == count)
			break;
		if (text)
			notes[span->note_count++] = (struct sl_span_note){
				.time_us = time > 0 ? time : 0,
				.text = zipkin_dup(reply, text, VALUE_MAX_BYTES),
			};
	}
	span->notes = notes;
}

static void span_place(struct zipkin_reply *reply, const cJSON *v, struct sl_span *span)
{
	const cJSON *local = sl_json_get(v, "localEndpoint");
	int64_t port = sl_json_int(local, "port", 0);
	const char *address = sl_json_str(local, "ipv4", NULL);

	if (!address)
		address = sl_json_str(local, "ipv6", NULL);
	span->service = zipkin_fold(reply, sl_json_str(local, "serviceName", NULL), NAME_MAX_BYTES);
	span->address = zipkin_dup(reply, address, 64);
	span->port = port > 0 && port < 65536 ? (unsigned)port : 0;
	span->peer = zipkin_fold(reply,
				 sl_json_str(sl_json_get(v, "remoteEndpoint"), "serviceName", NULL),
				 NAME_MAX_BYTES);
}

static int span_read(struct zipkin_reply *reply, const cJSON *v, struct sl_span *span,
		     struct sl_error *e)
{
	int64_t start = sl_json_int(v, "timestamp", 0), took = sl_json_int(v, "duration", -1);

	*span = (struct sl_span){
		.trace = id_of(reply, v, "traceId", 32),
		.id = id_of(reply, v, "id", 16),
		.parent = id_of(reply, v, "parentId", 16),
		.name = zipkin_fold(reply, sl_json_str(v, "name", NULL), NAME_MAX_BYTES),
		.kind = kind_of(sl_json_str(v, "kind", "")),
		.start_us = start > 0 ? start : 0,
		.duration_us = took >= 0 ? took : -1,
		.shared = sl_json_bool(v, "shared", false),
	};
	if (!span->trace || !span->id)
		return sl_fail(e, SL_EPROTO,
			       "the answer is no list of spans: one has no 'traceId' and 'id' of "
			       "hex digits");
	span_place(reply, v, span);
	span_tags(reply, sl_json_get(v, "tags"), span);
	span_notes(reply, sl_json_get(v, "annotations"), span);
	return SL_OK;
}

/* --- lists --- */

static int fail_shape(const char *what, struct sl_error *e)
{
	return sl_fail(e, SL_EPROTO, "the answer is no list of %s", what);
}

static int read_trace(struct zipkin_reply *reply, const cJSON *list, struct sl_error *e)
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return fail_shape("spans", e);
	cJSON_ArrayForEach(item, list)
	{
		if (reply->span_count == SPANS_MAX)
			return sl_fail(e, SL_EPROTO,
				       "the answer has more than %d spans: ask for less",
				       SPANS_MAX);
		SL_GROW(reply->spans, reply->span_count, reply->span_cap);
		if (span_read(reply, item, &reply->spans[reply->span_count], e) != SL_OK)
			return e->code;
		reply->span_count++;
	}
	return SL_OK;
}

struct group {
	int64_t start; /* the earliest; 0 = none is known */
	size_t from, count;
};

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->start != y->start)
		return x->start > y->start ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

/* The server gives them in no order. */
static void order_traces(struct zipkin_reply *reply, struct group *groups, size_t count)
{
	struct sl_span *spans;
	size_t n = 0;

	if (!reply->span_count)
		return;
	qsort(groups, count, sizeof *groups, compare_groups);
	spans = sl_alloc_n(reply->span_count, sizeof *spans);
	for (size_t i = 0; i < count; i++) {
		memcpy(spans + n, reply->spans + groups[i].from, groups[i].count * sizeof *spans);
		n += groups[i].count;
	}
	free(reply->spans);
	reply->spans = spans;
	reply->span_cap = reply->span_count;
}

static struct group group_make(const struct zipkin_reply *reply, size_t from)
{
	struct group g = {.from = from, .count = reply->span_count - from};

	for (size_t i = from; i < reply->span_count; i++) {
		int64_t start = reply->spans[i].start_us;

		if (start && (!g.start || start < g.start))
			g.start = start;
	}
	return g;
}

static int read_traces(struct zipkin_reply *reply, const cJSON *list, struct sl_error *e)
{
	struct group *groups = NULL;
	size_t count = 0, cap = 0;
	const cJSON *item;
	int rc = SL_OK;

	cJSON_ArrayForEach(item, list)
	{
		size_t from = reply->span_count;

		rc = read_trace(reply, item, e);
		if (rc != SL_OK)
			break;
		SL_GROW(groups, count, cap);
		groups[count++] = group_make(reply, from);
	}
	if (rc == SL_OK)
		order_traces(reply, groups, count);
	free(groups);
	return rc;
}

static int read_names(struct zipkin_reply *reply, const cJSON *list, struct sl_error *e)
{
	size_t count = (size_t)cJSON_GetArraySize(list);
	const cJSON *item;

	count = count < ITEMS_MAX ? count : ITEMS_MAX;
	reply->names = sl_arena_alloc(&reply->memory, (count + 1) * sizeof *reply->names);
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item))
			return fail_shape("names", e);
		if (reply->name_count == count)
			break;
		reply->names[reply->name_count++] =
			zipkin_dup(reply, item->valuestring, NAME_MAX_BYTES);
	}
	return SL_OK;
}

static int read_edges(struct zipkin_reply *reply, const cJSON *list, struct sl_error *e)
{
	size_t count = (size_t)cJSON_GetArraySize(list);
	const cJSON *item;

	count = count < ITEMS_MAX ? count : ITEMS_MAX;
	reply->edges = sl_arena_alloc(&reply->memory, (count + 1) * sizeof *reply->edges);
	cJSON_ArrayForEach(item, list)
	{
		const char *parent = sl_json_str(item, "parent", NULL);
		const char *child = sl_json_str(item, "child", NULL);

		if (!parent || !child)
			return fail_shape("dependencies", e);
		if (reply->edge_count == count)
			break;
		reply->edges[reply->edge_count++] = (struct sl_edge){
			.consumer = zipkin_fold(reply, parent, NAME_MAX_BYTES),
			.provider = zipkin_fold(reply, child, NAME_MAX_BYTES),
			.calls = sl_json_int(item, "callCount", -1),
			.errors = sl_json_int(item, "errorCount", 0), /* left out when none */
		};
	}
	return SL_OK;
}

static int fail_status(long status, const cJSON *doc, struct sl_error *e)
{
	const char *why = sl_json_str(doc, "message", sl_json_str(doc, "error", NULL));

	return sl_fail(e, status == 404 ? SL_ENOTFOUND : SL_EPROTO, "status %ld%s%.300s", status,
		       why ? ": " : "", why ? why : "");
}

int zipkin_reply_parse(struct zipkin_reply *reply, enum zipkin_shape shape, long status,
		       const char *text, size_t len, struct sl_error *e)
{
	static int (*const read[])(struct zipkin_reply *, const cJSON *, struct sl_error *) = {
		[ZIPKIN_TRACES] = read_traces,
		[ZIPKIN_TRACE] = read_trace,
		[ZIPKIN_NAMES] = read_names,
		[ZIPKIN_EDGES] = read_edges,
	};
	cJSON *doc = sl_json_parse(text, len, e);
	int rc;

	if (!doc)
		return e->code;
	if (status != 200)
		rc = fail_status(status, doc, e);
	else if (!cJSON_IsArray(doc))
		rc = sl_fail(e, SL_EPROTO, "the answer is no list: is this a Zipkin v2 API?");
	else
		rc = read[shape](reply, doc, e);
	cJSON_Delete(doc);
	return rc;
}

void zipkin_reply_release(struct zipkin_reply *reply)
{
	sl_arena_release(&reply->memory);
	free(reply->spans);
	*reply = (struct zipkin_reply){0};
}
