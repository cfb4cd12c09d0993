/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking an action: one change after another, and back when one fails. A change is
 *
 *     prior known -> intent durable -> write -> (no clear answer: read back) -> result durable
 *
 * What the view says decides what comes next, so that it is the same after a crash as without one.
 */
#include "orchestrator/run/action_walk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run/runner.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* --- the journal --- */

struct record {
	struct action *a;
	bool done;
};

static void durable(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event)
{
	struct record *r = arg;
	struct action *a = r->a;

	(void)seq;
	r->done = true;
	if (e && e->code) {
		a->lost = true;
		a->error = *e;
		a->exit = e->code == SL_EFENCED ? RUN_HELD : RUN_INTERNAL;
	} else if (event) {
		run_view_feed(&a->view, event);
		if (a->options->sink.event)
			a->options->sink.event(a->options->sink.arg, event);
	}
}

cJSON *action_event(const char *name)
{
	return runner_event(name);
}

bool action_emit(struct action *a, cJSON *event, cJSON *row)
{
	struct record r = {.a = a};
	struct store_record record = {
		.run = a->number, .epoch = a->epoch, .event = event, .row = row};

	if (event && a->service && *a->service && !sl_json_get(event, "service"))
		sl_json_add_str(event, "service", a->service);
	if (a->lost) {
		cJSON_Delete(event);
		cJSON_Delete(row);
		return false;
	}
	store_append(a->store, &record, durable, &r);
	while (!r.done)
		uv_run(backends_loop(a->backends), UV_RUN_ONCE);
	return !a->lost;
}

/* --- one change --- */

enum result { CHANGE_OK, CHANGE_FAILED, CHANGE_UNKNOWN };

struct side {
	struct action *a;
	const struct plan *plan;
	struct view_step *steps;
	struct change *changes; /* one a step, in order; or with gaps, see change_of */
	size_t count;
	bool back; /* a failing change does not stop the others */
};

static struct change *change_of(const struct side *s, size_t step)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->changes[i].step == (long)step)
			return &s->changes[i];
	return NULL;
}

static cJSON *step_event(const struct side *s, size_t step, const char *name)
{
	const struct plan_step *of = &s->plan->steps[step];
	cJSON *event = action_event(name);

	runner_step_fields(event, of);
	sl_json_add_str(event, "subject", of->name);
	sl_json_add_str(event, "action", s->a->verb);
	return event;
}

static void add_value(cJSON *event, const char *key, const cJSON *value)
{
	cJSON_AddItemToObject(event, key,
			      value ? cJSON_Duplicate(value, true) : cJSON_CreateNull());
}

/* "UP -> OUT" */
static void add_text(cJSON *event, const struct change *c)
{
	cJSON *before = c->kind->back(c->prior, c->target);
	char from[160], to[160], text[340];

	snprintf(text, sizeof text, "%s -> %s", c->kind->say(before, from, sizeof from),
		 c->kind->say(c->target, to, sizeof to));
	sl_json_add_str(event, "text", text);
	cJSON_Delete(before);
}

static bool intend(const struct side *s, size_t step, const struct change *c)
{
	cJSON *event = step_event(s, step, "step.started");

	add_text(event, c);
	add_value(event, "prior", c->prior);
	add_value(event, "target", c->target);
	cJSON_AddNullToObject(event, "until");
	return action_emit(s->a, event, NULL);
}

static const char *const result_words[] = {
	[CHANGE_OK] = "ok", [CHANGE_FAILED] = "failed", [CHANGE_UNKNOWN] = "unknown"};

/* word NULL = the result's own. found (may be NULL) is what stands there now. */
static enum result end(const struct side *s, size_t step, enum result r, const char *word,
		       const cJSON *found, const struct sl_error *e)
{
	cJSON *event = step_event(s, step, "step.ended"), *error, *detail;
	int64_t began = s->steps[step].started;

	sl_json_add_str(event, "result", word ? word : result_words[r]);
	sl_json_add_int(event, "ms", began ? sl_time_now() - began : 0);
	if (e) {
		error = sl_json_add_object(event, "error");
		sl_json_add_str(error, "code", sl_err_name(e->code));
		sl_json_add_str(error, "message", e->msg);
	} else {
		cJSON_AddNullToObject(event, "error");
	}
	if (found) {
		detail = sl_json_add_object(event, "detail");
		add_value(detail, "found", found);
	}
	action_emit(s->a, event, NULL);
	return r;
}

