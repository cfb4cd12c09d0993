/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/run_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/units.h"

/* What fill reads: the world of a view, with the run behind it. */
struct run_world {
	struct vw_world world; /* first: fill gets this */
	const struct run_view *run;
	bool carried; /* by a living controller */
};

enum vw_state run_mark_state(enum mark m)
{
	switch (m) {
	case MARK_OK:
		return VW_OK;
	case MARK_DEGRADED:
		return VW_DEGRADED;
	case MARK_FAILED:
		return VW_FAILED;
	case MARK_UNKNOWN:
		return VW_NO_CONTACT;
	case MARK_WORKING:
		return VW_WORKING;
	case MARK_WAITING:
		return VW_WAITING;
	case MARK_OFF:
		return VW_OFF;
	}
	return VW_NO_CONTACT;
}

static void set_text(struct vw_cell *c, const char *text)
{
	c->known = text && *text;
	c->text = text;
}

static void set_took(struct vw_table *t, struct vw_cell *c, int64_t started, int64_t ended,
		     bool runs, int64_t now)
{
	char text[32];
	int64_t end = runs ? now : ended;

	if (!started || end < started || (!runs && !ended))
		return;
	c->known = true;
	c->number = (double)(end - started);
	c->text = vw_dup(t, took_text(text, sizeof text, end - started));
}

/* --- waves --- */

enum { WAVE_NUMBER, WAVE_TITLE, WAVE_DONE, WAVE_NOTE, WAVE_TOOK, WAVE_STARTED, WAVE_COLUMNS };

static const struct vw_column wave_columns[WAVE_COLUMNS] = {
	[WAVE_NUMBER] = {"wave", "#", "Its place in the plan.", VW_NUMBER, 3, 4, 0, false},
	[WAVE_TITLE] = {"title", "WAVE", "What it does.", VW_TEXT, 14, 40, 0, false},
	[WAVE_DONE] = {"done", "DONE", "Steps done, of all.", VW_TEXT, 5, 9, 1, false},
	[WAVE_NOTE] = {"note", "NOW", "What is in hand, or what failed.", VW_TEXT, 10, 0, 2, false},
	[WAVE_TOOK] = {"took", "TOOK", "How long it took so far.", VW_NUMBER, 6, 9, 1, false},
	[WAVE_STARTED] = {"started", "STARTED", "When it began.", VW_TIME, 7, 8, 6, true},
};

/* Copied, so that name can be used after it. */
static const char *step_name(const struct plan_step *step, char *name, size_t size)
{
	const char *target = step_target(step, name, size);

	if (target != name)
		snprintf(name, size, "%s", target);
	return name;
}

static const char *pause_note(struct vw_table *t, const struct plan_step *step,
			      const struct view_step *seen, bool carried)
{
	char clock[16];

	if (step->pause_ms < 0)
		return "waits for promote";
	if (!carried)
		return "does not end: no controller";
	return vw_printf(t, "goes on at %s",
			 sl_time_clock(clock, sizeof clock, seen->started + step->pause_ms));
}

/* A failure says more than work in hand, and that more than nothing. */
static const char *wave_note(struct vw_table *t, const struct side *s, const struct plan_wave *w,
			     bool carried)
{
	const char *note = "";
	char name[160];
	size_t i;

	for (i = w->first; i < w->first + w->count && i < s->plan->step_count; i++) {
		const struct plan_step *step = &s->plan->steps[i];
		const struct view_step *seen = &s->steps[i];

		if (seen->error && !step_is_canceled(seen))
			return strstr(seen->error, step_name(step, name, sizeof name))
				       ? vw_dup(t, seen->error)
				       : vw_printf(t, "%s: %s", name, seen->error);
		if (seen->state != PROGRESS_STARTED || s->over || *note)
			continue;
		if (step->what == DO_PAUSE)
			note = pause_note(t, step, seen, carried);
		else
			note = vw_printf(t, "%s %s%s%s", step_doing(step),
					 step_target(step, name, sizeof name),
					 seen->note ? ": " : "", seen->note ? seen->note : "");
	}
	return note;
}

static void add_wave(struct vw_table *t, const struct side *s, size_t i, bool carried, int64_t now)
{
	const struct plan_wave *w = &s->plan->waves[i];
	struct wave_state state = wave_look(s, i);
	const char *note = wave_note(t, s, w, carried);
	const char *id = vw_printf(t, "%s%03zu", s->plan->undo ? "u" : "", i + 1);
	struct vw_cell *c = vw_row_add(t, id, run_mark_state(state.mark), w->title, note);

	c[WAVE_NUMBER].known = true;
	c[WAVE_NUMBER].number = (double)(i + 1);
	c[WAVE_NUMBER].text = vw_printf(t, "%s%zu", s->plan->undo ? "u" : "", i + 1);
	set_text(&c[WAVE_TITLE], w->title);
	if (state.total > 1 || state.done)
		set_text(&c[WAVE_DONE], vw_printf(t, "%zu/%zu", state.done, state.total));
	set_text(&c[WAVE_NOTE], note);
	set_took(t, &c[WAVE_TOOK], state.started, state.ended, state.mark == MARK_WORKING, now);
	c[WAVE_STARTED].known = state.started > 0;
	c[WAVE_STARTED].number = (double)state.started;
}

