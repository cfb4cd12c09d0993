/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and streams on a libssh2 session. After each event all channels are pumped until each
 * says "again", because whichever call reads the socket reads for all of them. What a peer may send
 * unread is bounded by the window that reading grants.
 *
 * libssh2 opens one channel at a time, has no call that only reads, and no keepalive that survives
 * a full socket. For both of these a ping is used: the opening of a channel of a type that no
 * server knows, whose refusal is the answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "orchestrator/host/libssh2_link.h"
#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/wire.h"
#include "plugins/sdk/mem.h"

#define WINDOW       (2 * 1024 * 1024)
#define PACKET       32768
#define READS_A_TURN 16
#define PING         "ping@sluice"

enum channel_state { CH_OPEN, CH_REQUEST, CH_RUN, CH_LINGER, CH_FREE, CH_GONE, CH_STATE_COUNT };

struct chunk {
	size_t len, sent;
	struct chunk *next;
	char bytes[];
};

struct l2_channel {
	struct transport_pipe pipe;
	struct l2_link *link;
	LIBSSH2_CHANNEL *ch;
	enum channel_state state;
	char *command; /* NULL = a stream */
	struct sl_endpoint to;
	struct sl_buf payload; /* of the opening: must stay as it is until that is done */
	struct chunk *chunks, *chunk_last;
	size_t pending;
	bool paused, finishing, eof_sent, input_over, ended, closed;
	struct l2_channel *prev, *next;
};

/* --- errors --- */

/* Errors that concern the channel alone. All others end the session. */
static bool channel_only(int rc)
{
	return rc <= LIBSSH2_ERROR_CHANNEL_FAILURE && rc >= LIBSSH2_ERROR_CHANNEL_EOF_SENT;
}

static void session_lost(struct l2_link *l)
{
	char *why = NULL;

	libssh2_session_last_error(l->session, &why, NULL, 0);
	l2_lost(l, l->hung_up ? "closed by the host" : why);
}

static void channel_end(struct l2_channel *c, int rc, const struct sl_error *e)
{
	if (c->ended)
		return;
	c->ended = true;
	pipe_ended(&c->pipe, rc, e);
}

/* --- opening --- */

static void open_failed(struct l2_channel *c)
{
	struct l2_link *l = c->link;
	struct sl_error e;
	char *why = NULL;

	libssh2_session_last_error(l->session, &why, NULL, 0);
	c->state = CH_GONE;
	if (c->command)
		host_error_sessions(&e, l->name);
	else
		host_error_stream(&e, l->name, &c->to, why);
	channel_end(c, 0, &e);
}

static const char *channel_type(const struct l2_channel *c)
{
	return c->command        ? "session"
	       : c->to.unix_path ? "direct-streamlocal@openssh.com"
				 : "direct-tcpip";
}

static bool step_open(struct l2_channel *c)
{
	struct l2_link *l = c->link;
	const char *type = channel_type(c);
	int rc;

	if ((l->opening && l->opening != c) || l->pinging)
		return false;
	if (!l->opening && c->closed) {
		c->state = CH_GONE;
		return true;
	}
	l->opening = c;
	c->ch = libssh2_channel_open_ex(l->session, type, (unsigned)strlen(type), WINDOW, PACKET,
					c->payload.data, (unsigned)c->payload.len);
	rc = c->ch ? 0 : libssh2_session_last_errno(l->session);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return false;
	l->opening = NULL;
	if (c->ch && c->command) {
		c->state = CH_REQUEST;
	} else if (c->ch) {
		c->state = CH_RUN;
		pipe_opened(&c->pipe);
	} else if (channel_only(rc)) {
		open_failed(c);
	} else {
		session_lost(l);
	}
	return true;
}

static bool step_request(struct l2_channel *c)
{
	struct sl_error e;
	int rc;

	if (c->closed) {
		c->state = CH_FREE;
		return true;
	}
	rc = libssh2_channel_process_startup(c->ch, "exec", 4, c->command,
					     (unsigned)strlen(c->command));
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return false;
	if (rc == 0) {
		c->state = CH_RUN;
		pipe_opened(&c->pipe);
	} else if (channel_only(rc)) {
		c->state = CH_FREE;
		host_error_no_shell(&e, c->link->name);
		channel_end(c, 0, &e);
	} else {
		session_lost(c->link);
	}
	return true;
}

/* --- running --- */

static void drop_chunks(struct l2_channel *c)
{
	struct chunk *k, *next;

	LL_FOREACH_SAFE(c->chunks, k, next)
	{
		free(k);
	}
	c->chunks = c->chunk_last = NULL;
	c->pending = 0;
}

static void chunk_sent(struct l2_channel *c, size_t n)
{
	struct chunk *k = c->chunks;

	k->sent += n;
	c->pending -= n;
	if (k->sent < k->len)
		return;
	c->chunks = k->next;
	if (!c->chunks)
		c->chunk_last = NULL;
	free(k);
}

