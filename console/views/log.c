/* SPDX-License-Identifier: Apache-2.0 */
/* The log of an instance, followed on its host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/views/log_draw.h"
#include "console/views/views.h"
#include "orchestrator/view/log_tail.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

enum { LINES = 2000 };

static const enum action hints[] = {ACT_FILTER, ACT_NEXT, ACT_FOLLOW, ACT_FOLD, ACT_TIME,
				    ACT_COPY,   ACT_BACK, ACT_SHELL,  ACT_NONE};
static const enum action offers[] = {
	ACT_DOWN,        ACT_UP,   ACT_TOP,    ACT_BOTTOM, ACT_PAGE_DOWN, ACT_PAGE_UP,  ACT_HALF_UP,
	ACT_HALF_DOWN,   ACT_LEFT, ACT_RIGHT,  ACT_FILTER, ACT_NEXT,      ACT_PREVIOUS, ACT_NAMED,
	ACT_FILTERS_OFF, ACT_FOLD, ACT_FOLLOW, ACT_TIME,   ACT_SHELL,     ACT_NONE};

struct own {
	struct app *a;
	struct screen *s;
	struct log_tail *tail; /* NULL = error says why */
	struct log_seen seen;
	char *filter; /* as typed; "" = none */
	bool off;     /* all lines are shown; the filter only marks */
	char error[SL_ERROR_MAX];
};

static void changed(void *arg)
{
	struct own *o = arg;

	if (app_screen(o->a) == o->s)
		app_data_changed(o->a, SITE_HOSTS);
}

static void open_own(struct app *a, struct screen *s)
{
	const struct log_ask ask = {.subject = s->subject ? s->subject : "", .lines = LINES};
	struct host_looks *hosts = site_hosts(a->site);
	struct own *o = s->own;
	struct sl_error e = {0};

	o->a = a;
	o->s = s;
	o->filter = sl_strdup("");
	o->seen.follow = true;
	if (hosts)
		o->tail = log_tail_open(hosts, a->loop, &ask, changed, o, &e);
	else
		sl_fail(&e, SL_EINPUT, "logs are read on the hosts of an inventory (-i INVENTORY)");
	if (o->tail)
		o->seen.lines = log_tail_lines(o->tail);
	else
		snprintf(o->error, sizeof o->error, "%s", e.msg);
}

static void close_own(struct screen *s)
{
	struct own *o = s->own;

	log_tail_close(o->tail);
	free(o->filter);
}

/* --- the filter --- */

static int apply(struct own *o, const char *text, struct sl_error *e)
{
	struct vw_filter *f = NULL;

	if (*text) {
		f = vw_filter_parse(&log_lines_view, text, e);
		if (!f)
			return e->code;
	}
	if (o->tail)
		log_lines_filter(o->seen.lines, f);
	else
		vw_filter_free(f);
	return SL_OK;
}

static int filter(struct app *a, struct screen *s, const char *text, struct sl_error *e)
{
	struct own *o = s->own;

	(void)a;
	if (apply(o, text, e))
		return e->code;
	free(o->filter);
	o->filter = sl_strdup(text);
	o->off = false;
	log_seen_words(&o->seen, text);
	return SL_OK;
}

static void filter_off(struct own *o)
{
	struct sl_error e;

	o->off = !o->off;
	apply(o, o->off ? "" : o->filter, &e);
}

/* --- keys --- */

static void seek(struct app *a, struct own *o, int by)
{
	if (!log_seen_seek(&o->seen, by))
		app_say(a, PAINT_OK, "no %serror here", o->seen.lines ? "other " : "");
}

static void copy(struct app *a, struct own *o)
{
	const struct log_line *line = log_seen_line(&o->seen);

	if (line && term_copy(a->term, line->text, line->len))
		app_say(a, PAINT_OK, "copied %u bytes to the terminal's clipboard", line->len);
	else
		app_say(a, PAINT_WARN, "nothing that fits this terminal's clipboard");
}

