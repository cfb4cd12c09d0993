/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: events, and the changes of a run's row that become true with them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

void journal_record_release(struct store_record *r)
{
	cJSON_Delete(r->event);
	cJSON_Delete(r->row);
	r->event = r->row = NULL;
}

void journal_count(struct store *s, uint64_t n)
{
	s->appended += n;
	if (s->crash_at && s->appended >= s->crash_at)
		raise(SIGKILL);
}

uint64_t journal_room(const struct store *s, uint64_t wanted)
{
	uint64_t left;

	if (!s->crash_at || s->appended >= s->crash_at)
		return wanted;
	left = s->crash_at - s->appended;
	return left < wanted ? left : wanted;
}

static int check_epoch(struct store *s, const struct store_record *r, struct sl_error *e)
{
	sqlite3_stmt *st = db_query(s, e, "SELECT epoch FROM run WHERE number=?", "i", r->run);
	int64_t epoch;

	if (!st)
		return (int)e->code;
	if (db_step(s, st, e)) {
		epoch = sqlite3_column_int64(st, 0);
		if (r->epoch < epoch)
			sl_fail(e, SL_EFENCED,
				"run %lld has another controller now (epoch %lld, ours was %lld); "
				"this one stops",
				(long long)r->run, (long long)epoch, (long long)r->epoch);
		else if (r->epoch > epoch)
			sl_fail(e, SL_EINTERNAL, "run %lld: epoch %lld was never given out",
				(long long)r->run, (long long)r->epoch);
	} else if (!db_failed(e)) {
		sl_fail(e, SL_ENOTFOUND, "there is no run %lld", (long long)r->run);
	}
	return db_end(st, e);
}

static int next_seq(struct store *s, int64_t run, int64_t *seq, struct sl_error *e)
{
	sqlite3_stmt *st =
		db_query(s, e, "SELECT coalesce(max(seq), 0) + 1 FROM event WHERE run=?", "i", run);

	if (!st)
		return (int)e->code;
	if (db_step(s, st, e))
		*seq = sqlite3_column_int64(st, 0);
	return db_end(st, e);
}

