/* SPDX-License-Identifier: Apache-2.0 */
/* sluice undo: an unfinished run is taken back in place, a finished one by a run of its own. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/command.h"

static int ask(const struct cli *c, const struct store_run *r)
{
	char question[200];

	snprintf(question, sizeof question, "Undo run %lld (%.80s, by %.40s, %s)?",
		 (long long)r->number, r->name, r->who, *r->outcome ? r->outcome : r->state);
	return cli_confirm(c, question);
}

/* The number of the run that took this one back whole; 0 = none did. */
static int64_t taken_back_by(const struct cli *c, int64_t number)
{
	struct store_run *runs = NULL;
	struct sl_error e = {0};
	size_t i, count = 0;
	int64_t by = 0;

	if (store_runs_list(c->store, NULL, 0, &runs, &count, &e))
		return 0; /* the hosts are asked anyway */
	for (i = 0; i < count && !by; i++)
		if (runs[i].parent == number && !strcmp(runs[i].outcome, "undone"))
			by = runs[i].number;
	store_runs_free(runs, count);
	return by;
}

static int undo(struct cli *c, struct store_run *r)
{
	bool over = !strcmp(r->state, "ended");
	int64_t by = over ? taken_back_by(c, r->number) : 0;

	if (over && !strcmp(r->kind, "undo") && !strcmp(r->outcome, "undone")) {
		cli_error("run %lld is itself an undo: run the playbook again, or set what you "
			  "want",
			  (long long)r->number);
		return RUN_INPUT;
	}
	if (by) {
		cli_error("run %lld (%s) is taken back already, by run %lld", (long long)r->number,
			  r->name, (long long)by);
		return RUN_INPUT;
	}
	if (over && (!strcmp(r->outcome, "undone") || !strcmp(r->outcome, "rolledBack"))) {
		cli_error("run %lld (%s) is taken back already", (long long)r->number, r->name);
		return RUN_INPUT;
	}
	if (!over || !strcmp(r->outcome, "needsHuman"))
		return control_verb(c, "undo", r);
	return c->detach ? detach_verb(c, "undo", r->number) : carry_undo_finished(c, r->number);
}

int command_undo(struct cli *c)
{
	struct store_run r;
	int rc;

	if (!c->arg_count && !c->terminal) {
		cli_error("say which run to undo; `sluice runs` lists them");
		return RUN_INPUT;
	}
	rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_UNDOABLE, &r);
	if (!rc)
		rc = ask(c, &r);
	if (!rc)
		rc = undo(c, &r);
	store_run_release(&r);
	return rc;
}
