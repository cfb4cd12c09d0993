/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures of services: four queries a refresh that cover the common metric names (whichever of
 * them a service has answers), or the inventory's own. A service is what the first of the labels
 * service, app, application and job says.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/buf.h"

#define SERVICES   20000
#define EXPRESSION 4096

#define BY "service, app, application, job"

static const char *const measure_names[CAT_MEASURE_COUNT] = {
	[CAT_RATE] = "rate",
	[CAT_ERRORS] = "errors",
	[CAT_P50] = "p50",
	[CAT_P99] = "p99",
};

/* Counters of requests, and the label that tells how they went. */
static const struct {
	const char *metric, *status;
} counters[] = {
	{"http_requests_total", "code"},
	{"http_requests_total", "status"},
	{"http_server_requests_seconds_count", "status"},
	{"http_server_request_duration_seconds_count", "http_response_status_code"},
	{"http_request_duration_seconds_count", "code"},
	{"http_request_duration_seconds_count", "status"},
};

/* Durations; most have buckets, some libraries count quantiles themselves. */
static const char *const durations[] = {
	"http_request_duration_seconds",
	"http_server_requests_seconds",
	"http_server_request_duration_seconds",
};

/* Two samples must lie within: the first one follows what happens, the other is for who scrapes
 * once a minute, as Prometheus does unless told. What is not scraped any more counts only as long
 * as the first one reaches back. */
enum window { SHORT, LONG, WINDOWS };

static const char *const name_labels[] = {"service", "app", "application", "job"};

/* --- which queries --- */

/* Left of `or` wins, label set by label set. */
static void put_or(struct sl_buf *out)
{
	if (out->len)
		sl_buf_puts(out, " or ");
}

/* What a counter, or those with the label that match, counts a second. */
static void put_rate(struct sl_buf *out, const char *metric, const char *match, enum window window)
{
	if (window == SHORT)
		sl_buf_printf(out, "rate(%s%s[1m])", metric, match);
	else
		sl_buf_printf(out, "rate(%s%s[5m]) and %s", metric, match, metric);
}

static void put_rates(struct sl_buf *out, enum window window)
{
	for (size_t i = 0; i < SL_COUNT(counters); i++) {
		if (i && strcmp(counters[i].metric, counters[i - 1].metric) == 0)
			continue;
		put_or(out);
		sl_buf_puts(out, "sum by (" BY ") (");
		put_rate(out, counters[i].metric, "", window);
		sl_buf_puts(out, ")");
	}
}

/* 0 where the label that would tell is there: no series at all is "unknown", not "none failed". */
static void put_errors(struct sl_buf *out, enum window window)
{
	char failed[64], any[64];

	for (size_t i = 0; i < SL_COUNT(counters); i++) {
		snprintf(failed, sizeof failed, "{%s=~\"5..\"}", counters[i].status);
		snprintf(any, sizeof any, "{%s=~\".+\"}", counters[i].status);
		put_or(out);
		sl_buf_puts(out, "sum by (" BY ") (");
		put_rate(out, counters[i].metric, failed, window);
		sl_buf_puts(out, ") or 0 * sum by (" BY ") (");
		put_rate(out, counters[i].metric, any, window);
		sl_buf_puts(out, ")");
	}
}

static void put_buckets(struct sl_buf *out, const char *quantile, enum window window)
{
	char metric[64];

	for (size_t i = 0; i < SL_COUNT(durations); i++) {
		snprintf(metric, sizeof metric, "%s_bucket", durations[i]);
		put_or(out);
		sl_buf_printf(out, "histogram_quantile(%s, sum by (le, " BY ") (", quantile);
		put_rate(out, metric, "", window);
		sl_buf_puts(out, "))");
	}
}

/* Of several instances the worst: quantiles do not add up. */
static void put_summaries(struct sl_buf *out, const char *quantile)
{
	for (size_t i = 0; i < SL_COUNT(durations); i++) {
		put_or(out);
		sl_buf_printf(out, "max by (" BY ") (%s{quantile=\"%s\"})", durations[i], quantile);
	}
}

static char *default_expression(enum cat_measure measure)
{
	const char *quantile = measure == CAT_P50 ? "0.5" : "0.99";
	struct sl_buf out;

	sl_buf_init(&out, EXPRESSION);
	for (enum window window = SHORT; window < WINDOWS; window++) {
		if (measure == CAT_RATE)
			put_rates(&out, window);
		else if (measure == CAT_ERRORS)
			put_errors(&out, window);
		else
			put_buckets(&out, quantile, window);
	}
	if (measure == CAT_P50 || measure == CAT_P99)
		put_summaries(&out, quantile);
	return sl_buf_take(&out);
}

static void query_add(struct cat_source_node *s, enum cat_measure measure, const char *service,
		      const char *expression)
{
	SL_GROW(s->queries, s->query_count, s->query_cap);
	s->queries[s->query_count++] = (struct cat_query){
		.measure = measure,
		.service = sl_strdup(service),
		.expression = sl_strdup(expression),
	};
}

