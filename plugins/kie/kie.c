/* SPDX-License-Identifier: Apache-2.0 */
/* Settings, opening and closing. */
#include "plugins/kie/kie.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/sdk/mem.h"
#include "plugins/sdk/setting.h"

static const struct sl_setting settings[] = {
	{
		.name = "url",
		.type = SL_SETTING_URL,
		.required = true,
		.help = "Where Kie answers, as http://kie.example:30110.",
	},
	{
		.name = "project",
		.type = SL_SETTING_TEXT,
		.fallback = "default",
		.help = "The project, a part of every path.",
	},
	{
		.name = "labels",
		.type = SL_SETTING_MAP,
		.help = "Only keys that have these labels, as app and environment.",
	},
	{
		.name = "token",
		.type = SL_SETTING_SECRET,
		.help = "A token that Service Center issued, where accounts are switched on.",
	},
	{
		.name = "tokenFile",
		.type = SL_SETTING_TEXT,
		.help = "A file with such a token, instead; it is read again when Kie refuses the "
			"one that it held.",
	},
	{
		.name = "loginUrl",
		.type = SL_SETTING_URL,
		.help = "The Service Center to log in at, instead, as http://sc.example:30100; "
			"needs account and password.",
	},
	{
		.name = "account",
		.type = SL_SETTING_TEXT,
		.help = "Who logs in there.",
	},
	{
		.name = "password",
		.type = SL_SETTING_SECRET,
		.help = "The account's password. One that is refused is not tried a second time: "
			"the third wrong one locks the account.",
	},
	SL_SETTINGS_TLS("ca"),
};

static void kie_free(struct sl_chains *all)
{
	struct kie *kie = (struct kie *)all;

	kie_labels_free(kie->labels, kie->label_count);
	free(kie->all.name);
	free(kie->url);
	free(kie->project);
	kie_secret_free(kie->token);
	free(kie->token_file);
	free(kie->login_url);
	free(kie->account);
	kie_secret_free(kie->password);
	sl_tls_release(&kie->tls);
	free(kie->session);
	free(kie->known_hash);
	free(kie->known_revision);
	free(kie);
}

static int labels_take(struct kie *kie, const struct sl_setting_value *map, struct sl_error *e)
{
	if (!map)
		return SL_OK;
	if (map->count > KIE_LABELS_MAX)
		return sl_fail(e, SL_EINPUT, "'labels': Kie takes at most %d", KIE_LABELS_MAX);
	kie->labels = sl_alloc_n(map->count + 1, sizeof *kie->labels);
	for (; kie->label_count < map->count; kie->label_count++) {
		kie->labels[kie->label_count].name = sl_strdup(map->keys[kie->label_count]);
		kie->labels[kie->label_count].value = sl_strdup(map->items[kie->label_count]);
	}
	return SL_OK;
}

static int token_take(struct kie *kie, const struct sl_settings *given, struct sl_error *e)
{
	kie->token = sl_setting_dup(given, "token");
	kie->token_file = sl_setting_dup(given, "tokenFile");
	kie->account = sl_setting_dup(given, "account");
	kie->password = sl_setting_dup(given, "password");
	if (sl_setting_text(given, "loginUrl"))
		kie->login_url = sl_setting_dup_url(given, "loginUrl");
	if (!kie->login_url != !kie->account || !kie->login_url != !kie->password)
		return sl_fail(e, SL_EINPUT,
			       "'loginUrl', 'account' and 'password' need each other");
	if ((kie->token != NULL) + (kie->token_file != NULL) + (kie->login_url != NULL) > 1)
		return sl_fail(e, SL_EINPUT,
			       "give one of 'token', 'tokenFile' and 'loginUrl' with 'account' and "
			       "'password'");
	return kie->token_file ? kie_token_read(kie, e) : SL_OK;
}

static void *kie_open(const struct sl_settings *given, const struct sl_host_services *services,
		      struct sl_error *e)
{
	struct kie *kie;

	if (services->size < sizeof *services) {
		sl_fail(e, SL_EUNSUPPORTED, "this sluice is older than the plugin");
		return NULL;
	}
	kie = sl_alloc(sizeof *kie);
	kie->all = (struct sl_chains){
		.services = services, .name = sl_strdup(given->backend), .release = kie_free};
	kie->url = sl_setting_dup_url(given, "url");
	kie->project = sl_setting_dup(given, "project");
	kie->session = sl_asprintf("sluice-%d", (int)getpid());
	if (!kie->project)
		kie->project = sl_strdup("default");
	if (sl_setting_tls(&kie->tls, given, "ca", e) != SL_OK ||
	    token_take(kie, given, e) != SL_OK ||
	    labels_take(kie, sl_setting_find(given, "labels"), e) != SL_OK) {
		kie_free(&kie->all);
		return NULL;
	}
	return kie;
}

static void kie_close(void *instance, void (*closed)(void *arg), void *arg)
{
	struct kie *kie = instance;

	sl_chains_close(&kie->all, closed, arg);
}

static void kie_cancel(void *instance, struct sl_call *call)
{
	(void)instance;
	sl_chain_cancel(&call->chain);
}

static const struct sl_config_ops config = {
	.size = sizeof config,
	.list = kie_list,
	.read = kie_read,
	.history = kie_history,
	.write = kie_write,
	.watch = kie_watch,
	.cancel = kie_cancel,
};

static const struct sl_plugin plugin = {
	.size = sizeof plugin,
	.abi = SL_PLUGIN_ABI,
	.name = "kie",
	.summary = "reads and publishes settings in ServiceComb Kie",
	.licence = "Apache-2.0",
	.settings = settings,
	.setting_count = SL_COUNT(settings),
	.config = &config,
	.open = kie_open,
	.close = kie_close,
};

SL_PLUGIN_EXPORT const struct sl_plugin *sluice_plugin(void);

const struct sl_plugin *sluice_plugin(void)
{
	return &plugin;
}
