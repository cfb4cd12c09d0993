/* SPDX-License-Identifier: Apache-2.0 */
/* Weight: the share of the new side. Restore: the configured weights come back. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "orchestrator/run/traffic.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* --- weight, restore --- */

static bool is_restore(const struct act *a)
{
	return a->step->what == DO_RESTORE;
}

static cJSON *wanted_weights(const struct act *a, double *real)
{
	if (!is_restore(a))
		return target_weights(a, a->step->share, -1, -1, real);
	cJSON *weights = cJSON_CreateObject();
	for (size_t i = 0; i < a->traffic->count; i++)
		if (a->traffic->servers[i].instance >= 0 && !a->traffic->servers[i].backup)
			sl_json_add_int(weights, a->traffic->servers[i].server,
					a->traffic->servers[i].configured);
	*real = target_configured_share(a, -1, -1);
	return weights;
}

static void weight_prior(struct act *a)
{
	if (traffic_failed(a))
		return;
	double real;
	target_prior(a, NULL);
	a->target = cJSON_CreateObject();
	cJSON_AddItemToObject(a->target, "weights", wanted_weights(a, &real));
	act_intend(a);
}

/* A share below 0: this run never touched weights, so there are none to give back. */
static bool has_weights(const struct act *a)
{
	return a->r->world.router && a->step->share >= 0;
}

static void weight_prepare(struct act *a)
{
	if (has_weights(a))
		traffic_acquire(a, weight_prior);
	else
		act_intend(a);
}

static void weight_finish(struct act *a)
{
	double real = 0;
	cJSON_Delete(wanted_weights(a, &real));
	target_emit(a, is_restore(a) ? real : a->step->share, real);
	act_ok(a);
}

static void weight_written(void *arg, const struct sl_error *e)
{
	struct act *a = arg;
	if (e->code)
		act_end(a, e);
	else
		weight_finish(a);
}

static void weight_act(struct act *a)
{
	if (has_weights(a))
		target_write(a, weight_written);
	else
		act_ok(a);
}

/* Equals target = done; equals prior, or a mixture that a dying controller leaves = not done. */
static void weight_settle_read(struct act *a)
{
	if (traffic_failed(a))
		return;
	const cJSON *target = sl_json_get(a->target, "weights");
	const cJSON *prior = sl_json_get(a->prior, "weights");
	bool done = true;
	for (size_t i = 0; i < a->traffic->count; i++) {
		const struct traffic_server *s = &a->traffic->servers[i];
		int64_t to = sl_json_int(target, s->server, -1);
		if (to < 0 || (s->agree && s->weight == to))
			continue;
		done = false;
		if (s->agree && s->weight != sl_json_int(prior, s->server, -1)) {
			char found[160];
			snprintf(found, sizeof found, "server %s has weight %d", s->server,
				 s->weight);
			act_settled(a, SETTLED_CHANGED, found);
			return;
		}
	}
	if (done)
		weight_finish(a);
	else
		weight_act(a);
}

static void weight_settle(struct act *a)
{
	if (has_weights(a))
		traffic_acquire(a, weight_settle_read);
	else
		act_ok(a);
}

const struct step_ops step_weight = {
	.prepare = weight_prepare,
	.act = weight_act,
	.settle = weight_settle,
};
