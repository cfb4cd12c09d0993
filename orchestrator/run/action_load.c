/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that were: from the journal back to one that can go on, or be put back. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action_walk.h"
#include "orchestrator/run/view_read.h"
#include "plugins/sdk/mem.h"

static cJSON *read_document(struct store *store, int64_t number, struct sl_error *e)
{
	char *text = NULL;
	cJSON *doc;

	if (store_text_get(store, number, "document", &text, e))
		return NULL;
	doc = sl_json_parse(text, strlen(text), e);
	free(text);
	return doc;
}

bool action_is(struct store *store, int64_t number)
{
	cJSON *doc = read_document(store, number, NULL);
	bool is = sl_json_get(doc, "action") != NULL;

	cJSON_Delete(doc);
	return is;
}

/* The text that was journaled, not the file; relative names mean what they meant then. */
static int load_inventory(struct action *a, const cJSON *doc, struct plugin_host *plugins,
			  struct sl_error *e)
{
	const char *path = sl_json_str(doc, "inventory", "inventory");
	struct diags *d = diags_new();

	a->own_folder = sl_strdup(sl_json_str(doc, "inventoryFolder", "/"));
	a->own_inventory = inventory_load_text(path, sl_json_str(doc, "inventoryText", ""), d);
	diags_free(d);
	if (!a->own_inventory)
		return sl_fail(e, SL_EINPUT, "the journaled inventory cannot be read");
	a->own_inventory->folder = a->own_folder;
	a->backends = a->own_backends = backends_new(uv_default_loop(), a->own_inventory, plugins);
	return SL_OK;
}

static int fill(struct action *a, const cJSON *doc, struct plugin_host *plugins, struct sl_error *e)
{
	const cJSON *action = sl_json_get(doc, "action");
	int rc = load_inventory(a, doc, plugins, e);

	a->verb = sl_strdup(sl_json_str(action, "verb", "action"));
	a->title = sl_strdup(sl_json_str(action, "title", ""));
	a->service = sl_strdup(sl_json_str(action, "service", NULL));
	if (!rc)
		rc = action_read_changes(a, sl_json_get(action, "changes"), e);
	if (!rc)
		rc = run_view_init(&a->view, sl_json_get(doc, "plan"), e);
	if (!rc && (a->view.plan.step_count != a->count || !a->view.plan.action))
		rc = sl_fail(e, SL_EPROTO, "the journal of run %lld is damaged",
			     (long long)a->number);
	a->undo = a->view.plan.undo;
	a->view.number = a->number;
	return rc ? rc : run_view_catch_up(&a->view, a->store, e);
}

/* action_free in any case. */
static int load(struct store *store, int64_t number, struct plugin_host *plugins,
		const struct run_options *o, struct action **out, struct sl_error *e)
{
	cJSON *doc = read_document(store, number, e);
	struct action *a = sl_alloc(sizeof *a);
	int rc;

	*out = a;
	a->store = store;
	a->options = o;
	a->number = number;
	rc = doc ? fill(a, doc, plugins, e) : (int)e->code;
	cJSON_Delete(doc);
	return rc ? RUN_INTERNAL : RUN_DONE;
}

/* --- going on --- */

static int verb_fits(const struct run_view *v, int64_t number, const char *verb, struct sl_error *e)
{
	long long n = number;

	if (v->outcome && strcmp(v->outcome, "needsHuman") != 0)
		return sl_fail(e, SL_EINPUT, "run %lld has ended (%s): there is nothing to %s", n,
			       v->outcome, verb);
	if (!strcmp(verb, "promote"))
		return sl_fail(e, SL_EINPUT, "run %lld is an action: it has no pauses to pass", n);
	return SL_OK;
}

static void emit_resumed(struct action *a, const char *verb)
{
	const struct run_options *o = a->options;
	bool undoing = a->view.undo.step_count || a->undo;
	cJSON *event = action_event("run.resumed"), *row = cJSON_CreateObject(), *control;

	sl_json_add_str(event, "who", o->who);
	sl_json_add_str(event, "from", o->from);
	sl_json_add_str(row, "state", undoing ? "undoing" : "running");
	sl_json_add_str(row, "outcome", "");
	sl_json_add_bool(row, "parked", false);
	cJSON_AddNullToObject(row, "waiting");
	action_emit(a, event, row);
	control = action_event("control.taken");
	sl_json_add_str(control, "verb", verb);
	sl_json_add_str(control, "who", o->who);
	sl_json_add_str(control, "reason", o->reason);
	action_emit(a, control, NULL);
}

