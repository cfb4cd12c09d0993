/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A registry, metrics and traces of a made-up town, for looking at screens: always the
 * same services, in every state there is, one of them with a Chinese name. TOWN_SERVICES=N adds N
 * plain ones of ten instances each. TOWN_TRACES=N: so many traces more. TOWN_DOWN: nothing answers
 * but by refusing. TOWN_CHANGES: the second list differs from the first. TOWN_ONCE: each question
 * is answered once, later ones never; TOWN_TURNS=N: measures are taken N times.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/plugin.h"

static const struct shop {
	const char *name, *version, *older; /* older NULL = one version */
	unsigned up, down, starting, out, unknown, old;
	double rate, errors, p50, p99;
} shops[] = {
	{"payments.charge", "4.12.1", "4.12.0", 46, 1, 1, 0, 0, 16, 8214, .031, .041, .912},
	{"payments.refund", "2.8.3", NULL, 11, 1, 0, 0, 0, 0, 310, .0142, .038, .688},
	{"checkout.web", "9.1.0", NULL, 12, 0, 0, 0, 0, 0, 12870, .0061, .055, .540},
	{"cart.api", "3.3.8", "3.3.7", 22, 0, 2, 0, 0, 12, 9402, .0022, .022, .418},
	{"search.query", "17.0.4", NULL, 24, 0, 0, 0, 0, 0, 31055, .0009, .031, .377},
	{"ads.ranker", "2026.8.1", NULL, 31, 0, 0, 0, 0, 0, 44910, .0004, .019, .351},
	{"库存·媒体编码", "1.9.9", NULL, 6, 0, 0, 0, 0, 0, 77, 0, .120, .344},
	{"user.profile", "6.2.2", NULL, 18, 0, 0, 0, 0, 0, 15330, .0002, .012, .290},
	{"inventory.stock", "5.0.1", NULL, 7, 0, 0, 0, 0, 0, 6118, .0031, .018, .268},
	{"auth.token", "3.8.0", NULL, 14, 0, 0, 0, 0, 0, 22001, .0001, .004, .251},
	{"notify.push", "2.2.0", NULL, 3, 0, 0, 0, 0, 0, 1905, .0012, .060, .240},
	{"geo.resolve", "1.4.4", NULL, 0, 0, 0, 2, 0, 0, 3380, 0, .009, .233},
	{"pricing.quote", "7.7.0", NULL, 6, 0, 0, 0, 0, 0, 4412, .0005, .027, .221},
	{"legacy.billing", NULL, NULL, 0, 0, 0, 0, 6, 0, -1, -1, -1, -1},
};

/* TOWN_CHINESE=1: the same town, spoken of in Chinese. */
static const char *const translated[][2] = {
	{"payments.charge", "支付·扣款"},
	{"payments.refund", "支付·退款"},
	{"checkout.web", "结账网页（含优惠券与积分抵扣）"},
	{"cart.api", "购物车"},
	{"search.query", "搜索·查询"},
	{"ads.ranker", "广告排序Ｖ２"},
	{"user.profile", "用户画像"},
	{"inventory.stock", "订单-10"},
	{"auth.token", "订单-2"},
	{"notify.push", "消息推送"},
	{"geo.resolve", "地理解析"},
	{"pricing.quote", "报价 API"},
	{"legacy.billing", "旧账单"},
	{"fx.rates", "汇率"},
	{"503 db pool exhausted", "503：数据库连接池已满，拒绝新连接"},
	{"db pool exhausted", "数据库连接池已满"},
	{"2026.8.1", "二〇二六·八"},
	{"POST /pay", "POST /结账"},
	{"POST /refund", "POST /退款"},
	{"charge", "扣款"},
	{"select", "查询"},
	{"reserve", "预占库存"},
	{"send", "发送短信"},
};

static bool is_chinese(void)
{
	return getenv("TOWN_CHINESE") != NULL;
}

static const char *say(const char *s)
{
	size_t i;

	for (i = 0; s && is_chinese() && i < SL_COUNT(translated); i++)
		if (!strcmp(translated[i][0], s))
			return translated[i][1];
	return s;
}

/* What was asked for may be a name that was told. */
static bool is_named(const char *name, const char *asked)
{
	return !strcmp(name, asked) || !strcmp(say(name), asked);
}

