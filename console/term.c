/* SPDX-License-Identifier: Apache-2.0 */
#include "console/term.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "console/draw.h"
#include "console/input.h"
#include "console_terminfo.inc"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define ESCAPE_MS 40
#define COPY_MAX  74000 /* bytes that terminals take in one OSC 52, before base64 */

#define MODES_ON    "\033[?2004h"
#define MODES_OFF   "\033[?2026l\033[?1006l\033[?1000l\033[?2004l"
#define MOUSE_ON    "\033[?1000h\033[?1006h"
#define MOUSE_OFF   "\033[?1006l\033[?1000l"
#define SYNC_ASK    "\033[?2026$p"
#define SYNC_BEGIN  "\033[?2026h"
#define SYNC_END    "\033[?2026l"
#define RESET_XTERM MODES_OFF "\033[0m\033[?25h\033[?1049l\r\n"
#define RESET_OTHER "\r\n"

enum { SIG_WINCH, SIG_TSTP, SIG_CONT, SIG_TERM, SIG_HUP, SIG_INT, SIG_CHLD, SIG_COUNT };
static const int signal_numbers[SIG_COUNT] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM,
					      SIGHUP,   SIGINT,  SIGCHLD};

struct term {
	struct term_events events;
	void *arg;
	struct term_look look;
	int in, out;
	FILE *in_file, *out_file;
	SCREEN *screen;
	struct draw *draw;
	struct input input;
	bool modern; /* answers queries and knows private modes */
	bool sync, mouse, gone, suspended;
	struct guest *guest; /* to whom it is lent */
	uv_poll_t poll;
	uv_timer_t escape;
	uv_signal_t signals[SIG_COUNT];
	unsigned handles;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* --- what a dying process can still do: no allocation, no ncurses --- */

static struct {
	volatile sig_atomic_t armed;
	int fd;
	struct termios before;
	const char *reset;
	size_t reset_len;
} rescue;

static void fatal(int sig)
{
	if (rescue.armed) {
		rescue.armed = 0;
		if (write(rescue.fd, rescue.reset, rescue.reset_len) < 0)
			_exit(128 + sig);
		tcsetattr(rescue.fd, TCSANOW, &rescue.before);
	}
	raise(sig); /* the handler is gone by SA_RESETHAND: dies as it would have */
}

static void rescue_arm(int fd, bool modern)
{
	static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGQUIT};
	struct sigaction sa = {.sa_handler = fatal, .sa_flags = (int)SA_RESETHAND};
	size_t i;

	rescue.fd = fd;
	rescue.reset = modern ? RESET_XTERM : RESET_OTHER;
	rescue.reset_len = strlen(rescue.reset);
	tcgetattr(fd, &rescue.before);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < SL_COUNT(fatal_signals); i++)
		sigaction(fatal_signals[i], &sa, NULL);
	rescue.armed = 1;
}

/* --- capabilities --- */

static bool starts_any(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (sl_text_starts(s, *list))
			return true;
	return false;
}

static bool is_modern(const char *name)
{
	static const char *const kin[] = {"xterm", "tmux",    "screen", "alacritty", "foot",
					  "kitty", "wezterm", "vte",    "konsole",   "st-",
					  "rxvt",  "contour", "iterm",  "ghostty",   NULL};

	return starts_any(name, kin);
}

static bool ambiguous_is_narrow(void)
{
	const char *lang = setlocale(LC_CTYPE, NULL);

	return !lang || !(sl_text_starts(lang, "zh") || sl_text_starts(lang, "ja") ||
			  sl_text_starts(lang, "ko"));
}

struct term_look term_look_from_environment(void)
{
	const char *name = getenv("TERM"), *direct = getenv("COLORTERM"),
		   *none = getenv("NO_COLOR");
	struct term_look l = {.depth = DEPTH_16};

	if (!name)
		name = "dumb";
	l.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8") && strcmp(name, "linux") != 0;
	l.narrow = l.utf8 && ambiguous_is_narrow() && wcwidth(0x2501) == 1;
	if ((none && *none) || !strcmp(name, "dumb") || sl_text_starts(name, "vt"))
		l.depth = DEPTH_MONO;
	else if (direct && is_modern(name) &&
		 (!strcmp(direct, "truecolor") || !strcmp(direct, "24bit")))
		l.depth = DEPTH_TRUE;
	else if (strstr(name, "256color") || sl_text_starts(name, "alacritty") ||
		 sl_text_starts(name, "foot") || sl_text_starts(name, "xterm-kitty"))
		l.depth = DEPTH_256;
	return l;
}

/* --- ncurses --- */

