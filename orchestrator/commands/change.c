/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice drain, enable, weight: one or several instances of a service changed in their registry, as
 * an action. What is meant is found in fresh answers, said, and asked about before anything is
 * touched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/acting.h"
#include "orchestrator/commands/find_instance.h"
#include "orchestrator/run/instances.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

struct want {
	const char *verb, *done; /* "drain", "drained" */
	int state, weight;       /* SL_KEEP = as it is */
};

struct job {
	struct cli *c;
	const struct want *want;
	const char *service;
	struct inventory_file *inventory;
	struct backends *backends;
	struct found_instances found;
	bool *meant; /* parallel to found.items */
	size_t count;
	struct action *action;
	struct sl_error error;
	int code;
};

/* --- which --- */

static int find(struct job *j)
{
	int rc = RUN_DONE;

	if (instances_find(j->backends, j->service, &j->found, &j->error))
		return cli_fail(&j->error);
	rc = cli_all_answered(&j->found);
	if (rc)
		return rc;
	if (!j->found.count)
		return cli_unknown_service(j->backends, j->service);
	j->meant = sl_alloc_n(j->found.count, sizeof *j->meant);
	for (size_t i = 1; i < j->c->arg_count; i++) {
		size_t at;
		int one = cli_find_instance(j->backends, &j->found, j->service, j->c->args[i], &at);

		rc = rc ? rc : one;
		if (one)
			continue;
		j->count += !j->meant[at];
		j->meant[at] = true;
	}
	return rc;
}

/* --- what is left in service --- */

static bool same_service(const struct found_instance *a, const struct found_instance *b)
{
	const char *x = a->is.environment, *y = b->is.environment;

	return a->source == b->source && !strcmp(x ? x : "", y ? y : "");
}

static bool serves_after(const struct job *j, size_t i)
{
	struct sl_instance is = j->found.items[i].is;

	if (j->meant[i] && j->want->state != SL_KEEP)
		is.state = (enum sl_instance_state)j->want->state;
	if (j->meant[i] && j->want->weight != SL_KEEP)
		is.weight = j->want->weight;
	return instance_serves(&is);
}

/* Of the instances beside the i-th one: in service now, and after it. */
static void count_serving(const struct job *j, size_t i, size_t *now, size_t *after)
{
	*now = *after = 0;
	for (size_t k = 0; k < j->found.count; k++) {
		if (!same_service(&j->found.items[i], &j->found.items[k]))
			continue;
		*now += instance_serves(&j->found.items[k].is);
		*after += serves_after(j, k);
	}
}

