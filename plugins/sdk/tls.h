/* SPDX-License-Identifier: Apache-2.0 */
/* How a server is trusted over TLS, and how we show who we are. */
#ifndef SLUICE_SDK_TLS_H
#define SLUICE_SDK_TLS_H

#include <stdbool.h>

struct sl_tls {
	const char *ca_file; /* extra trust anchors; NULL = the system's alone */
	/* PEM: what is shown to servers that ask who we are, NULL = nothing; and its key, without
	 * a pass phrase, NULL = in the same file. Read anew for every connection. */
	const char *cert_file, *key_file;
	bool insecure; /* TLS not verified: per backend, logged loudly by the caller */
};

struct sl_tls sl_tls_copy(const struct sl_tls *tls); /* NULL gives an empty one; release it */
void sl_tls_release(struct sl_tls *tls);             /* a copy */

#endif
