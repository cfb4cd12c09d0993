/* SPDX-License-Identifier: Apache-2.0 */
/* The database file: opening, its shape, and short ways to say SQL. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define BUSY_MS 15000 /* another terminal's commit is short; a checkpoint may take seconds */

/*
 * There is no table of steps: a step's present state is what its events say (run/view reduces
 * them), and a second copy could only disagree. Events are append-only, and the database itself
 * refuses anything else.
 */
static const char schema[] =
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE run(number INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE,"
	" name TEXT NOT NULL, kind TEXT NOT NULL, parent INTEGER NOT NULL DEFAULT 0,"
	" state TEXT NOT NULL DEFAULT 'running', outcome TEXT NOT NULL DEFAULT '',"
	" exit INTEGER NOT NULL DEFAULT 0, who TEXT NOT NULL, origin TEXT NOT NULL,"
	" reason TEXT NOT NULL DEFAULT '', started INTEGER NOT NULL,"
	" ended INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 1,"
	" boot TEXT NOT NULL DEFAULT '', pid INTEGER NOT NULL DEFAULT 0,"
	" start INTEGER NOT NULL DEFAULT 0, waiting TEXT NOT NULL DEFAULT '',"
	" parked INTEGER NOT NULL DEFAULT 0) STRICT;"
	"CREATE INDEX run_by_name ON run(name, number);"
	"CREATE TABLE event(run INTEGER NOT NULL REFERENCES run(number), seq INTEGER NOT NULL,"
	" time INTEGER NOT NULL, event TEXT NOT NULL, json TEXT NOT NULL,"
	" PRIMARY KEY(run, seq)) STRICT;"
	"CREATE TRIGGER event_no_update BEFORE UPDATE ON event"
	" BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;"
	"CREATE TRIGGER event_no_delete BEFORE DELETE ON event"
	" BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;"
	"CREATE TABLE control(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" run INTEGER NOT NULL REFERENCES run(number), verb TEXT NOT NULL, who TEXT NOT NULL,"
	" reason TEXT NOT NULL, args TEXT, made INTEGER NOT NULL, taken INTEGER) STRICT;"
	"CREATE INDEX control_waiting ON control(run, id) WHERE taken IS NULL;"
	"CREATE TABLE claim(what TEXT PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(number),"
	" since INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE text(run INTEGER NOT NULL REFERENCES run(number), name TEXT NOT NULL,"
	" content TEXT NOT NULL, PRIMARY KEY(run, name)) STRICT;"
	"INSERT INTO meta VALUES('format', '1');";

/* Of no part in the format: one that has none of them gets them. */
static const char indexes[] =
	"CREATE INDEX IF NOT EXISTS event_key_set ON event(run) WHERE event='key.set';";

int db_error(struct store *s, struct sl_error *e, const char *what)
{
	int rc = sqlite3_errcode(s->db) & 0xff;
	enum sl_err code = rc == SQLITE_FULL ? SL_ENOSPACE : SL_EIO;

	return sl_fail(e, code, "state store %s/runs.db: %s: %s%s", s->folder, what,
		       sqlite3_errmsg(s->db),
		       rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT
			       ? "; move the file away, or set SLUICE_STATE to another folder"
			       : "");
}

bool db_failed(const struct sl_error *e)
{
	return e->code != SL_OK;
}

static sqlite3_stmt *vquery(struct store *s, struct sl_error *e, const char *sql, const char *types,
			    va_list ap)
{
	sqlite3_stmt *st = NULL;
	const char *text;
	int i, rc;

	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	for (i = 0; rc == SQLITE_OK && types[i]; i++) {
		if (types[i] == 'i') {
			rc = sqlite3_bind_int64(st, i + 1, va_arg(ap, int64_t));
			continue;
		}
		text = va_arg(ap, const char *);
		rc = text ? sqlite3_bind_text(st, i + 1, text, -1, SQLITE_TRANSIENT)
			  : sqlite3_bind_null(st, i + 1);
	}
	if (rc == SQLITE_OK)
		return st;
	db_error(s, e, "prepare");
	sqlite3_finalize(st);
	return NULL;
}

sqlite3_stmt *db_query(struct store *s, struct sl_error *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, types);
	st = vquery(s, e, sql, types, ap);
	va_end(ap);
	return st;
}

bool db_step(struct store *s, sqlite3_stmt *st, struct sl_error *e)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		db_error(s, e, "read or write");
	return false;
}

int db_end(sqlite3_stmt *st, const struct sl_error *e)
{
	sqlite3_finalize(st);
	return (int)e->code;
}

int db_run(struct store *s, struct sl_error *e, const char *sql, const char *types, ...)
{
	sqlite3_stmt *st;
	va_list ap;

	va_start(ap, types);
	st = vquery(s, e, sql, types, ap);
	va_end(ap);
	if (!st)
		return (int)e->code;
	while (db_step(s, st, e))
		;
	return db_end(st, e);
}