void cat_measures_init(struct cat_source_node *s)
{
	for (int m = 0; m < CAT_MEASURE_COUNT; m++) {
		char *expression = default_expression((enum cat_measure)m);

		query_add(s, (enum cat_measure)m, NULL, expression);
		free(expression);
	}
	for (size_t i = 0; i < CAT_PARALLEL; i++)
		s->asks[i].source = s;
}

int catalogue_query(struct catalogue *c, const char *source, const char *measure,
		    const char *service, const char *expression, struct sl_error *e)
{
	struct cat_source_node *s = NULL;
	int m = 0;

	for (size_t i = 0; i < c->count && !s; i++)
		if (c->sources[i]->role == CAT_METRICS && strcmp(c->sources[i]->name, source) == 0)
			s = c->sources[i];
	if (!s)
		return sl_fail(e, SL_ENOTFOUND, "there is no metrics source '%s'", source);
	while (m < CAT_MEASURE_COUNT && strcmp(measure_names[m], measure) != 0)
		m++;
	if (m == CAT_MEASURE_COUNT)
		return sl_fail(e, SL_EINPUT,
			       "'%s': a query is for rate, errors, p50 or p99, not for '%s'",
			       source, measure);
	if (strlen(expression) > EXPRESSION || s->query_count >= CAT_QUERIES_MAX)
		return sl_fail(e, SL_EINPUT, "'%s': at most %d queries of at most %d bytes", source,
			       CAT_QUERIES_MAX, EXPRESSION);
	if (service) {
		query_add(s, (enum cat_measure)m, service, expression);
	} else {
		free(s->queries[m].expression);
		s->queries[m].expression = sl_strdup(expression);
	}
	return SL_OK;
}

/* --- a refresh --- */

static struct cat_measure_node *measure_get(struct cat_source_node *s, const char *service)
{
	struct cat_measure_node *node;

	HASH_FIND_STR(s->measures, service, node);
	if (node || HASH_COUNT(s->measures) >= SERVICES)
		return node;
	node = sl_alloc(sizeof *node);
	node->service = sl_strdup(service);
	node->rate = node->errors = node->p50 = node->p99 = NAN;
	for (int m = 0; m < CAT_MEASURE_COUNT; m++)
		node->next[m] = NAN;
	HASH_ADD_KEYPTR(hh, s->measures, node->service, strlen(node->service), node);
	return node;
}

static const char *sample_service(const struct sl_sample *sample)
{
	for (size_t n = 0; n < SL_COUNT(name_labels); n++)
		for (size_t i = 0; i < sample->label_count; i++)
			if (strcmp(sample->labels[i].name, name_labels[n]) == 0 &&
			    *sample->labels[i].value)
				return sample->labels[i].value;
	return NULL;
}

static void add(const struct cat_ask *ask, struct cat_measure_node *node,
		const struct sl_sample *sample)
{
	struct cat_source_node *s = ask->source;
	enum cat_measure measure = s->queries[ask->query].measure;
	struct sl_sample now = *sample;

	if (ask->present)
		now.time = s->past_from + CAT_PAST_MS(s); /* the newest point, by our clock */
	if (s->past_from)
		cat_past_add(s, node, measure, &now);
	else
		cat_measure_add(&node->next[measure], measure, sample->value);
}