static void settle_depth(struct term *t)
{
	if (t->look.depth == DEPTH_MONO)
		return;
	if (!has_colors() || start_color() == ERR) {
		t->look.depth = DEPTH_MONO;
		return;
	}
	use_default_colors();
	if (t->look.depth == DEPTH_TRUE && COLORS < 0x1000000)
		t->look.depth = DEPTH_256;
	if (t->look.depth == DEPTH_256 && COLORS < 256)
		t->look.depth = DEPTH_16;
}

/* Direct colour needs an entry that few systems have: ours is carried along. */
static SCREEN *screen_direct(struct term *t, const char *name)
{
	bool tmux = sl_text_starts(name, "tmux") || sl_text_starts(name, "screen");
	char *before = sl_strdup(getenv("TERMINFO"));
	SCREEN *s;

	setenv("TERMINFO", tmux ? terminfo_tmux : terminfo_xterm, 1);
	s = newterm(tmux ? "sluice-tmux" : "sluice-xterm", t->out_file, t->in_file);
	if (before)
		setenv("TERMINFO", before, 1);
	else
		unsetenv("TERMINFO");
	free(before);
	return s;
}

static int screen_open(struct term *t, struct sl_error *e)
{
	const char *name = getenv("TERM");

	if (!name || !*name)
		name = "dumb";
	if (t->look.depth == DEPTH_TRUE)
		t->screen = screen_direct(t, name);
	if (!t->screen) {
		if (t->look.depth == DEPTH_TRUE)
			t->look.depth = DEPTH_256;
		t->screen = newterm(name, t->out_file, t->in_file);
	}
	if (!t->screen)
		return sl_fail(e, SL_EUNSUPPORTED,
			       "the terminal '%s' is not known here: set TERM, or use --plain",
			       name);
	if (!tigetstr("cup")) {
		endwin();
		return sl_fail(e, SL_EUNSUPPORTED,
			       "the terminal '%s' cannot place its cursor: set TERM, or use "
			       "--plain",
			       name);
	}
	settle_depth(t);
	raw();
	noecho();
	nonl();
	leaveok(stdscr, TRUE);
	scrollok(stdscr, FALSE);
	/* terminals disagree about the colour of what comes in at the edge */
	idlok(stdscr, FALSE);
	idcok(stdscr, FALSE);
	curs_set(0);
	return SL_OK;
}

static void say(struct term *t, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	while (len) {
		n = write(t->out, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the poll on the same terminal will tell */
		text += n;
		len -= (size_t)n;
	}
}

static void modes_on(struct term *t)
{
	if (!t->modern)
		return;
	say(t, MODES_ON);
	if (t->mouse)
		say(t, MOUSE_ON);
}

void term_mouse(struct term *t, bool on)
{
	if (t->modern && t->mouse != on)
		say(t, on ? MOUSE_ON : MOUSE_OFF);
	t->mouse = on;
}

/* --- keys --- */

static void key_in(void *arg, uint32_t key)
{
	struct term *t = arg;

	if (key == TKEY_HAS_SYNC)
		t->sync = true;
	else if (t->events.key)
		t->events.key(t->arg, key);
}

static void escape_due(uv_timer_t *timer)
{
	struct term *t = timer->data;
	struct pollfd rest = {.fd = t->in, .events = POLLIN};

	/* The loop was busy, and the rest has come meanwhile: this turn reads it. */
	if (poll(&rest, 1, 0) > 0)
		uv_timer_start(&t->escape, escape_due, ESCAPE_MS, 0);
	else
		input_timeout(&t->input, key_in, t);
}

static void lost(struct term *t)
{
	if (t->gone)
		return;
	t->gone = true;
	uv_poll_stop(&t->poll);
	t->events.gone(t->arg);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct term *t = poll->data;
	char bytes[4096];
	ssize_t n;

	(void)events;
	if (status < 0) {
		lost(t);
		return;
	}
	n = read(t->in, bytes, sizeof bytes);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lost(t);
		return;
	}
	uv_timer_stop(&t->escape);
	input_feed(&t->input, bytes, (size_t)n, key_in, t);
	if (input_waits(&t->input))
		uv_timer_start(&t->escape, escape_due, ESCAPE_MS, 0);
}

/* --- a guest: a program that has the terminal for a while --- */

struct guest {
	uv_process_t process;
	struct term *term; /* NULL = it is closed meanwhile */
	int status;
	void (*done)(void *arg, int status);
	void *arg;
};

static void take_back(struct term *t);

static void guest_closed(uv_handle_t *handle)
{
	struct guest *g = handle->data;

	if (g->term && g->done)
		take_back(g->term);
	if (g->done)
		g->done(g->arg, g->term ? g->status : -1);
	free(g);
}

static void guest_left(uv_process_t *process, int64_t status, int number)
{
	struct guest *g = process->data;

	g->status = number ? 128 + number : (int)status;
	uv_close((uv_handle_t *)process, guest_closed);
}

