/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of the inventory, asked over SSH while somebody looks. */
#include <stdio.h>

#include "console/views/views.h"
#include "orchestrator/view/host_look.h"

static const enum action hints[] = {ACT_ENTER,   ACT_LOG,   ACT_FILTER, ACT_NEXT,
				    ACT_SORT,    ACT_MARK,  ACT_COPY,   ACT_EXPORT,
				    ACT_REFETCH, ACT_SHELL, ACT_NONE};

/* How many have not answered yet, or do not answer. */
static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct host_looks *h = site_hosts(a->site);
	size_t all = h ? host_looks_count(h) : 0, waiting = 0, lost = 0;

	(void)s;
	for (size_t i = 0; i < all; i++) {
		const struct host_seen *seen = host_looks_at(h, i);

		waiting += !seen->tried_at;
		lost += seen->tried_at && seen->error.code;
	}
	if (!waiting && !lost)
		return false;
	*paint = waiting ? PAINT_DIM : PAINT_WARN;
	if (waiting)
		snprintf(text, size, "asking %zu of %zu hosts", waiting, all);
	else
		snprintf(text, size, "%zu of %zu hosts do not answer; they are tried again", lost,
			 all);
	return true;
}

const struct screen_ops view_hosts = {
	.name = "hosts",
	.title = "Hosts",
	.tab = 7,
	.data = "hosts",
	.enter = "host",
	.twin = "get hosts",
	.hints = hints,
	.offers = host_offers,
	.act = host_act,
	.empty = "no hosts: start with -i INVENTORY, which names them",
	.state = state,
};