static bool move(struct log_seen *v, enum action what)
{
	long page = v->page > 1 ? (long)v->page - 1 : 1, half = page > 1 ? page / 2 : 1;

	switch (what) {
	case ACT_DOWN:
	case ACT_UP:
		log_seen_move(v, what == ACT_DOWN ? 1 : -1);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_PAGE_UP:
		log_seen_move(v, what == ACT_PAGE_DOWN ? page : -page);
		return true;
	case ACT_HALF_DOWN:
	case ACT_HALF_UP:
		log_seen_move(v, what == ACT_HALF_DOWN ? half : -half);
		return true;
	case ACT_TOP:
		log_seen_move(v, -(long)LOG_LINES_MAX);
		return true;
	case ACT_BOTTOM:
		v->follow = true;
		return true;
	case ACT_LEFT:
	case ACT_RIGHT:
		log_seen_scroll(v, what == ACT_LEFT ? -1 : 1);
		return true;
	default:
		return false;
	}
}

static bool act_lines(struct app *a, struct own *o, enum action what)
{
	struct log_seen *v = &o->seen;

	switch (what) {
	case ACT_NEXT:
	case ACT_PREVIOUS:
		seek(a, o, what == ACT_NEXT ? 1 : -1);
		return true;
	case ACT_FOLLOW:
		v->follow = !v->follow;
		return true;
	case ACT_FOLD:
		log_seen_wrap(v);
		return true;
	case ACT_COPY:
		copy(a, o);
		return true;
	case ACT_FILTERS_OFF:
		filter_off(o);
		return true;
	default:
		return move(v, what);
	}
}

static bool act(struct app *a, struct screen *s, enum action what)
{
	struct own *o = s->own;
	struct sl_error e;

	switch (what) {
	case ACT_FILTER:
		prompt_open(a, PROMPT_FILTER, o->filter);
		return true;
	case ACT_NAMED:
		prompt_open(a, PROMPT_NAMED, "");
		return true;
	case ACT_TIME:
		prompt_open(a, PROMPT_COMMAND, "time ");
		return true;
	case ACT_BACK:
		if (!*o->filter)
			return false;
		filter(a, s, "", &e);
		return true;
	case ACT_SHELL:
		if (o->tail)
			shell_open(a, log_tail_host(o->tail));
		return true;
	case ACT_ENTER:
	case ACT_REFETCH:
		if (o->tail && log_tail_phase(o->tail) == LOG_UNKNOWN) {
			char text[300];

			snprintf(text, sizeof text, "log %s:/", log_tail_host(o->tail));
			prompt_open(a, PROMPT_COMMAND, text);
		} else if (o->tail) {
			log_tail_again(o->tail);
		}
		return true;
	default:
		return o->tail && act_lines(a, o, what);
	}
}

static const char *why(struct app *a, struct screen *s, enum action what)
{
	const struct own *o = s->own;

	(void)a;
	if (!o->tail && (key_rows[what].needs & (KEY_NEEDS_TABLE | KEY_NEEDS_OFFER)))
		return "there is no log";
	if (what == ACT_EXPORT)
		return "`sluice logs` writes it";
	if (what == ACT_PREVIEW)
		return "z shows whole lines";
	return NULL;
}

static void go_time(struct app *a, struct screen *s, const char *text)
{
	struct own *o = s->own;
	int32_t clock = log_clock_parse(text);

	if (clock < 0)
		app_say(a, PAINT_BAD, "a time is 10:31 or 10:31:02");
	else if (!o->tail || !log_seen_time(&o->seen, clock))
		app_say(a, PAINT_WARN, "no line here says a time from %s on", text);
}

/* --- the screen --- */

