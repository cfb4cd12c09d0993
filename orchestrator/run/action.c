/* SPDX-License-Identifier: Apache-2.0 */
/* An action's life: read, made a run, walked, freed. */
#include "orchestrator/run/action.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/action_walk.h"
#include "orchestrator/run/life.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define CHANGES_MAX 10000

const struct action_kind *action_kind_of(const cJSON *subject)
{
	static const struct action_kind *const kinds[] = {&action_instance, &action_key};
	const char *name = sl_json_str(subject, "kind", "");

	for (size_t i = 0; i < SL_COUNT(kinds); i++)
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	return NULL;
}

/* --- changes --- */

void change_release(struct change *c)
{
	cJSON_Delete(c->o);
	cJSON_Delete(c->prior);
	*c = (struct change){0};
}

int action_read_changes(struct action *a, const cJSON *changes, struct sl_error *e)
{
	int n = cJSON_GetArraySize(changes);
	const cJSON *one;

	if (n < 1 || n > CHANGES_MAX)
		return sl_fail(e, SL_EINPUT, "an action is of 1 to %d changes, not %d", CHANGES_MAX,
			       n);
	a->changes = sl_alloc_n((size_t)n, sizeof *a->changes);
	cJSON_ArrayForEach(one, changes)
	{
		struct change *c = &a->changes[a->count++];

		c->o = cJSON_Duplicate(one, true);
		c->target = sl_json_get(c->o, "target");
		c->expect = sl_json_get(c->o, "expect");
		c->kind = action_kind_of(c->o);
		c->step = (long)a->count - 1;
		if (!c->kind || !cJSON_IsObject(c->target))
			return sl_fail(e, SL_EPROTO, "a change of an unknown kind");
		if (c->kind->check(c->o, c->target, e))
			return (int)e->code;
	}
	return SL_OK;
}

void action_backwards(struct change *back, const struct change *c, const cJSON *prior)
{
	cJSON *o = cJSON_Duplicate(c->o, true);

	cJSON_DeleteItemFromObjectCaseSensitive(o, "expect");
	cJSON_AddItemToObject(o, "expect", cJSON_DetachItemFromObjectCaseSensitive(o, "target"));
	cJSON_AddItemToObject(o, "target", c->kind->back(prior, c->target));
	*back = (struct change){.o = o, .kind = c->kind};
	back->target = sl_json_get(o, "target");
	back->expect = sl_json_get(o, "expect");
}

/* What was not asked in a right way, or does not stand as it must, is the input's fault. */
static int exit_of_reading(const struct sl_error *e)
{
	switch (e->code) {
	case SL_EINPUT:
	case SL_ENOTFOUND:
	case SL_ECONFLICT:
	case SL_EUNSUPPORTED:
		return RUN_INPUT;
	case SL_ECANCELED:
		return RUN_INTERRUPTED;
	default:
		return RUN_UNREACHABLE;
	}
}

static int read_prior(struct action *a, struct change *c, struct sl_error *e)
{
	char name[256], now[160], wanted[160];

	if (c->kind->read(a->backends, c->o, NULL, &c->prior, e))
		return exit_of_reading(e);
	if (c->expect && !c->kind->is(c->prior, c->expect) && !c->kind->is(c->prior, c->target)) {
		sl_fail(e, SL_ECONFLICT, "%s is now %s, not %s: someone else changed it since",
			c->kind->name_of(c->o, name, sizeof name),
			c->kind->say(c->prior, now, sizeof now),
			c->kind->say(c->expect, wanted, sizeof wanted));
		return RUN_INPUT;
	}
	c->same = c->kind->is(c->prior, c->target);
	return RUN_DONE;
}

int action_open(struct backends *b, const struct action_ask *ask, struct action **out,
		struct sl_error *e)
{
	struct action *a = sl_alloc(sizeof *a);
	int rc;

	*out = a;
	a->backends = b;
	a->verb = sl_strdup(ask->verb);
	a->title = sl_strdup(ask->title);
	a->service = sl_strdup(ask->service);
	rc = action_read_changes(a, ask->changes, e) ? RUN_INPUT : RUN_DONE;
	for (size_t i = 0; !rc && i < a->count; i++)
		rc = read_prior(a, &a->changes[i], e);
	for (size_t i = 0, step = 0; i < a->count; i++)
		a->changes[i].step = a->changes[i].same ? -1 : (long)step++;
	return rc;
}

void action_free(struct action *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->count; i++)
		change_release(&a->changes[i]);
	free(a->changes);
	run_view_release(&a->view);
	backends_free(a->own_backends);
	inventory_free(a->own_inventory);
	free(a->own_folder);
	free(a->verb);
	free(a->title);
	free(a->service);
	free(a);
}

