// SPDX-License-Identifier: Apache-2.0
// Services by themselves: deadlines, drain, paths, digests.
#include <ctype.h>
#include <string.h>

#include "orchestrator/playbook/doc.h"
#include "orchestrator/playbook/schema.h"
#include "orchestrator/playbook/vars.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

/* The text as far as it is known; NULL when it is not given or depends on hosts or open vars. */
static const char *known(struct pb_doc *doc, const struct pb_service *s, const struct pb_text *t)
{
	struct pb_values v = {
		.vars = doc->p.vars, .var_count = doc->p.var_count, .service = s->name};
	bool open;
	const char *text;

	if (!t->text)
		return NULL;
	/* What version it is hardly matters for the form of a path. */
	if (t != &s->version) {
		v.version = known(doc, s, &s->version);
		if (!v.version)
			v.version = "0";
	}
	text = pb_values_render(&doc->arena, &v, t->text, &open);
	return open ? NULL : text;
}

/* --- deadlines --- */

static void not_longer(struct pb_doc *doc, const char *key, struct pb_duration longer,
		       const char *than, struct pb_duration shorter)
{
	char a[32], b[32];

	if (longer.ms > shorter.ms)
		return;
	diags_error(doc->d, longer.given ? longer.at : shorter.at,
		    "'%s' (%s%s) must be longer than '%s' (%s%s)", key,
		    sl_duration_format(a, sizeof a, longer.ms), longer.given ? "" : " by default",
		    than, sl_duration_format(b, sizeof b, shorter.ms),
		    shorter.given ? "" : " by default");
	if (longer.given && shorter.given)
		diags_note(doc->d, shorter.at, "'%s' is here", than);
}

static void check_deadlines(struct pb_doc *doc, const struct pb_service *s)
{
	const struct pb_ready *r = &s->ready;
	struct pb_duration progress = doc->p.strategy.progress_deadline;

	if (r->min_healthy_time.given || r->healthy_deadline.given)
		not_longer(doc, "healthyDeadline", r->healthy_deadline, "minHealthyTime",
			   r->min_healthy_time);
	if (progress.given || r->healthy_deadline.given)
		not_longer(doc, "progressDeadline", progress, "healthyDeadline",
			   r->healthy_deadline);
	if ((r->timeout.given || r->healthy_deadline.given) &&
	    r->timeout.ms >= r->healthy_deadline.ms)
		not_longer(doc, "healthyDeadline", r->healthy_deadline, "timeout", r->timeout);
}

/* --- ready and drain --- */

static bool is_probe_path(const char *s)
{
	size_t digits;
	int64_t port;
	char text[8];

	if (s[0] == '/')
		return true;
	digits = s[0] == ':' ? strspn(s + 1, "0123456789") : 0;
	if (!digits || digits > 5 || s[1 + digits] != '/')
		return false;
	memcpy(text, s + 1, digits);
	text[digits] = '\0';
	return sl_count_parse(text, 1, 65535, &port);
}

static void check_ready(struct pb_doc *doc, const struct pb_service *s)
{
	const struct pb_ready *r = &s->ready;
	const char *path = known(doc, s, &r->http);

	if (path && (!is_probe_path(path) || strpbrk(path, " \n\t")))
		diags_error(doc->d, r->http.at,
			    "'http' takes a path like /health or :8081/health, not '%s'", path);
	if (r->registered && !s->registry.text)
		diags_error(doc->d, r->at,
			    "'registered' in services.%s.ready has nobody to ask: no registry",
			    s->name);
	if ((r->version_header || r->version_json) && !r->http.text)
		diags_error(doc->d, r->at, "'version' needs 'http' in services.%s.ready", s->name);
}

static void check_drain(struct pb_doc *doc, const struct pb_service *s)
{
	const struct pb_drain *dr = &s->drain;

	if (dr->until_idle && !s->router.at.line && !s->registry.text &&
	    !pb_get(doc->strategy, "router"))
		diags_error(doc->d, dr->at,
			    "'until: idle' in services.%s has nobody to ask: no router, no "
			    "registry; give { command: ... }",
			    s->name);
	if (dr->propagation.given && !s->registry.text)
		diags_warning(doc->d, dr->propagation.at,
			      "'propagation' has no effect on %s without a registry", s->name);
}

/* A queue consumer: nobody sends to it, so nobody but a command can say how it is. */
static void check_portless(struct pb_doc *doc, const struct pb_service *s)
{
	if (s->router.at.line)
		diags_error(doc->d, s->router.at, "%s has no port, so it cannot have a router",
			    s->name);
	if (s->registry.text)
		diags_error(doc->d, s->registry.at, "%s has no port, so it cannot have a registry",
			    s->name);
	if (!s->ready.command.at.line)
		diags_error(doc->d, s->ready.at.line ? s->ready.at : s->at,
			    "%s has no port, so 'ready' needs a command", s->name);
	if (s->ready.http.text || s->ready.tcp)
		diags_error(doc->d, s->ready.at, "%s has no port to be probed", s->name);
	if (!s->drain.until_command.at.line)
		diags_error(doc->d, s->drain.at.line ? s->drain.at : s->at,
			    "%s has no port, so 'drain' needs 'until: { command: ... }'", s->name);
}

