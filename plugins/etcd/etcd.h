/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance, and a call: a chain of questions to etcd's JSON gateway, one at a time. A call
 * has always exactly one thing under way (a question or a timer), so that ending it means ending
 * that. All messages begin with the backend's name.
 */
#ifndef SLUICE_ETCD_H
#define SLUICE_ETCD_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/ask.h"
#include "plugins/sdk/plugin.h"

struct etcd {
	const struct sl_host_services *services; /* the host keeps it longer than us */
	char *name;                              /* of the backend in the inventory */
	char **urls;                             /* endpoints, without a slash at the end */
	size_t url_count, current;
	char *user, *password; /* NULL = none */
	char *token;           /* NULL = not logged in */
	bool beta;             /* the gateway is at /v3beta, as in version 3.3 */
	char *prefix;          /* begins with a slash, ends without */
	struct sl_tls tls;
	int64_t request_ms;
	struct sl_call *calls;
	size_t discarding; /* replies that are being released beside the loop */
	bool closing, ticked;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* --- answers, taken apart --- */

struct etcd_row {
	char *key;
	size_t key_len; /* keys may hold any byte */
	char *value;
	size_t value_len;
	cJSON *doc; /* the value as a JSON object, if asked for and if it is one */
	int64_t created, modified, version;
	size_t part; /* which operation of a transaction found it */
};

struct etcd_reply {
	int64_t revision, count;
	bool more, succeeded;
	struct etcd_row *rows;
	size_t row_count;
	char *token;
	int code; /* gRPC's, with an error; 0 = none came */
};

enum {
	ETCD_INVALID = 3,
	ETCD_LATE = 4,
	ETCD_COMPACTED = 11,
	ETCD_UNAVAILABLE = 14,
	ETCD_NO_TOKEN = 16
};

/* reply.c. May run on another thread: touches *reply alone. */
int etcd_reply_parse(struct etcd_reply *reply, bool docs, long status, const char *text, size_t len,
		     struct sl_error *e);
void etcd_reply_release(struct etcd_reply *reply);
/* The same; a large one beside the loop, which would wait for its many small pieces. */
void etcd_reply_discard(struct etcd *etcd, struct etcd_reply *reply);
int64_t etcd_int(const cJSON *v, const char *key); /* int64 come as text; 0 = absent */

/* --- calls --- */

struct etcd_scan;

struct sl_call {
	struct etcd *etcd;
	struct sl_call *prev, *next;
	int64_t deadline; /* CLOCK_BOOTTIME */
	bool canceled;
	/* Tell the user *e and release what is the kind's own. */
	void (*finish)(struct sl_call *call, const struct sl_error *e);
	void (*stop)(struct sl_call *call); /* NULL = the usual way to cancel */
	struct sl_timer *timer;
	struct sl_ask *ask;
	struct sl_error error; /* of a call that ends by its timer */

