/* SPDX-License-Identifier: Apache-2.0 */
/* The run's row and its texts. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RUN_COLUMNS                                                                              \
	"number, uuid, name, kind, parent, state, outcome, exit, who, origin, reason, started, " \
	"ended, epoch, boot, pid, start, waiting, parked"

void store_run_release(struct store_run *r)
{
	free(r->name);
	free(r->kind);
	free(r->state);
	free(r->outcome);
	free(r->who);
	free(r->from);
	free(r->reason);
	free(r->waiting);
	memset(r, 0, sizeof *r);
}

const char *store_next_verb(const char *waiting)
{
	static const char *const verbs[] = {"promote", "retry"};
	cJSON *o = waiting ? sl_json_parse(waiting, strlen(waiting), NULL) : NULL;
	const char *what = sl_json_str(o, "for", ""), *verb = "resume";

	for (size_t i = 0; i < SL_COUNT(verbs); i++)
		if (strcmp(what, verbs[i]) == 0)
			verb = verbs[i];
	cJSON_Delete(o);
	return verb;
}

static void copy_bounded(char *dst, size_t size, const char *src)
{
	size_t n = strlen(src);

	if (n >= size)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
}

static void row_read(sqlite3_stmt *st, struct store_run *r)
{
	memset(r, 0, sizeof *r);
	r->number = sqlite3_column_int64(st, 0);
	copy_bounded(r->uuid, sizeof r->uuid, db_text(st, 1));
	r->name = sl_strdup(db_text(st, 2));
	r->kind = sl_strdup(db_text(st, 3));
	r->parent = sqlite3_column_int64(st, 4);
	r->state = sl_strdup(db_text(st, 5));
	r->outcome = sl_strdup(db_text(st, 6));
	r->exit = sqlite3_column_int(st, 7);
	r->who = sl_strdup(db_text(st, 8));
	r->from = sl_strdup(db_text(st, 9));
	r->reason = sl_strdup(db_text(st, 10));
	r->started = sqlite3_column_int64(st, 11);
	r->ended = sqlite3_column_int64(st, 12);
	r->epoch = sqlite3_column_int64(st, 13);
	copy_bounded(r->controller.boot, sizeof r->controller.boot, db_text(st, 14));
	r->controller.pid = sqlite3_column_int64(st, 15);
	r->controller.start = sqlite3_column_int64(st, 16);
	r->waiting = sl_strdup(db_text(st, 17));
	r->parked = sqlite3_column_int(st, 18) != 0;
}

int rows_get(struct store *s, const char *where, int64_t number, const char *uuid,
	     struct store_run *r, struct sl_error *e)
{
	char *sql = sl_asprintf("SELECT " RUN_COLUMNS " FROM run WHERE %s", where);
	sqlite3_stmt *st = uuid ? db_query(s, e, sql, "s", uuid) : db_query(s, e, sql, "i", number);

	free(sql);
	if (!st)
		return (int)e->code;
	if (db_step(s, st, e))
		row_read(st, r);
	else if (!db_failed(e) && uuid)
		sl_fail(e, SL_ENOTFOUND, "there is no run %s", uuid);
	else if (!db_failed(e))
		sl_fail(e, SL_ENOTFOUND, "there is no run %lld", (long long)number);
	return db_end(st, e);
}

struct rows_call {
	int64_t number;
	const char *name;
	size_t limit;
	bool force;
	struct store_run *run;
	const cJSON *texts;
	struct store_run **runs;
	size_t *count;
	char **text;
};

static int get_number(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;

	return rows_get(s, "number=?", c->number, NULL, c->run, e);
}

int store_run_get(struct store *s, int64_t number, struct store_run *r, struct sl_error *e)
{
	struct rows_call c = {.number = number, .run = r};

	memset(r, 0, sizeof *r);
	return writer_call(s, get_number, &c, e);
}

static int get_uuid(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;

	return rows_get(s, "uuid=?", 0, c->name, c->run, e);
}

int store_run_by_uuid(struct store *s, const char *uuid, struct store_run *r, struct sl_error *e)
{
	struct rows_call c = {.name = uuid, .run = r};

	memset(r, 0, sizeof *r);
	return writer_call(s, get_uuid, &c, e);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static int put_row(struct store *s, struct store_run *r, struct sl_error *e)
{
	return db_run(s, e,
		      "INSERT INTO run(uuid, name, kind, parent, who, origin, reason, started, "
		      "boot, pid, start) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
		      "sssisssisii", r->uuid, or_empty(r->name), or_empty(r->kind), r->parent,
		      or_empty(r->who), or_empty(r->from), or_empty(r->reason), r->started,
		      s->self.boot, s->self.pid, s->self.start);
}

static int put_texts(struct store *s, int64_t run, const cJSON *texts, struct sl_error *e)
{
	const cJSON *text;
	int rc = 0;

	cJSON_ArrayForEach(text, texts)
	{
		if (!rc && cJSON_IsString(text))
			rc = db_run(s, e, "INSERT INTO text VALUES(?,?,?)", "iss", run,
				    text->string, text->valuestring);
	}
	return rc;
}

/* r's own strings stay its caller's; what the row adds is filled in. */
static void fill_new(struct store *s, struct store_run *r)
{
	char **fields[] = {&r->name, &r->kind, &r->state,  &r->outcome,
			   &r->who,  &r->from, &r->reason, &r->waiting};
	size_t i;

	free(r->state);
	r->state = sl_strdup("running");
	for (i = 0; i < SL_COUNT(fields); i++)
		if (!*fields[i])
			*fields[i] = sl_strdup("");
	r->epoch = 1;
	r->controller = s->self;
}

