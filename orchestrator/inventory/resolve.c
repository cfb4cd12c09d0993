/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts a run touches, and what its services are called; then hosts and instances are made.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define FANOUT_DEFAULT 30

static struct diag_at file_at(const struct inventory_file *f)
{
	return (struct diag_at){.file = f->root ? f->root->at.file : 0};
}

static bool is_reserved(const char *selector)
{
	return !strcmp(selector, "local") || !strcmp(selector, "one") || !strcmp(selector, "all");
}

/* --- which hosts --- */

static void mark_service(struct maker *m, size_t at)
{
	const struct pb_service *s = &m->rs->resolved.playbook->services[at];
	size_t n = index_host_count(m->index), found = 0;
	bool *marks = m->service_hosts + at * n, ok = true;

	for (size_t i = 0; i < s->hosts.count; i++)
		ok = index_select(m->index, s->hosts.items[i], marks, "hosts", s->hosts.at[i],
				  m->d) &&
		     ok;
	for (size_t h = 0; h < n; h++) {
		found += marks[h];
		m->touched[h] = m->touched[h] || marks[h];
	}
	if (ok && !found)
		diags_error(m->d, s->at, "service '%s' has no hosts", s->name);
}

static void mark_router(struct maker *m, const struct pb_router_use *use)
{
	const struct inventory_file *f = m->rs->resolved.inventory;
	const struct inv_backend *b = NULL;
	const struct pb_node *hosts;

	for (size_t i = 0; i < f->backend_count && use->use; i++)
		if (f->backends[i].kind == INV_ROUTER && !strcmp(f->backends[i].name, use->use))
			b = &f->backends[i];
	hosts = b && b->settings ? pb_get(b->settings, "hosts") : NULL;
	if (!hosts)
		return;
	if (hosts->type == PB_SCALAR && hosts->text)
		index_select(m->index, hosts->text, m->touched, "hosts", hosts->at, m->d);
	for (const struct pb_node *it = hosts->first; it; it = it->next)
		if (it->type == PB_SCALAR && it->text)
			index_select(m->index, it->text, m->touched, "hosts", it->at, m->d);
}

static void mark_runs(struct maker *m, const struct pb_strategy *st)
{
	for (size_t i = 0; i < st->step_count; i++) {
		const struct pb_strings *hosts = &st->steps[i].run.hosts;

		if (st->steps[i].kind != PB_STEP_RUN)
			continue;
		for (size_t k = 0; k < hosts->count; k++)
			if (!is_reserved(hosts->items[k]))
				index_select(m->index, hosts->items[k], m->touched, "hosts",
					     hosts->at[k], m->d);
	}
}

static void mark_hosts(struct maker *m)
{
	const struct playbook *p = m->rs->resolved.playbook;
	size_t n = index_host_count(m->index);

	m->touched = sl_alloc_n(n + 1, sizeof *m->touched);
	m->service_hosts = sl_alloc_n(n * p->service_count + 1, sizeof *m->service_hosts);
	for (size_t i = 0; i < p->service_count; i++) {
		mark_service(m, i);
		mark_router(m, &p->services[i].router);
	}
	mark_runs(m, &p->strategy);
}

/* --- --limit --- */

static void mark_limit(struct maker *m, const char *limit, bool *marks)
{
	struct diag_at at = file_at(m->rs->resolved.inventory);

	while (*limit) {
		size_t len = strcspn(limit, ","), lead = strspn(limit, " ");
		char *word;

		lead = lead < len ? lead : len;
		word = sl_strndup(limit + lead, len - lead);
		for (size_t k = strlen(word); k && word[k - 1] == ' '; k--)
			word[k - 1] = '\0';
		index_select(m->index, word, marks, "--limit", at, m->d);
		free(word);
		limit += len;
		limit += *limit == ',';
	}
}

