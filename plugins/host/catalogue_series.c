/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures over time, one point an interval. A refresh adds a point; the first one, and one after a
 * gap (nobody looked, the source was away), reads all of them from the source instead, so that a
 * trend is there at once and its points are evenly apart.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"
#include "plugins/sdk/units.h"

#define GAP_INTERVALS 3 /* between two refreshes: points are missing */

double cat_error_share(double errors, double rate)
{
	return rate > 0 ? fmin(errors / rate, 1) : NAN;
}

void cat_measure_add(double *sum, enum cat_measure measure, double value)
{
	if (isnan(*sum))
		*sum = value;
	else if (measure == CAT_RATE || measure == CAT_ERRORS)
		*sum += value;
	else
		*sum = fmax(*sum, value);
}

void cat_series_push(struct cat_measure_node *node)
{
	const double now[CAT_MEASURE_COUNT] = {
		[CAT_RATE] = node->rate,
		[CAT_ERRORS] = cat_error_share(node->errors, node->rate),
		[CAT_P50] = node->p50,
		[CAT_P99] = node->p99,
	};

	for (int m = 0; m < CAT_MEASURE_COUNT; m++) {
		double *series = node->series[m];

		if (node->count == CAT_SERIES)
			memmove(series, series + 1, (CAT_SERIES - 1) * sizeof *series);
		series[node->count == CAT_SERIES ? CAT_SERIES - 1 : node->count] = now[m];
	}
	node->count += node->count < CAT_SERIES;
}

/* --- the past --- */

void cat_past_begin(struct cat_source_node *s)
{
	int64_t since = sl_time_boottime() - s->read_boot;
	bool gap = !s->read_at || since > GAP_INTERVALS * s->interval_ms;

	s->past_from = gap && !s->past_failed ? sl_time_now() - CAT_PAST_MS(s) : 0;
	for (struct cat_measure_node *node = s->measures; node; node = node->hh.next) {
		free(node->past);
		node->past = NULL;
	}
}

static struct cat_past *past_new(void)
{
	struct cat_past *past = sl_alloc(sizeof *past);

	for (int m = 0; m < CAT_MEASURE_COUNT; m++)
		for (size_t i = 0; i < CAT_SERIES; i++)
			past->points[m][i] = NAN;
	return past;
}

void cat_past_add(const struct cat_source_node *s, struct cat_measure_node *node,
		  enum cat_measure measure, const struct sl_sample *sample)
{
	int64_t slot;

	if (sample->time < s->past_from || sample->time > s->past_from + CAT_PAST_MS(s))
		return;
	slot = (sample->time - s->past_from + s->interval_ms / 2) / s->interval_ms;
	if (!node->past)
		node->past = past_new();
	cat_measure_add(&node->past->points[measure][slot], measure, sample->value);
	if (slot == CAT_SERIES - 1)
		node->next[measure] = node->past->points[measure][slot];
}

static bool is_empty(const struct cat_past *past, size_t slot)
{
	for (int m = 0; m < CAT_MEASURE_COUNT; m++)
		if (!isnan(past->points[m][slot]))
			return false;
	return true;
}

void cat_past_take(struct cat_measure_node *node)
{
	const struct cat_past *past = node->past;
	size_t first = 0;

	if (!past) {
		node->count = 0;
		return;
	}
	while (first < CAT_SERIES && is_empty(past, first))
		first++;
	node->count = CAT_SERIES - first;
	for (size_t i = 0; i < node->count; i++) {
		double rate = past->points[CAT_RATE][first + i];

		node->series[CAT_RATE][i] = rate;
		node->series[CAT_ERRORS][i] =
			cat_error_share(past->points[CAT_ERRORS][first + i], rate);
		node->series[CAT_P50][i] = past->points[CAT_P50][first + i] * 1000;
		node->series[CAT_P99][i] = past->points[CAT_P99][first + i] * 1000;
	}
	free(node->past);
	node->past = NULL;
}
