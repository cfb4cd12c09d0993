/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/run_draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/graph.h"
#include "console/table.h"
#include "console/views/run_tables.h"
#include "orchestrator/commands/progress_model.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define HOSTS_SHOWN 200 /* bytes of names beside a folded failure */

void run_draw_head(const struct store_run *row, const struct run_view *v, struct canvas *c,
		   struct rect r)
{
	unsigned x = r.x, end = r.x + r.width - 1;
	time_t started = (time_t)(row->started / 1000);
	struct tm tm;
	char at[32];

	localtime_r(&started, &tm);
	strftime(at, sizeof at, "%H:%M", &tm);
	x += canvas_text(c, x, r.y, end - x, look_bold(PAINT_BRIGHT), row->name) + 2;
	if (v && v->plan.version && x < end)
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_WORK), "%s%s%s",
				   v->plan.old_version ? v->plan.old_version : "",
				   v->plan.old_version ? " -> " : "", v->plan.version) +
		     2;
	if (x < end)
		x += canvas_text(c, x, r.y, end - x, look(row->outcome[0] ? PAINT_OFF : PAINT_WORK),
				 row->outcome[0] ? row->outcome : row->state) +
		     2;
	if (x < end && !row->outcome[0] && !store_controller_alive(&row->controller))
		x += canvas_text(c, x, r.y, end - x, look_bold(PAINT_WARN),
				 row->parked ? "parked" : "no controller") +
		     2;
	if (x < end)
		canvas_printf(c, x, r.y, end - x, look(PAINT_DIM), "%s by %s from %s, %s",
			      row->kind, row->who, row->from, at);
}

/* --- traffic --- */

static void draw_side(struct canvas *c, struct rect r, unsigned y, const char *name,
		      const char *version, struct look l, double share)
{
	unsigned bar = r.width > 160 ? 90 : r.width > 100 ? 50 : r.width > 60 ? r.width - 50 : 10;

	canvas_text(c, r.x + 3, y, 4, look(PAINT_DIM), name);
	canvas_text(c, r.x + 7, y, 12, look(PAINT_TEXT), version ? version : "-");
	graph_bar(c, r.x + 20, y, bar, l, share);
	canvas_printf(c, r.x + 20 + bar + 1, y, 12, look_bold(PAINT_BRIGHT), "%5.1f %%",
		      share * 100);
}

unsigned run_draw_traffic(const struct run_view *v, struct canvas *c, struct rect r)
{
	if (v->share_real < 0 || r.height < 12)
		return 0;
	canvas_text(c, r.x + 3, r.y, 16, look_bold(PAINT_TEXT), "Traffic");
	canvas_printf(c, r.x + 20, r.y, r.width - 21, look(PAINT_DIM),
		      "as read back from the router; wanted %.1f %% new", v->share_want * 100);
	draw_side(c, r, r.y + 1, "new", v->plan.version, look(PAINT_WORK), v->share_real);
	draw_side(c, r, r.y + 2, "old", v->plan.old_version, look(PAINT_OFF), 1 - v->share_real);
	return 4;
}

/* --- instances --- */

static const struct {
	enum mark mark;
	const char *word;
} legend[] = {
	{MARK_FAILED, "failed"},     {MARK_UNKNOWN, "no contact"}, {MARK_WORKING, "in work"},
	{MARK_DEGRADED, "was down"}, {MARK_WAITING, "waiting"},    {MARK_OK, "done"},
	{MARK_OFF, "untouched"},
};

static unsigned draw_legend(const struct instance_state *list, size_t n, bool back,
			    struct canvas *c, struct rect r)
{
	unsigned x = r.x + 3;
	size_t i, k, count;

	x += canvas_printf(c, x, r.y, 30, look_bold(PAINT_TEXT), "%zu instance%s", n,
			   n == 1 ? "" : "s") +
	     3;
	for (k = 0; k < SL_COUNT(legend); k++) {
		enum vw_state state = run_mark_state(legend[k].mark);
		const char *word = back && legend[k].mark == MARK_OK ? "as before" : legend[k].word;

		for (i = count = 0; i < n; i++)
			count += list[i].mark == legend[k].mark;
		if (!count || x + 16 > r.x + r.width)
			continue;
		x += canvas_printf(c, x, r.y, 2, look_bold(table_state_paint(state)), "%c",
				   vw_state_glyph(state)) +
		     1;
		x += canvas_printf(c, x, r.y, 24, look(PAINT_DIM), "%s %zu", word, count) + 3;
	}
	return 1;
}

