/* SPDX-License-Identifier: Apache-2.0 */
#include "console/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const struct {
	const char *label, *hint;
} kinds[PROMPT_KINDS] = {
	[PROMPT_FILTER] = {"/ ", "words  col:val  col>n  !term  /re/  tag=v  (tab: columns)"},
	[PROMPT_COMMAND] = {": ", "tab completes, up brings back"},
	[PROMPT_NAMED] = {"@ ", "console: filters: of config.yaml names them"},
	[PROMPT_ASK] = {"", ""}, /* its own */
	[PROMPT_REASON] = {"write mode, ticket or reason: ", "15 minutes; esc stays read-only"},
};

static void complete(struct app *a)
{
	struct prompt *p = &a->prompt;
	struct sl_buf all;
	char *text;

	sl_buf_init(&all, sizeof p->note - 1);
	text = p->kind == PROMPT_NAMED    ? named_complete(a, p->line.text, &all)
	       : p->kind == PROMPT_FILTER ? filter_complete(a, p->line.text, &all)
					  : command_complete(a, p->line.text, &all);
	if (text && p->line.len) /* nothing typed: only what there is to choose from */
		line_set(&p->line, text);
	sl_text_clean(p->note, sizeof p->note, all.data ? all.data : "", all.len, false);
	sl_buf_release(&all);
	free(text);
}

void prompt_open(struct app *a, enum prompt_kind kind, const char *text)
{
	struct prompt *p = &a->prompt;

	p->kind = kind;
	p->back = 0;
	p->note[0] = '\0';
	line_set(&p->line, text);
	free(p->before);
	p->before = sl_strdup(text);
	a->overlay = OVERLAY_PROMPT;
	if (kind == PROMPT_NAMED)
		complete(a); /* says which there are */
	app_dirty(a);
}

void prompt_ask(struct app *a, const char *label, const char *hint,
		void (*told)(struct app *a, void *arg, const char *text), void *arg)
{
	struct prompt *p = &a->prompt;

	free(p->arg);
	p->label = label;
	p->hint = hint;
	p->told = told;
	p->arg = arg;
	prompt_open(a, PROMPT_ASK, "");
}

static void remember(struct history *h, const char *text)
{
	if (!*text || (h->count && !strcmp(h->items[h->count - 1], text)))
		return;
	if (h->count == SL_COUNT(h->items)) {
		free(h->items[0]);
		memmove(h->items, h->items + 1, (h->count - 1) * sizeof *h->items);
		h->count--;
	}
	h->items[h->count++] = sl_strdup(text);
}

static void walk_history(struct prompt *p, int by)
{
	const struct history *h = &p->history[p->kind];
	size_t back = p->back;

	if (by > 0 && back < h->count)
		back++;
	else if (by < 0 && back)
		back--;
	if (back == p->back)
		return;
	if (!p->back)
		memcpy(p->typed, p->line.text, sizeof p->typed);
	p->back = back;
	line_set(&p->line, back ? h->items[h->count - back] : p->typed);
}

/* A filter works while it is typed; a half-typed one that cannot be read leaves the last one that
 * could. */
static void filter_now(struct app *a, const char *text)
{
	struct screen *s = app_screen(a);
	struct sl_error e = {0};

	a->prompt.note[0] = '\0';
	if (s->ops->filter ? s->ops->filter(a, s, text, &e) : table_filter(&s->table, text, &e))
		sl_text_clean(a->prompt.note, sizeof a->prompt.note, e.msg, strlen(e.msg), false);
}

static void write_mode_on(struct app *a, const char *reason)
{
	if (!*reason) {
		app_say(a, PAINT_WARN, "no reason, no write mode: still read-only");
		return;
	}
	free(a->write_reason);
	a->write_reason = sl_strdup(reason);
	a->write_until = app_now(a) + WRITE_MS;
	app_say(a, PAINT_WARN, "write mode for 15 minutes: %s", reason);
}

