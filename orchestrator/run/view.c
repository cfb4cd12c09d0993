/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/run/view.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

int run_view_init(struct run_view *v, const cJSON *plan, struct sl_error *e)
{
	*v = (struct run_view){.share_want = -1, .share_real = -1};
	int rc = plan_from_json(plan, &v->plan, e);
	if (rc)
		return rc;
	if (v->plan.step_count)
		v->steps = sl_alloc_n(v->plan.step_count, sizeof *v->steps);
	return 0;
}

static void step_release(struct view_step *s)
{
	cJSON_Delete(s->intent);
	cJSON_Delete(s->detail);
	free(s->error);
	free(s->error_code);
	free(s->note);
}

static void steps_free(struct view_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		step_release(&steps[i]);
	free(steps);
}

/* Back, or nobody asks it any more. host NULL = all. */
static void lost_forget(struct run_view *v, const char *host)
{
	size_t kept = 0;
	for (size_t i = 0; i < v->lost_count; i++) {
		if (host && strcmp(v->lost[i].host, host) != 0)
			v->lost[kept++] = v->lost[i];
		else
			free(v->lost[i].host);
	}
	v->lost_count = kept;
	if (!kept) {
		free(v->lost);
		v->lost = NULL;
	}
}

void run_view_release(struct run_view *v)
{
	lost_forget(v, NULL);
	steps_free(v->steps, v->plan.step_count);
	steps_free(v->undo_steps, v->undo.step_count);
	plan_release(&v->plan);
	plan_release(&v->undo);
	cJSON_Delete(v->weights);
	free(v->pause_step);
	free(v->failure);
	free(v->outcome);
	*v = (struct run_view){0};
}

/* The step with that id in one plan, or NULL. Ids count from 1 in plan order. */
static struct view_step *find_in(const struct plan *p, struct view_step *steps, const char *digits,
				 const char *id, const struct plan_step **step)
{
	char *end;
	unsigned long n = strtoul(digits, &end, 10);
	if (*end || n < 1 || n > p->step_count || strcmp(p->steps[n - 1].id, id) != 0)
		return NULL;
	if (step)
		*step = &p->steps[n - 1];
	return &steps[n - 1];
}

struct view_step *run_view_step(struct run_view *v, const char *id, const struct plan_step **step)
{
	if (!id || !*id)
		return NULL;
	const char *digits = *id == 'u' ? id + 1 : id;
	struct view_step *s = find_in(&v->plan, v->steps, digits, id, step);
	return s ? s : find_in(&v->undo, v->undo_steps, digits, id, step);
}

struct plan_progress run_view_progress(const struct view_step *s)
{
	return (struct plan_progress){s->state, sl_json_get(s->intent, "prior")};
}

static void set_text(char **slot, const char *text)
{
	free(*slot);
	*slot = sl_strdup(text);
}

struct feed {
	struct run_view *v;
	const cJSON *event;
	int64_t time;
};

static struct view_step *event_step(const struct feed *f, const struct plan_step **step)
{
	return run_view_step(f->v, sl_json_str(f->event, "step", NULL), step);
}

static void feed_run_started(const struct feed *f)
{
	f->v->started = f->time;
	f->v->state = VIEW_RUNNING;
	f->v->claim_epoch = sl_json_int(f->event, "epoch", 0);
}

static void feed_step_started(const struct feed *f)
{
	struct view_step *s = event_step(f, NULL);
	if (!s)
		return;
	s->state = PROGRESS_STARTED;
	s->started = f->time;
	s->ended = 0;
	s->until = sl_json_int(f->event, "until", 0);
	cJSON_Delete(s->intent);
	s->intent = cJSON_Duplicate(f->event, true);
}

/* "swap on oa01:8080: it did not start": the first failure explains the run. */
static void note_failure(struct run_view *v, const struct plan_step *step, const char *message)
{
	if (v->failure || v->state == VIEW_UNDOING)
		return;
	char place[300];
	v->failure = sl_asprintf("%s on %s: %s", plan_do_name(step->what),
				 plan_step_place(step, place, sizeof place), message);
}