const char *db_text(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text ? (const char *)text : "";
}

int db_begin(struct store *s, struct sl_error *e)
{
	return db_run(s, e, "BEGIN IMMEDIATE", "");
}

int db_finish(struct store *s, int rc, struct sl_error *e)
{
	struct sl_error late = {0};

	if (!rc) {
		rc = db_run(s, e, "COMMIT", "");
		if (!rc)
			return 0;
	}
	/* Some failures have rolled back already; that this one then complains says nothing new. */
	if (!sqlite3_get_autocommit(s->db))
		db_run(s, &late, "ROLLBACK", "");
	return rc;
}

int64_t db_version(struct store *s)
{
	struct sl_error e = {0};
	int64_t version = 0;

	if (!s->version)
		s->version = db_query(s, &e, "PRAGMA data_version", "");
	if (s->version && db_step(s, s->version, &e))
		version = sqlite3_column_int64(s->version, 0);
	sqlite3_reset(s->version);
	return version;
}

/* Of two first commands at once one may be told that it is locked without having waited: SQLite
 * does not wait where two that hold the file for reading both want it whole. */
static void wait_for_wal(sqlite3_stmt *st)
{
	int64_t until = sl_time_boottime() + BUSY_MS;

	while ((sqlite3_step(st) & 0xff) == SQLITE_BUSY && sl_time_boottime() < until) {
		sqlite3_reset(st);
		sqlite3_sleep(5);
	}
	sqlite3_reset(st);
}

static int set_wal(struct store *s, struct sl_error *e)
{
	sqlite3_stmt *st = db_query(s, e, "PRAGMA journal_mode=WAL", "");

	if (!st)
		return (int)e->code;
	wait_for_wal(st);
	if (db_step(s, st, e) && strcmp(db_text(st, 0), "wal"))
		sl_fail(e, SL_EIO,
			"state store %s/runs.db: this file system has no shared memory for WAL; "
			"set SLUICE_STATE to a folder on a local disk",
			s->folder);
	return db_end(st, e);
}

static int check_format(struct store *s, struct sl_error *e)
{
	sqlite3_stmt *st = db_query(s, e, "SELECT value FROM meta WHERE key='format'", "");
	long format = 0;

	if (!st)
		return (int)e->code;
	if (db_step(s, st, e))
		format = strtol(db_text(st, 0), NULL, 10);
	if (!db_failed(e) && format != STORE_FORMAT)
		sl_fail(e, SL_EINPUT,
			"state store %s/runs.db has format %ld, this sluice knows %d; use the "
			"newer sluice, or set SLUICE_STATE to another folder",
			s->folder, format, STORE_FORMAT);
	return db_end(st, e);
}

static int make_schema(struct store *s, struct sl_error *e)
{
	sqlite3_stmt *st;
	bool there;
	int rc = db_begin(s, e); /* two first commands at once: the second sees the first's work */

	if (rc)
		return rc;
	st = db_query(s, e, "SELECT 1 FROM sqlite_schema WHERE name='meta'", "");
	there = st && db_step(s, st, e);
	rc = db_end(st, e);
	if (!rc && !there && sqlite3_exec(s->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		rc = db_error(s, e, "make tables");
	if (!rc && sqlite3_exec(s->db, indexes, NULL, NULL, NULL) != SQLITE_OK)
		rc = db_error(s, e, "make indexes");
	rc = db_finish(s, rc, e);
	return rc ? rc : check_format(s, e);
}

/* It holds values of config keys, for undo. SQLite gives its -wal and -shm files the database's
 * mode: so the file is made first, 0600, and one that others may read is closed to them. */
static int make_file(const char *path, struct sl_error *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), rc = 0;
	struct stat st;

	if (fd < 0)
		return sl_fail(e, SL_EIO, "state store %s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || ((st.st_mode & 077) && fchmod(fd, 0600) < 0))
		rc = sl_fail(e, SL_EIO, "state store %s: its mode: %s", path, strerror(errno));
	close(fd);
	return rc;
}

int db_open(struct store *s, struct sl_error *e)
{
	char *path = sl_asprintf("%s/runs.db", s->folder);
	int rc = make_file(path, e);

	if (!rc && sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
				   NULL) != SQLITE_OK)
		rc = db_error(s, e, "open");
	free(path);
	if (rc)
		return rc;
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_timeout(s->db, BUSY_MS);
	rc = set_wal(s, e);
	if (!rc)
		rc = db_run(s, e, "PRAGMA synchronous=FULL", "");
	if (!rc)
		rc = db_run(s, e, "PRAGMA foreign_keys=ON", "");
	return rc ? rc : make_schema(s, e);
}
