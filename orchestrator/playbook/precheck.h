/* SPDX-License-Identifier: Apache-2.0 */
/* What a text must be before the YAML parser sees it: it lets these pass or stops without a word.
 */
#ifndef SLUICE_PLAYBOOK_PRECHECK_H
#define SLUICE_PLAYBOOK_PRECHECK_H

#include "orchestrator/playbook/diag.h"

#define PB_TEXT_MAX (1024 * 1024)

/* Size, UTF-8, control characters, line ends, tabs in the indentation. False when anything was
 * reported. */
bool pb_precheck(int file, const char *text, size_t len, struct diags *d);
/* True for what must not stand in a value either (an escape in quotes can make it); newlines and
 * tabs are fine there. */
bool pb_has_controls(const char *text, size_t len);

#endif
