// SPDX-License-Identifier: Apache-2.0
/*
 * One GET, for scripts: get [-h HEADER] [-H 'NAME: VALUE'] [-t MS] ADDRESS:PORT/PATH prints the
 * body, or with -h the value of one header of the answer. Exit 0: status 200-399; 1: another
 * status; 2: no answer.
 */
#include <poll.h>

#include "lab.h"

static bool wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = until - lab_now();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static long exchange(int fd, struct lab_buf *out, struct lab_buf *in, long *head, int64_t until)
{
	long whole = 0;
	int rc = 0;

	while (out->len && rc >= 0 && wait_for(fd, POLLOUT, until))
		rc = lab_write(fd, out);
	while (rc >= 0 && whole == 0 && wait_for(fd, POLLIN, until)) {
		rc = lab_read(fd, in);
		whole = in->len ? lab_http_whole(in, head) : 0;
	}
	return whole;
}

int main(int argc, char **argv)
{
	const char *show = NULL, *header = NULL, *slash;
	struct lab_buf in = {0}, out = {0};
	char address[128], value[1024] = "";
	long head, whole, ms = 2000;
	int o, fd, status;

	while ((o = getopt(argc, argv, "h:H:t:")) != -1) {
		if (o == 'h')
			show = optarg;
		else if (o == 'H')
			header = optarg;
		else if (o == 't')
			ms = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (optind + 1 != argc)
		lab_die("usage: get [-h HEADER] [-H 'NAME: VALUE'] [-t MS] ADDRESS:PORT/PATH");
	slash = strchr(argv[optind], '/');
	snprintf(address, sizeof(address), "%.*s", (int)strcspn(argv[optind], "/"), argv[optind]);
	lab_buf_addf(&out, "GET %s HTTP/1.1\r\nhost: %s\r\nconnection: close\r\n%s%s\r\n",
		     slash ? slash : "/", address, header ? header : "", header ? "\r\n" : "");
	fd = lab_connect(address);
	if (fd < 0)
		return 2;
	whole = exchange(fd, &out, &in, &head, lab_now() + ms);
	if (whole <= 0)
		return 2;
	status = lab_http_status(&in);
	if (show && lab_http_header(&in, head, show, value, sizeof(value)))
		puts(value);
	if (!show)
		fwrite(in.data + head, 1, (size_t)(whole - head), stdout);
	return status >= 200 && status < 400 ? 0 : 1;
}
