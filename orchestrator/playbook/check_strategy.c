// SPDX-License-Identifier: Apache-2.0
// What a strategy needs besides its steps: routers, lanes, sets, the background analysis.
#include <math.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/steps.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

/* "(did you mean 'x'?)" from the keys of a mapping. */
static const char *near_key(struct pb_doc *doc, const struct pb_node *map, const char *given)
{
	size_t count = pb_count(map), i = 0;
	const char **names = pb_arena_array(&doc->arena, count, sizeof *names);
	const char *near;

	for (const struct pb_node *n = count ? map->first : NULL; n; n = n->next)
		names[i++] = n->key;
	near = pb_near(given, names, count);
	return near ? pb_arena_printf(&doc->arena, " (did you mean '%s'?)", near) : "";
}

void pb_doc_check_analysis(struct pb_doc *doc, const struct pb_node *name)
{
	if (!name || name->type != PB_SCALAR || !name->text || pb_get(doc->analyses, name->text))
		return;
	diags_error(doc->d, name->at, "no analysis is named '%s'%s", name->text,
		    near_key(doc, doc->analyses, name->text));
}

void pb_doc_check_service_name(struct pb_doc *doc, const struct pb_node *name)
{
	const struct pb_node *services = pb_get(doc->p.root, "services");

	if (!name || name->type != PB_SCALAR || !name->text || pb_get(services, name->text))
		return;
	diags_error(doc->d, name->at, "no service is named '%s'%s", name->text,
		    near_key(doc, services, name->text));
}

/* --- routers --- */

static void check_routers(struct pb_doc *doc)
{
	const struct pb_node *router = pb_get(doc->strategy, "router");
	enum pb_strategy_kind kind = doc->p.strategy.kind;

	if (router && doc->p.service_count > 1 && kind != PB_FULL_LINK)
		diags_error(doc->d, router->key_at,
			    "with several services the router stands on each of them");
	if (!router && (kind == PB_BLUE_GREEN || kind == PB_FULL_LINK) &&
	    (doc->p.service_count != 1 || !doc->p.services[0].router.at.line))
		diags_error(doc->d, doc->p.strategy.at, "'router' is missing in strategy.%s",
			    kind == PB_BLUE_GREEN ? "blueGreen" : "fullLink");
}

static void check_route_steps(struct pb_doc *doc)
{
	const struct pb_strategy *s = &doc->p.strategy;

	for (size_t i = 0; i < s->step_count; i++) {
		bool routed = doc->p.service_count && doc->p.services[0].router.at.line;

		if (s->steps[i].kind == PB_STEP_ROUTE && !routed)
			diags_error(doc->d, s->steps[i].at, "'route' needs a router");
	}
}

/* --- shares by set --- */

double pb_share_of(struct pb_doc *doc, const struct pb_node *n)
{
	struct pb_values v = {.vars = doc->p.vars, .var_count = doc->p.var_count};
	double share;
	bool open;

	if (n->type != PB_SCALAR || !n->text ||
	    !sl_share_parse(pb_values_render(&doc->arena, &v, n->text, &open), &share))
		return NAN;
	return share;
}

/* Every set once, all known, together the whole. */
static void check_shares(struct pb_doc *doc, const struct pb_node *shares,
			 const struct pb_node *sets, const char *what)
{
	double sum = 0;
	char text[32];

	if (!shares || shares->type != PB_MAP || !shares->first || !sets || sets->type != PB_MAP)
		return;
	for (const struct pb_node *n = shares->first; n; n = n->next) {
		sum += pb_share_of(doc, n);
		if (!pb_get(sets, n->key))
			diags_error(doc->d, n->key_at, "no set is named '%s'%s", n->key,
				    near_key(doc, sets, n->key));
	}
	for (const struct pb_node *n = sets->first; n; n = n->next)
		if (!pb_get(shares, n->key))
			diags_error(doc->d, shares->key_at, "'%s' does not say the share of %s",
				    what, n->key);
	if (!isnan(sum) && fabs(sum - 1) > 1e-6)
		diags_error(doc->d, shares->key_at, "the shares of '%s' sum to %s, not 100%%", what,
			    sl_share_format(text, sizeof text, sum));
}

