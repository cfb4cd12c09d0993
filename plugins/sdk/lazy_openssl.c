/* SPDX-License-Identifier: Apache-2.0 */
/* What of libcrypto and libssl is called, in the order of the alphabet. */
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "plugins/sdk/lazy.h"

SL_LAZY("crypto", int, BIO_free, (BIO * a), (a))
SL_LAZY("crypto", BIO *, BIO_new_mem_buf, (const void *a, int b), (a, b))
SL_LAZY("crypto", BIGNUM *, BN_bin2bn, (const unsigned char *a, int b, BIGNUM *c), (a, b, c))
SL_LAZY("crypto", int, BN_bn2bin, (const BIGNUM *a, unsigned char *b), (a, b))
SL_LAZY("crypto", void, BN_clear_free, (BIGNUM * a), (a))
SL_LAZY("crypto", void, ECDSA_SIG_free, (ECDSA_SIG * a), (a))
SL_LAZY("crypto", const BIGNUM *, ECDSA_SIG_get0_r, (const ECDSA_SIG *a), (a))
SL_LAZY("crypto", const BIGNUM *, ECDSA_SIG_get0_s, (const ECDSA_SIG *a), (a))
SL_LAZY("crypto", void, ERR_clear_error, (void), ())
SL_LAZY("crypto", unsigned long, ERR_peek_last_error, (void), ())
SL_LAZY("crypto", const char *, ERR_reason_error_string, (unsigned long a), (a))
SL_LAZY("crypto", int, EVP_DecodeBlock, (unsigned char *a, const unsigned char *b, int c),
	(a, b, c))
SL_LAZY("crypto", int, EVP_Digest,
	(const void *a, size_t b, unsigned char *c, unsigned int *d, const EVP_MD *e, ENGINE *f),
	(a, b, c, d, e, f))
SL_LAZY("crypto", int, EVP_DigestFinal_ex, (EVP_MD_CTX * a, unsigned char *b, unsigned int *c),
	(a, b, c))
SL_LAZY("crypto", int, EVP_DigestInit_ex, (EVP_MD_CTX * a, const EVP_MD *b, ENGINE *c), (a, b, c))
SL_LAZY("crypto", int, EVP_DigestSign,
	(EVP_MD_CTX * a, unsigned char *b, size_t *c, const unsigned char *d, size_t e),
	(a, b, c, d, e))
SL_LAZY("crypto", int, EVP_DigestSignInit_ex,
	(EVP_MD_CTX * a, EVP_PKEY_CTX **b, const char *c, OSSL_LIB_CTX *d, const char *e,
	 EVP_PKEY *f, const OSSL_PARAM *g),
	(a, b, c, d, e, f, g))
SL_LAZY("crypto", int, EVP_DigestUpdate, (EVP_MD_CTX * a, const void *b, size_t c), (a, b, c))
SL_LAZY("crypto", int, EVP_EncodeBlock, (unsigned char *a, const unsigned char *b, int c),
	(a, b, c))
SL_LAZY("crypto", void, EVP_MD_CTX_free, (EVP_MD_CTX * a), (a))
SL_LAZY("crypto", EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
SL_LAZY("crypto", void, EVP_PKEY_CTX_free, (EVP_PKEY_CTX * a), (a))
SL_LAZY("crypto", EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name,
	(OSSL_LIB_CTX * a, const char *b, const char *c), (a, b, c))
SL_LAZY("crypto", void, EVP_PKEY_free, (EVP_PKEY * a), (a))
SL_LAZY("crypto", int, EVP_PKEY_fromdata, (EVP_PKEY_CTX * a, EVP_PKEY **b, int c, OSSL_PARAM *d),
	(a, b, c, d))
SL_LAZY("crypto", int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX * a), (a))
SL_LAZY("crypto", int, EVP_PKEY_get_octet_string_param,
	(const EVP_PKEY *a, const char *b, unsigned char *c, size_t d, size_t *e), (a, b, c, d, e))
SL_LAZY("crypto", int, EVP_PKEY_get_raw_public_key,
	(const EVP_PKEY *a, unsigned char *b, size_t *c), (a, b, c))
SL_LAZY("crypto", int, EVP_PKEY_get_utf8_string_param,
	(const EVP_PKEY *a, const char *b, char *c, size_t d, size_t *e), (a, b, c, d, e))
SL_LAZY("crypto", int, EVP_PKEY_is_a, (const EVP_PKEY *a, const char *b), (a, b))
SL_LAZY("crypto", EVP_PKEY *, EVP_PKEY_new_raw_private_key,
	(int a, ENGINE *b, const unsigned char *c, size_t d), (a, b, c, d))
