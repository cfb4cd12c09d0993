/* SPDX-License-Identifier: Apache-2.0 */
/* Everything rendered for one instance. In it, $(release) is the folder as seen through the
 * instance's link: right before a switch for what stops, after it for what starts. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/private.h"
#include "orchestrator/inventory/secrets.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static void cut_slashes(char *path)
{
	for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
}

static void render_folder(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_text *text = &i->service->release.dir;
	char *dir = text_at(m, scope, text);

	if (!text->text)
		diags_error(m->d, i->service->at, "service '%s' has no release.dir",
			    i->service->name);
	if (!dir)
		return;
	cut_slashes(dir);
	if (!path_is_sound(dir, false) || !strcmp(dir, "/")) {
		diags_error(m->d, text->at,
			    "release.dir '%s': expected an absolute path without '..' and control "
			    "bytes, and not /",
			    dir);
		return;
	}
	i->dir = dir;
	i->sluice = pb_arena_printf(&m->rs->arena, "%s/.sluice", dir);
}

static void render_log(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_text *text = &i->service->runtime.log;
	char *log = text_at(m, scope, text);

	if (!log)
		return;
	if (!path_is_sound(log, *log != '/'))
		diags_error(m->d, text->at,
			    "runtime.log '%s': expected a path without '..' and control bytes",
			    log);
	else
		i->log = *log == '/' ? log
				     : pb_arena_printf(&m->rs->arena, "%s/%s", scope->release, log);
}

static bool env_name_is_sound(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	return true;
}

static char *render_command_reference(struct maker *m, const struct scope *scope,
				      const struct pb_text *t)
{
	const struct pb_command shell = {.shell = t->text + strlen("command:"), .at = t->at};
	char *text = command_at(m, scope, &shell);

	return text ? pb_arena_printf(&m->rs->arena, "command:%s", text) : NULL;
}

static char *render_file_reference(struct maker *m, const struct scope *scope,
				   const struct pb_text *t)
{
	const struct pb_text name = {.text = t->text + strlen("file:"), .at = t->at};
	char *path = text_at(m, scope, &name);

	if (!path)
		return NULL;
	path = *path ? path_from(&m->rs->arena, folder_at(m, t->at), path) : path;
	return pb_arena_printf(&m->rs->arena, "file:%s", path);
}

/* What the author wrote decides what is a reference, never what a variable brings in. */
static char *render_env_value(struct maker *m, const struct scope *scope, const struct pb_text *t,
			      bool *secret)
{
	*secret = secret_is_reference(t->text);
	if (sl_text_starts(t->text, "command:"))
		return render_command_reference(m, scope, t);
	if (sl_text_starts(t->text, "file:"))
		return render_file_reference(m, scope, t);
	return text_at(m, scope, t);
}

static void render_env(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_pairs *env = &i->service->runtime.env;

	i->env = pb_arena_array(&m->rs->arena, env->count + 1, sizeof *i->env);
	i->env_secret = pb_arena_array(&m->rs->arena, env->count + 1, sizeof *i->env_secret);
	for (size_t k = 0; k < env->count; k++) {
		const struct pb_pair *pair = &env->items[k];
		struct pb_text given = {pair->value.text ? pair->value.text : "", pair->value.at};
		char *value = render_env_value(m, scope, &given, &i->env_secret[i->env_count]);

		if (!env_name_is_sound(pair->name)) {
			diags_error(m->d, given.at,
				    "'%s' is no name for the environment (expected letters, digits "
				    "and _)",
				    pair->name);
			continue;
		}
		if (value && strchr(value, '\n') && !i->env_secret[i->env_count])
			diags_error(m->d, given.at, "%s: a value of env is one line", pair->name);
		if (value)
			i->env[i->env_count++] = (struct rs_label){pair->name, value};
	}
}

static void render_runtime(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_runtime *rt = &i->service->runtime;

	i->command = command_at(m, scope, &rt->command);
	i->start = command_at(m, scope, &rt->start);
	i->stop = command_at(m, scope, &rt->stop);
	i->status = command_at(m, scope, &rt->status);
	render_log(m, i, scope);
	render_env(m, i, scope);
}

