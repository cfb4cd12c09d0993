/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/known_hosts.h"
#include "orchestrator/host/slurp.h"
#include "orchestrator/host/wire.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define MAX_FILE     65536
#define ARMOUR_BEGIN "-----BEGIN OPENSSH PRIVATE KEY-----"
#define ARMOUR_END   "-----END OPENSSH PRIVATE KEY-----"

static const struct curve {
	const char *type, *ssh, *group, *digest;
} curves[] = {
	{"ecdsa-sha2-nistp256", "nistp256", "prime256v1", "SHA256"},
	{"ecdsa-sha2-nistp384", "nistp384", "secp384r1", "SHA384"},
	{"ecdsa-sha2-nistp521", "nistp521", "secp521r1", "SHA512"},
};

static const struct curve *curve_of(const char *type)
{
	for (size_t i = 0; i < SL_COUNT(curves); i++) {
		if (type && strcmp(curves[i].type, type) == 0)
			return &curves[i];
	}
	return NULL;
}

bool ssh_key_suits(const char *type)
{
	return type && (strcmp(type, "ssh-ed25519") == 0 || curve_of(type));
}

const char *ssh_key_word(const char *type)
{
	if (!type)
		return "key";
	if (sl_text_starts(type, "sk-"))
		return "hardware key";
	return strcmp(type, "ssh-ed25519") == 0    ? "ED25519"
	       : sl_text_starts(type, "ecdsa-")    ? "ECDSA"
	       : strcmp(type, "ssh-rsa") == 0      ? "RSA"
	       : strcmp(type, "ssh-dss") == 0      ? "DSA"
	       : strstr(type, "-cert-v01@openssh") ? "certificate"
						   : "key";
}

static void set_blob(struct ssh_key *k, const void *blob, size_t len)
{
	struct wire w = {.p = blob, .left = len}, type = wire_string(&w);

	if (type.bad || type.left > 64)
		return;
	free(k->blob);
	free(k->type);
	k->type = sl_strndup((const char *)type.p, type.left);
	k->blob = sl_alloc(len);
	memcpy(k->blob, blob, len);
	k->blob_len = len;
}

/* --- OpenSSH's format --- */

static EVP_PKEY *make_ec(const struct curve *c, const struct wire *point, const struct wire *secret)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *d = BN_bin2bn(secret->p, (int)secret->left, NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build && d && ctx &&
	    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, c->group, 0) &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point->p,
					     point->left) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	EVP_PKEY_CTX_free(ctx);
	BN_clear_free(d);
	OSSL_PARAM_BLD_free(build);
	return key;
}

static void read_private(struct ssh_key *k, struct wire w)
{
	const struct curve *c = curve_of(k->type);
	uint32_t check = wire_u32(&w);
	struct wire a, b;

	if (check != wire_u32(&w))
		return;
	wire_string(&w); /* the type, again */
	if (c)
		wire_string(&w); /* the curve */
	a = wire_string(&w);
	b = wire_string(&w);
	if (w.bad)
		return;
	if (c)
		k->private = make_ec(c, &a, &b);
	else if (b.left == 64)
		k->private = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, b.p, 32);
	if (k->private)
		k->state = KEY_USABLE;
}

static void read_openssh(struct ssh_key *k, struct wire w)
{
	static const char magic[] = "openssh-key-v1";
	struct wire cipher, blob, private;

	if (w.left < sizeof magic || memcmp(w.p, magic, sizeof magic) != 0)
		return;
	w.p += sizeof magic;
	w.left -= sizeof magic;
	cipher = wire_string(&w);
	wire_string(&w); /* how the key of the cipher is derived */
	wire_string(&w);
	wire_u32(&w); /* how many keys: 1 */
	blob = wire_string(&w);
	private = wire_string(&w);
	if (w.bad)
		return;
	set_blob(k, blob.p, blob.left);
	if (!ssh_key_suits(k->type))
		k->state = KEY_UNSUITABLE;
	else if (!wire_is(&cipher, "none"))
		k->state = KEY_ENCRYPTED;
	else
		read_private(k, private);
}

static void read_armoured(struct ssh_key *k, char *text)
{
	char *from = text + strlen(ARMOUR_BEGIN), *to = strstr(from, ARMOUR_END), *out = from;
	unsigned char *raw;
	size_t len;

	if (!to)
		return;
	for (char *p = from; p < to; p++) {
		if (*p != '\n' && *p != '\r')
			*out++ = *p;
	}
	raw = known_base64(from, (size_t)(out - from), &len);
	if (!raw)
		return;
	read_openssh(k, (struct wire){.p = raw, .left = len});
	OPENSSL_cleanse(raw, len);
	free(raw);
}

/* --- PEM --- */

