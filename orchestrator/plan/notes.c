/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences under a plan: capacity figures, which promise holds and for whom, what to know. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/units.h"

#define SWAP_MS   5000 /* stop, switch, start: a guess for estimates only */
#define IDLE_MS   2000 /* idle twice, a second apart */
#define RETURN_MS 3000

/* --- capacity --- */

static size_t worst_in_service(const struct plan *p)
{
	size_t least = p->total;
	for (size_t i = 0; i < p->wave_count; i++)
		if (p->waves[i].in_service_min < least)
			least = p->waves[i].in_service_min;
	return least;
}

static void note_capacity(struct draft *d)
{
	char share[16];
	double mc = d->model.min_capacity;
	size_t total = d->model.count;
	size_t need = (size_t)ceil(mc * (double)total - 1e-9);
	size_t most = plan_amount_down(&d->strategy->max_unavailable, total);
	draft_note(
		d,
		"Capacity: %zu of %zu instances are in service now, at worst %zu; at most %zu %s "
		"changed at a time (maxUnavailable).",
		model_in_service(&d->model), total, worst_in_service(d->p), most,
		most == 1 ? "is" : "are");
	if (mc <= 0)
		draft_note(d,
			   "minCapacity 0%%: an outage while instances are changed is accepted.");
	else if (d->share >= 0)
		draft_note(d,
			   "minCapacity %s: %zu of %zu instances carry all traffic; no side gets "
			   "more than its instances can carry.",
			   sl_share_format(share, sizeof share, mc), need, total);
}

/* --- promises (RUN, section 5) --- */

static void note_promise(struct draft *d)
{
	const struct plan_router *r = d->in->router;
	const struct pb_drain *drain = &d->service->drain;
	char timeout[32];
	if (!r && d->in->registry) {
		draft_note(d,
			   "Consumers of registry %s get %s (drain.propagation) to stop calling an "
			   "instance that is marked out; calls in flight are not counted, so no "
			   "promise about requests is made.",
			   d->in->registry->name,
			   sl_duration_format(timeout, sizeof timeout, propagation_ms(d)));
		return;
	}
	if (!r) {
		draft_note(d, "Without a router no promise about requests is made: clients that "
			      "connect directly depend on propagation and on a server that closes "
			      "keep-alive connections on TERM.");
		return;
	}
	sl_duration_format(timeout, sizeof timeout,
			   drain->timeout.ms > 0 ? drain->timeout.ms : 30000);
	if (!r->http_mode)
		draft_note(d,
			   "%s is in TCP mode: connections still open after %s (drain.timeout) are "
			   "cut.",
			   r->backend, timeout);
	else if (r->persistence)
		draft_note(
			d,
			"%s has persistence: clients stick to a server that drains or has weight "
			"0, so shares are not kept and no promise is made; maint is used.",
			r->backend);
	else if (!drain->until_idle && !drain->until_command.shell && !drain->until_command.argv)
		draft_note(d, "No promise about requests is made: `drain` does not wait `until: "
			      "idle`.");
	else
		draft_note(d,
			   "No failed request is promised through %s, for requests shorter than %s "
			   "(drain.timeout); tunnels and streams are cut then%s.",
			   r->backend, timeout,
			   drain->fail_on_timeout ? " (onTimeout: fail stops the run instead)"
						  : "");
}

static void note_router(struct draft *d)
{
	const struct plan_router *r = d->in->router;
	if (!r)
		return;
	if (!r->exact && d->strategy->kind == PB_CANARY && r->weights_work)
		draft_note(d, "%s balances by %s: shares are approximate.", r->backend,
			   r->algorithm ? r->algorithm : "?");
	if (!r->has_hosts)
		draft_note(d,
			   "Router %s has no hosts: it is claimed in the state store only, another "
			   "machine's runs are not kept out.",
			   r->name);
}

/* --- instances --- */

static void note_instances(struct draft *d)
{
	size_t limited = 0, converged = 0, dead = 0;
	for (size_t i = 0; i < d->model.count; i++) {
		const struct model_instance *x = &d->model.at[i];
		limited += x->limited;
		converged += x->converged;
		dead += x->dead && !x->first;
		if (x->kept_out)
			draft_note(
				d,
				"%s is out of traffic at the router by somebody's hand: it stays "
				"so.",
				d->in->resolved->instances[i].id);
		if (x->has_server && !x->backup && x->configured <= 0)
			draft_note(d, "Server %s is configured with weight 0 and gets no traffic.",
				   x->server);
	}
	if (converged && d->p->touched)
		draft_note(d, "%zu of %zu instances run %s already and are not touched.", converged,
			   d->model.count, d->p->release);
	if (limited)
		draft_note(d,
			   "%zu of %zu instances are outside --limit: not touched, counted as old; "
			   "percents are of all.",
			   limited, d->model.count);
	if (dead)
		draft_note(d, "%zu %s down already: first in line.", dead,
			   dead == 1 ? "instance is" : "instances are");
	if (d->strategy->kind == PB_CANARY && !d->model.router && d->p->touched)
		draft_note(d, "There is no router: a weight is a share of instances, the real "
			      "figures are in the waves.");
}

