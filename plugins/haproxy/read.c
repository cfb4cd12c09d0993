/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/haproxy/call.h"
#include "plugins/sdk/mem.h"

struct hap_read_call {
	struct sl_call base;
	const struct sl_router_sink *sink;
	void *arg;
};

static void read_finish(struct sl_call *call, const struct sl_error *e)
{
	struct hap_read_call *r = (struct hap_read_call *)call;

	r->sink->done(r->arg, e);
}

static void report_backend(const struct hap_read_call *r, const struct hap_turn *turn)
{
	const struct hap_view *v = &turn->prior;
	const struct sl_router_backend backend = {
		.node = turn->node->label,
		.algorithm = v->algorithm,
		.weights_work = hap_weights_work(v->algorithm),
		.exact = hap_weights_exact(v->algorithm),
		.http_mode = v->http,
		.persistence = v->persistence,
	};

	if (r->sink->backend)
		r->sink->backend(r->arg, &backend);
}

static void report_server(const struct hap_read_call *r, const struct hap_turn *turn,
			  const struct hap_server *s)
{
	const struct sl_router_server server = {
		.node = turn->node->label,
		.server = s->name,
		.address = s->address,
		.port = s->port,
		.weight = s->weight,
		.configured_weight = s->initial,
		.admin = s->admin,
		.up = s->up,
		.checked = s->checked,
		.backup = s->backup,
		.sessions = s->sessions,
		.queued = s->queued,
	};

	if (r->sink->server)
		r->sink->server(r->arg, &server);
}

/* All nodes or none: half a picture would be planned upon. A sink that cancels while it is told
 * gets its done from the cancel. */
static void on_all_read(struct sl_call *call)
{
	struct hap_read_call *r = (struct hap_read_call *)call;
	struct sl_error e;

	if (hap_call_first_error(call, &e) == SL_OK) {
		for (size_t i = 0; i < call->hap->node_count; i++) {
			const struct hap_turn *turn = &call->turns[i];

			if (!call->ending)
				report_backend(r, turn);
			for (size_t k = 0; k < turn->prior.count && !call->ending; k++)
				report_server(r, turn, &turn->prior.servers[k]);
		}
	}
	if (!call->ending)
		hap_call_end(call, &e);
}

struct sl_call *hap_read(void *instance, const char *backend, int64_t timeout_ms,
			 const struct sl_router_sink *sink, void *arg)
{
	struct hap_read_call *r = sl_alloc(sizeof *r);

	r->sink = sink;
	r->arg = arg;
	hap_call_init(&r->base, instance, backend, timeout_ms, read_finish);
	hap_call_lines_read(&r->base);
	hap_call_round(&r->base, hap_turn_read_prior, on_all_read);
	return &r->base;
}
