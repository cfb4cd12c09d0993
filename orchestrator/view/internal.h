/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef SLUICE_VIEW_INTERNAL_H
#define SLUICE_VIEW_INTERNAL_H

#include "orchestrator/view/view.h"

/* --- table.c --- */
int64_t vw_table_now(const struct vw_table *t); /* when it was filled: for ages in filters */
long vw_column_find(const struct vw_view *v, const char *key, size_t len); /* -1 = none */
/* SL_EINPUT with a near match, or with what there is. */
int vw_column_unknown(const struct vw_view *v, const char *key, struct sl_error *e);

/* --- cells.c --- */
/* -1, 0, 1: by code points, with numbers in names by value ("oa2" before "oa10", "订单-2" before
 * "订单-10"; only the digits 0-9 are numbers), ASCII letters without case. 0 = the same bytes. */
int vw_natural(const char *a, const char *b);
/* For many of them: the bytes that a shares with b, `most` at most, none of a number in part. They
 * say nothing of the order. */
size_t vw_natural_shared(const char *a, const char *b, size_t most);
/* The beginning of a name as a number: of two names the one with the lesser stands before the
 * other; with equal ones only vw_natural tells. */
uint64_t vw_natural_head(const char *s);

/* A row about an instance, whose texts the table holds: its cells may point at them, as they are
 * clean. Ten thousand rows are not copied every second. */
struct vw_cell *vw_row_add_instance(struct vw_table *t, const struct cat_instance *i,
				    enum vw_state state);
void vw_set_held(struct vw_cell *cell, const char *text); /* "" = unknown */
void vw_set_held_labels(struct vw_table *t, struct vw_cell *cell, const struct cat_label *labels,
			size_t count);

/* "14:02:31" here; "" = 0, or no time at all. */
const char *vw_clock(struct vw_table *t, int64_t ms);

/* --- setting cells --- */
void vw_set_text(struct vw_table *t, struct vw_cell *cell, const char *text); /* "" = unknown */
void vw_set_number(struct vw_cell *cell, double number);                      /* NaN = unknown */
/* A number that names something (a port, a run): shown without separators; 0 = unknown. */
void vw_set_id(struct vw_table *t, struct vw_cell *cell, int64_t number);
void vw_set_time(struct vw_cell *cell, int64_t ms); /* 0 = unknown */
void vw_set_state(struct vw_cell *cell, enum vw_state s);
void vw_set_bool(struct vw_cell *cell, bool yes);
void vw_set_labels(struct vw_table *t, struct vw_cell *cell, const struct cat_label *labels,
		   size_t count);
void vw_set_series(struct vw_table *t, struct vw_cell *cell, const double *series, size_t count);

/* Of a service, by its instances. reason: why, "" = nothing to say. */
enum vw_state vw_service_state(const struct cat_service *s, char *reason, size_t size);
/* With its measures, as its row says it. */
enum vw_state vw_service_look(const struct vw_world *w, const struct cat_service *s, char *reason,
			      size_t size);
/* Of a run; *reason: why, a literal. */
enum vw_state vw_run_state(const struct store_run *r, const char **reason);
enum vw_state vw_instance_state(enum sl_instance_state s);

/* "4.12.1-0a1b2c3d": what stands before the eight digits; "" = a name of another shape. */
const char *vw_release_version(struct vw_table *t, const char *release);

/* Is this environment, or service, one that the world wants to see? NULL and "" match all. */
bool vw_wanted(const char *want, const char *is);

/* The first event of a run, which says what it is about; NULL = it has none. Yours. */
cJSON *vw_run_started(struct store *s, int64_t run);

/* --- the views, one a file --- */
extern const struct vw_view vw_services, vw_instances, vw_keys, vw_runs, vw_releases, vw_events,
	vw_traces, vw_history, vw_hosts, vw_processes, vw_versions, vw_dependencies, vw_changes,
	vw_alerts, vw_plugins;

#endif
