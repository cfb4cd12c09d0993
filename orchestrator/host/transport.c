/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transports and their pool: which driver serves a host, when it connects, who waits for a slot.
 *
 * A transport holds one of the pool's `fanout` slots from its first waiting call until its last
 * running one has ended; open streams need no slot. Calls wait in the transport's own queue, and
 * transports wait for a slot in the order in which they first had something to do.
 */
#include "orchestrator/host/transport.h"

#include <stdlib.h>

#include "orchestrator/host/folder.h"
#include "orchestrator/host/transport_driver.h"
#include "orchestrator/host/transport_errors.h"
#include "orchestrator/host/transport_internal.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

struct transport_pool {
	uv_loop_t *loop;
	unsigned fanout, active;
	unsigned holds, serial;
	bool closing;
	struct transport *all;
	struct transport *waiting;
	transport_ask_hostkey ask;
	void *ask_arg;
	void (*closed)(void *arg);
	void *closed_arg;
	uv_timer_t closer;
	struct private_folder folder;
	char scratch[TRANSPORT_SCRATCH];
};

static const struct transport_driver_ops *const drivers[] = {
	[TRANSPORT_LOCAL] = &driver_local,
	[TRANSPORT_OPENSSH] = &driver_openssh,
	[TRANSPORT_LIBSSH2] = &driver_libssh2,
};

/* --- the pool --- */

struct transport_pool *transport_pool_new(uv_loop_t *loop, unsigned fanout)
{
	struct transport_pool *p = sl_alloc(sizeof *p);

	p->loop = loop;
	p->fanout = fanout ? fanout : 1;
	uv_timer_init(loop, &p->closer);
	p->closer.data = p;
	transport_pool_hold(p);
	return p;
}

uv_loop_t *transport_pool_loop(const struct transport_pool *p)
{
	return p->loop;
}

bool transport_pool_closing(const struct transport_pool *p)
{
	return p->closing;
}

char *transport_pool_scratch(struct transport_pool *p)
{
	return p->scratch;
}

unsigned transport_pool_serial(struct transport_pool *p)
{
	return ++p->serial;
}

const char *transport_pool_folder(struct transport_pool *p, struct sl_error *e)
{
	if (!*p->folder.path && private_folder_make(&p->folder, e) != SL_OK)
		return NULL;
	return p->folder.path;
}

void transport_pool_hold(struct transport_pool *p)
{
	p->holds++;
}

static void pool_free(struct transport_pool *p)
{
	struct transport *t, *next;

	DL_FOREACH_SAFE(p->all, t, next)
	{
		if (t->reach_loaded)
			reach_release(&t->reach);
		free(t);
	}
	private_folder_remove(&p->folder);
	if (p->closed)
		p->closed(p->closed_arg);
	free(p);
}

void transport_pool_drop(struct transport_pool *p)
{
	if (--p->holds == 0 && p->closing)
		pool_free(p);
}

void transport_pool_on_unknown_key(struct transport_pool *p, transport_ask_hostkey ask, void *arg)
{
	p->ask = ask;
	p->ask_arg = arg;
}

/* --- slots --- */

static void transport_pump(struct transport *t);
static void disconnect(struct transport *t, const struct sl_error *e);

static bool transport_busy(const struct transport *t)
{
	return t->queue || t->running;
}

static void pool_admit(struct transport_pool *p)
{
	struct transport *t;

	while (!p->closing && p->active < p->fanout && p->waiting) {
		t = p->waiting;
		DL_DELETE2(p->waiting, t, wait_prev, wait_next);
		t->waiting = false;
		if (!transport_busy(t))
			continue;
		t->active = true;
		p->active++;
		transport_pump(t);
	}
}

void transport_settle(struct transport *t)
{
	if (transport_busy(t)) {
		transport_pump(t);
	} else if (t->active) {
		t->active = false;
		t->pool->active--;
		pool_admit(t->pool);
	}
}

