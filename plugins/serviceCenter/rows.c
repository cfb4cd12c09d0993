/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says, taken apart into compact memory. Nothing here knows of calls. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"
#include "plugins/serviceCenter/sc.h"

#define GROUP_BYTES 4096 /* of most groups: there are thousands */
#define LABELS_MAX  64
#define WEIGHT_MAX  1000000

/* --- memory --- */

const char *sc_arena_dup(struct sl_arena *a, const char *s)
{
	size_t len;

	if (!s)
		return NULL;
	len = strlen(s) + 1;
	return memcpy(sl_arena_alloc(a, len), s, len);
}

uint64_t sc_hash(uint64_t seed, const char *text)
{
	uint64_t h = 0xcbf29ce484222325u + seed * 0x9e3779b97f4a7c15u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h ^ h >> 31;
}

/* --- words --- */

static const char *const states[SL_INSTANCE_STATE_COUNT] = {
	[SL_INSTANCE_UP] = "UP",
	[SL_INSTANCE_DOWN] = "DOWN",
	[SL_INSTANCE_STARTING] = "STARTING",
	[SL_INSTANCE_TESTING] = "TESTING",
	[SL_INSTANCE_OUT] = "OUTOFSERVICE",
};

enum sl_instance_state sc_state_parse(const char *status)
{
	for (int i = 0; i < SL_INSTANCE_STATE_COUNT; i++)
		if (states[i] && strcmp(states[i], status) == 0)
			return (enum sl_instance_state)i;
	return SL_INSTANCE_UNKNOWN;
}

const char *sc_state_word(enum sl_instance_state state)
{
	return (unsigned)state < SL_INSTANCE_STATE_COUNT ? states[state] : NULL;
}

int sc_weight_parse(const char *text)
{
	int64_t weight;

	return text && sl_count_parse(text, 0, WEIGHT_MAX, &weight) ? (int)weight : SL_KEEP;
}

/* Times are texts of seconds. */
static int64_t time_ms(const cJSON *doc, const char *key)
{
	const char *text = sl_json_str(doc, key, "");
	int64_t seconds;

	return sl_count_parse(text, 0, INT64_MAX / 1000, &seconds) ? seconds * 1000 : 0;
}

int sc_key_compare(const char *environment, const char *app, const char *name,
		   const char *environment2, const char *app2, const char *name2)
{
	int order = strcmp(name, name2);

	if (!order)
		order = strcmp(app, app2);
	return order ? order : strcmp(environment, environment2);
}

/* --- labels --- */

static void label_add(struct sl_arena *a, struct sl_label *labels, size_t *count, const char *name,
		      const char *value)
{
	if (!value || !value[0] || *count >= LABELS_MAX)
		return;
	for (size_t i = 0; i < *count; i++)
		if (strcmp(labels[i].name, name) == 0)
			return; /* what came first wins */
	labels[*count].name = sc_arena_dup(a, name);
	labels[(*count)++].value = sc_arena_dup(a, value);
}

static void labels_add_all(struct sl_arena *a, struct sl_label *labels, size_t *count,
			   const cJSON *object)
{
	const cJSON *item;

	if (!cJSON_IsObject(object))
		return;
	cJSON_ArrayForEach(item, object)
	{
		if (cJSON_IsString(item))
			label_add(a, labels, count, item->string, item->valuestring);
	}
}

static struct sl_label *labels_keep(struct sl_arena *a, const struct sl_label *labels, size_t count)
{
	struct sl_label *kept = sl_arena_alloc(a, (count + 1) * sizeof *kept);

	memcpy(kept, labels, count * sizeof *kept);
	return kept;
}

/* --- instances --- */

/* "rest://127.0.0.1:8101?sslEnabled=true", "rest://[::1]:8101/", or what some register, without the
 * scheme. */
static void endpoint_parse(struct sc_row *row, struct sl_arena *a, const char *text)
{
	const char *scheme = strstr(text, "://"), *at = scheme ? scheme + 3 : text;
	size_t len;
	char *address, *colon;
	int64_t port;

	len = strcspn(at, "/?");
	address = sl_arena_alloc(a, len + 1);
	memcpy(address, at, len);
	colon = strrchr(address, ':');
	if (!colon || !sl_count_parse(colon + 1, 1, 65535, &port))
		return;
	*colon = '\0';
	if (address[0] == '[' && colon > address + 1 && colon[-1] == ']') {
		colon[-1] = '\0';
		address++;
	}
	row->address = address;
	row->port = (unsigned)port;
}

