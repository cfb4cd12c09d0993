/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Service Center's calls about services, and what all its calls share. */
#ifndef SLUICE_LAB_SC_SERVICES_H
#define SLUICE_LAB_SC_SERVICES_H

#include "sc_govern.h"

static void sc_fail(struct fake_conn *c, int code, const char *message, const char *detail)
{
	cJSON *out = cJSON_CreateObject();
	char text[16];

	snprintf(text, sizeof(text), "%d", code);
	cJSON_AddStringToObject(out, "errorCode", text);
	cJSON_AddStringToObject(out, "errorMessage", message);
	if (detail)
		cJSON_AddStringToObject(out, "detail", detail);
	fake_json(c, code / 1000, SC_JSON, "", out);
}

static void say_done(struct fake_request *q)
{
	fake_say(q->conn, 200, SC_TEXT, "", "", 0);
}

static void refuse(struct fake_request *q, const char *detail)
{
	sc_fail(q->conn, 400001, "Invalid parameter(s)", detail);
}

static void no_instance(struct fake_request *q, const char *detail)
{
	sc_fail(q->conn, 400017, "Instance does not exist", detail);
}

/* The service in the path, or NULL after having said so. */
static struct sc_service *service_of(struct fake_request *q, const char *detail)
{
	struct sc_service *s = sc_service_by_id(q->segment[1], q->segment[4]);

	if (!s)
		sc_fail(q->conn, 400012, "Micro-service does not exist", detail);
	return s;
}

/* The stored instance in the path, or NULL after having said so. */
static struct sc_instance *instance_of(struct fake_request *q, const char *detail)
{
	struct sc_instance *i = sc_instance_by_id(sc_service_by_id(q->segment[1], q->segment[4]),
						  q->segment[6], true);

	if (!i)
		no_instance(q, detail);
	return i;
}

/* --- services --- */

static void say_version(struct fake_request *q)
{
	char body[300];

	snprintf(body, sizeof(body),
		 "{\"version\":\"0.0.1\",\"buildTag\":\"Not provided\",\"goVersion\":\"none\","
		 "\"os\":\"linux\",\"arch\":\"amd64\",\"apiVersion\":\"%s\"}",
		 q->segments == 1 ? "3.0.0" : "4.0.0");
	fake_say(q->conn, 200, SC_JSON, "", body, strlen(body));
}

