/* SPDX-License-Identifier: Apache-2.0 */
/* View: one time line of runs, registries and config, newest first. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "orchestrator/view/internal.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

#define RUNS_MAX   20
#define EVENTS_MAX 1000 /* of one run, its newest */

enum {
	COL_TIME,
	COL_LEVEL,
	COL_SOURCE,
	COL_WHO,
	COL_EVENT,
	COL_SERVICE,
	COL_SUBJECT,
	COL_RUN,
	COL_TEXT,
	COL_COUNT
};

static const struct vw_column columns[COL_COUNT] = {
	[COL_TIME] = {"time", "TIME", "When it happened.", VW_TIME, 12, 12, 0, false},
	[COL_LEVEL] = {"level", "LEVEL", "error, warn or info.", VW_TEXT, 5, 5, 3, false},
	[COL_SOURCE] =
		{"source", "SOURCE",
		 "\"run\", \"audit\" for what a person asked of one, or the backend that said it.",
		 VW_TEXT, 4, 16, 3, false},
	[COL_EVENT] = {"event", "EVENT", "What happened, in one word.", VW_TEXT, 10, 18, 0, false},
	[COL_SERVICE] = {"service", "SERVICE", "Service that it is about.", VW_TEXT, 8, 30, 3,
			 false},
	[COL_SUBJECT] = {"subject", "SUBJECT", "Instance, step or key that it is about.", VW_TEXT,
			 8, 40, 2, false},
	[COL_RUN] = {"run", "RUN", "The run that it belongs to.", VW_NUMBER, 3, 8, 4, false},
	[COL_WHO] = {"who", "WHO", "Who did it.", VW_TEXT, 4, 16, 5, false},
	[COL_TEXT] = {"text", "TEXT", "More about it.", VW_TEXT, 8, 0, 1, false},
};

/* --- runs --- */

static enum vw_state state_of(const cJSON *event)
{
	const char *name = sl_json_str(event, "event", "");
	const char *result = sl_json_str(event, "result", "");
	const char *outcome = sl_json_str(event, "outcome", "");

	if (strcmp(result, "failed") == 0 || strcmp(name, "host.lost") == 0 ||
	    strcmp(outcome, "needsHuman") == 0)
		return VW_FAILED;
	if (strcmp(result, "unknown") == 0)
		return VW_NO_CONTACT;
	if (strstr(name, ".drift") || strcmp(name, "undo.started") == 0 ||
	    strcmp(outcome, "rolledBack") == 0 || strcmp(outcome, "owed") == 0)
		return VW_DEGRADED;
	if (strcmp(name, "pause.started") == 0 || strcmp(name, "run.parked") == 0)
		return VW_WAITING;
	return strstr(name, ".started") ? VW_WORKING : VW_OK;
}

static const char *share_text(struct vw_table *t, const cJSON *event)
{
	char share[32];

	return vw_printf(t, "%s to the new side",
			 sl_share_format(share, sizeof share, sl_json_num(event, "real", 0)));
}

static const char *pause_text(struct vw_table *t, const cJSON *event)
{
	const char *clock = vw_clock(t, sl_json_int(event, "until", 0));
	const char *reason = sl_json_str(event, "reason", "");

	if (*reason)
		return reason;
	if (*clock)
		return vw_printf(t, "until %s", clock);
	return sl_json_get(event, "step") ? "until promote" : "until resume";
}

/* What the event is about in words, by what it carries. */
static const char *text_of(struct vw_table *t, const cJSON *event)
{
	const char *error = sl_json_str(sl_json_get(event, "error"), "message", NULL);
	const char *outcome = sl_json_str(event, "outcome", NULL);
	static const char *const keys[] = {"failure", "why",  "title", "text",
					   "reason",  "verb", "result"};

	if (error)
		return error;
	if (outcome)
		return vw_printf(t, "%s, exit %" PRId64, outcome, sl_json_int(event, "exit", 0));
	if (strcmp(sl_json_str(event, "event", ""), "traffic.set") == 0)
		return share_text(t, event);
	if (strcmp(sl_json_str(event, "event", ""), "pause.started") == 0)
		return pause_text(t, event);
	for (size_t i = 0; i < SL_COUNT(keys); i++) {
		const char *text = sl_json_str(event, keys[i], NULL);

		if (text && *text)
			return text;
	}
	return "";
}

