/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside actions: what can be changed. A subject names one thing, a value is how it stands; both
 * are versioned JSON, as the journal keeps them, and say nothing that only one process understands.
 */
#ifndef SLUICE_RUN_ACTION_KIND_H
#define SLUICE_RUN_ACTION_KIND_H

#include "orchestrator/run/backends.h"
#include "plugins/sdk/json.h"

struct action_kind {
	const char *name; /* the subject's "kind" */
	/* What stands there now, past all caches. *found is yours. Turns the loop. */
	int (*read)(struct backends *b, const cJSON *subject, const bool *leave, cJSON **found,
		    struct sl_error *e);
	/* Make it target if it still is prior (SL_ECONFLICT), and read back. Turns the loop. */
	int (*write)(struct backends *b, const cJSON *subject, const cJSON *prior,
		     const cJSON *target, const bool *leave, struct sl_error *e);
	/* Does found say what value says? What value leaves open may be anything. */
	bool (*is)(const cJSON *found, const cJSON *value);
	/* The value that takes target back: prior, as far as target changes it. Yours. */
	cJSON *(*back)(const cJSON *prior, const cJSON *target);
	/* For people: "UP, weight 100"; "10.0.0.1:8080". Return dst. */
	const char *(*say)(const cJSON *value, char *dst, size_t size);
	const char *(*name_of)(const cJSON *subject, char *dst, size_t size);
	/* What the store's claim is for: "service orders in city". Yours. */
	char *(*claim)(const cJSON *subject);
	/* Can it be carried out at all? SL_EINPUT: the subject or the value makes no sense. */
	int (*check)(const cJSON *subject, const cJSON *value, struct sl_error *e);
};

extern const struct action_kind action_instance;                /* action_instance.c */
extern const struct action_kind action_key;                     /* action_key.c */
const struct action_kind *action_kind_of(const cJSON *subject); /* NULL = none */

#define ACTION_TIMEOUT_MS 15000 /* of one question */

#endif
