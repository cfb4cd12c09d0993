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

/* The roles that a plugin plays, by name. */
static size_t roles_of(const struct sl_plugin *p, const char *names[5])
{
	const struct {
		const char *name;
		const void *ops;
	} all[] = {
		{"router", p->router},   {"registry", p->registry}, {"config", p->config},
		{"metrics", p->metrics}, {"tracing", p->tracing},
	};
	size_t n = 0;

	for (size_t i = 0; i < SL_COUNT(all); i++)
		if (all[i].ops)
			names[n++] = all[i].name;
	return n;
}

static const char *roles(const struct sl_plugin *p, char *dst, size_t size)
{
	const char *names[5];
	size_t n = roles_of(p, names), used = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s%s", i ? ", " : "", names[i]);
	return dst;
}

static cJSON *plugin_json(const struct plugin_info *info)
{
	cJSON *doc = cJSON_CreateObject(), *settings, *one, *list;
	const struct sl_plugin *p = info->plugin;
	const char *names[5];
	size_t i, count;

	sl_json_add_str(doc, "name", info->name);
	sl_json_add_str(doc, "path", info->path);
	sl_json_add_str(doc, "refused", info->refused);
	if (!p)
		return doc;
	sl_json_add_str(doc, "summary", p->summary);
	sl_json_add_str(doc, "licence", p->licence);
	count = roles_of(p, names);
	list = sl_json_add_array(doc, "roles");
	for (i = 0; i < count; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(names[i]));
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
	char text[80];

	if (!p)
		printf("x %-14s %-18s refused: %s\n", info->name, "-", info->refused);
	else if (wide)
		printf("+ %-14s %-18s %-10s %s  (%s)\n", p->name, roles(p, text, sizeof text),
		       p->licence, p->summary, info->path);
	else
		printf("+ %-14s %-18s %s\n", p->name, roles(p, text, sizeof text), p->summary);
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
