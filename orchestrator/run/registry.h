/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside run: an act's instance in the registry, always read fresh. An instance may have several
 * registrations (one left from an earlier life), and one that registers itself anew gets another:
 * so states are journaled by the id of the registration, in "registry" of prior and target, and
 * what has gone is not missed.
 */
#ifndef SLUICE_RUN_REGISTRY_H
#define SLUICE_RUN_REGISTRY_H

#include "orchestrator/run/runner.h"

struct registry_look {
	struct plan_registry found;
	struct sl_error error;
	int refused; /* writes that met a change of the same moment */
	void (*done)(struct act *a);
};

/* Read into a->registry, then call. */
void registry_read(struct act *a, void (*then)(struct act *a));
void registry_forget(struct act *a);
bool registry_is_called(int state); /* may callers find one that stands so? */
/* True when the read has failed: `again` is called soon, or the act has ended. */
bool registry_failed(struct act *a, void (*again)(struct act *a));

/* From what was read: all that gets calls shall be out. */
void registry_want_out(struct act *a);
/* ... all that is out shall be up, but what somebody else had marked out before the run. */
void registry_want_up(struct act *a);
/* Does the target change anything there? */
bool registry_is_wanted(const struct act *a);
/* Make the target true and read it back, then call. What is neither as it was nor as it shall be
 * ends the act with SL_ECONFLICT. Holds nothing but the claim. */
void registry_write(struct act *a, void (*done)(struct act *a));
/* Write one mark, if it still stands as x says; done gets a. */
void registry_put(struct act *a, const struct plan_registered *x, int state, int64_t timeout_ms,
		  void (*done)(void *arg, const struct sl_error *e));
/* Is all that the target names still out, or gone? After registry_read. */
bool registry_still_out(const struct act *a);

/*
 * Does the registry list the instance as ready: UP, or OUT (a mark, which return looks after), with
 * this version unless it is NULL? If not, why.
 */
bool registry_is_ready(const struct act *a, const char *version, char *why, size_t size);

#endif
