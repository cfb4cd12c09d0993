/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A site is a folder on a host that holds an owner file: the release folder of a service, or the
 * folder that stands for a router's backend on an LB host. All sites are looked at side by side,
 * then the router is read through the connections that are open by now, and with it the registry
 * and the config centre.
 */
#include "orchestrator/run/observe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/host/remote.h"
#include "orchestrator/run/key.h"
#include "orchestrator/run/registered.h"
#include "orchestrator/run/run.h"
#include "plugins/sdk/mem.h"

#define ROUTER_TIMEOUT_MS  15000
#define BACKEND_TIMEOUT_MS 15000

struct site {
	struct looking *looking;
	struct owner *owner;
	const char *dir; /* NULL for routers */
	bool done;
	struct sl_error error;
};

struct looking {
	struct world *w;
	const struct artifact *artifact;
	struct observed *out;
	struct site *sites;
	size_t site_count;
	size_t pending;
	struct sl_buf unreachable, problems;
	struct sl_error router_error, registry_error;
	struct key_look *keys; /* one a config key */
};

char *release_name(const char *version, const char *sha256)
{
	return sl_asprintf("%s-%.8s", version, sha256);
}

const struct owner *observed_owner(const struct observed *o, const char *host, const char *folder)
{
	for (size_t i = 0; i < o->owner_count; i++)
		if (strcmp(o->owners[i].host, host) == 0 &&
		    strcmp(o->owners[i].folder, folder) == 0)
			return &o->owners[i];
	return NULL;
}

bool owner_has_release(const struct owner *o, const char *release)
{
	for (size_t i = 0; i < o->release_count; i++)
		if (strcmp(o->releases[i], release) == 0)
			return true;
	return false;
}

/* --- which sites there are --- */

static void add_site(struct looking *l, const char *host, const char *folder, const char *dir,
		     const char *router)
{
	struct observed *o = l->out;
	if (observed_owner(o, host, folder))
		return;
	struct owner *w = &o->owners[o->owner_count];
	*w = (struct owner){
		.host = sl_strdup(host),
		.folder = sl_strdup(folder),
		.router = sl_strdup(router),
	};
	l->sites[l->site_count++] = (struct site){.looking = l, .owner = w, .dir = dir};
	o->owner_count++;
}

static bool has_instance(const struct resolved *r, const struct rs_host *h)
{
	for (size_t i = 0; i < r->instance_count; i++)
		if (r->instances[i].host == h)
			return true;
	return false;
}

static bool has_run_steps(const struct playbook *p)
{
	for (size_t i = 0; i < p->strategy.step_count; i++)
		if (p->strategy.steps[i].kind == PB_STEP_RUN)
			return true;
	return false;
}

/* Hosts that only run commands have no release folder: their claim stands in a folder of its own.
 */
static void list_run_sites(struct looking *l)
{
	const struct resolved *r = l->w->resolved;
	if (!has_run_steps(r->playbook))
		return;
	for (size_t i = 0; i < r->host_count; i++) {
		const struct rs_host *h = &r->hosts[i];
		if (has_instance(r, h))
			continue;
		char *folder =
			sl_asprintf("%s/run-%s", h->sluice_dir, r->playbook->services[0].name);
		add_site(l, h->name, folder, NULL, NULL);
		free(folder);
	}
}

static void list_sites(struct looking *l)
{
	const struct resolved *r = l->w->resolved;
	size_t most = r->instance_count + r->host_count + 1;
	for (size_t i = 0; l->w->router_hosts && l->w->router_hosts[i]; i++)
		most++;
	l->sites = sl_alloc_n(most, sizeof *l->sites);
	l->out->owners = sl_alloc_n(most, sizeof *l->out->owners);
	for (size_t i = 0; i < r->instance_count; i++)
		if (!r->limited[i])
			add_site(l, r->instances[i].host->name, r->instances[i].sluice,
				 r->instances[i].dir, NULL);
	for (size_t i = 0; l->w->router_hosts && l->w->router_hosts[i]; i++) {
		const struct rs_host *h = resolved_host(r, l->w->router_hosts[i]);
		char *folder = sl_asprintf("%s/router-%s-%s", h->sluice_dir, l->w->router_name,
					   l->w->router_backend);
		char *what = sl_asprintf("%s %s", l->w->router_name, l->w->router_backend);
		add_site(l, h->name, folder, NULL, what);
		free(folder);
		free(what);
	}
	list_run_sites(l);
}