static const char *name_of(const struct change *c, char *dst, size_t size)
{
	return c->kind->name_of(c->o, dst, size);
}

static bool is_as_before(const struct change *c, const cJSON *found)
{
	cJSON *back = c->kind->back(c->prior, c->target);
	bool is = c->kind->is(found, back);

	cJSON_Delete(back);
	return is;
}

/* Which revision it became: for who asks later who wrote it. Of kinds that have none, nothing. */
static void told_revision(const struct side *s, size_t step, const struct change *c,
			  const cJSON *found)
{
	const char *revision = sl_json_str(found, "revision", "");
	cJSON *event;

	if (!*revision)
		return;
	event = step_event(s, step, "key.set");
	sl_json_add_str(event, "source", sl_json_str(c->o, "source", ""));
	sl_json_add_str(event, "key", sl_json_str(c->o, "key", ""));
	sl_json_add_str(event, "revision", revision);
	action_emit(s->a, event, NULL);
}

/* The write did not end well: did it take effect nevertheless? */
static enum result settle(const struct side *s, size_t step, struct change *c, struct sl_error *e)
{
	char name[256], now[160];
	struct sl_error why = {0};
	enum result r;
	cJSON *found;

	if (c->kind->read(s->a->backends, c->o, &s->a->leave, &found, &why)) {
		if (s->a->leave)
			return CHANGE_UNKNOWN;
		if (why.code == SL_ENOTFOUND)
			return end(s, step, CHANGE_FAILED, NULL, NULL, e);
		sl_fail(&why, e->code, "%.600s; and what stands there now could not be read",
			e->msg);
		*e = why;
		return end(s, step, CHANGE_UNKNOWN, NULL, NULL, e);
	}
	if (c->kind->is(found, c->target)) {
		told_revision(s, step, c, found);
		r = end(s, step, CHANGE_OK, NULL, found, NULL);
	} else {
		if (!is_as_before(c, found) && e->code != SL_ECONFLICT)
			sl_fail(e, SL_ECONFLICT, "%s is now %s: someone else changed it meanwhile",
				name_of(c, name, sizeof name),
				c->kind->say(found, now, sizeof now));
		r = end(s, step, CHANGE_FAILED, NULL, found, e);
	}
	cJSON_Delete(found);
	return r;
}

/* The plugin has read its write back; what the next reader sees is journaled with it. */
static enum result verify(const struct side *s, size_t step, struct change *c, struct sl_error *e)
{
	char name[256], now[160];
	struct sl_error why = {0};
	enum result r = CHANGE_OK;
	cJSON *found;

	if (c->kind->read(s->a->backends, c->o, &s->a->leave, &found, &why))
		return end(s, step, CHANGE_OK, NULL, NULL, NULL);
	if (!c->kind->is(found, c->target)) {
		r = CHANGE_FAILED;
		sl_fail(e, SL_ECONFLICT, "%s was written, and is now %s: someone else changed it",
			name_of(c, name, sizeof name), c->kind->say(found, now, sizeof now));
	} else {
		told_revision(s, step, c, found);
	}
	end(s, step, r, NULL, found, r ? e : NULL);
	cJSON_Delete(found);
	return r;
}

/* What stands there now; CHANGE_OK = known and as it must be. */
static enum result look(const struct side *s, size_t step, struct change *c, struct sl_error *e)
{
	const cJSON *intended = sl_json_get(s->steps[step].intent, "prior");
	char name[256], now[160], wanted[160];
	const cJSON *must = c->expect;
	cJSON *before = NULL;
	bool fine;

	cJSON_Delete(c->prior);
	if (c->kind->read(s->a->backends, c->o, &s->a->leave, &c->prior, e)) {
		if (s->a->leave)
			return CHANGE_UNKNOWN;
		/* an intent stays an open question; without one nothing was tried */
		return end(s, step, intended ? CHANGE_UNKNOWN : CHANGE_FAILED, NULL, NULL, e);
	}
	if (!must && cJSON_IsObject(intended))
		must = before = c->kind->back(intended, c->target);
	fine = !must || c->kind->is(c->prior, must) || c->kind->is(c->prior, c->target);
	if (!fine)
		sl_fail(e, SL_ECONFLICT,
			"%s is now %s, not %s: a later change stands in the way; undo that first, "
			"or set what you want",
			name_of(c, name, sizeof name), c->kind->say(c->prior, now, sizeof now),
			c->kind->say(must, wanted, sizeof wanted));
	cJSON_Delete(before);
	return fine ? CHANGE_OK : end(s, step, CHANGE_FAILED, NULL, c->prior, e);
}

