/* SPDX-License-Identifier: Apache-2.0 */
/* plan, run, resume, undo: from the command's question to the walker and back. */
#include "orchestrator/run/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/inputs.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* --- who owns what --- */

static void say_owner(struct sl_error *e, struct store *store, const struct owner *o)
{
	struct store_run r = {0};
	bool ours = store && store_run_by_uuid(store, o->run, &r, NULL) == 0;
	const char *state = o->parked ? "parked" : "";
	char silent[64] = "";
	int64_t s = strtoll(o->silent, NULL, 10);
	if (strcmp(o->silent, "reboot") == 0)
		snprintf(silent, sizeof silent, "silent since the host's reboot");
	else if (s * 1000 > claim_ttl())
		snprintf(silent, sizeof silent, "silent for %" PRId64 " s", s);
	else
		snprintf(silent, sizeof silent, "alive");
	sl_fail(e, SL_EHELD, "%s%s%s is held by run %s (%s) of %s from %s since %s, %s. ", o->host,
		o->router ? ", router " : "", o->router ? o->router : "", o->number, o->what,
		o->who, o->from, o->since, *state ? state : silent);
	size_t len = strlen(e->msg);
	if (ours)
		snprintf(e->msg + len, sizeof e->msg - len,
			 "`sluice resume %" PRId64 "` goes on with it, `sluice undo %" PRId64
			 "` takes it back",
			 r.number, r.number);
	else
		snprintf(e->msg + len, sizeof e->msg - len,
			 "`--take-over --reason TEXT` takes it from there");
	store_run_release(&r);
}

/* The first foreign owner; NULL = all is free or ours. */
static const struct owner *foreign_owner(const struct observed *seen, const char *uuid)
{
	for (size_t i = 0; i < seen->owner_count; i++)
		if (*seen->owners[i].run && strcmp(seen->owners[i].run, uuid) != 0)
			return &seen->owners[i];
	return NULL;
}

static int64_t highest_epoch(const struct observed *seen)
{
	int64_t most = 0;
	for (size_t i = 0; i < seen->owner_count; i++)
		if (seen->owners[i].epoch > most)
			most = seen->owners[i].epoch;
	return most;
}

/* --- plan --- */

static struct plan_input plan_input_of(const struct run_inputs *in, const struct observed *seen)
{
	return (struct plan_input){
		.resolved = in->resolved,
		.seen = seen->seen,
		.router = seen->has_router ? &seen->router : NULL,
		.artifact = &in->artifact,
	};
}

int run_plan(struct run_inputs *in, struct plugin_host *plugins, struct plan *plan,
	     struct sl_buf *print, bool colour, bool wide, struct sl_error *e)
{
	struct world w;
	struct observed seen = {0};
	int rc = world_open(&w, uv_default_loop(), in->resolved, plugins, e) ? RUN_INPUT : RUN_DONE;
	if (!rc)
		rc = observe(&w, &in->artifact, &seen, e);
	const struct owner *o = rc ? NULL : foreign_owner(&seen, "");
	if (!rc && o && !print) {
		say_owner(e, NULL, o);
		rc = RUN_HELD;
	}
	if (!rc) {
		struct plan_input input = plan_input_of(in, &seen);
		rc = plan_make(&input, plan, e) ? RUN_INPUT : RUN_DONE;
		if (!rc && print)
			plan_print(plan, &input, colour, wide, print);
	}
	observed_release(&seen);
	world_close(&w);
	return rc;
}

/* --- a runner's life --- */

static void new_uuid(char out[37])
{
	unsigned char b[16];
	uv_random(NULL, NULL, b, sizeof b, 0, NULL);
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
}

static int runner_init(struct runner *r, struct store *store, struct run_inputs *in,
		       struct plugin_host *plugins, const struct run_options *o,
		       struct observed *seen, struct sl_error *e)
{
	*r = (struct runner){
		.loop = uv_default_loop(),
		.store = store,
		.in = in,
		.options = o,
		.error = e,
		.seen = seen,
		.wave = -1,
		.terminal = o->terminal,
		.wait = o->wait,
		.progress = sl_time_boottime(),
	};
	sl_error_clear(e);
	uv_timer_t *timers[] = {&r->keeper, &r->drift_timer, &r->hold};
	for (size_t i = 0; i < SL_COUNT(timers); i++) {
		uv_timer_init(r->loop, timers[i]);
		timers[i]->data = r;
	}
	r->is_new = sl_alloc_n(in->resolved->instance_count + 1, sizeof *r->is_new);
	return world_open(&r->world, r->loop, in->resolved, plugins, e) ? RUN_INPUT : RUN_DONE;
}