static int create(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;
	int64_t number = 0;
	int rc = db_begin(s, e);

	if (rc)
		return rc;
	if (!c->run->started)
		c->run->started = sl_time_now();
	rc = put_row(s, c->run, e);
	if (!rc) {
		number = sqlite3_last_insert_rowid(s->db);
		rc = put_texts(s, number, c->texts, e);
	}
	rc = db_finish(s, rc, e);
	if (rc)
		return rc;
	journal_count(s, 1);
	c->run->number = number;
	fill_new(s, c->run);
	return 0;
}

int store_run_create(struct store *s, struct store_run *r, const cJSON *texts, struct sl_error *e)
{
	struct rows_call c = {.run = r, .texts = texts};

	return writer_call(s, create, &c, e);
}

static bool is_self(const struct store *s, const struct store_controller *c)
{
	return c->pid == s->self.pid && c->start == s->self.start && !strcmp(c->boot, s->self.boot);
}

static int adopt_row(struct store *s, struct rows_call *c, struct sl_error *e)
{
	struct store_run *r = c->run;
	int rc = rows_get(s, "number=?", c->number, NULL, r, e);

	if (rc)
		return rc;
	if (!c->force && !is_self(s, &r->controller) && store_controller_alive(&r->controller))
		return sl_fail(e, SL_EHELD,
			       "run %lld (%s) is under the control of process %lld on this machine "
			       "(%s); attach to it with: sluice attach %lld",
			       (long long)r->number, r->name, (long long)r->controller.pid, r->who,
			       (long long)r->number);
	rc = db_run(s, e,
		    "UPDATE run SET epoch=epoch+1, boot=?, pid=?, start=?, parked=0 WHERE number=?",
		    "siii", s->self.boot, s->self.pid, s->self.start, c->number);
	r->epoch++;
	r->parked = false;
	r->controller = s->self;
	return rc;
}

static int adopt(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;
	int rc = db_begin(s, e);

	if (rc)
		return rc;
	rc = db_finish(s, adopt_row(s, c, e), e);
	if (rc && rc != SL_EHELD) /* who holds it is worth knowing */
		store_run_release(c->run);
	return rc;
}

int store_run_adopt(struct store *s, int64_t number, bool force, struct store_run *r,
		    struct sl_error *e)
{
	struct rows_call c = {.number = number, .force = force, .run = r};

	memset(r, 0, sizeof *r);
	return writer_call(s, adopt, &c, e);
}

static int leave(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;

	return db_run(s, e,
		      "UPDATE run SET boot='', pid=0, start=0 WHERE number=? AND boot=? AND pid=? "
		      "AND start=?",
		      "isii", c->number, s->self.boot, s->self.pid, s->self.start);
}

int store_run_leave(struct store *s, int64_t number, struct sl_error *e)
{
	struct rows_call c = {.number = number};

	return writer_call(s, leave, &c, e);
}

static int list(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;
	int64_t limit = c->limit ? (int64_t)c->limit : -1;
	size_t cap = 0;
	sqlite3_stmt *st =
		c->name ? db_query(s, e,
				   "SELECT " RUN_COLUMNS
				   " FROM run WHERE name=? ORDER BY number DESC LIMIT ?",
				   "si", c->name, limit)
			: db_query(s, e,
				   "SELECT " RUN_COLUMNS " FROM run ORDER BY number DESC LIMIT ?",
				   "i", limit);

	if (!st)
		return (int)e->code;
	while (db_step(s, st, e)) {
		SL_GROW(*c->runs, *c->count, cap);
		row_read(st, &(*c->runs)[(*c->count)++]);
	}
	return db_end(st, e);
}

int store_runs_list(struct store *s, const char *name, size_t limit, struct store_run **runs,
		    size_t *count, struct sl_error *e)
{
	struct rows_call c = {.name = name, .limit = limit, .runs = runs, .count = count};
	int rc;

	*runs = NULL;
	*count = 0;
	rc = writer_call(s, list, &c, e);
	if (rc) {
		store_runs_free(*runs, *count);
		*runs = NULL;
		*count = 0;
	}
	return rc;
}

void store_runs_free(struct store_run *runs, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		store_run_release(&runs[i]);
	free(runs);
}

static int get_text(struct store *s, void *arg, struct sl_error *e)
{
	struct rows_call *c = arg;
	sqlite3_stmt *st = db_query(s, e, "SELECT content FROM text WHERE run=? AND name=?", "is",
				    c->number, c->name);

	if (!st)
		return (int)e->code;
	if (db_step(s, st, e))
		*c->text = sl_strdup(db_text(st, 0));
	else if (!db_failed(e))
		sl_fail(e, SL_ENOTFOUND, "run %lld has no text '%s'", (long long)c->number,
			c->name);
	return db_end(st, e);
}

int store_text_get(struct store *s, int64_t run, const char *name, char **text, struct sl_error *e)
{
	struct rows_call c = {.number = run, .name = name, .text = text};

	*text = NULL;
	return writer_call(s, get_text, &c, e);
}
