/* SPDX-License-Identifier: Apache-2.0 */
/* What the query API answers. Values are text (NaN and infinities among them), times are numbers
 * of seconds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/prometheus/prometheus.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

/* --- errors --- */

static const struct {
	const char *type;
	enum sl_err err;
	const char *says;
} kinds[] = {
	{"bad_data", SL_EINPUT, "the query is refused"},
	{"execution", SL_EINPUT, "the query cannot be computed"},
	{"timeout", SL_ETIMEOUT, "the query took too long there"},
	{"canceled", SL_ETIMEOUT, "the query was canceled there"},
	{"unavailable", SL_EREFUSED, "it is not ready"},
	{"not_found", SL_ENOTFOUND, "it is not there"},
};

static int result_fail(const cJSON *root, long status, struct sl_error *e)
{
	const char *type = sl_json_str(root, "errorType", NULL);
	const char *error = sl_json_str(root, "error", "no reason is given");

	if (!type && (status == 401 || status == 403))
		return sl_fail(e, SL_EAUTH,
			       "status %ld: the credentials are missing or not accepted: %.300s",
			       status, error);
	for (size_t i = 0; type && i < SL_COUNT(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return sl_fail(e, kinds[i].err, "%s: %.700s", kinds[i].says, error);
	if (!type && status == 200)
		return sl_fail(e, SL_EPROTO,
			       "its answer is not of Prometheus's query API: there is no status");
	return sl_fail(e, SL_EPROTO, "it failed (status %ld, %.40s): %.700s", status,
		       type ? type : "unnamed", error);
}

/* --- series --- */

static int label_compare(const void *a, const void *b)
{
	return strcmp(((const struct sl_label *)a)->name, ((const struct sl_label *)b)->name);
}

static void labels_read(struct prom_series *series, const cJSON *metric)
{
	int count = cJSON_GetArraySize(metric);
	const cJSON *label;

	if (!cJSON_IsObject(metric) || !count)
		return;
	series->labels = sl_alloc_n((size_t)count, sizeof *series->labels);
	cJSON_ArrayForEach(label, metric)
	{
		if (cJSON_IsString(label))
			series->labels[series->label_count++] =
				(struct sl_label){label->string, cJSON_GetStringValue(label)};
	}
	qsort(series->labels, series->label_count, sizeof *series->labels, label_compare);
}

/* [1795335757.518, "1"] */
static bool point_read(struct prom_point *point, const cJSON *pair)
{
	const cJSON *time = cJSON_IsArray(pair) ? pair->child : NULL;
	const char *text = time ? cJSON_GetStringValue(time->next) : NULL;
	char *end;

	if (!cJSON_IsNumber(time) || !text || !(fabs(time->valuedouble) < 1e13))
		return false;
	point->time = llround(time->valuedouble * 1000);
	point->value = strtod(text, &end);
	return end != text && !*end;
}

static bool points_read(struct prom_series *series, const cJSON *list)
{
	int count = cJSON_GetArraySize(list);
	const cJSON *pair;

	if (!cJSON_IsArray(list))
		return false;
	series->points = sl_alloc_n((size_t)count + 1, sizeof *series->points);
	cJSON_ArrayForEach(pair, list)
	{
		if (!point_read(&series->points[series->point_count++], pair))
			return false;
	}
	return true;
}

static bool one_point_read(struct prom_series *series, const cJSON *pair)
{
	series->points = sl_alloc(sizeof *series->points);
	series->point_count = 1;
	return point_read(series->points, pair);
}

static struct prom_series *series_add(struct prom_result *result)
{
	return &result->series[result->series_count++];
}

/* Native histograms come without value or values. */
static bool list_read(struct prom_result *result, const cJSON *list, const char *what,
		      bool (*read)(struct prom_series *series, const cJSON *v))
{
	const cJSON *item;

	if (!cJSON_IsArray(list))
		return false;
	result->series = sl_alloc_n((size_t)cJSON_GetArraySize(list) + 1, sizeof *result->series);
	cJSON_ArrayForEach(item, list)
	{
		const cJSON *v = sl_json_get(item, what);
		struct prom_series *series;

		if (!v) {
			if (!cJSON_IsObject(sl_json_get(item, "metric")))
				return false;
			result->histograms++;
			continue;
		}
		series = series_add(result);
		labels_read(series, sl_json_get(item, "metric"));
		if (!read(series, v))
			return false;
	}
	return true;
}

static bool scalar_read(struct prom_result *result, const cJSON *pair)
{
	result->series = sl_alloc(sizeof *result->series);
	return one_point_read(series_add(result), pair);
}

static void warnings_read(struct prom_result *result, const cJSON *root)
{
	struct sl_buf all;
	const cJSON *item;

	sl_buf_init(&all, 1000);
	cJSON_ArrayForEach(item, sl_json_get(root, "warnings"))
	{
		if (cJSON_IsString(item))
			sl_buf_printf(&all, "%s%s", all.len ? "; " : "",
				      cJSON_GetStringValue(item));
	}
	if (all.len)
		result->warnings = sl_buf_take(&all);
	sl_buf_release(&all);
}

static int result_read(struct prom_result *result, struct sl_error *e)
{
	const cJSON *data = sl_json_get(result->root, "data");
	const cJSON *list = sl_json_get(data, "result");
	const char *type = sl_json_str(data, "resultType", "");
	bool good = false;

	if (strcmp(type, "vector") == 0)
		good = list_read(result, list, "value", one_point_read);
	else if (strcmp(type, "matrix") == 0)
		good = list_read(result, list, "values", points_read);
	else if (strcmp(type, "scalar") == 0)
		good = scalar_read(result, list);
	else if (strcmp(type, "string") == 0)
		return sl_fail(e, SL_EINPUT, "the query gives a text, not numbers");
	if (!good)
		return sl_fail(e, SL_EPROTO,
			       "its answer is not of Prometheus's query API: a %.30s that cannot "
			       "be read",
			       *type ? type : "result without a type");
	return SL_OK;
}

static size_t texts_size(const struct prom_result *result)
{
	size_t size = 0;

	for (size_t i = 0; i < result->series_count; i++)
		for (size_t k = 0; k < result->series[i].label_count; k++)
			size += strlen(result->series[i].labels[k].name) +
				strlen(result->series[i].labels[k].value) + 2;
	return size;
}

static const char *text_put(char **at, const char *text)
{
	char *to = *at;

	*at = stpcpy(to, text) + 1;
	return to;
}

/* What is kept of the tree goes into one block: to drop its many small pieces is work for where it
 * was parsed, not for the loop. */
static void result_keep(struct prom_result *result)
{
	char *at = result->texts = sl_alloc(texts_size(result) + 1);

	for (size_t i = 0; i < result->series_count; i++) {
		struct prom_series *series = &result->series[i];

		for (size_t k = 0; k < series->label_count; k++) {
			series->labels[k].name = text_put(&at, series->labels[k].name);
			series->labels[k].value = text_put(&at, series->labels[k].value);
		}
	}
	cJSON_Delete(result->root);
	result->root = NULL;
}

int prom_result_parse(struct prom_result *result, long status, const char *text, size_t len,
		      struct sl_error *e)
{
	result->root = sl_json_parse(text, len, e);
	if (!result->root) {
		sl_error_prefix(e, "status %ld", status);
		return e->code;
	}
	if (strcmp(sl_json_str(result->root, "status", ""), "success") != 0)
		return result_fail(result->root, status, e);
	warnings_read(result, result->root);
	if (result_read(result, e) != SL_OK)
		return e->code;
	result_keep(result);
	return SL_OK;
}

void prom_result_release(struct prom_result *result)
{
	for (size_t i = 0; i < result->series_count; i++) {
		free(result->series[i].labels);
		free(result->series[i].points);
	}
	free(result->series);
	free(result->warnings);
	free(result->texts);
	cJSON_Delete(result->root);
	*result = (struct prom_result){0};
}
