/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts of an inventory as they are now: each is asked over its transport by one script, again and
 * again while somebody looks. Connections are kept in between. A host that does not answer keeps
 * what it said last, and is tried less often; it never holds up the others. Loop thread only.
 */
#ifndef SLUICE_VIEW_HOST_LOOK_H
#define SLUICE_VIEW_HOST_LOOK_H

#include "orchestrator/inventory/inventory.h"
#include "orchestrator/view/host_facts.h"

struct host_looks;

struct host_seen {
	const struct rs_host *host;
	struct host_facts facts; /* as of read_at */
	int64_t read_at;         /* Unix ms; 0 = it never answered */
	int64_t took_ms;         /* how long that answer took */
	struct sl_error error;   /* of the last try; SL_OK */
	int64_t tried_at;        /* end of the last try, Unix ms; 0 = not tried yet */
	int64_t next_at;         /* of the next one, CLOCK_BOOTTIME ms: clocks are set */
	unsigned failures;       /* tries since the last answer */
};

/* f and store must outlive it; store (may be NULL) tells release dirs. Does no I/O but reading the
 * store. NULL and *e when the inventory's hosts cannot be told. */
struct host_looks *host_looks_open(uv_loop_t *loop, const struct inventory_file *f,
				   struct store *store, struct sl_error *e);
void host_looks_close(struct host_looks *h, void (*closed)(void *arg), void *arg);

/* Ask all hosts now and every few seconds, until told otherwise. */
void host_looks_want(struct host_looks *h, bool on);
void host_looks_again(struct host_looks *h); /* all of them now */
/* From now on only that one is asked, and counts below. False = there is no such host. */
bool host_looks_only(struct host_looks *h, const char *name);
/* Called when something was learned, but not for every host by itself. */
void host_looks_on_change(struct host_looks *h, void (*changed)(void *arg), void *arg);
bool host_looks_settled(const struct host_looks *h); /* every host was tried */
bool host_looks_any(const struct host_looks *h);     /* did one ever answer? */

size_t host_looks_count(const struct host_looks *h);
const struct host_seen *host_looks_at(const struct host_looks *h, size_t i);
const struct host_seen *host_looks_find(const struct host_looks *h, const char *name); /* or NULL */
/* By its name, or by an address that it has. */
const struct host_seen *host_looks_named(const struct host_looks *h, const char *name);
/* Where something is that says its host and its address (each may be NULL or "") and its port (0 =
 * none), as log_tail_open takes it: HOST:PORT or HOST, by the one of the two that the inventory
 * knows. False = it says neither. h may be NULL. */
bool host_looks_place(const struct host_looks *h, const char *host, const char *address,
		      unsigned port, char *dst, size_t size);
/* Release dirs that the journal knows, one a line. */
const char *host_looks_dirs(const struct host_looks *h, const char *name);
/* The service in a release dir of a host: from the journal, else the folder's own name. */
const char *host_looks_service(const struct host_looks *h, const char *host, const char *dir);
struct transport *host_looks_transport(struct host_looks *h, const char *name); /* or NULL */

#endif
