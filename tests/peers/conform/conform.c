/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays recorded conversations against a server and says where it answers otherwise:
 *
 *     conform [-t TOKEN] [-p ROOT_PASSWORD] [-q] URL RECORDING.ndjson
 *
 * Compared are the status, the headers that matter, and the shape of the JSON. It works in a
 * project of its own and removes what it made. -q prints only what differs. Exit 0 = all alike,
 * 1 = something differs, 2 = it could not be tried.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/peers/conform/shape.h"
#include "tests/peers/conform/wire.h"

#define CHANGE_MS  450  /* after so long a plain read shows a change */
#define REMOVAL_MS 2700 /* or a removal */

struct talk {
	const char *url, *token, *password;
	char project[60], other[70];
	bool quiet;
	struct names names;
	char *tokens[16]; /* as logins gave them, newest last */
	size_t token_count;
	char revision[2][32];  /* Kie's, as recorded and here */
	long changed, removed; /* ms; 0 = all reads show it */
	struct wire_socket *watch;
	int same, differ, skipped;
};

/* A poll that is held while the next request is made. */
struct held {
	struct talk *talk;
	const cJSON *record;
	struct reply reply;
	pthread_t thread;
	char *url;
	bool running;
};

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *text_of(const cJSON *json, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, key));

	return text ? text : "";
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* --- what is asked --- */

/* The recorded path in our own project: only what holds services and keys is ours to move. */
static char *path_here(const struct talk *t, const char *path)
{
	static const char *const own[] = {"/v4/default/registry", "/v4/default/govern",
					  "/v1/default/kie", "/v4/other/registry", "/v1/other/kie"};
	char *moved = NULL, *out;

	for (size_t i = 0; i < 5 && !moved; i++)
		if (begins(path, own[i]) &&
		    asprintf(&moved, "%.4s%s%s", path, i < 3 ? t->project : t->other,
			     strchr(path + 4, '/')) < 0)
			abort();
	out = names_apply(&t->names, moved ? moved : path);
	free(moved);
	return out;
}

/* The recording hides whose token it was: the reader's is the newest, root's the first. */
static const char *token_here(const struct talk *t, const char *note)
{
	bool newest = begins(note, "reader") || strstr(note, "deleted account");

	return t->tokens[newest ? t->token_count - 1 : 0];
}

static cJSON *headers_here(const struct talk *t, const cJSON *recorded, const char *note)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *h;
	char value[600];

	cJSON_ArrayForEach(h, recorded)
	{
		char *here = names_apply(&t->names, h->valuestring);

		if (strcmp(here, "Bearer TOKEN") == 0 && t->token_count) {
			snprintf(value, sizeof(value), "Bearer %s", token_here(t, note));
			cJSON_AddStringToObject(out, h->string, value);
		} else {
			cJSON_AddStringToObject(out, h->string, here);
		}
		free(here);
	}
	if (t->token && !cJSON_GetObjectItemCaseSensitive(out, "Authorization")) {
		snprintf(value, sizeof(value), "Bearer %s", t->token);
		cJSON_AddStringToObject(out, "Authorization", value);
	}
	return out;
}

/* The newest revision of Kie: others may change it any time. */
static void revision_refresh(struct talk *t)
{
	char url[600];
	cJSON *headers = headers_here(t, NULL, "");
	struct reply r;

	snprintf(url, sizeof(url), "%s/v1/%s/kie/kv?limit=1", t->url, t->project);
	wire_ask(&r, "GET", url, headers, NULL);
	if (wire_header(&r, "x-kie-revision"))
		snprintf(t->revision[1], sizeof(t->revision[1]), "%s",
			 wire_header(&r, "x-kie-revision"));
	cJSON_Delete(headers);
	wire_release(&r);
}

/* URL and path, with the revision that Kie has now where the recording had its own. */
static char *url_here(struct talk *t, const char *recorded)
{
	char *path = path_here(t, recorded), wanted[50], *at, *url;

	snprintf(wanted, sizeof(wanted), "revision=%s", t->revision[0]);
	at = t->revision[0][0] ? strstr(path, wanted) : NULL;
	if (at && (at[strlen(wanted)] == '\0' || at[strlen(wanted)] == '&')) {
		revision_refresh(t);
		if (asprintf(&url, "%s%.*srevision=%s%s", t->url, (int)(at - path), path,
			     t->revision[1], at + strlen(wanted)) < 0)
			abort();
	} else if (asprintf(&url, "%s%s", t->url, path) < 0) {
		abort();
	}
	free(path);
	return url;
}

