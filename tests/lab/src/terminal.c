// SPDX-License-Identifier: Apache-2.0
/*
 * Gives a command a terminal of its own, for tests of what a person sees:
 *     terminal COMMAND [ARGUMENT...]
 * Standard input is typed there, what it shows goes to standard output, its exit code is ours.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab.h"

static void all_out(int fd, const char *bytes, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, (size_t)n);

		if (done < 0 && errno != EINTR)
			return;
		bytes += done > 0 ? done : 0;
		n -= done > 0 ? done : 0;
	}
}

/* False = there is nothing more to come. */
static int pass_on(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof(bytes));

	if (n > 0)
		all_out(to, bytes, n);
	return n > 0 || (n < 0 && errno == EINTR);
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 36, .ws_col = 120};
	struct pollfd fds[2] = {{.fd = -1, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	int status;
	pid_t child;

	if (argc < 2)
		lab_die("usage: terminal COMMAND [ARGUMENT...]");
	child = forkpty(&fds[0].fd, NULL, NULL, &size);
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0)
		lab_die("no terminal to be had");
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && !pass_on(0, fds[0].fd))
			fds[1].fd = -1; /* nobody types any more */
		if (fds[0].revents && !pass_on(fds[0].fd, 1))
			break;
	}
	if (waitpid(child, &status, 0) != child)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
