/* SPDX-License-Identifier: Apache-2.0 */
/* Where the journaled runs of a state store put things: which folder of which host holds which
 * service. */
#ifndef SLUICE_VIEW_HOST_PLACES_H
#define SLUICE_VIEW_HOST_PLACES_H

#include "orchestrator/state/store.h"

struct host_places;

struct host_places *host_places_read(struct store *s); /* yours; s may be NULL */
void host_places_free(struct host_places *p);
/* The release dirs of a host, one a line; "" = none known. Borrowed. */
const char *host_places_dirs(const struct host_places *p, const char *host);
/* The service that lives there; NULL = not known. Borrowed. */
const char *host_places_service(const struct host_places *p, const char *host, const char *dir);

#endif
