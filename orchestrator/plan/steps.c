/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of one kind, each as a wave: claims, staging, upgrades, weights, pauses, the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define SECONDS(n)      ((int64_t)(n)*1000)
#define UPLOAD_PER_S    131072       /* bytes: a slow link still gets a release there */
#define COMMAND_TIMEOUT SECONDS(300) /* what a host's start, stop and status may take */
#define STOP_TIMEOUT    SECONDS(30)
#define DRAIN_TIMEOUT   SECONDS(30)
#define HEALTHY_WITHIN  SECONDS(300)

int64_t deadline_of(enum plan_do what)
{
	static const int64_t table[DO_COUNT] = {
		[DO_CLAIM] = SECONDS(60),    [DO_STAGE] = SECONDS(300),
		[DO_DRAIN] = SECONDS(60),    [DO_SWAP] = SECONDS(120),
		[DO_READY] = SECONDS(315),   [DO_RETURN] = SECONDS(90),
		[DO_WEIGHT] = SECONDS(30),   [DO_PAUSE] = 0,
		[DO_CONFIG] = SECONDS(60),   [DO_RUN] = SECONDS(315),
		[DO_RESTORE] = SECONDS(60),  [DO_PRUNE] = SECONDS(120),
		[DO_UNSTAGE] = SECONDS(120), [DO_RELEASE] = SECONDS(60),
	};
	return table[what];
}

int64_t propagation_ms(const struct draft *d)
{
	const struct pb_duration *p = &d->service->drain.propagation;
	return d->in->registry || p->given ? p->ms : 0;
}

int64_t deadline_drain(const struct draft *d)
{
	int64_t timeout = d->service->drain.timeout.ms;
	return propagation_ms(d) + (timeout > 0 ? timeout : DRAIN_TIMEOUT) + SECONDS(30);
}

/* Both ways in one script: stop, start, and when that fails back again. */
int64_t deadline_swap(const struct pb_service *s)
{
	int64_t stop = s->runtime.stop_timeout.ms > 0 ? s->runtime.stop_timeout.ms : STOP_TIMEOUT;
	if (s->runtime.kind == PB_RUNTIME_COMMANDS)
		return 4 * COMMAND_TIMEOUT;
	return 2 * stop + SECONDS(60);
}

int64_t deadline_ready(const struct pb_service *s)
{
	int64_t within = s->ready.healthy_deadline.ms;
	return (within > 0 ? within : HEALTHY_WITHIN) + SECONDS(15);
}

/* --- staging --- */

static void stage_one(struct draft *d, struct draft_claim *c, size_t track)
{
	const struct plan_seen *seen = &d->in->seen[c->instance];
	struct plan_step *s = draft_step_at(d, DO_STAGE, track, (size_t)c->instance);
	s->deadline_ms += SECONDS(d->in->artifact->size / UPLOAD_PER_S);
	s->port = 0;
	s->release = sl_strdup(d->p->release);
	s->digest = sl_strdup(d->p->digest);
	/* There before this run: an undo leaves it there. */
	if (seen->staged)
		s->prior_release = sl_strdup(d->p->release);
	c->staged = true;
}

void steps_stage(struct draft *d, const size_t *batch, size_t count)
{
	draft_wave(d, WAVE_STAGE, "stage %s", d->p->release);
	for (size_t i = 0, track = 0; i < count; i++) {
		const struct rs_instance *x = &d->in->resolved->instances[batch[i]];
		struct draft_claim *c = draft_need_claim(d, x->host, x->sluice, (long)batch[i]);
		if (!c->staged)
			stage_one(d, c, track++);
	}
}

/* --- upgrades --- */

static void add_prior(struct plan_step *s, const struct draft *d, size_t i)
{
	const struct plan_seen *seen = &d->in->seen[i];
	s->prior_release = seen->link == SEEN_NONE ? NULL : sl_strdup(seen->release);
	s->prior_spec = seen->link == SEEN_NONE ? NULL : sl_strdup(seen->spec);
	s->first_install = d->model.at[i].first;
	s->prior_dead = d->model.at[i].dead;
}

