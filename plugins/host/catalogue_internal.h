/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the catalogue share. An answer is first staged (copied, cleaned, bounded) and
 * merged into the model only when the source says that it was whole: half an answer changes
 * nothing. Merging joins two sorted lists, so what did not change keeps its memory and its times.
 */
#ifndef SLUICE_PLUGINS_CATALOGUE_INTERNAL_H
#define SLUICE_PLUGINS_CATALOGUE_INTERNAL_H

#include <uthash.h>
#include <uv.h>

#include "plugins/host/catalogue.h"
#include "plugins/sdk/arena.h"
#include "plugins/sdk/mem.h"

#define CAT_NAME_MAX      256 /* bytes with the terminator */
#define CAT_TEXT_MAX      1024
#define CAT_VALUE_MAX     (128u << 10)
#define CAT_LABELS_MAX    64
#define CAT_INSTANCES_MAX 200000 /* a source */
#define CAT_KEYS_MAX      100000
#define CAT_STAGE_BYTES   (256u << 20)
#define CAT_SERIES        60
#define CAT_CHANGES_MAX   1000
#define CAT_QUERIES_MAX   400
#define CAT_PARALLEL      4 /* queries of one metrics source at a time */

/* --- catalogue_stage.c --- */

struct cat_staged {
	const char *service, *environment, *app;
	struct cat_instance instance; /* id NULL = the service has been named, no more */
};

struct cat_stage {
	struct sl_arena arena;
	struct cat_staged *items;
	size_t count, cap;
	struct cat_key *keys;
	size_t key_count, key_cap;
	bool full; /* the source said more than is kept */
};
void cat_stage_service(struct cat_stage *s, const struct sl_service *from);
void cat_stage_instance(struct cat_stage *s, const struct sl_instance *from);
void cat_stage_key(struct cat_stage *s, const struct sl_key *from);
void cat_stage_release(struct cat_stage *s);

/* One block with copies of the texts and labels; what `labels` points at is its start. Of a service
 * of this source. */
struct cat_instance cat_instance_dup(const struct cat_instance *from, const struct cat_service *of);
void cat_instance_free(struct cat_instance *i);
struct cat_key *cat_key_dup(const struct cat_key *from); /* one block, yours to free */
bool cat_instance_same(const struct cat_instance *a, const struct cat_instance *b);
bool cat_key_same(const struct cat_key *a, const struct cat_key *b);
int cat_key_compare(const struct cat_key *a, const struct cat_key *b); /* key, then labels */
/* Cleaned and cut; NULL reads as "". Returns dst. */
char *cat_text(char *dst, size_t size, const char *from);
/* The same for a name, by which things are told apart. */
char *cat_name(char dst[CAT_NAME_MAX], const char *from);

/* --- the model --- */

struct cat_service_node {
	struct cat_service pub;
	char *key;
	uint64_t seen; /* the round that named it last */
	UT_hash_handle hh;
};

/* An answer that joins the model, a part a turn: services that were reached are as it says, the
 * others as they were. */
struct cat_merge {
	const struct cat_staged **items; /* of the stage, by service; NULL = none is under way */
	size_t count, at;
	int64_t now;
	bool changes, changed, members;
};

enum cat_measure { CAT_RATE, CAT_ERRORS, CAT_P50, CAT_P99, CAT_MEASURE_COUNT };

struct cat_past {
	double points[CAT_MEASURE_COUNT][CAT_SERIES];
};

struct cat_measure_node {
	char *service;
	double rate, errors, p50, p99;
	double next[CAT_MEASURE_COUNT];               /* of the refresh under way */
	struct cat_past *past;                        /* the same of one that reads the past */
	double series[CAT_MEASURE_COUNT][CAT_SERIES]; /* errors as a share */
	size_t count;
	UT_hash_handle hh;
};

struct cat_query {
	enum cat_measure measure;
	char *service; /* NULL = of all, told by labels */
	char *expression;
};

struct cat_source_node;

struct cat_ask { /* one metrics query in flight */
	struct cat_source_node *source;
	struct sl_call *call; /* NULL = free */
	size_t query;
	bool present; /* in a refresh that reads the past: it was refused, what is now is asked */
};

