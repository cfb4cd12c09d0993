/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in with keys. Ours are signed with here and now; the agent's are asked for over its
 * socket: libssh2's sign callback answers "later" until the signature is there, so neither a touch
 * on a hardware key nor a slow agent holds the loop, and no second thread ever sees the session.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/host/libssh2_link.h"
#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/wire.h"
#include "plugins/sdk/mem.h"

void l2_auth_release(struct l2_link *l)
{
	for (size_t i = 0; i < l->key_count; i++)
		ssh_key_release(&l->keys[i].key);
	free(l->keys);
	l->keys = NULL;
	l->key_count = l->key_cap = l->key_at = 0;
	agent_free(l->question);
	l->question = NULL;
	free(l->signature);
	l->signature = NULL;
	sl_buf_release(&l->tried);
}

static void note(struct l2_link *l, const struct ssh_key *k, const char *why)
{
	if (l->tried.len > 400)
		return;
	sl_buf_printf(&l->tried, "%s%s %s%s", l->tried.len ? ", " : "", ssh_key_word(k->type),
		      k->path, why);
}

/* --- which keys --- */

static struct l2_key *find_key(const struct l2_link *l, const void *blob, size_t len)
{
	for (size_t i = 0; i < l->key_count; i++) {
		const struct ssh_key *k = &l->keys[i].key;

		if (k->blob && k->blob_len == len && memcmp(k->blob, blob, len) == 0)
			return &l->keys[i];
	}
	return NULL;
}

static void add_file(struct l2_link *l, const char *path)
{
	struct l2_key *n;

	SL_GROW(l->keys, l->key_count, l->key_cap);
	n = &l->keys[l->key_count++];
	*n = (struct l2_key){0};
	ssh_key_load(&n->key, path);
}

static void add_named(struct l2_link *l)
{
	for (size_t i = 0; i < l->reach->identities.count; i++)
		add_file(l, l->reach->identities.items[i]);
}

static void add_defaults(struct l2_link *l)
{
	if (l->reach->identities.count)
		return;
	for (const char *const *name = reach_default_keys; *name; name++) {
		char *path = sl_asprintf("%s/.ssh/%s", ssh_home(), *name);

		if (access(path, R_OK) == 0)
			add_file(l, path);
		free(path);
	}
}

/* The agent holds it: a file of ours with the same key need not be readable. */
static void on_agent_key(void *arg, const unsigned char *blob, size_t len, const char *comment)
{
	struct l2_link *l = arg;
	struct l2_key *n = find_key(l, blob, len);
	struct wire w = {.p = blob, .left = len}, type = wire_string(&w);

	if (type.bad || type.left > 64)
		return;
	if (n) {
		n->from_agent = n->key.state != KEY_USABLE;
		return;
	}
	if (l->reach->identities_only)
		return;
	SL_GROW(l->keys, l->key_count, l->key_cap);
	n = &l->keys[l->key_count++];
	*n = (struct l2_key){.from_agent = true};
	n->key.path = sl_strdup(*comment ? comment : "agent");
	n->key.type = sl_strndup((const char *)type.p, type.left);
	n->key.blob = sl_alloc(len);
	memcpy(n->key.blob, blob, len);
	n->key.blob_len = len;
}

static void on_agent_list(void *arg, const unsigned char *body, size_t len)
{
	struct l2_link *l = arg;

	add_named(l);
	if (body)
		agent_each_key(body, len, on_agent_key, l);
	add_defaults(l);
	agent_free(l->question);
	l->question = NULL;
	l->state = L2_KEY;
	l2_wake(l);
}

/* --- L2_METHODS --- */

static bool session_broken(const struct l2_link *l, int rc)
{
	return l->hung_up || rc == LIBSSH2_ERROR_SOCKET_SEND ||
	       rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_SOCKET_RECV;
}

static void no_login(struct l2_link *l, const char *why)
{
	struct sl_error e;

	host_error_auth(&e, l->name, l->reach->user, sl_buf_str(&l->tried));
	if (why)
		l2_unable(l, why, &e);
	else
		l2_fail(l, &e);
}

static enum l2_step logged_in(struct l2_link *l)
{
	l2_auth_release(l);
	l->state = L2_UP;
	transport_connected(l->t, NULL);
	return L2_NEXT;
}

