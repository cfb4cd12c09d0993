// SPDX-License-Identifier: Apache-2.0
// rolling, canary and fullLink, step by step: what runs the new version, what traffic it gets.
#include <math.h>
#include <string.h>

#include "orchestrator/playbook/steps.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

struct walk {
	struct pb_doc *doc;
	struct diags *d;
	const struct pb_sizes *sizes;
	bool upgraded, routed;
	double weight; /* as last set */
	struct diag_at weight_at;
	const struct pb_step *most; /* the step that upgraded most so far */
};

/* A rolling strategy has no weights: what is upgraded takes its part. In a lane, so do the
 * requests that match. */
static bool new_has_traffic(const struct walk *w)
{
	if (w->weight > 0 || w->routed)
		return true;
	if (w->doc->p.strategy.kind == PB_ROLLING)
		return w->upgraded;
	return w->doc->p.strategy.kind == PB_FULL_LINK && w->upgraded &&
	       pb_get(pb_get(w->doc->p.root, "lane"), "match");
}

static bool old_has_traffic(const struct walk *w)
{
	return w->weight < 1 &&
	       !(w->most && w->most->amount.is_share && w->most->amount.share >= 1);
}

/* --- amounts --- */

static double amount_of(const struct pb_amount *a, size_t n)
{
	return a->is_share ? ceil(a->share * (double)n - 1e-9) : (double)a->count;
}

/* Two amounts of one form can be compared as written, others when the number is known. */
static bool is_less(const struct walk *w, const struct pb_amount *a, const struct pb_amount *b)
{
	if (a->is_share == b->is_share)
		return !w->sizes && (a->is_share ? a->share < b->share : a->count < b->count);
	return w->sizes && amount_of(a, w->sizes->instances) < amount_of(b, w->sizes->instances);
}

static void amount_text(const struct pb_amount *a, char *text, size_t size)
{
	if (a->is_share)
		sl_share_format(text, size, a->share);
	else
		snprintf(text, size, "%lld", (long long)a->count);
}

static void on_upgrade(struct walk *w, const struct pb_step *s)
{
	char now[32], was[32];

	w->upgraded = true;
	if (!s->amount.given)
		return;
	if (w->sizes && !s->amount.is_share && (size_t)s->amount.count > w->sizes->instances)
		diags_error(w->d, s->amount.at, "there are only %zu instances",
			    w->sizes->instances);
	if (w->most && is_less(w, &s->amount, &w->most->amount)) {
		amount_text(&s->amount, now, sizeof now);
		amount_text(&w->most->amount, was, sizeof was);
		diags_error(
			w->d, s->amount.at,
			"'upgrade' never goes down: %s after %s (it counts all upgraded so far)",
			now, was);
		diags_note(w->d, w->most->at, "%s were upgraded here", was);
		return;
	}
	w->most = s;
}

static void on_weight(struct walk *w, const struct pb_step *s)
{
	if (!s->amount.given)
		return;
	w->weight = s->amount.share;
	w->weight_at = s->at;
	if (w->weight > 0)
		w->upgraded = true;
	if (!w->most || !is_less(w, &s->amount, &w->most->amount))
		w->most = s;
}

/* --- analyses --- */

static const struct pb_node *first_compare(const struct walk *w, const char *analysis)
{
	const struct pb_node *metrics = pb_get(pb_get(w->doc->analyses, analysis), "metrics");

	if (!metrics || metrics->type != PB_LIST)
		return NULL;
	for (const struct pb_node *n = metrics->first; n; n = n->next)
		if (pb_get(n, "compare"))
			return n;
	return NULL;
}

static void check_analysis(struct walk *w, const struct pb_node *name, struct diag_at at)
{
	if (!name || name->type != PB_SCALAR || !name->text || w->sizes)
		return;
	if (!new_has_traffic(w)) {
		diags_error(w->d, at, "no traffic on the new version here");
		if (w->weight_at.line)
			diags_note(w->d, w->weight_at, "traffic was last set here");
	} else if (!old_has_traffic(w) && first_compare(w, name->text)) {
		diags_error(w->d, at,
			    "no traffic on the old version here, and '%s' compares with it",
			    name->text);
		if (w->weight_at.line)
			diags_note(w->d, w->weight_at, "traffic was last set here");
	}
}

static void check_run(struct walk *w, const struct pb_step *s)
{
	if (!w->sizes && s->run.per_instance && !w->upgraded)
		diags_warning(w->d, s->at,
			      "no instance runs the new version here, so $(instance) names none");
}

static void take_step(struct walk *w, const struct pb_step *s)
{
	switch (s->kind) {
	case PB_STEP_UPGRADE:
		on_upgrade(w, s);
		break;
	case PB_STEP_SET_WEIGHT:
		on_weight(w, s);
		break;
	case PB_STEP_ROUTE:
		w->routed = true;
		break;
	case PB_STEP_ANALYSIS:
		check_analysis(w, pb_get(s->node, "analysis"), pb_get(s->node, "analysis")->at);
		break;
	case PB_STEP_RUN:
		check_run(w, s);
		break;
	default:
		break;
	}
}

/* A background analysis starts as its step begins, so that step's own traffic counts. */
static void check_background(struct walk *w, size_t done)
{
	const struct pb_node *background = pb_get(w->doc->strategy, "background");
	const struct pb_node *from = pb_get(background, "fromStep");
	int64_t step = 1;

	if (!background)
		return;
	if (from && (from->type != PB_SCALAR || !from->text ||
		     !sl_count_parse(from->text, 1, INT32_MAX, &step)))
		return;
	if ((size_t)step == done)
		check_analysis(w, pb_get(background, "analysis"),
			       from ? from->at : background->key_at);
}

static void walk_one_side(struct pb_doc *doc, struct diags *d, const struct pb_sizes *sizes)
{
	struct walk w = {.doc = doc, .d = d, .sizes = sizes};

	for (size_t i = 0; i < doc->p.strategy.step_count; i++) {
		take_step(&w, &doc->p.strategy.steps[i]);
		check_background(&w, i + 1);
	}
}

void pb_steps_walk(struct pb_doc *doc, struct diags *d, const struct pb_sizes *sizes)
{
	if (doc->p.strategy.kind == PB_BLUE_GREEN)
		pb_steps_walk_sets(doc, d, sizes);
	else
		walk_one_side(doc, d, sizes);
}
