/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back, from how far the forward plan got: traffic to the old side as far as it can carry
 * it, instances that were only marked out, then changed instances in batches (those out of service
 * first, then newest first), undo commands, configured weights, what was staged, claims.
 *
 * An instance that was down before the run goes back to its old link like any other. The swap
 * script starts what it switches to; where the old release cannot start, that step fails, the
 * instance is left drained and the report names it: it is no worse off than it was found. Its swap,
 * ready and return carry prior_dead, so that readers can say so.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* What the forward plan did to one instance. */
struct touch {
	const struct plan_step *swap; /* NULL = the plan has none for it */
	size_t order;                 /* index of the swap step */
	bool drained, changed, ready, back;
	bool at_router;   /* the plan moves it at the router */
	bool at_registry; /* ... and in the registry */
	bool waits;       /* has to be taken back and is not yet */
};

struct undo {
	struct draft d;
	const struct plan *forward;
	const struct plan_progress *progress;
	struct touch *touch; /* one an instance */
	bool traffic;        /* admin states or weights may have been changed */
	bool weights;        /* ... weights among them are ours */
};

static enum plan_progress_state state_of(const struct undo *u, size_t step)
{
	return u->progress[step].state;
}

/* --- reading the progress --- */

static void read_step(struct undo *u, size_t index)
{
	const struct plan_step *s = &u->forward->steps[index];
	enum plan_progress_state state = state_of(u, index);
	bool began = state != PROGRESS_NONE;
	if (s->what == DO_CLAIM && s->router_claim)
		u->d.model.router = true;
	if (s->what == DO_DRAIN || s->what == DO_RETURN || s->what == DO_WEIGHT) {
		u->traffic = u->traffic || began;
		u->weights = u->weights || s->share >= 0;
	}
	if (s->instance < 0)
		return;
	struct touch *t = &u->touch[s->instance];
	switch (s->what) {
	case DO_DRAIN:
		t->drained = began;
		t->at_router = u->d.model.router && !s->registry_only;
		t->at_registry = u->d.in->registry != NULL;
		break;
	case DO_SWAP:
		t->swap = s;
		t->order = index;
		t->changed = t->waits = began;
		break;
	case DO_READY:
		t->ready = state == PROGRESS_OK;
		break;
	case DO_RETURN:
		t->at_router = t->at_router || (u->d.model.router && !s->registry_only);
		t->at_registry = u->d.in->registry != NULL;
		t->back = state == PROGRESS_OK;
		break;
	default:
		break;
	}
}

/* Is it out of service while it is marked out? */
static bool is_moved(const struct undo *u, const struct touch *t)
{
	return t->at_router || (t->at_registry && !u->d.model.router);
}

/* The model as the forward plan left it; instances that it does not change stay as looked at. */
static void place_instances(struct undo *u)
{
	for (size_t i = 0; i < u->d.model.count; i++) {
		struct model_instance *x = &u->d.model.at[i];
		const struct touch *t = &u->touch[i];
		if (!t->swap)
			continue;
		x->limited = x->converged = false;
		x->todo = t->changed;
		x->dead = t->swap->prior_dead;
		x->first = t->swap->first_install;
		x->kept_out = u->d.model.router && !t->at_router;
		x->is_new = t->changed;
		if (t->changed)
			x->in_service = !x->kept_out && (is_moved(u, t) ? t->back : t->ready);
		else
			x->in_service = !x->kept_out && !x->dead && !(t->drained && is_moved(u, t));
	}
}

static void undo_init(struct undo *u, const struct plan *forward,
		      const struct plan_progress *progress, const struct plan_input *in,
		      struct plan *out)
{
	*u = (struct undo){.forward = forward, .progress = progress};
	draft_init(&u->d, in, out);
	u->touch = sl_alloc_n(u->d.model.count + 1, sizeof *u->touch);
	for (size_t i = 0; i < forward->step_count; i++)
		read_step(u, i);
	place_instances(u);
	u->d.share = u->d.model.router && u->weights ? 0 : -1;
	out->undo = true;
	out->service = sl_strdup(forward->service);
	out->version = sl_strdup(forward->version);
	out->old_version = sl_strdup(forward->old_version);
	out->release = sl_strdup(forward->release);
	out->digest = sl_strdup(forward->digest);
	out->artifact = sl_strdup(forward->artifact);
	out->total = forward->total;
	plan_digest(in, out->observed);
}

