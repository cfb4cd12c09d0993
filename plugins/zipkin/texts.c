/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of one answer, in its memory. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/zipkin/zipkin.h"

const char *zipkin_dup(struct zipkin_reply *reply, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	char *copy;

	if (!s)
		return NULL;
	copy = sl_arena_alloc(&reply->memory, len + 1);
	memcpy(copy, s, len);
	return copy;
}

const char *zipkin_fold(struct zipkin_reply *reply, const char *s, size_t max)
{
	const char *copy;
	char *lower;

	if (!s)
		return NULL;
	lower = zipkin_lower(s);
	copy = zipkin_dup(reply, lower, max);
	free(lower);
	return copy;
}