/* --- one look --- */

static const char *answer(const struct remote_answer *a, const char *prefix, const char *key)
{
	char name[160];
	snprintf(name, sizeof name, "%s.%s", prefix, key);
	return remote_answer_get(a, name);
}

static char *answer_dup(const struct remote_answer *a, const char *prefix, const char *key)
{
	const char *v = answer(a, prefix, key);
	return sl_strdup(v ? v : "");
}

static void read_owner(struct owner *o, const struct remote_answer *a)
{
	const char *epoch = answer(a, "owner", "epoch");
	const char *parked = answer(a, "owner", "parked");
	o->epoch = epoch ? strtoll(epoch, NULL, 10) : 0;
	o->parked = parked && strcmp(parked, "yes") == 0;
	o->run = answer_dup(a, "owner", "run");
	o->number = answer_dup(a, "owner", "number");
	o->who = answer_dup(a, "owner", "who");
	o->from = answer_dup(a, "owner", "from");
	o->what = answer_dup(a, "owner", "what");
	o->since = answer_dup(a, "owner", "since");
	o->silent = answer_dup(a, "owner", "silent_s");
	o->releases = sl_alloc_n(a->count + 1, sizeof *o->releases);
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->keys[i], "release") == 0)
			o->releases[o->release_count++] = sl_strdup(a->values[i]);
}

static char *dup_if(const char *s)
{
	return s && *s ? sl_strdup(s) : NULL;
}

static bool is_yes(const char *s)
{
	return s && strcmp(s, "yes") == 0;
}

/* "2.0.0-1a2b3c4d" -> "2.0.0"; a name of another shape has no version. */
static char *version_of(const char *release)
{
	const char *dash = release ? strrchr(release, '-') : NULL;
	if (!dash || strlen(dash + 1) != 8 || strspn(dash + 1, "0123456789abcdef") != 8)
		return NULL;
	return sl_strndup(release, (size_t)(dash - release));
}

static bool target_is_staged(const struct looking *l, const struct remote_answer *a)
{
	char *name = release_name(l->w->resolved->version, l->artifact->sha256);
	char *key = sl_asprintf("release.%s", name);
	const char *digest = answer(a, key, "digest");
	bool staged = digest && strcmp(digest, l->artifact->sha256) == 0;
	free(key);
	free(name);
	return staged;
}

static enum seen_link link_kind(const char *kind)
{
	static const char *const words[] = {"none", "release", "outside", "notlink"};
	for (size_t i = 0; kind && i < SL_COUNT(words); i++)
		if (strcmp(kind, words[i]) == 0)
			return (enum seen_link)i;
	return SEEN_NONE;
}

static void read_instance(struct looking *l, const struct rs_instance *i, struct plan_seen *s,
			  const struct remote_answer *a)
{
	s->link = link_kind(answer(a, i->link, "kind"));
	s->release = dup_if(answer(a, i->link, "target"));
	s->digest = dup_if(answer(a, i->link, "digest"));
	s->spec = dup_if(answer(a, i->link, "spec"));
	s->alive = is_yes(answer(a, i->link, "alive"));
	s->held = is_yes(answer(a, i->link, "held"));
	const char *why = answer(a, i->link, "message");
	if (why && *why)
		sl_buf_printf(&l->problems, "%s: %s\n", i->id, why);
	s->version = version_of(s->release);
	s->staged = target_is_staged(l, a);
}

static bool at_site(const struct rs_instance *i, const struct site *s)
{
	return s->dir && strcmp(i->host->name, s->owner->host) == 0 &&
	       strcmp(i->sluice, s->owner->folder) == 0;
}

static void read_problems(struct site *s, const struct remote_answer *a, uint64_t need_kb)
{
	struct sl_buf *b = &s->looking->problems;
	const char *host = s->owner->host;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->keys[i], "missing") == 0)
			sl_buf_printf(b, "%s: '%s' is not installed there and is needed\n", host,
				      a->values[i]);
	if (!s->dir)
		return;
	const char *writable = remote_answer_get(a, "writable");
	if (writable && !is_yes(writable))
		sl_buf_printf(
			b, "%s: %s cannot be written by user %s: create it, or give it to them\n",
			host, s->dir,
			remote_answer_get(a, "user") ? remote_answer_get(a, "user") : "?");
	const char *free_kb = remote_answer_get(a, "free_kb");
	if (free_kb && *free_kb && strtoull(free_kb, NULL, 10) < need_kb)
		sl_buf_printf(b,
			      "%s: disk full: %s KiB are free below %s and %" PRIu64
			      " KiB are needed\n",
			      host, free_kb, s->dir, need_kb);
}

