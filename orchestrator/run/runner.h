/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside run: one run in flight and the steps it is acting on. Everything happens on the loop
 * thread.
 *
 * The life of a step (struct act): prepare (read prior; may wait) -> act_intend writes the intent
 * to the journal -> once durable, ops->act does it and probes it -> act_end writes the result ->
 * once durable, the walker goes on. After a crash a step whose intent has no result goes through
 * ops->settle (routers: compare with prior and target) or simply acts again (host scripts answer a
 * repeated step from their own files).
 */
#ifndef SLUICE_RUN_RUNNER_H
#define SLUICE_RUN_RUNNER_H

#include <uv.h>

#include "orchestrator/host/remote.h"
#include "orchestrator/run/observe.h"
#include "orchestrator/run/run.h"
#include "orchestrator/run/view.h"
#include "orchestrator/run/world.h"

struct runner;
struct act;

/* --- steps --- */

enum settled { SETTLED_DONE, SETTLED_NOT_DONE, SETTLED_CHANGED };

struct step_ops {
	/* Find prior and target, then act_intend. NULL = nothing to find. */
	void (*prepare)(struct act *a);
	/* Do it; ends in act_end. Called once the intent is durable. */
	void (*act)(struct act *a);
	/* After a crash: did it take effect? Ends in act_settled. NULL = act again. */
	void (*settle)(struct act *a);
	/* The run stops (abort, lost claim): end a wait early with act_end. NULL = runs to its end.
	 */
	void (*stop)(struct act *a);
};

struct act {
	struct runner *r;
	const struct plan_step *step;
	struct view_step *seen;
	const struct step_ops *ops;
	const struct rs_instance *instance; /* NULL = none */
	struct transport *host;             /* NULL = none */
	cJSON *prior, *target, *detail;     /* owned until journaled; may be NULL */
	int64_t began, deadline;            /* CLOCK_BOOTTIME ms; deadline 0 = none */
	uv_timer_t timer;
	bool acting, ending, holds_router, settling, lost;
	bool holds_marks; /* drain: its marks are set in the registry */
	bool telling;     /* ... and its consumers hear of them until `since` */
	int told_anew;    /* ... so many times, because a mark was lifted */
	bool problem;     /* its error says nothing of the release: a human decides, no rollback */
	char id[24];      /* of the step on the host: attempts after the first are "17.2" */
	/* scratch of the step's own kind */
	struct act *next_waiting; /* for the router */
	struct traffic *traffic;
	struct registry_look *registry;
	struct key_look *key;
	int64_t silent; /* a backend has not answered since (BOOTTIME ms), 0 = it does */
	int64_t cut;    /* calls to the router have broken off since, 0 = they do not */
	void (*after)(struct act *a);
	void (*read)(struct act *a);                             /* after the router was */
	void (*written)(void *arg, const struct sl_error *e);    /* after the router was */
	void (*failed)(struct act *a, const struct sl_error *e); /* NULL = act_end */
	int64_t since;   /* healthy, or draining for (BOOTTIME ms), 0 = not */
	int64_t checked; /* last time the process was looked at */
	int idle_reads;
	struct sl_error last; /* what the newest failed try said */
	struct tunnel *tunnel;
	struct sl_http_call *http;
	struct sl_stream *stream;
	char body[256]; /* head of the last probe's answer */
	long status;
};

const struct step_ops *step_ops_of(enum plan_do what);

