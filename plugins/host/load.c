/* SPDX-License-Identifier: Apache-2.0 */
/* Finding plugins: which folders may be trusted, which files in them are candidates. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "plugins/host/host.h"
#include "plugins/host/internal.h"
#include "plugins/sdk/log.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define CANDIDATES_MAX 256

struct candidate {
	char *name, *path;
};

struct candidates {
	struct candidate *items;
	size_t count, cap;
};

/* --- who may have written this? --- */

/* Debian gives every user a group of the same name, in which nobody else is, and a umask that
 * lets it write. */
static bool group_is_private(gid_t gid, uid_t owner)
{
	const struct passwd *pw = getpwuid(owner);
	const struct group *gr;
	char name[64];

	if (!pw)
		return false;
	snprintf(name, sizeof name, "%s", pw->pw_name);
	gr = getgrgid(gid);
	if (!gr || strcmp(gr->gr_name, name) != 0)
		return false;
	for (char **m = gr->gr_mem; *m; m++)
		if (strcmp(*m, name) != 0)
			return false;
	return true;
}

/* The sentence about why path cannot be trusted, or NULL. Yours to free. */
static char *path_distrust(const char *path, const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return sl_asprintf("%s belongs to another user (%u): only root's and your own "
				   "are searched for plugins",
				   path, (unsigned)st->st_uid);
	if (st->st_mode & S_IWOTH)
		return sl_asprintf("%s can be written by everybody: run chmod o-w on it first",
				   path);
	if ((st->st_mode & S_IWGRP) && !group_is_private(st->st_gid, st->st_uid))
		return sl_asprintf("%s can be written by its group: run chmod g-w on it first",
				   path);
	return NULL;
}

/* --- candidates --- */

static void candidates_add(struct candidates *c, const char *name, char *path)
{
	SL_GROW(c->items, c->count, c->cap);
	c->items[c->count++] = (struct candidate){.name = sl_strdup(name), .path = path};
}

static void candidates_release(struct candidates *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->items[i].name);
		free(c->items[i].path);
	}
	free(c->items);
}

static bool is_kind(const char *path, mode_t kind)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/* FOLDER/NAME.so, or FOLDER/NAME/NAME.so. */
static void candidate_consider(struct candidates *c, const char *folder, const char *entry)
{
	char *path = sl_asprintf("%s/%s", folder, entry), *inner;
	size_t len = strlen(entry);
	char name[65];

	if (len > 3 && strcmp(entry + len - 3, ".so") == 0 && is_kind(path, S_IFREG)) {
		snprintf(name, sizeof name, "%.*s", (int)(len - 3), entry);
		candidates_add(c, name, path);
		return;
	}
	inner = sl_asprintf("%s/%s.so", path, entry);
	if (is_kind(path, S_IFDIR) && is_kind(inner, S_IFREG)) {
		candidates_add(c, entry, inner);
		inner = NULL;
	}
	free(inner);
	free(path);
}

static int candidate_compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : strcmp(x->path, y->path);
}

static int candidates_find(struct candidates *c, const char *folder, struct sl_error *e)
{
	DIR *dir = opendir(folder);
	struct dirent *d;

	if (!dir)
		return sl_fail(e, SL_EIO, "the plugin folder %s cannot be read: %s", folder,
			       strerror(errno));
	while ((d = readdir(dir)) && c->count < CANDIDATES_MAX)
		if (sl_text_is_name(d->d_name) && d->d_name[0] != '.')
			candidate_consider(c, folder, d->d_name);
	closedir(dir);
	if (c->count)
		qsort(c->items, c->count, sizeof *c->items, candidate_compare);
	return SL_OK;
}

/* --- loading --- */

/* Takes refused. */
static struct host_entry *entry_add(struct plugin_host *h, const char *name, const char *path,
				    char *refused)
{
	SL_GROW(h->entries, h->count, h->cap);
	h->entries[h->count] = (struct host_entry){
		.name = sl_text_clean_dup(name, strlen(name), false),
		.path = sl_strdup(path),
		.refused = refused,
	};
	if (refused)
		sl_log(SL_LOG_WARN, "plugin '%s' (%s) is refused: %s", name, path, refused);
	return &h->entries[h->count++];
}

