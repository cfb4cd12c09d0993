/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from the rest, so that who only digests does not bring the archive library along. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "orchestrator/release/artifact.h"

void artifact_hex(const unsigned char *raw, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[2 * len] = '\0';
}

void artifact_sha256(const void *data, size_t len, char out[65])
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int raw_len = 0;

	if (!EVP_Digest(data, len, raw, &raw_len, EVP_sha256(), NULL))
		abort(); /* only without memory, or without any crypto */
	artifact_hex(raw, 32, out);
}