/* The order of the plan, or, when there are many, those that need a look first. */
static unsigned draw_marks(const struct instance_state *list, size_t n, struct canvas *c,
			   struct rect r)
{
	unsigned width = r.width > 6 ? r.width - 6 : 1, x = 0, y = 0;
	size_t i;

	for (i = 0; i < n && y < r.height; i++) {
		enum vw_state state = run_mark_state(list[i].mark);

		canvas_char(c, r.x + 3 + x, r.y + y, look_bold(table_state_paint(state)),
			    (uint32_t)vw_state_glyph(state));
		if (++x == width) {
			x = 0;
			y++;
		}
	}
	return y + (x > 0);
}

static int by_need(const void *a, const void *b)
{
	static const int rank[] = {
		[MARK_FAILED] = 0,  [MARK_UNKNOWN] = 1, [MARK_WORKING] = 2, [MARK_DEGRADED] = 3,
		[MARK_WAITING] = 4, [MARK_OK] = 5,      [MARK_OFF] = 6,
	};
	const struct instance_state *x = a, *y = b;

	return rank[x->mark] - rank[y->mark];
}

/* --- failures, folded --- */

struct fold {
	char text[240]; /* without the name of the host */
	const char *what;
	size_t count;
	char hosts[HOSTS_SHOWN];
};

/* Two hosts that failed alike say the same but for their names. */
static void strip_name(char *dst, size_t size, const char *text, const char *name)
{
	const char *at = name && *name ? strstr(text, name) : NULL;

	if (at)
		snprintf(dst, size, "%.*s*%s", (int)(at - text), text, at + strlen(name));
	else
		snprintf(dst, size, "%s", text);
}

static size_t fold_side(const struct side *s, struct fold *folds, size_t n, size_t max)
{
	size_t i, k;

	for (i = 0; i < s->plan->step_count; i++) {
		const struct plan_step *step = &s->plan->steps[i];
		const struct view_step *seen = &s->steps[i];
		char text[240], name[160];
		size_t at;

		if (!seen->error || step_is_canceled(seen) || seen->state == PROGRESS_OK)
			continue;
		step_target(step, name, sizeof name);
		strip_name(text, sizeof text, seen->error, name);
		for (k = 0; k < n; k++)
			if (folds[k].what == plan_do_name(step->what) &&
			    !strcmp(folds[k].text, text))
				break;
		if (k == max)
			continue;
		if (k == n) {
			folds[n++] = (struct fold){.what = plan_do_name(step->what)};
			memcpy(folds[k].text, text, sizeof text);
		}
		at = strlen(folds[k].hosts);
		folds[k].count++;
		snprintf(folds[k].hosts + at, sizeof folds[k].hosts - at, "%s%s", at ? " " : "",
			 name);
	}
	return n;
}

static unsigned draw_failures(const struct run_view *v, struct canvas *c, struct rect r)
{
	struct side forward = side_forward(v), undo = side_undo(v);
	struct fold folds[8];
	size_t n, i;
	unsigned y = r.y;

	n = fold_side(&forward, folds, 0, SL_COUNT(folds));
	n = fold_side(&undo, folds, n, SL_COUNT(folds));
	if (!n || r.height < 2)
		return 0;
	canvas_text(c, r.x + 3, y++, r.width - 4, look_bold(PAINT_BAD),
		    "failed, folded by identical output");
	for (i = 0; i < n && y + 1 < r.y + r.height; i++) {
		unsigned x = r.x + 5;

		x += canvas_printf(c, x, y, 12, look_bold(PAINT_BAD), "%zux", folds[i].count) + 2;
		x += canvas_text(c, x, y, 10, look(PAINT_TEXT), folds[i].what) + 2;
		canvas_text(c, x, y, r.x + r.width - x - 1, look(PAINT_DIM), folds[i].hosts);
		y++;
		canvas_text(c, r.x + 9, y++, r.width - 10, look(PAINT_TEXT), folds[i].text);
	}
	return y - r.y + 1;
}

