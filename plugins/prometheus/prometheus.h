/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLUICE_PROMETHEUS_H
#define SLUICE_PROMETHEUS_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/plugin.h"

/* --- result.c: an answer, taken apart. May run on another thread: touches *result alone. --- */

struct prom_point {
	int64_t time; /* Unix ms */
	double value;
};

struct prom_series {
	struct sl_label *labels; /* sorted by name; strings live in the result */
	size_t label_count;
	struct prom_point *points; /* oldest first */
	size_t point_count;
};

struct prom_result {
	cJSON *root; /* while it is taken apart */
	char *texts; /* of the labels */
	struct prom_series *series;
	size_t series_count;
	size_t histograms; /* series that are no numbers, left out */
	char *warnings;    /* NULL = none */
};

int prom_result_parse(struct prom_result *result, long status, const char *text, size_t len,
		      struct sl_error *e);
void prom_result_release(struct prom_result *result);

/* --- form.c: what is asked --- */

void prom_form_add(struct sl_buf *form, const char *name, const char *value);
void prom_form_add_time(struct sl_buf *form, const char *name, int64_t unix_ms);
void prom_form_add_duration(struct sl_buf *form, const char *name, int64_t ms);

#endif
