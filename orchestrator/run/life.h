/* SPDX-License-Identifier: Apache-2.0 */
/* Inside run: what run, resume and undo share of a runner's life. */
#ifndef SLUICE_RUN_LIFE_H
#define SLUICE_RUN_LIFE_H

#include "orchestrator/run/runner.h"

/* --- life.c --- */
/* Opens the world; RUN_INPUT when it cannot be. runner_close in any case. */
int runner_init(struct runner *r, struct store *store, struct run_inputs *in,
		struct plugin_host *plugins, const struct run_options *o, struct observed *seen,
		struct sl_error *e);
/* Which instances run what the plan brings, as observed. */
void runner_know_versions(struct runner *r);
struct plan_input runner_plan_input(const struct run_inputs *in, const struct observed *seen);
/* Tell the sink that the run begins. */
void runner_begin(struct runner *r);
/* A new run from a plan: row, claims of the store, then the loop; returns its exit code. */
int runner_start(struct runner *r, const char *kind, int64_t parent, const struct plan *plan);
/* Claim in the store what has no host to keep an owner file on. */
int runner_claim_store(struct runner *r);
int runner_drain(struct runner *r); /* what is on its way to the journal */
/* Walk until the run is over. The journal is flushed before this returns. */
int runner_go(struct runner *r);
void runner_close(struct runner *r);
void runner_uuid(char out[37]); /* a new one */

/* --- owners.c --- */
/* The first foreign owner; NULL = all is free or ours (uuid). */
const struct owner *owner_foreign(const struct observed *seen, const char *uuid,
				  struct store *store);
/* A claim made after ours of that epoch: somebody took over, whether they hold it still or not.
 * NULL = none. What this run knows of the hosts is no longer true then. */
const struct owner *owner_newer(const struct observed *seen, const char *uuid, int64_t epoch);
int64_t owner_highest_epoch(const struct observed *seen);
/* The sentence: who, what, since when, and what to do. store may be NULL. */
void owner_say(struct sl_error *e, struct store *store, const struct owner *o);
/* Fence off every foreign owner's run from our journal, when it is there, and set hold_until. */
void owners_adopt(struct runner *r, const char *uuid);
void owners_emit_taken(struct runner *r); /* those runs have ended */
void owners_release(struct runner *r);

/* --- resume.c --- */
/* Everything that the journal knows of a run. */
int runner_load(struct store *store, int64_t number, const struct plugin_host *plugins,
		struct run_inputs *in, struct run_view *view, struct sl_error *e);

#endif
