/* SPDX-License-Identifier: Apache-2.0 */
#include "console/views/run_matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "console/table.h"
#include "console/views/run_tables.h"
#include "orchestrator/commands/progress_model.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define KINDS_MAX  8
#define CELL       8 /* "+ 800 ms" */
#define GAP        2
#define NAME_LEAST 8
#define NAME_MOST  24
#define SAID_LEAST 12

/* A host, or one instance on it. */
struct line {
	char name[160];
	const struct view_step *steps[KINDS_MAX]; /* NULL = this kind is not done there */
	const struct view_step *last;             /* that began */
	unsigned tries;
	int64_t took;
	enum vw_state state; /* the worst of them */
	size_t place;
	UT_hash_handle hh;
};

struct matrix {
	enum plan_do kinds[KINDS_MAX];
	size_t kind_count;
	struct line *lines;
	size_t count;
};

/* --- what there is --- */

static long kind_of(struct matrix *m, enum plan_do what)
{
	for (size_t i = 0; i < m->kind_count; i++)
		if (m->kinds[i] == what)
			return (long)i;
	if (m->kind_count == KINDS_MAX)
		return -1;
	m->kinds[m->kind_count] = what;
	return (long)m->kind_count++;
}

static int64_t took(const struct view_step *s, int64_t now)
{
	int64_t end = s->state == PROGRESS_STARTED ? now : s->ended;

	return s->started && end > s->started ? end - s->started : 0;
}

static void add(struct matrix *m, struct line *l, const struct plan_step *step,
		const struct view_step *seen, int64_t now)
{
	long kind = kind_of(m, step->what);
	enum vw_state state = run_step_state(seen);
	unsigned tries = seen->failures + !(seen->failures && seen->state == PROGRESS_FAILED);

	if (kind >= 0)
		l->steps[kind] = seen;
	if (seen->state != PROGRESS_NONE && (!l->last || seen->started >= l->last->started))
		l->last = seen;
	if (tries > l->tries)
		l->tries = tries;
	l->took += took(seen, now);
	if (vw_state_rank(state) < vw_state_rank(l->state))
		l->state = state;
}

/* One that is part way is at work, though its next step waits. */
static void judge(struct matrix *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->lines[i].state == VW_WAITING && m->lines[i].last)
			m->lines[i].state = VW_WORKING;
}

static int by_need(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = vw_state_rank(x->state) - vw_state_rank(y->state);

	return order ? order : (x->place > y->place) - (x->place < y->place);
}

static void matrix_init(struct matrix *m, const struct side *s, const struct plan_wave *w,
			int64_t now)
{
	struct line *by_name = NULL, *l;
	const char *target;
	char name[160];

	*m = (struct matrix){.lines = sl_alloc_n(w->count + 1, sizeof *m->lines)};
	for (size_t i = w->first; i < w->first + w->count && i < s->plan->step_count; i++) {
		const struct plan_step *step = &s->plan->steps[i];

		if (!step->host)
			continue;
		target = step_target(step, name, sizeof name);
		if (target != name)
			snprintf(name, sizeof name, "%s", target);
		HASH_FIND_STR(by_name, name, l);
		if (!l) {
			l = &m->lines[m->count];
			*l = (struct line){.place = m->count++, .state = VW_OFF};
			memcpy(l->name, name, sizeof name);
			HASH_ADD_STR(by_name, name, l);
		}
		add(m, l, step, &s->steps[i], now);
	}
	HASH_CLEAR(hh, by_name);
	judge(m);
	qsort(m->lines, m->count, sizeof *m->lines, by_need);
}

static void matrix_release(struct matrix *m)
{
	free(m->lines);
}

/* --- how it looks --- */

struct look_out {
	unsigned name, kinds, tries, took, said; /* widths; 0 = not shown */
};

static struct look_out arrange(const struct matrix *m, unsigned width)
{
	struct look_out l = {.name = NAME_LEAST};
	unsigned used;

	for (size_t i = 0; i < m->count; i++) {
		unsigned w = (unsigned)sl_text_width(m->lines[i].name);

		if (w > l.name)
			l.name = w < NAME_MOST ? w : NAME_MOST;
	}
	used = l.name;
	while (l.kinds < m->kind_count && used + GAP + CELL <= width) {
		l.kinds++;
		used += GAP + CELL;
	}
	if (used + GAP + 7 <= width)
		l.took = 7;
	used += l.took ? GAP + l.took : 0;
	if (used + GAP + 3 + GAP + SAID_LEAST <= width)
		l.tries = 3;
	used += l.tries ? GAP + l.tries : 0;
	if (used + GAP + SAID_LEAST <= width)
		l.said = width - used - GAP;
	return l;
}

