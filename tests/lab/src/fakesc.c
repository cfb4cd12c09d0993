// SPDX-License-Identifier: Apache-2.0
/*
 * A fake of ServiceComb Service Center, held against recorded conversations with the real one:
 *
 *     fakesc [-r ROOT_PASSWORD] [-l LAG_MS] [-d REMOVAL_LAG_MS] ADDRESS:PORT
 *
 * It says on standard output where it listens (port 0 = any). -r switches accounts on. Plain reads
 * come from a cache that lags, and so do writes of an instance; noCache=1 reads what is stored.
 * fake.h says how to make it misbehave; knobs of its own there: lag, removal (ms), ttl, tokenLife,
 * lock (s), lose (watch events to lose), expireTokens.
 */
#include "sc_govern.h"
#include "sc_watch.h"

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

/* --- admin --- */

static void say_alarms(struct fake_request *q)
{
	fake_say(q->conn, 200, SC_JSON, "", "{}", 2);
}

static void say_clusters(struct fake_request *q)
{
	static const char body[] = "{\"clusters\":{\"default\":[\"http://127.0.0.1:2379\"]}}";

	fake_say(q->conn, 200, SC_JSON, "", body, sizeof(body) - 1);
}

/* --- routes --- */

#define REGISTRY "/v4/*/registry"
#define SERVICE  REGISTRY "/microservices/*"
#define INSTANCE SERVICE "/instances/*"

static const struct route {
	const char *method, *path;
	void (*serve)(struct fake_request *q);
} routes[] = {
	{"GET", "/version", say_version},
	{"GET", REGISTRY "/version", say_version},
	{"GET", "/health", say_health},
	{"GET", REGISTRY "/health", say_health},
	{"POST", REGISTRY "/microservices", register_service},
	{"DELETE", REGISTRY "/microservices", delete_services},
	{"GET", REGISTRY "/microservices", list_services},
	{"GET", REGISTRY "/existence", say_exists},
	{"GET", SERVICE, say_service},
	{"DELETE", SERVICE, delete_service},
	{"PUT", SERVICE "/properties", set_service_properties},
	{"GET", SERVICE "/providers", say_related},
	{"GET", SERVICE "/consumers", say_related},
	{"GET", SERVICE "/instances", list_instances},
	{"POST", SERVICE "/instances", register_instance},
	{"GET", INSTANCE, say_instance},
	{"DELETE", INSTANCE, delete_instance},
	{"PUT", INSTANCE "/heartbeat", beat_one},
	{"PUT", INSTANCE "/status", set_status},
	{"PUT", INSTANCE "/properties", set_properties},
	{"PUT", REGISTRY "/heartbeats", beat_set},
	{"GET", REGISTRY "/instances", sc_find},
	{"POST", REGISTRY "/instances/action", sc_batch_find},
	{"PUT", REGISTRY "/instances/status", bulk_status},
	{"GET", SERVICE "/tags", say_tags},
	{"POST", SERVICE "/tags", change_tags},
	{"PUT", SERVICE "/tags/*", change_tags},
	{"DELETE", SERVICE "/tags/*", change_tags},
	{"GET", SERVICE "/schemas", say_schemas},
	{"POST", SERVICE "/schemas", replace_schemas},
	{"GET", SERVICE "/schemas/*", say_schema},
	{"GET", SERVICE "/watcher", sc_watch_open},
	{"GET", "/v4/*/govern/microservices", govern_services},
	{"GET", "/v4/*/govern/microservices/*", sc_govern_one},
	{"GET", "/v4/*/govern/relations", sc_relations},
	{"GET", "/v4/*/govern/apps", sc_apps},
	{"GET", "/v4/*/admin/alarms", say_alarms},
	{"GET", "/v4/*/admin/clusters", say_clusters},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static void say_statistics(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddItemToObject(out, "statistics", sc_statistics(q));
	fake_json(q->conn, 200, SC_JSON, "", out);
}

static void no_route(struct fake_request *q)
{
	char allow[200] = "";
	size_t n = 0;

	for (size_t i = 0; i < ROUTES; i++)
		if (fake_path(q, routes[i].path))
			n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s",
					      n ? ", " : "Allow: ", routes[i].method);
	if (n) {
		snprintf(allow + n, sizeof(allow) - n, "\r\n");
		fake_text(q->conn, 405, allow, "Method Not Allowed\n");
	} else {
		fake_text(q->conn, 404, "", "404 page not found\n");
	}
}