unsigned run_draw_instances(const struct run_view *v, struct canvas *c, struct rect r)
{
	struct instance_state *list;
	size_t n = instances_look(v, &list);
	unsigned used = 0, marks = r.height / 2;

	if (n) {
		used = draw_legend(list, n, v->undo.step_count > 0, c, r);
		if (n > (size_t)marks * (r.width > 6 ? r.width - 6 : 1))
			qsort(list, n, sizeof *list, by_need);
		used += draw_marks(list, n, c,
				   (struct rect){r.x, r.y + 1, r.width, marks ? marks : 1}) +
			1;
	}
	free(list);
	if (used < r.height)
		used += draw_failures(v, c,
				      (struct rect){r.x, r.y + used, r.width, r.height - used});
	return used < r.height ? used : r.height;
}

/* --- in words --- */

static const struct plan_step *pause_of(const struct run_view *v)
{
	size_t i;

	for (i = 0; v->pause_step && i < v->plan.step_count; i++)
		if (!strcmp(v->plan.steps[i].id, v->pause_step))
			return &v->plan.steps[i];
	return NULL;
}

/* Nobody carries it: which key does what. */
static void outlook_alone(const struct store_run *row, const struct run_view *v, char *dst,
			  size_t size)
{
	const char *gone = row->parked ? "parked, nobody watches it" : "its controller is gone";
	const struct plan_step *step = v->paused_by_operator ? NULL : pause_of(v);

	if (v->state == VIEW_UNDOING)
		snprintf(dst, size, "%s: %c goes on taking it back", gone, v->failure ? 'T' : 'R');
	else if (v->failure)
		snprintf(dst, size, "%s: T tries again, U takes all back; %s", gone, v->failure);
	else if (step && step->pause_ms < 0)
		snprintf(dst, size, "%s: P promotes it, U takes it back", gone);
	else if (step)
		snprintf(dst, size,
			 "%s, the pause does not end: R goes on, P passes it, U takes it back",
			 gone);
	else
		snprintf(dst, size, "%s: R goes on, U takes it back", gone);
}

/* "h3 does not answer for 40 s": of what goes on, what holds it up. */
static bool outlook_lost(const struct run_view *v, int64_t now, char *dst, size_t size)
{
	char more[32] = "", since[32];

	if (!v->lost_count)
		return false;
	if (v->lost_count > 1)
		snprintf(more, sizeof more, " and %zu more", v->lost_count - 1);
	snprintf(dst, size, "%s%s: no answer for %s, it is tried again", v->lost[0].host, more,
		 sl_duration_human(since, sizeof since, now - v->lost[0].since));
	return true;
}

/* What it stands at, and what lifts that. */
static void outlook_paused(const struct run_view *v, int64_t now, char *dst, size_t size)
{
	const struct plan_step *step = pause_of(v);
	int64_t stood = now - v->pause_started;
	char text[32];

	if (v->failure)
		snprintf(dst, size, "T tries it again, U takes all back; %s", v->failure);
	else if (v->paused_by_operator)
		snprintf(dst, size, "held; R goes on");
	else if (step && step->pause_ms >= 0)
		snprintf(dst, size, "goes on by itself in %s; promote (P) passes it now",
			 sl_duration_human(text, sizeof text,
					   step->pause_ms > stood ? step->pause_ms - stood : 0));
	else
		snprintf(dst, size, "waits for promote (P) since %s",
			 took_text(text, sizeof text, stood));
}

void run_outlook(const struct store_run *row, const struct run_view *v, int64_t now, char *dst,
		 size_t size)
{
	struct side s = side_now(v);
	char took[32];
	int64_t ms;

	if (v->state == VIEW_ENDED) {
		bool left = v->outcome && !strcmp(v->outcome, "needsHuman");

		snprintf(dst, size, "%s, exit %d%s%s%s", v->outcome ? v->outcome : "ended", v->exit,
			 left ? ", U goes on taking it back" : "", v->failure ? ": " : "",
			 v->failure ? v->failure : "");
		return;
	}
	if (!store_controller_alive(&row->controller)) {
		outlook_alone(row, v, dst, size);
		return;
	}
	if (v->state == VIEW_PAUSED) {
		outlook_paused(v, now, dst, size);
		return;
	}
	if (outlook_lost(v, now, dst, size))
		return;
	switch (time_left(&s, now, &ms)) {
	case LEFT_TO_END:
		snprintf(dst, size, "about %s left", sl_duration_human(took, sizeof took, ms));
		break;
	case LEFT_TO_PAUSE:
		snprintf(dst, size, "about %s to the next pause",
			 sl_duration_human(took, sizeof took, ms));
		break;
	case LEFT_UNKNOWN:
		snprintf(dst, size, "%s", v->failure ? v->failure : "on its way");
		break;
	}
}
