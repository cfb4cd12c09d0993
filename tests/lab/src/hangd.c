// SPDX-License-Identifier: Apache-2.0
/*
 * A server that is no help: hangd ADDRESS:PORT [hang|banner|close|garbage]. It accepts and says
 * nothing; or says an SSH banner and then nothing; or closes at once; or sends garbage without end.
 */
#include <poll.h>
#include <signal.h>

#include "lab.h"

static void treat(int fd, const char *how)
{
	static const char banner[] = "SSH-2.0-OpenSSH_9.2p1 hang\r\n";
	static char garbage[65536];
	ssize_t n;

	if (strcmp(how, "close") == 0) {
		close(fd);
		return;
	}
	memset(garbage, '\033', sizeof(garbage));
	if (strcmp(how, "banner") == 0)
		n = write(fd, banner, sizeof(banner) - 1);
	else if (strcmp(how, "garbage") == 0)
		n = write(fd, garbage, sizeof(garbage));
	else
		return; /* kept open, never read */
	if (n < 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct pollfd p = {.events = POLLIN};

	if (argc < 2)
		lab_die("usage: hangd ADDRESS:PORT [hang|banner|close|garbage]");
	signal(SIGPIPE, SIG_IGN);
	p.fd = lab_listen(argv[1]);
	if (p.fd < 0)
		lab_die("hangd: %s: %s", argv[1], strerror(errno));
	while (poll(&p, 1, -1) >= 0 || errno == EINTR) {
		int fd = accept4(p.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			treat(fd, argc > 2 ? argv[2] : "hang");
	}
	return 1;
}