/* The event as stored: v, seq, time and run first, then what the writer said. Takes the items. */
static cJSON *stored_event(struct store_record *r, int64_t seq, int64_t now)
{
	cJSON *out = cJSON_CreateObject(), *item;
	static const char *const ours[] = {"v", "seq", "time", "run"};
	char time[40];
	size_t i;

	for (i = 0; i < SL_COUNT(ours); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(r->event, ours[i]);
	sl_json_add_int(out, "v", 1);
	sl_json_add_int(out, "seq", seq);
	sl_json_add_str(out, "time", sl_time_format(time, sizeof time, now));
	sl_json_add_int(out, "run", r->run);
	while ((item = r->event->child) != NULL) {
		item = cJSON_DetachItemViaPointer(r->event, item);
		cJSON_AddItemToObject(out, item->string, item);
	}
	return out;
}

static int write_event(struct store *s, struct store_record *r, int64_t *seq, cJSON **stored,
		       struct sl_error *e)
{
	int64_t now = sl_time_now();
	cJSON *event;
	char *json;
	int rc = next_seq(s, r->run, seq, e);

	if (rc)
		return rc;
	event = stored_event(r, *seq, now);
	json = sl_json_print(event);
	rc = db_run(s, e, "INSERT INTO event VALUES(?,?,?,?,?)", "iiiss", r->run, *seq, now,
		    sl_json_str(event, "event", ""), json);
	free(json);
	if (stored)
		*stored = event;
	else
		cJSON_Delete(event);
	return rc;
}

enum column_type { COLUMN_TEXT, COLUMN_INT, COLUMN_BOOL, COLUMN_JSON, COLUMN_CONTROLLER };

static const struct {
	const char *key, *sql;
	enum column_type type;
} row_columns[] = {
	{"state", "UPDATE run SET state=? WHERE number=?", COLUMN_TEXT},
	{"outcome", "UPDATE run SET outcome=? WHERE number=?", COLUMN_TEXT},
	{"exit", "UPDATE run SET exit=? WHERE number=?", COLUMN_INT},
	{"ended", "UPDATE run SET ended=? WHERE number=?", COLUMN_INT},
	{"reason", "UPDATE run SET reason=? WHERE number=?", COLUMN_TEXT},
	{"waiting", "UPDATE run SET waiting=? WHERE number=?", COLUMN_JSON},
	{"parked", "UPDATE run SET parked=? WHERE number=?", COLUMN_BOOL},
	{"controller", "UPDATE run SET boot='', pid=0, start=0 WHERE number=?", COLUMN_CONTROLLER},
};

static int write_column(struct store *s, int64_t run, const char *sql, enum column_type type,
			const cJSON *value, struct sl_error *e)
{
	char *json;
	int rc;

	switch (type) {
	case COLUMN_TEXT:
		return db_run(s, e, sql, "si", cJSON_IsString(value) ? value->valuestring : "",
			      run);
	case COLUMN_INT:
		return db_run(s, e, sql, "ii",
			      cJSON_IsNumber(value) ? (int64_t)value->valuedouble : INT64_C(0),
			      run);
	case COLUMN_BOOL:
		return db_run(s, e, sql, "ii", (int64_t)cJSON_IsTrue(value), run);
	case COLUMN_JSON:
		json = cJSON_IsObject(value) ? sl_json_print(value) : NULL;
		rc = db_run(s, e, sql, "si", json ? json : "", run);
		free(json);
		return rc;
	case COLUMN_CONTROLLER:
		return cJSON_IsNull(value) ? db_run(s, e, sql, "i", run) : 0;
	}
	return 0;
}

static int write_row(struct store *s, const struct store_record *r, struct sl_error *e)
{
	const cJSON *value;
	size_t i;
	int rc = 0;

	for (i = 0; i < SL_COUNT(row_columns) && !rc; i++) {
		value = sl_json_get(r->row, row_columns[i].key);
		if (value)
			rc = write_column(s, r->run, row_columns[i].sql, row_columns[i].type, value,
					  e);
	}
	return rc;
}

int journal_write(struct store *s, struct store_record *r, int64_t *seq, cJSON **stored,
		  struct sl_error *e)
{
	int rc = check_epoch(s, r, e);

	*seq = 0;
	if (!rc && r->event)
		rc = write_event(s, r, seq, stored, e);
	if (!rc && r->row)
		rc = write_row(s, r, e);
	return rc;
}

int journal_read(struct store *s, int64_t run, int64_t after,
		 int (*visit)(void *arg, int64_t seq, const cJSON *event), void *arg,
		 struct sl_error *e)
{
	sqlite3_stmt *st =
		db_query(s, e, "SELECT seq, json FROM event WHERE run=? AND seq>? ORDER BY seq",
			 "ii", run, after);
	bool stop = false;

	if (!st)
		return (int)e->code;
	while (!stop && db_step(s, st, e)) {
		const char *json = db_text(st, 1);
		cJSON *event = sl_json_parse(json, strlen(json), e);

		if (!event) {
			sl_error_prefix(e, "run %lld, event %lld", (long long)run,
					(long long)sqlite3_column_int64(st, 0));
			break;
		}
		stop = visit(arg, sqlite3_column_int64(st, 0), event) != 0;
		cJSON_Delete(event);
	}
	return db_end(st, e);
}

struct read_call {
	int64_t run, after;
	int (*visit)(void *arg, int64_t seq, const cJSON *event);
	void *arg;
};

static int read_events(struct store *s, void *arg, struct sl_error *e)
{
	struct read_call *c = arg;

	return journal_read(s, c->run, c->after, c->visit, c->arg, e);
}

static int read_last(struct store *s, void *arg, struct sl_error *e)
{
	struct read_call *c = arg;
	int rc = next_seq(s, c->run, &c->after, e);

	c->after--;
	return rc;
}

int store_events_last(struct store *s, int64_t run, int64_t *seq, struct sl_error *e)
{
	struct read_call c = {.run = run};
	int rc = writer_call(s, read_last, &c, e);

	*seq = rc ? 0 : c.after;
	return rc;
}

struct keys_call {
	int (*visit)(void *arg, const struct store_run *run, const cJSON *event);
	void *arg;
};

static int read_keys_set(struct store *s, void *arg, struct sl_error *e)
{
	struct keys_call *c = arg;
	sqlite3_stmt *st =
		db_query(s, e,
			 "SELECT e.json, r.number, r.who, r.reason FROM event e JOIN run r "
			 "ON r.number=e.run WHERE e.event='key.set' ORDER BY e.run DESC, "
			 "e.seq DESC LIMIT 1000",
			 "");
	bool stop = false;

	if (!st)
		return (int)e->code;
	while (!stop && db_step(s, st, e)) {
		const char *json = db_text(st, 0);
		cJSON *event = sl_json_parse(json, strlen(json), NULL);
		const struct store_run run = {.number = sqlite3_column_int64(st, 1),
					      .who = (char *)db_text(st, 2),
					      .reason = (char *)db_text(st, 3)};

		stop = event && c->visit(c->arg, &run, event) != 0;
		cJSON_Delete(event);
	}
	return db_end(st, e);
}

int store_keys_set(struct store *s,
		   int (*visit)(void *arg, const struct store_run *run, const cJSON *event),
		   void *arg, struct sl_error *e)
{
	struct keys_call c = {.visit = visit, .arg = arg};

	return writer_call(s, read_keys_set, &c, e);
}

int store_events_read(struct store *s, int64_t run, int64_t after,
		      int (*visit)(void *arg, int64_t seq, const cJSON *event), void *arg,
		      struct sl_error *e)
{
	struct read_call c = {.run = run, .after = after, .visit = visit, .arg = arg};

	return writer_call(s, read_events, &c, e);
}