/* --- claims --- */

static bool is_same_claim(const struct plan_step *a, const struct plan_step *b)
{
	return strcmp(a->claim ? a->claim : "", b->claim ? b->claim : "") == 0 &&
	       strcmp(a->host ? a->host : "", b->host ? b->host : "") == 0 &&
	       strcmp(a->router_claim ? a->router_claim : "",
		      b->router_claim ? b->router_claim : "") == 0;
}

/* Has the forward plan begun to give this claim back? */
static bool is_given_back(const struct undo *u, const struct plan_step *claim)
{
	for (size_t i = 0; i < u->forward->step_count; i++)
		if (u->forward->steps[i].what == DO_RELEASE && state_of(u, i) != PROGRESS_NONE &&
		    is_same_claim(&u->forward->steps[i], claim))
			return true;
	return false;
}

static void undo_claim(struct undo *u, bool claim)
{
	draft_wave(&u->d, WAVE_CLAIM, "claim");
	for (size_t i = 0; i < u->forward->step_count; i++) {
		const struct plan_step *s = &u->forward->steps[i];
		if (s->what == DO_CLAIM && (claim || is_given_back(u, s)))
			draft_step_copy(&u->d, s, 0);
	}
}

/* Tracks of their own: one that fails must not keep the others. A claim that was refused was never
 * ours. */
static void undo_release(struct undo *u, bool claim)
{
	draft_wave(&u->d, WAVE_RELEASE, "release claims");
	for (size_t i = u->forward->step_count, track = 0; i-- > 0;) {
		const struct plan_step *s = &u->forward->steps[i];
		enum plan_progress_state state = state_of(u, i);
		if (s->what != DO_CLAIM ||
		    (!claim && (state == PROGRESS_NONE || state == PROGRESS_FAILED)))
			continue;
		struct plan_step *back = draft_step_copy(&u->d, s, track++);
		back->what = DO_RELEASE;
		back->deadline_ms = deadline_of(DO_RELEASE);
	}
}

/* --- instances --- */

static void add_return(struct undo *u, size_t i, size_t track)
{
	struct plan_step *s = draft_step_at(&u->d, DO_RETURN, track, i);
	s->share = u->touch[i].at_router ? u->d.share : -1;
	s->registry_only = u->d.model.router && !u->touch[i].at_router;
	s->prior_dead = u->touch[i].swap && u->touch[i].swap->prior_dead;
}

static void undo_drained(struct undo *u)
{
	size_t track = 0;
	draft_wave(&u->d, WAVE_UPGRADE, "back to traffic");
	for (size_t i = 0; i < u->d.model.count; i++) {
		const struct touch *t = &u->touch[i];
		if (!t->drained || t->changed || (!t->at_router && !t->at_registry) ||
		    (t->swap && t->swap->first_install))
			continue;
		add_return(u, i, track++);
		if (is_moved(u, t))
			u->d.model.at[i].in_service = !u->d.model.at[i].dead;
		u->d.p->touched++;
	}
	draft_wave_state(&u->d);
}

static bool wants_drain(const struct undo *u, size_t i)
{
	const struct pb_drain *drain = &u->d.service->drain;
	bool by_itself = u->d.in->resolved->instances[i].drain_command ||
			 (drain->propagation.given && drain->propagation.ms > 0);
	return u->touch[i].at_router || u->touch[i].at_registry || (by_itself && u->touch[i].ready);
}

