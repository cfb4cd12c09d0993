/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims: compare-and-set of the owner file against what was read when looking (claim), and giving
 * it back (release). A refusal ends the run before anything else was touched; what was already
 * claimed is given back by the walker's end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

static bool in_store_only(const struct act *a)
{
	return a->step->router_claim && (!a->step->claim || !*a->step->claim);
}

static void keep_claim(struct act *a, bool held)
{
	struct claim *c = runner_claim(a->r, a->step->host ? a->step->host : "",
				       a->step->claim ? a->step->claim : "");
	c->held = held;
	c->renewed = sl_time_boottime();
}

static void claim_again(struct act *a);

static void claimed(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, claim_again))
		return;
	if (answer->error.code == SL_EHELD) {
		struct sl_error e;
		const char *who = remote_answer_get(answer, "owner.who");
		const char *number = remote_answer_get(answer, "owner.number");
		sl_fail(&e, SL_EHELD, "%s was claimed in the meantime by run %.20s of %.80s",
			a->step->host, number ? number : "?", who ? who : "?");
		walk_stop(a->r, STOP_LOST, "%s", e.msg);
		act_end(a, &e);
		return;
	}
	if (!answer->error.code)
		keep_claim(a, true);
	act_end(a, &answer->error);
}

static void claim_again(struct act *a)
{
	const struct owner *seen = observed_owner(a->r->seen, a->step->host, a->step->claim);
	char epoch[24], expect[24] = "", number[24], since[40];
	snprintf(epoch, sizeof epoch, "%" PRId64, a->r->claim_epoch);
	snprintf(number, sizeof number, "%" PRId64, a->r->number);
	if (seen && seen->epoch)
		snprintf(expect, sizeof expect, "%" PRId64, seen->epoch);
	const struct remote_arg args[] = {
		{"sluice", a->step->claim},
		{"run", a->r->uuid},
		{"number", number},
		{"epoch", epoch},
		{"expect_epoch", expect},
		{"expect_run", seen ? seen->run : ""},
		{"who", a->r->options->who},
		{"from", a->r->options->from},
		{"what", a->r->what},
		{"since", sl_time_format(since, sizeof since, sl_time_now())},
	};
	remote_run(a->host, REMOTE_CLAIM, args, SL_COUNT(args), act_left(a, 30000), claimed, a);
}

/* Routers without hosts were claimed in the state store before the loop began (run.c). */
static void claim_act(struct act *a)
{
	if (in_store_only(a)) {
		act_ok(a);
		return;
	}
	claim_again(a);
}

/* --- release --- */

static void release_again(struct act *a);

static void released(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, release_again))
		return;
	/* The work is done; a host that cannot be told so keeps a silent claim of an ended run,
	 * which the next run finds free to take. */
	if (answer->error.code)
		sl_json_add_str(act_detail(a), "warning", answer->error.msg);
	act_ok(a);
}

static void release_again(struct act *a)
{
	act_remote(a, REMOTE_UNCLAIM, NULL, 0, act_left(a, 30000), released);
}

/* From here on nobody renews it: a renewal that comes after the release would look like a lost
 * claim. */
static void release_act(struct act *a)
{
	keep_claim(a, false);
	if (in_store_only(a))
		act_ok(a);
	else
		release_again(a);
}

const struct step_ops step_claim = {.act = claim_act};
const struct step_ops step_release = {.act = release_act};