static const char *subject_of(struct vw_table *t, const cJSON *event, const char *run_name)
{
	const char *what = sl_json_str(event, "do", NULL);
	const char *host = sl_json_str(event, "host", NULL);
	int64_t port = sl_json_int(event, "port", 0);

	const char *action = sl_json_str(event, "action", NULL);

	if (what && action) /* "drain i-7" */
		return vw_printf(t, "%s %s", action, sl_json_str(event, "subject", ""));
	if (what && host && port)
		return vw_printf(t, "%s %s:%" PRId64, what, host, port);
	if (what)
		return vw_printf(t, "%s%s%s", what, host ? " " : "", host ? host : "");
	return host ? host : run_name;
}

struct gather {
	struct vw_table *t;
	const char *subject;
	int64_t now;
	const struct store_run *run;
};

static const char *level_of(enum vw_state state)
{
	switch (state) {
	case VW_FAILED:
		return "error";
	case VW_DEGRADED:
	case VW_NO_CONTACT:
	case VW_WAITING:
		return "warn";
	default:
		return "info";
	}
}

/* The hour of today, the day of what is older. */
static void set_when(struct vw_table *t, struct vw_cell *cell, int64_t ms, int64_t now)
{
	time_t seconds = (time_t)(ms / 1000), today = (time_t)(now / 1000);
	struct tm tm, here;
	char text[32];

	vw_set_time(cell, ms);
	if (!cell->known || !localtime_r(&seconds, &tm) || !localtime_r(&today, &here))
		return;
	strftime(text, sizeof text,
		 tm.tm_yday == here.tm_yday && tm.tm_year == here.tm_year ? "%H:%M:%S"
									  : "%m-%d %H:%M",
		 &tm);
	if (text[2] == ':')
		cell->text = vw_printf(t, "%s.%03d", text, (int)(ms % 1000));
	else
		cell->text = vw_dup(t, text);
}

static const char *who_of(const struct store_run *run, const cJSON *event)
{
	bool begins = !strcmp(sl_json_str(event, "event", ""), "run.started");

	return sl_json_str(event, "who", begins ? run->who : NULL);
}

static void add_event(struct gather *g, const cJSON *event)
{
	struct vw_table *t = g->t;
	const char *service = sl_json_str(event, "service", NULL);
	const char *text = text_of(t, event);
	const char *id = vw_printf(t, "%012" PRId64 "/%012" PRId64, g->run->number,
				   sl_json_int(event, "seq", 0));
	enum vw_state state = state_of(event);
	struct vw_cell *cells;
	int64_t time = 0;

	if (g->subject && (!service || strcmp(service, g->subject) != 0))
		return;
	sl_time_parse(sl_json_str(event, "time", ""), &time);
	cells = vw_row_add(t, id, state, sl_json_str(event, "event", ""), text);
	set_when(t, &cells[COL_TIME], time, g->now);
	vw_set_text(t, &cells[COL_LEVEL], level_of(state));
	vw_set_text(t, &cells[COL_SOURCE],
		    strcmp(sl_json_str(event, "event", ""), "control.taken") ? "run" : "audit");
	vw_set_text(t, &cells[COL_EVENT], sl_json_str(event, "event", ""));
	vw_set_text(t, &cells[COL_SERVICE], service);
	vw_set_text(t, &cells[COL_SUBJECT], subject_of(t, event, g->run->name));
	vw_set_id(t, &cells[COL_RUN], g->run->number);
	vw_set_text(t, &cells[COL_WHO], who_of(g->run, event));
	vw_set_text(t, &cells[COL_TEXT], text);
}

static int visit(void *arg, int64_t seq, const cJSON *event)
{
	(void)seq;
	add_event(arg, event);
	return 0;
}

/* Of a long run only the end is told. */
static void gather_run(struct gather *g, struct store *s)
{
	int64_t last;

	if (store_events_last(s, g->run->number, &last, NULL))
		return;
	store_events_read(s, g->run->number, last > EVENTS_MAX ? last - EVENTS_MAX : 0, visit, g,
			  NULL);
}

/* --- the catalogue --- */