static void take_back(struct undo *u, size_t i, size_t track)
{
	const struct plan_step *f = u->touch[i].swap;
	struct plan_step *s;
	if (wants_drain(u, i)) {
		s = draft_step_at(&u->d, DO_DRAIN, track, i);
		s->deadline_ms = deadline_drain(&u->d);
		s->share = u->d.share;
		s->registry_only = u->d.model.router && !u->touch[i].at_router;
	}
	s = draft_step_at(&u->d, DO_SWAP, track, i);
	s->deadline_ms = deadline_swap(u->d.service);
	s->release = sl_strdup(f->prior_release);
	s->spec = sl_strdup(f->prior_spec);
	s->prior_release = sl_strdup(f->release);
	s->prior_spec = sl_strdup(f->spec);
	s->first_install = f->first_install;
	s->prior_dead = f->prior_dead;
	if (!f->prior_release)
		return;
	s = draft_step_at(&u->d, DO_READY, track, i);
	s->deadline_ms = deadline_ready(u->d.service);
	s->release = sl_strdup(f->prior_release);
	s->spec = sl_strdup(f->prior_spec);
	s->prior_dead = f->prior_dead;
	s->registered = u->touch[i].at_registry && u->d.service->ready.registered;
	s->registered_version = s->registered ? sl_strdup(f->registered_version) : NULL;
	if (u->touch[i].at_router || u->touch[i].at_registry)
		add_return(u, i, track);
}

/* Out of service first: taking those back costs nothing. Then newest first. */
static long next_back(const struct undo *u, bool in_service)
{
	long best = -1;
	for (size_t i = 0; i < u->d.model.count; i++) {
		const struct touch *t = &u->touch[i];
		if (!t->waits || u->d.model.at[i].in_service != in_service)
			continue;
		if (best < 0 || t->order > u->touch[best].order)
			best = (long)i;
	}
	return best;
}

/* The last one in service is stopped only when nothing else is left to do. */
static size_t pick_back(struct undo *u, size_t most, size_t *batch)
{
	size_t in_service = model_in_service(&u->d.model), count = 0;
	long i;
	while (count < most && (i = next_back(u, false)) >= 0) {
		u->touch[i].waits = false;
		batch[count++] = (size_t)i;
	}
	while (count < most && (i = next_back(u, true)) >= 0) {
		if (in_service <= 1 && u->d.model.min_capacity > 0 && count)
			break;
		in_service--;
		u->touch[i].waits = false;
		batch[count++] = (size_t)i;
	}
	return count;
}

static void undo_batch(struct undo *u, const size_t *batch, size_t count, size_t done, size_t all)
{
	struct plan_model *m = &u->d.model;
	draft_wave(&u->d, WAVE_UPGRADE, "take back %zu of %zu", done, all);
	for (size_t i = 0; i < count; i++)
		m->at[batch[i]].in_service = false;
	size_t least = model_in_service(m);
	for (size_t i = 0; i < count; i++)
		take_back(u, batch[i], i);
	for (size_t i = 0; i < count; i++) {
		struct model_instance *x = &m->at[batch[i]];
		x->is_new = false;
		x->in_service = u->touch[batch[i]].swap->prior_release && !x->kept_out;
	}
	draft_wave_state(&u->d);
	u->d.p->waves[u->d.p->wave_count - 1].in_service_min = least;
}

static void undo_traffic(struct undo *u)
{
	if (u->d.share < 0 || !u->traffic)
		return;
	char text[16];
	double real = model_share(&u->d.model, 0, NULL);
	steps_weight(&u->d, 0);
	struct plan_wave *w = &u->d.p->waves[u->d.p->wave_count - 1];
	free(w->title);
	if (real > 0)
		w->title = sl_asprintf("traffic back, %s stays for now",
				       sl_share_format(text, sizeof text, real));
	else
		w->title = sl_asprintf("traffic back, all of it");
}

static void undo_instances(struct undo *u)
{
	const struct pb_strategy *st = u->d.strategy;
	const struct pb_amount *amount = st->rollback_max_unavailable.given
						 ? &st->rollback_max_unavailable
						 : &st->max_unavailable;
	size_t most = plan_amount_down(amount, u->d.model.count);
	size_t *batch = sl_alloc_n(u->d.model.count + 1, sizeof *batch);
	size_t all = 0, done = 0, count;
	for (size_t i = 0; i < u->d.model.count; i++)
		all += u->touch[i].waits;
	u->d.p->touched += all;
	while ((count = pick_back(u, most, batch)) > 0) {
		done += count;
		undo_batch(u, batch, count, done, all);
		undo_traffic(u);
	}
	free(batch);
}

/* --- the rest --- */

