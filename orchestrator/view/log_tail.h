/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of an instance, followed on its host: found (which file, or which systemd unit), read
 * from its newest lines on, and read on after a lost connection. When it is closed nothing is left
 * running on the host. Loop thread only.
 */
#ifndef SLUICE_VIEW_LOG_TAIL_H
#define SLUICE_VIEW_LOG_TAIL_H

#include "orchestrator/view/host_look.h"
#include "orchestrator/view/log_lines.h"

enum log_phase {
	LOG_ASKING,    /* where is the log? */
	LOG_OPENING,   /* connecting, and waiting for its first bytes */
	LOG_FOLLOWING, /* lines come as they are written */
	LOG_LOST,      /* tried again by itself */
	LOG_UNKNOWN,   /* sluice knows no log of that */
	LOG_ENDED      /* of one that was not to be followed */
};

struct log_tail;

struct log_ask {
	/* HOST, HOST:PORT or HOST:/FILE; HOST is an inventory's name, or an address of one */
	const char *subject;
	unsigned lines; /* of those that are there already */
	bool once;      /* read them and end */
};

/* NULL and *e when the inventory has no such host. The hosts must outlive it: their close ends it
 * too, but it is to be closed first. changed: lines or phase; may close it. */
struct log_tail *log_tail_open(struct host_looks *hosts, uv_loop_t *loop, const struct log_ask *ask,
			       void (*changed)(void *arg), void *arg, struct sl_error *e);
/* Is the subject's host one of the inventory's? */
bool log_tail_knows(const struct host_looks *hosts, const char *subject);
void log_tail_close(struct log_tail *t); /* at once for the caller */
struct log_lines *log_tail_lines(struct log_tail *t);
enum log_phase log_tail_phase(const struct log_tail *t);
const char *log_tail_host(const struct log_tail *t);
const char *log_tail_where(const struct log_tail *t); /* the file or unit; "" = not known yet */
const char *log_tail_error(const struct log_tail *t); /* the last one; "" = none */
enum sl_err log_tail_code(const struct log_tail *t);
int64_t log_tail_next(const struct log_tail *t); /* LOG_LOST: Unix ms of the next try */
void log_tail_again(struct log_tail *t);         /* try now, unless it is at it */

#endif
