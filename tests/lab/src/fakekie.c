// SPDX-License-Identifier: Apache-2.0
/*
 * A fake of ServiceComb Kie, held against recorded conversations with the real one:
 *
 *     fakekie [-R REQUESTS_PER_SECOND] [-t TOKEN] ADDRESS:PORT
 *
 * It says on standard output where it listens (port 0 = any). Keys are created disabled; the
 * revision is one for all projects; a held poll wakes for its own project and labels, also when a
 * write changed nothing. fake.h says how to make it misbehave; knobs of its own there: rate,
 * race (ms in which an update is read but not yet stored: another one then is lost), bump (a
 * change in somebody else's project), wake (all held polls, for nothing).
 */
#include "kie_store.h"

struct poll {
	struct fake_conn *conn; /* NULL = free */
	char project[80];
	cJSON *labels;
	bool exact;
	int64_t until;
};

/* An update that was read and waits for being stored. */
struct late {
	struct fake_conn *conn;
	struct kie_key *key;
	char *value, *status;
	int64_t at;
};

static struct poll polls[FAKE_CONNS];
static struct late lates[FAKE_CONNS];
static const char *token;

/* --- answers --- */

static void say_json(struct fake_conn *c, const char *headers, cJSON *json)
{
	fake_json(c, 200, "application/json", headers, json);
}

static void fail(struct fake_request *q, int code, const char *message, const char *detail)
{
	cJSON *out = cJSON_CreateObject();
	char text[16];

	snprintf(text, sizeof(text), "%d", code);
	cJSON_AddStringToObject(out, "errorCode", text);
	cJSON_AddStringToObject(out, "errorMessage", message);
	cJSON_AddStringToObject(out, "detail", detail);
	fake_json(q->conn, code / 1000, "application/json", "", out);
}

static void refuse(struct fake_request *q, const char *detail)
{
	fail(q, 400001, "invalid parameter(s)", detail);
}

static void missing(struct fake_request *q)
{
	fail(q, 404001, "record does not exist", "can not find any key value");
}

/* --- labels --- */

/* The labels of the query; NULL after having refused them. */
static cJSON *query_labels(struct fake_request *q)
{
	cJSON *labels = cJSON_CreateObject();
	char *text, *colon;

	for (size_t n = 0; (text = fake_param(q, "label", n)); n++) {
		colon = strchr(text, ':');
		if (colon)
			*colon = '\0';
		if (!colon || n >= 8 || cJSON_GetObjectItemCaseSensitive(labels, text)) {
			refuse(q, "label value can not be empty, label can not be duplicated, "
				  "please check query parameters");
			cJSON_Delete(labels);
			free(text);
			return NULL;
		}
		cJSON_AddStringToObject(labels, text, colon + 1);
		free(text);
	}
	return labels;
}

static bool labels_fit(const cJSON *have, const cJSON *wanted, bool exact)
{
	const cJSON *w;

	cJSON_ArrayForEach(w, wanted)
	{
		const cJSON *h = cJSON_GetObjectItemCaseSensitive(have, w->string);

		if (!cJSON_IsString(h) || strcmp(h->valuestring, w->valuestring) != 0)
			return false;
	}
	return !exact || cJSON_GetArraySize(have) == cJSON_GetArraySize(wanted);
}

/* --- the keys of a list --- */

static bool glob(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*')
		return glob(p + 1, s) || (*s && glob(p, s + 1));
	return *s && *p == *s && glob(p + 1, s + 1);
}

static bool key_fits(const char *filter, const char *key)
{
	size_t len = strlen(filter);
	char inner[2100];

	if (len > 10 && strncmp(filter, "beginWith(", 10) == 0 && filter[len - 1] == ')')
		return strncmp(key, filter + 10, len - 11) == 0;
	if (len > 9 && strncmp(filter, "wildcard(", 9) == 0 && filter[len - 1] == ')') {
		snprintf(inner, sizeof(inner), "%.*s", (int)(len - 10), filter + 9);
		return glob(inner, key);
	}
	return strcasecmp(filter, key) == 0;
}

static int compare_newest(const void *a, const void *b)
{
	const struct kie_key *const *x = a, *const *y = b;
	double one = cJSON_GetObjectItem((*x)->doc, "update_revision")->valuedouble;
	double two = cJSON_GetObjectItem((*y)->doc, "update_revision")->valuedouble;

	return (one < two) - (one > two);
}

struct filter {
	const char *project;
	char *key, *value, *status;
	const cJSON *labels;
	bool exact;
	long offset, limit; /* 0 = all */
};

