/* SPDX-License-Identifier: Apache-2.0 */
/* What a plugin was given in the inventory. Borrowed from `given` but where said. Pure. */
#ifndef SLUICE_SDK_SETTING_H
#define SLUICE_SDK_SETTING_H

#include <stdbool.h>

#include "plugins/sdk/plugin.h"

/* Rows of a table of settings, for products over HTTP: how they are trusted, and who we are. */
/* clang-format off */
#define SL_SETTINGS_TLS(ca) \
	{.name = (ca), .type = SL_SETTING_TEXT, \
	 .help = "A file with the certificates that vouch for the server's, besides the system's."}, \
	{.name = "cert", .type = SL_SETTING_TEXT, \
	 .help = "A PEM file with the certificate that is shown to a server that asks for one."}, \
	{.name = "key", .type = SL_SETTING_TEXT, \
	 .help = "A PEM file with its private key, without a pass phrase; without this setting " \
		 "the key is in the file of cert."}, \
	{.name = "insecure", .type = SL_SETTING_BOOL, .fallback = "false", \
	 .help = "Do not verify the server's certificate."}
/* clang-format on */

const struct sl_setting_value *sl_setting_find(const struct sl_settings *given, const char *name);
const char *sl_setting_text(const struct sl_settings *given, const char *name); /* NULL = none */
bool sl_setting_is_true(const struct sl_settings *given, const char *name);
/* A copy, yours to free; "" is none. */
char *sl_setting_dup(const struct sl_settings *given, const char *name);
/* Never NULL, and without slashes at its end: paths are put behind it. */
char *sl_setting_dup_url(const struct sl_settings *given, const char *name);
/* What SL_SETTINGS_TLS(ca) asks for; sl_tls_release it, after a failure too. */
int sl_setting_tls(struct sl_tls *tls, const struct sl_settings *given, const char *ca,
		   struct sl_error *e);

#endif