static bool state(struct app *a, struct screen *s, enum paint *paint, char *text, size_t size)
{
	const struct own *o = s->own;
	int64_t wait;

	*paint = PAINT_BAD;
	if (!o->tail) {
		snprintf(text, size, "%s", o->error);
		return true;
	}
	switch (log_tail_phase(o->tail)) {
	case LOG_ASKING:
	case LOG_OPENING:
		*paint = PAINT_DIM;
		snprintf(text, size,
			 log_tail_phase(o->tail) == LOG_ASKING ? "asking %s where the log is"
							       : "opening the log on %s",
			 log_tail_host(o->tail));
		return true;
	case LOG_LOST:
		wait = (log_tail_next(o->tail) - sl_time_now() + 999) / 1000;
		snprintf(text, size, "%s; again in %lld s (r: now)", log_tail_error(o->tail),
			 a->fixed_now || wait < 0 ? 0LL : (long long)wait);
		return true;
	case LOG_UNKNOWN:
		*paint = PAINT_WARN;
		snprintf(text, size, "%s; enter: say which file", log_tail_error(o->tail));
		return true;
	default:
		return false;
	}
}

static bool ticks(struct app *a, struct screen *s)
{
	const struct own *o = s->own;

	(void)a;
	return o->tail && log_tail_phase(o->tail) == LOG_LOST;
}

static void draw(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	struct own *o = s->own;
	enum paint paint;
	char text[SL_ERROR_MAX + 100];

	if (o->tail && log_lines_count(o->seen.lines)) {
		log_seen_draw(&o->seen, c, r);
		return;
	}
	if (state(a, s, &paint, text, sizeof text)) {
		canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(paint), text);
		return;
	}
	canvas_text(c, r.x + 5, r.y + 2, r.width - 6, look(PAINT_DIM),
		    *o->filter ? "no line passes the filter; esc clears it"
			       : "the log is empty so far; lines come as they are written");
}

static void crumb(struct app *a, struct screen *s, struct canvas *c, struct rect r)
{
	const struct own *o = s->own;
	unsigned x = r.x, end = r.x + r.width - 1;
	size_t shown, all;

	(void)a;
	if (!o->tail || r.width < 4)
		return;
	if (*o->filter) {
		x += canvas_text(c, x, r.y, 2, look_bold(PAINT_ACCENT), "/") + 1;
		x += canvas_printf(c, x, r.y, r.width / 3, look(o->off ? PAINT_FAINT : PAINT_WORK),
				   "%s%s", o->filter, o->off ? " (marks only)" : "") +
		     3;
	}
	shown = log_lines_count(o->seen.lines);
	all = log_lines_held(o->seen.lines);
	if (x < end && shown != all)
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_DIM), "%zu of ", shown);
	if (x < end)
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_DIM), "%zu line%s", all,
				   all == 1 ? "" : "s");
	if (x < end && log_lines_dropped(o->seen.lines))
		x += canvas_printf(c, x, r.y, end - x, look(PAINT_WARN), ", %llu older dropped",
				   (unsigned long long)log_lines_dropped(o->seen.lines));
	if (x < end && o->seen.follow)
		x += canvas_text(c, x, r.y, end - x, look(PAINT_WORK), "   following");
	if (x + 3 < end)
		canvas_right(c, x + 2, r.y, end - x - 2, look(PAINT_DIM), log_tail_where(o->tail));
}

static bool selection(struct app *a, struct screen *s, char *name, char *text, size_t size)
{
	const struct own *o = s->own;
	const struct log_line *line = o->tail ? log_seen_line(&o->seen) : NULL;

	(void)a;
	if (!line)
		return false;
	snprintf(name, 256, "%s", log_tail_host(o->tail));
	sl_text_clean(text, size, line->text, line->len, false);
	return true;
}

const struct screen_ops view_log = {
	.name = "log",
	.title = "Log",
	.twin = "logs",
	.hints = hints,
	.offers = offers,
	.own_size = sizeof(struct own),
	.open = open_own,
	.close = close_own,
	.draw = draw,
	.act = act,
	.why = why,
	.filter = filter,
	.go_time = go_time,
	.crumb = crumb,
	.selection = selection,
	.state = state,
	.ticks = ticks,
};

bool log_act(struct app *a, struct screen *s, enum action what)
{
	char subject[300];

	if (what != ACT_LOG)
		return false;
	if (host_of_row(a, &s->table, true, subject, sizeof subject))
		app_open(a, "log", subject);
	else if (s->ops == &view_host && s->subject)
		app_open(a, "log", s->subject);
	else
		app_say(a, PAINT_WARN, "this row belongs to no host");
	return true;
}
