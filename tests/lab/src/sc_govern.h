/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Service Center's govern calls: everything in one answer, with its traps. */
#ifndef SLUICE_LAB_SC_GOVERN_H
#define SLUICE_LAB_SC_GOVERN_H

#include "sc_find.h"

static inline bool sc_option(const struct fake_request *q, const char *word)
{
	char *options = fake_param(q, "options", 0);
	bool has = false;

	for (char *at = options ? strtok(options, ",") : NULL; at; at = strtok(NULL, ","))
		has = has || strcmp(at, word) == 0 || strcmp(at, "all") == 0;
	free(options);
	return has;
}

/* The microservice; the list leaves out the ids of contracts, and `full` has them. */
static inline cJSON *sc_service_json(const struct sc_service *s, bool full)
{
	cJSON *out = cJSON_Duplicate(s->doc, true), *ids;
	const cJSON *schema;

	cJSON_DeleteItemFromObjectCaseSensitive(out, "schemas");
	if (!full || !s->schemas || !s->schemas->child)
		return out;
	ids = cJSON_AddArrayToObject(out, "schemas");
	cJSON_ArrayForEach(schema, s->schemas)
		cJSON_AddItemToArray(ids, cJSON_CreateString(fake_str(schema, "schemaId")));
	return out;
}

/* The services that stand with s on the other end of an edge. */
static inline void sc_add_related(cJSON *to, const char *key, const struct sc_service *s,
				  bool providers)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sc.count; i++) {
		const struct sc_service *other = sc.services[i];

		if (providers ? sc_depends(s, other) : sc_depends(other, s))
			cJSON_AddItemToArray(list, sc_service_json(other, true));
	}
	if (list->child)
		cJSON_AddItemToObject(to, key, list);
	else
		cJSON_Delete(list);
}

static inline void sc_add_instances(cJSON *to, const struct sc_service *s, bool stored,
				    bool properties)
{
	cJSON *list = NULL;

	for (size_t i = 0; i < s->count; i++) {
		const struct sc_face *f =
			stored ? &s->instances[i]->stored : &s->instances[i]->cached;
		cJSON *item;

		if (!f->present)
			continue;
		if (!list)
			list = cJSON_AddArrayToObject(to, "instances");
		item = cJSON_Parse(f->text);
		if (!properties)
			cJSON_DeleteItemFromObjectCaseSensitive(item, "properties");
		cJSON_AddItemToArray(list, item);
	}
}

static inline size_t sc_shown(const struct sc_service *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->instances[i]->cached.present;
	return n;
}

static inline cJSON *sc_govern_item(const struct fake_request *q, const struct sc_service *s)
{
	cJSON *out = cJSON_CreateObject(), *counts;

	cJSON_AddItemToObject(out, "microService", sc_service_json(s, false));
	if (sc_option(q, "instances") && fake_param_is(q, "countOnly", "1")) {
		counts = cJSON_AddObjectToObject(cJSON_AddObjectToObject(out, "statics"),
						 "instances");
		if (sc_shown(s))
			cJSON_AddNumberToObject(counts, "count", (double)sc_shown(s));
	} else if (sc_option(q, "instances")) {
		sc_add_instances(out, s, sc_stored(q), false);
	}
	if (sc_option(q, "schemas") && s->schemas && s->schemas->child)
		cJSON_AddItemToObject(out, "schemaInfos", cJSON_Duplicate(s->schemas, true));
	if (sc_option(q, "tags") && s->tags && s->tags->child)
		cJSON_AddItemToObject(out, "tags", cJSON_Duplicate(s->tags, true));
	if (sc_option(q, "dependencies")) {
		sc_add_related(out, "providers", s, true);
		sc_add_related(out, "consumers", s, false);
	}
	return out;
}

static inline bool sc_filter_is(const struct fake_request *q, const char *name, const char *value)
{
	char *wanted = fake_param(q, name, 0);
	bool fits = !wanted || !wanted[0] || strcmp(wanted, value) == 0;

	free(wanted);
	return fits;
}

static inline bool sc_visible(const struct fake_request *q, const struct sc_service *s,
			      const char *app)
{
	bool with_shared =
		fake_param_is(q, "withShared", "1") || fake_param_is(q, "withShared", "true");

	return !s->dead && strcmp(s->project, q->segment[1]) == 0 && (!s->shared || with_shared) &&
	       (!app || strcmp(s->app, app) == 0) && sc_filter_is(q, "appId", s->app) &&
	       sc_filter_is(q, "serviceName", s->name) && sc_filter_is(q, "env", s->environment);
}

static inline cJSON *sc_statistics(const struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject(), *part;
	size_t names = 0, online = 0, instances = 0, apps = 0;

	for (size_t i = 0; i < sc.count; i++) {
		const struct sc_service *s = sc.services[i];
		bool first = true, first_app = true;

		if (s->dead || s->shared || strcmp(s->project, q->segment[1]) != 0)
			continue;
		for (size_t k = 0; k < i; k++) {
			const struct sc_service *o = sc.services[k];

			if (o->dead || strcmp(o->project, s->project) != 0)
				continue;
			first = first && strcmp(o->name, s->name) != 0;
			first_app = first_app && strcmp(o->app, s->app) != 0;
		}
		names += first;
		apps += first_app;
		online += first && sc_shown(s);
		instances += sc_shown(s);
	}
	part = cJSON_AddObjectToObject(out, "services");
	cJSON_AddNumberToObject(part, "count", (double)names);
	cJSON_AddNumberToObject(part, "onlineCount", (double)online);
	part = cJSON_AddObjectToObject(out, "instances");
	cJSON_AddNumberToObject(part, "count", (double)instances);
	cJSON_AddNumberToObject(part, "countByDomain", (double)instances);
	cJSON_AddNumberToObject(cJSON_AddObjectToObject(out, "apps"), "count", (double)apps);
	return out;
}

