/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/screens/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utf8proc.h>
#include <vterm.h>

#include <cmocka.h>

#include "plugins/sdk/mem.h"
#include "tests/screens/svg.h"

#define WAIT_MS 60000

struct pty {
	pid_t pid;
	int fd, status;
	bool ended, other;
	bool marks; /* it asked for synchronised output, and was told yes */
	VTerm *vt;
	VTermScreen *screen;
	unsigned width, height;
	int64_t read_at;
	struct sl_buf text, bytes;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns() / 1000000;
}

static int set_property(VTermProp prop, VTermValue *value, void *arg)
{
	struct pty *p = arg;

	if (prop == VTERM_PROP_ALTSCREEN)
		p->other = value->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = {.settermprop = set_property};

static void child(const struct pty_how *how)
{
	const char *const *env;

	setenv("TERM", how->term ? how->term : "xterm-256color", 1);
	if (how->term && !*how->term)
		unsetenv("TERM");
	setenv("LC_ALL", how->locale ? how->locale : "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
	unsetenv("COLORTERM");
	unsetenv("NO_COLOR");
	if (how->no_colour)
		setenv("NO_COLOR", "1", 1);
	for (env = how->env; env && *env; env++)
		putenv((char *)*env);
	execv(how->argv[0], (char *const *)how->argv);
	_exit(127);
}

struct pty *pty_start(const struct pty_how *how)
{
	struct pty *p = sl_alloc(sizeof *p);
	struct winsize size = {.ws_row = (unsigned short)how->height,
			       .ws_col = (unsigned short)how->width};

	p->pid = forkpty(&p->fd, NULL, NULL, &size);
	assert_true(p->pid >= 0);
	if (p->pid == 0)
		child(how);
	fcntl(p->fd, F_SETFD, FD_CLOEXEC);
	p->width = how->width;
	p->height = how->height;
	p->vt = vterm_new((int)how->height, (int)how->width);
	vterm_set_utf8(p->vt, 1);
	p->screen = vterm_obtain_screen(p->vt);
	vterm_screen_enable_altscreen(p->screen, 1);
	vterm_screen_set_callbacks(p->screen, &callbacks, p);
	vterm_screen_reset(p->screen, 1);
	sl_buf_init(&p->text, 1u << 20);
	sl_buf_init(&p->bytes, 16u << 20);
	return p;
}

void pty_send(struct pty *p, const char *bytes, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(p->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		assert_true(n > 0);
		bytes += n;
		len -= (size_t)n;
	}
}

/* The terminal of the tests knows synchronised output; libvterm does not, so we answer. */
static void answer(struct pty *p, const char *bytes, size_t len)
{
	static const char ask[] = "\033[?2026$p", yes[] = "\033[?2026;2$y";

	if (!memmem(bytes, len, ask, sizeof ask - 1))
		return;
	pty_send(p, yes, sizeof yes - 1);
	p->marks = true;
}

bool pty_pump(struct pty *p, int ms)
{
	struct pollfd poll_fd = {.fd = p->fd, .events = POLLIN};
	char bytes[65536];
	ssize_t n;

	if (p->ended || poll(&poll_fd, 1, ms) <= 0)
		return false;
	n = read(p->fd, bytes, sizeof bytes);
	if (n <= 0) { /* EIO: the last one that had it open is gone */
		p->ended = true;
		return false;
	}
	p->read_at = now_ns();
	sl_buf_append(&p->bytes, bytes, (size_t)n);
	vterm_input_write(p->vt, bytes, (size_t)n);
	answer(p, bytes, (size_t)n);
	return true;
}

int64_t pty_read_at(const struct pty *p)
{
	return p->read_at;
}

uint32_t pty_cell(const struct pty *p, unsigned x, unsigned y, int *ground)
{
	VTermScreenCell cell;

	vterm_screen_get_cell(p->screen, (VTermPos){.row = (int)y, .col = (int)x}, &cell);
	*ground = VTERM_COLOR_IS_DEFAULT_BG(&cell.bg) ? -1
		  : VTERM_COLOR_IS_INDEXED(&cell.bg)  ? cell.bg.indexed.idx
						      : -2;
	return cell.chars[0];
}

static void put_cell(struct sl_buf *out, const VTermScreenCell *cell)
{
	utf8proc_uint8_t utf8[4];
	size_t i;

	if (!cell->chars[0])
		sl_buf_puts(out, " ");
	for (i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++)
		sl_buf_append(out, utf8,
			      (size_t)utf8proc_encode_char((utf8proc_int32_t)cell->chars[i], utf8));
}

static void put_row(struct pty *p, int y)
{
	VTermScreenCell cell;
	size_t start = p->text.len;
	int x;

	for (x = 0; x<(int)p->width; x += cell.width> 1 ? 2 : 1) {
		vterm_screen_get_cell(p->screen, (VTermPos){.row = y, .col = x}, &cell);
		put_cell(&p->text, &cell);
	}
	while (p->text.len > start && p->text.data[p->text.len - 1] == ' ')
		p->text.data[--p->text.len] = '\0';
	sl_buf_puts(&p->text, "\n");
}

const char *pty_text(struct pty *p)
{
	unsigned y;

	vterm_screen_flush_damage(p->screen);
	sl_buf_clear(&p->text);
	for (y = 0; y < p->height; y++)
		put_row(p, (int)y);
	return sl_buf_str(&p->text);
}

void pty_looks(struct pty *p, struct sl_buf *out)
{
	svg_looks(p->screen, p->width, p->height, out);
}

void pty_svg(struct pty *p, struct sl_buf *out)
{
	svg_of_screen(p->screen, p->width, p->height, out);
}

static void wait_for(struct pty *p, const char *text, bool there)
{
	int64_t until = now_ms() + WAIT_MS;

	while ((strstr(pty_text(p), text) != NULL) != there) {
		if (p->ended || now_ms() > until)
			fail_msg("waited in vain for '%s' to %s:\n%s", text, there ? "come" : "go",
				 pty_text(p));
		pty_pump(p, (int)(until - now_ms()));
	}
}

void pty_wait(struct pty *p, const char *text)
{
	wait_for(p, text, true);
}

void pty_wait_gone(struct pty *p, const char *text)
{
	wait_for(p, text, false);
}

int pty_wait_exit(struct pty *p)
{
	int64_t until = now_ms() + WAIT_MS;

	while (!p->ended && now_ms() < until)
		pty_pump(p, (int)(until - now_ms()));
	if (!p->ended)
		fail_msg("it does not end:\n%s", pty_text(p));
	assert_int_equal(waitpid(p->pid, &p->status, 0), p->pid);
	p->pid = 0;
	return p->status;
}

int pty_hang_up(struct pty *p)
{
	int64_t until = now_ms() + WAIT_MS;
	const struct timespec nap = {.tv_nsec = 10000000};
	pid_t ended;

	close(p->fd);
	p->fd = -1;
	p->ended = true;
	while ((ended = waitpid(p->pid, &p->status, WNOHANG)) == 0 && now_ms() < until)
		nanosleep(&nap, NULL); /* a process group of its own: no event to wait on */
	assert_int_equal(ended, p->pid);
	p->pid = 0;
	return p->status;
}

int pty_stop(struct pty *p)
{
	if (!p->pid)
		return p->status;
	kill(p->pid, SIGTERM);
	return pty_wait_exit(p);
}

void pty_free(struct pty *p)
{
	if (p->pid) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	if (p->fd >= 0)
		close(p->fd);
	vterm_free(p->vt);
	sl_buf_release(&p->text);
	sl_buf_release(&p->bytes);
	free(p);
}

pid_t pty_pid(const struct pty *p)
{
	return p->pid;
}

static const struct {
	const char *name, *bytes;
} names[] = {
	{"enter", "\r"},     {"esc", "\033"},     {"tab", "\t"},       {"space", " "},
	{"up", "\033[A"},    {"down", "\033[B"},  {"right", "\033[C"}, {"left", "\033[D"},
	{"pgdn", "\033[6~"}, {"pgup", "\033[5~"}, {"f2", "\033OQ"},    {"backspace", "\177"},
	{"ctrl-w", "\027"},  {"ctrl-c", "\003"},  {"ctrl-d", "\004"},  {"ctrl-l", "\014"},
	{"ctrl-u", "\025"},  {"ctrl-z", "\032"},
};

static void send_key(struct pty *p, const char *key)
{
	size_t i;

	for (i = 0; i < SL_COUNT(names); i++) {
		if (!strcmp(names[i].name, key)) {
			pty_send(p, names[i].bytes, strlen(names[i].bytes));
			return;
		}
	}
	if (!strncmp(key, "text:", 5))
		key += 5;
	pty_send(p, key, strlen(key));
}

void pty_keys(struct pty *p, const char *const *keys)
{
	for (; *keys; keys++) {
		if (!strncmp(*keys, "wait:", 5))
			pty_wait(p, *keys + 5);
		else if (!strncmp(*keys, "gone:", 5))
			pty_wait_gone(p, *keys + 5);
		else
			send_key(p, *keys);
	}
}

void pty_resize(struct pty *p, unsigned width, unsigned height)
{
	struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};

	p->width = width;
	p->height = height;
	vterm_set_size(p->vt, (int)height, (int)width);
	ioctl(p->fd, TIOCSWINSZ, &size);
}

/* A frame ends with the mark of synchronised output; a terminal without it gets no mark, and there
 * a pause in what is written must do. */
void pty_settle(struct pty *p)
{
	static const char end[] = "\033[?2026l";
	size_t n = sizeof end - 1;
	int tries;

	for (tries = 0; tries < 100 && !p->ended; tries++) {
		if (pty_pump(p, 80))
			continue;
		if (!p->marks ||
		    (p->bytes.len >= n && !memcmp(p->bytes.data + p->bytes.len - n, end, n)))
			return;
	}
}

const struct sl_buf *pty_bytes(const struct pty *p)
{
	return &p->bytes;
}

bool pty_on_other_screen(const struct pty *p)
{
	return p->other;
}