static char *body_here(const struct talk *t, const cJSON *request)
{
	const cJSON *body = cJSON_GetObjectItemCaseSensitive(request, "body");
	cJSON *json;
	char *text;

	if (!cJSON_IsString(body))
		return NULL;
	text = names_apply(&t->names, body->valuestring);
	json = t->password ? cJSON_Parse(text) : NULL;
	if (json && strcmp(text_of(json, "password"), "TOKEN") == 0) {
		cJSON_ReplaceItemInObject(json, "password", cJSON_CreateString(t->password));
		free(text);
		text = cJSON_PrintUnformatted(json);
	}
	cJSON_Delete(json);
	return text;
}

/* --- waiting for the cache --- */

static void sleep_until(long ms)
{
	long left = ms - now_ms();

	if (left > 0)
		usleep((useconds_t)left * 1000);
}

static void settle(struct talk *t, const char *method, const char *path, const char *note)
{
	bool reads = strcmp(method, "GET") == 0 || strstr(path, "type=query");

	if (!reads || !begins(path, "/v4") || strstr(path, "noCache") || strstr(note, "at once"))
		return;
	if (t->removed)
		sleep_until(t->removed + REMOVAL_MS);
	if (t->changed)
		sleep_until(t->changed + CHANGE_MS);
	t->removed = t->changed = 0;
}

static void mark(struct talk *t, const cJSON *request)
{
	const char *method = text_of(request, "method");
	const cJSON *headers = cJSON_GetObjectItemCaseSensitive(request, "headers");

	if (strcmp(method, "DELETE") == 0)
		t->removed = now_ms();
	else if (strcmp(method, "GET") != 0 ||
		 cJSON_GetObjectItemCaseSensitive(headers, "X-ConsumerId"))
		t->changed = now_ms();
}

/* --- what came --- */

static bool headers_same(const cJSON *recorded, const struct reply *r, char *why, size_t size)
{
	static const struct {
		const char *recorded, *here;
	} wanted[] = {{"X-Resource-Revision", "x-resource-revision"},
		      {"X-Schema-Summary", "x-schema-summary"},
		      {"X-Kie-Revision", "x-kie-revision"},
		      {"Allow", "allow"},
		      {"Content-Type", "content-type"}};

	for (size_t i = 0; i < 5; i++) {
		const char *was = text_of(recorded, wanted[i].recorded);
		const char *is = wire_header(r, wanted[i].here);

		if (!!was[0] != !!is) {
			snprintf(why, size, "header %s %s", wanted[i].recorded,
				 is ? "was not recorded" : "is missing");
			return false;
		}
		if (i == 4 && is && strncmp(was, is, strcspn(was, ";")) != 0) {
			snprintf(why, size, "content type %.60s instead of %.60s", is, was);
			return false;
		}
	}
	return true;
}

static bool body_same(const struct talk *t, const cJSON *answer, const struct reply *r, bool loose,
		      char *why, size_t size)
{
	const char *was = text_of(answer, "body");
	cJSON *recorded = cJSON_Parse(was), *here = cJSON_Parse(r->body);
	bool same = true;

	if (recorded && here)
		same = shape_same(&t->names, recorded, here, loose, why, size);
	else if (!recorded != !here || !*was != !*r->body) {
		snprintf(why, size, "another kind of body: %.80s", r->body);
		same = false;
	}
	cJSON_Delete(recorded);
	cJSON_Delete(here);
	return same;
}

static bool reply_same(const struct talk *t, const cJSON *record, const struct reply *r, char *why,
		       size_t size)
{
	const cJSON *answer = cJSON_GetObjectItemCaseSensitive(record, "answer");
	int status = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(answer, "status"));
	double ms = cJSON_GetNumberValue(cJSON_GetObjectItem(answer, "ms"));
	const char *note = text_of(record, "note");
	bool loose = strstr(note, "at once from the cache") || strcmp(note, "health") == 0 ||
		     strcmp(note, "clusters") == 0 || strcmp(note, "alarms") == 0;

	if (!r->status)
		snprintf(why, size, "no answer: %.150s", r->body);
	else if (r->status != status)
		snprintf(why, size, "status %ld instead of %d", r->status, status);
	else if (ms >= 1000 && r->ms < 800)
		snprintf(why, size, "answered after %ld ms instead of being held", r->ms);
	else
		return headers_same(cJSON_GetObjectItemCaseSensitive(answer, "headers"), r, why,
				    size) &&
		       body_same(t, answer, r, loose, why, size);
	return false;
}

