/* SPDX-License-Identifier: Apache-2.0 */
/* A run as its journal tells it, read on as events come; and what can be asked of it. */
#ifndef SLUICE_CONSOLE_RUN_SEEN_H
#define SLUICE_CONSOLE_RUN_SEEN_H

#include "console/app.h"
#include "orchestrator/run/view.h"

struct run_seen {
	int64_t number;
	struct store_run row;
	bool has_row;
	struct run_view view;
	bool loaded;     /* view holds something */
	char error[300]; /* why it is not loaded; "" = it is */
};

/* id is the run's number in digits. */
void run_seen_init(struct run_seen *r, const char *id);
void run_seen_release(struct run_seen *r);
/* Its row alone, which costs the same however long the run is. */
void run_seen_read_row(struct run_seen *r, struct store *store);
/* Read what is new. */
void run_seen_read(struct run_seen *r, struct store *store);
void run_seen_forget(struct run_seen *r); /* its view */
bool run_seen_ended(const struct run_seen *r);
bool run_seen_alive(const struct run_seen *r); /* has it a living controller? */

/* --- verbs.c --- */
extern const enum action verb_actions[]; /* ends with ACT_NONE */
/* Why the verb cannot be asked of that run; NULL = it can. Without its view the row decides, and
 * what only its steps tell is left open. */
const char *verb_why(const struct run_seen *r, enum action what);
/* Ask the person, then the run: a control row when a controller lives, else `sluice VERB` in the
 * background becomes one. */
void verb_ask(struct app *a, const struct run_seen *r, enum action what);

#endif
