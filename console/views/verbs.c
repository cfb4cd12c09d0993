/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of a run. The console carries no run: it puts a control row, or starts `sluice`
 * as the controller. Both keep who asked and why in the journal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/run_seen.h"
#include "console/views/views.h"
#include "orchestrator/commands/progress_model.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define TYPE_ABOVE 10 /* targets: above, the run's name must be typed */

const enum action verb_actions[] = {ACT_RUN_PROMOTE, ACT_RUN_HOLD, ACT_RUN_RESUME, ACT_RUN_RETRY,
				    ACT_RUN_ABORT,   ACT_RUN_UNDO, ACT_NONE};

static const struct verb {
	const char *verb, *title;
} verbs[ACT_COUNT] = {
	[ACT_RUN_PROMOTE] = {"promote", "Promote: the run passes its pause"},
	[ACT_RUN_HOLD] = {"pause", "Hold: the run pauses after the step in hand"},
	[ACT_RUN_RESUME] = {"resume", "Resume: the run goes on"},
	[ACT_RUN_RETRY] = {"retry", "Retry: failed steps are tried again"},
	[ACT_RUN_ABORT] = {"abort", "Abort: the run stops and is taken back"},
	[ACT_RUN_UNDO] = {"undo", "Undo: the whole run is taken back"},
};

/* What decides which verbs a run takes now. */
struct standing {
	bool alive, paused; /* a living controller; the row says that it stands */
	bool at_pause;      /* of its playbook, and at no other */
	bool held;          /* by an operator */
	bool failed, maybe_failed;
};

static struct standing standing_of(const struct run_seen *r)
{
	const char *waiting = r->row.waiting;
	cJSON *o = !r->loaded && *waiting ? sl_json_parse(waiting, strlen(waiting), NULL) : NULL;
	const char *what = sl_json_str(o, "for", "");
	struct standing s = {.alive = run_seen_alive(r), .paused = !strcmp(r->row.state, "paused")};

	if (r->loaded) {
		s.held = r->view.paused_by_operator;
		s.at_pause = r->view.pause_step != NULL;
		s.failed = s.maybe_failed = r->view.failure != NULL;
	} else {
		s.held = s.paused && !strcmp(what, "resume");
		s.at_pause = s.paused && (!strcmp(what, "promote") || !strcmp(what, "time"));
		s.failed = !strcmp(what, "retry");
		s.maybe_failed = s.failed || (!s.alive && !r->row.parked);
	}
	cJSON_Delete(o);
	return s;
}

static const char *verb_why_now(const struct standing *s, enum action what)
{
	switch (what) {
	case ACT_RUN_PROMOTE:
		return s->at_pause ? NULL : "the run stands at no pause";
	case ACT_RUN_HOLD:
		if (!s->alive)
			return "the run has no living controller: it stands still already";
		return s->held ? "the run is held already" : NULL;
	case ACT_RUN_RETRY:
		return s->maybe_failed ? NULL : "no step has failed";
	case ACT_RUN_RESUME:
		if (s->failed)
			return "a step has failed: retry tries it again";
		if (s->alive && !s->paused)
			return "the run goes on already";
		if (s->alive && s->at_pause && !s->held)
			return "the run stands at a pause of its own: promote passes it";
		return NULL;
	default:
		return NULL;
	}
}

const char *verb_why(const struct run_seen *r, enum action what)
{
	struct standing s;

	if (!verbs[what].verb)
		return NULL;
	if (!r->has_row)
		return "there is no such run";
	if (!strcmp(r->row.kind, "undo") && what == ACT_RUN_UNDO)
		return "an undo is undone from the command line, by number";
	if (!strcmp(r->row.kind, "lock") && what != ACT_RUN_ABORT)
		return "a lock can only be aborted";
	if (run_seen_ended(r) && what != ACT_RUN_UNDO)
		return "the run has ended";
	if (!strcmp(r->row.outcome, "undone") || !strcmp(r->row.outcome, "rolledBack"))
		return "the run is taken back already";
	s = standing_of(r);
	return verb_why_now(&s, what);
}

/* --- the question --- */

/* Of an action: what it has changed. */
static size_t list_changes(const struct run_view *v, struct sl_buf *out)
{
	size_t i, count = 0;
	char name[160];

	for (i = 0; i < v->plan.step_count; i++) {
		if (v->steps[i].state == PROGRESS_NONE)
			continue;
		sl_buf_printf(out, "%s  %s\n", step_target(&v->plan.steps[i], name, sizeof name),
			      sl_json_str(v->steps[i].intent, "text", ""));
		count++;
	}
	return count;
}