static int adopt(struct action *a, struct sl_error *e)
{
	struct store_run row = {0};
	int rc = store_run_adopt(a->store, a->number, a->options->take_over, &row, e);

	a->epoch = row.epoch;
	a->parent = row.parent;
	store_run_release(&row);
	if (rc)
		return e->code == SL_EHELD ? RUN_HELD : RUN_INTERNAL;
	/* what the old controller wrote after we had read */
	return run_view_catch_up(&a->view, a->store, e) ? RUN_INTERNAL : RUN_DONE;
}

static int go_on(struct action *a, const char *verb, struct sl_error *e)
{
	int rc;

	if (store_start(a->store, backends_loop(a->backends), e)) {
		store_run_leave(a->store, a->number, NULL);
		return RUN_INTERNAL;
	}
	if (a->options->sink.begin) {
		cJSON *plan = plan_json(&a->view.plan);

		a->options->sink.begin(a->options->sink.arg, a->number, plan);
		cJSON_Delete(plan);
	}
	emit_resumed(a, verb);
	rc = action_walk(a, true);
	if (rc)
		*e = a->error;
	return rc;
}

int action_resume(struct store *store, int64_t number, const char *verb,
		  struct plugin_host *plugins, const struct run_options *o, struct sl_error *e)
{
	struct action *a;
	int rc = load(store, number, plugins, o, &a, e);

	if (!rc && verb_fits(&a->view, number, verb, e))
		rc = RUN_INPUT;
	if (!rc)
		rc = adopt(a, e);
	if (!rc) {
		a->asked_undo = !strcmp(verb, "undo") || !strcmp(verb, "abort");
		rc = go_on(a, verb, e);
	}
	action_free(a);
	return rc;
}

/* --- putting back what is over --- */

static int undo_fits(const struct action *a, struct sl_error *e)
{
	long long n = a->number;

	if (a->undo)
		return sl_fail(e, SL_EINPUT,
			       "run %lld is itself an undo: set what you want instead", n);
	if (!a->view.outcome || strcmp(a->view.outcome, "done") != 0)
		return sl_fail(e, SL_EINPUT, "run %lld ended as %s: nothing of it is left to undo",
			       n, a->view.outcome ? a->view.outcome : "nothing");
	return SL_OK;
}

/* Newest first. */
static cJSON *changes_back(const struct action *a)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = a->count; i-- > 0;) {
		const cJSON *prior = sl_json_get(a->view.steps[i].intent, "prior");
		struct change back;

		if (a->view.steps[i].state != PROGRESS_OK || !cJSON_IsObject(prior))
			continue;
		action_backwards(&back, &a->changes[i], prior);
		cJSON_AddItemToArray(list, back.o);
	}
	return list;
}

static int open_back(struct action *parent, struct action **out, struct sl_error *e)
{
	cJSON *changes = changes_back(parent);
	char *title = sl_asprintf("undo: %s", parent->title);
	const struct action_ask ask = {.verb = parent->verb,
				       .title = title,
				       .service = parent->service,
				       .changes = changes};
	int rc = action_open(parent->backends, &ask, out, e);

	(*out)->undo = true;
	(*out)->parent = parent->number;
	if (rc == RUN_INPUT && e->code == SL_ECONFLICT)
		sl_error_prefix(e, "run %lld cannot be put back as it is",
				(long long)parent->number);
	if (!rc && !action_todo(*out)) {
		sl_fail(e, SL_EINPUT, "what run %lld changed stands as before already",
			(long long)parent->number);
		rc = RUN_INPUT;
	}
	cJSON_Delete(changes);
	free(title);
	return rc;
}

int action_undo_finished(struct store *store, int64_t number, struct plugin_host *plugins,
			 const struct run_options *o, struct sl_error *e)
{
	struct action *parent, *back = NULL;
	int rc = load(store, number, plugins, o, &parent, e);

	if (!rc && parent->view.outcome && !strcmp(parent->view.outcome, "needsHuman")) {
		action_free(parent);
		return action_resume(store, number, "undo", plugins, o, e);
	}
	if (!rc && undo_fits(parent, e))
		rc = RUN_INPUT;
	if (!rc)
		rc = open_back(parent, &back, e);
	if (!rc)
		rc = action_run(back, store, o, e);
	action_free(back);
	action_free(parent);
	return rc;
}