static uint64_t need_kb(const struct artifact *a)
{
	return (a->size + a->unpacked) / 1024 + 1024;
}

static void looked(void *arg, const struct remote_answer *a)
{
	struct site *s = arg;
	struct looking *l = s->looking;
	l->pending--;
	if (a->error.code) {
		s->error = a->error;
		return;
	}
	s->done = true;
	read_owner(s->owner, a);
	/* What lies there already needs no room: a full disk must not keep a run from going on. */
	read_problems(s, a, s->dir && target_is_staged(l, a) ? 0 : need_kb(l->artifact));
	const struct resolved *r = l->w->resolved;
	for (size_t i = 0; i < r->instance_count; i++) {
		if (!r->limited[i] && at_site(&r->instances[i], s))
			read_instance(l, &r->instances[i], &l->out->seen[i], a);
	}
}

static void start_look(struct site *s)
{
	struct looking *l = s->looking;
	const struct resolved *r = l->w->resolved;
	struct sl_buf links;
	sl_buf_init(&links, 1 << 20);
	const char *ports_host = "";
	for (size_t i = 0; i < r->instance_count; i++) {
		if (!at_site(&r->instances[i], s))
			continue;
		sl_buf_printf(&links, "%s:%u\n", r->instances[i].link, r->instances[i].port);
		ports_host = r->instances[i].host->service_address;
	}
	char need[32];
	snprintf(need, sizeof need, "%" PRIu64, s->dir ? need_kb(l->artifact) : 0);
	const struct remote_arg args[] = {
		{"sluice", s->owner->folder},
		{"dir", s->dir ? s->dir : ""},
		{"links", sl_buf_str(&links)},
		{"ports_host", ports_host},
		{"need_kb", need},
		{"agent", s->dir ? "" : "1"},
	};
	l->pending++;
	remote_run(world_transport(l->w, s->owner->host), REMOTE_LOOK, args, SL_COUNT(args), 30000,
		   looked, s);
	sl_buf_release(&links);
}

/* --- the router --- */

static void router_backend(void *arg, const struct sl_router_backend *b)
{
	struct looking *l = arg;
	struct plan_router *r = &l->out->router;
	r->nodes = sl_realloc_n(r->nodes, r->node_count + 1, sizeof *r->nodes);
	bool first = r->node_count == 0;
	r->nodes[r->node_count++] = sl_strdup(b->node);
	if (first)
		r->algorithm = sl_strdup(b->algorithm);
	/* What one node cannot do, the router cannot do. */
	r->weights_work = (first || r->weights_work) && b->weights_work;
	r->exact = (first || r->exact) && b->exact;
	r->http_mode = (first || r->http_mode) && b->http_mode;
	r->persistence = r->persistence || b->persistence;
}

static long match_instance(const struct resolved *r, const struct sl_router_server *s)
{
	for (size_t i = 0; i < r->instance_count; i++) {
		const struct rs_instance *x = &r->instances[i];
		if (x->server_name) {
			if (strcmp(x->server_name, s->server) == 0)
				return (long)i;
		} else if (x->port == s->port &&
			   strcmp(x->host->service_address, s->address) == 0) {
			return (long)i;
		}
	}
	return -1;
}

static void router_server(void *arg, const struct sl_router_server *s)
{
	struct looking *l = arg;
	struct plan_router *r = &l->out->router;
	r->servers = sl_realloc_n(r->servers, r->server_count + 1, sizeof *r->servers);
	r->servers[r->server_count++] = (struct plan_server){
		.node = sl_strdup(s->node),
		.server = sl_strdup(s->server),
		.instance = match_instance(l->w->resolved, s),
		.address = sl_strdup(s->address),
		.port = s->port,
		.weight = s->weight,
		.configured_weight = s->configured_weight,
		.admin = s->admin,
		.up = s->up,
		.backup = s->backup,
	};
}

