/* SPDX-License-Identifier: Apache-2.0 */
/* Views that are more than a row of the list in plain.c. */
#ifndef SLUICE_CONSOLE_VIEWS_H
#define SLUICE_CONSOLE_VIEWS_H

#include "console/app.h"

extern const struct screen_ops view_runs;    /* runs.c */
extern const struct screen_ops view_run;     /* run.c: one of them */
extern const struct screen_ops view_steps;   /* steps.c: of one wave */
extern const struct screen_ops view_launch;  /* launch.c: one that may be started */
extern const struct screen_ops view_traces;  /* traces.c */
extern const struct screen_ops view_events;  /* events.c */
extern const struct screen_ops view_alerts;  /* alerts.c */
extern const struct screen_ops view_trace;   /* trace.c: one of them */
extern const struct screen_ops view_keys;    /* key.c */
extern const struct screen_ops view_key;     /* key.c: one of them */
extern const struct screen_ops view_service; /* service.c: one of them */
extern const struct screen_ops view_hosts;   /* hosts.c */
extern const struct screen_ops view_host;    /* host.c: one of them */
extern const struct screen_ops view_about;   /* about.c */
extern const struct screen_ops view_log;     /* log.c: of an instance */

/* --- carry.c --- */
/* `sluice ARGS` in the background; ARGS end with NULL. How it ends is said as "WHAT: its last
 * line", and sources are asked anew. Takes what, and file (NULL = none), which is removed then.
 * False = it does not begin, which was said. */
bool carry(struct app *a, const char *const *args, char *what, char *file);

/* --- traces.c --- */
bool traces_have_source(struct app *a);
/* ACT_TRACES in views of services, and of what belongs to one. */
bool traces_act(struct app *a, struct screen *s, enum action what);
const char *traces_why(struct app *a, struct screen *s, enum action what);

/* --- service.c: ACT_LOG (of its worst instance), ACT_DEPENDENCIES and ACT_CONFIG in tables whose
 * rows are, or belong to, a service --- */
bool service_act(struct app *a, struct screen *s, enum action what);

/* --- hosts.c --- */
/* In whole seconds, or more; none where the clock stands still. Returns dst. */
const char *host_span(const struct app *a, int64_t ms, char *dst, size_t size);

/* --- log.c, shell.c: ACT_LOG and ACT_SHELL in tables whose rows belong to a host --- */
extern const enum action host_offers[]; /* both */
bool host_act(struct app *a, struct screen *s, enum action what);
bool log_act(struct app *a, struct screen *s, enum action what);
bool shell_act(struct app *a, struct screen *s, enum action what);
/* A shell on that host of the inventory, or with that address. */
void shell_open(struct app *a, const char *host);
/* HOST or HOST:PORT of a row, by its columns. False = the row has no host. */
bool host_of_row(struct app *a, const struct table *t, bool with_port, char *dst, size_t size);

#endif