static void on_sample(void *arg, const struct sl_sample *sample)
{
	const struct cat_ask *ask = arg;
	struct cat_source_node *s = ask->source;
	const struct cat_query *q = &s->queries[ask->query];
	const char *name = q->service ? q->service : sample_service(sample);
	char service[CAT_NAME_MAX];
	struct cat_measure_node *node;

	if (!name || !isfinite(sample->value))
		return;
	node = measure_get(s, cat_name(service, name));
	if (!node)
		return;
	add(ask, node, sample);
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

/* The refresh is whole: its values are the ones to see. */
static bool apply(struct cat_source_node *s)
{
	bool changed = false;

	for (struct cat_measure_node *node = s->measures; node; node = node->hh.next) {
		double p50 = node->next[CAT_P50] * 1000, p99 = node->next[CAT_P99] * 1000;

		changed |= s->past_from != 0;
		changed |= !same(node->rate, node->next[CAT_RATE]) ||
			   !same(node->errors, node->next[CAT_ERRORS]) || !same(node->p50, p50) ||
			   !same(node->p99, p99);
		node->rate = node->next[CAT_RATE];
		node->errors = node->next[CAT_ERRORS];
		node->p50 = p50;
		node->p99 = p99;
		if (s->past_from)
			cat_past_take(node);
		else
			cat_series_push(node);
	}
	return changed;
}

/* A refused query is named as the inventory names it. */
static void note_failure(struct cat_source_node *s, const struct cat_query *q,
			 const struct sl_error *e)
{
	s->last_failure = *e;
	if (e->code == SL_EINPUT)
		sl_error_prefix(&s->last_failure, "query %s%s%s", q->service ? q->service : "",
				q->service ? "." : "", measure_names[q->measure]);
}

static void ask_next(struct cat_source_node *s);
static void ask_start(struct cat_ask *ask);

/* Did the source answer, but will not, or cannot, tell the past? */
static bool refuses_past(const struct cat_ask *ask, const struct sl_error *e)
{
	return ask->source->past_from && !ask->present &&
	       (e->code == SL_EINPUT || e->code == SL_EUNSUPPORTED || e->code == SL_ENOTFOUND ||
		e->code == SL_EPROTO);
}

static void on_done(void *arg, const struct sl_read_end *end)
{
	struct cat_ask *ask = arg;
	struct cat_source_node *s = ask->source;
	struct sl_read_end all = {.revision = ""};

	ask->call = NULL;
	if (refuses_past(ask, &end->error) && !s->late && !s->c->closing) {
		s->past_refused = ask->present = true;
		ask_start(ask);
		return;
	}
	s->asking--;
	if (end->error.code != SL_OK) {
		s->query_failures++;
		if (!s->last_failure.code)
			note_failure(s, &s->queries[ask->query], &end->error);
	}
	if (!s->late && !s->c->closing)
		ask_next(s);
	if (s->asking)
		return;
	/* One wrong expression must not hide what the others say; it is named all the same. */
	if (s->query_failures < s->query_count && !s->late && apply(s))
		cat_dirty(s->c, CAT_METRICS);
	if (s->query_failures == s->query_count || s->late)
		all.error = s->last_failure;
	s->past_failed = s->past_from && (s->past_refused || s->query_failures || s->late);
	cat_source_done(s, &all);
}

static const struct sl_metrics_sink sink = {.sample = on_sample, .done = on_done};

static void ask_start(struct cat_ask *ask)
{
	struct cat_source_node *s = ask->source;
	const struct sl_metrics_ops *ops = plugin_backend_plugin(s->backend)->metrics;
	void *instance = plugin_backend_instance(s->backend);
	const char *expression = s->queries[ask->query].expression;

	if (s->past_from && !ask->present)
		ask->call = ops->range(instance, expression, s->past_from,
				       s->past_from + CAT_PAST_MS(s), s->interval_ms,
				       s->c->timeout_ms, &sink, ask);
	else
		ask->call = ops->instant(instance, expression, 0, s->c->timeout_ms, &sink, ask);
}

static void ask_next(struct cat_source_node *s)
{
	for (size_t i = 0; i < CAT_PARALLEL && s->next_query < s->query_count; i++) {
		struct cat_ask *ask = &s->asks[i];

		if (ask->call)
			continue;
		ask->query = s->next_query++;
		ask->present = false;
		s->asking++;
		ask_start(ask);
	}
}

void cat_measures_read(struct cat_source_node *s)
{
	for (struct cat_measure_node *node = s->measures; node; node = node->hh.next)
		for (int m = 0; m < CAT_MEASURE_COUNT; m++)
			node->next[m] = NAN;
	cat_past_begin(s);
	s->next_query = 0;
	s->query_failures = 0;
	s->past_refused = false;
	s->last_failure = (struct sl_error){0};
	ask_next(s);
}

void cat_measures_cancel(struct cat_source_node *s)
{
	const struct sl_metrics_ops *ops;

	if (!s->backend)
		return;
	ops = plugin_backend_plugin(s->backend)->metrics;
	for (size_t i = 0; i < CAT_PARALLEL; i++)
		if (s->asks[i].call)
			ops->cancel(plugin_backend_instance(s->backend), s->asks[i].call);
}

void cat_measures_release(struct cat_source_node *s)
{
	struct cat_measure_node *node, *more;

	for (node = s->measures; node; node = more) {
		more = node->hh.next;
		HASH_DEL(s->measures, node);
		free(node->past);
		free(node->service);
		free(node);
	}
	for (size_t i = 0; i < s->query_count; i++) {
		free(s->queries[i].service);
		free(s->queries[i].expression);
	}
	free(s->queries);
}

/* --- seen from outside --- */

struct cat_measures catalogue_measures(const struct catalogue *c, const char *service)
{
	const struct cat_measures none = {
		.rate = NAN, .error_share = NAN, .p50_ms = NAN, .p99_ms = NAN};
	struct cat_measure_node *node;

	for (size_t i = 0; i < c->count; i++) {
		HASH_FIND_STR(c->sources[i]->measures, service, node);
		if (!node)
			continue;
		return (struct cat_measures){
			.rate = node->rate,
			.error_share = cat_error_share(node->errors, node->rate),
			.p50_ms = node->p50,
			.p99_ms = node->p99,
			.rate_series = node->series[CAT_RATE],
			.error_series = node->series[CAT_ERRORS],
			.p50_series = node->series[CAT_P50],
			.p99_series = node->series[CAT_P99],
			.series_count = node->count,
		};
	}
	return none;
}
