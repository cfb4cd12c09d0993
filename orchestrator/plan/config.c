/* SPDX-License-Identifier: Apache-2.0 */
/* Config keys in a plan: which have to be published, and before which wave. */
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/mem.h"

static bool is_published(const struct plan_key *k)
{
	return k->prior && !k->prior_disabled && strcmp(k->prior, k->value) == 0;
}

bool config_differs(const struct plan_input *in)
{
	for (size_t i = 0; in->config && i < in->config->count; i++)
		if (!is_published(&in->config->keys[i]))
			return true;
	return false;
}

/*
 * Only a router holds traffic back from what is ready: consumers of a registry, and clients that
 * connect by themselves, come as soon as it lives.
 */
static bool may_get_traffic(const struct draft *d, const struct plan_wave *w)
{
	if (w->kind != WAVE_UPGRADE && w->kind != WAVE_TRAFFIC)
		return false;
	return !d->model.router || d->in->registry || d->strategy->kind != PB_CANARY ||
	       w->share_after > 0;
}

static size_t first_traffic(const struct draft *d)
{
	size_t i = 0;
	while (i < d->p->wave_count && !may_get_traffic(d, &d->p->waves[i]))
		i++;
	return i;
}

static void publish(struct draft *d, const struct plan_key *k, size_t track)
{
	struct plan_step *s = draft_step(d, DO_CONFIG, track);
	s->service = sl_strdup(d->service->name);
	s->config = sl_strdup(d->in->config->name);
	s->key = sl_strdup(k->key);
	s->value = sl_strdup(k->value);
	s->prior_value = sl_strdup(k->prior);
	s->prior_disabled = k->prior_disabled;
}

void steps_config(struct draft *d)
{
	const struct plan_config *c = d->in->config;
	size_t at = first_traffic(d), track = 0;
	if (!config_differs(d->in))
		return;
	struct plan_wave *w = draft_wave(d, WAVE_CONFIG, "publish config in %s", c->name);
	if (at) { /* nothing moves meanwhile */
		w->new_after = d->p->waves[at - 1].new_after;
		w->share_after = d->p->waves[at - 1].share_after;
	}
	for (size_t i = 0; i < c->count; i++)
		if (!is_published(&c->keys[i]))
			publish(d, &c->keys[i], track++);
	draft_move_last_wave(d, at);
}