/* It shares our process group, so that it is in the foreground as we are. */
static int guest_start(struct term *t, const char *const *argv, int fd, struct sl_error *e)
{
	uv_stdio_container_t stdio[3];
	uv_process_options_t options = {.exit_cb = guest_left,
					.file = argv[0],
					.args = (char **)argv,
					.stdio_count = 3,
					.stdio = stdio};
	size_t i;
	int rc;

	for (i = 0; i < SL_COUNT(stdio); i++)
		stdio[i] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = fd};
	rc = uv_spawn(t->poll.loop, &t->guest->process, &options);
	if (!rc)
		return SL_OK;
	t->guest->done = NULL; /* the caller hears it now, not later */
	uv_close((uv_handle_t *)&t->guest->process, guest_closed);
	return sl_fail(e, SL_EIO, "cannot start %s: %s", argv[0], uv_strerror(rc));
}

static void give_away(struct term *t)
{
	uv_poll_stop(&t->poll);
	uv_timer_stop(&t->escape);
	t->suspended = true;
	if (t->modern)
		say(t, MODES_OFF);
	endwin();
	rescue.armed = 0;
}

int term_lend(struct term *t, const char *const *argv, void (*done)(void *arg, int status),
	      void *arg, struct sl_error *e)
{
	int fd, rc;

	if (t->guest || t->suspended || t->gone)
		return sl_fail(e, SL_EHELD, "the terminal is lent already");
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return sl_fail(e, SL_EIO, "/dev/tty: %s", strerror(errno));
	t->guest = sl_alloc(sizeof *t->guest);
	*t->guest = (struct guest){.term = t, .done = done, .arg = arg};
	t->guest->process.data = t->guest;
	give_away(t);
	rc = guest_start(t, argv, fd, e);
	close(fd);
	if (rc)
		take_back(t);
	return rc;
}

bool term_is_lent(const struct term *t)
{
	return t->guest != NULL;
}

/* --- signals --- */

static void resize(struct term *t)
{
	struct winsize size = {0};

	if (t->guest || ioctl(t->out, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
		return;
	resizeterm(size.ws_row, size.ws_col);
	draw_forget(t->draw);
	clearok(curscr, TRUE);
	t->events.resized(t->arg);
}

void term_suspend(struct term *t)
{
	if (t->suspended)
		return;
	t->suspended = true;
	if (t->modern)
		say(t, MODES_OFF);
	endwin();
	rescue.armed = 0;
	kill(0, SIGSTOP);
}

static void back(struct term *t)
{
	if (!t->suspended) { /* stopped from outside: the screen may be somebody else's by now */
		endwin();
	}
	t->suspended = false;
	rescue.armed = 1;
	refresh();
	modes_on(t);
	resize(t);
	term_repaint(t);
	t->events.resized(t->arg);
}

static void take_back(struct term *t)
{
	t->guest = NULL;
	uv_poll_start(&t->poll, UV_READABLE, readable);
	back(t);
}

/* One that stops itself alone (ssh does so at ~^Z) leaves nobody who reads keys: the shell that
 * started us gets the terminal when we stop too. */
static void stop_with_guest(const struct term *t)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)t->guest->process.pid, &info, WSTOPPED | WNOHANG) == 0 &&
	    info.si_pid && info.si_code == CLD_STOPPED)
		kill(getpid(), SIGSTOP);
}

/* The guest has the terminal, and its keys; only what asks us to end is for us. */
static void signaled_beside(struct term *t, int number)
{
	if (number == SIGTSTP)
		kill(getpid(), SIGSTOP); /* as it stopped: the shell must see both */
	else if (number == SIGCHLD)
		stop_with_guest(t);
	else if (number == SIGCONT)
		uv_process_kill(&t->guest->process, SIGCONT);
	else if (number == SIGTERM || number == SIGHUP)
		t->events.asked(t->arg);
}

static void signaled(uv_signal_t *handle, int number)
{
	struct term *t = handle->data;

	if (t->guest) {
		signaled_beside(t, number);
		return;
	}
	switch (number) {
	case SIGWINCH:
		resize(t);
		break;
	case SIGTSTP:
		term_suspend(t);
		break;
	case SIGCONT:
		back(t);
		break;
	case SIGCHLD:
		break;
	default:
		t->events.asked(t->arg);
	}
}

/* --- life --- */

static void handle_closed(uv_handle_t *handle)
{
	struct term *t = handle->data;

	if (--t->handles)
		return;
	fclose(t->in_file);
	fclose(t->out_file);
	if (t->closed)
		t->closed(t->closed_arg);
	free(t);
}