/* Tried, and nobody knows what became of it. */
static bool is_open(const struct view_step *seen)
{
	return seen->state == PROGRESS_STARTED || seen->state == PROGRESS_UNKNOWN;
}

static enum result carry_out(const struct side *s, size_t step, bool again, struct sl_error *e)
{
	struct change *c = change_of(s, step);
	enum result r = CHANGE_OK;

	if (again || !c->prior)
		r = look(s, step, c, e);
	if (r != CHANGE_OK)
		return r;
	if (again && is_open(&s->steps[step]) && c->kind->is(c->prior, c->target))
		/* it had taken effect before the crash */
		return end(s, step, CHANGE_OK, NULL, c->prior, NULL);
	if (!intend(s, step, c))
		return CHANGE_UNKNOWN;
	if (c->kind->is(c->prior, c->target))
		return end(s, step, CHANGE_OK, NULL, c->prior, NULL);
	if (!c->kind->write(s->a->backends, c->o, c->prior, c->target, &s->a->leave, e))
		return verify(s, step, c, e);
	return settle(s, step, c, e);
}

/* --- ends --- */

static void end_run(struct action *a, const char *outcome, int code, const char *failure)
{
	cJSON *event = action_event("run.ended"), *row = cJSON_CreateObject();

	sl_json_add_str(event, "outcome", outcome);
	sl_json_add_int(event, "exit", code);
	sl_json_add_array(event, "owed");
	sl_json_add_str(event, "failure", failure);
	sl_json_add_str(row, "state", "ended");
	sl_json_add_str(row, "outcome", outcome);
	sl_json_add_int(row, "exit", code);
	sl_json_add_int(row, "ended", sl_time_now());
	cJSON_AddNullToObject(row, "waiting");
	cJSON_AddNullToObject(row, "controller");
	if (action_emit(a, event, row))
		a->exit = code;
}

static void park(struct action *a, const char *why)
{
	cJSON *event = action_event("run.parked"), *row = cJSON_CreateObject(), *waiting;

	sl_json_add_str(event, "waiting", "resume");
	sl_json_add_str(event, "reason", why);
	sl_json_add_str(row, "state", "paused");
	sl_json_add_bool(row, "parked", true);
	cJSON_AddNullToObject(row, "controller");
	waiting = sl_json_add_object(row, "waiting");
	sl_json_add_str(waiting, "for", "resume");
	sl_json_add_str(waiting, "reason", why);
	if (!action_emit(a, event, row))
		return;
	a->exit = RUN_PAUSED;
	sl_fail(&a->error, SL_ECANCELED,
		"run %lld is paused: %.600s. `sluice resume %lld` looks again and goes on, `sluice "
		"undo %lld` takes it back",
		(long long)a->number, why, (long long)a->number, (long long)a->number);
}

static void emit_wave(const struct side *s, const char *name)
{
	cJSON *event = action_event(name);

	sl_json_add_int(event, "wave", 1);
	sl_json_add_str(event, "title", s->plan->waves[0].title);
	sl_json_add_str(event, "kind", "change");
	sl_json_add_bool(event, "undo", s->plan->undo);
	action_emit(s->a, event, NULL);
}

static bool is_over(const struct action *a)
{
	return a->lost || a->leave;
}

/* Every step of a side that is not done yet. What stopped it: CHANGE_OK = nothing. */
static enum result walk_side(const struct side *s, bool again, size_t *failed, struct sl_error *e)
{
	enum result worst = CHANGE_OK;
	struct sl_error error;

	emit_wave(s, "wave.started");
	for (size_t i = 0; i < s->plan->step_count && !is_over(s->a); i++) {
		enum result r;

		if (s->steps[i].state == PROGRESS_OK)
			continue;
		if (s->a->stop && !s->back)
			break;
		sl_error_clear(&error);
		r = carry_out(s, i, again || s->back, &error);
		if (r == CHANGE_OK)
			continue;
		(*failed)++;
		if (r > worst) {
			worst = r;
			*e = error;
		}
		if (!s->back)
			break;
	}
	if (!is_over(s->a))
		emit_wave(s, "wave.ended");
	return worst;
}

