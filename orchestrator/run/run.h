/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying out: load what a run needs, look at the world, plan, walk the plan, undo it. These
 * functions run the event loop themselves and return when the run has ended, paused or detached:
 * the loop is uv_default_loop(), on which the plugin host given to them must have been made. The
 * result is an exit code of DESIGN section 5 (enum run_exit), with *e saying why when it is not 0.
 */
#ifndef SLUICE_RUN_RUN_H
#define SLUICE_RUN_RUN_H

#include <stdbool.h>
#include <uv.h>

#include "orchestrator/plan/plan.h"
#include "orchestrator/run/view.h"
#include "orchestrator/state/store.h"
#include "plugins/host/host.h"

enum run_exit {
	RUN_DONE = 0,
	RUN_INTERNAL = 1,
	RUN_INPUT = 2,
	RUN_PAUSED = 3,
	RUN_ROLLED_BACK = 4,
	RUN_NEEDS_HUMAN = 5,
	RUN_HELD = 6,
	RUN_UNREACHABLE = 7,
	RUN_OWED = 8,
	RUN_COMMAND_FAILED = 9,
	RUN_INTERRUPTED = 130
};

/* --- inputs --- */

/* Who may be asked about host keys that nobody knows, while a plan looks at the hosts. */
struct run_asker {
	transport_ask_hostkey ask; /* answers through transport_hostkey_answer, now or later */
	void (*over)(void *arg);   /* the transports go: no answer any more */
	void *arg;
};

/* The texts and choices that make a run: what is journaled and what `resume` reads back. */
struct run_inputs {
	struct diags *diags; /* every problem found while loading; print them */
	struct playbook *playbook;
	struct inventory_file *inventory;
	struct resolved *resolved;
	struct artifact artifact;
	char *limit;
	cJSON *sets;                     /* {"name":"value"} */
	char *salt;                      /* the key of hashes of secret values */
	char *folder, *inventory_folder; /* of inputs that came from a document, else NULL */
	const struct run_asker *asker;   /* borrowed; NULL = unknown host keys are refused */
};

struct run_load {
	const char *playbook;  /* path of a playbook */
	const char *inventory; /* --inventory; NULL = the playbook's, else $SLUICE_INVENTORY */
	const struct pb_set *sets;
	size_t set_count;
	const char *limit;
};

/* Load and check without touching anything but local files (artifact, files, secrets included).
 * Returns RUN_DONE, or RUN_INPUT with the problems in in->diags and *e. Release in any case. */
int run_inputs_load(const struct run_load *load, const struct plugin_host *plugins,
		    const char *salt, struct run_inputs *in, struct sl_error *e);
void run_inputs_release(struct run_inputs *in);

/* --- plan --- */

/* Look at hosts and routers, and plan. RUN_DONE, RUN_INPUT, RUN_HELD (a foreign owner),
 * RUN_UNREACHABLE. The plan can be empty: nothing to change. print (may be NULL) gets plan_print's
 * text. */
int run_plan(struct run_inputs *in, struct plugin_host *plugins, struct plan *plan,
	     struct sl_buf *print, bool colour, bool wide, struct sl_error *e);
/* The plan file: JSON with kind "plan" and all texts. And back: RUN_INPUT when a file that still
 * exists differs from the text in the plan. */
cJSON *run_plan_file(const struct run_inputs *in, const struct plan *plan);
int run_plan_file_load(const char *path, const struct plugin_host *plugins, const char *salt,
		       struct run_inputs *in, struct plan *plan, struct sl_error *e);

/* --- run --- */

/* Where events and ticks go. Called on the loop thread; must not block. */
struct run_sink {
	void (*begin)(void *arg, int64_t number, const cJSON *plan); /* before the first event */
	void (*event)(void *arg, const cJSON *event);
	void (*tick)(void *arg, const cJSON *tick);
	/* INT on a terminal: show the menu; answer with run_interrupt_answer. */
	void (*interrupted)(void *arg);
	void *arg;
};

struct run_options {
	const char *who, *from, *reason;
	bool wait;      /* a pause without end waits, also without a terminal */
	bool terminal;  /* standard input is one: waits at pauses; INT asks */
	bool take_over; /* --take-over */
	bool keep;      /* abort --keep */
	struct run_sink sink;
};

struct runner; /* a run in flight, for run_interrupt_answer; given by run_current() */
enum run_interrupt { RUN_INT_CONTINUE, RUN_INT_PAUSE, RUN_INT_DETACH, RUN_INT_ABORT };
void run_interrupt_answer(enum run_interrupt answer);

/* Start the planned run: creates it in the store, claims, walks. expect (may be NULL): the digest
 * of the observed state that the plan was made from; another one = RUN_INPUT, stale plan. */
int run_start(struct store *store, struct run_inputs *in, struct plugin_host *plugins,
	      struct plan *plan, const struct run_options *o, struct sl_error *e);
/* Become the controller of an unfinished run and go on. verb: resume, promote, retry, abort, undo:
 * taken as the first control. */
int run_resume(struct store *store, int64_t number, const char *verb, struct plugin_host *plugins,
	       const struct run_options *o, struct sl_error *e);
/* Undo a finished run: a new run whose parent is that one. */
int run_undo_finished(struct store *store, int64_t number, struct plugin_host *plugins,
		      const struct run_options *o, struct sl_error *e);

#endif
