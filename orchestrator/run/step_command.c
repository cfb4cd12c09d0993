/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A `run` step: the wrapper on the host (or here, under the state folder) knows whether it began
 * and how it ended. Began and dead is unknown: `check:` decides, else again if repeatable, else a
 * human.
 */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/act.h"
#include "orchestrator/run/steps.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static void command_again(struct act *a);
static void command_once_more(struct act *a);
static void outcome_unknown(struct act *a);

static bool is_local(const struct act *a)
{
	return a->step->host && strcmp(a->step->host, "local") == 0;
}

/* Here there is no release folder: the wrapper's files lie under the state folder, a folder a run.
 */
static char *wrapper_folder(const struct act *a)
{
	if (!is_local(a))
		return sl_strdup(a->step->claim ? a->step->claim
				 : a->instance  ? a->instance->sluice
						: "~/.sluice");
	return sl_asprintf("%s/local/%s", store_folder(a->r->store), a->r->uuid);
}

static char *env_base64(const struct act *a)
{
	char text[64];
	snprintf(text, sizeof text, "SLUICE_RUN=%lld\n", (long long)a->r->number);
	return sl_text_base64(text, strlen(text));
}

/* Under a claim the host refuses it to a controller that is no longer the run's; the names of the
 * wrapper's files are the same either way. */
static void run_wrapped(struct act *a, const char *step, const char *command, const char *again,
			remote_done done)
{
	char *folder = wrapper_folder(a);
	char *env = env_base64(a);
	bool fenced = *step && a->step->claim && *a->step->claim && !is_local(a);
	char *id = *step && !fenced ? sl_asprintf("%s-%s", a->r->uuid, step) : sl_strdup(step);
	char timeout[24], epoch[24];
	snprintf(epoch, sizeof epoch, "%lld", (long long)a->r->claim_epoch);
	int64_t left = act_left(a, 24ll * 3600 * 1000);
	snprintf(timeout, sizeof timeout, "%lld", (long long)(left + 999) / 1000);
	const struct remote_arg args[] = {
		{"run", fenced ? a->r->uuid : ""},
		{"epoch", epoch},
		{"sluice", folder},
		{"step", id},
		{"cwd", a->step->cwd},
		{"command", command},
		{"timeout", timeout},
		{"env", env},
		{"again", again},
	};
	remote_run(a->host, REMOTE_COMMAND, args, SL_COUNT(args), left + 15000, done, a);
	free(folder);
	free(env);
	free(id);
}

static void checked(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	const char *rc = remote_answer_get(answer, "rc");
	if (act_again_if_lost(a, &answer->error, outcome_unknown))
		return;
	if (answer->error.code)
		act_end(a, &answer->error); /* a check that cannot be asked says nothing */
	else if (rc && strcmp(rc, "0") == 0)
		act_ok(a);
	else
		command_once_more(a);
}

static void outcome_unknown(struct act *a)
{
	if (a->step->check)
		run_wrapped(a, "", a->step->check, NULL, checked);
	else if (a->step->repeatable)
		command_once_more(a);
	else
		act_fail(a, SL_ECONFLICT,
			 "'%s' began and its end is unknown; give it `check:` or `repeatable: "
			 "true`, or look and `sluice retry`",
			 a->step->name);
}

static void commanded(void *arg, const struct remote_answer *answer)
{
	struct act *a = arg;
	if (act_again_if_lost(a, &answer->error, command_again))
		return;
	if (answer->error.code) {
		act_end(a, &answer->error);
		return;
	}
	const char *state = remote_answer_get(answer, "state");
	const char *rc = remote_answer_get(answer, "rc");
	const char *tail = remote_answer_get(answer, "tail");
	if (tail && *tail)
		sl_json_add_str(act_detail(a), "tail", tail);
	if (state && strcmp(state, "unknown") == 0)
		outcome_unknown(a);
	else if (state && strcmp(state, "timeout") == 0)
		act_fail(a, SL_ETIMEOUT, "'%s' was stopped: its time was up", a->step->name);
	else if (rc && strcmp(rc, "0") == 0)
		act_ok(a);
	else
		act_fail(a, SL_ECOMMAND, "'%s' ended with exit code %s", a->step->name,
			 rc ? rc : "?");
}

static void command_again(struct act *a)
{
	act_note(a, a->deadline, "running '%s'", a->step->name);
	run_wrapped(a, a->id, a->step->command, NULL, commanded);
}

static void command_once_more(struct act *a)
{
	run_wrapped(a, a->id, a->step->command, "yes", commanded);
}

const struct step_ops step_run = {.act = command_again};
