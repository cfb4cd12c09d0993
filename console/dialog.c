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
	else if (q->must_type && !(key & TKEY_PASTED))
		line_key(&q->typed, key);
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

/* Lines of a difference are counted, targets are known. */
static size_t left_out(const struct confirm *q, size_t n, const char *rest)
{
	size_t lines = 0;

	if (!q->shown)
		return q->count > n ? q->count - n : 1;
	for (; *rest; rest++)
		lines += *rest == '\n';
	return lines ? lines : 1;
}

static unsigned draw_targets(const struct confirm *q, struct canvas *c, struct rect r, unsigned y)
{
	const char *line = q->targets, *end;
	unsigned room = q->must_type ? 2 : 0; /* below: where the name is typed */
	char text[512];
	size_t n;

	for (n = 0; *line && n < most_lines(q) && y + 5 + room < r.y + r.height; n++) {
		end = strchrnul(line, '\n');
		snprintf(text, sizeof text, "%.*s", (int)(end - line), line);
		canvas_text(c, r.x + 4, y++, r.width - 6,
			    look(q->shown ? line_paint(text) : PAINT_TEXT), text);
		line = *end ? end + 1 : end;
	}
	if (*line)
		canvas_printf(c, r.x + 4, y++, r.width - 6, look(PAINT_DIM), "and %zu more",
			      left_out(q, n, line));
	return y;
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
		    "tab chooses, enter does it, esc cancels");
}

void dialog_draw(struct app *a, struct canvas *c)
{
	const struct confirm *q = &a->confirm;
	size_t lines = 0;
	const char *p;
	struct rect r;
	unsigned y;

	for (p = q->targets; *p; p++)
		lines += *p == '\n';
	if (lines > most_lines(q))
		lines = most_lines(q) + 1;
	r = layout_dialog(c->width, c->height, q->shown ? 100 : 76,
			  (unsigned)lines + 8 + (q->must_type ? 2 : 0));
	canvas_fill(c, r, look_on(look(PAINT_TEXT), GROUND_DIALOG));
	frame(c, r, look(PAINT_DIM));
	canvas_text(c, r.x + 2, r.y + 1, r.width - 4, look_bold(PAINT_BRIGHT), q->title);
	y = draw_targets(q, c, r, r.y + 3);
	if (q->must_type) {
		y = r.y + r.height - 5;
		canvas_printf(c, r.x + 2, y, r.width - 4, look(PAINT_WARN),
			      "type %s to go on:", q->must_type);
		line_draw(&q->typed, c, r.x + 2 + (unsigned)sl_text_width(q->must_type) + 19, y,
			  r.width - 24 - (unsigned)sl_text_width(q->must_type), look(PAINT_BRIGHT));
	}
	canvas_printf(c, r.x + 2, r.y + r.height - 4 + (q->must_type ? 1 : 0), r.width - 4,
		      look(PAINT_DIM), "reason: %s", a->write_reason ? a->write_reason : "");
	draw_choice(q, c, r, r.y + r.height - 2);
}