static bool is_listed(const struct kie_key *k, const struct filter *f)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(k->doc, "labels");

	return !k->dead && strcmp(k->project, f->project) == 0 &&
	       labels_fit(labels, f->labels, f->exact) &&
	       (!f->key || key_fits(f->key, fake_str(k->doc, "key"))) &&
	       (!f->value || strcmp(f->value, fake_str(k->doc, "value")) == 0) &&
	       (!f->status || strcmp(f->status, fake_str(k->doc, "status")) == 0);
}

static void say_list(struct fake_conn *c, const struct filter *f)
{
	cJSON *out = cJSON_CreateObject(), *data = cJSON_CreateArray();
	struct kie_key **found = calloc(kie.count + 1, sizeof(*found));
	char header[60];
	size_t n = 0, end;

	if (!found)
		lab_die("out of memory");
	for (size_t i = 0; i < kie.count; i++)
		if (is_listed(kie.keys[i], f))
			found[n++] = kie.keys[i];
	qsort(found, n, sizeof(*found), compare_newest);
	end = f->limit && (size_t)(f->offset + f->limit) < n ? (size_t)(f->offset + f->limit) : n;
	for (size_t i = (size_t)f->offset; i < end; i++)
		cJSON_AddItemToArray(data, kie_brief(found[i]));
	free(found);
	cJSON_AddNumberToObject(out, "total", (double)n);
	cJSON_AddItemToObject(out, "data", data);
	snprintf(header, sizeof(header), "X-Kie-Revision: %lld\r\n", kie.revision);
	say_json(c, header, out);
}

/* --- held polls --- */

static void poll_end(struct poll *p)
{
	cJSON_Delete(p->labels);
	*p = (struct poll){0};
}

/* Something of this project and these labels was written, if only with what it was. */
static void wake(const char *project, const cJSON *labels)
{
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		struct poll *p = &polls[i];
		struct filter f = {.project = p->project, .labels = p->labels, .exact = p->exact};

		if (!p->conn || (project && (strcmp(p->project, project) != 0 ||
					     !labels_fit(labels, p->labels, p->exact))))
			continue;
		kie.wakes++;
		say_list(p->conn, &f);
		poll_end(p);
	}
}

static void wake_for(const struct kie_key *k)
{
	wake(k->project, cJSON_GetObjectItemCaseSensitive(k->doc, "labels"));
}

static void hold(struct fake_request *q, cJSON *labels, bool exact, int64_t ms)
{
	kie.polls++;
	for (size_t i = 0; i < FAKE_CONNS; i++) {
		struct poll *p = &polls[i];

		if (p->conn)
			continue;
		snprintf(p->project, sizeof(p->project), "%s", q->segment[1]);
		p->conn = q->conn;
		p->labels = cJSON_Duplicate(labels, true);
		p->exact = exact;
		p->until = lab_now() + ms;
		q->conn->held = true;
		return;
	}
}

/* "5s", "100ms", "1m" in ms; -1 = no duration. */
static int64_t duration(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || n < 0)
		return -1;
	return strcmp(end, "ms") == 0  ? n
	       : strcmp(end, "s") == 0 ? n * 1000LL
	       : strcmp(end, "m") == 0 ? n * 60000LL
				       : -1;
}

/* --- list --- */

/* A number from `name`, within; false = refused. */
static bool number(struct fake_request *q, const char *name, long min, long max, long *to)
{
	char *text = fake_param(q, name, 0), *end, detail[80];
	bool good = true;

	if (text) {
		*to = strtol(text, &end, 10);
		good = end != text && !*end && *to >= min && *to <= max;
	}
	free(text);
	snprintf(detail, sizeof(detail), "invalid %s number", name);
	if (!good)
		refuse(q, detail);
	return good;
}

/* The revision and wait of the query: true = the answer is given, or due later. */
static bool list_waits(struct fake_request *q, cJSON *labels, bool exact)
{
	char *wait = fake_param(q, "wait", 0), *key = fake_param(q, "key", 0);
	char *revision = fake_param(q, "revision", 0), *end = NULL;
	int64_t ms = wait ? duration(wait) : 0;
	long long known = revision ? strtoll(revision, &end, 10) : -1;
	bool current = known == kie.revision, said = true;

	if (revision && (known < 0 || *end || end == revision))
		refuse(q, "revision param should be formed with number greater than 0");
	else if (wait && key)
		refuse(q, "can not accept key params, when using wait");
	else if (ms < 0)
		refuse(q, "time: missing unit in duration");
	else if (ms > 300000)
		fail(q, 400003, "failed to observe event",
		     "wait param should be formed with number and time unit like 5s,100ms, and "
		     "less than 5m");
	else if (wait && ms && (current || !revision))
		hold(q, labels, exact, ms);
	else if (current)
		fake_say(q->conn, 304, NULL, "", "", 0);
	else
		said = false;
	free(wait);
	free(key);
	free(revision);
	return said;
}

