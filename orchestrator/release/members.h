/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an archive may contain. Members are added in archive order; what can only be judged when all
 * are known (links that lead through other links, members below a link) is judged at the end. Pure.
 */
#ifndef SLUICE_RELEASE_MEMBERS_H
#define SLUICE_RELEASE_MEMBERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "plugins/sdk/error.h"

#define MEMBERS_MAX      100000
#define MEMBER_NAME_MAX  2048
#define MEMBERS_MAX_SIZE (16ULL << 30)

struct member {
	const char *name; /* as the archive says it */
	mode_t mode;      /* type and permission bits */
	uint64_t size;
	const char *symlink;  /* target, or NULL */
	const char *hardlink; /* target, or NULL */
};

struct members;

struct members *members_new(void);
void members_free(struct members *m);
/* Strings are copied. SL_EINPUT, naming the member, when it may not be unpacked. */
int members_add(struct members *m, const struct member *in, struct sl_error *e);
/* The checks that need all members. */
int members_finish(const struct members *m, struct sl_error *e);

size_t members_count(const struct members *m);
uint64_t members_size(const struct members *m); /* sum of the members' sizes */

#endif
