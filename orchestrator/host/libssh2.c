/* SPDX-License-Identifier: Apache-2.0 */
/* The libssh2 driver: links and the states in which they come up. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "orchestrator/host/libssh2_link.h"
#include "orchestrator/host/socket.h"
#include "orchestrator/host/transport_errors.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

struct libssh2 {
	struct transport *t;
	struct l2_link *link;
};

/* Host key types that libssh2 1.10 can check, in the order that we like. */
static const char *const host_key_types[] = {
	"ssh-ed25519",
	"ecdsa-sha2-nistp256",
	"ecdsa-sha2-nistp384",
	"ecdsa-sha2-nistp521",
};

/* --- life --- */

void l2_hold(struct l2_link *l)
{
	l->holds++;
}

void l2_drop(struct l2_link *l)
{
	struct transport_pool *pool = l->pool;

	if (--l->holds)
		return;
	free(l);
	transport_pool_drop(pool);
}

/* The socket is closed by now: nothing that libssh2 still wants to send or read goes anywhere. */
static void free_session(struct l2_link *l)
{
	if (l->session)
		while (libssh2_session_free(l->session) == LIBSSH2_ERROR_EAGAIN)
			;
	l->session = NULL;
	l2_channels_forget(l);
}

static void link_kill(struct l2_link *l, const struct sl_error *e)
{
	if (l->state == L2_DEAD)
		return;
	l->state = L2_DEAD;
	l->owner = NULL;
	l->t = NULL;
	uv_cancel((uv_req_t *)&l->lookup);
	l2_io_close(l);
	l2_auth_release(l);
	known_hosts_release(&l->known);
	uv_freeaddrinfo(l->found);
	l->found = NULL;
	l2_channels_end(l, e);
	if (!l->turning)
		free_session(l);
	l2_drop(l);
}

void l2_fail(struct l2_link *l, const struct sl_error *e)
{
	if (l->owner)
		transport_connected(l->t, e);
}

void l2_unable(struct l2_link *l, const char *why, const struct sl_error *e)
{
	if (l->owner)
		transport_unable(l->t, why, e);
}

void l2_lost(struct l2_link *l, const char *detail)
{
	struct sl_error e;

	host_error_lost(&e, l->name, detail);
	if (l->state == L2_UP && l->owner)
		transport_lost(l->t, &e);
	else
		l2_fail(l, &e);
}

/* --- L2_LOOKUP, L2_CONNECT --- */

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct l2_link *l = req->data;
	struct sl_error e;

	if (l->state != L2_LOOKUP) {
		uv_freeaddrinfo(found);
	} else if (status) {
		host_error_resolve(&e, l->name, l->reach->host, uv_strerror(status));
		l2_fail(l, &e);
	} else {
		l->found = l->trying = found;
		l->state = L2_CONNECT;
		l2_wake(l);
	}
	l2_drop(l);
}

/* Going straight to a host that is behind another, or otherwise than configured, would be worse
 * than not going. `auto` does not come here with such a one. */
static bool may_serve(struct l2_link *l)
{
	const char *beyond = l->reach->config.beyond;
	struct sl_error e;

	if (reach_check(transport_target_of(l->t), &e) != SL_OK) {
		l2_fail(l, &e);
		return false;
	}
	if (!beyond)
		return true;
	sl_fail(&e, SL_EUNSUPPORTED, "%s: libssh2 cannot do %s; use the openssh driver", l->name,
		beyond);
	l2_unable(l, beyond, &e);
	return false;
}

