/* SPDX-License-Identifier: Apache-2.0 */
/* Claims of things that have no host of their own to keep an owner file on. */
#include <stdlib.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/units.h"

struct claim_call {
	const char *what;
	int64_t run;
};

/* A claim of an ended run is none: it was left behind by a crash between the two writes. */
static int check_holder(struct store *s, const struct claim_call *c, struct sl_error *e)
{
	sqlite3_stmt *st = db_query(
		s, e,
		"SELECT r.number, r.name, r.who, r.origin, r.waiting FROM claim c JOIN run r ON "
		"r.number=c.run WHERE c.what=? AND c.run<>? AND r.state<>'ended'",
		"si", c->what, c->run);

	if (!st)
		return (int)e->code;
	if (db_step(s, st, e)) {
		long long holder = sqlite3_column_int64(st, 0);

		sl_fail(e, SL_EHELD,
			"%.300s is held by run %lld (%.100s, by %.60s from %.60s); finish it with: "
			"sluice %s %lld, or: sluice undo %lld",
			c->what, holder, db_text(st, 1), db_text(st, 2), db_text(st, 3),
			store_next_verb(db_text(st, 4)), holder, holder);
	}
	return db_end(st, e);
}

static int claim(struct store *s, void *arg, struct sl_error *e)
{
	struct claim_call *c = arg;
	int rc = db_begin(s, e);

	if (rc)
		return rc;
	rc = check_holder(s, c, e);
	if (!rc)
		rc = db_run(s, e,
			    "INSERT INTO claim VALUES(?,?,?) ON CONFLICT(what) DO UPDATE SET "
			    "run=excluded.run, since=excluded.since",
			    "sii", c->what, c->run, sl_time_now());
	return db_finish(s, rc, e);
}

int store_claim(struct store *s, const char *what, int64_t run, struct sl_error *e)
{
	struct claim_call c = {.what = what, .run = run};

	return writer_call(s, claim, &c, e);
}

static int unclaim(struct store *s, void *arg, struct sl_error *e)
{
	struct claim_call *c = arg;

	return db_run(s, e, "DELETE FROM claim WHERE what=? AND run=?", "si", c->what, c->run);
}

int store_unclaim(struct store *s, const char *what, int64_t run, struct sl_error *e)
{
	struct claim_call c = {.what = what, .run = run};

	return writer_call(s, unclaim, &c, e);
}
