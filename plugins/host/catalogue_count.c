/* SPDX-License-Identifier: Apache-2.0 */
/* How many instances of a service are in which state, and of which version: counted when it
 * changes, not each time that somebody looks. */
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"

static int most_first(const void *a, const void *b)
{
	const struct cat_version *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->version, y->version);
}

static void count_version(struct cat_version *found, size_t *n, const char *version)
{
	size_t k = *n;

	while (k > 0 && strcmp(found[k - 1].version, version) != 0)
		k--;
	if (k)
		found[k - 1].count++;
	else if (*version && *n < CAT_VERSIONS_MAX)
		found[(*n)++] = (struct cat_version){version, 1};
}

static void count_versions(struct cat_service *s)
{
	struct cat_version found[CAT_VERSIONS_MAX], *versions;
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		count_version(found, &n, s->instances[i].version);
	cat_service_count_release(s);
	if (!n)
		return;
	qsort(found, n, sizeof *found, most_first);
	versions = sl_alloc_n(n, sizeof *versions);
	memcpy(versions, found, n * sizeof *versions);
	s->versions = versions;
	s->version_count = n;
}

void cat_service_count(struct cat_service *s)
{
	memset(s->by, 0, sizeof s->by);
	for (size_t i = 0; i < s->count; i++)
		s->by[s->instances[i].state]++;
	s->up = s->by[SL_INSTANCE_UP];
	count_versions(s);
}

void cat_service_count_release(struct cat_service *s)
{
	free((void *)(uintptr_t)s->versions);
	s->versions = NULL;
	s->version_count = 0;
}
