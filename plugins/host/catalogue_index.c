/* SPDX-License-Identifier: Apache-2.0 */
/* Services of all sources as one sorted list. */
#include <stdlib.h>
#include <string.h>

#include "plugins/host/catalogue_internal.h"

static int service_compare(const void *a, const void *b)
{
	const struct cat_service *x = *(const struct cat_service *const *)a;
	const struct cat_service *y = *(const struct cat_service *const *)b;
	int order = strcmp(x->service, y->service);

	if (!order)
		order = strcmp(x->environment, y->environment);
	if (!order)
		order = strcmp(x->app, y->app);
	return order ? order : strcmp(x->source, y->source);
}

void cat_services_index(struct catalogue *c)
{
	size_t total = 0, n = 0;

	for (size_t i = 0; i < c->count; i++)
		total += HASH_COUNT(c->sources[i]->services);
	free(c->services);
	c->services = sl_alloc_n(total + 1, sizeof *c->services);
	for (size_t i = 0; i < c->count; i++)
		for (struct cat_service_node *node = c->sources[i]->services; node;
		     node = node->hh.next)
			c->services[n++] = &node->pub;
	if (n > 1)
		qsort(c->services, n, sizeof *c->services, service_compare);
	c->service_count = n;
}

size_t catalogue_service_count(const struct catalogue *c)
{
	return c->service_count;
}

const struct cat_service *catalogue_service(const struct catalogue *c, size_t i)
{
	return c->services[i];
}

/* environment NULL = of any; the first one then. */
const struct cat_service *catalogue_find(const struct catalogue *c, const char *service,
					 const char *environment)
{
	size_t low = 0, high = c->service_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(c->services[mid]->service, service) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->service_count; low++) {
		if (strcmp(c->services[low]->service, service) != 0)
			return NULL;
		if (!environment || strcmp(c->services[low]->environment, environment) == 0)
			return c->services[low];
	}
	return NULL;
}
