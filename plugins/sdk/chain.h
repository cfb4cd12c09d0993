/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's operation as a chain of questions over HTTP, one at a time, under one deadline. A
 * chain has always one thing under way (a question, a timer or a WebSocket), so ending it is ending
 * that. A kind of operation embeds struct sl_chain first. For plugins; loop thread only, but for
 * work.
 */
#ifndef SLUICE_SDK_CHAIN_H
#define SLUICE_SDK_CHAIN_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plugins/sdk/ask.h"
#include "plugins/sdk/plugin.h"

/* All chains of a backend; part of the plugin's instance. */
struct sl_chains {
	const struct sl_host_services *services;
	char *name; /* of the backend, in front of every message */
	struct sl_chain *first;
	bool closing, ticked;
	void (*release)(struct sl_chains *all); /* the instance's memory, name included */
	void (*closed)(void *arg);
	void *closed_arg;
};

struct sl_chain {
	struct sl_chains *all;
	struct sl_chain *prev, *next;
	int64_t deadline; /* CLOCK_BOOTTIME */
	bool canceled;
	/* Tell the user *e and release what is the kind's own, but not the struct. */
	void (*finish)(struct sl_chain *c, const struct sl_error *e);
	struct sl_timer *timer;
	void (*fire)(struct sl_chain *c); /* of the timer */
	struct sl_ask *ask;
	struct sl_websocket *socket;
	struct sl_error error; /* of a chain that ends by its timer */

	/* the answer, valid inside then */
	long status;
	bool oversize;    /* the error is that it is larger than max_body */
	cJSON *json;      /* NULL: the body was empty, or work took it apart */
	const char *keep; /* which header is wanted, in lower case; NULL = none; static */
	char header[128]; /* its value, or "" */
	/* On the pool if the answer is large: touches the chain's own memory alone, and not the
	 * services. The answer's tree is gone afterwards. NULL = none. */
	int (*work)(struct sl_chain *c, struct sl_error *e);
	void (*then)(struct sl_chain *c, const struct sl_error *e);

	/* of the socket */
	void (*opened)(struct sl_chain *c);
	void (*heard)(struct sl_chain *c, const char *bytes, size_t len);
};

/* timeout_ms INT64_MAX = no deadline (a watch). */
void sl_chain_init(struct sl_chain *c, struct sl_chains *all, int64_t timeout_ms,
		   void (*finish)(struct sl_chain *c, const struct sl_error *e));
/*
 * Ask; c->keep and c->work are set before. The request is borrowed until return; its timeout is
 * what is left, or request->timeout_ms if that is less and not 0. then gets an error when nothing
 * came that an API could have said; else look at status. An empty body and 304 are answers.
 */
void sl_chain_ask(struct sl_chain *c, const struct sl_http_request *request,
		  void (*then)(struct sl_chain *c, const struct sl_error *e));
/* Listen: opened, then heard any number of times, then `then` with the way it ended. For chains
 * without a deadline. */
void sl_chain_listen(struct sl_chain *c, const struct sl_websocket_request *request,
		     void (*opened)(struct sl_chain *c),
		     void (*heard)(struct sl_chain *c, const char *bytes, size_t len),
		     void (*then)(struct sl_chain *c, const struct sl_error *e));
void sl_chain_hang_up(struct sl_chain *c); /* then follows, with SL_ECANCELED */
/* fire later, unless the deadline passes first: then the chain ends with SL_ETIMEOUT and `what`. */
void sl_chain_pause(struct sl_chain *c, int64_t ms, void (*fire)(struct sl_chain *c));
/* Instead of what a pausing chain waits for, fire on the next turn; for callbacks of others. */
void sl_chain_wake(struct sl_chain *c, void (*fire)(struct sl_chain *c));
int64_t sl_chain_left(const struct sl_chain *c);
/* Finish now, and free. Only from a callback, never inside start. */
void sl_chain_end(struct sl_chain *c, const struct sl_error *e);
/* Finish with this error from the loop. Nothing may be under way. */
void sl_chain_end_later(struct sl_chain *c, const struct sl_error *e);
/* The backend's name in front. */
void sl_chain_fail(struct sl_chain *c, enum sl_err code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void sl_chain_cancel(struct sl_chain *c);

void sl_chains_close(struct sl_chains *all, void (*closed)(void *arg), void *arg);

#endif
