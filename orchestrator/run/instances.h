/* SPDX-License-Identifier: Apache-2.0 */
/* The instances of a service as the registries have them now, past all caches: what decisions are
 * made from, and what an action is asked about. Loop thread only. */
#ifndef SLUICE_RUN_INSTANCES_H
#define SLUICE_RUN_INSTANCES_H

#include "orchestrator/run/backends.h"

struct found_instance {
	const char *source;    /* name of the registry in the inventory */
	struct sl_instance is; /* its strings are copies; labels are not kept */
};

struct found_instances {
	struct found_instance *items; /* by source, environment, id */
	size_t count, cap;
	size_t asked, answered; /* registries */
	struct sl_error error;  /* of the last one that did not answer */
};

/* Asks every registry of the inventory that can be asked. service NULL = the instances of all, as
 * registries list them. Turns the loop. SL_EINPUT when the inventory has none; one that fails is
 * counted, and fails nobody. Release in any case. */
int instances_find(struct backends *b, const char *service, struct found_instances *out,
		   struct sl_error *e);
void instances_release(struct found_instances *f);

/*
 * Is this the instance that a person means by `name`? Its id, host, address, host:port or
 * address:port, each also behind "ENVIRONMENT/" or "SOURCE/".
 */
bool instance_answers_to(const struct found_instance *i, const char *name);
/* Takes it part in serving: up, and its weight (if there is one) above 0? */
bool instance_serves(const struct sl_instance *i);
/* Names of the services that the registries list, for near matches. Yours: free each and the array.
 */
size_t instances_services(struct backends *b, char ***names);

#endif
