/* SPDX-License-Identifier: Apache-2.0 */
/* An authority, and what it signed: in a folder, as PEM. */
#ifndef SLUICE_TEST_PLUGINS_HOST_CERTS_H
#define SLUICE_TEST_PLUGINS_HOST_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/unit/plugins-host/harness.h"

#define CERT_LIFE 86400L

static inline void cert_write(const struct bench *b, const char *name, const char *end, X509 *cert,
			      EVP_PKEY *key, const char *phrase)
{
	char file[100];
	FILE *f;

	snprintf(file, sizeof file, "%s%s", name, end);
	f = fopen(bench_path(b, file), "we");
	assert_non_null(f);
	if (cert)
		assert_int_equal(PEM_write_X509(f, cert), 1);
	if (key)
		assert_int_equal(PEM_write_PKCS8PrivateKey(f, key,
							   phrase ? EVP_aes_128_cbc() : NULL, NULL,
							   0, NULL, (void *)(uintptr_t)phrase),
				 1);
	fclose(f);
}

/* NAME.pem, NAME.key, NAME.both and, with the pass phrase "secret", NAME.locked; for 127.0.0.1.
 * by NULL = by itself, as an authority. Yours to free with its key. */
static inline X509 *cert_make(const struct bench *b, const char *name, X509 *by, EVP_PKEY *by_key,
			      EVP_PKEY **key)
{
	static long serial;
	X509 *cert = X509_new();
	X509_EXTENSION *x =
		by ? X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1")
		   : X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

	*key = EVP_EC_gen("P-256");
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(cert), -CERT_LIFE);
	X509_gmtime_adj(X509_getm_notAfter(cert), CERT_LIFE);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert),
				   strcmp(name, "nameless") == 0 ? "O" : "CN", MBSTRING_ASC,
				   (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(by ? by : cert));
	X509_add_ext(cert, x, -1);
	X509_EXTENSION_free(x);
	X509_set_pubkey(cert, *key);
	assert_true(X509_sign(cert, by ? by_key : *key, EVP_sha256()) > 0);
	cert_write(b, name, ".pem", cert, NULL, NULL);
	cert_write(b, name, ".key", NULL, *key, NULL);
	cert_write(b, name, ".both", cert, *key, NULL);
	cert_write(b, name, ".locked", NULL, *key, "secret");
	return cert;
}

/* ca; server, client and nameless (no CommonName), of it; stranger, of itself. */
static inline void certs_make(const struct bench *b)
{
	EVP_PKEY *ca_key, *key;
	X509 *ca = cert_make(b, "ca", NULL, NULL, &ca_key);
	static const char *const names[] = {"server", "client", "nameless"};

	for (size_t i = 0; i < SL_COUNT(names); i++) {
		X509_free(cert_make(b, names[i], ca, ca_key, &key));
		EVP_PKEY_free(key);
	}
	X509_free(cert_make(b, "stranger", NULL, NULL, &key));
	EVP_PKEY_free(key);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
}

#endif
