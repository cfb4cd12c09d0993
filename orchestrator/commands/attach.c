/* SPDX-License-Identifier: Apache-2.0 */
/* sluice attach: the journal as it grows, until the run ends or stands without a controller. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/commands/progress.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

#define LOOK_MS 100 /* how soon a controller that died is missed */

struct attach {
	struct cli *c;
	struct progress *progress;
	uv_loop_t *loop;
	uv_timer_t look;
	uv_signal_t on_int, on_term, on_hup;
	int handles;
	char state[16];
	struct store_controller controller;
	bool parked, known;
	int64_t seen; /* seq of the newest event */
	int idle;     /* looks since something new came */
	int code;     /* -1 while it goes on */
};

static void handle_closed(uv_handle_t *handle)
{
	struct attach *a = handle->data;

	a->handles--;
}

static void finish(struct attach *a, int code)
{
	if (a->code >= 0)
		return;
	a->code = code;
	uv_close((uv_handle_t *)&a->look, handle_closed);
	uv_close((uv_handle_t *)&a->on_int, handle_closed);
	uv_close((uv_handle_t *)&a->on_term, handle_closed);
	uv_close((uv_handle_t *)&a->on_hup, handle_closed);
}

/* The row may be newer than the last event told, or older: both must say that it is over. */
static void check_over(struct attach *a)
{
	const struct run_view *v = progress_view(a->progress);

	if (a->known && v && !strcmp(a->state, "ended") && v->state == VIEW_ENDED)
		finish(a, v->exit);
}

static void event_came(void *arg, int64_t seq, const cJSON *event)
{
	struct attach *a = arg;

	if (a->code >= 0)
		return;
	a->seen = seq;
	a->idle = 0;
	progress_event(a->progress, event);
	check_over(a);
}

static void row_came(void *arg, const struct store_run *r)
{
	struct attach *a = arg;

	snprintf(a->state, sizeof a->state, "%s", r->state);
	a->controller = r->controller;
	a->parked = r->parked;
	a->known = true;
	a->idle = 0;
	check_over(a);
}

/* Two looks without anything new: what the dead one wrote last has been read by then. */
static void look(uv_timer_t *timer)
{
	struct attach *a = timer->data;

	if (!a->known || !strcmp(a->state, "ended") || store_controller_alive(&a->controller))
		a->idle = 0;
	else if (++a->idle >= 2)
		finish(a, RUN_PAUSED);
}

static void interrupted(uv_signal_t *signal, int number)
{
	(void)number;
	finish(signal->data, RUN_INTERRUPTED);
}

static void watch_signal(struct attach *a, uv_signal_t *handle, int number)
{
	uv_signal_init(a->loop, handle);
	handle->data = a;
	uv_signal_start(handle, interrupted, number);
	a->handles++;
}

static int load_plan(struct cli *c, const struct store_run *r, struct progress *p)
{
	struct sl_error e = {0};
	char *text;
	cJSON *plan;
	int rc = store_text_get(c->store, r->number, "document", &text, &e);

	if (rc)
		return cli_fail(&e);
	plan = sl_json_parse(text, strlen(text), &e);
	rc = plan ? progress_begin(p, r->number, plan, &e) : (int)e.code;
	cJSON_Delete(plan);
	free(text);
	return rc ? cli_fail(&e) : RUN_DONE;
}

static int watch(struct attach *a, int64_t number)
{
	struct sl_error e = {0};

	if (store_start(a->c->store, a->loop, &e))
		return cli_fail(&e);
	uv_timer_init(a->loop, &a->look);
	a->look.data = a;
	uv_timer_start(&a->look, look, LOOK_MS, LOOK_MS);
	a->handles++;
	watch_signal(a, &a->on_int, SIGINT);
	watch_signal(a, &a->on_term, SIGTERM);
	watch_signal(a, &a->on_hup, SIGHUP);
	store_watch_events(a->c->store, number, 0, event_came, a);
	store_watch_run(a->c->store, number, row_came, a);
	while (a->handles)
		uv_run(a->loop, UV_RUN_ONCE);
	return a->code;
}

static void say_alone(const struct attach *a, const struct store_run *r)
{
	if (a->code == RUN_PAUSED && !a->parked && !strcmp(a->state, "running"))
		fprintf(stderr,
			"sluice: run %lld has no living controller; go on with: sluice resume "
			"%lld\n",
			(long long)r->number, (long long)r->number);
}

static int attach_run(struct cli *c, const struct store_run *r)
{
	struct attach *a = sl_alloc(sizeof *a);
	int rc;

	a->c = c;
	a->code = -1;
	a->loop = uv_default_loop();
	a->progress = progress_new(c, true);
	rc = load_plan(c, r, a->progress);
	if (!rc) {
		rc = watch(a, r->number);
		/* No callback may come after this: the store goes first. */
		store_close(c->store);
		c->store = NULL;
	}
	progress_finish(a->progress, rc);
	say_alone(a, r);
	free(a);
	return rc;
}

int command_attach(struct cli *c)
{
	struct store_run r;
	int rc = cli_find_run(c, c->arg_count ? c->args[0] : NULL, FIND_LATEST, &r);

	if (!rc)
		rc = attach_run(c, &r);
	store_run_release(&r);
	return rc;
}
