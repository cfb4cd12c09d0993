/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of traffic and of amounts.
 *
 * Inside a side, weights are proportional to the configured ones; between the sides they are set so
 * that sum(new) / sum(all) is the wanted share. Where the wanted share is what the configured
 * weights give anyway, those are used as they are: static algorithms accept nothing else.
 */
#include <math.h>

#include "orchestrator/plan/plan.h"

#define WEIGHT_MAX   256
#define WEIGHT_BASE  100 /* of the heaviest old server, unless that is too coarse or too large */
#define WEIGHT_SMALL 10  /* below this, rounding would change a share by more than a few percent */

struct sides {
	size_t n_old, n_new;
	double c_old, c_new; /* sums of configured weights */
	double top_old;      /* the heaviest configured weight of the old side */
};

static struct sides sides_of(const struct plan_weight_server *servers, size_t n)
{
	struct sides s = {0};
	for (size_t i = 0; i < n; i++) {
		if (!servers[i].in_service)
			continue;
		if (servers[i].is_new) {
			s.n_new++;
			s.c_new += servers[i].configured;
		} else {
			s.n_old++;
			s.c_old += servers[i].configured;
			s.top_old = fmax(s.top_old, servers[i].configured);
		}
	}
	return s;
}

/* No side may get more than its instances can carry; when both together cannot carry the whole,
 * they share as configured. Both sides are there. */
static double effective_share(const struct sides *s, double want, double min_capacity, size_t total)
{
	if (min_capacity <= 0 || total == 0)
		return fmin(fmax(want, 0), 1);
	double need = min_capacity * (double)total;
	double low = 1 - (double)s->n_old / need;
	double high = (double)s->n_new / need;
	if (low > high)
		return s->c_new / (s->c_old + s->c_new);
	double share = fmin(fmax(want, low), high);
	return fmin(fmax(share, 0), 1);
}

static int as_configured(int configured)
{
	return configured > WEIGHT_MAX ? WEIGHT_MAX : configured;
}

static int rounded(double exact)
{
	if (exact <= 0)
		return 0;
	double w = round(exact);
	return w < 1 ? 1 : w > WEIGHT_MAX ? WEIGHT_MAX : (int)w;
}

/* What one unit of configured weight is worth on each side, before rounding. */
static void unit_weights(const struct plan_weight_server *servers, size_t n, const struct sides *s,
			 double share, double *unit_old, double *unit_new)
{
	double most = 0, least = INFINITY;
	*unit_old = WEIGHT_BASE / s->top_old;
	*unit_new = *unit_old * share * s->c_old / ((1 - share) * s->c_new);
	for (size_t i = 0; i < n; i++) {
		if (!servers[i].in_service)
			continue;
		double w = servers[i].configured * (servers[i].is_new ? *unit_new : *unit_old);
		most = fmax(most, w);
		least = fmin(least, w);
	}
	if (most > WEIGHT_MAX || least < WEIGHT_SMALL) {
		*unit_old *= WEIGHT_MAX / most;
		*unit_new *= WEIGHT_MAX / most;
	}
}

static double real_share(const struct plan_weight_server *servers, size_t n, const int *weights)
{
	double all = 0, new = 0;
	for (size_t i = 0; i < n; i++) {
		all += weights[i];
		if (servers[i].is_new)
			new += weights[i];
	}
	return all > 0 ? new / all : 0;
}

void plan_weights(const struct plan_weight_server *servers, size_t n, double want,
		  double min_capacity, size_t total, int *weights, double *real)
{
	struct sides s = sides_of(servers, n);
	bool both = s.n_old && s.n_new;
	double share = both ? effective_share(&s, want, min_capacity, total) : s.n_new ? 1 : 0;
	double natural = both ? s.c_new / (s.c_old + s.c_new) : share;
	bool plain = fabs(share - natural) < 1e-9 || share <= 0 || share >= 1;
	double unit_old = 0, unit_new = 0;

	if (!plain)
		unit_weights(servers, n, &s, share, &unit_old, &unit_new);
	for (size_t i = 0; i < n; i++) {
		bool idle = servers[i].is_new ? share <= 0 : share >= 1;
		if (!servers[i].in_service || idle)
			weights[i] = 0;
		else if (plain)
			weights[i] = as_configured(servers[i].configured);
		else
			weights[i] = rounded(servers[i].configured *
					     (servers[i].is_new ? unit_new : unit_old));
	}
	if (real)
		*real = real_share(servers, n, weights);
}

/* The small number takes back what binary fractions add: 7% of 100 is 7, not 8. */
size_t plan_amount_up(const struct pb_amount *a, size_t n)
{
	double exact = a->is_share ? ceil(a->share * (double)n - 1e-9) : (double)a->count;
	if (exact <= 0)
		return 0;
	return exact >= (double)n ? n : (size_t)exact;
}

size_t plan_amount_down(const struct pb_amount *a, size_t n)
{
	double exact = a->is_share ? floor(a->share * (double)n + 1e-9) : (double)a->count;
	if (exact < 1 || n == 0)
		return 1;
	return exact >= (double)n ? n : (size_t)exact;
}
