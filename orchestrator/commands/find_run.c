/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which run is meant: a number, or a playbook's name. Commands that only read take the latest of a
 * name; those that steer take the latest unfinished one, so that "promote orders" can never reach
 * into a run that is over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define LISTED 20 /* runs shown when the choice is not clear */

struct runs {
	struct store_run *items;
	size_t count;
};

static bool is_unfinished(const struct store_run *r)
{
	return strcmp(r->state, "ended") != 0;
}

/* Ended, yet not settled: hosts are owed, or a human had to look at it first. */
static bool is_open_end(const struct store_run *r)
{
	return !strcmp(r->outcome, "owed") || !strcmp(r->outcome, "needsHuman");
}

static bool is_undo(const struct store_run *r)
{
	return !strcmp(r->kind, "undo");
}

static bool fits(const struct store_run *r, enum find_run kind)
{
	switch (kind) {
	case FIND_LATEST:
		return true;
	case FIND_UNFINISHED:
		return is_unfinished(r);
	case FIND_UNDOABLE:
		return !is_undo(r) || is_unfinished(r);
	}
	return false;
}

/* Hand one over: the list keeps an empty row. */
static int take(struct runs *runs, size_t i, struct store_run *r)
{
	*r = runs->items[i];
	memset(&runs->items[i], 0, sizeof runs->items[i]);
	return RUN_DONE;
}

static void print_choice(const struct runs *runs, enum find_run kind)
{
	size_t i, shown = 0;
	char time[40];

	for (i = 0; i < runs->count && shown < LISTED; i++) {
		const struct store_run *r = &runs->items[i];

		if (!fits(r, kind))
			continue;
		fprintf(stderr, "  %6lld  %-24s %-8s started %s by %s\n", (long long)r->number,
			r->name, r->state, sl_time_format(time, sizeof time, r->started), r->who);
		shown++;
	}
}

static int by_number(const struct cli *c, const char *arg, struct store_run *r)
{
	struct sl_error e = {0};
	struct runs runs;
	int64_t number = 0;
	int rc;

	if (sl_count_parse(arg, 1, INT64_MAX, &number)) {
		rc = store_run_get(c->store, number, r, &e);
		if (!rc)
			return RUN_DONE;
		if (rc != SL_ENOTFOUND)
			return cli_fail(&e);
	}
	if (store_runs_list(c->store, NULL, 1, &runs.items, &runs.count, &e))
		return cli_fail(&e);
	if (runs.count)
		cli_error("there is no run %s; the latest is %lld (%s)", arg,
			  (long long)runs.items[0].number, runs.items[0].name);
	else
		cli_error("there is no run %s; nothing has run here yet", arg);
	store_runs_free(runs.items, runs.count);
	return RUN_INPUT;
}

static int unknown_name(const struct runs *runs, const char *arg)
{
	const char **names = sl_alloc_n(runs->count + 1, sizeof *names), *near;
	char clean[80];
	size_t i;

	for (i = 0; i < runs->count; i++)
		names[i] = runs->items[i].name;
	near = sl_text_nearest(arg, names, runs->count);
	sl_text_clean(clean, sizeof clean, arg, strlen(arg), false);
	if (near)
		cli_error("no run is named '%s' (did you mean '%s'?)", clean, near);
	else
		cli_error("no run is named '%s'; `sluice runs` lists them", clean);
	free(names);
	return RUN_INPUT;
}

static int by_name(struct runs *runs, const char *arg, enum find_run kind, struct store_run *r)
{
	const struct store_run *latest = NULL;
	size_t i, first = 0;

	for (i = 0; i < runs->count; i++) {
		if (strcmp(runs->items[i].name, arg) != 0)
			continue;
		if (fits(&runs->items[i], kind))
			return take(runs, i, r);
		if (!latest) {
			latest = &runs->items[i];
			first = i;
		}
	}
	if (!latest)
		return unknown_name(runs, arg);
	if (kind == FIND_UNFINISHED && is_open_end(latest))
		return take(runs, first, r);
	if (kind == FIND_UNDOABLE)
		cli_error("'%s' has only undo runs (the latest is %lld), and an undo is not "
			  "undone: run the playbook again",
			  arg, (long long)latest->number);
	else
		cli_error("'%s' has no unfinished run; its latest, %lld, ended: %s", arg,
			  (long long)latest->number, latest->outcome);
	return RUN_INPUT;
}

static int without_name(const struct cli *c, struct runs *runs, enum find_run kind,
			struct store_run *r)
{
	size_t i, found = 0, first = 0;

	for (i = 0; i < runs->count; i++) {
		if (!fits(&runs->items[i], kind))
			continue;
		if (!found++)
			first = i;
	}
	if (!runs->count)
		cli_error("nothing has run here yet (state in %s)", store_folder(c->store));
	else if (!found && kind == FIND_UNFINISHED && is_open_end(&runs->items[0]))
		return take(runs, 0, r);
	else if (!found)
		cli_error("no run is unfinished; the latest, %lld (%s), ended: %s",
			  (long long)runs->items[0].number, runs->items[0].name,
			  runs->items[0].outcome);
	else if (kind == FIND_UNFINISHED && found > 1) {
		cli_error("%zu runs are unfinished; say which one:", found);
		print_choice(runs, kind);
	} else {
		return take(runs, first, r);
	}
	return RUN_INPUT;
}

int cli_find_run(const struct cli *c, const char *arg, enum find_run kind, struct store_run *r)
{
	struct sl_error e = {0};
	struct runs runs;
	int rc;

	memset(r, 0, sizeof *r);
	if (arg && *arg && strspn(arg, "0123456789") == strlen(arg))
		return by_number(c, arg, r);
	if (store_runs_list(c->store, NULL, 0, &runs.items, &runs.count, &e))
		return cli_fail(&e);
	rc = arg ? by_name(&runs, arg, kind, r) : without_name(c, &runs, kind, r);
	store_runs_free(runs.items, runs.count);
	return rc;
}