/* Its order changes from call to call. */
static inline void sc_govern_list(struct fake_request *q, const char *app)
{
	static size_t turn;
	char *count_only = fake_param(q, "countOnly", 0);
	cJSON *out = cJSON_CreateObject(), *list = cJSON_CreateArray();
	size_t from = sc.count ? ++turn % sc.count : 0;

	if (count_only && strcmp(count_only, "0") != 0 && strcmp(count_only, "1") != 0) {
		sc_fail(q->conn, 400001, "Invalid parameter(s)",
			"parameter countOnly must be 1 or 0");
		cJSON_Delete(out);
		cJSON_Delete(list);
		free(count_only);
		return;
	}
	free(count_only);
	for (size_t i = 0; i < sc.count; i++) {
		const struct sc_service *s = sc.services[(from + i) % sc.count];

		if (sc_visible(q, s, app))
			cJSON_AddItemToArray(list, sc_govern_item(q, s));
	}
	if (list->child)
		cJSON_AddItemToObject(out, "allServicesDetail", list);
	else
		cJSON_Delete(list);
	if (sc_option(q, "statistics"))
		cJSON_AddItemToObject(out, "statistics", sc_statistics(q));
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static inline void sc_govern_one(struct fake_request *q)
{
	struct sc_service *s = sc_service_by_id(q->segment[1], q->segment[4]), *v;
	cJSON *out, *in, *versions;
	size_t at = 0;

	if (!s) {
		sc_fail(q->conn, 400012, "Micro-service does not exist", "Service does not exist.");
		return;
	}
	out = cJSON_CreateObject();
	in = cJSON_AddObjectToObject(out, "service");
	cJSON_AddItemToObject(in, "microService", sc_service_json(s, true));
	sc_add_instances(in, s, sc_stored(q), true);
	if (s->schemas && s->schemas->child)
		cJSON_AddItemToObject(in, "schemaInfos", cJSON_Duplicate(s->schemas, true));
	if (s->tags && s->tags->child)
		cJSON_AddItemToObject(in, "tags", cJSON_Duplicate(s->tags, true));
	sc_add_related(in, "providers", s, true);
	sc_add_related(in, "consumers", s, false);
	versions = cJSON_AddArrayToObject(in, "microServiceVersions");
	while ((v = sc_service_next(s->project, s->environment, s->app, s->name, NULL, &at)))
		cJSON_AddItemToArray(versions, cJSON_CreateString(v->version));
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static inline cJSON *sc_node(const struct sc_service *s, bool whole)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddStringToObject(out, "id", s->id);
	cJSON_AddStringToObject(out, "name", s->name);
	cJSON_AddStringToObject(out, "appId", whole ? s->app : "");
	cJSON_AddStringToObject(out, "version", whole ? s->version : "");
	cJSON_AddStringToObject(out, "type", "");
	cJSON_AddStringToObject(out, "color", "");
	cJSON_AddStringToObject(out, "position", "");
	return out;
}

static inline cJSON *sc_line(const struct sc_service *from, const struct sc_service *to)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddItemToObject(out, "from", sc_node(from, true));
	cJSON_AddItemToObject(out, "to", sc_node(to, false));
	cJSON_AddStringToObject(out, "type", "");
	cJSON_AddStringToObject(out, "color", "");
	cJSON_AddStringToObject(out, "descriptor", "");
	return out;
}

/* An empty list is null here. */
static inline void sc_relations(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject(), *nodes = cJSON_CreateArray(),
	      *lines = cJSON_CreateArray();

	for (size_t i = 0; i < sc.count; i++) {
		const struct sc_service *s = sc.services[i];

		if (!sc_visible(q, s, NULL))
			continue;
		cJSON_AddItemToArray(nodes, sc_node(s, true));
		for (size_t k = 0; k < sc.count && sc.edge_count; k++)
			if (sc_depends(s, sc.services[k]))
				cJSON_AddItemToArray(lines, sc_line(s, sc.services[k]));
	}
	cJSON_AddItemToObject(out, "nodes", nodes->child ? nodes : cJSON_CreateNull());
	cJSON_AddItemToObject(out, "lines", lines->child ? lines : cJSON_CreateNull());
	if (!nodes->child)
		cJSON_Delete(nodes);
	if (!lines->child)
		cJSON_Delete(lines);
	cJSON_AddNullToObject(out, "circles");
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static inline void sc_apps(struct fake_request *q)
{
	char *environment = fake_param(q, "env", 0);
	cJSON *out = cJSON_CreateObject(), *list = cJSON_CreateArray();

	for (size_t i = 0; i < sc.count; i++) {
		const struct sc_service *s = sc.services[i];
		const cJSON *have;
		bool known = false;

		if (!sc_visible(q, s, NULL) ||
		    strcmp(s->environment, environment ? environment : "") != 0)
			continue;
		cJSON_ArrayForEach(have, list) known =
			known || strcmp(have->valuestring, s->app) == 0;
		if (!known)
			cJSON_AddItemToArray(list, cJSON_CreateString(s->app));
	}
	if (list->child)
		cJSON_AddItemToObject(out, "appIds", list);
	else
		cJSON_Delete(list);
	free(environment);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

#endif
