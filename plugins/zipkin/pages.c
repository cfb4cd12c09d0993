/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of one answer: pages that are only added to, and dropped together. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/zipkin/zipkin.h"

#define PAGE_BYTES (64u << 10)

struct zipkin_page {
	struct zipkin_page *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

void *zipkin_alloc(struct zipkin_reply *reply, size_t size)
{
	size_t want = (size + 15) & ~(size_t)15;
	struct zipkin_page *page = reply->pages;

	if (!page || page->size - page->used < want) {
		size_t bytes = want > PAGE_BYTES ? want : PAGE_BYTES;

		page = sl_alloc(sizeof *page + bytes);
		page->size = bytes;
		page->next = reply->pages;
		reply->pages = page;
	}
	page->used += want;
	return page->bytes + page->used - want;
}

const char *zipkin_dup(struct zipkin_reply *reply, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	char *copy;

	if (!s)
		return NULL;
	copy = zipkin_alloc(reply, len + 1);
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

void zipkin_reply_release(struct zipkin_reply *reply)
{
	while (reply->pages) {
		struct zipkin_page *next = reply->pages->next;

		free(reply->pages);
		reply->pages = next;
	}
	free(reply->spans);
	*reply = (struct zipkin_reply){0};
}