/* Give the intent (prior and target of a) to the journal; then ops->act. */
void act_intend(struct act *a);
/* The end: result SL_OK or an error. Journals, then frees a and walks on. Exactly once. */
void act_end(struct act *a, const struct sl_error *e);
void act_ok(struct act *a);
void act_fail(struct act *a, enum sl_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for what is no fault of the release: the run pauses, whatever onFailure says. */
void act_problem(struct act *a, const struct sl_error *e);
void act_settled(struct act *a, enum settled s, const char *found);
/* `again` is called soon, for as long as patience lasts since *since (BOOTTIME ms; 0 = now, which
 * is put there). False = it is used up. */
bool act_try_again(struct act *a, int64_t *since, const struct sl_error *e,
		   void (*again)(struct act *a));
/*
 * A backend (registry, config centre) failed: `again` is called soon, for as long as patience
 * lasts, then the act ends as a problem. True when e is an error; false clears the way.
 */
bool act_backend_failed(struct act *a, const struct sl_error *e, void (*again)(struct act *a));
/* True, and the act ended, when the run was aborted meanwhile: for waits. */
bool act_canceled(struct act *a);
/* Call `again` after ms (the act's one timer). */
void act_wait(struct act *a, int64_t ms, void (*again)(struct act *a));
/* Live only: what it waits for. until_ms: CLOCK_BOOTTIME, 0 = none. */
void act_note(struct act *a, int64_t until_ms, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
cJSON *act_detail(struct act *a);                    /* the detail object, made on first use */
bool act_late(const struct act *a);                  /* past its deadline */
int64_t act_left(const struct act *a, int64_t most); /* ms to its deadline, at most `most`, >= 1 */
/* Run a script for the act; adds sluice, dir, run, epoch, step, link, port, host. */
void act_remote(struct act *a, enum remote_script script, const struct remote_arg *args,
		size_t count, int64_t timeout_ms, remote_done done);

/* --- claims --- */

struct claim {
	char *host, *folder, *router;
	bool held;
	int64_t renewed; /* CLOCK_BOOTTIME ms of the last proof */
};

/* --- the run --- */

enum stop_reason {
	STOP_NONE,
	STOP_PAUSE,   /* an operator, or TERM */
	STOP_FAILURE, /* a step failed: then onFailure decides */
	STOP_PROBLEM, /* something a human must look at: pause (exit 3) */
	STOP_ABORT,   /* undo asked for */
	STOP_KEEP,    /* abort --keep */
	STOP_LOST     /* another run owns our hosts: leave at once */
};

struct runner {
	uv_loop_t *loop;
	struct store *store;
	struct world world;
	struct run_inputs *in; /* borrowed */
	const struct run_options *options;
	struct sl_error *error;
	struct run_view view;
	int64_t number, epoch; /* epoch of the journal */
	char uuid[37];
	char *what;          /* "orders 2.0.0": in owner files */
	int64_t claim_epoch; /* epoch on the hosts */
	struct claim *claims;
	size_t claim_count;
	struct observed *seen; /* at the start, or at resume; borrowed */
	bool *is_new;          /* per instance: runs what the plan brings */
	/* walking */
	struct act **acts;
	size_t act_count, act_cap;
	long wave; /* in hand, -1 = none yet */
	enum stop_reason stop;
	char *stop_why;
	bool asked_undo;    /* this process was asked to take it back: 0 when all is */
	char *promote_by;   /* a promote that came before its pause was in hand */
	char *promote_step; /* ... and that pause */
	bool pause_asked;   /* came while a failure or an abort had its way: stops the undo */
	bool walking, over, waiting; /* waiting: stands at a pause, nothing in hand */
	bool leaving; /* its end or its parking is on the way to the journal: nothing changes it */
	bool turning; /* undo.started is on the way to the journal */
	bool terminal, wait;
	size_t appends; /* on their way to the journal */
	int exit;
	int64_t progress; /* BOOTTIME ms of the last step that ended well */
	/* the router is written by one step at a time */
	struct act *router_holder, *router_queue;
	struct act drift; /* waits its turn for the router, but is no step */
	struct act marks; /* the same for marks in the registry */
	unsigned marked_again;
	struct store_run *taken; /* runs that were taken over */
	size_t taken_count;
	int64_t hold_until; /* BOOTTIME ms: a take-over waits out the old owner's TTL */
	/* loop handles */
	uv_timer_t keeper, drift_timer, hold;
	uv_signal_t on_int, on_term, on_hup;
	int ints;
	bool journal_lost;
};

/* The plan being walked, and its steps' states. */
struct plan *runner_plan(struct runner *r);
struct view_step *runner_steps(struct runner *r);
bool runner_is_undoing(const struct runner *r);

/* journal.c */
/* A new event of this run; yours until runner_emit. */
cJSON *runner_event(const char *event);
void runner_step_fields(cJSON *event, const struct plan_step *s);
/* Journal it (taking event and row); then view, sink, and `then` (may be NULL). */
void runner_emit(struct runner *r, cJSON *event, cJSON *row, void (*then)(void *arg), void *arg);
void runner_tick(struct runner *r, const struct plan_step *s, const char *note, int64_t until_unix);

/* walk.c */
void walk(struct runner *r);
/* Stop starting steps; what is in hand ends. The strongest reason wins. */
void walk_stop(struct runner *r, enum stop_reason why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Lift a pause (operator's or failure's) and walk on. */
void walk_lift(struct runner *r, const char *by, const char *who);
/* Has the plan in hand come to giving its claims back? Then it is done: nothing is its own more. */
bool walk_gives_back(struct runner *r);

/* finish.c: what to do when nothing is in hand any more */
void finish_walked(struct runner *r);  /* every wave is done */
void finish_stopped(struct runner *r); /* r->stop says why */
void finish_park(struct runner *r, const char *waiting_for, int code);
void finish_undo(struct runner *r, const char *why);
void finish_end(struct runner *r, const char *outcome, int code);

/* keeper.c: claims kept alive, drift, progress */
void keeper_start(struct runner *r);
/* drift.c */
void drift_start(struct runner *r);
void drift_check(struct runner *r);
void registry_drift_check(struct runner *r); /* registry_drift.c */
/* Prove that our claims stand (renewing what is too old), then call. e is SL_EFENCED when they
 * don't. */
void keeper_assure(struct runner *r, void (*then)(void *arg, const struct sl_error *e), void *arg);
struct claim *runner_claim(struct runner *r, const char *host, const char *folder);
/* Mark every claim as parked: it does not lapse while no controller lives. */
void keeper_park(struct runner *r, void (*then)(void *arg, const struct sl_error *e), void *arg);
int64_t claim_ttl(void); /* ms; SLUICE_CLAIM_TTL or 60 s */

/* control.c */
void control_start(struct runner *r);
/* An order, as it comes from a row, a menu or the command that became the controller. */
struct control {
	const char *verb, *who, *reason;
	int64_t id;       /* of its row, 0 = none */
	const char *step; /* the pause that promote saw; NULL = any */
	bool keep;
};
void runner_control(struct runner *r, const struct control *c);
void control_stop(struct runner *r);
bool control_pausing(struct runner *r); /* stands at a playbook's pause */
bool control_untimed(struct runner *r); /* ... that only a promote ends */
/* End the pause in hand, or the one that is about to be, when it is the one meant. */
void control_promote(struct runner *r, const char *step, const char *who);

#endif