static void check_sets(struct pb_doc *doc)
{
	const struct pb_node *sets = pb_get(doc->strategy, "sets");
	const struct pb_strategy *s = &doc->p.strategy;

	if (!sets || sets->type != PB_MAP)
		return;
	for (const struct pb_node *n = sets->first; n; n = n->next)
		if (!sl_text_is_name(n->key))
			diags_error(doc->d, n->key_at,
				    "'%s' cannot be a name: letters, digits, '.', '_', '+' and "
				    "'-', at most 64",
				    n->key);
	if (sets->first && !sets->first->next)
		diags_error(doc->d, sets->key_at, "a single set cannot take turns");
	check_shares(doc, pb_get(doc->strategy, "steadyTraffic"), sets, "steadyTraffic");
	for (size_t i = 0; i < s->step_count; i++)
		check_shares(doc, pb_get(s->steps[i].node, "setTraffic"), sets, "setTraffic");
}

/* --- lanes and their order --- */

static void check_order(struct pb_doc *doc)
{
	const struct pb_node *order = pb_get(doc->strategy, "order");
	const struct pb_node *services = pb_get(doc->p.root, "services");

	if (!order || order->type != PB_LIST)
		return;
	for (const struct pb_node *n = order->first; n; n = n->next) {
		pb_doc_check_service_name(doc, n);
		for (const struct pb_node *m = order->first; m != n; m = m->next)
			if (n->text && m->text && !strcmp(n->text, m->text))
				diags_error(doc->d, n->at, "'%s' is twice in 'order'", n->text);
	}
	for (const struct pb_node *s = services ? services->first : NULL; s; s = s->next) {
		const struct pb_node *n = order->first;

		while (n && (!n->text || strcmp(n->text, s->key)))
			n = n->next;
		if (!n)
			diags_error(doc->d, order->key_at, "'order' does not name %s", s->key);
	}
}

static void check_lane(struct pb_doc *doc)
{
	const struct pb_node *lane = pb_get(doc->p.root, "lane");
	bool full_link = doc->p.strategy.kind == PB_FULL_LINK;

	if (full_link && !lane)
		diags_error(doc->d, doc->p.strategy.at, "'fullLink' needs a lane");
	if (!full_link && lane)
		diags_error(doc->d, lane->key_at, "only 'fullLink' uses a lane");
	if (full_link)
		pb_doc_check_service_name(doc, pb_get(lane, "entry"));
}

/* --- all of it --- */

static void check_background(struct pb_doc *doc)
{
	const struct pb_node *background = pb_get(doc->strategy, "background");
	const struct pb_node *from = pb_get(background, "fromStep");
	size_t count = doc->p.strategy.step_count;
	int64_t step;

	pb_doc_check_analysis(doc, pb_get(background, "analysis"));
	if (!from || from->type != PB_SCALAR || !from->text ||
	    !sl_count_parse(from->text, 1, INT32_MAX, &step))
		return;
	if ((size_t)step > count)
		diags_error(doc->d, from->at, "'fromStep' is %lld, but there are %zu steps",
			    (long long)step, count);
}

static void check_run_hosts(struct pb_doc *doc, const struct pb_run *run)
{
	for (size_t i = 0; i < run->hosts.count; i++)
		if (run->hosts.items[i][0] == '-')
			diags_error(doc->d, run->hosts.at[i],
				    "'%s' is no host name: it must not begin with '-'",
				    run->hosts.items[i]);
}

void pb_doc_check_strategy(struct pb_doc *doc)
{
	const struct pb_strategy *s = &doc->p.strategy;

	if (!doc->strategy || doc->strategy->type != PB_MAP)
		return;
	check_routers(doc);
	check_route_steps(doc);
	check_background(doc);
	check_lane(doc);
	if (s->kind == PB_BLUE_GREEN)
		check_sets(doc);
	if (s->kind == PB_FULL_LINK)
		check_order(doc);
	for (size_t i = 0; i < s->step_count; i++) {
		pb_doc_check_analysis(doc, pb_get(s->steps[i].node, "analysis"));
		if (s->steps[i].kind == PB_STEP_RUN)
			check_run_hosts(doc, &s->steps[i].run);
	}
	pb_steps_walk(doc, doc->d, NULL);
}
