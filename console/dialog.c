/* SPDX-License-Identifier: Apache-2.0 */
/* The question before something is changed: what exactly, how many, and Cancel first. Where much is
 * at stake the name must be typed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define TARGETS_SHOWN 10

static void release(struct confirm *q)
{
	free(q->title);
	free(q->targets);
	free(q->must_type);
	free(q->arg);
	*q = (struct confirm){0};
}

void dialog_confirm(struct app *a, const char *title, const char *targets, size_t count,
		    const char *must_type, bool (*yes)(struct app *a, void *arg), void *arg)
{
	struct confirm *q = &a->confirm;

	release(q);
	q->title = sl_strdup(title);
	q->targets = sl_strdup(targets);
	q->count = count;
	q->must_type = sl_strdup(must_type);
	q->yes = yes;
	q->arg = arg;
	a->overlay = OVERLAY_CONFIRM;
	app_dirty(a);
}

static bool may_go(const struct confirm *q)
{
	return !q->must_type || !strcmp(q->typed.text, q->must_type);
}

static void leave(struct app *a, const char *why)
{
	release(&a->confirm);
	a->overlay = OVERLAY_NONE;
	a->data_dirty = true;
	if (why)
		app_say(a, PAINT_DIM, "%s", why);
	app_dirty(a);
}

/* Write mode may have run out while the question stood: the door is asked again. */
static void go(struct app *a)
{
	struct confirm *q = &a->confirm;

	if (!may_go(q)) {
		app_say(a, PAINT_WARN, "type %s first", q->must_type);
		return;
	}
	if (!app_writes(a)) {
		leave(a, "write mode has ended meanwhile: nothing was changed");
		return;
	}
	q->yes(a, q->arg);
	leave(a, NULL);
}

static void frame(struct canvas *c, struct rect r, struct look l)
{
	unsigned x, y;

	for (x = r.x + 1; x + 1 < r.x + r.width; x++) {
		canvas_char(c, x, r.y, l, '-');
		canvas_char(c, x, r.y + r.height - 1, l, '-');
	}
	for (y = r.y + 1; y + 1 < r.y + r.height; y++) {
		canvas_char(c, r.x, y, l, '|');
		canvas_char(c, r.x + r.width - 1, y, l, '|');
	}
	for (y = r.y; y < r.y + r.height; y += r.height - 1) {
		canvas_char(c, r.x, y, l, '+');
		canvas_char(c, r.x + r.width - 1, y, l, '+');
	}
}

static size_t most_lines(const struct confirm *q)
{
	return q->shown ? q->shown : TARGETS_SHOWN;
}

/* Of what differs: what goes, what comes. */
static enum paint line_paint(const char *line)
{
	if (line[0] && line[1] == ' ')
		return line[0] == '-'   ? PAINT_BAD
		       : line[0] == '+' ? PAINT_OK
		       : line[0] == ' ' ? PAINT_DIM
					: PAINT_TEXT;
	return PAINT_TEXT;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; lines++) {
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return lines;
}

static const char *line_at(const char *text, size_t n)
{
	for (; n && *text; n--) {
		text = strchrnul(text, '\n');
		text += *text == '\n';
	}
	return text;
}

/* What a difference is of stands above it, up to an empty line, and does not scroll. */
static size_t pinned(const struct confirm *q)
{
	const char *gap = q->shown ? strstr(q->targets, "\n\n") : NULL;

	return gap ? count_lines(q->targets) - count_lines(gap + 1) : 0;
}

/* The line before the first that differs. */
static size_t first_change(const char *text)
{
	size_t n = 0;

	for (; *text; n++) {
		enum paint paint = line_paint(text);

		if (paint == PAINT_BAD || paint == PAINT_OK)
			return n ? n - 1 : 0;
		text = line_at(text, 1);
	}
	return 0;
}

static unsigned draw_lines(const struct confirm *q, struct canvas *c, struct rect r,
			   const char *line, size_t n)
{
	char text[512];
	unsigned y = r.y;

	for (; n && *line; n--, line = line_at(line, 1)) {
		snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
		canvas_text(c, r.x, y++, r.width, look(q->shown ? line_paint(text) : PAINT_TEXT),
			    text);
	}
	return y;
}

/* Of targets that are too many to be listed their number is known all the same. */
static void draw_more(const struct confirm *q, struct canvas *c, struct rect r, size_t lines)
{
	size_t below = lines - q->top - q->page;

	if (!q->shown && q->count > lines)
		below += q->count - lines;
	if (q->top)
		canvas_printf(c, r.x, r.y, r.width, look(PAINT_DIM),
			      "%zu more above, %zu below; up and down scroll", q->top, below);
	else
		canvas_printf(c, r.x, r.y, r.width, look(PAINT_DIM),
			      "and %zu more; down scrolls to them", below);
}

