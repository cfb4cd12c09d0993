/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text in the person's own editor ($VISUAL, $EDITOR, else vi): written to a file of mode 0600 in
 * a folder that nobody else can enter, read back when the editor has ended, and removed with
 * whatever the editor left beside it.
 */
#ifndef SLUICE_CONSOLE_EDIT_H
#define SLUICE_CONSOLE_EDIT_H

#include <stddef.h>

#include "console/term.h"

/* text: yours to free; NULL when there is none, and *e says why (SL_ECANCELED = the console is
 * being closed). */
typedef void (*edit_done)(void *arg, char *text, size_t len, const struct sl_error *e);

/* name: of the file, if it can be one. max: bytes that may come back. On an error done is not
 * called. */
int edit_start(struct term *t, const char *name, const char *text, size_t len, size_t max,
	       edit_done done, void *arg, struct sl_error *e);

/* A text in a new file of mode 0600, for a program that is told its path. Yours to unlink and free.
 */
char *edit_private_file(const char *text, size_t len, struct sl_error *e);

#endif
