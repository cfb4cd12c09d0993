// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps one instance registered in etcd until TERM:
 *     registrar ETCD ENVIRONMENT SERVICE HOST ADDRESS:PORT VERSION TTL
 * and says who may get traffic:
 *     registrar ETCD ENVIRONMENT SERVICE
 */
#include <signal.h>

#include "registry.h"

static int find(struct lab_member *m)
{
	struct lab_callee found[LAB_CALLEES];
	long count = lab_registry_find(m, found, LAB_CALLEES);

	for (long i = 0; i < count; i++)
		puts(found[i].address);
	return count > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static struct lab_member m = {.registry = {.kind = LAB_ETCD}};
	struct lab_instance *i = &m.instance;
	sigset_t set;
	int sig;
	const char *colon = argc == 8 ? strrchr(argv[5], ':') : NULL;

	if (!colon && argc != 4)
		lab_die("usage: registrar ETCD ENVIRONMENT SERVICE [HOST ADDRESS:PORT VERSION "
			"TTL]");
	snprintf(m.registry.address, sizeof(m.registry.address), "%s", argv[1]);
	snprintf(m.registry.environment, sizeof(m.registry.environment), "%s", argv[2]);
	if (argc == 4) {
		snprintf(m.callee, sizeof(m.callee), "%s", argv[3]);
		return find(&m);
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	snprintf(i->service, sizeof(i->service), "%s", argv[3]);
	snprintf(i->host, sizeof(i->host), "%s", argv[4]);
	snprintf(i->address, sizeof(i->address), "%.*s", (int)(colon - argv[5]), argv[5]);
	i->port = (unsigned)strtoul(colon + 1, NULL, 10);
	snprintf(i->version, sizeof(i->version), "%s", argv[6]);
	m.ttl = (int)strtol(argv[7], NULL, 10);
	lab_member_start(&m);
	sigwait(&set, &sig);
	lab_ticker_stop(&m.ticker);
	return 0;
}
