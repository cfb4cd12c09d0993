/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the service looks like while the plan is walked: who is new, who is in service, and what
 * share of the traffic that gives. Planning, undoing and printing all move the same model.
 */
#ifndef SLUICE_PLAN_MODEL_H
#define SLUICE_PLAN_MODEL_H

#include "orchestrator/plan/plan.h"

struct model_instance {
	/* as found */
	bool limited;   /* outside --limit: counts as old, not touched */
	bool converged; /* on the target already, with its spec, alive */
	bool todo;      /* this plan changes it */
	bool dead;      /* down when looked at */
	bool marked;    /* not ready at the router */
	bool kept_out;  /* alive, but somebody took it out at the router: it stays out */
	bool first;     /* nothing installed */
	bool has_server, backup;
	int configured, weight;
	const char *server;
	/* as the plan moves on */
	bool is_new, in_service;
};

struct plan_model {
	size_t count;
	struct model_instance *at;
	bool router;
	double min_capacity;
};

void model_init(struct plan_model *m, const struct plan_input *in);
void model_release(struct plan_model *m);

size_t model_in_service(const struct plan_model *m);
size_t model_new(const struct plan_model *m);

/*
 * The real share of the new side when `want` is asked for (-1: weights are not ours, the present
 * ones count). weights (may be NULL, one an instance) gets what is set. -1 without a router.
 */
double model_share(const struct plan_model *m, double want, int *weights);

/* The share of the new side when all weights are as configured; -1 without a router. */
double model_natural_share(const struct plan_model *m);

/* The name of the release that a plan leads to: "<version>-<first 8 of sha256>". Yours to free. */
char *model_release_name(const struct plan_input *in);

#endif