/* Which instances run what the plan brings, as observed. */
static void know_versions(struct runner *r)
{
	const struct plan *p = &r->view.plan;
	const struct resolved *rs = r->in->resolved;
	r->what = sl_asprintf("%s %s", p->service ? p->service : "?", p->version ? p->version : "");
	for (size_t i = 0; i < rs->instance_count; i++) {
		const struct plan_seen *s = &r->seen->seen[i];
		r->is_new[i] = s->release && s->spec && p->release &&
			       strcmp(s->release, p->release) == 0 &&
			       strcmp(s->spec, rs->instances[i].spec) == 0;
	}
}

/* All loop handles and calls go; what was in hand stays without result in the journal. */
static void cancel_probes(struct runner *r)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->http)
			sl_http_cancel(r->acts[i]->http);
	for (size_t i = 0; i < r->act_count; i++)
		while (r->acts[i]->http)
			uv_run(r->loop, UV_RUN_ONCE);
}

static void runner_close(struct runner *r)
{
	r->over = true;
	cancel_probes(r);
	world_close(&r->world);
	while (r->act_count)
		act_free(r->acts[0]);
	uv_close((uv_handle_t *)&r->keeper, NULL);
	uv_close((uv_handle_t *)&r->drift_timer, NULL);
	uv_close((uv_handle_t *)&r->hold, NULL);
	uv_run(r->loop, UV_RUN_NOWAIT);
	uv_run(r->loop, UV_RUN_NOWAIT);
	run_view_release(&r->view);
	for (size_t i = 0; i < r->claim_count; i++) {
		free(r->claims[i].host);
		free(r->claims[i].folder);
	}
	free(r->claims);
	free(r->acts);
	free(r->is_new);
	free(r->what);
	free(r->stop_why);
	free(r->promote_by);
}

/* Walk until the run is over. The journal is flushed before this returns. */
static int runner_go(struct runner *r)
{
	keeper_start(r);
	drift_start(r);
	control_start(r);
	walk(r);
	while (!r->over || r->appends)
		uv_run(r->loop, UV_RUN_ONCE);
	control_stop(r);
	r->over = true;
	return r->exit;
}

static void begin(struct runner *r)
{
	if (!r->options->sink.begin)
		return;
	cJSON *plan = plan_json(&r->view.plan);
	r->options->sink.begin(r->options->sink.arg, r->number, plan);
	cJSON_Delete(plan);
}

/* Routers without hosts have no owner file: the state store holds their claim. */
static int store_claims(struct runner *r, bool take)
{
	const struct plan *p = &r->view.plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what != DO_CLAIM || !s->router_claim || (s->claim && *s->claim))
			continue;
		char *what = sl_asprintf("router %s", s->router_claim);
		int rc = take ? store_claim(r->store, what, r->number, r->error)
			      : store_unclaim(r->store, what, r->number, NULL);
		free(what);
		if (take && rc)
			return RUN_HELD;
	}
	return RUN_DONE;
}

static void emit_started(struct runner *r, const struct store_run *row)
{
	const struct plan *p = &r->view.plan;
	cJSON *event = runner_event("run.started");
	sl_json_add_str(event, "name", row->name);
	sl_json_add_str(event, "kind", row->kind);
	if (row->parent)
		sl_json_add_int(event, "parent", row->parent);
	else
		cJSON_AddNullToObject(event, "parent");
	sl_json_add_str(event, "who", row->who);
	sl_json_add_str(event, "from", row->from);
	sl_json_add_str(event, "service", p->service);
	sl_json_add_str(event, "version", p->version);
	sl_json_add_int(event, "total", (int64_t)p->total);
	sl_json_add_int(event, "touched", (int64_t)p->touched);
	runner_emit(r, event, NULL, NULL, NULL);
}

