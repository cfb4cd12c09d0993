/* SPDX-License-Identifier: Apache-2.0 */
/* Changes against a view: may they be made, with which command line, were they? Pure. */
#ifndef SLUICE_HAPROXY_CHANGE_H
#define SLUICE_HAPROXY_CHANGE_H

#include <stddef.h>

#include "plugins/haproxy/parse.h"
#include "plugins/sdk/buf.h"

#define HAP_LINE_MAX 65536

/* Are the changes themselves sensible? SL_EINPUT, or SL_EINTERNAL for weights beyond 0..256. */
int hap_changes_check(const struct sl_router_change *changes, size_t count, struct sl_error *e);
/* Is what was expected there? SL_ENOTFOUND for a server, SL_ECONFLICT for a value. What is
 * already as wanted is not in conflict. */
int hap_changes_expected(const struct hap_view *now, const struct sl_router_change *changes,
			 size_t count, struct sl_error *e);
/*
 * Append ONE command line that makes the changes that are not there yet: weights first, so that a
 * server that becomes ready is already at its weight. Sets *commands; 0 = nothing to do, no line.
 */
int hap_changes_line(struct sl_buf *line, const char *backend, const struct hap_view *now,
		     const struct sl_router_change *changes, size_t count, size_t *commands,
		     struct sl_error *e);
/* Do the changes show? SL_ECONFLICT names the first that does not. */
int hap_changes_verify(const struct hap_view *now, const struct sl_router_change *changes,
		       size_t count, struct sl_error *e);
/* The way back: what the changes touch, as prior has it. Yours to free; servers are borrowed. */
struct sl_router_change *hap_changes_invert(const struct hap_view *prior,
					    const struct sl_router_change *changes, size_t count);

#endif
