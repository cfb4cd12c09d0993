/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/sort.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

struct sorting {
	int (*compare)(const void *a, const void *b, void *arg);
	void *arg;
};

/* Where the run that begins at `from` ends. */
static size_t run_end(const struct sorting *s, const void *const *items, size_t from, size_t count)
{
	size_t to = from + 1;

	while (to < count && s->compare(items[to - 1], items[to], s->arg) <= 0)
		to++;
	return to;
}

static void merge(const struct sorting *s, const void *const *a, size_t a_count,
		  const void *const *b, size_t b_count, const void **to)
{
	while (a_count && b_count) {
		if (s->compare(*a, *b, s->arg) <= 0) {
			*to++ = *a++;
			a_count--;
		} else {
			*to++ = *b++;
			b_count--;
		}
	}
	memcpy(to, a, a_count * sizeof *to);
	memcpy(to + a_count, b, b_count * sizeof *to);
}

/* Neighbouring runs become one; ends[i] is where run i ends. Returns how many are left. */
static size_t merge_pairs(const struct sorting *s, const void *const *from, const void **to,
			  size_t *ends, size_t runs)
{
	size_t start = 0, n = 0;

	for (size_t i = 0; i < runs; i += 2) {
		size_t middle = ends[i], end = i + 1 < runs ? ends[i + 1] : middle;

		merge(s, from + start, middle - start, from + middle, end - middle, to + start);
		ends[n++] = start = end;
	}
	return n;
}

void sl_sort(const void **items, size_t count,
	     int (*compare)(const void *a, const void *b, void *arg), void *arg)
{
	const struct sorting s = {compare, arg};
	const void **spare, **from = items, **to;
	size_t *ends, runs = 0, end;

	if (count < 2 || (end = run_end(&s, (const void *const *)items, 0, count)) == count)
		return;
	ends = sl_alloc_n(count, sizeof *ends);
	for (ends[runs++] = end; end < count; ends[runs++] = end)
		end = run_end(&s, (const void *const *)items, end, count);
	to = spare = sl_alloc_n(count, sizeof *spare);
	while (runs > 1) {
		const void **swap = from;

		runs = merge_pairs(&s, (const void *const *)from, to, ends, runs);
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, count * sizeof *items);
	free(spare);
	free(ends);
}