/* ":PORT/path" */
static const char *read_ready_port(const char *text, unsigned *port)
{
	size_t len = strcspn(text + 1, "/");
	char digits[8];
	int64_t n;

	if (!len || len >= sizeof digits)
		return NULL;
	memcpy(digits, text + 1, len);
	digits[len] = '\0';
	if (!sl_count_parse(digits, 1, 65535, &n))
		return NULL;
	*port = (unsigned)n;
	return text + 1 + len;
}

/* It goes into a request line as it is. */
static bool http_path_is_sound(const char *path)
{
	if (*path != '/' || strlen(path) > 2000)
		return false;
	for (; *path; path++)
		if ((unsigned char)*path <= ' ' || *path == 0x7f)
			return false;
	return true;
}

static void render_ready(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_ready *ready = &i->service->ready;
	const char *http = text_at(m, scope, &ready->http), *path = http;

	i->ready_port = i->port;
	i->ready_command = command_at(m, scope, &ready->command);
	if (ready->tcp && !i->port)
		diags_error(m->d, ready->at, "ready.tcp: service '%s' has no port",
			    i->service->name);
	if (!http)
		return;
	if (*http == ':')
		path = read_ready_port(http, &i->ready_port);
	if (!path || !http_path_is_sound(path))
		diags_error(m->d, ready->http.at,
			    "ready.http '%s': expected /path or :PORT/path, without spaces", http);
	else if (!i->ready_port)
		diags_error(m->d, ready->http.at,
			    "ready.http: service '%s' has no port (expected :PORT/path)",
			    i->service->name);
	else
		i->ready_http = pb_arena_strdup(&m->rs->arena, path);
}

static void render_server_name(struct maker *m, struct rs_instance *i, const struct scope *scope)
{
	const struct pb_text *text = &i->service->router.server_name;
	char *name = text_at(m, scope, text);

	if (!name)
		return;
	for (const char *c = name; *c; c++) {
		if (isalnum((unsigned char)*c) || strchr("._:-", *c))
			continue;
		diags_error(m->d, text->at, "serverName '%s': expected letters, digits and . _ : -",
			    name);
		return;
	}
	if (!*name)
		diags_error(m->d, text->at, "serverName is empty");
	i->server_name = name;
}

static void render_files(struct maker *m, struct rs_instance *i)
{
	const struct pb_release *release = &i->service->release;
	struct scope files = scope_of_files(m->rs, i);

	i->files = pb_arena_array(&m->rs->arena, release->file_count + 1, sizeof *i->files);
	for (size_t k = 0; k < release->file_count; k++) {
		const struct pb_file *from = &release->files[k];
		struct rs_file *file = &i->files[i->file_count];
		char *source = text_at(m, &files, &from->from);

		file->to = text_at(m, &files, &from->to);
		if (!source || !file->to)
			continue;
		if (!path_is_sound(file->to, true) || !strcmp(file->to, ".sluice-release")) {
			diags_error(m->d, from->to.at,
				    "files.to '%s': expected a path in the release, without '..'",
				    file->to);
			continue;
		}
		file->content_path = path_from(&m->rs->arena, folder_at(m, from->from.at), source);
		file->mode = from->mode;
		file->substitute = from->substitute;
		i->file_count++;
	}
}

void render_instance(struct maker *m, struct rs_instance *i)
{
	struct scope scope = scope_of_instance(m->rs, i);

	i->link = i->service->ports_form ? pb_arena_printf(&m->rs->arena, "current-%u", i->port)
					 : pb_arena_strdup(&m->rs->arena, "current");
	render_folder(m, i, &scope);
	if (!i->dir)
		return;
	scope.release = pb_arena_printf(&m->rs->arena, "%s/%s", i->dir, i->link);
	render_runtime(m, i, &scope);
	render_ready(m, i, &scope);
	i->drain_command = command_at(m, &scope, &i->service->drain.until_command);
	render_server_name(m, i, &scope);
	render_files(m, i);
}
