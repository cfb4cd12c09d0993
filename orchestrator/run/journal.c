/* SPDX-License-Identifier: Apache-2.0 */
/* Events: made here, durable first, then seen by the view and the sink. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/run/runner.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"

struct emitted {
	struct runner *r;
	void (*then)(void *arg);
	void *arg;
};

cJSON *runner_event(const char *event)
{
	cJSON *o = cJSON_CreateObject();
	sl_json_add_int(o, "v", 1);
	sl_json_add_str(o, "event", event);
	return o;
}

void runner_step_fields(cJSON *event, const struct plan_step *s)
{
	sl_json_add_str(event, "step", s->id);
	sl_json_add_int(event, "wave", (int64_t)s->wave + 1);
	sl_json_add_str(event, "do", plan_do_name(s->what));
	if (s->service)
		sl_json_add_str(event, "service", s->service);
	if (s->host)
		sl_json_add_str(event, "host", s->host);
	if (s->port)
		sl_json_add_int(event, "port", s->port);
}

static void durable(void *arg, const struct sl_error *e, int64_t seq, const cJSON *event)
{
	(void)seq;
	struct emitted *m = arg;
	struct runner *r = m->r;
	r->appends--;
	if (e && e->code) {
		/* Nothing may be done that the journal does not know: leave. */
		if (!r->journal_lost) {
			r->journal_lost = true;
			*r->error = *e;
			r->exit = e->code == SL_EFENCED ? RUN_HELD : RUN_INTERNAL;
			r->over = true;
		}
	} else {
		if (event) {
			run_view_feed(&r->view, event);
			if (r->options->sink.event)
				r->options->sink.event(r->options->sink.arg, event);
		}
		if (m->then)
			m->then(m->arg);
	}
	free(m);
}

/* A run that is over writes nothing more: its journal may be another controller's by now. */
void runner_emit(struct runner *r, cJSON *event, cJSON *row, void (*then)(void *arg), void *arg)
{
	if (r->over) {
		cJSON_Delete(event);
		cJSON_Delete(row);
		return;
	}
	struct emitted *m = sl_alloc(sizeof *m);
	*m = (struct emitted){r, then, arg};
	struct store_record record = {
		.run = r->number, .epoch = r->epoch, .event = event, .row = row};
	r->appends++;
	store_append(r->store, &record, durable, m);
}

void runner_tick(struct runner *r, const struct plan_step *s, const char *note, int64_t until_unix)
{
	cJSON *tick = cJSON_CreateObject();
	sl_json_add_bool(tick, "tick", true);
	sl_json_add_str(tick, "step", s->id);
	sl_json_add_str(tick, "note", note);
	if (until_unix)
		sl_json_add_int(tick, "until", until_unix);
	run_view_tick(&r->view, tick);
	if (r->options->sink.tick)
		r->options->sink.tick(r->options->sink.arg, tick);
	cJSON_Delete(tick);
}
