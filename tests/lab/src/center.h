/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service Center as a registry of the lab, used as its client libraries use it: the version of a
 * service is registered, then the instance, whose heartbeats renew its lease; finding sends the
 * revision that is known, and who asks, which makes the server note a dependency.
 */
#ifndef SLUICE_LAB_CENTER_H
#define SLUICE_LAB_CENTER_H

#include "member.h"

#define LAB_CENTER  "/v4/default/registry"
#define LAB_GONE    400012 /* no such service */
#define LAB_LEASE_N 3      /* heartbeats that may be missed */

/* The server's own error code; 0 = it said none. */
static inline long lab_center_error(const struct lab_answer *a)
{
	cJSON *json = a->status >= 400 ? cJSON_Parse(a->body) : NULL;
	long code = strtol(lab_json_str(json, "errorCode"), NULL, 10);

	cJSON_Delete(json);
	return code;
}

/* POSTs body, which it frees; *id becomes the text of that name in the answer. */
static inline bool lab_center_post(const struct lab_member *m, const char *path, cJSON *body,
				   const char *name, char *id, size_t size)
{
	char *text = cJSON_PrintUnformatted(body);
	struct lab_answer a;
	cJSON *json;

	*id = '\0';
	if (lab_call(&a, m->registry.address, "POST", path, "", text)) {
		json = cJSON_Parse(a.body);
		snprintf(id, size, "%s", lab_json_str(json, name));
		cJSON_Delete(json);
	} else if (a.status) { /* as with a version that it does not take */
		fprintf(stderr, "service center: %.300s\n", a.body);
	}
	lab_answer_release(&a);
	cJSON_free(text);
	cJSON_Delete(body);
	return *id;
}

/* --- registering --- */

static inline cJSON *lab_center_service(const struct lab_member *m)
{
	cJSON *o = cJSON_CreateObject(), *s = cJSON_AddObjectToObject(o, "service");

	cJSON_AddStringToObject(s, "environment", m->registry.environment);
	cJSON_AddStringToObject(s, "appId", LAB_APP);
	cJSON_AddStringToObject(s, "serviceName", m->instance.service);
	cJSON_AddStringToObject(s, "version", m->instance.version);
	cJSON_AddStringToObject(s, "level", "MIDDLE");
	cJSON_AddStringToObject(s, "registerBy", "SDK");
	cJSON_AddStringToObject(s, "status", "UP");
	return o;
}

static inline cJSON *lab_center_instance(const struct lab_member *m)
{
	cJSON *o = cJSON_CreateObject(), *i = cJSON_AddObjectToObject(o, "instance");
	cJSON *endpoints = cJSON_AddArrayToObject(i, "endpoints");
	cJSON *properties = cJSON_AddObjectToObject(i, "properties");
	cJSON *health = cJSON_AddObjectToObject(i, "healthCheck");
	char endpoint[80];

	snprintf(endpoint, sizeof(endpoint), "rest://%s:%u", m->instance.address, m->instance.port);
	cJSON_AddItemToArray(endpoints, cJSON_CreateString(endpoint));
	cJSON_AddStringToObject(i, "hostName", m->instance.host);
	cJSON_AddStringToObject(i, "version", m->instance.version);
	cJSON_AddStringToObject(i, "status", "UP");
	cJSON_AddStringToObject(properties, "weight", "100");
	if (m->instance.lane[0])
		cJSON_AddStringToObject(properties, "lane", m->instance.lane);
	cJSON_AddStringToObject(health, "mode", "push");
	cJSON_AddNumberToObject(health, "interval", m->ttl / (LAB_LEASE_N + 1) + 1);
	cJSON_AddNumberToObject(health, "times", LAB_LEASE_N);
	if (m->instance.zone[0]) {
		cJSON *place = cJSON_AddObjectToObject(i, "dataCenterInfo");

		cJSON_AddStringToObject(place, "name", "lab");
		cJSON_AddStringToObject(place, "region", "lab");
		cJSON_AddStringToObject(place, "availableZone", m->instance.zone);
	}
	return o;
}

static inline bool lab_center_enter(struct lab_member *m)
{
	char path[200];

	if (!lab_center_post(m, LAB_CENTER "/microservices", lab_center_service(m), "serviceId",
			     m->lease, sizeof(m->lease)))
		return false;
	snprintf(path, sizeof(path), LAB_CENTER "/microservices/%s/instances", m->lease);
	return lab_center_post(m, path, lab_center_instance(m), "instanceId", m->id, sizeof(m->id));
}

/* At the registered instance; false = it is refused. Silence is no answer: true. */
static inline bool lab_center_touch(struct lab_member *m, const char *method, const char *what)
{
	struct lab_answer a;
	char path[300];

	snprintf(path, sizeof(path), LAB_CENTER "/microservices/%s/instances/%s%s", m->lease, m->id,
		 what);
	lab_call(&a, m->registry.address, method, path, "", NULL);
	lab_answer_release(&a);
	return a.status / 100 != 4;
}

static inline bool lab_center_stay(struct lab_member *m)
{
	return lab_center_touch(m, "PUT", "/heartbeat");
}

static inline void lab_center_leave(struct lab_member *m)
{
	lab_center_touch(m, "DELETE", "");
}

/* --- finding --- */

static inline bool lab_center_callee(const cJSON *row, struct lab_callee *to)
{
	const cJSON *properties = cJSON_GetObjectItemCaseSensitive(row, "properties"), *endpoint;
	const char *weight = lab_json_str(properties, "weight");

	cJSON_ArrayForEach(endpoint, cJSON_GetObjectItemCaseSensitive(row, "endpoints"))
	{
		char address[48];
		unsigned port;

		if (cJSON_IsString(endpoint) &&
		    sscanf(endpoint->valuestring, "rest://%47[^:/]:%u", address, &port) == 2)
			return lab_callee_set(to, lab_json_str(row, "status"), address, port,
					      *weight ? strtol(weight, NULL, 10) : 100);
	}
	return false;
}

static inline long lab_center_list(struct lab_member *m, const struct lab_answer *a,
				   struct lab_callee *found, long max)
{
	cJSON *json = cJSON_Parse(a->body);
	const cJSON *row;
	long count = 0;

	if (!json)
		return -1;
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(json, "instances"))
	{
		if (count < max && lab_center_callee(row, &found[count]))
			count++;
	}
	cJSON_Delete(json);
	lab_http_header(&a->buf, a->head, "x-resource-revision", m->revision, sizeof(m->revision));
	return count;
}

/* See lab_registry_find. */
static inline long lab_center_find(struct lab_member *m, struct lab_callee *found, long max)
{
	struct lab_answer a;
	char path[400], who[120] = "";
	long count = -1;

	snprintf(path, sizeof(path),
		 LAB_CENTER "/instances?appId=" LAB_APP "&serviceName=%s&env=%s&rev=%s", m->callee,
		 m->registry.environment, m->revision);
	if (m->registered)
		snprintf(who, sizeof(who), "x-consumerid: %s\r\n", m->lease);
	if (lab_call(&a, m->registry.address, "GET", path, who, NULL))
		count = lab_center_list(m, &a, found, max);
	else if (!*who && lab_center_error(&a) == LAB_GONE) /* with *who it may mean us */
		count = 0;
	lab_answer_release(&a);
	return count;
}

#endif