static int create_row(struct runner *r, const char *kind, int64_t parent, const struct plan *plan,
		      struct store_run *row)
{
	new_uuid(r->uuid);
	*row = (struct store_run){
		.name = (char *)r->in->playbook->name,
		.kind = (char *)kind,
		.parent = parent,
		.who = (char *)r->options->who,
		.from = (char *)r->options->from,
		.reason = (char *)(r->options->reason ? r->options->reason : ""),
	};
	memcpy(row->uuid, r->uuid, sizeof row->uuid);
	cJSON *texts = cJSON_CreateObject();
	cJSON *document = run_plan_file(r->in, plan);
	char *text = sl_json_print(document);
	sl_json_add_str(texts, "document", text);
	int rc = store_run_create(r->store, row, texts, r->error);
	free(text);
	cJSON_Delete(document);
	cJSON_Delete(texts);
	r->number = row->number;
	r->epoch = 1;
	return rc ? RUN_INTERNAL : RUN_DONE;
}

static int view_of(struct runner *r, const struct plan *plan)
{
	cJSON *j = plan_json(plan);
	int rc = run_view_init(&r->view, j, r->error);
	cJSON_Delete(j);
	return rc ? RUN_INTERNAL : RUN_DONE;
}

/* --- taking over --- */

/* The old owner's run, when it is in our store: its controller is fenced off from the journal too.
 */
static int64_t adopt_old(struct runner *r, const struct owner *o, struct store_run *old)
{
	if (store_run_by_uuid(r->store, o->run, old, NULL))
		return strcmp(o->silent, "reboot") == 0
			       ? 0
			       : claim_ttl() - strtoll(o->silent, NULL, 10) * 1000;
	bool alive = store_controller_alive(&old->controller);
	int64_t number = old->number;
	store_run_release(old);
	store_run_adopt(r->store, number, true, old, NULL);
	return alive ? claim_ttl() : 0;
}

static void emit_taken_over(struct runner *r, struct store_run *old)
{
	if (!old->number || !old->state || strcmp(old->state, "ended") == 0)
		return;
	cJSON *event = runner_event("run.ended");
	sl_json_add_str(event, "outcome", "needsHuman");
	sl_json_add_int(event, "exit", RUN_HELD);
	char *why = sl_asprintf("taken over by run %" PRId64, r->number);
	sl_json_add_str(event, "failure", why);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", "ended");
	sl_json_add_str(row, "outcome", "needsHuman");
	sl_json_add_int(row, "exit", RUN_HELD);
	sl_json_add_int(row, "ended", sl_time_now());
	sl_json_add_str(row, "reason", why);
	cJSON_AddNullToObject(row, "controller");
	struct store_record record = {
		.run = old->number, .epoch = old->epoch, .event = event, .row = row};
	store_append(r->store, &record, NULL, NULL);
	free(why);
}

/* A new run from a plan: row, claims of the store, then the loop. */
static int start(struct runner *r, const char *kind, int64_t parent, const struct plan *plan)
{
	struct store_run row;
	int rc = view_of(r, plan);
	if (rc)
		return rc;
	know_versions(r);
	r->claim_epoch = highest_epoch(r->seen) + 1;
	rc = create_row(r, kind, parent, plan, &row);
	if (!rc)
		rc = store_claims(r, true);
	struct store_run old = {0};
	const struct owner *o = foreign_owner(r->seen, "");
	if (!rc && o)
		r->hold_until = sl_time_boottime() + adopt_old(r, o, &old);
	if (!rc && store_start(r->store, r->loop, r->error))
		rc = RUN_INTERNAL;
	if (!rc)
		emit_taken_over(r, &old);
	store_run_release(&old);
	if (rc)
		return rc;
	begin(r);
	emit_started(r, &row);
	return runner_go(r);
}

/* The hosts are as the plan saw them? A foreign owner is refused unless it is taken over. */
static int still_true(struct runner *r, const struct plan *plan)
{
	struct plan again = {0};
	const struct owner *o = foreign_owner(r->seen, "");
	if (o && !r->options->take_over) {
		say_owner(r->error, r->store, o);
		return RUN_HELD;
	}
	struct plan_input input = plan_input_of(r->in, r->seen);
	if (plan_make(&input, &again, r->error))
		return RUN_INPUT;
	bool same = strcmp(again.observed, plan->observed) == 0;
	plan_release(&again);
	if (!same) {
		sl_fail(r->error, SL_EINPUT,
			"the plan is stale: hosts or router have changed since it was made. Plan "
			"again");
		return RUN_INPUT;
	}
	return RUN_DONE;
}

