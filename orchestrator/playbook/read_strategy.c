// SPDX-License-Identifier: Apache-2.0
// The strategy of a rollout, and what run cannot carry out yet.
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/read.h"
#include "orchestrator/playbook/schema_check.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const struct {
	const char *key;
	enum pb_step_kind kind;
} step_kinds[] = {
	{"upgrade", PB_STEP_UPGRADE},
	{"setWeight", PB_STEP_SET_WEIGHT},
	{"pause", PB_STEP_PAUSE},
	{"run", PB_STEP_RUN},
	{"setTraffic", PB_STEP_SET_TRAFFIC},
	{"analysis", PB_STEP_ANALYSIS},
	{"route", PB_STEP_ROUTE},
	{"checkTraces", PB_STEP_CHECK_TRACES},
};

static const struct {
	const char *key;
	enum pb_strategy_kind kind;
} strategy_kinds[] = {
	{"rolling", PB_ROLLING},
	{"canary", PB_CANARY},
	{"blueGreen", PB_BLUE_GREEN},
	{"fullLink", PB_FULL_LINK},
};

/* Amounts of steps have no defaults: upgrade of nothing is not given. */
static const struct schema_row step_rows[] = {{.key = "upgrade"}, {.key = "setWeight"}};
static const struct schema_shape step_shape = {.rows = step_rows, .count = SL_COUNT(step_rows)};

static bool read_step(struct pb_reader *r, const struct pb_node *item, struct pb_step *s)
{
	const struct pb_node *n = item->type == PB_MAP ? item->first : NULL;

	for (size_t i = 0; n && i < SL_COUNT(step_kinds); i++) {
		if (strcmp(n->key, step_kinds[i].key))
			continue;
		*s = (struct pb_step){.kind = step_kinds[i].kind, .at = n->key_at, .node = item};
		if (s->kind == PB_STEP_UPGRADE || s->kind == PB_STEP_SET_WEIGHT)
			s->amount = read_amount(r, item, &step_shape, n->key);
		else if (s->kind == PB_STEP_PAUSE)
			s->pause = read_duration(r, n, &schema_pause, "duration");
		else if (s->kind == PB_STEP_RUN)
			s->run = read_run(r, n);
		return true;
	}
	return false;
}

static void read_steps(struct pb_reader *r, const struct pb_node *list, struct pb_strategy *s)
{
	if (!list || list->type != PB_LIST)
		return;
	s->steps = pb_arena_array(r->arena, pb_count(list), sizeof *s->steps);
	for (const struct pb_node *n = list->first; n; n = n->next)
		if (read_step(r, n, &s->steps[s->step_count]))
			s->step_count++;
}

static void read_common(struct pb_reader *r, const struct pb_node *n, struct pb_strategy *s)
{
	const struct schema_shape *shape = &schema_strategy_any;

	s->max_unavailable = read_amount(r, n, shape, "maxUnavailable");
	s->max_failures = read_count(r, n, shape, "maxFailures");
	s->min_capacity = read_share(r, n, shape, "minCapacity");
	s->min_capacity_given = pb_get(n, "minCapacity") != NULL;
	s->progress_deadline = read_duration(r, n, shape, "progressDeadline");
	s->pause_on_failure = !strcmp(read_word(r, n, shape, "onFailure", NULL), "pause");
	s->rollback_max_unavailable =
		read_amount(r, pb_get(n, "rollback"), shape, "maxUnavailable");
}

/* One service has its router on the strategy; several have their own. */
static void give_router(struct pb_doc *doc, const struct pb_node *router)
{
	struct pb_service *s = doc->p.services;
	struct pb_reader r = {.arena = &doc->arena,
			      .values = {.vars = doc->p.vars, .var_count = doc->p.var_count}};

	if (!router || doc->p.service_count != 1)
		return;
	r.values.service = s->name;
	if (s->router.at.line) {
		diags_error(doc->d, router->key_at,
			    "'%s' has a router of its own; give it in one place", s->name);
		diags_note(doc->d, s->router.at, "the other one is here");
		return;
	}
	read_router(&r, router, &s->router);
}

/* Where nothing is said, a router is asked. */
static void give_until(struct pb_doc *doc)
{
	for (size_t i = 0; i < doc->p.service_count; i++) {
		struct pb_service *s = &doc->p.services[i];

		if (!s->drain.until_command.at.line && s->router.at.line)
			s->drain.until_idle = true;
	}
}

static void visit_later(void *arg, struct diag_at at, const char *what)
{
	pb_doc_later(arg, at, what);
}

void pb_doc_read_strategy(struct pb_doc *doc)
{
	struct pb_reader r = {.arena = &doc->arena,
			      .values = {.vars = doc->p.vars, .var_count = doc->p.var_count}};
	const struct pb_node *strategy = pb_get(doc->p.root, "strategy"), *n;
	struct pb_strategy *s = &doc->p.strategy;

	read_common(&r, NULL, s);
	if (pb_get(doc->p.root, "lane"))
		pb_doc_later(doc, pb_get(doc->p.root, "lane")->key_at, "lane");
	n = strategy && strategy->type == PB_MAP ? strategy->first : NULL;
	if (!n)
		return;
	schema_visit_later(&schema_strategy, strategy, visit_later, doc);
	for (size_t i = 0; i < SL_COUNT(strategy_kinds); i++)
		if (!strcmp(strategy_kinds[i].key, n->key))
			s->kind = strategy_kinds[i].kind;
	s->at = n->key_at;
	read_common(&r, n, s);
	read_steps(&r, pb_get(n, "steps"), s);
	doc->strategy = n;
	give_router(doc, pb_get(n, "router"));
	give_until(doc);
	if (s->max_failures > 0)
		pb_doc_later(doc, pb_place(pb_get(n, "maxFailures")), "owed hosts");
}