size_t action_count(const struct action *a)
{
	return a->count;
}

size_t action_todo(const struct action *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++)
		n += !a->changes[i].same;
	return n;
}

struct action_item action_item(const struct action *a, size_t i)
{
	const struct change *c = &a->changes[i];
	bool ran = c->step >= 0 && a->view.steps && (size_t)c->step < a->view.plan.step_count;
	struct action_item item = {
		.same = c->same, .subject = c->o, .target = c->target, .state = PROGRESS_NONE};

	c->kind->name_of(c->o, item.name, sizeof item.name);
	if (c->prior) {
		cJSON *before = c->kind->back(c->prior, c->target);

		c->kind->say(before, item.prior, sizeof item.prior);
		cJSON_Delete(before);
	}
	c->kind->say(c->target, item.to, sizeof item.to);
	if (ran) {
		item.state = a->view.steps[c->step].state;
		item.error = a->view.steps[c->step].error;
	}
	return item;
}

int64_t action_number(const struct action *a)
{
	return a->number;
}

const char *action_outcome(const struct action *a)
{
	return a->view.outcome ? a->view.outcome : "";
}

/* --- the plan --- */

static void plan_step_fill(struct plan_step *s, const struct change *c, size_t index, bool undo)
{
	const char *service = sl_json_str(c->o, "service", ""),
		   *host = sl_json_str(c->o, "host", "");
	const char *id = sl_json_str(c->o, "id", NULL);
	int64_t port = sl_json_int(c->o, "port", 0);

	snprintf(s->id, sizeof s->id, "%s%zu", undo ? "u" : "", index + 1);
	s->what = DO_CHANGE;
	s->instance = -1;
	s->share = -1;
	s->service = *service ? sl_strdup(service) : NULL;
	s->host = *host ? sl_strdup(host) : NULL;
	s->port = port > 0 && port <= 65535 ? (unsigned)port : 0;
	s->name = sl_strdup(id ? id : sl_json_str(c->o, "key", ""));
}

void action_plan(const struct action *a, struct plan *p)
{
	*p = (struct plan){.undo = a->undo, .rollback_ms = -1};
	p->action = sl_strdup(a->verb);
	p->service = a->service && *a->service ? sl_strdup(a->service) : NULL;
	p->steps = sl_alloc_n(a->count, sizeof *p->steps);
	for (size_t i = 0; i < a->count; i++) {
		if (a->changes[i].step < 0)
			continue;
		plan_step_fill(&p->steps[p->step_count], &a->changes[i], p->step_count, a->undo);
		p->step_count++;
	}
	p->waves = sl_alloc_n(1, sizeof *p->waves);
	p->waves[0] = (struct plan_wave){.kind = WAVE_CHANGE,
					 .title = sl_strdup(a->title),
					 .count = p->step_count,
					 .share_after = -1};
	p->wave_count = 1;
}

/* --- making the run --- */

static cJSON *document_of(const struct action *a, const struct plan *p)
{
	const struct inventory_file *f = backends_inventory(a->backends);
	cJSON *doc = cJSON_CreateObject(), *action, *changes;

	sl_json_add_str(doc, "kind", "plan");
	sl_json_add_int(doc, "v", 1);
	action = sl_json_add_object(doc, "action");
	sl_json_add_str(action, "verb", a->verb);
	sl_json_add_str(action, "title", a->title);
	sl_json_add_str(action, "service", a->service);
	changes = sl_json_add_array(action, "changes");
	for (size_t i = 0; i < a->count; i++)
		if (a->changes[i].step >= 0)
			cJSON_AddItemToArray(changes, cJSON_Duplicate(a->changes[i].o, true));
	sl_json_add_str(doc, "inventory", f->path);
	sl_json_add_str(doc, "inventoryFolder", f->folder);
	sl_json_add_str(doc, "inventoryText", f->text);
	cJSON_AddItemToObject(doc, "plan", plan_json(p));
	return doc;
}

