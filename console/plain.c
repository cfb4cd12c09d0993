/* SPDX-License-Identifier: Apache-2.0 */
#include "console/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define ROWS_SAID 500 /* of one view */

/* What was said of a row last: said again only when it changes. */
struct said {
	char *id, *text;
};

struct plain {
	struct app *app;
	const struct screen *screen;
	struct said *said;
	size_t count, cap;
	char *cursor, message[512];
	struct sl_buf input;
	bool ended;
};

static void forget(struct plain *p)
{
	while (p->count) {
		p->count--;
		free(p->said[p->count].id);
		free(p->said[p->count].text);
	}
}

static void say(const struct plain *p, const char *text)
{
	char at[16], clean[2048];

	sl_time_clock(at, sizeof at, app_now(p->app));
	sl_text_clean(clean, sizeof clean, text, strnlen(text, sizeof clean - 1), false);
	printf("%s %s\n", at, clean);
}

static bool is_news(struct plain *p, const char *id, const char *text)
{
	size_t i;

	for (i = 0; i < p->count; i++) {
		if (strcmp(p->said[i].id, id) != 0)
			continue;
		if (!strcmp(p->said[i].text, text))
			return false;
		free(p->said[i].text);
		p->said[i].text = sl_strdup(text);
		return true;
	}
	SL_GROW(p->said, p->count, p->cap);
	p->said[p->count++] = (struct said){sl_strdup(id), sl_strdup(text)};
	return true;
}

/* Ages change all the time and are no news: rows are compared as they were at one moment. */
static void say_rows(struct plain *p, struct screen *s)
{
	struct sl_buf still, now;
	size_t i;

	sl_buf_init(&still, 4096);
	sl_buf_init(&now, 4096);
	for (i = 0; i < s->table.count && i < ROWS_SAID; i++) {
		sl_buf_clear(&still);
		sl_buf_clear(&now);
		table_row_text(&s->table, i, INT64_MAX / 2, &still);
		table_row_text(&s->table, i, app_now(p->app), &now);
		if (is_news(p, table_shown(&s->table, i)->id, sl_buf_str(&still)))
			say(p, sl_buf_str(&now));
	}
	sl_buf_release(&still);
	sl_buf_release(&now);
}

#define DRAWN_WIDTH  160
#define DRAWN_HEIGHT 400

/* What is drawn and is no table: its lines, when they are new. */
static void say_drawn(struct plain *p, struct screen *s)
{
	struct rect all = {0, 0, DRAWN_WIDTH, DRAWN_HEIGHT};
	struct canvas c;
	struct sl_buf row;
	char id[24];
	unsigned y;

	if (!s->ops->draw || s->table.data)
		return;
	canvas_init(&c, DRAWN_WIDTH, DRAWN_HEIGHT);
	canvas_fill(&c, all, look(PAINT_TEXT));
	s->ops->draw(p->app, s, &c, all);
	sl_buf_init(&row, 8192);
	for (y = 0; y < DRAWN_HEIGHT; y++) {
		sl_buf_clear(&row);
		canvas_row_text(&c, y, &row);
		snprintf(id, sizeof id, "line %u", y);
		if (is_news(p, id, sl_buf_str(&row)) && row.len)
			say(p, sl_buf_str(&row));
	}
	sl_buf_release(&row);
	canvas_release(&c);
}

static void say_view(struct plain *p, struct screen *s)
{
	char head[512];

	if (p->screen == s)
		return;
	forget(p);
	p->screen = s;
	snprintf(head, sizeof head, "view %s%s%s, %zu rows", s->ops->title,
		 s->subject ? " of " : "", s->subject ? s->subject : "", s->table.count);
	say(p, head);
}

static void say_selection(struct plain *p, struct screen *s)
{
	const struct vw_row *row = table_row(&s->table);
	char text[1024];

	if (!row || (p->cursor && !strcmp(p->cursor, row->id)))
		return;
	if (p->cursor) { /* the first one was not chosen by anybody */
		snprintf(text, sizeof text, "selected %s, %s %s", row->full,
			 vw_state_word(row->state), row->reason);
		say(p, text);
	}
	free(p->cursor);
	p->cursor = sl_strdup(row->id);
}

