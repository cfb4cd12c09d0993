/* SPDX-License-Identifier: Apache-2.0 */
/* View: services, as the registries list them, with measures and config beside. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RUNS_MAX        20
#define RUN_EXPLAINS_MS (30 * 60 * 1000) /* changes in its registry after it began */
#define GONE_MS         (30 * 60 * 1000) /* one that went without leave is missed so long */
#define ERRORS_BAD      0.01             /* a share of failed requests that deserves a look */

enum {
	COL_SERVICE,
	COL_ENVIRONMENT,
	COL_APP,
	COL_STATE,
	COL_REASON,
	COL_UP,
	COL_ALL,
	COL_VERSIONS,
	COL_RATE,
	COL_ERROR_SHARE,
	COL_P50,
	COL_P99,
	COL_P99_SERIES,
	COL_CONFIG_REVISION,
	COL_CHANGED_BY,
	COL_CHANGED,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_SERVICE] = {"service", "SERVICE", "Name in the registry.", VW_TEXT, 12, 40, 0, false},
	[COL_ENVIRONMENT] = {"environment", "ENV", "Environment in the registry.", VW_TEXT, 4, 14,
			     9, true},
	[COL_APP] = {"app", "APP", "Application that the service belongs to.", VW_TEXT, 4, 16, 10,
		     true},
	[COL_STATE] = {"state", "STATE", "ok, degraded, failed, noContact, off or working.",
		       VW_STATE, 8, 9, 3, false},
	[COL_REASON] = {"reason", "REASON", "Why it is in this state.", VW_TEXT, 10, 40, 11, true},
	[COL_UP] = {"up", "UP", "Instances that the registry calls UP.", VW_NUMBER, 3, 7, 1, false},
	[COL_ALL] = {"all", "ALL", "Instances, whatever their state.", VW_NUMBER, 3, 7, 1, false},
	[COL_VERSIONS] = {"versions", "VERSIONS", "Versions with their share of the instances.",
			  VW_SHARES, 8, 32, 4, false},
	[COL_RATE] = {"rate", "RPS", "Requests per second.", VW_NUMBER, 5, 9, 5, false},
	[COL_ERROR_SHARE] = {"errorShare", "ERR", "Share of requests that failed.", VW_SHARE, 4, 6,
			     2, false},
	[COL_P50] = {"p50", "P50 ms", "Median duration of requests.", VW_MILLIS, 6, 8, 8, false},
	[COL_P99] = {"p99", "P99 ms", "99 of 100 requests were faster.", VW_MILLIS, 6, 8, 2, false},
	[COL_P99_SERIES] = {"p99Series", "P99 TREND", "p99, a point an interval, the last 60.",
			    VW_SERIES, 8, 16, 6, false},
	[COL_CONFIG_REVISION] = {"configRevision", "CFG", "Newest revision of its config keys.",
				 VW_TEXT, 3, 12, 7, false},
	[COL_CHANGED_BY] = {"changedBy", "CHANGED",
			    "What changed it last: a run, a config key, the registry.", VW_TEXT, 7,
			    12, 4, false},
	[COL_CHANGED] = {"changed", "AGE", "When that was.", VW_TIME, 4, 6, 4, false},
};

/* --- state --- */

enum vw_state vw_instance_state(enum sl_instance_state s)
{
	static const enum vw_state states[SL_INSTANCE_STATE_COUNT] = {
		[SL_INSTANCE_UP] = VW_OK,
		[SL_INSTANCE_DOWN] = VW_FAILED,
		[SL_INSTANCE_STARTING] = VW_WORKING,
		[SL_INSTANCE_TESTING] = VW_WORKING,
		[SL_INSTANCE_OUT] = VW_OFF,
		[SL_INSTANCE_UNKNOWN] = VW_NO_CONTACT,
	};

	return (unsigned)s < SL_INSTANCE_STATE_COUNT ? states[s] : VW_NO_CONTACT;
}

/* "12 of 480 not up (3 down, 8 starting, 1 out)" */
static void put_reason(char *dst, size_t size, const struct cat_service *s, const size_t *by)
{
	static const char *const words[SL_INSTANCE_STATE_COUNT] = {
		[SL_INSTANCE_DOWN] = "down",       [SL_INSTANCE_STARTING] = "starting",
		[SL_INSTANCE_TESTING] = "testing", [SL_INSTANCE_OUT] = "out of service",
		[SL_INSTANCE_UNKNOWN] = "unknown",
	};
	size_t at = (size_t)snprintf(dst, size, "%zu of %zu not up (", s->count - s->up, s->count);
	const char *comma = "";

	for (int i = 0; i < SL_INSTANCE_STATE_COUNT; i++) {
		if (!words[i] || !by[i] || at >= size)
			continue;
		at += (size_t)snprintf(dst + at, size - at, "%s%zu %s", comma, by[i], words[i]);
		comma = ", ";
	}
	if (at < size)
		snprintf(dst + at, size - at, ")");
}

