/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Service Center's calls about instances, and about tags and contracts. */
#ifndef SLUICE_LAB_SC_INSTANCES_H
#define SLUICE_LAB_SC_INSTANCES_H

#include "sc_services.h"

/* --- instances --- */

static void register_instance(struct fake_request *q)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(q->json, "instance");
	struct sc_service *s;
	struct sc_instance *i;
	char body[120];

	if (q->body_len > 5 * 1024) {
		refuse(q, "http: request body too large");
		return;
	}
	if (!fake_str(given, "hostName")[0]) {
		refuse(q, "field 'MicroServiceInstance.HostName' does not match rule");
		return;
	}
	s = service_of(q, "Invalid 'serviceID' in request body.");
	if (!s)
		return;
	i = sc_instance_by_id(s, fake_str(given, "instanceId"), true);
	if (!sc_heartbeat(i)) /* a live id is only a heartbeat */
		i = sc_instance_add(s, given);
	snprintf(body, sizeof(body), "{\"instanceId\":\"%s\"}", i->id);
	fake_say(q->conn, 200, SC_JSON, "", body, strlen(body));
}

static void list_instances(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "provider does not exist");
	struct sc_set set = {0};

	if (!s)
		return;
	sc_set_add(&set, s, sc_stored(q));
	sc_set_say(q, &set);
}

static void say_instance(struct fake_request *q)
{
	bool stored = sc_stored(q);
	struct sc_instance *i = sc_instance_by_id(sc_service_by_id(q->segment[1], q->segment[4]),
						  q->segment[6], stored);
	struct sc_set set = {0};
	struct sc_instance *one[] = {i};
	struct sc_service alone = {.instances = one, .count = 1};
	char header[80], *body;

	if (!i) {
		no_instance(q, "find provider instance failed, provider instance does not exist");
		return;
	}
	sc_set_add(&set, &alone, stored);
	sc_set_end(&set);
	snprintf(header, sizeof(header), "X-Resource-Revision: %s\r\n", set.rev);
	body = sc_new(set.len + 32);
	sprintf(body, "{\"instance\":%s}", set.text);
	fake_say(q->conn, 200, SC_JSON, header, body, strlen(body));
	free(body);
	free(set.text);
}

static void delete_instance(struct fake_request *q)
{
	struct sc_instance *i = instance_of(q, "Instance's leaseId not exist.");

	if (!i)
		return;
	sc_instance_touch(i, true);
	say_done(q);
}

static void beat_one(struct fake_request *q)
{
	if (sc_heartbeat(instance_of(q, "leaseId not exist, instance not exist")))
		say_done(q);
}

static void beat_set(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(out, "instances");
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(q->json, "instances"))
	{
		cJSON *said = cJSON_CreateObject();
		struct sc_service *s = sc_service_by_id(q->segment[1], fake_str(item, "serviceId"));

		cJSON_AddStringToObject(said, "serviceId", fake_str(item, "serviceId"));
		cJSON_AddStringToObject(said, "instanceId", fake_str(item, "instanceId"));
		if (!sc_heartbeat(sc_instance_by_id(s, fake_str(item, "instanceId"), true)))
			cJSON_AddStringToObject(said, "errMessage",
						"Instance does not exist(leaseId not exist, "
						"instance not exist)");
		cJSON_AddItemToArray(list, said);
	}
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static bool status_is_good(const char *s)
{
	static const char *const words[] = {"UP", "DOWN", "STARTING", "TESTING", "OUTOFSERVICE"};

	for (size_t i = 0; i < 5; i++)
		if (strcmp(words[i], s) == 0)
			return true;
	return false;
}

static void set_status(struct fake_request *q)
{
	char *value = fake_param(q, "value", 0);
	struct sc_instance *i;

	if (!value || !status_is_good(value)) {
		refuse(q, "field 'UpdateInstanceStatusRequest.Status' does not match rule");
	} else if ((i = instance_of(q, "Service instance does not exist."))) {
		sc_instance_rebase(i);
		snprintf(i->status, sizeof(i->status), "%s", value);
		i->modified = fake_time();
		sc_instance_touch(i, false);
		say_done(q);
	}
	free(value);
}

/* A full replace, whatever was there. */
static void set_properties(struct fake_request *q)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(q->json, "properties");
	struct sc_instance *i;

	if (q->body_len > 3 * 1024 || !q->json) {
		refuse(q, "http: request body too large");
		return;
	}
	i = instance_of(q, "Service instance does not exist.");
	if (!i)
		return;
	sc_instance_rebase(i);
	cJSON_Delete(i->properties);
	i->properties = given ? cJSON_Duplicate(given, true) : NULL;
	i->modified = fake_time();
	sc_instance_touch(i, false);
	say_done(q);
}

