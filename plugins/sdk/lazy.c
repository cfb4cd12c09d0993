/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/lazy.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugins/sdk/mem.h"

/* {"crypto", "libcrypto.so.3"}, as the linker found them when this was built. */
static const struct {
	const char *name, *file;
} libraries[] = {
#include "lazy_libraries.inc"
};

static _Noreturn void give_up(const char *why)
{
	fprintf(stderr, "sluice: a library cannot be used: %s\n", why);
	abort();
}

/* What is open already is only looked up, and nothing is closed again. Global, as it would have
 * been had the program been linked with it. */
void *sl_lazy_symbol(const char *library, const char *function)
{
	const char *file = NULL;
	void *handle, *symbol;

	for (size_t i = 0; i < SL_COUNT(libraries); i++)
		if (!strcmp(libraries[i].name, library))
			file = libraries[i].file;
	handle = file ? dlopen(file, RTLD_NOW | RTLD_GLOBAL) : NULL;
	symbol = handle ? dlsym(handle, function) : NULL;
	if (!symbol)
		give_up(file ? dlerror() : library);
	return symbol;
}
