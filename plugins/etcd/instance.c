/* SPDX-License-Identifier: Apache-2.0 */
/* What registrants write about themselves. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define LABELS_MAX 64

static const char *const words[] = {
	[SL_INSTANCE_UP] = "UP",
	[SL_INSTANCE_DOWN] = "DOWN",
	[SL_INSTANCE_STARTING] = "STARTING",
	[SL_INSTANCE_TESTING] = "TESTING",
	[SL_INSTANCE_OUT] = "OUT",
	[SL_INSTANCE_UNKNOWN] = "UNKNOWN",
};

const char *etcd_state_word(enum sl_instance_state state)
{
	return (unsigned)state < SL_COUNT(words) ? words[state] : "UNKNOWN";
}

/* Nothing said = up: it holds its lease. */
enum sl_instance_state etcd_instance_state(const cJSON *doc)
{
	const char *word = sl_json_str(doc, "state", "UP");

	for (size_t i = 0; i < SL_COUNT(words); i++)
		if (strcasecmp(words[i], word) == 0)
			return (enum sl_instance_state)i;
	return SL_INSTANCE_UNKNOWN;
}

static size_t labels_read(const cJSON *doc, struct sl_label labels[LABELS_MAX])
{
	const cJSON *label;
	size_t count = 0;

	cJSON_ArrayForEach(label, sl_json_get(doc, "labels"))
	{
		if (cJSON_IsString(label) && label->string && count < LABELS_MAX)
			labels[count++] =
				(struct sl_label){label->string, cJSON_GetStringValue(label)};
	}
	return count;
}

static const char *label_find(const struct sl_label *labels, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(labels[i].name, name) == 0)
			return labels[i].value;
	return NULL;
}

/* Unix ms as a number, or RFC 3339. */
static int64_t since_read(const cJSON *doc)
{
	const char *text = sl_json_str(doc, "since", NULL);
	int64_t ms = sl_json_int(doc, "since", 0);

	if (text && !sl_time_parse(text, &ms))
		ms = 0;
	return ms > 0 ? ms : 0;
}

static int bounded(const cJSON *doc, const char *key, int max, int fallback)
{
	int64_t n = sl_json_int(doc, key, fallback);

	return n >= 0 && n <= max ? (int)n : fallback;
}

static void service_report(const struct etcd_row *row, const struct etcd_place *place,
			   const struct sl_registry_sink *sink, void *arg)
{
	struct sl_label labels[LABELS_MAX];
	struct sl_service service = {
		.service = place->service,
		.environment = etcd_part_name(place->environment),
		.app = sl_json_str(row->doc, "app", NULL),
		.labels = labels,
		.label_count = labels_read(row->doc, labels),
	};

	if (sink->service)
		sink->service(arg, &service);
}

void etcd_instance_report(const struct etcd_row *row, const struct etcd_place *place,
			  const struct sl_registry_sink *sink, void *arg)
{
	struct sl_label labels[LABELS_MAX];
	const cJSON *doc = row->doc;
	struct sl_instance instance = {
		.service = place->service,
		.environment = etcd_part_name(place->environment),
		.id = place->name,
		.weight = SL_KEEP,
		.state = SL_INSTANCE_UNKNOWN,
		.note = "what it registered is not a JSON object",
	};

	if (!place->name) {
		service_report(row, place, sink, arg);
		return;
	}
	if (doc) {
		instance.label_count = labels_read(doc, labels);
		instance.labels = labels;
		instance.app = sl_json_str(doc, "app", NULL);
		instance.host = sl_json_str(doc, "host", NULL);
		instance.address = sl_json_str(doc, "address", NULL);
		instance.port = (unsigned)bounded(doc, "port", 65535, 0);
		instance.version = sl_json_str(doc, "version",
					       label_find(labels, instance.label_count, "version"));
		instance.state = etcd_instance_state(doc);
		instance.weight = bounded(doc, "weight", 1000000, SL_KEEP);
		instance.since = since_read(doc);
		instance.note = sl_json_str(doc, "note", NULL);
	}
	if (sink->instance)
		sink->instance(arg, &instance);
}
