/* SPDX-License-Identifier: Apache-2.0 */
/* A small local file, whole. */
#ifndef SLUICE_HOST_SLURP_H
#define SLUICE_HOST_SLURP_H

#include <stddef.h>

/* At most max bytes, NUL-terminated, yours to free; NULL (errno says why) when it is not a readable
 * regular file or is larger (EFBIG). */
char *slurp(const char *file, size_t max, size_t *len);

#endif