static void add_change(struct vw_table *t, const struct cat_change *c, int64_t now)
{
	const char *id = vw_printf(t, "%s/%012" PRIu64, c->source, c->number);
	enum vw_state state = strstr(c->what, "removed")   ? VW_OFF
			      : strstr(c->text, "-> DOWN") ? VW_FAILED
							   : VW_OK;
	struct vw_cell *cells = vw_row_add(t, id, state, c->what, c->text);

	set_when(t, &cells[COL_TIME], c->time, now);
	vw_set_text(t, &cells[COL_LEVEL], level_of(state));
	vw_set_text(t, &cells[COL_SOURCE], c->source);
	vw_set_text(t, &cells[COL_EVENT], c->what);
	vw_set_text(t, &cells[COL_SERVICE], c->service);
	vw_set_text(t, &cells[COL_SUBJECT], c->subject);
	vw_set_text(t, &cells[COL_TEXT], c->text);
}

static void fill_all(const struct vw_world *w, struct vw_table *t)
{
	struct gather g = {.t = t, .subject = w->subject, .now = w->now};
	struct store_run *runs;
	size_t count, changes = w->catalogue ? catalogue_change_count(w->catalogue) : 0;

	for (size_t i = 0; i < changes; i++) {
		const struct cat_change *c = catalogue_change(w->catalogue, i);

		if (!w->subject || strcmp(c->service, w->subject) == 0)
			add_change(t, c, w->now);
	}
	if (!w->store || store_runs_list(w->store, NULL, RUNS_MAX, &runs, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++) {
		g.run = &runs[i];
		gather_run(&g, w->store);
	}
	store_runs_free(runs, count);
}

/* --- what repeats --- */

/* Everything but the time and the instance. */
static int compare_kind(const struct vw_row *a, const struct vw_row *b)
{
	static const int cols[] = {COL_SOURCE, COL_EVENT, COL_SERVICE, COL_RUN, COL_WHO, COL_TEXT};

	for (size_t i = 0; i < SL_COUNT(cols); i++) {
		const char *x = a->cells[cols[i]].text, *y = b->cells[cols[i]].text;
		int order = strcmp(x ? x : "", y ? y : "");

		if (order)
			return order;
	}
	return (a->state > b->state) - (a->state < b->state);
}

static int by_kind_newest_first(const void *a, const void *b)
{
	const struct vw_row *x = a, *y = b;
	int order = compare_kind(x, y);

	if (order)
		return order;
	return (x->cells[COL_TIME].number < y->cells[COL_TIME].number) -
	       (x->cells[COL_TIME].number > y->cells[COL_TIME].number);
}

/* "(x12 since 13:41:07.200)": the newest stands for all, wherever they were. */
static void say_count(struct vw_table *t, const struct vw_row *newest, const struct vw_row *oldest,
		      size_t n)
{
	struct vw_cell *text = (struct vw_cell *)&newest->cells[COL_TEXT];
	const char *since = oldest->cells[COL_TIME].text, *had = text->text ? text->text : "";

	vw_set_text(
		t, text,
		vw_printf(t, "%s%s(x%zu since %s)", had, *had ? " " : "", n, since ? since : "-"));
}

static void fold(struct vw_table *t)
{
	size_t i, from, kept = 0;

	qsort(t->rows, t->count, sizeof *t->rows, by_kind_newest_first);
	for (from = 0; from < t->count; from = i) {
		struct vw_row newest = t->rows[from];

		for (i = from + 1; i < t->count && !compare_kind(&newest, &t->rows[i]); i++)
			;
		if (i - from > 1)
			say_count(t, &newest, &t->rows[i - 1], i - from);
		t->rows[kept++] = newest;
	}
	t->count = kept;
}

static void fill(const struct vw_world *w, struct vw_table *t)
{
	fill_all(w, t);
	if (w->fold)
		fold(t);
}

const struct vw_view vw_events = {
	.name = "events",
	.one = "event",
	.title = "Events",
	.summary = "one time line of runs, what people asked of them, registries and config",
	.roles = CAT_REGISTRY | CAT_CONFIG,
	.columns = columns,
	.column_count = COL_COUNT,
	.sort = "-time",
	.store = true,
	.fill = fill,
};
