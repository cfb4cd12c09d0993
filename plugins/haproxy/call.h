/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance, its nodes, and a call: a sequence of rounds, each of which asks some nodes one
 * command line in parallel and goes on when all have answered, failed, or the time is up.
 */
#ifndef SLUICE_HAPROXY_CALL_H
#define SLUICE_HAPROXY_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/haproxy/parse.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/plugin.h"

struct hap_node {
	char *label;  /* the host's name, or the socket */
	char *socket; /* unix path, or the host part of tcp:// */
	struct sl_endpoint at;
};

struct hap {
	const struct sl_host_services *services; /* the host keeps it longer than us */
	char *name;                              /* of the backend in the inventory */
	struct hap_node *nodes;
	size_t node_count;
	struct sl_call *calls;
	size_t pending; /* questions whose stream is not gone, and the tick of close */
	bool closing;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct hap_ask;

/* One node in a call. */
struct hap_turn {
	struct sl_call *call;
	const struct hap_node *node;
	struct hap_ask *ask; /* while one runs */
	struct sl_error error;
	struct hap_view prior, now;
	struct sl_buf line; /* what to ask in this round; empty = nothing */
	size_t commands;    /* in line */
	bool touched;       /* a change was sent: it may have taken effect */
};

struct sl_call {
	struct hap *hap;
	struct sl_call *prev, *next;
	char *backend;
	int64_t timeout_ms;
	struct sl_timer *timer;
	struct hap_turn *turns; /* hap->node_count of them */
	size_t waiting;
	void (*answer)(struct hap_turn *turn, const char *bytes, size_t len);
	void (*then)(struct sl_call *call);
	/* Tell the user *e and release what is the kind's own. */
	void (*finish)(struct sl_call *call, const struct sl_error *e);
	bool ending;
	struct sl_error error; /* when ending */
};

/* Prepare a call (embedded first in the kind's struct) and list it. Takes nothing. */
void hap_call_init(struct sl_call *call, struct hap *hap, const char *backend, int64_t timeout_ms,
		   void (*finish)(struct sl_call *call, const struct sl_error *e));
/* Ask every node that has a line; then answer for each that replied, then `then` once. */
void hap_call_round(struct sl_call *call,
		    void (*answer)(struct hap_turn *turn, const char *bytes, size_t len),
		    void (*then)(struct sl_call *call));
/* Give every node the line that reads the backend. */
void hap_call_lines_read(struct sl_call *call);
/* Answers of such a round, into turn->prior or turn->now. */
void hap_turn_read_prior(struct hap_turn *turn, const char *bytes, size_t len);
void hap_turn_read_now(struct hap_turn *turn, const char *bytes, size_t len);
/* The first node's error, and how many more failed; SL_OK if none did. */
int hap_call_first_error(const struct sl_call *call, struct sl_error *e);
/* Finish now, and free. Only from a callback, never inside start. */
void hap_call_end(struct sl_call *call, const struct sl_error *e);
/* Finish with this error from the loop, whatever was going on. */
void hap_call_end_later(struct sl_call *call, const struct sl_error *e);

void hap_maybe_free(struct hap *hap);

/* read.c, write.c */
struct sl_call *hap_read(void *instance, const char *backend, int64_t timeout_ms,
			 const struct sl_router_sink *sink, void *arg);
struct sl_call *hap_write(void *instance, const char *backend,
			  const struct sl_router_change *changes, size_t count, int64_t timeout_ms,
			  void (*done)(void *arg, const struct sl_error *e), void *arg);

/* ask.c: one line to one node over a connection of its own. done fires once, later, unless the
 * question is cancelled. On an error bytes is what came before it. */
typedef void (*hap_ask_done)(void *arg, const struct sl_error *e, const char *bytes, size_t len);
struct hap_ask *hap_ask_start(struct hap *hap, const struct hap_node *node, const char *line,
			      int64_t timeout_ms, hap_ask_done done, void *arg);
void hap_ask_cancel(struct hap_ask *ask);

#endif
