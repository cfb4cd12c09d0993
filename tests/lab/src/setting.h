/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One setting of a service of the lab, read from the config centre every second from a thread of
 * its own; what was read last stays good while the centre is silent. The centre is given as
 *
 *     etcd://ADDRESS:PORT/ENVIRONMENT     or     kie://ADDRESS:PORT/ENVIRONMENT
 */
#ifndef SLUICE_LAB_SETTING_H
#define SLUICE_LAB_SETTING_H

#include "etcd.h"

#define LAB_SETTING_MS 1000

struct lab_setting {
	bool is_kie;
	char address[64], environment[64], service[64], key[64];
	char revision[32]; /* Kie: of the last list */
	struct lab_ticker ticker;
	pthread_mutex_t lock;
	char value[200]; /* under lock; "" = not set */
};

static inline bool lab_setting_parse(struct lab_setting *s, const char *text)
{
	s->is_kie = strncmp(text, "kie://", 6) == 0;
	return (s->is_kie || strncmp(text, "etcd://", 7) == 0) &&
	       sscanf(strstr(text, "//") + 2, "%63[^/]/%63s", s->address, s->environment) == 2;
}

static inline void lab_setting_keep(struct lab_setting *s, const char *value)
{
	pthread_mutex_lock(&s->lock);
	snprintf(s->value, sizeof(s->value), "%s", value);
	pthread_mutex_unlock(&s->lock);
}

static inline void lab_setting_from_etcd(struct lab_setting *s)
{
	struct lab_buf body = {0}, value = {0};
	char key[300];
	cJSON *answer;

	snprintf(key, sizeof(key), "/sluice/config/%s/%s/%s", s->environment, s->service, s->key);
	lab_buf_addf(&body, "{");
	lab_etcd_field(&body, "key", key);
	lab_buf_addf(&body, "}");
	answer = lab_etcd_ask(s->address, "/v3/kv/range", body.data);
	if (answer) {
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(answer, "kvs");

		lab_unbase64(&value, lab_json_str(cJSON_GetArrayItem(rows, 0), "value"));
		lab_setting_keep(s, value.data);
		lab_buf_release(&value);
	}
	cJSON_Delete(answer);
	lab_buf_release(&body);
}

/* The enabled one with our labels; the revision saves the answer when nothing changed. */
static inline void lab_setting_from_kie(struct lab_setting *s)
{
	struct lab_answer a;
	char path[400];
	cJSON *answer = NULL;
	const cJSON *row;
	const char *value = "";

	snprintf(path, sizeof(path),
		 "/v1/default/kie/kv?label=environment:%s&label=service:%s&status=enabled%s%s",
		 s->environment, s->service, s->revision[0] ? "&revision=" : "", s->revision);
	if (lab_call(&a, s->address, "GET", path, "", NULL))
		answer = cJSON_Parse(a.body);
	if (answer) {
		lab_http_header(&a.buf, a.head, "x-kie-revision", s->revision, sizeof(s->revision));
		cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(answer, "data"))
		{
			if (strcmp(lab_json_str(row, "key"), s->key) == 0)
				value = lab_json_str(row, "value");
		}
		lab_setting_keep(s, value);
	}
	cJSON_Delete(answer);
	lab_answer_release(&a);
}

static inline int lab_setting_turn(void *arg)
{
	struct lab_setting *s = arg;

	if (s->is_kie)
		lab_setting_from_kie(s);
	else
		lab_setting_from_etcd(s);
	return LAB_SETTING_MS;
}

/* address, environment, service and key are set. Signals must be blocked before. */
static inline void lab_setting_start(struct lab_setting *s)
{
	pthread_mutex_init(&s->lock, NULL);
	lab_ticker_start(&s->ticker, lab_setting_turn, NULL, s);
}

/* ,"setting":{"KEY":"VALUE"} for a JSON answer; "" when there is no such thing. */
static inline void lab_setting_json(struct lab_setting *s, char *to, size_t size)
{
	cJSON *value;
	char *text;

	*to = '\0';
	if (!s->ticker.started)
		return;
	pthread_mutex_lock(&s->lock);
	value = cJSON_CreateString(s->value);
	pthread_mutex_unlock(&s->lock);
	text = cJSON_PrintUnformatted(value);
	snprintf(to, size, ",\"setting\":{\"%s\":%.400s}", s->key, text ? text : "null");
	cJSON_free(text);
	cJSON_Delete(value);
}

#endif