struct town {
	const struct sl_host_services *services;
	unsigned listed, asked, turn;
	void (*closed)(void *arg);
	void *arg;
};

struct sl_call {
	struct town *town;
	struct sl_timer *timer; /* NULL = never answered */
	const struct sl_registry_sink *list;
	const struct sl_metrics_sink *metrics;
	const struct sl_tracing_sink *traces;
	char expression[64];
	int64_t time; /* of the measures; 0 = now */
	void *arg;
};

static void finish(struct sl_call *c, enum sl_err code)
{
	struct sl_read_end end = {.revision = code ? "" : "1"};
	void (*done)(void *, const struct sl_read_end *) = c->list      ? c->list->done
							   : c->metrics ? c->metrics->done
									: c->traces->done;

	end.error.code = code;
	if (code == SL_EREFUSED)
		snprintf(end.error.msg, sizeof end.error.msg,
			 "http://10.8.0.250:2379: connection refused");
	done(c->arg, &end);
	free(c);
}

static void tell_instance(struct sl_call *c, const struct shop *s, unsigned i,
			  enum sl_instance_state state)
{
	char id[64], host[32], address[32];
	struct sl_instance at = {.service = say(s->name),
				 .id = id,
				 .host = host,
				 .address = address,
				 .port = 9000,
				 .version = say(i < s->old ? s->older : s->version),
				 .state = state,
				 .weight = 100,
				 .since = 1771000000000 + (int64_t)i * 1000};

	snprintf(host, sizeof host, "%.3s-%04u", s->name, i + 1);
	if (is_chinese())
		snprintf(host, sizeof host, "机房%s-%04u", i % 2 ? "乙" : "甲", i + 1);
	else if ((unsigned char)s->name[0] > 0x7f)
		snprintf(host, sizeof host, "kc-%04u", i + 1);
	snprintf(address, sizeof address, "10.8.%u.%u", i / 200, i % 200 + 1);
	snprintf(id, sizeof id, "%s:9000", address);
	at.note = state == SL_INSTANCE_DOWN ? say("503 db pool exhausted") : "";
	c->list->instance(c->arg, &at);
}

static void tell_shop(struct sl_call *c, const struct shop *s)
{
	struct sl_service service = {.service = say(s->name)};
	unsigned i, n = 0;

	c->list->service(c->arg, &service);
	for (i = 0; i < s->down; i++)
		tell_instance(c, s, n++, SL_INSTANCE_DOWN);
	for (i = 0; i < s->starting; i++)
		tell_instance(c, s, n++, SL_INSTANCE_STARTING);
	for (i = 0; i < s->out; i++)
		tell_instance(c, s, n++, SL_INSTANCE_OUT);
	for (i = 0; i < s->unknown; i++)
		tell_instance(c, s, n++, SL_INSTANCE_UNKNOWN);
	for (i = 0; i < s->up; i++)
		tell_instance(c, s, n++, SL_INSTANCE_UP);
}

static bool is_down(void)
{
	return getenv("TOWN_DOWN") != NULL;
}

static void list_now(void *arg)
{
	struct sl_call *c = arg;
	const char *more = getenv("TOWN_SERVICES");
	long n = more ? strtol(more, NULL, 10) : 0, i;
	char name[32];
	size_t k;

	if (is_down()) {
		finish(c, SL_EREFUSED);
		return;
	}
	for (k = 0; k < SL_COUNT(shops); k++) {
		struct shop s = shops[k];

		/* one is seen to come back, when it is looked at again */
		if (getenv("TOWN_CHANGES") && !strcmp(s.name, "search.query") &&
		    c->town->listed == 1) {
			s.up--;
			s.down++;
		}
		tell_shop(c, &s);
	}
	for (i = 0; i < n; i++) {
		struct shop s = {.name = name, .version = "1.0.0", .up = 10};

		snprintf(name, sizeof name, "svc-%04ld", i);
		tell_shop(c, &s);
	}
	finish(c, SL_OK);
}

static unsigned turns(void)
{
	const char *n = getenv("TOWN_TURNS");

	return n ? (unsigned)strtoul(n, NULL, 10) : getenv("TOWN_ONCE") ? 1 : 1000000;
}

