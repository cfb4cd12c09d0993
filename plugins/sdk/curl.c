/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "plugins/sdk/mem.h"

#define LIBRARY "libcurl.so.4" /* the one whose header this was built with */

static const struct {
	const char *name;
	size_t offset;
} functions[] = {
#define FUNCTION(name) {"curl_" #name, offsetof(struct sl_curl, name)},
	SL_CURL_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static struct {
	pthread_once_t once;
	struct sl_curl curl;
	struct sl_error error;
} loaded = {.once = PTHREAD_ONCE_INIT};

/* Never closed again: what it has put into the process does not all go with it. */
static void load(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		sl_fail(&loaded.error, SL_EINTERNAL, "libcurl cannot be loaded: %s", dlerror());
	for (size_t i = 0; library && i < SL_COUNT(functions); i++) {
		void *function = dlsym(library, functions[i].name);

		if (!function)
			sl_fail(&loaded.error, SL_EINTERNAL, "%s has no %s", LIBRARY,
				functions[i].name);
		memcpy((char *)&loaded.curl + functions[i].offset, &function, sizeof function);
	}
}

int sl_curl_load(struct sl_error *e)
{
	pthread_once(&loaded.once, load);
	if (loaded.error.code && e)
		*e = loaded.error;
	return loaded.error.code;
}

const struct sl_curl *sl_curl(void)
{
	return &loaded.curl;
}
