/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLUICE_SDK_SORT_H
#define SLUICE_SDK_SORT_H

#include <stddef.h>

/*
 * Sort pointers, stably, by merging the runs that are in order already: what is nearly sorted, as
 * most of what is read again and again, costs about one comparison each. arg goes to compare.
 */
void sl_sort(const void **items, size_t count,
	     int (*compare)(const void *a, const void *b, void *arg), void *arg);

#endif
