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
	char *verb, *who;
	bool keep;
};

static void stop_and_walk(struct runner *r, enum stop_reason why, const char *text)
{
	walk_stop(r, why, "%s", text);
	walk(r);
}

static void take_promote(struct taken *t)
{
	if (!control_promote(t->r, "promote", t->who))
		t->r->promote_by = sl_strdup(t->who);
}

static void take_pause(struct taken *t)
{
	stop_and_walk(t->r, STOP_PAUSE, "paused by an operator");
}

static void take_resume(struct taken *t)
{
	/* A pause that a failure made is lifted by retry, not by this. */
	if (t->r->stop == STOP_PAUSE || (!t->r->stop && t->r->view.paused_by_operator))
		walk_lift(t->r, "resume", t->who);
}

static void take_retry(struct taken *t)
{
	if (t->r->stop == STOP_LOST)
		return;
	walk_lift(t->r, "retry", t->who);
}

static void take_abort(struct taken *t)
{
	if (runner_is_undoing(t->r)) {
		if (t->r->waiting)
			walk_lift(t->r, "retry", t->who);
		return;
	}
	stop_and_walk(t->r, t->keep ? STOP_KEEP : STOP_ABORT,
		      t->keep ? "stopped by an operator" : "aborted by an operator");
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
	for (size_t i = 0; i < SL_COUNT(verbs) && !t->r->over; i++)
		if (strcmp(verbs[i].verb, t->verb) == 0)
			verbs[i].take(t);
	free(t->verb);
	free(t->who);
	free(t);
}

void runner_control(struct runner *r, const char *verb, const char *who, const char *reason,
		    int64_t id, bool keep)
{
	struct taken *t = sl_alloc(sizeof *t);
	*t = (struct taken){r, sl_strdup(verb), sl_strdup(who), keep};
	cJSON *event = runner_event("control.taken");
	sl_json_add_str(event, "verb", verb);
	sl_json_add_str(event, "who", who);
	sl_json_add_str(event, "reason", reason);
	if (id)
		sl_json_add_int(event, "id", id);
	runner_emit(r, event, NULL, durable, t);
}

/* The store's watch outlives the run. */
static void on_row(void *arg, const struct store_control *c)
{
	(void)arg;
	struct runner *r = current;
	if (r && !r->over)
		runner_control(r, c->verb, c->who, c->reason, c->id,
			       sl_json_bool(c->args, "keep", false));
}

/* --- signals --- */

/* Finish the step in hand, then leave with the run paused (exit 3). */
static void leave_paused(struct runner *r)
{
	r->terminal = r->wait = false;
	if (r->waiting || control_pausing(r))
		finish_park(r, r->stop == STOP_NONE ? "promote" : "resume", RUN_PAUSED);
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
		runner_control(r, "pause", r->options->who, NULL, 0, false);
		break;
	case RUN_INT_DETACH:
		leave_at_once(r);
		break;
	case RUN_INT_ABORT:
		runner_control(r, "abort", r->options->who, NULL, 0, false);
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
