/* SPDX-License-Identifier: Apache-2.0 */
/* What one host said about itself, and what is to be thought of it. Pure. */
#ifndef SLUICE_VIEW_HOST_FACTS_H
#define SLUICE_VIEW_HOST_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/host/remote.h"
#include "orchestrator/view/view.h"

#define HOST_DISKS_MAX   64
#define HOST_RUNNING_MAX 512

struct host_disk {
	char *folder, *mount; /* folder: what was asked about */
	double used;          /* share */
	double total_kb, free_kb;
};

/* An instance as its host sees it. Strings are never NULL. */
struct host_running {
	char *dir, *link;
	unsigned port;              /* 0 = none */
	char *target;               /* where the link points: a release, or a path */
	enum vw_state state;        /* ok, failed (does not run), noContact (cannot be told) */
	char *pid, *release, *spec; /* what lives, or lived last */
	int64_t since;              /* Unix ms when it started; 0 = unknown */
	char *unit, *log, *message; /* systemd unit, log file, why it does not run; "" = none */
};

/* Numbers are NaN when the host did not say, or said what cannot be. */
struct host_facts {
	double load, cpus, memory, skew_ms; /* memory: share in use; skew: host minus here */
	double cpu;                         /* share busy since the facts before these */
	double busy, idle;                  /* ticks since boot */
	int64_t booted;                     /* Unix ms by our clock; 0 = unknown */
	char *kernel;                       /* "" = unknown */
	struct host_disk *disks;
	size_t disk_count;
	struct host_running *running;
	size_t running_count;
	char *claim; /* number of a run that holds one of its folders; "" = none */
};

/*
 * Read an answer of REMOTE_HOST. began, ended: Unix ms around the call. before may be NULL.
 * What cannot be read is left out; nothing in an answer is trusted.
 */
void host_facts_read(struct host_facts *f, const struct remote_answer *a, int64_t began,
		     int64_t ended, const struct host_facts *before);
void host_facts_release(struct host_facts *f);
double host_facts_disk(const struct host_facts *f); /* fullest, share; NaN = unknown */

/* How well a host is that answered within took_ms. note: the worst reason, "" = none. */
enum vw_state host_facts_judge(const struct host_facts *f, int64_t took_ms, char *note,
			       size_t size);

#endif