	/* the question in hand */
	const char *path;
	char *body;
	bool repeatable, logging_in, again, docs, beta, moved;
	size_t tried; /* endpoints that failed */
	struct etcd_reply reply;
	void (*then)(struct sl_call *call, const struct sl_error *e);
	struct etcd_scan *scan;
};

/* call.c. A kind embeds struct sl_call first. List it and set its deadline. */
void etcd_call_init(struct sl_call *call, struct etcd *etcd, int64_t timeout_ms,
		    void (*finish)(struct sl_call *call, const struct sl_error *e));
/* Finish now, and free. Only from a callback, never inside start. */
void etcd_call_end(struct sl_call *call, const struct sl_error *e);
/* Finish with this error from the loop. Nothing may be under way. */
void etcd_call_end_later(struct sl_call *call, const struct sl_error *e);
void etcd_call_cancel(struct sl_call *call);
/* With the deadline's error if it has passed. */
int64_t etcd_call_left(const struct sl_call *call);
void etcd_maybe_free(struct etcd *etcd);

/*
 * ask.c. Ask; takes body. repeatable: asking twice does no harm, so another endpoint may be tried
 * whatever went wrong. Logs in first if need be. call->reply is valid inside then.
 */
void etcd_ask(struct sl_call *call, const char *path, cJSON *body, bool repeatable,
	      void (*then)(struct sl_call *call, const struct sl_error *e));
/* What a request to the endpoint in use looks like: for streams. Yours: free(url). */
struct sl_http_request etcd_request(const struct etcd *etcd, const char *path,
				    struct sl_http_header headers[2], char **url);

/* --- bodies: body.c --- */

cJSON *etcd_range(const void *key, size_t len);
/* All keys that begin with prefix, from `from` on (NULL = from the first). */
cJSON *etcd_range_prefix(const char *prefix, const void *from, size_t len);
void etcd_add_int(cJSON *body, const char *name, int64_t value);
void etcd_add_bytes(cJSON *body, const char *name, const void *bytes, size_t len);
/* A transaction; steps are added in order. */
cJSON *etcd_txn(void);
void etcd_txn_if_modified(cJSON *txn, const char *key, int64_t revision); /* 0 = is not there */
void etcd_txn_put(cJSON *txn, const char *key, const void *value, size_t len, bool keep_lease);
void etcd_txn_delete(cJSON *txn, const char *key);
void etcd_txn_range(cJSON *txn, const char *key, int64_t revision); /* 0 = now */

/* --- scans: scan.c --- */

/* Every key below a prefix, page by page, all at one revision. A long page is told in slices, a
 * turn of the loop each: whoever types meanwhile need not wait for it. */
struct etcd_scan {
	char *prefix;     /* yours to free */
	bool exact;       /* prefix is one key */
	bool docs;        /* values are JSON */
	int page;         /* keys a page; the first one is small, so that something is there soon */
	int64_t revision; /* in: 0 = now; out: of the whole scan */
	int64_t count;    /* out */
	bool (*row)(struct sl_call *call, struct etcd_row *row); /* false = enough */
	void (*then)(struct sl_call *call, const struct sl_error *e);
	bool begun;
	size_t at; /* the row of this page that is next */
};

void etcd_scan_start(struct sl_call *call, struct etcd_scan *scan);
/*
 * Has anything below prefix changed since the state called `revision`, as etcd_state_name named
 * it? One small answer: how many keys are there, and is one newer; with `rows`, up to so many of
 * the newer ones, whose values are JSON. False = it is no such name.
 */
bool etcd_check_start(struct sl_call *call, const char *prefix, const char *revision, int rows,
		      void (*then)(struct sl_call *call, const struct sl_error *e));
/* Inside then: nothing changed; call->reply.rows are all that did (none was deleted, that is). */
bool etcd_check_same(const struct sl_call *call, const char *revision);
bool etcd_check_whole(const struct sl_call *call, const char *revision);
void etcd_state_name(char *dst, size_t size, int64_t revision, int64_t count);

/* --- the layout: layout.c --- */

#define ETCD_NONE "_" /* stands for an environment or service that has no name */

/* PREFIX/TREE/ENVIRONMENT/SERVICE/NAME; from the right, NULL parts end it with a slash. */
char *etcd_path(const struct etcd *etcd, const char *tree, const char *environment,
		const char *service, const char *name);
/* May this be a part between slashes? */
bool etcd_is_part(const char *s);

struct etcd_place {
	const char *environment, *service, *name; /* name NULL = the service itself */
	char *memory;                             /* holds them */
};
/* False when the key is not of this tree. */
bool etcd_place_parse(const struct etcd *etcd, const char *tree, const struct etcd_row *row,
		      struct etcd_place *place);
/* Where a config key is, and its description. Both yours to free. */
int etcd_key_paths(const struct etcd *etcd, const char *key, const struct sl_label *labels,
		   size_t count, char **path, char **meta, struct sl_error *e);
const char *etcd_part_name(const char *part); /* NULL for ETCD_NONE */

/* instance.c: what registrants write */
void etcd_instance_report(const struct etcd_row *row, const struct etcd_place *place,
			  const struct sl_registry_sink *sink, void *arg);
enum sl_instance_state etcd_instance_state(const cJSON *doc);
const char *etcd_state_word(enum sl_instance_state state);

/* registry.c, change.c, config.c, publish.c, watch.c */
extern const struct sl_registry_ops etcd_registry;
extern const struct sl_config_ops etcd_config;
struct sl_call *etcd_instance_write(void *instance, const struct sl_instance_change *change,
				    int64_t timeout_ms,
				    void (*done)(void *arg, const struct sl_error *e), void *arg);
struct sl_call *etcd_key_write(void *instance, const struct sl_key_change *change,
			       int64_t timeout_ms,
			       void (*done)(void *arg, const struct sl_error *e), void *arg);
struct sl_call *etcd_watch(struct etcd *etcd, const char *tree, sl_changed changed, void *arg);
void etcd_cancel(void *instance, struct sl_call *call);

#endif