static void learn(struct talk *t, const cJSON *record, const struct reply *r)
{
	const cJSON *answer = cJSON_GetObjectItemCaseSensitive(record, "answer");
	const cJSON *headers = cJSON_GetObjectItemCaseSensitive(answer, "headers");
	cJSON *was = cJSON_Parse(text_of(answer, "body")), *is = cJSON_Parse(r->body);
	const char *rev = wire_header(r, "x-resource-revision");
	const char *kie = wire_header(r, "x-kie-revision");

	if (was && is)
		names_learn_json(&t->names, was, is);
	if (text_of(is, "token")[0] && t->token_count < 16)
		t->tokens[t->token_count++] = strdup(text_of(is, "token"));
	if (rev && text_of(headers, "X-Resource-Revision")[0])
		names_learn(&t->names, text_of(headers, "X-Resource-Revision"), rev);
	if (kie && text_of(headers, "X-Kie-Revision")[0]) {
		snprintf(t->revision[0], sizeof(t->revision[0]), "%s",
			 text_of(headers, "X-Kie-Revision"));
		snprintf(t->revision[1], sizeof(t->revision[1]), "%s", kie);
	}
	cJSON_Delete(was);
	cJSON_Delete(is);
}

/* --- one line of the table --- */

static void say(struct talk *t, const cJSON *record, const char *verdict, const char *why)
{
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(record, "request");
	int n = (int)cJSON_GetNumberValue(cJSON_GetObjectItem(record, "n"));
	const char *method = request ? text_of(request, "method") : "socket";

	if (t->quiet && strcmp(verdict, "same") == 0)
		return;
	printf("%4d  %-6s %-8s %s%s%s\n", n, method, verdict, text_of(record, "note"),
	       why[0] ? ": " : "", why);
	fflush(stdout);
}

static void judge(struct talk *t, const cJSON *record, struct reply *r)
{
	char why[400] = "";
	bool same = reply_same(t, record, r, why, sizeof(why));

	learn(t, record, r);
	t->same += same;
	t->differ += !same;
	say(t, record, same ? "same" : "DIFFERS", same ? "" : why);
	wire_release(r);
}

static void ask(struct talk *t, const cJSON *record)
{
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(record, "request");
	const char *method = text_of(request, "method"), *path = text_of(request, "path");
	cJSON *headers = headers_here(t, cJSON_GetObjectItemCaseSensitive(request, "headers"),
				      text_of(record, "note"));
	char *url = url_here(t, path), *body = body_here(t, request);
	struct reply r;

	settle(t, method, path, text_of(record, "note"));
	wire_ask(&r, method, url, headers, body);
	mark(t, request);
	judge(t, record, &r);
	cJSON_Delete(headers);
	free(url);
	free(body);
}

/* --- what runs aside --- */

static void *held_run(void *arg)
{
	struct held *h = arg;
	const cJSON *request = cJSON_GetObjectItemCaseSensitive(h->record, "request");
	cJSON *headers =
		headers_here(h->talk, cJSON_GetObjectItemCaseSensitive(request, "headers"), "");

	wire_ask(&h->reply, "GET", h->url, headers, NULL);
	cJSON_Delete(headers);
	return NULL;
}

static void held_start(struct held *h, struct talk *t, const cJSON *record)
{
	*h = (struct held){.talk = t, .record = record};
	h->url = url_here(t, text_of(cJSON_GetObjectItem(record, "request"), "path"));
	h->running = pthread_create(&h->thread, NULL, held_run, h) == 0;
	sleep_until(now_ms() + 1000);
}

static void held_end(struct held *h)
{
	pthread_join(h->thread, NULL);
	h->running = false;
	judge(h->talk, h->record, &h->reply);
	free(h->url);
}

static void socket_start(struct talk *t, const cJSON *record)
{
	char *path = path_here(t, text_of(record, "websocket"));

	t->watch = wire_socket_open(t->url, path, t->token);
	free(path);
}

/* Every frame is like a recorded one, and the last, the removal, came too. */
static bool events_same(struct talk *t, const cJSON *wanted, char *why, size_t size)
{
	cJSON *came = wire_socket_take(t->watch, cJSON_GetArraySize(wanted), 6000);
	const cJSON *w, *c;
	bool good = true;

	cJSON_ArrayForEach(w, wanted)
	{
		cJSON *event = cJSON_Parse(text_of(w, "text"));
		bool found = false;

		cJSON_ArrayForEach(c, came)
		{
			cJSON *other = cJSON_Parse(text_of(c, "text"));

			found = found ||
				(other && shape_same(&t->names, event, other, false, why, size));
			cJSON_Delete(other);
		}
		good = good && found;
		cJSON_Delete(event);
	}
	if (!good && !why[0])
		snprintf(why, size, "an event did not come");
	cJSON_Delete(came);
	return good;
}

static bool refusal_same(struct talk *t, const cJSON *record, char *why, size_t size)
{
	char *path = path_here(t, text_of(record, "websocket"));
	struct wire_socket *s = wire_socket_open(t->url, path, t->token);
	cJSON *came = s ? wire_socket_take(s, 3, 5000) : NULL;
	bool good = cJSON_GetArraySize(came) == 2 &&
		    text_of(cJSON_GetArrayItem(came, 0), "text")[0] &&
		    !cJSON_Parse(text_of(cJSON_GetArrayItem(came, 0), "text")) &&
		    cJSON_GetObjectItem(cJSON_GetArrayItem(came, 1), "closed");

	if (!good)
		snprintf(why, size, "not refused in a plain text frame");
	if (s)
		wire_socket_close(s);
	cJSON_Delete(came);
	free(path);
	return good;
}

