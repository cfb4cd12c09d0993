/* SPDX-License-Identifier: Apache-2.0 */
/* What transport.c (connections), transport_call.c and transport_stream.c share. */
#ifndef SLUICE_HOST_TRANSPORT_INTERNAL_H
#define SLUICE_HOST_TRANSPORT_INTERNAL_H

#include <stdbool.h>
#include <utlist.h>
#include <uv.h>

#include "orchestrator/host/reach.h"
#include "orchestrator/host/transport_driver.h"
#include "plugins/sdk/buf.h"

enum transport_phase { PHASE_IDLE, PHASE_CONNECTING, PHASE_CONNECTED, PHASE_LEAVING };

struct transport {
	struct transport_pool *pool;
	struct transport_target target;
	enum transport_phase phase;
	const struct transport_driver_ops *ops; /* chosen on first use */
	void *driver;
	struct reach reach;
	bool reach_loaded;
	uv_timer_t deadline;          /* of connecting */
	bool asking;                  /* a person looks at a host key: the deadline stands still */
	bool active;                  /* holds one of the pool's slots */
	bool waiting;                 /* is in the pool's list of those who want one */
	struct transport_call *queue; /* not started, in order */
	struct transport_call *running;          /* started */
	unsigned commands;                       /* of those in running, how many are commands */
	struct transport *next, *prev;           /* all of the pool */
	struct transport *wait_next, *wait_prev; /* those waiting for a slot */
};

enum call_kind { CALL_CONNECT, CALL_RUN, CALL_PUT, CALL_STREAM };

/* What a call does once its transport is connected. */
struct transport_call {
	enum call_kind kind;
	struct transport *t;
	bool started, ending;
	struct transport_pipe *pipe;
	uv_timer_t timer; /* its deadline; then the turn in which done fires */
	int64_t timeout_ms;
	char *command;
	char *input;
	size_t input_len;
	struct sl_buf out, err;
	transport_data data;        /* CALL_RUN that is followed; else NULL */
	struct put *put;            /* CALL_PUT */
	struct sl_endpoint to;      /* CALL_STREAM: strings are ours */
	struct host_stream *stream; /* CALL_STREAM */
	struct sl_error error;
	int rc;
	transport_done done;
	void *arg;
	struct transport_call *next, *prev;
};

/* transport.c */
void transport_enqueue(struct transport_call *c);
void transport_settle(struct transport *t); /* a call left: start others, give the slot back */
bool transport_pool_closing(const struct transport_pool *p);

/* transport_call.c */
struct transport_call *call_make(struct transport *t, enum call_kind kind, int64_t timeout_ms,
				 transport_done done, void *arg);
void call_start(struct transport_call *c);
/* Ends it: done fires in a later turn. e NULL = SL_OK. */
void call_end(struct transport_call *c, int rc, const struct sl_error *e);
bool call_is_command(const struct transport_call *c);

/* transport_put.c */
struct put *put_make(const char *local_file, const char *path, unsigned mode);
void put_start(struct transport_call *c);
void put_free(struct put *p); /* at once for the caller */

/* transport_stream.c */
void stream_start(struct transport_call *c);
void stream_call_ended(struct host_stream *s, const struct sl_error *e);

#endif