/* The value that stood there, as the intent holds it: what the plan had seen may be older. */
static void undo_key(struct undo *u, size_t i, size_t track)
{
	const struct plan_step *f = &u->forward->steps[i];
	const cJSON *prior = u->progress[i].prior;
	struct plan_step *s = draft_step_copy(&u->d, f, track);
	free(s->prior_value);
	s->prior_value = s->value;
	s->prior_disabled = f->disabled;
	s->value = sl_strdup(prior ? sl_json_str(prior, "value", NULL) : f->prior_value);
	s->disabled = prior ? sl_json_bool(prior, "disabled", false) : f->prior_disabled;
}

static void undo_config(struct undo *u)
{
	size_t track = 0;
	draft_wave(&u->d, WAVE_CONFIG, "config as it was");
	for (size_t i = 0; i < u->forward->step_count; i++)
		if (u->forward->steps[i].what == DO_CONFIG && state_of(u, i) != PROGRESS_NONE)
			undo_key(u, i, track++);
}

static void undo_commands(struct undo *u)
{
	for (size_t i = u->forward->step_count; i-- > 0;) {
		const struct plan_step *f = &u->forward->steps[i];
		if (f->what != DO_RUN || state_of(u, i) == PROGRESS_NONE)
			continue;
		if (!f->undo) {
			draft_note(&u->d, "run %s on %s has no `undo:`: not taken back.", f->name,
				   f->host);
			continue;
		}
		draft_wave(&u->d, WAVE_RUN, "undo of run %s", f->name);
		struct plan_step *s = draft_step_copy(&u->d, f, 0);
		free(s->command);
		free(s->check);
		s->command = s->undo;
		s->undo = s->check = NULL;
	}
}

/* A first install that is taken back leaves its server marked out: restore settles that too. */
static void undo_restore(struct undo *u)
{
	bool needed = u->weights && u->traffic;
	for (size_t i = 0; i < u->d.model.count; i++) {
		const struct touch *t = &u->touch[i];
		bool used = t->changed || t->drained;
		needed = needed || (t->at_router && used && t->swap->first_install);
	}
	if (u->d.model.router && needed)
		steps_restore(&u->d);
}

/* Was the staged release live there before, under another spec or on another port? */
static bool was_live(const struct undo *u, const struct plan_step *stage)
{
	for (size_t i = 0; i < u->d.model.count; i++) {
		const struct rs_instance *x = &u->d.in->resolved->instances[i];
		if (strcmp(x->host->name, stage->host) != 0 || strcmp(x->sluice, stage->claim) != 0)
			continue;
		const struct plan_step *f = u->touch[i].swap;
		const char *release = f ? f->prior_release : u->d.in->seen[i].release;
		if (release && strcmp(release, stage->release) == 0)
			return true;
	}
	return false;
}

static void undo_stage(struct undo *u)
{
	size_t track = 0;
	draft_wave(&u->d, WAVE_PRUNE, "drop what was staged");
	for (size_t i = 0; i < u->forward->step_count; i++) {
		const struct plan_step *f = &u->forward->steps[i];
		if (f->what != DO_STAGE || state_of(u, i) == PROGRESS_NONE || f->prior_release ||
		    was_live(u, f))
			continue;
		struct plan_step *s = draft_step_copy(&u->d, f, track++);
		s->what = DO_UNSTAGE;
		s->deadline_ms = deadline_of(DO_UNSTAGE);
	}
}

int plan_make_undo(const struct plan *forward, const struct plan_progress *progress,
		   const struct plan_input *in, bool claim, struct plan *out, struct sl_error *e)
{
	struct undo u;
	if (forward->undo) {
		*out = (struct plan){0};
		return sl_fail(e, SL_EUNSUPPORTED,
			       "an undo cannot be undone yet: run the playbook again instead");
	}
	if (forward->total != in->resolved->instance_count) {
		*out = (struct plan){0};
		return sl_fail(e, SL_EINTERNAL,
			       "the plan is for %zu instances, the inventory has %zu",
			       forward->total, in->resolved->instance_count);
	}
	undo_init(&u, forward, progress, in, out);
	undo_claim(&u, claim);
	undo_traffic(&u);
	undo_drained(&u);
	undo_instances(&u);
	undo_config(&u);
	undo_commands(&u);
	undo_restore(&u);
	undo_stage(&u);
	undo_release(&u, claim);
	draft_number(&u.d, "u");
	free(u.touch);
	draft_release(&u.d);
	return SL_OK;
}