enum vw_state vw_service_state(const struct cat_service *s, char *reason, size_t size)
{
	const size_t *by = s->by;

	snprintf(reason, size, "%s", s->count ? "" : "no instances");
	if (!s->count)
		return VW_OFF;
	if (s->up == s->count)
		return VW_OK;
	if (by[SL_INSTANCE_UNKNOWN] == s->count) {
		snprintf(reason, size, "nobody says how its %zu instances are", s->count);
		return VW_NO_CONTACT;
	}
	put_reason(reason, size, s, by);
	if (by[SL_INSTANCE_OUT] == s->count)
		return VW_OFF;
	if (!s->up && by[SL_INSTANCE_STARTING] + by[SL_INSTANCE_TESTING])
		return VW_WORKING;
	if (!s->up)
		return VW_FAILED;
	return by[SL_INSTANCE_DOWN] || by[SL_INSTANCE_OUT] || by[SL_INSTANCE_UNKNOWN] ? VW_DEGRADED
										      : VW_WORKING;
}

/* The worst of those that are not up; NULL = all are. */
static const struct cat_instance *worst_of(const struct cat_service *s)
{
	static const enum sl_instance_state worst[] = {SL_INSTANCE_DOWN, SL_INSTANCE_UNKNOWN,
						       SL_INSTANCE_STARTING, SL_INSTANCE_OUT};

	for (size_t w = 0; w < SL_COUNT(worst); w++) {
		if (!s->by[worst[w]])
			continue;
		for (size_t k = 0; k < s->count; k++)
			if (s->instances[k].state == worst[w])
				return &s->instances[k];
	}
	return NULL;
}

/* That one, and since when: "; i-7: no answer, for 4m". */
static void put_worst(char *dst, size_t size, const struct cat_service *s, int64_t now)
{
	const struct cat_instance *i = worst_of(s);
	char age[32] = "";
	int64_t since;

	if (!i)
		return;
	since = i->changed ? i->changed : i->since;
	if (since && since < now)
		sl_duration_human(age, sizeof age, (now - since) / 1000 * 1000);
	snprintf(dst, size, "; %s%s%s%s%s", i->id, *i->note ? ": " : "", i->note,
		 *age ? ", for " : "", age);
}

static int64_t metrics_interval(const struct catalogue *c)
{
	for (size_t i = 0; i < catalogue_source_count(c); i++)
		if (catalogue_source(c, i).role == CAT_METRICS)
			return catalogue_source(c, i).interval_ms;
	return 0;
}

/* "; errors 3.1% for 2:05", as far back as was read. */
static void put_errors(char *dst, size_t size, const struct catalogue *c,
		       const struct cat_measures *m, bool first)
{
	size_t n = 0;
	char share[32], age[32] = "";

	while (n < m->series_count && m->error_series[m->series_count - 1 - n] >= ERRORS_BAD)
		n++;
	if (n > 1)
		sl_duration_human(age, sizeof age, (int64_t)(n - 1) * metrics_interval(c));
	snprintf(dst, size, "%serrors %s%s%s%s", first ? "" : "; ",
		 sl_share_format(share, sizeof share, m->error_share), *age ? " for " : "",
		 *age && n == m->series_count ? "more than " : "", age);
}

/* --- who is missed --- */

/* A lease that ends takes its instance out of the registry, and all that are left are well. So
 * what was seen to go while it was up is missed, but for as many as were seen to come, before or
 * after: a rolling update may bring the new one first. */
struct missed {
	const char *service, *last; /* the one that went last */
	long count;                 /* who went, less who came */
	int64_t at;
	UT_hash_handle hh;
};

static bool counts(const struct vw_world *w, const struct cat_change *c)
{
	return c->role == CAT_REGISTRY && c->time > w->now - GONE_MS;
}

static void count_change(struct missed *m, const struct cat_change *c)
{
	if (!strcmp(c->what, "instance.added"))
		m->count--;
	/* One that was taken out of service before is no loss. */
	if (strcmp(c->what, "instance.removed") != 0 || !strstr(c->text, "UP"))
		return;
	m->count++;
	m->last = c->subject;
	m->at = c->time;
}

/* All of it borrowed from the catalogue, for one fill. */
static struct missed *missed_of(struct vw_table *t, const struct vw_world *w)
{
	struct missed *all = NULL, *one;

