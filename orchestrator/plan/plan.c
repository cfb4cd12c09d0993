/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a playbook's strategy to waves. Both strategies upgrade in batches of maxUnavailable, those
 * that were down first; canary puts its steps between the batches.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* What is down goes first and costs nothing; what stays out of traffic anyway proves nothing about
 * the new version and goes last. */
static int turn_of(const struct model_instance *x)
{
	return x->dead ? 0 : x->kept_out ? 2 : 1;
}

#define TURNS 3

static bool may_stop(const struct draft *d, const struct model_instance *x, size_t in_service)
{
	return !x->in_service || d->model.min_capacity <= 0 || in_service > 1;
}

/* The next instances to upgrade together, at most `most`; 0 = none left, or none may be stopped. */
static size_t pick_batch(const struct draft *d, size_t most, size_t *batch, bool *left)
{
	const struct plan_model *m = &d->model;
	size_t in_service = model_in_service(m), count = 0;
	*left = false;
	for (int turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < m->count && count < most; i++) {
			if (!m->at[i].todo || turn_of(&m->at[i]) != turn)
				continue;
			*left = true;
			if (!may_stop(d, &m->at[i], in_service))
				continue;
			in_service -= m->at[i].in_service;
			batch[count++] = i;
		}
	}
	return count;
}

static int refuse_last(const struct draft *d, struct sl_error *e)
{
	for (size_t i = 0; i < d->model.count; i++)
		if (d->model.at[i].in_service)
			return sl_fail(
				e, SL_EINPUT,
				"%s is the last instance of %s in service: changing it is an "
				"outage. `minCapacity: 0%%` in the strategy accepts that in "
				"writing",
				d->in->resolved->instances[i].id, d->service->name);
	return sl_fail(e, SL_EINTERNAL, "no instance of %s may be changed", d->service->name);
}

/*
 * A static algorithm takes a server in or out and nothing between. Also where only 0% and 100% are
 * asked for, capacity may force a share of its own while instances are changed.
 */
static int check_static(const struct draft *d, struct sl_error *e)
{
	const struct plan_router *r = d->in->router;
	if (!r || r->weights_work || d->share < 0)
		return SL_OK;
	int *weights = sl_alloc_n(d->model.count + 1, sizeof *weights);
	double real = model_share(&d->model, d->share, weights);
	bool partial = false;
	char text[16];
	for (size_t i = 0; i < d->model.count; i++)
		partial = partial || (weights[i] && weights[i] != d->model.at[i].configured);
	free(weights);
	if (!partial)
		return SL_OK;
	return sl_fail(
		e, SL_EINPUT,
		"backend %s of router %s balances by `%s`, which takes only 0%% and 100%%, but "
		"with %zu of %zu instances changed the new version has to carry %s: use "
		"rolling, another minCapacity, or `balance roundrobin`",
		r->backend, r->name, r->algorithm ? r->algorithm : "?", model_new(&d->model),
		d->model.count, sl_share_format(text, sizeof text, real));
}

/* As it stands while a batch is out. */
static int check_batch(struct draft *d, const size_t *batch, size_t count, struct sl_error *e)
{
	bool *before = sl_alloc_n(count, sizeof *before);
	for (size_t i = 0; i < count; i++) {
		before[i] = d->model.at[batch[i]].in_service;
		d->model.at[batch[i]].in_service = false;
	}
	int rc = check_static(d, e);
	for (size_t i = 0; i < count; i++)
		d->model.at[batch[i]].in_service = before[i];
	free(before);
	return rc;
}

/* Upgrade until `target` instances are on the new version, or all that may be. */
static int upgrade_to(struct draft *d, size_t target, struct sl_error *e)
{
	size_t *batch = sl_alloc_n(d->model.count + 1, sizeof *batch);
	size_t most = plan_amount_down(&d->strategy->max_unavailable, d->model.count);
	int rc = SL_OK;
	while (model_new(&d->model) < target) {
		size_t want = target - model_new(&d->model);
		bool left;
		size_t count = pick_batch(d, want < most ? want : most, batch, &left);
		if (!count) {
			rc = left ? refuse_last(d, e) : SL_OK;
			break;
		}
		if (d->service->release.stage_wave)
			steps_stage(d, batch, count);
		rc = check_batch(d, batch, count, e);
		if (rc)
			break;
		steps_upgrade(d, batch, count);
		rc = check_static(d, e);
		if (rc)
			break;
	}
	free(batch);
	return rc;
}

