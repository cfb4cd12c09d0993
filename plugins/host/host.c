/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/host/host.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/host/internal.h"
#include "plugins/sdk/mem.h"

struct plugin_host *plugin_host_new(uv_loop_t *loop)
{
	struct plugin_host *h = sl_alloc(sizeof *h);

	h->loop = loop;
	if (loop) {
		h->http = sl_http_new(loop);
		h->websockets = websockets_new(loop);
	}
	return h;
}

static void on_http_closed(void *arg)
{
	struct plugin_host *h = arg;
	void (*closed)(void *) = h->closed;
	void *closed_arg = h->closed_arg;

	for (size_t i = 0; i < h->count; i++) {
		free(h->entries[i].name);
		free(h->entries[i].path);
		free(h->entries[i].refused);
	}
	free(h->entries);
	free(h);
	if (closed)
		closed(closed_arg);
}

static void on_websockets_closed(void *arg)
{
	struct plugin_host *h = arg;

	sl_http_close(h->http, on_http_closed, h);
}

void plugin_host_close(struct plugin_host *h, void (*closed)(void *arg), void *arg)
{
	h->closed = closed;
	h->closed_arg = arg;
	if (h->http)
		websockets_close(h->websockets, on_websockets_closed, h);
	else
		on_http_closed(h); /* without a loop there is no later */
}

void plugin_host_set_remote(struct plugin_host *h, plugin_host_remote open, void *ctx)
{
	h->remote = open;
	h->remote_ctx = ctx;
}

struct sl_http *plugin_host_http(struct plugin_host *h)
{
	return h->http;
}

size_t plugin_host_count(const struct plugin_host *h)
{
	return h->count;
}

struct plugin_info plugin_host_info(const struct plugin_host *h, size_t i)
{
	const struct host_entry *entry = &h->entries[i];

	return (struct plugin_info){
		.plugin = entry->plugin,
		.name = entry->name,
		.path = entry->path,
		.refused = entry->refused,
	};
}

const struct sl_plugin *plugin_host_find(const struct plugin_host *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->entries[i].plugin && strcmp(h->entries[i].plugin->name, name) == 0)
			return h->entries[i].plugin;
	return NULL;
}

/* --- backends --- */

/* The settings as given, and the fallbacks of those that were not. Yours to free: .values. */
static struct sl_settings settings_complete(const struct sl_plugin *p, const struct sl_settings *s)
{
	struct sl_setting_value *all = sl_alloc_n(s->count + p->setting_count + 1, sizeof *all);
	size_t count = 0;

	for (; count < s->count; count++)
		all[count] = s->values[count];
	for (size_t i = 0; i < p->setting_count; i++) {
		const struct sl_setting *setting = &p->settings[i];
		size_t k = 0;

		while (k < s->count && strcmp(s->values[k].name, setting->name) != 0)
			k++;
		if (k == s->count && setting->fallback)
			all[count++] = (struct sl_setting_value){.name = setting->name,
								 .text = setting->fallback};
	}
	return (struct sl_settings){.backend = s->backend, .values = all, .count = count};
}

struct plugin_backend *plugin_backend_open(struct plugin_host *h, const struct sl_plugin *p,
					   const struct sl_settings *s, struct sl_error *e)
{
	struct plugin_backend *b;
	struct sl_settings all;

	if (!h->loop) {
		sl_fail(e, SL_EINTERNAL, "'%s': this plugin host has no loop", s->backend);
		return NULL;
	}
	if (plugin_settings_check(p, s, e) != SL_OK)
		return NULL;
	b = sl_alloc(sizeof *b);
	b->host = h;
	b->plugin = p;
	b->name = sl_strdup(s->backend);
	plugin_services_init(b);
	all = settings_complete(p, s);
	b->instance = p->open(&all, &b->services, e);
	free((void *)all.values);
	if (b->instance)
		return b;
	sl_error_prefix(e, "'%s' (type %s)", s->backend, p->name);
	free(b->name);
	free(b);
	return NULL;
}

static void on_instance_closed(void *arg)
{
	struct plugin_backend *b = arg;
	void (*closed)(void *) = b->closed;
	void *closed_arg = b->closed_arg;

	free(b->name);
	free(b);
	if (closed)
		closed(closed_arg);
}

void plugin_backend_close(struct plugin_backend *b, void (*closed)(void *arg), void *arg)
{
	b->closed = closed;
	b->closed_arg = arg;
	b->plugin->close(b->instance, on_instance_closed, b);
}

const struct sl_plugin *plugin_backend_plugin(const struct plugin_backend *b)
{
	return b->plugin;
}

void *plugin_backend_instance(const struct plugin_backend *b)
{
	return b->instance;
}