int run_start(struct store *store, struct run_inputs *in, struct plugin_host *plugins,
	      struct plan *plan, const struct run_options *o, struct sl_error *e)
{
	struct runner r;
	struct observed seen = {0};
	if (!plan->step_count)
		return RUN_DONE;
	int rc = runner_init(&r, store, in, plugins, o, &seen, e);
	if (!rc)
		rc = observe(&r.world, &in->artifact, &seen, e);
	if (!rc)
		rc = still_true(&r, plan);
	if (!rc)
		rc = start(&r, "rollout", 0, plan);
	runner_close(&r);
	observed_release(&seen);
	return rc;
}

/* --- resume --- */

static int feed(void *arg, int64_t seq, const cJSON *event)
{
	(void)seq;
	run_view_feed(arg, event);
	return 0;
}

/* Everything that the journal knows of a run. */
static int load_run(struct store *store, int64_t number, const struct plugin_host *plugins,
		    struct run_inputs *in, struct run_view *view, struct sl_error *e)
{
	char *text = NULL, key[65];
	if (store_text_get(store, number, "document", &text, e) || store_key(store, key, e))
		return RUN_INTERNAL;
	cJSON *doc = sl_json_parse(text, strlen(text), e);
	free(text);
	if (!doc)
		return RUN_INTERNAL;
	int rc = run_inputs_from_document(doc, plugins, key, in, e);
	if (!rc && run_view_init(view, sl_json_get(doc, "plan"), e))
		rc = RUN_INTERNAL;
	if (!rc && store_events_read(store, number, 0, feed, view, e))
		rc = RUN_INTERNAL;
	cJSON_Delete(doc);
	return rc;
}

struct reclaiming {
	struct runner *r;
	size_t pending;
	int code;
};

struct reclaim {
	struct reclaiming *all;
	const struct plan_step *step;
};

static void reclaimed(void *arg, const struct remote_answer *answer)
{
	struct reclaim *one = arg;
	struct reclaiming *all = one->all;
	struct runner *r = all->r;
	if (answer->error.code == SL_EHELD) {
		*r->error = answer->error;
		all->code = RUN_HELD;
	}
	struct claim *c = runner_claim(r, one->step->host, one->step->claim);
	c->held = true;
	c->renewed = answer->error.code ? 0 : sl_time_boottime();
	all->pending--;
	free(one);
}

/* Has the plan in hand given this claim back already? */
static bool is_released(struct runner *r, const struct plan_step *claim)
{
	const struct plan *p = runner_plan(r);
	const struct view_step *seen = runner_steps(r);
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what == DO_RELEASE && seen[i].state == PROGRESS_OK && s->claim && s->host &&
		    strcmp(s->claim, claim->claim) == 0 && strcmp(s->host, claim->host) == 0)
			return true;
	}
	return false;
}

static void reclaim(struct reclaiming *all, const struct plan_step *s)
{
	struct runner *r = all->r;
	const struct owner *o = observed_owner(r->seen, s->host, s->claim);
	char epoch[24], expect[24] = "", number[24], since[40];
	snprintf(epoch, sizeof epoch, "%" PRId64, r->claim_epoch);
	snprintf(number, sizeof number, "%" PRId64, r->number);
	if (o && o->epoch)
		snprintf(expect, sizeof expect, "%" PRId64, o->epoch);
	const struct remote_arg args[] = {
		{"sluice", s->claim},
		{"run", r->uuid},
		{"number", number},
		{"epoch", epoch},
		{"expect_epoch", expect},
		{"expect_run", o && o->run ? o->run : ""},
		{"who", r->options->who},
		{"from", r->options->from},
		{"what", r->what},
		{"since", sl_time_format(since, sizeof since, sl_time_now())},
	};
	struct reclaim *one = sl_alloc(sizeof *one);
	*one = (struct reclaim){all, s};
	all->pending++;
	remote_run(world_transport(&r->world, s->host), REMOTE_CLAIM, args, SL_COUNT(args), 30000,
		   reclaimed, one);
}

/* Take every claim of the run again, under a new epoch: a controller that wakes up late is fenced.
 */
static int reclaim_all(struct runner *r)
{
	struct reclaiming all = {.r = r};
	const struct plan *p = &r->view.plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		bool on_host = s->claim && *s->claim && s->host;
		if (s->what == DO_CLAIM && on_host && r->view.steps[i].state != PROGRESS_NONE &&
		    !is_released(r, s))
			reclaim(&all, s);
	}
	while (all.pending)
		uv_run(r->loop, UV_RUN_ONCE);
	return all.code;
}