static void list(struct fake_request *q)
{
	cJSON *labels = query_labels(q);
	struct filter f = {.project = q->segment[1], .labels = labels};

	if (!labels)
		return;
	f.exact = fake_param_is(q, "match", "exact");
	if (number(q, "limit", 1, 100, &f.limit) && number(q, "offset", 0, 1 << 30, &f.offset) &&
	    !list_waits(q, labels, f.exact)) {
		f.key = fake_param(q, "key", 0);
		f.value = fake_param(q, "value", 0);
		f.status = fake_param(q, "status", 0);
		say_list(q->conn, &f);
		free(f.key);
		free(f.value);
		free(f.status);
	}
	cJSON_Delete(labels);
}

/* --- writing --- */

static bool one_of(const char *word, const char *const *words)
{
	if (!*word)
		return true;
	for (; *words; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

/* What is wrong with a key to be stored, or NULL. */
static const char *key_fault(const cJSON *given)
{
	static const char *const types[] = {"ini",        "json", "text", "yaml",
					    "properties", "xml",  NULL};
	static const char *const states[] = {"enabled", "disabled", NULL};
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._:-";
	const char *key = fake_str(given, "key");

	if (!*key || strlen(key) > 2048)
		return "validate failed, field: KVDoc.Key, rule: min = 1";
	if (strspn(key, good) != strlen(key))
		return "validate failed, field: KVDoc.Key, rule: ^[a-zA-Z0-9._:-]+$";
	if (!one_of(fake_str(given, "value_type"), types))
		return "validate failed, field: KVDoc.ValueType";
	if (!one_of(fake_str(given, "status"), states))
		return "validate failed, field: KVDoc.Status";
	if (strlen(fake_str(given, "value")) > 131072)
		return "validate failed, field: KVDoc.Value, rule: max = 131072";
	if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(given, "labels")) > 6)
		return "validate failed, field: KVDoc.Labels, rule: max = 6";
	return NULL;
}

static struct kie_key *existing(const char *project, const cJSON *given)
{
	cJSON *labels = kie_sort_labels(cJSON_GetObjectItemCaseSensitive(given, "labels"));
	char format[2048], id[65];

	kie_format(format, sizeof(format), labels);
	cJSON_Delete(labels);
	kie_make_id(id, project, fake_str(given, "key"), format);
	return kie_find(project, id);
}

static void create(struct fake_request *q)
{
	const char *fault = q->json ? key_fault(q->json) : "decode request body failed";
	struct kie_key *k;

	if (fault) {
		refuse(q, fault);
		return;
	}
	if (existing(q->segment[1], q->json)) {
		fail(q, 409001, "record already exist", "record already exist(kv already exists)");
		return;
	}
	k = kie_add(q->segment[1], q->json);
	say_json(q->conn, "", kie_brief(k));
	wake_for(k);
}

static void late_store(struct late *l)
{
	if (!l->key->dead) {
		kie_update(l->key, l->value, l->status);
		if (l->conn)
			say_json(l->conn, "", kie_brief(l->key));
		wake_for(l->key);
	}
	free(l->value);
	free(l->status);
	*l = (struct late){0};
}

/* What the body leaves out is taken from what is stored now, and written later. */
static void update(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);
	const char *value = fake_str(q->json, "value"), *status = fake_str(q->json, "status");
	struct late *l = lates;

	if (!k) {
		missing(q);
		return;
	}
	while (l->key)
		l++;
	*l = (struct late){.conn = q->conn, .key = k, .at = lab_now() + kie.race};
	l->value = strdup(*value ? value : fake_str(k->doc, "value"));
	l->status = strdup(*status ? status : fake_str(k->doc, "status"));
	q->conn->held = true;
	if (!kie.race)
		late_store(l);
}

static void say_one(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);

	if (k)
		say_json(q->conn, "", cJSON_Duplicate(k->doc, true));
	else
		missing(q);
}

static void delete_one(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);

	if (!k) {
		missing(q);
		return;
	}
	kie.revision++;
	kie_kill(k);
	fake_say(q->conn, 204, NULL, "", "", 0);
	wake_for(k);
}

