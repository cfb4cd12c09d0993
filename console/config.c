/* SPDX-License-Identifier: Apache-2.0 */
#include "console/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/app.h"
#include "orchestrator/playbook/node.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

#define CONFIG_MAX (256u << 10)
#define LOOK_MS    1000

/* What tells one state of a file from another; all 0 = it is not there. */
struct stamp {
	uint64_t inode, size;
	int64_t modified_s, modified_ns;
	int error; /* it cannot be looked at */
};

struct config {
	struct app *app;
	char *path;
	struct stamp read; /* of what was read, so that no change falls between two looks */
	uv_timer_t timer;
	uv_fs_t look;
	bool looking, timer_gone;
	void (*closed)(void *arg); /* set when it is being closed */
	void *arg;
};

struct settings {
	struct bindings *bindings;
	const struct theme *theme;
	bool mouse;
	struct named_list named;
};

void named_release(struct named_list *l)
{
	while (l->count) {
		l->count--;
		free(l->items[l->count].name);
		free(l->items[l->count].text);
	}
	free(l->items);
	*l = (struct named_list){0};
}

static int wrong(struct sl_error *e, const char *path, const struct pb_node *n, const char *what)
{
	const char *file = strrchr(path, '/');

	return sl_fail(e, SL_EINPUT, "%s:%u: %s: %s", file ? file + 1 : path, n->at.line,
		       n->key ? n->key : "console", what);
}

static int take_keys(struct settings *s, const char *path, const struct pb_node *map,
		     struct sl_error *e)
{
	const struct pb_node *n;
	struct sl_error why = {0};

	if (map->type != PB_MAP)
		return wrong(e, path, map, "expected a map of names to keys");
	for (n = map->first; n; n = n->next)
		if (n->type != PB_SCALAR ||
		    bindings_set(s->bindings, n->key, n->text ? n->text : "none", &why))
			return wrong(e, path, n, why.msg[0] ? why.msg : "expected keys");
	return SL_OK;
}

/* What they say is read when one is used: its columns are those of the view in front. */
static int take_filters(struct settings *s, const char *path, const struct pb_node *map,
			struct sl_error *e)
{
	const struct pb_node *n;

	if (map->type != PB_MAP)
		return wrong(e, path, map, "expected a map of names to filters");
	for (n = map->first; n; n = n->next) {
		if (n->type != PB_SCALAR || !n->text || !*n->text || strchr(n->key, ' '))
			return wrong(e, path, n, "expected a name without spaces, and a filter");
		SL_GROW(s->named.items, s->named.count, s->named.cap);
		s->named.items[s->named.count++] =
			(struct named){sl_strdup(n->key), sl_strdup(n->text)};
	}
	return SL_OK;
}

static int take_one(struct settings *s, const char *path, const struct pb_node *n,
		    struct sl_error *e)
{
	const char *text = n->type == PB_SCALAR && n->text ? n->text : "";

	if (!strcmp(n->key, "keys"))
		return take_keys(s, path, n, e);
	if (!strcmp(n->key, "filters"))
		return take_filters(s, path, n, e);
	if (!strcmp(n->key, "theme")) {
		s->theme = theme_find(text);
		return s->theme ? SL_OK : wrong(e, path, n, "expected dark, light or contrast");
	}
	if (!strcmp(n->key, "mouse")) {
		s->mouse = !strcmp(text, "true");
		return s->mouse || !strcmp(text, "false")
			       ? SL_OK
			       : wrong(e, path, n, "expected true or false");
	}
	return wrong(e, path, n, "is not known here (theme, mouse, keys, filters)");
}

static int read_tree(struct settings *s, const char *path, const struct pb_node *root,
		     struct sl_error *e)
{
	const struct pb_node *console, *n;
	int rc = SL_OK;

	if (!root || (root->type == PB_SCALAR && !root->text))
		return SL_OK;
	if (root->type != PB_MAP)
		return wrong(e, path, root, "expected a map with the key console");
	for (n = root->first; n; n = n->next)
		if (strcmp(n->key, "console") != 0)
			return wrong(e, path, n,
				     "is not known here; all settings stand below "
				     "console:");
	console = pb_get(root, "console");
	if (!console || (console->type == PB_SCALAR && !console->text))
		return SL_OK;
	if (console->type != PB_MAP)
		return wrong(e, path, console, "expected a map");
	for (n = console->first; n && !rc; n = n->next)
		rc = take_one(s, path, n, e);
	return rc;
}

static void settings_take(struct app *a, struct settings *s)
{
	bindings_free(a->bindings);
	a->bindings = s->bindings;
	a->theme = s->theme;
	a->mouse = s->mouse;
	named_release(&a->named);
	a->named = s->named;
	if (a->term) {
		term_theme(a->term, a->theme);
		term_mouse(a->term, a->mouse);
	}
	app_dirty(a);
}

/* The first line says where and why; those behind it show the text. */
static int unreadable(const struct diags *d, const char *path, struct sl_error *e)
{
	char *text = diags_text(d);

	text[strcspn(text, "\n")] = '\0';
	sl_fail(e, SL_EINPUT, "%s", *text ? text : path);
	free(text);
	return SL_EINPUT;
}