static enum l2_step step_lookup(struct l2_link *l)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	char service[16];
	struct sl_error e;
	int err;

	if (l->lookup.data || !may_serve(l))
		return L2_WAIT;
	if (socket_numeric(l->reach->host, l->reach->port, &l->numeric)) {
		l->state = L2_CONNECT;
		return L2_NEXT;
	}
	snprintf(service, sizeof service, "%u", l->reach->port);
	l->lookup.data = l;
	l2_hold(l);
	err = uv_getaddrinfo(transport_pool_loop(l->pool), &l->lookup, on_lookup, l->reach->host,
			     service, &hints);
	if (err) {
		l2_drop(l);
		host_error_resolve(&e, l->name, l->reach->host, uv_strerror(err));
		l2_fail(l, &e);
	}
	return L2_WAIT;
}

/* Begin with the address that is next; 0, or errno. */
static int connect_begin(struct l2_link *l)
{
	const struct sockaddr *to = (const struct sockaddr *)&l->numeric;
	int fd, err, one = 1;

	if (l->trying)
		to = l->trying->ai_addr;
	fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, to,
		    to->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
					      : sizeof(struct sockaddr_in)) != 0 &&
	    errno != EINPROGRESS) {
		err = errno;
		close(fd);
		return err;
	}
	return l2_io_watch(l, fd);
}

static int connect_state(const struct l2_link *l)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(int), peer_len = sizeof peer;
	int err = 0;

	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0)
		err = errno;
	if (err == 0 && getpeername(l->fd, (struct sockaddr *)&peer, &peer_len) != 0)
		err = errno == ENOTCONN ? EINPROGRESS : errno;
	return err;
}

static enum l2_step step_connect(struct l2_link *l)
{
	struct sl_error e;
	int err = l->fd < 0 ? connect_begin(l) : connect_state(l);

	for (;;) {
		if (err == 0 && l->fd >= 0)
			err = connect_state(l);
		if (err == 0) {
			l->state = L2_HANDSHAKE;
			return L2_NEXT;
		}
		if (err == EINPROGRESS) {
			l2_io_interest(l, true);
			return L2_WAIT;
		}
		if (!l->trying || !l->trying->ai_next)
			break;
		l->trying = l->trying->ai_next;
		err = connect_begin(l);
	}
	host_error_connect(&e, l->name, l->reach->host, l->reach->port, err);
	l2_fail(l, &e);
	return L2_WAIT;
}

/* --- L2_HANDSHAKE --- */

static bool is_known_type(const struct l2_link *l, const char *type)
{
	for (size_t i = 0; i < l->known.count; i++) {
		if (!l->known.entries[i].revoked && strcmp(l->known.entries[i].type, type) == 0)
			return true;
	}
	return false;
}

/* Known types first, as ssh does: else the server would show a key that we cannot compare. */
static bool prefer_known(struct l2_link *l)
{
	char order[256] = "";
	size_t known = 0;

	for (int want = 1; want >= 0; want--) {
		for (size_t i = 0; i < SL_COUNT(host_key_types); i++) {
			if (is_known_type(l, host_key_types[i]) != (want == 1))
				continue;
			known += want == 1;
			if (*order)
				strcat(order, ",");
			strcat(order, host_key_types[i]);
		}
	}
	libssh2_session_method_pref(l->session, LIBSSH2_METHOD_HOSTKEY, order);
	return known > 0 || l->known.count == 0;
}

static bool handshake_begin(struct l2_link *l)
{
	struct sl_error e;

	known_hosts_init(&l->known, l->reach->host, l->reach->port);
	for (size_t i = 0; i < l->reach->known.count; i++)
		known_hosts_load(&l->known, l->reach->known.items[i]);
	l->session = libssh2_session_init_ex(NULL, NULL, NULL, l);
	libssh2_session_set_blocking(l->session, 0);
	l2_io_attach(l);
	if (l->known.authority) {
		sl_fail(&e, SL_EUNSUPPORTED,
			"%s: its host key is certified (@cert-authority in known_hosts), which "
			"only the openssh driver can check",
			l->name);
		l2_unable(l, "a @cert-authority line in known_hosts", &e);
		return false;
	}
	if (!prefer_known(l)) {
		sl_fail(&e, SL_EUNSUPPORTED,
			"%s: its known host key is of a type that libssh2 cannot check (%s); use "
			"the openssh driver",
			l->name, l->known.entries[0].type);
		l2_unable(l, "the type of its known host key", &e);
		return false;
	}
	return true;
}