/* Unknown ids are not mentioned, and even none at all is a revision. */
static void delete_many(struct fake_request *q)
{
	const cJSON *id;

	kie.revision++;
	cJSON_ArrayForEach(id, cJSON_GetObjectItemCaseSensitive(q->json, "ids"))
	{
		struct kie_key *k =
			kie_find(q->segment[1], cJSON_IsString(id) ? id->valuestring : "");

		if (!k)
			continue;
		kie_kill(k);
		wake_for(k);
	}
	fake_say(q->conn, 204, NULL, "", "", 0);
}

static void history(struct fake_request *q)
{
	struct kie_key *k = kie_find(q->segment[1], q->segment[4]);
	long offset = 0, limit = 0, at = 0;
	cJSON *out, *data;
	const cJSON *version;

	if (!number(q, "limit", 1, 100, &limit) || !number(q, "offset", 0, 1 << 30, &offset))
		return;
	if (!k) {
		fail(q, 500001, "internal server error", "internal server error");
		return;
	}
	out = cJSON_CreateObject();
	cJSON_AddNumberToObject(out, "total", cJSON_GetArraySize(k->history));
	data = cJSON_AddArrayToObject(out, "data");
	cJSON_ArrayForEach(version, k->history)
	{
		if (at >= offset && (!limit || at < offset + limit))
			cJSON_AddItemToArray(data, cJSON_Duplicate(version, true));
		at++;
	}
	say_json(q->conn, "", out);
}

static void track(struct fake_request *q)
{
	fail(q, 404001, "record does not exist", "can not find any polling data");
}

/* --- upload --- */

static void upload_fail(cJSON *failure, const cJSON *item, int code, const char *words)
{
	cJSON *out = cJSON_CreateObject();

	cJSON_AddStringToObject(out, "key", fake_str(item, "key"));
	cJSON_AddItemToObject(out, "labels",
			      kie_sort_labels(cJSON_GetObjectItemCaseSensitive(item, "labels")));
	cJSON_AddNumberToObject(out, "error_code", code);
	cJSON_AddStringToObject(out, "error_message", words);
	cJSON_AddItemToArray(failure, out);
}

static void upload_one(struct fake_request *q, const char *how, const cJSON *item, cJSON *success,
		       cJSON *failure, bool *stopped)
{
	struct kie_key *k = existing(q->segment[1], item);
	const char *status = fake_str(item, "status"), *fault = key_fault(item);

	*stopped = *stopped || (k && strcmp(how, "abort") == 0);
	if (*stopped) {
		upload_fail(failure, item, 400005,
			    "stop overriding kvs after reaching the duplicate kv");
	} else if (fault) {
		upload_fail(failure, item, 400001, fault);
	} else if (k && strcmp(how, "skip") == 0) {
		upload_fail(failure, item, 400004, "skip overriding duplicate kvs");
	} else {
		if (k) /* no status switches it off */
			kie_update(k, fake_str(item, "value"), *status ? status : "disabled");
		else
			k = kie_add(q->segment[1], item);
		cJSON_AddItemToArray(success, kie_brief(k));
		wake_for(k);
	}
}

static void upload(struct fake_request *q)
{
	static const char *const hows[] = {"force", "abort", "skip", NULL};
	char *how = fake_param(q, "override", 0);
	cJSON *out, *success, *failure;
	const cJSON *item;
	bool stopped = false;

	if (!how) {
		refuse(q, "Query parameter 'override' is required");
	} else if (!one_of(how, hows)) {
		fake_text(q->conn, 500, "", "server got a panic, plz check log.");
	} else {
		out = cJSON_CreateObject();
		success = cJSON_AddArrayToObject(out, "success");
		failure = cJSON_AddArrayToObject(out, "failure");
		cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(q->json, "data"))
			upload_one(q, how, item, success, failure, &stopped);
		say_json(q->conn, "", out);
	}
	free(how);
}

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

	return !token || fake_path(q, "/v1/health") ||
	       (fake_header(q, "authorization", value, sizeof(value)) &&
		strncmp(value, "Bearer ", 7) == 0 && strcmp(value + 7, token) == 0);
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
	size_t held = 0, late = 0;

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
	if (strcmp(key, "rate") == 0)
		kie.rate = strtol(value, NULL, 10);
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

	while ((option = getopt(argc, argv, "R:t:")) != -1)
		switch (option) {
		case 'R':
			kie.rate = strtol(optarg, NULL, 10);
			break;
		case 't':
			token = optarg;
			break;
		default:
			return 2;
		}
	if (argc != optind + 1)
		lab_die("usage: fakekie [-R REQUESTS_PER_SECOND] [-t TOKEN] ADDRESS:PORT");
	fake_server.head = "";
	fake_run(argv[optind]);
}
