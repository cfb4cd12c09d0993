/* SPDX-License-Identifier: Apache-2.0 */
/* Control rows: the one door by which a terminal, a script or the console steers a run. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct put_call {
	int64_t run, *id;
	const char *verb, *who, *reason;
	const cJSON *args;
};

static int put(struct store *s, void *arg, struct sl_error *e)
{
	struct put_call *c = arg;
	struct store_run run;
	char *args;
	int rc = rows_get(s, "number=?", c->run, NULL, &run, e);

	if (rc)
		return rc;
	store_run_release(&run);
	args = c->args ? sl_json_print(c->args) : NULL;
	rc = db_run(s, e,
		    "INSERT INTO control(run, verb, who, reason, args, made) VALUES(?,?,?,?,?,?)",
		    "issssi", c->run, c->verb, c->who ? c->who : "", c->reason ? c->reason : "",
		    args, sl_time_now());
	free(args);
	if (!rc && c->id)
		*c->id = sqlite3_last_insert_rowid(s->db);
	return rc;
}

int store_control_put(struct store *s, int64_t run, const char *verb, const char *who,
		      const char *reason, const cJSON *args, int64_t *id, struct sl_error *e)
{
	struct put_call c = {
		.run = run, .id = id, .verb = verb, .who = who, .reason = reason, .args = args};

	return writer_call(s, put, &c, e);
}

void control_row_release(struct control_row *row)
{
	free(row->verb);
	free(row->who);
	free(row->reason);
	cJSON_Delete(row->args);
	memset(row, 0, sizeof *row);
}

static void row_read(sqlite3_stmt *st, struct control_row *row)
{
	const char *args = db_text(st, 4);

	memset(row, 0, sizeof *row);
	row->c.id = sqlite3_column_int64(st, 0);
	row->verb = sl_strdup(db_text(st, 1));
	row->who = sl_strdup(db_text(st, 2));
	row->reason = sl_strdup(db_text(st, 3));
	row->args = *args ? sl_json_parse(args, strlen(args), NULL) : NULL;
}

/* Only the run's present controller takes rows: one that was fenced off must not eat the orders of
 * its successor. */
static int read_waiting(struct store *s, int64_t run, struct control_row **rows, size_t *count,
			struct sl_error *e)
{
	sqlite3_stmt *st = db_query(
		s, e,
		"SELECT c.id, c.verb, c.who, c.reason, c.args FROM control c JOIN run r ON "
		"r.number=c.run WHERE c.run=? AND c.taken IS NULL AND r.boot=? AND r.pid=? AND "
		"r.start=? ORDER BY c.id",
		"isii", run, s->self.boot, s->self.pid, s->self.start);
	size_t cap = 0;

	if (!st)
		return (int)e->code;
	while (db_step(s, st, e)) {
		SL_GROW(*rows, *count, cap);
		row_read(st, &(*rows)[(*count)++]);
	}
	return db_end(st, e);
}

int control_take(struct store *s, int64_t run, struct control_row **rows, size_t *count,
		 struct sl_error *e)
{
	size_t i;
	int rc;

	*rows = NULL;
	*count = 0;
	rc = db_begin(s, e);
	if (rc)
		return rc;
	rc = read_waiting(s, run, rows, count, e);
	for (i = 0; i < *count && !rc; i++)
		rc = db_run(s, e, "UPDATE control SET taken=? WHERE id=?", "ii", sl_time_now(),
			    (*rows)[i].c.id);
	rc = db_finish(s, rc, e);
	if (!rc)
		return 0;
	for (i = 0; i < *count; i++)
		control_row_release(&(*rows)[i]);
	free(*rows);
	*rows = NULL;
	*count = 0;
	return rc;
}
