/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libwebsockets 4.1 ends on a loop that is not its own in two steps: the first destroy closes its
 * descriptors, and when those are gone its idle and timer handles; the second frees the memory in
 * which these lie. Between the two it tells nobody how far it is. So we note those handles when
 * they appear, and look at each turn whether the loop still has them.
 */
#include "plugins/host/ws_engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define CONNS_MAX   128
#define SERVICE_BUF 16384 /* the request's headers must fit: tokens are long */
#define HEADERS_MAX 8192
#define FIXED_MAX   8

struct ws_trust {
	struct ws_trust *next;
	struct sl_tls tls; /* our own copy */
	char *address;
	SSL_CTX *ssl;
	struct lws_vhost *vhost;
};

struct ws_engine {
	uv_loop_t *loop;
	struct lws_context *context; /* NULL = not yet, or no more */
	struct lws_protocols protocols[2];
	struct ws_trust *trusts;
	const struct sl_tls_ear *ear;
	const uv_handle_t *fixed[FIXED_MAX]; /* the context's own, in its memory */
	size_t fixed_count;
	uv_idle_t turn;
	bool ending;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct ws_engine *ws_engine_new(uv_loop_t *loop, lws_callback_function *callback,
				const struct sl_tls_ear *ear)
{
	struct ws_engine *en = sl_alloc(sizeof *en);

	en->loop = loop;
	en->ear = ear;
	en->protocols[0] = (struct lws_protocols){
		.name = "sluice", .callback = callback, .rx_buffer_size = SERVICE_BUF};
	uv_idle_init(loop, &en->turn);
	en->turn.data = en;
	return en;
}

/* --- the context --- */

struct handle_walk {
	struct ws_engine *en;
	size_t seen, old, left;
};

static void count_handle(uv_handle_t *handle, void *arg)
{
	(void)handle;
	((struct handle_walk *)arg)->seen++;
}

/* The loop keeps its handles in the order in which they came. */
static void note_handle(uv_handle_t *handle, void *arg)
{
	struct handle_walk *w = arg;
	struct ws_engine *en = w->en;

	if (w->seen++ >= w->old && (handle->type == UV_IDLE || handle->type == UV_TIMER) &&
	    en->fixed_count < FIXED_MAX)
		en->fixed[en->fixed_count++] = handle;
}

static int engine_start(struct ws_engine *en, struct sl_error *e)
{
	struct handle_walk before = {.en = en}, after = {.en = en};
	void *loops[] = {en->loop};
	const struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
			   LWS_SERVER_OPTION_NO_LWS_SYSTEM_STATES,
		.foreign_loops = loops,
		.uid = -1,
		.gid = -1,
		.fd_limit_per_thread = CONNS_MAX,
		.pt_serv_buf_size = SERVICE_BUF,
		.max_http_header_data = HEADERS_MAX,
		.pcontext = &en->context,
	};

	lws_set_log_level(0, NULL); /* it would write to standard error, into the screen */
	uv_walk(en->loop, count_handle, &before);
	en->context = lws_create_context(&info);
	if (!en->context)
		return sl_fail(e, SL_EUNSUPPORTED,
			       "WebSockets cannot be used: is the package "
			       "libwebsockets-evlib-uv installed?");
	after.old = before.seen;
	uv_walk(en->loop, note_handle, &after);
	return SL_OK;
}

struct lws_context *ws_engine_context(struct ws_engine *en)
{
	return en->context;
}

/* --- whom to trust --- */