/* The host's files of this attempt hold a verdict. Canceled, or the way to the host broken: they
 * may not, and the same attempt is asked for again. */
static bool is_verdict(const char *result, const char *code)
{
	return strcmp(result, "failed") == 0 ||
	       (strcmp(result, "unknown") == 0 && code && strcmp(code, "conflict") == 0);
}

static void feed_step_ended(const struct feed *f)
{
	const struct plan_step *step;
	struct view_step *s = event_step(f, &step);
	if (!s)
		return;
	const char *result = sl_json_str(f->event, "result", "unknown");
	const cJSON *error = sl_json_get(f->event, "error");
	s->ended = f->time;
	set_text(&s->note, NULL);
	set_text(&s->error, sl_json_str(error, "message", NULL));
	set_text(&s->error_code, sl_json_str(error, "code", NULL));
	cJSON_Delete(s->detail);
	s->detail = cJSON_Duplicate(sl_json_get(f->event, "detail"), true);
	if (strcmp(result, "ok") == 0 && step->host)
		lost_forget(f->v, step->host);
	s->failures += is_verdict(result, s->error_code);
	if (strcmp(result, "ok") == 0) {
		s->state = PROGRESS_OK;
	} else if (strcmp(result, "failed") == 0) {
		s->state = PROGRESS_FAILED;
		note_failure(f->v, step, s->error ? s->error : "failed");
	} else if (strcmp(result, "skipped") == 0) {
		s->state = PROGRESS_NONE;
	} else {
		s->state = PROGRESS_UNKNOWN;
		if (!s->error_code || strcmp(s->error_code, "canceled") != 0)
			note_failure(f->v, step, s->error ? s->error : "its outcome is unknown");
	}
}

static void feed_traffic(const struct feed *f)
{
	f->v->share_want = sl_json_num(f->event, "want", -1);
	f->v->share_real = sl_json_num(f->event, "real", -1);
	const cJSON *item;
	cJSON *weights = cJSON_CreateObject();
	cJSON_ArrayForEach(item, sl_json_get(f->event, "weights"))
	{
		sl_json_add_int(weights, sl_json_str(item, "server", ""),
				sl_json_int(item, "weight", 0));
	}
	cJSON_Delete(f->v->weights);
	f->v->weights = weights;
}

static void feed_host_lost(const struct feed *f)
{
	struct run_view *v = f->v;
	const char *host = sl_json_str(f->event, "host", "");
	for (size_t i = 0; i < v->lost_count; i++)
		if (strcmp(v->lost[i].host, host) == 0)
			return;
	v->lost = sl_realloc_n(v->lost, v->lost_count + 1, sizeof *v->lost);
	v->lost[v->lost_count++] = (struct view_lost){sl_strdup(host), f->time};
}

static void feed_host_back(const struct feed *f)
{
	lost_forget(f->v, sl_json_str(f->event, "host", ""));
}

static void feed_pause_started(const struct feed *f)
{
	const char *by = sl_json_str(f->event, "by", "playbook");
	if (f->v->state != VIEW_UNDOING)
		f->v->state = VIEW_PAUSED;
	if (strcmp(by, "playbook") != 0) {
		f->v->paused_by_operator = true;
		return;
	}
	set_text(&f->v->pause_step, sl_json_str(f->event, "step", NULL));
	f->v->pause_started = f->time;
}

/* With a step it is the playbook's own; without one it is the pause that an operator or a failure
 * had put on top: a playbook's pause below it goes on as it was. */
static void feed_pause_ended(const struct feed *f)
{
	if (sl_json_get(f->event, "step"))
		set_text(&f->v->pause_step, NULL);
	else
		f->v->paused_by_operator = false;
	bool stands = f->v->pause_step || f->v->paused_by_operator;
	if (f->v->state == VIEW_PAUSED && !stands)
		f->v->state = VIEW_RUNNING;
}