/* No match at all matches everything, the registry's own instance too. */
static bool bulk_fits(const struct sc_instance *i, const cJSON *wanted)
{
	const cJSON *w;

	cJSON_ArrayForEach(w, wanted)
	{
		if (strcmp(fake_str(i->properties, w->string),
			   cJSON_IsString(w) ? w->valuestring : "") != 0)
			return false;
	}
	return i->stored.present;
}

static void bulk_status(struct fake_request *q)
{
	const cJSON *matches = cJSON_GetObjectItemCaseSensitive(q->json, "matches");
	const cJSON *wanted = cJSON_GetObjectItemCaseSensitive(matches, "properties");
	size_t count = 0;

	for (int apply = 0; apply < 2; apply++) {
		for (size_t n = 0; n < sc.count; n++)
			for (size_t k = 0; k < sc.services[n]->count; k++) {
				struct sc_instance *i = sc.services[n]->instances[k];

				if (strcmp(sc.services[n]->project, q->segment[1]) != 0 ||
				    !bulk_fits(i, wanted))
					continue;
				count += !apply;
				if (!apply)
					continue;
				snprintf(i->status, sizeof(i->status), "%s",
					 fake_str(q->json, "status"));
				sc_instance_touch(i, false);
			}
		if (count > 128) {
			sc_fail(q->conn, 500011, "Backend service is unavailable",
				"too many operations in txn request");
			return;
		}
	}
	say_done(q);
}

/* --- tags and contracts --- */

static void say_tags(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	cJSON *out;

	if (!s)
		return;
	out = cJSON_CreateObject();
	if (s->tags && s->tags->child)
		cJSON_AddItemToObject(out, "tags", cJSON_Duplicate(s->tags, true));
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void change_tags(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	const cJSON *tag;
	char *value;

	if (!s)
		return;
	if (!s->tags)
		s->tags = cJSON_CreateObject();
	if (q->segments == 6) {
		cJSON_ArrayForEach(tag, cJSON_GetObjectItemCaseSensitive(q->json, "tags"))
		{
			cJSON_DeleteItemFromObjectCaseSensitive(s->tags, tag->string);
			cJSON_AddItemToObject(s->tags, tag->string, cJSON_Duplicate(tag, true));
		}
		say_done(q);
		return;
	}
	if (!cJSON_GetObjectItemCaseSensitive(s->tags, q->segment[6])) {
		sc_fail(q->conn, 400018, "Tag does not exist", NULL);
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(s->tags, q->segment[6]);
	value = fake_param(q, "value", 0);
	if (strcmp(q->method, "PUT") == 0)
		cJSON_AddStringToObject(s->tags, q->segment[6], value ? value : "");
	free(value);
	say_done(q);
}

static void say_schemas(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	bool texts = fake_param_is(q, "withSchema", "1");
	cJSON *out, *list, *item;

	if (!s)
		return;
	out = cJSON_CreateObject();
	if (s->schemas && s->schemas->child) {
		list = cJSON_Duplicate(s->schemas, true);
		cJSON_ArrayForEach(item, list) if (!texts)
			cJSON_DeleteItemFromObjectCaseSensitive(item, "schema");
		cJSON_AddItemToObject(out, "schemas", list);
	}
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void replace_schemas(struct fake_request *q)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(q->json, "schemas"), *item;
	struct sc_service *s = service_of(q, "Service does not exist.");
	bool good = cJSON_GetArraySize(given) > 0 && cJSON_GetArraySize(given) <= 100;

	if (!s)
		return;
	cJSON_ArrayForEach(item, given) good = good && fake_str(item, "summary")[0];
	if (!good) {
		refuse(q, "Invalid request.");
		return;
	}
	cJSON_Delete(s->schemas);
	s->schemas = cJSON_Duplicate(given, true);
	say_done(q);
}

static void say_schema(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	const cJSON *item;
	char header[200];
	cJSON *out;

	if (!s)
		return;
	cJSON_ArrayForEach(item, s->schemas)
	{
		if (strcmp(fake_str(item, "schemaId"), q->segment[6]) != 0)
			continue;
		out = cJSON_CreateObject();
		sc_copy(out, item, "schema");
		snprintf(header, sizeof(header), "X-Schema-Summary: %s\r\n",
			 fake_str(item, "summary"));
		fake_json(q->conn, 200, SC_JSON, header, out);
		return;
	}
	sc_fail(q->conn, 400016, "Schema does not exist", "schema ref not found.");
}

#endif