static enum l2_step step_handshake(struct l2_link *l)
{
	struct sl_error e;
	char *why = NULL;
	int rc;

	if (!l->session && !handshake_begin(l))
		return L2_WAIT;
	rc = libssh2_session_handshake(l->session, l->fd);
	l2_io_interest(l, false);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return L2_WAIT;
	if (rc == 0) {
		l->state = L2_HOSTKEY;
		return L2_NEXT;
	}
	libssh2_session_last_error(l->session, &why, NULL, 0);
	if (l->hung_up || rc == LIBSSH2_ERROR_BANNER_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND) {
		l2_lost(l, "closed by the host before the login");
		return L2_WAIT;
	}
	sl_fail(&e, SL_EUNSUPPORTED, "%s: no common ground with its sshd: %s (libssh2 error %d)",
		l->name, why, rc);
	l2_unable(l, "its sshd offers nothing that libssh2 knows", &e);
	return L2_WAIT;
}

/* --- L2_HOSTKEY, L2_ASK --- */

static const void *host_key(const struct l2_link *l, size_t *len, char type[64])
{
	int kind;
	const char *blob = libssh2_session_hostkey(l->session, len, &kind);
	size_t n;

	*type = '\0';
	if (!blob || *len < 8)
		return NULL;
	n = (size_t)(unsigned char)blob[2] << 8 | (unsigned char)blob[3];
	if (n < 64 && n + 4 <= *len)
		snprintf(type, 64, "%.*s", (int)n, blob + 4);
	return blob;
}

static enum l2_step step_hostkey(struct l2_link *l)
{
	char shown[KNOWN_FINGERPRINT], known[KNOWN_FINGERPRINT], type[64];
	const struct known_entry *which;
	enum known_verdict verdict;
	struct sl_error e;
	size_t len = 0;
	const void *blob = host_key(l, &len, type);

	known_fingerprint(shown, blob, blob ? len : 0);
	verdict = known_hosts_check(&l->known, type, blob, len, &which);
	if (blob && verdict == KNOWN_OK) {
		l->state = L2_METHODS;
		return L2_NEXT;
	}
	if (verdict == KNOWN_CHANGED) {
		known_fingerprint(known, which->blob, which->blob_len);
		host_error_key_changed(&e, l->name, l->known.host, type, shown, known, which->file,
				       which->line);
	} else if (verdict == KNOWN_REVOKED) {
		host_error_key_revoked(&e, l->name, l->known.host, type, shown, which->file,
				       which->line);
	} else {
		l->state = L2_ASK;
		l->asked = true;
		if (transport_ask(l->t, l->known.host, type, shown))
			return L2_WAIT;
		host_error_key_unknown(&e, l->name, l->known.host, type, shown);
	}
	l2_fail(l, &e);
	return L2_WAIT;
}

static void driver_hostkey_answer(void *driver, bool accept)
{
	struct l2_link *l = ((struct libssh2 *)driver)->link;
	struct sl_error e;
	char type[64];
	size_t len;
	const void *blob = host_key(l, &len, type);

	if (l->state != L2_ASK)
		return;
	if (accept && blob && l->reach->known.count &&
	    known_hosts_add(&l->known, l->reach->known.items[0], type, blob, len, &e) != SL_OK)
		sl_log(SL_LOG_WARN, "%s: %s", l->name, e.msg);
	/* A refusal is told in a turn of its own. */
	l->state = accept && blob ? L2_METHODS : L2_ASK;
	l->asked = l->state == L2_METHODS;
	l2_wake(l);
}

static enum l2_step step_ask(struct l2_link *l)
{
	char shown[KNOWN_FINGERPRINT], type[64];
	struct sl_error e;
	size_t len = 0;
	const void *blob;