static void draw_titles(const struct matrix *m, const struct look_out *l, struct canvas *c,
			unsigned x, unsigned y)
{
	x += canvas_text(c, x, y, l->name, look(PAINT_DIM), "HOST") - 4 + l->name;
	for (size_t i = 0; i < l->kinds; i++, x += CELL)
		canvas_text(c, x += GAP, y, CELL, look(PAINT_DIM), plan_do_name(m->kinds[i]));
	if (l->took)
		canvas_right(c, x + GAP, y, l->took, look(PAINT_DIM), "TIME");
	x += l->took ? GAP + l->took : 0;
	if (l->tries)
		canvas_right(c, x + GAP, y, l->tries, look(PAINT_DIM), "TRY");
	x += l->tries ? GAP + l->tries : 0;
	if (l->said)
		canvas_text(c, x + GAP, y, l->said, look(PAINT_DIM), "SAID LAST");
}

static void draw_cell(const struct view_step *s, struct canvas *c, unsigned x, unsigned y,
		      int64_t now)
{
	enum vw_state state = s ? run_step_state(s) : VW_WAITING;
	int64_t ms = s ? took(s, now) : 0;
	char text[32];

	if (!s)
		return;
	canvas_char(c, x, y, look_bold(table_state_paint(state)), (uint32_t)vw_state_glyph(state));
	if (ms)
		canvas_right(c, x + 2, y, CELL - 2,
			     look(state == VW_OK ? PAINT_DIM : table_state_paint(state)),
			     took_text(text, sizeof text, ms));
}

static void draw_line(const struct line *l, const struct look_out *o, struct canvas *c, unsigned x,
		      unsigned y, int64_t now)
{
	const struct view_step *last = l->last;
	bool bad = l->state == VW_FAILED || l->state == VW_NO_CONTACT;
	char text[32];

	canvas_text(c, x, y, o->name, bad ? look_bold(PAINT_BRIGHT) : look(PAINT_TEXT), l->name);
	x += o->name;
	for (size_t i = 0; i < o->kinds; i++, x += CELL)
		draw_cell(l->steps[i], c, x += GAP, y, now);
	if (o->took && l->took)
		canvas_right(c, x + GAP, y, o->took, look(PAINT_TEXT),
			     took_text(text, sizeof text, l->took));
	x += o->took ? GAP + o->took : 0;
	if (o->tries && last)
		canvas_printf(c, x + GAP, y, o->tries, look(l->tries > 1 ? PAINT_WARN : PAINT_DIM),
			      "%3u", l->tries);
	x += o->tries ? GAP + o->tries : 0;
	if (o->said && last && (last->error || last->note))
		canvas_text(c, x + GAP, y, o->said, look(last->error ? PAINT_BAD : PAINT_DIM),
			    last->error ? last->error : last->note);
}

static void draw(const struct matrix *m, struct canvas *c, struct rect r, int64_t now)
{
	struct look_out l = arrange(m, r.width);
	size_t room = r.height - 1, i;

	if (m->count > room)
		room--;
	draw_titles(m, &l, c, r.x, r.y);
	for (i = 0; i < m->count && i < room; i++)
		draw_line(&m->lines[i], &l, c, r.x, r.y + 1 + (unsigned)i, now);
	if (i < m->count)
		canvas_printf(c, r.x, r.y + 1 + (unsigned)i, r.width, look(PAINT_DIM),
			      "and %zu more, better off; enter lists all steps", m->count - i);
}

void run_matrix_draw(const struct run_view *v, const char *wave, int64_t now, struct canvas *c,
		     struct rect r)
{
	bool undo = wave[0] == 'u';
	struct side s = undo ? side_undo(v) : side_forward(v);
	size_t number = strtoul(wave + undo, NULL, 10);
	struct matrix m;

	if (!number || number > s.plan->wave_count || r.height < 4 || r.width < 40)
		return;
	matrix_init(&m, &s, &s.plan->waves[number - 1], now);
	if (m.count) {
		canvas_printf(c, r.x, r.y, r.width, look_bold(PAINT_TEXT), "wave %s%zu, by host",
			      undo ? "u" : "", number);
		draw(&m, c, (struct rect){r.x, r.y + 1, r.width, r.height - 1}, now);
	}
	matrix_release(&m);
}
