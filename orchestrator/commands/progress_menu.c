/* SPDX-License-Identifier: Apache-2.0 */
/* The question after Ctrl-C. The terminal is opened anew, so that a redirected standard input does
 * not matter, and its mode is put back whatever is chosen. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "orchestrator/commands/progress.h"
#include "plugins/sdk/mem.h"

struct progress_menu {
	uv_poll_t poll;
	int fd;
	struct termios before;
	void (*chosen)(void *arg, enum run_interrupt answer);
	void *arg;
};

static const struct {
	char key;
	enum run_interrupt answer;
} choices[] = {
	{'c', RUN_INT_CONTINUE}, {'\r', RUN_INT_CONTINUE}, {'\n', RUN_INT_CONTINUE},
	{27, RUN_INT_CONTINUE},  {'p', RUN_INT_PAUSE},     {'d', RUN_INT_DETACH},
	{'a', RUN_INT_ABORT},
};

static const char question[] = "\nInterrupted: c continue, p pause, d detach (goes on in the "
			       "background), a abort and take "
			       "back? ";

static void poll_closed(uv_handle_t *handle)
{
	struct progress_menu *m = handle->data;

	close(m->fd);
	free(m);
}

void menu_close(struct progress_menu *m)
{
	if (!m)
		return;
	tcsetattr(m->fd, TCSANOW, &m->before);
	uv_close((uv_handle_t *)&m->poll, poll_closed);
}

static void choose(struct progress_menu *m, enum run_interrupt answer)
{
	void (*chosen)(void *arg, enum run_interrupt answer) = m->chosen;
	void *arg = m->arg;

	menu_close(m);
	chosen(arg, answer);
}

static void readable(uv_poll_t *poll, int status, int events)
{
	struct progress_menu *m = poll->data;
	char key;
	ssize_t n;
	size_t i;

	(void)events;
	n = status < 0 ? 0 : read(m->fd, &key, 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* the terminal went away: as HUP does, go on */
		choose(m, RUN_INT_CONTINUE);
		return;
	}
	for (i = 0; i < SL_COUNT(choices); i++) {
		if (choices[i].key == key) {
			choose(m, choices[i].answer);
			return;
		}
	}
}

static int prepare(struct progress_menu *m)
{
	struct termios raw;

	m->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (m->fd < 0)
		return -1;
	if (tcgetattr(m->fd, &m->before) < 0)
		return -1;
	raw = m->before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* ISIG stays: a second Ctrl-C leaves at once */
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(m->fd, TCSAFLUSH, &raw) < 0)
		return -1;
	if (uv_poll_init(uv_default_loop(), &m->poll, m->fd) == 0)
		return 0;
	tcsetattr(m->fd, TCSANOW, &m->before);
	return -1;
}

struct progress_menu *menu_open(bool ask, void (*chosen)(void *arg, enum run_interrupt answer),
				void *arg)
{
	struct progress_menu *m = sl_alloc(sizeof *m);

	m->fd = -1;
	m->chosen = chosen;
	m->arg = arg;
	if (prepare(m)) {
		if (m->fd >= 0)
			close(m->fd);
		free(m);
		return NULL;
	}
	m->poll.data = m;
	uv_poll_start(&m->poll, UV_READABLE, readable);
	/* A full terminal must not hold the run up: what does not fit is left out. */
	if (ask && write(m->fd, question, sizeof question - 1) < 0)
		errno = 0;
	return m;
}
