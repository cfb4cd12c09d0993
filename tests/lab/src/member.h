/* SPDX-License-Identifier: Apache-2.0 */
/* The nouns of registering and finding, whatever the registry is. registry.h has the verbs. */
#ifndef SLUICE_LAB_MEMBER_H
#define SLUICE_LAB_MEMBER_H

#include "call.h"

#define LAB_CALLEES 64
#define LAB_APP     "shop"

enum lab_registry_kind { LAB_NO_REGISTRY, LAB_ETCD, LAB_SC };

struct lab_registry {
	enum lab_registry_kind kind;
	char address[64], environment[64];
};

/* One instance as it describes itself; empty = has none. */
struct lab_instance {
	char service[64], host[64], address[48], version[64], zone[32], lane[64];
	unsigned port;
};

struct lab_callee {
	char address[64]; /* ADDRESS:PORT */
	long weight;
};

/* Being registered, and finding one service; either part may be left out (service "" = not). */
struct lab_member {
	struct lab_registry registry;
	struct lab_instance instance;
	char callee[64];   /* the service to find */
	int ttl, every_ms; /* of the lease in s; between two looks for the callee */
	/* the thread's own */
	struct lab_ticker ticker;
	char lease[80], id[80]; /* etcd: lease; Service Center: service and instance */
	char revision[64];
	bool registered;
	int64_t due;
	/* under lock */
	pthread_mutex_t lock;
	struct lab_callee callees[LAB_CALLEES];
	long count; /* -1 = never heard */
};

/* False = it may get no traffic. state "" counts as UP. */
static inline bool lab_callee_set(struct lab_callee *c, const char *state, const char *address,
				  long port, long weight)
{
	if ((*state && strcmp(state, "UP") != 0) || port < 1 || port > 65535 || weight < 1)
		return false;
	snprintf(c->address, sizeof(c->address), "%.47s:%ld", address, port);
	c->weight = weight;
	return true;
}

#endif
