/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal: set up, read, painted, given back whatever happens. Keys come from /dev/tty, opened
 * anew and polled on the loop; ncurses writes the screen and never reads. Loop thread only.
 */
#ifndef SLUICE_CONSOLE_TERM_H
#define SLUICE_CONSOLE_TERM_H

#include <uv.h>

#include "console/canvas.h"
#include "console/theme.h"
#include "plugins/sdk/error.h"

struct term;

struct term_events {
	void (*key)(void *arg, uint32_t key); /* enum input_key */
	void (*resized)(void *arg);
	void (*gone)(void *arg);  /* the terminal vanished */
	void (*asked)(void *arg); /* TERM, INT or HUP: leave */
};

struct term_look {
	enum depth depth;
	bool utf8, narrow;
};
/* From NO_COLOR, TERM, COLORTERM and the locale (setlocale was called). Pure but for these. */
struct term_look term_look_from_environment(void);

int term_open(uv_loop_t *loop, const struct term_events *events, void *arg, bool mouse,
	      struct term **out, struct sl_error *e);
/* Gives the terminal back at once; closed fires once the handles are closed. */
void term_close(struct term *t, void (*closed)(void *arg), void *arg);
struct term_look term_looks(const struct term *t);
void term_size(const struct term *t, unsigned *width, unsigned *height);
void term_theme(struct term *t, const struct theme *theme);
void term_paint(struct term *t, const struct canvas *c);
void term_repaint(struct term *t); /* the next paint draws everything */
/* Stop the process as ctrl-z does; comes back by SIGCONT, all drawn anew. */
void term_suspend(struct term *t);
/*
 * Lend the terminal to a program, which gets it as its standard files; without a path it is looked
 * for in PATH. Keys and paints wait until it has ended; then all is drawn anew and done gets its
 * exit status, or 128 + the signal; -1 when the terminal is closed before that. On an error done is
 * not called. One at a time.
 */
int term_lend(struct term *t, const char *const *argv, void (*done)(void *arg, int status),
	      void *arg, struct sl_error *e);
bool term_is_lent(const struct term *t);
/* The terminal's clipboard (OSC 52). False when the text is too long for that. */
bool term_copy(struct term *t, const char *text, size_t len);
void term_bell(struct term *t);
void term_mouse_at(const struct term *t, unsigned *x, unsigned *y);
void term_mouse(struct term *t, bool on);

#endif
