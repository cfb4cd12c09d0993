/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb Service Center as a registry. Reads are one list of services and one batch find that
 * carries the revision of every name known, so that what did not change costs an integer. Our own
 * identity (X-ConsumerId) is never sent: it would make us a node in everyone's topology. Changes
 * are read, merged, written and read back past the server's cache. Push loses events, so it only
 * shortens the wait for the next poll.
 */
#ifndef SLUICE_SERVICE_CENTER_SC_H
#define SLUICE_SERVICE_CENTER_SC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/arena.h"
#include "plugins/sdk/chain.h"
#include "plugins/sdk/plugin.h"

enum sc_login { SC_LOGIN_NONE, SC_LOGIN_RUNS, SC_LOGIN_DONE, SC_LOGIN_REFUSED };

struct sc {
	struct sl_chains all;
	char *url, *project, *domain, *environment; /* environment NULL = every */
	char *account, *password, *token;           /* NULL = none */
	char *weight;                               /* the property that holds it */
	char *watch_as;                             /* NULL = nobody: polling alone */
	struct sl_tls tls;
	enum sc_login login;
	struct sl_error login_error; /* when refused: it is not tried again */
	unsigned token_number;       /* so many came of logins */
	bool token_worked;           /* the last of them did, once */
	struct sc_group **groups;    /* of the last whole read, sorted; each holds a reference */
	size_t group_count;
	uint64_t view_hash; /* of that read's list of services */
	char revision[20];  /* and of all of it, as the host got it */
	char *unread_told;  /* what was last logged of names that could not be read; NULL = none */
};

/* --- what the server says --- */

struct sc_row { /* an instance */
	const char *id, *service_id, *host, *address, *version, *note;
	unsigned port;
	enum sl_instance_state state;
	int weight; /* SL_KEEP = none */
	int64_t since;
	struct sl_label *labels;
	size_t label_count;
};

/* All instances of one name in one environment and app, at one revision. */
struct sc_group {
	int refs; /* loop thread only */
	struct sl_arena arena;
	const char *environment, *app, *name;
	char rev[80];
	const char *unread; /* why the server did not say, and rows are older; NULL = it did */
	char *question;     /* what a batch find says of it; made when first asked */
	struct sc_row *rows;
	size_t count;
};

struct sc_version { /* one microservice: a version of a name */
	const char *environment, *app, *name, *version;
	struct sl_label *labels;
	size_t label_count;
};

struct sc_view {
	struct sl_arena arena;
	struct sc_version *versions; /* sorted by name, version */
	size_t version_count;
	uint64_t hash; /* of all that is said of them, in any order */
};

const char *sc_arena_dup(struct sl_arena *a, const char *s); /* NULL gives NULL */
int sc_key_compare(const char *environment, const char *app, const char *name,
		   const char *environment2, const char *app2, const char *name2);
/* Of the list of services; NULL filters let everything through. Any thread. */
int sc_view_parse(struct sc_view *v, const cJSON *json, const char *service,
		  const char *environment, const char *app, struct sl_error *e);
/* instances is a list, or NULL for none. Any thread. */
void sc_group_parse(struct sc_group *g, const cJSON *instances, const char *weight);
struct sc_group *sc_group_new(const char *environment, const char *app, const char *name);
/* What was known of the group, with `why` on each row; of one without rows, a row that stands for
 * them. Any thread. */
struct sc_group *sc_group_unread(const struct sc_group *known, const char *why);
/* {"service":{...},"rev":"..."}: as long as the group. Loop thread only. */
const char *sc_group_question(struct sc_group *g);
struct sc_group *sc_group_ref(struct sc_group *g);
void sc_group_unref(struct sc_group *g);
enum sl_instance_state sc_state_parse(const char *status);
const char *sc_state_word(enum sl_instance_state state); /* NULL = none to write */
int sc_weight_parse(const char *text);                   /* SL_KEEP = no weight */
uint64_t sc_hash(uint64_t seed, const char *text);

/* --- calls --- */

struct sl_call {
	struct sl_chain chain; /* first */
	struct sc *sc;
	/* the question, kept while the login runs */
	const char *method;
	char *path, *body;
	size_t max_body;
	bool logging_in, waits;
	unsigned token_number; /* of the one that it carried */
	void (*then)(struct sl_call *call, const struct sl_error *e);
};

void sc_call_init(struct sl_call *call, struct sc *sc, int64_t timeout_ms,
		  void (*finish)(struct sl_chain *c, const struct sl_error *e));
void sc_call_release(struct sl_call *call);
/*
 * Ask: path (below the URL; taken) and body (taken, may be NULL). Logs in first if need be. What
 * the server refuses is an error for then; sc_refusal has its number.
 */
void sc_ask(struct sl_call *call, const char *method, char *path, cJSON *body,
	    void (*then)(struct sl_call *call, const struct sl_error *e));
/* The same with a body that is text already. */
void sc_ask_text(struct sl_call *call, const char *method, char *path, char *body,
		 void (*then)(struct sl_call *call, const struct sl_error *e));
/* Domain and token, for headers[2]; *bearer is yours to free. Returns how many. */
size_t sc_headers(const struct sc *sc, struct sl_http_header *headers, char **bearer);
int sc_refusal(const struct sl_call *call); /* inside then: 400012 ..., 0 = none */
char *sc_path(const struct sc *sc, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A read of many names. Embedded first in whatever goes on from it. */
struct sc_read {
	struct sl_call call;
	char *service, *environment, *app; /* NULL = any */
	bool fresh_only;                   /* past the cache, without revisions */
	struct sc_view view;
	struct sc_group **groups; /* by name, sorted, referenced: as known, then as answered */
	struct sc_group **fresh;  /* those that changed; NULL = not */
	bool *answered;
	size_t group_count, asked, until; /* asked..until are in the question in hand */
	size_t unread;                    /* groups that the server would not say */
	struct sl_error unread_error;     /* of the first of them */
	size_t most;                      /* so many at once; 0 = as many as usual */
	void (*ready)(struct sc_read *r);
	/* NULL, or: groups below `asked` are read, more are to come after sc_read_go_on. */
	void (*part)(struct sc_read *r);
};

void sc_read_init(struct sc_read *r, struct sc *sc, const char *service, const char *environment,
		  const char *app, bool fresh_only, int64_t timeout_ms,
		  void (*finish)(struct sl_chain *c, const struct sl_error *e),
		  void (*ready)(struct sc_read *r));
void sc_read_start(struct sc_read *r);
void sc_read_go_on(struct sc_read *r);
void sc_read_release(struct sc_read *r);

/* list.c, edges.c, write.c, watch.c */
struct sl_call *sc_list(void *instance, const char *revision, int64_t timeout_ms,
			const struct sl_registry_sink *sink, void *arg);
struct sl_call *sc_find(void *instance, const char *service, const char *environment,
			const char *app, int64_t timeout_ms, const struct sl_registry_sink *sink,
			void *arg);
struct sl_call *sc_edges(void *instance, int64_t timeout_ms, const struct sl_registry_sink *sink,
			 void *arg);
struct sl_call *sc_write(void *instance, const struct sl_instance_change *change,
			 int64_t timeout_ms, void (*done)(void *arg, const struct sl_error *e),
			 void *arg);

struct sl_call *sc_watch(void *instance, sl_changed changed, void *arg);

#endif
