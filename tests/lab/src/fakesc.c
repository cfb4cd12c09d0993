// SPDX-License-Identifier: Apache-2.0
/*
 * A fake of ServiceComb Service Center, held against recorded conversations with the real one:
 *
 *     fakesc [-r ROOT_PASSWORD] [-l LAG_MS] [-d REMOVAL_LAG_MS] ADDRESS:PORT
 *
 * It says on standard output where it listens (port 0 = any). -r switches accounts on. Plain reads
 * come from a cache that lags, and so do writes of an instance; noCache=1 reads what is stored.
 * fake.h says how to make it misbehave; knobs of its own there: lag, removal (ms), ttl, tokenLife,
 * lock (s), lose (watch events to lose), watch (sc_watch.h), expireTokens, forgetTokens, broken
 * (the name that a batch find fails at).
 */
#include "sc_instances.h"
#include "sc_watch.h"

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
	cJSON *projects = cJSON_AddArrayToObject(out, "projects");

	for (size_t i = 0; i < sc.count; i++)
		if (!sc.services[i]->dead)
			fake_add_name(projects, sc.services[i]->project);
	cJSON_AddNumberToObject(out, "pending", (double)sc.dirty);
	cJSON_AddNumberToObject(out, "consumerReads", (double)sc_seen.consumer_reads);
	cJSON_AddNumberToObject(out, "batchFinds", (double)sc_seen.batch_finds);
	cJSON_AddNumberToObject(out, "namesNotModified", (double)sc_seen.names_not_modified);
	cJSON_AddNumberToObject(out, "edges", (double)sc.edge_count);
	cJSON_AddNumberToObject(out, "logins", (double)rbac.logins);
	cJSON_AddNumberToObject(out, "loginsRefused", (double)rbac.refused);
	cJSON_AddNumberToObject(out, "watchers", (double)sc_watch_count());
	cJSON_AddNumberToObject(out, "watchesOpened", (double)sc_watch_seen.opened);
	cJSON_AddNumberToObject(out, "watchPings", (double)sc_watch_seen.pings);
}

static bool fake_tune(const char *key, const char *value)
{
	static const struct {
		const char *key;
		long *to;
	} knobs[] = {{"lag", &sc.lag},          {"removal", &sc.removal_lag}, {"ttl", &sc.ttl},
		     {"tokenLife", &rbac.life}, {"lock", &rbac.lock},         {"lose", &sc_lose}};

	if (strcmp(key, "broken") == 0) {
		snprintf(sc_broken, sizeof(sc_broken), "%s", value);
		return true;
	}
	if (strcmp(key, "watch") == 0) {
		snprintf(sc_watch_mood, sizeof(sc_watch_mood), "%s", value);
		return true;
	}
	if (strcmp(key, "expireTokens") == 0) {
		for (size_t i = 0; i < 256; i++)
			rbac.tokens[i].ends = 0;
		return true;
	}
	if (strcmp(key, "forgetTokens") == 0) { /* as a server that starts with other keys */
		rbac.token_count = 0;
		rbac.distrusted = strcmp(value, "2") == 0; /* nor those that it gives */
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
