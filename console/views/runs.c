/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: the list. Enter shows one; in write mode the one under the cursor can be steered. */
#include "console/views/run_seen.h"
#include "console/views/views.h"

static const enum action offers[] = {ACT_RUN_START, ACT_RUN_PROMOTE, ACT_RUN_HOLD, ACT_RUN_RESUME,
				     ACT_RUN_RETRY, ACT_RUN_ABORT,   ACT_RUN_UNDO, ACT_NONE};
static const enum action hints[] = {ACT_ENTER,      ACT_FILTER,    ACT_SORT,        ACT_COPY,
				    ACT_EXPORT,     ACT_RUN_START, ACT_RUN_PROMOTE, ACT_RUN_HOLD,
				    ACT_RUN_RESUME, ACT_RUN_RETRY, ACT_RUN_ABORT,   ACT_RUN_UNDO,
				    ACT_NONE};

static bool is_verb(enum action what)
{
	const enum action *v;

	for (v = verb_actions; *v != ACT_NONE; v++)
		if (*v == what)
			return true;
	return false;
}

/* Judging the keys reads the row of the run under the cursor, when the cursor comes to it and when
 * something changed: its steps may be thousands, and no move of the cursor waits for them. */
static struct run_seen *seen(struct app *a, struct screen *s, bool again)
{
	const struct vw_row *row = table_row(&s->table);
	struct run_seen *r = s->own, here;

	if (!row)
		return NULL;
	run_seen_init(&here, row->id);
	if (here.number != r->number) {
		run_seen_release(r);
		*r = here;
		again = true;
	}
	if (again)
		run_seen_read_row(r, site_store(a->site));
	return r;
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	struct run_seen *r = is_verb(what) ? seen(a, s, false) : NULL;

	if (!is_verb(what))
		return NULL;
	return r ? verb_why(r, what) : "no run is under the cursor";
}

static void refresh(struct app *a, struct screen *s)
{
	seen(a, s, true);
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct run_seen *r = is_verb(what) ? seen(a, s, true) : NULL;

	if (what == ACT_RUN_START) {
		prompt_open(a, PROMPT_COMMAND, "run ");
		return true;
	}
	if (r) {
		run_seen_read(r, site_store(a->site));
		verb_ask(a, r, what);
		run_seen_forget(r);
	}
	return r != NULL;
}

static void close_own(struct screen *s)
{
	run_seen_release(s->own);
}

const struct screen_ops view_runs = {
	.name = "runs",
	.title = "Runs",
	.tab = 5,
	.data = "runs",
	.enter = "run",
	.twin = "get runs",
	.hints = hints,
	.offers = offers,
	.empty = "no runs yet: :run PLAYBOOK starts one, its plan shown first",
	.own_size = sizeof(struct run_seen),
	.refresh = refresh,
	.close = close_own,
	.act = act,
	.why = why,
};
