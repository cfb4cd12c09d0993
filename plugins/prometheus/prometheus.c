/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics from Prometheus, or what speaks its query API. */
#include "plugins/prometheus/prometheus.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/ask.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/plugin.h"
#include "plugins/sdk/setting.h"
#include "plugins/sdk/text.h"

#define BODY_MAX  (32 * 1024 * 1024)
#define SLICE     2000 /* samples told a turn of the loop: less than a millisecond */
#define FORM_MORE 1024 /* besides the expression, of which each byte may become three */
#define TOLD_MAX  64

static const struct sl_setting settings[] = {
	{
		.name = "url",
		.type = SL_SETTING_URL,
		.required = true,
		.help = "The address of Prometheus, with the path it is served under, if any.",
	},
	{
		.name = "token",
		.type = SL_SETTING_SECRET,
		.help = "A bearer token.",
	},
	{
		.name = "user",
		.type = SL_SETTING_TEXT,
		.help = "Whom to name in basic authentication.",
	},
	{
		.name = "password",
		.type = SL_SETTING_SECRET,
		.help = "The user's password.",
	},
	SL_SETTINGS_TLS("caFile"),
};

/* What was last logged of an expression's answers: they come every few seconds. */
struct prom_told {
	char *expression, *text;
};

struct prom {
	const struct sl_host_services *services; /* the host keeps it longer than us */
	char *name, *url;
	char *authorization; /* NULL = none */
	struct sl_tls tls;
	struct prom_told told[TOLD_MAX]; /* the oldest first */
	size_t told_count;
	struct sl_call *calls;
	bool closing, ticked;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct sl_call {
	struct prom *prom;
	struct sl_call *prev, *next;
	struct sl_ask *ask; /* NULL when answered: then it is told, by and by */
	bool canceled;
	char *expression;
	struct prom_result result;
	size_t series, point; /* where the telling is */
	const struct sl_metrics_sink *sink;
	void *arg;
};

static void prom_maybe_free(struct prom *prom);
static void prom_cancel(void *instance, struct sl_call *call);

/* --- calls --- */

static void told_drop(struct prom *prom, size_t at)
{
	free(prom->told[at].expression);
	free(prom->told[at].text);
	prom->told_count--;
	memmove(prom->told + at, prom->told + at + 1, (prom->told_count - at) * sizeof *prom->told);
}

/* Is this news? text NULL = there is nothing to say any more. */
static bool told_change(struct prom *prom, const char *expression, const char *text)
{
	size_t at = 0;

	while (at < prom->told_count && strcmp(prom->told[at].expression, expression) != 0)
		at++;
	if (at < prom->told_count && text && strcmp(prom->told[at].text, text) == 0)
		return false;
	if (at < prom->told_count)
		told_drop(prom, at);
	if (!text)
		return false;
	if (prom->told_count == TOLD_MAX)
		told_drop(prom, 0);
	prom->told[prom->told_count++] =
		(struct prom_told){.expression = sl_strdup(expression), .text = sl_strdup(text)};
	return true;
}

static void call_warn(const struct sl_call *call)
{
	const struct sl_host_services *services = call->prom->services;
	char *text = NULL;

	if (call->result.warnings)
		text = sl_text_clean_dup(call->result.warnings, strlen(call->result.warnings),
					 false);
	else if (call->result.histograms)
		text = sl_asprintf("%zu series are histograms, not numbers, and left out",
				   call->result.histograms);
	if (told_change(call->prom, call->expression, text))
		services->log(services->ctx, SL_LOG_WARN, text);
	free(text);
}

static void call_end(struct sl_call *call, const struct sl_error *e)
{
	struct prom *prom = call->prom;
	struct sl_read_end end = {.error = *e, .revision = ""};

	if (call->canceled)
		sl_fail(&end.error, SL_ECANCELED, "%s: canceled", prom->name);
	if (call->prev)
		call->prev->next = call->next;
	else
		prom->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	call->sink->done(call->arg, &end);
	prom_result_release(&call->result);
	free(call->expression);
	free(call);
	prom_maybe_free(prom);
}

/* The point that is next; false = all are told. */
static bool tell_next(struct sl_call *call)
{
	const struct prom_series *series = call->result.series + call->series;
	struct sl_sample sample;

	while (call->series < call->result.series_count && call->point == series->point_count) {
		call->series++;
		call->point = 0;
		series++;
	}
	if (call->series == call->result.series_count)
		return false;
	sample = (struct sl_sample){
		.labels = series->labels,
		.label_count = series->label_count,
		.time = series->points[call->point].time,
		.value = series->points[call->point].value,
	};
	call->point++;
	call->sink->sample(call->arg, &sample);
	return true;
}

/* A slice a turn: whoever types need not wait for a long answer. The sink may cancel in the middle,
 * and anyone between two. */
static void tell(void *arg)
{
	const struct sl_error none = {0};
	struct sl_call *call = arg;
	const struct sl_host_services *services = call->prom->services;
	bool more = true;

	for (int n = 0; n < SLICE && more && !call->canceled; n++)
		more = tell_next(call);
	if (more && !call->canceled)
		services->timer(services->ctx, 0, tell, call);
	else
		call_end(call, &none);
}

static void on_asked(void *arg, const struct sl_error *e)
{
	struct sl_call *call = arg;

	call->ask = NULL;
	if (e->code != SL_OK) {
		call_end(call, e);
		return;
	}
	call_warn(call);
	tell(call);
}

static int on_digest(void *arg, long status, const char *text, size_t len, struct sl_error *e)
{
	struct sl_call *call = arg;

	return prom_result_parse(&call->result, status, text, len, e);
}

static void call_list(struct sl_call *call, struct prom *prom)
{
	call->prom = prom;
	call->next = prom->calls;
	if (call->next)
		call->next->prev = call;
	prom->calls = call;
}

/* Releases form. */
static struct sl_call *call_start(struct prom *prom, const char *path, const char *expression,
				  struct sl_buf *form, int64_t timeout_ms,
				  const struct sl_metrics_sink *sink, void *arg)
{
	struct sl_call *call = sl_alloc(sizeof *call);
	char *url = sl_asprintf("%s%s", prom->url, path);
	const struct sl_http_header headers[] = {
		{"Content-Type", "application/x-www-form-urlencoded"},
		{"Authorization", prom->authorization},
	};
	const struct sl_http_request request = {
		.method = "POST",
		.url = url,
		.headers = headers,
		.header_count = prom->authorization ? 2 : 1,
		.body = sl_buf_str(form),
		.body_len = form->len,
		.timeout_ms = timeout_ms > 0 ? timeout_ms : 1,
		.max_body = BODY_MAX,
		.tls = &prom->tls,
	};

	call->expression = sl_strdup(expression);
	call->sink = sink;
	call->arg = arg;
	call_list(call, prom);
	call->ask = sl_ask_start(
		prom->services, &request,
		&(struct sl_ask_spec){
			.who = prom->name, .digest = on_digest, .done = on_asked, .arg = call});
	if (prom->closing)
		prom_cancel(prom, call);
	free(url);
	sl_buf_release(form);
	return call;
}

static void prom_cancel(void *instance, struct sl_call *call)
{
	(void)instance;
	call->canceled = true;
	if (call->ask)
		sl_ask_cancel(call->ask);
}

/* The server is told the deadline too: nobody waits for what it would still compute. */
static struct sl_call *prom_instant(void *instance, const char *expression, int64_t time,
				    int64_t timeout_ms, const struct sl_metrics_sink *sink,
				    void *arg)
{
	struct sl_buf form;

	sl_buf_init(&form, 3 * strlen(expression) + FORM_MORE);
	prom_form_add(&form, "query", expression);
	prom_form_add_duration(&form, "timeout", timeout_ms > 0 ? timeout_ms : 1);
	if (time)
		prom_form_add_time(&form, "time", time);
	return call_start(instance, "/api/v1/query", expression, &form, timeout_ms, sink, arg);
}

static struct sl_call *prom_range(void *instance, const char *expression, int64_t from, int64_t to,
				  int64_t step_ms, int64_t timeout_ms,
				  const struct sl_metrics_sink *sink, void *arg)
{
	struct sl_buf form;

	sl_buf_init(&form, 3 * strlen(expression) + FORM_MORE);
	prom_form_add(&form, "query", expression);
	prom_form_add_duration(&form, "timeout", timeout_ms > 0 ? timeout_ms : 1);
	prom_form_add_time(&form, "start", from);
	prom_form_add_time(&form, "end", to);
	prom_form_add_duration(&form, "step", step_ms);
	return call_start(instance, "/api/v1/query_range", expression, &form, timeout_ms, sink,
			  arg);
}

/* --- life --- */

static void secret_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static int authorization_fill(struct prom *prom, const struct sl_settings *given,
			      struct sl_error *e)
{
	const char *token = sl_setting_text(given, "token"), *user = sl_setting_text(given, "user");
	const char *password = sl_setting_text(given, "password");
	char *pair, *coded;

