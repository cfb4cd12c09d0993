/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One config key as its source has it now, with the versions before it: asked when somebody looks,
 * never polled. Values are the source's own bytes, as a diff and a draft need them; everything else
 * is cleaned. Loop thread only.
 */
#ifndef SLUICE_VIEW_KEY_READ_H
#define SLUICE_VIEW_KEY_READ_H

#include <uv.h>

#include "orchestrator/state/store.h"
#include "plugins/host/catalogue.h"

#define KEY_VALUE_MAX    (1u << 20) /* bytes of a value */
#define KEY_VERSIONS_MAX 100
#define KEY_BYTES_MAX    (64u << 20) /* of all values of a key */

/* Which key: with its labels and its source it names one thing. */
struct key_ref {
	char *source, *key;
	struct sl_label *labels;
	size_t label_count;
};
struct key_ref key_ref_make(const char *source, const char *key, const struct cat_label *labels,
			    size_t count);
struct key_ref key_ref_dup(const struct key_ref *r);
void key_ref_release(struct key_ref *r);
/* "KEY/environment=prod/service=cart@SOURCE", as rows of the view keys are called. Yours to free.
 */
char *key_ref_id(const struct key_ref *r);
char *key_id(const struct cat_key *k);
/* Of that id, or else the only one of that name. NULL = none, or several. Borrowed. */
const struct cat_key *key_find(const struct catalogue *c, const char *id);

struct key_version {
	char *value; /* never NULL; a NUL behind len bytes */
	size_t len;
	char *type, *revision, *by; /* "" = unknown */
	char *reason;               /* as given to sluice; NULL, "" = unknown */
	int64_t run;                /* of ours, that wrote it; 0 = none is known */
	int64_t changed;            /* Unix ms; 0 = unknown */
	bool enabled;
	bool cut;      /* the value is too large: not all of it is here */
	bool compared; /* with the one before; else added and removed are unknown */
	size_t added, removed;
	char *what; /* its first line that is new, else the first that is gone; "" = unknown */
};
void key_version_release(struct key_version *v);
/* What v brought: compared, added, removed and what. */
void key_version_compare(struct key_version *v, const struct key_version *before);

struct key_history {
	struct key_version *items; /* newest first: the first one is live; none = it is not there */
	size_t count;
	bool kept;   /* the product keeps versions; whether the last one was the first is unknown */
	char *error; /* "" = it answered */
	enum sl_err code;
	int64_t read_at; /* Unix ms */
};
void key_history_free(struct key_history *h);
/* NULL = no such revision. */
const struct key_version *key_history_find(const struct key_history *h, const char *revision);

/* Who wrote which version and why, where the journal of a run knows it. store NULL: nobody. */
void key_history_sign(struct key_history *h, const struct key_ref *ref, struct store *store);

struct key_read;
/* found is the receiver's: key_history_free. Exactly once, never inside start; after cancel too. */
typedef void (*key_read_done)(void *arg, struct key_history *found);

struct key_read *key_read_start(uv_loop_t *loop, const struct catalogue *c,
				const struct key_ref *ref, int64_t timeout_ms, key_read_done done,
				void *arg);
/* Before the catalogue is closed; done still comes, later. */
void key_read_cancel(struct key_read *r);

#endif