/* Several registrations of one instance may be left from earlier lives: what is up counts. */
static const char *registered_version(const struct plan_input *in, size_t i)
{
	const char *version = NULL;
	for (size_t k = 0; in->registry && k < in->registry->count; k++) {
		const struct plan_registered *r = &in->registry->at[k];
		if (r->instance == (long)i && (!version || r->state == SL_INSTANCE_UP))
			version = r->version;
	}
	return version;
}

static bool all_first(const struct draft *d)
{
	for (size_t i = 0; i < d->model.count; i++)
		if (!d->model.at[i].first)
			return false;
	return true;
}

/*
 * A first install has nothing to drain. Where others of the service live, its server is marked out
 * all the same, or the router would send it traffic before it was found ready (and, in a canary, at
 * full weight). What is down has no calls in flight, but is marked out for the same reason; where
 * it is marked out already (an earlier run left it so), it comes back once it is ready: a broken
 * service must be fixable.
 */
static bool wants_router_drain(const struct draft *d, size_t i)
{
	const struct model_instance *x = &d->model.at[i];
	return d->model.router && !x->marked && (!x->first || !all_first(d));
}

static bool wants_drain(const struct draft *d, size_t i)
{
	const struct model_instance *x = &d->model.at[i];
	const struct pb_drain *drain = &d->service->drain;
	bool by_itself = d->in->resolved->instances[i].drain_command ||
			 (drain->propagation.given && drain->propagation.ms > 0);
	if (wants_router_drain(d, i) || (d->in->registry && !x->first))
		return true;
	return !d->model.router && by_itself && !x->first && !x->dead;
}

static void upgrade_one(struct draft *d, size_t i, size_t track, double before, double after)
{
	struct plan_step *s;
	if (wants_drain(d, i)) {
		s = draft_step_at(d, DO_DRAIN, track, i);
		s->deadline_ms = deadline_drain(d);
		s->share = before;
		s->registry_only = d->model.router && !wants_router_drain(d, i);
		add_prior(s, d, i);
	}
	s = draft_step_at(d, DO_SWAP, track, i);
	s->deadline_ms = deadline_swap(d->service);
	s->release = sl_strdup(d->p->release);
	s->digest = sl_strdup(d->p->digest);
	s->spec = sl_strdup(d->in->resolved->instances[i].spec);
	s->registered_version = sl_strdup(registered_version(d->in, i));
	add_prior(s, d, i);
	s = draft_step_at(d, DO_READY, track, i);
	s->deadline_ms = deadline_ready(d->service);
	s->release = sl_strdup(d->p->release);
	s->spec = sl_strdup(d->in->resolved->instances[i].spec);
	s->registered = d->in->registry && d->service->ready.registered;
	if (s->registered)
		s->registered_version = sl_strdup(d->p->version);
	bool to_router = d->model.router && !d->model.at[i].kept_out;
	if (to_router || d->in->registry) {
		s = draft_step_at(d, DO_RETURN, track, i);
		s->share = to_router ? after : -1;
		s->registry_only = d->model.router && !to_router;
		add_prior(s, d, i);
	}
}

void steps_upgrade(struct draft *d, const size_t *batch, size_t count)
{
	struct plan_model *m = &d->model;
	size_t after = model_new(m) + count;
	char part[16];
	sl_share_format(part, sizeof part, (double)after / (double)m->count);
	if (d->finishing)
		d->share = (double)model_new(m) / (double)m->count;
	double before = d->share;
	if (d->finishing)
		d->share = (double)after / (double)m->count;
	struct plan_wave *w =
		draft_wave(d, WAVE_UPGRADE, "upgrade %zu of %zu (%s)", after, m->count, part);
	for (size_t i = 0; i < count; i++)
		m->at[batch[i]].in_service = false;
	size_t least = model_in_service(m);
	for (size_t i = 0; i < count; i++)
		upgrade_one(d, batch[i], i, before, d->share);
	for (size_t i = 0; i < count; i++) {
		m->at[batch[i]].in_service = !m->at[batch[i]].kept_out;
		m->at[batch[i]].is_new = true;
		m->at[batch[i]].todo = false;
	}
	draft_wave_state(d);
	w = &d->p->waves[d->p->wave_count - 1];
	w->in_service_min = least;
}

/* --- traffic, pauses, the end --- */