static int create_row(struct action *a, const cJSON *doc, struct sl_error *e)
{
	const struct run_options *o = a->options;
	cJSON *texts = cJSON_CreateObject();
	char *text = sl_json_print(doc);
	struct store_run row = {
		.name = a->service && *a->service ? sl_asprintf("%s %s", a->verb, a->service)
						  : sl_strdup(a->verb),
		.kind = sl_strdup(a->undo ? "undo" : "action"),
		.parent = a->parent,
		.who = sl_strdup(o->who),
		.from = sl_strdup(o->from),
		.reason = sl_strdup(o->reason ? o->reason : ""),
	};
	int rc;

	runner_uuid(row.uuid);
	sl_json_add_str(texts, "document", text);
	rc = store_run_create(a->store, &row, texts, e);
	a->number = row.number;
	a->epoch = 1;
	cJSON_Delete(texts);
	free(text);
	store_run_release(&row);
	return rc ? RUN_INTERNAL : RUN_DONE;
}

static int make_run(struct action *a, struct sl_error *e)
{
	struct plan p;
	cJSON *doc;
	int rc;

	action_plan(a, &p);
	doc = document_of(a, &p);
	rc = run_view_init(&a->view, sl_json_get(doc, "plan"), e) ? RUN_INTERNAL : RUN_DONE;
	if (!rc)
		rc = create_row(a, doc, e);
	cJSON_Delete(doc);
	plan_release(&p);
	return rc;
}

/* Nobody else may be at work on what is touched. The claim is for two at the same moment. */
static int check_free(struct action *a, struct sl_error *e)
{
	int rc = SL_OK;

	for (size_t i = 0; !rc && i < a->count; i++) {
		const cJSON *o = a->changes[i].o;

		if (a->changes[i].step >= 0)
			rc = run_holds(a->store, sl_json_str(o, "service", NULL),
				       sl_json_str(o, "host", NULL),
				       (unsigned)sl_json_int(o, "port", 0), a->parent, e);
	}
	return !rc ? RUN_DONE : rc == SL_EHELD ? RUN_HELD : RUN_INTERNAL;
}

static int take_claims(struct action *a, struct sl_error *e)
{
	int rc = SL_OK;

	for (size_t i = 0; !rc && i < a->count; i++) {
		char *what = a->changes[i].kind->claim(a->changes[i].o);

		if (a->changes[i].step >= 0)
			rc = store_claim(a->store, what, a->number, e);
		free(what);
	}
	return !rc ? RUN_DONE : rc == SL_EHELD ? RUN_HELD : RUN_INTERNAL;
}

static void emit_started(struct action *a)
{
	const struct run_options *o = a->options;
	cJSON *event = action_event("run.started");
	char *name = a->service && *a->service ? sl_asprintf("%s %s", a->verb, a->service)
					       : sl_strdup(a->verb);

	sl_json_add_str(event, "name", name);
	sl_json_add_str(event, "kind", a->undo ? "undo" : "action");
	if (a->parent)
		sl_json_add_int(event, "parent", a->parent);
	else
		cJSON_AddNullToObject(event, "parent");
	sl_json_add_str(event, "who", o->who);
	sl_json_add_str(event, "from", o->from);
	sl_json_add_str(event, "reason", o->reason);
	sl_json_add_str(event, "service", a->service);
	sl_json_add_str(event, "title", a->title);
	action_emit(a, event, NULL);
	free(name);
}

static void refuse_run(struct action *a, int code)
{
	cJSON *event = action_event("run.ended"), *row = cJSON_CreateObject();

	sl_json_add_str(event, "outcome", "refused");
	sl_json_add_int(event, "exit", code);
	sl_json_add_str(row, "state", "ended");
	sl_json_add_str(row, "outcome", "refused");
	sl_json_add_int(row, "exit", code);
	sl_json_add_int(row, "ended", sl_time_now());
	cJSON_AddNullToObject(row, "controller");
	action_emit(a, event, row);
}

static void tell_begin(struct action *a)
{
	cJSON *plan;

	if (!a->options->sink.begin)
		return;
	plan = plan_json(&a->view.plan);
	a->options->sink.begin(a->options->sink.arg, a->number, plan);
	cJSON_Delete(plan);
}

int action_run(struct action *a, struct store *store, const struct run_options *o,
	       struct sl_error *e)
{
	int rc, held;

	a->store = store;
	a->options = o;
	if (!action_todo(a))
		return RUN_DONE;
	rc = check_free(a, e);
	if (!rc)
		rc = make_run(a, e);
	if (rc)
		return rc;
	held = take_claims(a, e);
	if (store_start(store, backends_loop(a->backends), e))
		return RUN_INTERNAL;
	tell_begin(a);
	emit_started(a);
	if (held) {
		refuse_run(a, held);
		return held;
	}
	rc = action_walk(a, false);
	if (rc)
		*e = a->error;
	return rc;
}

int action_start(struct action *a, struct store *store, const struct run_options *o,
		 struct sl_error *e)
{
	return action_run(a, store, o, e);
}