/* --- back --- */

static size_t count_done(const struct action *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->view.plan.step_count; i++)
		n += a->view.steps[i].state == PROGRESS_OK;
	return n;
}

/* Newest first. Priors are those that the journal holds. */
static struct change *changes_back(struct action *a, size_t *count)
{
	const struct side forward = {.changes = a->changes, .count = a->count};
	struct change *back = sl_alloc_n(a->view.plan.step_count + 1, sizeof *back);

	*count = 0;
	for (size_t i = a->view.plan.step_count; i-- > 0;) {
		const struct view_step *seen = &a->view.steps[i];
		const struct change *c = change_of(&forward, i);

		if (seen->state != PROGRESS_OK || !seen->intent)
			continue;
		action_backwards(&back[*count], c, sl_json_get(seen->intent, "prior"));
		back[*count].step = (long)*count;
		(*count)++;
	}
	return back;
}

static void emit_undo(struct action *a, struct change *back, size_t count, const char *why)
{
	char *title = sl_asprintf("put %zu back", count);
	struct action undo = {.verb = a->verb,
			      .title = title,
			      .service = a->service,
			      .changes = back,
			      .count = count,
			      .undo = true};
	cJSON *event = action_event("undo.started"), *row = cJSON_CreateObject();
	struct plan p;

	action_plan(&undo, &p);
	sl_json_add_str(event, "why", why);
	cJSON_AddItemToObject(event, "plan", plan_json(&p));
	sl_json_add_str(row, "state", "undoing");
	cJSON_AddNullToObject(row, "waiting");
	action_emit(a, event, row);
	plan_release(&p);
	free(title);
}

static void finish_back(struct action *a, size_t failed, const struct sl_error *e,
			const char *failure)
{
	long long n = a->number;

	if (failed) {
		sl_fail(&a->error, SL_ECONFLICT,
			"%zu of it could not be put back (`sluice show %lld` lists it): %.600s. "
			"Mend it, then `sluice retry %lld` goes on",
			failed, n, e->msg, n);
		end_run(a, "needsHuman", RUN_NEEDS_HUMAN, e->msg);
	} else if (a->undo) {
		end_run(a, "undone", RUN_DONE, NULL);
	} else if (a->asked_undo) {
		end_run(a, "undone", RUN_ROLLED_BACK, NULL);
		a->exit = RUN_DONE; /* who asked got what was asked for */
	} else if (a->stop == ACTION_ABORT) {
		sl_fail(&a->error, SL_ECANCELED, "taken back: aborted by an operator");
		end_run(a, "undone", RUN_ROLLED_BACK, NULL);
	} else {
		sl_fail(&a->error, SL_ECOMMAND, "%.700s; what was done before is put back",
			failure ? failure : "it failed");
		end_run(a, "rolledBack", RUN_ROLLED_BACK, failure);
	}
}

static void walk_back(struct action *a, const char *why, const char *failure)
{
	struct sl_error e = {0};
	size_t count, failed = 0;
	struct change *back = changes_back(a, &count);
	struct side s = {.a = a, .changes = back, .count = count, .back = true};

	if (!a->view.undo.step_count && count)
		emit_undo(a, back, count, why);
	s.plan = &a->view.undo;
	s.steps = a->view.undo_steps;
	if (!a->lost && count && s.plan->step_count == count)
		walk_side(&s, true, &failed, &e);
	if (!is_over(a))
		finish_back(a, failed, &e, failure);
	for (size_t i = 0; i < count; i++)
		change_release(&back[i]);
	free(back);
}

/* Before it is taken back: what became of the changes that have no result? False = not known. */
static bool settle_open(const struct side *s, struct sl_error *e)
{
	for (size_t i = 0; i < s->plan->step_count && !is_over(s->a); i++) {
		struct change *c = change_of(s, i);
		const cJSON *intended = sl_json_get(s->steps[i].intent, "prior");
		cJSON *before, *found;

		if (!is_open(&s->steps[i]))
			continue;
		if (c->kind->read(s->a->backends, c->o, &s->a->leave, &found, e))
			return false;
		before = c->kind->back(intended, c->target);
		if (c->kind->is(found, c->target))
			end(s, i, CHANGE_OK, NULL, found, NULL);
		else if (c->kind->is(found, before))
			end(s, i, CHANGE_OK, "skipped", found, NULL);
		else
			look(s, i, c, e); /* says whose it is now, and that it failed */
		cJSON_Delete(before);
		cJSON_Delete(found);
	}
	return !is_over(s->a);
}

