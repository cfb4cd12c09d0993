/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "plugins/etcd/etcd.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

void etcd_call_init(struct sl_call *call, struct etcd *etcd, int64_t timeout_ms,
		    void (*finish)(struct sl_call *call, const struct sl_error *e))
{
	call->etcd = etcd;
	call->finish = finish;
	call->deadline = sl_time_boottime() + timeout_ms;
	call->canceled = etcd->closing;
	call->next = etcd->calls;
	if (call->next)
		call->next->prev = call;
	etcd->calls = call;
}

int64_t etcd_call_left(const struct sl_call *call)
{
	return call->deadline - sl_time_boottime();
}

void etcd_call_end(struct sl_call *call, const struct sl_error *e)
{
	struct etcd *etcd = call->etcd;
	struct sl_error last = *e; /* may live in the call */

	if (call->canceled)
		sl_fail(&last, SL_ECANCELED, "%s: canceled", etcd->name);
	if (call->prev)
		call->prev->next = call->next;
	else
		etcd->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	call->finish(call, &last);
	etcd_reply_discard(etcd, &call->reply);
	free(call->body);
	free(call);
	etcd_maybe_free(etcd);
}

static void on_end(void *arg)
{
	struct sl_call *call = arg;

	call->timer = NULL;
	etcd_call_end(call, &call->error);
}

void etcd_call_end_later(struct sl_call *call, const struct sl_error *e)
{
	const struct sl_host_services *services = call->etcd->services;

	call->error = *e;
	call->timer = services->timer(services->ctx, 0, on_end, call);
}

/* Called from inside one of its own callbacks, nothing is under way: the next question or the end
 * sees the mark. */
void etcd_call_cancel(struct sl_call *call)
{
	const struct sl_host_services *services = call->etcd->services;

	if (call->canceled)
		return;
	call->canceled = true;
	if (call->stop) {
		call->stop(call);
	} else if (call->ask) {
		sl_ask_cancel(call->ask);
	} else if (call->timer) {
		services->timer_cancel(services->ctx, call->timer);
		call->timer = services->timer(services->ctx, 0, on_end, call);
	}
}

void etcd_cancel(void *instance, struct sl_call *call)
{
	(void)instance;
	etcd_call_cancel(call);
}
