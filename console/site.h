/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the console looks at: the store of runs and, with an inventory, the catalogue of its
 * backends. Loop thread only.
 */
#ifndef SLUICE_CONSOLE_SITE_H
#define SLUICE_CONSOLE_SITE_H

#include <uv.h>

#include "orchestrator/view/view.h"

#define SITE_SLACK_MS 1000 /* that an answer may take before its age is counted */

struct site;
struct questions; /* question.h */

enum site_change { SITE_RUNS = 1, SITE_CATALOGUE = 2, SITE_ANSWER = 4, SITE_HOSTS = 8 };

/* folder, inventory: NULL = the usual state folder; no backends. interval_ms: between two polls of
 * a backend, 0 = the usual. */
int site_open(uv_loop_t *loop, const char *folder, const char *inventory, int64_t interval_ms,
	      void (*changed)(void *arg, unsigned what), void *arg, struct site **out,
	      struct sl_error *e);
/* Open the backends, which loads plugins and runs the commands of secrets: let the first frame
 * stand before. */
int site_connect(struct site *s, struct sl_error *e);
void site_close(struct site *s, void (*closed)(void *arg), void *arg);

uv_loop_t *site_loop(struct site *s);
struct store *site_store(struct site *s);
struct catalogue *site_catalogue(struct site *s); /* NULL without an inventory */
/* The inventory's hosts; opened when first asked for. NULL without an inventory, or when it is
 * wrong. */
struct host_looks *site_hosts(struct site *s);
bool site_names_hosts(const struct site *s); /* does the inventory? Opens nothing. */
const char *site_environment(const struct site *s);
bool site_production(const struct site *s);
const char *site_inventory(const struct site *s); /* NULL = none */
int64_t site_runs_read(const struct site *s);     /* Unix ms of the last good look at the store */
/* Does the age of a source change what is shown, second by second? */
bool site_is_ageing(struct site *s);
/* Roles that somebody looks at now. */
void site_want(struct site *s, unsigned roles);
void site_want_hosts(struct site *s, bool on);
/* Has every source that is looked at answered, and every question? */
bool site_settled(struct site *s);
struct questions *site_questions(struct site *s); /* under way */
void site_answered(struct site *s);               /* one has its answer */
struct vw_world site_world(struct site *s, const char *subject, int64_t now);

/* --- spawn.c: `sluice` in the background --- */

/* The code when the site was closed before: it, and all screens, are gone. */
#define SPAWNED_LEFT (-1)

struct spawned;
struct spawn_how {
	const char *const *args; /* NULL-terminated, without the program's name */
	size_t keep;             /* of what it says, bytes; 0 = only its last line is told */
	bool ends_with_us;       /* TERM when the site is closed; else it goes on */
	/* Once, when it has ended; said is borrowed. */
	void (*done)(void *arg, int code, const char *said);
	void *arg;
};
/* *out NULL = not wanted; good until done. On an error done is not called. */
int site_spawn(struct site *s, const struct spawn_how *how, struct spawned **out,
	       struct sl_error *e);
void spawned_end(struct spawned *c); /* TERM, to all that it started; done still comes */

/* Those under way, of a site. */
struct spawned **site_spawned(struct site *s);
void spawned_close(struct spawned *first);

#endif
