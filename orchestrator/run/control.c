/* SPDX-License-Identifier: Apache-2.0 */
/* Control: rows in the state store and signals, the one door for terminals, consoles and scripts.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/run/runner.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

static struct runner *current; /* for run_interrupt_answer: there is one run a process */

struct taken {
	struct runner *r;
	char *verb, *who, *step;
	bool keep;
};

static void stop_and_walk(struct runner *r, enum stop_reason why, const char *text)
{
	walk_stop(r, why, "%s", text);
	walk(r);
}

static void take_promote(struct taken *t)
{
	control_promote(t->r, t->step, t->who);
}

static void take_pause(struct taken *t)
{
	t->r->pause_asked = t->r->stop > STOP_PAUSE;
	stop_and_walk(t->r, STOP_PAUSE, "paused by an operator");
}

static void take_resume(struct taken *t)
{
	t->r->pause_asked = false;
	/* A pause that a failure made is lifted by retry, not by this. */
	if (t->r->stop == STOP_PAUSE || (!t->r->stop && t->r->view.paused_by_operator))
		walk_lift(t->r, "resume", t->who);
}

/* Not an operator's pause, and not an abort that has begun: only what a failure stopped. */
static void take_retry(struct taken *t)
{
	struct runner *r = t->r;
	bool failed = r->stop == STOP_FAILURE || r->stop == STOP_PROBLEM;
	if (failed || (!r->stop && r->waiting))
		walk_lift(r, "retry", t->who);
}

/* Asked again while it stands: what failed on the way back is tried again. */
static void abort_again(struct taken *t)
{
	if (!t->r->waiting)
		return;
	t->r->stop = STOP_NONE;
	t->r->pause_asked = false;
	runner_control(t->r, &(struct control){.verb = "retry", .who = t->who});
}

/*
 * A living run that gives its claims back is done; undo of a finished run takes it from there. One
 * that died while it did so is taken back: its way back begins with claiming anew.
 */
static void take_abort(struct taken *t)
{
	struct runner *r = t->r;
	if (t->keep)
		stop_and_walk(r, STOP_KEEP, "stopped by an operator");
	else if (runner_is_undoing(r))
		abort_again(t);
	else if (!walk_gives_back(r) || (r->waiting && !r->act_count))
		stop_and_walk(r, STOP_ABORT, "aborted by an operator");
}

static const struct {
	const char *verb;
	void (*take)(struct taken *t);
} verbs[] = {
	{"promote", take_promote}, {"pause", take_pause}, {"resume", take_resume},
	{"retry", take_retry},     {"abort", take_abort}, {"undo", take_abort},
};

static void durable(void *arg)
{
	struct taken *t = arg;
	const struct runner *r = t->r;
	for (size_t i = 0; i < SL_COUNT(verbs) && !r->over && !r->leaving; i++)
		if (strcmp(verbs[i].verb, t->verb) == 0)
			verbs[i].take(t);
	free(t->verb);
	free(t->who);
	free(t->step);
	free(t);
}

void runner_control(struct runner *r, const struct control *c)
{
	if (r->over)
		return;
	struct taken *t = sl_alloc(sizeof *t);
	*t = (struct taken){r, sl_strdup(c->verb), sl_strdup(c->who), sl_strdup(c->step), c->keep};
	cJSON *event = runner_event("control.taken");
	sl_json_add_str(event, "verb", c->verb);
	sl_json_add_str(event, "who", c->who);
	sl_json_add_str(event, "reason", c->reason);
	if (c->id)
		sl_json_add_int(event, "id", c->id);
	runner_emit(r, event, NULL, durable, t);
}

/* The store's watch outlives the run. */
static void on_row(void *arg, const struct store_control *c)
{
	(void)arg;
	struct runner *r = current;
	if (!r)
		return;
	runner_control(r, &(struct control){
				  .verb = c->verb,
				  .who = c->who,
				  .reason = c->reason,
				  .id = c->id,
				  .step = sl_json_str(c->args, "step", NULL),
				  .keep = sl_json_bool(c->args, "keep", false),
			  });
}

/* --- signals --- */

/* What lifts the pause that it stands at. */
static const char *waiting_for(struct runner *r)
{
	if (r->stop >= STOP_FAILURE)
		return "retry";
	return r->stop || r->view.paused_by_operator || !control_untimed(r) ? "resume" : "promote";
}

/* Finish the step in hand, then leave with the run paused (exit 3). */
static void leave_paused(struct runner *r)
{
	r->terminal = r->wait = false;
	r->pause_asked = true;
	if (r->turning)
		return;
	if (r->waiting || control_pausing(r))
		finish_park(r, waiting_for(r), RUN_PAUSED);
	else
		stop_and_walk(r, STOP_PAUSE, "stopped by a signal");
}

static void leave_at_once(struct runner *r)
{
	r->exit = RUN_INTERRUPTED;
	r->over = true;
	sl_fail(r->error, SL_ECANCELED,
		"interrupted; run %lld goes on with `sluice resume %lld`, back with `sluice undo "
		"%lld`",
		(long long)r->number, (long long)r->number, (long long)r->number);
}

static void on_int(uv_signal_t *s, int signum)
{
	(void)signum;
	struct runner *r = s->data;
	if (++r->ints > 1)
		leave_at_once(r);
	else if (r->terminal && r->options->sink.interrupted)
		r->options->sink.interrupted(r->options->sink.arg);
	else
		leave_paused(r);
}

static void on_term(uv_signal_t *s, int signum)
{
	(void)signum;
	leave_paused(s->data);
}

/* Hang-up: detach and go on; nobody reads our output any more. */
static void on_hup(uv_signal_t *s, int signum)
{
	(void)signum;
	struct runner *r = s->data;
	r->terminal = false;
	r->wait = true;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

static void order(struct runner *r, const char *verb)
{
	runner_control(r, &(struct control){.verb = verb, .who = r->options->who});
}

void run_interrupt_answer(enum run_interrupt answer)
{
	struct runner *r = current;
	if (!r || r->over)
		return;
	r->ints = 0;
	switch (answer) {
	case RUN_INT_CONTINUE:
		break;
	case RUN_INT_PAUSE:
		order(r, "pause");
		break;
	case RUN_INT_DETACH:
		leave_at_once(r);
		break;
	case RUN_INT_ABORT:
		order(r, "abort");
		break;
	}
}

static void listen_to(struct runner *r, uv_signal_t *s, uv_signal_cb cb, int signum)
{
	uv_signal_init(r->loop, s);
	s->data = r;
	uv_signal_start(s, cb, signum);
}

void control_start(struct runner *r)
{
	current = r;
	listen_to(r, &r->on_int, on_int, SIGINT);
	listen_to(r, &r->on_term, on_term, SIGTERM);
	listen_to(r, &r->on_hup, on_hup, SIGHUP);
	store_watch_control(r->store, r->number, on_row, NULL);
}

void control_stop(struct runner *r)
{
	current = NULL;
	uv_close((uv_handle_t *)&r->on_int, NULL);
	uv_close((uv_handle_t *)&r->on_term, NULL);
	uv_close((uv_handle_t *)&r->on_hup, NULL);
}
