/* SPDX-License-Identifier: Apache-2.0 */
/* Inside run: one key of the config centre, read fresh. */
#ifndef SLUICE_RUN_KEY_H
#define SLUICE_RUN_KEY_H

#include "orchestrator/run/world.h"

struct act;

struct key_look {
	char *key;
	char *value;    /* NULL = it is not there */
	char *revision; /* "" = it is not there */
	bool enabled;
	bool bad; /* it holds what is no text, or too much of it */
	struct sl_error error;
	void (*then)(void *arg);
	void *arg;
};

/* Read it, then call, once and later. k is overwritten; key_release it. A value that could not be
 * put back as it is (no text, more than 1 MiB) is SL_EUNSUPPORTED. */
void key_look(struct key_look *k, struct world *w, const char *key, int64_t timeout_ms,
	      void (*then)(void *arg), void *arg);
void key_release(struct key_look *k);

/* The act's own key into a->key, then call. */
void key_read(struct act *a, void (*then)(struct act *a));
void key_forget(struct act *a);

#endif
