/* SPDX-License-Identifier: Apache-2.0 */
/* For the host's own HTTP and WebSockets: does it fail because of who we are? */
#ifndef SLUICE_SDK_TLS_CHECK_H
#define SLUICE_SDK_TLS_CHECK_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/tls.h"

/* What the server said in one handshake. */
struct sl_tls_heard {
	bool asked;     /* who we are */
	char alert[64]; /* with which it ended TLS, in OpenSSL's words; "" = none came */
};

/* Of all connections of a context. found gives what is heard of one, or NULL: nobody cares. */
struct sl_tls_ear {
	struct sl_tls_heard *(*found)(void *arg, const SSL *ssl);
	void *arg;
};

/* ear is borrowed as long as the context lives. */
void sl_tls_listen(SSL_CTX *ctx, const struct sl_tls_ear *ear);

/* Can the client certificate be used? Not 0 = *e names the file and what is wrong with it. Any
 * thread. */
int sl_tls_check(const struct sl_tls *tls, struct sl_error *e);
/* The connection broke before there was any answer: was it because of who we are? Not 0 = yes, and
 * *e says what to do. Any thread. */
int sl_tls_refusal(const struct sl_tls *tls, const struct sl_tls_heard *heard, struct sl_error *e);

#endif