/* --- release and runtime --- */

static bool has_parent_step(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (!p[2] || p[2] == '/'))
			return true;
	return false;
}

static void check_path(struct pb_doc *doc, const struct pb_service *s, const struct pb_text *t,
		       const char *key, bool absolute)
{
	const char *path = known(doc, s, t);
	bool by_host = t->text && !path;

	if (by_host && (sl_text_starts(t->text, "$(") || t->text[0] == '/') == absolute)
		return;
	if (by_host)
		path = t->text;
	if (!path)
		return;
	if (!sl_text_is_clean(path, strlen(path)) || !*path)
		diags_error(doc->d, t->at, "'%s' must be one line, without control characters",
			    key);
	else if ((path[0] == '/') != absolute)
		diags_error(doc->d, t->at, "'%s' takes %s path, not '%s'", key,
			    absolute ? "an absolute" : "a relative", path);
	else if (has_parent_step(path))
		diags_error(doc->d, t->at, "'%s' must not contain '..'", key);
	else if (!path[strspn(path, "/.")])
		diags_error(doc->d, t->at, "'%s' cannot be '%s'", key, path);
	else if (path[0] == '-')
		diags_error(doc->d, t->at, "'%s' must not begin with '-'", key);
}

static bool is_remote(const char *artifact)
{
	return sl_text_starts(artifact, "http://") || sl_text_starts(artifact, "https://");
}

static void check_artifact(struct pb_doc *doc, const struct pb_service *s)
{
	const char *artifact = s->release.artifact.text;
	const char *scheme = artifact ? strstr(artifact, "://") : NULL;

	if (!artifact)
		return;
	if (!*artifact || strchr(artifact, '\n')) {
		diags_error(doc->d, s->release.artifact.at, "'artifact' takes one line");
	} else if (is_remote(artifact)) {
		pb_doc_later(doc, s->release.artifact.at, "http artifacts");
		if (!s->sha256.text)
			diags_error(doc->d, s->at,
				    "'sha256' is missing in services.%s: a remote artifact needs "
				    "it",
				    s->name);
	} else if (scheme && scheme > artifact && isalpha((unsigned char)artifact[0])) {
		diags_error(doc->d, s->release.artifact.at,
			    "'artifact' takes a local path, or an http or https address, not '%s'",
			    artifact);
	}
}

static void check_release(struct pb_doc *doc, const struct pb_service *s)
{
	const struct pb_release *r = &s->release;

	check_artifact(doc, s);
	check_path(doc, s, &r->dir, "dir", true);
	for (size_t i = 0; i < r->file_count; i++)
		check_path(doc, s, &r->files[i].to, "to", false);
	for (size_t i = 0; i < r->shared.count; i++) {
		struct pb_text t = {.text = r->shared.items[i], .at = r->shared.at[i]};

		check_path(doc, s, &t, "shared", false);
	}
}

static bool is_env_name(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

static void check_env(struct pb_doc *doc, const struct pb_pairs *env)
{
	for (size_t i = 0; i < env->count; i++) {
		const struct pb_pair *e = &env->items[i];

		if (!is_env_name(e->name))
			diags_error(doc->d, e->value.at,
				    "'%s' is no name of an environment variable", e->name);
		if (strchr(e->value.text, '\n'))
			diags_error(doc->d, e->value.at, "'%s' takes one line", e->name);
	}
}

/* --- a service --- */

static void check_version(struct pb_doc *doc, const struct pb_service *s)
{
	const char *version = known(doc, s, &s->version);

	if (version && !sl_text_is_name(version))
		diags_error(doc->d, s->version.at,
			    "'%s' cannot be a version: letters, digits, '.', '_', '+' and '-', at "
			    "most 64",
			    version);
}

static void check_ports(struct pb_doc *doc, const struct pb_service *s, const struct pb_node *n)
{
	const struct pb_node *port = pb_get(n, "port"), *ports = pb_get(n, "ports");

	if (port && ports)
		diags_error(doc->d, ports->key_at, "'ports' beside 'port' in services.%s", s->name);
	if (ports && pb_count(ports) > sizeof s->ports / sizeof s->ports[0])
		diags_error(doc->d, ports->key_at, "more than %zu ports",
			    sizeof s->ports / sizeof s->ports[0]);
	for (size_t i = 0; i < s->port_count; i++)
		for (size_t k = 0; k < i; k++)
			if (s->ports[i] == s->ports[k])
				diags_error(doc->d, ports ? pb_place(ports) : s->at,
					    "port %lld twice in services.%s",
					    (long long)s->ports[i], s->name);
}

void pb_doc_check_services(struct pb_doc *doc)
{
	for (size_t i = 0; i < doc->p.service_count; i++) {
		const struct pb_service *s = &doc->p.services[i];
		const struct pb_node *n = doc->service_nodes[i];

		check_version(doc, s);
		check_ports(doc, s, n);
		check_deadlines(doc, s);
		check_release(doc, s);
		check_env(doc, &s->runtime.env);
		check_ready(doc, s);
		if (pb_get(n, "port") || pb_get(n, "ports"))
			check_drain(doc, s);
		else
			check_portless(doc, s);
	}
}