SL_LAZY("crypto", const EVP_MD *, EVP_sha1, (void), ())
SL_LAZY("crypto", const EVP_MD *, EVP_sha256, (void), ())
SL_LAZY("crypto", unsigned char *, HMAC,
	(const EVP_MD *a, const void *b, int c, const unsigned char *d, size_t e, unsigned char *f,
	 unsigned int *g),
	(a, b, c, d, e, f, g))
SL_LAZY("crypto", void, OPENSSL_cleanse, (void *a, size_t b), (a, b))
SL_LAZY("crypto", void, OSSL_PARAM_BLD_free, (OSSL_PARAM_BLD * a), (a))
SL_LAZY("crypto", OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), ())
SL_LAZY("crypto", int, OSSL_PARAM_BLD_push_BN, (OSSL_PARAM_BLD * a, const char *b, const BIGNUM *c),
	(a, b, c))
SL_LAZY("crypto", int, OSSL_PARAM_BLD_push_octet_string,
	(OSSL_PARAM_BLD * a, const char *b, const void *c, size_t d), (a, b, c, d))
SL_LAZY("crypto", int, OSSL_PARAM_BLD_push_utf8_string,
	(OSSL_PARAM_BLD * a, const char *b, const char *c, size_t d), (a, b, c, d))
SL_LAZY("crypto", OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD * a), (a))
SL_LAZY("crypto", void, OSSL_PARAM_free, (OSSL_PARAM * a), (a))
SL_LAZY("crypto", EVP_PKEY *, PEM_read_PrivateKey,
	(FILE * a, EVP_PKEY **b, pem_password_cb(*c), void *d), (a, b, c, d))
SL_LAZY("crypto", X509 *, PEM_read_X509, (FILE * a, X509 **b, pem_password_cb(*c), void *d),
	(a, b, c, d))
SL_LAZY("crypto", EVP_PKEY *, PEM_read_bio_PrivateKey,
	(BIO * a, EVP_PKEY **b, pem_password_cb(*c), void *d), (a, b, c, d))
SL_LAZY("crypto", int, X509_VERIFY_PARAM_set1_ip_asc, (X509_VERIFY_PARAM * a, const char *b),
	(a, b))
SL_LAZY("crypto", int, X509_check_private_key, (const X509 *a, const EVP_PKEY *b), (a, b))
SL_LAZY("crypto", void, X509_free, (X509 * a), (a))
SL_LAZY("crypto", const char *, X509_verify_cert_error_string, (long int a), (a))
SL_LAZY("crypto", ECDSA_SIG *, d2i_ECDSA_SIG, (ECDSA_SIG * *a, const unsigned char **b, long int c),
	(a, b, c))

SL_LAZY("ssl", long int, SSL_CTX_ctrl, (SSL_CTX * a, int b, long int c, void *d), (a, b, c, d))
SL_LAZY("ssl", void, SSL_CTX_free, (SSL_CTX * a), (a))
SL_LAZY("ssl", X509_VERIFY_PARAM *, SSL_CTX_get0_param, (SSL_CTX * a), (a))
SL_LAZY("ssl", void *, SSL_CTX_get_ex_data, (const SSL_CTX *a, int b), (a, b))
SL_LAZY("ssl", int, SSL_CTX_load_verify_locations, (SSL_CTX * a, const char *b, const char *c),
	(a, b, c))
SL_LAZY("ssl", SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *a), (a))
SL_LAZY("ssl", void, SSL_CTX_set_cert_cb, (SSL_CTX * a, int (*b)(SSL *x, void *y), void *c),
	(a, b, c))
SL_LAZY("ssl", int, SSL_CTX_set_default_verify_paths, (SSL_CTX * a), (a))
SL_LAZY("ssl", int, SSL_CTX_set_ex_data, (SSL_CTX * a, int b, void *c), (a, b, c))
SL_LAZY("ssl", void, SSL_CTX_set_info_callback,
	(SSL_CTX * a, void (*b)(const SSL *x, int y, int z)), (a, b))
SL_LAZY("ssl", void, SSL_CTX_set_verify, (SSL_CTX * a, int b, SSL_verify_cb c), (a, b, c))
SL_LAZY("ssl", int, SSL_CTX_use_PrivateKey_file, (SSL_CTX * a, const char *b, int c), (a, b, c))
SL_LAZY("ssl", int, SSL_CTX_use_certificate_chain_file, (SSL_CTX * a, const char *b), (a, b))
SL_LAZY("ssl", const char *, SSL_alert_desc_string_long, (int a), (a))
SL_LAZY("ssl", SSL_CTX *, SSL_get_SSL_CTX, (const SSL *a), (a))
SL_LAZY("ssl", long int, SSL_get_verify_result, (const SSL *a), (a))
SL_LAZY("ssl", const SSL_METHOD *, TLS_client_method, (void), ())