/* The first HTTP endpoint, or else the first. */
static void endpoints_parse(struct sc_row *row, struct sl_arena *a, const cJSON *list)
{
	const char *chosen = NULL;
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return;
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item))
			continue;
		if (!chosen || (sl_text_starts(item->valuestring, "rest://") &&
				!sl_text_starts(chosen, "rest://")))
			chosen = item->valuestring;
	}
	if (chosen)
		endpoint_parse(row, a, chosen);
}

/* Vanishing is the only sign of death, so say how long it takes; a guess where the server has a
 * lease of its own. */
static const char *lease_note(struct sl_arena *a, const cJSON *check)
{
	int64_t interval = sl_json_int(check, "interval", 30),
		times = sl_json_int(check, "times", 3);
	char text[64];

	if (!cJSON_IsObject(check) || interval < 1 || times < 1 || interval > 86400 || times > 1000)
		return NULL;
	if (strcmp(sl_json_str(check, "mode", ""), "pull") == 0) {
		interval = 30;
		times = 3;
	}
	snprintf(text, sizeof text, "lease %lld s",
		 (long long)((interval < 5 ? 5 : interval) * ((times < 3 ? 3 : times) + 1)));
	return sc_arena_dup(a, text);
}

static void row_parse(struct sc_row *row, struct sl_arena *a, const cJSON *doc, const char *weight)
{
	const cJSON *properties = sl_json_get(doc, "properties");
	const cJSON *place = sl_json_get(doc, "dataCenterInfo");
	struct sl_label labels[LABELS_MAX];

	row->id = sc_arena_dup(a, sl_json_str(doc, "instanceId", ""));
	row->service_id = sc_arena_dup(a, sl_json_str(doc, "serviceId", ""));
	row->host = sc_arena_dup(a, sl_json_str(doc, "hostName", NULL));
	row->version = sc_arena_dup(a, sl_json_str(doc, "version", NULL));
	row->state = sc_state_parse(sl_json_str(doc, "status", ""));
	row->weight = sc_weight_parse(sl_json_str(properties, weight, NULL));
	row->since = time_ms(doc, "modTimestamp");
	if (!row->since)
		row->since = time_ms(doc, "timestamp");
	row->note = lease_note(a, sl_json_get(doc, "healthCheck"));
	endpoints_parse(row, a, sl_json_get(doc, "endpoints"));
	labels_add_all(a, labels, &row->label_count, properties);
	label_add(a, labels, &row->label_count, "version", row->version);
	label_add(a, labels, &row->label_count, "zone", sl_json_str(place, "availableZone", NULL));
	label_add(a, labels, &row->label_count, "region", sl_json_str(place, "region", NULL));
	row->labels = labels_keep(a, labels, row->label_count);
}

void sc_group_parse(struct sc_group *g, const cJSON *instances, const char *weight)
{
	const cJSON *doc;
	size_t n = cJSON_IsArray(instances) ? (size_t)cJSON_GetArraySize(instances) : 0;

	g->rows = sl_arena_alloc(&g->arena, (n + 1) * sizeof *g->rows);
	g->count = 0;
	if (!n)
		return;
	cJSON_ArrayForEach(doc, instances)
	{
		if (sl_json_str(doc, "instanceId", "")[0])
			row_parse(&g->rows[g->count++], &g->arena, doc, weight);
	}
}

struct sc_group *sc_group_new(const char *environment, const char *app, const char *name)
{
	struct sc_group *g = sl_alloc(sizeof *g);

	g->refs = 1;
	g->arena.chunk = GROUP_BYTES;
	g->environment = sc_arena_dup(&g->arena, environment);
	g->app = sc_arena_dup(&g->arena, app);
	g->name = sc_arena_dup(&g->arena, name);
	return g;
}

/* Its texts live as long as the other's arena does: so they are copied. */
static struct sc_row row_copy(struct sl_arena *a, const struct sc_row *from, const char *note)
{
	struct sc_row row = *from;

	row.id = sc_arena_dup(a, from->id);
	row.service_id = sc_arena_dup(a, from->service_id);
	row.host = sc_arena_dup(a, from->host);
	row.address = sc_arena_dup(a, from->address);
	row.version = sc_arena_dup(a, from->version);
	row.note = note;
	row.labels = sl_arena_alloc(a, (from->label_count + 1) * sizeof *row.labels);
	for (size_t i = 0; i < from->label_count; i++)
		row.labels[i] = (struct sl_label){sc_arena_dup(a, from->labels[i].name),
						  sc_arena_dup(a, from->labels[i].value)};
	return row;
}

#define STAND_IN "(not read)" /* no id that Service Center gives or takes */

struct sc_group *sc_group_unread(const struct sc_group *known, const char *why)
{
	struct sc_group *g = sc_group_new(known->environment, known->app, known->name);
	bool has_rows = known->count && strcmp(known->rows[0].id, STAND_IN) != 0;