/* All keys, once: there is nothing to be closed. */
static void say_help(const struct plain *p)
{
	struct sl_buf lines;
	char *line, *save = NULL;

	if (p->app->overlay != OVERLAY_HELP)
		return;
	p->app->overlay = OVERLAY_NONE;
	sl_buf_init(&lines, 1u << 16);
	help_lines(p->app, &lines);
	for (line = strtok_r(lines.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		say(p, line);
	sl_buf_release(&lines);
}

/* What is asked, with the exact targets. */
static void say_question(struct plain *p)
{
	const struct confirm *q = &p->app->confirm;
	char text[2048];
	const char *line;

	if (p->app->overlay == OVERLAY_PROMPT)
		say(p, "type a line");
	if (p->app->overlay != OVERLAY_CONFIRM)
		return;
	say(p, q->title);
	for (line = q->targets; *line; line += strspn(line, "\n")) {
		snprintf(text, sizeof text, "  %.*s", (int)strcspn(line, "\n"), line);
		say(p, text);
		line += strcspn(line, "\n");
	}
	if (q->must_type) {
		snprintf(text, sizeof text, "type the line %s, to go on", q->must_type);
		say(p, text);
	}
	say(p, "tab chooses between Cancel and Go ahead, enter does it");
}

static void turn(struct plain *p)
{
	struct app *a = p->app;
	struct screen *s;

	if (a->data_dirty && !a->paused) {
		a->data_dirty = false;
		app_fill(a, app_screen(a));
	}
	s = app_screen(a);
	places_visit(&a->places, a->tab, s);
	say_view(p, s);
	say_rows(p, s);
	say_drawn(p, s);
	say_selection(p, s);
	if (strcmp(p->message, a->message) != 0 && *a->message)
		say(p, a->message);
	snprintf(p->message, sizeof p->message, "%s", a->message);
	fflush(stdout);
}

/* --- input --- */

static void take_line(struct plain *p, const char *line)
{
	struct app *a = p->app;

	if (a->overlay == OVERLAY_PROMPT) {
		line_set(&a->prompt.line, line);
		app_key(a, TKEY_END);
		app_key(a, TKEY_ENTER);
	} else if (input_key_parse(line) != TKEY_NONE) {
		app_key(a, input_key_parse(line));
		say_help(p);
		say_question(p);
	} else if (a->overlay == OVERLAY_CONFIRM && a->confirm.must_type) {
		line_set(&a->confirm.typed, line);
	} else if (a->overlay == OVERLAY_NONE) {
		command_run(a, line + (*line == ':'));
		say_help(p);
		say_question(p);
	}
}

static void take_lines(struct plain *p)
{
	char *end;

	while (p->input.len && (end = memchr(p->input.data, '\n', p->input.len))) {
		size_t n = (size_t)(end - p->input.data);
		char *line = sl_strndup(p->input.data, n);

		sl_buf_consume(&p->input, n + 1);
		if (*line)
			take_line(p, line);
		free(line);
		turn(p);
	}
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct plain *p = poll->data;
	char bytes[4096];
	ssize_t n = status < 0 ? -1 : read(STDIN_FILENO, bytes, sizeof bytes);

	(void)events;
	if (n < 0 && status >= 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		uv_poll_stop(poll);
		p->ended = true;
		return;
	}
	sl_buf_append(&p->input, bytes, (size_t)n);
	take_lines(p);
}

/* epoll refuses regular files, and those never make anybody wait. */
static bool read_whole_file(struct plain *p)
{
	struct stat st;
	char bytes[4096];
	ssize_t n;

	if (fstat(STDIN_FILENO, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		return false;
	if (isatty(STDIN_FILENO))
		return false;
	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		sl_buf_append(&p->input, bytes, (size_t)n);
	p->ended = true;
	return true;
}

/* libuv makes what it watches non-blocking, for everybody who shares it: standard output where both
 * are the terminal, and whoever reads after us. What is readable can be read once either way. */
static bool watch_input(uv_loop_t *loop, uv_poll_t *poll)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);
	int rc = uv_poll_init(loop, poll, STDIN_FILENO);

	if (flags >= 0)
		fcntl(STDIN_FILENO, F_SETFL, flags);
	return rc == 0;
}

static void poll_closed(uv_handle_t *handle)
{
	bool *open = handle->data;

	*open = false;
}

void plain_run(struct app *a)
{
	struct plain p = {.app = a};
	bool file, open = true;
	uv_poll_t poll;

	sl_buf_init(&p.input, 1u << 20);
	file = read_whole_file(&p);
	if (!file && watch_input(a->loop, &poll)) {
		poll.data = &p;
		uv_poll_start(&poll, UV_READABLE, readable);
	} else {
		open = false;
	}
	turn(&p);
	take_lines(&p);
	while (!a->quit && !(p.ended && site_settled(a->site) && !a->data_dirty)) {
		uv_run(a->loop, UV_RUN_ONCE);
		turn(&p);
	}
	if (open) {
		poll.data = &open;
		uv_close((uv_handle_t *)&poll, poll_closed);
	}
	while (open)
		uv_run(a->loop, UV_RUN_ONCE);
	forget(&p);
	free(p.said);
	free(p.cursor);
	sl_buf_release(&p.input);
}