enum l2_step l2_step_methods(struct l2_link *l)
{
	const char *list =
		libssh2_userauth_list(l->session, l->reach->user, (unsigned)strlen(l->reach->user));
	int rc = libssh2_session_last_errno(l->session);

	if (!list && rc == LIBSSH2_ERROR_EAGAIN)
		return L2_WAIT;
	if (!list && libssh2_userauth_authenticated(l->session))
		return logged_in(l);
	if (!list) {
		l2_lost(l, "closed by the host during the login");
		return L2_WAIT;
	}
	if (!strstr(list, "publickey")) {
		no_login(l, "it takes no keys");
		return L2_WAIT;
	}
	if (agent_socket()) {
		l->state = L2_AGENT_LIST;
		l->question = agent_list(l->pool, on_agent_list, l);
		return L2_WAIT;
	}
	add_named(l);
	add_defaults(l);
	l->state = L2_KEY;
	return L2_NEXT;
}

/* --- L2_KEY --- */

static void on_agent_signature(void *arg, const unsigned char *body, size_t len)
{
	struct l2_link *l = arg;

	if (body)
		l->signature = agent_signature(body, len, &l->signature_len);
	l->signature_failed = !l->signature;
	agent_free(l->question);
	l->question = NULL;
	l2_wake(l);
}

static int agent_signs(struct l2_link *l, const struct ssh_key *k, unsigned char **sig,
		       size_t *sig_len, const unsigned char *data, size_t len)
{
	if (l->signature) {
		*sig = l->signature; /* libssh2 frees it */
		*sig_len = l->signature_len;
		l->signature = NULL;
		return 0;
	}
	if (l->signature_failed)
		return -1;
	if (!l->question)
		l->question =
			agent_sign(l->pool, k->blob, k->blob_len, data, len, on_agent_signature, l);
	return LIBSSH2_ERROR_EAGAIN;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign)
{
	struct l2_link *l = *abstract;
	const struct l2_key *n = &l->keys[l->key_at];

	(void)session;
	if (n->from_agent)
		return agent_signs(l, &n->key, sig, sig_len, data, data_len);
	return ssh_key_sign(&n->key, data, data_len, sig, sig_len) ? 0 : -1;
}

/* Can it be tried at all? Else says why not. */
static bool is_usable(struct l2_link *l, const struct l2_key *n)
{
	if (n->key.type && !ssh_key_suits(n->key.type)) {
		l->unsuitable = true;
		note(l, &n->key, " (not with libssh2)");
		return false;
	}
	if (n->from_agent || n->key.state == KEY_USABLE)
		return true;
	if (n->key.state == KEY_ENCRYPTED)
		note(l, &n->key, " (wants a passphrase: add it to the agent)");
	else if (n->key.state == KEY_BROKEN)
		note(l, &n->key, " (not a private key)");
	else if (n->key.state == KEY_UNSUITABLE)
		l->unsuitable = true;
	return false;
}

static void next_key(struct l2_link *l)
{
	free(l->signature);
	l->signature = NULL;
	l->signature_failed = false;
	l->signing = false;
	l->key_at++;
}

enum l2_step l2_step_key(struct l2_link *l)
{
	void *self = l;
	struct l2_key *n;
	int rc;

	if (l->key_at == l->key_count) {
		no_login(l, l->unsuitable ? "it may want an RSA or hardware key, which libssh2 "
					    "cannot use"
					  : NULL);
		return L2_WAIT;
	}
	n = &l->keys[l->key_at];
	if (!l->signing && !is_usable(l, n)) {
		next_key(l);
		return L2_NEXT;
	}
	if (!l->signing)
		note(l, &n->key, "");
	l->signing = true;
	rc = libssh2_userauth_publickey(l->session, l->reach->user, n->key.blob, n->key.blob_len,
					on_sign, &self);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return L2_WAIT;
	if (rc == 0)
		return logged_in(l);
	if (session_broken(l, rc)) {
		/* sshd closes after too many keys; with the first one it is the way that broke. */
		if (l->key_at)
			no_login(l, NULL);
		else
			l2_lost(l, "closed by the host during the login");
		return L2_WAIT;
	}
	next_key(l);
	return L2_NEXT;
}
