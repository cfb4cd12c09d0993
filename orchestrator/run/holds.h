/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at work here. What has no host to keep an owner file on is claimed in the state store, by
 * a name that rollouts and actions give it alike: so none of them comes between the other's steps.
 */
#ifndef SLUICE_RUN_HOLDS_H
#define SLUICE_RUN_HOLDS_H

#include "orchestrator/state/store.h"
#include "plugins/sdk/plugin.h"

/* The names of claims: "service orders in city", "key pool (env=prod) in kie". Yours. */
char *hold_service(const char *registry, const char *service);
char *hold_key(const char *centre, const char *key, const struct sl_label *labels, size_t count);

/*
 * Is an unfinished run at work on this service, or on host:port? SL_EHELD, and *e names it; SL_OK =
 * free. service, host NULL, port 0 = not asked for. except: a run that does not count.
 */
int run_holds(struct store *store, const char *service, const char *host, unsigned port,
	      int64_t except, struct sl_error *e);

#endif
