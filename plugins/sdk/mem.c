/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void mem_die(const char *why)
{
	/* Nothing here may allocate. */
	ssize_t ignored = write(STDERR_FILENO, why, strlen(why));

	(void)ignored;
	abort();
}

_Noreturn void sl_alloc_failed(void)
{
	mem_die("sluice: out of memory; a run can be resumed with: sluice resume\n");
}

static void *mem_check(void *p)
{
	if (!p)
		sl_alloc_failed();
	return p;
}

static void mem_check_size(size_t count, size_t size)
{
	if (!count || !size)
		mem_die("sluice: bug: allocation of no bytes\n");
	if (count > SIZE_MAX / 2 / size)
		mem_die("sluice: bug: allocation larger than the address space\n");
}

void *sl_alloc(size_t size)
{
	return sl_alloc_n(1, size);
}

void *sl_alloc_n(size_t count, size_t size)
{
	mem_check_size(count, size);
	return mem_check(calloc(count, size));
}

void *sl_realloc_n(void *p, size_t count, size_t size)
{
	mem_check_size(count, size);
	return mem_check(realloc(p, count * size));
}

char *sl_strdup(const char *s)
{
	return s ? mem_check(strdup(s)) : NULL;
}

char *sl_strndup(const char *s, size_t n)
{
	return s ? mem_check(strndup(s, n)) : NULL;
}

char *sl_asprintf(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return mem_check(n < 0 ? NULL : s);
}
