// SPDX-License-Identifier: Apache-2.0
/*
 * A fake of ServiceComb Kie, held against recorded conversations with the real one:
 *
 *     fakekie [-R REQUESTS_PER_SECOND] [-t TOKEN | -s] ADDRESS:PORT
 *
 * It says on standard output where it listens (port 0 = any). Keys are created disabled; the
 * revision is one for all projects; a held poll wakes for its own project and labels, also when a
 * write changed nothing. With -s it takes the tokens of the fake Service Center. fake.h says how to
 * make it misbehave; knobs of its own there: token (another than -t), ended (so many of the Service
 * Center's tokens have, from the first), rate,
 * race (ms in which an update is read but not yet stored: another one then is lost), bump (a
 * change in somebody else's project), wake (all held polls, for nothing), hasty (no poll is held).
 */
#include "kie_write.h"

static const char *token;
static bool of_center;
static long ended;

static void health(struct fake_request *q)
{
	cJSON *out = cJSON_CreateObject();
	char revision[32];
	size_t n = 0;

	for (size_t i = 0; i < kie.count; i++)
		n += !kie.keys[i]->dead;
	snprintf(revision, sizeof(revision), "%lld", kie.revision);
	cJSON_AddStringToObject(out, "version", "0.1.0");
	cJSON_AddStringToObject(out, "revision", revision);
	cJSON_AddNumberToObject(out, "timestamp", (double)fake_time());
	cJSON_AddNumberToObject(out, "total_kv_count", (double)n);
	say_json(q->conn, "", out);
}

/* --- routes --- */

static const struct route {
	const char *method, *path;
	void (*serve)(struct fake_request *q);
} routes[] = {
	{"GET", "/v1/health", health},
	{"POST", "/v1/*/kie/kv", create},
	{"GET", "/v1/*/kie/kv", list},
	{"DELETE", "/v1/*/kie/kv", delete_many},
	{"GET", "/v1/*/kie/kv/*", say_one},
	{"PUT", "/v1/*/kie/kv/*", update},
	{"DELETE", "/v1/*/kie/kv/*", delete_one},
	{"GET", "/v1/*/kie/revision/*", history},
	{"GET", "/v1/*/kie/track", track},
	{"POST", "/v1/*/kie/file", upload},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* The limiter counts whole seconds. */
static bool is_limited(const struct fake_request *q)
{
	static int64_t second;
	static long seen;

	if (!kie.rate || q->segments < 3 || strcmp(q->segment[2], "kie") != 0)
		return false;
	if (second != lab_now() / 1000)
		seen = 0;
	second = lab_now() / 1000;
	return ++seen > kie.rate;
}

static void no_route(struct fake_request *q)
{
	char allow[100] = "";
	size_t n = 0;

	for (size_t i = 0; i < ROUTES; i++)
		if (fake_path(q, routes[i].path))
			n += (size_t)snprintf(allow + n, sizeof(allow) - n, "%s%s",
					      n ? ", " : "Allow: ", routes[i].method);
	snprintf(allow + n, sizeof(allow) - n, "%s", n ? "\r\n" : "");
	if (n)
		fake_text(q->conn, 405, allow, "405: Method Not Allowed");
	else
		fake_text(q->conn, 404, "", "404: Page Not Found");
}

static bool has_token(const struct fake_request *q)
{
	char value[300];

	if ((!token && !of_center) || fake_path(q, "/v1/health"))
		return true;
	if (!fake_header(q, "authorization", value, sizeof(value)) ||
	    strncmp(value, "Bearer ", 7) != 0)
		return false;
	if (token)
		return strcmp(value + 7, token) == 0;
	/* WHO.NUMBER.TIME */
	return strchr(value, '.') && strtol(strchr(value, '.') + 1, NULL, 10) >= ended;
}

static void fake_serve(struct fake_request *q)
{
	char accept[80];

	if (is_limited(q)) {
		kie.limited++;
		fake_say(q->conn, 429, NULL, "", "", 0);
		return;
	}
	if (!has_token(q)) {
		fake_say(q->conn, 401, NULL, "", "", 0);
		return;
	}
	if (strcmp(q->method, "GET") == 0 && fake_header(q, "accept", accept, sizeof(accept)) &&
	    strstr(accept, "yaml")) {
		fake_text(q->conn, 406, "",
			  "406: Not Acceptable\n\nAvailable representations: application/json");
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
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < FAKE_CONNS; i++) {
		if (polls[i].conn && polls[i].until <= now) {
			fake_say(polls[i].conn, 304, NULL, "", "", 0);
			poll_end(&polls[i]);
		} else if (polls[i].conn && polls[i].until < next) {
			next = polls[i].until;
		}
		if (lates[i].key && lates[i].at <= now)
			late_store(&lates[i]);
		else if (lates[i].key && lates[i].at < next)
			next = lates[i].at;
	}
	return next;
}

static void fake_gone(struct fake_conn *c)
{
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		if (polls[i].conn == c)
			poll_end(&polls[i]);
		if (lates[i].conn == c)
			lates[i].conn = NULL;
	}
}

static void fake_raw(struct fake_conn *c)
{
	(void)c;
}

static void fake_report(cJSON *out)
{
	cJSON *projects = cJSON_AddArrayToObject(out, "projects");
	size_t held = 0, late = 0;

	for (size_t i = 0; i < kie.count; i++)
		if (!kie.keys[i]->dead)
			fake_add_name(projects, kie.keys[i]->project);
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		held += polls[i].conn != NULL;
		late += lates[i].key != NULL;
	}
	cJSON_AddNumberToObject(out, "late", (double)late);
	cJSON_AddNumberToObject(out, "revision", (double)kie.revision);
	cJSON_AddNumberToObject(out, "held", (double)held);
	cJSON_AddNumberToObject(out, "polls", (double)kie.polls);
	cJSON_AddNumberToObject(out, "wakes", (double)kie.wakes);
	cJSON_AddNumberToObject(out, "limited", (double)kie.limited);
}

static bool fake_tune(const char *key, const char *value)
{
	static char other[100];

	if (strcmp(key, "token") == 0) {
		snprintf(other, sizeof(other), "%s", value);
		token = other;
	} else if (strcmp(key, "ended") == 0)
		ended = strtol(value, NULL, 10);
	else if (strcmp(key, "rate") == 0)
		kie.rate = strtol(value, NULL, 10);
	else if (strcmp(key, "hasty") == 0)
		kie.hasty = strtol(value, NULL, 10);
	else if (strcmp(key, "race") == 0)
		kie.race = strtol(value, NULL, 10);
	else if (strcmp(key, "bump") == 0)
		kie.revision++;
	else if (strcmp(key, "wake") == 0)
		wake(NULL, NULL);
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "R:st:")) != -1)
		switch (option) {
		case 'R':
			kie.rate = strtol(optarg, NULL, 10);
			break;
		case 't':
			token = optarg;
			break;
		case 's':
			of_center = true;
			break;
		default:
			return 2;
		}
	if (argc != optind + 1)
		lab_die("usage: fakekie [-R REQUESTS_PER_SECOND] [-t TOKEN | -s] ADDRESS:PORT");
	fake_server.head = "";
	fake_run(argv[optind]);
}
