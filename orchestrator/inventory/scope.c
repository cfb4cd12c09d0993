/* SPDX-License-Identifier: Apache-2.0 */
/* What the names of $(...) mean for a service, a host, an instance; and paths. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define PATH_SOUND_MAX 1024

char *arena_take(struct pb_arena *a, char *heap)
{
	char *kept = pb_arena_strdup(a, heap);

	free(heap);
	return kept;
}

char *path_from(struct pb_arena *a, const char *folder, const char *path)
{
	const char *home = getenv("HOME");

	if (*path == '/')
		return pb_arena_strdup(a, path);
	if (sl_text_starts(path, "~/") && home && *home)
		return pb_arena_printf(a, "%s/%s", home, path + 2);
	return pb_arena_printf(a, "%s/%s", folder, path);
}

static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Includes are named from the playbook's own path, so what they have in front of theirs in common
 * is the playbook's folder, wherever that was when the texts were kept. */
const char *folder_at(struct maker *m, struct diag_at at)
{
	const struct playbook *p = m->rs->resolved.playbook;
	const char *path = diags_source_path(m->d, at.file);
	size_t base = folder_len(p->path), len = folder_len(path);

	if (!at.line || (len == base && !memcmp(path, p->path, base)))
		return p->folder;
	if (*path == '/' && (!base || len < base || memcmp(path, p->path, base)))
		return pb_arena_strndup(&m->rs->arena, path, len - 1);
	if (len > base && !memcmp(path, p->path, base))
		return pb_arena_printf(&m->rs->arena, "%s/%.*s", p->folder, (int)(len - base - 1),
				       path + base);
	return p->folder;
}

bool path_is_sound(const char *path, bool relative)
{
	size_t len = strlen(path);

	if (!len || len > PATH_SOUND_MAX || !sl_text_is_clean(path, len) ||
	    (*path == '/') == relative)
		return false;
	for (const char *p = path; *p;) {
		size_t part = strcspn(p, "/");

		if (part == 2 && !memcmp(p, "..", 2))
			return false;
		p += part;
		p += *p == '/';
	}
	return true;
}

struct scope scope_of_service(const struct resolution *rs, const struct pb_service *s)
{
	const struct playbook *p = rs->resolved.playbook;
	struct scope scope = {.playbook = p};

	if (s) {
		scope.service = s->name;
		scope.version = rs->versions[s - p->services];
	}
	return scope;
}

struct scope scope_of_host(const struct resolution *rs, const struct pb_service *s,
			   const struct rs_host *h)
{
	struct scope scope = scope_of_service(rs, s);
	const struct host_vars *vars = &rs->vars[h - rs->resolved.hosts];

	scope.vars = vars->items;
	scope.var_count = vars->count;
	scope.host = h->name;
	scope.address = h->address;
	return scope;
}

/* The digits behind the id's colon: text that lives as long as the instance. */
static const char *port_text(const struct rs_instance *i)
{
	const char *colon = strrchr(i->id, ':');

	return i->port && colon ? colon + 1 : NULL;
}

struct scope scope_of_instance(const struct resolution *rs, const struct rs_instance *i)
{
	struct scope scope = scope_of_host(rs, i->service, i->host);

	scope.port = port_text(i);
	scope.instance = i->address;
	return scope;
}

struct scope scope_of_files(const struct resolution *rs, const struct rs_instance *i)
{
	struct scope scope = scope_of_instance(rs, i);

	if (i->service->port_count > 1)
		scope.port = scope.instance = NULL;
	return scope;
}

char *text_at(struct maker *m, const struct scope *s, const struct pb_text *t)
{
	struct sl_error e;
	char *text;

	if (!t->text)
		return NULL;
	text = render_text(s, t->text, &e);
	if (!text) {
		diags_error(m->d, t->at, "%s", e.msg);
		return NULL;
	}
	return arena_take(&m->rs->arena, text);
}

char *command_at(struct maker *m, const struct scope *s, const struct pb_command *c)
{
	struct sl_error e;
	char *text;

	if (!c->shell && !c->argv)
		return NULL;
	text = render_command(s, c, &e);
	if (!text) {
		diags_error(m->d, c->at, "%s", e.msg);
		return NULL;
	}
	return arena_take(&m->rs->arena, text);
}

char *inventory_render_command(const struct resolved *r, const struct pb_command *c,
			       const struct rs_instance *i, const struct rs_host *h,
			       const char *release_dir, int64_t run_number, struct sl_error *e)
{
	const struct resolution *rs = (const struct resolution *)r;
	const struct pb_service *s = r->playbook->service_count ? &r->playbook->services[0] : NULL;
	struct scope scope;
	char run[24];

	if (i)
		scope = scope_of_instance(rs, i);
	else
		scope = h ? scope_of_host(rs, s, h) : scope_of_service(rs, s);
	scope.release = release_dir;
	snprintf(run, sizeof run, "%lld", (long long)run_number);
	scope.run = run_number > 0 ? run : NULL;
	scope.run_later = run_number <= 0;
	return render_command(&scope, c, e);
}
