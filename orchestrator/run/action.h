/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An action: a small change outside a rollout, audited like everything else. It is a run of its own
 * (kind `action`, named "drain orders"), so `runs`, `show`, events, `resume` and `undo` know it. It
 * is a list of changes, each of one thing at one backend: an instance of a registry, a key of a
 * config centre. Each is a step: its prior and target are durable before it is tried, it is written
 * with the prior as expectation, and read back.
 *
 * All or nothing: when a change fails, what was done before it is put back (exit 4). An intent
 * without a result, after a crash or when nobody could be asked, is settled by reading back when
 * `resume` or `undo` comes; until then the run is unfinished and holds what it touches.
 *
 * These functions turn uv_default_loop() themselves, on which the plugin host must have been made,
 * and return an exit code (enum run_exit) with *e saying why when it is not 0.
 */
#ifndef SLUICE_RUN_ACTION_H
#define SLUICE_RUN_ACTION_H

#include "orchestrator/run/backends.h"
#include "orchestrator/run/holds.h"
#include "orchestrator/run/run.h"
#include "plugins/host/catalogue.h"

/* --- what to change: a change is JSON, yours to delete --- */

/* i: as the registry reported it; borrowed. state: enum sl_instance_state, weight: SL_KEEP leaves
 * it. */
cJSON *action_instance_change(const char *source, const struct sl_instance *i, int state,
			      int weight);
/* As the plugin's write takes it. expect_revision NULL: whatever stands there when it is opened. */
cJSON *action_key_change(const char *source, const struct sl_key_change *k);

struct action_ask {
	const char *verb;     /* "drain", "publish": in the journal and for people */
	const char *title;    /* "drain 2 instances of orders" */
	const char *service;  /* that it is about; NULL = none */
	const cJSON *changes; /* an array of changes; borrowed */
};

/* --- doing it --- */

struct action;

/*
 * Open the backends and read, fresh, what stands there. Nothing is changed yet. RUN_DONE, RUN_INPUT
 * (also: not as expected), RUN_UNREACHABLE. b must outlive *out; action_free in any case, NULL is
 * fine.
 */
int action_open(struct backends *b, const struct action_ask *ask, struct action **out,
		struct sl_error *e);
void action_free(struct action *a);

struct action_item {
	char name[512];           /* "i-7 (10.0.0.7:8080)" */
	char prior[160], to[160]; /* in words */
	bool same;                /* it stands as wanted already: not touched */
	const cJSON *subject, *target;
	enum plan_progress_state state; /* after action_start */
	const char *error;              /* why it failed; NULL = it did not */
};
size_t action_count(const struct action *a);
/* Strings are borrowed from a. */
struct action_item action_item(const struct action *a, size_t i);
size_t action_todo(const struct action *a); /* those that are not `same` */

/*
 * Carry it out: RUN_DONE; RUN_HELD (an unfinished run holds it, *e names it); RUN_INPUT (someone
 * else changed it meanwhile) and RUN_UNREACHABLE: nothing was changed; RUN_ROLLED_BACK;
 * RUN_NEEDS_HUMAN; RUN_PAUSED: what became of a change is not known. With nothing to do it makes no
 * run. Starts the store: once a process. Of o, wait and take_over are not used.
 */
int action_start(struct action *a, struct store *store, const struct run_options *o,
		 struct sl_error *e);
int64_t action_number(const struct action *a);      /* 0 = no run was made */
const char *action_outcome(const struct action *a); /* "done", "rolledBack" ...; "" = not ended */

/* --- later --- */

/* Is that run an action, or the undo of one? */
bool action_is(struct store *store, int64_t number);
/* Become the controller of an unfinished one: settle by reading back, then resume or retry goes on,
 * abort or undo takes back. */
int action_resume(struct store *store, int64_t number, const char *verb,
		  struct plugin_host *plugins, const struct run_options *o, struct sl_error *e);
/* Put back what a finished one changed, if it still stands as that left it: a run of kind undo. */
int action_undo_finished(struct store *store, int64_t number, struct plugin_host *plugins,
			 const struct run_options *o, struct sl_error *e);

#endif