/* For every connection anew: certificates that live a day are replaced while we run. */
static int trust_show(SSL_CTX *ssl, const struct sl_tls *tls, struct sl_error *e)
{
	const char *key = tls->key_file ? tls->key_file : tls->cert_file;

	if (!tls->cert_file)
		return SL_OK;
	if (sl_tls_check(tls, e) != SL_OK)
		return e->code;
	if (SSL_CTX_use_certificate_chain_file(ssl, tls->cert_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		sl_fail(e, SL_EIO, "the client certificate '%s' is not taken: %s", tls->cert_file,
			ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	return e->code;
}

static SSL_CTX *trust_ssl(struct ws_engine *en, const struct sl_tls *tls, const char *address,
			  struct sl_error *e)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());

	if (!ssl)
		sl_alloc_failed();
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_verify(ssl, tls->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_default_verify_paths(ssl);
	sl_tls_listen(ssl, en->ear);
	if (address && X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(ssl), address) != 1)
		sl_fail(e, SL_EINPUT, "'%.64s' is no address that a certificate can be for",
			address);
	else if (tls->ca_file && SSL_CTX_load_verify_locations(ssl, tls->ca_file, NULL) != 1)
		sl_fail(e, SL_EIO, "'%s' holds no certificates that can be read", tls->ca_file);
	else
		trust_show(ssl, tls, e);
	ERR_clear_error();
	if (e->code == SL_OK)
		return ssl;
	SSL_CTX_free(ssl);
	return NULL;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool trust_is(const struct ws_trust *t, const struct sl_tls *tls, const char *address)
{
	return t->tls.insecure == tls->insecure && same(t->tls.ca_file, tls->ca_file) &&
	       same(t->tls.cert_file, tls->cert_file) && same(t->tls.key_file, tls->key_file) &&
	       same(t->address, address);
}

static void trust_free(struct ws_trust *t)
{
	SSL_CTX_free(t->ssl);
	sl_tls_release(&t->tls);
	free(t->address);
	free(t);
}

struct lws_vhost *ws_engine_vhost(struct ws_engine *en, const struct sl_tls *tls,
				  const char *address, struct sl_error *e)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT,
		.protocols = en->protocols,
		.vhost_name = "sluice",
		.uid = -1,
		.gid = -1,
	};
	struct ws_trust *t = en->trusts;

	while (t && !trust_is(t, tls, address))
		t = t->next;
	if (t)
		return trust_show(t->ssl, tls, e) == SL_OK ? t->vhost : NULL;
	if (!en->context && engine_start(en, e) != SL_OK)
		return NULL;
	info.provided_client_ssl_ctx = trust_ssl(en, tls, address, e);
	if (!info.provided_client_ssl_ctx)
		return NULL;
	t = sl_alloc(sizeof *t);
	*t = (struct ws_trust){.next = en->trusts,
			       .tls = sl_tls_copy(tls),
			       .address = sl_strdup(address),
			       .ssl = info.provided_client_ssl_ctx};
	t->vhost = lws_create_vhost(en->context, &info);
	if (!t->vhost) {
		trust_free(t);
		sl_fail(e, SL_EINTERNAL, "WebSockets cannot be used: no vhost");
		return NULL;
	}
	en->trusts = t;
	return t->vhost;
}

/* --- the end --- */

static void on_turn_closed(uv_handle_t *handle)
{
	struct ws_engine *en = handle->data;
	void (*closed)(void *) = en->closed;
	void *arg = en->closed_arg;

	while (en->trusts) {
		struct ws_trust *t = en->trusts;

		en->trusts = t->next;
		trust_free(t);
	}
	free(en);
	closed(arg);
}

static void look_for_fixed(uv_handle_t *handle, void *arg)
{
	struct handle_walk *w = arg;

	for (size_t i = 0; i < w->en->fixed_count; i++)
		w->left += w->en->fixed[i] == handle;
}

static void on_turn(uv_idle_t *turn)
{
	struct ws_engine *en = turn->data;
	struct handle_walk w = {.en = en};

	if (en->context && !en->ending) {
		en->ending = true;
		lws_context_destroy(en->context);
		return;
	}
	uv_walk(en->loop, look_for_fixed, &w);
	if (w.left)
		return;
	lws_context_destroy(en->context); /* nothing when there is none */
	uv_close((uv_handle_t *)turn, on_turn_closed);
}

void ws_engine_close(struct ws_engine *en, void (*closed)(void *arg), void *arg)
{
	en->closed = closed;
	en->closed_arg = arg;
	uv_idle_start(&en->turn, on_turn);
}
