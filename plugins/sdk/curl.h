/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when it is first needed: it brings some thirty libraries along, and to load those
 * takes longer than all else that a program does before its first frame.
 */
#ifndef SLUICE_SDK_CURL_H
#define SLUICE_SDK_CURL_H

#include <curl/curl.h>

#include "plugins/sdk/error.h"

/* What is used of it; each is called as sl_curl()->easy_init(). */
#define SL_CURL_FUNCTIONS(X)   \
	X(global_init)         \
	X(global_cleanup)      \
	X(free)                \
	X(easy_init)           \
	X(easy_setopt)         \
	X(easy_getinfo)        \
	X(easy_pause)          \
	X(easy_strerror)       \
	X(easy_cleanup)        \
	X(multi_init)          \
	X(multi_setopt)        \
	X(multi_add_handle)    \
	X(multi_remove_handle) \
	X(multi_assign)        \
	X(multi_socket_action) \
	X(multi_info_read)     \
	X(multi_strerror)      \
	X(multi_cleanup)       \
	X(slist_append)        \
	X(slist_free_all)      \
	X(url)                 \
	X(url_set)             \
	X(url_get)             \
	X(url_strerror)        \
	X(url_cleanup)

struct sl_curl {
#define SL_CURL_MEMBER(name) __typeof__(curl_##name) *name;
	SL_CURL_FUNCTIONS(SL_CURL_MEMBER)
#undef SL_CURL_MEMBER
};

/* Loads it, once in a process. SL_EINTERNAL when it is not there, in the loader's words. Any
 * thread. */
int sl_curl_load(struct sl_error *e);
/* After a load that succeeded. Any thread. */
const struct sl_curl *sl_curl(void);

#endif