void transport_enqueue(struct transport_call *c)
{
	struct transport *t = c->t;
	struct sl_error e;

	if (t->pool->closing) {
		host_error_canceled(&e, t->target.name);
		call_end(c, 0, &e);
		return;
	}
	DL_APPEND(t->queue, c);
	if (t->active) {
		transport_pump(t);
		return;
	}
	if (!t->waiting) {
		t->waiting = true;
		DL_APPEND2(t->pool->waiting, t, wait_prev, wait_next);
	}
	pool_admit(t->pool);
}

/* --- connecting --- */

static void connect_failed(struct transport *t, const struct sl_error *e)
{
	struct transport_call *c, *next, *all = t->queue;

	/* Taken off first: ending one call may start a new attempt for calls that come after. */
	t->queue = NULL;
	DL_FOREACH_SAFE(all, c, next)
	{
		DL_DELETE(all, c);
		c->prev = NULL;
		call_end(c, 0, e);
	}
	transport_settle(t);
}

static void on_connect_deadline(uv_timer_t *timer)
{
	struct transport *t = timer->data;
	struct sl_error e;

	host_error_timeout(&e, t->target.name, "connecting", transport_connect_timeout(t));
	disconnect(t, &e);
	connect_failed(t, &e);
}

static void driver_take(struct transport *t, const struct transport_driver_ops *ops)
{
	if (t->driver)
		t->ops->destroy(t->driver);
	t->ops = ops;
	t->driver = ops->make(t);
}

static void driver_choose(struct transport *t)
{
	enum transport_driver id = t->target.driver;

	if (id == TRANSPORT_LOCAL) {
		driver_take(t, &driver_local);
		return;
	}
	reach_load(&t->reach, &t->target);
	t->reach_loaded = true;
	if (id == TRANSPORT_AUTO && t->reach.config.beyond) {
		sl_log(SL_LOG_INFO, "%s: using the ssh program: %s", t->target.name,
		       t->reach.config.beyond);
		id = TRANSPORT_OPENSSH;
	}
	driver_take(t, id == TRANSPORT_AUTO ? &driver_libssh2 : drivers[id]);
}

/* The loop's own time stands still while it is not run: it may be a person's answer old. */
static void start_deadline(struct transport *t)
{
	uv_update_time(t->pool->loop);
	uv_timer_start(&t->deadline, on_connect_deadline, (uint64_t)transport_connect_timeout(t),
		       0);
}

static void start_connecting(struct transport *t)
{
	t->phase = PHASE_CONNECTING;
	t->asking = false;
	if (!t->driver)
		driver_choose(t);
	start_deadline(t);
	t->ops->connect(t->driver);
}

static struct transport_call *next_startable(const struct transport *t)
{
	struct transport_call *c;

	DL_FOREACH(t->queue, c)
	{
		if (!call_is_command(c) || t->commands < t->ops->commands)
			return c;
	}
	return NULL;
}

/* Starting a call may end it and come back here: nothing is kept from turn to turn. */
static void transport_pump(struct transport *t)
{
	struct transport_call *c;

	if (t->active && t->queue && t->phase == PHASE_IDLE)
		start_connecting(t);
	while (t->active && t->phase == PHASE_CONNECTED && (c = next_startable(t))) {
		DL_DELETE(t->queue, c);
		DL_APPEND(t->running, c);
		c->started = true;
		t->commands += call_is_command(c);
		call_start(c);
	}
}

/* The connection goes; nothing may start on it while its pipes end one by one. */
static void disconnect(struct transport *t, const struct sl_error *e)
{
	t->phase = PHASE_LEAVING;
	t->asking = false;
	t->ops->drop(t->driver, e);
	t->phase = PHASE_IDLE;
}

void transport_connected(struct transport *t, const struct sl_error *e)
{
	uv_timer_stop(&t->deadline);
	if (e && e->code) {
		disconnect(t, e);
		connect_failed(t, e);
		return;
	}
	t->phase = PHASE_CONNECTED;
	transport_pump(t);
}

