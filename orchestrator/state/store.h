/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where runs live. This interface knows no SQL, so that another engine fits behind it; the one
 * there is keeps runs.db (SQLite, WAL, synchronous=FULL) in the state folder.
 *
 * Two ways to use it. Before store_start (short commands: runs, show, promote): the synchronous
 * functions, on the caller's thread. After store_start(loop): one writer thread owns the database;
 * store_append and friends are asynchronous, their callbacks come on the loop, in order, and the
 * process opens the file nowhere else. Waiting records share a commit (group commit).
 */
#ifndef SLUICE_STATE_STORE_H
#define SLUICE_STATE_STORE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "plugins/sdk/error.h"

struct store;

/* folder NULL = $SLUICE_STATE, else $XDG_STATE_HOME/sluice, else ~/.local/state/sluice. Created
 * 0700; refused: one that others can write to, a network file system, a database of a newer format.
 */
int store_open(const char *folder, struct store **out, struct sl_error *e);
/* Waits for what was appended; callbacks that have not fired yet do not fire any more. After
 * store_start the loop must turn once more, to close its handle. */
void store_close(struct store *s);
const char *store_folder(const struct store *s);

/* Who controls a run: known by boot id, pid and start time of the process. */
struct store_controller {
	char boot[40];
	int64_t pid, start;
};
void store_controller_self(struct store_controller *c);
bool store_controller_alive(const struct store_controller *c); /* on this machine */

/* A run's row. Strings are never NULL ("" = not set). */
struct store_run {
	int64_t number;
	char uuid[37];
	char *name, *kind; /* kind: rollout, undo, action, lock */
	int64_t parent;    /* 0 = none */
	char *state;       /* running, paused, undoing, ended */
	char *outcome; /* done, owed, rolledBack, undone, needsHuman, refused; "" while not ended */
	int exit;
	char *who, *from, *reason;
	int64_t started, ended; /* Unix ms, 0 = not */
	int64_t epoch;          /* of the journal: a writer with a smaller one is refused */
	struct store_controller controller; /* pid 0 = none */
	char *waiting;                      /* JSON object: what it waits for; "" = nothing */
	bool parked;
};
void store_run_release(struct store_run *r);
/* What a run that waits so goes on with: "promote", "retry" or "resume". Static. */
const char *store_next_verb(const char *waiting);

/* --- synchronous: for before store_start (later they still work, but the caller's thread waits for
 * the writer's) --- */

/* Make the run's row (number is given out, epoch 1, controller = self) with its texts, in one
 * transaction. uuid, name, kind, parent, who, from, reason are read from r, number is set. texts:
 * name -> content ("plan", "playbook", "inventory", ...). */
int store_run_create(struct store *s, struct store_run *r, const cJSON *texts, struct sl_error *e);
/* Become the controller: epoch + 1, controller = self, parked off. SL_EHELD when a living
 * controller has it and !force. r is filled. */
int store_run_adopt(struct store *s, int64_t number, bool force, struct store_run *r,
		    struct sl_error *e);
/* Stop being the controller of a run that stays unfinished, so that another process can go on at
 * once. Nothing happens when another one has it. */
int store_run_leave(struct store *s, int64_t number, struct sl_error *e);
/* SL_ENOTFOUND when there is none. */
int store_run_get(struct store *s, int64_t number, struct store_run *r, struct sl_error *e);
int store_run_by_uuid(struct store *s, const char *uuid, struct store_run *r, struct sl_error *e);
/* Newest first. name NULL = all. limit 0 = all. Yours: store_runs_free. */
int store_runs_list(struct store *s, const char *name, size_t limit, struct store_run **runs,
		    size_t *count, struct sl_error *e);
void store_runs_free(struct store_run *runs, size_t count);
int store_text_get(struct store *s, int64_t run, const char *name, char **text,
		   struct sl_error *e); /* yours to free */
/* Events with seq > after, in order; visit returns non-zero to stop. The object is borrowed. */
int store_events_read(struct store *s, int64_t run, int64_t after,
		      int (*visit)(void *arg, int64_t seq, const cJSON *event), void *arg,
		      struct sl_error *e);
/* The number of its newest event; 0 = none. */
int store_events_last(struct store *s, int64_t run, int64_t *seq, struct sl_error *e);
/* The newest events "key.set" of all runs, newest first: of run only number, who and reason are
 * there. All borrowed; visit returns non-zero to stop. */
int store_keys_set(struct store *s,
		   int (*visit)(void *arg, const struct store_run *run, const cJSON *event),
		   void *arg, struct sl_error *e);
/* Put a control row: verb is promote, pause, resume, retry, abort, undo. args may be NULL: {"step":
 * the pause that promote saw}, {"keep":true} of abort. */
int store_control_put(struct store *s, int64_t run, const char *verb, const char *who,
		      const char *reason, const cJSON *args, int64_t *id, struct sl_error *e);
/* Has anything been committed by another process since the last call? Cheap. */
bool store_changed(struct store *s);
/* Claims of this state store for things without a host (routers without hosts). SL_EHELD names the
 * holder. what is "router edge be_orders". */
int store_claim(struct store *s, const char *what, int64_t run, struct sl_error *e);
int store_unclaim(struct store *s, const char *what, int64_t run, struct sl_error *e);

/* A random key of this state folder (64 hex digits), made once: keys the hashes of secret values.
 */
int store_key(struct store *s, char key[65], struct sl_error *e);

/* --- asynchronous: only after store_start; loop thread --- */

int store_start(struct store *s, uv_loop_t *loop, struct sl_error *e);

/* One durable record: an event and, in the same transaction, changes to the run's row. */
struct store_record {
	int64_t run, epoch; /* a smaller epoch than the row's: SL_EFENCED, nothing written */
	cJSON *event; /* taken over; "seq", "time" (RFC 3339) and "run" are put in by the store;
		       * may be NULL for a row change alone */
	cJSON *row;   /* taken over; may be NULL; any of: state, outcome, exit, ended, reason,
		       * waiting (object or null), parked, controller (null = none) */
};
/* done (may be NULL) fires once durable or refused; seq is the event's number. The event passed to
 * done is the stored one, borrowed. SLUICE_TEST_CRASH=N in the environment: the process dies by
 * SIGKILL right after the Nth durable append of its life, before any callback for it. */
void store_append(struct store *s, struct store_record *record,
		  void (*done)(void *arg, const struct sl_error *e, int64_t seq,
			       const cJSON *event),
		  void *arg);

/* Control rows of a run as they come (also those already there and not yet taken), each once.
 * Taken rows are marked so in the store before the callback; only the run's present controller
 * takes any. */
struct store_control {
	int64_t id;
	const char *verb, *who, *reason;
	const cJSON *args; /* NULL = none */
};
void store_watch_control(struct store *s, int64_t run,
			 void (*control)(void *arg, const struct store_control *c), void *arg);
/* Events of a run as another process appends them (attach). From seq > after, each once, in order.
 */
void store_watch_events(struct store *s, int64_t run, int64_t after,
			void (*event)(void *arg, int64_t seq, const cJSON *event), void *arg);
/* The run's row: at once, and whenever another process has changed it (attach: paused, parked, a
 * new controller). r is borrowed. */
void store_watch_run(struct store *s, int64_t run,
		     void (*changed)(void *arg, const struct store_run *r), void *arg);

#endif
