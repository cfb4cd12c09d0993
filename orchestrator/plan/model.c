/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/plan/model.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plugins/sdk/mem.h"

char *model_release_name(const struct plan_input *in)
{
	return sl_asprintf("%s-%.8s", in->resolved->version, in->artifact->sha256);
}

bool plan_converged(const struct plan_input *in, size_t i)
{
	const struct plan_seen *s = &in->seen[i];
	bool limited = in->resolved->limited && in->resolved->limited[i];
	return !limited && s->alive && s->link == SEEN_RELEASE && s->digest && s->spec &&
	       strcasecmp(s->digest, in->artifact->sha256) == 0 &&
	       strcmp(s->spec, in->resolved->instances[i].spec) == 0;
}

/* A server that any node keeps out is out; weights are those of the first node that has it. */
static void find_server(struct model_instance *x, bool *ready, const struct plan_router *r,
			size_t index)
{
	*ready = true;
	for (size_t i = 0; i < r->server_count; i++) {
		const struct plan_server *s = &r->servers[i];
		if (s->instance != (long)index)
			continue;
		if (!x->has_server) {
			x->has_server = true;
			x->backup = s->backup;
			x->configured = s->configured_weight;
			x->weight = s->weight;
			x->server = s->server;
		}
		*ready = *ready && s->admin == SL_ADMIN_READY;
	}
}

/* Nobody looked at the excluded ones: what the router says, else they are taken to be fine. */
static void model_fill(struct plan_model *m, const struct plan_input *in, size_t i)
{
	struct model_instance *x = &m->at[i];
	const struct plan_seen *s = &in->seen[i];
	bool ready = true;
	x->limited = in->resolved->limited && in->resolved->limited[i];
	x->converged = plan_converged(in, i);
	x->todo = !x->limited && !x->converged;
	x->dead = !x->limited && !s->alive;
	x->first = !x->limited && s->link == SEEN_NONE;
	x->configured = x->weight = 1;
	if (in->router)
		find_server(x, &ready, in->router, i);
	x->marked = !ready;
	x->kept_out = !x->dead && !ready;
	x->in_service = !x->dead && ready;
	x->is_new = x->converged;
}

void model_init(struct plan_model *m, const struct plan_input *in)
{
	*m = (struct plan_model){
		.count = in->resolved->instance_count,
		.router = in->router != NULL,
		.min_capacity = in->resolved->playbook->strategy.min_capacity,
	};
	m->at = sl_alloc_n(m->count + 1, sizeof *m->at);
	for (size_t i = 0; i < m->count; i++)
		model_fill(m, in, i);
}

void model_release(struct plan_model *m)
{
	free(m->at);
	*m = (struct plan_model){0};
}

size_t model_in_service(const struct plan_model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->count; i++)
		n += m->at[i].in_service;
	return n;
}

size_t model_new(const struct plan_model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->count; i++)
		n += m->at[i].is_new;
	return n;
}

/* Backup servers and those configured with weight 0 take no part in sharing. */
static bool takes_part(const struct model_instance *x, bool ours)
{
	return x->in_service && !x->backup && (ours ? x->configured : x->weight) > 0;
}

static double present_share(const struct plan_model *m, int *weights)
{
	double all = 0, new = 0;
	for (size_t i = 0; i < m->count; i++) {
		const struct model_instance *x = &m->at[i];
		int w = takes_part(x, false) ? x->weight : 0;
		all += w;
		new += x->is_new ? w : 0;
		if (weights)
			weights[i] = w;
	}
	return all > 0 ? new / all : 0;
}

double model_natural_share(const struct plan_model *m)
{
	double all = 0, new = 0;
	for (size_t i = 0; i < m->count; i++) {
		const struct model_instance *x = &m->at[i];
		double c = takes_part(x, true) ? x->configured : 0;
		all += c;
		new += x->is_new ? c : 0;
	}
	return !m->router ? -1 : all > 0 ? new / all : 0;
}

double model_share(const struct plan_model *m, double want, int *weights)
{
	if (!m->router)
		return -1;
	if (want < 0)
		return present_share(m, weights);
	struct plan_weight_server *servers = sl_alloc_n(m->count + 1, sizeof *servers);
	int *own = sl_alloc_n(m->count + 1, sizeof *own);
	double real;
	for (size_t i = 0; i < m->count; i++)
		servers[i] = (struct plan_weight_server){
			.in_service = takes_part(&m->at[i], true),
			.is_new = m->at[i].is_new,
			.configured = m->at[i].configured > 0 ? m->at[i].configured : 1,
		};
	plan_weights(servers, m->count, want, m->min_capacity, m->count, own, &real);
	if (weights)
		memcpy(weights, own, m->count * sizeof *own);
	free(servers);
	free(own);
	return real;
}