static void socket_judge(struct talk *t, const cJSON *record)
{
	const cJSON *frames = cJSON_GetObjectItemCaseSensitive(record, "frames");
	bool refused = strstr(text_of(record, "note"), "refused"), same;
	char why[400] = "";

	if (!begins(t->url, "http://") || (!refused && !t->watch)) {
		t->skipped++;
		say(t, record, "SKIPPED", "no plain WebSocket could be opened");
		return;
	}
	same = refused ? refusal_same(t, record, why, sizeof(why))
		       : events_same(t, frames, why, sizeof(why));
	t->same += same;
	t->differ += !same;
	say(t, record, same ? "same" : "DIFFERS", same ? "" : why);
}

/* --- the whole --- */

static const cJSON *find_note(const cJSON *records, const char *note)
{
	const cJSON *r;

	cJSON_ArrayForEach(r, records) if (strstr(text_of(r, "note"), note)) return r;
	return NULL;
}

static void replay(struct talk *t, const cJSON *records)
{
	const cJSON *record, *watch = find_note(records, "watch as the caller");
	struct held held = {0};

	cJSON_ArrayForEach(record, records)
	{
		const char *next = record->next ? text_of(record->next, "note") : "";

		if (watch && begins(text_of(record, "note"), "drain:"))
			socket_start(t, watch);
		if (begins(next, "a held poll"))
			held_start(&held, t, record->next);
		if (held.running && held.record == record)
			held_end(&held);
		else if (cJSON_GetObjectItemCaseSensitive(record, "websocket"))
			socket_judge(t, record);
		else
			ask(t, record);
	}
}

/* Remove what is left in our project: services by force, keys one by one. */
static void clean(struct talk *t, bool kie)
{
	cJSON *headers = headers_here(t, NULL, ""), *list, *item;
	char url[700];
	struct reply r;

	snprintf(url, sizeof(url), kie ? "%s/v1/%s/kie/kv" : "%s/v4/%s/registry/microservices",
		 t->url, t->project);
	wire_ask(&r, "GET", url, headers, NULL);
	list = cJSON_Parse(r.body);
	cJSON_ArrayForEach(item, cJSON_GetObjectItem(list, kie ? "data" : "services"))
	{
		struct reply gone;

		snprintf(url, sizeof(url),
			 kie ? "%s/v1/%s/kie/kv/%s" : "%s/v4/%s/registry/microservices/%s?force=1",
			 t->url, t->project, text_of(item, kie ? "id" : "serviceId"));
		wire_ask(&gone, "DELETE", url, headers, NULL);
		wire_release(&gone);
	}
	cJSON_Delete(list);
	cJSON_Delete(headers);
	wire_release(&r);
}

static cJSON *load(const char *path)
{
	cJSON *list = cJSON_CreateArray(), *record;
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		record = cJSON_Parse(line);
		if (record)
			cJSON_AddItemToArray(list, record);
	}
	free(line);
	if (f)
		fclose(f);
	return list;
}

static int usage(void)
{
	fprintf(stderr, "usage: conform [-t TOKEN] [-p ROOT_PASSWORD] [-q] URL RECORDING.ndjson\n");
	return 2;
}

int main(int argc, char **argv)
{
	static struct talk t;
	cJSON *records;
	int option;

	while ((option = getopt(argc, argv, "t:p:q")) != -1)
		switch (option) {
		case 't':
			t.token = optarg;
			break;
		case 'p':
			t.password = optarg;
			break;
		case 'q':
			t.quiet = true;
			break;
		default:
			return usage();
		}
	if (argc != optind + 2)
		return usage();
	t.url = argv[optind];
	snprintf(t.project, sizeof(t.project), "sluice-conform-%lld-%d", (long long)time(NULL),
		 (int)getpid());
	snprintf(t.other, sizeof(t.other), "%s-other", t.project);
	records = load(argv[optind + 1]);
	if (!cJSON_GetArraySize(records)) {
		fprintf(stderr, "conform: %s holds no conversation\n", argv[optind + 1]);
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	replay(&t, records);
	if (!t.password) /* the conversation about accounts leaves nothing behind */
		clean(&t, strstr(argv[optind + 1], "kie") != NULL);
	printf("%s: %d alike, %d differ, %d skipped\n", argv[optind + 1], t.same, t.differ,
	       t.skipped);
	if (t.watch)
		wire_socket_close(t.watch);
	cJSON_Delete(records);
	names_release(&t.names);
	while (t.token_count)
		free(t.tokens[--t.token_count]);
	curl_global_cleanup();
	return t.differ ? 1 : 0;
}
