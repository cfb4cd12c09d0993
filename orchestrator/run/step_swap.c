/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Swap: stop, switch, start, in one script that finishes on the host whatever happens to us. A cut
 * link is answered by asking again: the script knows a step that it has done.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static void swap_again(struct act *a);

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* The instance now runs what the step says: the router's arithmetic wants to know. */
static void note_version(struct act *a)
{
	const struct plan *forward = &a->r->view.plan;
	bool new =
		same(a->step->release, forward->release) && same(a->step->spec, a->instance->spec);
	a->r->is_new[a->step->instance] = new && !forward->undo;
}

static void keep_answer(struct act *a, const struct remote_answer *answer, const char *key)
{
	const char *v = remote_answer_get(answer, key);
	if (v && *v)
		sl_json_add_str(act_detail(a), key, v);
}

static void swapped(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, swap_again))
		return;
	if (answer->error.code) {
		act_end(a, &answer->error);
		return;
	}
	const char *rc = remote_answer_get(answer, "rc");
	const char *message = remote_answer_get(answer, "message");
	keep_answer(a, answer, "pid");
	keep_answer(a, answer, "tail");
	if (rc && strcmp(rc, "0") == 0) {
		note_version(a);
		act_ok(a);
		return;
	}
	act_fail(a, SL_ECOMMAND, "%s: %s%s", a->instance->id,
		 message && *message ? message : "the new release did not start",
		 rc && strcmp(rc, "1") == 0 ? "; the old release runs again" : "");
}

static char *env_base64(const struct rs_instance *i)
{
	char *lines = inventory_env_lines(i);
	if (!lines)
		return sl_strdup("");
	size_t len = strlen(lines);
	char *coded = sl_text_base64(lines, len);
	explicit_bzero(lines, len);
	free(lines);
	return coded;
}

static const char *runtime_word(const struct act *a)
{
	/* Going back: the host remembers how that release was started. */
	if (runner_is_undoing(a->r))
		return "";
	return a->instance->command ? "process" : "commands";
}

static void swap_again(struct act *a)
{
	const struct rs_instance *i = a->instance;
	const struct pb_runtime *rt = &a->r->in->playbook->services[0].runtime;
	bool forward = !runner_is_undoing(a->r);
	char *env = env_base64(i);
	char stop_timeout[24];
	snprintf(stop_timeout, sizeof stop_timeout, "%lld",
		 (long long)((rt->stop_timeout.given ? rt->stop_timeout.ms : 30000) + 999) / 1000);
	const struct remote_arg args[] = {
		{"release", a->step->release},
		{"spec", a->step->spec},
		{"runtime", runtime_word(a)},
		{"command", forward ? i->command : NULL},
		{"start", forward ? i->start : NULL},
		{"stop", forward ? i->stop : NULL},
		{"status", forward ? i->status : NULL},
		{"env", forward ? env : NULL},
		{"stop_signal", rt->stop_signal},
		{"stop_timeout", stop_timeout},
		{"log", i->log},
		{"prior_release", a->step->prior_release},
		{"prior_spec", a->step->prior_spec},
	};
	act_note(a, a->deadline, "stopping, switching, starting");
	act_remote(a, REMOTE_SWAP, args, SL_COUNT(args), act_left(a, 10 * 60 * 1000), swapped);
	explicit_bzero(env, strlen(env));
	free(env);
}

/* --- undo: an instance that is back already (its swap had failed, or never began) is let be --- */

static void undo_looked(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, a->ops->act))
		return;
	const char *target = remote_answer_get(answer, "target");
	const char *spec = remote_answer_get(answer, "spec");
	const char *alive = remote_answer_get(answer, "alive");
	bool back = !answer->error.code && same(target, a->step->release) &&
		    (!a->step->release || (same(spec, a->step->spec) && same(alive, "yes")));
	if (back) {
		sl_json_add_bool(act_detail(a), "present", true);
		note_version(a);
		act_ok(a);
		return;
	}
	swap_again(a);
}

static void swap_act(struct act *a)
{
	if (runner_is_undoing(a->r))
		act_remote(a, REMOTE_INSTANCE, NULL, 0, act_left(a, 30000), undo_looked);
	else
		swap_again(a);
}

const struct step_ops step_swap = {.act = swap_act};
