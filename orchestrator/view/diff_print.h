/* SPDX-License-Identifier: Apache-2.0 */
/* A diff as text for people and as JSON. Pure. */
#ifndef SLUICE_VIEW_DIFF_PRINT_H
#define SLUICE_VIEW_DIFF_PRINT_H

#include "orchestrator/view/line_diff.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/json.h"

/* Number, sign, line; lines are cleaned. context as in diff_rows. */
void diff_print(const struct diff *d, size_t context, bool colour, struct sl_buf *out);
/* An array of {kind, left, right, text}; kind is same, gone, new, or hidden with a count. Yours. */
cJSON *diff_json(const struct diff *d, size_t context);

#endif
