/* SPDX-License-Identifier: Apache-2.0 */
/* A `run` step: where its command runs, once a place or once an instance, and in which folder. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/plan/draft.h"
#include "plugins/sdk/mem.h"

enum where { WHERE_LOCAL, WHERE_ONE, WHERE_ALL, WHERE_NAMED };

struct place {
	const struct rs_host *host;         /* NULL = this machine */
	const struct rs_instance *instance; /* NULL = not for one instance */
};

struct places {
	struct place *items;
	size_t count, cap;
	const char **names; /* of a `hosts:` list; borrowed strings */
	size_t name_count;
};

static enum where where_of(const struct pb_run *run)
{
	if (run->hosts.count == 0)
		return WHERE_ALL;
	if (run->hosts.count > 1)
		return WHERE_NAMED;
	const char *word = run->hosts.items[0];
	return strcmp(word, "local") == 0 ? WHERE_LOCAL
	       : strcmp(word, "one") == 0 ? WHERE_ONE
	       : strcmp(word, "all") == 0 ? WHERE_ALL
					  : WHERE_NAMED;
}

static void add_place(struct places *p, const struct rs_host *host, const struct rs_instance *i)
{
	for (size_t k = 0; !i && k < p->count; k++)
		if (p->items[k].host == host)
			return;
	SL_GROW(p->items, p->count, p->cap);
	p->items[p->count++] = (struct place){host, i};
}

static bool is_named(const struct places *p, const char *host)
{
	for (size_t i = 0; i < p->name_count; i++)
		if (strcmp(p->names[i], host) == 0)
			return true;
	return false;
}

/* The first instance on the new version; else the first that will be. */
static const struct rs_instance *first_instance(const struct draft *d)
{
	const struct plan_model *m = &d->model;
	for (size_t i = 0; i < m->count; i++)
		if (m->at[i].is_new)
			return &d->in->resolved->instances[i];
	for (size_t i = 0; i < m->count; i++)
		if (!m->at[i].limited)
			return &d->in->resolved->instances[i];
	return NULL;
}

static void places_by_instance(const struct draft *d, enum where where, struct places *p)
{
	const struct rs_instance *one = first_instance(d);
	for (size_t i = 0; i < d->model.count; i++) {
		const struct rs_instance *x = &d->in->resolved->instances[i];
		if (!d->model.at[i].is_new)
			continue;
		if (where == WHERE_LOCAL)
			add_place(p, NULL, x);
		else if (where == WHERE_ONE)
			add_place(p, one->host, x);
		else if (where == WHERE_ALL || is_named(p, x->host->name))
			add_place(p, x->host, x);
	}
}

/* Where the service has instances, all of them outside --limit: left alone. */
static bool is_excluded(const struct draft *d, const struct rs_host *host)
{
	bool excluded = false;
	for (size_t i = 0; i < d->model.count; i++) {
		if (d->in->resolved->instances[i].host != host)
			continue;
		if (!d->model.at[i].limited)
			return false;
		excluded = true;
	}
	return excluded;
}

static void places_by_host(const struct draft *d, enum where where, struct places *p)
{
	const struct rs_instance *one = first_instance(d);
	if (where == WHERE_LOCAL)
		add_place(p, NULL, NULL);
	if (where == WHERE_ONE && one)
		add_place(p, one->host, NULL);
	for (size_t i = 0; where == WHERE_ALL && i < d->model.count; i++)
		if (!d->model.at[i].limited)
			add_place(p, d->in->resolved->instances[i].host, NULL);
	for (size_t i = 0; where == WHERE_NAMED && i < p->name_count; i++) {
		const struct rs_host *h = resolved_host(d->in->resolved, p->names[i]);
		if (h && !is_excluded(d, h))
			add_place(p, h, NULL);
	}
}

