/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying a run out in this process: the engine walks, progress shows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/progress.h"

struct carry {
	struct cli *c;
	struct progress *progress;
	struct run_options options;
	struct sl_error error;
};

static struct carry carry_begin(struct cli *c)
{
	struct carry k = {.c = c, .progress = progress_new(c, false)};

	k.options = (struct run_options){.who = c->who,
					 .from = c->from,
					 .reason = c->reason,
					 .wait = c->wait,
					 .terminal = c->terminal,
					 .take_over = c->take_over,
					 .keep = c->keep,
					 .sink = progress_sink(k.progress)};
	return k;
}

/* What the person chose in the menu: another process goes on from where this one stopped. */
static int go_on_detached(struct cli *c, int64_t number)
{
	struct sl_error e = {0};

	if (store_run_leave(c->store, number, &e))
		return cli_fail(&e);
	return detach_verb(c, "resume", number) ? RUN_INTERNAL : RUN_INTERRUPTED;
}

static int carry_end(struct carry *k, int code)
{
	const struct run_view *v = progress_view(k->progress);
	bool detach = progress_detach_wanted(k->progress) && v && v->state != VIEW_ENDED;
	int64_t number = v ? v->number : 0;

	progress_finish(k->progress, code);
	if (detach)
		return go_on_detached(k->c, number);
	if (code && k->error.msg[0])
		cli_error("%s", k->error.msg);
	return code;
}

int carry_start(struct cli *c, struct run_inputs *in, struct plan *plan)
{
	struct carry k = carry_begin(c);

	return carry_end(&k, run_start(c->store, in, c->plugins, plan, &k.options, &k.error));
}

int carry_resume(struct cli *c, int64_t number, const char *verb)
{
	int rc = cli_plugins(c);
	struct carry k;

	if (rc)
		return rc;
	k = carry_begin(c);
	return carry_end(&k, run_resume(c->store, number, verb, c->plugins, &k.options, &k.error));
}

int carry_undo_finished(struct cli *c, int64_t number)
{
	int rc = cli_plugins(c);
	struct carry k;

	if (rc)
		return rc;
	k = carry_begin(c);
	return carry_end(&k, run_undo_finished(c->store, number, c->plugins, &k.options, &k.error));
}
