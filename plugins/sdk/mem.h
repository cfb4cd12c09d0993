/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation that does not fail: on exhaustion one line goes to standard error and the process
 * aborts. For the orchestrator this is as safe as unwinding: every act is journaled before it is
 * done, so a dead controller is resumable at any point (DESIGN, section 1).
 */
#ifndef SLUICE_SDK_MEM_H
#define SLUICE_SDK_MEM_H

#include <stddef.h>

void *sl_alloc(size_t size);                            /* zeroed; size 0 is a bug and aborts */
void *sl_alloc_n(size_t count, size_t size);            /* zeroed, overflow checked */
void *sl_realloc_n(void *p, size_t count, size_t size); /* new bytes are NOT zeroed */
char *sl_strdup(const char *s);                         /* NULL gives NULL */
char *sl_strndup(const char *s, size_t n);
char *sl_asprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* yours to free */

/* For results of libraries' own allocations: says so and aborts. */
_Noreturn void sl_alloc_failed(void);

/* Grow an array for one more element: SL_GROW(items, count, cap). */
#define SL_GROW(items, count, cap)                                               \
	do {                                                                     \
		if ((count) == (cap)) {                                          \
			(cap) = (cap) ? (cap)*2 : 8;                             \
			(items) = sl_realloc_n((items), (cap), sizeof *(items)); \
		}                                                                \
	} while (0)

#define SL_COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