static void take(struct app *a)
{
	struct prompt *p = &a->prompt;
	char text[LINE_MAX_BYTES + 1];

	memcpy(text, p->line.text, sizeof text);
	if (p->kind == PROMPT_FILTER && p->note[0])
		return; /* say what is wrong until it is mended or left */
	remember(&p->history[p->kind], text);
	a->overlay = OVERLAY_NONE;
	if (p->kind == PROMPT_REASON)
		write_mode_on(a, text);
	else if (p->kind == PROMPT_COMMAND)
		command_run(a, text);
	else if (p->kind == PROMPT_NAMED && *text)
		named_use(a, text);
	else if (p->kind == PROMPT_ASK)
		p->told(a, p->arg, text);
}

static void cancel(struct app *a)
{
	if (a->prompt.kind == PROMPT_FILTER)
		filter_now(a, a->prompt.before);
	a->overlay = OVERLAY_NONE;
}

void prompt_key(struct app *a, uint32_t key)
{
	struct prompt *p = &a->prompt;

	app_dirty(a);
	if (key == TKEY_ENTER)
		take(a);
	else if (key == TKEY_ESC || key == (TKEY_CTRL | 'c') ||
		 (key == TKEY_BACKSPACE && !p->line.len))
		cancel(a);
	else if (key == TKEY_UP || key == TKEY_DOWN)
		walk_history(p, key == TKEY_UP ? 1 : -1);
	else if (key == TKEY_TAB && p->kind != PROMPT_ASK && p->kind != PROMPT_REASON)
		complete(a);
	else if (line_key(&p->line, key) && p->kind != PROMPT_FILTER)
		p->note[0] = '\0';
	if (a->overlay == OVERLAY_PROMPT && p->kind == PROMPT_FILTER && key != TKEY_ENTER &&
	    key != TKEY_TAB)
		filter_now(a, p->line.text);
}

/* In as many rows over the prompt as it takes, half of the screen at most. */
static void draw_note(struct canvas *c, struct rect above, struct look l, const char *note)
{
	unsigned width = above.width - 2, most = above.y / 2;
	unsigned more = (unsigned)sl_text_width(note) / width, used;
	struct rect r;

	more = more < most ? more + (more > 0) : most; /* words are not cut */
	r = (struct rect){above.x + 1, above.y - more, width, more + 1};
	used = canvas_wrap(c, r, l, note);
	for (; used && used < r.height; r.height--, r.y++)
		canvas_fill(c, (struct rect){above.x, r.y, above.width, 1}, look(PAINT_TEXT));
	canvas_fill(c, (struct rect){above.x, r.y, above.width, r.height},
		    look_on(look(PAINT_TEXT), GROUND_DIALOG));
	canvas_wrap(c, r, l, note);
}

void prompt_draw(struct app *a, struct canvas *c, struct rect above, struct rect r)
{
	struct prompt *p = &a->prompt;
	bool own = p->kind == PROMPT_ASK;
	const char *side = p->note[0] ? p->note : own ? p->hint : kinds[p->kind].hint;
	struct look l = look(p->note[0] && p->kind == PROMPT_FILTER ? PAINT_BAD : PAINT_DIM);
	unsigned at, side_width = (unsigned)sl_text_width(side);

	at = 1 + canvas_text(c, r.x + 1, r.y, r.width - 1, look_bold(PAINT_ACCENT),
			     own ? p->label : kinds[p->kind].label);
	line_draw(&p->line, c, r.x + at, r.y, r.width - at, look(PAINT_BRIGHT));
	if (at + sl_text_width(p->line.text) + side_width + 3 < r.width) {
		canvas_right(c, r.x, r.y, r.width - 1, l, side);
	} else if (p->note[0]) {
		draw_note(c, above, l, side);
	}
}

void prompt_release(struct prompt *p)
{
	size_t k, i;

	for (k = 0; k < PROMPT_KINDS; k++)
		for (i = 0; i < p->history[k].count; i++)
			free(p->history[k].items[i]);
	free(p->arg);
	free(p->before);
}
