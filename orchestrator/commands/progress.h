/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run shown while it happens, the same for the one who carries it out and for one who watches:
 * events as JSON on standard output (-o json), else a live picture on a terminal or stamped lines
 * on standard error, and one result line on standard output.
 */
#ifndef SLUICE_COMMANDS_PROGRESS_H
#define SLUICE_COMMANDS_PROGRESS_H

#include "orchestrator/commands/command.h"

struct progress;

struct progress *progress_new(struct cli *c, bool viewer);
struct run_sink progress_sink(struct progress *p);
/* plan: itself, or the document that holds it (the run's text "document"). For viewers; a
 * controller's sink does it. */
int progress_begin(struct progress *p, int64_t number, const cJSON *plan, struct sl_error *e);
void progress_event(struct progress *p, const cJSON *event);
/* NULL before the first event. */
const struct run_view *progress_view(const struct progress *p);
/* The person chose to go on in the background. */
bool progress_detach_wanted(const struct progress *p);
/* Ends the picture, prints the result line (unless -o json) and frees p. Turns the loop. */
void progress_finish(struct progress *p, int code);

/* --- progress_menu.c: what to do after Ctrl-C --- */
struct progress_menu;
/* Reads one key from /dev/tty; chosen comes later, exactly once, unless closed. NULL = no terminal.
 * ask: print the question there. */
struct progress_menu *menu_open(bool ask, void (*chosen)(void *arg, enum run_interrupt answer),
				void *arg);
void menu_close(struct progress_menu *m);

#endif
