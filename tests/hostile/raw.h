/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes on their way to a terminal: are they all ours? Pure. */
#ifndef SLUICE_TESTS_HOSTILE_RAW_H
#define SLUICE_TESTS_HOSTILE_RAW_H

#include <stdbool.h>
#include <stddef.h>

/* Text without what steers, and of sequences those that the console and terminfo use. Else why
 * tells the place. */
bool raw_is_ours(const char *bytes, size_t len, char *why, size_t size);

#endif
