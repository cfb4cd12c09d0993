/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a pipe: each may close it, after which nothing more is told. */
#include "orchestrator/host/transport_driver.h"

void pipe_opened(struct transport_pipe *p)
{
	if (p->events && p->events->opened)
		p->events->opened(p->arg);
}

void pipe_data(struct transport_pipe *p, int fd, const char *bytes, size_t len)
{
	if (p->events && p->events->data && len)
		p->events->data(p->arg, fd, bytes, len);
}

void pipe_drained(struct transport_pipe *p)
{
	if (p->events && p->events->drained)
		p->events->drained(p->arg);
}

void pipe_ended(struct transport_pipe *p, int rc, const struct sl_error *e)
{
	static const struct sl_error ok = {.code = SL_OK};

	if (p->events && p->events->ended)
		p->events->ended(p->arg, rc, e ? e : &ok);
}