	g->unread = sc_arena_dup(&g->arena, why);
	g->rows = sl_arena_alloc(&g->arena, (known->count + 1) * sizeof *g->rows);
	if (has_rows) {
		const char *note;
		char text[400];

		snprintf(text, sizeof text, "as last read; now: %.300s", why);
		note = sc_arena_dup(&g->arena, text);
		for (; g->count < known->count; g->count++)
			g->rows[g->count] = row_copy(&g->arena, &known->rows[g->count], note);
		return g;
	}
	g->rows[g->count++] = (struct sc_row){
		.id = STAND_IN, .note = g->unread, .state = SL_INSTANCE_UNKNOWN, .weight = SL_KEEP};
	return g;
}

const char *sc_group_question(struct sc_group *g)
{
	cJSON *item, *key;

	if (g->question)
		return g->question;
	item = cJSON_CreateObject();
	key = sl_json_add_object(item, "service");
	sl_json_add_str(key, "environment", g->environment);
	sl_json_add_str(key, "appId", g->app);
	sl_json_add_str(key, "serviceName", g->name);
	if (g->rev[0])
		sl_json_add_str(item, "rev", g->rev);
	g->question = sl_json_print(item);
	cJSON_Delete(item);
	return g->question;
}

struct sc_group *sc_group_ref(struct sc_group *g)
{
	g->refs++;
	return g;
}

void sc_group_unref(struct sc_group *g)
{
	if (!g || --g->refs > 0)
		return;
	sl_arena_release(&g->arena);
	free(g->question);
	free(g);
}

/* --- services --- */

static int version_compare(const void *a, const void *b)
{
	const struct sc_version *x = a, *y = b;
	int order =
		sc_key_compare(x->environment, x->app, x->name, y->environment, y->app, y->name);

	return order ? order : strcmp(x->version, y->version);
}

static bool fits(const char *wanted, const char *is)
{
	return !wanted || strcmp(wanted, is) == 0;
}

static void version_parse(struct sc_view *v, const cJSON *item, const cJSON *doc)
{
	struct sc_version *version = &v->versions[v->version_count++];
	struct sl_label labels[LABELS_MAX];
	uint64_t hash;

	version->environment = sc_arena_dup(&v->arena, sl_json_str(doc, "environment", ""));
	version->app = sc_arena_dup(&v->arena, sl_json_str(doc, "appId", ""));
	version->name = sc_arena_dup(&v->arena, sl_json_str(doc, "serviceName", ""));
	version->version = sc_arena_dup(&v->arena, sl_json_str(doc, "version", ""));
	labels_add_all(&v->arena, labels, &version->label_count, sl_json_get(doc, "properties"));
	labels_add_all(&v->arena, labels, &version->label_count, sl_json_get(item, "tags"));
	label_add(&v->arena, labels, &version->label_count, "alias",
		  sl_json_str(doc, "alias", NULL));
	version->labels = labels_keep(&v->arena, labels, version->label_count);
	hash = sc_hash(1, version->environment) ^ sc_hash(2, version->app) ^
	       sc_hash(3, version->name) ^ sc_hash(4, version->version);
	for (size_t i = 0; i < version->label_count; i++)
		hash ^= sc_hash(sc_hash(5, version->labels[i].name), version->labels[i].value);
	v->hash += hash * 0x9e3779b97f4a7c15u;
}

int sc_view_parse(struct sc_view *v, const cJSON *json, const char *service,
		  const char *environment, const char *app, struct sl_error *e)
{
	const cJSON *list = sl_json_get(json, "allServicesDetail"), *item;
	size_t n = cJSON_IsArray(list) ? (size_t)cJSON_GetArraySize(list) : 0;

	/* {} is a registry without services, and so is null; what else has no list is no answer. */
	if (cJSON_IsNull(list))
		n = 0;
	else if (!cJSON_IsObject(json) || (list && !cJSON_IsArray(list)) || (!list && json->child))
		return sl_fail(e, SL_EPROTO, "the answer is no list of services");
	v->versions = sl_arena_alloc(&v->arena, (n + 1) * sizeof *v->versions);
	if (!n)
		return SL_OK;
	cJSON_ArrayForEach(item, list)
	{
		const cJSON *doc = sl_json_get(item, "microService");

		if (sl_json_str(doc, "serviceName", "")[0] &&
		    fits(service, sl_json_str(doc, "serviceName", "")) &&
		    fits(environment, sl_json_str(doc, "environment", "")) &&
		    fits(app, sl_json_str(doc, "appId", "")))
			version_parse(v, item, doc);
	}
	qsort(v->versions, v->version_count, sizeof *v->versions, version_compare);
	return SL_OK;
}
