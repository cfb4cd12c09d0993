/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Kie's reads: lists, and polls that are held. */
#ifndef SLUICE_LAB_KIE_LIST_H
#define SLUICE_LAB_KIE_LIST_H

#include "kie_store.h"

struct poll {
	struct fake_conn *conn; /* NULL = free */
	char project[80];
	cJSON *labels;
	bool exact;
	int64_t until;
};

static struct poll polls[FAKE_CONNS];

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
		p->until = lab_now() + (kie.hasty ? 0 : ms);
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

#endif
