/* SPDX-License-Identifier: Apache-2.0 */
/* The local driver: sh on this machine, with a folder of its own as $HOME when the target names
 * one. For tests and simulations; nothing connects. */
#include <stdlib.h>

#include "orchestrator/host/child.h"
#include "orchestrator/host/socket.h"
#include "orchestrator/host/transport_driver.h"
#include "plugins/sdk/mem.h"

struct local {
	struct transport *t;
	uv_timer_t timer; /* the turn in which it is "connected" */
};

static void on_timer_closed(uv_handle_t *h)
{
	struct local *l = h->data;
	struct transport_pool *pool = transport_pool_of(l->t);

	free(l);
	transport_pool_drop(pool);
}

static void *local_make(struct transport *t)
{
	struct local *l = sl_alloc(sizeof *l);

	l->t = t;
	uv_timer_init(transport_pool_loop(transport_pool_of(t)), &l->timer);
	l->timer.data = l;
	transport_pool_hold(transport_pool_of(t));
	return l;
}

static void on_turn(uv_timer_t *timer)
{
	struct local *l = timer->data;

	transport_connected(l->t, NULL);
}

static void local_connect(void *driver)
{
	struct local *l = driver;

	uv_timer_start(&l->timer, on_turn, 0, 0);
}

/* Commands end with their calls; streams are plain sockets and outlive the "connection". */
static void local_drop(void *driver, const struct sl_error *e)
{
	struct local *l = driver;

	(void)e;
	uv_timer_stop(&l->timer);
}

static void local_destroy(void *driver)
{
	struct local *l = driver;

	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

static struct transport_pipe *local_exec(void *driver, const char *command,
					 const struct transport_pipe_events *events, void *arg)
{
	struct local *l = driver;
	const struct transport_target *target = transport_target_of(l->t);
	const char *argv[] = {"/bin/sh", "-c", command, NULL};
	struct child_options o = {.argv = argv, .name = target->name};
	const char *set[] = {NULL, NULL, NULL};
	struct transport_pipe *p;
	char *home = NULL, *pwd = NULL;

	if (target->local_root) {
		set[0] = home = sl_asprintf("HOME=%s", target->local_root);
		set[1] = pwd = sl_asprintf("PWD=%s", target->local_root);
		o.set = set;
		o.cwd = target->local_root;
	}
	p = child_start(transport_pool_of(l->t), &o, events, arg);
	free(home);
	free(pwd);
	return p;
}

static struct transport_pipe *local_stream(void *driver, const struct sl_endpoint *to,
					   const struct transport_pipe_events *events, void *arg)
{
	struct local *l = driver;

	return socket_connect(transport_pool_of(l->t), transport_name(l->t), to, events, arg);
}

const struct transport_driver_ops driver_local = {
	.id = TRANSPORT_LOCAL,
	.name = "local",
	.commands = 64,
	.make = local_make,
	.connect = local_connect,
	.drop = local_drop,
	.exec = local_exec,
	.stream = local_stream,
	.destroy = local_destroy,
};