	if (token && (user || password))
		return sl_fail(e, SL_EINPUT, "give either 'token', or 'user' and 'password'");
	if (!user != !password)
		return sl_fail(e, SL_EINPUT, "'user' and 'password' need each other");
	if (token)
		prom->authorization = sl_asprintf("Bearer %s", token);
	if (!user)
		return SL_OK;
	pair = sl_asprintf("%s:%s", user, password);
	coded = sl_text_base64(pair, strlen(pair));
	prom->authorization = sl_asprintf("Basic %s", coded);
	secret_free(pair);
	secret_free(coded);
	return SL_OK;
}

static int prom_fill(struct prom *prom, const struct sl_settings *given, struct sl_error *e)
{
	const char *url = sl_setting_text(given, "url");

	if (strpbrk(url, "@?#"))
		return sl_fail(e, SL_EINPUT,
			       "'url' takes no user and no query: there are 'user', 'password' and "
			       "'token'");
	prom->url = sl_setting_dup_url(given, "url");
	prom->name = sl_strdup(given->backend);
	if (sl_setting_tls(&prom->tls, given, "caFile", e) != SL_OK)
		return e->code;
	return authorization_fill(prom, given, e);
}

static void prom_free(struct prom *prom)
{
	while (prom->told_count)
		told_drop(prom, prom->told_count - 1);
	free(prom->name);
	free(prom->url);
	sl_tls_release(&prom->tls);
	secret_free(prom->authorization);
	free(prom);
}

static void *prom_open(const struct sl_settings *given, const struct sl_host_services *services,
		       struct sl_error *e)
{
	struct prom *prom;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	prom = sl_alloc(sizeof *prom);
	prom->services = services;
	if (prom_fill(prom, given, e) == SL_OK)
		return prom;
	prom_free(prom);
	return NULL;
}

static void prom_maybe_free(struct prom *prom)
{
	void (*closed)(void *) = prom->closed;
	void *arg = prom->closed_arg;

	if (!prom->closing || prom->calls || !prom->ticked)
		return;
	prom_free(prom);
	closed(arg);
}

static void on_close_tick(void *arg)
{
	struct prom *prom = arg;

	prom->ticked = true;
	prom_maybe_free(prom);
}

static void prom_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct prom *prom = instance;

	prom->closing = true;
	prom->closed = closed;
	prom->closed_arg = arg;
	for (struct sl_call *call = prom->calls; call; call = call->next)
		prom_cancel(prom, call);
	prom->services->timer(prom->services->ctx, 0, on_close_tick, prom);
}

static const struct sl_metrics_ops metrics = {
	.size = sizeof metrics,
	.instant = prom_instant,
	.range = prom_range,
	.cancel = prom_cancel,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "prometheus",
	.summary = "metrics by Prometheus's query API",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.metrics = &metrics,
	.open = prom_open,
	.close = prom_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