/* --- control and signals --- */

static struct action *current; /* the store's watch outlives the action; there is one a process */

static void on_control(void *arg, const struct store_control *c)
{
	struct action *a = current;

	(void)arg;
	if (!a)
		return;
	if (!strcmp(c->verb, "pause") && !a->stop)
		a->stop = ACTION_PAUSE;
	if (!strcmp(c->verb, "abort") || !strcmp(c->verb, "undo"))
		a->stop = ACTION_ABORT;
}

static void on_stop(uv_signal_t *signal, int number)
{
	struct action *a = signal->data;

	if (a->stop && number == SIGINT)
		a->leave = true;
	if (!a->stop)
		a->stop = ACTION_PAUSE;
}

/* Hang-up: go on; nobody reads our output any more. */
static void on_hangup(uv_signal_t *signal, int number)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)signal;
	(void)number;
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void listen_begin(struct action *a)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < SL_COUNT(numbers); i++) {
		uv_signal_init(backends_loop(a->backends), &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], numbers[i] == SIGHUP ? on_hangup : on_stop,
				numbers[i]);
		uv_unref((uv_handle_t *)&a->signals[i]);
		a->handles++;
	}
}

static void signal_closed(uv_handle_t *handle)
{
	struct action *a = handle->data;

	a->handles--;
}

static void listen_end(struct action *a)
{
	for (size_t i = 0; i < SL_COUNT(a->signals); i++)
		uv_close((uv_handle_t *)&a->signals[i], signal_closed);
	while (a->handles)
		uv_run(backends_loop(a->backends), UV_RUN_ONCE);
}

/* --- the whole --- */

static void refuse(struct action *a, const struct sl_error *e)
{
	bool input = e->code == SL_ECONFLICT || e->code == SL_EINPUT || e->code == SL_ENOTFOUND ||
		     e->code == SL_EUNSUPPORTED;

	sl_fail(&a->error, e->code, "%.900s%s", e->msg,
		strstr(e->msg, "nothing was") ? "" : "; nothing was changed");
	end_run(a, "refused", input ? RUN_INPUT : RUN_UNREACHABLE, e->msg);
}

static void forward_over(struct action *a, enum result r, size_t failed, const struct sl_error *e)
{
	if (a->undo && !r && a->stop)
		park(a, "stopped");
	else if (a->undo)
		finish_back(a, failed, e, NULL);
	else if (r == CHANGE_UNKNOWN)
		park(a, e->msg);
	else if (r == CHANGE_FAILED && !count_done(a))
		refuse(a, e);
	else if (r == CHANGE_FAILED)
		walk_back(a, e->msg, e->msg);
	else if (a->stop == ACTION_ABORT)
		walk_back(a, "aborted by an operator", NULL);
	else if (a->stop && count_done(a) < a->view.plan.step_count)
		park(a, "stopped by an operator");
	else
		end_run(a, "done", RUN_DONE, NULL);
}

static void walk_all(struct action *a, bool again)
{
	struct side s = {.a = a,
			 .plan = &a->view.plan,
			 .steps = a->view.steps,
			 .changes = a->changes,
			 .count = a->count,
			 .back = a->undo};
	struct sl_error e = {0};
	size_t failed = 0;
	enum result r;

	if (a->view.undo.step_count) {
		walk_back(a, "", a->view.failure);
	} else if (a->asked_undo && !a->undo) {
		if (settle_open(&s, &e))
			walk_back(a, "taken back by an operator", NULL);
		else if (!is_over(a))
			park(a, e.msg);
	} else {
		r = walk_side(&s, again, &failed, &e);
		if (!is_over(a))
			forward_over(a, r, failed, &e);
	}
}

int action_walk(struct action *a, bool look_first)
{
	current = a;
	listen_begin(a);
	store_watch_control(a->store, a->number, on_control, NULL);
	walk_all(a, look_first);
	listen_end(a);
	current = NULL;
	if (a->leave && !a->lost) {
		sl_fail(&a->error, SL_ECANCELED,
			"interrupted; `sluice resume %lld` looks what stands there and goes on, "
			"`sluice undo %lld` takes it back",
			(long long)a->number, (long long)a->number);
		a->exit = RUN_INTERRUPTED;
	}
	return a->exit;
}
