// SPDX-License-Identifier: Apache-2.0
// The inventory by itself: names, members, cycles.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/inventory_doc.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define GROUPS_MAX 2000

#define HOST_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

const struct inv_group *inv_group_find(const struct inventory_file *f, const char *name)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (!strcmp(f->groups[i].name, name))
			return &f->groups[i];
	return NULL;
}

const struct inv_host *inv_host_find(const struct inventory_file *f, const char *name)
{
	for (size_t i = 0; i < f->host_count; i++)
		if (!strcmp(f->hosts[i].name, name))
			return &f->hosts[i];
	return NULL;
}

bool inv_is_reserved(const char *name)
{
	return !strcmp(name, "all") || !strcmp(name, "one") || !strcmp(name, "local");
}

/* "[01:06]" at s; its length, 0 when it is none. */
static size_t range_length(const char *s)
{
	size_t from = strspn(s + 1, "0123456789"), to;
	long first, last;

	if (!from || from > 9 || s[1 + from] != ':')
		return 0;
	to = strspn(s + 2 + from, "0123456789");
	if (!to || to > 9 || s[2 + from + to] != ']')
		return 0;
	first = strtol(s + 1, NULL, 10);
	last = strtol(s + 2 + from, NULL, 10);
	return first <= last && last - first < 10000 ? from + to + 3 : 0;
}

bool inv_host_text_ok(const char *text, bool range)
{
	const char *p = text;

	if (!*p || *p == '-' || *p == '.' || strlen(p) > 253)
		return false;
	while (*p) {
		size_t n = strspn(p, HOST_CHARS);

		if (!n && *p == '[' && range)
			n = range_length(p);
		if (!n)
			return false;
		p += n;
	}
	return true;
}

/* An address may be IPv6. What begins with '-' would be an option of some program. */
static bool is_address(const char *s)
{
	return *s && *s != '-' && strlen(s) <= 253 && !s[strspn(s, HOST_CHARS ":%")];
}

/* Users and jump hosts become arguments of ssh. */
static bool is_login(const char *s)
{
	return *s && *s != '-' && strlen(s) <= 512 && !s[strspn(s, HOST_CHARS "@:[]%,+$\\")];
}

static void bad_host(struct inv_doc *doc, struct diag_at at, const char *name)
{
	diags_error(doc->d, at, "'%s' is no host name%s", name,
		    name[0] == '-' ? ": it must not begin with '-'"
				   : ": letters, digits, '.', '_', '-', and ranges like oa[01:06]");
}

static void check_ssh(struct inv_doc *doc, const struct inv_ssh *ssh, const struct pb_node *n)
{
	const struct pb_node *user = pb_get(n, "user"), *jump = pb_get(n, "jump");

	if (ssh->user && !is_login(ssh->user))
		diags_error(doc->d, user->at, "'%s' is no user name", ssh->user);
	if (ssh->jump && !is_login(ssh->jump))
		diags_error(doc->d, jump->at, "'%s' is no jump host: [user@]host[:port]",
			    ssh->jump);
}

static void check_pair_names(struct inv_doc *doc, const struct pb_node *pairs)
{
	if (!pairs || pairs->type != PB_MAP)
		return;
	for (const struct pb_node *n = pairs->first; n; n = n->next)
		if (!sl_text_is_name(n->key))
			diags_error(doc->d, n->key_at,
				    "'%s' cannot be a name: letters, digits, '.', '_', '+' and "
				    "'-', at most 64",
				    n->key);
}

/* --- groups --- */

static void unknown_member(struct inv_doc *doc, const char *name, struct diag_at at)
{
	const char **names = sl_alloc_n(doc->f.group_count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < doc->f.group_count; i++)
		names[i] = doc->f.groups[i].name;
	near = pb_near(name, names, doc->f.group_count);
	if (near)
		diags_error(doc->d, at, "no group is named '%s' (did you mean '%s'?)", name, near);
	else
		diags_error(doc->d, at, "no group is named '%s'", name);
	free(names);
}

static void check_from_registry(struct inv_doc *doc, const struct pb_node *n)
{
	const struct pb_node *from = pb_get(n, "fromRegistry"), *registries;

	if (!from)
		return;
	registries = pb_get(doc->f.root, "registries");
	if (from->type == PB_SCALAR && from->text && !pb_get(registries, from->text))
		diags_error(doc->d, from->at, "no registry is named '%s'", from->text);
	if (!pb_get(n, "service"))
		diags_error(doc->d, from->key_at, "'service' is missing in groups.%s", n->key);
	if (pb_get(n, "hosts") || pb_get(n, "groups"))
		diags_error(doc->d, from->key_at,
			    "'fromRegistry' beside hosts or groups in groups.%s: only one of them",
			    n->key);
}

