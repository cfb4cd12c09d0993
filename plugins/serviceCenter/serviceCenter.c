/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, opening and closing. */
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/setting.h"
#include "plugins/serviceCenter/sc.h"

static const struct sl_setting settings[] = {
	{
		.name = "url",
		.type = SL_SETTING_URL,
		.required = true,
		.help = "Where the Service Center answers, as http://sc.example:30100.",
	},
	{
		.name = "project",
		.type = SL_SETTING_TEXT,
		.fallback = "default",
		.help = "The project, a part of every path.",
	},
	{
		.name = "domain",
		.type = SL_SETTING_TEXT,
		.fallback = "default",
		.help = "The tenant, sent as X-Domain-Name.",
	},
	{
		.name = "environment",
		.type = SL_SETTING_TEXT,
		.help = "Only services of this environment; without it those of every one.",
	},
	{
		.name = "account",
		.type = SL_SETTING_TEXT,
		.help = "Who logs in, where accounts are switched on; needs password.",
	},
	{
		.name = "password",
		.type = SL_SETTING_SECRET,
		.help = "The account's password. One that is refused is not tried a second time: "
			"the third wrong one locks the account.",
	},
	{
		.name = "token",
		.type = SL_SETTING_SECRET,
		.help = "A token that was issued before, instead of account and password.",
	},
	{
		.name = "watchAs",
		.type = SL_SETTING_TEXT,
		.help = "Hear of changes at once: the registry pushes to a service what changes in "
			"those that it calls; listen as these services (names, comma separated), "
			"or as all that call others (*). Nothing is registered. Without it changes "
			"are seen with the next poll.",
	},
	{
		.name = "weightProperty",
		.type = SL_SETTING_TEXT,
		.fallback = "weight",
		.help = "The instance property that callers take as weight.",
	},
	SL_SETTINGS_TLS("ca"),
};

static void sc_free(struct sl_chains *all)
{
	struct sc *sc = (struct sc *)all;

	for (size_t i = 0; i < sc->group_count; i++)
		sc_group_unref(sc->groups[i]);
	free(sc->groups);
	free(sc->all.name);
	free(sc->url);
	free(sc->project);
	free(sc->domain);
	free(sc->environment);
	free(sc->account);
	free(sc->password);
	free(sc->token);
	sl_tls_release(&sc->tls);
	free(sc->unread_told);
	free(sc->weight);
	free(sc->watch_as);
	free(sc);
}

static int sc_check_login(const struct sc *sc, struct sl_error *e)
{
	if (!sc->account != !sc->password)
		return sl_fail(e, SL_EINPUT, "'account' and 'password' need each other");
	if (sc->account && sc->token)
		return sl_fail(e, SL_EINPUT, "give 'token', or 'account' and 'password', not both");
	return SL_OK;
}

static void *sc_open(const struct sl_settings *given, const struct sl_host_services *services,
		     struct sl_error *e)
{
	struct sc *sc;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	sc = sl_alloc(sizeof *sc);
	sc->all = (struct sl_chains){
		.services = services, .name = sl_strdup(given->backend), .release = sc_free};
	sc->url = sl_setting_dup_url(given, "url");
	sc->project = sl_setting_dup(given, "project");
	sc->domain = sl_setting_dup(given, "domain");
	sc->environment = sl_setting_dup(given, "environment");
	sc->account = sl_setting_dup(given, "account");
	sc->password = sl_setting_dup(given, "password");
	sc->token = sl_setting_dup(given, "token");
	sc->weight = sl_setting_dup(given, "weightProperty");
	sc->watch_as = sl_setting_dup(given, "watchAs");
	if (!sc->project)
		sc->project = sl_strdup("default");
	if (!sc->weight)
		sc->weight = sl_strdup("weight");
	if (sl_setting_tls(&sc->tls, given, "ca", e) != SL_OK || sc_check_login(sc, e) != SL_OK) {
		sc_free(&sc->all);
		return NULL;
	}
	return sc;
}

static void sc_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct sc *sc = instance;

	sl_chains_close(&sc->all, closed, arg);
}

static void sc_cancel(void *instance, struct sl_call *call)
{
	(void)instance;
	sl_chain_cancel(&call->chain);
}

static const struct sl_registry_ops registry = {
	.size = sizeof registry,
	.list = sc_list,
	.find = sc_find,
	.edges = sc_edges,
	.write = sc_write,
	.watch = sc_watch,
	.cancel = sc_cancel,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "serviceCenter",
	.summary = "reads and marks instances in ServiceComb Service Center",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.registry = &registry,
	.open = sc_open,
	.close = sc_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