void steps_weight(struct draft *d, double share)
{
	char asked[16], real[16];
	d->share = share;
	sl_share_format(asked, sizeof asked, share);
	sl_share_format(real, sizeof real, model_share(&d->model, share, NULL));
	if (strcmp(asked, real) == 0)
		draft_wave(d, WAVE_TRAFFIC, "traffic %s", asked);
	else
		draft_wave(d, WAVE_TRAFFIC, "traffic %s (really %s)", asked, real);
	struct plan_step *s = draft_step(d, DO_WEIGHT, 0);
	s->service = sl_strdup(d->service->name);
	s->share = share;
}

void steps_pause(struct draft *d, const struct pb_duration *pause)
{
	char text[32];
	if (pause->given)
		draft_wave(d, WAVE_PAUSE, "pause %s",
			   sl_duration_format(text, sizeof text, pause->ms));
	else
		draft_wave(d, WAVE_PAUSE, "pause until promote");
	struct plan_step *s = draft_step(d, DO_PAUSE, 0);
	s->pause_ms = pause->given ? pause->ms : -1;
	s->deadline_ms = pause->given ? pause->ms : 0;
}

void steps_restore(struct draft *d)
{
	bool weights = d->share >= 0;
	if (weights)
		d->share = model_natural_share(&d->model);
	draft_wave(d, WAVE_FINISH, "%s",
		   weights ? "configured weights come back" : "servers' states come back");
	struct plan_step *s = draft_step(d, DO_RESTORE, 0);
	s->service = sl_strdup(d->service->name);
	s->share = d->share;
}

void steps_prune(struct draft *d)
{
	draft_wave(d, WAVE_PRUNE, "prune to %lld releases", (long long)d->service->release.keep);
	for (size_t i = 0, track = 0; i < d->claim_count; i++) {
		if (!d->claims[i].staged)
			continue;
		struct plan_step *s =
			draft_step_at(d, DO_PRUNE, track++, (size_t)d->claims[i].instance);
		s->port = 0;
	}
}

/* --- claims --- */

static int by_inventory(const void *a, const void *b)
{
	const struct draft_claim *x = a, *y = b;
	if (x->host->index != y->host->index)
		return x->host->index < y->host->index ? -1 : 1;
	int by_host = strcmp(x->host->name, y->host->name);
	return by_host ? by_host : strcmp(x->folder, y->folder);
}

static void claim_router(struct draft *d)
{
	const struct plan_router *r = d->in->router;
	for (size_t i = 0; i < (r->has_hosts ? r->node_count : 1); i++) {
		struct plan_step *s = draft_step(d, DO_CLAIM, 0);
		s->router_claim = sl_asprintf("%s %s", r->name, r->backend);
		if (!r->has_hosts) {
			s->claim = sl_strdup("");
			continue;
		}
		const struct rs_host *h = resolved_host(d->in->resolved, r->nodes[i]);
		s->host = sl_strdup(r->nodes[i]);
		s->claim = sl_asprintf("%s/router-%s-%s",
				       h && h->sluice_dir ? h->sluice_dir : "~/.sluice", r->name,
				       r->backend);
	}
}

/* One track: everybody takes claims in the same order, so that of two runs one gets them all. */
void steps_claim(struct draft *d)
{
	if (d->claim_count)
		qsort(d->claims, d->claim_count, sizeof *d->claims, by_inventory);
	draft_wave(d, WAVE_CLAIM, "claim");
	for (size_t i = 0; i < d->claim_count; i++) {
		struct plan_step *s = draft_step(d, DO_CLAIM, 0);
		s->instance = d->claims[i].instance;
		s->service = sl_strdup(d->service->name);
		s->host = sl_strdup(d->claims[i].host->name);
		s->claim = sl_strdup(d->claims[i].folder);
	}
	if (d->model.router)
		claim_router(d);
}

/* Wave 0 holds the claims by now. */
void steps_release(struct draft *d)
{
	size_t first = d->p->waves[0].first, count = d->p->waves[0].count;
	draft_wave(d, WAVE_RELEASE, "release claims");
	for (size_t i = count; i-- > 0;) {
		struct plan_step claim = d->p->steps[first + i];
		struct plan_step *s = draft_step_copy(d, &claim, 0);
		s->what = DO_RELEASE;
		s->deadline_ms = deadline_of(DO_RELEASE);
	}
}