static void apply_limit(struct maker *m, const char *limit)
{
	struct resolved *r = &m->rs->resolved;
	size_t left = 0, errors = diags_errors(m->d);
	bool *marks;

	r->limited = pb_arena_array(&m->rs->arena, r->instance_count + 1, sizeof *r->limited);
	if (!limit)
		return;
	marks = sl_alloc_n(index_host_count(m->index) + 1, sizeof *marks);
	mark_limit(m, limit, marks);
	for (size_t i = 0; i < r->instance_count; i++) {
		r->limited[i] = !marks[index_host_find(m->index, r->instances[i].host->name)];
		left += !r->limited[i];
	}
	free(marks);
	if (!left && r->instance_count && diags_errors(m->d) == errors)
		diags_error(m->d, file_at(r->inventory), "--limit '%s' leaves no instance of '%s'",
			    limit, r->playbook->services[0].name);
}

/* --- what the services are --- */

static void make_version(struct maker *m, size_t at)
{
	const struct pb_service *s = &m->rs->resolved.playbook->services[at];
	/* $(version) in a service's own version is the variable. */
	struct scope scope = {.playbook = m->rs->resolved.playbook, .service = s->name};
	char *version = text_at(m, &scope, &s->version);

	if (version && !sl_text_is_name(version)) {
		diags_error(m->d, s->version.at,
			    "'%s' is no version (expected 1 to 64 of A-Z a-z 0-9 . _ + -)",
			    version);
		version = NULL;
	}
	m->rs->versions[at] = version;
}

