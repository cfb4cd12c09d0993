/* SPDX-License-Identifier: Apache-2.0 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "orchestrator/host/openssh.h"
#include "plugins/sdk/mem.h"

/* What holds for every master, whatever the configuration says. */
static const char *const master_options[] = {
	"ControlPersist=no",         "BatchMode=yes",          "ForkAfterAuthentication=no",
	"ClearAllForwardings=yes",   "ForwardAgent=no",        "ForwardX11=no",
	"PermitLocalCommand=yes",    "RemoteCommand=none",     "RequestTTY=no",
	"UpdateHostKeys=no",         "ServerAliveInterval=15", "ServerAliveCountMax=3",
	"StreamLocalBindUnlink=yes",
};

static void add_option(struct ssh_list *a, const char *option)
{
	ssh_list_add(a, "-o");
	ssh_list_add(a, option);
}

/* A file name as ssh_config takes it: quoted, and without tokens to expand. */
static char *quote_file(const char *file)
{
	char *out = sl_alloc(strlen(file) * 2 + 3), *p = out;

	*p++ = '"';
	for (; *file; file++) {
		if (*file == '%')
			*p++ = '%';
		*p++ = *file;
	}
	*p = '"';
	return out;
}

/*
 * Runs when the master listens, and says so with an empty line. What it leaves behind waits for the
 * end of standard input: should we die without a word, the master is told to go.
 */
static void add_local_command(struct ssh_list *a, const char *socket)
{
	char *option = sl_asprintf("LocalCommand=exec /bin/sh -c 'echo; exec 3<&0; (cat <&3; exec "
				   "ssh -F none -S %s -O exit master) >/dev/null 2>&1 &'",
				   socket);

	add_option(a, option);
	free(option);
}

static void add_known(struct ssh_list *a, const struct ssh_list *files, const char *accept_into)
{
	char *value = sl_strdup("UserKnownHostsFile="), *next, *quoted;

	if (accept_into) {
		next = sl_asprintf("%s%s ", value, accept_into);
		free(value);
		value = next;
	}
	for (size_t i = 0; i < files->count; i++) {
		if (strncmp(files->items[i], "/etc/ssh/", 9) == 0)
			continue;
		quoted = quote_file(files->items[i]);
		next = sl_asprintf("%s%s ", value, quoted);
		free(quoted);
		free(value);
		value = next;
	}
	add_option(a, value);
	free(value);
}

static void add_identity(struct ssh_list *a, const char *file)
{
	char *quoted = quote_file(file);
	char *option = sl_asprintf("IdentityFile=%s", quoted);

	add_option(a, option);
	free(option);
	free(quoted);
}

/* ssh takes ~ from the password file; ours follows $HOME. Where they differ, say it all. */
static bool home_differs(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return !pw || strcmp(pw->pw_dir, ssh_home()) != 0;
}

static void add_home(struct ssh_list *a, const struct transport_target *target,
		     const struct reach *r)
{
	const char *home = ssh_home();
	char *file;

	if (target->config || !home_differs())
		return;
	file = sl_asprintf("%s/.ssh/config", home);
	ssh_list_add(a, "-F");
	ssh_list_add(a, access(file, R_OK) == 0 ? file : "none");
	free(file);
	if (r->identities.count)
		return;
	for (const char *const *key = reach_default_keys; *key; key++) {
		file = sl_asprintf("%s/.ssh/%s", home, *key);
		if (access(file, R_OK) == 0)
			add_identity(a, file);
		free(file);
	}
}

static void add_target(struct ssh_list *a, const struct transport_target *target)
{
	char number[32];

	if (target->config) {
		ssh_list_add(a, "-F");
		ssh_list_add(a, target->config);
	}
	if (target->port) {
		snprintf(number, sizeof number, "%u", target->port);
		ssh_list_add(a, "-p");
		ssh_list_add(a, number);
	}
	if (target->user) {
		ssh_list_add(a, "-l");
		ssh_list_add(a, target->user);
	}
	if (target->jump) {
		ssh_list_add(a, "-J");
		ssh_list_add(a, target->jump);
	}
	for (const char *const *i = target->identities; i && *i; i++)
		add_identity(a, *i);
	if (target->identities && *target->identities)
		add_option(a, "IdentitiesOnly=yes");
}

char **openssh_master_args(const struct transport_target *target, const struct reach *r,
			   const char *socket, const char *accept_into)
{
	struct ssh_list a = {0};
	char *timeout =
		sl_asprintf("ConnectTimeout=%d", (int)((r->connect_timeout_ms + 999) / 1000));

	ssh_list_add(&a, "ssh");
	ssh_list_add(&a, "-v");
	ssh_list_add(&a, "-M");
	ssh_list_add(&a, "-N");
	ssh_list_add(&a, "-S");
	ssh_list_add(&a, socket);
	add_target(&a, target);
	add_home(&a, target, r);
	for (size_t i = 0; i < SL_COUNT(master_options); i++)
		add_option(&a, master_options[i]);
	add_local_command(&a, socket);
	add_option(&a, timeout);
	add_option(&a,
		   accept_into ? "StrictHostKeyChecking=accept-new" : "StrictHostKeyChecking=yes");
	if (accept_into)
		add_option(&a, "HashKnownHosts=no");
	if (target->known_hosts || accept_into || home_differs())
		add_known(&a, &r->known, accept_into);
	if (target->known_hosts)
		add_option(&a, "GlobalKnownHostsFile=none");
	ssh_list_add(&a, "--");
	ssh_list_add(&a, target->address);
	free(timeout);
	return a.items;
}

/* As the driver's master would connect, but for a person: it may ask. */
char **transport_shell_args(const struct transport_target *target)
{
	struct ssh_list a = {0};
	struct sl_error e;
	struct reach r;

	if (target->driver == TRANSPORT_LOCAL) {
		ssh_list_add(&a, "/bin/sh");
		ssh_list_add(&a, "-i");
		return a.items;
	}
	if (reach_check(target, &e))
		return NULL;
	reach_load(&r, target);
	ssh_list_add(&a, "ssh");
	add_target(&a, target);
	add_home(&a, target, &r);
	add_option(&a, "ForwardAgent=no");
	add_option(&a, "ClearAllForwardings=yes");
	add_option(&a, "ServerAliveInterval=15");
	add_option(&a, "StrictHostKeyChecking=ask");
	if (target->known_hosts || home_differs())
		add_known(&a, &r.known, NULL);
	if (target->known_hosts)
		add_option(&a, "GlobalKnownHostsFile=none");
	ssh_list_add(&a, "-t");
	ssh_list_add(&a, "--");
	ssh_list_add(&a, target->address);
	reach_release(&r);
	return a.items;
}

void transport_shell_args_free(char **args)
{
	openssh_args_free(args);
}

/* Should the master be gone, `false` keeps ssh from connecting by itself. */
char **openssh_client_args(const char *socket, const char *const *what, const char *command)
{
	struct ssh_list a = {0};

	ssh_list_add(&a, "ssh");
	ssh_list_add(&a, "-F");
	ssh_list_add(&a, "none");
	ssh_list_add(&a, "-S");
	ssh_list_add(&a, socket);
	add_option(&a, "ProxyCommand=false");
	add_option(&a, "BatchMode=yes");
	for (; what && *what; what++)
		ssh_list_add(&a, *what);
	ssh_list_add(&a, "--");
	ssh_list_add(&a, "master");
	if (command)
		ssh_list_add(&a, command);
	return a.items;
}

void openssh_args_free(char **args)
{
	for (char **p = args; *p; p++)
		free(*p);
	free(args);
}
