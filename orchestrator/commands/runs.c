/* SPDX-License-Identifier: Apache-2.0 */
/* sluice runs: the list, newest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static void add_time(cJSON *doc, const char *key, int64_t ms)
{
	char text[40];

	sl_json_add_str(doc, key, ms ? sl_time_format(text, sizeof text, ms) : NULL);
}

static void add_controller(cJSON *doc, const struct store_run *r)
{
	cJSON *one;

	if (!r->controller.pid) {
		cJSON_AddNullToObject(doc, "controller");
		return;
	}
	one = sl_json_add_object(doc, "controller");
	sl_json_add_int(one, "pid", r->controller.pid);
	sl_json_add_bool(one, "alive", store_controller_alive(&r->controller));
}

static const char *or_null(const char *s)
{
	return s && *s ? s : NULL;
}

cJSON *run_row_json(const struct store_run *r)
{
	cJSON *doc = cJSON_CreateObject(), *waiting;
	bool ended = !strcmp(r->state, "ended");

	sl_json_add_int(doc, "number", r->number);
	sl_json_add_str(doc, "uuid", r->uuid);
	sl_json_add_str(doc, "name", r->name);
	sl_json_add_str(doc, "kind", r->kind);
	if (r->parent)
		sl_json_add_int(doc, "parent", r->parent);
	else
		cJSON_AddNullToObject(doc, "parent");
	sl_json_add_str(doc, "state", r->state);
	sl_json_add_str(doc, "outcome", or_null(r->outcome));
	if (ended)
		sl_json_add_int(doc, "exit", r->exit);
	else
		cJSON_AddNullToObject(doc, "exit");
	sl_json_add_str(doc, "who", r->who);
	sl_json_add_str(doc, "from", r->from);
	sl_json_add_str(doc, "reason", or_null(r->reason));
	add_time(doc, "started", r->started);
	add_time(doc, "ended", r->ended);
	add_controller(doc, r);
	waiting = *r->waiting ? sl_json_parse(r->waiting, strlen(r->waiting), NULL) : NULL;
	cJSON_AddItemToObject(doc, "waiting", waiting ? waiting : cJSON_CreateNull());
	return doc;
}

static void print_row(const struct store_run *r, bool wide)
{
	char started[40], took[40];
	const char *state = *r->outcome ? r->outcome : r->state;
	int64_t end = r->ended ? r->ended : sl_time_now();
	bool orphan = !*r->outcome && !store_controller_alive(&r->controller);

	sl_time_format(started, sizeof started, r->started);
	started[19] = '\0'; /* seconds are enough in a list */
	sl_duration_human(took, sizeof took, end - r->started);
	printf("%6lld  %-24s %-8s %-11s %-20s %9s  %s%s%s", (long long)r->number, r->name, r->kind,
	       state, started, took, r->who, wide ? "@" : "", wide ? r->from : "");
	if (wide && *r->reason) {
		char *reason = sl_text_clean_dup(r->reason, strlen(r->reason), false);

		printf("  %s", reason);
		free(reason);
	}
	if (orphan)
		fputs(r->parked ? "  (parked)" : "  (no controller)", stdout);
	putchar('\n');
}

static int print_json(const struct store_run *runs, size_t count)
{
	cJSON *doc = cJSON_CreateObject(), *list = sl_json_add_array(doc, "runs");
	size_t i;
	int rc;

	for (i = 0; i < count; i++)
		cJSON_AddItemToArray(list, run_row_json(&runs[i]));
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

static void print_table(const struct cli *c, const struct store_run *runs, size_t count)
{
	size_t i;

	if (count)
		printf("%6s  %-24s %-8s %-11s %-20s %9s  %s\n", "RUN", "NAME", "KIND", "STATE",
		       "STARTED (UTC)", "TOOK", "BY");
	else
		fprintf(stderr, "No runs yet (state in %s).\n", store_folder(c->store));
	for (i = 0; i < count; i++)
		print_row(&runs[i], c->output == OUTPUT_WIDE);
}

static int print(const struct cli *c, const struct store_run *runs, size_t count)
{
	if (c->output == OUTPUT_JSON)
		return print_json(runs, count);
	print_table(c, runs, count);
	return RUN_DONE;
}

/* What a name or a number finds, or what is near it: then print all of that name. */
static int print_some(const struct cli *c, const char *name)
{
	struct sl_error e = {0};
	struct store_run *runs, found;
	size_t count;
	int rc = cli_find_run(c, name, FIND_LATEST, &found);

	if (!rc && strcmp(found.name, name) != 0)
		rc = print(c, &found, 1);
	else if (!rc && store_runs_list(c->store, name, 0, &runs, &count, &e))
		rc = cli_fail(&e);
	else if (!rc) {
		rc = print(c, runs, count);
		store_runs_free(runs, count);
	}
	store_run_release(&found);
	return rc;
}

int command_runs(struct cli *c)
{
	struct sl_error e = {0};
	struct store_run *runs;
	size_t count;
	int rc;

	if (c->arg_count)
		return print_some(c, c->args[0]);
	if (store_runs_list(c->store, NULL, 0, &runs, &count, &e))
		return cli_fail(&e);
	rc = print(c, runs, count);
	store_runs_free(runs, count);
	return rc;
}
