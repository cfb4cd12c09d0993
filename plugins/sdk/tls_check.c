/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/tls_check.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* --- the files --- */

static const char *key_path(const struct sl_tls *tls)
{
	return tls->key_file ? tls->key_file : tls->cert_file;
}

/* A pass phrase is never asked for: there is a screen in the way. */
static int on_phrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static FILE *pem_open(const char *path, const char *what, struct sl_error *e)
{
	FILE *f = fopen(path, "re");

	if (!f)
		sl_fail(e, SL_EIO, "the client %s '%.200s' cannot be read: %s", what, path,
			strerror(errno));
	return f;
}

static X509 *cert_read(const char *path, struct sl_error *e)
{
	FILE *f = pem_open(path, "certificate", e);
	X509 *cert;

	if (!f)
		return NULL;
	cert = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (!cert)
		sl_fail(e, SL_EIO, "'%.200s' holds no certificate in PEM", path);
	return cert;
}

static EVP_PKEY *key_read(const char *path, struct sl_error *e)
{
	FILE *f = pem_open(path, "key", e);
	bool asked = false;
	EVP_PKEY *key;

	if (!f)
		return NULL;
	key = PEM_read_PrivateKey(f, NULL, on_phrase, &asked);
	fclose(f);
	if (!key && asked)
		sl_fail(e, SL_EIO,
			"the key in '%.200s' is locked with a pass phrase: give one without", path);
	else if (!key)
		sl_fail(e, SL_EIO, "'%.200s' holds no private key in PEM", path);
	return key;
}

int sl_tls_check(const struct sl_tls *tls, struct sl_error *e)
{
	X509 *cert = cert_read(tls->cert_file, e);
	EVP_PKEY *key = cert ? key_read(key_path(tls), e) : NULL;
	int rc = SL_OK;

	if (!key)
		rc = e->code;
	else if (X509_check_private_key(cert, key) != 1)
		rc = sl_fail(e, SL_EIO,
			     "the key in '%.200s' does not belong to the certificate in '%.200s'",
			     key_path(tls), tls->cert_file);
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

/* --- the server's answer --- */

#define CERTIFICATE_REQUIRED 116 /* an alert whose name OpenSSL 3.0 does not know */

static void on_info(const SSL *ssl, int where, int value)
{
	const struct sl_tls_ear *ear = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	bool fatal =
		(where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && value >> 8 == SSL3_AL_FATAL;
	struct sl_tls_heard *heard = fatal ? ear->found(ear->arg, ssl) : NULL;

	if (heard)
		snprintf(heard->alert, sizeof heard->alert, "%s",
			 (value & 0xff) == CERTIFICATE_REQUIRED
				 ? "certificate required"
				 : SSL_alert_desc_string_long(value));
}

/* What is shown was set before. */
static int on_asked(SSL *ssl, void *arg)
{
	const struct sl_tls_ear *ear = arg;
	struct sl_tls_heard *heard = ear->found(ear->arg, ssl);

	if (heard)
		heard->asked = true;
	return 1;
}

void sl_tls_listen(SSL_CTX *ctx, const struct sl_tls_ear *ear)
{
	SSL_CTX_set_app_data(ctx, (void *)(uintptr_t)ear);
	SSL_CTX_set_info_callback(ctx, on_info);
	SSL_CTX_set_cert_cb(ctx, on_asked, (void *)(uintptr_t)ear);
}

/* The alert may be lost with the connection, and some say less than what was asked before. */
int sl_tls_refusal(const struct sl_tls *tls, const struct sl_tls_heard *heard, struct sl_error *e)
{
	const char *said = heard->alert[0] ? heard->alert : "it hangs up";

	if (!heard->asked)
		return SL_OK;
	if (!tls->cert_file)
		return sl_fail(e, SL_EAUTH,
			       "the server asks for a client certificate, and none is given: set "
			       "cert and key (%s)",
			       said);
	return sl_fail(e, SL_EAUTH,
		       "the server does not accept the client certificate '%.200s' (%s)",
		       tls->cert_file, said);
}
