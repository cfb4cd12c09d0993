/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays recorded conversations against a server and says where it answers otherwise:
 *
 *     conform [-c] [-q] [-P PROJECT] URL RECORDING.ndjson
 *
 * Compared are the status, the headers that matter, and the shape of the JSON. It works in a
 * project of its own and removes what it made, when it is interrupted too; -c only removes. -q
 * prints only what differs. In the environment: SLUICE_TEST_TOKEN, SLUICE_TEST_CA (a file), and for
 * the conversation about accounts SLUICE_TEST_ROOT, root's password. Exit 0 = all alike, 1 =
 * something differs or is left, 2 = it could not be tried, 130 = interrupted.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
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
	bool quiet, kie;
	bool tried; /* root has wrong passwords behind it: the third would lock it */
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

static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
	static const char text[] = "\nconform: stops, and removes what it made\n";

	(void)signal;
	stopped = 1;
	if (write(2, text, sizeof(text) - 1) < 0)
		stopped = 1;
}

static void stop_on_signals(void)
{
	const struct sigaction stop = {.sa_handler = on_stop};

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
}

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

		if (stopped)
			break;
		if (t->tried && begins(text_of(record, "note"), "wrong password")) {
			t->skipped++;
			say(t, record, "SKIPPED", "root has wrong passwords behind it already");
			continue;
		}
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
	if (held.running)
		held_end(&held);
}

/* --- before and after --- */

/* What stands in our project, past any cache. */
static cJSON *list_ours(struct talk *t, struct reply *r)
{
	cJSON *headers = headers_here(t, NULL, "");
	char url[700];

	snprintf(url, sizeof(url),
		 t->kie ? "%s/v1/%s/kie/kv" : "%s/v4/%s/registry/microservices?noCache=1", t->url,
		 t->project);
	wire_ask(r, "GET", url, headers, NULL);
	cJSON_Delete(headers);
	return cJSON_Parse(r->body);
}

static const cJSON *items_of(const struct talk *t, const cJSON *list)
{
	return cJSON_GetObjectItemCaseSensitive(list, t->kie ? "data" : "services");
}

/* One request by whom we are, whose answer only counts by its status. */
static long tell(struct talk *t, const char *method, const char *tail)
{
	cJSON *headers = headers_here(t, NULL, "");
	char url[700];
	struct reply r;
	long status;

	snprintf(url, sizeof(url), "%s%s", t->url, tail);
	wire_ask(&r, method, url, headers, NULL);
	status = r.status;
	wire_release(&r);
	cJSON_Delete(headers);
	return status;
}

/* Is it what it is taken for, does it let us in, and is our project empty? Says what is not so. */
static bool is_ready(struct talk *t)
{
	const char *what = t->kie ? "Kie" : "Service Center";
	struct reply r;
	cJSON *list = list_ours(t, &r);
	bool good = false;

	if (!r.status)
		fprintf(stderr, "conform: %s does not answer: %.200s\n", t->url, r.body);
	else if (r.status == 401 || r.status == 403)
		fprintf(stderr, "conform: %s (%ld): %.200s\n", t->url, r.status,
			t->token ? "TOKEN is not accepted: a wrong one, or too old?"
				 : "accounts are switched on there: give TOKEN=");
	else if (r.status != 200 || !cJSON_IsObject(list) || (t->kie && !items_of(t, list)))
		fprintf(stderr, "conform: %s is no %s: it answers %ld, %.*s\n", t->url, what,
			r.status, (int)strcspn(r.body, "\r\n") % 80, r.body);
	else if (cJSON_GetArraySize(items_of(t, list)))
		fprintf(stderr, "conform: project %s is not empty: left alone\n", t->project);
	else
		good = true;
	cJSON_Delete(list);
	wire_release(&r);
	return good;
}

/* Remove what is left in our project: services by force, keys one by one. */
static bool clean(struct talk *t)
{
	struct reply r;
	cJSON *list = list_ours(t, &r);
	const cJSON *item;
	int left;

	cJSON_ArrayForEach(item, items_of(t, list))
	{
		char tail[700];

		snprintf(tail, sizeof(tail),
			 t->kie ? "/v1/%s/kie/kv/%s" : "/v4/%s/registry/microservices/%s?force=1",
			 t->project, text_of(item, t->kie ? "id" : "serviceId"));
		tell(t, "DELETE", tail);
	}
	cJSON_Delete(list);
	wire_release(&r);
	list = list_ours(t, &r);
	left = cJSON_GetArraySize(items_of(t, list));
	if (r.status != 200)
		fprintf(stderr,
			"conform: project %s at %s cannot be looked at (%ld): is it empty?\n",
			t->project, t->url, r.status);
	else if (left)
		fprintf(stderr, "conform: %d of what it made are left in project %s at %s\n", left,
			t->project, t->url);
	left += r.status != 200;
	cJSON_Delete(list);
	wire_release(&r);
	return !left;
}