int config_apply(struct app *a, const char *path, const char *text, struct sl_error *e)
{
	struct settings s = {.bindings = bindings_new(), .theme = theme_find("dark")};
	struct diags *d = diags_new();
	bool blank = !text[strspn(text, " \t\r\n")];
	struct pb_tree *tree = blank ? NULL : pb_tree_parse(path, text, strlen(text), d);
	int rc = SL_OK;

	if (tree)
		rc = read_tree(&s, path, pb_tree_root(tree), e);
	else if (!blank)
		rc = unreadable(d, path, e);
	if (!rc) {
		settings_take(a, &s);
	} else {
		bindings_free(s.bindings);
		named_release(&s.named);
	}
	if (tree)
		pb_tree_free(tree);
	diags_free(d);
	return rc;
}

static struct stamp stamp_of(const uv_fs_t *seen)
{
	const uv_stat_t *st = &seen->statbuf;

	if (seen->result == UV_ENOENT || seen->result == UV_ENOTDIR)
		return (struct stamp){0};
	if (seen->result)
		return (struct stamp){.error = (int)seen->result};
	return (struct stamp){st->st_ino, st->st_size, st->st_mtim.tv_sec, st->st_mtim.tv_nsec, 0};
}

static struct stamp stamp_of_open(uv_loop_t *loop, FILE *f)
{
	struct stamp stamp;
	uv_fs_t seen;

	uv_fs_fstat(loop, &seen, fileno(f), NULL);
	stamp = stamp_of(&seen);
	uv_fs_req_cleanup(&seen);
	return stamp;
}

static int read_file(struct config *c, struct sl_error *e)
{
	FILE *f = fopen(c->path, "re");
	char *text;
	size_t n;
	int rc;

	if (!f && (errno == ENOENT || errno == ENOTDIR))
		return config_apply(c->app, c->path, "", e);
	if (!f)
		return sl_fail(e, SL_EIO, "%s: %s", c->path, strerror(errno));
	c->read = stamp_of_open(c->app->loop, f);
	text = sl_alloc(CONFIG_MAX + 1);
	n = fread(text, 1, CONFIG_MAX, f);
	fclose(f);
	text[n] = '\0';
	rc = strlen(text) == n ? config_apply(c->app, c->path, text, e)
			       : sl_fail(e, SL_EINPUT, "%s: holds NUL bytes", c->path);
	free(text);
	return rc;
}

/* --- looking whether it changed --- */

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->inode == b->inode && a->size == b->size && a->modified_s == b->modified_s &&
	       a->modified_ns == b->modified_ns && a->error == b->error;
}

static void read_again(struct config *c)
{
	struct sl_error e = {0};

	if (read_file(c, &e))
		app_say(c->app, PAINT_BAD, "%s", e.msg);
	else
		app_say(c->app, PAINT_DIM, "the settings were read again");
}

static void config_free(struct config *c)
{
	void (*closed)(void *) = c->closed;
	void *arg = c->arg;

	free(c->path);
	free(c);
	closed(arg);
}

/* A file that went leaves the settings as they are. */
static void take(struct config *c, const struct stamp *now)
{
	c->read = *now;
	if (now->inode || now->error)
		read_again(c);
}

static void looked(uv_fs_t *seen)
{
	struct config *c = seen->data;
	struct stamp now = stamp_of(seen);
	bool changed = !is_same(&now, &c->read);

	uv_fs_req_cleanup(seen);
	c->looking = false;
	if (c->timer_gone)
		config_free(c);
	else if (!c->closed && changed)
		take(c, &now);
}

/* In the loop's pool: the file may lie on a server that does not answer. */
static void look_at_file(uv_timer_t *timer)
{
	struct config *c = timer->data;

	if (!c->looking && !uv_fs_stat(timer->loop, &c->look, c->path, looked))
		c->looking = true;
}

static char *usual_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return sl_asprintf("%s/sluice/config.yaml", xdg);
	return sl_asprintf("%s/.config/sluice/config.yaml", home ? home : "");
}

int config_open(struct app *a, const char *path, struct config **out, struct sl_error *e)
{
	struct config *c = sl_alloc(sizeof *c);
	int rc;

	c->app = a;
	c->path = path ? sl_strdup(path) : usual_path();
	rc = read_file(c, e);
	if (rc) {
		free(c->path);
		free(c);
		return rc;
	}
	uv_timer_init(a->loop, &c->timer);
	c->timer.data = c->look.data = c;
	uv_timer_start(&c->timer, look_at_file, LOOK_MS, LOOK_MS);
	*out = c;
	return SL_OK;
}

static void timer_closed(uv_handle_t *handle)
{
	struct config *c = handle->data;

	c->timer_gone = true;
	if (!c->looking)
		config_free(c);
}

void config_close(struct config *c, void (*closed)(void *arg), void *arg)
{
	c->closed = closed;
	c->arg = arg;
	uv_close((uv_handle_t *)&c->timer, timer_closed);
}
