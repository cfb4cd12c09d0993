/* SPDX-License-Identifier: Apache-2.0 */
/* Private key files: OpenSSH's format and PEM, Ed25519 and ECDSA, without a passphrase. Others are
 * recognised, so that one can say what they are. */
#ifndef SLUICE_HOST_KEYS_H
#define SLUICE_HOST_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum key_state {
	KEY_USABLE,
	KEY_MISSING,    /* no such file, or not readable */
	KEY_ENCRYPTED,  /* wants a passphrase */
	KEY_UNSUITABLE, /* RSA, a hardware key ...: not with libssh2 */
	KEY_BROKEN,     /* not a private key at all */
};

struct ssh_key {
	enum key_state state;
	char *path;
	char *type;          /* "ssh-ed25519"; NULL when not known */
	unsigned char *blob; /* public half; NULL when not known (FILE.pub is looked at too) */
	size_t blob_len;
	void *private; /* EVP_PKEY */
};

void ssh_key_load(struct ssh_key *k, const char *path);
void ssh_key_release(struct ssh_key *k);
/* *sig is malloc'ed, in the form that goes into SSH's signature blob behind the type. */
bool ssh_key_sign(const struct ssh_key *k, const unsigned char *data, size_t len,
		  unsigned char **sig, size_t *sig_len);
/* Can libssh2 1.10 log in with a key of this type? (RSA only with SHA-1, which servers refuse.) */
bool ssh_key_suits(const char *type);
/* "ssh-ed25519" -> "ED25519", as people write it. */
const char *ssh_key_word(const char *type);

#endif
