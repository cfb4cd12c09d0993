/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reducer: a plan and the run's events become the run's present state. Pure: the only source
 * for resume, undo, show, progress bars and reports. Feed events in order; feeding one twice (same
 * seq) changes nothing.
 */
#ifndef SLUICE_RUN_VIEW_H
#define SLUICE_RUN_VIEW_H

#include <cjson/cJSON.h>

#include "orchestrator/plan/plan.h"

struct view_step {
	enum plan_progress_state state;
	unsigned failures; /* ends that the host gave: a retry after one is a new attempt there */
	int64_t started, ended; /* Unix ms; 0 = not */
	cJSON *intent;          /* the last step.started, with prior and target; owned */
	cJSON *detail;          /* of step.ended; owned; or NULL */
	char *error;            /* message, or NULL */
	char *error_code;
	char *note;    /* what it waits for, from ticks (not journaled); or NULL */
	int64_t until; /* Unix ms of its deadline; 0 = none */
};

struct view_lost { /* a host that does not answer a step of this run */
	char *host;
	int64_t since; /* Unix ms */
};

enum view_state { VIEW_RUNNING, VIEW_PAUSED, VIEW_UNDOING, VIEW_ENDED };

struct run_view {
	int64_t last_seq;
	int64_t number;
	enum view_state state;
	struct plan plan; /* forward */
	struct view_step *steps;
	struct plan undo; /* step_count 0 until undo.started */
	struct view_step *undo_steps;
	int64_t claim_epoch;           /* on the hosts, as this run held it last; 0 = never */
	double share_want, share_real; /* of the new side; -1 = unknown */
	cJSON *weights;                /* server -> weight, as set last; owned; NULL = never */
	bool paused_by_operator;
	char *pause_step;       /* id of the playbook pause it stands at, or NULL */
	int64_t pause_started;  /* absolute, Unix ms */
	char *failure;          /* first error: "swap on oa01:8080: ..." */
	struct view_lost *lost; /* as long as it goes on */
	size_t lost_count;
	char *outcome; /* NULL until run.ended */
	int exit;
	int64_t started, ended;
};

/* plan is copied through its JSON. */
int run_view_init(struct run_view *v, const cJSON *plan, struct sl_error *e);
void run_view_release(struct run_view *v);
void run_view_feed(struct run_view *v, const cJSON *event);
/* A tick: {"tick":true,"step":"17","note":"...","until":...}: live only, never journaled. */
void run_view_tick(struct run_view *v, const cJSON *tick);
/* What an undo needs to know of a step; borrows from it. */
struct plan_progress run_view_progress(const struct view_step *s);
struct view_step *run_view_step(struct run_view *v, const char *id, const struct plan_step **step);

#endif
