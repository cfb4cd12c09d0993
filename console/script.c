/* SPDX-License-Identifier: Apache-2.0 */
#include "console/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "console/input.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SCRIPT_MAX (1u << 20)
#define WAIT_MS    30000

struct script {
	char *text;
	char **lines;
	size_t count, cap, at;
	bool late; /* a wait was in vain */
	bool waiting;
	uv_timer_t timer;
	struct app *app;
	void (*closed)(void *arg);
	void *arg;
};

static void waited(uv_timer_t *timer)
{
	struct script *s = timer->data;

	s->late = true;
	app_dirty(s->app);
}

static bool known_line(const char *line)
{
	static const char *const verbs[] = {"wait ", "gone ", "type ", "dump ", "size ", "#"};
	size_t i;

	for (i = 0; i < SL_COUNT(verbs); i++)
		if (sl_text_starts(line, verbs[i]))
			return true;
	return !*line || input_key_parse(line) != TKEY_NONE;
}

static int split(struct script *s, const char *path, struct sl_error *e)
{
	char *line = s->text, *end;
	size_t n = 0;

	for (; line && *line; line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		n++;
		if (!known_line(line))
			return sl_fail(e, SL_EINPUT,
				       "%s:%zu: '%s' is neither a key nor wait, gone, type, dump "
				       "or size",
				       path, n, line);
		if (!*line || *line == '#')
			continue;
		SL_GROW(s->lines, s->count, s->cap);
		s->lines[s->count++] = line;
	}
	return SL_OK;
}

int script_open(struct app *a, const char *path, struct script **out, struct sl_error *e)
{
	FILE *f = fopen(path, "re");
	struct script *s;
	int rc;

	if (!f)
		return sl_fail(e, SL_EIO, "%s: %s", path, strerror(errno));
	s = sl_alloc(sizeof *s);
	s->text = sl_alloc(SCRIPT_MAX + 1);
	s->text[fread(s->text, 1, SCRIPT_MAX, f)] = '\0';
	fclose(f);
	rc = split(s, path, e);
	if (rc) {
		free(s->lines);
		free(s->text);
		free(s);
		return rc;
	}
	s->app = a;
	uv_timer_init(a->loop, &s->timer);
	s->timer.data = s;
	*out = s;
	return SL_OK;
}

static void timer_closed(uv_handle_t *handle)
{
	struct script *s = handle->data;
	void (*closed)(void *) = s->closed;
	void *arg = s->arg;

	free(s->lines);
	free(s->text);
	free(s);
	closed(arg);
}

void script_close(struct script *s, void (*closed)(void *arg), void *arg)
{
	s->closed = closed;
	s->arg = arg;
	uv_close((uv_handle_t *)&s->timer, timer_closed);
}

static bool on_screen(const struct canvas *c, const char *text)
{
	struct sl_buf row;
	bool found = false;
	unsigned y;

	sl_buf_init(&row, 1u << 16);
	for (y = 0; y < c->height && !found; y++) {
		sl_buf_clear(&row);
		canvas_row_text(c, y, &row);
		found = strstr(sl_buf_str(&row), text) != NULL;
	}
	sl_buf_release(&row);
	return found;
}

int screen_dump(const struct canvas *c, const char *path, struct sl_error *e)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "we") : stdout;
	struct sl_buf out;
	int rc = SL_OK;

	if (!f)
		return sl_fail(e, SL_EIO, "%s: %s", path, strerror(errno));
	sl_buf_init(&out, 16u << 20);
	canvas_dump(c, &out);
	if (fwrite(sl_buf_str(&out), 1, out.len, f) != out.len || fflush(f))
		rc = sl_fail(e, SL_EIO, "%s: %s", path, strerror(errno));
	if (f != stdout)
		fclose(f);
	sl_buf_release(&out);
	return rc;
}

static void fail(struct app *a, const char *fmt, const char *what)
{
	fprintf(stderr, fmt, what);
	a->exit = 1;
	a->quit = true;
}

/* True = what is waited for is there. */
static bool wait_over(struct app *a, struct script *s, const char *line)
{
	bool there = on_screen(&a->canvas, line + 5) == sl_text_starts(line, "wait ");

	if (there) {
		s->waiting = false;
		uv_timer_stop(&s->timer);
	} else if (s->late) {
		fail(a, "sluice-console: waited in vain: %s\n", line);
	} else if (!s->waiting) {
		s->waiting = true;
		uv_timer_start(&s->timer, waited, WAIT_MS, 0);
	}
	return there;
}

static void type_text(struct app *a, const char *text)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	utf8proc_int32_t ch;
	utf8proc_ssize_t n;

	for (; *at && (n = utf8proc_iterate(at, -1, &ch)) > 0; at += n)
		app_key(a, (uint32_t)ch);
}

static void do_line(struct app *a, const char *line)
{
	struct sl_error e = {0};
	unsigned width, height;

	if (sl_text_starts(line, "type ")) {
		type_text(a, line + 5);
	} else if (sl_text_starts(line, "dump ")) {
		if (screen_dump(&a->canvas, line + 5, &e))
			fail(a, "sluice-console: %s\n", e.msg);
	} else if (sl_text_starts(line, "size ")) {
		if (!a->term && sscanf(line + 5, "%4ux%4u", &width, &height) == 2)
			app_resized(a, width, height);
	} else {
		app_key(a, input_key_parse(line));
	}
}

bool script_step(struct app *a, struct script *s)
{
	const char *line;

	if (a->quit || (a->term && term_is_lent(a->term)))
		return false;
	if (s->at == s->count) {
		a->quit = true;
		return false;
	}
	line = s->lines[s->at];
	if (sl_text_starts(line, "wait ") || sl_text_starts(line, "gone ")) {
		if (!wait_over(a, s, line))
			return false;
	} else {
		do_line(a, line);
	}
	s->at++;
	return true;
}