static size_t list_targets(const struct run_seen *r, enum action what, struct sl_buf *out)
{
	bool back = what == ACT_RUN_ABORT || what == ACT_RUN_UNDO;
	struct instance_state *list;
	size_t i, n, count = 0;

	if (!r->loaded)
		return 0;
	if (r->view.plan.action)
		return list_changes(&r->view, out);
	n = instances_look(&r->view, &list);
	for (i = 0; i < n; i++) {
		bool hit = back ? list[i].is_new || list[i].busy : !list[i].is_new;

		if (!hit)
			continue;
		if (list[i].port)
			sl_buf_printf(out, "%s:%u  %s\n", list[i].host, list[i].port,
				      list[i].service);
		else
			sl_buf_printf(out, "%s  %s\n", list[i].host, list[i].service);
		count++;
	}
	free(list);
	return count;
}

struct order {
	int64_t number;
	enum action what;
	char pause[16]; /* of a promote: the pause that was seen; it cannot pass a later one */
};

static void order_init(struct order *o, const struct run_seen *r, enum action what)
{
	const char *step = r->loaded && what == ACT_RUN_PROMOTE ? r->view.pause_step : NULL;

	*o = (struct order){.number = r->number, .what = what};
	snprintf(o->pause, sizeof o->pause, "%s", step ? step : "");
}

/* Why the order cannot be given any more; NULL = it can. */
static const char *order_why(const struct order *o, const struct run_seen *r)
{
	const char *why = verb_why(r, o->what);

	if (!why && *o->pause && r->loaded && strcmp(r->view.pause_step, o->pause) != 0)
		why = "it stands at another pause than the one that was seen";
	return why;
}

static cJSON *order_args(const struct order *o)
{
	cJSON *args = cJSON_CreateObject();

	if (*o->pause)
		sl_json_add_str(args, "step", o->pause);
	return args;
}

/* Resuming and undoing need a controller: one begins, and tells so. */
static void become_controller(struct app *a, const struct run_seen *r, enum action what)
{
	char number[24];
	const char *args[] = {verbs[what].verb, number,          "--detach", "--yes",
			      "--reason",       a->write_reason, NULL};

	snprintf(number, sizeof number, "%lld", (long long)r->number);
	carry(a, args, sl_asprintf("%s of run %s", verbs[what].verb, number), NULL);
}

static void put_row(struct app *a, const struct run_seen *r, const struct order *o)
{
	const char *verb = verbs[o->what].verb;
	cJSON *args = order_args(o);
	struct sl_error e = {0};
	int64_t id = 0;

	if (store_control_put(site_store(a->site), r->number, verb, a->who, a->write_reason, args,
			      &id, &e))
		app_say(a, PAINT_BAD, "%s", e.msg);
	else
		app_say(a, PAINT_OK, "run %lld: asked its controller to %s", (long long)r->number,
			verb);
	cJSON_Delete(args);
}

/* The run goes on while the question stands. Its row is enough: the answer is judged by all. */
static const char *meanwhile(struct app *a, const void *arg)
{
	const struct order *o = arg;
	struct run_seen r = {.number = o->number};
	const char *why;

	run_seen_read_row(&r, site_store(a->site));
	why = order_why(o, &r);
	run_seen_release(&r);
	return why;
}

/* The run may have moved on while the question stood: it is read and judged again. */
static bool go(struct app *a, void *arg)
{
	const struct order *o = arg;
	struct run_seen r = {.number = o->number};
	const char *why;

	run_seen_read(&r, site_store(a->site));
	why = order_why(o, &r);
	if (why)
		app_say(a, PAINT_WARN, "run %lld: %s", (long long)o->number, why);
	else if (run_seen_alive(&r) && !run_seen_ended(&r))
		put_row(a, &r, o);
	else
		become_controller(a, &r, o->what);
	run_seen_release(&r);
	return !why;
}

void verb_ask(struct app *a, const struct run_seen *r, enum action what)
{
	const char *why = verb_why(r, what);
	struct order *o;
	struct sl_buf targets;
	char title[256], head[256];
	size_t count;
	bool heavy;

	if (why) { /* the row had left it open */
		app_say(a, PAINT_WARN, "run %lld: %s", (long long)r->number, why);
		return;
	}
	o = sl_alloc(sizeof *o);
	order_init(o, r, what);
	sl_buf_init(&targets, 1u << 20);
	snprintf(title, sizeof title, "%s", verbs[what].title);
	snprintf(head, sizeof head, "run %lld  %s\n", (long long)r->number, r->row.name);
	sl_buf_puts(&targets, head);
	count = list_targets(r, what, &targets);
	if (count)
		snprintf(title, sizeof title, "%s (%zu %s%s)", verbs[what].title, count,
			 r->view.plan.action ? "change" : "instance", count == 1 ? "" : "s");
	heavy = count > TYPE_ABOVE || site_production(a->site);
	dialog_confirm(a, title, sl_buf_str(&targets), count + 1, heavy ? r->row.name : NULL, go,
		       o);
	a->confirm.meanwhile = meanwhile;
	sl_buf_release(&targets);
}