/* The instance whose release folder a command on this host works in. */
static long home_instance(const struct draft *d, const struct rs_host *host)
{
	for (size_t i = 0; i < d->model.count; i++)
		if (d->in->resolved->instances[i].host == host && !d->model.at[i].limited)
			return (long)i;
	return -1;
}

static char *folder_there(struct draft *d, const struct rs_host *host, char **claim)
{
	long at = home_instance(d, host);
	*claim =
		at < 0 ? sl_asprintf("%s/run-%s", host->sluice_dir ? host->sluice_dir : "~/.sluice",
				     d->service->name)
		       : sl_strdup(d->in->resolved->instances[at].sluice);
	struct draft_claim *c = draft_need_claim(d, host, *claim, at);
	if (at < 0 || !(c->staged || d->model.at[at].converged))
		return sl_strdup("/");
	return sl_asprintf("%s/releases/%s", d->in->resolved->instances[at].dir, d->p->release);
}

static int render(const struct draft *d, const struct pb_command *c, const struct place *at,
		  const char *cwd, char **out, struct sl_error *e)
{
	if (c->at.line == 0 && !c->shell && !c->argv)
		return SL_OK;
	bool has_release = at->host && strcmp(cwd, "/") != 0;
	*out = inventory_render_command(d->in->resolved, c, at->instance, at->host,
					has_release ? cwd : NULL, 0, e);
	return *out ? SL_OK : e ? (int)e->code : SL_EINPUT;
}

static int run_at(struct draft *d, const struct pb_run *run, const struct place *at, size_t track,
		  struct sl_error *e)
{
	struct sl_error why = {0};
	char *claim = NULL;
	char *cwd = at->host ? folder_there(d, at->host, &claim)
			     : sl_strdup(d->in->resolved->playbook->folder);
	struct plan_step *s = draft_step(d, DO_RUN, track);
	s->service = sl_strdup(d->service->name);
	s->instance = at->instance ? (long)at->instance->index : -1;
	s->port = at->instance ? at->instance->port : 0;
	s->host = sl_strdup(at->host ? at->host->name : "local");
	s->claim = claim;
	s->cwd = cwd;
	s->name = sl_strdup(run->name ? run->name : "run");
	s->repeatable = run->repeatable;
	if (run->timeout.ms > 0)
		s->deadline_ms = run->timeout.ms + 15000;
	if (render(d, &run->command, at, cwd, &s->command, &why) ||
	    render(d, &run->undo, at, cwd, &s->undo, &why) ||
	    render(d, &run->check, at, cwd, &s->check, &why))
		return sl_fail(e, why.code ? why.code : SL_EINPUT, "run %s on %s: %s", s->name,
			       s->host, why.msg);
	return SL_OK;
}

static int expand_names(struct draft *d, const struct pb_run *run, struct places *p,
			struct sl_error *e)
{
	struct diags *diags = diags_new();
	int rc = inventory_expand(d->in->resolved->inventory, &run->hosts, &p->names,
				  &p->name_count, diags);
	if (rc) {
		char *text = diags_text(diags);
		sl_fail(e, SL_EINPUT, "%s", text);
		free(text);
	}
	diags_free(diags);
	return rc ? SL_EINPUT : SL_OK;
}

int steps_run(struct draft *d, const struct pb_run *run, struct sl_error *e)
{
	struct places p = {0};
	enum where where = where_of(run);
	if (where == WHERE_NAMED && expand_names(d, run, &p, e))
		return SL_EINPUT;
	if (run->per_instance)
		places_by_instance(d, where, &p);
	else
		places_by_host(d, where, &p);
	draft_wave(d, WAVE_RUN, "run %s", run->name ? run->name : "");
	/* On the operator's machine, and where one host is asked for, one after another. */
	bool side_by_side = where == WHERE_ALL || where == WHERE_NAMED;
	int rc = SL_OK;
	for (size_t i = 0; !rc && i < p.count; i++)
		rc = run_at(d, run, &p.items[i], side_by_side ? i : 0, e);
	free(p.items);
	free(p.names);
	return rc;
}