static int check_last(const struct job *j)
{
	size_t now, after;

	for (size_t i = 0; i < j->found.count; i++) {
		const struct found_instance *one = &j->found.items[i];
		const char *environment = one->is.environment;

		if (!j->meant[i])
			continue;
		count_serving(j, i, &now, &after);
		if (!now || after || j->c->force)
			continue;
		cli_error("this would leave %s%s%s without an instance in service (%zu now); "
			  "--force does it nevertheless",
			  j->service, environment && *environment ? " in " : "",
			  environment ? environment : "", now);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

/* --- asking --- */

static int open_action(struct job *j)
{
	cJSON *changes = cJSON_CreateArray();
	char *title = sl_asprintf("%s %zu instance%s of %s", j->want->verb, j->count,
				  j->count == 1 ? "" : "s", j->service);
	const struct action_ask ask = {
		.verb = j->want->verb, .title = title, .service = j->service, .changes = changes};
	int rc;

	for (size_t i = 0; i < j->found.count; i++)
		if (j->meant[i])
			cJSON_AddItemToArray(
				changes, action_instance_change(j->found.items[i].source,
								&j->found.items[i].is,
								j->want->state, j->want->weight));
	rc = acting_open(j->backends, &ask, &j->action, &j->error);
	cJSON_Delete(changes);
	free(title);
	return rc;
}

static void print_items(const struct job *j, FILE *to)
{
	for (size_t i = 0; i < action_count(j->action); i++) {
		struct action_item item = action_item(j->action, i);

		if (item.same)
			fprintf(to, "  %-40s  %s already\n", item.name, item.prior);
		else
			fprintf(to, "  %-40s  %s -> %s\n", item.name, item.prior, item.to);
	}
}

static int ask(const struct job *j)
{
	size_t todo = action_todo(j->action), now = 0, after = 0, i = 0;
	char question[256];

	while (i < j->found.count && !j->meant[i])
		i++;
	count_serving(j, i, &now, &after);
	snprintf(question, sizeof question,
		 "%c%s %zu instance%s of %.100s%s (%zu in service now, %zu after)?",
		 *j->want->verb - 'a' + 'A', j->want->verb + 1, todo, todo == 1 ? "" : "s",
		 j->service, j->inventory->production ? ", in production" : "", now, after);
	if (!j->c->yes)
		print_items(j, stderr);
	return cli_confirm(j->c, question);
}

/* --- the result --- */

static const char *state_word(const struct action_item *item)
{
	static const char *const words[] = {[PROGRESS_NONE] = "notRun",
					    [PROGRESS_STARTED] = "unknown",
					    [PROGRESS_OK] = "ok",
					    [PROGRESS_FAILED] = "failed",
					    [PROGRESS_UNKNOWN] = "unknown"};

	return item->same ? "unchanged" : words[item->state];
}

static void add_item(cJSON *list, const struct action_item *item)
{
	static const char *const keys[] = {"id", "host", "source", "environment"};
	static const char *const names[] = {"instance", "host", "source", "environment"};
	cJSON *one = cJSON_CreateObject();

	for (size_t i = 0; i < SL_COUNT(keys); i++)
		sl_json_add_str(one, names[i], sl_json_str(item->subject, keys[i], ""));
	sl_json_add_int(one, "port", sl_json_int(item->subject, "port", 0));
	sl_json_add_str(one, "prior", item->prior);
	sl_json_add_str(one, "target", item->to);
	sl_json_add_str(one, "state", state_word(item));
	sl_json_add_str(one, "error", item->error);
	cJSON_AddItemToArray(list, one);
}

static int print_json(const struct job *j)
{
	cJSON *doc = cJSON_CreateObject(), *list;
	int rc;

	acting_add_run(doc, j->action, j->want->verb);
	sl_json_add_str(doc, "service", j->service);
	acting_add_outcome(doc, j->action, j->code);
	list = sl_json_add_array(doc, "instances");
	for (size_t i = 0; i < action_count(j->action); i++) {
		struct action_item item = action_item(j->action, i);

		add_item(list, &item);
	}
	rc = cli_print_json(doc);
	cJSON_Delete(doc);
	return rc;
}

static void print_text(const struct job *j)
{
	size_t todo = action_todo(j->action);
	long long number = (long long)action_number(j->action);

	if (!todo) {
		printf("nothing to do: %zu instance%s of %s already so\n", j->count,
		       j->count == 1 ? " is" : "s are", j->service);
		return;
	}
	if (j->code)
		return;
	print_items(j, stdout);
	printf("run %lld: %s %zu instance%s of %s; `sluice undo %lld` takes it back\n", number,
	       j->want->done, todo, todo == 1 ? "" : "s", j->service, number);
}

static int carry_out(struct job *j)
{
	int rc;

	j->code = acting_start(j->c, j->action, &j->error);
	if (j->c->output != OUTPUT_JSON) {
		print_text(j);
		return j->code;
	}
	rc = print_json(j);
	return j->code ? j->code : rc;
}

static int open_inventory(struct job *j)
{
	struct diags *d = diags_new();
	int rc;

	j->inventory = inventory_load(j->c->inventory, d);
	diags_print(d, stderr, j->c->colour_err);
	diags_free(d);
	rc = j->inventory ? cli_plugins(j->c) : RUN_INPUT;
	if (!rc)
		j->backends = backends_new(uv_default_loop(), j->inventory, j->c->plugins);
	return rc;
}

static int change(struct cli *c, const struct want *want)
{
	struct job j = {.c = c, .want = want, .service = c->args[0]};
	int rc = acting_check(c, "registry");

	if (!rc && run_holds(c->store, j.service, NULL, 0, 0, &j.error))
		rc = cli_fail(&j.error); /* before anything is asked of anybody */
	if (!rc)
		rc = open_inventory(&j);
	if (!rc)
		rc = find(&j);
	if (!rc)
		rc = check_last(&j);
	if (!rc)
		rc = open_action(&j);
	if (!rc && action_todo(j.action))
		rc = ask(&j);
	if (!rc)
		rc = carry_out(&j);
	action_free(j.action);
	instances_release(&j.found);
	backends_free(j.backends);
	inventory_free(j.inventory);
	free(j.meant);
	return rc;
}

int command_drain(struct cli *c)
{
	static const struct want want = {"drain", "drained", SL_INSTANCE_OUT, SL_KEEP};

	return change(c, &want);
}

int command_enable(struct cli *c)
{
	static const struct want want = {"enable", "enabled", SL_INSTANCE_UP, SL_KEEP};

	return change(c, &want);
}

int command_weight(struct cli *c)
{
	const struct want want = {"weight", "weighted", SL_KEEP, (int)c->weight};

	if (c->weight >= 0)
		return change(c, &want);
	cli_error("`sluice weight` needs --weight N, the weight that the instances shall have");
	return RUN_INPUT;
}
