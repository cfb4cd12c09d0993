/* SPDX-License-Identifier: Apache-2.0 */
/* Settings against a plugin's own table. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/host/host.h"
#include "plugins/sdk/buf.h"
#include "plugins/sdk/mem.h"
#include "plugins/sdk/text.h"
#include "plugins/sdk/units.h"

static bool is_url(const char *s)
{
	size_t scheme = sl_text_starts(s, "http://") ? 7 : sl_text_starts(s, "https://") ? 8 : 0;

	return scheme && s[scheme] && s[scheme] != '/' && !strpbrk(s, " \t\r\n");
}

static bool is_text(const char *s)
{
	(void)s;
	return true;
}

static bool is_count(const char *s)
{
	int64_t n;

	return sl_count_parse(s, 0, INT64_MAX, &n);
}

static bool is_duration(const char *s)
{
	int64_t ms;

	return sl_duration_parse(s, &ms);
}

static bool is_bool(const char *s)
{
	return strcmp(s, "true") == 0 || strcmp(s, "false") == 0;
}

/* Rows without `fits` are lists or maps. */
static const struct {
	bool (*fits)(const char *text);
	const char *wanted;
	bool secret;
} types[] = {
	[SL_SETTING_TEXT] = {is_text, "a text", false},
	[SL_SETTING_COUNT] = {is_count, "a whole number", false},
	[SL_SETTING_DURATION] = {is_duration, "a duration with a unit, such as 10s", false},
	[SL_SETTING_BOOL] = {is_bool, "true or false", false},
	[SL_SETTING_SECRET] = {is_text, "a reference: env:NAME, file:PATH or command:...", true},
	[SL_SETTING_URL] = {is_url, "a URL that starts with http:// or https://", false},
	[SL_SETTING_HOSTS] = {NULL, "hosts or groups of the inventory", false},
	[SL_SETTING_MAP] = {NULL, "a mapping of names to texts", false},
};

static const struct sl_setting *setting_find(const struct sl_plugin *p, const char *name)
{
	for (size_t i = 0; i < p->setting_count; i++)
		if (strcmp(p->settings[i].name, name) == 0)
			return &p->settings[i];
	return NULL;
}

static const struct sl_setting_value *value_find(const struct sl_settings *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->values[i].name, name) == 0)
			return &s->values[i];
	return NULL;
}

/* With a near match if there is one, else with what exists. */
static int fail_unknown(const struct sl_plugin *p, const struct sl_settings *s, const char *name,
			struct sl_error *e)
{
	const char **names = sl_alloc_n(p->setting_count + 1, sizeof *names);
	const char *near;
	struct sl_buf all;

	sl_buf_init(&all, 512);
	for (size_t i = 0; i < p->setting_count; i++) {
		names[i] = p->settings[i].name;
		sl_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	near = sl_text_nearest(name, names, p->setting_count);
	if (near)
		sl_fail(e, SL_EINPUT, "'%s' (type %s) has no setting '%.64s'; did you mean '%s'?",
			s->backend, p->name, name, near);
	else
		sl_fail(e, SL_EINPUT, "'%s' (type %s) has no setting '%.64s'; it takes: %s",
			s->backend, p->name, name, all.len ? all.data : "none");
	sl_buf_release(&all);
	free(names);
	return SL_EINPUT;
}

static bool value_fits(const struct sl_setting *setting, const struct sl_setting_value *v)
{
	if (types[setting->type].fits)
		return v->text && !v->items && types[setting->type].fits(v->text);
	if (v->text || !v->items || !v->count)
		return false;
	return setting->type == SL_SETTING_HOSTS ? !v->keys : v->keys != NULL;
}

static int check_value(const struct sl_plugin *p, const struct sl_settings *s,
		       const struct sl_setting_value *v, struct sl_error *e)
{
	const struct sl_setting *setting = setting_find(p, v->name);

	if (!setting)
		return fail_unknown(p, s, v->name, e);
	if (value_find(s, v->name) != v)
		return sl_fail(e, SL_EINPUT, "'%s' (type %s): '%s' is given twice", s->backend,
			       p->name, v->name);
	if (value_fits(setting, v))
		return SL_OK;
	if (v->text && !types[setting->type].secret)
		return sl_fail(e, SL_EINPUT, "'%s' (type %s): '%s' must be %s, not '%.128s'",
			       s->backend, p->name, v->name, types[setting->type].wanted, v->text);
	return sl_fail(e, SL_EINPUT, "'%s' (type %s): '%s' must be %s", s->backend, p->name,
		       v->name, types[setting->type].wanted);
}

int plugin_settings_check(const struct sl_plugin *p, const struct sl_settings *s,
			  struct sl_error *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (check_value(p, s, &s->values[i], e) != SL_OK)
			return SL_EINPUT;
	for (size_t i = 0; i < p->setting_count; i++)
		if (p->settings[i].required && !value_find(s, p->settings[i].name))
			return sl_fail(e, SL_EINPUT, "'%s' (type %s) needs the setting '%s': %s",
				       s->backend, p->name, p->settings[i].name,
				       p->settings[i].help);
	return SL_OK;
}
