/* SPDX-License-Identifier: Apache-2.0 */
/* The fake Service Center's reads: instances with revisions, batch find, and the govern calls. */
#ifndef SLUICE_LAB_SC_FIND_H
#define SLUICE_LAB_SC_FIND_H

#include "sc_rbac.h"
#include "sc_store.h"

/* Rendered instances and what they hash to, in any order. */
struct sc_set {
	char *text; /* "[...]" without the brackets */
	size_t len, room, count;
	uint64_t hash;
	char rev[41];
};

static inline bool sc_stored(const struct fake_request *q)
{
	return fake_param_is(q, "noCache", "1");
}

static inline void sc_set_add(struct sc_set *set, const struct sc_service *s, bool stored)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sc_face *f =
			stored ? &s->instances[i]->stored : &s->instances[i]->cached;
		size_t len;

		if (!f->present)
			continue;
		len = strlen(f->text);
		if (set->len + len + 2 > set->room) {
			set->room = (set->len + len + 2) * 2;
			set->text = realloc(set->text, set->room);
			if (!set->text)
				lab_die("out of memory");
		}
		if (set->count++)
			set->text[set->len++] = ',';
		memcpy(set->text + set->len, f->text, len + 1);
		set->len += len;
		set->hash += f->hash;
	}
}

static inline void sc_set_end(struct sc_set *set)
{
	char text[40];

	snprintf(text, sizeof(text), "%llx", (unsigned long long)set->hash);
	fake_digest(set->rev, 40, text);
}

/* 304, or {"instances":[...]}: the set is done with. */
static inline void sc_set_say(struct fake_request *q, struct sc_set *set)
{
	char *rev = fake_param(q, "rev", 0), header[80];
	char *body = sc_new(set->len + 32);
	int n = set->count ? sprintf(body, "{\"instances\":[%s]}", set->text) : sprintf(body, "{}");

	sc_set_end(set);
	snprintf(header, sizeof(header), "X-Resource-Revision: %s\r\n", set->rev);
	if (rev && strcmp(rev, set->rev) == 0 && !sc_stored(q) &&
	    !fake_param_is(q, "cacheOnly", "1"))
		fake_say(q->conn, 304, NULL, header, "", 0);
	else
		fake_say(q->conn, 200, SC_JSON, header, body, (size_t)n);
	free(body);
	free(rev);
	free(set->text);
}

/* --- who asks --- */

static struct {
	long long consumer_reads, batch_finds, names_not_modified, logins;
} sc_seen;

/* The consumer that X-ConsumerId names. False = unknown, and refused. */
static inline bool sc_consumer(struct fake_request *q, struct sc_service **consumer)
{
	char id[100];

	*consumer = NULL;
	if (!fake_header(q, "x-consumerid", id, sizeof(id)) || !id[0])
		return true;
	sc_seen.consumer_reads++;
	*consumer = sc_service_by_id(q->segment[1], id);
	if (!*consumer)
		sc_fail(q->conn, 400012, "Micro-service does not exist", "Invalid consumer");
	return *consumer != NULL;
}

/* All versions of a name. False = there is none. */
static inline bool sc_find_name(const struct fake_request *q, struct sc_service *consumer,
				const char *environment, const char *app, const char *name,
				struct sc_set *set)
{
	struct sc_service *s;
	size_t at = 0;
	bool found = false;

	if (consumer)
		environment = consumer->environment;
	while ((s = sc_service_next(q->segment[1], environment, app, name, NULL, &at))) {
		if (consumer && !found)
			sc_edge_add(consumer, s->environment, s->app, s->name);
		found = true;
		sc_set_add(set, s, sc_stored(q));
	}
	sc_set_end(set);
	return found;
}

static inline void sc_find(struct fake_request *q)
{
	char *app = fake_param(q, "appId", 0), *name = fake_param(q, "serviceName", 0);
	char *environment = fake_param(q, "env", 0), detail[400];
	struct sc_service *consumer;
	struct sc_set set = {0};

	if (!app || !name)
		sc_fail(q->conn, 400001, "Invalid parameter(s)", "appId, serviceName");
	else if (!sc_consumer(q, &consumer))
		;
	else if (sc_find_name(q, consumer, environment ? environment : "", app, name, &set))
		sc_set_say(q, &set);
	else {
		snprintf(detail, sizeof(detail),
			 "Consumer[][%s///] find provider[%s/%s/%s] failed, provider does not "
			 "exist",
			 environment ? environment : "", environment ? environment : "", app, name);
		sc_fail(q->conn, 400012, "Micro-service does not exist", detail);
	}
	free(app);
	free(name);
	free(environment);
}

/* --- batch find --- */

static char sc_broken[64]; /* the one name at which it fails; "" = none */

struct sc_batch {
	struct lab_buf not_modified, failed, broken; /* lists, without brackets */
	char *updated;
	size_t updated_len, room;
};

static inline void sc_batch_update(struct sc_batch *b, int index, const struct sc_set *set)
{
	char head[120];
	int n = snprintf(head, sizeof(head), "%s{\"index\":%d,\"rev\":\"%s\"%s",
			 b->updated_len ? "," : "", index, set->rev,
			 set->count ? ",\"instances\":[" : "");
	const char *tail = set->count ? "]}" : "}";

	if (b->updated_len + (size_t)n + set->len + 3 > b->room) {
		b->room = (b->updated_len + (size_t)n + set->len + 3) * 2;
		b->updated = realloc(b->updated, b->room);
		if (!b->updated)
			lab_die("out of memory");
	}
	memcpy(b->updated + b->updated_len, head, (size_t)n);
	b->updated_len += (size_t)n;
	if (set->len)
		memcpy(b->updated + b->updated_len, set->text, set->len);
	b->updated_len += set->len;
	memcpy(b->updated + b->updated_len, tail, strlen(tail) + 1);
	b->updated_len += strlen(tail);
}

