/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholder until the driver is there: every connect is refused by name. */
#include <stdlib.h>

#include "orchestrator/host/transport_driver.h"
#include "plugins/sdk/mem.h"

struct stub {
	struct transport *t;
	uv_timer_t timer;
};

static void on_closed(uv_handle_t *h)
{
	struct stub *s = h->data;
	struct transport_pool *pool = transport_pool_of(s->t);

	free(s);
	transport_pool_drop(pool);
}

static void *stub_make(struct transport *t)
{
	struct stub *s = sl_alloc(sizeof *s);

	s->t = t;
	uv_timer_init(transport_pool_loop(transport_pool_of(t)), &s->timer);
	s->timer.data = s;
	transport_pool_hold(transport_pool_of(t));
	return s;
}

static void on_turn(uv_timer_t *timer)
{
	struct stub *s = timer->data;
	struct sl_error e;

	sl_fail(&e, SL_EUNSUPPORTED, "%s: this driver is not there yet", transport_name(s->t));
	transport_connected(s->t, &e);
}

static void stub_connect(void *driver)
{
	struct stub *s = driver;

	uv_timer_start(&s->timer, on_turn, 0, 0);
}

static void stub_drop(void *driver, const struct sl_error *e)
{
	struct stub *s = driver;

	(void)e;
	uv_timer_stop(&s->timer);
}

static void stub_destroy(void *driver)
{
	struct stub *s = driver;

	uv_close((uv_handle_t *)&s->timer, on_closed);
}

const struct transport_driver_ops driver_libssh2 = {
	.id = TRANSPORT_LIBSSH2,
	.name = "libssh2",
	.commands = 1,
	.make = stub_make,
	.connect = stub_connect,
	.drop = stub_drop,
	.destroy = stub_destroy,
};
