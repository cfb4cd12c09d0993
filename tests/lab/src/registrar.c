// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps one instance registered in etcd until TERM:
 *     registrar ETCD ENVIRONMENT SERVICE HOST ADDRESS:PORT VERSION TTL
 * and says who may get traffic:
 *     registrar ETCD ENVIRONMENT SERVICE
 */
#include <signal.h>

#include "etcd.h"

static int find(char **argv)
{
	char found[1000][64];
	size_t count = lab_etcd_find(argv[1], argv[2], argv[3], found, 1000);

	for (size_t i = 0; i < count; i++)
		puts(found[i]);
	return count ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct lab_registrar r;
	char address[64];
	sigset_t set;
	int sig;
	const char *colon = argc == 8 ? strrchr(argv[5], ':') : NULL;

	if (argc == 4)
		return find(argv);
	if (!colon)
		lab_die("usage: registrar ETCD ENVIRONMENT SERVICE [HOST ADDRESS:PORT VERSION "
			"TTL]");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	snprintf(address, sizeof(address), "%.*s", (int)(colon - argv[5]), argv[5]);
	lab_registrar_start(&r, argv[1], argv[2], argv[3], argv[4], address,
			    (unsigned)strtoul(colon + 1, NULL, 10), argv[6],
			    (int)strtol(argv[7], NULL, 10));
	sigwait(&set, &sig);
	lab_registrar_stop(&r);
	return 0;
}