struct cat_source_node {
	struct catalogue *c;
	char *name, *type, *revision;
	char error[512];
	enum cat_role role;
	struct plugin_backend *backend; /* NULL: given by hand, or broken */
	int64_t interval_ms, read_at, read_boot, asked_at, asked_boot;
	int64_t reads, not_modified, failures, failing; /* failing: in a row */
	bool fixed;                                     /* nothing to poll */
	bool announced;                                 /* not opened yet */
	bool wanted, answered;                          /* answered: well or badly, since wanted */
	bool busy, again, late; /* a read runs; read once more after it; it passed its deadline */
	bool previewed;         /* of the first read something was shown already */
	struct sl_call *call, *watch;
	struct cat_stage stage;
	struct cat_merge merge;
	uv_timer_t poll, guard;
	uv_idle_t turn; /* while something of this read joins the model */
	/* registry */
	struct cat_service_node *services;
	uint64_t round;
	/* config */
	struct cat_key **keys;
	size_t key_count;
	/* metrics */
	struct cat_query *queries;
	size_t query_count, query_cap, next_query;
	struct cat_ask asks[CAT_PARALLEL];
	unsigned asking;
	size_t query_failures;
	int64_t past_from; /* the refresh under way reads from then on; 0 = what is now */
	bool past_refused; /* some of it: what is now is asked instead */
	bool past_failed;  /* wholly or in part: the next refresh reads what is now */
	struct sl_error last_failure;
	struct cat_measure_node *measures;
};

struct catalogue {
	uv_loop_t *loop;
	struct cat_source_node **sources;
	size_t count, cap;
	int64_t timeout_ms;
	unsigned wanted, dirty;
	uint64_t generation;
	void (*changed)(void *arg, unsigned roles);
	void *changed_arg;
	uv_timer_t tell;
	const struct cat_service **services; /* of all sources, sorted */
	size_t service_count;
	struct cat_key **keys;
	size_t key_count;
	struct cat_change *changes; /* a ring */
	size_t change_count, change_next;
	uint64_t change_number;
	bool closing;
	size_t handles; /* still open */
	void (*closed)(void *arg);
	void *closed_arg;
};

/* Something that can be seen changed: say so on a later turn. */
void cat_dirty(struct catalogue *c, unsigned roles);
/* Takes nothing; texts must be clean. */
void cat_note(struct cat_source_node *s, int64_t time, const char *what, const char *service,
	      const char *subject, const char *text);

/* --- catalogue_merge.c, catalogue_index.c, catalogue_keys.c: true when anything changed --- */
/* changes: what was not staged stands, as sl_read_end says. The stage stays as it is. */
bool cat_merge_registry(struct cat_source_node *s, int64_t now, bool changes);
/* The same in parts: begin, some until it returns false (nothing more is to come), end. */
void cat_merge_begin(struct cat_source_node *s, int64_t now, bool changes);
bool cat_merge_some(struct cat_source_node *s, size_t instances);
bool cat_merge_end(struct cat_source_node *s);
void cat_merge_drop(struct cat_source_node *s); /* what joined stays */
bool cat_merge_keys(struct cat_source_node *s, int64_t now);
void cat_registry_release(struct cat_source_node *s);
void cat_keys_release(struct cat_source_node *s);
void cat_services_index(struct catalogue *c);
void cat_keys_index(struct catalogue *c);

/* --- catalogue_count.c: what a service's instances are, anew --- */
void cat_service_count(struct cat_service *s);
void cat_service_count_release(struct cat_service *s);

/* --- catalogue_poll.c --- */
void cat_source_want(struct cat_source_node *s, bool wanted);
void cat_source_begin(struct cat_source_node *s); /* opened, and its role is wanted already */
void cat_source_read(struct cat_source_node *s, bool unconditional);
void cat_source_stop(struct cat_source_node *s); /* for closing: cancel all */
/* A read is over; frees the stage. */
void cat_source_done(struct cat_source_node *s, const struct sl_read_end *end);

/* --- catalogue_series.c --- */
#define CAT_PAST_MS(source) ((CAT_SERIES - 1) * (source)->interval_ms)
double cat_error_share(double errors, double rate); /* NaN = nothing was asked */
/* Several series of one service: rates add up, of quantiles the worst counts. */
void cat_measure_add(double *sum, enum cat_measure measure, double value);
/* A refresh begins: the first one, and one after a gap, reads the past too.
 */
void cat_past_begin(struct cat_source_node *s);
void cat_past_add(const struct cat_source_node *s, struct cat_measure_node *node,
		  enum cat_measure measure, const struct sl_sample *sample);
void cat_past_take(struct cat_measure_node *node);   /* its points become the series */
void cat_series_push(struct cat_measure_node *node); /* one point more: what is now */

/* --- catalogue_measures.c --- */
void cat_measures_init(struct cat_source_node *s);
void cat_measures_read(struct cat_source_node *s);
void cat_measures_cancel(struct cat_source_node *s);
void cat_measures_release(struct cat_source_node *s);

#endif