	for (size_t i = catalogue_change_count(w->catalogue); i > 0; i--) { /* oldest first */
		const struct cat_change *c = catalogue_change(w->catalogue, i - 1);

		if (!counts(w, c))
			continue;
		HASH_FIND_STR(all, c->service, one);
		if (!one) {
			one = vw_alloc(t, sizeof *one);
			one->service = c->service;
			HASH_ADD_KEYPTR(hh, all, one->service, strlen(one->service), one);
		}
		count_change(one, c);
	}
	return all;
}

const char *vw_service_missed(const struct vw_world *w, const char *service)
{
	struct missed m = {0};

	for (size_t i = w->catalogue ? catalogue_change_count(w->catalogue) : 0; i > 0; i--) {
		const struct cat_change *c = catalogue_change(w->catalogue, i - 1);

		if (counts(w, c) && !strcmp(c->service, service))
			count_change(&m, c);
	}
	return m.count > 0 ? m.last : NULL;
}

/* "; 1 left the registry: h3:8080, 68s ago" */
static enum vw_state miss(const struct missed *m, enum vw_state state, int64_t now, char *reason,
			  size_t size)
{
	int64_t ago = m && now > m->at ? (now - m->at) / 1000 * 1000 : 0;
	size_t len = strlen(reason);
	char age[32];

	if (!m || m->count <= 0)
		return state;
	snprintf(reason + len, size - len, "%s%ld left the registry, the last %s %s ago",
		 len ? "; " : "", m->count, m->last, sl_duration_human(age, sizeof age, ago));
	return state == VW_OK ? VW_DEGRADED : state;
}

/* --- what stands beside --- */

struct newest {
	const char *service, *revision;
	int64_t changed;
	UT_hash_handle hh;
};

static bool is_newer(const struct cat_key *k, const struct newest *than)
{
	int64_t a, b;

	if (k->changed != than->changed)
		return k->changed > than->changed;
	return sl_count_parse(k->revision, 0, INT64_MAX, &a) &&
	       sl_count_parse(than->revision, 0, INT64_MAX, &b) && a > b;
}

/* The newest revision of each service's keys. */
static struct newest *newest_revisions(struct vw_table *t, const struct catalogue *c)
{
	struct newest *all = NULL, *one;

	for (size_t i = 0; i < catalogue_key_count(c); i++) {
		const struct cat_key *k = catalogue_key(c, i);
		const char *service = NULL;

		for (size_t l = 0; l < k->label_count && !service; l++)
			if (strcmp(k->labels[l].name, "service") == 0)
				service = k->labels[l].value;
		if (!service || !*k->revision)
			continue;
		HASH_FIND_STR(all, service, one);
		if (!one) {
			one = vw_alloc(t, sizeof *one);
			one->service = service;
			one->changed = -1;
			HASH_ADD_KEYPTR(hh, all, one->service, strlen(one->service), one);
		}
		if (one->changed < 0 || is_newer(k, one)) {
			one->changed = k->changed;
			one->revision = k->revision;
		}
	}
	return all;
}

static void set_versions(struct vw_table *t, struct vw_cell *cell, const struct cat_service *s)
{
	struct vw_pair *pairs;

	if (!s->version_count)
		return;
	pairs = vw_alloc(t, s->version_count * sizeof *pairs);
	for (size_t i = 0; i < s->version_count; i++)
		pairs[i] = (struct vw_pair){
			.name = vw_dup(t, s->versions[i].version),
			.share = round((double)s->versions[i].count / (double)s->count * 1e6) / 1e6,
		};
	cell->known = true;
	cell->pairs = pairs;
	cell->count = s->version_count;
}

static enum vw_state state_of(const struct vw_world *w, const struct cat_service *s,
			      const struct cat_measures *m, char *reason, size_t size)
{
	enum vw_state state = vw_service_state(s, reason, size);
	size_t len = strlen(reason);

	if (state != VW_NO_CONTACT)
		put_worst(reason + len, size - len, s, w->now);
	if (!(m->error_share >= ERRORS_BAD)) /* also when unknown */
		return state;
	len = strlen(reason);
	put_errors(reason + len, size - len, w->catalogue, m, !len);
	return state == VW_OK ? VW_DEGRADED : state;
}

enum vw_state vw_service_look(const struct vw_world *w, const struct cat_service *s, char *reason,
			      size_t size)
{
	struct cat_measures m = catalogue_measures(w->catalogue, s->service);

	return state_of(w, s, &m, reason, size);
}

/* --- what changed it last --- */

struct changer {
	char *service;
	int64_t number, started;
	bool ended;
	UT_hash_handle hh;
};

/* The newest run about each service, of the last few. */
static struct changer *changers(const struct vw_world *w)
{
	struct changer *all = NULL, *one;
	struct store_run *runs;
	size_t count;