static void check_group(struct inv_doc *doc, const struct inv_group *g, const struct pb_node *n)
{
	if (inv_is_reserved(g->name))
		diags_error(doc->d, g->at, "'%s' has a meaning of its own; choose another name",
			    g->name);
	if (inv_host_find(&doc->f, g->name))
		diags_error(doc->d, g->at, "'%s' is also a host; choose another name", g->name);
	for (size_t i = 0; i < g->hosts.count; i++)
		if (!inv_host_text_ok(g->hosts.items[i], true))
			bad_host(doc, g->hosts.at[i], g->hosts.items[i]);
	for (size_t i = 0; i < g->groups.count; i++)
		if (!inv_group_find(&doc->f, g->groups.items[i]))
			unknown_member(doc, g->groups.items[i], g->groups.at[i]);
	check_from_registry(doc, n);
	check_ssh(doc, &g->ssh, n);
	check_pair_names(doc, pb_get(n, "labels"));
	check_pair_names(doc, pb_get(n, "vars"));
}

/* Depth first; a group that is met while still open contains itself. */
enum mark { UNSEEN, OPEN, DONE };

static void walk_members(struct inv_doc *doc, size_t index, enum mark *marks)
{
	const struct inv_group *g = &doc->f.groups[index];

	marks[index] = OPEN;
	for (size_t i = 0; i < g->groups.count; i++) {
		const struct inv_group *member = inv_group_find(&doc->f, g->groups.items[i]);
		size_t at = member ? (size_t)(member - doc->f.groups) : 0;

		if (!member || marks[at] == DONE)
			continue;
		if (marks[at] == OPEN)
			diags_error(doc->d, g->groups.at[i], "group '%s' contains itself",
				    member->name);
		else
			walk_members(doc, at, marks);
	}
	marks[index] = DONE;
}

/* --- hosts --- */

static void check_address(struct inv_doc *doc, const struct pb_node *n, const char *key)
{
	const struct pb_node *v = pb_get(n, key);

	if (v && v->type == PB_SCALAR && v->text && !is_address(v->text))
		diags_error(doc->d, v->at, "'%s' takes a host name or an IP address, not '%s'", key,
			    v->text);
}

static void check_host(struct inv_doc *doc, const struct inv_host *h, const struct pb_node *n)
{
	if (inv_is_reserved(h->name))
		diags_error(doc->d, h->at, "'%s' has a meaning of its own; choose another name",
			    h->name);
	else if (!inv_host_text_ok(h->name, false))
		bad_host(doc, h->at, h->name);
	check_address(doc, n, "address");
	check_address(doc, n, "serviceAddress");
	if (h->sluice_dir && h->sluice_dir[0] != '/')
		diags_error(doc->d, pb_get(n, "sluiceDir")->at,
			    "'sluiceDir' takes an absolute path, not '%s'", h->sluice_dir);
	check_ssh(doc, &h->ssh, n);
	check_pair_names(doc, pb_get(n, "labels"));
	check_pair_names(doc, pb_get(n, "vars"));
}

void inv_doc_check(struct inv_doc *doc)
{
	const struct pb_node *groups = pb_get(doc->f.root, "groups");
	const struct pb_node *hosts = pb_get(doc->f.root, "hosts");
	enum mark *marks;

	/* Members are looked up one by one, and walked by recursion. */
	if (doc->f.group_count > GROUPS_MAX) {
		diags_error(doc->d, pb_get(doc->f.root, "groups")->key_at, "more than %d groups",
			    GROUPS_MAX);
		return;
	}
	marks = sl_alloc_n(doc->f.group_count + 1, sizeof *marks);

	check_ssh(doc, &doc->f.ssh, pb_get(doc->f.root, "ssh"));
	for (size_t i = 0; i < doc->f.group_count; i++)
		check_group(doc, &doc->f.groups[i], pb_get(groups, doc->f.groups[i].name));
	for (size_t i = 0; i < doc->f.host_count; i++)
		check_host(doc, &doc->f.hosts[i], pb_get(hosts, doc->f.hosts[i].name));
	for (size_t i = 0; i < doc->f.group_count; i++)
		if (marks[i] == UNSEEN)
			walk_members(doc, i, marks);
	free(marks);
}
