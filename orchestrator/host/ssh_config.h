/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ssh_config says about one host, as far as we serve it: Host, HostName, Port, User,
 * IdentityFile, IdentitiesOnly, UserKnownHostsFile, ConnectTimeout, Include, `Match all`. Any other
 * directive that would matter for this host is named in `beyond`: then the ssh program must do it.
 */
#ifndef SLUICE_HOST_SSH_CONFIG_H
#define SLUICE_HOST_SSH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct ssh_list {
	char **items; /* NULL-terminated once count > 0 */
	size_t count, cap;
};

struct ssh_config {
	char *hostname; /* NULL = as asked for */
	char *user;
	unsigned port;
	struct ssh_list identities;
	struct ssh_list known_hosts;
	bool known_hosts_set, identities_only, identities_only_set;
	int connect_timeout_s; /* 0 = not set */
	char *beyond;          /* "ProxyJump (/home/u/.ssh/config:12)"; NULL = all of it is ours */
};

void ssh_config_init(struct ssh_config *c);
void ssh_config_release(struct ssh_config *c);
void ssh_list_add(struct ssh_list *l, const char *item);

/* Read text as the content of `file` for the host as asked for; `home` and `folder` resolve ~ and
 * relative Includes. May be called for several files in turn: the first value wins. */
void ssh_config_parse(struct ssh_config *c, const char *host, const char *file, const char *folder,
		      const char *home, const char *text, size_t len);
/* `file` alone, or when NULL ~/.ssh/config and the system's. Files that are not there say nothing.
 */
void ssh_config_load(struct ssh_config *c, const char *host, const char *file, const char *home);
/* Replace % tokens and ~ now that host, port and user are final. Sets beyond for those we do not
 * know. */
void ssh_config_expand(struct ssh_config *c, const char *host, unsigned port, const char *user,
		       const char *home);
/* $HOME, else the password file's; never NULL. Borrowed. */
const char *ssh_home(void);
/* This user's name; never NULL. Borrowed until the next call. */
const char *ssh_local_user(void);

#endif
