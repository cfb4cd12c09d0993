/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/reach.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

const char *const reach_default_keys[] = {
	"id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk", NULL,
};

static void load_identities(struct reach *r, const struct transport_target *target,
			    const char *home)
{
	const char *const *named = target->identities;

	for (; named && *named; named++) {
		if (**named == '~' && (*named)[1] == '/') {
			char *path = sl_asprintf("%s%s", home, *named + 1);

			ssh_list_add(&r->identities, path);
			free(path);
		} else {
			ssh_list_add(&r->identities, *named);
		}
	}
	/* Who names a key means that one: a full agent would use up the server's patience first. */
	r->identities_only = r->identities.count > 0 || r->config.identities_only;
	for (size_t i = 0; i < r->config.identities.count; i++)
		ssh_list_add(&r->identities, r->config.identities.items[i]);
}

static void load_known(struct reach *r, const struct transport_target *target, const char *home)
{
	char *own;

	if (target->known_hosts) {
		own = *target->known_hosts == '~' && target->known_hosts[1] == '/'
			      ? sl_asprintf("%s%s", home, target->known_hosts + 1)
			      : sl_strdup(target->known_hosts);
		ssh_list_add(&r->known, own);
		free(own);
		return;
	}
	for (size_t i = 0; i < r->config.known_hosts.count; i++)
		ssh_list_add(&r->known, r->config.known_hosts.items[i]);
	if (!r->config.known_hosts_set) {
		own = sl_asprintf("%s/.ssh/known_hosts", home);
		ssh_list_add(&r->known, own);
		free(own);
		own = sl_asprintf("%s/.ssh/known_hosts2", home);
		ssh_list_add(&r->known, own);
		free(own);
	}
	ssh_list_add(&r->known, "/etc/ssh/ssh_known_hosts");
	ssh_list_add(&r->known, "/etc/ssh/ssh_known_hosts2");
}

void reach_load(struct reach *r, const struct transport_target *target)
{
	const char *home = ssh_home();
	struct ssh_config *c = &r->config;

	*r = (struct reach){0};
	ssh_config_init(c);
	ssh_config_load(c, target->address, target->config, home);
	r->port = target->port ? target->port : c->port ? c->port : 22;
	r->user = sl_strdup(target->user ? target->user : c->user ? c->user : ssh_local_user());
	ssh_config_expand(c, target->address, r->port, r->user, home);
	r->host = c->hostname ? c->hostname : target->address;
	load_identities(r, target, home);
	load_known(r, target, home);
	r->connect_timeout_ms = target->connect_timeout_ms > 0 ? target->connect_timeout_ms
				: c->connect_timeout_s > 0 ? c->connect_timeout_s * INT64_C(1000)
							   : 10000;
	if (target->jump && !c->beyond)
		c->beyond = sl_strdup("a jump host");
}

static void list_release(struct ssh_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct ssh_list){0};
}

void reach_release(struct reach *r)
{
	list_release(&r->identities);
	list_release(&r->known);
	free(r->user);
	ssh_config_release(&r->config);
}

static bool is_plain(const char *s)
{
	return !s || (*s && *s != '-' && !strpbrk(s, " \t\r\n'\"`\\$;&<>|(){}*?#!"));
}

/* Each hop of a list, and the host behind a user's name, becomes a word of a command line. */
static bool is_jump(const char *s)
{
	return !s || (is_plain(s) && !strstr(s, ",-") && !strstr(s, "@-") && !strstr(s, "/-"));
}

int reach_check(const struct transport_target *target, struct sl_error *e)
{
	if (!is_plain(target->address))
		return sl_fail(e, SL_EINPUT, "%s: \"%s\" is not an address", target->name,
			       target->address);
	if (!is_plain(target->user))
		return sl_fail(e, SL_EINPUT, "%s: \"%s\" is not a user name", target->name,
			       target->user);
	if (!is_jump(target->jump))
		return sl_fail(e, SL_EINPUT, "%s: \"%s\" is not a jump host", target->name,
			       target->jump);
	return SL_OK;
}