static double value_of(const struct shop *s, const struct sl_call *c, size_t i)
{
	double t = c->town->turn + (double)i * 7;

	if (!strcmp(c->expression, "rate"))
		return s->rate;
	if (!strcmp(c->expression, "errors"))
		return s->rate * s->errors;
	if (!strcmp(c->expression, "p50"))
		return s->p50;
	if (getenv("TOWN_ONCE") || is_chinese() || s->p99 < 0)
		return s->p99;
	return s->p99 * (i < 2 ? .3 + .7 / (1 + exp(12 - c->town->turn * .4))
			       : .75 + .25 * sin(t * .9) * cos(t * .37));
}

static void measure_now(void *arg)
{
	struct sl_call *c = arg;
	size_t i;

	if (is_down()) {
		finish(c, SL_EREFUSED);
		return;
	}
	for (i = 0; i < SL_COUNT(shops); i++) {
		struct sl_label label = {"service", say(shops[i].name)};
		struct sl_sample sample = {.labels = &label, .label_count = 1, .time = c->time};

		sample.value = value_of(&shops[i], c, i);
		if (shops[i].rate >= 0)
			c->metrics->sample(c->arg, &sample);
	}
	finish(c, SL_OK);
}

static struct sl_call *call_new(struct town *t, void *arg, void (*now)(void *), bool answer)
{
	struct sl_call *c = sl_alloc(sizeof *c);

	c->town = t;
	c->arg = arg;
	if (answer)
		c->timer = t->services->timer(t->services->ctx, 0, now, c);
	return c;
}

static struct sl_call *list(void *instance, const char *revision, int64_t timeout_ms,
			    const struct sl_registry_sink *sink, void *arg)
{
	struct town *t = instance;
	struct sl_call *c = call_new(t, arg, list_now, !getenv("TOWN_ONCE") || !t->listed);

	(void)revision;
	(void)timeout_ms;
	t->listed++;
	c->list = sink;
	return c;
}

static const struct road {
	const char *from, *to;
	int64_t calls, errors; /* as tracing counts them */
	bool registered;       /* the registry knows of it too */
} roads[] = {
	{"checkout.web", "payments.charge", 31204, 905, true},
	{"cart.api", "payments.charge", 5770, 12, true},
	{"payments.refund", "payments.charge", 1120, 16, false},
	{"payments.charge", "auth.token", 29448, 0, true},
	{"payments.charge", "库存·媒体编码", 28110, 822, true},
	{"payments.charge", "fx.rates", 7344, 7, false},
	{"payments.charge", "notify.push", -1, -1, true},
};

static void roads_now(void *arg)
{
	struct sl_call *c = arg;
	size_t i;

	for (i = 0; i < SL_COUNT(roads); i++) {
		struct sl_edge e = {say(roads[i].from), say(roads[i].to), -1, -1};

		if (c->list && roads[i].registered)
			c->list->edge(c->arg, &e);
		e.calls = roads[i].calls;
		e.errors = roads[i].errors;
		if (c->traces && e.calls >= 0)
			c->traces->edge(c->arg, &e);
	}
	finish(c, SL_OK);
}

static struct sl_call *registered_roads(void *instance, int64_t timeout_ms,
					const struct sl_registry_sink *sink, void *arg)
{
	struct sl_call *c = call_new(instance, arg, roads_now, true);

	(void)timeout_ms;
	c->list = sink;
	return c;
}

static struct sl_call *traced_roads(void *instance, int64_t from_ms, int64_t to_ms,
				    int64_t timeout_ms, const struct sl_tracing_sink *sink,
				    void *arg)
{
	struct sl_call *c = call_new(instance, arg, roads_now, true);

	(void)from_ms;
	(void)to_ms;
	(void)timeout_ms;
	c->traces = sink;
	return c;
}

/* The host wants these operations to be there; no screen asks for them. */
static struct sl_call *find(void *instance, const char *service, const char *environment,
			    const char *app, int64_t timeout_ms,
			    const struct sl_registry_sink *sink, void *arg)
{
	(void)service;
	(void)environment;
	(void)app;
	return list(instance, NULL, timeout_ms, sink, arg);
}

