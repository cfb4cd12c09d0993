/* SPDX-License-Identifier: Apache-2.0 */
/* A small view of made-up services, Chinese names among them. */
#ifndef SLUICE_TEST_VIEW_TABLE_H
#define SLUICE_TEST_VIEW_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orchestrator/view/view.h"

#define NOW 1767322800000 /* 2026-01-02T03:00:00Z */

enum { NAME, STATE, UP, ERRORS, P99, CHANGED, LABELS, VERSIONS, SERIES, ON, COLUMNS };

static const struct vw_column sample_columns[COLUMNS] = {
	[NAME] = {"service", "SERVICE", "Name.", VW_TEXT, 6, 12, 0, false},
	[STATE] = {"state", "STATE", "State.", VW_STATE, 8, 9, 1, false},
	[UP] = {"up", "UP", "How many.", VW_NUMBER, 2, 6, 2, false},
	[ERRORS] = {"errorShare", "ERR", "Failed.", VW_SHARE, 3, 6, 3, false},
	[P99] = {"p99", "P99 ms", "p99.", VW_MILLIS, 4, 6, 4, false},
	[CHANGED] = {"changed", "CHANGED", "When.", VW_TIME, 5, 8, 5, false},
	[LABELS] = {"labels", "LABELS", "Labels.", VW_LABELS, 5, 20, 6, true},
	[VERSIONS] = {"versions", "VERSIONS", "Versions.", VW_SHARES, 5, 20, 7, false},
	[SERIES] = {"p99Series", "GRAPH", "Graph.", VW_SERIES, 5, 16, 8, false},
	[ON] = {"enabled", "ON", "Enabled.", VW_BOOL, 2, 3, 9, true},
};

static const struct sample {
	const char *name;
	enum vw_state state;
	double up, errors, p99; /* negative = unknown */
	int64_t age_ms;         /* 0 = unknown */
	const char *zone, *version;
} samples[] = {
	{"orders", VW_OK, 12870, 0.001, 41, 30000, "z1", "4.12.1"},
	{"orders10", VW_DEGRADED, 3, 0.031, 912, 3600000, "z2", "4.9.0"},
	{"orders2", VW_FAILED, 0, 0.5, -1, 90000000, "z1", "4.12.0"},
	{"订单服务", VW_OK, 8, 0, 200, 0, "华东", "1.0.0"},
	{"支付", VW_NO_CONTACT, -1, -1, -1, 0, "华北", ""},
	{"evil\033[31m\xe2\x80\xae\nname", VW_OFF, 1, 0, 1.5, 1000, "z\0331", "\a2"},
};

static void sample_fill(const struct vw_world *w, struct vw_table *t)
{
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		const struct sample *s = &samples[i];
		struct vw_cell *c =
			vw_row_add(t, vw_printf(t, "%zu %s", i, s->name), s->state, s->name,
				   s->state == VW_FAILED ? "all are down" : "");
		struct vw_pair *zone = vw_alloc(t, sizeof *zone), *version;
		double *series = vw_alloc(t, 4 * sizeof *series);

		c[NAME] = (struct vw_cell){.known = true, .text = vw_dup(t, s->name)};
		c[STATE] = (struct vw_cell){.known = true, .number = s->state};
		c[UP] = (struct vw_cell){.known = s->up >= 0, .number = s->up};
		c[ERRORS] = (struct vw_cell){.known = s->errors >= 0, .number = s->errors};
		c[P99] = (struct vw_cell){.known = s->p99 >= 0, .number = s->p99};
		c[CHANGED] = (struct vw_cell){.known = s->age_ms != 0,
					      .number = (double)(w->now - s->age_ms)};
		*zone = (struct vw_pair){.name = "zone", .value = vw_dup(t, s->zone)};
		c[LABELS] = (struct vw_cell){.known = true, .pairs = zone, .count = 1};
		version = vw_alloc(t, sizeof *version);
		*version = (struct vw_pair){.name = vw_dup(t, s->version), .share = 1};
		c[VERSIONS] = (struct vw_cell){.known = *s->version, .pairs = version, .count = 1};
		memcpy(series, (double[]){0, 1, 2, s->p99}, 4 * sizeof *series);
		c[SERIES] = (struct vw_cell){.known = s->p99 >= 0, .series = series, .count = 4};
		c[ON] = (struct vw_cell){.known = true, .number = s->state == VW_OK};
	}
}

static const struct vw_view sample_view = {
	.name = "services",
	.title = "Services",
	.summary = "a sample",
	.roles = CAT_REGISTRY,
	.columns = sample_columns,
	.column_count = COLUMNS,
	.sort = "service",
	.fill = sample_fill,
};

static inline struct vw_table *sample_table(void)
{
	const struct vw_world w = {.environment = "", .now = NOW};

	return vw_table_fill(&sample_view, &w);
}

#endif
