/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/tools.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/proc.h"

#define START_MS 30000.0
#define UNTIL_MS 2000.0

static double ms_since(int64_t ns)
{
	return (double)(proc_now_ns() - ns) / 1e6;
}

static bool is_blank(struct pty *p)
{
	return strspn(pty_text(p), " \n") == strlen(pty_text(p));
}

/* When the screen first held text (NULL = anything), in ms after start; NaN = never. */
static double wait_for(struct pty *p, const char *text, int64_t start, double within_ms)
{
	double left;

	while ((left = within_ms - ms_since(start)) > 0) {
		if (!pty_pump(p, (int)left + 1))
			continue;
		if (text ? strstr(pty_text(p), text) != NULL : !is_blank(p))
			return (double)(pty_read_at(p) - start) / 1e6;
	}
	fprintf(stderr, "bench: '%s' does not come:\n%s", text ? text : "a frame", pty_text(p));
	return NAN;
}

static bool start(const struct tool *t, struct shown *s, bool data)
{
	const struct pty_how how = {
		.width = WIDTH, .height = HEIGHT, .env = t->env, .argv = t->argv};
	int64_t began = proc_now_ns();

	s->pty = pty_start(&how);
	s->first_ms = wait_for(s->pty, NULL, began, START_MS);
	s->data_ms = NAN;
	if (!isnan(s->first_ms) && data)
		s->data_ms = strstr(pty_text(s->pty), t->data)
				     ? s->first_ms
				     : wait_for(s->pty, t->data, began, START_MS);
	return !isnan(data ? s->data_ms : s->first_ms);
}

bool tool_start(const struct tool *t, struct shown *s)
{
	return start(t, s, true);
}

bool tool_start_first(const struct tool *t, struct shown *s)
{
	return start(t, s, false);
}

void tool_stop(struct shown *s)
{
	pty_stop(s->pty);
	pty_free(s->pty);
	s->pty = NULL;
}

void tool_watch(struct pty *p, double ms)
{
	int64_t start = proc_now_ns();
	double left;

	while ((left = ms - ms_since(start)) > 0)
		pty_pump(p, (int)ceil(left));
}

bool tool_wait(struct pty *p, const char *text, double ms)
{
	return strstr(pty_text(p), text) || !isnan(wait_for(p, text, proc_now_ns(), ms));
}

static bool has_moved(struct pty *p, const struct tool *t, int from)
{
	int at = t->cursor(p);

	return at >= 0 && at != from;
}

double tool_press(const struct tool *t, struct pty *p, const char *key)
{
	int from = t->cursor(p);
	int64_t start = proc_now_ns();
	double left;

	pty_send(p, key, strlen(key));
	while ((left = PRESS_MS - ms_since(start)) > 0)
		if (pty_pump(p, (int)ceil(left)) && has_moved(p, t, from))
			return (double)(pty_read_at(p) - start) / 1e6;
	return NAN;
}

double tool_press_until(struct pty *p, const char *bytes,
			bool (*seen)(struct pty *p, const void *arg), const void *arg)
{
	int64_t start = proc_now_ns();
	double left;

	pty_send(p, bytes, strlen(bytes));
	while ((left = UNTIL_MS - ms_since(start)) > 0)
		if (pty_pump(p, (int)ceil(left)) && seen(p, arg))
			return (double)(pty_read_at(p) - start) / 1e6;
	return NAN;
}

/* --- cursors --- */

int cursor_of_console(const struct pty *p)
{
	int ground;

	for (unsigned y = 0; y < HEIGHT; y++)
		if (pty_cell(p, 1, y, &ground) == '>')
			return (int)y;
	return -1;
}

/* The bar: cyan from one edge to the other, which the line of function keys is not. */
int cursor_of_htop(const struct pty *p)
{
	int left, right;

	for (unsigned y = 0; y + 1 < HEIGHT; y++) {
		pty_cell(p, 0, y, &left);
		pty_cell(p, WIDTH - 1, y, &right);
		if (left == 6 && right == 6)
			return (int)y;
	}
	return -1;
}