/* Whether something moved. On "again" the next call has the same arguments: chunks stay. */
static bool pump_writes(struct l2_channel *c)
{
	struct l2_link *l = c->link;
	bool moved = false;
	ssize_t n;

	while (c->chunks && !c->input_over && l->out.len < L2_BACKLOG) {
		n = libssh2_channel_write(c->ch, c->chunks->bytes + c->chunks->sent,
					  c->chunks->len - c->chunks->sent);
		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			return moved;
		if (n < 0 && !channel_only((int)n)) {
			session_lost(l);
			return true;
		}
		if (n < 0) {
			/* The other side takes no more: how it ends will tell. */
			c->input_over = true;
			drop_chunks(c);
			return true;
		}
		moved = true;
		chunk_sent(c, (size_t)n);
		if (!c->chunks)
			pipe_drained(&c->pipe);
		if (c->closed || l->state == L2_DEAD)
			return true;
	}
	if (c->finishing && !c->chunks && !c->eof_sent && !c->input_over &&
	    libssh2_channel_send_eof(c->ch) != LIBSSH2_ERROR_EAGAIN)
		c->eof_sent = true;
	return moved;
}

/* One of the two outputs; bounded, so that one loud channel does not keep the loop. */
static bool pump_reads(struct l2_channel *c, int stream)
{
	struct l2_link *l = c->link;
	char *scratch = transport_pool_scratch(l->pool);
	bool moved = false;
	ssize_t n;

	for (int i = 0; i < READS_A_TURN; i++) {
		if (c->paused || c->closed || l->state == L2_DEAD)
			return moved;
		n = libssh2_channel_read_ex(c->ch, stream, scratch, TRANSPORT_SCRATCH);
		if (n == LIBSSH2_ERROR_EAGAIN || n == 0)
			return moved;
		if (n < 0 && channel_only((int)n))
			return moved;
		if (n < 0) {
			session_lost(l);
			return true;
		}
		moved = true;
		pipe_data(&c->pipe, stream ? 2 : 1, scratch, (size_t)n);
	}
	l2_wake(l);
	return false; /* enough for this turn */
}

static bool step_run(struct l2_channel *c)
{
	struct l2_link *l = c->link;
	bool moved;

	if (c->closed) {
		c->state = CH_FREE;
		return true;
	}
	moved = pump_writes(c);
	if (l->state != L2_DEAD && !c->closed)
		moved |= pump_reads(c, 0);
	if (l->state != L2_DEAD && !c->closed)
		moved |= pump_reads(c, SSH_EXTENDED_DATA_STDERR);
	if (l->state == L2_DEAD || c->closed || c->paused || libssh2_channel_eof(c->ch) != 1)
		return moved;
	if (c->command) {
		c->state = CH_LINGER;
		return true;
	}
	if (!c->ended)
		channel_end(c, 0, NULL);
	return moved;
}

static int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{"HUP", 1},   {"INT", 2},   {"QUIT", 3},  {"ILL", 4},   {"TRAP", 5},
		{"ABRT", 6},  {"FPE", 8},   {"KILL", 9},  {"USR1", 10}, {"SEGV", 11},
		{"USR2", 12}, {"PIPE", 13}, {"ALRM", 14}, {"TERM", 15},
	};

	for (size_t i = 0; i < SL_COUNT(signals); i++) {
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	}
	return 127;
}

static int exit_code(struct l2_channel *c)
{
	char *signal = NULL;
	int rc;

	libssh2_channel_get_exit_signal(c->ch, &signal, NULL, NULL, NULL, NULL, NULL);
	if (!signal)
		return libssh2_channel_get_exit_status(c->ch);
	rc = 128 + signal_number(signal);
	libssh2_free(c->link->session, signal);
	return rc;
}

/* Its outputs are closed; how it ended comes with the channel's close. */
static bool step_linger(struct l2_channel *c)
{
	int rc;

	if (c->closed) {
		c->state = CH_FREE;
		return true;
	}
	pump_writes(c);
	if (c->link->state == L2_DEAD || c->closed)
		return true;
	rc = libssh2_channel_wait_closed(c->ch);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return false;
	if (rc < 0 && !channel_only(rc)) {
		session_lost(c->link);
		return true;
	}
	c->state = CH_FREE;
	channel_end(c, exit_code(c), NULL);
	return true;
}

static bool step_free(struct l2_channel *c)
{
	drop_chunks(c);
	if (libssh2_channel_free(c->ch) == LIBSSH2_ERROR_EAGAIN)
		return false;
	c->ch = NULL;
	c->state = CH_GONE;
	return true;
}

static bool step_gone(struct l2_channel *c)
{
	(void)c;
	return false;
}

static bool (*const steps[CH_STATE_COUNT])(struct l2_channel *c) = {
	[CH_OPEN] = step_open,     [CH_REQUEST] = step_request, [CH_RUN] = step_run,
	[CH_LINGER] = step_linger, [CH_FREE] = step_free,       [CH_GONE] = step_gone,
};

/* --- the pump --- */

static void channel_destroy(struct l2_channel *c)
{
	struct l2_link *l = c->link;

	DL_DELETE(l->channels, c);
	drop_chunks(c);
	sl_buf_release(&c->payload);
	free(c->command);
	free((char *)c->to.address);
	free((char *)c->to.unix_path);
	free(c);
	l2_drop(l);
}