static bool is_open(const struct fake_request *q)
{
	return fake_path(q, "/version") || fake_path(q, "/health") || fake_path(q, "/metrics") ||
	       fake_path(q, REGISTRY "/version") || fake_path(q, REGISTRY "/health");
}

static void fake_serve(struct fake_request *q)
{
	caller = NULL;
	if (rbac.on && fake_path(q, "/v4/token") && strcmp(q->method, "POST") == 0) {
		rbac_login(q);
		return;
	}
	if (rbac.on && !is_open(q)) {
		caller = rbac_caller(q);
		if (!caller)
			return;
		if (strcmp(q->method, "GET") != 0 && !fake_path(q, REGISTRY "/instances/action") &&
		    !rbac_may_write(caller)) {
			sc_fail(q->conn, 403205, "No permission(s)", "role has no permissions");
			return;
		}
		if (rbac_serve(q, caller))
			return;
	}
	if (fake_path(q, "/v4/*/govern/statistics")) {
		say_statistics(q);
		return;
	}
	for (size_t i = 0; i < ROUTES; i++)
		if (strcmp(routes[i].method, q->method) == 0 && fake_path(q, routes[i].path)) {
			routes[i].serve(q);
			return;
		}
	no_route(q);
}

/* --- the rest of the server's wants --- */

static int64_t fake_tick(int64_t now)
{
	int64_t next = sc_turn(now), event = sc_watch_turn(now);

	return next < event ? next : event;
}

static void fake_gone(struct fake_conn *c)
{
	sc_watch_gone(c);
}

static void fake_raw(struct fake_conn *c)
{
	sc_watch_read(c);
}

static void fake_report(cJSON *out)
{
	cJSON_AddNumberToObject(out, "pending", (double)sc.dirty);
	cJSON_AddNumberToObject(out, "consumerReads", (double)sc_seen.consumer_reads);
	cJSON_AddNumberToObject(out, "batchFinds", (double)sc_seen.batch_finds);
	cJSON_AddNumberToObject(out, "edges", (double)sc.edge_count);
	cJSON_AddNumberToObject(out, "logins", (double)rbac.logins);
	cJSON_AddNumberToObject(out, "loginsRefused", (double)rbac.refused);
	cJSON_AddNumberToObject(out, "watchers", (double)sc_watch_count());
}

static bool fake_tune(const char *key, const char *value)
{
	static const struct {
		const char *key;
		long *to;
	} knobs[] = {{"lag", &sc.lag},          {"removal", &sc.removal_lag}, {"ttl", &sc.ttl},
		     {"tokenLife", &rbac.life}, {"lock", &rbac.lock},         {"lose", &sc_lose}};

	if (strcmp(key, "expireTokens") == 0) {
		for (size_t i = 0; i < 256; i++)
			rbac.tokens[i].ends = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (strcmp(knobs[i].key, key) == 0) {
			*knobs[i].to = strtol(value, NULL, 10);
			return true;
		}
	return false;
}

/* The registry registers itself; seen only with withShared=1, and in /health. */
static void register_self(void)
{
	cJSON *given = cJSON_Parse("{\"appId\":\"default\",\"serviceName\":\"SERVICECENTER\"}");
	cJSON *instance = cJSON_Parse("{\"hostName\":\"lab\",\"endpoints\":[\"rest://127.0.0.1:"
				      "30100/\"],\"status\":\"UP\"}");
	struct sc_service *s = sc_service_add("default", given);

	s->shared = true;
	sc_instance_add(s, instance)->expires = INT64_MAX;
	cJSON_Delete(given);
	cJSON_Delete(instance);
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "r:l:d:")) != -1)
		switch (option) {
		case 'r':
			rbac_start(optarg);
			break;
		case 'l':
			sc.lag = strtol(optarg, NULL, 10);
			break;
		case 'd':
			sc.removal_lag = strtol(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	if (argc != optind + 1)
		lab_die("usage: fakesc [-r ROOT_PASSWORD] [-l LAG_MS] [-d REMOVAL_LAG_MS] "
			"ADDRESS:PORT");
	fake_server.head = "Server: SERVICECENTER/0.0.1\r\nVary: Origin\r\n";
	sc.moved = sc_watch_tell;
	register_self();
	fake_run(argv[optind]);
}