/* r: where they may stand. tight: without the empty line below what is pinned. */
static void draw_targets(struct confirm *q, struct canvas *c, struct rect r, bool tight)
{
	size_t fixed = pinned(q), lines;
	const char *rest;
	unsigned y = draw_lines(q, c, r, q->targets, fixed);

	rest = line_at(q->targets, fixed + (tight && fixed));
	lines = count_lines(rest);
	r.height -= y - r.y < r.height ? y - r.y : r.height;
	r.y = y;
	q->page = lines <= r.height ? lines : r.height ? r.height - 1 : 0;
	if (!q->scrolled)
		q->top = q->shown && lines > q->page ? first_change(rest) : 0;
	if (q->top + q->page > lines)
		q->top = lines - q->page;
	r.y = draw_lines(q, c, r, line_at(rest, q->top), q->page);
	if (q->page < lines || (!q->shown && q->count > lines))
		draw_more(q, c, r, lines);
}

static void scroll(struct confirm *q, long by)
{
	q->scrolled = true;
	if (by < 0)
		q->top -= q->top < (size_t)-by ? q->top : (size_t)-by;
	else
		q->top += (size_t)by; /* cut where it is drawn */
}

static void draw_choice(const struct confirm *q, struct canvas *c, struct rect r, unsigned y)
{
	static const char *const words[2] = {" Cancel ", " Go ahead "};
	unsigned x = r.x + 2;
	int i;

	for (i = 0; i < 2; i++) {
		struct look l = look(i && !may_go(q) ? PAINT_FAINT : PAINT_TEXT);

		if (q->choice == i)
			l = look_on(look_bold(i ? PAINT_WARN : PAINT_BRIGHT), GROUND_SELECTION);
		x += canvas_text(c, x, y, 1, look_bold(PAINT_ACCENT), q->choice == i ? ">" : " ");
		x += canvas_text(c, x, y, 12, l, words[i]) + 2;
	}
	canvas_text(c, x + 2, y, r.x + r.width - x - 4, look(PAINT_DIM),
		    r.width < 64 ? "tab, enter; esc cancels"
				 : "tab chooses, enter does it, esc cancels");
}

void dialog_key(struct app *a, uint32_t key)
{
	struct confirm *q = &a->confirm;

	app_dirty(a);
	if (key == TKEY_ESC || key == (TKEY_CTRL | 'c'))
		leave(a, "canceled: nothing was changed");
	else if (key == TKEY_ENTER && q->choice == 0)
		leave(a, "canceled: nothing was changed");
	else if (key == TKEY_ENTER)
		go(a);
	else if (key == TKEY_TAB || key == TKEY_BACKTAB ||
		 ((key == TKEY_LEFT || key == TKEY_RIGHT) && !q->typed.len))
		q->choice = !q->choice;
	else if (key == TKEY_UP || key == TKEY_DOWN)
		scroll(q, key == TKEY_UP ? -1 : 1);
	else if (key == TKEY_PGUP || key == TKEY_PGDN)
		scroll(q, (key == TKEY_PGUP ? -1 : 1) * (q->page ? (long)q->page : 1));
	else if (q->must_type && !(key & TKEY_PASTED))
		line_key(&q->typed, key);
}

void dialog_draw(struct app *a, struct canvas *c)
{
	struct confirm *q = &a->confirm;
	const char *wrong = q->meanwhile ? q->meanwhile(a, q->arg) : NULL;
	size_t lines = count_lines(q->targets), most = most_lines(q);
	unsigned typed = q->must_type ? 2 : 0;
	unsigned want = (unsigned)(lines > most ? most + 1 : lines) + 8 + typed, y;
	struct rect r = layout_dialog(c->width, c->height, q->shown ? 100 : 76, want);
	bool tight = r.height < want; /* no empty rows then */

	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_DIALOG));
	frame(c, r, look(PAINT_DIM));
	canvas_text(c, r.x + 2, r.y + 1, r.width - 4, look_bold(PAINT_BRIGHT), q->title);
	y = r.y + (tight ? 2 : 3);
	draw_targets(q, c,
		     (struct rect){r.x + 4, y, r.width - 6,
				   r.y + r.height - (tight ? 3 + typed / 2 : 5 + typed) - y},
		     tight);
	y = r.y + r.height - (tight ? 4 : 5);
	if (q->must_type) { /* a long name leaves room to type it */
		unsigned x = r.x + 3 +
			     canvas_printf(c, r.x + 2, y, r.width - 24, look(PAINT_WARN),
					   "type %s to go on:", q->must_type);

		line_draw(&q->typed, c, x, y, r.x + r.width - 2 - x, look(PAINT_BRIGHT));
	}
	y = r.y + r.height - (tight || q->must_type ? 3 : 4);
	if (wrong)
		canvas_printf(c, r.x + 2, y, r.width - 4, look_bold(PAINT_BAD),
			      "x not any more: %s", wrong);
	else
		canvas_printf(c, r.x + 2, y, r.width - 4, look(PAINT_DIM), "reason: %s",
			      a->write_reason ? a->write_reason : "");
	draw_choice(q, c, r, r.y + r.height - 2);
}