static bool ping(struct l2_link *l)
{
	int rc = 0;

	if (l->opening || (!l->ping_wanted && !l->pinging))
		return false;
	l->pinging = true;
	l->ping_wanted = false;
	/* A server that opens it is strange, but answers. */
	if (!libssh2_channel_open_ex(l->session, PING, strlen(PING), WINDOW, PACKET, NULL, 0))
		rc = libssh2_session_last_errno(l->session);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return false;
	l->pinging = false;
	if (l->hung_up || (rc && !channel_only(rc))) {
		session_lost(l);
		return false;
	}
	return true;
}

/* Channels leave the list only here, so that callbacks may do what they like. */
enum l2_step l2_step_up(struct l2_link *l)
{
	struct l2_channel *c, *next;
	bool moved;

	do {
		moved = ping(l);
		for (c = l->channels; c && l->state == L2_UP; c = next) {
			moved |= steps[c->state](c);
			next = c->next;
			if (c->state == CH_GONE && c->closed)
				channel_destroy(c);
		}
	} while (moved && l->state == L2_UP);
	return L2_WAIT;
}

void l2_channels_end(struct l2_link *l, const struct sl_error *e)
{
	struct l2_channel *c;

	/* Whoever hears of one may close any of them: each round looks anew. */
	do {
		DL_FOREACH(l->channels, c)
		{
			if (!c->ended && !c->closed)
				break;
		}
		if (c)
			channel_end(c, 0, e);
	} while (c);
}

void l2_channels_forget(struct l2_link *l)
{
	struct l2_channel *c, *next;

	l2_hold(l);
	DL_FOREACH_SAFE(l->channels, c, next)
	{
		c->ch = NULL;
		c->state = CH_GONE;
		if (c->closed)
			channel_destroy(c);
	}
	l2_drop(l);
}

/* --- what the user does --- */

static struct l2_channel *channel_of(const struct transport_pipe *p)
{
	return (struct l2_channel *)p;
}

static void op_write(struct transport_pipe *p, const void *bytes, size_t len)
{
	struct l2_channel *c = channel_of(p);
	struct chunk *k;

	if (c->ended || c->finishing || c->input_over || !len)
		return;
	k = sl_alloc(sizeof *k + len);
	k->len = len;
	memcpy(k->bytes, bytes, len);
	if (c->chunk_last)
		c->chunk_last->next = k;
	else
		c->chunks = k;
	c->chunk_last = k;
	c->pending += len;
	l2_wake(c->link);
}

static void op_finish(struct transport_pipe *p)
{
	channel_of(p)->finishing = true;
	l2_wake(channel_of(p)->link);
}

static size_t op_pending(const struct transport_pipe *p)
{
	return channel_of(p)->pending;
}

static void op_pause(struct transport_pipe *p, bool on)
{
	channel_of(p)->paused = on;
	if (!on)
		l2_wake(channel_of(p)->link);
}

static void op_close(struct transport_pipe *p)
{
	struct l2_channel *c = channel_of(p);

	c->pipe.events = NULL;
	c->closed = true;
	/* A dead link has no more turns; while it is in one, its end forgets its channels. */
	if (c->link->state == L2_DEAD && !c->link->turning && !c->ch)
		channel_destroy(c);
	else
		l2_wake(c->link);
}

static const struct transport_pipe_ops channel_ops = {
	.write = op_write,
	.finish = op_finish,
	.pending = op_pending,
	.pause = op_pause,
	.close = op_close,
};

static struct l2_channel *channel_make(struct l2_link *l,
				       const struct transport_pipe_events *events, void *arg)
{
	struct l2_channel *c = sl_alloc(sizeof *c);

	c->pipe = (struct transport_pipe){.ops = &channel_ops, .events = events, .arg = arg};
	c->link = l;
	sl_buf_init(&c->payload, 8192);
	l2_hold(l);
	DL_APPEND(l->channels, c);
	l2_wake(l);
	return c;
}

struct transport_pipe *l2_exec(struct l2_link *l, const char *command,
			       const struct transport_pipe_events *events, void *arg)
{
	struct l2_channel *c = channel_make(l, events, arg);

	c->command = sl_strdup(command);
	return &c->pipe;
}

struct transport_pipe *l2_stream(struct l2_link *l, const struct sl_endpoint *to,
				 const struct transport_pipe_events *events, void *arg)
{
	struct l2_channel *c = channel_make(l, events, arg);

	c->to = (struct sl_endpoint){
		.address = sl_strdup(to->address),
		.unix_path = sl_strdup(to->unix_path),
		.port = to->port,
	};
	if (to->unix_path) {
		wire_put_text(&c->payload, to->unix_path);
		wire_put_text(&c->payload, "");
		wire_put_u32(&c->payload, 0);
	} else {
		wire_put_text(&c->payload, to->address);
		wire_put_u32(&c->payload, to->port);
		wire_put_text(&c->payload, "127.0.0.1"); /* where it comes from, as far as we say */
		wire_put_u32(&c->payload, 0);
	}
	return &c->pipe;
}
