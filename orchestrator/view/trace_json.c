/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/view/trace_json.h"

#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static void add_time(cJSON *o, const char *key, int64_t us)
{
	char text[40];

	sl_json_add_str(o, key, us ? sl_time_format(text, sizeof text, us / 1000) : NULL);
}

/* NULL where nobody knows. */
static void add_ms(cJSON *o, const char *key, int64_t us, bool known)
{
	if (known)
		sl_json_add_num(o, key, (double)us / 1000);
	else
		sl_json_add_str(o, key, NULL);
}

static void add_word(cJSON *o, const char *key, const char *word)
{
	sl_json_add_str(o, key, *word ? word : NULL);
}

static void array_put(cJSON *list, cJSON *item)
{
	if (!item || !cJSON_AddItemToArray(list, item))
		sl_alloc_failed();
}

static void add_tags(cJSON *o, const struct trace_node *n)
{
	cJSON *tags = sl_json_add_object(o, "tags"), *notes = sl_json_add_array(o, "notes");

	for (size_t i = 0; i < n->tag_count; i++) /* of two values, the first */
		if (!i || strcmp(n->tags[i].name, n->tags[i - 1].name) != 0)
			sl_json_add_str(tags, n->tags[i].name, n->tags[i].value);
	for (size_t i = 0; i < n->note_count; i++) {
		cJSON *note = cJSON_CreateObject();

		array_put(notes, note);
		add_time(note, "time", n->notes[i].time_us);
		sl_json_add_str(note, "text", n->notes[i].text);
	}
}

static cJSON *node_json(const struct trace *t, const struct trace_node *n)
{
	cJSON *o = cJSON_CreateObject();

	if (!o)
		sl_alloc_failed();
	sl_json_add_str(o, "id", n->id);
	sl_json_add_str(o, "parent", n->parent == TRACE_NONE ? NULL : t->nodes[n->parent].id);
	sl_json_add_int(o, "depth", n->depth);
	add_word(o, "service", n->service);
	add_word(o, "name", n->name);
	add_word(o, "caller", n->caller);
	sl_json_add_str(o, "kind", trace_kind_word(n->kind));
	add_word(o, "address", n->address);
	sl_json_add_int(o, "port", n->port);
	add_word(o, "peer", n->peer);
	add_time(o, "start", n->start_us);
	add_ms(o, "offset", n->start_us - t->start_us, n->start_us != 0);
	add_ms(o, "duration", n->duration_us, n->duration_us >= 0);
	if (n->both) {
		add_ms(o, "innerOffset", n->inner_us - t->start_us, n->inner_us != 0);
		add_ms(o, "innerDuration", n->inner_took, n->inner_took >= 0);
	}
	add_ms(o, "skew", n->skew_us, true);
	add_ms(o, "self", n->self_us, n->self_us >= 0);
	add_ms(o, "critical", n->critical_us, true);
	sl_json_add_bool(o, "error", n->error);
	sl_json_add_bool(o, "missing", n->missing);
	sl_json_add_bool(o, "inCircle", n->cut);
	sl_json_add_bool(o, "startDerived", n->start_derived);
	sl_json_add_bool(o, "durationDerived", n->duration_derived);
	add_tags(o, n);
	return o;
}

static void add_services(cJSON *o, const struct trace *t)
{
	cJSON *list = sl_json_add_array(o, "services");

	for (size_t i = 0; i < t->service_count; i++) {
		const struct trace_service *s = &t->services[i];
		cJSON *item = cJSON_CreateObject();

		array_put(list, item);
		sl_json_add_str(item, "service", s->name);
		sl_json_add_int(item, "spans", (int64_t)s->spans);
		sl_json_add_int(item, "errors", (int64_t)s->errors);
		add_ms(item, "self", s->self_us, true);
		add_ms(item, "critical", s->critical_us, true);
	}
}

cJSON *trace_json(const struct trace *t)
{
	cJSON *o = cJSON_CreateObject(), *list;

	if (!o)
		sl_alloc_failed();
	sl_json_add_str(o, "trace", t->id);
	add_time(o, "start", t->start_us);
	add_ms(o, "duration", t->duration_us, t->duration_us >= 0);
	add_ms(o, "criticalPath", t->critical_us, t->critical_us > 0);
	sl_json_add_int(o, "spans", (int64_t)t->spans);
	sl_json_add_int(o, "errors", (int64_t)t->errors);
	sl_json_add_int(o, "missing", (int64_t)t->missing);
	sl_json_add_int(o, "inCircles", (int64_t)t->cut);
	sl_json_add_int(o, "moved", (int64_t)t->skewed);
	sl_json_add_int(o, "lost", (int64_t)t->lost);
	add_services(o, t);
	list = sl_json_add_array(o, "items");
	for (size_t i = 0; i < t->count; i++)
		array_put(list, node_json(t, &t->nodes[i]));
	return o;
}