/* --- the registry --- */

static void note_registered(struct draft *d, const struct plan_registered *r)
{
	const char *id = d->in->resolved->instances[r->instance].id;
	const char *version = d->in->seen[r->instance].version;
	if (r->state == SL_INSTANCE_OUT)
		draft_note(
			d,
			"%s is out of service in registry %s by somebody's hand: it is not marked "
			"up, but may register itself so when it starts.",
			id, d->in->registry->name);
	else if (version && r->version && strcmp(version, r->version) != 0)
		draft_note(d, "%s runs %s and is registered with version %s.", id, version,
			   r->version);
}

static bool is_registered(const struct plan_registry *r, size_t instance)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].instance == (long)instance)
			return true;
	return false;
}

static void note_missing(struct draft *d)
{
	size_t missing = 0, first = 0;
	for (size_t i = 0; i < d->model.count; i++) {
		const struct model_instance *x = &d->model.at[i];
		if (x->first || x->dead || x->limited || is_registered(d->in->registry, i))
			continue;
		first = missing++ ? first : i;
	}
	if (missing == 1)
		draft_note(d,
			   "%s is not registered in %s: its consumers do not know it, and there is "
			   "nothing to mark out.",
			   d->in->resolved->instances[first].id, d->in->registry->name);
	else if (missing)
		draft_note(d,
			   "%zu instances, %s among them, are not registered in %s: its consumers "
			   "do not know them, and there is nothing to mark out.",
			   missing, d->in->resolved->instances[first].id, d->in->registry->name);
}

static void note_registry(struct draft *d)
{
	const struct plan_registry *r = d->in->registry;
	char wait[32];
	if (!r)
		return;
	if (d->strategy->kind == PB_CANARY)
		draft_note(d,
			   "Registry %s: a changed instance receives registry traffic at once; "
			   "shares are kept at the router alone.",
			   r->name);
	if (d->in->router)
		draft_note(d,
			   "Consumers of registry %s get %s (drain.propagation) to stop calling an "
			   "instance that is marked out.",
			   r->name, sl_duration_format(wait, sizeof wait, propagation_ms(d)));
	for (size_t i = 0; i < r->count; i++)
		if (r->at[i].instance >= 0)
			note_registered(d, &r->at[i]);
		else
			draft_note(d,
				   "Registry %s still lists %s (%s), which is no instance of %s.",
				   r->name, r->at[i].place, plan_registered_word(r->at[i].state),
				   d->service->name);
	note_missing(d);
	if (r->unreadable)
		draft_note(d, "Registry %s holds %zu registrations that cannot be read.", r->name,
			   r->unreadable);
}

static void note_undo(struct draft *d)
{
	for (size_t i = 0; i < d->p->step_count; i++) {
		const struct plan_step *s = &d->p->steps[i];
		bool repeated = i && d->p->steps[i - 1].what == DO_RUN &&
				strcmp(d->p->steps[i - 1].name, s->name ? s->name : "") == 0;
		if (s->what == DO_RUN && !s->undo && !repeated)
			draft_note(d, "run %s has no `undo:`: it is not taken back by an undo.",
				   s->name);
	}
}

void plan_notes(struct draft *d)
{
	if (!d->p->touched) {
		draft_note(d,
			   d->p->step_count
				   ? "All instances run %s already: only config is published."
				   : "Nothing to change: all instances run %s.",
			   d->p->release);
		note_instances(d);
		return;
	}
	/* The walk moved the model: capacity is said of what was found. */
	model_release(&d->model);
	model_init(&d->model, d->in);
	note_capacity(d);
	note_promise(d);
	note_router(d);
	note_registry(d);
	note_instances(d);
	note_undo(d);
}

/* A guess for people: each batch drains, swaps, is watched, returns; traffic leaves in the first
 * seconds. */
int64_t plan_rollback_ms(const struct draft *d)
{
	const struct pb_amount *most = d->strategy->rollback_max_unavailable.given
					       ? &d->strategy->rollback_max_unavailable
					       : &d->strategy->max_unavailable;
	size_t batch = plan_amount_down(most, d->model.count);
	size_t batches = (d->p->touched + batch - 1) / batch;
	int64_t one = SWAP_MS + d->service->ready.min_healthy_time.ms + propagation_ms(d);
	if (d->model.router)
		one += IDLE_MS + RETURN_MS;
	return d->p->touched ? (int64_t)batches * one : -1;
}
