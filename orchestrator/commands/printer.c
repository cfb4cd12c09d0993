/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/commands/printer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define LINES_MAX (64u << 20) /* what may wait for a reader that stands still */
#define FRAME_MAX (1u << 20)
#define ROWS_MAX  1000
#define NOTE_MAX  200

#define SYNC_BEGIN "\033[?2026h"
#define SYNC_END   "\033[?2026l"

struct frame {
	char *text; /* rows are cut out of it */
	char *rows[ROWS_MAX];
	size_t count;
};

struct printer {
	int fd;
	const char *lost_note;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct sl_buf lines;
	char *frame; /* the newest, not drawn yet; NULL = none */
	unsigned width;
	bool redraw, stop, lost;
	/* the thread's own */
	struct frame shown;
	unsigned shown_width;
	bool gone;
};

static void frame_free(struct frame *f)
{
	free(f->text);
	memset(f, 0, sizeof *f);
}

static void frame_cut(struct frame *f, char *text)
{
	char *line, *rest = text;

	memset(f, 0, sizeof *f);
	f->text = text;
	while (f->count < ROWS_MAX && (line = strsep(&rest, "\n")) != NULL)
		if (rest || *line)
			f->rows[f->count++] = line;
}

/* The reader is gone: from here on this is nobody's terminal. */
static void let_go(struct printer *p)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	p->gone = true;
	if (null < 0)
		return;
	dup2(null, p->fd);
	close(null);
}

static void write_all(struct printer *p, const char *data, size_t len)
{
	while (len && !p->gone) {
		ssize_t n = write(p->fd, data, len);

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) { /* someone else's O_NONBLOCK on a shared file */
			struct pollfd wait = {.fd = p->fd, .events = POLLOUT};

			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			let_go(p);
		}
	}
}

/* Cells of a styled row: SGR sequences take none. */
static size_t row_cells(const char *row)
{
	char *plain = sl_strdup(row), *to = plain;
	size_t cells;

	while (*row) {
		if (row[0] == '\033' && row[1] == '[')
			row += 2 + strcspn(row + 2, "m") + (row[2] != '\0');
		else
			*to++ = *row++;
	}
	*to = '\0';
	cells = sl_text_width(plain);
	free(plain);
	return cells;
}

/* Screen rows that the shown frame takes now: a narrower terminal has folded them. */
static size_t rows_taken(const struct printer *p, unsigned width)
{
	size_t i, cells, taken = 0;

	if (width >= p->shown_width || !width)
		return p->shown.count;
	for (i = 0; i < p->shown.count; i++) {
		cells = row_cells(p->shown.rows[i]);
		taken += cells ? (cells + width - 1) / width : 1;
	}
	return taken;
}

/* The cursor rests in the frame's last row. */
static void to_top(struct printer *p, unsigned width, struct sl_buf *out)
{
	size_t up = rows_taken(p, width);

	if (up > 1)
		sl_buf_printf(out, "\033[%zuA", up - 1);
	if (up)
		sl_buf_puts(out, "\r");
}

static void draw_all(struct printer *p, const char *lines, const struct frame *next, unsigned width,
		     struct sl_buf *out)
{
	size_t i;

	to_top(p, width, out);
	if (p->shown.count)
		sl_buf_puts(out, "\033[J");
	sl_buf_puts(out, lines);
	for (i = 0; i < next->count; i++)
		sl_buf_printf(out, "%s%s", i ? "\n" : "", next->rows[i]);
}

/* Only the rows that differ: a terminal across the world gets few bytes. */
static void draw_changes(struct printer *p, const struct frame *next, unsigned width,
			 struct sl_buf *out)
{
	size_t i;

	to_top(p, width, out);
	for (i = 0; i < next->count; i++) {
		if (i)
			sl_buf_puts(out, "\n");
		if (i >= p->shown.count || strcmp(p->shown.rows[i], next->rows[i]) != 0)
			sl_buf_printf(out, "\033[2K%s", next->rows[i]);
	}
	if (next->count < p->shown.count)
		sl_buf_puts(out, "\033[J");
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
	size_t i;