static void handles_open(struct term *t, uv_loop_t *loop)
{
	int i;

	uv_poll_init(loop, &t->poll, t->in);
	uv_timer_init(loop, &t->escape);
	t->poll.data = t->escape.data = t;
	t->handles = 2;
	for (i = 0; i < SIG_COUNT; i++) {
		uv_signal_init(loop, &t->signals[i]);
		t->signals[i].data = t;
		t->handles++;
		uv_signal_start(&t->signals[i], signaled, signal_numbers[i]);
		uv_unref((uv_handle_t *)&t->signals[i]);
	}
	uv_poll_start(&t->poll, UV_READABLE, readable);
}

/* Opened anew, so that its flags are ours alone: whoever shares our standard input keeps his. */
static int files_open(struct term *t, struct sl_error *e)
{
	t->in = open("/dev/tty", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	t->out = open("/dev/tty", O_WRONLY | O_CLOEXEC);
	if (t->in < 0 || t->out < 0 || !isatty(t->in) || !isatty(t->out)) {
		if (t->in >= 0)
			close(t->in);
		if (t->out >= 0)
			close(t->out);
		return sl_fail(
			e, SL_EINPUT,
			"the console needs a terminal; without one use --plain, `sluice get` "
			"or `sluice watch`");
	}
	t->in_file = fdopen(t->in, "r");
	t->out_file = fdopen(t->out, "w");
	if (!t->in_file || !t->out_file)
		sl_alloc_failed();
	return SL_OK;
}

int term_open(uv_loop_t *loop, const struct term_events *events, void *arg, bool mouse,
	      struct term **out, struct sl_error *e)
{
	struct term *t = sl_alloc(sizeof *t);
	const char *name = getenv("TERM");

	t->events = *events;
	t->arg = arg;
	t->look = term_look_from_environment();
	t->modern = name && is_modern(name);
	t->mouse = mouse;
	if (files_open(t, e)) {
		free(t);
		return e ? e->code : SL_EINPUT;
	}
	rescue_arm(t->out, t->modern);
	handles_open(t, loop); /* before ncurses: it leaves signals alone that are taken */
	if (screen_open(t, e)) {
		rescue.armed = 0;
		term_close(t, NULL, NULL);
		return e ? e->code : SL_EUNSUPPORTED;
	}
	t->draw = draw_new(t->look.depth);
	modes_on(t);
	if (t->modern)
		say(t, SYNC_ASK);
	*out = t;
	return SL_OK;
}

void term_close(struct term *t, void (*closed)(void *arg), void *arg)
{
	int i;

	t->closed = closed;
	t->closed_arg = arg;
	if (t->guest) {
		t->guest->term = NULL;
		if (!uv_is_closing((uv_handle_t *)&t->guest->process)) {
			uv_process_kill(&t->guest->process, SIGHUP);
			uv_close((uv_handle_t *)&t->guest->process, guest_closed);
		}
	}
	if (t->screen && !t->gone) {
		if (t->modern)
			say(t, MODES_OFF);
		if (!t->suspended)
			endwin();
	}
	rescue.armed = 0;
	if (t->screen)
		delscreen(t->screen);
	draw_free(t->draw);
	uv_close((uv_handle_t *)&t->poll, handle_closed);
	uv_close((uv_handle_t *)&t->escape, handle_closed);
	for (i = 0; i < SIG_COUNT; i++)
		uv_close((uv_handle_t *)&t->signals[i], handle_closed);
}

struct term_look term_looks(const struct term *t)
{
	return t->look;
}

void term_size(const struct term *t, unsigned *width, unsigned *height)
{
	(void)t;
	*width = (unsigned)COLS;
	*height = (unsigned)LINES;
}

void term_theme(struct term *t, const struct theme *theme)
{
	draw_theme(t->draw, theme);
}

void term_paint(struct term *t, const struct canvas *c)
{
	if (t->gone || t->suspended || !draw_canvas(t->draw, c))
		return;
	if (t->sync)
		say(t, SYNC_BEGIN);
	refresh();
	if (t->sync)
		say(t, SYNC_END);
}

void term_repaint(struct term *t)
{
	draw_forget(t->draw);
	clearok(curscr, TRUE);
}

bool term_copy(struct term *t, const char *text, size_t len)
{
	char *coded;

	if (len > COPY_MAX || !t->modern)
		return false;
	coded = sl_text_base64(text, len);
	say(t, "\033]52;c;");
	say(t, coded);
	say(t, "\033\\");
	free(coded);
	return true;
}

void term_bell(struct term *t)
{
	say(t, "\a");
}

void term_mouse_at(const struct term *t, unsigned *x, unsigned *y)
{
	*x = t->input.mouse_x;
	*y = t->input.mouse_y;
}
