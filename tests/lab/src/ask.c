// SPDX-License-Identifier: Apache-2.0
/*
 * One line to a socket, for scripts: ask ADDRESS 'show stat' sends the line and prints what comes
 * until the other side closes. ADDRESS is a unix path or ADDRESS:PORT. Without a line it only
 * connects: exit 0 = somebody listens.
 */
#include <poll.h>

#include "lab.h"

int main(int argc, char **argv)
{
	struct lab_buf in = {0};
	struct pollfd p = {.events = POLLOUT};
	int error = 0, rc = 1;
	socklen_t len = sizeof(error);
	char line[4096];

	if (argc < 2 || argc > 3)
		lab_die("usage: ask ADDRESS [LINE]");
	p.fd = lab_connect(argv[1]);
	if (p.fd < 0 || poll(&p, 1, 2000) != 1 ||
	    getsockopt(p.fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error)
		return 2;
	if (argc == 2)
		return 0;
	snprintf(line, sizeof(line), "%s\n", argv[2]);
	if (send(p.fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return 2;
	p.events = POLLIN;
	while (rc >= 0 && poll(&p, 1, 3000) == 1)
		rc = lab_read(p.fd, &in);
	if (in.len)
		fwrite(in.data, 1, in.len, stdout);
	return rc < 0 && errno == 0 ? 0 : 1;
}
