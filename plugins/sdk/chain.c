/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/chain.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

/* --- life --- */

static void chains_maybe_free(struct sl_chains *all)
{
	void (*closed)(void *) = all->closed;
	void *arg = all->closed_arg;

	if (!all->closing || !all->ticked || all->first)
		return;
	all->release(all);
	closed(arg);
}

void sl_chain_init(struct sl_chain *c, struct sl_chains *all, int64_t timeout_ms,
		   void (*finish)(struct sl_chain *c, const struct sl_error *e))
{
	c->all = all;
	c->finish = finish;
	c->deadline = timeout_ms == INT64_MAX ? INT64_MAX : sl_time_boottime() + timeout_ms;
	c->canceled = all->closing;
	c->next = all->first;
	if (c->next)
		c->next->prev = c;
	all->first = c;
}

int64_t sl_chain_left(const struct sl_chain *c)
{
	return c->deadline == INT64_MAX ? INT64_MAX : c->deadline - sl_time_boottime();
}

void sl_chain_end(struct sl_chain *c, const struct sl_error *e)
{
	struct sl_chains *all = c->all;
	struct sl_error last = *e; /* may live in the chain */

	if (c->canceled)
		sl_fail(&last, SL_ECANCELED, "%s: canceled", all->name);
	if (c->prev)
		c->prev->next = c->next;
	else
		all->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->finish(c, &last);
	cJSON_Delete(c->json);
	free(c);
	chains_maybe_free(all);
}

void sl_chain_fail(struct sl_chain *c, enum sl_err code, const char *fmt, ...)
{
	struct sl_error e;
	va_list ap;

	va_start(ap, fmt);
	sl_vfail(&e, code, fmt, ap);
	va_end(ap);
	sl_error_prefix(&e, "%s", c->all->name);
	sl_chain_end(c, &e);
}

/* --- timers --- */

static void on_timer(void *arg)
{
	struct sl_chain *c = arg;

	c->timer = NULL;
	c->fire(c);
}

static void timer_start(struct sl_chain *c, int64_t ms, void (*fire)(struct sl_chain *c))
{
	const struct sl_host_services *services = c->all->services;

	c->fire = fire;
	c->timer = services->timer(services->ctx, ms, on_timer, c);
}

static void fire_end(struct sl_chain *c)
{
	sl_chain_end(c, &c->error);
}

static void fire_late(struct sl_chain *c)
{
	sl_chain_fail(c, SL_ETIMEOUT, "not done when its time was up");
}

void sl_chain_end_later(struct sl_chain *c, const struct sl_error *e)
{
	c->error = *e;
	timer_start(c, 0, fire_end);
}

void sl_chain_pause(struct sl_chain *c, int64_t ms, void (*fire)(struct sl_chain *c))
{
	int64_t left = sl_chain_left(c);

	if (c->canceled)
		timer_start(c, 0, fire_end);
	else if (left < ms)
		timer_start(c, left > 0 ? left : 0, fire_late);
	else
		timer_start(c, ms, fire);
}

void sl_chain_wake(struct sl_chain *c, void (*fire)(struct sl_chain *c))
{
	if (!c->timer || c->canceled)
		return;
	c->all->services->timer_cancel(c->all->services->ctx, c->timer);
	timer_start(c, 0, fire);
}

/* Called from inside one of its own callbacks, nothing is under way: the next step sees the mark.
 */
void sl_chain_cancel(struct sl_chain *c)
{
	if (c->canceled)
		return;
	c->canceled = true;
	if (c->ask) {
		sl_ask_cancel(c->ask);
	} else if (c->socket) {
		sl_chain_hang_up(c);
	} else if (c->timer) {
		c->all->services->timer_cancel(c->all->services->ctx, c->timer);
		timer_start(c, 0, fire_end);
	}
}

static void on_close_tick(void *arg)
{
	struct sl_chains *all = arg;

	all->ticked = true;
	chains_maybe_free(all);
}

void sl_chains_close(struct sl_chains *all, void (*closed)(void *arg), void *arg)
{
	all->closing = true;
	all->closed = closed;
	all->closed_arg = arg;
	for (struct sl_chain *c = all->first; c; c = c->next)
		sl_chain_cancel(c);
	all->services->timer(all->services->ctx, 0, on_close_tick, all);
}

/* --- questions --- */

static void on_head(void *arg, const struct sl_http_response *r)
{
	struct sl_chain *c = arg;
	const char *value = c->keep ? sl_http_response_header(r, c->keep) : NULL;

	c->status = r->status;
	c->oversize = r->oversize;
	sl_text_clean(c->header, sizeof c->header, value ? value : "", value ? strlen(value) : 0,
		      false);
}

static int on_digest(void *arg, long status, const char *text, size_t len, struct sl_error *e)
{
	struct sl_chain *c = arg;
	int rc = SL_OK;

	(void)status;
	if (!len)
		return SL_OK;
	c->json = sl_json_parse(text, len, e);
	if (!c->json)
		return e->code;
	if (c->work && c->status < 300) {
		rc = c->work(c, e);
		cJSON_Delete(c->json);
		c->json = NULL;
	}
	return rc;
}

static void on_done(void *arg, const struct sl_error *e)
{
	struct sl_chain *c = arg;

	c->ask = NULL;
	if (c->canceled)
		sl_chain_end(c, e);
	else
		c->then(c, e);
}

void sl_chain_ask(struct sl_chain *c, const struct sl_http_request *request,
		  void (*then)(struct sl_chain *c, const struct sl_error *e))
{
	const struct sl_ask_spec spec = {
		.who = c->all->name,
		.head = on_head,
		.bare = true,
		.digest = on_digest,
		.done = on_done,
		.arg = c,
	};
	struct sl_http_request asked = *request;
	int64_t left = sl_chain_left(c);

	cJSON_Delete(c->json);
	c->json = NULL;
	c->status = 0;
	c->oversize = false;
	c->header[0] = '\0';
	if (c->canceled || left <= 0) {
		timer_start(c, 0, c->canceled ? fire_end : fire_late);
		return;
	}
	if (!asked.timeout_ms || asked.timeout_ms > left)
		asked.timeout_ms = left;
	c->then = then;
	c->ask = sl_ask_start(c->all->services, &asked, &spec);
}

/* --- listening --- */

static void on_socket_opened(void *arg)
{
	struct sl_chain *c = arg;

	if (!c->canceled)
		c->opened(c);
}

static void on_socket_heard(void *arg, const char *bytes, size_t len)
{
	struct sl_chain *c = arg;

	if (!c->canceled)
		c->heard(c, bytes, len);
}

static void on_socket_ended(void *arg, const struct sl_error *e)
{
	struct sl_chain *c = arg;

	c->socket = NULL;
	on_done(c, e);
}

static const struct sl_websocket_events socket_events = {
	.opened = on_socket_opened, .message = on_socket_heard, .ended = on_socket_ended};

void sl_chain_listen(struct sl_chain *c, const struct sl_websocket_request *request,
		     void (*opened)(struct sl_chain *c),
		     void (*heard)(struct sl_chain *c, const char *bytes, size_t len),
		     void (*then)(struct sl_chain *c, const struct sl_error *e))
{
	const struct sl_host_services *services = c->all->services;

	if (c->canceled) {
		timer_start(c, 0, fire_end);
		return;
	}
	c->opened = opened;
	c->heard = heard;
	c->then = then;
	c->socket = services->websocket(services->ctx, request, &socket_events, c);
}

void sl_chain_hang_up(struct sl_chain *c)
{
	c->all->services->websocket_close(c->all->services->ctx, c->socket);
}
