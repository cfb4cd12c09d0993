/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: one live model of what the backends say, with the freshness of every source.
 * Polling with revisions is the truth; watches only shorten the wait. Text is cleaned and bounded
 * on the way in. A source that is silent, slow or wrong keeps its old data, with its age and its
 * error. Loop thread only. Everything it gives is borrowed until the next turn of the loop.
 */
#ifndef SLUICE_PLUGINS_CATALOGUE_H
#define SLUICE_PLUGINS_CATALOGUE_H

#include "plugins/host/host.h"

struct catalogue;

enum cat_role { CAT_REGISTRY = 1, CAT_CONFIG = 2, CAT_METRICS = 4, CAT_TRACING = 8 };

struct cat_source {
	const char *name, *type; /* "city", "serviceCenter" */
	enum cat_role role;
	int64_t read_at;              /* Unix ms of the newest good answer; 0 = never */
	int64_t asked_at;             /* of the call in flight or the last one */
	const char *revision, *error; /* "" = none */
	int64_t interval_ms;
	int64_t reads, not_modified, failures;
	bool stale;  /* older than three intervals */
	bool polled; /* somebody looks at it; else it only grows old */
};

struct cat_label {
	const char *name, *value;
};

struct cat_instance {
	const char *id, *host, *address, *version, *note;
	const char *path; /* "service/environment/app@source/id": unique among all sources */
	unsigned port;
	enum sl_instance_state state;
	int weight;
	int64_t since;
	const struct cat_label *labels; /* sorted by name */
	size_t label_count;
	const char *source;
	int64_t changed; /* Unix ms when this catalogue saw it change; 0 = since the first read */
};

#define CAT_VERSIONS_MAX 64

struct cat_version {
	const char *version;
	size_t count;
};

struct cat_service {
	const char *service, *environment, *app;
	const struct cat_instance *instances; /* sorted by id */
	size_t count, up;
	size_t by[SL_INSTANCE_STATE_COUNT]; /* instances in each state */
	/* most instances first, then by name; instances that name none are not among them, nor are
	 * more than CAT_VERSIONS_MAX */
	const struct cat_version *versions;
	size_t version_count;
	int64_t changed;
	const char *source;
	const char *path; /* service/environment/app@source: one of its kind */
};

struct cat_key {
	const char *key, *value, *type, *revision, *by, *source;
	size_t value_len;
	int64_t changed;
	bool enabled;
	const struct cat_label *labels;
	size_t label_count;
};

/* Measures of a service, by the queries that the inventory gives, or common metric names. */
struct cat_measures {
	double rate, error_share, p50_ms, p99_ms; /* NaN = unknown */
	/* oldest first, one point a refresh, all of one length; NULL = none */
	const double *rate_series, *error_series, *p50_series, *p99_series;
	size_t series_count;
};

/* Keeps an instance's texts and labels past this turn, until given back; also past the catalogue.
 */
const void *catalogue_hold(const struct cat_instance *i);
void catalogue_give_back(const void *held);
/* The same texts as they lie side by side, a NUL behind each but the last, which has it behind
 * *len. */
const char *catalogue_texts(const struct cat_instance *i, size_t *len);

struct catalogue *catalogue_new(uv_loop_t *loop);
/* Cancels what runs; the backends are the caller's to close afterwards. */
void catalogue_close(struct catalogue *c, void (*closed)(void *arg), void *arg);

/* How long a source may take for one answer; 8 s unless told. */
void catalogue_set_timeout(struct catalogue *c, int64_t ms);

/* A source that is opened later, by one of the three below: until then it is listed as one that has
 * not answered yet. */
void catalogue_announce(struct catalogue *c, const char *name, const char *type,
			enum cat_role role);
/* The backend must outlive the catalogue. interval_ms 0 = 5 s. */
void catalogue_add(struct catalogue *c, const char *name, const char *type,
		   struct plugin_backend *backend, enum cat_role role, int64_t interval_ms);
/* A source that cannot even be opened: listed with its error, never asked. */
void catalogue_add_broken(struct catalogue *c, const char *name, const char *type,
			  enum cat_role role, const char *error);
/* A registry whose instances the caller knows (from the inventory): merged like an answer. Unknown
 * names become a source of their own. */
void catalogue_give(struct catalogue *c, const char *name, const char *type,
		    const struct sl_instance *instances, size_t count);
/* A query of the caller's for a metrics source, instead of the common metric names. measure: rate
 * (requests/s), errors (failed requests/s), p50, p99 (seconds). service NULL = the answer tells
 * services apart by their labels (service, app, application, job); else it is about that one.
 * SL_EINPUT when the measure is none of these. */
int catalogue_query(struct catalogue *c, const char *source, const char *measure,
		    const char *service, const char *expression, struct sl_error *e);
/* Which roles are looked at now; the others are not polled. Newly wanted ones are read at once. */
void catalogue_want(struct catalogue *c, unsigned roles);
void catalogue_refetch(struct catalogue *c);
/* Called (on a later turn) when something that can be seen changed, or a source's state did. */
void catalogue_on_change(struct catalogue *c, void (*changed)(void *arg, unsigned roles),
			 void *arg);
/* Have all wanted sources answered, well or badly, at least once since wanted? */
bool catalogue_settled(const struct catalogue *c);
uint64_t catalogue_generation(const struct catalogue *c); /* counts changes */

size_t catalogue_source_count(const struct catalogue *c);
struct cat_source catalogue_source(const struct catalogue *c, size_t i);
size_t catalogue_service_count(const struct catalogue *c);
const struct cat_service *catalogue_service(const struct catalogue *c, size_t i); /* by name */
const struct cat_service *catalogue_find(const struct catalogue *c, const char *service,
					 const char *environment);
size_t catalogue_key_count(const struct catalogue *c);
const struct cat_key *catalogue_key(const struct catalogue *c, size_t i); /* by key, then labels */
struct cat_measures catalogue_measures(const struct catalogue *c, const char *service);
/* What was seen to change between two reads, newest first; bounded, the oldest go. */
struct cat_change {
	uint64_t number; /* rises by one a change */
	int64_t time;    /* Unix ms */
	enum cat_role role;
	const char *source, *what; /* "instance.added", "instance.changed", "key.removed" ... */
	const char *service;       /* "" = none */
	const char *subject;       /* the instance's id, or the key */
	const char *text;          /* "UP -> DOWN", "revision 7 -> 8" */
};
size_t catalogue_change_count(const struct catalogue *c);
const struct cat_change *catalogue_change(const struct catalogue *c, size_t i);
/* "UP", "DOWN", "STARTING", "TESTING", "OUT", "UNKNOWN" */
const char *catalogue_state_word(enum sl_instance_state s);
const char *catalogue_role_word(enum cat_role role); /* "registry", "config", "metrics", "traces" */
/* Plugins put the backend's name first: without it, where it stands beside the message anyway. */
const char *catalogue_words(const char *source, const struct sl_error *e);
/* The backend behind a source, for calls that are not polled (traces, history, writes). */
struct plugin_backend *catalogue_backend(const struct catalogue *c, const char *source);
/* The same where names of two roles may be one. */
struct plugin_backend *catalogue_backend_as(const struct catalogue *c, const char *source,
					    enum cat_role role);

#endif