static inline void sc_batch_take(struct sc_batch *b, struct fake_request *q, int index,
				 const cJSON *item, bool found, struct sc_set *set)
{
	if (sc_broken[0] &&
	    strcmp(sc_broken, fake_str(cJSON_GetObjectItem(item, "service"), "serviceName")) == 0)
		lab_buf_addf(&b->broken, "%s%d", b->broken.len ? "," : "", index);
	else if (!found)
		lab_buf_addf(&b->failed, "%s%d", b->failed.len ? "," : "", index);
	else if (strcmp(fake_str(item, "rev"), set->rev) == 0 && !sc_stored(q)) {
		lab_buf_addf(&b->not_modified, "%s%d", b->not_modified.len ? "," : "", index);
		sc_seen.names_not_modified++;
	} else
		sc_batch_update(b, index, set);
	free(set->text);
}

/* The three lists as text: yours to free. code and words are those of what failed. */
static inline char *sc_batch_text(struct sc_batch *b, const char *name, int code, const char *words)
{
	size_t room = b->updated_len + b->not_modified.len + b->failed.len + b->broken.len + 900;
	char *text = sc_new(room);
	size_t n = (size_t)snprintf(text, room, "\"%s\":{", name);
	const char *comma = "";

	if (b->failed.len) {
		n += (size_t)snprintf(text + n, room - n,
				      "\"failed\":[{\"indexes\":[%s],\"error\":{\"errorCode\":"
				      "\"%d\",\"errorMessage\":\"%s\",\"detail\":\"%s\"}}]",
				      b->failed.data, code, words, words);
		comma = ",";
	} else if (b->broken.len) {
		n += (size_t)snprintf(text + n, room - n,
				      "\"failed\":[{\"indexes\":[%s],\"error\":{\"errorCode\":"
				      "\"500003\",\"errorMessage\":\"Internal server error\"}}]",
				      b->broken.data);
		comma = ",";
	}
	if (b->not_modified.len) {
		n += (size_t)snprintf(text + n, room - n, "%s\"notModified\":[%s]", comma,
				      b->not_modified.data);
		comma = ",";
	}
	if (b->updated_len)
		n += (size_t)snprintf(text + n, room - n, "%s\"updated\":[%s]", comma, b->updated);
	snprintf(text + n, room - n, "}");
	lab_buf_release(&b->failed);
	lab_buf_release(&b->broken);
	lab_buf_release(&b->not_modified);
	free(b->updated);
	return text;
}

static inline char *sc_batch_services(struct fake_request *q, const cJSON *list,
				      struct sc_service *consumer)
{
	struct sc_batch b = {0};
	const cJSON *item;
	int index = 0;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, "service");
		struct sc_set set = {0};
		bool found =
			sc_find_name(q, consumer, fake_str(key, "environment"),
				     fake_str(key, "appId"), fake_str(key, "serviceName"), &set);

		sc_batch_take(&b, q, index++, item, found, &set);
	}
	return sc_batch_text(&b, "services", 400012, "Micro-service does not exist");
}

static inline char *sc_batch_instances(struct fake_request *q, const cJSON *list)
{
	struct sc_batch b = {0};
	const cJSON *item;
	int index = 0;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, "instance");
		struct sc_service *s = sc_service_by_id(q->segment[1], fake_str(key, "serviceId"));
		struct sc_instance *i =
			sc_instance_by_id(s, fake_str(key, "instanceId"), sc_stored(q));
		struct sc_instance *one[] = {i};
		struct sc_service alone = {.instances = one, .count = i != NULL};
		struct sc_set set = {0};

		sc_set_add(&set, &alone, sc_stored(q));
		sc_set_end(&set);
		sc_batch_take(&b, q, index++, item, i != NULL, &set);
	}
	return sc_batch_text(&b, "instances", 400017, "Instance does not exist");
}

static inline bool sc_batch_keys_good(const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const cJSON *key = cJSON_GetObjectItemCaseSensitive(item, "service");

		if (!fake_str(key, "appId")[0] || !fake_str(key, "serviceName")[0])
			return false;
	}
	return true;
}

static inline void sc_batch_find(struct fake_request *q)
{
	const cJSON *services = cJSON_GetObjectItemCaseSensitive(q->json, "services");
	const cJSON *instances = cJSON_GetObjectItemCaseSensitive(q->json, "instances");
	bool both = cJSON_GetArraySize(services) && cJSON_GetArraySize(instances);
	struct sc_service *consumer;
	char *a, *b, *text;

	sc_seen.batch_finds++;
	if (!cJSON_GetArraySize(services) && !cJSON_GetArraySize(instances)) {
		sc_fail(q->conn, 400001, "Invalid parameter(s)", "Required services or instances");
		return;
	}
	if (!sc_batch_keys_good(services)) {
		sc_fail(q->conn, 400001, "Invalid parameter(s)", "field 'FindService.Service'");
		return;
	}
	if (!sc_consumer(q, &consumer))
		return;
	a = cJSON_GetArraySize(services) ? sc_batch_services(q, services, consumer) : sc_dup("");
	b = cJSON_GetArraySize(instances) ? sc_batch_instances(q, instances) : sc_dup("");
	text = sc_new(strlen(a) + strlen(b) + 8);
	sprintf(text, "{%s%s%s}", a, both ? "," : "", b);
	fake_say(q->conn, 200, SC_JSON, "", text, strlen(text));
	free(a);
	free(b);
	free(text);
}

#endif