/* Failed steps of the plan in hand are to be tried again. */
static void forget_failures(struct view_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (steps[i].state == PROGRESS_FAILED || steps[i].state == PROGRESS_UNKNOWN)
			steps[i].state = PROGRESS_NONE;
}

static void feed_control(const struct feed *f)
{
	if (strcmp(sl_json_str(f->event, "verb", ""), "retry") != 0)
		return;
	if (f->v->undo.step_count) {
		forget_failures(f->v->undo_steps, f->v->undo.step_count);
		return;
	}
	forget_failures(f->v->steps, f->v->plan.step_count);
	set_text(&f->v->failure, NULL);
}

static void feed_undo_started(const struct feed *f)
{
	struct plan undo = {0};
	if (plan_from_json(sl_json_get(f->event, "plan"), &undo, NULL))
		return;
	steps_free(f->v->undo_steps, f->v->undo.step_count);
	plan_release(&f->v->undo);
	f->v->undo = undo;
	f->v->undo_steps =
		undo.step_count ? sl_alloc_n(undo.step_count, sizeof *f->v->undo_steps) : NULL;
	f->v->state = VIEW_UNDOING;
	f->v->paused_by_operator = false;
	set_text(&f->v->pause_step, NULL);
}

static void feed_resumed(const struct feed *f)
{
	lost_forget(f->v, NULL);
	f->v->ended = 0;
	f->v->exit = 0;
	if (f->v->undo.step_count)
		f->v->state = VIEW_UNDOING;
	else if (f->v->state == VIEW_ENDED)
		f->v->state = VIEW_RUNNING;
	f->v->claim_epoch = sl_json_int(f->event, "epoch", f->v->claim_epoch);
	set_text(&f->v->outcome, NULL);
}

static void feed_ended(const struct feed *f)
{
	lost_forget(f->v, NULL);
	f->v->state = VIEW_ENDED;
	f->v->ended = f->time;
	f->v->exit = (int)sl_json_int(f->event, "exit", 1);
	set_text(&f->v->outcome, sl_json_str(f->event, "outcome", "needsHuman"));
	if (!f->v->failure && strcmp(f->v->outcome, "done") != 0)
		set_text(&f->v->failure, sl_json_str(f->event, "failure", NULL));
}

static const struct {
	const char *event;
	void (*feed)(const struct feed *f);
} feeds[] = {
	{"run.started", feed_run_started},     {"step.started", feed_step_started},
	{"step.ended", feed_step_ended},       {"traffic.set", feed_traffic},
	{"pause.started", feed_pause_started}, {"pause.ended", feed_pause_ended},
	{"control.taken", feed_control},       {"undo.started", feed_undo_started},
	{"run.resumed", feed_resumed},         {"run.ended", feed_ended},
	{"host.lost", feed_host_lost},         {"host.back", feed_host_back},
};

void run_view_feed(struct run_view *v, const cJSON *event)
{
	int64_t seq = sl_json_int(event, "seq", 0);
	if (seq <= v->last_seq)
		return;
	v->last_seq = seq;
	v->number = sl_json_int(event, "run", v->number);
	struct feed f = {.v = v, .event = event};
	sl_time_parse(sl_json_str(event, "time", ""), &f.time);
	const char *name = sl_json_str(event, "event", "");
	for (size_t i = 0; i < SL_COUNT(feeds); i++)
		if (strcmp(name, feeds[i].event) == 0)
			feeds[i].feed(&f);
}

void run_view_tick(struct run_view *v, const cJSON *tick)
{
	struct view_step *s = run_view_step(v, sl_json_str(tick, "step", NULL), NULL);
	if (!s)
		return;
	set_text(&s->note, sl_json_str(tick, "note", NULL));
	s->until = sl_json_int(tick, "until", s->until);
}
