/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the libssh2 driver. A link is one connection: libssh2.c makes and drops it and walks
 * its states, libssh2_io.c moves its bytes, libssh2_auth.c logs in, libssh2_channel.c pumps the
 * commands and streams on it.
 *
 * Nothing is done to a session but in a turn of its link (l2_turn), and turns are never nested:
 * whatever a caller wants is noted, and l2_wake brings the next turn. So libssh2 always sees one
 * thread, one call at a time, and no callback of a user in between.
 */
#ifndef SLUICE_HOST_LIBSSH2_LINK_H
#define SLUICE_HOST_LIBSSH2_LINK_H

#include <libssh2.h>
#include <stdbool.h>
#include <uv.h>

#include "orchestrator/host/agent.h"
#include "orchestrator/host/keys.h"
#include "orchestrator/host/known_hosts.h"
#include "orchestrator/host/reach.h"
#include "orchestrator/host/transport_driver.h"
#include "plugins/sdk/buf.h"

enum l2_state {
	L2_LOOKUP,     /* waits for the name's addresses */
	L2_CONNECT,    /* TCP */
	L2_HANDSHAKE,  /* keys are exchanged */
	L2_HOSTKEY,    /* is it the host's? */
	L2_ASK,        /* a person looks at the key */
	L2_METHODS,    /* which logins does the server take? */
	L2_AGENT_LIST, /* waits for the agent's keys */
	L2_KEY,        /* tries one key after the other */
	L2_UP,
	L2_DEAD,
	L2_STATE_COUNT
};

enum l2_step { L2_NEXT, L2_WAIT }; /* go on in the state that is set now; wait for an event */

/* A key to try: a file's, or one of the agent's. */
struct l2_key {
	struct ssh_key key; /* of the agent's: type, blob, path = comment */
	bool from_agent;
};

struct l2_channel;

struct l2_link {
	struct libssh2 *owner; /* NULL once dropped */
	struct transport *t;   /* valid while owner is */
	const struct reach *reach;
	struct transport_pool *pool;
	const char *name;
	unsigned holds;
	enum l2_state state;
	bool turning;
	LIBSSH2_SESSION *session;

	/* libssh2_io.c */
	int fd;
	uv_poll_t *poll; /* memory of its own: it goes in its close callback */
	uv_idle_t wake;
	uv_timer_t beat;
	struct sl_buf out; /* what the socket would not take yet */
	uint64_t heard;    /* loop time of the newest byte */
	unsigned receives; /* calls of the receive callback: has anybody read? */
	bool hung_up;
	bool wake_noted;

	/* connecting */
	uv_getaddrinfo_t lookup;
	struct addrinfo *found, *trying;
	struct sockaddr_storage numeric;
	int connect_errno;
	struct known_hosts known;
	bool asked;

	/* logging in */
	struct l2_key *keys;
	size_t key_count, key_cap, key_at;
	struct agent_question *question;
	bool agent_asked, signing;
	unsigned char *signature;
	size_t signature_len;
	bool signature_failed;
	struct sl_buf tried;
	bool unsuitable; /* a key was there that only the ssh program can use */

	/* up */
	struct l2_channel *channels;
	struct l2_channel *opening; /* libssh2 opens one at a time */
	bool ping_wanted, pinging;
};

/* libssh2.c */
void l2_hold(struct l2_link *l);
void l2_drop(struct l2_link *l);
void l2_turn(struct l2_link *l);
/* An error that the session does not survive. The link is dead when these return. */
void l2_fail(struct l2_link *l, const struct sl_error *e);
void l2_unable(struct l2_link *l, const char *why, const struct sl_error *e);
void l2_lost(struct l2_link *l, const char *detail);

/* libssh2_io.c */
void l2_io_init(struct l2_link *l);
void l2_io_close(struct l2_link *l);
int l2_io_watch(struct l2_link *l, int fd); /* fd becomes the link's */
void l2_io_interest(struct l2_link *l, bool connecting);
void l2_io_attach(struct l2_link *l); /* the session's bytes go through us */
void l2_wake(struct l2_link *l);
#define L2_BACKLOG (256 * 1024) /* no more channel data while so much waits for the socket */

/* libssh2_auth.c */
enum l2_step l2_step_methods(struct l2_link *l);
enum l2_step l2_step_key(struct l2_link *l);
void l2_auth_release(struct l2_link *l);

/* libssh2_channel.c */
enum l2_step l2_step_up(struct l2_link *l);
void l2_channels_end(struct l2_link *l, const struct sl_error *e);
/* The session is gone, and all its channels with it. */
void l2_channels_forget(struct l2_link *l);
struct transport_pipe *l2_exec(struct l2_link *l, const char *command,
			       const struct transport_pipe_events *events, void *arg);
struct transport_pipe *l2_stream(struct l2_link *l, const struct sl_endpoint *to,
				 const struct transport_pipe_events *events, void *arg);

#endif
