/* SPDX-License-Identifier: Apache-2.0 */
/* Artifact checks made here, before any host is touched. Blocking: call from `plan`, or a pool
 * thread; a file is read once. */
#ifndef SLUICE_RELEASE_ARTIFACT_H
#define SLUICE_RELEASE_ARTIFACT_H

#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/error.h"

enum artifact_kind { ARTIFACT_TGZ, ARTIFACT_TAR, ARTIFACT_FILE };

struct artifact {
	enum artifact_kind kind;
	char sha256[65];         /* lower-case hex */
	uint64_t size, unpacked; /* bytes; unpacked = sum of members (= size for a single file) */
	size_t members;
};

/* "tgz", "tar" or "file", as the host scripts take it. */
const char *artifact_kind_name(enum artifact_kind kind);

/*
 * Open, digest and (by name: .tgz .tar.gz .tar) list an archive with libarchive. Refused,
 * SL_EINPUT, naming the member: absolute paths, "..", links (sym or hard) that lead outside,
 * devices, FIFOs, sockets, setuid bits, names with control bytes, more than 100,000 members, a
 * member twice (but for folders), more than 16 GiB unpacked, anything after a damaged header.
 * expect_sha256 (may be NULL) is compared without regard to case; both digests are in the message.
 * Missing file: SL_EINPUT.
 */
int artifact_check(const char *path, const char *expect_sha256, struct artifact *out,
		   struct sl_error *e);

/* SHA-256 of bytes, as lower-case hex. */
void artifact_sha256(const void *data, size_t len, char out[65]);
/* out: 2 * len + 1 bytes. */
void artifact_hex(const unsigned char *raw, size_t len, char *out);

#endif