static char *make_sha256(struct maker *m, const struct pb_service *s)
{
	struct scope scope = {.playbook = m->rs->resolved.playbook, .service = s->name};
	char *sha = text_at(m, &scope, &s->sha256);

	if (!sha)
		return NULL;
	if (strlen(sha) != 64 || strspn(sha, "0123456789abcdefABCDEF") != 64) {
		diags_error(m->d, s->sha256.at, "'%.80s' is no sha256 (expected 64 hex digits)",
			    sha);
		return NULL;
	}
	for (char *c = sha; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return sha;
}

static char *make_artifact(struct maker *m, const struct pb_service *s)
{
	struct scope scope = scope_of_service(m->rs, s);
	char *artifact = text_at(m, &scope, &s->release.artifact);
	struct diag_at at = s->release.artifact.at;

	if (!artifact)
		return NULL;
	if (!*artifact || !sl_text_is_clean(artifact, strlen(artifact))) {
		diags_error(m->d, at, "the artifact's name is empty or has control bytes");
		return NULL;
	}
	if (!strstr(artifact, "://"))
		return path_from(&m->rs->arena, folder_at(m, at), artifact);
	if (!sl_text_starts(artifact, "http://") && !sl_text_starts(artifact, "https://"))
		diags_error(m->d, at, "'%s': expected a local path, http:// or https://", artifact);
	else if (!s->sha256.text)
		diags_error(m->d, at, "a remote artifact needs sha256 on service '%s'", s->name);
	return artifact;
}

static void make_config(struct maker *m, const struct pb_service *s)
{
	struct resolved *r = &m->rs->resolved;
	struct scope scope = scope_of_service(m->rs, s);
	const struct pb_pairs *set = &s->config.set;

	r->config = pb_arena_array(&m->rs->arena, set->count + 1, sizeof *r->config);
	for (size_t i = 0; i < set->count; i++) {
		char *value = text_at(m, &scope, &set->items[i].value);

		if (value)
			r->config[r->config_count++] = (struct rs_label){set->items[i].name, value};
	}
}

static void make_services(struct maker *m)
{
	struct resolved *r = &m->rs->resolved;
	size_t n = r->playbook->service_count;

	m->rs->versions = pb_arena_array(&m->rs->arena, n + 1, sizeof *m->rs->versions);
	for (size_t i = 0; i < n; i++)
		make_version(m, i);
	if (!n)
		return;
	r->version = m->rs->versions[0];
	r->sha256 = make_sha256(m, &r->playbook->services[0]);
	if (r->version)
		r->artifact = make_artifact(m, &r->playbook->services[0]);
	make_config(m, &r->playbook->services[0]);
}

/* --- the whole --- */

static void mark_all(struct maker *m)
{
	size_t n = index_host_count(m->index);

	m->touched = sl_alloc_n(n + 1, sizeof *m->touched);
	for (size_t h = 0; h < n; h++)
		m->touched[h] = true;
}

/* Without a playbook: the hosts alone. */
static void make_all(struct maker *m, const char *limit)
{
	if (m->rs->resolved.playbook) {
		mark_hosts(m);
		make_services(m);
		make_hosts(m);
		make_instances(m);
		apply_limit(m, limit);
	} else {
		mark_all(m);
		make_hosts(m);
	}
	free(m->touched);
	free(m->service_hosts);
	free(m->position);
	merge_release(&m->merge);
}

struct resolved *inventory_resolve(const struct playbook *p, const struct inventory_file *f,
				   const char *limit, struct diags *d)
{
	size_t before = diags_errors(d);
	struct index *index = index_build(f, d);
	struct resolution *rs;
	struct maker m;

	if (!index)
		return NULL;
	rs = sl_alloc(sizeof *rs);
	rs->resolved.playbook = p;
	rs->resolved.inventory = f;
	rs->resolved.fanout = f->ssh.fanout > 0 ? (unsigned)f->ssh.fanout : FANOUT_DEFAULT;
	m = (struct maker){.rs = rs, .index = index, .d = d};
	m.merge = (struct merge){.file = f, .index = index, .diags = d};
	make_all(&m, limit);
	index_free(index);
	if (diags_errors(d) == before)
		return &rs->resolved;
	resolved_free(&rs->resolved);
	return NULL;
}

struct resolved *inventory_hosts(const struct inventory_file *f, struct diags *d)
{
	return inventory_resolve(NULL, f, NULL, d);
}

const struct rs_host *resolved_host(const struct resolved *r, const char *name)
{
	for (size_t i = 0; i < r->host_count; i++)
		if (!strcmp(r->hosts[i].name, name))
			return &r->hosts[i];
	return NULL;
}

const struct rs_instance *resolved_instance(const struct resolved *r, const char *id)
{
	for (size_t i = 0; i < r->instance_count; i++)
		if (!strcmp(r->instances[i].id, id))
			return &r->instances[i];
	return NULL;
}

/* The pointers and the names behind them, in one block. */
static const char **names_block(const struct index *index, const bool *marks, size_t *count)
{
	size_t bytes = 0, n = 0;
	const char **out;
	char *at;

	for (size_t h = 0; h < index_host_count(index); h++) {
		n += marks[h];
		bytes += marks[h] ? strlen(index_host(index, h)->name) + 1 : 0;
	}
	out = sl_alloc((n + 1) * sizeof *out + bytes);
	at = (char *)(out + n + 1);
	for (size_t h = 0; h < index_host_count(index); h++) {
		if (!marks[h])
			continue;
		out[(*count)++] = strcpy(at, index_host(index, h)->name);
		at += strlen(at) + 1;
	}
	return out;
}

int inventory_expand(const struct inventory_file *f, const struct pb_strings *hosts,
		     const char ***names, size_t *count, struct diags *d)
{
	struct index *index = index_build(f, d);
	bool ok = index != NULL, *marks;

	*names = NULL;
	*count = 0;
	if (!index)
		return SL_EINPUT;
	marks = sl_alloc_n(index_host_count(index) + 1, sizeof *marks);
	for (size_t i = 0; i < hosts->count; i++)
		ok = index_select(index, hosts->items[i], marks, "hosts", hosts->at[i], d) && ok;
	if (ok)
		*names = names_block(index, marks, count);
	free(marks);
	index_free(index);
	return ok ? SL_OK : SL_EINPUT;
}
