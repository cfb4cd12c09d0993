// SPDX-License-Identifier: Apache-2.0
// blueGreen, step by step: never upgrade a set that has traffic, never more traffic than a set can
// carry.
#include <math.h>
#include <string.h>

#include "orchestrator/playbook/steps.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define NEARLY 1e-6

struct set {
	const char *name;
	double share; /* NaN = not known */
	struct diag_at upgraded_at;
};

struct set_walk {
	struct pb_doc *doc;
	struct diags *d;
	const struct pb_sizes *sizes;
	struct set *sets;
	size_t count;
	struct diag_at traffic_at; /* where it was last set */
	bool unknown;              /* a set was named that does not exist */
};

static struct set *set_find(struct set_walk *w, const char *name)
{
	for (size_t i = 0; i < w->count; i++)
		if (!strcmp(w->sets[i].name, name))
			return &w->sets[i];
	return NULL;
}

/* No side may get more than up(side) / (minCapacity x n). */
static void check_capacity(struct set_walk *w, const struct set *s, struct diag_at at)
{
	size_t up = w->sizes->of_set(w->sizes->arg, (size_t)(s - w->sets));
	double capacity = w->doc->p.strategy.min_capacity * (double)w->sizes->instances;
	char share[32], most[32], min[32];

	if (!up || isnan(s->share) || capacity <= 0 || s->share * capacity <= (double)up + NEARLY)
		return;
	diags_error(w->d, at,
		    "%s would get %s of the traffic, but its %zu of %zu instances can carry %s "
		    "(minCapacity is %s)",
		    s->name, sl_share_format(share, sizeof share, s->share), up,
		    w->sizes->instances, sl_share_format(most, sizeof most, (double)up / capacity),
		    sl_share_format(min, sizeof min, w->doc->p.strategy.min_capacity));
}

static void set_traffic(struct set_walk *w, const struct pb_node *shares)
{
	if (!shares || shares->type != PB_MAP)
		return;
	w->traffic_at = shares->key_at;
	for (const struct pb_node *n = shares->first; n; n = n->next) {
		struct set *s = set_find(w, n->key);

		if (!s)
			continue;
		s->share = pb_share_of(w->doc, n);
		if (w->sizes)
			check_capacity(w, s, n->at);
	}
}

static const char *near_set(struct set_walk *w, const char *given)
{
	const char *names[64];
	size_t count = 0;

	while (count < w->count && count < SL_COUNT(names)) {
		names[count] = w->sets[count].name;
		count++;
	}
	return pb_near(given, names, count);
}

static void unknown_set(struct set_walk *w, const struct pb_node *name)
{
	const char *near = near_set(w, name->text);

	if (near)
		diags_error(w->d, name->at, "no set is named '%s' (did you mean '%s'?)", name->text,
			    near);
	else
		diags_error(w->d, name->at, "no set is named '%s'", name->text);
}

static void on_upgrade(struct set_walk *w, const struct pb_node *name)
{
	struct set *s;
	char share[32];

	if (w->sizes || name->type != PB_SCALAR || !name->text || strstr(name->text, "$("))
		return;
	s = set_find(w, name->text);
	if (!s) {
		unknown_set(w, name);
		w->unknown = true;
		return;
	}
	if (s->upgraded_at.line) {
		diags_error(w->d, name->at, "%s is already on the new version here", s->name);
		diags_note(w->d, s->upgraded_at, "it was upgraded here");
	} else if (s->share > NEARLY) {
		diags_error(w->d, name->at, "%s still receives %s of the traffic here", s->name,
			    sl_share_format(share, sizeof share, s->share));
		diags_note(w->d, w->traffic_at, "traffic was last set here");
	}
	s->upgraded_at = name->key_at;
}

static bool side_has_traffic(const struct set_walk *w, bool upgraded)
{
	for (size_t i = 0; i < w->count; i++)
		if ((w->sets[i].upgraded_at.line != 0) == upgraded && !(w->sets[i].share <= NEARLY))
			return true;
	return false;
}

static bool compares(const struct set_walk *w, const char *analysis)
{
	const struct pb_node *metrics = pb_get(pb_get(w->doc->analyses, analysis), "metrics");
	const struct pb_node *n = metrics && metrics->type == PB_LIST ? metrics->first : NULL;

	while (n && !pb_get(n, "compare"))
		n = n->next;
	return n != NULL;
}

static void on_analysis(struct set_walk *w, const struct pb_node *name, struct diag_at at)
{
	if (w->sizes || !name || name->type != PB_SCALAR || !name->text)
		return;
	if (!side_has_traffic(w, true))
		diags_error(w->d, at, "no traffic on the new version here");
	else if (!side_has_traffic(w, false) && compares(w, name->text))
		diags_error(w->d, at,
			    "no traffic on the old version here, and '%s' compares with it",
			    name->text);
	else
		return;
	diags_note(w->d, w->traffic_at, "traffic was last set here");
}

static bool any_upgraded(const struct set_walk *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->sets[i].upgraded_at.line)
			return true;
	return false;
}

static void take_step(struct set_walk *w, const struct pb_step *s)
{
	const struct pb_node *value = s->node->first;

	if (s->kind == PB_STEP_SET_TRAFFIC)
		set_traffic(w, value);
	else if (s->kind == PB_STEP_UPGRADE)
		on_upgrade(w, value);
	else if (s->kind == PB_STEP_ANALYSIS)
		on_analysis(w, value, value->at);
	else if (s->kind == PB_STEP_RUN && s->run.per_instance && !w->sizes && !any_upgraded(w))
		diags_warning(w->d, s->at,
			      "no instance runs the new version here, so $(instance) names none");
}

static void check_background(struct set_walk *w, size_t done)
{
	const struct pb_node *background = pb_get(w->doc->strategy, "background");
	const struct pb_node *from = pb_get(background, "fromStep");
	int64_t step = 1;

	if (from && from->type == PB_SCALAR && from->text)
		sl_count_parse(from->text, 1, INT32_MAX, &step);
	if (background && (size_t)step == done)
		on_analysis(w, pb_get(background, "analysis"),
			    from ? from->at : background->key_at);
}

/* What no step upgrades would stay on the old version without a word. */
static void check_left(struct set_walk *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (!w->sets[i].upgraded_at.line)
			diags_error(w->d, w->doc->p.strategy.at, "no step upgrades %s",
				    w->sets[i].name);
}

void pb_steps_walk_sets(struct pb_doc *doc, struct diags *d, const struct pb_sizes *sizes)
{
	const struct pb_node *sets = pb_get(doc->strategy, "sets");
	struct set_walk w = {.doc = doc, .d = d, .sizes = sizes};

	if (!sets || sets->type != PB_MAP || !sets->first)
		return;
	w.sets = pb_arena_array(&doc->arena, pb_count(sets), sizeof *w.sets);
	for (const struct pb_node *n = sets->first; n; n = n->next)
		w.sets[w.count++] = (struct set){.name = n->key, .share = NAN};
	set_traffic(&w, pb_get(doc->strategy, "steadyTraffic"));
	for (size_t i = 0; i < doc->p.strategy.step_count; i++) {
		take_step(&w, &doc->p.strategy.steps[i]);
		check_background(&w, i + 1);
	}
	if (!sizes && !w.unknown && doc->p.strategy.step_count)
		check_left(&w);
}