static void emit_resumed(struct runner *r)
{
	cJSON *event = runner_event("run.resumed");
	sl_json_add_str(event, "who", r->options->who);
	sl_json_add_str(event, "from", r->options->from);
	sl_json_add_int(event, "epoch", r->claim_epoch);
	cJSON *row = cJSON_CreateObject();
	sl_json_add_str(row, "state", runner_is_undoing(r) ? "undoing" : "running");
	sl_json_add_str(row, "outcome", "");
	sl_json_add_bool(row, "parked", false);
	cJSON_AddNullToObject(row, "waiting");
	runner_emit(r, event, row, NULL, NULL);
}

static void first_control(struct runner *r, const char *verb)
{
	const struct run_options *o = r->options;
	r->asked_undo = strcmp(verb, "undo") == 0 || strcmp(verb, "abort") == 0;
	if (strcmp(verb, "promote") == 0)
		r->promote_by = sl_strdup(o->who);
	if (strcmp(verb, "resume") != 0 || r->view.paused_by_operator)
		runner_control(r, verb, o->who, o->reason, 0, o->keep);
}

/* Is this verb something that the run can take now? */
static int verb_fits(const struct run_view *v, int64_t number, const char *verb, struct sl_error *e)
{
	bool over = v->outcome && strcmp(v->outcome, "needsHuman") != 0;
	long long n = number;
	if (over)
		return sl_fail(e, SL_EINPUT, "run %lld has ended (%s): there is nothing to %s", n,
			       v->outcome, verb);
	if (strcmp(verb, "promote") == 0 && !v->pause_step)
		return sl_fail(e, SL_EINPUT,
			       "run %lld does not stand at a pause: there is nothing to promote",
			       n);
	if (strcmp(verb, "retry") == 0 && !v->failure && !v->undo.step_count)
		return sl_fail(e, SL_EINPUT, "no step of run %lld failed: use `sluice resume %lld`",
			       n, n);
	return 0;
}

static int take_up(struct runner *r, const char *verb)
{
	int rc = observe(&r->world, &r->in->artifact, r->seen, r->error);
	bool back = strcmp(verb, "undo") == 0 || strcmp(verb, "abort") == 0;
	/* A way back must be tried also when a host is gone; forward needs them all. */
	if (rc == RUN_INPUT || (rc == RUN_UNREACHABLE && !back && !r->view.undo.step_count))
		return rc;
	sl_error_clear(r->error);
	const struct owner *o = foreign_owner(r->seen, r->uuid);
	if (o && !r->options->take_over) {
		say_owner(r->error, NULL, o);
		return RUN_HELD;
	}
	know_versions(r);
	r->claim_epoch = highest_epoch(r->seen) + 1;
	return reclaim_all(r);
}

int run_resume(struct store *store, int64_t number, const char *verb, struct plugin_host *plugins,
	       const struct run_options *o, struct sl_error *e)
{
	struct run_inputs in = {0};
	struct runner r;
	struct run_view view = {0};
	struct observed seen = {0};
	struct store_run row = {0};
	int rc = load_run(store, number, plugins, &in, &view, e);
	if (!rc && verb_fits(&view, number, verb, e))
		rc = RUN_INPUT;
	if (!rc && store_run_adopt(store, number, o->take_over, &row, e))
		rc = e->code == SL_EHELD ? RUN_HELD : RUN_INTERNAL;
	if (rc) {
		run_view_release(&view);
		run_inputs_release(&in);
		store_run_release(&row);
		return rc;
	}
	rc = runner_init(&r, store, &in, plugins, o, &seen, e);
	r.view = view;
	r.number = number;
	r.epoch = row.epoch;
	memcpy(r.uuid, row.uuid, sizeof r.uuid);
	if (!rc)
		rc = take_up(&r, verb);
	if (!rc && store_start(store, r.loop, e))
		rc = RUN_INTERNAL;
	if (!rc) {
		begin(&r);
		emit_resumed(&r);
		first_control(&r, verb);
		r.waiting = r.view.paused_by_operator;
		drift_check(&r);
		rc = runner_go(&r);
	}
	runner_close(&r);
	observed_release(&seen);
	store_run_release(&row);
	run_inputs_release(&in);
	return rc;
}

