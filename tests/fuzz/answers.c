// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as what a network says: answers of backends, lines of a log, what a host says of
 * itself. The first byte names the parser, the rest is the answer. No crash, no leak, no hang, and
 * nothing that comes out could steer a terminal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "orchestrator/view/host_facts.h"
#include "orchestrator/view/log_lines.h"
#include "orchestrator/view/trace_json.h"
#include "orchestrator/view/waterfall.h"
#include "plugins/etcd/etcd.h"
#include "plugins/haproxy/parse.h"
#include "plugins/host/catalogue.h"
#include "plugins/prometheus/prometheus.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/zipkin/zipkin.h"
#define sl_call sc_call /* each plugin has one of its own */
#include "plugins/serviceCenter/sc.h"
#undef sl_call
#define sl_call kie_call
#include "plugins/kie/kie.h"
#undef sl_call

#ifndef SLUICE_LIBFUZZER
static const char *const pieces[] = {
	"{",
	"}",
	"[",
	"]",
	":",
	",",
	"\"",
	"null",
	"true",
	"-1",
	"1e300",
	"9223372036854775807",
	"\\u0000",
	"\\ud800",
	"\x1b[2J",
	"\xff",
	"\n",
	" ",
	"\"NaN\"",
	"\"+Inf\"",
	"\"id\":\"1\",",
	"\"parentId\":\"1\",",
	"\"shared\":true,",
	"\"timestamp\":9007199254740992,",
	"\"duration\":9007199254740992,",
	"\"index\":0,",
	"\"kvs\":[",
	"\"more\":true,",
	"c2x1aWNl",
	"%0a",
	"=",
	"\r",
	"10:31:02",
	"ERROR",
};
#endif

#include "tests/fuzz/replay.h"

enum { FACTS_MAX = 64 };

/* Of the instance, which there is none of. */
void etcd_maybe_free(struct etcd *etcd)
{
	(void)etcd;
}

static void check_clean(const char *text, size_t len)
{
	if (sl_text_is_clean(text, len))
		return;
	fprintf(stderr, "not clean: %zu bytes:", len);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, " %02x", (unsigned char)text[i]);
	fprintf(stderr, "\n");
	abort();
}

static void check_lines(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		check_clean(text, len);
		text += len + (text[len] == '\n');
	}
}

/* --- instances: into the model that is shown --- */

static struct catalogue *model(void)
{
	static struct catalogue *c;

	if (!c)
		c = catalogue_new(uv_default_loop());
	return c;
}

static void take_instance(void *arg, const struct sl_instance *i)
{
	struct catalogue *c = model();

	(void)arg;
	catalogue_give(c, "names", "static", i, 1);
	for (size_t k = 0; k < catalogue_service_count(c); k++) {
		const struct cat_service *s = catalogue_service(c, k);

		check_clean(s->path, strlen(s->path));
		for (size_t n = 0; n < s->count; n++)
			check_clean(s->instances[n].note, strlen(s->instances[n].note));
	}
}

static const struct sl_registry_sink sink = {.instance = take_instance};

static void try_etcd(const char *text, size_t len, struct sl_error *e)
{
	const struct etcd etcd = {.prefix = (char *)"/sluice"};
	struct etcd_reply reply = {0};
	struct etcd_place place;

	etcd_reply_parse(&reply, true, 200, text, len, e);
	for (size_t i = 0; i < reply.row_count; i++) {
		const struct etcd_row *row = &reply.rows[i];

		if (row->key && !e->code && etcd_place_parse(&etcd, "services", row, &place)) {
			if (place.name)
				etcd_instance_report(row, &place, &sink, NULL);
			free(place.memory);
		}
	}
	etcd_reply_release(&reply);
}

static void try_services(const char *text, size_t len, struct sl_error *e)
{
	cJSON *json = sl_json_parse(text, len, e);
	struct sc_view view = {0};

	if (json)
		sc_view_parse(&view, json, NULL, NULL, NULL, e);
	sl_arena_release(&view.arena);
	cJSON_Delete(json);
}

static void try_instances(const char *text, size_t len, struct sl_error *e)
{
	cJSON *json = sl_json_parse(text, len, e);
	struct sc_group *g = sc_group_new("", "app", "orders");

	sc_group_parse(g, sl_json_get(json, "instances"), "weight");
	for (size_t i = 0; i < g->count; i++)
		take_instance(NULL, &(struct sl_instance){.service = g->name,
							  .id = g->rows[i].id,
							  .host = g->rows[i].host,
							  .address = g->rows[i].address,
							  .port = g->rows[i].port,
							  .version = g->rows[i].version,
							  .state = g->rows[i].state,
							  .weight = g->rows[i].weight,
							  .since = g->rows[i].since,
							  .labels = g->rows[i].labels,
							  .label_count = g->rows[i].label_count,
							  .note = g->rows[i].note});
	sc_group_question(g);
	sc_group_unref(g);
	cJSON_Delete(json);
}