	if (l->asked)
		return L2_WAIT;
	blob = host_key(l, &len, type);
	known_fingerprint(shown, blob, blob ? len : 0);
	host_error_key_unknown(&e, l->name, l->known.host, type, shown);
	l2_fail(l, &e);
	return L2_WAIT;
}

static enum l2_step step_wait(struct l2_link *l)
{
	(void)l;
	return L2_WAIT;
}

/* --- turns --- */

static const struct {
	const char *name;
	enum l2_step (*step)(struct l2_link *l);
} states[L2_STATE_COUNT] = {
	[L2_LOOKUP] = {"looking up the name", step_lookup},
	[L2_CONNECT] = {"connecting", step_connect},
	[L2_HANDSHAKE] = {"exchanging keys", step_handshake},
	[L2_HOSTKEY] = {"checking the host key", step_hostkey},
	[L2_ASK] = {"asking about the host key", step_ask},
	[L2_METHODS] = {"asking how to log in", l2_step_methods},
	[L2_AGENT_LIST] = {"asking the agent", step_wait},
	[L2_KEY] = {"logging in", l2_step_key},
	[L2_UP] = {"connected", l2_step_up},
	[L2_DEAD] = {"closed", step_wait},
};

void l2_turn(struct l2_link *l)
{
	enum l2_state before;

	if (l->turning || l->state == L2_DEAD)
		return;
	l2_hold(l);
	l->turning = true;
	do {
		before = l->state;
		if (states[before].step(l) == L2_WAIT)
			break;
		if (l->state != before)
			sl_log(SL_LOG_DEBUG, "%s: %s", l->name, states[l->state].name);
	} while (l->state != L2_DEAD);
	l->turning = false;
	if (l->state == L2_DEAD)
		free_session(l);
	else if (l->state > L2_CONNECT)
		l2_io_interest(l, false);
	l2_drop(l);
}

/* --- the driver --- */

static void *driver_make(struct transport *t)
{
	struct libssh2 *d = sl_alloc(sizeof *d);

	d->t = t;
	return d;
}

static void driver_connect(void *driver)
{
	struct libssh2 *d = driver;
	struct l2_link *l = sl_alloc(sizeof *l);

	/* Counted inside: every pool may call it. */
	libssh2_init(0);
	l->owner = d;
	l->t = d->t;
	l->reach = transport_reach(d->t);
	l->pool = transport_pool_of(d->t);
	l->name = transport_name(d->t);
	l->holds = 1;
	transport_pool_hold(l->pool);
	sl_buf_init(&l->tried, 600);
	l2_io_init(l);
	l->state = L2_LOOKUP;
	d->link = l;
	l2_wake(l);
}

static void driver_drop(void *driver, const struct sl_error *e)
{
	struct libssh2 *d = driver;
	struct l2_link *l = d->link;

	d->link = NULL;
	if (l)
		link_kill(l, e);
}

static struct transport_pipe *driver_exec(void *driver, const char *command,
					  const struct transport_pipe_events *events, void *arg)
{
	return l2_exec(((struct libssh2 *)driver)->link, command, events, arg);
}

static struct transport_pipe *driver_stream(void *driver, const struct sl_endpoint *to,
					    const struct transport_pipe_events *events, void *arg)
{
	return l2_stream(((struct libssh2 *)driver)->link, to, events, arg);
}

static void driver_destroy(void *driver)
{
	free(driver);
}

const struct transport_driver_ops driver_libssh2 = {
	.id = TRANSPORT_LIBSSH2,
	.name = "libssh2",
	.commands = 8, /* sshd's MaxSessions is 10 */
	.make = driver_make,
	.connect = driver_connect,
	.drop = driver_drop,
	.exec = driver_exec,
	.stream = driver_stream,
	.hostkey_answer = driver_hostkey_answer,
	.destroy = driver_destroy,
};