static struct sl_call *instant(void *instance, const char *expression, int64_t time,
			       int64_t timeout_ms, const struct sl_metrics_sink *sink, void *arg)
{
	struct town *t = instance;
	struct sl_call *c = call_new(t, arg, measure_now, t->asked < 4 * turns());

	(void)timeout_ms;
	c->time = time;
	t->asked++;
	t->turn = t->asked / 4;
	c->metrics = sink;
	snprintf(c->expression, sizeof c->expression, "%s", expression);
	return c;
}

static struct sl_call *range(void *instance, const char *expression, int64_t from, int64_t to,
			     int64_t step_ms, int64_t timeout_ms,
			     const struct sl_metrics_sink *sink, void *arg)
{
	(void)from;
	(void)step_ms;
	return instant(instance, expression, to, timeout_ms, sink, arg);
}

/* --- three traces, of which a refund fails --- */

#define AT INT64_C(1771499900000000)

static const struct sl_label pool[] = {{"error", "db pool exhausted"}, {"http.status_code", "503"}};
static const struct sl_label paid[] = {{"http.method", "POST"}, {"http.status_code", "200"}};

static const struct step {
	const char *trace, *id, *parent, *service, *name, *address;
	enum sl_span_kind kind;
	int start_ms, ms;
	const struct sl_label *tags;
	size_t tag_count;
	bool error, shared;
} steps[] = {
	{"4bf92f3577b34da6", "1", NULL, "checkout.web", "POST /pay", "10.8.0.9", SL_SPAN_SERVER, 0,
	 912, paid, 2, false, false},
	{"4bf92f3577b34da6", "2", "1", "checkout.web", "charge", "10.8.0.9", SL_SPAN_CLIENT, 20,
	 860, NULL, 0, false, false},
	{"4bf92f3577b34da6", "2", "1", "payments.charge", "charge", "10.8.0.1", SL_SPAN_SERVER, 60,
	 790, paid, 2, false, true},
	{"4bf92f3577b34da6", "3", "2", "payments.charge", "select", "10.8.0.1", SL_SPAN_LOCAL, 70,
	 8, NULL, 0, false, false},
	{"4bf92f3577b34da6", "4", "2", "payments.charge", "select", "10.8.0.1", SL_SPAN_LOCAL, 80,
	 9, NULL, 0, false, false},
	{"4bf92f3577b34da6", "5", "2", "payments.charge", "select", "10.8.0.1", SL_SPAN_LOCAL, 90,
	 7, NULL, 0, false, false},
	{"4bf92f3577b34da6", "6", "2", "库存·媒体编码", "reserve", "10.8.0.4", SL_SPAN_SERVER, 60,
	 640, pool, 2, true, false},
	{"4bf92f3577b34da6", "7", "1", "notify.push", "send", "10.8.0.7", SL_SPAN_CONSUMER, 890, 20,
	 NULL, 0, false, false},
	{"80e1afed08e019fc", "1", NULL, "payments.refund", "POST /refund", "10.8.0.2",
	 SL_SPAN_SERVER, 30000, 41, pool, 2, true, false},
	{"c0ffee00c0ffee00", "2", "1", "cart.api", "GET /cart", "10.8.0.3", SL_SPAN_SERVER, 60000,
	 12, paid, 2, false, false},
};

static void tell_step(struct sl_call *c, const struct step *s)
{
	struct sl_label tags[2];
	struct sl_span span = {.trace = s->trace,
			       .id = s->id,
			       .parent = s->parent,
			       .service = say(s->service),
			       .name = say(s->name),
			       .address = s->address,
			       .kind = s->kind,
			       .start_us = AT + (int64_t)s->start_ms * 1000,
			       .duration_us = (int64_t)s->ms * 1000,
			       .error = s->error,
			       .shared = s->shared,
			       .tags = tags,
			       .tag_count = s->tag_count};
	size_t i;

	for (i = 0; i < s->tag_count; i++)
		tags[i] = (struct sl_label){s->tags[i].name, say(s->tags[i].value)};
	c->traces->span(c->arg, &span);
}

static bool takes_part(const char *service, const char *trace)
{
	size_t i;

	for (i = 0; i < SL_COUNT(steps); i++)
		if (!strcmp(steps[i].trace, trace) && is_named(steps[i].service, service))
			return true;
	return false;
}

