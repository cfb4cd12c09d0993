/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A byte stream to somewhere: TCP or a unix socket, from here or from a host over SSH. Whoever
 * makes one (plugins/host, orchestrator/host) embeds struct sl_stream first in its own struct and
 * fills ops. Loop thread only.
 *
 * Order of callbacks: opened once (error or not). After a failed open, and after ended, nothing
 * more fires but closed. data fires any number of times between. ended fires at most once: the
 * other side finished (SL_OK) or the stream broke. sl_stream_close may be called at any time, once,
 * also from inside a callback; after it only closed fires, later, and then the memory is gone.
 */
#ifndef SLUICE_SDK_STREAM_H
#define SLUICE_SDK_STREAM_H

#include <stddef.h>

#include "plugins/sdk/error.h"

struct sl_stream;

struct sl_stream_events {
	void (*opened)(void *arg, struct sl_stream *s, const struct sl_error *e);
	void (*data)(void *arg, struct sl_stream *s, const char *bytes, size_t len);
	void (*ended)(void *arg, struct sl_stream *s, const struct sl_error *e);
	void (*closed)(void *arg); /* may be NULL */
};

struct sl_stream_ops {
	/* Copies the bytes; at most 4 MiB may be waiting, more is SL_EPROTO and breaks the stream.
	 */
	int (*write)(struct sl_stream *s, const void *bytes, size_t len, struct sl_error *e);
	void (*finish)(struct sl_stream *s); /* no more writes: half close after what waits */
	void (*close)(struct sl_stream *s);
};

struct sl_stream {
	const struct sl_stream_ops *ops;
	const struct sl_stream_events *events; /* borrowed: must be static or outlive the stream */
	void *arg;
};

static inline int sl_stream_write(struct sl_stream *s, const void *bytes, size_t len,
				  struct sl_error *e)
{
	return s->ops->write(s, bytes, len, e);
}

static inline void sl_stream_finish(struct sl_stream *s)
{
	s->ops->finish(s);
}

static inline void sl_stream_close(struct sl_stream *s)
{
	s->ops->close(s);
}

/* Where a stream leads. host NULL = from this machine; else the inventory name of a host, and the
 * address is as seen from there, over SSH. unix_path non-NULL = a unix socket, else tcp. */
struct sl_endpoint {
	const char *host;
	const char *unix_path;
	const char *address;
	unsigned port;
};

#endif
