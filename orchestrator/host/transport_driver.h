/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver of `struct transport` is made of: inside orchestrator/host only.
 *
 * A driver connects, and opens *pipes* on the connection: one command or one stream each. Queues,
 * deadlines, cancelling, output limits and the fan-out limit live above it, once for all drivers.
 * Drivers report errors by transport_errors.h only, so that the words are the same everywhere.
 */
#ifndef SLUICE_HOST_TRANSPORT_DRIVER_H
#define SLUICE_HOST_TRANSPORT_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "orchestrator/host/transport.h"
#include "plugins/sdk/error.h"
#include "plugins/sdk/stream.h"

/* --- pipes --- */

/* No event fires inside the call that made the pipe, nor after close. After ended only close is
 * allowed. Any event may be answered by close. */
struct transport_pipe_events {
	void (*opened)(void *arg); /* once: the command was started, the stream is connected */
	void (*data)(void *arg, int fd, const char *bytes, size_t len); /* fd 1, or 2 = stderr */
	void (*drained)(void *arg); /* all that was written has left; NULL = not interested */
	/* A command: SL_OK and how it ended. A stream: SL_OK = the other side finished. */
	void (*ended)(void *arg, int rc, const struct sl_error *e);
};

struct transport_pipe;
struct transport_pipe_ops {
	void (*write)(struct transport_pipe *p, const void *bytes, size_t len); /* copies */
	void (*finish)(struct transport_pipe *p); /* end of input, after what waits */
	size_t (*pending)(const struct transport_pipe *p);
	/* No data events while on. Off may tell at once what has waited. */
	void (*pause)(struct transport_pipe *p, bool on);
	void (*close)(struct transport_pipe *p); /* at once for the caller; kills a command */
};

/* Drivers embed it first. events is NULL once closed. */
struct transport_pipe {
	const struct transport_pipe_ops *ops;
	const struct transport_pipe_events *events;
	void *arg;
};

void pipe_opened(struct transport_pipe *p);
void pipe_data(struct transport_pipe *p, int fd, const char *bytes, size_t len);
void pipe_drained(struct transport_pipe *p);
void pipe_ended(struct transport_pipe *p, int rc, const struct sl_error *e);

/* --- drivers --- */

struct transport_driver_ops {
	enum transport_driver id;
	const char *name;
	unsigned commands;                  /* how many may run at once on one connection */
	void *(*make)(struct transport *t); /* no I/O */
	/* Ends in transport_connected, once, later, unless dropped. */
	void (*connect)(void *driver);
	/* Forget the connection, whatever its state; pipes that are still open end with *e.
	 * Afterwards connect may be called again at once. */
	void (*drop)(void *driver, const struct sl_error *e);
	struct transport_pipe *(*exec)(void *driver, const char *command,
				       const struct transport_pipe_events *events, void *arg);
	struct transport_pipe *(*stream)(void *driver, const struct sl_endpoint *to,
					 const struct transport_pipe_events *events, void *arg);
	void (*hostkey_answer)(void *driver, bool accept); /* may be NULL */
	void (*destroy)(void *driver); /* after drop; what still closes holds the pool */
};

extern const struct transport_driver_ops driver_local, driver_openssh, driver_libssh2;

/* A driver's reports. None may be made inside connect; the driver may be dropped, even destroyed,
 * when they return. */
void transport_connected(struct transport *t, const struct sl_error *e);
/* An established connection is gone (SL_ELOST). */
void transport_lost(struct transport *t, const struct sl_error *e);
/* This driver cannot serve this host: `auto` goes on with openssh (connecting from the start) and
 * says why in the log; else the connect fails with *e. */
void transport_unable(struct transport *t, const char *why, const struct sl_error *e);
/* True when somebody will answer through hostkey_answer; the connect deadline stands still. */
bool transport_ask(struct transport *t, const char *host, const char *type,
		   const char *fingerprint);

const struct transport_target *transport_target_of(const struct transport *t);
/* The target and ssh_config taken together; loaded before connect, for the life of the transport.
 * Not for the local driver. */
struct reach;
const struct reach *transport_reach(const struct transport *t);
struct transport_pool *transport_pool_of(const struct transport *t);
int64_t transport_connect_timeout(const struct transport *t);

/* --- the pool, for drivers --- */

uv_loop_t *transport_pool_loop(const struct transport_pool *p);
/* Each thing that is still closing holds the pool: `closed` waits for them. */
void transport_pool_hold(struct transport_pool *p);
void transport_pool_drop(struct transport_pool *p);
/* A read buffer that all reads of the loop share; valid until the read callback returns. */
#define TRANSPORT_SCRATCH 65536
char *transport_pool_scratch(struct transport_pool *p);
/* A private 0700 folder for sockets, made on first use, removed with the pool. NULL and *e. */
const char *transport_pool_folder(struct transport_pool *p, struct sl_error *e);
unsigned transport_pool_serial(struct transport_pool *p); /* 1, 2, 3 ...: for file names */

/* --- streams, for the tunnel: flow control that sl_stream does not have --- */

size_t transport_stream_pending(const struct sl_stream *s);
void transport_stream_pause(struct sl_stream *s, bool on);
void transport_stream_on_drained(struct sl_stream *s, void (*drained)(void *arg));

#endif