static int on_passphrase(char *buf, int size, int writing, void *asked)
{
	(void)buf;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static void blob_of_ec(struct ssh_key *k, EVP_PKEY *key)
{
	char group[64];
	unsigned char point[256];
	size_t len = 0;
	struct sl_buf b;

	sl_buf_init(&b, 1024);
	if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
					    NULL) ||
	    !EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
					     sizeof point, &len))
		return;
	for (size_t i = 0; i < SL_COUNT(curves); i++) {
		if (strcmp(curves[i].group, group) != 0)
			continue;
		wire_put_text(&b, curves[i].type);
		wire_put_text(&b, curves[i].ssh);
		wire_put_string(&b, point, len);
		set_blob(k, b.data, b.len);
	}
	sl_buf_release(&b);
}

static void blob_of_ed25519(struct ssh_key *k, EVP_PKEY *key)
{
	unsigned char point[32];
	size_t len = sizeof point;
	struct sl_buf b;

	sl_buf_init(&b, 256);
	if (EVP_PKEY_get_raw_public_key(key, point, &len) == 1) {
		wire_put_text(&b, "ssh-ed25519");
		wire_put_string(&b, point, len);
		set_blob(k, b.data, b.len);
	}
	sl_buf_release(&b);
}

static void read_pem(struct ssh_key *k, const char *text, size_t len)
{
	BIO *bio = BIO_new_mem_buf(text, (int)len);
	bool asked = false;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &asked);

	BIO_free(bio);
	if (!key) {
		k->state = asked ? KEY_ENCRYPTED : KEY_BROKEN;
		return;
	}
	if (EVP_PKEY_is_a(key, "EC"))
		blob_of_ec(k, key);
	else if (EVP_PKEY_is_a(key, "ED25519"))
		blob_of_ed25519(k, key);
	else if (EVP_PKEY_is_a(key, "RSA"))
		k->type = sl_strdup("ssh-rsa");
	if (k->blob) {
		k->private = key;
		k->state = KEY_USABLE;
	} else {
		k->state = KEY_UNSUITABLE;
		EVP_PKEY_free(key);
	}
}

/* --- files --- */

/* "TYPE BASE64 comment" */
static void read_public(struct ssh_key *k)
{
	char *path = sl_asprintf("%s.pub", k->path);
	size_t len, blob_len, n;
	char *text = slurp(path, MAX_FILE, &len), *base64;
	unsigned char *blob = NULL;

	free(path);
	base64 = text ? strchr(text, ' ') : NULL;
	if (base64) {
		n = strcspn(++base64, " \r\n");
		blob = known_base64(base64, n, &blob_len);
	}
	if (blob)
		set_blob(k, blob, blob_len);
	free(blob);
	free(text);
}

void ssh_key_load(struct ssh_key *k, const char *path)
{
	size_t len;
	char *text = slurp(path, MAX_FILE, &len);

	*k = (struct ssh_key){.state = KEY_BROKEN, .path = sl_strdup(path)};
	if (!text)
		k->state = KEY_MISSING;
	else if (sl_text_starts(text, ARMOUR_BEGIN))
		read_armoured(k, text);
	else
		read_pem(k, text, len);
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
	if (!k->blob && k->state != KEY_BROKEN)
		read_public(k);
	if (k->blob && !ssh_key_suits(k->type))
		k->state = KEY_UNSUITABLE;
}

void ssh_key_release(struct ssh_key *k)
{
	EVP_PKEY_free(k->private);
	free(k->path);
	free(k->type);
	free(k->blob);
	*k = (struct ssh_key){0};
}

/* --- signing --- */

static void put_mpint(struct sl_buf *b, const BIGNUM *n)
{
	unsigned char bytes[80] = {0}; /* a leading zero keeps it positive */
	int len = BN_bn2bin(n, bytes + 1);
	bool pad = bytes[1] & 0x80;

	wire_put_string(b, pad ? bytes : bytes + 1, (size_t)len + pad);
}

/* DER to two mpints. */
static bool ecdsa_to_ssh(unsigned char **sig, size_t *len)
{
	const unsigned char *der = *sig;
	ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)*len);
	struct sl_buf b;

	if (!parsed)
		return false;
	sl_buf_init(&b, 512);
	put_mpint(&b, ECDSA_SIG_get0_r(parsed));
	put_mpint(&b, ECDSA_SIG_get0_s(parsed));
	ECDSA_SIG_free(parsed);
	free(*sig);
	*len = b.len;
	*sig = (unsigned char *)sl_buf_take(&b);
	return true;
}

bool ssh_key_sign(const struct ssh_key *k, const unsigned char *data, size_t len,
		  unsigned char **sig, size_t *sig_len)
{
	const struct curve *c = curve_of(k->type);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	*sig_len = 512;
	*sig = sl_alloc(*sig_len);
	ok = ctx &&
	     EVP_DigestSignInit_ex(ctx, NULL, c ? c->digest : NULL, NULL, NULL, k->private, NULL) ==
		     1 &&
	     EVP_DigestSign(ctx, *sig, sig_len, data, len) == 1 &&
	     (!c || ecdsa_to_ssh(sig, sig_len));
	EVP_MD_CTX_free(ctx);
	if (!ok)
		free(*sig);
	return ok;
}