static char *candidate_distrust(const struct candidate *c)
{
	char *folder = sl_strndup(c->path, (size_t)(strrchr(c->path, '/') - c->path)), *why;
	struct stat file, around;

	if (stat(c->path, &file) != 0 || stat(folder, &around) != 0)
		why = sl_asprintf("it cannot be read: %s", strerror(errno));
	else
		why = path_distrust(c->path, &file);
	if (!why)
		why = path_distrust(folder, &around);
	free(folder);
	return why;
}

static bool is_wanted(const struct plugin_host *h, const char *name)
{
	for (size_t i = 0; i < h->only_count; i++)
		if (strcmp(h->only[i], name) == 0)
			return true;
	return !h->only;
}

static void candidate_load(struct plugin_host *h, const struct candidate *c)
{
	const struct sl_plugin *plugin = NULL;
	struct host_entry *entry;
	char *why;

	if (plugin_host_find(h, c->name) || !is_wanted(h, c->name))
		return;
	why = candidate_distrust(c);
	if (!why)
		why = plugin_probe(c->path);
	if (!why)
		why = plugin_probe_here(c->path, &plugin);
	if (!why && plugin_host_find(h, plugin->name))
		why = sl_asprintf("a plugin named '%s' is already loaded", plugin->name);
	entry = entry_add(h, why ? c->name : plugin->name, c->path, why);
	entry->plugin = why ? NULL : plugin;
}

int plugin_host_load_folder(struct plugin_host *h, const char *folder, struct sl_error *e)
{
	struct candidates found = {0};
	struct stat st;
	char *why;
	int rc;

	if (stat(folder, &st) != 0)
		return sl_fail(e, SL_ENOTFOUND, "the plugin folder %s cannot be opened: %s", folder,
			       strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return sl_fail(e, SL_EINPUT, "%s is not a folder of plugins", folder);
	why = path_distrust(folder, &st);
	if (why) {
		rc = sl_fail(e, SL_EINPUT, "no plugins are loaded from there: %s", why);
		entry_add(h, folder, folder, why);
		return rc;
	}
	rc = candidates_find(&found, folder, e);
	for (size_t i = 0; i < found.count; i++)
		candidate_load(h, &found.items[i]);
	candidates_release(&found);
	return rc;
}

/* Folders that are not there are normal; everything else is worth a line. */
static void load_if_there(struct plugin_host *h, const char *folder, bool named)
{
	struct sl_error e = {0};

	if (plugin_host_load_folder(h, folder, &e) == SL_OK)
		return;
	if (named || e.code != SL_ENOTFOUND)
		sl_log(SL_LOG_WARN, "%s", e.msg);
}

static void load_beside_program(struct plugin_host *h)
{
	char exe[PATH_MAX], *folder, *slash;
	size_t len = sizeof exe;

	if (uv_exepath(exe, &len) != 0)
		return;
	slash = strrchr(exe, '/');
	if (!slash)
		return;
	*slash = '\0';
	/* Built in place, and installed: both move with the program. */
	static const char *const beside[] = {"plugins", "../lib/sluice/plugins"};
	for (size_t i = 0; i < SL_COUNT(beside); i++) {
		folder = sl_asprintf("%s/%s", exe, beside[i]);
		load_if_there(h, folder, false);
		free(folder);
	}
}

int plugin_host_load_default(struct plugin_host *h, struct sl_error *e)
{
	const char *named = getenv("SLUICE_PLUGINS");
	char *list = sl_strdup(named ? named : ""), *save = NULL;

	(void)e; /* no folder is worth stopping for */
	for (char *f = strtok_r(list, ":", &save); f; f = strtok_r(NULL, ":", &save))
		load_if_there(h, f, true);
	free(list);
	load_beside_program(h);
	return SL_OK;
}

static bool all_are_there(const struct plugin_host *h, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!plugin_host_find(h, types[i]))
			return false;
	return true;
}

int plugin_host_load_types(struct plugin_host *h, const char *const *types, size_t count,
			   struct sl_error *e)
{
	int rc;

	h->only = types;
	h->only_count = count;
	rc = count ? plugin_host_load_default(h, e) : SL_OK;
	h->only = NULL;
	h->only_count = 0;
	return rc || all_are_there(h, types, count) ? rc : plugin_host_load_default(h, e);
}
