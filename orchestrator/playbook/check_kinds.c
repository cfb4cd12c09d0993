// SPDX-License-Identifier: Apache-2.0
// Analyses, and what only loadTest and faultDrill have.
#include <math.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/steps.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* How many of the keys a mapping has; *last = one of them. */
static size_t count_keys(const struct pb_node *map, const char *const *keys, size_t count,
			 const struct pb_node **last)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct pb_node *n = pb_get(map, keys[i]);

		if (!n)
			continue;
		*last = n;
		found++;
	}
	return found;
}

static void need_one(struct pb_doc *doc, const struct pb_node *map, const char *const *keys,
		     size_t count, const char *words)
{
	const struct pb_node *last = NULL;
	size_t found;

	if (map->type != PB_MAP)
		return;
	found = count_keys(map, keys, count, &last);
	if (found != 1)
		diags_error(doc->d, found ? last->key_at : pb_place(map),
			    found ? "only one of %s" : "one of %s is needed here", words);
}

static const struct pb_node *items(const struct pb_node *map, const char *key)
{
	const struct pb_node *list = pb_get(map, key);

	return list && list->type == PB_LIST ? list->first : NULL;
}

/* --- analyses --- */

static void check_metric(struct pb_doc *doc, const struct pb_node *m)
{
	static const char *const sources[] = {"query", "traces"};
	static const char *const limits[] = {"max", "min", "compare"};
	static const char *const measures[] = {"quantile", "errors"};
	const struct pb_node *samples = pb_get(m, "minSamples"), *last;
	const struct pb_node *query = pb_get(m, "query"), *traces = pb_get(m, "traces");
	const struct pb_node *compare = pb_get(m, "compare");

	if (m->type != PB_MAP)
		return;
	need_one(doc, m, sources, SL_COUNT(sources), "query and traces");
	if (traces)
		need_one(doc, traces, measures, SL_COUNT(measures), "quantile and errors");
	if (!count_keys(m, limits, SL_COUNT(limits), &last))
		diags_error(doc->d, pb_place(m),
			    "nothing to judge by: 'max', 'min' or 'compare' is needed");
	if (samples && query && !pb_get(query, "samples"))
		diags_error(doc->d, samples->key_at,
			    "'minSamples' needs 'samples' in the query, which counts them");
	if (compare && doc->p.kind != PB_KIND_ROLLOUT)
		diags_error(doc->d, compare->key_at,
			    "'compare' has no meaning here: this kind has no versions");
}

void pb_doc_check_analyses(struct pb_doc *doc)
{
	for (const struct pb_node *a = doc->analyses->first; a; a = a->next)
		for (const struct pb_node *m = items(a, "metrics"); m; m = m->next)
			check_metric(doc, m);
}

/* --- routes and lanes --- */

static void check_match(struct pb_doc *doc, const struct pb_node *of)
{
	static const char *const ways[] = {"exact", "prefix", "regex"};

	for (const struct pb_node *m = items(of, "match"); m; m = m->next)
		need_one(doc, m, ways, SL_COUNT(ways), "exact, prefix and regex");
}

/* --- loadTest --- */

static void check_scenario(struct pb_doc *doc)
{
	static const char *const methods[] = {"get", "post", "put", "patch", "delete"};
	const struct pb_node *scenario = pb_get(doc->p.root, "scenario");
	double sum = 0;
	char text[32];

	if (!items(doc->p.root, "scenario"))
		return;
	for (const struct pb_node *s = scenario->first; s; s = s->next) {
		const struct pb_node *share = pb_get(s, "share");

		need_one(doc, s, methods, SL_COUNT(methods), "get, post, put, patch and delete");
		sum += share ? pb_share_of(doc, share) : NAN;
	}
	if (!isnan(sum) && fabs(sum - 1) > 1e-6)
		diags_error(doc->d, scenario->key_at,
			    "the shares of 'scenario' sum to %s, not 100%%",
			    sl_share_format(text, sizeof text, sum));
}

static void check_thresholds(struct pb_doc *doc)
{
	static const char *const kinds[] = {"latency", "errors", "analysis"};

	for (const struct pb_node *t = items(doc->p.root, "thresholds"); t; t = t->next) {
		const struct pb_node *analysis = pb_get(t, "analysis"), *max = pb_get(t, "max");

		need_one(doc, t, kinds, SL_COUNT(kinds), "latency, errors and analysis");
		pb_doc_check_analysis(doc, analysis);
		if (analysis && max)
			diags_error(doc->d, max->key_at, "an analysis has limits of its own");
		else if (!analysis && !max && t->type == PB_MAP)
			diags_error(doc->d, t->at, "'max' is missing in thresholds");
	}
}

/* --- faultDrill --- */

static const struct {
	const char *fault, *needs;
} fault_needs[] = {
	{"networkDelay", "delay"},  {"networkLoss", "loss"}, {"cpuLoad", "load"},
	{"memoryLoad", "load"},     {"diskFill", "path"},    {"processStop", "process"},
	{"processKill", "process"},
};

static bool duration_of(const struct pb_node *n, int64_t *ms)
{
	return n && n->type == PB_SCALAR && n->text && sl_duration_parse(n->text, ms);
}

static void check_inject(struct pb_doc *doc, const struct pb_node *inject)
{
	const struct pb_node *fault = pb_get(inject, "fault"), *duration;
	const struct pb_node *radius = pb_get(doc->p.root, "blastRadius");
	int64_t most, here;

	if (!fault || !fault->text)
		return;
	for (size_t i = 0; i < SL_COUNT(fault_needs); i++)
		if (!strcmp(fault->text, fault_needs[i].fault) &&
		    !pb_get(inject, fault_needs[i].needs))
			diags_error(doc->d, inject->key_at, "'%s' is missing: %s needs it",
				    fault_needs[i].needs, fault->text);
	duration = pb_get(inject, "duration");
	if (duration_of(duration, &here) && duration_of(pb_get(radius, "maxDuration"), &most) &&
	    here > most) {
		diags_error(doc->d, duration->at,
			    "longer than the blast radius allows (maxDuration)");
		diags_note(doc->d, pb_get(radius, "maxDuration")->at, "it is set here");
	}
}

static void check_drill(struct pb_doc *doc)
{
	pb_doc_check_analysis(doc, pb_get(pb_get(doc->p.root, "steadyState"), "analysis"));
	for (const struct pb_node *m = items(doc->p.root, "method"); m; m = m->next)
		check_inject(doc, pb_get(m, "inject"));
}

void pb_doc_check_kind(struct pb_doc *doc)
{
	check_match(doc, pb_get(doc->p.root, "lane"));
	for (size_t i = 0; i < doc->p.strategy.step_count; i++)
		check_match(doc, pb_get(doc->p.strategy.steps[i].node, "route"));
	if (doc->p.kind == PB_KIND_LOAD_TEST) {
		check_scenario(doc);
		check_thresholds(doc);
	} else if (doc->p.kind == PB_KIND_FAULT_DRILL) {
		check_drill(doc);
	}
}
