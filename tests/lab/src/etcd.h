/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd as a registry of the lab, in the layout of sluice-inventory(5): blocking calls to its JSON
 * gateway. etcd is ADDRESS:PORT.
 */
#ifndef SLUICE_LAB_ETCD_H
#define SLUICE_LAB_ETCD_H

#include "member.h"

/* --- base64 --- */

static const char lab_base64_set[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static inline void lab_base64(struct lab_buf *to, const char *text)
{
	const char *set = lab_base64_set;
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)text[i] << 16;
		char four[4];

		v |= i + 1 < len ? (unsigned)(unsigned char)text[i + 1] << 8 : 0;
		v |= i + 2 < len ? (unsigned)(unsigned char)text[i + 2] : 0;
		four[0] = set[v >> 18];
		four[1] = set[v >> 12 & 63];
		four[2] = i + 1 < len ? set[v >> 6 & 63] : '=';
		four[3] = i + 2 < len ? set[v & 63] : '=';
		lab_buf_add(to, four, 4);
	}
}

/* Up to the first character that is none of it. Leaves *to terminated. */
static inline void lab_unbase64(struct lab_buf *to, const char *text)
{
	unsigned v = 0;
	int bits = 0;

	for (const char *at; *text && (at = strchr(lab_base64_set, *text)); text++) {
		char byte;

		v = v << 6 | (unsigned)(at - lab_base64_set);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		byte = (char)(v >> bits);
		lab_buf_add(to, &byte, 1);
	}
	lab_buf_add(to, "", 1);
}

/* --- calls --- */

static inline void lab_etcd_field(struct lab_buf *body, const char *name, const char *text)
{
	lab_buf_addf(body, "%s\"%s\":\"", body->len > 1 ? "," : "", name);
	lab_base64(body, text);
	lab_buf_addf(body, "\"");
}

/* The answer as JSON, for cJSON_Delete; NULL = none that is good. */
static inline cJSON *lab_etcd_ask(const char *etcd, const char *path, const char *body)
{
	struct lab_answer a;
	cJSON *json = lab_call(&a, etcd, "POST", path, "", body) ? cJSON_Parse(a.body) : NULL;

	lab_answer_release(&a);
	return json;
}

/* --- finding --- */

static inline bool lab_etcd_callee(const cJSON *row, struct lab_callee *to)
{
	struct lab_buf text = {0};
	cJSON *value;
	bool ok;

	lab_unbase64(&text, lab_json_str(row, "value"));
	value = cJSON_Parse(text.data);
	ok = lab_callee_set(to, lab_json_str(value, "state"), lab_json_str(value, "address"),
			    lab_json_num(value, "port", 0), lab_json_num(value, "weight", 100));
	cJSON_Delete(value);
	lab_buf_release(&text);
	return ok;
}

/* See lab_registry_find. */
static inline long lab_etcd_find(const char *etcd, const char *environment, const char *service,
				 struct lab_callee *found, long max)
{
	struct lab_buf body = {0};
	const cJSON *row;
	cJSON *answer;
	char key[300];
	long count = 0;

	snprintf(key, sizeof(key), "/sluice/services/%s/%s/", environment, service);
	lab_buf_addf(&body, "{");
	lab_etcd_field(&body, "key", key);
	key[strlen(key) - 1]++;
	lab_etcd_field(&body, "range_end", key);
	lab_buf_addf(&body, "}");
	answer = lab_etcd_ask(etcd, "/v3/kv/range", body.data);
	lab_buf_release(&body);
	if (!answer)
		return -1;
	cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "kvs"))
	{
		if (count < max && lab_etcd_callee(row, &found[count]))
			count++;
	}
	cJSON_Delete(answer);
	return count;
}

/* --- registering --- */

static inline bool lab_etcd_grant(struct lab_member *m)
{
	char body[120];
	cJSON *answer;

	snprintf(body, sizeof(body), "{\"TTL\":%d}", m->ttl);
	answer = lab_etcd_ask(m->registry.address, "/v3/lease/grant", body);
	snprintf(m->lease, sizeof(m->lease), "%s", lab_json_str(answer, "ID"));
	cJSON_Delete(answer);
	return m->lease[0];
}

static inline char *lab_etcd_value(const struct lab_instance *i)
{
	cJSON *o = cJSON_CreateObject(), *labels = cJSON_AddObjectToObject(o, "labels");
	struct timespec now;
	char *text;

	clock_gettime(CLOCK_REALTIME, &now);
	cJSON_AddStringToObject(o, "host", i->host);
	cJSON_AddStringToObject(o, "address", i->address);
	cJSON_AddNumberToObject(o, "port", i->port);
	cJSON_AddStringToObject(o, "version", i->version);
	cJSON_AddStringToObject(o, "state", "UP");
	cJSON_AddNumberToObject(o, "weight", 100);
	cJSON_AddNumberToObject(o, "since", (double)now.tv_sec * 1000);
	if (i->zone[0])
		cJSON_AddStringToObject(labels, "zone", i->zone);
	if (i->lane[0])
		cJSON_AddStringToObject(labels, "lane", i->lane);
	text = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	return text;
}

static inline bool lab_etcd_put(struct lab_member *m)
{
	struct lab_buf body = {0};
	char *value = lab_etcd_value(&m->instance), key[300];
	cJSON *answer;

	snprintf(key, sizeof(key), "/sluice/services/%s/%s/%s:%u", m->registry.environment,
		 m->instance.service, m->instance.host, m->instance.port);
	lab_buf_addf(&body, "{");
	lab_etcd_field(&body, "key", key);
	lab_etcd_field(&body, "value", value);
	lab_buf_addf(&body, ",\"lease\":\"%s\"}", m->lease);
	answer = lab_etcd_ask(m->registry.address, "/v3/kv/put", body.data);
	cJSON_Delete(answer);
	cJSON_free(value);
	lab_buf_release(&body);
	return answer != NULL;
}

static inline bool lab_etcd_enter(struct lab_member *m)
{
	return lab_etcd_grant(m) && lab_etcd_put(m);
}

/* False = the lease is lost: etcd then answers without a TTL. Silence is no answer: try again. */
static inline bool lab_etcd_stay(struct lab_member *m)
{
	char body[120];
	cJSON *answer;
	bool alive;

	snprintf(body, sizeof(body), "{\"ID\":\"%s\"}", m->lease);
	answer = lab_etcd_ask(m->registry.address, "/v3/lease/keepalive", body);
	alive = !answer ||
		cJSON_HasObjectItem(cJSON_GetObjectItemCaseSensitive(answer, "result"), "TTL");
	cJSON_Delete(answer);
	return alive;
}

static inline void lab_etcd_leave(struct lab_member *m)
{
	char body[120];

	snprintf(body, sizeof(body), "{\"ID\":\"%s\"}", m->lease);
	cJSON_Delete(lab_etcd_ask(m->registry.address, "/v3/lease/revoke", body));
}

#endif
