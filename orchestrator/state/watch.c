/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer looks for between commits: control rows, and what other processes append. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/state/private.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"

struct collect {
	struct watch *w;
	struct news ***tail;
};

static struct news *news_add(struct watch *w, struct news ***tail)
{
	struct news *n = sl_alloc(sizeof *n);

	n->kind = w->kind;
	n->to = *w;
	n->to.last = NULL;
	**tail = n;
	*tail = &n->next;
	return n;
}

void news_free(struct news *n)
{
	control_row_release(&n->control);
	cJSON_Delete(n->event);
	store_run_release(&n->run);
	free(n);
}

void news_tell(struct news *n)
{
	struct control_row *row = &n->control;

	switch (n->kind) {
	case WATCH_CONTROL:
		row->c.verb = row->verb;
		row->c.who = row->who;
		row->c.reason = row->reason;
		row->c.args = row->args;
		n->to.tell.control(n->to.arg, &row->c);
		break;
	case WATCH_EVENTS:
		n->to.tell.event(n->to.arg, n->seq, n->event);
		break;
	case WATCH_RUN:
		n->to.tell.changed(n->to.arg, &n->run);
		break;
	}
}

static int collect_event(void *arg, int64_t seq, const cJSON *event)
{
	struct collect *c = arg;
	struct news *n = news_add(c->w, c->tail);

	n->seq = seq;
	n->event = cJSON_Duplicate(event, true);
	c->w->after = seq;
	return 0;
}

static void poll_events(struct store *s, struct watch *w, struct news ***tail, struct sl_error *e)
{
	struct collect c = {.w = w, .tail = tail};

	journal_read(s, w->run, w->after, collect_event, &c, e);
}

static void poll_control(struct store *s, struct watch *w, struct news ***tail, struct sl_error *e)
{
	struct control_row *rows;
	size_t count, i;

	if (control_take(s, w->run, &rows, &count, e))
		return;
	for (i = 0; i < count; i++)
		news_add(w, tail)->control = rows[i];
	free(rows);
}

static char *row_text(const struct store_run *r)
{
	return sl_asprintf("%s|%s|%d|%s|%lld|%lld|%s|%lld|%lld|%s|%d", r->state, r->outcome,
			   r->exit, r->reason, (long long)r->ended, (long long)r->epoch,
			   r->controller.boot, (long long)r->controller.pid,
			   (long long)r->controller.start, r->waiting, r->parked);
}

static void poll_run(struct store *s, struct watch *w, struct news ***tail, struct sl_error *e)
{
	struct store_run run;
	char *text;

	if (rows_get(s, "number=?", w->run, NULL, &run, e))
		return;
	text = row_text(&run);
	if (w->last && !strcmp(w->last, text)) {
		free(text);
		store_run_release(&run);
		return;
	}
	free(w->last);
	w->last = text;
	news_add(w, tail)->run = run;
}

bool watch_poll(struct store *s, struct watch *w, struct news ***tail)
{
	struct sl_error e = {0};

	switch (w->kind) {
	case WATCH_CONTROL:
		poll_control(s, w, tail, &e);
		break;
	case WATCH_EVENTS:
		poll_events(s, w, tail, &e);
		break;
	case WATCH_RUN:
		poll_run(s, w, tail, &e);
		break;
	}
	if (db_failed(&e))
		sl_log(SL_LOG_WARN, "watching run %lld: %s", (long long)w->run, e.msg);
	return db_failed(&e);
}
