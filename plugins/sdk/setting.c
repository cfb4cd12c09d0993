/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/sdk/setting.h"

#include <string.h>

#include "plugins/sdk/mem.h"

const struct sl_setting_value *sl_setting_find(const struct sl_settings *given, const char *name)
{
	for (size_t i = 0; i < given->count; i++)
		if (strcmp(given->values[i].name, name) == 0)
			return &given->values[i];
	return NULL;
}

const char *sl_setting_text(const struct sl_settings *given, const char *name)
{
	const struct sl_setting_value *v = sl_setting_find(given, name);

	return v ? v->text : NULL;
}

bool sl_setting_is_true(const struct sl_settings *given, const char *name)
{
	const char *text = sl_setting_text(given, name);

	return text && strcmp(text, "true") == 0;
}

char *sl_setting_dup(const struct sl_settings *given, const char *name)
{
	const char *text = sl_setting_text(given, name);

	return text && text[0] ? sl_strdup(text) : NULL;
}

char *sl_setting_dup_url(const struct sl_settings *given, const char *name)
{
	const char *text = sl_setting_text(given, name);
	char *url = sl_strdup(text ? text : "");
	size_t len = strlen(url);

	while (len && url[len - 1] == '/')
		url[--len] = '\0';
	return url;
}

int sl_setting_tls(struct sl_tls *tls, const struct sl_settings *given, const char *ca,
		   struct sl_error *e)
{
	*tls = (struct sl_tls){
		.ca_file = sl_setting_dup(given, ca),
		.cert_file = sl_setting_dup(given, "cert"),
		.key_file = sl_setting_dup(given, "key"),
		.insecure = sl_setting_is_true(given, "insecure"),
	};
	if (tls->key_file && !tls->cert_file)
		return sl_fail(e, SL_EINPUT, "'key' needs 'cert', the certificate that it is for");
	return SL_OK;
}
