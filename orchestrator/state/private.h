/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the SQLite store. One connection, used by one thread at a time: the caller's until
 * store_start, the writer's from then on. db.c speaks SQL for the others; rows.c, journal.c,
 * control.c and claims.c are the tables; writer.c is the thread; watch.c what it polls for.
 */
#ifndef SLUICE_STATE_PRIVATE_H
#define SLUICE_STATE_PRIVATE_H

#include <sqlite3.h>

#include "orchestrator/state/store.h"

#define STORE_FORMAT 1

struct store_writer; /* writer.c */

struct store {
	char *folder;
	sqlite3 *db;
	sqlite3_stmt *version; /* of db_version, which is asked every second; NULL = not yet */
	int64_t seen_version;  /* of store_changed */
	uint64_t appended;     /* durable appends of this process */
	uint64_t crash_at;     /* SLUICE_TEST_CRASH; 0 = never */
	struct store_controller self;
	struct store_writer *writer; /* NULL before store_start */
};

/* --- folder.c --- */

/* The folder to use, made 0700 with its parents when it is not there. Yours to free. */
int store_folder_prepare(const char *folder, char **out, struct sl_error *e);
/* NULL, or the name of the network file system that `magic` (statfs) and `type` (of mountinfo, may
 * be NULL) tell of. Pure. */
const char *store_folder_network(unsigned long magic, const char *type);

/* --- db.c --- */

/*
 * Prepare and bind: one letter of `types` an argument: i int64_t, s text (NULL = SQL NULL).
 * NULL and *e on failure. Finalize it.
 */
sqlite3_stmt *db_query(struct store *s, struct sl_error *e, const char *sql, const char *types,
		       ...);
/* The same, run to its end; rows are thrown away. */
int db_run(struct store *s, struct sl_error *e, const char *sql, const char *types, ...);
/* One row more: true with a row; false at the end or on failure (*e set, db_failed tells). */
bool db_step(struct store *s, sqlite3_stmt *st, struct sl_error *e);
bool db_failed(const struct sl_error *e);
const char *db_text(sqlite3_stmt *st, int column); /* "" for NULL; borrowed until the next step */
int db_error(struct store *s, struct sl_error *e, const char *what);
/* Finalize; with a failed statement the code of *e. */
int db_end(sqlite3_stmt *st, const struct sl_error *e);

int db_begin(struct store *s, struct sl_error *e); /* BEGIN IMMEDIATE */
/* COMMIT when rc is 0, else ROLLBACK. Returns rc, or the commit's failure. */
int db_finish(struct store *s, int rc, struct sl_error *e);
int64_t db_version(struct store *s); /* PRAGMA data_version */

int db_open(struct store *s, struct sl_error *e);

/* --- journal.c --- */

/* Inside a transaction: write one record. *stored (may be NULL) gets the event as it was stored. */
int journal_write(struct store *s, struct store_record *r, int64_t *seq, cJSON **stored,
		  struct sl_error *e);
void journal_record_release(struct store_record *r);
/* n more appends are durable now: dies if the test asks for it. */
void journal_count(struct store *s, uint64_t n);
/* How many appends may share the next commit, so that the Nth is the last of its own. */
uint64_t journal_room(const struct store *s, uint64_t wanted);

int journal_read(struct store *s, int64_t run, int64_t after,
		 int (*visit)(void *arg, int64_t seq, const cJSON *event), void *arg,
		 struct sl_error *e);

/* --- rows.c --- */

int rows_get(struct store *s, const char *where, int64_t number, const char *uuid,
	     struct store_run *r, struct sl_error *e);

/* --- control.c --- */

struct control_row {
	struct store_control c;
	char *verb, *who, *reason;
	cJSON *args;
};

/* Take what waits for a run that this process controls: marked first, then returned. */
int control_take(struct store *s, int64_t run, struct control_row **rows, size_t *count,
		 struct sl_error *e);
void control_row_release(struct control_row *row);

/* --- writer.c --- */

/*
 * Do fn where the database lives: here, or on the writer thread while the caller waits. So the
 * synchronous functions stay right after store_start too.
 */
int writer_call(struct store *s, int (*fn)(struct store *s, void *arg, struct sl_error *e),
		void *arg, struct sl_error *e);
void writer_stop(struct store *s);

/* --- watch.c --- */

enum watch_kind { WATCH_CONTROL, WATCH_EVENTS, WATCH_RUN };

struct watch {
	enum watch_kind kind;
	int64_t run, after;
	char *last; /* WATCH_RUN: the row as it was told last */
	union {
		void (*control)(void *arg, const struct store_control *c);
		void (*event)(void *arg, int64_t seq, const cJSON *event);
		void (*changed)(void *arg, const struct store_run *r);
	} tell;
	void *arg;
};

/* What a watch found; told on the loop, then released. */
struct news {
	struct news *next;
	enum watch_kind kind;
	struct watch to; /* tell and arg of the watch, by value */
	struct control_row control;
	int64_t seq;
	cJSON *event;
	struct store_run run;
};

/* Look; append to *tail. True when it could not be read, and must be looked at again. */
bool watch_poll(struct store *s, struct watch *w, struct news ***tail);
void news_tell(struct news *n);
void news_free(struct news *n);

#endif
