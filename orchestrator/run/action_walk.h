/* SPDX-License-Identifier: Apache-2.0 */
/* Inside actions: one in flight. Everything happens on the loop thread, in straight lines: each
 * question and each record is waited for. */
#ifndef SLUICE_RUN_ACTION_WALK_H
#define SLUICE_RUN_ACTION_WALK_H

#include "orchestrator/run/action.h"
#include "orchestrator/run/action_kind.h"

struct change {
	cJSON *o;                     /* the subject's members, target, expect; owned */
	const cJSON *target, *expect; /* in o; expect NULL = whatever stands there */
	const struct action_kind *kind;
	cJSON *prior; /* as read; owned; NULL = not yet */
	bool same;
	long step; /* index in the plan; -1 = it has none, because it is `same` */
};

enum action_stop { ACTION_GO, ACTION_PAUSE, ACTION_ABORT };

struct action {
	struct backends *backends; /* borrowed, but own_backends */
	struct backends *own_backends;
	struct inventory_file *own_inventory;
	char *own_folder;
	char *verb, *title, *service;
	struct change *changes;
	size_t count;
	bool undo; /* a run of kind undo: its forward way leads back */
	int64_t parent;
	/* once it runs */
	struct store *store;
	const struct run_options *options;
	struct run_view view;
	int64_t number, epoch;
	enum action_stop stop;
	bool asked_undo; /* by the person who stands here: then to be undone is what was wanted */
	bool leave;      /* a second interrupt: at once */
	bool lost;       /* the journal takes no more: exit has the code */
	int exit;
	struct sl_error error; /* what the person is told at the end */
	uv_signal_t signals[3];
	size_t handles;
};

/* --- action.c --- */
int action_read_changes(struct action *a, const cJSON *changes, struct sl_error *e);
void action_backwards(struct change *back, const struct change *c, const cJSON *prior);
void change_release(struct change *c);
/* The plan whose steps are those changes that have one. */
void action_plan(const struct action *a, struct plan *p);
/* Make the run, and walk. */
int action_run(struct action *a, struct store *store, const struct run_options *o,
	       struct sl_error *e);

/* --- action_walk.c --- */
/* Carry on from what the view says. look: a first reading is needed (a crash lies between). */
int action_walk(struct action *a, bool look);
cJSON *action_event(const char *name);
/* Durable before it returns. False = lost. Takes event and row. */
bool action_emit(struct action *a, cJSON *event, cJSON *row);

#endif
