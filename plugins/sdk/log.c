/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sdk/text.h"

static int log_fd = -1; /* -1 = standard error */
static int log_level = -1;

static const char *const level_names[] = {
	[SL_LOG_ERROR] = "error",
	[SL_LOG_WARN] = "warning",
	[SL_LOG_INFO] = "info",
	[SL_LOG_DEBUG] = "debug",
};

void sl_log_set_level(enum sl_log_level level)
{
	log_level = (int)level;
}

void sl_log_set_fd(int fd)
{
	log_fd = fd;
}

/* A stopped terminal or a full pipe must not stop a run: a line that does not go out at once is
 * lost. poll says whether a write of up to PIPE_BUF bytes would block. */
static void log_write(int fd, const char *line, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	ssize_t n;

	if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
		return;
	do
		n = write(fd, line, len);
	while (n < 0 && errno == EINTR);
}

void sl_log(enum sl_log_level level, const char *fmt, ...)
{
	char raw[2048], line[2048];
	size_t head, len;
	va_list ap;
	int saved = errno;

	if ((int)level > log_level || (unsigned)level >= sizeof level_names / sizeof *level_names)
		return;
	va_start(ap, fmt);
	if (vsnprintf(raw, sizeof raw, fmt, ap) < 0)
		raw[0] = '\0';
	va_end(ap);
	head = (size_t)snprintf(line, sizeof line, "sluice: %s: ", level_names[level]);
	len = head + sl_text_clean(line + head, sizeof line - head - 1, raw, strlen(raw), false);
	line[len++] = '\n';
	log_write(log_fd < 0 ? STDERR_FILENO : log_fd, line, len);
	errno = saved;
}
