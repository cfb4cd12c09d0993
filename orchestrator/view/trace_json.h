/* SPDX-License-Identifier: Apache-2.0 */
/* A trace as JSON: durations in ms, times as RFC 3339, offsets in ms from the trace's begin. */
#ifndef SLUICE_VIEW_TRACE_JSON_H
#define SLUICE_VIEW_TRACE_JSON_H

#include "orchestrator/view/trace.h"
#include "plugins/sdk/json.h"

cJSON *trace_json(const struct trace *t); /* yours */

#endif