static void router_done(void *arg, const struct sl_error *e)
{
	struct looking *l = arg;
	l->pending--;
	l->router_error = *e;
}

static const struct sl_router_sink router_sink = {
	.backend = router_backend,
	.server = router_server,
	.done = router_done,
};

static void read_router(struct looking *l)
{
	struct world *w = l->w;
	struct plan_router *r = &l->out->router;
	l->out->has_router = true;
	r->name = sl_strdup(w->router_name);
	r->backend = sl_strdup(w->router_backend);
	r->has_hosts = w->router_hosts != NULL;
	l->pending++;
	w->router->read(w->router_instance, w->router_backend, ROUTER_TIMEOUT_MS, &router_sink, l);
}

/* --- the registry --- */

static void registry_instance(void *arg, const struct sl_instance *i)
{
	struct looking *l = arg;
	registered_add(&l->out->registry, l->w->resolved, i);
}

static void registry_service(void *arg, const struct sl_service *s)
{
	(void)arg;
	(void)s;
}

static void registry_done(void *arg, const struct sl_read_end *end)
{
	struct looking *l = arg;
	l->pending--;
	l->registry_error = end->error;
}

static const struct sl_registry_sink registry_sink = {
	.service = registry_service,
	.instance = registry_instance,
	.done = registry_done,
};

static void read_registry(struct looking *l)
{
	struct world *w = l->w;
	l->out->has_registry = true;
	l->out->registry.name = sl_strdup(w->registering.name);
	l->pending++;
	w->registry->find(w->registering.instance, w->resolved->playbook->services[0].name, NULL,
			  NULL, BACKEND_TIMEOUT_MS, &registry_sink, l);
}

static void keep_registry(struct looking *l)
{
	struct world *w = l->w;
	const char *environment = registered_environment(&l->out->registry);
	registered_keep_ours(&l->out->registry, w->resolved->inventory->environment);
	free(w->environment);
	w->environment = sl_strdup(environment);
	/* A service that is not there is a service without instances. */
	if (l->registry_error.code == SL_ENOTFOUND)
		sl_error_clear(&l->registry_error);
}

/* --- the config centre --- */

static void key_looked(void *arg)
{
	struct looking *l = arg;
	l->pending--;
}

static void read_config(struct looking *l)
{
	struct world *w = l->w;
	const struct resolved *rs = w->resolved;
	l->out->has_config = true;
	l->out->config.name = sl_strdup(w->configuring.name);
	l->keys = sl_alloc_n(rs->config_count + 1, sizeof *l->keys);
	for (size_t i = 0; i < rs->config_count; i++) {
		l->pending++;
		key_look(&l->keys[i], w, rs->config[i].name, BACKEND_TIMEOUT_MS, key_looked, l);
	}
}

static int keep_config(struct looking *l, struct sl_error *e)
{
	struct plan_config *c = &l->out->config;
	const struct resolved *rs = l->w->resolved;
	int rc = SL_OK;
	c->keys = sl_alloc_n(rs->config_count + 1, sizeof *c->keys);
	for (size_t i = 0; l->keys && i < rs->config_count; i++) {
		struct key_look *k = &l->keys[i];
		if (k->error.code && !rc) {
			*e = k->error;
			rc = e->code;
		}
		c->keys[c->count++] = (struct plan_key){
			.key = sl_strdup(rs->config[i].name),
			.value = sl_strdup(rs->config[i].value),
			.prior = sl_strdup(k->value),
			.prior_disabled = k->value && !k->enabled,
		};
		key_release(k);
	}
	free(l->keys);
	l->keys = NULL;
	return rc;
}

static void wait_pending(struct looking *l)
{
	while (l->pending)
		uv_run(l->w->loop, UV_RUN_ONCE);
}

/* --- the whole --- */

static bool means_unreachable(enum sl_err code)
{
	return code == SL_ERESOLVE || code == SL_EREFUSED || code == SL_ETIMEOUT ||
	       code == SL_EHOSTKEY || code == SL_EAUTH || code == SL_ENOSHELL || code == SL_ELOST ||
	       code == SL_EIO || code == SL_EPROTO;
}