static int walk_step(struct draft *d, const struct pb_step *s, struct sl_error *e)
{
	int rc;
	switch (s->kind) {
	case PB_STEP_UPGRADE:
		return upgrade_to(d, plan_amount_up(&s->amount, d->model.count), e);
	case PB_STEP_SET_WEIGHT:
		rc = upgrade_to(d, plan_amount_up(&s->amount, d->model.count), e);
		if (rc || !d->model.router)
			return rc;
		steps_weight(d, s->amount.share);
		return check_static(d, e);
	case PB_STEP_PAUSE:
		steps_pause(d, &s->pause);
		return SL_OK;
	case PB_STEP_RUN:
		return steps_run(d, &s->run, e);
	default:
		return sl_fail(e, SL_EUNSUPPORTED, "line %u: this step cannot be carried out yet",
			       s->at.line);
	}
}

static int walk_strategy(struct draft *d, struct sl_error *e)
{
	bool canary = d->strategy->kind == PB_CANARY;
	if (!canary && d->strategy->kind != PB_ROLLING)
		return sl_fail(e, SL_EUNSUPPORTED,
			       "this strategy cannot be carried out yet: use rolling or canary");
	d->share = canary && d->model.router ? 0 : -1;
	for (size_t i = 0; canary && i < d->strategy->step_count; i++) {
		int rc = walk_step(d, &d->strategy->steps[i], e);
		if (rc)
			return rc;
	}
	d->finishing = d->share >= 0;
	int rc = upgrade_to(d, d->model.count, e);
	if (!rc && d->finishing)
		steps_restore(d);
	return rc;
}

static void stage_all(struct draft *d)
{
	size_t *batch = sl_alloc_n(d->model.count + 1, sizeof *batch), count = 0;
	for (size_t i = 0; i < d->model.count; i++)
		if (d->model.at[i].todo)
			batch[count++] = i;
	steps_stage(d, batch, count);
	free(batch);
}

/* The version that most of the others run. */
static char *common_version(const struct draft *d)
{
	const char *best = NULL;
	size_t most = 0;
	for (size_t i = 0; i < d->model.count; i++) {
		const struct plan_seen *s = &d->in->seen[i];
		const char *v = s->version ? s->version : s->release;
		size_t same = 0;
		if (!d->model.at[i].todo || s->link == SEEN_NONE || !v)
			continue;
		for (size_t k = 0; k < d->model.count; k++) {
			const struct plan_seen *o = &d->in->seen[k];
			const char *w = o->version ? o->version : o->release;
			same += d->model.at[k].todo && w && strcmp(v, w) == 0;
		}
		if (same > most) {
			most = same;
			best = v;
		}
	}
	return sl_strdup(best);
}

static void fill_head(struct draft *d)
{
	struct plan *p = d->p;
	p->service = sl_strdup(d->service->name);
	p->version = sl_strdup(d->in->resolved->version);
	p->release = model_release_name(d->in);
	p->digest = sl_strdup(d->in->artifact->sha256);
	p->artifact = sl_strdup(d->in->resolved->artifact);
	p->old_version = common_version(d);
	p->total = d->model.count;
	for (size_t i = 0; i < d->model.count; i++)
		p->touched += d->model.at[i].todo;
	plan_digest(d->in, p->observed);
}

/* Config alone is published under the claims of the whole service. */
static void claim_all(struct draft *d)
{
	for (size_t i = 0; i < d->model.count; i++) {
		const struct rs_instance *x = &d->in->resolved->instances[i];
		if (!d->model.at[i].limited)
			draft_need_claim(d, x->host, x->sluice, (long)i);
	}
}

static int fill_steps(struct draft *d, struct sl_error *e)
{
	if (!d->p->touched)
		claim_all(d);
	else if (!d->service->release.stage_wave)
		stage_all(d);
	int rc = d->p->touched ? walk_strategy(d, e) : SL_OK;
	if (rc)
		return rc;
	steps_config(d);
	steps_prune(d);
	steps_claim(d);
	draft_move_last_wave(d, 0);
	draft_number(d, "");
	steps_release(d);
	draft_number(d, "");
	d->p->rollback_ms = plan_rollback_ms(d);
	return SL_OK;
}

int plan_make(const struct plan_input *in, struct plan *out, struct sl_error *e)
{
	struct draft d;
	draft_init(&d, in, out);
	fill_head(&d);
	int rc = plan_check(&d, e);
	if (!rc && (out->touched || config_differs(in)))
		rc = fill_steps(&d, e);
	if (!rc)
		plan_notes(&d);
	draft_release(&d);
	if (rc)
		plan_release(out);
	return rc;
}
