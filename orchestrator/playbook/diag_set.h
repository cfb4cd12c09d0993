/* SPDX-License-Identifier: Apache-2.0 */
/* What a set of diagnostics is made of: for diag.c and diag_print.c only. */
#ifndef SLUICE_PLAYBOOK_DIAG_SET_H
#define SLUICE_PLAYBOOK_DIAG_SET_H

#include "orchestrator/playbook/diag.h"

#define DIAGS_MAX      400 /* kept; more are only counted */
#define DIAG_NOTES_MAX 8

struct diag_note {
	struct diag_at at;
	char *message;
};

struct diag {
	enum diag_severity severity;
	struct diag_at at;
	char *message;
	struct diag_note *notes;
	size_t note_count, note_cap;
	size_t order;
};

struct diag_source {
	char *path, *text;
	size_t len;
};

struct diags {
	struct diag *items;
	size_t count, cap;
	struct diag_source *sources;
	size_t source_count, source_cap;
	size_t totals[2]; /* by severity, those not kept included */
	bool drop_notes;  /* the diagnostic before was not kept */
};

const struct diag **diags_sorted(const struct diags *d); /* free() the array */

#endif
