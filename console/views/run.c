/* SPDX-License-Identifier: Apache-2.0 */
/* One run: its traffic, its waves, a mark for each instance, what failed, folded, and the wave
 * under the cursor host by host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/views/run_draw.h"
#include "console/views/run_matrix.h"
#include "console/views/run_seen.h"
#include "console/views/run_tables.h"
#include "console/views/views.h"
#include "plugins/sdk/mem.h"

static const enum action hints[] = {ACT_ENTER,    ACT_COPY,       ACT_BACK,      ACT_RUN_PROMOTE,
				    ACT_RUN_HOLD, ACT_RUN_RESUME, ACT_RUN_RETRY, ACT_RUN_ABORT,
				    ACT_RUN_UNDO, ACT_NONE};
static const enum action step_hints[] = {
	ACT_FILTER,     ACT_NEXT,      ACT_SORT,      ACT_COPY,     ACT_BACK, ACT_RUN_PROMOTE,
	ACT_RUN_RESUME, ACT_RUN_RETRY, ACT_RUN_ABORT, ACT_RUN_UNDO, ACT_NONE};
static const enum action step_offers[] = {ACT_LOG,       ACT_SHELL,      ACT_RUN_PROMOTE,
					  ACT_RUN_HOLD,  ACT_RUN_RESUME, ACT_RUN_RETRY,
					  ACT_RUN_ABORT, ACT_RUN_UNDO,   ACT_NONE};

static void open_own(struct app *a, struct screen *s)
{
	(void)a;
	run_seen_init(s->own, s->subject);
}

static void close_own(struct screen *s)
{
	run_seen_release(s->own);
}

/* Until somebody moves the cursor it stands on the wave in hand. */
static void refresh(struct app *a, struct screen *s)
{
	struct run_seen *r = s->own;
	char wave[32];

	run_seen_read(r, site_store(a->site));
	if (!r->loaded)
		return;
	table_set(&s->table, run_waves_table(&r->view, run_seen_alive(r), app_now(a)), app_now(a),
		  false);
	if (!s->table.moved)
		table_go_id(&s->table, run_wave_now(&r->view, wave, sizeof wave));
}

static bool ticks(struct app *a, struct screen *s)
{
	const struct run_seen *r = s->own;

	(void)a;
	return r->has_row && !run_seen_ended(r);
}

static bool is_verb(enum action what)
{
	const enum action *v;

	for (v = verb_actions; *v != ACT_NONE; v++)
		if (*v == what)
			return true;
	return false;
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	const struct vw_row *row = table_row(&s->table);
	char *subject;

	if (is_verb(what)) {
		verb_ask(a, s->own, what);
		return true;
	}
	if (what != ACT_ENTER || !row)
		return false;
	subject = sl_asprintf("%s/%s", s->subject, row->id);
	app_open(a, "steps", subject);
	free(subject);
	return true;
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	(void)a;
	if (what == ACT_EXPORT)
		return "sluice show RUN -o json prints a run";
	return verb_why(s->own, what);
}

/* What stands above and below the waves gets its rows first, but never so many that fewer than
 * five waves are seen. */
static void draw(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct vw_row *row = table_row(&s->table);
	const struct run_seen *seen = s->own;
	unsigned top, foot, waves = (unsigned)s->table.count + 1, least = waves < 6 ? waves : 6;

	if (!seen->loaded) {
		canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(PAINT_DIM),
			    *seen->error ? seen->error : "reading");
		return;
	}
	top = run_draw_traffic(&seen->view, c, r);
	r.y += top;
	r.height -= top;
	if (r.height < waves + 1)
		waves = r.height > least + 6 ? r.height - 6 : r.height;
	foot = r.height > waves + 2 ? r.height - waves - 1 : 0;
	table_draw(&s->table, c, (struct rect){r.x, r.y, r.width, waves}, app_now(a));
	if (!foot)
		return;
	r = (struct rect){r.x, r.y + waves + 1, r.width, foot};
	top = run_draw_instances(&seen->view, c, r);
	if (row)
		run_matrix_draw(&seen->view, row->id, app_now(a), c,
				(struct rect){r.x + 3, r.y + top, r.width - 4, foot - top});
}

static void crumb(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct run_seen *seen = s->own;

	(void)a;
	if (seen->has_row)
		run_draw_head(&seen->row, seen->loaded ? &seen->view : NULL, c, r);
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct run_seen *r = s->own;
	const struct vw_row *row = table_row(&s->table);
	bool stands; /* it is in hand, and what lifts it is worth more than why */
	char now[32];

	if (!r->loaded || !row)
		return false;
	snprintf(name, 256, "%s", row->full);
	stands = (r->view.state == VIEW_PAUSED || (!run_seen_ended(r) && !run_seen_alive(r))) &&
		 !strcmp(row->id, run_wave_now(&r->view, now, sizeof now));
	if (*row->reason && !stands)
		snprintf(text, size, "%s", row->reason);
	else
		run_outlook(&r->row, &r->view, app_now(a), text, size);
	return true;
}

const struct screen_ops view_run = {
	.name = "run",
	.title = "Run",
	.twin = "show RUN",
	.hints = hints,
	.offers = verb_actions,
	.own_size = sizeof(struct run_seen),
	.open = open_own,
	.close = close_own,
	.refresh = refresh,
	.ticks = ticks,
	.act = act,
	.why = why,
	.draw = draw,
	.crumb = crumb,
	.selection = selection,
};

/* --- the steps of one wave: subject is RUN/WAVE --- */

static void steps_refresh(struct app *a, struct screen *s)
{
	struct run_seen *r = s->own;
	const char *wave = strchr(s->subject, '/');

	run_seen_read(r, site_store(a->site));
	if (r->loaded && wave)
		table_set(&s->table, run_steps_table(&r->view, wave + 1, app_now(a)), app_now(a),
			  false);
}

/* It is the same run, one floor down. */
static bool steps_act(struct app *a, struct screen *s, enum action what)
{
	if (!is_verb(what))
		return host_act(a, s, what);
	verb_ask(a, s->own, what);
	return true;
}

static const char *steps_why(struct app *a, struct screen *s, enum action what)
{
	(void)a;
	return is_verb(what) ? verb_why(s->own, what) : NULL;
}

const struct screen_ops view_steps = {
	.name = "steps",
	.title = "Steps",
	.twin = "show RUN",
	.hints = step_hints,
	.offers = step_offers,
	.act = steps_act,
	.why = steps_why,
	.own_size = sizeof(struct run_seen),
	.open = open_own,
	.close = close_own,
	.refresh = steps_refresh,
	.ticks = ticks,
	.empty = "this wave has no steps",
};
