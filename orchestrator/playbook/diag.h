/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: collected, all at once, then printed as
 *
 *     file:line:col: error: message
 *        18 |       - upgrade: SET_B
 *           |                  ^~~~~
 *     file:line:col: note: message
 */
#ifndef SLUICE_PLAYBOOK_DIAG_H
#define SLUICE_PLAYBOOK_DIAG_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

/* A place in a source text. file is an index into the diag set's sources; line and column count
 * from 1, columns in characters; length in characters (0 = 1). line 0 = the file as a whole. */
struct diag_at {
	int file;
	unsigned line, column, length;
};

struct diags;

struct diags *diags_new(void);
void diags_free(struct diags *d);

/* Register a source text (copied; for source lines and carets). path is what messages print. */
int diags_add_source(struct diags *d, const char *path, const char *text, size_t len);
const char *diags_source_path(const struct diags *d, int file); /* borrowed */

void diags_error(struct diags *d, struct diag_at at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void diags_warning(struct diags *d, struct diag_at at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Belongs to the diagnostic before it. */
void diags_note(struct diags *d, struct diag_at at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

size_t diags_errors(const struct diags *d);
size_t diags_warnings(const struct diags *d);
/* Sorted by file and line, notes behind theirs, identical ones once; at most 100 errors. */
void diags_print(const struct diags *d, FILE *out, bool colour);
char *diags_text(const struct diags *d); /* the same without colour; yours to free */
cJSON *
diags_json(const struct diags *d); /* {"diagnostics":[{file,line,column,severity,message,notes}]} */

#endif