static void say_health(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject();

	sc_add_instances(out, sc.services[0], true, true);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static const struct sc_account *caller; /* of the request that is served */

static void list_services(struct fake_request *q)
{
	const char *app = caller ? rbac_app(caller) : NULL;
	cJSON *out = cJSON_CreateObject(), *list = cJSON_CreateArray();

	for (size_t i = 0; i < sc.count; i++)
		if (sc_visible(q, sc.services[i], app))
			cJSON_AddItemToArray(list, sc_service_json(sc.services[i], true));
	if (list->child)
		cJSON_AddItemToObject(out, "services", list);
	else
		cJSON_Delete(list);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void govern_services(struct fake_request *q)
{
	sc_govern_list(q, caller ? rbac_app(caller) : NULL);
}

static bool name_is_good(const char *s)
{
	size_t len = strlen(s);

	return len && len <= 128 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       len &&
	       !strchr("_.-", s[0]) && !strchr("_.-", s[len - 1]);
}

/* One to four numbers, each 0..32767. */
static bool version_is_good(const char *s)
{
	int parts = 0;

	if (!*s)
		return true;
	for (;; s++) {
		char *end;
		long n = strtol(s, &end, 10);

		if (end == s || *s < '0' || *s > '9' || n > 32767 || ++parts > 4)
			return false;
		s = end;
		if (!*s)
			return true;
		if (*s != '.')
			return false;
	}
}

static void register_service(struct fake_request *q)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(q->json, "service");
	const char *app = fake_str(given, "appId"), *version = fake_str(given, "version");
	struct sc_service *s;
	cJSON *out;
	size_t at = 0;

	if (!q->json) {
		refuse(q, "invalid character in the body");
		return;
	}
	if (!name_is_good(fake_str(given, "serviceName"))) {
		refuse(q, "field 'MicroService.ServiceName' does not match rule");
		return;
	}
	if (!version_is_good(version)) {
		refuse(q, "field 'MicroService.Version' does not match rule");
		return;
	}
	s = sc_service_next(q->segment[1], fake_str(given, "environment"), app[0] ? app : "default",
			    fake_str(given, "serviceName"), version[0] ? version : "0.0.1", &at);
	if (s && fake_str(given, "serviceId")[0] && strcmp(fake_str(given, "serviceId"), s->id)) {
		sc_fail(q->conn, 400010, "Micro-service already exists",
			"ServiceID conflict or found the same service with different id.");
		return;
	}
	if (!s)
		s = sc_service_add(q->segment[1], given);
	out = cJSON_CreateObject();
	cJSON_AddStringToObject(out, "serviceId", s->id);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void say_exists(struct fake_request *q)
{
	char *part[] = {fake_param(q, "env", 0), fake_param(q, "appId", 0),
			fake_param(q, "serviceName", 0), fake_param(q, "version", 0)};
	struct sc_service *s;
	char detail[400], body[100];
	size_t at = 0;

	for (size_t i = 0; i < 4; i++)
		if (!part[i])
			part[i] = sc_dup("");
	s = sc_service_next(q->segment[1], part[0], part[1], part[2], part[3], &at);
	snprintf(detail, sizeof(detail), "%.90s/%.90s/%.90s/%.40s does not exist.", part[0],
		 part[1], part[2], part[3]);
	for (size_t i = 0; i < 4; i++)
		free(part[i]);
	if (!s) {
		sc_fail(q->conn, 400012, "Micro-service does not exist", detail);
		return;
	}
	snprintf(body, sizeof(body), "{\"serviceId\":\"%s\"}", s->id);
	fake_say(q->conn, 200, SC_JSON, "", body, strlen(body));
}

static void say_service(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	cJSON *out;

	if (!s)
		return;
	out = cJSON_CreateObject();
	cJSON_AddItemToObject(out, "service", sc_service_json(s, true));
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static bool has_consumers(const struct sc_service *s)
{
	for (size_t i = 0; i < sc.count; i++)
		if (sc.services[i] != s && sc_depends(sc.services[i], s))
			return true;
	return false;
}

static void service_drop(struct sc_service *s)
{
	s->dead = true;
	for (size_t i = 0; i < s->count; i++)
		if (s->instances[i]->stored.present)
			sc_instance_touch(s->instances[i], true);
}

static void delete_service(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	bool force = fake_param_is(q, "force", "1") || fake_param_is(q, "force", "true");

	if (!s)
		return;
	if (!force && has_consumers(s)) {
		sc_fail(q->conn, 400023, "Consumer(s) depends on this micro-service",
			"Can not delete this service, other service rely it.");
		return;
	}
	for (size_t i = 0; i < s->count && !force; i++)
		if (s->instances[i]->stored.present) {
			sc_fail(q->conn, 400013, "There are still deployed instance(s)",
				"Can not delete this service, exist instance.");
			return;
		}
	service_drop(s);
	say_done(q);
}

static void delete_services(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(out, "services");
	const cJSON *id;

	cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(q->json, "serviceIds"))
	{
		struct sc_service *s =
			sc_service_by_id(q->segment[1], cJSON_IsString(id) ? id->valuestring : "");
		cJSON *item = cJSON_CreateObject();

		if (s)
			service_drop(s);
		else
			cJSON_AddStringToObject(item, "errMessage",
						"Micro-service does not exist(Service does not "
						"exist.)");
		cJSON_AddItemToObject(item, "serviceId", cJSON_Duplicate(id, true));
		cJSON_AddItemToArray(list, item);
	}
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void set_service_properties(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");

	if (!s)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(s->doc, "properties");
	sc_copy(s->doc, q->json, "properties");
	say_done(q);
}

static void say_related(struct fake_request *q)
{
	struct sc_service *s = service_of(q, "Service does not exist.");
	bool providers = strcmp(q->segment[5], "providers") == 0;
	cJSON *out;

	if (!s)
		return;
	out = cJSON_CreateObject();
	sc_add_related(out, q->segment[5], s, providers);
	fake_json(q->conn, 200, SC_JSON, "", out);
}

#endif
