/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper renews claims, proves them before external writes, and watches progress. A claim's age
 * is measured with CLOCK_BOOTTIME at the moment of the question, never with the loop's cached time:
 * a process that was stopped and thawed must notice.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/runner.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define TTL_DEFAULT_MS 60000

int64_t claim_ttl(void)
{
	const char *text = getenv("SLUICE_CLAIM_TTL");
	int64_t ms;
	return text && sl_duration_parse(text, &ms) && ms >= 1000 ? ms : TTL_DEFAULT_MS;
}

struct claim *runner_claim(struct runner *r, const char *host, const char *folder)
{
	for (size_t i = 0; i < r->claim_count; i++)
		if (strcmp(r->claims[i].host, host) == 0 &&
		    strcmp(r->claims[i].folder, folder) == 0)
			return &r->claims[i];
	r->claims = sl_realloc_n(r->claims, r->claim_count + 1, sizeof *r->claims);
	struct claim *c = &r->claims[r->claim_count++];
	*c = (struct claim){.host = sl_strdup(host), .folder = sl_strdup(folder)};
	return c;
}

/* --- one round of renewals --- */

struct round {
	struct runner *r;
	size_t pending, renewed;
	struct sl_error error;
	void (*then)(void *arg, const struct sl_error *e);
	void *arg;
};

struct renewal {
	struct round *round;
	size_t claim;
	int64_t asked; /* the proof holds from when it was asked for, not from when it came */
};

static void round_over(struct round *d)
{
	if (--d->pending)
		return;
	struct sl_error e = d->error;
	/* Hosts that are away cannot speak for us or against us; one proof is enough, a fence is
	 * not. */
	if (d->renewed && e.code != SL_EFENCED)
		e.code = SL_OK;
	d->then(d->arg, &e);
	free(d);
}

static void renewed(void *arg, const struct remote_answer *answer)
{
	struct renewal *n = arg;
	struct round *d = n->round;
	if (!answer->error.code) {
		d->renewed++;
		d->r->claims[n->claim].renewed = n->asked;
	} else if (answer->error.code == SL_EFENCED && !d->r->claims[n->claim].held) {
		d->renewed++; /* given back by ourselves while this was under way */
	} else if (d->error.code != SL_EFENCED) {
		d->error = answer->error;
	}
	free(n);
	round_over(d);
}

static void renew(struct round *d, size_t index, const char *parked)
{
	struct runner *r = d->r;
	struct claim *c = &r->claims[index];
	struct renewal *n = sl_alloc(sizeof *n);
	*n = (struct renewal){d, index, sl_time_boottime()};
	char *epoch = sl_asprintf("%lld", (long long)r->claim_epoch);
	const struct remote_arg args[] = {
		{"sluice", c->folder},
		{"run", r->uuid},
		{"epoch", epoch},
		{"parked", parked},
	};
	d->pending++;
	remote_run(world_transport(&r->world, c->host), REMOTE_RENEW, args, SL_COUNT(args), 20000,
		   renewed, n);
	free(epoch);
}

static bool on_host(const struct claim *c)
{
	return c->held && *c->host && *c->folder;
}

/* Renew every claim older than `age` ms; `then` gets SL_EFENCED when one is no longer ours. */
static void renew_older(struct runner *r, int64_t age, const char *parked,
			void (*then)(void *arg, const struct sl_error *e), void *arg)
{
	struct round *d = sl_alloc(sizeof *d);
	*d = (struct round){.r = r, .pending = 1, .then = then, .arg = arg};
	int64_t now = sl_time_boottime();
	size_t fresh = 0;
	for (size_t i = 0; i < r->claim_count; i++) {
		if (!on_host(&r->claims[i]))
			continue;
		if (now - r->claims[i].renewed > age)
			renew(d, i, parked);
		else
			fresh++;
	}
	d->renewed += fresh;
	round_over(d);
}

void keeper_assure(struct runner *r, void (*then)(void *arg, const struct sl_error *e), void *arg)
{
	int64_t ttl = claim_ttl();
	renew_older(r, ttl - ttl / 4, "", then, arg);
}

void keeper_park(struct runner *r, void (*then)(void *arg, const struct sl_error *e), void *arg)
{
	renew_older(r, -1, "yes", then, arg);
}

/* --- the beat --- */

static void beaten(void *arg, const struct sl_error *e)
{
	struct runner *r = arg;
	if (e->code != SL_EFENCED || r->over)
		return;
	walk_stop(r, STOP_LOST, "%s", e->msg);
	walk(r);
}

static bool is_pausing(const struct runner *r)
{
	for (size_t i = 0; i < r->act_count; i++)
		if (r->acts[i]->step->what == DO_PAUSE)
			return true;
	return r->waiting;
}

static void check_progress(struct runner *r)
{
	const struct pb_duration *limit = &r->in->playbook->strategy.progress_deadline;
	if (is_pausing(r))
		r->progress = sl_time_boottime();
	if (runner_is_undoing(r) || limit->ms <= 0 || sl_time_boottime() - r->progress <= limit->ms)
		return;
	char d[32];
	walk_stop(r, STOP_FAILURE, "no step ended for %s (progressDeadline)",
		  sl_duration_format(d, sizeof d, limit->ms));
	walk(r);
}

static void beat(uv_timer_t *t)
{
	struct runner *r = t->data;
	if (r->over)
		return;
	renew_older(r, claim_ttl() / 4 - 100, "", beaten, r);
	check_progress(r);
}

void keeper_start(struct runner *r)
{
	uint64_t every = (uint64_t)claim_ttl() / 4;
	uv_timer_start(&r->keeper, beat, every, every);
}
