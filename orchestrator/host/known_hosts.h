/* SPDX-License-Identifier: Apache-2.0 */
/* known_hosts as ssh reads it: plain and hashed names, [host]:port, patterns with * ? and !,
 * @revoked. @cert-authority is seen, not served. Pure but for known_hosts_load and _add. */
#ifndef SLUICE_HOST_KNOWN_HOSTS_H
#define SLUICE_HOST_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "plugins/sdk/error.h"

#define KNOWN_FINGERPRINT 64 /* "SHA256:" + 43 characters + NUL fits */

struct known_entry {
	char *file;
	unsigned line;
	char *type; /* "ssh-ed25519" */
	unsigned char *blob;
	size_t blob_len;
	bool revoked;
	bool by_port; /* found under [host]:port; else under the bare name */
};

/* The entries that concern one host. */
struct known_hosts {
	char *host; /* "name", or "[name]:port" when the port is not 22 */
	char *bare; /* "name" */
	struct known_entry *entries;
	size_t count, cap;
	bool authority; /* a @cert-authority line concerns it */
};

enum known_verdict { KNOWN_OK, KNOWN_UNKNOWN, KNOWN_CHANGED, KNOWN_REVOKED };

void known_hosts_init(struct known_hosts *k, const char *host, unsigned port);
void known_hosts_release(struct known_hosts *k);
/* Add what text (the content of file) says about the host. Lines that make no sense are passed. */
void known_hosts_parse(struct known_hosts *k, const char *file, const char *text, size_t len);
/* A file that is not there says nothing. */
void known_hosts_load(struct known_hosts *k, const char *file);

/* *which: the entry that decided (borrowed); NULL for KNOWN_UNKNOWN. */
enum known_verdict known_hosts_check(const struct known_hosts *k, const char *type,
				     const void *blob, size_t len,
				     const struct known_entry **which);
/* Append a line for the host; the file and its folder are made when missing. */
int known_hosts_add(const struct known_hosts *k, const char *file, const char *type,
		    const void *blob, size_t len, struct sl_error *e);

/* The fingerprint of the key on that line of that file; false when there is none. */
bool known_hosts_line(const char *file, unsigned line, char fingerprint[KNOWN_FINGERPRINT]);
void known_fingerprint(char fingerprint[KNOWN_FINGERPRINT], const void *blob, size_t len);
/* Decoded base64, yours to free; NULL when it is none. */
unsigned char *known_base64(const char *text, size_t len, size_t *out_len);
/* ssh's pattern: * and ?, case ignored. */
bool known_pattern(const char *pattern, size_t len, const char *name);

#endif