static size_t many(void)
{
	const char *n = getenv("TOWN_TRACES");

	return n ? (size_t)strtoul(n, NULL, 10) : 0;
}

/* One of many, a quarter of an hour of them: most are quick; from the tenth minute on a pool runs
 * dry, and some fail. */
static void tell_payment(struct sl_call *c, size_t i)
{
	double share = (double)i / (double)many(), slow = share > .66 && i % 3 == 0 ? 15 : 1;
	char trace[40];
	struct sl_span span = {.trace = trace,
			       .id = "1",
			       .service = "payments.charge",
			       .name = "POST /v1/charge",
			       .kind = SL_SPAN_SERVER,
			       .start_us = AT - 900000000 + (int64_t)(share * 900e6),
			       .error = slow > 1 && i % 5 == 0};

	snprintf(trace, sizeof trace, "%016zx", i * 2654435761u + 1);
	span.duration_us =
		(int64_t)(slow * 40000 * (1.2 + sin((double)i * 1.7) * cos((double)i * .31)));
	c->traces->span(c->arg, &span);
}

/* expression: a service, a trace's id, or "" for all. */
static void trace_now(void *arg)
{
	struct sl_call *c = arg;
	size_t i;

	if (is_down()) {
		finish(c, SL_EREFUSED);
		return;
	}
	for (i = 0; i < SL_COUNT(steps); i++)
		if (!*c->expression || !strcmp(c->expression, steps[i].trace) ||
		    takes_part(c->expression, steps[i].trace))
			tell_step(c, &steps[i]);
	for (i = 0; !*c->expression && i < many(); i++)
		tell_payment(c, i);
	finish(c, SL_OK);
}

static struct sl_call *ask(void *instance, const char *what, const struct sl_tracing_sink *sink,
			   void *arg)
{
	struct sl_call *c = call_new(instance, arg, trace_now, true);

	c->traces = sink;
	snprintf(c->expression, sizeof c->expression, "%s", what ? what : "");
	return c;
}

static struct sl_call *search(void *instance, const struct sl_trace_query *query,
			      int64_t timeout_ms, const struct sl_tracing_sink *sink, void *arg)
{
	(void)timeout_ms;
	return ask(instance, query->service, sink, arg);
}

static struct sl_call *one_trace(void *instance, const char *id, int64_t timeout_ms,
				 const struct sl_tracing_sink *sink, void *arg)
{
	(void)timeout_ms;
	return ask(instance, id, sink, arg);
}

static void canceled(void *arg)
{
	finish(arg, SL_ECANCELED);
}

static void cancel(void *instance, struct sl_call *c)
{
	struct town *t = instance;

	if (c->timer)
		t->services->timer_cancel(t->services->ctx, c->timer);
	c->timer = t->services->timer(t->services->ctx, 0, canceled, c);
}

static void *town_open(const struct sl_settings *settings, const struct sl_host_services *services,
		       struct sl_error *e)
{
	struct town *t = sl_alloc(sizeof *t);

	(void)settings;
	(void)e;
	t->services = services;
	return t;
}

static void close_now(void *arg)
{
	struct town *t = arg;
	void (*closed)(void *) = t->closed;
	void *closed_arg = t->arg;

	free(t);
	closed(closed_arg);
}

static void town_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct town *t = instance;

	t->closed = closed;
	t->arg = arg;
	t->services->timer(t->services->ctx, 0, close_now, t);
}

static const struct sl_registry_ops registry = {.size = sizeof registry,
						.list = list,
						.find = find,
						.edges = registered_roads,
						.cancel = cancel};
static const struct sl_metrics_ops metrics = {
	.size = sizeof metrics, .instant = instant, .range = range, .cancel = cancel};

/* Names are no screen's question. */
static const struct sl_tracing_ops tracing = {.size = sizeof tracing,
					      .search = search,
					      .trace = one_trace,
					      .names = one_trace,
					      .edges = traced_roads,
					      .cancel = cancel};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "town",
	.summary = "a made-up town, for tests of screens",
	.licence = "Apache-2.0",
	.registry = &registry,
	.metrics = &metrics,
	.tracing = &tracing,
	.open = town_open,
	.close = town_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