/* --- accounts --- */

/* Root's token, or NULL: tried once. */
static char *log_in(const struct talk *t)
{
	cJSON *body = cJSON_CreateObject(), *headers = cJSON_CreateObject(), *json;
	char url[600], *text, *token = NULL;
	struct reply r;

	cJSON_AddStringToObject(body, "name", "root");
	cJSON_AddStringToObject(body, "password", t->password);
	cJSON_AddStringToObject(headers, "Content-Type", "application/json");
	text = cJSON_PrintUnformatted(body);
	snprintf(url, sizeof(url), "%s/v4/token", t->url);
	wire_ask(&r, "POST", url, headers, text);
	json = cJSON_Parse(r.body);
	if (text_of(json, "token")[0])
		token = strdup(text_of(json, "token"));
	else
		fprintf(stderr, "conform: %s does not let root in (%ld): %.200s\n", t->url,
			r.status, r.body);
	cJSON_Delete(json);
	cJSON_Delete(body);
	cJSON_Delete(headers);
	free(text);
	wire_release(&r);
	return token;
}

/* Has root wrong passwords behind it? A third one would lock it. */
static bool has_tried(struct talk *t)
{
	cJSON *headers = headers_here(t, NULL, "");
	char url[600];
	struct reply r;
	bool tried;

	snprintf(url, sizeof(url), "%s/v4/account-locks", t->url);
	wire_ask(&r, "GET", url, headers, NULL);
	tried = r.status != 200 || strstr(r.body, "\"root::");
	wire_release(&r);
	cJSON_Delete(headers);
	return tried;
}

/* The reader's account and role are ours alone. */
static bool accounts_talk(struct talk *t, const cJSON *records)
{
	char *token = log_in(t), reader[32], tail[100];

	if (!token)
		return false;
	t->token = token;
	t->tried = has_tried(t);
	t->token = NULL; /* the conversation says itself who asks */
	snprintf(reader, sizeof(reader), "sluice%d", (int)getpid());
	names_learn(&t->names, "viewer", reader);
	replay(t, records);
	t->token = token;
	snprintf(tail, sizeof(tail), "/v4/accounts/%s", reader);
	tell(t, "DELETE", tail);
	snprintf(tail, sizeof(tail), "/v4/roles/%s", reader);
	tell(t, "DELETE", tail);
	t->token = NULL;
	free(token);
	return true;
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
	fprintf(stderr, "usage: conform [-c] [-q] [-P PROJECT] URL RECORDING.ndjson\n");
	return 2;
}

static int run(struct talk *t, const char *path, bool only_clean)
{
	cJSON *records = load(path);
	bool left = false, ready = true;

	if (!cJSON_GetArraySize(records)) {
		fprintf(stderr, "conform: %s holds no conversation\n", path);
		ready = false;
	} else if (only_clean) {
		left = !clean(t);
	} else if (t->password) {
		ready = accounts_talk(t, records);
	} else if ((ready = is_ready(t))) {
		replay(t, records);
		left = !clean(t);
	}
	if (ready && !only_clean)
		printf("%s: %d alike, %d differ, %d skipped\n", path, t->same, t->differ,
		       t->skipped);
	cJSON_Delete(records);
	return !ready ? 2 : stopped ? 130 : t->differ || left ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct talk t;
	bool only_clean = false;
	int option, rc;

	snprintf(t.project, sizeof(t.project), "sluice-conform-%lld-%d", (long long)time(NULL),
		 (int)getpid());
	while ((option = getopt(argc, argv, "P:cq")) != -1)
		switch (option) {
		case 'P':
			snprintf(t.project, sizeof(t.project), "%s", optarg);
			break;
		case 'c':
			only_clean = true;
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
	t.kie = strstr(argv[optind + 1], "kie") != NULL;
	if (strstr(argv[optind + 1], "rbac"))
		t.password = getenv("SLUICE_TEST_ROOT");
	else
		t.token = getenv("SLUICE_TEST_TOKEN");
	snprintf(t.other, sizeof(t.other), "%s-other", t.project);
	stop_on_signals();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	rc = run(&t, argv[optind + 1], only_clean);
	if (t.watch)
		wire_socket_close(t.watch);
	names_release(&t.names);
	while (t.token_count)
		free(t.tokens[--t.token_count]);
	curl_global_cleanup();
	return rc;
}
