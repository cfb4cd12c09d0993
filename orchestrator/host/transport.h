/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaching one host. Three drivers behind one interface: `local` (sh on this machine: tests and
 * simulations), `openssh` (the ssh program, one multiplexed master a host), `libssh2` (non-blocking
 * on the loop). `auto` takes libssh2 unless the host's configuration, keys or server need what it
 * cannot do; then openssh, with one log line saying why. The error words are this interface's:
 * every driver uses the codes and sentences of transport_errors.c. Loop thread only.
 *
 * A transport connects on first use, keeps its connection for the run, and reconnects by itself on
 * the next call after the connection was lost (calls in flight end with SL_ELOST). It never repeats
 * a call by itself.
 */
#ifndef SLUICE_HOST_TRANSPORT_H
#define SLUICE_HOST_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/stream.h"

enum transport_driver { TRANSPORT_AUTO, TRANSPORT_LIBSSH2, TRANSPORT_OPENSSH, TRANSPORT_LOCAL };

/* How to reach a host: the inventory's ssh settings, resolved for this host. Strings are borrowed
 * for the life of the transport. NULL / 0 = not set: ssh_config, then the default, decides. */
struct transport_target {
	const char *name;    /* inventory name: used in every message */
	const char *address; /* what to connect to (also the name ssh_config is asked for) */
	unsigned port;
	const char *user;
	const char *jump;
	const char *const *identities; /* private key files, NULL-terminated, or NULL */
	const char *known_hosts;       /* file; NULL = ~/.ssh/known_hosts and the system's */
	const char *config;            /* ssh_config file; NULL = ~/.ssh/config and the system's */
	enum transport_driver driver;
	int64_t connect_timeout_ms; /* 0 = 10 s */
	int64_t command_timeout_ms; /* 0 = 5 min; per call, unless the call says otherwise */
	const char *local_root;     /* local driver: HOME for its commands; NULL = the process's */
};

struct transport;
struct transport_pool; /* shares what transports share: loop, worker threads, connect limit */

/* fanout: how many hosts may be connecting or executing at once; the rest wait in order. */
struct transport_pool *transport_pool_new(uv_loop_t *loop, unsigned fanout);
/* Closes every transport; calls in flight end with SL_ECANCELED first. */
void transport_pool_close(struct transport_pool *p, void (*closed)(void *arg), void *arg);

/*
 * May an unknown host key be accepted? Asked on a terminal only; NULL (default) = refuse.
 * `fingerprint` is "SHA256:...". Answer through transport_hostkey_answer, now or later.
 */
typedef void (*transport_ask_hostkey)(void *arg, struct transport *t, const char *host,
				      const char *type, const char *fingerprint);
void transport_pool_on_unknown_key(struct transport_pool *p, transport_ask_hostkey ask, void *arg);
void transport_hostkey_answer(struct transport *t, bool accept);

/* Never NULL, does no I/O. Owned by the pool. */
struct transport *transport_new(struct transport_pool *p, const struct transport_target *target);
const char *transport_name(const struct transport *t);
/* Which driver serves it, once connected; TRANSPORT_AUTO before. */
enum transport_driver transport_driver_used(const struct transport *t);

struct transport_call;

/* The end of a call. error SL_OK: the command ran and ended with rc (0..255; 128+n by signal n).
 * A non-zero rc is NOT an error here. */
struct transport_result {
	struct sl_error error;
	int rc;
	const char
		*out; /* standard output, at most max_out newest bytes; NUL-terminated; borrowed */
	size_t out_len;
	const char *err; /* standard error, at most 16 KiB newest bytes */
	size_t err_len;
};
typedef void (*transport_done)(void *arg, const struct transport_result *result);

struct transport_exec {
	const char *command; /* for the login shell, as is: keep it to words every shell knows */
	const void *input;   /* standard input, copied; then EOF */
	size_t input_len;
	size_t max_out;     /* 0 = 1 MiB */
	int64_t timeout_ms; /* 0 = the target's command_timeout_ms; counts from the start of exec,
			     * connecting has its own deadline */
};

/* Connect now (for preflight: rc is 0 when connected). done exactly once, never inside. */
struct transport_call *transport_connect(struct transport *t, transport_done done, void *arg);
struct transport_call *transport_run(struct transport *t, const struct transport_exec *exec,
				     transport_done done, void *arg);
/*
 * A command whose output is wanted as it comes, without end: fd 1 or 2; never inside this call, nor
 * after done. Its input stays open after exec->input and ends with the call: a command that must
 * not outlive us waits for that. There is no deadline but that of connecting.
 */
typedef void (*transport_data)(void *arg, int fd, const char *bytes, size_t len);
struct transport_call *transport_follow(struct transport *t, const struct transport_exec *exec,
					transport_data data, transport_done done, void *arg);
/* Send a local file to `path` on the host (created with `mode`, truncated if there); the folder
 * must exist. Not atomic: upload into staging, then verify. SL_ENOSPACE when the disk is full. */
struct transport_call *transport_put(struct transport *t, const char *local_file, const char *path,
				     unsigned mode, int64_t timeout_ms, transport_done done,
				     void *arg);
void transport_cancel(struct transport_call *call); /* done fires later with SL_ECANCELED */

/* A stream from the host to a TCP address or unix socket as seen there. to->host is ignored. */
struct sl_stream *transport_stream(struct transport *t, const struct sl_endpoint *to,
				   int64_t timeout_ms, const struct sl_stream_events *events,
				   void *arg);

/* The words of a program that gives a person a shell there, reached as the drivers reach it.
 * NULL-terminated, yours: transport_shell_args_free. NULL = the target is not sound. */
char **transport_shell_args(const struct transport_target *target);
void transport_shell_args_free(char **args);

/*
 * A listening unix socket of ours in a private 0700 folder whose connections are pumped to
 * `to` through the host: HTTP through SSH (give its path to sl_http_request.unix_socket). Returns
 * NULL and *e on local failure. The path is borrowed for the life of the tunnel.
 */
struct tunnel;
struct tunnel *tunnel_open(struct transport *t, const struct sl_endpoint *to, struct sl_error *e);
const char *tunnel_path(const struct tunnel *tn);
void tunnel_close(struct tunnel *tn); /* at once for the caller; memory goes later */

#endif
