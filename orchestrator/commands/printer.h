/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output that never holds the run up: a thread of its own writes. Lines are kept until written
 * (steps are never dropped); of frames only the newest is. When the other side is gone (hang-up, a
 * closed pipe) the descriptor becomes /dev/null and the run goes on.
 */
#ifndef SLUICE_COMMANDS_PRINTER_H
#define SLUICE_COMMANDS_PRINTER_H

#include <stddef.h>

struct printer;

/* lost_note: a line for the place where lines had to be left out, after 64 MiB that nobody read;
 * static, or NULL. */
struct printer *printer_new(int fd, const char *lost_note);
/* For good; whole lines. */
void printer_lines(struct printer *p, const char *text);
/* What stands below the lines, drawn over the last one; "" takes it away. width: of the terminal
 * now. redraw: what is on the screen cannot be trusted (an echoed ^C, a resize). */
void printer_frame(struct printer *p, const char *text, unsigned width, int redraw);
/* Writes what is left, then ends the thread. */
void printer_close(struct printer *p);

#endif
