/* SPDX-License-Identifier: Apache-2.0 */
/* What the ssh program says on standard error (at -v), and what that means. Pure. */
#ifndef SLUICE_HOST_OPENSSH_WORDS_H
#define SLUICE_HOST_OPENSSH_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/error.h"

enum ssh_word {
	WORD_NONE,
	WORD_RESOLVE,
	WORD_CONNECT, /* `err` says which */
	WORD_TIMEOUT,
	WORD_KEY_UNKNOWN,
	WORD_KEY_CHANGED,
	WORD_KEY_REVOKED,
	WORD_AUTH,
	WORD_NEGOTIATE, /* no common algorithm */
	WORD_CONFIG,    /* ssh does not take its options */
	WORD_CLOSED,    /* closed by the other side */
};

struct ssh_words {
	struct sl_buf line;  /* the one being read */
	struct sl_buf tried; /* "ED25519 /path, ..." */
	enum ssh_word word;  /* the first that decides */
	int err;
	char host[300], user[128], address[300];
	unsigned port;
	char key_type[64], key_shown[64]; /* the host key that the server showed */
	char file[1024];                  /* of the known key that differs */
	unsigned file_line;
	char last[512]; /* the last line that is not debugging */
	unsigned open_failures;
	char open_reason[256];
	bool forwarded; /* a mux client: its stream is open */
};

void ssh_words_init(struct ssh_words *w);
void ssh_words_release(struct ssh_words *w);
void ssh_words_feed(struct ssh_words *w, const char *bytes, size_t len);
/* Why connecting failed. name: the host's in the inventory; known_fingerprint: of file:file_line,
 * or "". */
int ssh_words_error(const struct ssh_words *w, const char *name, const char *fingerprint,
		    struct sl_error *e);

#endif
