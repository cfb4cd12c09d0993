/* SPDX-License-Identifier: Apache-2.0 */
/* etcd as a registry and a config centre, through the JSON gateway of version 3.3 and later. */
#include "plugins/etcd/etcd.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/plugin.h"
#include "plugins/sdk/setting.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

#define ENDPOINTS_MAX 16

static const struct sl_setting settings[] = {
	{
		.name = "url",
		.type = SL_SETTING_URL,
		.help = "The address of etcd's client port; or give endpoints.",
	},
	{
		.name = "endpoints",
		.type = SL_SETTING_TEXT,
		.help = "Addresses of several members, separated by commas: when one is out of "
			"order the next is asked.",
	},
	{
		.name = "user",
		.type = SL_SETTING_TEXT,
		.help = "Whom to log in as; without it etcd is asked without a login.",
	},
	{
		.name = "password",
		.type = SL_SETTING_SECRET,
		.help = "The user's password.",
	},
	{
		.name = "prefix",
		.type = SL_SETTING_TEXT,
		.fallback = "/sluice",
		.help = "The part of the key space that holds services and config.",
	},
	SL_SETTINGS_TLS("caFile"),
	{
		.name = "requestTimeout",
		.type = SL_SETTING_DURATION,
		.fallback = "5s",
		.help = "The longest that one request to one endpoint may take.",
	},
};

static int url_add(struct etcd *etcd, const char *text, size_t len, struct sl_error *e)
{
	char *url;

	while (len && strchr(" \t", *text)) {
		text++;
		len--;
	}
	while (len && strchr(" \t/", text[len - 1]))
		len--;
	url = sl_strndup(text, len);
	if ((!sl_text_starts(url, "http://") && !sl_text_starts(url, "https://")) ||
	    strpbrk(url, "@?# \t")) {
		sl_fail(e, SL_EINPUT,
			"an endpoint must be http://HOST:PORT or https://HOST:PORT, without user, "
			"spaces or query");
		free(url);
		return SL_EINPUT;
	}
	if (etcd->url_count == ENDPOINTS_MAX) {
		free(url);
		return sl_fail(e, SL_EINPUT, "at most %d endpoints", ENDPOINTS_MAX);
	}
	etcd->urls[etcd->url_count++] = url;
	return SL_OK;
}

static int urls_fill(struct etcd *etcd, const struct sl_settings *given, struct sl_error *e)
{
	const char *url = sl_setting_text(given, "url"), *all = sl_setting_text(given, "endpoints");

	etcd->urls = sl_alloc_n(ENDPOINTS_MAX, sizeof *etcd->urls);
	if ((url == NULL) == (all == NULL))
		return sl_fail(e, SL_EINPUT, "give one of 'url' and 'endpoints'");
	if (url)
		return url_add(etcd, url, strlen(url), e);
	for (;;) {
		size_t len = strcspn(all, ",");

		if (url_add(etcd, all, len, e) != SL_OK)
			return e->code;
		if (!all[len])
			return SL_OK;
		all += len + 1;
	}
}

static int prefix_fill(struct etcd *etcd, const char *text, struct sl_error *e)
{
	size_t len = strlen(text);

	while (len && text[len - 1] == '/')
		len--;
	if (!len || text[0] != '/' || len > 1024 || !sl_text_is_clean(text, len))
		return sl_fail(e, SL_EINPUT,
			       "'prefix' must begin with a slash and name a part of the key space, "
			       "as /sluice");
	etcd->prefix = sl_strndup(text, len);
	return SL_OK;
}

static int etcd_fill(struct etcd *etcd, const struct sl_settings *given, struct sl_error *e)
{
	etcd->name = sl_strdup(given->backend);
	etcd->user = sl_strdup(sl_setting_text(given, "user"));
	etcd->password = sl_strdup(sl_setting_text(given, "password"));
	if (sl_setting_tls(&etcd->tls, given, "caFile", e) != SL_OK)
		return e->code;
	if (!sl_duration_parse(sl_setting_text(given, "requestTimeout"), &etcd->request_ms) ||
	    etcd->request_ms <= 0)
		return sl_fail(e, SL_EINPUT, "'requestTimeout' must be more than nothing");
	if (!etcd->user != !etcd->password)
		return sl_fail(e, SL_EINPUT, "'user' and 'password' need each other");
	if (prefix_fill(etcd, sl_setting_text(given, "prefix"), e) != SL_OK)
		return e->code;
	return urls_fill(etcd, given, e);
}

static void secret_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

static void etcd_free(struct etcd *etcd)
{
	for (size_t i = 0; i < etcd->url_count; i++)
		free(etcd->urls[i]);
	free(etcd->urls);
	free(etcd->name);
	free(etcd->user);
	secret_free(etcd->password);
	secret_free(etcd->token);
	free(etcd->prefix);
	sl_tls_release(&etcd->tls);
	free(etcd);
}

static void *etcd_open(const struct sl_settings *given, const struct sl_host_services *services,
		       struct sl_error *e)
{
	struct etcd *etcd;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	etcd = sl_alloc(sizeof *etcd);
	etcd->services = services;
	if (etcd_fill(etcd, given, e) == SL_OK)
		return etcd;
	etcd_free(etcd);
	return NULL;
}

void etcd_maybe_free(struct etcd *etcd)
{
	void (*closed)(void *) = etcd->closed;
	void *arg = etcd->closed_arg;

	if (!etcd->closing || etcd->calls || etcd->discarding || !etcd->ticked)
		return;
	etcd_free(etcd);
	closed(arg);
}

static void on_close_tick(void *arg)
{
	struct etcd *etcd = arg;

	etcd->ticked = true;
	etcd_maybe_free(etcd);
}

static void etcd_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct etcd *etcd = instance;

	etcd->closing = true;
	etcd->closed = closed;
	etcd->closed_arg = arg;
	for (struct sl_call *call = etcd->calls; call; call = call->next)
		etcd_call_cancel(call);
	etcd->services->timer(etcd->services->ctx, 0, on_close_tick, etcd);
}

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "etcd",
	.summary = "services and config kept in etcd v3, read through its JSON gateway",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.registry = &etcd_registry,
	.config = &etcd_config,
	.open = etcd_open,
	.close = etcd_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
