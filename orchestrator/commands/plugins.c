/* SPDX-License-Identifier: Apache-2.0 */
/* sluice plugins: what was found, what it does, the settings it takes. */
#include <stdio.h>
#include <string.h>

#include "orchestrator/commands/command.h"
#include "plugins/sdk/json.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"

static const char *const setting_types[] = {
	[SL_SETTING_TEXT] = "text",         [SL_SETTING_COUNT] = "count",
	[SL_SETTING_DURATION] = "duration", [SL_SETTING_BOOL] = "bool",
	[SL_SETTING_SECRET] = "secret",     [SL_SETTING_URL] = "url",
	[SL_SETTING_HOSTS] = "hosts",       [SL_SETTING_MAP] = "map",
};

static const char *roles(const struct sl_plugin *p)
{
	if (p->router && p->registry)
		return "router, registry";
	return p->router ? "router" : p->registry ? "registry" : "-";
}

static cJSON *plugin_json(const struct plugin_info *info)
{
	cJSON *doc = cJSON_CreateObject(), *settings, *one;
	const struct sl_plugin *p = info->plugin;
	size_t i;

	sl_json_add_str(doc, "name", info->name);
	sl_json_add_str(doc, "path", info->path);
	sl_json_add_str(doc, "refused", info->refused);
	if (!p)
		return doc;
	sl_json_add_str(doc, "summary", p->summary);
	sl_json_add_str(doc, "licence", p->licence);
	sl_json_add_bool(doc, "router", p->router != NULL);
	sl_json_add_bool(doc, "registry", p->registry != NULL);
	settings = sl_json_add_array(doc, "settings");
	for (i = 0; i < p->setting_count; i++) {
		one = cJSON_CreateObject();
		sl_json_add_str(one, "name", p->settings[i].name);
		sl_json_add_str(one, "type", setting_types[p->settings[i].type]);
		sl_json_add_bool(one, "required", p->settings[i].required);
		sl_json_add_str(one, "default", p->settings[i].fallback);
		sl_json_add_str(one, "unit", p->settings[i].unit);
		sl_json_add_str(one, "help", p->settings[i].help);
		cJSON_AddItemToArray(settings, one);
	}
	return doc;
}

static void print_row(const struct plugin_info *info, bool wide)
{
	const struct sl_plugin *p = info->plugin;

	if (!p)
		printf("x %-12s %-18s refused: %s\n", info->name, "-", info->refused);
	else if (wide)
		printf("+ %-12s %-18s %-10s %s  (%s)\n", p->name, roles(p), p->licence, p->summary,
		       info->path);
	else
		printf("+ %-12s %-18s %s\n", p->name, roles(p), p->summary);
}

static void print_one(const struct plugin_info *info)
{
	const struct sl_plugin *p = info->plugin;
	size_t i;

	print_row(info, true);
	for (i = 0; p && i < p->setting_count; i++) {
		const struct sl_setting *s = &p->settings[i];

		printf("    %-16s %-9s %s%s%s%s\n", s->name, setting_types[s->type], s->help,
		       s->required   ? " (required)"
		       : s->fallback ? " (default "
				     : "",
		       s->required || !s->fallback ? "" : s->fallback,
		       s->required || !s->fallback ? "" : ")");
	}
}

static int unknown(struct cli *c)
{
	const char *names[64], *near;
	size_t i, n = plugin_host_count(c->plugins);

	for (i = 0; i < n && i < SL_COUNT(names); i++)
		names[i] = plugin_host_info(c->plugins, i).name;
	near = sl_text_nearest(c->args[0], names, i);
	cli_error("there is no plugin '%s'%s%s%s", c->args[0], near ? " (did you mean '" : "",
		  near ? near : "", near ? "'?)" : "");
	return RUN_INPUT;
}

int command_plugins(struct cli *c)
{
	cJSON *doc, *list;
	size_t i, found = 0;
	int rc = cli_plugins(c);

	if (rc)
		return rc;
	doc = cJSON_CreateObject();
	list = sl_json_add_array(doc, "plugins");
	for (i = 0; i < plugin_host_count(c->plugins); i++) {
		struct plugin_info info = plugin_host_info(c->plugins, i);

		if (c->arg_count && strcmp(info.name, c->args[0]) != 0)
			continue;
		found++;
		if (c->output == OUTPUT_JSON)
			cJSON_AddItemToArray(list, plugin_json(&info));
		else if (c->arg_count)
			print_one(&info);
		else
			print_row(&info, c->output == OUTPUT_WIDE);
	}
	if (c->arg_count && !found)
		rc = unknown(c);
	else if (c->output == OUTPUT_JSON)
		rc = cli_print_json(doc);
	else if (!found)
		fputs("No plugins were found; SLUICE_PLUGINS names folders to look in.\n", stderr);
	cJSON_Delete(doc);
	return rc;
}