void transport_lost(struct transport *t, const struct sl_error *e)
{
	sl_log(SL_LOG_INFO, "%s", e->msg);
	disconnect(t, e);
	transport_settle(t);
}

void transport_unable(struct transport *t, const char *why, const struct sl_error *e)
{
	if (t->target.driver != TRANSPORT_AUTO || t->ops == &driver_openssh) {
		transport_connected(t, e);
		return;
	}
	sl_log(SL_LOG_INFO, "%s: using the ssh program: %s", t->target.name, why);
	uv_timer_stop(&t->deadline);
	disconnect(t, e);
	driver_take(t, &driver_openssh);
	start_connecting(t);
}

bool transport_ask(struct transport *t, const char *host, const char *type, const char *fingerprint)
{
	if (!t->pool->ask)
		return false;
	uv_timer_stop(&t->deadline);
	t->asking = true;
	t->pool->ask(t->pool->ask_arg, t, host, type, fingerprint);
	return true;
}

void transport_hostkey_answer(struct transport *t, bool accept)
{
	if (!t->asking || t->phase != PHASE_CONNECTING)
		return;
	t->asking = false;
	start_deadline(t);
	t->ops->hostkey_answer(t->driver, accept);
}

/* --- making and closing --- */

struct transport *transport_new(struct transport_pool *p, const struct transport_target *target)
{
	struct transport *t = sl_alloc(sizeof *t);

	t->pool = p;
	t->target = *target;
	if (!t->target.address)
		t->target.address = t->target.name;
	uv_timer_init(p->loop, &t->deadline);
	t->deadline.data = t;
	transport_pool_hold(p);
	DL_APPEND(p->all, t);
	return t;
}

const char *transport_name(const struct transport *t)
{
	return t->target.name;
}

enum transport_driver transport_driver_used(const struct transport *t)
{
	return t->phase == PHASE_CONNECTED ? t->ops->id : TRANSPORT_AUTO;
}

const struct transport_target *transport_target_of(const struct transport *t)
{
	return &t->target;
}

const struct reach *transport_reach(const struct transport *t)
{
	return &t->reach;
}

struct transport_pool *transport_pool_of(const struct transport *t)
{
	return t->pool;
}

int64_t transport_connect_timeout(const struct transport *t)
{
	if (t->reach_loaded)
		return t->reach.connect_timeout_ms;
	return t->target.connect_timeout_ms > 0 ? t->target.connect_timeout_ms : 10000;
}

static void on_transport_closed(uv_handle_t *h)
{
	struct transport *t = h->data;

	transport_pool_drop(t->pool);
}

static void transport_close(struct transport *t)
{
	struct transport_call *c, *next;
	struct sl_error e;

	host_error_canceled(&e, t->target.name);
	t->phase = PHASE_LEAVING;
	DL_FOREACH_SAFE(t->queue, c, next)
	{
		call_end(c, 0, &e);
	}
	DL_FOREACH_SAFE(t->running, c, next)
	{
		call_end(c, 0, &e);
	}
	if (t->driver) {
		t->ops->drop(t->driver, &e);
		t->ops->destroy(t->driver);
	}
	t->driver = NULL;
	uv_close((uv_handle_t *)&t->deadline, on_transport_closed);
}

static void on_closer_closed(uv_handle_t *h)
{
	struct transport_pool *p = h->data;

	transport_pool_drop(p);
}

static void on_close(uv_timer_t *timer)
{
	struct transport_pool *p = timer->data;
	struct transport *t;

	DL_FOREACH(p->all, t)
	{
		transport_close(t);
	}
	uv_close((uv_handle_t *)timer, on_closer_closed);
}

/* In a turn of its own: the caller may stand in a callback of a connection that goes. */
void transport_pool_close(struct transport_pool *p, void (*closed)(void *arg), void *arg)
{
	p->closing = true;
	p->closed = closed;
	p->closed_arg = arg;
	uv_timer_start(&p->closer, on_close, 0, 0);
}