/* The same host may have several sites: each host is named once. */
static void collect_errors(struct looking *l)
{
	const char *last = "";
	for (size_t i = 0; i < l->site_count; i++) {
		struct site *s = &l->sites[i];
		if (!s->error.code || strcmp(last, s->owner->host) == 0)
			continue;
		last = s->owner->host;
		struct sl_buf *b =
			means_unreachable(s->error.code) ? &l->unreachable : &l->problems;
		sl_buf_printf(b, "%s\n", s->error.msg);
	}
}

/* As many whole lines as fit before the sentence that matters most, then how many more there are.
 */
static void say_lines(struct sl_error *e, enum sl_err code, const struct sl_buf *lines)
{
	const char *text = sl_buf_str(lines), *end = text;
	size_t left = 0;
	for (const char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		if (!left && (size_t)(nl + 1 - text) <= sizeof e->msg - 64)
			end = nl + 1;
		else
			left++;
	}
	char more[40] = "";
	if (left)
		snprintf(more, sizeof more, "... and %zu more\n", left);
	sl_fail(e, code, "%.*s%snothing was changed", (int)(end - text), text, more);
}

static int failed(struct sl_error *e, const struct sl_error *why)
{
	*e = *why;
	return means_unreachable(e->code) ? RUN_UNREACHABLE : RUN_INPUT;
}

static int judge(struct looking *l, const struct sl_error *config, struct sl_error *e)
{
	if (l->unreachable.len) {
		say_lines(e, SL_EREFUSED, &l->unreachable);
		return RUN_UNREACHABLE;
	}
	if (l->problems.len) {
		say_lines(e, SL_EINPUT, &l->problems);
		return RUN_INPUT;
	}
	if (l->router_error.code)
		return failed(e, &l->router_error);
	if (l->registry_error.code)
		return failed(e, &l->registry_error);
	if (config->code)
		return failed(e, config);
	return RUN_DONE;
}

int observe(struct world *w, const struct artifact *artifact, struct observed *out,
	    struct sl_error *e)
{
	*out = (struct observed){0};
	struct looking l = {.w = w, .artifact = artifact, .out = out};
	sl_buf_init(&l.unreachable, 64 << 10);
	sl_buf_init(&l.problems, 64 << 10);
	out->seen_count = w->resolved->instance_count;
	out->seen = sl_alloc_n(out->seen_count + 1, sizeof *out->seen);
	list_sites(&l);
	for (size_t i = 0; i < l.site_count; i++)
		start_look(&l.sites[i]);
	wait_pending(&l);
	collect_errors(&l);
	struct sl_error config = {0};
	if (w->router)
		read_router(&l);
	if (w->registry)
		read_registry(&l);
	if (w->config)
		read_config(&l);
	wait_pending(&l);
	if (w->registry)
		keep_registry(&l);
	if (w->config)
		keep_config(&l, &config);
	int rc = judge(&l, &config, e);
	sl_buf_release(&l.unreachable);
	sl_buf_release(&l.problems);
	free(l.sites);
	return rc;
}

static void owner_release(struct owner *o)
{
	char *all[] = {o->host, o->folder, o->router, o->run,   o->number,
		       o->who,  o->from,   o->what,   o->since, o->silent};
	for (size_t i = 0; i < SL_COUNT(all); i++)
		free(all[i]);
	for (size_t i = 0; i < o->release_count; i++)
		free(o->releases[i]);
	free(o->releases);
}

static void router_release(struct plan_router *r)
{
	for (size_t i = 0; i < r->server_count; i++) {
		free(r->servers[i].node);
		free(r->servers[i].server);
		free(r->servers[i].address);
	}
	for (size_t i = 0; i < r->node_count; i++)
		free(r->nodes[i]);
	free(r->servers);
	free(r->nodes);
	free(r->name);
	free(r->backend);
	free(r->algorithm);
}

static void config_release(struct plan_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->keys[i].key);
		free(c->keys[i].value);
		free(c->keys[i].prior);
	}
	free(c->keys);
	free(c->name);
}

void observed_release(struct observed *o)
{
	for (size_t i = 0; i < o->seen_count; i++) {
		free(o->seen[i].release);
		free(o->seen[i].digest);
		free(o->seen[i].spec);
		free(o->seen[i].version);
	}
	for (size_t i = 0; i < o->owner_count; i++)
		owner_release(&o->owners[i]);
	router_release(&o->router);
	registered_release(&o->registry);
	config_release(&o->config);
	free(o->owners);
	free(o->seen);
	*o = (struct observed){0};
}
