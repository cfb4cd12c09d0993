/* SPDX-License-Identifier: Apache-2.0 */
/* Traces kept in Zipkin, through its v2 API. Read-only. */
#include "plugins/zipkin/zipkin.h"

#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/setting.h"
#include "plugins/sdk/text.h"

static const struct sl_setting settings[] = {
	{
		.name = "url",
		.type = SL_SETTING_URL,
		.required = true,
		.help = "Zipkin's address, as http://zipkin:9411; a path in front of /api/v2 is "
			"kept.",
	},
	{
		.name = "authorization",
		.type = SL_SETTING_SECRET,
		.help = "The value of an Authorization header, for a proxy that asks for one.",
	},
	SL_SETTINGS_TLS("caFile"),
};

static void strip_end(char *url, const char *end)
{
	size_t len = strlen(url), n = strlen(end);

	while (len && url[len - 1] == '/')
		url[--len] = '\0';
	if (len > n && strcmp(url + len - n, end) == 0)
		url[len - n] = '\0';
}

/* People copy what their browser shows: with /zipkin/, or with /api/v2. */
static char *base_make(const char *text)
{
	char *url = sl_strdup(text), *base;

	strip_end(url, "/api/v2");
	strip_end(url, "/zipkin");
	strip_end(url, "");
	base = sl_asprintf("%s/api/v2", url);
	free(url);
	return base;
}

static int zipkin_fill(struct zipkin *z, const struct sl_settings *given, struct sl_error *e)
{
	const char *url = sl_setting_text(given, "url");

	z->name = sl_strdup(given->backend);
	z->authorization = sl_strdup(sl_setting_text(given, "authorization"));
	if (sl_setting_tls(&z->tls, given, "caFile", e) != SL_OK)
		return e->code;
	if (!url || (!sl_text_starts(url, "http://") && !sl_text_starts(url, "https://")) ||
	    strpbrk(url, "@?# \t\r\n"))
		return sl_fail(e, SL_EINPUT,
			       "'url' must be http://HOST:PORT or https://HOST:PORT, without user, "
			       "spaces or query");
	if (z->authorization && strpbrk(z->authorization, "\r\n"))
		return sl_fail(e, SL_EINPUT, "'authorization' must be one line");
	z->base = base_make(url);
	return SL_OK;
}

static void zipkin_free(struct zipkin *z)
{
	if (z->authorization)
		explicit_bzero(z->authorization, strlen(z->authorization));
	free(z->authorization);
	sl_tls_release(&z->tls);
	free(z->base);
	free(z->name);
	free(z);
}

static void *zipkin_open(const struct sl_settings *given, const struct sl_host_services *services,
			 struct sl_error *e)
{
	struct zipkin *z;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	z = sl_alloc(sizeof *z);
	z->services = services;
	if (zipkin_fill(z, given, e) == SL_OK)
		return z;
	zipkin_free(z);
	return NULL;
}

void zipkin_maybe_free(struct zipkin *z)
{
	void (*closed)(void *) = z->closed;
	void *arg = z->closed_arg;

	if (!z->closing || z->calls || !z->ticked)
		return;
	zipkin_free(z);
	closed(arg);
}

static void on_close_tick(void *arg)
{
	struct zipkin *z = arg;

	z->ticked = true;
	zipkin_maybe_free(z);
}

static void zipkin_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct zipkin *z = instance;

	z->closing = true;
	z->closed = closed;
	z->closed_arg = arg;
	zipkin_cancel_all(z);
	z->services->timer(z->services->ctx, 0, on_close_tick, z);
}

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "zipkin",
	.summary = "traces kept in Zipkin (v2 API)",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.tracing = &zipkin_tracing,
	.open = zipkin_open,
	.close = zipkin_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