	if (a->count != b->count)
		return false;
	for (i = 0; i < a->count; i++)
		if (strcmp(a->rows[i], b->rows[i]) != 0)
			return false;
	return true;
}

static void print_frame(struct printer *p, const char *lines, char *text, unsigned width,
			bool redraw)
{
	struct frame next;
	struct sl_buf out;

	frame_cut(&next, text);
	redraw = redraw || width != p->shown_width || *lines || next.count < 2;
	if (!redraw && same_frame(&next, &p->shown)) {
		frame_free(&next);
		return;
	}
	sl_buf_init(&out, LINES_MAX + 2 * FRAME_MAX);
	sl_buf_puts(&out, SYNC_BEGIN);
	if (redraw)
		draw_all(p, lines, &next, width, &out);
	else
		draw_changes(p, &next, width, &out);
	sl_buf_puts(&out, SYNC_END);
	write_all(p, sl_buf_str(&out), out.len);
	sl_buf_release(&out);
	frame_free(&p->shown);
	p->shown = next;
	p->shown_width = width;
}

/* Rows of the shown frame again, for lines that come without a new frame. */
static char *frame_text(const struct frame *f)
{
	struct sl_buf out;
	size_t i;

	sl_buf_init(&out, FRAME_MAX);
	for (i = 0; i < f->count; i++)
		sl_buf_printf(&out, "%s\n", f->rows[i]);
	return out.data ? sl_buf_take(&out) : sl_strdup("");
}

static void print(struct printer *p, const char *lines, char *frame, unsigned width, bool redraw)
{
	if (frame)
		print_frame(p, lines, frame, width, redraw);
	else if (p->shown.count)
		print_frame(p, lines, frame_text(&p->shown), p->shown_width, redraw);
	else
		write_all(p, lines, strlen(lines));
}

static void *printer_main(void *arg)
{
	struct printer *p = arg;
	bool stop = false, redraw;
	unsigned width;
	char *lines, *frame;

	while (!stop) {
		pthread_mutex_lock(&p->lock);
		while (!p->lines.len && !p->frame && !p->stop)
			pthread_cond_wait(&p->work, &p->lock);
		lines = p->lines.len ? sl_buf_take(&p->lines) : NULL;
		sl_buf_init(&p->lines, LINES_MAX);
		frame = p->frame;
		p->frame = NULL;
		width = p->width;
		redraw = p->redraw;
		p->redraw = p->lost = false;
		stop = p->stop && !lines && !frame;
		pthread_mutex_unlock(&p->lock);
		if (!stop)
			print(p, lines ? lines : "", frame, width, redraw);
		free(lines);
	}
	return NULL;
}

struct printer *printer_new(int fd, const char *lost_note)
{
	struct printer *p = sl_alloc(sizeof *p);
	sigset_t all, before;
	int rc;

	p->fd = fd;
	p->lost_note = lost_note;
	sl_buf_init(&p->lines, LINES_MAX);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&p->thread, NULL, printer_main, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc)
		abort(); /* no memory for a thread: as for any other memory */
	return p;
}

void printer_lines(struct printer *p, const char *text)
{
	size_t len = strlen(text);

	pthread_mutex_lock(&p->lock);
	if (p->lines.len + len + NOTE_MAX < LINES_MAX) {
		sl_buf_append(&p->lines, text, len);
	} else if (!p->lost) {
		sl_buf_puts(&p->lines, p->lost_note ? p->lost_note : "");
		p->lost = true;
	}
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void printer_frame(struct printer *p, const char *text, unsigned width, int redraw)
{
	char *copy = sl_strdup(text);

	pthread_mutex_lock(&p->lock);
	free(p->frame);
	p->frame = copy;
	p->width = width;
	p->redraw = p->redraw || redraw;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
}

void printer_close(struct printer *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	sl_buf_release(&p->lines);
	free(p->frame);
	frame_free(&p->shown);
	free(p);
}
