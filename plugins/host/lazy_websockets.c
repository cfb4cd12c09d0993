/* SPDX-License-Identifier: Apache-2.0 */
/* What of libwebsockets is called. */
#include <libwebsockets.h>

#include "plugins/sdk/lazy.h"

SL_LAZY("websockets", int, lws_callback_on_writable, (struct lws * a), (a))
SL_LAZY("websockets", struct lws *, lws_client_connect_via_info,
	(const struct lws_client_connect_info *a), (a))
SL_LAZY("websockets", void, lws_context_destroy, (struct lws_context * a), (a))
SL_LAZY("websockets", struct lws_context *, lws_create_context,
	(const struct lws_context_creation_info *a), (a))
SL_LAZY("websockets", struct lws_vhost *, lws_create_vhost,
	(struct lws_context * a, const struct lws_context_creation_info *b), (a, b))
SL_LAZY("websockets", void *, lws_get_opaque_user_data, (const struct lws *a), (a))
SL_LAZY("websockets", SSL *, lws_get_ssl, (struct lws * a), (a))
SL_LAZY("websockets", unsigned int, lws_http_client_http_response, (struct lws * a), (a))
SL_LAZY("websockets", int, lws_is_final_fragment, (struct lws * a), (a))
SL_LAZY("websockets", size_t, lws_remaining_packet_payload, (struct lws * a), (a))
SL_LAZY("websockets", void, lws_set_log_level, (int a, void (*b)(int, const char *)), (a, b))
SL_LAZY("websockets", void, lws_set_opaque_user_data, (struct lws * a, void *b), (a, b))
SL_LAZY("websockets", void, lws_set_timeout, (struct lws * a, enum pending_timeout b, int c),
	(a, b, c))
SL_LAZY("websockets", int, lws_write,
	(struct lws * a, unsigned char *b, size_t c, enum lws_write_protocol d), (a, b, c, d))
