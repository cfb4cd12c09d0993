/* SPDX-License-Identifier: Apache-2.0 */
/* libwebsockets on our loop: its context, and one vhost for each way to trust servers. Only for
 * websocket.c. */
#ifndef SLUICE_PLUGINS_HOST_WS_ENGINE_H
#define SLUICE_PLUGINS_HOST_WS_ENGINE_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <uv.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/tls_check.h"

struct ws_engine;

/* ear (borrowed as long as the engine lives) hears what servers say in TLS. */
struct ws_engine *ws_engine_new(uv_loop_t *loop, lws_callback_function *callback,
				const struct sl_tls_ear *ear);
/*
 * The context is made with the first vhost. address (may be NULL): the certificate must be for this
 * numeric address; else the library looks for the host's name in it. NULL and *e: it cannot be, or
 * a file of tls is no good. Lives as long as the engine.
 */
struct lws_vhost *ws_engine_vhost(struct ws_engine *en, const struct sl_tls *tls,
				  const char *address, struct sl_error *e);
struct lws_context *ws_engine_context(struct ws_engine *en); /* NULL before the first vhost */
/* No connection may be left. Asynchronous: closed is called when nothing is left on the loop. */
void ws_engine_close(struct ws_engine *en, void (*closed)(void *arg), void *arg);

#endif
