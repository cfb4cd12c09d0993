/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's bytes. libssh2 must repeat a send that was cut short with the very same arguments
 * before anything else may be sent, even by another channel. So it never sees one: what the socket
 * does not take waits in `out`, and channels stop feeding while much waits there. Reading ends
 * where the socket is closed, whatever number its descriptor gets next.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orchestrator/host/libssh2_link.h"
#include "plugins/sdk/mem.h"

#define BEAT_MS    15000
#define SILENCE_MS 45000
#define MAX_OUT    (64 * 1024 * 1024)

static void on_handle_closed(uv_handle_t *h)
{
	l2_drop(h->data);
}

/* In a turn of the loop of its own: what comes without end must not hold up the rest. */
static void on_wake(uv_idle_t *wake)
{
	struct l2_link *l = wake->data;

	uv_idle_stop(wake);
	l->wake_noted = false;
	l2_turn(l);
}

/* A link that says nothing is asked; one that answers nothing is gone. */
static void on_beat(uv_timer_t *timer)
{
	struct l2_link *l = timer->data;

	if (l->state != L2_UP)
		return;
	if (uv_now(timer->loop) - l->heard > SILENCE_MS) {
		l2_lost(l, "no sign of life for 45 s");
		return;
	}
	l->ping_wanted = true;
	l2_wake(l);
}

void l2_io_init(struct l2_link *l)
{
	uv_loop_t *loop = transport_pool_loop(l->pool);

	l->fd = -1;
	sl_buf_init(&l->out, MAX_OUT);
	uv_idle_init(loop, &l->wake);
	uv_timer_init(loop, &l->beat);
	l->wake.data = l->beat.data = l;
	l->heard = uv_now(loop);
	uv_timer_start(&l->beat, on_beat, BEAT_MS, BEAT_MS);
	l2_hold(l);
	l2_hold(l);
}

static void on_poll_closed(uv_handle_t *h)
{
	free(h);
}

static void unwatch(struct l2_link *l)
{
	if (l->poll) {
		uv_poll_stop(l->poll);
		uv_close((uv_handle_t *)l->poll, on_poll_closed);
	}
	l->poll = NULL;
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void l2_io_close(struct l2_link *l)
{
	unwatch(l);
	sl_buf_release(&l->out);
	uv_close((uv_handle_t *)&l->wake, on_handle_closed);
	uv_close((uv_handle_t *)&l->beat, on_handle_closed);
}

void l2_wake(struct l2_link *l)
{
	if (l->state == L2_DEAD || l->wake_noted)
		return;
	l->wake_noted = true;
	uv_idle_start(&l->wake, on_wake);
}

/* --- the socket --- */

static void flush(struct l2_link *l)
{
	while (l->out.len && l->fd >= 0) {
		ssize_t n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* a broken socket shows in reading */
		sl_buf_consume(&l->out, (size_t)n);
	}
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct l2_link *l = poll->data;
	unsigned receives = l->receives;

	if (l->state == L2_DEAD)
		return;
	if ((events & UV_WRITABLE) && l->state > L2_CONNECT)
		flush(l);
	l2_hold(l);
	l2_turn(l);
	/* Something came and nobody read it, all channels being paused or none there: a ping reads.
	 * So it does for a reset, which libuv tells as an error and tells again and again.
	 */
	if ((status < 0 || (events & UV_READABLE)) && l->state == L2_UP &&
	    l->receives == receives) {
		l->ping_wanted = true;
		l2_turn(l);
	}
	l2_drop(l);
}

int l2_io_watch(struct l2_link *l, int fd)
{
	int err;

	unwatch(l);
	l->fd = fd;
	l->poll = sl_alloc(sizeof *l->poll);
	err = uv_poll_init(transport_pool_loop(l->pool), l->poll, fd);
	if (err) {
		free(l->poll);
		l->poll = NULL;
		return -err;
	}
	l->poll->data = l;
	return 0;
}

/* While a person or the agent is asked nobody reads: what comes, or the end of the connection,
 * would wake the loop without end. */
static bool is_deaf(const struct l2_link *l)
{
	return l->question || (l->state == L2_ASK && l->asked);
}

void l2_io_interest(struct l2_link *l, bool connecting)
{
	int events = connecting ? UV_WRITABLE : UV_READABLE | (l->out.len ? UV_WRITABLE : 0);

	if (l->poll && is_deaf(l))
		uv_poll_stop(l->poll);
	else if (l->poll)
		uv_poll_start(l->poll, events, on_poll);
}

/* --- libssh2's callbacks --- */

static LIBSSH2_RECV_FUNC(on_recv)
{
	struct l2_link *l = *abstract;
	ssize_t n;

	(void)socket;
	if (l->fd < 0)
		return -ENOTCONN;
	l->receives++;
	do
		n = recv(l->fd, buffer, length, flags | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		l->heard = uv_now(transport_pool_loop(l->pool));
	else if (n == 0 || errno != EAGAIN)
		l->hung_up = true;
	return n < 0 ? -errno : n;
}

static LIBSSH2_SEND_FUNC(on_send)
{
	struct l2_link *l = *abstract;
	ssize_t n = 0;

	(void)socket;
	if (l->fd < 0)
		return -ENOTCONN;
	if (l->out.len == 0) {
		do
			n = send(l->fd, buffer, length, flags | MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n < 0 && errno != EAGAIN)
			return -errno;
		n = n < 0 ? 0 : n;
	}
	if ((size_t)n < length &&
	    sl_buf_append(&l->out, (const char *)buffer + n, length - (size_t)n) != 0)
		return -ENOBUFS;
	return (ssize_t)length;
}

/* libssh2 keeps functions as untyped pointers. */
union callback {
	LIBSSH2_RECV_FUNC((*recv));
	LIBSSH2_SEND_FUNC((*send));
	void *any;
};

void l2_io_attach(struct l2_link *l)
{
	union callback receive = {.recv = on_recv}, send_ = {.send = on_send};

	libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_RECV, receive.any);
	libssh2_session_callback_set(l->session, LIBSSH2_CALLBACK_SEND, send_.any);
}
