/* SPDX-License-Identifier: Apache-2.0 */
/* A backend's mapping in the inventory becomes the settings its plugin asked for. Whether they are
 * complete and well formed is the plugin host's to say, from the same table. */
#include <stdlib.h>
#include <string.h>

#include "orchestrator/inventory/inventory.h"
#include "orchestrator/inventory/secrets.h"
#include "plugins/sdk/mem.h"

struct settings {
	struct sl_settings pub; /* first: one is cast to the other */
	struct sl_setting_value *values;
	size_t cap;
};

static const struct sl_setting *setting_find(const struct sl_plugin *p, const char *name)
{
	for (size_t i = 0; i < p->setting_count; i++)
		if (!strcmp(p->settings[i].name, name))
			return &p->settings[i];
	return NULL;
}

static struct sl_setting_value *value_add(struct settings *s, const char *name)
{
	struct sl_setting_value *v;

	SL_GROW(s->values, s->pub.count, s->cap);
	s->pub.values = s->values;
	v = &s->values[s->pub.count++];
	*v = (struct sl_setting_value){.name = sl_strdup(name)};
	return v;
}

static int wrong(struct sl_error *e, const struct inv_backend *b, const struct pb_node *n,
		 const char *expected)
{
	return sl_fail(e, SL_EINPUT, "line %u: %s.%s: expected %s", n->at.line, b->name, n->key,
		       expected);
}

static int take_hosts(const struct inventory_file *f, const struct inv_backend *b,
		      const struct pb_node *n, struct sl_setting_value *v, struct sl_error *e)
{
	size_t count = n->type == PB_SCALAR ? 1 : pb_count(n), at = 0;
	const char **items = sl_alloc_n(count + 1, sizeof *items);
	struct diag_at *places = sl_alloc_n(count + 1, sizeof *places);
	struct pb_strings list = {items, places, count};
	struct diags *d = diags_new();
	const char **names;
	int rc = SL_OK;

	for (const struct pb_node *it = n->type == PB_SCALAR ? n : n->first; it && at < count;
	     it = n->type == PB_SCALAR ? NULL : it->next) {
		if (it->type != PB_SCALAR || !it->text)
			rc = wrong(e, b, n, "a group, a host, a range, or a list of these");
		items[at++] = it->text ? it->text : "";
	}
	if (!rc && inventory_expand(f, &list, &names, &v->count, d)) {
		char *text = diags_text(d);

		rc = sl_fail(e, SL_EINPUT, "%s.%s: %s", b->name, n->key, text);
		free(text);
	} else if (!rc) {
		v->items = names;
	}
	diags_free(d);
	free(places);
	free(items);
	return rc;
}

/* Keys and items are copies, each its own. */
static int take_map(const struct inv_backend *b, const struct pb_node *n,
		    struct sl_setting_value *v, struct sl_error *e)
{
	const char **keys, **items;

	if (n->type != PB_MAP)
		return wrong(e, b, n, "a mapping");
	keys = sl_alloc_n(pb_count(n) + 1, sizeof *keys);
	items = sl_alloc_n(pb_count(n) + 1, sizeof *items);
	v->keys = keys;
	v->items = items;
	for (const struct pb_node *it = n->first; it; it = it->next) {
		if (it->type != PB_SCALAR)
			return wrong(e, b, n, "a mapping of texts");
		keys[v->count] = sl_strdup(it->key);
		items[v->count++] = sl_strdup(it->text ? it->text : "");
	}
	return SL_OK;
}

static int take_text(const struct inventory_file *f, const struct inv_backend *b,
		     const struct pb_node *n, const struct sl_setting *as,
		     struct sl_setting_value *v, struct sl_error *e)
{
	if (n->type != PB_SCALAR)
		return wrong(e, b, n, "a single value");
	if (!as || as->type != SL_SETTING_SECRET) {
		v->text = sl_strdup(n->text ? n->text : "");
		return SL_OK;
	}
	v->text = inventory_secret(n->text ? n->text : "", f->folder, e);
	if (v->text)
		return SL_OK;
	sl_error_prefix(e, "%s.%s", b->name, n->key);
	return SL_EINPUT;
}

static int take_value(const struct inventory_file *f, const struct inv_backend *b,
		      const struct pb_node *n, const struct sl_plugin *plugin, struct settings *s,
		      struct sl_error *e)
{
	const struct sl_setting *as = setting_find(plugin, n->key);
	struct sl_setting_value *v = value_add(s, n->key);

	if (as && as->type == SL_SETTING_HOSTS)
		return take_hosts(f, b, n, v, e);
	if (as && as->type == SL_SETTING_MAP)
		return take_map(b, n, v, e);
	return take_text(f, b, n, as, v, e);
}

static void add_fallbacks(const struct inv_backend *b, const struct sl_plugin *plugin,
			  struct settings *s)
{
	for (size_t i = 0; i < plugin->setting_count; i++) {
		const struct sl_setting *as = &plugin->settings[i];
		bool plain = as->type != SL_SETTING_HOSTS && as->type != SL_SETTING_MAP &&
			     as->type != SL_SETTING_SECRET;

		if (plain && as->fallback && !(b->settings && pb_get(b->settings, as->name)))
			value_add(s, as->name)->text = sl_strdup(as->fallback);
	}
}

/* Keys of the inventory itself, for whoever reads the backend; no plugin's. */
static bool is_ours(const struct inv_backend *b, const struct sl_plugin *plugin, const char *key)
{
	if (!strcmp(key, "type"))
		return true;
	return b->kind == INV_METRICS && !strcmp(key, "queries") && !setting_find(plugin, key);
}

struct sl_settings *inventory_backend_settings(const struct inventory_file *f,
					       const struct inv_backend *b,
					       const struct sl_plugin *plugin, struct sl_error *e)
{
	struct settings *s = sl_alloc(sizeof *s);
	const struct pb_node *it = b->settings ? b->settings->first : NULL;
	int rc = SL_OK;

	s->pub.backend = sl_strdup(b->name);
	for (; !rc && it; it = it->next)
		if (!is_ours(b, plugin, it->key))
			rc = take_value(f, b, it, plugin, s, e);
	if (!rc) {
		add_fallbacks(b, plugin, s);
		return &s->pub;
	}
	inventory_settings_free(&s->pub);
	return NULL;
}

/* Constness is the reader's; what was allocated here goes here. */
static void drop(const void *p)
{
	free((void *)(uintptr_t)p);
}

void inventory_settings_free(struct sl_settings *pub)
{
	struct settings *s = (struct settings *)pub;

	if (!pub)
		return;
	for (size_t i = 0; i < pub->count; i++) {
		for (size_t k = 0; s->values[i].keys && k < s->values[i].count; k++) {
			drop(s->values[i].keys[k]);
			drop(s->values[i].items[k]);
		}
		secret_wipe((char *)(uintptr_t)s->values[i].text);
		drop(s->values[i].name);
		drop(s->values[i].keys);
		drop(s->values[i].items);
	}
	drop(pub->backend);
	free(s->values);
	free(s);
}
