/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question to a product that answers with JSON over HTTP: asked, judged, taken apart. What is
 * no JSON is told in a sentence: a redirect, a proxy's page, a text. Answers of more than
 * SL_ASK_INLINE bytes are taken apart on the pool, so that the loop never waits for one.
 * For plugins; loop thread only, but for digest.
 */
#ifndef SLUICE_SDK_ASK_H
#define SLUICE_SDK_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "plugins/sdk/error.h"
#include "plugins/sdk/plugin.h"

#define SL_ASK_INLINE (16 * 1024)

struct sl_ask;

struct sl_ask_spec {
	const char *who; /* the source's name, in front of every message; borrowed until done */
	/* On the loop, before digest, with whatever answer, one that is too large too: for its
	 * headers. NULL = none. */
	void (*head)(void *arg, const struct sl_http_response *r);
	/* An empty body, and status 304, are answers: digest gets no text. */
	bool bare;
	/*
	 * Take the answer apart: text is a JSON object or list by its first byte, with any HTTP
	 * status. May run on another thread: it touches arg alone, which must live until done.
	 * Not 0 = *e says why (who is put in front of it).
	 */
	int (*digest)(void *arg, long status, const char *text, size_t len, struct sl_error *e);
	/* Exactly once, later; after sl_ask_cancel with SL_ECANCELED. */
	void (*done)(void *arg, const struct sl_error *e);
	void *arg;
};

/* The request is borrowed until return. */
struct sl_ask *sl_ask_start(const struct sl_host_services *services,
			    const struct sl_http_request *request, const struct sl_ask_spec *spec);
/* done still fires, later. Not after done. */
void sl_ask_cancel(struct sl_ask *ask);

/* Is this the answer of a JSON API, with whatever status? Else *e says what came, without who. */
int sl_answer_check(const struct sl_http_response *r, struct sl_error *e);

#endif