static void fill_waves(const struct vw_world *w, struct vw_table *t)
{
	const struct run_world *r = (const struct run_world *)w;
	struct side sides[2] = {side_forward(r->run), side_undo(r->run)};
	size_t k, i;

	for (k = 0; k < 2; k++)
		for (i = 0; i < sides[k].plan->wave_count; i++)
			add_wave(t, &sides[k], i, r->carried, w->now);
}

const struct vw_view run_waves = {
	.name = "waves",
	.one = "wave",
	.title = "Waves",
	.summary = "the waves of a run",
	.columns = wave_columns,
	.column_count = WAVE_COLUMNS,
	.fill = fill_waves,
};

struct vw_table *run_waves_table(const struct run_view *v, bool carried, int64_t now)
{
	struct run_world w = {.world = {.now = now}, .run = v, .carried = carried};

	return vw_table_fill(&run_waves, &w.world);
}

const char *run_wave_now(const struct run_view *v, char *dst, size_t size)
{
	struct side s = side_now(v);
	size_t at = wave_current(&s);

	if (at && at == s.plan->wave_count)
		at--;
	snprintf(dst, size, "%s%03zu", s.plan->undo ? "u" : "", at + 1);
	return dst;
}

/* --- steps of a wave --- */

enum { STEP_HOST, STEP_DO, STEP_STATE, STEP_NOTE, STEP_TOOK, STEP_ID, STEP_COLUMNS };

static const struct vw_column step_columns[STEP_COLUMNS] = {
	[STEP_HOST] = {"target", "TARGET", "Host and port, or what it is about.", VW_TEXT, 12, 40,
		       0, false},
	[STEP_DO] = {"do", "DO", "What is done.", VW_TEXT, 7, 9, 0, false},
	[STEP_STATE] = {"state", "STATE", "waiting, started, ok, failed or unknown.", VW_TEXT, 7, 8,
			1, false},
	[STEP_NOTE] = {"note", "SAID", "What it waits for, or why it failed.", VW_TEXT, 10, 0, 2,
		       false},
	[STEP_TOOK] = {"took", "TOOK", "How long it took so far.", VW_NUMBER, 6, 9, 1, false},
	[STEP_ID] = {"id", "STEP", "Its id in the journal.", VW_TEXT, 4, 6, 3, false},
};

static const struct {
	const char *word;
	enum vw_state state;
} progress_words[] = {
	[PROGRESS_NONE] = {"waiting", VW_WAITING},
	[PROGRESS_STARTED] = {"started", VW_WORKING},
	[PROGRESS_OK] = {"ok", VW_OK},
	[PROGRESS_FAILED] = {"failed", VW_FAILED},
	[PROGRESS_UNKNOWN] = {"unknown", VW_NO_CONTACT},
};

enum vw_state run_step_state(const struct view_step *seen)
{
	return step_is_canceled(seen) ? VW_OFF : progress_words[seen->state].state;
}

static void add_step(struct vw_table *t, const struct side *s, size_t i, int64_t now)
{
	const struct plan_step *step = &s->plan->steps[i];
	const struct view_step *seen = &s->steps[i];
	bool canceled = step_is_canceled(seen);
	char name[160];
	const char *target = vw_dup(t, step_target(step, name, sizeof name));
	const char *note = seen->error  ? vw_dup(t, seen->error)
			   : seen->note ? vw_dup(t, seen->note)
					: "";
	struct vw_cell *c = vw_row_add(t, vw_dup(t, step->id), run_step_state(seen), target, note);

	set_text(&c[STEP_HOST], target);
	set_text(&c[STEP_DO], plan_do_name(step->what));
	set_text(&c[STEP_STATE], canceled ? "canceled" : progress_words[seen->state].word);
	set_text(&c[STEP_NOTE], note);
	set_took(t, &c[STEP_TOOK], seen->started, seen->ended, seen->state == PROGRESS_STARTED,
		 now);
	set_text(&c[STEP_ID], vw_dup(t, step->id));
}

static void fill_steps(const struct vw_world *w, struct vw_table *t)
{
	const struct run_view *v = ((const struct run_world *)w)->run;
	bool undo = w->subject[0] == 'u';
	struct side s = undo ? side_undo(v) : side_forward(v);
	size_t wave = strtoul(w->subject + undo, NULL, 10), i;
	const struct plan_wave *at;

	if (!wave || wave > s.plan->wave_count)
		return;
	at = &s.plan->waves[wave - 1];
	for (i = at->first; i < at->first + at->count && i < s.plan->step_count; i++)
		add_step(t, &s, i, w->now);
}

const struct vw_view run_steps = {
	.name = "steps",
	.one = "step",
	.title = "Steps",
	.summary = "the steps of one wave of a run",
	.columns = step_columns,
	.column_count = STEP_COLUMNS,
	.fill = fill_steps,
};

struct vw_table *run_steps_table(const struct run_view *v, const char *wave, int64_t now)
{
	struct run_world w = {.world = {.now = now, .subject = wave}, .run = v};

	return vw_table_fill(&run_steps, &w.world);
}