/* --- keys, routers, metrics --- */

static void try_keys(const char *text, size_t len, struct sl_error *e)
{
	cJSON *json = sl_json_parse(text, len, e);
	const struct sl_label label = {"service", "orders"};
	const cJSON *doc;
	struct kie_key k;

	cJSON_ArrayForEach(doc, sl_json_get(json, "data"))
	{
		if (kie_key_parse(&k, doc))
			free(kie_exact_path(k.key, k.labels, k.label_count));
	}
	kie_list_find(json, "timeout", &label, 1);
	cJSON_Delete(json);
}

static void try_router(const char *text, size_t len, struct sl_error *e)
{
	struct hap_view v = {0};

	hap_view_parse(&v, "be", text, len, e);
	hap_view_find(&v, "s1");
	hap_view_release(&v);
}

static void try_metrics(const char *text, size_t len, struct sl_error *e)
{
	struct prom_result result = {0};

	prom_result_parse(&result, 200, text, len, e);
	prom_result_release(&result);
}

/* --- traces --- */

static void draw_trace(struct trace *t)
{
	struct sl_buf out;
	cJSON *json;

	trace_finish(t);
	sl_buf_init(&out, 1u << 20);
	wf_print(t, 100, true, &out);
	check_lines(sl_buf_str(&out));
	sl_buf_release(&out);
	json = trace_json(t);
	free(sl_json_print(json));
	cJSON_Delete(json);
	trace_free(t);
}

static void try_traces(enum zipkin_shape shape, const char *text, size_t len, struct sl_error *e)
{
	struct zipkin_reply reply = {0};
	struct trace *t = trace_new("7f3a");

	zipkin_reply_parse(&reply, shape, 200, text, len, e);
	for (size_t i = 0; i < reply.span_count && !e->code; i++)
		trace_add(t, &reply.spans[i]);
	draw_trace(t);
	zipkin_reply_release(&reply);
}

/* --- hosts --- */

/* As a connection that breaks in the middle, and comes back with what it had said. */
static void try_log(const char *text, size_t len, struct sl_error *e)
{
	struct log_lines *l = log_lines_new();

	(void)e;
	log_lines_feed(l, text, len / 2);
	log_lines_note(l, "-- lost --");
	log_lines_again(l);
	log_lines_feed(l, text, len);
	log_lines_settle(l);
	log_lines_end(l);
	for (size_t i = 0; i < log_lines_count(l); i++)
		check_clean(log_lines_at(l, i)->text, log_lines_at(l, i)->len);
	log_lines_free(l);
}

static void try_facts(const char *text, size_t len, struct sl_error *e)
{
	const char *keys[FACTS_MAX];
	char *values[FACTS_MAX], *plain;
	struct remote_answer a = {.keys = keys, .values = (const char *const *)values};
	char *copy = sl_strndup(text, len), *line = copy, *end, note[256];
	struct host_facts f;

	(void)e;
	for (; line && a.count < FACTS_MAX; line = end) {
		char *value = strchr(line, '=');

		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		if (!value || (end && value >= end))
			continue;
		*value = '\0';
		plain = sl_text_unpercent(value + 1);
		keys[a.count] = line;
		values[a.count++] =
			sl_text_clean_dup(plain ? plain : "", plain ? strlen(plain) : 0, true);
		free(plain);
	}
	host_facts_read(&f, &a, 1700000000000, 1700000000100, NULL);
	host_facts_judge(&f, 100, note, sizeof note);
	check_clean(note, strlen(note));
	host_facts_release(&f);
	while (a.count)
		free(values[--a.count]);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct sl_error e = {0};
	char *copy;

	if (!size)
		return 0;
	copy = sl_strndup(text, size - 1); /* answers have a NUL behind them */
	size = strlen(copy);
	switch (data[0]) {
	case 'e':
		try_etcd(copy, size, &e);
		break;
	case 's':
		try_services(copy, size, &e);
		break;
	case 'i':
		try_instances(copy, size, &e);
		break;
	case 'k':
		try_keys(copy, size, &e);
		break;
	case 'h':
		try_router(copy, size, &e);
		break;
	case 'p':
		try_metrics(copy, size, &e);
		break;
	case 'l':
		try_log(copy, size, &e);
		break;
	case 'f':
		try_facts(copy, size, &e);
		break;
	default:
		try_traces((enum zipkin_shape)(data[0] & 3), copy, size, &e);
	}
	check_lines(e.msg);
	free(copy);
	return 0;
}
