/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceComb Kie as a config centre. The revision that it gives counts every change of the whole
 * domain, so what a caller gets as revision is a hash of the keys themselves; Kie's own is kept
 * beside it. There is no compare-and-swap: a write reads before and after, sends value and status
 * together, and finds in the history whether someone else wrote between.
 */
#ifndef SLUICE_KIE_KIE_H
#define SLUICE_KIE_KIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/chain.h"
#include "plugins/sdk/plugin.h"

#define KIE_LABELS_MAX 8

enum kie_login { KIE_LOGIN_NONE, KIE_LOGIN_RUNS, KIE_LOGIN_DONE, KIE_LOGIN_REFUSED };

struct kie {
	struct sl_chains all;
	char *url, *project, *token;                       /* token: NULL = none */
	char *token_file, *login_url, *account, *password; /* where tokens come from; NULL = none */
	enum kie_login login;
	struct sl_error login_error; /* when refused: it is not tried again */
	unsigned token_number;       /* so many there were */
	bool token_worked;           /* the last of them did, once */
	char *session;               /* who polls, for Kie's own records */
	struct sl_tls tls;
	struct sl_label *labels; /* only keys that have these */
	size_t label_count;
	char *known_hash, *known_revision; /* of the last list: NULL = none yet */
};

struct kie_key {                                        /* borrowed from the JSON of the answer */
	const char *id, *key, *value, *type, *revision; /* revision lives in number */
	bool enabled;
	char number[24];
	int64_t changed;
	struct sl_label labels[KIE_LABELS_MAX];
	size_t label_count;
};

struct sl_call {
	struct sl_chain chain; /* first */
	struct kie *kie;
	void (*finish)(struct sl_chain *c, const struct sl_error *e);
	/* the question, kept while a login runs and until Kie has taken the token */
	const char *method;
	char *path, *body; /* body NULL = none */
	int64_t timeout_ms;
	bool waits, again;
	unsigned token_number; /* of the one that it carried */
	void (*then)(struct sl_call *call, const struct sl_error *e);
};

/* ask.c */
void kie_call_init(struct sl_call *call, struct kie *kie, int64_t timeout_ms,
		   void (*finish)(struct sl_chain *c, const struct sl_error *e));
/* path: below /v1/PROJECT/kie; taken. body: taken, may be NULL. What Kie refuses is an error. Logs
 * in first if need be. */
void kie_ask(struct sl_call *call, const char *method, char *path, cJSON *body,
	     void (*then)(struct sl_call *call, const struct sl_error *e));
/* With a deadline of its own for this question; 0 = what is left. */
void kie_ask_within(struct sl_call *call, const char *method, char *path, cJSON *body,
		    int64_t timeout_ms,
		    void (*then)(struct sl_call *call, const struct sl_error *e));
/* The question that call holds, with the token that there is. */
void kie_send(struct sl_call *call);
int kie_refusal(const struct sl_call *call); /* inside then: 404001 ..., 0 = none */

/* login.c */
/* kie_send, after a login if one is needed. */
void kie_login_send(struct sl_call *call);
/* Kie refuses the token that the question carried. True = it is asked again with another one. A
 * file that cannot be read is *e. */
bool kie_token_renew(struct sl_call *call, struct sl_error *e);
/* From the file. An error, or a file that holds what is there already, leaves all as it is. */
int kie_token_read(struct kie *kie, struct sl_error *e);
void kie_secret_free(char *s); /* may be NULL */

/* key.c: pure */
bool kie_key_parse(struct kie_key *k, const cJSON *doc); /* false = it is none */
void kie_key_report(const struct kie_key *k, const struct sl_config_sink *sink, void *arg);
bool kie_labels_same(const struct sl_label *a, size_t a_count, const struct sl_label *b,
		     size_t b_count);
bool kie_is_key(const char *text);
/* "&label=name:value" for each. Yours to free. */
char *kie_label_query(const struct sl_label *labels, size_t count);
char *kie_exact_path(const char *key, const struct sl_label *labels, size_t count);
/* The one key of a list that has exactly this name and these labels, or NULL. */
const cJSON *kie_list_find(const cJSON *list, const char *key, const struct sl_label *labels,
			   size_t count);
struct sl_label *kie_labels_dup(const struct sl_label *labels, size_t count);
void kie_labels_free(struct sl_label *labels, size_t count);

/* list.c, write.c, watch.c */
struct sl_call *kie_list(void *instance, const char *revision, int64_t timeout_ms,
			 const struct sl_config_sink *sink, void *arg);
struct sl_call *kie_read(void *instance, const char *key, const struct sl_label *labels,
			 size_t label_count, int64_t timeout_ms, const struct sl_config_sink *sink,
			 void *arg);
struct sl_call *kie_history(void *instance, const char *key, const struct sl_label *labels,
			    size_t label_count, int64_t timeout_ms,
			    const struct sl_config_sink *sink, void *arg);
struct sl_call *kie_write(void *instance, const struct sl_key_change *change, int64_t timeout_ms,
			  void (*done)(void *arg, const struct sl_error *e), void *arg);
struct sl_call *kie_watch(void *instance, sl_changed changed, void *arg);

#endif
