/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that a run touches, each with what ssh must know to reach it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define SLUICE_DIR_DEFAULT "~/.sluice"

static const char *const driver_words[] = {
	[TRANSPORT_AUTO] = "auto",
	[TRANSPORT_LIBSSH2] = "libssh2",
	[TRANSPORT_OPENSSH] = "openssh",
	[TRANSPORT_LOCAL] = "local",
};

static enum transport_driver driver_of(struct maker *m, const struct inv_ssh *ssh)
{
	const char *near;

	if (!ssh->driver)
		return TRANSPORT_AUTO;
	for (size_t i = 0; i < SL_COUNT(driver_words); i++)
		if (!strcmp(driver_words[i], ssh->driver))
			return (enum transport_driver)i;
	near = sl_text_nearest(ssh->driver, driver_words, SL_COUNT(driver_words));
	diags_error(m->d, ssh->at,
		    "unknown driver '%s' (expected auto, libssh2, openssh or local)%s%s%s",
		    ssh->driver, near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
	return TRANSPORT_AUTO;
}

/* Such words become arguments of ssh: nothing in them may read as an option or end the word. */
static bool word_is_sound(const char *word)
{
	if (!*word || *word == '-' || !sl_text_is_clean(word, strlen(word)))
		return false;
	return !strpbrk(word, " \t'\"`$\\;&|<>(){}*?!");
}

static const char *sound_word(struct maker *m, const char *word, const char *what,
			      struct diag_at at)
{
	if (!word || word_is_sound(word))
		return word;
	diags_error(m->d, at, "%s '%s': not usable as a word of ssh's command line", what, word);
	return NULL;
}

static const char *address_of(struct maker *m, const char *address, const char *what,
			      struct diag_at at)
{
	bool sound = *address && *address != '-' && strlen(address) <= 253;

	for (const char *c = address; *c; c++)
		sound = sound && (isalnum((unsigned char)*c) || strchr("._:%-", *c));
	if (!sound)
		diags_error(m->d, at, "%s '%s' is no host name or address", what, address);
	return address;
}

static const char *const *identities_of(struct maker *m, const struct inv_ssh *ssh)
{
	const char **files;

	if (!ssh->identities.count)
		return NULL;
	files = pb_arena_array(&m->rs->arena, ssh->identities.count + 1, sizeof *files);
	for (size_t i = 0; i < ssh->identities.count; i++)
		files[i] = path_from(&m->rs->arena, m->rs->resolved.inventory->folder,
				     ssh->identities.items[i]);
	return files;
}

static const char *ssh_file(struct maker *m, const char *path)
{
	return path ? path_from(&m->rs->arena, m->rs->resolved.inventory->folder, path) : NULL;
}

/* A jump host that the inventory knows is reached as the inventory says; and not through itself. */
static const char *jump_of(struct maker *m, const char *jump, const char *name, struct diag_at at)
{
	const struct index_host *known;
	struct inv_ssh ssh;
	long host;

	jump = sound_word(m, jump, "jump", at);
	if (!jump || !strcmp(jump, name))
		return NULL;
	host = index_host_find(m->index, jump);
	if (host < 0)
		return jump;
	known = index_host(m->index, (size_t)host);
	merge_ssh(&m->merge, (size_t)host, &ssh);
	if (!(known->own && known->own->address) && !ssh.port && !ssh.user)
		return jump;
	jump = known->own && known->own->address ? known->own->address : jump;
	if (strchr(jump, ':'))
		jump = pb_arena_printf(&m->rs->arena, "[%s]", jump);
	if (ssh.port)
		jump = pb_arena_printf(&m->rs->arena, "%s:%u", jump, (unsigned)ssh.port);
	return ssh.user ? pb_arena_printf(&m->rs->arena, "%s@%s", ssh.user, jump) : jump;
}

static void make_target(struct maker *m, struct rs_host *h, const struct inv_ssh *ssh)
{
	h->target = (struct transport_target){
		.name = h->name,
		.address = h->address,
		.port = (unsigned)ssh->port,
		.user = sound_word(m, ssh->user, "user", ssh->at),
		.jump = jump_of(m, ssh->jump, h->name, ssh->at),
		.identities = identities_of(m, ssh),
		.known_hosts = ssh_file(m, ssh->known_hosts),
		.config = ssh_file(m, ssh->config),
		.driver = driver_of(m, ssh),
		.connect_timeout_ms = ssh->connect_timeout_ms,
		.command_timeout_ms = ssh->command_timeout_ms,
	};
}

static const char *sluice_dir_of(struct maker *m, const struct inv_host *own)
{
	const char *dir = own && own->sluice_dir ? own->sluice_dir : SLUICE_DIR_DEFAULT;

	if (!path_is_sound(sl_text_starts(dir, "~/") ? dir + 1 : dir, false))
		diags_error(m->d, own->at,
			    "sluiceDir '%s': expected an absolute path, or one below ~/", dir);
	return dir;
}

static void make_host(struct maker *m, struct rs_host *h, struct host_vars *vars, size_t host)
{
	const struct index_host *from = index_host(m->index, host);
	const struct inv_host *own = from->own;
	struct rs_label *labels;
	struct inv_ssh ssh;

	h->name = pb_arena_strdup(&m->rs->arena, from->name);
	h->address = address_of(m, own && own->address ? own->address : h->name, "address",
				own ? own->at : from->at);
	h->service_address = own && own->service_address ? address_of(m, own->service_address,
								      "serviceAddress", own->at)
							 : h->address;
	h->sluice_dir = sluice_dir_of(m, own);
	labels = merge_labels(&m->merge, host, &h->label_count);
	h->labels = pb_arena_array(&m->rs->arena, h->label_count + 1, sizeof *labels);
	memcpy(h->labels, labels, h->label_count * sizeof *labels);
	free(labels);
	labels = merge_vars(&m->merge, host, &vars->count);
	vars->items = pb_arena_array(&m->rs->arena, vars->count + 1, sizeof *labels);
	memcpy(vars->items, labels, vars->count * sizeof *labels);
	free(labels);
	merge_ssh(&m->merge, host, &ssh);
	make_target(m, h, &ssh);
}

void make_hosts(struct maker *m)
{
	struct resolved *r = &m->rs->resolved;
	size_t n = index_host_count(m->index), count = 0;

	m->position = sl_alloc_n(n + 1, sizeof *m->position);
	for (size_t h = 0; h < n; h++)
		count += m->touched[h];
	r->hosts = pb_arena_array(&m->rs->arena, count + 1, sizeof *r->hosts);
	m->rs->vars = pb_arena_array(&m->rs->arena, count + 1, sizeof *m->rs->vars);
	for (size_t h = 0; h < n; h++) {
		m->position[h] = -1;
		if (!m->touched[h])
			continue;
		m->position[h] = (long)r->host_count;
		r->hosts[r->host_count].index = r->host_count;
		make_host(m, &r->hosts[r->host_count], &m->rs->vars[r->host_count], h);
		r->host_count++;
	}
}