/* --- undo of a finished run --- */

/* Every instance that the run changed must still be what the run left. */
static int is_as_left(struct runner *r, const struct run_view *parent)
{
	const struct plan *p = &parent->plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what != DO_SWAP || parent->steps[i].state != PROGRESS_OK)
			continue;
		const struct plan_seen *now = &r->seen->seen[s->instance];
		if (now->release && s->release && strcmp(now->release, s->release) == 0)
			continue;
		sl_fail(r->error, SL_EINPUT,
			"%s:%u now runs %s, not the %s that run %lld left: a later change stands "
			"in "
			"the way; undo that first, or roll out the version you want",
			s->host, s->port, now->release ? now->release : "nothing", s->release,
			(long long)parent->number);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

/* And what it had before must still be on the host's disk. */
static int has_way_back(struct runner *r, const struct run_view *parent)
{
	const struct plan *p = &parent->plan;
	for (size_t i = 0; i < p->step_count; i++) {
		const struct plan_step *s = &p->steps[i];
		if (s->what != DO_SWAP || !s->prior_release || strchr(s->prior_release, '/'))
			continue;
		const struct rs_instance *x = &r->in->resolved->instances[s->instance];
		const struct owner *o = observed_owner(r->seen, s->host, x->sluice);
		if (o && owner_has_release(o, s->prior_release))
			continue;
		sl_fail(r->error, SL_EINPUT,
			"%s no longer has release %s (pruned): roll that version out instead",
			s->host, s->prior_release);
		return RUN_INPUT;
	}
	return RUN_DONE;
}

static int plan_back(struct runner *r, const struct run_view *parent, struct plan *plan)
{
	struct plan_progress *progress = sl_alloc_n(parent->plan.step_count + 1, sizeof *progress);
	for (size_t i = 0; i < parent->plan.step_count; i++)
		progress[i].state = parent->steps[i].state;
	struct plan_input input = plan_input_of(r->in, r->seen);
	int rc = plan_make_undo(&parent->plan, progress, &input, true, plan, r->error);
	free(progress);
	return rc ? RUN_INPUT : RUN_DONE;
}

static int undo_fits(const struct run_view *v, int64_t number, struct sl_error *e)
{
	long long n = number;
	if (v->plan.undo)
		return sl_fail(e, SL_EINPUT,
			       "run %lld is itself an undo: run the playbook again instead", n);
	if (!v->outcome || strcmp(v->outcome, "done") != 0)
		return sl_fail(e, SL_EINPUT, "run %lld ended as %s: nothing of it is left to undo",
			       n, v->outcome ? v->outcome : "nothing");
	return 0;
}

int run_undo_finished(struct store *store, int64_t number, struct plugin_host *plugins,
		      const struct run_options *o, struct sl_error *e)
{
	struct run_inputs in = {0};
	struct run_view parent = {0};
	struct runner r;
	struct observed seen = {0};
	struct plan plan = {0};
	int rc = load_run(store, number, plugins, &in, &parent, e);
	if (!rc && parent.outcome && strcmp(parent.outcome, "needsHuman") == 0) {
		run_view_release(&parent);
		run_inputs_release(&in);
		return run_resume(store, number, "undo", plugins, o, e);
	}
	if (!rc && undo_fits(&parent, number, e))
		rc = RUN_INPUT;
	if (rc) {
		run_view_release(&parent);
		run_inputs_release(&in);
		return rc;
	}
	parent.number = number;
	rc = runner_init(&r, store, &in, plugins, o, &seen, e);
	if (!rc)
		rc = observe(&r.world, &in.artifact, &seen, e);
	const struct owner *held = rc ? NULL : foreign_owner(&seen, "");
	if (held && !o->take_over) {
		say_owner(e, store, held);
		rc = RUN_HELD;
	}
	if (!rc)
		rc = is_as_left(&r, &parent);
	if (!rc)
		rc = has_way_back(&r, &parent);
	if (!rc)
		rc = plan_back(&r, &parent, &plan);
	if (!rc)
		rc = start(&r, "undo", number, &plan);
	plan_release(&plan);
	runner_close(&r);
	observed_release(&seen);
	run_view_release(&parent);
	run_inputs_release(&in);
	return rc;
}