	if (!w->store || store_runs_list(w->store, NULL, RUNS_MAX, &runs, &count, NULL))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		cJSON *first = vw_run_started(w->store, runs[i].number);
		const char *service = sl_json_str(first, "service", "");

		HASH_FIND_STR(all, service, one);
		if (*service && !one && strcmp(runs[i].outcome, "refused") != 0) {
			one = sl_alloc(sizeof *one);
			*one = (struct changer){.service = sl_strdup(service),
						.number = runs[i].number,
						.ended = !strcmp(runs[i].state, "ended"),
						.started = runs[i].started};
			HASH_ADD_KEYPTR(hh, all, one->service, strlen(one->service), one);
		}
		cJSON_Delete(first);
	}
	store_runs_free(runs, count);
	return all;
}

static void changers_free(struct changer *all)
{
	struct changer *one, *next;

	for (one = all; one; one = next) {
		next = one->hh.next;
		HASH_DEL(all, one);
		free(one->service);
		free(one);
	}
}

/* A run explains what the registry shows a moment after it began. */
static void set_changed(struct vw_table *t, struct vw_cell *cells, const struct cat_service *s,
			const struct newest *config, const struct changer *run)
{
	int64_t at = s->changed, configured = config ? config->changed : 0;
	const char *by = at ? "registry" : NULL;

	if (configured > at) {
		at = configured;
		by = vw_printf(t, "cfg %s", config->revision);
	}
	if (run && (run->started > at || (by && at - run->started < RUN_EXPLAINS_MS))) {
		at = run->started;
		by = vw_printf(t, "run %" PRId64, run->number);
	}
	vw_set_text(t, &cells[COL_CHANGED_BY], by);
	vw_set_time(&cells[COL_CHANGED], at);
}

/* What is known of services beside their instances. */
struct beside {
	struct newest *revisions;
	struct changer *runs;
	struct missed *missed;
};

static void add_service(struct vw_table *t, const struct vw_world *w, const struct cat_service *s,
			const struct beside *b)
{
	struct cat_measures m = catalogue_measures(w->catalogue, s->service);
	char reason[512];
	enum vw_state state = state_of(w, s, &m, reason, sizeof reason);
	const struct vw_row *row;
	struct vw_cell *cells;
	struct newest *newest;
	struct changer *run;
	struct missed *gone;

	HASH_FIND_STR(b->runs, s->service, run);
	HASH_FIND_STR(b->missed, s->service, gone);
	if (!run || run->ended) /* while one goes on, its instances come and go */
		state = miss(gone, state, w->now, reason, sizeof reason);
	cells = vw_row_add(t, s->path, state, s->service, reason);
	row = &t->rows[t->count - 1];
	vw_set_held(&cells[COL_SERVICE], row->full);
	vw_set_text(t, &cells[COL_ENVIRONMENT], *s->environment ? s->environment : w->environment);
	vw_set_text(t, &cells[COL_APP], s->app);
	vw_set_state(&cells[COL_STATE], state);
	vw_set_held(&cells[COL_REASON], row->reason);
	vw_set_number(&cells[COL_UP], (double)s->up);
	vw_set_number(&cells[COL_ALL], (double)s->count);
	set_versions(t, &cells[COL_VERSIONS], s);
	vw_set_number(&cells[COL_RATE], m.rate);
	vw_set_number(&cells[COL_ERROR_SHARE], m.error_share);
	vw_set_number(&cells[COL_P50], m.p50_ms);
	vw_set_number(&cells[COL_P99], m.p99_ms);
	vw_set_series(t, &cells[COL_P99_SERIES], m.p99_series, m.series_count);
	HASH_FIND_STR(b->revisions, s->service, newest);
	if (newest)
		vw_set_text(t, &cells[COL_CONFIG_REVISION], newest->revision);
	set_changed(t, cells, s, newest, run);
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	struct beside b;

	if (!w->catalogue)
		return;
	b = (struct beside){.runs = changers(w),
			    .revisions = newest_revisions(t, w->catalogue),
			    .missed = missed_of(t, w)};
	for (size_t i = 0; i < catalogue_service_count(w->catalogue); i++) {
		const struct cat_service *s = catalogue_service(w->catalogue, i);

		if (!w->subject || strcmp(w->subject, s->service) == 0)
			add_service(t, w, s, &b);
	}
	HASH_CLEAR(hh, b.revisions);
	HASH_CLEAR(hh, b.missed);
	changers_free(b.runs);
}

const struct vw_view vw_services = {
	.name = "services",
	.one = "service",
	.title = "Services",
	.summary = "state, instances, versions, requests, errors and durations of each service",
	.roles = CAT_REGISTRY | CAT_METRICS | CAT_CONFIG,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "state",
	.may_store = true,
	.fill = fill,
};
