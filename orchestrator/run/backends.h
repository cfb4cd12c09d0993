/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends of an inventory, each opened when it is first asked for. For what speaks to them
 * outside a catalogue: actions, and fresh reads before them. Loop thread only.
 */
#ifndef SLUICE_RUN_BACKENDS_H
#define SLUICE_RUN_BACKENDS_H

#include <uv.h>

#include "orchestrator/playbook/playbook.h"
#include "plugins/host/host.h"

struct backends;

/* f and plugins (on that loop) must outlive it. Opens nothing yet. */
struct backends *backends_new(uv_loop_t *loop, const struct inventory_file *f,
			      struct plugin_host *plugins);
/* Runs the loop until all are closed, and frees. NULL is fine. */
void backends_free(struct backends *b);

uv_loop_t *backends_loop(const struct backends *b);
const struct inventory_file *backends_inventory(const struct backends *b);
/* Borrowed. NULL and *e (SL_EINPUT) when there is none of that kind and name (with a near match),
 * no plugin plays the role, or its settings or secrets are wrong. Reading secrets may block. */
struct plugin_backend *backends_get(struct backends *b, enum inv_backend_kind kind,
				    const char *name, struct sl_error *e);

/*
 * One question to a backend, waited for. Give done (and its error) from the call's callback; the
 * plugin's own deadline ends it. *leave (may be NULL) turning true cancels it.
 */
struct backends_wait {
	bool done;
	struct sl_error error;
};
int backends_wait(struct backends *b, struct backends_wait *w, struct sl_call *call,
		  void (*cancel)(void *instance, struct sl_call *call), void *instance,
		  const bool *leave);

#endif
